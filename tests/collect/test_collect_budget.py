"""Every request that leaves this machine counts, those that are sent again too; and a budget of one gets there at last."""

from __future__ import annotations

import itertools
import json

import pytest
from calm_pulls import digests, fake
from long_worlds import HUB, long_world
from pulling import coverage, in_process, stored, truth_of

import cryptotrace as ct
from cryptotrace.collect.budget import BudgetSpent
from cryptotrace.collect.pull import collect
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Fault, Plan, random_chain

STREAMS = ("native", "internal", "token")
PASSING = {
    "none": (),
    "html": (Fault("html", 502, times=2), Fault("html", 503, first=7, times=2)),
    "429": (Fault("http_429", 0, first=3, times=3),),
    "cut": (Fault("truncated", actions=("tokentx",), first=2, times=2),),
    "text": (Fault("notok", "", first=4, times=2),),
}
"""Faults that leave no answer behind."""


def in_steps(explorer: FakeEtherscan, store: ct.Store, addresses: tuple[str, ...], most: int, rounds: int = 400) -> int:
    """Give the same command again and again; give how often it took."""
    for number in itertools.count(1):
        assert number < rounds, coverage(store)
        before = len(explorer.requests)
        try:
            result = collect(in_process(explorer), store, addresses, max_requests=most, progress=False)
        except BudgetSpent:
            continue  # there is no head yet
        finally:
            assert len(explorer.requests) - before <= most
        assert int(result.provenance.parameters["requests"]) == len(explorer.requests) - before
        if not any(reason == "budget" for _, reason, _, _ in coverage(store).values()):
            return number
    raise AssertionError


@pytest.mark.parametrize(("seed", "faults"), list(enumerate(PASSING)))
def test_a_budget_of_one_request_ends_with_the_digests_of_an_undisturbed_pull(seed, faults, tmp_path):
    world = random_chain(seed, transactions=8, addresses=2)
    calm = ct.open_store(":memory:")
    collect(in_process(FakeEtherscan(world, plan=UNLIMITED)), calm, world.addresses, progress=False)
    store = ct.open_store(tmp_path / "s.duckdb" if seed % 2 else ":memory:")
    explorer = FakeEtherscan(world, plan=UNLIMITED, faults=PASSING[faults])
    rounds = in_steps(explorer, store, world.addresses, 1)
    assert rounds >= len(explorer.requests)
    assert digests(store) == digests(calm)
    assert not (tmp_path / "s.duckdb.journal").exists()


@pytest.mark.parametrize(
    ("a_block", "fault"),
    [(12, Fault("range_limit", 2_500, times=None)), (3, Fault("out_of_order", times=2, actions=("txlist",)))],
    ids=["blocks larger than a page", "asked again"],
)
def test_pages_that_take_several_requests_are_finished_on_a_budget_of_one(a_block, fault):
    """Asked again, asked in halves, and read by page numbers: what is known of an unfinished page is not asked again."""
    world = long_world(24, a_block=a_block)
    explorer = FakeEtherscan(world, plan=Plan(calls_per_second=None), faults=fault, head=10_000)
    store = ct.open_store(":memory:")
    in_steps(explorer, store, (HUB,), 1)
    for stream in STREAMS:
        assert truth_of(world, HUB, stream, 10_000) <= stored(store)
    assert {end[:2] for end in coverage(store).values()} == {("complete", None)}
    assert explorer.faults.log


def test_retries_count_and_are_told_apart():
    explorer = fake(long_world(5), Fault("html", 502, first=4, times=4))
    source = in_process(explorer)
    result = collect(source, ct.open_store(":memory:"), [HUB], progress=False)
    asked = json.loads(result.provenance.parameters["requests_by_stream"])
    assert asked["retry"] == 4
    assert source.fetcher.calls == asked
    assert sum(asked.values()) == len(explorer.requests)


def test_a_budget_that_ends_between_two_tries_says_budget_and_asks_no_more():
    explorer, store = fake(long_world(5), Fault("html", 502, first=4, times=None)), ct.open_store(":memory:")
    collect(in_process(explorer), store, [HUB], max_requests=6, progress=False)
    assert len(explorer.requests) == 6
    assert {reason for _, reason, _, _ in coverage(store).values()} == {"budget"}
