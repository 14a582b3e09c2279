"""``collect``: addresses in, complete lists in the store, and a word on everything that is not complete.

Breadth first, several accounts at a time inside one shared pace. Raw answers are journalled before the next request; answers,
rows and coverage then go into the store together, one transaction a flush. Interrupt it, kill it, cut the power: the same
command goes on at the last journalled answer, under the same head.
"""

from __future__ import annotations

import json
import queue
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

from cryptotrace._version import __version__
from cryptotrace.codecs import chain_of, parse_address
from cryptotrace.collect.counterparties import counterparties, is_service
from cryptotrace.collect.income import refuse_other_rewards
from cryptotrace.collect.journal import journal_of
from cryptotrace.collect.numbering import refuse_other_numbering
from cryptotrace.collect.receipts import check_receipts, fill_log_indices, has_open_receipts
from cryptotrace.collect.recording import RecordingFetcher
from cryptotrace.collect.runs import check_end, close_run, explorers_in, open_run, prepare_run, spec_of
from cryptotrace.collect.statuses import coverage_table
from cryptotrace.collect.stopping import first_interrupt_asks
from cryptotrace.collect.walks import OPEN_ENDS, Progress, Step, walk_account
from cryptotrace.collect.writing import Pull, flush, forget_stored, take
from cryptotrace.errors import InputError, StoreError
from cryptotrace.model import Coverage, Labels, Provenance
from cryptotrace.sources.base import Answer, Source

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["collect", "coverage_of", "known_progress", "progress_bar", "pull_levels"]

_WORKERS = 4
_WAIT = 0.2


def collect(
    source: Source,
    store: Store,
    addresses: Iterable[tuple[str, str] | str],
    *,
    hops: int = 0,
    labels: Labels | None = None,
    max_requests: int | None = None,
    max_rows_per_address: int = 20_000,
    to_block: int | str = "finalized",
    receipts: str | None = None,
    progress: bool | None = None,
) -> Coverage:
    """Pull complete transaction lists of addresses, and of their counterparties ``hops`` steps out.

    Parameters
    ----------
    source : Source
        From :func:`cryptotrace.open_source`.
    store : Store
        Where rows, raw answers and coverage go.
    addresses : iterable of str or (chain, address)
        Those of other chains than the source's are left out; ``Seeds.addresses`` fits.
    hops : int
        0 pulls the addresses alone. Labelled services and accounts that are too busy are never expanded.
    labels : Labels, optional
        Says what is a service.
    max_requests : int, optional
        New requests that may be made; then it stops and says so. Run it again to go on.
    max_rows_per_address : int
        An account with more rows is left as ``too_busy``.
    to_block : int or "finalized"
        Where every list ends, at most the newest final block. That is asked for once and holds for the whole run, also after
        an interruption.
    receipts : {"equal", "all"}, optional
        Ask for receipts too, which name the place of every token transfer: ``equal`` of transactions where equal rows cannot
        be told from one that is repeated, ``all`` of every transaction with a token row without a place. One request each.
    progress : bool, optional
        Show a bar; by default where somebody is watching.

    Returns
    -------
    Coverage
        ``is_partial`` says whether anything is missing.

    Raises
    ------
    SourceError
        If the explorer refuses the first question (key, plan, chain). Later refusals are coverage.
    StoreBusy
        If another process collects into the same store.

    Notes
    -----
    Requests are about rows / page size, plus one an empty list. Memory is that of one flush.
    """
    if store.read_only:
        raise StoreError("the store was opened read-only", where=str(store.path), hint="Open it without read_only=True")
    check_end(to_block)
    check_receipts(source, receipts)
    wanted = _wanted(source, addresses)
    for name in explorers_in(spec_of(source)):
        refuse_other_numbering(store, name, source.chain)
        refuse_other_rewards(store, name, source.chain, wanted)
    journal = journal_of(store)
    try:
        forget_stored(journal, store)
        fetcher = RecordingFetcher(source.fetcher, journal, judge=source.judge, max_requests=max_requests)
        pulling = source.through(fetcher)
        run, head = open_run(pulling, fetcher, store, to_block)
        before = prepare_run(pulling, fetcher, store, journal, run)
        bar = progress_bar(len(wanted), progress=progress)
        pull = Pull(
            source=pulling, store=store, journal=journal, fetcher=fetcher, head=head, run=run, max_rows=max_rows_per_address,
            bar=bar, known=known_progress(store, source), day_left=_day_left(source, before),
        )  # fmt: skip
        pull_levels(pull, wanted, hops, labels, before=before, receipts=receipts)
        _raise_if_nobody_answers(source, fetcher)
        if not pull.interrupted and not _has_open_ends(pull, pull.walked) and not has_open_receipts(pull):
            close_run(source, store, journal, run, head)
    finally:
        journal.close()
    return coverage_of(pull, hops=hops, max_requests=max_requests)


