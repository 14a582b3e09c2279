"""A thousand random worlds, limits and faults: what a node gave is the truth, or is declared to be less."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from noding import dense, source_over
from pulling import Row, rows_of, truth_of, walked

from cryptotrace.collect.walks import Step
from cryptotrace.errors import SourceError
from cryptotrace.testing._dice import Dice
from cryptotrace.testing.explorers import FakeRpc, NodeLimits, SmallWorld, random_chain, random_rpc_faults

STREAMS = ("native", "internal", "token")
FILTER = frozenset({"trace_filter", "trace_block", "trace_transaction"})
OFF = (frozenset(), frozenset(), FILTER, FILTER | {"debug_traceTransaction"})


def node_of(seed: int) -> tuple[FakeRpc, SmallWorld]:
    dice = Dice(seed, "node of a random world")
    world = random_chain(seed, transactions=12, addresses=3, burst=8)
    near = dice.chance(75)
    if near:
        world = dense(world)
    limits = NodeLimits(
        off=dice.pick(OFF),
        range_most=dice.pick((None, 1, 3, 10)) if near else None,
        results_most=dice.pick((None, None, 1, 2, 5)),
        batch_most=dice.pick((1, 3, 100)),
        words=dice.pick(("infura", "alchemy", "bsc", "plain")),
        status=dice.pick((200, 400)),
    )
    node = FakeRpc(world, limits=limits, faults=random_rpc_faults(seed), block_times=dice.chance(25))
    return node, world


def pays(row: Row) -> bool:
    """An inner call of no value is no payment to a node; explorers list some of them."""
    return row[1] != "internal" or row[5] > 0


def check_list(world: Any, node: FakeRpc, address: str, stream: str, steps: list[Step], head: int) -> str:
    mine = [step for step in steps if step.progress.stream == stream]
    end = mine[-1].progress
    through = -1 if end.through is None else end.through
    said = (node.faults.log[:6], node.limits, end)
    truth = Counter({row: count for row, count in truth_of(world, address, stream, through).items() if pays(row)})
    everything = sum((truth_of(world, address, one, head) for one in STREAMS), Counter())
    got = rows_of([step.batch for step in mine])
    assert got <= everything, ("invented", list((got - everything).items())[:3], said)
    lost = (truth - got).total()
    rejected = sum(len(step.batch.rejects) for step in mine)
    assert lost <= rejected, ("lost without a word", list((truth - got).items())[:3], said)
    if end.status == "complete":
        assert (end.through, end.reason, rejected) == (head, None, 0), said
    else:
        assert end.reason, said
    return f"{end.status}:{end.reason}"


def walk_world(seed: int, ends: Counter[str], faults: Counter[str]) -> None:
    node, world = node_of(seed)
    source = source_over(node, trace_rows=5)
    for run in ("1", "2", "3"):
        try:
            source.prepare(run)
            head = source.head(run)
        except SourceError as problem:
            ends[f"start:{problem.kind}"] += 1
        else:
            break
    else:
        return
    for address in world.addresses[:2]:
        steps = walked(source, address, head)
        for stream in STREAMS:
            ends[check_list(world, node, address, stream, steps, head)] += 1
    faults.update({kind for _, kind in node.faults.log})


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_1000_random_worlds_limits_and_faults_are_collected_whole_or_declared(part: int) -> None:
    ends: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for seed in range(part * 250, part * 250 + 250):
        walk_world(seed, ends, faults)
    assert ends["complete:None"] > 500, ends
    assert sum(count for end, count in ends.items() if end.startswith("partial")) > 50, ends
    assert ends["partial:no_traces"] > 10, ends
    assert len(faults) > 20, faults
