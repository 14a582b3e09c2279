"""The places of a synthetic world: exchanges, pools with their router, a mixer."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from cryptotrace.testing._dice import Dice
from cryptotrace.testing._ledger import Ledger, Schedule, Transaction
from cryptotrace.testing._market import Market
from cryptotrace.testing._rows import CHAIN, ETH, HOUR, USDC, USDT, WETH, ZERO, Coin, LabelRow, TransferRow
from cryptotrace.testing._truth import SwapTruth

ETHER = 10**18
MILLION = 10**6 * 10**6
"""A million dollars in base units of USDT or USDC."""


@dataclass(slots=True, kw_only=True)
class Stage:
    """What every part of a world shares."""

    schedule: Schedule
    ledger: Ledger
    market: Market
    owners: dict[str, str] = field(default_factory=dict)
    labels: list[LabelRow] = field(default_factory=list)

    def address(self, dice: Dice, owner: str) -> str:
        """Invent an address and note whose it is."""
        address = dice.address()
        self.owners[address] = owner
        return address

    def label(self, address: str, label: str, category: str, entity: str) -> None:
        """Note what the public knows about an address."""
        confidence = Decimal("0.95")
        self.labels.append(
            LabelRow(
                chain=CHAIN,
                address=address,
                label=label,
                category=category,
                entity=entity,
                source="public_tags",
                confidence=confidence,
            )
        )


class Exchange:
    """One labelled hot wallet, a hub, and unlabelled deposit addresses, one per customer, that are swept to it."""

    def __init__(self, stage: Stage, dice: Dice, name: str) -> None:
        self.name = name
        self.owner = f"exchange:{name}"
        self._stage = stage
        self._dice = dice
        self.hot = stage.address(dice, self.owner)
        stage.label(self.hot, f"{name} hot wallet", "exchange", name)
        for coin, amount in ((ETH, 300_000 * ETHER), (USDT, 900 * MILLION), (USDC, 900 * MILLION)):
            stage.ledger.open(self.hot, coin, amount)

    def withdraw(self, receiver: str, coin: Coin, amount: int) -> TransferRow:
        """Pay a customer out of the hot wallet."""
        return self._stage.ledger.pay(self.hot, receiver, coin, amount)

    def deposit_address(self) -> str:
        """Assign a deposit address to a customer."""
        return self._stage.address(self._dice, self.owner)

    def deposit(self, sender: str, address: str, coin: Coin, amount: int, *, fee: int | None = None) -> TransferRow:
        """Let a customer pay to a deposit address; it is swept within half a day."""
        row = self._stage.ledger.pay(sender, address, coin, amount, fee=fee)
        delay = self._dice.whole(HOUR // 2, 12 * HOUR)
        self._stage.schedule.after(delay, partial(self._sweep, address, coin))
        return row

    def _sweep(self, address: str, coin: Coin) -> None:
        ledger = self._stage.ledger
        fee = ledger.fee("native" if coin is ETH else "token")
        amount = ledger.balance(address, coin)
        if coin is ETH:
            if amount > fee:
                ledger.pay(address, self.hot, ETH, amount - fee, fee=fee)
        elif amount:
            if ledger.balance(address, ETH) < fee:
                self.withdraw(address, ETH, fee)
            ledger.pay(address, self.hot, coin, amount, fee=fee)


class Pools:
    """A router with a WETH/USDT pool (0.3%) and a USDC/USDT pool (0.05%) that trade at the day's price."""

    def __init__(self, stage: Stage, dice: Dice) -> None:
        self._stage = stage
        ledger = stage.ledger
        self.router = stage.address(dice, "dex:Tern Swap")
        self.ether_pool = stage.address(dice, "dex:Tern Swap")
        self.stable_pool = stage.address(dice, "dex:Tern Swap")
        stage.label(self.router, "Swap router", "dex", "Tern Swap")
        stage.label(self.ether_pool, "WETH/USDT pool", "dex", "Tern Swap")
        stage.label(self.stable_pool, "USDC/USDT pool", "dex", "Tern Swap")
        # the pool's WETH is backed by ether in the contract, so that every unwrap can be paid
        self._weth_contract = str(WETH.contract)
        ledger.open(self._weth_contract, ETH, 30_000 * ETHER)
        ledger.open(self.ether_pool, WETH, 30_000 * ETHER)
        for pool, coin in ((self.ether_pool, USDT), (self.stable_pool, USDT), (self.stable_pool, USDC)):
            ledger.open(pool, coin, 200 * MILLION)

    def quote(self, sold: Coin, amount: int, bought: Coin) -> int:
        """Return base units that an amount buys now, after the pool's fee."""
        market, now = self._stage.market, self._stage.schedule.now
        kept = 9_995 if {sold, bought} == {USDC, USDT} else 9_970
        value = amount * market.price(sold, now) * bought.unit * kept
        return value // (market.price(bought, now) * sold.unit * 10_000)

    def sell_ether(self, sender: str, amount: int, recipient: str, *, fee: int | None = None) -> SwapTruth:
        """Sell ether for USDT, which goes to any recipient."""
        ledger = self._stage.ledger
        bought = self.quote(ETH, amount, USDT)
        tx = ledger.transaction(sender, self.router, ledger.fee("swap") if fee is None else fee)
        ledger.move(tx, ETH, sender, self.router, amount)
        ledger.move(tx, ETH, self.router, self._weth_contract, amount, internal=True)
        ledger.move(tx, WETH, ZERO, self.router, amount)
        ledger.move(tx, WETH, self.router, self.ether_pool, amount)
        ledger.move(tx, USDT, self.ether_pool, recipient, bought)
        return _swap(tx, ETH, amount, recipient, bought)

    def buy_ether(self, sender: str, amount: int) -> None:
        """Sell USDT for ether to the sender's own wallet; the router unwraps WETH."""
        ledger = self._stage.ledger
        ledger.approve(sender, self.router, USDT)
        bought = self.quote(USDT, amount, ETH)
        tx = ledger.transaction(sender, self.router, ledger.fee("swap"))
        ledger.move(tx, USDT, sender, self.ether_pool, amount)
        ledger.move(tx, WETH, self.ether_pool, self.router, bought)
        ledger.move(tx, WETH, self.router, ZERO, bought)
        ledger.move(tx, ETH, self._weth_contract, self.router, bought, internal=True)
        ledger.move(tx, ETH, self.router, sender, bought, internal=True)

    def sell_usdc(self, sender: str, amount: int, recipient: str, *, fee: int | None = None) -> SwapTruth:
        """Sell USDC for USDT, which goes to any recipient."""
        ledger = self._stage.ledger
        bought = self.quote(USDC, amount, USDT)
        tx = ledger.transaction(sender, self.router, ledger.fee("swap") if fee is None else fee)
        ledger.move(tx, USDC, sender, self.stable_pool, amount)
        ledger.move(tx, USDT, self.stable_pool, recipient, bought)
        return _swap(tx, USDC, amount, recipient, bought)


