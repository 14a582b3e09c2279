"""Editions and shared money: which figure is stale, which is its latest, and what may never be added to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

__all__ = ["NeverAdd", "VintageStatus", "edition_chain", "never_add", "same_money", "vintage_status"]

REASONS: dict[str, str] = {
    "same_money": "the same money, printed by another body",
    "vintage": "another edition of the same figure",
    "inside": "already inside this figure",
    "contains": "already holds this figure",
    "not_independent": "rests on shared input",
}


class Related(Protocol):
    """What this file needs to know of a record."""

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def supersedes(self) -> tuple[str, ...]: ...
    @property
    def superseded_by(self) -> tuple[str, ...]: ...
    @property
    def subset_of(self) -> tuple[str, ...]: ...
    @property
    def same_money_as(self) -> tuple[str, ...]: ...
    @property
    def not_independent_of(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class VintageStatus:
    """The effective edition status of a record.

    Parameters
    ----------
    id : str
        The record.
    status : str
        ``superseded`` (a later edition exists), ``cites_superseded`` (a copy of such a figure), else what is printed:
        ``first_print``, ``revision``, ``current`` or ``derived``.
    printed : str
        The status in the file.
    latest : str
        Id of the latest edition; the record itself if it is not stale.
    via : str or None
        For ``cites_superseded``: the superseded record that it is a copy of.
    """

    id: str
    status: str
    printed: str
    latest: str
    via: str | None = None

    @property
    def stale(self) -> bool:
        """Whether a later edition of this figure exists."""
        return self.status in {"superseded", "cites_superseded"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverAdd:
    """A record that may never be summed with another, and the strongest reason."""

    id: str
    reason: str

    @property
    def words(self) -> str:
        """The reason in words."""
        return REASONS[self.reason]


def edition_chain(table: Mapping[str, Related], record: str) -> tuple[str, ...]:
    """List the ids of all editions of one figure, oldest first."""
    older = _reach([record], lambda one: table[one].supersedes)
    newer = _reach([record], lambda one: table[one].superseded_by)
    return (*reversed(older[1:]), *newer)


def same_money(table: Mapping[str, Related], record: str) -> tuple[str, ...]:
    """List the ids of all records of the same money, over any number of copies; the record itself first."""
    return _reach([record], lambda one: table[one].same_money_as)


def vintage_status(table: Mapping[str, Related], record: str) -> VintageStatus:
    """Work out the effective status: being superseded spreads over ``same_money_as``.

    Notes
    -----
    O(copies + editions). A copy of a superseded figure is itself stale, whatever day it was printed.
    """
    printed = table[record].status
    latest = _latest(table, record)
    if table[record].superseded_by:
        return VintageStatus(id=record, status="superseded", printed=printed, latest=latest)
    if latest == record:
        return VintageStatus(id=record, status=printed, printed=printed, latest=record)
    via = next(copy for copy in same_money(table, record) if table[copy].superseded_by)
    return VintageStatus(id=record, status="cites_superseded", printed=printed, latest=latest, via=via)


def _latest(table: Mapping[str, Related], record: str) -> str:
    """Go to the end of the editions; where that is itself a copy of a superseded figure, go on from there."""
    passed: set[str] = set()
    while True:
        chain = edition_chain(table, record)
        passed.update(chain)
        copies = (copy for copy in same_money(table, chain[-1]) if table[copy].superseded_by and copy not in passed)
        following = next(copies, None)
        if following is None:
            return chain[-1]
        record = following


def never_add(table: Mapping[str, Related], record: str) -> tuple[NeverAdd, ...]:
    """List every record that may never be summed with this one.

    Notes
    -----
    Copies and editions of a figure are one quantity, here called its class. Wholes and parts are followed over any
    number of steps between classes, so Finiko, a part of an early edition, is never added to a later edition or to
    the UN's copy. The relation is symmetric. O(records + relations).
    """
    parts_of = _inverse(table)
    own = _class(table, [record])
    reasons: dict[str, str] = {}
    copies = same_money(table, record)
    wholes = _closure(table, own, lambda one: table[one].subset_of)
    parts = _closure(table, own, lambda one: parts_of.get(one, ()))
    shared = _class(table, [other for one in own for other in table[one].not_independent_of])
    for reason, found in (
        ("same_money", copies),
        ("vintage", own),
        ("inside", parts),
        ("contains", wholes),
        ("not_independent", shared),
    ):
        for other in found:
            if other != record:
                reasons.setdefault(other, reason)
    return tuple(NeverAdd(id=other, reason=reason) for other, reason in reasons.items())


def _inverse(table: Mapping[str, Related]) -> dict[str, tuple[str, ...]]:
    """List the parts of each whole."""
    parts: dict[str, list[str]] = {}
    for record in table.values():
        for whole in record.subset_of:
            parts.setdefault(whole, []).append(record.id)
    return {whole: tuple(found) for whole, found in parts.items()}


def _class(table: Mapping[str, Related], start: Iterable[str]) -> tuple[str, ...]:
    """Close under copies and editions, which are one quantity."""
    return _reach(start, lambda one: (*table[one].same_money_as, *table[one].supersedes, *table[one].superseded_by))


def _closure(table: Mapping[str, Related], start: Iterable[str], step: Callable[[str], Iterable[str]]) -> tuple[str, ...]:
    """Take one or more steps, each of which also takes in the class of what it reached."""
    first = _class(table, [other for one in start for other in step(one)])
    return _reach(first, lambda one: _class(table, step(one)))


def _reach(start: Iterable[str], step: Callable[[str], Iterable[str]]) -> tuple[str, ...]:
    """Follow ``step`` as far as it leads; ids in the order in which they are found."""
    found = dict.fromkeys(start)
    queue = list(found)
    while queue:
        for other in step(queue.pop(0)):
            if other not in found:
                found[other] = None
                queue.append(other)
    return tuple(found)
