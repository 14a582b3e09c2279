"""Writing what a pull brought: answers, rows and coverage together, one transaction a flush."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptotrace.collect.journal import Journal
from cryptotrace.collect.recording import RecordingFetcher
from cryptotrace.collect.walks import Progress, Step
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Source

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["Pull", "flush", "take"]

_FLUSH_PAGES = 50


@dataclass(slots=True)
class Pull:
    """What one call of ``collect`` carries along."""

    source: Source
    store: Store
    journal: Journal
    fetcher: RecordingFetcher
    head: int
    run: str
    max_rows: int
    bar: Any
    known: dict[str, dict[str, Progress]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    new: dict[str, int] = field(default_factory=dict)
    rejected: Counter[str] = field(default_factory=Counter)
    walked: set[str] = field(default_factory=set)
    interrupted: bool = False


def take(pull: Pull, step: Step) -> None:
    """Take a step over; every so many pages they are written."""
    pull.steps.append(step)
    pull.bar.set_postfix_str(f"{sum(pull.fetcher.sent.values())} requests", refresh=False)
    if len(pull.steps) >= _FLUSH_PAGES:
        flush(pull)


def flush(pull: Pull) -> None:
    """Put answers, rows and coverage into the store together, then let the journal forget the answers."""
    steps, pull.steps = pull.steps, []
    if not steps:
        return
    latest: dict[tuple[str, str], Progress] = {}
    for step in steps:
        if step.progress.address:
            latest[step.progress.address, step.progress.stream] = step.progress
    with pull.store.transaction():
        for address, stream in latest:
            pull.store.run(
                "DELETE FROM coverage WHERE source = ? AND chain = ? AND address = ? AND stream = ?",
                [pull.source.name, pull.source.chain, address, stream],
            )
        new = pull.store.load([*_batches(steps), _words(pull, latest, steps)])
    pull.rejected.update(reject.reason for step in steps for reject in step.batch.rejects)
    for name, count in new.items():
        pull.new[name] = pull.new.get(name, 0) + count
    for (address, stream), progress in latest.items():
        pull.known.setdefault(address, {})[stream] = progress
    pull.journal.drop(answer.request.key for step in steps for answer in step.answers)


def _batches(steps: Sequence[Step]) -> Iterator[Batch]:
    """Give the pages as one listing, where that is safe.

    A page never ends inside a block, so an address's pages show all of its transfers once, and rows of two addresses merge by
    the larger count. That is done here, row by row, since the store merges one listing far more quickly than many. Only where
    one page names the places of equal rows and another does not, each address stays a listing of its own.
    """
    kept: list[list[tuple[Any, ...]]] = []
    shown: Counter[tuple[Any, ...]] = Counter()
    used: Counter[tuple[Any, ...]] = Counter()
    placed: set[tuple[Any, ...]] = set()
    for step in steps:
        rows = []
        for row in step.batch.rows.get("transfers", ()):
            key = (row[1], row[2], row[9], row[10], row[11], row[14])  # hash, kind, sender, receiver, contract, amount
            if row[6] is not None or row[7] is not None or row[2] in {"native", "fee"}:
                placed.add(key)
                rows.append(row)
                continue
            mine = (step.progress.address, *key)
            shown[mine] += 1
            if shown[mine] > used[key]:
                used[key] += 1
                rows.append(row)
        kept.append(rows)
    if placed.isdisjoint(used):
        for step, rows in zip(steps, kept, strict=True):
            if rows:
                step.batch.rows["transfers"] = rows
            else:
                step.batch.rows.pop("transfers", None)
            yield step.batch
        return
    listings = {address: number for number, address in enumerate(dict.fromkeys(step.progress.address for step in steps))}
    for step in steps:
        number = listings[step.progress.address]
        if "transfers" in step.batch.rows:
            step.batch.rows["transfers"] = [(*row[:-1], number) for row in step.batch.rows["transfers"]]
        yield step.batch


def _words(pull: Pull, latest: dict[tuple[str, str], Progress], steps: Sequence[Step]) -> Batch:
    """Give coverage as it is now, and the raw answers."""
    batch = Batch()
    for step in steps:
        for answer in step.answers:
            batch.add("responses", _response(answer))
    now = datetime.now(UTC)
    for (address, stream), p in latest.items():
        through = -1 if p.through is None else p.through
        batch.add(
            "coverage",
            (
                pull.source.name,
                stream,
                pull.source.chain,
                address,
                0,
                through,
                p.status,
                p.reason,
                p.rows,
                p.cursor,
                p.head,
                now,
            ),
        )
    return batch


def _response(answer: Answer) -> tuple[Any, ...]:
    request = answer.request
    return (
        request.key, request.source, request.chain, request.stream, request.subject, request.text, answer.status,
        zlib.compress(answer.body, 6), answer.sha256, answer.server_date, answer.received_at,
    )  # fmt: skip
