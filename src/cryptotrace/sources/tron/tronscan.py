"""Tronscan: a second list of the TRC-20 transfers of an account on TRON.

Pages hold 50 rows (more are cut without a word) and reach 10,000 rows deep; some are short without being the last. So a list is
read in windows of time, each with the number of rows that Tronscan says it has: only a window whose rows are all here is taken.
One with too many rows, or too few, is halved; where a window of one page still shows fewer rows than it counts, the walk stops
there and says so. Each halving costs the request that told the number.

TRX is not asked for here: transactions and internal transactions are two lists whose shapes are not known well enough. Not
verified live: the list of blocks that gives the head; whether ``rangeTotal`` counts what a window holds; the words of refusals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cryptotrace.codecs import ChainInfo, chain_of, parse_address
from cryptotrace.errors import InputError, MalformedAnswer, NotIndexedYet, RangeTooLarge
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Fetcher, Page, Request
from cryptotrace.sources.tron.checks import is_doubtful
from cryptotrace.sources.tron.scan_answers import classify, read_counted, read_object
from cryptotrace.sources.tron.scan_rows import scan_transfers_of
from cryptotrace.sources.tron.spelling import FIRST_MS, LAST_MS, address

__all__ = ["Tronscan"]

_PAGE = 50
_DEEPEST = 10_000
_REASKS = 3
_MARGIN_MS = 90_000
"""Below the newest block: 19 blocks of 3 s until one is solidified, and as much again for a slow index."""
_Window = tuple[int, int]


class Tronscan:
    """The TRC-20 transfers of accounts at Tronscan.

    Parameters
    ----------
    chain : str
        Any name of TRON.
    fetcher : Fetcher
        Where answers come from.
    page_rows : int
        Rows a page; 50 is the most that is served.
    deepest : int
        Where pages end; a window with so many rows is halved.
    on_rate : callable
        Not called.

    Raises
    ------
    InputError
        If the chain is not TRON.
    """

    name = "tronscan"
    streams = ("token",)
    questions = 1

    def __init__(
        self,
        chain: str,
        fetcher: Fetcher,
        *,
        page_rows: int = _PAGE,
        deepest: int = _DEEPEST,
        on_rate: Callable[[float], None] = lambda _: None,
    ) -> None:
        info = chain_of(chain)
        if info.family != "tron":
            raise InputError(
                f"{self.name} does not serve {info.name}", where="open_source", hint="Use an explorer of that chain"
            )
        self._chain: ChainInfo = info
        self.fetcher = fetcher
        self.page_rows = page_rows
        self.deepest = deepest
        self._on_rate = on_rate

    @staticmethod
    def judge(answer: Answer) -> None:
        """Raise the error that an answer is, if it is one."""
        classify(answer)

    def through(self, fetcher: Fetcher) -> Tronscan:
        """Give the same source with answers from elsewhere."""
        return type(self)(self.chain, fetcher, page_rows=self.page_rows, deepest=self.deepest, on_rate=self._on_rate)

    @property
    def chain(self) -> str:
        """Our name of the chain."""
        return self._chain.name

    def _ask(self, stream: str, path: str, subject: str = "", run: str = "", **parameters: Any) -> Answer:
        named = tuple((name, str(value)) for name, value in parameters.items())
        request = Request(
            source=self.name, chain=self.chain, stream=stream, subject=subject, parameters=named, run=run, path=path
        )
        return self.fetcher.fetch(request)

    def prepare(self, run: str) -> None:
        """Ask nothing: there is no plan to learn."""

    def head(self, run: str) -> int:
        """Give a moment in ms before which nothing changes any more: the newest block, less a margin."""
        found = read_object(self._ask("head", "/block", run=run, sort="-number", start=0, limit=1)).get("data")
        newest = found[0].get("timestamp") if isinstance(found, list) and found and isinstance(found[0], dict) else None
        if type(newest) is not int or not FIRST_MS <= newest < LAST_MS:
            raise MalformedAnswer("the newest block has no time", where=f"{self.name} head", hint="Try again")
        return newest - _MARGIN_MS

    def pages(self, stream: str, address: str, first: int, last: int, cursor: str | None = None) -> Iterator[Page]:
        """Walk the list between two moments in ms, or go on at a cursor; see :meth:`Source.pages`."""
        if stream not in self.streams:
            raise InputError(f"{self.name} has no list {stream}", where=self.name, hint="It has token")
        subject = parse_address(address, self.chain)
        windows = [(first, last)] if cursor is None else _read_windows(cursor)
        while windows:
            start, end = windows.pop()
            rows = self._window(subject, start, end)
            if rows is None:
                middle = (start + end) // 2
                windows += [(middle + 1, end), (start, middle)]
                continue
            yield Page(batch=self.parse(stream, rows), rows=len(rows), through=end, cursor=_written(windows))

    def _window(self, subject: str, start: int, end: int) -> list[Any] | None:
        """Give all rows of a window; None where it must be halved."""
        count, rows = self._page(subject, start, end, 0)
        if count >= self.deepest:
            if start == end:
                raise self._stuck(subject, start)
            return None
        for at in range(self.page_rows, count, self.page_rows):
            more = self._page(subject, start, end, at)[1]
            if not more:
                break
            rows += more
        if len(rows) == count:
            return rows
        if len(rows) > count:
            raise MalformedAnswer("more rows than are counted", where=f"{self.name} {subject}", hint="Try again")
        if count > self.page_rows and start < end:
            return None
        raise NotIndexedYet(
            f"{count} rows are counted and {len(rows)} are shown", where=f"{self.name} {subject}", hint="Use another explorer"
        )

    def _stuck(self, subject: str, moment: int) -> RangeTooLarge:
        return RangeTooLarge(
            f"moment {moment} holds {self.deepest:,} rows or more",
            where=f"{self.name} {subject}",
            hint="Use another explorer; the walk stops here rather than lose them",
        )

    def _page(self, subject: str, start: int, end: int, at: int) -> tuple[int, list[Any]]:
        """Ask for one page, and again if what comes cannot be true, or is less than it should be."""
        problem: MalformedAnswer | None = None
        found: tuple[int, list[Any]] | None = None
        for attempt in range(_REASKS):
            try:
                answer = self._ask(
                    "token", "/token_trc20/transfers", subject, f"again {attempt}" if attempt else "", relatedAddress=subject,
                    start_timestamp=start, end_timestamp=end, start=at, limit=self.page_rows,
                )  # fmt: skip
                counted = read_counted(answer)
                _check(counted[1], subject, start, end, self.page_rows, f"{self.name} {subject}")
            except MalformedAnswer as refusal:
                problem = refusal
                continue
            found = counted
            due = min(self.page_rows, counted[0] - at)
            if len(counted[1]) >= due and not is_doubtful(self.parse("token", counted[1])):
                break
        if found is None:
            assert problem is not None
            raise problem
        return found[0], list(found[1])

    def parse(self, stream: str, rows: Sequence[Any]) -> Batch:
        """Turn rows of the list into transfers; what does not fit is rejected whole. Pure."""
        return scan_transfers_of(rows, file=f"{self.name}:{self.chain}:{stream}")


def _check(rows: Sequence[Any], subject: str, first: int, last: int, most: int, where: str) -> None:
    """Refuse a page whose rows cannot be an answer to the question."""
    if len(rows) > most:
        raise MalformedAnswer("more rows than were asked for", where=where, hint="Ask again")
    for row in rows:
        stamp = row.get("block_ts") if isinstance(row, dict) else None
        if type(stamp) is not int or not first <= stamp <= last:
            raise MalformedAnswer("a row without a time, or out of range", where=where, hint="Ask again")
        if not any(_is(row.get(name), subject) for name in ("from_address", "to_address")):
            raise MalformedAnswer("rows of another address", where=where, hint="Ask again")


def _is(text: Any, subject: str) -> bool:
    if text == subject:
        return True
    try:
        return address(text, "") == subject
    except InputError:
        return False


def _written(windows: Sequence[_Window]) -> str:
    return " ".join(f"{start}-{end}" for start, end in windows)


def _read_windows(cursor: str) -> list[_Window]:
    return [(int(start), int(end)) for start, end in (window.split("-") for window in cursor.split())]
