"""What a key may do: asked once a run and kept beside the answers; what its plan does not hold is not asked for without end."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from calm_pulls import WORLD, calm, digests, fake
from long_worlds import long_world
from pulling import InProcess, coverage, in_process

import cryptotrace as ct
from cryptotrace.collect.pull import collect
from cryptotrace.collect.replay import replay
from cryptotrace.collect.verifying import check_answers
from cryptotrace.errors import BadKey, ChainNotInPlan, PlanRequired, VerificationError
from cryptotrace.sources.etherscan.lists import Etherscan
from cryptotrace.testing.explorers import FakeEtherscan, Fault

CROWD = long_world(60, people=10)


def actions(explorer: FakeEtherscan, since: int = 0) -> Counter[str]:
    return Counter(request.params["action"] for request in explorer.requests[since:])


def refused(explorer: FakeEtherscan, kind: str) -> int:
    return sum(kind in request.faults for request in explorer.requests)


def test_the_plan_is_asked_for_once_a_run_and_its_answer_is_in_no_digest():
    explorer, store = fake(WORLD), ct.open_store(":memory:")
    for allowed in (5, 9, None):
        result = collect(in_process(explorer), store, WORLD.addresses, max_requests=allowed, progress=False)
    assert not result.is_partial
    assert actions(explorer)["getapilimit"] == 1
    assert actions(explorer)["eth_getBlockByNumber"] == 1
    assert store.rows("SELECT count(*) FROM responses WHERE stream = 'plan'") == [(0,)]
    assert digests(store) == digests(calm()[0])


def test_the_answer_about_the_plan_is_kept_whole_and_a_change_of_it_is_found():
    store = calm()[0]
    answers = store.rows("SELECT count(*) FROM responses")[0][0]
    assert check_answers(store) == answers + 1
    ((name, value),) = store.rows("SELECT name, value FROM meta WHERE starts_with(name, 'answer:')")
    parts: list[Any] = json.loads(value)
    for at, other in ((7, "0" * 64), (6, "AAAA"), (4, "{}"), (9, "never")):
        changed = json.dumps([*parts[:at], other, *parts[at + 1 :]])
        store.run("UPDATE meta SET value = ? WHERE name = ?", [changed, name])
        with pytest.raises(VerificationError, match="not what its hash says"):
            check_answers(store)


def test_another_plan_another_day_gives_the_same_digests():
    explorer = fake(WORLD)
    store = ct.open_store(":memory:")
    for _ in range(7):
        explorer.answer({"chainid": "1", "module": "getapilimit", "action": "getapilimit", "apikey": "test-key"})
    collect(in_process(explorer), store, WORLD.addresses, progress=False)
    assert digests(store) == digests(calm()[0])


def test_a_run_that_goes_on_with_a_key_that_is_refused_says_so_and_stays_open():
    explorer, store = fake(WORLD), ct.open_store(":memory:")
    collect(in_process(explorer), store, WORLD.addresses, max_requests=9, progress=False)
    with pytest.raises(BadKey):
        collect(in_process(fake(WORLD, Fault("bad_key", times=None))), store, WORLD.addresses, progress=False)
    collect(in_process(explorer), store, WORLD.addresses, progress=False)
    assert digests(store) == digests(calm()[0])
    assert actions(explorer)["getapilimit"] == 1


# -- what a plan does not hold -------------------------------------------------------------------------------------------


def test_a_chain_that_the_plan_does_not_hold_ends_the_run_and_is_not_asked_about_again_with_that_source():
    explorer, store = fake(CROWD, Fault("chain_not_free", first=12, times=None)), ct.open_store(":memory:")
    source = in_process(explorer)
    collect(source, store, CROWD.addresses, progress=False)
    assert 1 <= refused(explorer, "chain_not_free") <= 4
    assert {reason for _, reason, _, _ in coverage(store).values()} <= {None, "plan_required"}
    assert len(coverage(store)) == 3 * len(CROWD.addresses)
    before = len(explorer.requests)
    with pytest.raises(ChainNotInPlan, match="not supported for this chain"):
        collect(source, ct.open_store(":memory:"), CROWD.addresses, progress=False)
    assert len(explorer.requests) == before


def test_the_first_question_is_asked_once_where_the_plan_does_not_hold_the_chain():
    explorer = fake(WORLD, Fault("chain_not_free", times=None))
    with pytest.raises(ChainNotInPlan):
        collect(in_process(explorer), ct.open_store(":memory:"), WORLD.addresses, progress=False)
    assert len(explorer.requests) == 1


def test_one_list_that_the_plan_does_not_hold_is_asked_for_a_few_times_at_most_and_the_others_are_whole():
    fault = Fault("pro_endpoint", actions=("txlistinternal",), times=None)
    explorer, store = fake(CROWD, fault), ct.open_store(":memory:")
    collect(Etherscan("ethereum", InProcess(explorer)), store, CROWD.addresses, progress=False)
    assert 1 <= refused(explorer, "pro_endpoint") <= 4  # as many as ask at a time
    assert len(CROWD.addresses) > 4
    ends = {(stream, *end[:2]) for (_, stream), end in coverage(store).items()}
    assert ends == {
        ("native", "complete", None),
        ("token", "complete", None),
        ("internal", "partial", "plan_required"),
    }
    again = ct.open_store(":memory:")
    replay(store, again, progress=False)
    assert digests(again) == digests(store)
    explorer = fake(CROWD)
    assert not collect(in_process(explorer), store, CROWD.addresses, progress=False).is_partial
    assert actions(explorer)["txlistinternal"] >= len(CROWD.addresses)


def test_the_words_of_a_refusal_say_whether_the_chain_or_the_endpoint_is_meant():
    assert issubclass(ChainNotInPlan, PlanRequired)
    assert ChainNotInPlan.kind == PlanRequired.kind == "plan_required"
