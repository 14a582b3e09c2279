"""One account, list by list: pages as they become final, then the word on how each list ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from cryptotrace.collect.recording import RecordingFetcher
from cryptotrace.errors import SourceError
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Source

__all__ = ["Progress", "Step", "walk_account"]

OPEN_ENDS = frozenset({"budget", "interrupted"})
"""Ways to end that the next run continues from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a list of an address is known.

    ``through`` is the last block up to which every row is here; None where nothing is. ``status`` is ``complete`` or
    ``partial`` with a reason; ``cursor`` is where an unfinished walk goes on.
    """

    stream: str
    address: str
    through: int | None
    rows: int
    status: str
    reason: str | None
    head: int
    cursor: str | None = None


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

    Every list ends in a step that says how: ``complete``, or ``partial`` with the kind of error. One list that fails does not
    stop the others; an account with more rows than ``max_rows`` does (``too_busy``).
    """
    total = sum(progress.rows for progress in known.values())
    busy = total > max_rows and any(progress.reason == "too_busy" for progress in known.values())
    for stream in source.streams:
        before = known.get(stream)
        if before is not None and before.through is not None and before.through >= head:
            if before.status != "complete":
                emit(Step(progress=_ended(before, before.through, None)))
            continue
        so_far = before or Progress(stream=stream, address=address, through=None, rows=0, status="", reason=None, head=head)

        if busy:
            emit(Step(progress=_ended(so_far, head, "too_busy")))
            continue
        try:
            first = 0 if so_far.through is None else so_far.through + 1
            # A cursor belongs to the head that it was made under.
            cursor = so_far.cursor if so_far.head == head else None
            for page in source.pages(stream, address, first, head, cursor):
                so_far = replace(so_far, through=page.through, rows=so_far.rows + page.rows, cursor=page.cursor)
                total += page.rows
                answers = tuple(fetcher.drain())
                emit(Step(progress=_ended(so_far, head, "in_progress"), batch=page.batch, answers=answers))
                if total > max_rows and page.through < head:
                    busy = True
                    break
            reason = "too_busy" if busy else None
        except SourceError as problem:
            reason = problem.kind
        emit(Step(progress=_ended(so_far, head, reason), answers=tuple(fetcher.drain())))
        if reason in OPEN_ENDS:
            return


def _ended(so_far: Progress, head: int, reason: str | None) -> Progress:
    """Say how a list ended: complete, or partial with the reason."""
    return replace(
        so_far,
        head=head,
        status="partial" if reason else "complete",
        reason=reason,
        through=so_far.through if reason else head,
        cursor=so_far.cursor if reason else None,
    )
