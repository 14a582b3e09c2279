"""Answers that nobody should send: a typed error, a rejected row, or the exact row. Nothing else, and never an empty list."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pulling import InProcess, in_process, rejected_hashes, rows_of, truth_of, walked

from cryptotrace.errors import (
    BadKey,
    BadRequest,
    ChainNotInPlan,
    MalformedAnswer,
    NotIndexedYet,
    PlanRequired,
    QuotaExhausted,
    RangeTooLarge,
    RateLimited,
    SourceError,
    TransientSourceError,
)
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.etherscan.answers import classify, read_proxy, read_rows, read_text
from cryptotrace.sources.etherscan.lists import Etherscan
from cryptotrace.testing.explorers import (
    IMPOSSIBLE_VALUES,
    STRANGE_VALUES,
    UNLIMITED,
    FakeEtherscan,
    Fault,
    random_chain,
)

ACTIONS = {"native": "txlist", "internal": "txlistinternal", "token": "tokentx"}
WORLD = random_chain(2, transactions=80)
HEAD = 10**8
REQUEST = Request(source="etherscan", chain="ethereum", stream="native")


def answer(body: bytes | str | dict[str, Any], status: int = 200, **headers: str) -> Answer:
    data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(request=REQUEST, status=status, body=data, received_at=datetime(2026, 1, 1, tzinfo=UTC), headers=names)


def notok(text: object, message: str = "NOTOK") -> dict[str, Any]:
    return {"status": "0", "message": message, "result": text}


# -- which error it is ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (notok("Max calls per sec rate limit reached (3/sec)"), RateLimited),
        (notok("Max rate limit reached, please use API Key for higher rate limit"), RateLimited),
        (notok("Max rate limit reached"), RateLimited),
        (notok("MAX RATE LIMIT REACHED"), RateLimited),
        (notok("Max daily rate limit reached. 110000 (100%) of 100000 day/limit"), QuotaExhausted),
        (notok("Missing/Invalid API Key"), BadKey),
        (notok("Invalid API Key"), BadKey),
        (notok("Invalid API Key (#err2)"), BadKey),
        (notok("Too many invalid api key attempts, please try again later"), BadKey),
        (notok("Free API access is not supported for this chain. Please upgrade your api plan"), ChainNotInPlan),
        (notok("Free API access is temporarily unavailable due to unusually high network activity"), TransientSourceError),
        (notok("Sorry, it looks like you are trying to access an API Pro endpoint."), PlanRequired),
        (notok(None, "chain not supported"), ChainNotInPlan),
        (notok("Missing or unsupported chainid parameter (required for v2 api)"), BadRequest),
        (notok("Error! Missing Or invalid Action name"), BadRequest),
        (notok("Error! Missing Or invalid Module name (#2)"), BadRequest),
        (notok("Error! Invalid address format"), BadRequest),
        (notok("Error! Invalid parameter"), BadRequest),
        (notok("Error! No closest block found"), BadRequest),
        (notok(None, "Result window is too large, PageNo x Offset size must be less than or equal to 10000"), RangeTooLarge),
        (notok(None, "Query Timeout occured. Please select a smaller result dataset"), RangeTooLarge),
        (notok("Query Timeout occured. Please select a smaller result dataset"), RangeTooLarge),
        (notok("Please specify a block range smaller than 10000000 blocks"), RangeTooLarge),
        (notok("Unexpected err, timeout occurred or server too busy. Please try again later"), TransientSourceError),
        (notok("You are using a deprecated V1 endpoint, switch to Etherscan API V2."), BadRequest),
        (notok(""), MalformedAnswer),
        (notok(None), MalformedAnswer),
        (notok([]), MalformedAnswer),
        (notok("Something that nobody has seen before"), MalformedAnswer),
        ({"status": "2", "message": "Some internal transactions have not yet been processed", "result": []}, NotIndexedYet),
        ({"status": "2", "message": "", "result": [{"hash": "0x"}]}, NotIndexedYet),
        ({"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "invalid argument"}}, BadRequest),
        ({"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "server error"}}, MalformedAnswer),
        ({"jsonrpc": "2.0", "id": 1, "error": "odd"}, MalformedAnswer),
        ({"status": "0", "message": "No luck today", "result": []}, MalformedAnswer),
        ({"status": "0", "message": "found", "result": []}, MalformedAnswer),
        ({"status": "0", "message": "No transactions found", "result": [{"hash": "0x"}]}, MalformedAnswer),
        ({"status": "", "message": "OK", "result": []}, MalformedAnswer),
        ({"status": True, "message": "OK", "result": []}, MalformedAnswer),
        ({"status": [], "message": [], "result": []}, MalformedAnswer),
        ({"status": "1", "message": "OK"}, MalformedAnswer),
        ({"result": []}, MalformedAnswer),
        ({}, MalformedAnswer),
        (b"[]", MalformedAnswer),
        (b"null", MalformedAnswer),
        (b"", MalformedAnswer),
        (b"\x00", MalformedAnswer),
        (b"\xff\xfe{}", MalformedAnswer),
        (b'{"status":"1","message":"OK","result":[]', MalformedAnswer),
        (b'{"status":"1","message":"OK","result":[]}]', MalformedAnswer),
        (b'{"status":"1","message":"OK","result":NaN}', MalformedAnswer),
        (b'{"status":"1","message":"OK","result":[{"value":Infinity}]}', MalformedAnswer),
        (b'{"status":"1","message":"OK","result":[{"value":-Infinity}]}', MalformedAnswer),
        (b'{"status":"1","message":"OK","result":[],"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", MalformedAnswer),
        (b'{"status":"1","message":"OK","result":["\xff"]}', MalformedAnswer),
        (b'{"status":"1","message":"OK","result":["\x00"]}', MalformedAnswer),
        (b"<html>502 Bad Gateway</html>", MalformedAnswer),
    ],
)
def test_words_of_the_explorer_become_the_error_that_they_are(body, kind):
    with pytest.raises(SourceError) as caught:
        classify(answer(body))
    assert type(caught.value) is kind
    with pytest.raises(SourceError):
        read_rows(answer(body))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, "slow down", RateLimited),
        (429, notok("slow down"), RateLimited),
        (429, {"message": "Too Many"}, RateLimited),
        (429, notok("Invalid API Key"), BadKey),
        (414, "<html>", RangeTooLarge),
        (500, "<html>", TransientSourceError),
        (502, "<html>", TransientSourceError),
        (503, notok("odd words"), TransientSourceError),
        (403, "<html>", MalformedAnswer),
        (403, notok("Max calls per sec rate limit reached (3/sec)"), RateLimited),
        (302, "", MalformedAnswer),
        (204, "", MalformedAnswer),
    ],
)
def test_the_body_decides_and_the_status_only_where_it_says_nothing(status, body, kind):
    with pytest.raises(SourceError) as caught:
        classify(answer(body, status))
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ({"status": "0", "message": "No transactions found", "result": []}, 0),
        ({"status": "0", "message": "No records found", "result": ""}, 0),
        ({"status": "0", "message": "no blocks FOUND ", "result": None}, 0),
        ({"status": "1", "message": "OK", "result": []}, 0),
        ({"status": 1, "message": "OK", "result": []}, 0),
        ({"status": "1", "message": "OK-Missing/Invalid API Key, rate limit of 1/5sec applied", "result": [{}]}, 1),
    ],
)
def test_empty_is_only_what_says_so(body, rows):
    classify(answer(body))
    assert len(read_rows(answer(body))) == rows


@pytest.mark.parametrize("result", [None, "", "0x", 7, {}, {"a": 1}])
def test_a_success_without_a_list_is_no_empty_list(result):
    with pytest.raises(MalformedAnswer):
        read_rows(answer({"status": "1", "message": "OK", "result": result}))


def test_an_answer_of_the_node_is_no_list_and_a_list_is_none_of_the_node():
    node = answer({"jsonrpc": "2.0", "id": 1, "result": None})
    assert read_proxy(node) is None
    with pytest.raises(MalformedAnswer):
        read_rows(node)
    listed = answer({"status": "1", "message": "OK", "result": []})
    with pytest.raises(MalformedAnswer):
        read_proxy(listed)
    with pytest.raises(MalformedAnswer):
        read_text(listed)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.sampled_from((200, 302, 404, 429, 500)))
@example(b'{"status":"1","message":"OK","result":[]}', 200)
def test_any_bytes_are_a_typed_error_or_readable(body, status):
    one = answer(body, status)
    try:
        classify(one)
    except SourceError:
        with pytest.raises(SourceError):
            read_rows(one)
        return
    found = json.loads(body)
    assert "jsonrpc" in found or str(found["status"]) in ("0", "1")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.fixed_dictionaries({}, optional={"status": JSON, "message": JSON, "result": JSON, "jsonrpc": JSON, "error": JSON}))
def test_any_envelope_is_a_typed_error_or_what_it_says(body):
    one = answer(json.dumps(body))
    try:
        classify(one)
        rows = read_rows(one)
    except SourceError:
        return
    words = str(body.get("message") or "").strip().lower()
    assert rows or str(body["status"]) == "1" or (words.startswith("no ") and words.endswith(" found"))


ROW = st.dictionaries(
    st.sampled_from(
        (
            "blockNumber",
            "timeStamp",
            "hash",
            "from",
            "to",
            "value",
            "gasPrice",
            "gasUsed",
            "isError",
            "nonce",
            "tokenSymbol",
            "tokenDecimal",
            "contractAddress",
            "traceId",
            "type",
            "logIndex",
            "transactionIndex",
            "tokenID",
            "L1FeesPaid",
        )
    ),
    JSON | st.sampled_from(("1", "0", "0x", "-5", "1e18", WORLD.addresses[0], "0x" + "a" * 64, "1700000000")),
    max_size=19,
)


@given(st.sampled_from(("native", "internal", "token")), st.lists(ROW, max_size=3))
def test_any_row_is_parsed_exactly_or_rejected_whole(stream, rows):
    batch = Etherscan("ethereum", None).parse(stream, rows)  # type: ignore[arg-type]
    own = [row for row in batch.rows.get("transfers", ()) if row[2] == stream]
    assert len(own) + len(batch.rejects) == len(rows)
    for row in own:
        assert any(str(row[14]) == str(cells["value"]).lstrip("0") or row[14] == int(cells["value"]) for cells in rows)
    for reject in batch.rejects:
        assert reject.reason


# -- one odd value in a list that is right -------------------------------------------------------------------------------


def list_with(stream: str, address: str, *faults: Fault) -> tuple[FakeEtherscan, list[Any]]:
    explorer = FakeEtherscan(WORLD, plan=UNLIMITED, faults=faults)
    return explorer, [step for step in walked(in_process(explorer), address, HEAD) if step.progress.stream == stream]


def has_column(stream: str, column: str) -> bool:
    if column.startswith("token"):
        return stream == "token"
    return stream != "token" if column == "isError" else True


@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
@pytest.mark.parametrize(
    ("stream", "column", "value"),
    [(stream, *one) for stream in ACTIONS for one in IMPOSSIBLE_VALUES if has_column(stream, one[0])],
    ids=lambda value: repr(value)[:20],
)
def test_an_impossible_value_is_asked_again_then_an_error_or_a_reject_and_no_other_row_suffers(column, value, stream, times):
    address = WORLD.addresses[0]
    fault = Fault("odd_value", value, column=column, actions=(ACTIONS[stream],), first=2, times=times)
    explorer, steps = list_with(stream, address, fault)
    assert explorer.faults.log
    end, batches = steps[-1].progress, [step.batch for step in steps]
    truth = truth_of(WORLD, address, stream, -1 if end.through is None else end.through)
    got, rejects = rows_of(batches), rejected_hashes(batches)
    assert got <= truth
    lost = sum(count for row, count in (truth - got).items() if row[1] != "fee")
    if times == 1 and column not in ("tokenDecimal", "tokenName"):
        assert (end.status, lost, rejects.total()) == ("complete", 0, 0)
    elif end.status == "complete":
        assert (lost, rejects.total()) == (0, 0)
    elif end.reason == "rejected_rows":
        assert 0 < lost <= rejects.total()
    else:
        assert end.reason == "malformed"


@pytest.mark.parametrize("stream", ACTIONS)
@pytest.mark.parametrize(("column", "value"), STRANGE_VALUES, ids=lambda value: repr(value)[:20])
def test_a_strange_but_possible_value_costs_no_row(column, value, stream):
    address = WORLD.addresses[0]
    _explorer, steps = list_with(
        stream, address, Fault("odd_value", value, column=column, actions=(ACTIONS[stream],), times=None)
    )
    assert (steps[-1].progress.status, steps[-1].progress.reason) == ("complete", None)
    assert rows_of(step.batch for step in steps) == truth_of(WORLD, address, stream, HEAD)
    assert not any(step.batch.rejects for step in steps)


def test_unknown_decimals_stay_unknown_and_the_amount_whole():
    _, steps = list_with("token", WORLD.addresses[0], Fault("odd_value", "", column="tokenDecimal", times=None))
    unknown = [row for step in steps for row in step.batch.rows.get("transfers", ()) if row[13] is None]
    assert unknown
    assert all(row[14] >= 0 for row in unknown)


@pytest.mark.parametrize("kind", ["duplicate_key", "raw_nul", "not_utf8", "nested", "truncated"])
@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
def test_broken_text_is_survived_or_declared_and_the_row_is_exact(kind, times):
    explorer, steps = list_with("native", WORLD.addresses[0], Fault(kind, actions=("txlist",), first=2, times=times))
    end = steps[-1].progress
    truth = truth_of(WORLD, WORLD.addresses[0], "native", -1 if end.through is None else end.through)
    assert explorer.faults.log
    assert rows_of(step.batch for step in steps) == truth
    assert end.status == "complete" or (times is None and end.reason == "malformed")


@pytest.mark.parametrize("text", ["", "0x", "-0x5", "0x-5", "1_0", "0x1_0", "12", "0x" + "f" * 30, "0xzz", None, 5, [], {}])
def test_a_head_that_is_no_block_number_is_a_typed_error(text):
    explorer = FakeEtherscan(WORLD, plan=UNLIMITED)

    class Odd(InProcess):
        def _send(self, request: Request) -> Answer:
            good = super()._send(request)
            return answer({"jsonrpc": "2.0", "id": 1, "result": text}) if request.stream == "head" else good

    source = Etherscan("ethereum", Odd(explorer))
    with pytest.raises(MalformedAnswer, match="block number is no number"):
        source.head("1")
    assert isinstance(source.block_at(1_700_000_000), int)


@pytest.mark.parametrize("limit", [None, "100000", 1.5, True, [], "NaN"])
def test_a_plan_without_a_whole_number_of_calls_is_a_typed_error(limit):
    class Odd(InProcess):
        def _send(self, request: Request) -> Answer:
            return answer({"status": "1", "message": "OK", "result": {"creditLimit": limit}})

    with pytest.raises(MalformedAnswer, match="creditLimit"):
        Etherscan("ethereum", Odd(FakeEtherscan(WORLD))).prepare("1")


@pytest.mark.parametrize("balance", ["-1", "1e3", "", "0x10", " 5", "٣"])
def test_a_balance_that_is_no_number_is_a_typed_error(balance):
    class Odd(InProcess):
        def _send(self, request: Request) -> Answer:
            return answer({"status": "1", "message": "OK", "result": balance})

    source = Etherscan("ethereum", Odd(FakeEtherscan(WORLD)))
    with pytest.raises(SourceError):
        source.balance(WORLD.addresses[0], None, "1")
    with pytest.raises(SourceError):
        source.block_at(5)


def test_a_cap_below_the_page_that_cuts_without_a_word_loses_nothing():
    many = random_chain(4, transactions=2_600, addresses=2)
    from cryptotrace.testing.explorers import Plan

    capped = Plan(calls_per_second=None, calls_per_day=500_000, page_cap=1_000, over_cap="clamp")
    explorer = FakeEtherscan(many, plan=capped)
    source = in_process(explorer, page_rows=10_000)
    steps = walked(source, many.addresses[0], HEAD)
    for stream in ACTIONS:
        mine = [step for step in steps if step.progress.stream == stream]
        assert rows_of(step.batch for step in mine) == truth_of(many, many.addresses[0], stream, HEAD)
    assert {request.params["offset"] for request in explorer.requests} == {"10000", "1000"}
