"""What Blockscout's answers are taken for: refusals by their words, waits in milliseconds, and never a refusal as emptiness."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from cryptotrace.errors import MalformedAnswer, RateLimited, SourceError
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.blockscout.answers import classify, read_head, read_items

BUSY = "Too many requests. Increase limits now at https://dev.blockscout.com"
RPC, REST, NODE = "/api", "/api/v2/addresses/0x1/transactions", "/api/eth-rpc"


def answer(body: Any, path: str = RPC, status: int = 200, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request(source="blockscout", chain="ethereum", stream="native", path=path)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(request=request, status=status, body=raw, received_at=datetime(2026, 1, 1, tzinfo=UTC), headers=named)


def says(text: str, result: Any = None, status: str = "0") -> dict[str, Any]:
    return {"status": status, "message": text, "result": result}


CASES = [
    (says("OK", [], "1"), RPC, 200, "readable"),
    (says("OK", [{"hash": "0x"}], "1"), RPC, 200, "readable"),
    (says("No transactions found", []), RPC, 200, "readable"),
    (says("No internal transactions found", []), RPC, 200, "readable"),
    (says("No transactions found", None), RPC, 200, "readable"),
    (says("Some internal transactions have not yet been processed", [{}], "2"), RPC, 200, "not_indexed_yet"),
    (says("OK", None, "2"), RPC, 200, "not_indexed_yet"),
    (says(BUSY), RPC, 429, "rate_limited"),
    (says(BUSY), RPC, 200, "rate_limited"),
    (says("Result window is too large, PageNo x Offset size must be less than or equal to 10000"), RPC, 200, "range_too_large"),
    (says("Query parameter 'address' is required"), RPC, 200, "bad_request"),
    (says("Invalid address hash"), RPC, 200, "bad_request"),
    (says("Required query parameters missing: fromBlock, toBlock"), RPC, 200, "bad_request"),
    (says("Block does not exist"), RPC, 200, "bad_request"),
    (says("Transaction not found"), RPC, 200, "bad_request"),
    (says("Unknown action"), RPC, 400, "bad_request"),
    (says("Params 'module' and 'action' are required parameters"), RPC, 400, "bad_request"),
    (says("Something went wrong."), RPC, 500, "unavailable"),
    (says("words that nobody has seen", None), RPC, 200, "malformed"),
    (says("", []), RPC, 200, "malformed"),
    ({"message": "OK", "result": []}, RPC, 200, "malformed"),
    ([], RPC, 200, "malformed"),
    (b"<html>blocked</html>", RPC, 403, "malformed"),
    (b"<html>gateway</html>", RPC, 502, "unavailable"),
    (b"<html>who are you</html>", RPC, 401, "bad_key"),
    (b"", RPC, 200, "malformed"),
    (b'{"items": [', REST, 200, "malformed"),
    ({"error": "Unauthorized", "source": "internal"}, RPC, 401, "bad_key"),
    ({"error": "Payment required", "source": "internal"}, REST, 402, "bad_key"),
    ({"error": "Not enough credits", "source": "internal"}, REST, 402, "quota_exhausted"),
    ({"error": "Network not supported", "source": "internal"}, RPC, 404, "plan_required"),
    ({"error": "Bad gateway", "source": "upstream"}, REST, 502, "unavailable"),
    ({"error": "Not found", "source": "upstream"}, REST, 503, "unavailable"),
    ({"items": [], "next_page_params": None}, REST, 200, "readable"),
    ({"message": "Not found"}, REST, 404, "bad_request"),
    ({"message": "Invalid parameter(s)"}, REST, 422, "bad_request"),
    ({"errors": [{"title": "Invalid value", "detail": "Unexpected field: x"}]}, REST, 422, "bad_request"),
    ({"message": "Restricted access"}, REST, 403, "plan_required"),
    ({"message": BUSY}, REST, 429, "rate_limited"),
    ({"message": "words that nobody has seen"}, REST, 200, "malformed"),
    ({"message": "Not found"}, REST, 200, "bad_request"),
    ({"items": [], "next_page_params": None, "message": "have not yet been processed"}, REST, 200, "not_indexed_yet"),
    ({"status": "ok", "result": "success", "hash": "0x"}, "/api/v2/transactions/0x", 200, "readable"),
    ({"status": "0", "message": "No transactions found", "result": []}, REST, 200, "malformed"),
    ({"jsonrpc": "2.0", "id": 1, "result": "0x1"}, NODE, 200, "readable"),
    ({"jsonrpc": "2.0", "id": 1, "error": "Missed `to` address"}, NODE, 200, "bad_request"),
    ({"jsonrpc": "2.0", "id": 1, "error": {"code": 3, "message": "x", "data": "0x"}}, NODE, 200, "bad_request"),
    ({"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": ""}}, NODE, 200, "bad_request"),
    ({"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "server error"}}, NODE, 200, "malformed"),
    ({"jsonrpc": "2.0", "id": 1}, NODE, 200, "malformed"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "path", "status", "kind"), CASES)
def test_an_answer_is_what_its_words_say_and_only_then_what_its_status_says(body, path, status, kind):
    try:
        classify(answer(body, path, status))
        found = "readable"
    except SourceError as problem:
        found = problem.kind
    assert found == kind


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x_ratelimit_reset": "1500"}, 1.5),
        ({"X_RateLimit_Reset": "250"}, 0.25),
        ({"x_ratelimit_reset": "-1"}, 10.0),
        ({"x_ratelimit_reset": "soon"}, 10.0),
        ({"x_ratelimit_reset": "9" * 30}, 3600.0),
        ({"Retry_After": "7"}, 7.0),
        ({}, 10.0),
    ],
)
@pytest.mark.parametrize("path", [RPC, REST])
def test_a_refusal_for_haste_waits_the_milliseconds_of_its_header(headers, wait, path):
    body = says(BUSY) if path == RPC else {"message": BUSY}
    with pytest.raises(RateLimited) as problem:
        classify(answer(body, path, 429, **headers))
    assert problem.value.wait == wait


@pytest.mark.parametrize(
    "body",
    [
        {"items": []},
        {"items": [{}]},
        {"items": [{}], "next_page_params": {}},
        {"items": [{}], "next_page_params": []},
        {"items": [{}], "next_page_params": {"index": [1]}},
        {"items": [], "next_page_params": {"index": 1}},
        {"items": None, "next_page_params": None},
        {"items": {"0": {}}, "next_page_params": None},
    ],
)
def test_a_page_without_a_proper_cursor_is_never_the_last_one(body):
    with pytest.raises(MalformedAnswer):
        read_items(answer(body, REST))


def test_every_parameter_of_a_cursor_is_given_back_but_null_which_is_none():
    body = {"items": [{}], "next_page_params": {"block_number": 5, "index": 0, "fee": "12", "new": True, "gone": None}}
    assert read_items(answer(body, REST))[1] == {"block_number": "5", "index": "0", "fee": "12", "new": "true"}


@pytest.mark.parametrize("result", [None, 7, "7", "0x", "0xzz", "0x" + "f" * 20, {}, "latest"])
def test_a_head_that_is_no_block_number_is_refused(result):
    with pytest.raises(MalformedAnswer):
        read_head(answer({"jsonrpc": "2.0", "id": 1, "result": result}))


def test_hostile_words_of_a_refusal_are_one_printable_line():
    body = says("Invalid \x1b[31m\n address\u202e " + "x" * 500)
    with pytest.raises(SourceError) as problem:
        classify(answer(body))
    assert problem.value.what.isprintable()
    assert len(problem.value.what) <= 200
