"""``collect_freezes``: what the issuers of USDT and USDC froze, released and destroyed, from their contracts' own events.

A list is one event of one contract. Lists are walked one after another under one head; raw answers are journalled before the
next request, and go into the store together with the events and a word on how far each list is. A list that was cut short is
walked again from where it began: what was answered is read out of the store, and only what is missing is asked for.

Of several explorers, the next one goes on where one fails; coverage names them, the one at work last.

Coverage has a row a list, of no address: ``freeze:<contract>:<event>``. It says nothing of the contract as an account.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptotrace._version import __version__
from cryptotrace.collect.archive import ASIDE, StoreArchive, keep_aside
from cryptotrace.collect.freeze_lists import FreezeList, able, freeze_lists, pages_of
from cryptotrace.collect.journal import Journal, journal_of
from cryptotrace.collect.recording import RecordingFetcher
from cryptotrace.collect.runs import check_end, close_run, open_run, prepare_run, spec_of
from cryptotrace.collect.stopping import first_interrupt_asks
from cryptotrace.collect.walks import OPEN_ENDS, REJECTED, Progress, Step
from cryptotrace.collect.writing import forget_stored, response_row
from cryptotrace.errors import InputError, SourceError, StoreError
from cryptotrace.model import Coverage, Provenance, ResultTable
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Source

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["VERB", "FreezePull", "collect_freezes", "coverage_of", "freeze_bar", "walk_lists"]

VERB = "freezes"
_FLUSH_PAGES = 100


@dataclass(slots=True)
class FreezePull:
    """What one call carries along; ``known`` is list -> how far it is, ``steps`` wait to be written."""

    source: Source
    store: Store
    journal: Journal
    fetcher: RecordingFetcher
    run: str
    head: int
    first: int
    lists: Sequence[FreezeList]
    bar: Any
    known: dict[str, Progress] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    new: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.known = _known(self.store, self.source, self.first)

    @property
    def is_open(self) -> bool:
        """Whether a list waits for the same command to go on."""
        return any(self.known[one.stream].reason in OPEN_ENDS for one in self.lists if one.stream in self.known)


def collect_freezes(
    source: Source,
    store: Store,
    *,
    tokens: Iterable[str] | None = None,
    first: int = 0,
    to_block: int | str = "finalized",
    max_requests: int | None = None,
    progress: bool | None = None,
) -> Coverage:
    """Pull every freeze, release and destruction that the issuers of stablecoins logged on the chain of a source.

    Parameters
    ----------
    source : Source
        From :func:`cryptotrace.open_source`: one that lists logs (Etherscan and its kind, a node) or events (TronGrid). Of
        several explorers, what one refuses is asked of the next.
    store : Store
        Events go into its table ``events``, raw answers and coverage beside them.
    tokens : iterable of str, optional
        Contracts; by default USDT and USDC where they are their issuer's own.
    first : int
        Where the lists begin, on the axis of the chain (blocks; ms on TRON). Amounts need them from the beginning.
    to_block : int or "finalized"
        Where every list ends, at most what is final; it holds until the lists are whole.
    max_requests : int, optional
        New requests that may be made; then it stops and says so. Run it again to go on.
    progress : bool, optional
        Show a bar; by default where somebody is watching.

    Returns
    -------
    Coverage
        Its table counts the contracts that were asked for: ``complete``, or ``partial`` with the reason.

    Raises
    ------
    InputError
        If the source lists no events, a contract is none that can be believed, or nothing lies between the two ends.
    SourceError
        If the explorer refuses the first question. Later refusals are coverage.
    StoreBusy
        If another process collects into the same store.

    Notes
    -----
    Requests: events / page size, at least one a list (two or three a contract; six where USDT changed its contract). A later
    call goes on where the lists ended.
    """
    if store.read_only:
        raise StoreError("the store was opened read-only", where=str(store.path), hint="Open it without read_only=True")
    check_end(to_block)
    asked = able(source)
    lists = freeze_lists(asked.chain, tokens)
    journal = journal_of(store)
    try:
        forget_stored(journal, store)
        fetcher = RecordingFetcher(asked.fetcher, journal, judge=asked.judge, max_requests=max_requests)
        pulling = asked.through(fetcher)
        run, head = open_run(pulling, fetcher, store, to_block, verb=VERB)
        if not 0 <= first <= head:
            raise InputError(f"nothing lies between {first} and {head}", where="collect_freezes", hint="Begin earlier")
        before = prepare_run(pulling, fetcher, store, journal, run)
        pull = FreezePull(
            source=pulling, store=store, journal=journal, fetcher=fetcher, run=run, head=head, first=first, lists=lists,
            bar=freeze_bar(len(lists), progress=progress),
        )  # fmt: skip
        walk_lists(pull, before)
        if not fetcher.accepted and set(_names(asked)) <= set(fetcher.over):
            raise next(iter(fetcher.over.values()))  # a run that goes on, and its first question is refused
        if not pull.is_open:
            close_run(asked, store, journal, run, head, verb=VERB)
            fetcher.forget_refusals()
    finally:
        journal.close()
    return coverage_of(pull)


def walk_lists(pull: FreezePull, before: tuple[Answer, ...]) -> None:
    """Walk every list, from where it was left; whatever happens, what came is written.

    ``before`` are the answers that came before the first list.
    """
    pull.steps.append(Step(progress=_unknown(pull, ""), answers=before))
    pull.fetcher.keep(_answered(pull))
    try:
        with first_interrupt_asks(pull.fetcher.stop.set, lambda: _say_that_it_stops(pull.bar)):
            for one in pull.lists:
                _walk(pull, one)
                pull.bar.update(1)
    finally:
        _flush(pull)
        pull.bar.close()
        _record(pull)


def _walk(pull: FreezePull, one: FreezeList) -> None:
    """Walk one list up to the head; it ends in a step that says how."""
    so_far = pull.known.get(one.stream) or _unknown(pull, one.stream)
    if so_far.through is not None and so_far.through >= pull.head:
        if so_far.reason not in (None, REJECTED):
            _take(pull, Step(progress=so_far.under(so_far.through).ended(None)))
        return
    so_far = _begun(so_far.under(pull.head), pull.first)
    start = pull.first if so_far.through is None else so_far.through + 1
    cursor, giver = f"{start} {so_far.rows}", ""
    reason: str | None = None
    try:
        for page in pages_of(pull.source, one, start, pull.head, so_far.given_by if so_far.place else None):
            now = (page.given_by or "").rpartition("+")[2]
            if giver not in ("", now):  # another explorer goes on: what it gave before is settled
                cursor = f"{pull.first if so_far.through is None else so_far.through + 1} {so_far.rows}"
            giver = now
            so_far = so_far.after(replace(page, cursor=cursor), pull.source.chain)
            _take(pull, Step(progress=so_far.ended("in_progress"), batch=page.batch, answers=tuple(pull.fetcher.drain())))
    except SourceError as problem:
        reason = problem.kind
    # Answers to a page that is not whole yet stay in the journal: the next run finds them there.
    answers = () if (left := tuple(pull.fetcher.drain())) and reason in OPEN_ENDS else left
    _take(pull, Step(progress=so_far.ended(reason), answers=answers))


def _begun(so_far: Progress, first: int) -> Progress:
    """Go back to where a walk under the same head began; the cursor of a list is that place, and the rows before it."""
    if so_far.place is None:
        return so_far
    start, rows = map(int, so_far.place.split())
    return replace(so_far, through=None if start == first else start - 1, rows=rows)


def _unknown(pull: FreezePull, stream: str) -> Progress:
    return Progress(stream=stream, address="", through=None, rows=0, status="", reason=None, head=pull.head)


def _known(store: Store, source: Source, first: int) -> dict[str, Progress]:
    """Give what earlier calls know of lists that begin at the same place."""
    rows = store.rows(
        "SELECT stream, to_block, status, reason, rows, coalesce(head, 0), cursor, given_by FROM coverage "
        "WHERE source = ? AND chain = ? AND address IS NULL AND from_block = ? AND starts_with(stream, 'freeze:')",
        [source.name, source.chain, first],
    )
    return {
        stream: Progress(
            stream=stream, address="", through=None if through < first else through, rows=count, status=status, reason=reason,
            head=head, cursor=cursor, given_by=given_by,
        )
        for stream, through, status, reason, count, head, cursor, given_by in rows
    }  # fmt: skip


def _answered(pull: FreezePull) -> list[Answer]:
    """Give the stored answers about contracts with a list that was cut short under this head."""
    cut = {
        one.contract for one in pull.lists if (p := pull.known.get(one.stream)) is not None and p.under(pull.head).place
    }  # fmt: skip
    rows = pull.store.rows(
        "SELECT key FROM responses WHERE source IN (SELECT unnest(?)) AND chain = ? AND stream IN ('logs', 'events') "
        "AND subject IN (SELECT unnest(?)) ORDER BY key",
        [_names(pull.source), pull.source.chain, sorted(cut)],
    )
    archive = StoreArchive(pull.store)
    return [answer for (key,) in rows if (answer := archive.find(key)) is not None]


def _names(source: Source) -> list[str]:
    """Name the explorers that are asked."""
    return [one.name for one in getattr(source, "sources", (source,))]


def freeze_bar(total: int, *, progress: bool | None) -> Any:
    """Make a bar; None shows it where somebody is watching."""
    from tqdm.auto import tqdm

    return tqdm(total=total, unit="list", desc="freezes", disable=None if progress is None else not progress)


def _say_that_it_stops(bar: Any) -> None:
    bar.write("finishing the page at hand; Ctrl-C again breaks off", file=sys.stderr)


# -- writing -------------------------------------------------------------------------------------------------------------


def _take(pull: FreezePull, step: Step) -> None:
    pull.steps.append(step)
    pull.known[step.progress.stream] = step.progress
    if sum(len(one.answers) for one in pull.steps) >= _FLUSH_PAGES:
        _flush(pull)


def _flush(pull: FreezePull) -> None:
    """Put answers, events and coverage into the store together, then let the journal forget the answers."""
    steps, pull.steps = pull.steps, []
    latest = {step.progress.stream: step.progress for step in steps if step.progress.stream}
    answers = {answer.request.key: answer for step in steps for answer in step.answers}
    keys = list(answers)
    aside = [answers.pop(key) for key in keys if answers[key].request.stream in ASIDE]
    words = Batch()
    for answer in answers.values():
        words.add("responses", response_row(answer))
    for progress in latest.values():
        words.add("coverage", _coverage_row(pull, progress))
    try:
        with pull.store.transaction():
            for stream in latest:
                pull.store.run(
                    "DELETE FROM coverage WHERE source = ? AND chain = ? AND address IS NULL AND stream = ? AND from_block = ?",
                    [pull.source.name, pull.source.chain, stream, pull.first],
                )
            keep_aside(pull.store, aside)
            pull.store.run("DELETE FROM responses WHERE key IN (SELECT unnest(?))", [list(answers)])
            new = pull.store.load([*(step.batch for step in steps), words])
    except BaseException:
        pull.steps[:0] = steps  # busy, full or interrupted: written twice changes nothing, never written would
        raise
    pull.new.update(new)
    pull.rejected.update(reject.reason for step in steps for reject in step.batch.rejects)
    pull.journal.drop(keys)


def _coverage_row(pull: FreezePull, progress: Progress) -> tuple[Any, ...]:
    through = pull.first - 1 if progress.through is None else progress.through
    return (
        pull.source.name, progress.stream, pull.source.chain, None, pull.first, through, progress.status, progress.reason,
        progress.rows, progress.cursor, progress.head, datetime.now(UTC), progress.given_by,
    )  # fmt: skip


def _record(pull: FreezePull) -> None:
    """Keep what a replay needs."""
    parameters = {
        "source": spec_of(pull.source),
        "chain": pull.source.chain,
        "run": pull.run,
        "head": pull.head,
        "first": pull.first,
        "lists": [[one.contract, one.name] for one in pull.lists],
    }
    pull.store.load([], run={"verb": VERB, "parameters": json.dumps(parameters, sort_keys=True), "inputs": ""})


def coverage_of(pull: FreezePull) -> Coverage:
    """Say what a pull brought and what it did not, by contract."""
    by_contract: dict[str, set[tuple[str, str | None]]] = {}
    for one in pull.lists:
        found = pull.known[one.stream]
        by_contract.setdefault(one.contract, set()).add((found.status, found.reason))
    counts: Counter[tuple[str, str | None]] = Counter()
    for ways in by_contract.values():
        counts.update(ways if len(ways) == 1 else {way for way in ways if way[0] != "complete"})
    rows = tuple((*way, count) for way, count in sorted(counts.items(), key=lambda item: (item[0][0], item[0][1] or "")))
    stopped = pull.fetcher.stop.is_set()
    parameters = {
        "source": pull.source.name,
        "chain": pull.source.chain,
        "first": str(pull.first),
        "head": str(pull.head),
        "contracts": " ".join(by_contract),
        "requests": str(sum(pull.fetcher.sent.values())),
        "requests_by_stream": json.dumps(dict(sorted(pull.fetcher.sent.items()))),
        "refused": json.dumps({name: str(problem) for name, problem in sorted(pull.fetcher.over.items())}),
    }
    warnings = ("stopped on request: run the same command to go on",) if stopped else ()
    return Coverage(
        new={name: count for name, count in pull.new.items() if name not in {"meta", "runs"}},
        rejected=dict(pull.rejected.most_common()),
        table=ResultTable("coverage", ("status", "reason", "addresses"), rows),
        provenance=Provenance(verb="collect_freezes", version=__version__, parameters=parameters, warnings=warnings),
    )
