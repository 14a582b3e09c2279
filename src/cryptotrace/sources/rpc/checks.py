"""Whether logs and traces can be what a node was asked for. What cannot be is asked again, never believed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cryptotrace.codecs import ChainInfo
from cryptotrace.errors import InputError, MalformedAnswer
from cryptotrace.sources.evm.amounts import block_number, name_of, small

__all__ = ["Place", "blocks_of", "check_logs", "check_traces", "ends_of", "merged_logs", "place_of", "trace_block_of"]

Place = tuple[int, int]
"""Block, and index of the log in it."""


def place_of(log: Any) -> Place:
    """Give block and index of a log; a log without them makes the answer malformed."""
    try:
        cells = _object(log)
        return block_number(cells.get("blockNumber")), small(cells.get("logIndex"), "logIndex")
    except InputError as problem:
        raise _refused(f"a log without a place: {problem.what}", "logs") from problem


def check_logs(
    rows: Any, *, first: int, last: int, topics: Sequence[frozenset[str] | str | None], contract: str | None, where: str
) -> list[Any]:
    """Give logs that can be the answer to a filter.

    Parameters
    ----------
    rows : object
        The result.
    first, last : int
        The blocks that were asked for, both included.
    topics : sequence
        What was asked for at each place: one of several, one, or anything.
    contract : str or None
        Whose logs.
    where : str
        For the error.

    Raises
    ------
    MalformedAnswer
        If it is no list, or one is out of range, out of order, twice the same, taken back, or not what the filter asks for.
    """
    before: Place = (first, -1)
    for log in _list(rows, where):
        place = place_of(log)
        if not before < place or place[0] > last:
            raise _refused("logs out of order or out of range", where)
        before = place
        if log.get("removed"):
            raise _refused("a log that a reorganisation took back", where)
        _hash_of(log, "transactionHash", where)
        held = _topics(log, where)
        for at, wanted in enumerate(topics):
            options = {wanted} if isinstance(wanted, str) else wanted
            if options is not None and held[at : at + 1] and held[at] in options:
                continue
            if options is not None:
                raise _refused("logs of another event or address", where)
        if contract is not None and str(log.get("address")).lower() != contract:
            raise _refused("logs of another contract", where)
    return list(rows)


def merged_logs(lists: Iterable[Sequence[Any]], where: str) -> list[Any]:
    """Give the logs of several filters in their order; one that fits two filters is one.

    Raises
    ------
    MalformedAnswer
        If two logs claim one place.
    """
    found: dict[Place, Any] = {}
    for log in (log for rows in lists for log in rows):
        if found.setdefault(place_of(log), log) != log:
            raise _refused("two logs at one place", where)
    return [found[place] for place in sorted(found)]


def blocks_of(rows: Iterable[Any], where: str) -> dict[int, str | None]:
    """Give block -> hash of logs, traces or receipts; two hashes of one block make the answer malformed."""
    found: dict[int, str | None] = {}
    for row in rows:
        block = trace_block_of(row)
        stated = None if row.get("blockHash") is None else _hash_of(row, "blockHash", where)
        if found.setdefault(block, stated) != stated:
            raise _refused("two hashes of one block", where)
    return found


# -- traces --------------------------------------------------------------------------------------------------------------


def trace_block_of(item: Any) -> int:
    """Give the block of an item; one without makes the answer malformed."""
    try:
        return block_number(_object(item).get("blockNumber"))
    except InputError as problem:
        raise _refused(f"a trace without a place: {problem.what}", "traces") from problem


def ends_of(item: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Give who pays and who is paid in an item, in lower case, as the filter of a node counts them."""
    action, result = item.get("action"), item.get("result")
    cells = action if isinstance(action, dict) else {}
    made = result.get("address") if isinstance(result, dict) and item.get("type") == "create" else None
    payer = cells.get("from") or cells.get("address")
    paid = cells.get("to") or cells.get("refundAddress") or cells.get("author") or made
    return _lower(payer), _lower(paid)


def check_traces(rows: Any, *, first: int, last: int, most: int, subject: str, side: int, where: str) -> list[Any]:
    """Give items that can be the answer to ``trace_filter``; ``side`` 0 asked for the payer, 1 for who is paid.

    Raises
    ------
    MalformedAnswer
        If it is no list, there are too many, or one is out of range, out of order or of another address.
    """
    before = first
    if len(_list(rows, where)) > most:
        raise _refused("more traces than were asked for", where)
    for item in rows:
        block = trace_block_of(item)
        if not before <= block <= last:
            raise _refused("traces out of order or out of range", where)
        before = block
        if ends_of(item)[side] != subject:
            raise _refused("traces of another address", where)
    return list(rows)


def path_of(item: Mapping[str, Any], where: str) -> tuple[str, tuple[int, ...]]:
    """Give transaction and path of an item; ``""`` for one of no transaction."""
    path = item.get("traceAddress")
    if not isinstance(path, list) or any(type(step) is not int for step in path):
        raise _refused("traceAddress is no list of numbers", where)
    return ("" if item.get("transactionHash") is None else _hash_of(item, "transactionHash", where)), tuple(path)


def merged_traces(lists: Iterable[Sequence[Any]], where: str) -> list[Any]:
    """Give the items of both sides, each once.

    Raises
    ------
    MalformedAnswer
        If two items claim one place in the tree of calls.
    """
    found: dict[tuple[Any, ...], Any] = {}
    for item in (item for rows in lists for item in rows):
        name, path = path_of(item, where)
        place = (name, path) if name else (trace_block_of(item), ends_of(item), str(item.get("action")))
        if found.setdefault(place, item) != item:
            raise _refused("two traces at one place", where)
    return list(found.values())


def is_payment(item: Mapping[str, Any], chain: ChainInfo) -> bool:
    """Whether an item that is not the outermost call may move coins."""
    from cryptotrace.sources.evm.traces import frames_of_items

    action = item.get("action")
    if item.get("type") == "call" and isinstance(action, dict) and action.get("value") == "0x0":
        return False
    try:
        return any(frame.moves for frames in frames_of_items([item], chain).values() for frame in frames)
    except InputError:
        return True  # damaged: to be looked at whole


def _object(row: Any) -> Mapping[str, Any]:
    if not isinstance(row, dict):
        raise InputError("no object")
    return row


def _list(rows: Any, where: str) -> list[Any]:
    if not isinstance(rows, list):
        raise _refused("no list", where)
    return rows


def _topics(log: Mapping[str, Any], where: str) -> list[str]:
    topics = log.get("topics")
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        raise _refused("topics are no list", where)
    return [topic.lower() for topic in topics]


def _hash_of(row: Mapping[str, Any], column: str, where: str) -> str:
    try:
        return name_of(row.get(column), column)
    except InputError as problem:
        raise _refused(problem.what, where) from problem


def _lower(text: Any) -> str | None:
    return text.lower() if isinstance(text, str) else None


def _refused(what: str, where: str) -> MalformedAnswer:
    return MalformedAnswer(what, where=where, hint="Ask again, or another node")
