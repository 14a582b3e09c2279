"""A thousand random worlds and faults: what is collected is the truth, or is declared to be less. Nothing is invented."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from tron_pulls import STREAMS, in_process, rejected_names, rows_of, stored, truth_of, walked

import cryptotrace as ct
from cryptotrace.collect.pull import collect
from cryptotrace.collect.walks import Step
from cryptotrace.errors import SourceError
from cryptotrace.testing.explorers import FakeTronGrid, TronWorld, random_tron, random_tron_faults

PARTS = 10


def check_list(world: TronWorld, address: str, stream: str, steps: list[Step], head: int, said: Any, *, nested: bool) -> str:
    """Hold one list against the truth; give how it ended."""
    mine = [step for step in steps if step.progress.stream == stream]
    end, batches = mine[-1].progress, [step.batch for step in mine]
    truth = truth_of(world, address, stream, -1 if end.through is None else end.through, nested=nested)
    got = rows_of(batches)
    assert got <= truth, ("invented, or not final", list((got - truth).items())[:3], said)
    lost: Counter[str] = Counter()
    for row, count in (truth - got).items():
        lost[row[0]] += count if row[1] != "fee" else 0
    rejects = rejected_names(batches)
    nameless = rejects.pop("", 0)
    # A row holds one movement, a signed one with its value and a token perhaps two.
    unexplained = sum(count for name, count in lost.items() if name not in rejects)
    assert unexplained <= 2 * nameless, ("lost without a word", lost, rejects, said)
    assert (end.status, bool(end.reason)) in {("complete", False), ("partial", True)}, said
    if lost:
        assert end.status == "partial", said
    if end.status == "complete":
        assert end.through == head, said
    return f"{end.status}:{end.reason}"


def walk_world(seed: int, ends: Counter[str], hit: Counter[str]) -> None:
    world = random_tron(seed)
    explorer = FakeTronGrid(
        world, faults=random_tron_faults(seed), nested=seed % 3 == 0, last_mark=seed % 2 == 0, clock=lambda: 1.7e9
    )
    source, head = in_process(explorer), None
    for run in ("1", "2", "3"):
        try:
            head = source.head(run)
        except SourceError as problem:
            ends[f"start:{problem.kind}"] += 1
        else:
            break
    for address in world.addresses if head is not None else ():
        steps = walked(source, address, head)
        for stream in STREAMS:
            said = (seed, address, stream, explorer.faults.log[:5])
            ends[check_list(world, address, stream, steps, head, said, nested=seed % 3 == 0)] += 1
    assert len(explorer.requests) < 2_000, seed
    hit.update({fault.kind for _, fault in explorer.faults.log})


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_thousand_worlds_with_faults_give_the_truth_or_say_what_is_missing(part):
    ends: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    for seed in range(part * 1_000 // PARTS, (part + 1) * 1_000 // PARTS):
        walk_world(seed, ends, hit)
    assert ends["complete:None"] > 400, ends
    assert ends["partial:rejected_rows"] + ends["partial:malformed"] > 5, ends
    assert len(hit) > 20, hit


def test_calm_worlds_are_complete_to_the_last_row_and_their_balances_are_those_of_the_explorer():
    for seed in range(2_000, 2_016):
        world = random_tron(seed, broken=50)
        explorer = FakeTronGrid(world, nested=seed % 2 == 0)
        source, store = in_process(explorer), ct.open_store(":memory:")
        result = collect(source, store, world.addresses, progress=False)
        everything: Counter[Any] = Counter()
        for address in world.addresses:
            for stream in STREAMS:
                everything |= truth_of(world, address, stream, 10**15)
        got = stored(store)
        unknown = {reject for (reject,) in store.rows("SELECT raw FROM rejects")}
        if not unknown:
            assert got == everything, seed
            assert not result.is_partial
        assert got <= everything, seed
        for address in world.addresses:
            moved = sum(row[5] * ((row[3] == address) - (row[2] == address)) * row[6] * count
                        for row, count in got.items() if row[4] is None)  # fmt: skip
            assert moved == source.balance(address, None, "1") == world.balance(address), (seed, address)
