"""A closed ledger: balances that can never go below zero, and the rows that led to them."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from cryptotrace.errors import ConservationError
from cryptotrace.testing._dice import Dice
from cryptotrace.testing._rows import (
    CHAIN,
    ETH,
    ZERO,
    ApprovalRow,
    Coin,
    TransactionRow,
    TransferRow,
    block_of,
    time_of,
)

GAS = {"native": 21_000, "token": 63_000, "approve": 46_000, "swap": 190_000, "failed": 34_000}


class Schedule:
    """What happens when: actions run in order of their second, then in the order in which they were planned."""

    def __init__(self, end: int) -> None:
        self.now = 0
        self.end = end
        self._planned: list[tuple[int, int, Callable[[], object]]] = []
        self._order: Iterator[int] = count()

    def at(self, second: int, action: Callable[[], object]) -> None:
        """Plan an action; what lies after the end of the world does not happen."""
        if second < self.end:
            heapq.heappush(self._planned, (max(second, self.now), next(self._order), action))

    def after(self, seconds: int, action: Callable[[], object]) -> None:
        """Plan an action so many seconds from now."""
        self.at(self.now + seconds, action)

    def run(self) -> None:
        """Let everything happen that is planned, and what it plans in turn."""
        while self._planned:
            self.now, _, action = heapq.heappop(self._planned)
            action()


@dataclass(slots=True)
class Transaction:
    """A transaction that is being written."""

    row: TransactionRow
    traces: int = 0


@dataclass(slots=True)
class Ledger:
    """Balances per address and contract, changed only by the rows that are written here."""

    dice: Dice
    schedule: Schedule
    transfers: list[TransferRow] = field(default_factory=list)
    transactions: list[TransactionRow] = field(default_factory=list)
    approvals: list[ApprovalRow] = field(default_factory=list)
    _balances: defaultdict[tuple[str, str | None], int] = field(default_factory=lambda: defaultdict(int))
    _approved: set[tuple[str, str | None, str]] = field(default_factory=set)
    _block: int = -1
    _tx_index: int = -1
    _log_index: int = -1

    def balance(self, address: str, coin: Coin) -> int:
        """Return what the address holds now, in base units."""
        return self._balances[address, coin.contract]

    def holdings(self) -> dict[tuple[str, str | None], int]:
        """Return every balance that is not zero, by address and contract."""
        return {key: amount for key, amount in self._balances.items() if amount}

    def fee(self, action: str) -> int:
        """Draw the fee in wei of one transaction: gas of its kind times 8 to 16 gwei."""
        return GAS[action] * self.dice.whole(8 * 10**9, 16 * 10**9)

    def transaction(self, signer: str, to: str, fee: int, *, ok: bool = True) -> Transaction:
        """Open a transaction in the present block; its fee is burnt at once."""
        block = block_of(self.schedule.now)
        if block != self._block:
            self._block, self._tx_index, self._log_index = block, -1, -1
        self._tx_index += self.dice.whole(1, 4)
        row = TransactionRow(
            chain=CHAIN,
            tx_hash=self.dice.tx_hash(),
            block=block,
            time=time_of(self.schedule.now),
            tx_index=self._tx_index,
            signer=signer,
            to=to,
            ok=ok,
            fee=fee,
        )
        if signer != ZERO:
            self._debit(signer, ETH, fee)
        self.transactions.append(row)
        return Transaction(row)

    def move(
        self, tx: Transaction, coin: Coin, sender: str, receiver: str, amount: int, *, internal: bool = False
    ) -> TransferRow:
        """Write one row of a transaction and move its amount; from and to ``0x0`` it is made and burnt."""
        kind = "internal" if internal else _kind(coin)
        log_index, trace_path = None, None
        if kind == "token":
            self._log_index += self.dice.whole(1, 3)
            log_index = self._log_index
        elif kind == "internal":
            trace_path = f"0_{tx.traces}"
            tx.traces += 1
        row = TransferRow(
            chain=CHAIN,
            block=tx.row.block,
            time=tx.row.time,
            tx_hash=tx.row.tx_hash,
            tx_index=tx.row.tx_index,
            log_index=log_index,
            trace_path=trace_path,
            kind=kind,
            contract=coin.contract,
            symbol=coin.symbol,
            decimals=coin.decimals,
            sender=sender,
            receiver=receiver,
            amount=amount,
            ok=tx.row.ok,
        )
        if row.ok:
            if sender != ZERO:
                self._debit(sender, coin, amount)
            if receiver != ZERO:
                self._balances[receiver, coin.contract] += amount
        self.transfers.append(row)
        return row

    def open(self, receiver: str, coin: Coin, amount: int) -> None:
        """Give an address its first money out of nothing, as one row from ``0x0``."""
        tx = self.transaction(ZERO, coin.contract or receiver, 0)
        self.move(tx, coin, ZERO, receiver, amount)

    def pay(self, sender: str, receiver: str, coin: Coin, amount: int, *, fee: int | None = None) -> TransferRow:
        """Send an amount in a transaction of its own; ``fee`` where it was drawn before."""
        tx = self.transaction(sender, coin.contract or receiver, self.fee(_kind(coin)) if fee is None else fee)
        return self.move(tx, coin, sender, receiver, amount)

    def fail(self, sender: str, receiver: str, coin: Coin, amount: int, *, fee: int | None = None) -> None:
        """Try to send an amount in vain: the fee is lost, and only ether leaves a row (``ok`` false)."""
        tx = self.transaction(sender, coin.contract or receiver, self.fee("failed") if fee is None else fee, ok=False)
        if coin.contract is None:
            self.move(tx, coin, sender, receiver, amount)

    def is_approved(self, owner: str, spender: str, coin: Coin) -> bool:
        """Return whether the owner has allowed the spender this token."""
        return (owner, coin.contract, spender) in self._approved

    def approve(self, owner: str, spender: str, coin: Coin, *, fee: int | None = None) -> None:
        """Allow a contract once to spend an owner's tokens; later calls change nothing."""
        if coin.contract is None or self.is_approved(owner, spender, coin):
            return
        self._approved.add((owner, coin.contract, spender))
        tx = self.transaction(owner, coin.contract, self.fee("approve") if fee is None else fee)
        self._log_index += 1
        self.approvals.append(
            ApprovalRow(
                chain=CHAIN,
                block=tx.row.block,
                time=tx.row.time,
                tx_hash=tx.row.tx_hash,
                log_index=self._log_index,
                contract=coin.contract,
                owner=owner,
                spender=spender,
                amount=2**256 - 1,
            )
        )

    def _debit(self, address: str, coin: Coin, amount: int) -> None:
        held = self._balances[address, coin.contract]
        if amount > held:
            raise ConservationError(
                f"a synthetic world spends {amount} {coin.symbol} of {held}",
                where=address,
                hint="This is a defect of the generator; please report the seed and the settings",
            )
        self._balances[address, coin.contract] = held - amount


def _kind(coin: Coin) -> str:
    return "native" if coin.contract is None else "token"
