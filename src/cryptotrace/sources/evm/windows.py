"""Walking a list of logs by windows of blocks, for explorers that cut an answer at so many rows.

A full page may be cut inside its last block: rows of that block are dropped, and the next window starts there. One block that
fills a page alone is read by page numbers, where the explorer has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from cryptotrace.errors import InputError, MalformedAnswer, RangeTooLarge
from cryptotrace.sources.evm.amounts import block_number

__all__ = ["Window", "check_logs", "walk_windows"]


class Window(NamedTuple):
    """Rows that are final, the last block of which all are here, and where the walk goes on."""

    rows: list[Any]
    through: int
    cursor: str


def walk_windows(
    ask: Callable[[int, int, int], list[Any]],
    first: int,
    last: int,
    *,
    size: int,
    pages: int,
    where: str,
    cursor: str | None = None,
) -> Iterator[Window]:
    """Walk logs from block ``first`` to ``last``, both included, or go on at a cursor.

    Parameters
    ----------
    ask : callable
        ``(first block, last block, page from 1) -> rows``, in ascending order; raises :class:`~cryptotrace.errors.SourceError`.
    first, last : int
        Blocks.
    size : int
        Rows a page.
    pages : int
        Pages that may be asked of one window; 1 where the explorer has no page numbers.
    where : str
        For errors.
    cursor : str, optional
        Of an earlier :class:`Window`.

    Raises
    ------
    RangeTooLarge
        If one block cannot be read whole: rows are never lost in silence.

    Notes
    -----
    About rows / size requests; a range that is refused as too large is halved.
    """
    windows = [(first, last)] if cursor is None else _read(cursor)
    while windows:
        start, end = windows.pop()
        try:
            rows = ask(start, end, 1)
        except RangeTooLarge as problem:
            if start == end:
                raise _stuck(start, problem.what, where) from problem
            middle = (start + end) // 2
            windows += [(middle + 1, end), (start, middle)]
            continue
        through = end
        if len(rows) >= size:
            cut = block_of(rows[-1])
            if cut > start:
                rows, through = [row for row in rows if block_of(row) < cut], cut - 1
            else:
                rows, through = _whole_block(ask, rows, start, size, pages, where), start
            if through < end:
                windows.append((through + 1, end))
        yield Window(rows, through, " ".join(f"{low}-{high}" for low, high in windows))


def _whole_block(
    ask: Callable[[int, int, int], list[Any]], first: list[Any], block: int, size: int, pages: int, where: str
) -> list[Any]:
    """Read one block that fills a page: its further pages, of that block alone."""
    rows = list(first) if all(block_of(row) == block for row in first) else []
    for number in range(2, pages + 1):
        page = ask(block, block, number)
        if page and page == rows[-len(page) :]:
            raise _stuck(block, "the explorer repeats a page", where)
        rows += page
        if len(page) < size:
            return rows
    raise _stuck(block, f"one block holds {size * pages:,} rows or more", where)


def _stuck(block: int, why: str, where: str) -> RangeTooLarge:
    return RangeTooLarge(
        f"block {block} cannot be read whole: {why}",
        where=where,
        hint="Its logs are in the receipts of its transactions; the walk stops here rather than lose them",
    )


def block_of(row: Any) -> int:
    """Give the block of a log; a log without one makes the answer malformed."""
    try:
        return block_number(row.get("blockNumber") if isinstance(row, dict) else None)
    except InputError as problem:
        raise MalformedAnswer(problem.what, where="logs", hint="Ask again") from problem


def check_logs(
    rows: list[Any], *, first: int, last: int, most: int, contract: str | None, topics: tuple[str | None, ...], where: str
) -> None:
    """Refuse an answer whose logs cannot be what was asked for.

    Raises
    ------
    MalformedAnswer
        If there are too many, or one is out of range, out of order, of another contract or of another event.
    """
    if len(rows) > most:
        raise MalformedAnswer("more logs than were asked for", where=where, hint="Ask again")
    before = first
    for row in rows:
        block = block_of(row)
        if not before <= block <= last:
            raise MalformedAnswer("logs out of order or out of range", where=where, hint="Ask again")
        before = block
        if contract is not None and str(row.get("address")).lower() != contract:
            raise MalformedAnswer("logs of another contract", where=where, hint="Ask again")
        found = row.get("topics")
        held = [str(topic).lower() for topic in found] if isinstance(found, list) else []
        if any(topic is not None and held[at : at + 1] != [topic] for at, topic in enumerate(topics)):
            raise MalformedAnswer("logs of another event", where=where, hint="Ask again")


def _read(cursor: str) -> list[tuple[int, int]]:
    return [(int(low), int(high)) for low, high in (window.split("-") for window in cursor.split())]