def _swap(tx: Transaction, sold: Coin, amount: int, recipient: str, bought: int) -> SwapTruth:
    return SwapTruth(
        tx_hash=tx.row.tx_hash,
        sender=tx.row.signer,
        recipient=recipient,
        sold=sold.symbol,
        sold_amount=amount,
        bought=USDT.symbol,
        bought_amount=bought,
    )


class Mixer:
    """A labelled mixer for 1 and 10 ether; a relayer signs what it pays out."""

    owner = "service:Vapour"

    def __init__(self, stage: Stage, dice: Dice) -> None:
        self._stage = stage
        self.address = stage.address(dice, self.owner)
        self._relayer = stage.address(dice, self.owner)
        stage.label(self.address, "Mixer", "mixer", "Vapour")
        stage.ledger.open(self._relayer, ETH, 50 * ETHER)

    def deposit(self, sender: str, ether: int, *, fee: int | None = None) -> TransferRow:
        """Pay in one note of so many whole ether."""
        return self._stage.ledger.pay(sender, self.address, ETH, ether * ETHER, fee=fee)

    def withdraw(self, receiver: str, ether: int) -> None:
        """Pay out one note of so many whole ether, as an internal transfer."""
        ledger = self._stage.ledger
        tx = ledger.transaction(self._relayer, self.address, ledger.fee("swap"))
        ledger.move(tx, ETH, self.address, receiver, ether * ETHER, internal=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """All services of one world; the desk stands beside them because people have to know of it."""

    exchanges: tuple[Exchange, Exchange]
    pools: Pools
    mixer: Mixer
