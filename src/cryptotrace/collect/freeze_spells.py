"""From the events of one address to what it is now, and to the last time that it was frozen. Pure.

Events are ordered by block; within a block by the index of their log, which counts over the block on the EVM family and within
a transaction on TRON. Two transactions of one block on TRON have no order that an explorer shows: where that decides what came
last, nobody knows it here either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptotrace.codecs import chain_of

__all__ = ["FreezeEvent", "Spell", "Spot", "last_spell", "order", "state_of"]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something stands on a chain."""

    chain: str
    block: int | None
    time: datetime
    tx: str
    log_index: int | None

    @property
    def place(self) -> int | None:
        """Its place on the axis of the chain: block, or ms."""
        return round(self.time.timestamp() * 1000) if chain_of(self.chain).axis == "ms" else self.block


@dataclass(frozen=True, slots=True)
class FreezeEvent:
    """One event: a kind, where it stands, and an amount in base units where it names one."""

    kind: str
    spot: Spot
    amount: int | None = None

    @property
    def time(self) -> datetime:
        """Of its block."""
        return self.spot.time

    def sort_key(self) -> tuple[Any, ...]:
        """Give what orders events; those whose order is not known come in some order, always the same."""
        spot = self.spot
        block, index = -1 if spot.block is None else spot.block, -1 if spot.log_index is None else spot.log_index
        inside = (index, spot.tx) if chain_of(spot.chain).family == "evm" else (spot.tx, index)
        return (spot.time, block, *inside, self.kind)


@dataclass(frozen=True, slots=True)
class Spell:
    """The last time that an address was frozen.

    ``start`` is None where that event is not known, ``end`` where it is frozen still; ``number`` counts how often it was.
    """

    start: FreezeEvent | None
    end: FreezeEvent | None
    number: int


def order(one: Spot, other: Spot) -> int:
    """Say whether one comes before another (-1) or after it (1); 0 where that is not known."""
    if one.block is not None and other.block is not None and one.block != other.block:
        return -1 if one.block < other.block else 1
    if one.time != other.time:
        return -1 if one.time < other.time else 1
    comparable = one.tx == other.tx or chain_of(one.chain).family == "evm"
    if one.log_index is None or other.log_index is None or not comparable:
        return 0
    return (one.log_index > other.log_index) - (one.log_index < other.log_index)


def state_of(events: Sequence[FreezeEvent]) -> str:
    """Say what an address is after all of its events, which are in order: see :class:`Freeze`.

    Only what is on the list can be destroyed, and it stays there: so a destruction shows a freeze.
    """
    last = events[-1]
    if any((event.kind == "unfreeze") != (last.kind == "unfreeze") and not order(event.spot, last.spot) for event in events):
        return "unknown"
    if last.kind == "unfreeze":
        return "released"
    since = next((at for at in range(len(events), 0, -1) if events[at - 1].kind == "unfreeze"), 0)
    return "destroyed" if any(event.kind == "destroy" for event in events[since:]) else "frozen"


def last_spell(events: Sequence[FreezeEvent]) -> Spell:
    """Give the last freeze of an address from its events, which are in order.

    A second freeze of what is frozen begins nothing, and a second release ends nothing.
    """
    start: FreezeEvent | None = None
    end: FreezeEvent | None = None
    number, is_open = 0, False
    for event in events:
        if event.kind == "unfreeze":
            end = event if is_open or not number else end
            is_open = False
        elif not is_open:
            start, end = (event if event.kind == "freeze" else None), None
            number, is_open = number + 1, True
    return Spell(start, end, number)
