"""Periods that a person asks for, and which records answer them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from cryptotrace.errors import InputError

__all__ = ["MONTHS", "Period", "day_words", "parse_period", "span_words"]

# written out here: the names of strftime depend on the locale of the machine
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_HINT = "Give a year (2021) or two days, the second not included (2021-01-01/2022-01-01)."


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A half-open span of days in UTC: ``start`` belongs to it, ``stop`` does not."""

    start: date
    stop: date

    @property
    def start_time(self) -> datetime:
        """The first moment, aware UTC."""
        return datetime.combine(self.start, time(), tzinfo=UTC)

    @property
    def stop_time(self) -> datetime:
        """The first moment after the period, aware UTC."""
        return datetime.combine(self.stop, time(), tzinfo=UTC)

    @property
    def last_day(self) -> date:
        """The last day that belongs to it."""
        return self.stop - timedelta(days=1)

    def overlaps(self, other: Period) -> bool:
        """Whether the two share a day."""
        return self.start < other.stop and other.start < self.stop

    def contains(self, other: Period) -> bool:
        """Whether every day of ``other`` lies in this one."""
        return self.start <= other.start and other.stop <= self.stop

    def fit(self, other: Period, *, stock: bool) -> str | None:
        """Say how the period of a record answers this question.

        Parameters
        ----------
        other : Period
            Period of the record.
        stock : bool
            Whether the record is a level at one moment (a stock) rather than a flow over its period.

        Returns
        -------
        str or None
            ``"inside"`` if the record lies inside; ``"wider"`` if it overlaps and is a stock, runs over a New Year, or
            holds the whole period asked for; None if it does not answer. A record of one year that merely touches the
            period (a quarter beside the one asked for) does not answer.
        """
        if self.contains(other):
            return "inside"
        if not self.overlaps(other):
            return None
        over_new_year = other.start.year != other.last_day.year
        return "wider" if stock or over_new_year or other.contains(self) else None

    def __str__(self) -> str:
        return f"{self.start}/{self.stop}"


def parse_period(text: str) -> Period:
    """Read ``"2021"`` or ``"2021-01-01/2022-01-01"`` (half open, UTC).

    Raises
    ------
    InputError
        If it is neither, or ends before it starts.
    """
    where = f"period {text!r}"
    year = re.fullmatch(r"([0-9]{4})", text.strip())
    if year:
        first = int(year[1])
        if not 1 <= first < 9999:
            raise InputError("the year is out of range", where=where, hint=_HINT)
        return Period(start=date(first, 1, 1), stop=date(first + 1, 1, 1))
    days = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})/([0-9]{4}-[0-9]{2}-[0-9]{2})", text.strip())
    if not days:
        raise InputError("not a period", where=where, hint=_HINT)
    try:
        start, stop = date.fromisoformat(days[1]), date.fromisoformat(days[2])
    except ValueError as error:
        raise InputError(f"not a day of the calendar ({error})", where=where, hint=_HINT) from error
    if start >= stop:
        raise InputError("the period is empty", where=where, hint=_HINT)
    return Period(start=start, stop=stop)


def day_words(day: date) -> str:
    """Write a day as ``29 August 2023``."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def span_words(start: date, end: date) -> str:
    """Write a span of days, both included, as short as it is exact: ``2021``, ``2021 to 2023``, or two days."""
    whole_years = (start.month, start.day, end.month, end.day) == (1, 1, 12, 31)
    if whole_years and start.year == end.year:
        return str(start.year)
    if whole_years:
        return f"{start.year} to {end.year}"
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day} to {end.day} {MONTHS[start.month - 1]} {start.year}"
    return f"{day_words(start)} to {day_words(end)}"
