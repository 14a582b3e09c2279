"""What providers say: every wording that is known, by its words first, whatever the HTTP status and the code are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from cryptotrace.errors import (
    BadKey,
    BadRequest,
    MalformedAnswer,
    NotIndexedYet,
    PlanRequired,
    QuotaExhausted,
    RateLimited,
    SourceError,
    TransientSourceError,
)
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.rpc.answers import BatchRefused, TooWide, classify, read_results
from cryptotrace.sources.rpc.ranges import Hint, Span, hint_of
from cryptotrace.sources.rpc.results import decoded

LOGS, TRACES, BALANCE = "eth_getLogs", "trace_filter", "eth_getBalance"


def asked(method: str = LOGS, count: int = 1) -> str:
    calls = [{"jsonrpc": "2.0", "id": at, "method": method, "params": []} for at in range(1, count + 1)]
    return json.dumps(calls if count > 1 else calls[0])


def answer(body: Any, status: int = 200, *, payload: str = asked(), headers: dict[str, str] | None = None) -> Answer:
    request = Request(source="rpc", chain="ethereum", stream="token", payload=payload)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(request=request, status=status, body=raw, received_at=datetime.now(UTC), headers=headers or {})


def refusal(given: Answer) -> SourceError:
    with pytest.raises(SourceError) as caught:
        classify(given)
    return caught.value


ALCHEMY = (
    "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response "
    "size, or you can request any block range with a cap of 10K logs in the response. Based on your parameters and the "
    "response size limit, this block range should work: [0x10, 0x1f]"
)
FREE = (
    "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range. Based on your parameters, this "
    "block range should work: [0x10, 0x19]. Upgrade to PAYG for expanded block range."
)
CU = "Your app has exceeded its compute units per second capacity. If you have retries enabled, you can safely ignore this."
TABLE: list[tuple[str, int, int, str, type[SourceError], Hint | None]] = [
    # smaller
    (
        "query returned more than 10000 results. Try with this block range [0x10, 0x1f].",
        -32005, 200, LOGS, TooWide, Hint(16, 31),
    ),
    ("range 1000000 exceeds limit of 10000", -32602, 200, LOGS, TooWide, Hint(blocks=10_000)),
    (ALCHEMY, -32602, 200, LOGS, TooWide, Hint(16, 31)),
    (FREE, -32600, 400, LOGS, TooWide, Hint(16, 25)),
    ("You can make requests with up to a 500 block range", -32600, 400, LOGS, TooWide, Hint(blocks=500)),
    ("up to a 10000 block range", -32000, 200, LOGS, TooWide, Hint(blocks=10_000)),
    ("eth_getLogs is limited to a 1000 blocks range", -32000, 200, LOGS, TooWide, Hint(blocks=1_000)),
    ("eth_getLogs and eth_newFilter are limited to a 10,000 blocks range", -32614, 200, LOGS, TooWide, Hint(blocks=10_000)),
    ("exceed maximum block range: 5000", -32000, 200, LOGS, TooWide, Hint(blocks=5_000)),
    ("requests with up to a 2K block range", -32602, 200, LOGS, TooWide, Hint(blocks=2_000)),
    ("block range limit exceeded", -32000, 200, LOGS, TooWide, Hint()),
    ("eth_getLogs range is too large, max is 1k blocks", -32000, 200, LOGS, TooWide, Hint(blocks=1_000)),
    ("limit exceeded", -32005, 200, LOGS, TooWide, Hint()),
    ("limit exceeded", -32000, 200, LOGS, TooWide, Hint()),
    ("Response is too big", -32008, 200, LOGS, TooWide, Hint()),
    ("query timeout exceeded", -32005, 200, LOGS, TooWide, Hint()),
    ("request timed out", -32000, 200, TRACES, TooWide, Hint()),
    ("block range is too wide", -32600, 200, LOGS, TooWide, Hint()),
    ("range 101 exceeds limit of 100", -32602, 200, TRACES, TooWide, Hint(blocks=100)),
    # wait
    (CU, 429, 200, LOGS, RateLimited, None),
    (CU, 429, 429, LOGS, RateLimited, None),
    ("Too Many Requests", 429, 429, LOGS, RateLimited, None),
    ("project ID request rate exceeded", -32005, 429, LOGS, RateLimited, None),
    ("50/second request limit reached - reduce calls per second", -32007, 200, LOGS, RateLimited, None),
    ("rate limit exceeded", -32005, 200, LOGS, RateLimited, None),
    ("limit exceeded", -32005, 200, BALANCE, RateLimited, None),
    ("", -32005, 200, LOGS, RateLimited, None),
    ("", 429, 200, LOGS, RateLimited, None),
    # the day is over
    ("daily request count exceeded, request rate limited", -32005, 429, LOGS, QuotaExhausted, None),
    ("Monthly capacity limit exceeded.", 429, 429, LOGS, QuotaExhausted, None),
    # old state, plans
    ("missing trie node 4f3c (path )", -32000, 200, BALANCE, PlanRequired, None),
    ("Archive requests require a personal token", -32000, 403, BALANCE, PlanRequired, None),
    ("header not found", -32000, 200, BALANCE, PlanRequired, None),
    ("required historical state unavailable (reexec=128)", -32000, 200, BALANCE, PlanRequired, None),
    ("trace_filter is not available on the Free tier", -32600, 400, TRACES, PlanRequired, None),
    ("pruned history unavailable", 4444, 200, LOGS, PlanRequired, None),
    # not there
    ("the method trace_filter does not exist/is not available", -32601, 200, TRACES, BadRequest, None),
    ("Method not found", -32601, 200, TRACES, BadRequest, None),
    ("Unsupported method: trace_filter on ETH_MAINNET", -32600, 400, TRACES, BadRequest, None),
    ("", -32601, 200, TRACES, BadRequest, None),
    # keys
    ("Must be authenticated!", -32600, 401, LOGS, BadKey, None),
    ("invalid project id", -32002, 401, LOGS, BadKey, None),
    ("Unauthorized", -32001, 200, LOGS, BadKey, None),
    # not understood
    ("invalid argument 0: json: cannot unmarshal", -32602, 200, BALANCE, BadRequest, None),
    ("invalid block range params", -32000, 200, LOGS, BadRequest, None),
    ("execution reverted", 3, 200, "eth_call", BadRequest, None),
    # later
    ("transaction not found", -32000, 200, "debug_traceTransaction", NotIndexedYet, None),
    ("transaction indexing is in progress", -32000, 200, "eth_getTransactionReceipt", NotIndexedYet, None),
    ("block range extends beyond current head block", -32000, 200, LOGS, TransientSourceError, None),
    ("execution timeout", -32000, 200, "debug_traceTransaction", TransientSourceError, None),
    ("service temporarily unavailable", -32000, 503, LOGS, TransientSourceError, None),
    ("Internal error", -32603, 200, LOGS, TransientSourceError, None),
    ("", -32603, 200, LOGS, TransientSourceError, None),
    # nobody has seen it before
    ("the moon is in the wrong house", -32000, 200, LOGS, MalformedAnswer, None),
    ("the moon is in the wrong house", -32000, 500, LOGS, TransientSourceError, None),
    ("", 0, 200, LOGS, MalformedAnswer, None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "status", "method", "kind", "hint"), TABLE)
def test_every_wording_is_the_error_that_it_means(
    text: str, code: int, status: int, method: str, kind: type[SourceError], hint: Hint | None
) -> None:
    error = {"code": code, "message": text}
    for body in ({"jsonrpc": "2.0", "id": 1, "error": error}, {"jsonrpc": "2.0", "id": None, "error": error}, error):
        problem = refusal(answer(body, status, payload=asked(method)))
        assert type(problem) is kind, body
        assert (problem.advice if isinstance(problem, TooWide) else None) == hint
    item = {"jsonrpc": "2.0", "id": 2, "error": error}
    whole = [{"jsonrpc": "2.0", "id": 1, "result": []}, item]
    assert type(refusal(answer(whole, status, payload=asked(method, 2)))) is kind


def test_a_hint_may_stand_in_the_data_beside_the_words() -> None:
    error = {"code": -32005, "message": "query returned more than 10000 results", "data": {"from": "0xa", "to": "0x14"}}
    problem = refusal(answer({"jsonrpc": "2.0", "id": 1, "error": error}))
    assert isinstance(problem, TooWide)
    assert problem.advice == Hint(10, 20)


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"<html>502</html>", 502, TransientSourceError),
        (b"<html>403</html>", 403, MalformedAnswer),
        (b"<html>404</html>", 404, BadKey),
        (b"", 200, MalformedAnswer),
        (b'{"jsonrpc":"2.0","id":1,"resu', 200, MalformedAnswer),
        (b"\xff\xfe", 200, MalformedAnswer),
        (b"[" * 100_000, 200, MalformedAnswer),
        (b"too many requests", 429, RateLimited),
        (b"no", 401, BadKey),
        (b"no", 402, PlanRequired),
        (b"no", 413, TooWide),
        ({"jsonrpc": "2.0", "id": 1}, 200, MalformedAnswer),
        ({"jsonrpc": "2.0", "id": 2, "result": []}, 200, MalformedAnswer),
        ({"error": "Unauthorized"}, 200, BadKey),
        ({"message": "API rate limit exceeded"}, 429, RateLimited),
        ([{"jsonrpc": "2.0", "id": 1, "result": []}], 200, MalformedAnswer),
        ("a word", 200, MalformedAnswer),
    ],
)
def test_what_is_no_answer_of_json_rpc_is_judged_by_its_status(body: Any, status: int, kind: type[SourceError]) -> None:
    assert type(refusal(answer(body, status))) is kind


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"error": {"code": -32600, "message": "batch requests are not supported"}}, 400, BatchRefused),
        ({"id": 1, "error": {"code": -32602, "message": "Batch size is too large"}}, 200, BatchRefused),
        ({"id": None, "error": {"code": -32600, "message": "invalid request"}}, 200, BatchRefused),
        ({"id": 1, "result": "0x1"}, 200, BatchRefused),
        (b"<html>413</html>", 413, BatchRefused),
        ({"error": {"code": 429, "message": CU}}, 429, RateLimited),
        ([], 200, MalformedAnswer),
        ([{"id": 1, "result": 1}], 200, MalformedAnswer),
        ([{"id": 1, "result": 1}, {"id": 1, "result": 1}], 200, MalformedAnswer),
        ([{"id": 1, "result": 1}, {"id": 3, "result": 1}], 200, MalformedAnswer),
        ([{"id": 1, "result": 1}, 7], 200, MalformedAnswer),
        ([{"id": True, "result": 1}, {"id": 2, "result": 1}], 200, MalformedAnswer),
    ],
)
def test_a_batch_that_is_refused_or_answered_in_part(body: Any, status: int, kind: type[SourceError]) -> None:
    assert type(refusal(answer(body, status, payload=asked(count=2)))) is kind


def test_results_of_a_batch_come_in_the_order_of_the_questions() -> None:
    mixed = answer([{"id": 2, "result": "b"}, {"id": 1, "result": None}], payload=asked(count=2))
    classify(mixed)
    assert [decoded(one, "") for one in read_results(mixed)] == [None, "b"]


def test_a_null_result_is_an_answer_and_what_it_means_is_for_who_asked() -> None:
    empty = answer({"jsonrpc": "2.0", "id": 1, "result": None})
    classify(empty)
    assert [decoded(one, "") for one in read_results(empty)] == [None]


def test_of_several_errors_in_a_batch_the_one_that_may_pass_comes_first() -> None:
    bodies = [
        {"id": 1, "error": {"code": -32005, "message": "query returned more than 10000 results"}},
        {"id": 2, "error": {"code": 429, "message": CU}},
    ]
    assert type(refusal(answer(bodies, payload=asked(count=2)))) is RateLimited


def test_a_wait_that_the_server_names_is_kept() -> None:
    given = answer({"error": {"code": 429, "message": CU}}, 429, headers={"Retry-After": "7"})
    problem = refusal(given)
    assert isinstance(problem, RateLimited)
    assert problem.wait == 7


def test_words_of_a_provider_are_shown_on_one_short_line() -> None:
    text = "query returned more than 10000 results\n\x1b[31m" + "x" * 500
    problem = refusal(answer({"id": 1, "error": {"code": -32005, "message": text}}))
    assert len(problem.what) <= 200
    assert problem.what.isprintable()


# -- ranges --------------------------------------------------------------------------------------------------------------


def test_a_window_begins_at_two_thousand_blocks_and_grows_by_half_while_few_rows_come() -> None:
    span, sizes = Span(start=0), []
    for _ in range(4):
        end = span.end(10**9)
        sizes.append(end - span.start + 1)
        span = span.after(end, 5)
    assert sizes == [2_000, 3_000, 4_500, 6_750]
    assert span.after(span.end(10**9), 101).size == span.size


def test_a_refused_window_is_halved_down_to_one_block_and_a_hint_is_followed_at_once() -> None:
    span, steps = Span(start=7), 0
    while span.size > 1:
        span = span.smaller(span.end(10**9), Hint())
        steps += 1
    assert steps == 10
    assert Span(start=7).smaller(2_006, Hint(7, 46)).size == 40
    assert Span(start=7).smaller(2_006, Hint(blocks=10)) == Span(start=7, size=10, most=10)


@pytest.mark.parametrize(
    "hint", [Hint(8, 46), Hint(0, 5), Hint(7, 2_006), Hint(7, 9_000), Hint(blocks=2_000), Hint(blocks=10**9)]
)
def test_a_hint_that_is_no_help_is_not_followed(hint: Hint) -> None:
    expected = 40 if hint == Hint(0, 46) else 1_000
    assert Span(start=7).smaller(2_006, hint).size == expected


def test_a_window_never_grows_beyond_what_the_provider_said() -> None:
    span = Span(start=0, size=10, most=10)
    assert span.after(9, 0).size == 10
    assert Span.read(span.cursor) == span
    assert Span.read(Span(start=3).cursor) == Span(start=3)


@pytest.mark.parametrize("text", ["up to a 0 block range", "exceeds limit of", "[0x, 0x1]", "[0xzz, 0x1]", ""])
def test_words_without_a_usable_number_are_no_hint(text: str) -> None:
    assert hint_of(text) == Hint()
    assert hint_of(text, {"from": 1, "to": None}) == Hint()
