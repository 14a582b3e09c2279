"""What a pull costs: about one request a page, and one for an empty list."""

from __future__ import annotations

import json
import math
from collections import Counter

import pytest
from long_worlds import HUB, long_world, other
from pulling import in_process, rows_of, stored, truth_of, walked

import cryptotrace as ct
from cryptotrace.collect.pull import collect
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan

LISTS = {"txlist", "txlistinternal", "tokentx"}
STREAMS = ("native", "internal", "token")


def list_requests(explorer: FakeEtherscan) -> Counter[tuple[str, str]]:
    return Counter(
        (request.params["address"], request.params["action"])
        for request in explorer.requests
        if request.params["action"] in LISTS
    )


@pytest.mark.slow
def test_50_pages_of_1000_rows_and_5_rows_a_block_cost_at_most_2_percent_more_than_their_pages():
    world = long_world(50_000, a_block=5, people=3, internals=False)
    explorer = FakeEtherscan(world, plan=UNLIMITED, head=2 * 10**6)
    source = in_process(explorer, page_rows=1_000)
    store = ct.open_store(":memory:")
    result = collect(source, store, [HUB], max_rows_per_address=10**6, to_block=10**6, progress=False)
    asked = list_requests(explorer)
    needed = {"txlist": 50, "tokentx": 50, "txlistinternal": 1}
    assert sum(asked.values()) <= 1.02 * sum(needed.values())
    assert {action: asked[HUB, action] for action in needed} == {"txlist": 51, "tokentx": 51, "txlistinternal": 1}
    apart = json.loads(result.provenance.parameters["requests_by_stream"])
    assert {name: apart[name] for name in ("head", "plan", "native", "token", "internal")} == apart
    assert source.fetcher.calls["retry"] == 0
    assert sum(apart.values()) == len(explorer.requests)
    assert store.rows("SELECT kind, count(*), sum(amount) FROM transfers WHERE kind <> 'fee' GROUP BY kind ORDER BY kind") == [
        ("native", 50_000, sum(range(50_000))),
        ("token", 50_000, sum(range(50_000))),
    ]


@pytest.mark.parametrize(("page", "a_block"), [(50, 1), (100, 1), (200, 1), (200, 3), (100, 7), (10, 3)])
def test_a_page_costs_one_request_plus_its_share_of_the_rows_of_its_last_block(page, a_block):
    world = long_world(50 * page, a_block=a_block)
    explorer = FakeEtherscan(world, plan=UNLIMITED, head=2 * 10**6)
    steps = walked(in_process(explorer, page_rows=page), HUB, 10**6)
    for stream in STREAMS:
        assert rows_of(step.batch for step in steps if step.progress.stream == stream) == truth_of(world, HUB, stream, 10**6)
    # a page that ends inside a block is read up to that block
    most = math.ceil(50 * page / (page - a_block)) + 1
    assert all(count <= most for count in list_requests(explorer).values())


def test_blocks_larger_than_a_page_are_read_by_page_numbers_and_cost_one_request_more_each():
    world = long_world(300, a_block=30)
    explorer = FakeEtherscan(world, plan=UNLIMITED, head=2 * 10**6)
    steps = walked(in_process(explorer, page_rows=10), HUB, 10**6)
    for stream in STREAMS:
        assert rows_of(step.batch for step in steps if step.progress.stream == stream) == truth_of(world, HUB, stream, 10**6)
    assert all(count <= 10 * (3 + 1 + 2) for count in list_requests(explorer).values())


def test_a_block_beyond_the_window_of_the_explorer_stops_the_list_there_and_says_so():
    from cryptotrace.testing.explorers import Plan

    world = long_world(300, a_block=30)
    plan = Plan(calls_per_second=None, page_cap=10, window=20)
    steps = walked(in_process(FakeEtherscan(world, plan=plan), page_rows=10), HUB, 10**6)
    ends = {step.progress.stream: step.progress for step in steps}
    assert {(end.status, end.reason) for end in ends.values()} == {("partial", "range_too_large")}
    assert all((end.through or 0) < 1_000 for end in ends.values())


@pytest.mark.parametrize("rows", [0, 1, 9, 10, 11, 19, 20, 21], ids=lambda rows: f"{rows}rows")
def test_lists_around_the_size_of_a_page_are_whole(rows):
    world = long_world(rows or 1)
    who = HUB if rows else other(99)
    explorer = FakeEtherscan(world, plan=UNLIMITED, head=2 * 10**6)
    steps = walked(in_process(explorer, page_rows=10), who, 10**6)
    for stream in STREAMS:
        assert rows_of(step.batch for step in steps if step.progress.stream == stream) == truth_of(world, who, stream, 10**6)
    assert set(list_requests(explorer).values()) <= {math.floor(rows / 10) + 1, math.floor(rows / 9) + 1}


def test_two_parties_of_one_list_give_each_row_once():
    world = long_world(200, people=2)
    store = ct.open_store(":memory:")
    collect(
        in_process(FakeEtherscan(world, plan=UNLIMITED, head=2 * 10**6), page_rows=10),
        store,
        world.addresses,
        to_block=10**6,
        progress=False,
    )
    everything = Counter()
    for stream in STREAMS:
        everything |= truth_of(world, HUB, stream, 10**6)
    assert stored(store) == everything
