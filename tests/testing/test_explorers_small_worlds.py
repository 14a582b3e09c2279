"""Small random chains and random troubles: quick, repeatable, and with everything in them that they promise."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from cryptotrace.errors import InputError
from cryptotrace.testing.explorers import KINDS, FakeEtherscan, random_chain, random_faults, random_plan


def test_the_same_seed_gives_the_same_chain_faults_and_plan():
    assert random_chain(5) == random_chain(5) != random_chain(6)
    assert random_faults(5).faults == random_faults(5).faults
    assert random_plan(5, offset=4) == random_plan(5, offset=4)
    assert len({random_faults(seed).faults[0].kind for seed in range(400)}) > 30


def test_three_hundred_chains_hold_what_they_promise():
    found = Counter()
    for seed in range(300):
        world = random_chain(seed, transactions=20)
        logs = Counter((r.tx_hash, r.contract, r.sender, r.receiver, r.amount) for r in world.transfers if r.kind == "token")
        found["equal transfers"] += max(logs.values()) > 1
        found["to oneself"] += any(r.sender == r.receiver for r in world.transfers)
        found["of nothing"] += any(r.amount == 0 for r in world.transfers)
        found["failed with value"] += any(not r.ok and r.kind == "native" for r in world.transfers)
        found["failed inside"] += any(not r.ok and r.kind == "internal" for r in world.transfers)
        found["created"] += any(not tx.to for tx in world.transactions)
        found["ten inside"] += any(r.trace_path == "0_10" for r in world.transfers)
        found["burst"] += max(Counter(tx.block for tx in world.transactions[10:]).values()) > 4
        found["odd decimals"] += any(r.decimals not in (6, 18) for r in world.transfers)
        found["approval"] += bool(world.approvals)
    assert min(found.values()) > 10, found
    assert len(found) == 10


def test_a_chain_and_its_explorer_take_a_few_milliseconds():
    random_chain(0)
    started = time.process_time()
    for seed in range(100):
        FakeEtherscan(random_chain(seed), plan=random_plan(seed, offset=5), faults=random_faults(seed))
    assert (time.process_time() - started) / 100 < 0.005


def test_a_random_plan_never_hides_rows_from_a_client_that_knows_its_page():
    for seed in range(50):
        plan = random_plan(seed, offset=7)
        assert plan.page_cap >= 7
        assert plan.window >= 7


def test_faults_that_hold_an_answer_back_always_end():
    held = [fault for seed in range(500) for fault in random_faults(seed).faults if fault.kind in ("hold", "slow_body")]
    assert held
    assert all(fault.times is not None and fault.setting == 0.05 for fault in held)
    assert all(fault.kind in KINDS for fault in held)


@pytest.mark.parametrize("settings", [{"addresses": 1}, {"transactions": -1}, {"burst": -1}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(InputError):
        random_chain(1, **settings)
