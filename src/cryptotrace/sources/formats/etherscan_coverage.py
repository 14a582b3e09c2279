"""What a saved answer proves: for which address, stream and blocks its list is complete, and if not, why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptotrace.codecs import ChainInfo
from cryptotrace.errors import InputError
from cryptotrace.sources.cells import counter
from cryptotrace.sources.intake import Intake

__all__ = ["Query", "coverage_row", "stream_of"]

_PAGE_CAP = 10_000
_OPEN_END = 99_999_999  # what people write for "no end"
_TOKEN, _INTERNAL, _NATIVE = ("token", "erc20"), ("internal",), ("normal", "txlist")


@dataclass(slots=True)
class Query:
    """What one question brought, over all its pages.

    ``pages`` maps a page number (0 where there was none) to its count of rows; ``problem`` is the reason why the answer is
    not whole; ``head`` the newest block that the explorer knew, as its rows tell.
    """

    file: str
    method: str
    kwargs: Mapping[str, Any]
    listing: int
    pages: dict[int, int] = field(default_factory=dict)
    streams: set[str] = field(default_factory=set)
    problem: str | None = None
    head: int | None = None


def stream_of(method: str) -> tuple[str, ...]:
    """Tell the stream by the name of the method, for answers without rows; empty where it does not say."""
    word = method.lower()
    for stream, marks in (("token", _TOKEN), ("internal", _INTERNAL), ("native", _NATIVE)):
        if any(mark in word for mark in marks):
            return (stream,)
    return ()


def coverage_row(chain: ChainInfo, intake: Intake, query: Query) -> tuple[Any, ...] | None:
    """Give the coverage row of a query; None where nobody can say what was asked and nothing went wrong.

    Notes
    -----
    Complete is a list that starts at block 0 and has fewer rows than one answer can hold. It reaches to the block that was
    asked for or, where that lies ahead, to the explorer's head (block + confirmations of a row), else to an unknown end.
    """
    first, last = _block(query, "startblock"), _block(query, "endblock")
    reason = query.problem or _gap(query) or ("starts_after_genesis" if first else None)
    address = _address(query.kwargs.get("address"), chain, intake)
    if address is None and (reason is None or "address" not in query.kwargs) and query.problem != "error":
        return None
    if len(query.streams) > 1:
        reason = reason or "mixed_rows"
    stream = query.streams.pop() if len(query.streams) == 1 else "unknown"
    contract = query.kwargs.get("contract_address") or query.kwargs.get("contractaddress")
    if contract:
        stream = f"{stream}:{_address(contract, chain, intake) or 'unknown'}"
    if query.head is not None:
        last = query.head if last is None else min(last, query.head)
    elif last is not None and last >= _OPEN_END:
        last = None
    return (
        f"file:{query.file}", stream, chain.name, address, first or 0, last, "partial" if reason else "complete", reason,
        sum(query.pages.values()), None, query.head, None, None,
    )  # fmt: skip


def _gap(query: Query) -> str | None:
    """Why the pages are not all: the cap of one answer, a page that is missing, a last page that is full."""
    pages = query.pages
    if set(pages) == {0}:
        return "page_cap" if pages[0] >= _PAGE_CAP else None
    if set(pages) != set(range(1, len(pages) + 1)):
        return "missing_page"
    offset = _block(query, "offset") or _PAGE_CAP
    return "page_cap" if pages[len(pages)] >= offset else None


def _block(query: Query, name: str) -> int | None:
    try:
        return counter(query.kwargs.get(name), name)
    except InputError:
        return None  # such as "latest"


def _address(text: Any, chain: ChainInfo, intake: Intake) -> str | None:
    try:
        return intake.address_or_none(text, chain.name, "address")
    except InputError:
        return None
