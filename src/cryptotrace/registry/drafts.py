"""A row of the file half way to a record: cells as text, with dates and amounts already read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

__all__ = ["Draft", "Problem", "ids", "read_amounts", "read_dates", "read_draft", "read_drafts", "read_number"]

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One broken rule of one record.

    Parameters
    ----------
    record : str
        Id of the record, or ``"?"`` where it has none.
    rule : str
        Name of the rule, the name of the function that checks it.
    what : str
        What is wrong, with the value.
    """

    record: str
    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.record}: {self.what} [{self.rule}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A row whose dates and amounts could be read; everything else is still text."""

    cells: Mapping[str, str]
    published: date
    start: date
    end: date
    low: Decimal | None
    central: Decimal | None
    high: Decimal | None

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    @property
    def id(self) -> str:
        """The id of the row."""
        return self.cells["id"]

    @property
    def present(self) -> list[Decimal]:
        """The amounts that are given, low to high."""
        return [value for value in (self.low, self.central, self.high) if value is not None]

    @property
    def best(self) -> Decimal | None:
        """The amount that a comparison would use: central, else the printed bound."""
        return next((value for value in (self.central, self.low, self.high) if value is not None), None)


def ids(cell: str) -> list[str]:
    """Take a relation cell apart; ids are separated by semicolons."""
    return [part for part in cell.split(";") if part]


def read_number(text: str) -> Decimal | None:
    """Read plain digits with at most one point; an empty cell is ``None``, all else a ``ValueError``."""
    if text == "":
        return None
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def read_dates(cells: Mapping[str, str]) -> tuple[date, date, date]:
    """Read the day of publication and the first and last day of the period; ``ValueError`` if one is no date."""
    found = []
    for column in ("published", "period_start", "period_end"):
        if not _DATE.fullmatch(cells[column]):
            message = f"{column}={cells[column]!r} is not YYYY-MM-DD"
            raise ValueError(message)
        found.append(date.fromisoformat(cells[column]))
    return found[0], found[1], found[2]


def read_amounts(cells: Mapping[str, str]) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Read low, central and high in US dollars."""
    return read_number(cells["low_usd"]), read_number(cells["central_usd"]), read_number(cells["high_usd"])


def read_drafts(rows: Sequence[Mapping[str, str]]) -> list[Draft]:
    """Read rows whose dates and amounts are known to be good; ``ValueError`` if one is not."""
    return [read_draft(cells) for cells in rows]


def read_draft(cells: Mapping[str, str]) -> Draft:
    """Read one row; ``ValueError`` if a date or an amount cannot be read."""
    published, start, end = read_dates(cells)
    low, central, high = read_amounts(cells)
    return Draft(cells=cells, published=published, start=start, end=end, low=low, central=central, high=high)
