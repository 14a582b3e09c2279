"""What the fake Etherscan refuses, word for word, and how it counts calls."""

from __future__ import annotations

import json

import pytest

from cryptotrace.errors import InputError
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Plan, random_chain

WORLD = random_chain(1)
ADDRESS = WORLD.addresses[0]
BASE = {"chainid": "1", "apikey": "test-key", "module": "account", "action": "txlist", "address": ADDRESS}


def body(explorer: FakeEtherscan, **changes: str | None) -> dict:
    params = {name: value for name, value in {**BASE, **changes}.items() if value is not None}
    return json.loads(explorer.answer(params).body)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"chainid": None}, "Missing or unsupported chainid parameter"),
        ({"chainid": "424242"}, "Missing or unsupported chainid parameter"),
        ({"chainid": "137"}, "Missing or unsupported chainid parameter"),
        ({"apikey": None}, "Missing/Invalid API Key"),
        ({"apikey": "other"}, "Invalid API Key (#err2)"),
        ({"chainid": "56"}, "Free API access is not supported for this chain."),
        ({"module": "accounts"}, "Error! Missing Or invalid Module name (#2)"),
        ({"module": None}, "Error! Missing Or invalid Module name (#2)"),
        ({"action": "txlists"}, "Error! Missing Or invalid Action name"),
        ({"address": "0x12"}, "Error! Invalid address format"),
        ({"address": None}, "Error! Invalid address format"),
        ({"startBlocks": "1"}, "Error! Invalid parameter"),
        ({"startblock": "-1"}, "Error! Invalid parameter"),
        ({"startblock": "0x10"}, "Error! Invalid parameter"),
        ({"page": "0"}, "Error! Invalid parameter"),
        ({"offset": "ten"}, "Error! Invalid parameter"),
        ({"sort": "up"}, "Error! Invalid parameter"),
        ({"action": "txlistinternal", "address": None}, "Sorry, it looks like you are trying to access an API Pro endpoint."),
        ({"action": "txlistinternal", "txhash": "0x1", "address": None}, "Error! Invalid transaction hash"),
        ({"action": "txlistinternal", "txhash": "0x" + "1" * 64}, "Error! Invalid parameter"),
    ],
)
def test_a_wrong_request_gets_its_own_error_text(changes, text):
    answer = body(FakeEtherscan(WORLD, plan=Plan(calls_per_second=None)), **changes)
    assert (answer["status"], answer["message"]) == ("0", "NOTOK")
    assert answer["result"].startswith(text)


def test_names_of_parameters_and_actions_may_be_written_in_any_case():
    explorer = FakeEtherscan(WORLD, plan=UNLIMITED)
    assert body(explorer, startBlock="5", action="TxList") == body(explorer, startblock="5")
    assert body(explorer, address="0x" + ADDRESS[2:].upper()) == body(explorer)


def test_a_window_above_ten_thousand_says_so_in_the_message():
    explorer = FakeEtherscan(WORLD, plan=UNLIMITED)
    assert body(explorer, page="11", offset="1000") == {
        "status": "0",
        "message": "Result window is too large, PageNo x Offset size must be less than or equal to 10000",
        "result": None,
    }
    assert body(explorer, page="10", offset="1000") == {"status": "0", "message": "No transactions found", "result": []}


def test_a_page_above_the_cap_is_clamped_or_refused():
    clamp = FakeEtherscan(WORLD, plan=Plan(calls_per_second=None, page_cap=3))
    whole = body(FakeEtherscan(WORLD, plan=UNLIMITED))["result"]
    assert body(clamp, offset="1000")["result"] == whole[:3]
    assert body(clamp)["result"] == whole[:3]
    assert body(clamp, page="2", offset="4")["result"] == whole[3:6]
    error = FakeEtherscan(WORLD, plan=Plan(calls_per_second=None, page_cap=3, over_cap="error"))
    assert body(error, offset="4")["message"] == "NOTOK"
    assert body(error, offset="3")["result"] == whole[:3]


