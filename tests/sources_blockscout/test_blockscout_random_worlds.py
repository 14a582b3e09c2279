"""A thousand random worlds and faults for each flavour: what is collected is the truth, or is declared to be less."""

from __future__ import annotations

from collections import Counter

import pytest
from scouting import FLAVOURS, STREAMS, check_list, opened, walked

from cryptotrace.errors import SourceError
from cryptotrace.testing.explorers import FakeBlockscout, Faults, random_chain, random_faults

MOST_REQUESTS = 8_000


def faults_of(seed: int) -> Faults:
    """Draw faults; two of them at once cannot both look at the block of a row that has lost it."""
    faults = random_faults(seed)
    lost = any((fault.kind, fault.column) == ("missing_column", "blockNumber") for fault in faults.faults)
    return random_faults(seed + 1_000_000) if lost and len(faults.faults) > 1 else faults


def explorer_of(seed: int) -> FakeBlockscout:
    return FakeBlockscout(
        random_chain(seed, transactions=25),
        faults=faults_of(seed),
        page_rows=2 + seed % 5,
        log_index=seed % 3 == 0,
        pending=seed % 4,
        old_names=seed % 7 == 0,
        unseen="404" if seed % 2 else "empty",
        hosted=seed % 5 == 0,
        head=None,
    )


@pytest.mark.slow
@pytest.mark.parametrize("part", range(5))
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_1000_random_worlds_and_faults_are_collected_whole_or_declared(flavour, part):
    ends, faults = Counter[str](), Counter[str]()
    for seed in range(part * 200, part * 200 + 200):
        explorer, world = explorer_of(seed), random_chain(seed, transactions=25)
        source, head = opened(flavour, explorer), None
        for run in ("1", "2", "3"):  # a person runs it again
            try:
                source.prepare(run)
                head = source.head(run)
            except SourceError as problem:
                ends[f"start:{problem.kind}"] += 1
            else:
                break
        if head is None:
            continue
        who = world.addresses[seed % len(world.addresses)]
        steps = walked(source, who, head)
        for stream in STREAMS:
            ends[check_list(world, explorer, who, stream, steps, head)] += 1
        assert len(explorer.requests) < MOST_REQUESTS, seed
        assert not explorer.failures
        faults.update({hit.fault.kind for hit in explorer.faults.log})
    assert ends["complete:None"] > 250, ends
    assert sum(count for end, count in ends.items() if end.startswith("partial")) > 20, ends
    assert len(faults) > 20, faults
