"""The rows of a world, ordered and looked up as a block explorer does."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cryptotrace.errors import InputError
from cryptotrace.testing._rows import BLOCK_SECONDS, ZERO, ApprovalRow, TransactionRow, TransferRow
from cryptotrace.testing.explorers._shapes import Call, Item, Log, LogRow, made_up_address
from cryptotrace.testing.explorers.incomes import IncomeRow
from cryptotrace.testing.explorers.issuers import IssuerRow

_GAS = (21_000, 63_000, 46_000, 190_000, 34_000)
"""Tried in this order as gas used, so that gas used times gas price is the fee to the last wei."""


class Ledgered(Protocol):
    """Whatever has the two tables of a world; ``approvals``, ``issuer_events`` and ``incomes`` are served where they are."""

    @property
    def transfers(self) -> Sequence[TransferRow]:
        """Movements, in any order."""

    @property
    def transactions(self) -> Sequence[TransactionRow]:
        """Every transaction that a movement names, and others."""


@dataclass(slots=True)
class Stream:
    """One kind of rows, in the order of the chain: all of them, and those of each address and of each contract."""

    all: list[Item] = field(default_factory=list)
    of: defaultdict[str, list[Item]] = field(default_factory=lambda: defaultdict(list))
    of_contract: defaultdict[str, list[Item]] = field(default_factory=lambda: defaultdict(list))

    def add(self, item: Item, ends: Iterable[str]) -> None:
        """Append the next row; a row from an address to itself is listed once."""
        self.all.append(item)
        for end in dict.fromkeys(ends):
            self.of[end].append(item)

    def of_hash(self, call: Call) -> list[Item]:
        """Return the rows of one transaction."""
        low = bisect_left(self.all, call.place, key=_place)
        high = bisect_right(self.all, call.place, key=_place)
        return [item for item in self.all[low:high] if item.call is call]


class ChainIndex:
    """What one chain holds. Built in O(n log n), looked up by bisection on blocks.

    Parameters
    ----------
    world : Ledgered
        Its rows.

    Raises
    ------
    InputError
        If the rows contradict one another: an explorer has one time per block and one transaction per hash.
    """

    def __init__(self, world: Ledgered) -> None:
        self.calls: dict[str, Call] = {}
        self.txlist, self.internals, self.tokens = Stream(), Stream(), Stream()
        self.logs: list[Log] = []
        self._times: dict[int, int] = {}
        approvals: Sequence[ApprovalRow] = getattr(world, "approvals", ())
        self._open_calls(world.transactions)
        self._issued: Sequence[IssuerRow] = getattr(world, "issuer_events", ())
        self._file_moves(world.transfers, (*approvals, *self._issued))
        self._fill_streams()
        self.incomes: Sequence[IncomeRow] = sorted(getattr(world, "incomes", ()), key=_income_place)
        self._blocks = sorted(self._times)
        _check_times(self._blocks, self._times)
        self.last_block = self._blocks[-1] if self._blocks else 0

    def time_of(self, block: int) -> int:
        """Return the POSIX second of a block, on a straight line between the blocks that have rows."""
        blocks = self._blocks
        if not blocks:
            return block * BLOCK_SECONDS
        at = bisect_right(blocks, block) - 1
        if at < 0:
            return max(0, self._times[blocks[0]] - (blocks[0] - block) * BLOCK_SECONDS)
        low = blocks[at]
        if at + 1 == len(blocks):
            return self._times[low] + (block - low) * BLOCK_SECONDS
        high = blocks[at + 1]
        return self._times[low] + (block - low) * (self._times[high] - self._times[low]) // (high - low)

    def closest(self, second: int, *, before: bool, head: int) -> int | None:
        """Return the last block at or before a second, or the first at or after it; None where there is none."""
        numbers = range(head + 1)
        block = (
            bisect_right(numbers, second, key=self.time_of) - 1 if before else bisect_left(numbers, second, key=self.time_of)
        )
        return block if 0 <= block <= head else None

    def ether(self, address: str, block: int) -> int:
        """Return the wei that an address holds after a block; burnt ether lies at the zero address."""
        held = 0
        for item in self.txlist.of.get(address, ()):
            call = item.call
            if call.row.block > block:
                break
            held += call.value * call.row.ok * ((call.receiver == address) - (call.row.signer == address != ZERO))
            held -= call.row.fee if call.row.signer == address != ZERO else 0
        for item in self.internals.of.get(address, ()):
            if item.block <= block:
                held += _net(item.row, address)
        return held + sum(row.amount for row in self.incomes if row.receiver == address and row.block <= block)

    def token(self, contract: str, address: str, block: int) -> int:
        """Return the base units of a token that an address holds after a block; burnt tokens are gone."""
        if address == ZERO:
            return 0
        rows = (item for item in self.tokens.of.get(address, ()) if item.block <= block)
        lost = (row for row in self._issued if (row.contract, row.owner) == (contract, address) and row.block <= block)
        return sum(_net(item.row, address) for item in rows if item.contract == contract) - sum(row.amount or 0 for row in lost)

    def sent(self, address: str, block: int) -> int:
        """Return how many transactions an address has signed up to a block."""
        calls = (item.call for item in self.txlist.of.get(address, ()) if item.block <= block)
        return sum(call.row.signer == address for call in calls)

    def in_block(self, block: int) -> list[Call]:
        """Return the transactions of one block in their order."""
        low = bisect_left(self.txlist.all, block, key=_block)
        high = bisect_right(self.txlist.all, block, key=_block)
        return [item.call for item in self.txlist.all[low:high]]

    def _open_calls(self, transactions: Sequence[TransactionRow]) -> None:
        nonces: defaultdict[str, int] = defaultdict(int)
        gas_of_block: defaultdict[int, int] = defaultdict(int)
        for row in sorted(transactions, key=lambda row: (row.block, row.tx_index)):
            if row.tx_hash in self.calls:
                raise InputError("two transactions have this hash", where=row.tx_hash, hint="Give each transaction once")
            gas = next((gas for gas in _GAS if row.fee % gas == 0), 1)
            gas_of_block[row.block] += gas
            call = Call(
                row=row,
                created="" if row.to else made_up_address(row.tx_hash),
                nonce=nonces[row.signer],
                gas_used=gas,
                gas_price=row.fee // gas,
                gas_before_and_own=gas_of_block[row.block],
            )
            nonces[row.signer] += 1
            self.calls[row.tx_hash] = call
            self._note_time(row.block, int(row.time.timestamp()))

    def _file_moves(self, transfers: Sequence[TransferRow], others: Sequence[ApprovalRow | IssuerRow]) -> None:
        for row in transfers:
            call = self._call_of(row)
            if row.kind == "native":
                _set_value(call, row)
            elif row.kind == "internal":
                call.internals.append(row)
            elif row.ok:  # a transaction that failed left no log
                call.logs.append(row)
        for log in others:
            self._call_of(log).logs.append(log)

    def _fill_streams(self) -> None:
        for call in self.calls.values():
            self.txlist.add(Item(call=call), (call.row.signer, call.receiver))
            for row in sorted(call.internals, key=_path):
                self.internals.add(Item(call=call, move=row), (row.sender, row.receiver))
            call.logs.sort(key=_log_index)
            for log in call.logs:
                self.logs.append(Log(call=call, row=log))
                if not isinstance(log, TransferRow):
                    continue
                item = Item(call=call, move=log)
                self.tokens.add(item, (log.sender, log.receiver))
                self.tokens.of_contract[item.contract].append(item)

    def _call_of(self, row: LogRow) -> Call:
        call = self.calls.get(row.tx_hash)
        if call is None or call.row.block != row.block:
            raise InputError("no transaction has this hash and block", where=row.tx_hash, hint="Add it to transactions")
        return call

    def _note_time(self, block: int, second: int) -> None:
        if self._times.setdefault(block, second) != second:
            raise InputError("a block has two times", where=f"block {block}", hint="Give every row of a block its one time")


def _set_value(call: Call, row: TransferRow) -> None:
    if call.has_value or row.sender != call.row.signer or (call.row.to and row.receiver != call.row.to):
        raise InputError(
            "a native row is the value of its transaction, from its signer to its receiver",
            where=row.tx_hash,
            hint="Ether that a contract sends on is kind 'internal'",
        )
    call.has_value = True
    call.value = row.amount
    if not call.row.to:
        call.created = row.receiver


def _check_times(blocks: Sequence[int], times: dict[int, int]) -> None:
    last = -1
    for block in blocks:
        if times[block] < last:
            raise InputError("a block is older than the block before it", where=f"block {block}", hint="Put times in order")
        last = times[block]


def _net(row: TransferRow, address: str) -> int:
    return row.amount * row.ok * ((row.receiver == address) - (row.sender == address != ZERO))


def _income_place(row: IncomeRow) -> tuple[int, int]:
    return row.block, row.index


def _block(item: Item) -> int:
    return item.block


def _place(item: Item) -> tuple[int, int]:
    return item.call.place


def _path(row: TransferRow) -> tuple[int, ...]:
    # by number, not by letter: 0_2 comes before 0_10
    return tuple(int(part) for part in (row.trace_path or "0").split("_"))


def _log_index(row: LogRow) -> int:
    if row.log_index is None:
        raise InputError("a log has no index", where=row.tx_hash, hint="Give every token row its log_index")
    return row.log_index
