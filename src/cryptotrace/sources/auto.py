"""``open_source("auto")``: several explorers as one; what one cannot give is asked of the next.

The order is that of the list. A refusal, a failure that does not pass, or an explorer that lags behind the head of the run
passes a list on to the next explorer, which goes on where the list stands. Rows before that place and rows after it come from
different explorers and never overlap, or merge by maximum multiplicity where an explorer shows newest rows first. Coverage
says who gave what.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from cryptotrace.codecs import chain_of
from cryptotrace.errors import BadRequest, InputError, NotIndexedYet, SourceError, Stopped
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Fetcher, HasBalances, HasNonces, HasReceipts, Page, Request, Source

__all__ = ["AutoSource", "Routes"]

_LAG = {"block": 10_000, "ms": 3_600_000}
"""How far an explorer may lie behind the others: margins below the tip differ, and one that stands still must not hold them."""
_Given = TypeVar("_Given")


class Routes:
    """A fetcher of several explorers: each request goes to its own.

    Parameters
    ----------
    fetchers : mapping
        Name of the explorer -> its fetcher.
    """

    def __init__(self, fetchers: Mapping[str, Fetcher]) -> None:
        self.fetchers = fetchers

    def fetch(self, request: Request) -> Answer:
        """Give the answer of the explorer that the request is for."""
        return self.fetchers[request.source].fetch(request)

    def fetch_within(self, request: Request, spend: Callable[[], None]) -> Answer:
        """Do the same; ``spend`` is called before each request is sent."""
        inner = self.fetchers[request.source]
        within = getattr(inner, "fetch_within", None)
        if within is not None:
            answer: Answer = within(request, spend)
            return answer
        spend()
        return inner.fetch(request)

    @property
    def has_key(self) -> bool:
        """Whether a key goes along to any of them."""
        return any(getattr(one, "has_key", False) for one in self.fetchers.values())

    @property
    def rate(self) -> float:
        """Requests per second of the one that is asked first."""
        return float(getattr(next(iter(self.fetchers.values())), "rate", 1.0))


class AutoSource:
    """Several explorers of one chain as one source.

    Parameters
    ----------
    sources : sequence of Source
        In the order in which they are asked; at least one, all of one chain.

    Raises
    ------
    InputError
        If there is none, or they are of several chains.
    """

    name = "auto"

    def __init__(self, sources: Sequence[Source]) -> None:
        if not sources or len({source.chain for source in sources}) != 1:
            raise InputError("give explorers of one chain", where="open_source", hint="At least one")
        self.sources = tuple(sources)
        self.fetcher: Fetcher = Routes({source.name: source.fetcher for source in sources})
        self._lock = threading.RLock()
        self._run = ""
        self._heads: dict[str, int | SourceError] = {}

    @property
    def chain(self) -> str:
        """Our name of the chain."""
        return self.sources[0].chain

    @property
    def spec(self) -> str:
        """What :func:`source_over` makes the same source of, for a replay."""
        return f"{self.name}:{'+'.join(source.name for source in self.sources)}"

    @property
    def streams(self) -> tuple[str, ...]:
        """Every list that any of them knows."""
        return tuple(dict.fromkeys(stream for source in self.sources for stream in source.streams))

    @property
    def questions(self) -> int:
        """Requests before the first list: every explorer is asked for its head, so that any of them can go on."""
        return sum(source.questions for source in self.sources)

    def judge(self, answer: Answer) -> None:
        """Raise the error that an answer is, as the explorer that gave it puts it."""
        for source in self.sources:
            if source.name == answer.request.source:
                source.judge(answer)

    def through(self, fetcher: Fetcher) -> AutoSource:
        """Give the same explorers with answers from elsewhere."""
        return AutoSource([source.through(fetcher) for source in self.sources])

    def prepare(self, run: str) -> None:
        """Note the run; each explorer is prepared when it is first asked."""
        with self._lock:
            if run != self._run:
                self._run, self._heads = run, {}

    def head(self, run: str) -> int:
        """Give a head that every explorer of the list has reached, but for those that lie far behind: they are left out."""
        self.prepare(run)
        heads: dict[str, int] = {}
        problem: SourceError | None = None
        for source in self.sources:
            try:
                heads[source.name] = self._ready(source)
            except Stopped:
                raise
            except SourceError as refusal:
                problem = problem or refusal
        if not heads:
            assert problem is not None
            raise problem
        least = max(heads.values()) - _LAG[chain_of(self.chain).axis]
        return min(head for head in heads.values() if head >= least)

    def _ready(self, source: Source) -> int:
        """Prepare an explorer once a run and give its head; what it refuses once, it refuses for the run."""
        with self._lock:
            if source.name not in self._heads:
                try:
                    source.prepare(self._run)
                    self._heads[source.name] = source.head(self._run)
                except Stopped:
                    raise
                except SourceError as problem:
                    self._heads[source.name] = problem
            found = self._heads[source.name]
        if isinstance(found, SourceError):
            raise found
        return found

    def pages(self, stream: str, address: str, first: int, last: int, cursor: str | None = None) -> Iterator[Page]:
        """Walk a list from explorer to explorer, or go on at a cursor; see :meth:`Source.pages`."""
        given, inner = _read_cursor(cursor)
        able = [source for source in self.sources if stream in source.streams]
        if given:
            able = able[[source.name for source in able].index(given[-1]) :]
        start = first
        problem: SourceError | None = None
        for source in able:
            try:
                head = self._ready(source)
                if head < last:
                    raise NotIndexedYet(
                        f"{source.name} knows this chain only up to {head:,}",
                        where=f"{source.name} {self.chain}",
                        hint="Ask later",
                    )
                for page in source.pages(stream, address, start, last, inner):
                    if not given or given[-1] != source.name:
                        given = [*given, source.name]
                    start = page.through + 1
                    yield replace(page, cursor=_cursor(given, page.cursor), given_by="+".join(given))
            except Stopped:
                raise
            except SourceError as refusal:
                problem, inner = refusal, None
                continue
            return
        assert problem is not None
        raise problem

    # -- single questions: the first that has an answer ------------------------------------------------------------------

    def balance(self, address: str, contract: str | None, run: str) -> int:
        """Give the balance in base units, of the first explorer that tells it."""
        found: int = self._first(HasBalances, lambda source: source.balance(address, contract, run))
        return found

    def nonce(self, address: str, run: str) -> int:
        """Give the number of transactions that the account signed."""
        found: int = self._first(HasNonces, lambda source: source.nonce(address, run))
        return found

    def receipt(self, tx_hash: str, *, time: datetime | None = None, subject: str = "") -> Batch:
        """Give a transaction, its fee and its token transfers with their log indices."""
        found: Batch = self._first(HasReceipts, lambda source: source.receipt(tx_hash, time=time, subject=subject))
        return found

    def _first(self, ability: type, ask: Callable[[Any], _Given]) -> _Given:
        problem: SourceError | None = None
        for source in self.sources:
            if not isinstance(source, ability):
                continue
            try:
                self._ready(source)
                return ask(source)
            except Stopped:
                raise
            except SourceError as refusal:
                problem = problem or refusal
        if problem is None:
            raise BadRequest(
                "no explorer in the list can tell this", where=f"{self.name} {self.chain}", hint="Add one that can"
            )
        raise problem


def _cursor(given: Sequence[str], inner: str) -> str:
    """Write who gave the list so far, the one at work last, and where that one goes on."""
    return f"{'+'.join(given)} {inner}"


def _read_cursor(cursor: str | None) -> tuple[list[str], str | None]:
    if not cursor:
        return [], None
    given, _, inner = cursor.partition(" ")
    return given.split("+"), inner
