"""Every fault does what its description says, hits when it is told to, and stands in the log."""

from __future__ import annotations

import json

import pytest

from cryptotrace.errors import InputError
from cryptotrace.testing.explorers import (
    IMPOSSIBLE_VALUES,
    KINDS,
    STRANGE_VALUES,
    UNLIMITED,
    Answer,
    FakeEtherscan,
    Fault,
    Faults,
    random_chain,
)

WORLD = random_chain(21, transactions=80)
ADDRESS = WORLD.addresses[0]
KEYS = {"chainid": "1", "apikey": "test-key"}
TXLIST = {**KEYS, "module": "account", "action": "txlist", "address": ADDRESS}
HEAD = {**KEYS, "module": "proxy", "action": "eth_blockNumber"}
WHOLE = json.loads(FakeEtherscan(WORLD, plan=UNLIMITED).answer(TXLIST).body)["result"]
MIDDLE = WHOLE[len(WHOLE) // 2]["blockNumber"]


def struck(*faults: Fault, seed: int = 0, **settings: object) -> FakeEtherscan:
    return FakeEtherscan(WORLD, plan=UNLIMITED, faults=Faults(*faults, seed=seed), **settings)


def once(fault: Fault, **params: str) -> Answer:
    """Ask until the fault has hit; the next request is honest again."""
    explorer = struck(fault)
    answer = explorer.answer({**TXLIST, **params})
    assert [hit.fault for hit in explorer.faults.log] == [fault]
    assert explorer.requests[0].faults == (fault.kind,)
    assert json.loads(explorer.answer(TXLIST).body)["result"] == WHOLE
    return answer


def rows(answer: Answer) -> list:
    return json.loads(answer.body)["result"]


@pytest.mark.parametrize(
    ("fault", "body"),
    [
        (Fault("rate_limit"), ("0", "NOTOK", "Max calls per sec rate limit reached (3/sec)")),
        (Fault("notok", "Max rate limit reached"), ("0", "NOTOK", "Max rate limit reached")),
        (Fault("notok", ""), ("0", "NOTOK", "")),
        (Fault("daily_limit"), ("0", "NOTOK", "Max daily rate limit reached. 110000 (100%) of 100000 day/limit")),
        (Fault("error_message"), ("0", "Query Timeout occured. Please select a smaller result dataset", None)),
        (Fault("range_limit", 5), ("0", "Query Timeout occured. Please select a smaller result dataset", None)),
        (Fault("result_limit", 5), ("0", "Query Timeout occured. Please select a smaller result dataset", None)),
        (
            Fault("window"),
            ("0", "Result window is too large, PageNo x Offset size must be less than or equal to 10000", None),
        ),
        (Fault("bad_key"), ("0", "NOTOK", "Invalid API Key (#err2)")),
        (Fault("deprecated"), ("0", "NOTOK", "You are using a deprecated V1 endpoint, switch to Etherscan API V2.")),
        (Fault("null_result"), ("1", "OK", None)),
    ],
)
def test_an_error_envelope_comes_instead_of_the_rows(fault, body):
    answer = once(fault)
    assert answer.status == 200
    assert tuple(json.loads(answer.body).values()) == body


def test_the_plan_can_refuse_chain_and_endpoint():
    assert rows(once(Fault("chain_not_free"))).startswith("Free API access is not supported for this chain.")
    assert rows(once(Fault("pro_endpoint"))).startswith("Sorry, it looks like you are trying to access an API Pro")


@pytest.mark.parametrize("retry_after", [None, 0, 7])
def test_http_429_comes_with_and_without_retry_after(retry_after):
    answer = once(Fault("http_429", retry_after))
    assert answer.status == 429
    assert answer.headers.get("Retry-After") == (None if retry_after is None else str(retry_after))


@pytest.mark.parametrize("status", [200, 403, 414, 502, 503])
def test_html_comes_with_any_status(status):
    answer = once(Fault("html", status))
    assert answer.status == status
    assert answer.body.startswith(b"<!DOCTYPE html>")
    assert answer.headers["Content-Type"].startswith("text/html")


def test_bodies_that_are_no_object_empty_or_elsewhere():
    assert once(Fault("empty_body")).body == b""
    assert json.loads(once(Fault("not_an_object", [1])).body) == [1]
    moved = once(Fault("redirect"))
    assert (moved.status, moved.headers["Location"]) == (302, "http://127.0.0.1:9/v2/api")


def test_node_errors_hit_only_the_node():
    explorer = struck(Fault("rpc_error", -32005))
    assert rows(explorer.answer(TXLIST)) == WHOLE
    assert json.loads(explorer.answer(HEAD).body)["error"]["code"] == -32005
    assert [hit.request for hit in explorer.faults.log] == [2]


def test_limits_of_range_and_result_spare_what_is_small_enough():
    small = {**TXLIST, "startblock": MIDDLE, "endblock": MIDDLE}
    explorer = struck(Fault("range_limit", 1, times=None), Fault("result_limit", 4, times=None))
    assert rows(explorer.answer(small))
    assert rows(explorer.answer(TXLIST)) is None
    balance = {**KEYS, "module": "account", "action": "balance", "address": ADDRESS}
    assert int(rows(explorer.answer(balance))) > 0


def test_repeated_rows_stand_behind_the_last():
    assert rows(once(Fault("repeat_rows", 2))) == [*WHOLE, *WHOLE[:2]]


def test_an_overlap_and_a_repeated_page_show_rows_from_before_the_window():
    window = [row for row in WHOLE if int(row["blockNumber"]) >= int(MIDDLE)]
    before = WHOLE[: -len(window)]
    assert rows(once(Fault("overlap", 2), startblock=MIDDLE)) == before[-2:] + window
    assert rows(once(Fault("repeat_page"), startblock=MIDDLE)) == before
    assert rows(once(Fault("repeat_page"), page="2", offset="4")) == WHOLE[:4]


def test_rows_behind_the_window_are_added():
    window = [row for row in WHOLE if int(row["blockNumber"]) <= int(MIDDLE)]
    assert rows(once(Fault("out_of_window", 2), endblock=MIDDLE)) == [*window, *WHOLE[len(window) : len(window) + 2]]


def test_foreign_rows_belong_to_others():
    got = rows(once(Fault("foreign_row", 2)))
    foreign = [row for row in got if ADDRESS not in (row["from"], row["to"])]
    assert len(foreign) == 2
    assert [row for row in got if row not in foreign] == WHOLE


def test_rows_out_of_order_are_all_there():
    got = rows(once(Fault("out_of_order")))
    assert got == [WHOLE[-1], *WHOLE[1:-1], WHOLE[0]]


def test_what_no_client_could_see_is_not_done():
    """Copies of token rows in one block look like equal transfers; one block cannot be out of order."""
    kinds = [Fault(kind, times=None) for kind in ("repeat_rows", "overlap", "repeat_page", "out_of_order", "odd_value")]
    explorer = struck(*kinds)
    tokens = {**TXLIST, "action": "tokentx"}
    first = json.loads(FakeEtherscan(WORLD, plan=UNLIMITED).answer(tokens).body)["result"][0]
    honest = {**tokens, "startblock": first["blockNumber"], "endblock": first["blockNumber"], "page": "2", "offset": "1"}
    explorer.answer(honest)
    assert {hit.fault.kind for hit in explorer.faults.log} <= {"odd_value"}
    assert rows(explorer.answer({**TXLIST, "address": "0x" + "1" * 40})) == []
    assert {hit.request for hit in explorer.faults.log} <= {1}


@pytest.mark.parametrize(("column", "value"), [*IMPOSSIBLE_VALUES, *STRANGE_VALUES])
def test_the_last_row_can_hold_any_value(column, value):
    action = "tokentx" if column.startswith("token") else "txlist"
    explorer = struck(Fault("odd_value", value, column=column))
    got = rows(explorer.answer({**TXLIST, "action": action}))
    assert repr(got[-1][column]) == repr(value)
    assert all(type(row[column]) is str for row in got[:-1])


def test_a_column_can_be_null_missing_or_extra_and_a_row_no_row():
    assert rows(once(Fault("null_value", column="from")))[-1]["from"] is None
    assert "hash" not in rows(once(Fault("missing_column", column="hash")))[-1]
    assert all(row["L1FeesPaid"] == "1" for row in rows(once(Fault("extra_column"))))
    assert rows(once(Fault("odd_row", "text"))) == [*WHOLE, "text"]


def test_delegatecalls_leak_into_short_pages():
    explorer = struck(Fault("delegatecall"))
    inner = {**TXLIST, "action": "txlistinternal"}
    got = rows(explorer.answer(inner))
    assert [row for row in got if row["type"] == "call"] == rows(explorer.answer(inner))
    assert len(got) == 2 * sum(row["type"] == "call" for row in got) > 0


def test_an_empty_answer_can_be_blank_but_rows_cannot():
    explorer = struck(Fault("blank_empty"))
    assert rows(explorer.answer(TXLIST)) == WHOLE
    empty = json.loads(explorer.answer({**TXLIST, "address": "0x" + "1" * 40}).body)
    assert empty == {"status": "0", "message": "No transactions found", "result": ""}


def test_a_transaction_can_name_another_chain():
    explorer = struck(Fault("wrong_chain"))
    asked = {**KEYS, "module": "proxy", "action": "eth_getTransactionByHash", "txhash": WHOLE[0]["hash"]}
    assert [rows(explorer.answer(asked))["chainId"] for _ in range(2)] == ["0x539", "0x1"]


def test_the_text_can_be_broken():
    honest = struck().answer(TXLIST).body
    assert once(Fault("truncated", 50)).body == honest[: len(honest) // 2]
    with pytest.raises(json.JSONDecodeError):
        json.loads(once(Fault("truncated")).body)
    doubled = json.loads(once(Fault("duplicate_key", "77")).body, object_pairs_hook=list)
    first = dict(doubled)["result"][0]
    assert [value for name, value in first if name == "value"] == ["77", WHOLE[0]["value"]]
    assert b"\0" in once(Fault("raw_nul")).body
    with pytest.raises(UnicodeDecodeError):
        once(Fault("not_utf8")).body.decode()
    nested = once(Fault("nested", 500)).body
    assert json.loads(nested)["result"] == WHOLE
    assert nested.count(b"[" * 500) == 1


def test_a_huge_body_costs_the_server_nothing():
    for kind, wire in (("huge_body", ""), ("huge_unannounced", "unannounced")):
        answer = once(Fault(kind))
        assert (answer.padding, answer.wire) == (50 * 2**20, wire)
        assert len(answer.body) < 10**5
        assert rows(answer) == WHOLE


@pytest.mark.parametrize(("kind", "wire"), [("reset", "reset"), ("hold", "hold"), ("slow_body", "half"), ("cut", "cut")])
def test_without_a_socket_the_answer_says_how_it_would_have_failed(kind, wire):
    assert once(Fault(kind)).wire == wire


def test_a_moving_head_grows_with_every_hit():
    explorer = struck(Fault("moving_head", 3, times=None, actions=("eth_blockNumber",)), head=int(MIDDLE))
    heads = [int(rows(explorer.answer(HEAD)), 16) for _ in range(3)]
    assert heads == [int(MIDDLE) + 3, int(MIDDLE) + 6, int(MIDDLE) + 9]
    assert max(int(row["blockNumber"]) for row in rows(explorer.answer(TXLIST))) <= heads[-1] == explorer.head()


def test_a_fault_hits_the_numbers_actions_and_requests_that_it_names():
    def hit(fault: Fault, seed: int = 0) -> list[int]:
        explorer = struck(fault, seed=seed)
        for number in range(12):
            explorer.answer({**TXLIST, "page": "1"} if number % 2 else HEAD)
        return [one.request for one in explorer.faults.log]

    assert hit(Fault("html", times=3)) == [1, 2, 3]
    assert hit(Fault("html", first=4, times=2)) == [4, 5]
    assert hit(Fault("html", numbers=(2, 9), times=None)) == [2, 9]
    assert hit(Fault("html", actions=("txlist",), first=2, times=2)) == [4, 6]
    assert hit(Fault("html", where=lambda params: "page" in params, times=None)) == [2, 4, 6, 8, 10, 12]
    assert hit(Fault("html", times=0)) == []
    some = hit(Fault("html", percent=50, times=None))
    assert 0 < len(some) < 12
    assert some == hit(Fault("html", percent=50, times=None)) != hit(Fault("html", percent=50, times=None), seed=1)


def test_one_replacement_at_a_time_and_all_other_faults_together():
    explorer = struck(Fault("html"), Fault("rate_limit"), Fault("repeat_rows"), Fault("truncated"), Fault("cut"))
    for _ in range(3):
        explorer.answer(TXLIST)
    assert [request.faults for request in explorer.requests] == [
        ("html", "cut"),
        ("rate_limit",),
        ("repeat_rows", "truncated"),
    ]


def test_a_refusal_of_the_plan_uses_no_fault_up():
    explorer = FakeEtherscan(WORLD, faults=Fault("html", first=4), clock=lambda: 0.0)
    for _ in range(5):
        explorer.answer(TXLIST)
    assert explorer.faults.log == []


def test_every_kind_of_fault_can_hit():
    """A kind that can never be seen would be a fault that nobody tests."""
    sorts = (
        TXLIST,
        {**TXLIST, "startblock": MIDDLE},
        {**TXLIST, "endblock": MIDDLE},
        {**TXLIST, "action": "txlistinternal"},
        {**TXLIST, "address": "0x" + "1" * 40},
        {**KEYS, "module": "proxy", "action": "eth_getTransactionByHash", "txhash": WHOLE[0]["hash"]},
    )
    for kind in KINDS:
        explorer = struck(Fault(kind, 1 if kind in ("range_limit", "result_limit") else None))
        for params in sorts:
            explorer.answer(params)
        assert [hit.cure for hit in explorer.faults.log] == [KINDS[kind].cure], kind


def test_unknown_kinds_and_impossible_numbers_are_refused():
    for wrong in ({"kind": "html5"}, {"kind": "html", "first": 0}, {"kind": "html", "percent": 101}):
        with pytest.raises(InputError):
            Fault(**wrong)
