"""Reading a window of time of one of Tronscan's lists so that nothing in it is missed, or saying that it cannot be done.

A count is that of the whole UTC days that a window touches: never less than what the window holds. Where as many rows are
shown, nothing is missing. Where fewer are, the window is cut at the borders of days, so that counts become exact. Within a day
the day is read in parts that together must hold what it counts. Lists without counts are read until an empty page: short pages
are known to occur before the last. Rows shift while new ones arrive, and only windows that end before the head stand still;
where a part after the head is needed to close a sum, the sum is taken anew a few times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cryptotrace.errors import MalformedAnswer, NotIndexedYet, RangeTooLarge
from cryptotrace.sources.base import Answer
from cryptotrace.sources.tron.scan_answers import read_counted
from cryptotrace.sources.tron.scan_lists import ScanList, check_rows

__all__ = ["FIRST_BLOCK_MS", "ScanWindows", "cut"]

FIRST_BLOCK_MS = 1_529_891_460_000
"""Moment of the second block; earlier bounds are refused or ignored."""
_DAY = 86_400_000
_SECOND = 1_000
_REASKS = 3
_MOST_OF_A_DAY = 10
"""So many times the rows that pages reach may be read for one day; the rows of a busier one are not held in memory."""
_ANOTHER = "Use another explorer"
_Window = tuple[int, int]


def cut(start: int, end: int) -> list[_Window]:
    """Cut a window of more than one day in two at a border of days; what begins or ends inside a day goes first.

    >>> cut(0, 86_400_000 * 4 - 1) == [(0, 86_400_000 * 2 - 1), (86_400_000 * 2, 86_400_000 * 4 - 1)]
    True
    """
    if (end + 1) % _DAY:
        border = end // _DAY * _DAY
    elif start % _DAY:
        border = (start // _DAY + 1) * _DAY
    else:
        border = (start // _DAY + end // _DAY + 1) // 2 * _DAY
    return [(start, border - 1), (border, end)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanWindows:
    """What reads the windows of an account.

    Attributes
    ----------
    subject : str
        The account.
    ask : callable
        (list, start, end, at, rows, run) -> answer; bounds in ms, ``at`` the rows to pass over.
    is_doubtful : callable
        (list, rows) -> whether a row is of what no honest explorer writes.
    page_rows, deepest : int
        Rows a page, and where pages end.
    run : str
        Tells questions apart whose answer is not final yet.
    where : str
        For errors.
    """

    subject: str
    ask: Callable[[ScanList, int, int, int, int, str], Answer]
    is_doubtful: Callable[[ScanList, Sequence[Any]], bool]
    page_rows: int
    deepest: int
    run: str
    where: str

    def rows(self, of: ScanList, start: int, end: int) -> list[Any] | None:
        """Give the rows of a window, rows of its first and last second included; None where it must be cut.

        Raises
        ------
        NotIndexedYet
            If a day counts more rows than it shows.
        RangeTooLarge
            If a second, or a day, holds too many.
        MalformedAnswer
            If an answer cannot be true, and stays so.
        """
        first, last = max(start // _SECOND * _SECOND, FIRST_BLOCK_MS), end // _SECOND * _SECOND + _SECOND - 1
        if last < first:
            return []
        found = self._counted(of, first, last) if of.counted else self._to_the_end(of, first, last)
        if found is not None:
            return found
        if start // _DAY != end // _DAY:
            return None
        return self._of_day(of, first, last) if of.counted else self._parted(of, first, last)

    # -- ways to read --------------------------------------------------------------------------------------------------------

    def _counted(self, of: ScanList, first: int, last: int) -> list[Any] | None:
        """Give as many rows as are counted; None where pages do not reach so deep, or fewer are shown."""
        exact = (first % _DAY == 0 or first == FIRST_BLOCK_MS) and (last + 1) % _DAY == 0
        count, rows = self._page(of, first, last, 0, exact=exact)
        if count >= self.deepest:
            return None
        for at in range(self.page_rows, count, self.page_rows):
            more = self._page(of, first, last, at, exact=exact)[1]
            if not more:
                break
            rows += more
        if len(rows) > count:
            raise MalformedAnswer("more rows than are counted", where=self.where, hint="Try again")
        return rows if len(rows) == count and not _repeats(of, rows) else None

    def _to_the_end(self, of: ScanList, first: int, last: int, run: str = "") -> list[Any] | None:
        """Give the rows up to the first empty page; None where pages do not reach so deep.

        Where rows have names, each page is asked for behind those that are here: a short page costs no row, and rows that are
        shown again, or that moved, are seen. Where they have none, pages stand at fixed places, and the sum of the day tells.
        """
        rows: list[Any] = []
        at = 0
        while at < self.deepest:
            more = self._page(of, first, last, at, run=run)[1]
            if not more:
                if _repeats(of, rows):
                    raise NotIndexedYet("rows are shown twice, so others may be missing", where=self.where, hint=_ANOTHER)
                return rows
            rows += more
            at = len(rows) if of.name else at + self.page_rows
        return None

    def _parted(self, of: ScanList, first: int, last: int, run: str = "") -> list[Any]:
        """Give the rows of a part of a day, cut as often as it takes."""
        rows: list[Any] = []
        parts = [(first, last)]
        while parts:
            start, end = parts.pop()
            found = self._to_the_end(of, start, end, run)
            if found is not None:
                rows += found
                if len(rows) > _MOST_OF_A_DAY * self.deepest:
                    raise self._stuck("a day", first)
                continue
            if start // _SECOND == end // _SECOND:
                raise self._stuck("a second", start)
            border = (start // _SECOND + end // _SECOND + 1) // 2 * _SECOND
            parts += [(start, border - 1), (border, end)]
        return rows

    def _of_day(self, of: ScanList, first: int, last: int) -> list[Any]:
        """Give the rows of a part of a day, if all of its parts hold what the day counts."""
        dawn, dusk = max(first // _DAY * _DAY, FIRST_BLOCK_MS), first // _DAY * _DAY + _DAY - 1
        beside = [(start, end) for start, end in ((dawn, first - 1), (last + 1, dusk)) if start <= end]
        count = shown = 0
        for attempt in range(_REASKS):
            run = f"{self.run} {attempt}"
            count = self._page(of, dawn, dusk, 0, run=run)[0]
            if count > _MOST_OF_A_DAY * self.deepest:
                raise self._stuck("a day", first)
            rows = self._parted(of, first, last, run)
            shown = len(rows) + sum(len(self._parted(of, start, end, run)) for start, end in beside)
            if shown == count:
                return rows
        raise NotIndexedYet(f"{count:,} rows of a day are counted and {shown:,} are shown", where=self.where, hint=_ANOTHER)

    def _stuck(self, what: str, moment: int) -> RangeTooLarge:
        return RangeTooLarge(
            f"{what} at {moment} holds more rows than can be read", where=self.where, hint=f"{_ANOTHER}; the walk stops here"
        )

    # -- pages ---------------------------------------------------------------------------------------------------------------

    def _page(
        self, of: ScanList, first: int, last: int, at: int, *, exact: bool = False, run: str = ""
    ) -> tuple[int, list[Any]]:
        """Ask for one page, and again if what comes cannot be true, or is less than it should be."""
        size = min(self.page_rows, self.deepest - at)
        problem: MalformedAnswer | None = None
        found: tuple[int, list[Any]] | None = None
        for attempt in range(_REASKS):
            again = " ".join(filter(None, (run, f"again {attempt}" if attempt else "")))
            try:
                answer = self.ask(of, first, last, at, size, again)
                count, rows = read_counted(answer, of.rows, is_counted=of.counted)
                check_rows(of, rows, self.subject, first, last, size, self.where)
            except MalformedAnswer as refusal:
                problem = refusal
                continue
            found = count, rows
            if not (exact and len(rows) < min(size, count - at)) and not self.is_doubtful(of, rows):
                break
        if found is None:
            assert problem is not None
            raise problem
        return found[0], list(found[1])


def _repeats(of: ScanList, rows: Sequence[Any]) -> bool:
    names = [row.get(of.name) for row in rows] if of.name else []
    return len(set(names)) < len(names)
