"""Tronscan: a second source of both lists of an account on TRON.

Pages hold 50 rows (more are cut without a word) and reach 10,000 rows deep; some are short without being the last. So lists are
read in windows of time, and only a window whose rows are all here is taken (:mod:`~cryptotrace.sources.tron.scan_windows`).
What TronGrid shows as one list, Tronscan has in two: transactions, with their fees, and internal transactions; both are read
for each window. Approvals of TRC-20 tokens may be missing here; they are no money.

Not verified live: the list of blocks that gives the head; the words of refusals; how the creation of a contract, changed
permissions, unstakes and rewards are written (rows whose amount cannot be told are rejected, or are events without an amount);
whether TRC-10 tokens that a call pays are shown at all (the balance check finds them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cryptotrace.codecs import ChainInfo, chain_of, parse_address
from cryptotrace.errors import InputError, MalformedAnswer
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Fetcher, Page, Request
from cryptotrace.sources.tron.checks import is_doubtful
from cryptotrace.sources.tron.scan_answers import classify, read_object
from cryptotrace.sources.tron.scan_lists import INNER, SIGNED, TOKEN, ScanList
from cryptotrace.sources.tron.scan_native import scan_native_of
from cryptotrace.sources.tron.scan_rows import scan_transfers_of
from cryptotrace.sources.tron.scan_windows import FIRST_BLOCK_MS, ScanWindows, cut
from cryptotrace.sources.tron.spelling import FIRST_MS, LAST_MS

__all__ = ["Tronscan"]

_PAGE = 50
_DEEPEST = 10_000
_LISTS: Mapping[str, tuple[ScanList, ...]] = {"native": (SIGNED, INNER), "token": (TOKEN,)}
_MARGIN_MS = 90_000
"""Below the newest block: 19 blocks of 3 s until one is solidified, and as much again for a slow index."""
_FIRST_DAY = FIRST_BLOCK_MS // 86_400_000 * 86_400_000
_Window = tuple[int, int]


class Tronscan:
    """The lists of accounts at Tronscan.

    Parameters
    ----------
    chain : str
        Any name of TRON.
    fetcher : Fetcher
        Where answers come from.
    page_rows : int
        Rows a page; 50 is the most that is served.
    deepest : int
        Where pages end; a window with so many rows is cut.
    on_rate : callable
        Not called.

    Raises
    ------
    InputError
        If the chain is not TRON.
    """

    name = "tronscan"
    streams = ("native", "token")
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
            raise InputError(f"{self.name} has no list {stream}", where=self.name, hint=f"It has {', '.join(self.streams)}")
        subject = parse_address(address, self.chain)
        reader = self._reader(stream, subject, f"until {last}")
        windows = [(min(max(first, _FIRST_DAY), last), last)] if cursor is None else _read_windows(cursor)
        while windows:
            start, end = windows.pop()
            rows = self._window(reader, stream, start, end)
            if rows is None:
                windows += reversed(cut(start, end))
                continue
            yield Page(batch=self.parse(stream, rows), rows=len(rows), through=end, cursor=_written(windows))

    def _window(self, reader: ScanWindows, stream: str, start: int, end: int) -> list[Any] | None:
        """Give all rows of a window, of both lists where the stream is in two; None where it must be cut."""
        found: list[Any] = []
        for of in _LISTS[stream]:
            rows = reader.rows(of, start, end)
            if rows is None:
                return None
            found += (row for row in rows if start <= row[of.stamp] <= end)
        return found

    def _reader(self, stream: str, subject: str, run: str) -> ScanWindows:
        def ask(of: ScanList, start: int, end: int, at: int, size: int, run: str) -> Answer:
            bounds = {"start_timestamp": start, "end_timestamp": end, "start": at, "limit": size}
            return self._ask(stream, of.path, subject, run, **{of.asks_for: subject}, **bounds)

        return ScanWindows(
            subject=subject, ask=ask, is_doubtful=lambda _, rows: is_doubtful(self.parse(stream, rows)),
            page_rows=self.page_rows, deepest=self.deepest, run=run, where=f"{self.name} {stream} {subject}",
        )  # fmt: skip

    def parse(self, stream: str, rows: Sequence[Any]) -> Batch:
        """Turn rows of the lists of a stream into movements and events; what does not fit is rejected whole. Pure."""
        file = f"{self.name}:{self.chain}:{stream}"
        return scan_transfers_of(rows, file=file) if stream == "token" else scan_native_of(rows, file=file)


def _written(windows: Sequence[_Window]) -> str:
    return " ".join(f"{start}-{end}" for start, end in windows)


def _read_windows(cursor: str) -> list[_Window]:
    return [(int(start), int(end)) for start, end in (window.split("-") for window in cursor.split())]
