"""What a pull expands, how far it reads, and what a later one with another head asks."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from calm_pulls import STREAMS, WORLD, calm, check_every_complete_list, fake, list_params
from long_worlds import HUB, long_world, other
from pulling import coverage, in_process, stored, truth_of

import cryptotrace as ct
from cryptotrace.collect.pull import collect
from cryptotrace.errors import (
    InputError,
)
from cryptotrace.model import Label, Labels
from cryptotrace.testing.explorers import SmallWorld

# -- what is not expanded ------------------------------------------------------------------------------------------------


def star(spokes: int) -> SmallWorld:
    return long_world(spokes * 3, people=spokes)


def test_hops_take_in_counterparties_and_a_labelled_service_is_never_expanded():
    world = star(5)
    walked = {address for address, _ in coverage(calm(world, [other(0)], hops=1)[0])}
    assert walked == {other(0), HUB}
    walked = {address for address, _ in coverage(calm(world, [other(0)], hops=2)[0])}
    assert walked == set(world.addresses)
    hub = Label(chain="ethereum", address=HUB, label="Exchange", category="exchange", role="service")
    labels = Labels(items=(hub,), winners={("ethereum", HUB): hub})
    walked = {address for address, _ in coverage(calm(world, [other(0)], hops=2, labels=labels)[0])}
    assert walked == {other(0)}
    walked = {address for address, _ in coverage(calm(world, [HUB], hops=1, labels=labels)[0])}
    assert walked == {HUB}  # asked for by name, but it leads nowhere


def test_an_account_that_is_too_busy_stops_says_so_and_leads_nowhere():
    world = star(5)
    store, explorer = calm(world, [HUB], hops=1, max_rows_per_address=7)
    assert {address for address, _ in coverage(store)} == {HUB}
    assert {(status, reason) for status, reason, _, _ in coverage(store).values()} == {("partial", "too_busy")}
    assert len(list_params(explorer)) <= 3
    check_every_complete_list(store, world)


def test_a_busy_account_is_read_on_when_more_is_allowed_and_not_asked_again_when_not():
    world = star(5)
    store, explorer = calm(world, [HUB], max_rows_per_address=7)
    before = len(list_params(explorer))
    collect(in_process(explorer), store, [HUB], max_rows_per_address=7, progress=False)
    assert len(list_params(explorer)) == before
    assert not collect(in_process(explorer), store, [HUB], max_rows_per_address=1_000, progress=False).is_partial
    assert stored(store) == stored(calm(world, [HUB])[0])
    assert max(Counter(list_params(explorer)).values()) == 1


def test_an_account_with_exactly_the_allowed_rows_is_complete():
    world = star(1)
    store, _ = calm(world, [HUB], max_rows_per_address=9)
    assert {status for status, *_ in coverage(store).values()} == {"complete"}


# -- heads ---------------------------------------------------------------------------------------------------------------


def test_a_later_run_with_a_higher_head_reads_only_what_is_new():
    explorer, store = fake(WORLD, head=1_040), ct.open_store(":memory:")
    source = in_process(explorer)
    source.fetcher.explorer = explorer
    first = collect(source, store, [HUB], to_block=1_020, progress=False)
    assert first.provenance.parameters["head"] == str(1_040 - 64)
    explorer._heads = dict.fromkeys(explorer._heads, 1_100)
    before = len(explorer.requests)
    second = collect(in_process(explorer), store, [HUB], progress=False)
    assert second.provenance.parameters["head"] == str(1_100 - 64)
    starts = [int(dict(params)["startblock"]) for params in list_params(explorer, before)]
    assert min(starts) == 1_040 - 64 + 1
    ends = coverage(store)
    assert {(status, last) for status, _, last, _ in ends.values()} == {("complete", 1_036)}
    expected: Counter[Any] = Counter()
    for stream in STREAMS:
        expected |= truth_of(WORLD, HUB, stream, 1_036)
    assert stored(store) == expected
    assert store.rows("SELECT count(*) FROM coverage") == [(3,)]
    third = collect(in_process(explorer), store, [HUB], progress=False)
    assert sum(json.loads(third.provenance.parameters["requests_by_stream"]).get(stream, 0) for stream in STREAMS) == 0


def test_a_run_to_a_block_beyond_the_final_one_never_calls_complete_what_is_not_there_yet():
    explorer, store = fake(WORLD, head=1_094), ct.open_store(":memory:")
    result = collect(in_process(explorer), store, [HUB], to_block=10**9, progress=False)
    assert result.provenance.parameters["head"] == "1030"
    explorer._heads = dict.fromkeys(explorer._heads, 10_000)
    collect(in_process(explorer), store, [HUB], to_block=10**9, progress=False)
    assert stored(store) == stored(calm(WORLD, [HUB])[0])


def test_a_run_to_an_earlier_block_changes_nothing_that_is_known_beyond_it():
    store, explorer = calm(WORLD, [HUB])
    known, before = coverage(store), len(list_params(explorer))
    result = collect(in_process(explorer), store, [HUB], to_block=1_010, progress=False)
    assert coverage(store) == known
    assert len(list_params(explorer)) == before
    assert not result.is_partial


def test_a_cursor_of_another_head_is_never_used():
    explorer, store = fake(WORLD), ct.open_store(":memory:")
    collect(in_process(explorer), store, [HUB], to_block=1_020, max_requests=8, progress=False)
    assert any(reason == "budget" for _, reason, _, _ in coverage(store).values())
    assert store.rows("SELECT count(*) FROM coverage WHERE cursor <> ''")[0][0] > 0
    before = len(explorer.requests)
    collect(in_process(explorer), store, [HUB], to_block=1_050, progress=False)  # another command, another head
    assert {dict(params)["endblock"] for params in list_params(explorer, before)} == {"1050"}
    expected: Counter[Any] = Counter()
    for stream in STREAMS:
        expected |= truth_of(WORLD, HUB, stream, 1_050)
    assert stored(store) == expected
    assert {last for _, _, last, _ in coverage(store).values()} == {1_050}


def test_an_open_run_of_one_account_does_not_hold_another_to_its_old_head():
    explorer, store = fake(WORLD, head=1_064 + 20), ct.open_store(":memory:")
    collect(in_process(explorer), store, [HUB], max_requests=5, progress=False)
    assert any(reason == "budget" for _, reason, _, _ in coverage(store).values())
    explorer._heads = dict.fromkeys(explorer._heads, 10_000)
    heads = [
        collect(in_process(explorer), store, [address], progress=False).provenance.parameters["head"]
        for address in (other(0), other(1), HUB)
    ]
    assert heads == ["1020", "9936", "9936"]
    assert stored(store) == stored(calm(WORLD)[0]) & stored(store)
    check_every_complete_list(store, WORLD)


@pytest.mark.parametrize("to_block", [-1, True, 1.5, "latest", "100", None])
def test_a_last_block_that_is_none_is_refused_before_anything_is_asked(to_block, tmp_path):
    explorer = fake(WORLD)
    with pytest.raises(InputError, match="unknown to_block"):
        collect(in_process(explorer), ct.open_store(tmp_path / "s.duckdb"), [HUB], to_block=to_block, progress=False)
    assert explorer.requests == []
    assert not (tmp_path / "s.duckdb.journal").exists()
