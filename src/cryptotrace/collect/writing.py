"""Writing what a pull brought: answers, rows and coverage together, one transaction a flush."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptotrace.collect.archive import ASIDE, keep_aside
from cryptotrace.collect.journal import Journal
from cryptotrace.collect.recording import RecordingFetcher
from cryptotrace.collect.walks import Progress, Step
from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources.base import Answer, Source

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["Pull", "flush", "forget_stored", "response_row", "take"]

_FLUSH_PAGES = 100
_FLUSH_ROWS = 50_000


@dataclass(slots=True)
class Pull:
    """What one call of ``collect`` carries along.

    ``rows`` counts what came, for the bar; ``day_left`` are the requests that the plan of a key had left today.
    """

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
    rows: int = 0
    day_left: int | None = None

    def stop(self) -> None:
        """Ask every walk to end after the page at hand."""
        self.interrupted = True
        self.fetcher.stop.set()


def take(pull: Pull, step: Step) -> None:
    """Take a step over; every so many pages or rows they are written."""
    pull.steps.append(step)
    pull.rows += len(step.batch)
    pull.bar.set_postfix_str(_so_far(pull), refresh=False)
    pages = sum(len(one.answers) for one in pull.steps)
    if pages >= _FLUSH_PAGES or sum(len(one.batch) for one in pull.steps) >= _FLUSH_ROWS:
        flush(pull)


def _so_far(pull: Pull) -> str:
    """Say how much came and what it cost, and how many requests are left where a budget or the plan of the key says so."""
    sent = sum(pull.fetcher.sent.values())
    day = None if pull.day_left is None else max(0, pull.day_left - sent)
    left = min((most for most in (pull.fetcher.left, day) if most is not None), default=None)
    return f"{pull.rows:,} rows, {sent:,} requests" + ("" if left is None else f", {left:,} left")


def flush(pull: Pull) -> None:
    """Put answers, rows and coverage into the store together, then let the journal forget the answers."""
    steps, pull.steps = pull.steps, []
    if not steps:
        return
    try:
        _write(pull, steps)
    except BaseException:
        # Busy, full or interrupted: later pages must never be written without these. Writing them twice changes nothing.
        pull.steps[:0] = steps
        raise


def forget_stored(journal: Journal, store: Store) -> None:
    """Let the journal forget what a run wrote to the store and was killed before it could forget."""
    held = journal.hashes()
    if held:
        rows = store.rows("SELECT key, body_sha256 FROM responses WHERE key IN (SELECT unnest(?))", [list(held)])
        journal.drop([key for key, body in rows if held[key] == body])


def _write(pull: Pull, steps: Sequence[Step]) -> None:
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
        # A question that was refused on one day may be answered on another: the last answer counts, also for a replay.
        answers = {answer.request.key: answer for step in steps for answer in step.answers}
        aside = [answers.pop(key) for key, answer in list(answers.items()) if answer.request.stream in ASIDE]
        keep_aside(pull.store, aside)
        pull.store.run("DELETE FROM responses WHERE key IN (SELECT unnest(?))", [list(answers)])
        new = pull.store.load([*_batches(steps), _words(pull, latest, answers.values())])
    pull.rejected.update(reject.reason for step in steps for reject in step.batch.rejects)
    for name, count in new.items():
        pull.new[name] = pull.new.get(name, 0) + count
    for (address, stream), progress in latest.items():
        pull.known.setdefault(address, {})[stream] = progress
    pull.journal.drop(answer.request.key for step in steps for answer in step.answers)


def _batches(steps: Sequence[Step]) -> Iterator[Batch]:
    """Give the pages with one listing for each address and explorer.

    A page never ends between rows that only their number tells apart, so the pages of an address show all of its transfers
    once; rows of two addresses, or of two explorers, merge by the larger count. The steps keep their batches, should they have
    to be written again.
    """
    import pyarrow as pa

    listings: dict[tuple[str, str], int] = {}
    at = WIDE["transfers"].names.index("listing")
    for step in steps:
        giver = (step.progress.given_by or "").rpartition("+")[2]
        number = listings.setdefault((step.progress.address, giver), len(listings))
        rows, tables = dict(step.batch.rows), dict(step.batch.tables)
        if "transfers" in rows:
            rows["transfers"] = [(*row[:at], number, *row[at + 1 :]) for row in rows["transfers"]]
        if "transfers" in tables:
            tables["transfers"] = [
                table.set_column(at, "listing", pa.repeat(pa.scalar(number, pa.int32()), table.num_rows))
                for table in tables["transfers"]
            ]
        yield Batch(rows, tables)


def _words(pull: Pull, latest: dict[tuple[str, str], Progress], answers: Iterable[Answer]) -> Batch:
    """Give coverage as it is now, and the raw answers."""
    batch = Batch()
    for answer in answers:
        batch.add("responses", response_row(answer))
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
                p.given_by,
            ),
        )
    return batch


def response_row(answer: Answer) -> tuple[Any, ...]:
    """Give an answer as a row of ``responses``."""
    request = answer.request
    return (
        request.key, request.source, request.chain, request.stream, request.subject, request.text, answer.status,
        zlib.compress(answer.body, 1), answer.sha256, answer.server_date, answer.received_at,
    )  # fmt: skip
