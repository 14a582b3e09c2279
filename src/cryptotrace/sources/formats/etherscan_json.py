"""``etherscan_json``: saved answers of the account lists of Etherscan and explorers that speak like it.

Read are the raw envelope ``{"status", "message", "result": [...]}``, the envelope of a recorder ``{"method", "kwargs", "res":
[...]}`` and bare arrays of rows. What a row is, is seen from its fields (:mod:`.etherscan_rows`). A file is a listing of its
own, unless its ``kwargs`` show that it is another page of the same query. An error is never "no records": an error envelope is
a reject and makes the coverage of its address partial.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptotrace.codecs import ChainInfo
from cryptotrace.errors import InputError, InputFileError
from cryptotrace.schema import Batch
from cryptotrace.sources.cells import counter
from cryptotrace.sources.formats.etherscan_coverage import Query, coverage_row, stream_of
from cryptotrace.sources.formats.etherscan_rows import Target, adder_of
from cryptotrace.sources.intake import Intake, Request, drive
from cryptotrace.sources.paths import InputFile
from cryptotrace.sources.sheets import Row, Sheet, parse_json
from cryptotrace.sources.streams import damage_named, document_of, text_of

__all__ = ["KINDS", "read"]

KINDS = ("json",)


@dataclass(frozen=True, slots=True)
class Answer:
    """One file, unwrapped."""

    method: str
    kwargs: Mapping[str, Any] | None
    rows: list[Any]
    error: str | None = None
    partial: str | None = None


def read(request: Request, intake: Intake) -> Iterator[Batch]:
    """Yield the rows of each answer, then what the answers prove about completeness."""
    chain = request.one_chain
    queries: dict[str, Query] = {}
    for file in request.files:
        answer = _answer(_document(file), file)
        page = counter((answer.kwargs or {}).get("page"), "page") or 0
        query = _query(queries, answer, file, intake)
        # The same page once more is another listing of the same rows, not more rows.
        listing = intake.next_listing() if page in query.pages else query.listing
        query.pages[page] = len(answer.rows)
        query.problem = query.problem or ("error" if answer.error is not None else answer.partial)
        if answer.error is not None:
            intake.reject(file, Row(1, {}, answer.error), "the answer is an error, not a list")
        yield from drive(_sheet(file, answer), intake, _handle(chain, intake, query, listing))
    for query in queries.values():
        row = coverage_row(chain, intake, query)
        if row is not None:
            intake.batch.add("coverage", row)


def _document(file: InputFile) -> Any:
    with text_of(file) as stream, damage_named(file):
        text = document_of(stream, file)
    try:
        return parse_json(text)
    except ValueError as problem:
        raise InputFileError(
            f"is not JSON: {problem}", where=str(file.path), hint="Save the whole answer, nothing else"
        ) from None


def _answer(document: Any, file: InputFile) -> Answer:
    """Unwrap a document; raises where it has none of the known shapes."""
    if isinstance(document, list):
        return Answer("", None, document)
    if isinstance(document, dict):
        kwargs = document.get("kwargs")
        method = str(document.get("method") or "")
        kwargs = kwargs if isinstance(kwargs, dict) else None
        if "res" in document:
            inner = document["res"]
            if isinstance(inner, dict) and "result" in inner:
                return _envelope(inner, method, kwargs)
            if isinstance(inner, list):
                return Answer(method, kwargs, inner)
            return Answer(method, kwargs, [], error=json.dumps(inner, default=str))
        if "result" in document or "status" in document:
            return _envelope(document, method, kwargs)
    raise InputFileError(
        "is no saved answer: neither a list of rows nor an object with result or res",
        where=str(file.path),
        hint="Save what the explorer answered to txlist, txlistinternal or tokentx",
    )


def _envelope(body: Mapping[str, Any], method: str, kwargs: Mapping[str, Any] | None) -> Answer:
    status, message, result = str(body.get("status", "")), str(body.get("message", "")), body.get("result")
    if isinstance(result, list) and result and status in ("1", "2"):
        return Answer(method, kwargs, result, partial="not_indexed_yet" if status == "2" else None)
    words = message.lower()
    empty = result in ([], "", None)
    says_none = status == "0" and words.startswith("no ") and words.endswith("found")
    if (empty and says_none) or (status == "1" and result == []):
        return Answer(method, kwargs, [])
    return Answer(method, kwargs, [], error=json.dumps(dict(body), default=str))


def _query(queries: dict[str, Query], answer: Answer, file: InputFile, intake: Intake) -> Query:
    """Give the query that a file answers: pages of one query share theirs, everything else stands alone."""
    key = file.name + "#" + str(len(queries))
    kwargs = answer.kwargs or {}
    if "page" in kwargs:
        key = json.dumps([answer.method, {k: v for k, v in kwargs.items() if k != "page"}], sort_keys=True, default=str)
    if key not in queries:
        queries[key] = Query(file.name, answer.method, kwargs, intake.next_listing())
    return queries[key]


def _sheet(file: InputFile, answer: Answer) -> Sheet:
    rows = (
        Row(number, item, None)
        if isinstance(item, dict)
        else Row(number, {}, json.dumps(item, default=str), "the item is no object")
        for number, item in enumerate(answer.rows, start=1)
    )
    return Sheet(file, (), rows)


def _handle(chain: ChainInfo, intake: Intake, query: Query, listing: int) -> Callable[[Mapping[str, Any], int], None]:
    query.streams.update(stream_of(query.method))
    target = Target(chain, intake, listing, query.kwargs.get("txhash") or query.kwargs.get("txHash"))

    def handle(cells: Mapping[str, Any], number: int) -> None:
        stream, add = adder_of(cells)
        if add is None:
            raise InputError("not a row of txlist, txlistinternal or tokentx")
        query.streams.add(stream)
        block = counter(cells.get("blockNumber"), "blockNumber")
        since = counter(cells.get("confirmations"), "confirmations")
        add(cells, number, target)
        if block is not None and since is not None:
            query.head = max(query.head or 0, block + since)

    return handle
