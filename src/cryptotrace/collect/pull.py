"""``collect``: addresses in, complete lists in the store, and a word on everything that is not complete.

Breadth first, several accounts at a time inside one shared pace. Raw answers are journalled before the next request; answers,
rows and coverage then go into the store together, one transaction a flush. Interrupt it, kill it, cut the power: the same
command goes on at the last journalled answer, under the same head.
"""

from __future__ import annotations

import json
import queue
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptotrace._version import __version__
from cryptotrace.codecs import chain_of, null_address, parse_address
from cryptotrace.collect.journal import Journal
from cryptotrace.collect.recording import RecordingFetcher
from cryptotrace.collect.statuses import coverage_table
from cryptotrace.collect.stopping import first_interrupt_asks
from cryptotrace.collect.walks import OPEN_ENDS, Progress, Step, walk_account
from cryptotrace.collect.writing import Pull, flush, forget_stored, take
from cryptotrace.errors import InputError, StoreError
from cryptotrace.model import Coverage, Labels, Provenance
from cryptotrace.sources.base import Source

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
    _check_block(to_block)
    wanted = _wanted(source, addresses)
    journal = Journal(None if store.path is None else Path(f"{store.path}.journal"))
    try:
        forget_stored(journal, store)
        fetcher = RecordingFetcher(source.fetcher, journal, judge=source.judge, max_requests=max_requests)
        pulling = source.through(fetcher)
        run, head = _head(pulling, store, to_block)
        if journal.holds("head", run):
            pulling.head(run)  # not asked again: what a killed run was answered goes into the store with the rest
        pulling.prepare(run)
        bar = progress_bar(len(wanted), progress=progress)
        pull = Pull(
            source=pulling, store=store, journal=journal, fetcher=fetcher, head=head, run=run, max_rows=max_rows_per_address,
            bar=bar, known=known_progress(store, source),
        )  # fmt: skip
        pull_levels(pull, wanted, hops, labels)
        _close_run(pull)
    finally:
        journal.close()
    return coverage_of(pull, hops=hops, max_requests=max_requests)


def pull_levels(pull: Pull, wanted: Sequence[str], hops: int, labels: Labels | None) -> None:
    """Walk the wanted accounts and what lies around them; whatever happens, what came is written."""
    pull.steps.append(_head_step(pull.fetcher, pull.head))
    try:
        with first_interrupt_asks(pull.stop):
            _levels(pull, wanted, hops, labels)
    finally:
        flush(pull)
        pull.bar.close()
        _record_run(pull)


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


# -- the head and the run ------------------------------------------------------------------------------------------------


def _head(source: Source, store: Store, to_block: int | str) -> tuple[str, int]:
    """Give (run, head): those of an unfinished run, else new ones."""
    name = f"collect:{source.name}:{source.chain}"
    found = store.rows("SELECT value FROM meta WHERE name = ?", [name])
    state: dict[str, Any] = json.loads(found[0][0]) if found else {"run": 0, "head": None, "open": False}
    if state["open"] and state.get("to_block", to_block) == to_block:
        return str(state["run"]), int(state["head"])
    run = str(state["run"] + 1)
    head = source.head(run)
    if to_block != "finalized":
        head = min(head, int(to_block))  # nothing is known to be complete beyond what is final
    with store.transaction():
        _note_run(store, name, {"run": int(run), "head": head, "to_block": to_block, "open": True})
    return run, head


def _check_block(to_block: int | str) -> None:
    if to_block != "finalized" and (type(to_block) is not int or to_block < 0):
        raise InputError(f"unknown to_block {to_block!r}", where="collect", hint='Use a block number or "finalized"')


def _note_run(store: Store, name: str, state: Mapping[str, Any]) -> None:
    store.run("DELETE FROM meta WHERE name = ?", [name])
    store.run("INSERT INTO meta VALUES (?, ?)", [name, json.dumps(state)])


def _head_step(fetcher: RecordingFetcher, head: int) -> Step:
    """Carry the answer that gave the head into the store with the first flush."""
    none = Progress(stream="", address="", through=None, rows=0, status="", reason=None, head=head)
    return Step(progress=none, answers=tuple(fetcher.drain()))


def _record_run(pull: Pull) -> None:
    """Keep what a replay needs: the run, its head, and every account that it walked."""
    parameters = {
        "source": pull.source.name,
        "chain": pull.source.chain,
        "run": pull.run,
        "head": pull.head,
        "max_rows": pull.max_rows,
        "accounts": sorted(pull.walked),
    }
    pull.store.load([], run={"verb": "collect", "parameters": json.dumps(parameters, sort_keys=True), "inputs": ""})


def _close_run(pull: Pull) -> None:
    """Call the run finished unless it is to go on."""
    if pull.interrupted or _has_open_ends(pull, pull.walked):
        return
    name = f"collect:{pull.source.name}:{pull.source.chain}"
    with pull.store.transaction():
        _note_run(pull.store, name, {"run": int(pull.run), "head": pull.head, "open": False})


def _has_open_ends(pull: Pull, addresses: Iterable[str]) -> bool:
    """Whether a list of these accounts waits for the same command to go on."""
    return any(p.reason in OPEN_ENDS for address in addresses for p in pull.known.get(address, {}).values())


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
        and not _is_service(labels, chain, address)
    ]
    rows = pull.store.rows(
        """
        SELECT DISTINCT o.address FROM transfers AS t
        JOIN accounts AS m ON m.id IN (t.sender, t.receiver)
        JOIN accounts AS o ON o.id IN (t.sender, t.receiver) AND o.id <> m.id
        JOIN assets AS a ON a.id = t.asset
        WHERE m.chain = ? AND m.address IN (SELECT unnest(?)) AND t.ok AND t.amount > 0 AND a.canonical
        ORDER BY o.address
        """,
        [chain, expand],
    )
    skip = null_address(chain)
    return [row[0] for row in rows if row[0] != skip and not _is_service(labels, chain, row[0])]


def _is_service(labels: Labels | None, chain: str, address: str) -> bool:
    label = labels.of(chain, address) if labels is not None else None
    return label is not None and (label.is_boundary or label.role == "service" or label.category == "dex")


def _accounts(pull: Pull, addresses: Sequence[str]) -> None:
    """Walk accounts side by side; this thread alone writes."""
    pull.walked.update(addresses)
    steps: queue.SimpleQueue[Step] = queue.SimpleQueue()
    with ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="collect") as pool:
        tasks = [pool.submit(_account, pull, address, steps) for address in addresses]
        try:
            _take_all(pull, tasks, steps)
        except BaseException:
            pull.fetcher.stop.set()  # the store is busy, or Ctrl-C came twice: nobody writes what would still come
            for task in tasks:
                task.cancel()
            raise
    for task in tasks:
        task.result()


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
                **{name: str(value) for name, value in parameters.items()},
            },
            warnings=warnings,
        ),
    )
