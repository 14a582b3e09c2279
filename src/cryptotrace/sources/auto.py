"""``open_source("auto")``: several explorers as one; what one cannot give is asked of the next.

The order is that of the list. A refusal, a failure that does not pass, or an explorer that lags behind the head of the run
passes a list on to the next explorer, which goes on where the list stands. Rows before that place and rows after it come from
different explorers and never overlap, or merge by maximum multiplicity where an explorer shows newest rows first. Coverage
says who gave what.

Whoever is at work on a list stays at it, also in a later run to the same end; every other list begins with the first explorer
again. A list comes back to those that failed before once another got further with it, and ends where all fail at one place.

Heads are asked side by side. Who does not tell his in time is left out of the run, unless a list is to be had there alone.

Explorers of one rank share the addresses: a hash of the address says who is asked first, so that the pace of every host is
used, and a replay asks the same ones again.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any, TypeVar

from cryptotrace.codecs import chain_of
from cryptotrace.errors import BadRequest, InputError, NotIndexedYet, SourceError, Stopped, TransientSourceError
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Fetcher, HasBalances, HasNonces, HasReceipts, Page, Request, Source
from cryptotrace.sources.together import asked_together

__all__ = ["AutoSource", "Routes"]

_LAG = {"evm": 10_000, "tron": 3_600_000, "bitcoin": 36}
"""How far an explorer may lie behind the others, on the axis of the chain: margins below the tip differ, and one that stands
still must not hold them."""
_PATIENCE = 20.0
"""Seconds after which a run begins without the heads that were not told."""
_CANNOT = "no_traces"
"""What an explorer says of a list that it never has: no reason where another one gave a reason."""
_Given = TypeVar("_Given")
_Told = tuple[int | SourceError, tuple[Answer, ...]]
"""A head, or why there is none, and the answers that say so."""


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
        In the order in which they are asked; at least one, all of one chain, each name once.
    ranks : sequence of int, optional
        As many as there are sources, never falling; those of one rank share the addresses. By default each has its own.

    Raises
    ------
    InputError
        If there is none, or they are of several chains, or do not fit the ranks.
    """

    name = "auto"

    def __init__(self, sources: Sequence[Source], ranks: Sequence[int] | None = None) -> None:
        if not sources or len({source.chain for source in sources}) != 1:
            raise InputError("give explorers of one chain", where="open_source", hint="At least one")
        self.ranks = tuple(range(len(sources)) if ranks is None else ranks)
        if len({source.name for source in sources}) != len(sources) or len(self.ranks) != len(sources):
            raise InputError("an explorer comes twice, or has no rank", where="open_source", hint="Name each once")
        if list(self.ranks) != sorted(self.ranks):
            raise InputError("ranks fall", where="open_source", hint="Those that are asked first have the lowest rank")
        self.sources = tuple(sources)
        self.fetcher: Fetcher = Routes({source.name: source.fetcher for source in sources})
        self._lock = threading.Lock()
        self._asking = {source.name: threading.Lock() for source in self.sources}
        self._run = ""
        self._heads: dict[str, int | SourceError] = {}
        self._is_copy = False

    @property
    def chain(self) -> str:
        """Our name of the chain."""
        return self.sources[0].chain

    @property
    def tiers(self) -> tuple[tuple[Source, ...], ...]:
        """The explorers by rank."""
        ranked = groupby(zip(self.ranks, self.sources, strict=True), key=lambda pair: pair[0])
        return tuple(tuple(source for _, source in pairs) for _, pairs in ranked)

    @property
    def spec(self) -> str:
        """What :func:`source_over` makes the same source of, for a replay: ``auto:one|beside+next``."""
        return f"{self.name}:{'+'.join('|'.join(source.name for source in tier) for tier in self.tiers)}"

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
        other = AutoSource([source.through(fetcher) for source in self.sources], self.ranks)
        with self._lock:
            other._run, other._heads, other._is_copy = self._run, dict(self._heads), True
        return other

    def prepare(self, run: str) -> None:
        """Note the run; each explorer is prepared when it is first asked."""
        with self._lock:
            if run != self._run or self._is_copy:  # a copy asks again, so that what it is told is recorded
                self._run, self._heads, self._is_copy = run, {}, False

    def head(self, run: str) -> int:
        """Give a head that every explorer of the list has reached, but for those that lie far behind: they are left out.

        So are those that do not tell it in time, if the others have every list.
        """
        self.prepare(run)
        told = asked_together(
            {source.name: partial(self._told, source) for source in self.sources}, patience=_PATIENCE, is_enough=self._has_all
        )
        heads: dict[str, int] = {}
        problem: SourceError | None = None
        for source in self.sources:  # in this order whoever answered first: what is kept does not depend on it
            found = self._settled(source, told.get(source.name))
            if isinstance(found, SourceError):
                problem = problem or found
            else:
                heads[source.name] = found
        if not heads:
            assert problem is not None
            raise problem
        least = max(heads.values()) - _LAG[chain_of(self.chain).family]
        return min(head for head in heads.values() if head >= least)

    def _has_all(self, names: Collection[str]) -> bool:
        """Whether those who are silent have no list that these explorers have not."""
        with self._lock:
            silent = [source for source in self.sources if source.name not in self._heads]
            good = [source for source in self.sources if isinstance(self._heads.get(source.name), int) and source.name in names]
        given = {stream for source in good for stream in source.streams}
        return bool(good) and all(given.issuperset(source.streams) for source in silent)

    def _told(self, source: Source) -> _Told:
        """Ask for a head on a thread of its own, and hand its answers over to the one that waits."""
        drain: Callable[[], list[Answer]] = getattr(source.fetcher, "drain", list)
        found: int | SourceError
        try:
            found = self._ready(source)
        except Stopped:
            raise
        except SourceError as problem:
            found = problem
        return found, tuple(drain())

    def _settled(self, source: Source, told: Future[_Told] | None) -> int | SourceError:
        """Take over what an explorer told of its head; one that has none is asked no more in this run."""
        if told is None:
            where, hint = f"{source.name} {self.chain}", "It is left out of this run; the next one asks it again"
            late = TransientSourceError(f"no head within {_PATIENCE:g} s", where=where, hint=hint)
            with self._lock:
                found = self._heads.setdefault(source.name, late)
        else:
            found, answers = told.result()
            getattr(source.fetcher, "adopt", lambda _: None)(answers)
        if isinstance(found, SourceError):
            getattr(source.fetcher, "leave_out", lambda *_: None)(source.name, found)
        return found

    def _ready(self, source: Source) -> int:
        """Prepare an explorer once a run and give its head; what it refuses once, it refuses for the run."""
        found = self._heads.get(source.name)
        if found is None:  # who is known to be silent is not waited for
            with self._asking[source.name]:
                found = self._heads[source.name] if source.name in self._heads else self._first_answer(source)
        if isinstance(found, SourceError):
            raise found
        return found

    def _first_answer(self, source: Source) -> int | SourceError:
        run = self._run
        found: int | SourceError
        try:
            source.prepare(run)
            found = source.head(run)
        except Stopped:
            raise
        except SourceError as problem:
            found = problem
        with self._lock:  # who was left out meanwhile stays left out
            return self._heads.setdefault(source.name, found) if run == self._run else found

    # -- walks -----------------------------------------------------------------------------------------------------------

    def lane(self, address: str) -> str:
        """Name the explorer that is asked first for an address."""
        return self._in_order(address)[0].name

    def _in_order(self, address: str) -> list[Source]:
        """Give the explorers in the order of an address: inside a rank, its hash says who begins."""
        drawn = int.from_bytes(hashlib.sha256(address.encode()).digest()[:8], "big")
        found: list[Source] = []
        for tier in self.tiers:
            first = drawn % len(tier)
            found += [*tier[first:], *tier[:first]]
        return found

    def pages(self, stream: str, address: str, first: int, last: int, cursor: str | None = None) -> Iterator[Page]:
        """Walk a list from explorer to explorer, or go on at a cursor; see :meth:`Source.pages`."""
        able = [source for source in self._in_order(address) if stream in source.streams]

        def ask(source: Source, start: int, inner: str | None) -> Iterator[Page]:
            return source.pages(stream, address, start, last, inner)

        return self.passed_on(able, ask, first, last, cursor)

    def passed_on(
        self,
        able: Sequence[Source],
        ask: Callable[[Any, int, str | None], Iterator[Page]],
        first: int,
        last: int,
        cursor: str | None = None,
    ) -> Iterator[Page]:
        """Walk a list from explorer to explorer.

        Parameters
        ----------
        able : sequence of Source
            Those of :attr:`sources` that have the list, in the order of asking.
        ask : callable
            Given one of them, where to begin, and its own cursor or None; gives its pages.
        first, last : int
            The list begins and ends there, both included.
        cursor : str, optional
            Of an earlier page: whoever gave it goes on; those in front of it are asked after the others.

        Raises
        ------
        SourceError
            What the last one said, where all fail at one place.
        """
        place, inner = _Place.read(cursor)
        at = next((at for at, source in enumerate(able) if place.given[-1:] == (source.name,)), None)
        if at is None:
            inner = None  # who was at work can be asked no more
        waiting = deque([*able[at:], *able[:at]] if at is not None else able)
        failed: list[Source] = []
        problem: SourceError | None = None
        while waiting:
            source = waiting.popleft()
            try:
                self._reach(source, last)
                for page in ask(source, first, inner):
                    if page.through >= first:  # beyond the place where others failed: they may do from here on
                        waiting += failed
                        failed.clear()
                    place, counted = place.after(source.name, page, first, is_new=inner is None)
                    inner, first = page.cursor, max(first, page.through + 1)
                    yield replace(page, rows=counted, cursor=place.cursor(page.cursor), given_by="+".join(place.given))
            except Stopped:
                raise
            except SourceError as refusal:
                problem, inner = refusal if problem is None or refusal.kind != _CANNOT else problem, None
                failed.append(source)
                continue
            return
        assert problem is not None
        raise problem

    def _reach(self, source: Source, last: int) -> None:
        """Refuse an explorer that does not know the chain up to there."""
        head = self._ready(source)
        if head < last:
            where = f"{source.name} {self.chain}"
            raise NotIndexedYet(f"{source.name} knows this chain only up to {head:,}", where=where, hint="Ask later")

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
        if chain_of(self.chain).family != "evm":
            raise BadRequest("no receipt of this kind", where=f"{self.name} {self.chain}", hint="Receipts are of EVM chains")
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


@dataclass(frozen=True, slots=True)
class _Place:
    """Who gave a list so far, the one at work last; and how many of the rows count as final only at the end of its walk."""

    given: tuple[str, ...] = ()
    loose: int = 0

    def after(self, name: str, page: Page, first: int, *, is_new: bool) -> tuple[_Place, int]:
        """Give the place behind a page, and the rows to count: who begins shows again what was not final yet."""
        given = (*(one for one in self.given if one != name), name)
        before = 0 if is_new else self.loose
        return _Place(given, before + page.rows if page.through < first else 0), page.rows - (self.loose if is_new else 0)

    def cursor(self, inner: str) -> str:
        """Write the place, and where the explorer at work goes on."""
        return f"{'+'.join(self.given)}{f'~{self.loose}' if self.loose else ''} {inner}"

    @staticmethod
    def read(cursor: str | None) -> tuple[_Place, str | None]:
        """Read what :meth:`cursor` wrote."""
        if not cursor:
            return _Place(), None
        words, _, inner = cursor.partition(" ")
        names, _, loose = words.partition("~")
        return _Place(tuple(names.split("+")), int(loose or 0)), inner
