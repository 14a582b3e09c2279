"""Rows that look like money and are none: zero-value transfers and counterfeit tokens, sent by spammers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from cryptotrace.testing._campaign import Campaign
from cryptotrace.testing._dice import Dice
from cryptotrace.testing._rows import DAY, ETH, HOUR, USDT, ZERO, Coin
from cryptotrace.testing._services import ETHER, Stage
from cryptotrace.testing._truth import Unwanted

SYMBOLS = ("USDT", "USD\u0422", "U\u0405DT", "USD\u0421")
"""A bare copy of the name, and copies with the Cyrillic letters Te, Dze and Es."""


class Noise:
    """One spammer with counterfeit tokens, who imitates the addresses that people pay."""

    def __init__(self, stage: Stage, dice: Dice) -> None:
        self.unwanted: list[Unwanted] = []
        self._stage = stage
        self._dice = dice
        self._spammer = stage.address(dice, "spammer:0")
        self._tool = stage.address(dice, "spammer:0")
        self._coins = [Coin(symbol=symbol, decimals=6, contract=stage.address(dice, "spammer:0")) for symbol in SYMBOLS]
        stage.ledger.open(self._spammer, ETH, 20 * ETHER)

    def open(self, campaigns: Sequence[Campaign], wallets: Sequence[str]) -> None:
        """Plan spam after victims' payments, at receiving addresses and among ordinary people."""
        dice, schedule = self._dice, self._stage.schedule
        for campaign in campaigns:
            for victim in campaign.victims:
                for step in victim.plan:
                    if dice.chance(30):
                        self._at(step.second + dice.whole(HOUR // 6, 8 * HOUR), victim.wallet, victim.deposit)
        for _ in range(40 if wallets else 0):
            self._at(dice.whole(DAY, schedule.end - 1), dice.pick(wallets), dice.pick(wallets))

    def _at(self, second: int, payer: str | None, payee: str) -> None:
        action = self._zero_value if payer and self._dice.chance(50) else self._counterfeit
        self._stage.schedule.at(second, partial(action, payer or payee, payee))

    def _zero_value(self, payer: str, payee: str) -> None:
        """Let a look-alike of the payee appear among the payer's own transfers; nobody had to agree to it."""
        ledger = self._stage.ledger
        tx = ledger.transaction(self._spammer, self._tool, ledger.fee("swap"))
        for _ in range(self._dice.whole(1, 3)):
            row = ledger.move(tx, USDT, payer, self._look_alike(payee), 0)
            self._note(row.tx_hash, row.log_index, "zero_value")

    def _counterfeit(self, payer: str, payee: str) -> None:
        """Make false tokens for the payer and pass them to a look-alike, or leave them at the payee."""
        ledger, coin = self._stage.ledger, self._dice.pick(self._coins)
        amount = self._dice.whole(10, 50_000) * 10**6
        tx = ledger.transaction(self._spammer, str(coin.contract), ledger.fee("swap"))
        row = ledger.move(tx, coin, ZERO, payer, amount)
        self._note(row.tx_hash, row.log_index, "counterfeit")
        if payer != payee:
            row = ledger.move(tx, coin, payer, self._look_alike(payee), amount)
            self._note(row.tx_hash, row.log_index, "counterfeit")

    def _look_alike(self, address: str) -> str:
        fake = self._dice.look_alike(address)
        self._stage.owners[fake] = "spammer:0"
        return fake

    def _note(self, tx_hash: str, log_index: int | None, kind: str) -> None:
        if log_index is not None:
            self.unwanted.append(Unwanted(tx_hash=tx_hash, log_index=log_index, kind=kind))
