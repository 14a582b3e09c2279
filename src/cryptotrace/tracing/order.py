"""In which order the rows of a block happened, and how well that is known.

Per (account, asset): block, else time; then transaction index; then phase (fee, the transaction's own value, body); then
trace path or log index where both rows have one. Rows that this leaves unordered follow the *funding order*: repeatedly the
first remaining row whose sender receives nothing (of that asset) from the rows that remain, else the first; "first" is by row
number in the input, then by identity. So a payment precedes the onward payment that it funds.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import groupby, pairwise
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
    for same_block in _groups(movements):
        if all(row.tx_index is not None for row in same_block):
            for _, stage in groupby(sorted(same_block, key=_stage), key=_stage):
                ordered.extend(_inside(list(stage)))
        else:
            ordered.extend(_settled(same_block))
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


def _stage(row: Movement) -> tuple[Any, ...]:
    """Transaction and phase: what orders rows of a block before their positions do."""
    return (row.tx_index, row.tx_hash, _PHASE.get(row.kind, _BODY))


def _inside(rows: list[Movement]) -> list[Movement]:
    """Order the rows of one phase of one transaction."""
    if len(rows) == 1:
        return rows
    if all(_placed(row) for row in rows):
        return sorted(rows, key=_place)
    return _settled(rows)


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


def _settled(rows: list[Movement]) -> list[Movement]:
    """Order rows of which some are not placed against each other: by what is known, then by funding."""
    rows.sort(key=_identity)
    stages = [None if row.tx_index is None else _stage(row) for row in rows]
    places = [_place(row) if stage is not None and _placed(row) else None for row, stage in zip(rows, stages, strict=True)]
    result = funding_order([(_leg(row, row.sender), _leg(row, row.receiver)) for row in rows], stages, places)
    _mark(rows, stages)
    return [rows[at] for at in result]


def _leg(row: Movement, account: int | None) -> Hashable:
    return None if account is None else (account, row.asset)


def _mark(rows: Sequence[Movement], stages: Sequence[tuple[Any, ...] | None]) -> None:
    """Say which rows rest on the funding order: those that share an account and asset with a row not placed against them."""
    touching: dict[Hashable, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        for leg in {_leg(row, row.sender), _leg(row, row.receiver)} - {None}:
            touching[leg].append(at)
    for members in touching.values():
        if len(members) > 1 and any(stages[at] is None for at in members):
            for at in members:
                rows[at].order_known = "block"
            continue
        for _, group in groupby(sorted(members, key=lambda at: stages[at] or ()), key=lambda at: stages[at]):
            together = list(group)
            if len(together) > 1 and not all(_placed(rows[at]) for at in together):
                for at in together:
                    rows[at].order_known = "block" if rows[at].order_known == "block" else "tx"


def funding_order(
    rows: Sequence[tuple[Hashable, Hashable]],
    stages: Sequence[Any] = (),
    places: Sequence[Any] = (),
) -> list[int]:
    """Order (payer, payee) pairs so that a payment precedes the onward payment that it funds.

    Parameters
    ----------
    rows : sequence of (payer, payee)
        In input order; ``None`` stands for nobody.
    stages : sequence, optional
        Comparable stage of each row, or ``None``: no row of a stage goes before all rows of the earlier stages have gone.
    places : sequence, optional
        Comparable place of each row inside its stage, or ``None``: rows of one stage with places go in their order.

    Returns
    -------
    list of int
        Positions in the order of happening.

    Notes
    -----
    O(n log n): a row becomes ready when its payer has nothing left to receive, and stays ready.
    """
    known = _Known(stages or [None] * len(rows), places or [None] * len(rows))
    receives = Counter(payee for _, payee in rows if payee is not None)
    waiting: dict[Hashable, list[int]] = defaultdict(list)
    for at, (payer, _) in enumerate(rows):
        waiting[payer].append(at)
    ready = [at for at, (payer, _) in enumerate(rows) if receives[payer] == 0]
    order: list[int] = []
    parked: set[int] = set()
    first = 0
    while len(order) < len(rows):
        at = _next_ready(ready, parked, known)
        if at < 0:
            while known.taken[first]:
                first += 1
            at = next(at for at in range(first, len(rows)) if known.is_free(at))
        order.append(at)
        for freed in known.take(at):
            if freed in parked:
                parked.discard(freed)
                heapq.heappush(ready, freed)
        payee = rows[at][1]
        if payee is not None:
            receives[payee] -= 1
            if receives[payee] == 0:
                for later in waiting[payee]:
                    heapq.heappush(ready, later)
    return order


def _next_ready(ready: list[int], parked: set[int], known: _Known) -> int:
    """Give the first ready row that may go now, or -1; rows that must wait for others are parked."""
    while ready:
        at = heapq.heappop(ready)
        if known.is_free(at):
            return at
        if not known.taken[at]:
            parked.add(at)
    return -1


class _Known:
    """The part of the order that is known: stages one after the other, places in a row inside a stage."""

    def __init__(self, stages: Sequence[Any], places: Sequence[Any]) -> None:
        self.taken = [False] * len(stages)
        self._stages = stages
        self._members: dict[Any, list[int]] = defaultdict(list)
        for at, stage in enumerate(stages):
            if stage is not None:
                self._members[stage].append(at)
        self._open = deque(sorted(self._members))
        self._left = {stage: len(members) for stage, members in self._members.items()}
        self._before: dict[int, int] = {}
        self._after: dict[int, int] = {}
        for members in self._members.values():
            chain = sorted((at for at in members if places[at] is not None), key=lambda at: places[at])
            self._before.update((later, earlier) for earlier, later in pairwise(chain))
            self._after.update(pairwise(chain))

    def is_free(self, at: int) -> bool:
        """Whether nothing that is known to come earlier is left."""
        stage = self._stages[at]
        if self.taken[at] or (stage is not None and stage != self._open[0]):
            return False
        return at not in self._before or self.taken[self._before[at]]

    def take(self, at: int) -> Sequence[int]:
        """Let a row go; give the rows that it may have held back."""
        self.taken[at] = True
        stage = self._stages[at]
        if stage is None:
            return ()
        self._left[stage] -= 1
        if not self._left[stage]:
            self._open.popleft()
            return self._members[self._open[0]] if self._open else ()
        follower = self._after.get(at)
        return () if follower is None else (follower,)
