"""In which order the rows of a block happened, and how well that is known.

Per (account, asset): block, else time; then transaction index; then phase (fee, the transaction's own value, body); then
trace path or log index where both rows have one. Rows that this leaves unordered follow the *funding order*: repeatedly the
first remaining row whose sender receives nothing (of that asset) from the rows that remain, else the first; "first" is by row
number in the input, then by identity. So a payment precedes the onward payment that it funds.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from cryptotrace.tracing.movements import Movement

__all__ = ["funding_order", "in_order"]

_PHASE = {"fee": 0, "native": 1}
_BODY = 2


def in_order(movements: Iterable[Movement]) -> list[Movement]:
    """Sort rows and set ``order_known`` on each.

    Returns
    -------
    list of Movement
        ``order_known`` is ``exact``; ``tx`` where rows of one transaction that touch the same account and asset could not be
        told apart; ``block`` where whole transactions of a block could not.

    Notes
    -----
    O(n log n).
    """
    ordered: list[Movement] = []
    for chain_and_time in _groups(movements):
        if all(row.tx_index is not None for row in chain_and_time):
            ordered.extend(_by_transaction(chain_and_time))
        else:
            ordered.extend(_unordered(chain_and_time, "block"))
    return ordered


def _groups(movements: Iterable[Movement]) -> Iterator[list[Movement]]:
    """Yield rows that share a block (or, without one, a time), in order of time."""
    by_time = sorted(movements, key=lambda row: (row.chain, row.time))
    for _, same_time in groupby(by_time, key=lambda row: (row.chain, row.time)):
        rows = list(same_time)
        if any(row.block is None for row in rows):
            yield rows
            continue
        rows.sort(key=lambda row: row.block or 0)
        for _, same_block in groupby(rows, key=lambda row: row.block):
            yield list(same_block)


def _by_transaction(rows: list[Movement]) -> Iterator[Movement]:
    rows.sort(key=lambda row: (row.tx_index, row.tx_hash, _PHASE.get(row.kind, _BODY)))
    for _, transaction in groupby(rows, key=lambda row: (row.tx_index, row.tx_hash)):
        for phase, part in groupby(transaction, key=lambda row: _PHASE.get(row.kind, _BODY)):
            body = list(part)
            if phase != _BODY or len(body) == 1:
                yield from sorted(body, key=_identity)
            elif all(_placed(row) for row in body):
                yield from sorted(body, key=_place)
            else:
                yield from _unordered(body, "tx")


def _placed(row: Movement) -> bool:
    return row.log_index is not None or row.trace_path is not None


def _place(row: Movement) -> tuple[Any, ...]:
    # Frames and logs count apart; they move different assets, so their mutual order decides nothing.
    return (row.log_index is not None, row.trace_path or (), row.log_index or 0, _identity(row))


def _identity(row: Movement) -> tuple[Any, ...]:
    return (
        -1 if row.input_row is None else row.input_row,
        row.tx_hash,
        row.kind,
        row.log_index or 0,
        row.trace_path or (),
        row.sender or 0,
        row.receiver or 0,
        row.asset,
        row.amount,
        row.ordinal,
    )


def _unordered(rows: list[Movement], level: str) -> list[Movement]:
    rows.sort(key=_identity)
    placed = [at for at, row in enumerate(rows) if row.tx_index is not None]
    placed.sort(key=lambda at: (rows[at].tx_index, rows[at].tx_hash, _PHASE.get(rows[at].kind, _BODY), _place(rows[at])))
    fixed = placed if level == "block" else [at for at in placed if _placed(rows[at])]
    result = funding_order([(_leg(row, row.sender), _leg(row, row.receiver)) for row in rows], fixed)
    _mark(rows, set(fixed), level)
    return [rows[at] for at in result]


def _leg(row: Movement, account: int | None) -> Hashable:
    return None if account is None else (account, row.asset)


def _mark(rows: Sequence[Movement], fixed: set[int], level: str) -> None:
    """Say which rows rest on the funding order: those that share an account and asset with a row not placed against them."""
    touching: dict[Hashable, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        for leg in {_leg(row, row.sender), _leg(row, row.receiver)} - {None}:
            touching[leg].append(at)
    for members in touching.values():
        if len(members) > 1 and any(at not in fixed for at in members):
            for at in members:
                rows[at].order_known = level


def funding_order(rows: Sequence[tuple[Hashable, Hashable]], fixed: Sequence[int] = ()) -> list[int]:
    """Order (payer, payee) pairs so that a payment precedes the onward payment that it funds.

    Parameters
    ----------
    rows : sequence of (payer, payee)
        In input order; ``None`` stands for nobody.
    fixed : sequence of int
        Positions of rows whose mutual order is known, in that order.

    Returns
    -------
    list of int
        Positions in the order of happening.

    Notes
    -----
    O(n log n): a row becomes ready when its payer has nothing left to receive, and stays ready.
    """
    receives = Counter(payee for _, payee in rows if payee is not None)
    waiting: dict[Hashable, list[int]] = defaultdict(list)
    for at, (payer, _) in enumerate(rows):
        waiting[payer].append(at)
    before = dict(zip(fixed[1:], fixed, strict=False))
    after = dict(zip(fixed, fixed[1:], strict=False))
    taken = [False] * len(rows)

    def is_free(at: int) -> bool:
        return not taken[at] and (at not in before or taken[before[at]])

    ready = [at for at, (payer, _) in enumerate(rows) if receives[payer] == 0]
    heapq.heapify(ready)
    order: list[int] = []
    parked: set[int] = set()
    first = 0
    while len(order) < len(rows):
        at = _next_ready(ready, parked, is_free)
        if at < 0:
            while taken[first]:
                first += 1
            at = next(at for at in range(first, len(rows)) if is_free(at))
        taken[at] = True
        order.append(at)
        payee = rows[at][1]
        if payee is not None:
            receives[payee] -= 1
            if receives[payee] == 0:
                for later in waiting[payee]:
                    heapq.heappush(ready, later)
        follower = after.get(at)
        if follower is not None and follower in parked:
            parked.discard(follower)
            heapq.heappush(ready, follower)
    return order


def _next_ready(ready: list[int], parked: set[int], is_free: Callable[[int], bool]) -> int:
    """Give the first ready row that may go now, or -1; rows that must wait for a fixed predecessor are parked."""
    while ready:
        at = heapq.heappop(ready)
        if is_free(at):
            return at
        parked.add(at)
    return -1