def pull_levels(
    pull: Pull,
    wanted: Sequence[str],
    hops: int,
    labels: Labels | None,
    *,
    before: tuple[Answer, ...] = (),
    receipts: str | None = None,
) -> None:
    """Walk the wanted accounts and what lies around them; whatever happens, what came is written.

    ``before`` are the answers that came before the first list; they go into the store with the first flush.
    """
    none = Progress(stream="", address="", through=None, rows=0, status="", reason=None, head=pull.head)
    pull.steps.append(Step(progress=none, answers=before))
    asked = False
    try:
        with first_interrupt_asks(pull.stop, lambda: _say_that_it_stops(pull.bar)):
            _levels(pull, wanted, hops, labels)
            asked = fill_log_indices(pull, receipts)
    finally:
        flush(pull)
        pull.bar.close()
        _record_run(pull, receipts if asked else None)


def _raise_if_nobody_answers(source: Source, fetcher: RecordingFetcher) -> None:
    """Raise the refusal of a run that goes on, and its first question is refused by every explorer that there is."""
    names = {one.name for one in getattr(source, "sources", (source,))}
    if not fetcher.accepted and names <= set(fetcher.over):
        raise next(iter(fetcher.over.values()))


def _wanted(source: Source, addresses: Iterable[tuple[str, str] | str]) -> list[str]:
    found: dict[str, None] = {}
    for item in addresses:
        chain, address = (source.chain, item) if isinstance(item, str) else item
        if chain_of(chain).name == source.chain:
            found[parse_address(address, source.chain)] = None
    if not found:
        raise InputError(f"no address on {source.chain}", where="collect", hint="Give addresses of the chain of the source")
    return list(found)


def progress_bar(total: int, *, progress: bool | None) -> Any:
    """Make a bar; None shows it where somebody is watching."""
    from tqdm.auto import tqdm

    return tqdm(total=total, unit="address", desc="collect", disable=None if progress is None else not progress)


def _day_left(source: Source, before: Sequence[Answer]) -> int | None:
    """Give what the plan of the key has left today, where one explorer alone is asked and says so."""
    told = [answer.body for answer in before if answer.request.stream == "plan" and answer.request.source == source.name]
    for body in told:
        with suppress(ValueError, KeyError, TypeError):
            return int(json.loads(body)["result"]["creditsAvailable"])
    return None


def _say_that_it_stops(bar: Any) -> None:
    bar.write("finishing the page at hand; Ctrl-C again breaks off", file=sys.stderr)


# -- what a run remembers ------------------------------------------------------------------------------------------------


def _record_run(pull: Pull, receipts: str | None, *, is_open: bool = False) -> None:
    """Keep what a replay needs: the run, its head, and every account that it walks.

    That is written before the accounts are walked, as open, so that what a killed call wrote can be replayed too; its end takes
    the place of what this call, or a killed one with no other accounts, wrote so.
    """
    parameters = {
        "source": spec_of(pull.source),
        "chain": pull.source.chain,
        "run": pull.run,
        "head": pull.head,
        "max_rows": pull.max_rows,
        "accounts": sorted(pull.walked),
        **({"receipts": receipts} if receipts else {}),
        **({"open": True} if is_open else {}),
    }
    with pull.store.transaction():
        for (text,) in pull.store.rows(
            "SELECT parameters FROM runs WHERE verb = 'collect' AND contains(parameters, '\"open\"')"
        ):
            other = json.loads(text)
            is_same = all(other[name] == parameters[name] for name in ("source", "chain", "run"))
            if is_same and set(other["accounts"]) <= pull.walked:
                pull.store.run("DELETE FROM runs WHERE verb = 'collect' AND parameters = ?", [text])
        pull.store.load([], run={"verb": "collect", "parameters": json.dumps(parameters, sort_keys=True), "inputs": ""})


def _has_open_ends(pull: Pull, addresses: Iterable[str]) -> bool:
    """Whether a list of these accounts waits for the same command to go on."""
    lists = pull.source.streams
    known = (pull.known.get(address, {}) for address in addresses)
    return any(p.reason in OPEN_ENDS for progress in known for stream, p in progress.items() if stream in lists)