def test_the_node_answers_its_own_errors_and_the_account_the_others():
    explorer = FakeEtherscan(WORLD, plan=UNLIMITED)
    node = {"module": "proxy", "address": None}
    assert body(explorer, **node, action="eth_getBlockByNumber", tag="0x1")["error"]["code"] == -32700
    assert body(explorer, **node, action="eth_getTransactionReceipt", txhash="0x1")["error"]["code"] == -32602
    assert body(explorer, **node, action="eth_blockNumber", apikey="x")["status"] == "0"
    assert body(explorer, **node, action="eth_getBlockByNumber", tag=hex(10**9), boolean="false")["result"] is None


def test_calls_above_the_rate_are_refused_until_a_second_has_passed():
    now = [100.0]
    explorer = FakeEtherscan(WORLD, clock=lambda: now[0])
    answers = [body(explorer)["status"] for _ in range(5)]
    assert answers == ["1", "1", "1", "0", "0"]
    assert [bool(request.refused) for request in explorer.requests] == [False] * 3 + [True] * 2
    now[0] += 1
    assert body(explorer)["status"] == "1"
    # exactly the rate, with the rounding of a float clock, is never refused
    for _ in range(30):
        now[0] += 1 / 3
        if now[0] > 102:
            assert body(explorer)["status"] == "1"


@pytest.mark.parametrize("retry_after", [None, 2])
def test_the_rate_can_be_refused_with_http_429(retry_after):
    plan = Plan(calls_per_second=1, refusal="429", retry_after=retry_after)
    explorer = FakeEtherscan(WORLD, plan=plan, clock=lambda: 0.0)
    explorer.answer(BASE)
    answer = explorer.answer(BASE)
    assert answer.status == 429
    assert answer.headers.get("Retry-After") == (None if retry_after is None else "2")


def test_the_day_limit_turns_at_midnight_utc():
    now = [86_400.0 - 10]
    explorer = FakeEtherscan(WORLD, plan=Plan(calls_per_second=None, calls_per_day=2), clock=lambda: now[0])
    assert [body(explorer)["status"] for _ in range(3)] == ["1", "1", "0"]
    assert body(explorer)["result"] == "Max daily rate limit reached. 2 (100%) of 2 day/limit"
    now[0] += 10
    assert body(explorer)["status"] == "1"


def test_many_wrong_keys_are_told_to_wait():
    now = [0.0]
    explorer = FakeEtherscan(WORLD, clock=lambda: now[0])
    texts = [body(explorer, apikey="wrong")["result"] for _ in range(6)]
    assert texts == ["Invalid API Key (#err2)"] * 5 + ["Too many invalid api key attempts, please try again later"]
    now[0] += 31
    assert body(explorer, apikey="wrong")["result"] == "Invalid API Key (#err2)"


def test_all_keys_of_an_account_share_its_limit():
    explorer = FakeEtherscan(WORLD, key=("one", "two"), plan=Plan(calls_per_second=1), clock=lambda: 0.0)
    assert [body(explorer, apikey=key)["status"] for key in ("one", "two")] == ["1", "0"]


def test_the_log_of_requests_keeps_no_key():
    explorer = FakeEtherscan(WORLD, key="s3cret-canary", plan=UNLIMITED)
    body(explorer, apikey="s3cret-canary")
    body(explorer, apikey=None, ApiKey="s3cret-canary")
    explorer.answer({**BASE, "apikey": "s3cret-canary"}, path="/api")
    assert len(explorer.requests) == 3
    assert "s3cret" not in repr(explorer.requests) + repr(explorer.faults.log)
    assert explorer.requests[0].rows == len(body(explorer, apikey="s3cret-canary")["result"])


def test_old_and_unknown_paths_are_refused():
    explorer = FakeEtherscan(WORLD, plan=UNLIMITED)
    assert "deprecated V1 endpoint" in json.loads(explorer.answer(BASE, path="/api").body)["result"]
    assert explorer.answer(BASE, path="/v3/api").status == 404


@pytest.mark.parametrize("settings", [{"page_cap": 0}, {"calls_per_second": 0}, {"over_cap": "cut"}, {"refusal": "403"}])
def test_an_impossible_plan_is_refused(settings):
    with pytest.raises(InputError):
        Plan(**settings)
