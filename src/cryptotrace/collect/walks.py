"""One account, list by list: pages as they become final, then the word on how each list ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from cryptotrace.collect.recording import RecordingFetcher
from cryptotrace.errors import SourceError
from cryptotrace.model import Reject, canonical_tokens
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Page, Source

__all__ = ["OPEN_ENDS", "REJECTED", "Progress", "Step", "walk_account"]

BEYOND_ANY_SUPPLY = "larger than 10**38 - 1"
"""How the reason ends for which parsers reject an amount that no token can have in earnest."""

OPEN_ENDS = frozenset({"budget", "interrupted"})
"""Ways to end that the next run continues from."""
REJECTED = "rejected_rows"
"""Why a list is partial that was read to its end, but for rows that are not what the explorer documents."""
_MARK = "!"
"""Begins the cursor of a list that lost rows, so that a walk that goes on there still knows; then a space and the place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a list of an address is known.

    ``through`` is the last block up to which every row is here; None where nothing is. ``status`` is ``complete`` or
    ``partial`` with a reason; ``cursor`` is where an unfinished walk goes on, after a mark where rows of it were rejected;
    ``given_by`` names the explorers that gave it, where there were several.
    """

    stream: str
    address: str
    through: int | None
    rows: int
    status: str
    reason: str | None
    head: int
    cursor: str | None = None
    given_by: str | None = None

    @property
    def lost_rows(self) -> bool:
        """Whether rows of the list were rejected."""
        return self.reason == REJECTED or (self.cursor or "").startswith(_MARK)

    @property
    def place(self) -> str | None:
        """The cursor as its source wrote it."""
        return None if self.cursor == _MARK else self.cursor and self.cursor.removeprefix(f"{_MARK} ")

    def under(self, head: int) -> Progress:
        """Give the same for a walk up to ``head``: a cursor belongs to the head that it was made under.

        A walk from the newest row to the oldest that had not ended begins anew under a new head, and counts anew.
        """
        if self.head == head:
            return self
        rows = 0 if self.through is None else self.rows
        return replace(self, head=head, rows=rows, cursor=_marked(None, lost=self.lost_rows))

    def after(self, page: Page, chain: str) -> Progress:
        """Give what is known with one more page; rows that were rejected stay known as long as the list is."""
        lost = self.lost_rows or any(self.stream != "token" or _may_be_money(reject, chain) for reject in page.batch.rejects)
        rows, cursor = self.rows + page.rows, _marked(page.cursor, lost=lost)
        given_by = _givers(self.given_by, page.given_by)
        return replace(self, through=page.through, rows=rows, cursor=cursor, given_by=given_by)

    def ended(self, reason: str | None) -> Progress:
        """Say how the list ended: partial with a reason, or read to its end."""
        if reason is not None:
            return replace(self, status="partial", reason=reason)
        lost = self.lost_rows
        return replace(
            self, status="partial" if lost else "complete", reason=REJECTED if lost else None, through=self.head, cursor=None
        )


def _givers(before: str | None, now: str | None) -> str | None:
    """Name the explorers of earlier runs too, the one at work last."""
    if not before or not now:
        return now or before
    names = now.split("+")
    return "+".join([name for name in before.split("+") if name not in names] + names)


def _may_be_money(reject: Reject, chain: str) -> bool:
    """Whether the list lacks something without this row.

    Amounts beyond every supply are what junk tokens come in: were they losses, anybody could make the list of anybody else
    incomplete by sending him some. A row that names a token of our list is always one.
    """
    if not reject.reason.endswith(BEYOND_ANY_SUPPLY):
        return True
    raw = reject.raw.lower()
    return any(contract.lower() in raw for of, contract in canonical_tokens() if of == chain)


def _marked(place: str | None, *, lost: bool) -> str | None:
    if not lost:
        return place
    return _MARK if place is None else f"{_MARK} {place}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one page brought: rows, the raw answers they rest on, and how far the list is now."""

    progress: Progress
    batch: Batch = field(default_factory=Batch)
    answers: tuple[Answer, ...] = ()