def known_progress(store: Store, source: Source) -> dict[str, dict[str, Progress]]:
    """Give what earlier runs know: address -> list -> how far."""
    known: dict[str, dict[str, Progress]] = {}
    rows = store.rows(
        "SELECT stream, address, to_block, status, reason, rows, coalesce(head, 0), cursor, given_by FROM coverage "
        "WHERE source = ? AND chain = ? AND from_block = 0",
        [source.name, source.chain],
    )
    for stream, address, through, status, reason, count, head, cursor, given_by in rows:
        known.setdefault(address, {})[stream] = Progress(
            stream=stream, address=address, through=None if through is None or through < 0 else through, rows=count,
            status=status, reason=reason, head=head, cursor=cursor, given_by=given_by,
        )  # fmt: skip
    return known


# -- levels and accounts -------------------------------------------------------------------------------------------------


def _levels(pull: Pull, wanted: Sequence[str], hops: int, labels: Labels | None) -> None:
    level, seen = list(wanted), set(wanted)
    for hop in range(hops + 1):
        _accounts(pull, level)
        flush(pull)
        if hop == hops or pull.interrupted or _has_open_ends(pull, level):
            return  # the next level is drawn from whole lists alone, so that a resumed run asks about the same accounts
        level = [address for address in _counterparties(pull, level, labels) if address not in seen]
        seen.update(level)
        pull.bar.total += len(level)


def _counterparties(pull: Pull, level: Sequence[str], labels: Labels | None) -> list[str]:
    """Give who traded something real with these accounts, in order of address; services and busy accounts lead nowhere."""
    chain = pull.source.chain
    expand = [
        address
        for address in level
        if not any(p.reason == "too_busy" for p in pull.known.get(address, {}).values())
        and not is_service(labels, chain, address)
    ]
    return counterparties(pull.store, chain, expand, labels)


def _accounts(pull: Pull, addresses: Sequence[str]) -> None:
    """Walk accounts side by side; this thread alone writes."""
    pull.walked.update(addresses)
    _record_run(pull, None, is_open=True)
    steps: queue.SimpleQueue[Step] = queue.SimpleQueue()
    with ExitStack() as stack:
        pools: dict[str, ThreadPoolExecutor] = {}
        for name in sorted({_lane(pull.source, address) for address in addresses}):
            pool = ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix=f"collect {name}")
            pools[name] = stack.enter_context(pool)
        tasks = [pools[_lane(pull.source, one)].submit(_account, pull, one, steps) for one in addresses]
        try:
            _take_all(pull, tasks, steps)
        except BaseException:
            pull.fetcher.stop.set()  # the store is busy, or Ctrl-C came twice: nobody writes what would still come
            for task in tasks:
                task.cancel()
            raise
    for task in tasks:
        task.result()


def _lane(source: Source, address: str) -> str:
    """Name the host that is asked first for an address: threads of their own for each, so that none waits for another."""
    lane = getattr(source, "lane", None)
    return str(lane(address)) if lane is not None else source.name


def _take_all(pull: Pull, tasks: Sequence[Future[None]], steps: queue.SimpleQueue[Step]) -> None:
    while True:
        try:
            alive = any(not task.done() for task in tasks)
            for step in _arrived(steps, wait=alive):
                take(pull, step)
            if not alive and steps.empty():
                return
        except KeyboardInterrupt:
            if pull.interrupted:
                raise
            pull.stop()
            _say_that_it_stops(pull.bar)


def _account(pull: Pull, address: str, steps: queue.SimpleQueue[Step]) -> None:
    known = pull.known.get(address, {})
    try:
        walk_account(pull.source, pull.fetcher, address, pull.head, known, steps.put, max_rows=pull.max_rows)
    except BaseException:
        pull.fetcher.stop.set()  # no refusal of the explorer: the disk is full, or a defect; the others need not go on
        raise
    pull.bar.update(1)


def _arrived(steps: queue.SimpleQueue[Step], *, wait: bool) -> Iterator[Step]:
    try:
        yield steps.get(timeout=_WAIT if wait else 0.001)
        while True:
            yield steps.get_nowait()
    except queue.Empty:
        return


def coverage_of(pull: Pull, **parameters: object) -> Coverage:
    """Say what a pull brought and what it did not."""
    warnings = ("stopped on request: run the same command to go on",) if pull.interrupted else ()
    return Coverage(
        new={name: count for name, count in pull.new.items() if name not in {"meta", "runs"}},
        rejected=dict(pull.rejected.most_common()),
        table=coverage_table(pull.store),
        provenance=Provenance(
            verb="collect",
            version=__version__,
            parameters={
                "source": pull.source.name,
                "chain": pull.source.chain,
                "head": str(pull.head),
                "requests": str(sum(pull.fetcher.sent.values())),
                "requests_by_stream": json.dumps(dict(sorted(pull.fetcher.sent.items()))),
                "refused": json.dumps({name: str(problem) for name, problem in sorted(pull.fetcher.over.items())}),
                **{name: str(value) for name, value in parameters.items()},
            },
            warnings=warnings,
        ),
    )
