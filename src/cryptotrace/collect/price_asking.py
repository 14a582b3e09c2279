"""Asking sources of prices, one after the other, inside one budget; every answer is in the store before the next but one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptotrace.collect.archive import StoreArchive
from cryptotrace.collect.journal import Journal
from cryptotrace.collect.price_archive import CHECK, Known, is_good, response_row
from cryptotrace.collect.price_checks import Check, sample
from cryptotrace.collect.recording import RecordingFetcher
from cryptotrace.errors import BadRequest, RangeTooLarge, SourceError, Stopped
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.prices import Found, Need, PriceSource, Quote
from cryptotrace.sources.prices.base import STREAM

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["Fetching", "ask", "checked"]


@dataclass(slots=True)
class Fetching:
    """What one call carries along."""

    store: Store
    journal: Journal
    max_requests: int | None
    bar: Any
    open: set[Need]
    reasons: dict[Need, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    quotes: list[Quote] = field(default_factory=list)
    fetchers: list[RecordingFetcher] = field(default_factory=list)
    problems: list[SourceError] = field(default_factory=list)
    stopped: Stopped | None = None
    interrupted: bool = False
    new: int = 0

    @property
    def sent(self) -> int:
        """Requests that were sent so far, by all sources together."""
        return sum(sum(fetcher.sent.values()) for fetcher in self.fetchers)

    def stop(self) -> None:
        """End after the answer at hand."""
        self.interrupted = True
        for fetcher in self.fetchers:
            fetcher.stop.set()

    def through(self, source: PriceSource) -> RecordingFetcher:
        """Give what fetches for a source inside what is left of the budget."""
        left = None if self.max_requests is None else max(0, self.max_requests - self.sent)
        fetcher = RecordingFetcher(source.fetcher, self.journal, judge=source.judge, max_requests=left)
        self.fetchers.append(fetcher)
        if self.interrupted:
            fetcher.stop.set()
        return fetcher


def ask(run: Fetching, source: PriceSource, known: Known) -> None:
    """Ask a source for everything that is still open; a refusal that holds for all ends its turn."""
    settled = known.get(source.name, {})
    for need in run.open & settled.keys():
        run.reasons[need][source.name] = settled[need]
    mine = [need for need in run.open - settled.keys() if source.serves(need.asset)]
    fetcher = run.through(source)
    waiting = list(reversed(source.requests(mine)))
    while waiting and run.stopped is None:
        request = waiting.pop()
        try:
            answer = fetcher.fetch(request)
        except Stopped as problem:
            run.stopped = problem
            waiting.append(request)
        except RangeTooLarge as problem:
            needs = [need for need in source.asked(request) if need in run.open]
            if len(needs) > 1:
                middle = len(needs) // 2
                waiting += [*source.requests(needs[middle:]), *source.requests(needs[:middle])]
            else:
                run.problems.append(problem)
                _refused(run, source, [request], problem)
        except SourceError as problem:
            run.problems.append(problem)
            kept = [request] if isinstance(problem, BadRequest) else [request, *waiting]
            _refused(run, source, kept, problem)
            waiting = waiting if isinstance(problem, BadRequest) else []
        else:
            _take(run, source.read(answer))
        _write(run, source, fetcher.drain())
        run.bar.update(1)
    for request in waiting:
        _refused(run, source, [request], run.stopped)


def _refused(run: Fetching, source: PriceSource, requests: Iterable[Request], problem: SourceError | None) -> None:
    kind = "not asked" if problem is None else problem.kind
    for request in requests:
        for need in source.asked(request):
            if need in run.open:
                run.reasons[need][source.name] = kind


def _take(run: Fetching, found: Found) -> None:
    run.quotes += found.quotes
    run.open -= {quote.need for quote in found.quotes}
    for gap in found.gaps:
        if gap.need in run.open:
            run.reasons[gap.need][gap.source] = gap.reason


def _write(run: Fetching, source: PriceSource, answers: Sequence[Answer], *, stream: str = STREAM) -> None:
    """Put answers and their rows into the store together, then let the journal forget them."""
    if not answers:
        return
    batch = Batch()
    for answer in answers:
        batch.add("responses", response_row(answer, stream))
        if stream == STREAM and is_good(source, answer):
            for quote in source.read(answer).quotes:
                batch.add("prices", quote.row())
    keys = [answer.request.key for answer in answers]
    with run.store.transaction():
        run.store.run("DELETE FROM responses WHERE key IN (SELECT unnest(?))", [keys])
        run.new += run.store.load([batch])["prices"]
    run.journal.drop(keys)


def checked(run: Fetching, opened: Sequence[PriceSource], number: int) -> list[Check]:
    """Ask a second source about a sample of what was found; its answers are kept, but give no rows."""
    sampled: dict[str, list[Quote]] = defaultdict(list)
    able = {quote.need: _second_source(opened, quote) for quote in run.quotes}
    for quote in sample([quote for quote in run.quotes if able[quote.need] is not None], number):
        sampled[able[quote.need] or ""].append(quote)
    checks: list[Check] = []
    for source in opened:
        first = {quote.need: quote for quote in sampled.get(source.name, ())}
        fetcher = run.through(source)
        for request in source.requests(first):
            if run.stopped is not None:
                return checks
            answer = StoreArchive(run.store).find(request.key)
            if answer is None:
                try:
                    answer = fetcher.fetch(request)
                except Stopped as problem:
                    run.stopped = problem
                    continue
                except SourceError as problem:
                    run.problems.append(problem)
                    continue
                _write(run, source, fetcher.drain(), stream=CHECK)
            if is_good(source, answer):
                checks += [
                    Check(need=other.need, source=first[other.need].source, usd=first[other.need].usd, other=other)
                    for other in source.read(answer).quotes
                    if other.need in first
                ]
    return checks


def _second_source(opened: Sequence[PriceSource], quote: Quote) -> str | None:
    return next((one.name for one in opened if one.name != quote.source and one.serves(quote.need.asset)), None)