def walk_account(
    source: Source,
    fetcher: RecordingFetcher,
    address: str,
    head: int,
    known: Mapping[str, Progress],
    emit: Callable[[Step], None],
    *,
    max_rows: int,
) -> None:
    """Walk every list of an address up to ``head``, from where ``known`` left off.

    Every list ends in a step that says how: ``complete``, or ``partial`` with the kind of error or, if only single rows were
    rejected, with ``rejected_rows``; such a list is not asked for again. One list that fails does not stop the others; an
    account with more rows than ``max_rows`` does (``too_busy``).
    """
    total = sum(progress.rows for progress in known.values())
    busy = total > max_rows and any(progress.reason == "too_busy" for progress in known.values())
    for stream in source.streams:
        before = known.get(stream)
        if before is not None and before.through is not None and before.through >= head:
            if before.reason not in (None, REJECTED):
                emit(Step(progress=before.under(before.through).ended(None)))
            continue
        so_far = before or Progress(stream=stream, address=address, through=None, rows=0, status="", reason=None, head=head)
        so_far = so_far.under(head)
        if busy:
            emit(Step(progress=so_far.ended("too_busy")))
            continue
        steps = _Whole(so_far, emit)
        try:
            first = 0 if so_far.through is None else so_far.through + 1
            for page in source.pages(stream, address, first, head, so_far.place):
                so_far = so_far.after(page, source.chain)
                total += page.rows
                steps.take(page.joins, so_far, page.batch, tuple(fetcher.drain()))
                if total > max_rows and page.through < head:
                    busy = True
                    break
            reason = "too_busy" if busy else None
        except SourceError as problem:
            reason = problem.kind
        answers = tuple(fetcher.drain())
        if reason in OPEN_ENDS:
            emit(Step(progress=steps.settled.ended(reason)))
            return  # answers to a page that is not whole yet stay in the journal: the next run finds them there
        steps.end(so_far, reason, answers)


class _Whole:
    """Gives on what pages brought, never ending where the next page may go on with equal rows.

    The store adds equal rows of one step up, and takes the larger count of two: a list that was cut between two equal payments
    and went on in another run would have one of them too few. A page that may be continued therefore waits for the next one.

    Attributes
    ----------
    settled : Progress
        How far the list is with what was given on: a walk may go on there.
    """

    def __init__(self, settled: Progress, emit: Callable[[Step], None]) -> None:
        self.settled = settled
        self._emit = emit
        self._held: Step | None = None

    def take(self, joins: bool | None, progress: Progress, batch: Batch, answers: tuple[Answer, ...]) -> None:  # noqa: FBT001
        """Take a page and how far the list is with it."""
        step = Step(progress=progress.ended("in_progress"), batch=batch, answers=answers)
        if self._held is not None and joins:
            step = _joined(self._held, step)
        elif self._held is not None:
            self._give(self._held)
        self._held = step
        if joins is None:
            self._give(step)

    def end(self, progress: Progress, reason: str | None, answers: tuple[Answer, ...]) -> None:
        """End the list: read to its end, or where a walk may go on; rows that are here are given on in any case."""
        held = self._held or Step(progress=progress)
        if reason is not None and self._held is not None:
            # a later walk begins in front of the rows that waited; what makes an account too busy is what was seen of it
            progress = replace(self.settled, rows=progress.rows if reason == "too_busy" else self.settled.rows)
        self._emit(Step(progress=progress.ended(reason), batch=held.batch, answers=(*held.answers, *answers)))

    def _give(self, step: Step) -> None:
        self._emit(step)
        self.settled, self._held = step.progress, None


def _joined(first: Step, second: Step) -> Step:
    """Make one step of two."""
    rows, tables = dict(first.batch.rows), dict(first.batch.tables)
    for name, more in second.batch.rows.items():
        rows[name] = [*rows.get(name, ()), *more]
    for name, tabled in second.batch.tables.items():
        tables[name] = [*tables.get(name, ()), *tabled]
    return Step(progress=second.progress, batch=Batch(rows, tables), answers=(*first.answers, *second.answers))
