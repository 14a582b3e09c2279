"""The fake Blockscout itself: strict where a client must be careful, and every fault of it can be seen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from long_worlds import HUB, long_world, other

from cryptotrace.errors import InputError
from cryptotrace.testing.explorers import KINDS, FakeBlockscout, Fault, Plan

WORLD = long_world(30)
NOT_HERE = {"window", "range_limit", "result_limit", "blank_empty", "out_of_window", "rpc_error"}
"""Faults of lists by block, of an envelope or of a node: cannot be seen in a page of REST v2."""
NOWHERE = {"deprecated", "wrong_chain"}


def ask(explorer: FakeBlockscout, path: str = "/api", payload: str = "", **params: Any) -> tuple[int, Any]:
    answer = explorer.answer({name: str(value) for name, value in params.items()}, path=path, payload=payload)
    return answer.status, json.loads(answer.body)


def listed(explorer: FakeBlockscout, **params: Any) -> Any:
    return ask(explorer, module="account", action="txlist", address=HUB, **params)[1]


def test_lists_of_the_rpc_come_newest_first_and_names_of_blocks_are_passed_over():
    explorer = FakeBlockscout(WORLD)
    blocks = [int(row["blockNumber"]) for row in listed(explorer, endblock="latest", startblock="x")["result"]]
    assert blocks == sorted(blocks, reverse=True)
    assert len(blocks) == 30
    rows = listed(explorer, sort="asc", endblock=1_003, offset=2, page=2)["result"]
    assert [row["blockNumber"] for row in rows] == ["1002", "1003"]
    assert len(listed(explorer, offset=99_999)["result"]) == 30
    assert listed(explorer, page=3, offset=5_000)["message"].startswith("Result window is too large")
    assert listed(explorer, page=3, offset=5_000)["result"] is None
    assert listed(explorer, chainid=1)["status"] == "0"
    assert ask(explorer, module="account", action="txlist")[1]["message"] == "Query parameter 'address' is required"
    assert ask(explorer, module="proxy", action="eth_blockNumber")[1]["message"] == "Unknown module"


def test_a_cursor_is_refused_that_is_cut_or_goes_with_other_filters():
    explorer = FakeBlockscout(WORLD, page_rows=10)
    path = f"/api/v2/addresses/{HUB}/token-transfers"
    status, page = ask(explorer, path, type="ERC-20")
    following = page["next_page_params"]
    assert (status, len(page["items"]), set(following)) == (200, 10, {"block_number", "index"})
    assert ask(explorer, path, type="ERC-20", **following)[0] == 200
    assert ask(explorer, path, **following)[0] == 422
    assert ask(explorer, path, type="ERC-20", index=following["index"])[0] == 422
    assert ask(explorer, path, type="ERC-20", block_number=7, index=7)[0] == 422
    assert ask(explorer, "/api/v2/addresses/0x12/transactions")[0] == 422
    assert ask(explorer, f"/api/v2/addresses/{HUB}/counters")[0] == 404


def test_quirks_of_single_answers_are_those_of_the_real_server():
    explorer = FakeBlockscout(WORLD)
    many = ",".join([*(other(number) for number in range(25))])
    found = ask(explorer, module="account", action="balancemulti", address=many)[1]["result"]
    assert [row["account"] for row in found] == sorted(other(number) for number in range(20))
    logs = ask(explorer, module="logs", action="getLogs", fromBlock=0, toBlock=2_000, address=WORLD.transfers[2].contract)[1]
    assert {len(row["topics"]) for row in logs["result"]} == {4}
    assert None in logs["result"][0]["topics"]
    assert ask(explorer, module="logs", action="getLogs", address=HUB)[1]["message"].startswith("Required query parameters")
    when = int(WORLD.transactions[0].time.timestamp())
    block = ask(explorer, module="block", action="getblocknobytime", timestamp=when, closest="before")[1]["result"]
    assert block == {"blockNumber": "1000"}
    of_one = ask(explorer, module="account", action="txlistinternal", txhash=WORLD.transactions[0].tx_hash)[1]
    assert [(row["index"], "traceId" in row) for row in of_one["result"]] == [("1", False)]


@pytest.mark.parametrize(("given", "status"), [({}, 402), ({"apikey": "other"}, 401), ({"apikey": "mine"}, 200)])
def test_the_hosted_service_wants_its_key(given, status):
    explorer = FakeBlockscout(WORLD, key="mine")
    assert ask(explorer, module="block", action="eth_block_number", **given)[0] == status


def test_a_call_too_many_is_told_to_wait_in_milliseconds_and_without_retry_after():
    explorer = FakeBlockscout(WORLD, plan=Plan(calls_per_second=1, calls_per_day=None), clock=lambda: 5.0)
    answers = [explorer.answer({"module": "block", "action": "eth_block_number"}, path="/api") for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 429]
    assert answers[1].headers["x-ratelimit-reset"] == "1000"
    assert "Retry-After" not in answers[1].headers


def test_a_node_answers_at_its_own_place_only():
    question = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []})
    for hosted, path, elsewhere in ((False, "/api/eth-rpc", "/json-rpc"), (True, "/json-rpc", "/api/eth-rpc")):
        explorer = FakeBlockscout(WORLD, hosted=hosted)
        assert ask(explorer, path, question)[1]["result"] == "0x1"
        assert ask(explorer, elsewhere, question)[0] == 404
    strange = question.replace("eth_chainId", "trace_block")
    assert ask(explorer, "/json-rpc", strange)[1]["error"]["code"] == -32601


@pytest.mark.parametrize("kind", sorted(set(KINDS) - NOWHERE))
def test_every_fault_can_be_seen_in_some_answer_of_both_dialects(kind):
    column = {"column": "from"} if kind in ("null_value", "missing_column") else {}
    value = {"range_limit": 10, "result_limit": 5, "window": 5}.get(kind)
    seen = set[str]()
    for flavour in ("rpc", "rest", "node"):
        explorer = FakeBlockscout(WORLD, page_rows=10, faults=Fault(kind, value, times=None, **column))
        if flavour == "rpc":
            for address in (HUB, other(1), other(99)):
                for action in ("txlist", "txlistinternal", "tokentx"):
                    spans = {"startblock": 1_010, "endblock": 1_025, "sort": "asc", "offset": 100}
                    explorer.answer(
                        {"module": "account", "action": action, "address": address} | {n: str(v) for n, v in spans.items()},
                        path="/api",
                    )
        elif flavour == "rest":
            for name in ("transactions", "internal-transactions", "token-transfers"):
                path, following = f"/api/v2/addresses/{other(1)}/{name}", {}
                clean = FakeBlockscout(WORLD, page_rows=4)
                following = ask(clean, path)[1]["next_page_params"]
                explorer._lists = clean._lists  # it gave the cursor
                for params in ({}, following):
                    explorer.answer({key: str(cell) for key, cell in params.items()}, path=path)
        else:
            explorer.answer({}, path="/api/eth-rpc", payload='{"method": "eth_chainId", "params": []}')
        if explorer.faults.log:
            seen.add(flavour)
    assert "rpc" in seen or kind == "rpc_error"
    assert "rest" in seen or kind in NOT_HERE
    if kind == "rpc_error":
        assert seen == {"node"}


@pytest.mark.parametrize("settings", [{"page_rows": 0}, {"unseen": "gone"}])
def test_settings_that_mean_nothing_are_refused(settings):
    with pytest.raises(InputError):
        FakeBlockscout(WORLD, **settings)
