"""An over-the-counter desk that nobody has labelled: a service that only its many customers give away."""

from __future__ import annotations

from functools import partial

from cryptotrace.testing._dice import Dice
from cryptotrace.testing._rows import DAY, ETH, HOUR, USDT, TransferRow
from cryptotrace.testing._services import ETHER, Places, Stage

CLIENTS = 340
"""Distinct clients; the usual threshold for a suspected service is 300 counterparties."""
CLEAR_ABOVE = 400_000 * 10**6
STOCK = 150_000 * 10**6


class Desk:
    """One address that buys and sells USDT for cash and clears what it has too much of at an exchange."""

    owner = "service:desk"

    def __init__(self, stage: Stage, dice: Dice, places: Places) -> None:
        self._stage = stage
        self._dice = dice
        self._exchange = places.exchanges[1]
        self.address = stage.address(dice, self.owner)
        self._clearing = self._exchange.deposit_address()

    def open(self) -> None:
        """Fill the desk and plan what its clients do."""
        for number in range(CLIENTS):
            client = self._stage.address(self._dice, f"client:{number}")
            second = self._dice.whole(HOUR, self._stage.schedule.end - 3 * DAY)
            action = self._sell_to if self._dice.chance(62) else self._fund_seller
            self._stage.schedule.at(second, partial(action, client))
        for day in range(4, self._stage.schedule.end // DAY - 1, 4):
            self._stage.schedule.at(day * DAY + self._dice.whole(0, DAY - 1), self._clear)

    def sell_to(self, client: str, amount: int) -> None:
        """Send USDT to a client who paid cash; buy more at the exchange where the stock is short."""
        self._gas()
        if self._stage.ledger.balance(self.address, USDT) < amount:
            self._exchange.withdraw(self.address, USDT, STOCK)
        self._stage.ledger.pay(self.address, client, USDT, amount)

    def buy_from(self, client: str, amount: int, *, fee: int | None = None) -> TransferRow:
        """Take USDT from a client, who gets cash."""
        return self._stage.ledger.pay(client, self.address, USDT, amount, fee=fee)

    def _sell_to(self, client: str) -> None:
        self.sell_to(client, self._dice.whole(80, 6_000) * 10**6)

    def _fund_seller(self, client: str) -> None:
        amount = self._dice.whole(80, 9_000) * 10**6
        self._exchange.withdraw(client, ETH, ETHER // 100)
        self._exchange.withdraw(client, USDT, amount)
        self._stage.schedule.after(self._dice.whole(HOUR, DAY), partial(self.buy_from, client, amount))

    def _clear(self) -> None:
        self._gas()
        surplus = self._stage.ledger.balance(self.address, USDT) - STOCK
        if surplus > CLEAR_ABOVE:
            self._exchange.deposit(self.address, self._clearing, USDT, surplus)

    def _gas(self) -> None:
        if self._stage.ledger.balance(self.address, ETH) < ETHER // 100:
            self._exchange.withdraw(self.address, ETH, ETHER // 5)
