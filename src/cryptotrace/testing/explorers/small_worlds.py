"""Small random chains, made in about a millisecond, for tests that need a thousand of them."""

from __future__ import annotations

from dataclasses import dataclass

from cryptotrace.errors import InputError
from cryptotrace.testing._dice import Dice
from cryptotrace.testing._ledger import Ledger, Schedule, Transaction
from cryptotrace.testing._rows import ETH, USDC, USDT, ApprovalRow, Coin, TransactionRow, TransferRow

__all__ = ["SmallWorld", "random_chain"]

_ETHER = 10**18
_ODD_DECIMALS = (0, 1, 8, 18, 30, 77)
_ODD_SYMBOLS = ("", "A B", "<i>T</i>", "U\u0405DT", "\u202eTDSU", "=1+1", "X" * 40)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallWorld:
    """A closed ledger without a story.

    Attributes
    ----------
    name : str
        Names it.
    addresses : tuple of str
        Everybody in it.
    transfers, transactions, approvals : tuple
        Rows in the layout of a `World`.
    """

    name: str
    addresses: tuple[str, ...]
    transfers: tuple[TransferRow, ...]
    transactions: tuple[TransactionRow, ...]
    approvals: tuple[ApprovalRow, ...]


def random_chain(seed: int, *, transactions: int = 40, addresses: int = 5, burst: int = 12) -> SmallWorld:
    """Make a small random chain.

    A few addresses send ether and tokens to one another: payments to oneself, of nothing, and twice the same in one
    transaction; failed transactions with value and with internal rows; contracts that are created with value; more than
    ten internal rows in one transaction; bursts of transactions in one block; tokens with odd decimals and symbols.

    Parameters
    ----------
    seed : int
        The same seed and settings give the same chain on every machine.
    transactions : int, default 40
        About so many, besides two per address that give out the first money.
    addresses : int, default 5
        At least 2.
    burst : int, default 12
        Most further transactions in the block of a burst; 0 for none.

    Returns
    -------
    SmallWorld
        Its ledger closes: no balance is ever negative.

    Raises
    ------
    InputError
        If a setting is out of range.
    """
    for name, value, least in (("transactions", transactions, 0), ("addresses", addresses, 2), ("burst", burst, 0)):
        if value < least:
            raise InputError(f"{value} is too few", where=name, hint=f"Give {least} or more")
    maker = _Maker(Dice(seed, "small world"), addresses)
    maker.give_out()
    while len(maker.ledger.transactions) < transactions + 2 * addresses:
        maker.next_block()
        for _ in range(maker.dice.whole(1, burst) if burst and maker.dice.chance(10) else 1):
            maker.act()
    ledger = maker.ledger
    return SmallWorld(
        name=f"small-{seed}",
        addresses=tuple(maker.people),
        transfers=tuple(ledger.transfers),
        transactions=tuple(ledger.transactions),
        approvals=tuple(ledger.approvals),
    )


class _Maker:
    def __init__(self, dice: Dice, addresses: int) -> None:
        self.dice = dice
        self.schedule = Schedule(10**12)
        self.ledger = Ledger(dice, self.schedule)
        self.people = [dice.address() for _ in range(addresses)]
        odd = (self._odd_coin() for _ in range(dice.whole(0, 2)))
        self.tokens = (USDT, USDC, *odd)[dice.whole(0, 1) :]

    def _odd_coin(self) -> Coin:
        dice = self.dice
        return Coin(symbol=dice.pick(_ODD_SYMBOLS), decimals=dice.pick(_ODD_DECIMALS), contract=dice.address())

    def give_out(self) -> None:
        for person in self.people:
            self.ledger.open(person, ETH, 1_000 * _ETHER)
            self.ledger.open(person, self.dice.pick(self.tokens), self.dice.whole(0, 10**12))

    def next_block(self) -> None:
        gap = self.dice.whole(1, 3) if self.dice.chance(50) else self.dice.whole(1, 50_000)
        self.schedule.now += gap * 12

    def act(self) -> None:
        dice, sender, receiver = self.dice, self.dice.pick(self.people), self.dice.pick(self.people)
        choice = dice.whole(0, 99)
        if choice < 30:
            self.ledger.pay(sender, receiver, ETH, self._part(sender, ETH))
        elif choice < 65:
            self._token(sender, receiver)
        elif choice < 85:
            self._contract(sender)
        elif choice < 90:
            self._create(sender)
        elif choice < 94:
            self.ledger.approve(sender, receiver, dice.pick(self.tokens))
        else:
            self.ledger.fail(sender, receiver, dice.pick((ETH, *self.tokens)), dice.whole(0, _ETHER))

    def _part(self, sender: str, coin: Coin) -> int:
        # fees are far below what stays
        most = max(0, self.ledger.balance(sender, coin) // 4)
        return 0 if self.dice.chance(5) else self.dice.whole(0, most)

    def _token(self, sender: str, receiver: str) -> None:
        coin = self.dice.pick(self.tokens)
        amount, fee = self._part(sender, coin), self.ledger.fee("token")
        tx = self.ledger.transaction(sender, str(coin.contract), fee)
        for _ in range(self.dice.whole(2, 3) if self.dice.chance(20) else 1):
            self.ledger.move(tx, coin, sender, receiver, amount)

    def _contract(self, sender: str) -> None:
        """Let a contract that somebody calls hand on what it got, in parts; sometimes it fails as a whole."""
        dice, contract = self.dice, self.dice.pick(self.people)
        works = dice.chance(85)
        amount, fee = self._part(sender, ETH), self.ledger.fee("swap")
        tx = self.ledger.transaction(sender, contract, fee, ok=works)
        self.ledger.move(tx, ETH, sender, contract, amount)
        count = dice.whole(11, 14) if dice.chance(10) else dice.whole(1, 3)
        self._hand_on(tx, contract, [amount // count] * count)
        coin = dice.pick(self.tokens)
        if works and dice.chance(50):
            self.ledger.move(tx, coin, contract, dice.pick(self.people), self._part(contract, coin))

    def _hand_on(self, tx: Transaction, contract: str, parts: list[int]) -> None:
        for part in parts:
            self.ledger.move(tx, ETH, contract, self.dice.pick(self.people), part, internal=True)

    def _create(self, sender: str) -> None:
        amount, created = self._part(sender, ETH) // 1_000, self.dice.address()
        tx = self.ledger.transaction(sender, "", self.ledger.fee("swap"))
        self.ledger.move(tx, ETH, sender, created, amount)
