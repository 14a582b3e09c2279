"""``logs/getLogs``: events by block, contract and topics."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise

from cryptotrace.testing.explorers._index import ChainIndex
from cryptotrace.testing.explorers._replies import BAD_PARAMETER, RefusedError, Reply, listing
from cryptotrace.testing.explorers._requests import Asked
from cryptotrace.testing.explorers._shapes import Log, log_row


def get_logs(index: ChainIndex, asked: Asked) -> Reply:
    """Return events in ascending order; a contract or a topic must be given."""
    contract = asked.address() if "address" in asked else None
    wanted = [(number, asked.text(f"topic{number}").lower()) for number in range(4) if f"topic{number}" in asked]
    if contract is None and not wanted:
        raise RefusedError(BAD_PARAMETER)
    either = [_operator(asked, one, two) for (one, _), (two, _) in pairwise(wanted)]
    paging = asked.paging("fromblock", "toblock")
    low = bisect_left(index.logs, paging.first, key=_block)
    high = bisect_right(index.logs, paging.last, key=_block)
    found = [log for log in index.logs[low:high] if contract in (None, log.address) and _matches(log.topics, wanted, either)]
    start = (paging.number - 1) * paging.size
    return listing([log_row(log) for log in found[start : start + paging.size]], "No records found")


def _operator(asked: Asked, one: int, two: int) -> bool:
    return asked.choice(f"topic{one}_{two}_opr", ("and", "or"), "and") == "or"


def _matches(topics: list[str], wanted: list[tuple[int, str]], either: list[bool]) -> bool:
    if not wanted:
        return True
    hits = [number < len(topics) and topics[number] == topic for number, topic in wanted]
    result = hits[0]
    for hit, is_or in zip(hits[1:], either, strict=True):
        result = (result or hit) if is_or else (result and hit)
    return result


def _block(log: Log) -> int:
    return log.call.row.block
