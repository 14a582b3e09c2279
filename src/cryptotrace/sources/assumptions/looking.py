"""What is looked at in lists of any explorer: order, range, size, count, fields, and whether the adapter reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cryptotrace.errors import SourceError
from cryptotrace.sources.assumptions.base import Look, Reading, Sight, refusal

__all__ = [
    "count_in",
    "fields",
    "fields_of",
    "in_order",
    "in_range",
    "page_size",
    "reads",
    "reads_all",
    "refused_as",
    "told",
    "whole",
]

Rows = Callable[[Reading], Sequence[Any]]
Place = Callable[[Any], int]


def whole(value: Any) -> int:
    """Give a whole number, also one that is written as text or in hex; raises TypeError or ValueError for anything else."""
    if type(value) is int:
        return value
    if not isinstance(value, str):
        raise TypeError("no number")
    if value.startswith("0x"):
        return int(value[2:] or "0", 16)
    return int(value)


def in_order(rows: Rows, place: Place, *, ascending: bool = True) -> Look:
    """Look at the order of a list."""

    def look(reading: Reading) -> Sight:
        places = list(map(place, rows(reading)))
        if len(set(places)) < 2:
            return "too few rows to tell", None
        is_up, is_down = places == sorted(places), places == sorted(places, reverse=True)
        return ("ascending" if is_up else "descending" if is_down else "mixed"), is_up if ascending else is_down

    return look


def in_range(rows: Rows, place: Place, first: int, last: int) -> Look:
    """Look whether the ends of the range that was asked for are kept to."""

    def look(reading: Reading) -> Sight:
        outside = sum(not first <= place(row) <= last for row in rows(reading))
        return (f"{outside:,} rows outside" if outside else "kept to"), not outside

    return look


def page_size(rows: Rows, most: int) -> Look:
    """Look whether a page holds no more rows than were asked for."""

    def look(reading: Reading) -> Sight:
        found = len(rows(reading))
        return (f"{found:,} rows, more than asked for" if found > most else f"at most {most:,} rows"), found <= most

    return look


def count_in(rows: Rows, place: Place) -> Look:
    """Learn how many rows a page of a closed range has, and from where to where."""

    def look(reading: Reading) -> Sight:
        places = list(map(place, rows(reading)))
        return (f"{len(places):,} rows, {min(places)} to {max(places)}" if places else "no rows"), None

    return look


def fields(rows: Rows) -> Look:
    """Learn the names of the fields of rows."""

    def look(reading: Reading) -> Sight:
        return fields_of(rows(reading)), None

    return look


def fields_of(rows: Sequence[Any]) -> str:
    """Give the names of the fields of all rows, in order."""
    names = sorted({str(name) for row in rows if isinstance(row, dict) for name in row})
    return " ".join(names) or "none"


def reads_all(rejected: Callable[[Reading], tuple[int, int]]) -> Look:
    """Look whether the adapter reads every row; ``rejected`` gives (rows, rejected ones)."""

    def look(reading: Reading) -> Sight:
        count, odd = rejected(reading)
        return (f"{odd:,} of {count:,} rows are rejected" if odd else "every row is read"), not odd

    return look


def reads(ask: Callable[[Any], Any], *, what: str = "read", fits: Callable[[Any], bool] = lambda _: True) -> Look:
    """Look whether a method of the adapter takes this answer, and whether what it gives can be."""

    def look(reading: Reading) -> Sight:
        try:
            found = reading.read(ask)
        except SourceError as problem:
            return f"not read: {problem.what}", False
        return (what, True) if fits(found) else ("read as something else", False)

    return look


def refused_as(*kinds: str, learn: bool = False) -> Look:
    """Look at the kind and the words of a refusal; with ``learn`` any answer will do."""

    def look(reading: Reading) -> Sight:
        said = refusal(reading)
        if learn:
            return said or "answered", None
        return said or "answered", reading.problem is not None and reading.problem.kind in kinds

    return look


def told(see: Callable[[Reading], str]) -> Look:
    """Learn what is seen."""
    return lambda reading: (see(reading), None)
