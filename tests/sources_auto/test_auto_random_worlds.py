"""A thousand random worlds and faults for each family of chains: what several explorers give as one is the truth, or said."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from typing import Any

import coin_pulls
import pulling
import pytest
import scouting
import tron_pulls
from routing import PAGE, auto, shown, started, tron, walked

import cryptotrace as ct
from cryptotrace.errors import SourceError
from cryptotrace.testing._dice import Dice
from cryptotrace.testing.explorers import (
    TRONSCAN_TROUBLES,
    FakeBlockchainInfo,
    FakeBlockscout,
    FakeEsplora,
    FakeEtherscan,
    Faults,
    random_chain,
    random_coin_chain,
    random_coin_faults,
    random_faults,
    random_plan,
    random_tron,
    random_tron_faults,
)

PARTS = 5
STREAMS = ("native", "internal", "token")
EVM = [names for size in (2, 3) for names in permutations(("etherscan", "blockscout", "blockscout_rest"), size)]
COINS = list(permutations(("mempool", "esplora", "blockchain_info"), 2))


def seeds(part: int) -> range:
    return range(part * 1_000 // PARTS, (part + 1) * 1_000 // PARTS)


def evm_fakes(seed: int, world: Any, *, but: str = "") -> dict[str, Any]:
    """Give two or three explorers in some order, each with faults of its own, the first with more that never end."""
    fakes: dict[str, Any] = {}
    for place, name in enumerate(EVM[seed % len(EVM)]):
        faults = random_faults(seed * 7 + place, persistent=60 if place == 0 else 10)
        if any((fault.kind, fault.column) == ("missing_column", "blockNumber") or fault.kind == but for fault in faults.faults):
            faults = random_faults(seed * 7 + place + 10**6, most=1)
        if any(fault.kind == but for fault in faults.faults):
            faults = Faults()
        if name == "etherscan":
            names = ("absent", "present", "0x")[seed % 3]
            fakes[name] = FakeEtherscan(world, plan=random_plan(seed, offset=PAGE), faults=faults, log_index=names)
        else:
            late = world.transactions[-1].block // 2 if seed % 11 == 0 and place == 0 else None
            fakes[name] = FakeBlockscout(
                world, faults=faults, page_rows=2 + seed % 5, log_index=seed % 3 == 0, pending=seed % 4, indexed_to=late,
                old_names=seed % 7 == 0, unseen="404" if seed % 2 else "empty", hosted=seed % 5 == 0,
            )  # fmt: skip
    return fakes


def kinds_of(fakes: dict[str, Any]) -> set[str]:
    return {hit.fault.kind for fake in fakes.values() for hit in fake.faults.log}


def check_evm(world: Any, fakes: dict[str, Any], address: str, stream: str, steps: Any, head: int) -> str:
    mine = [step for step in steps if step.progress.stream == stream]
    end, kinds = mine[-1].progress, kinds_of(fakes)

    def plain(rows: Counter[Any]) -> Counter[Any]:
        return scouting.without_rollup_fees(rows, kinds)

    through = -1 if end.through is None else end.through
    truth, whole = (plain(pulling.truth_of(world, address, stream, last)) for last in (through, head))
    got = plain(shown(mine, pulling.rows_of))
    said = (list(fakes), end, kinds)
    assert got <= whole, ("invented", list((got - whole).items())[:3], said)
    lost = Counter[str]()
    for row, count in (truth - got).items():
        lost[row[0]] += count if row[1] != "fee" else 0
    rejects = scouting.rejected_hashes(step.batch for step in mine)
    nameless = rejects.pop("", 0)
    assert (lost - rejects).total() <= nameless, ("lost without a word", lost, rejects, said)
    assert (end.status, end.reason is None) in {("complete", True), ("partial", False)}, said
    if end.status == "complete":
        assert end.through == head, said
        assert not lost, said
        if not kinds & {"delegatecall", "repeat_rows", "overlap"}:
            of_list = [row for row in pulling.truth_of(world, address, stream, head).elements() if row[1] != "fee"]
            assert end.rows == len(of_list), ("rows are counted twice", said)
    return f"{end.status}:{end.reason}"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_1000_worlds_of_ethereum_are_collected_whole_or_declared(part: int) -> None:
    ends, givers, kinds = Counter[str](), Counter[str](), Counter[str]()
    for seed in seeds(part):
        world = random_chain(seed, transactions=25)
        fakes = evm_fakes(seed, world)
        source = auto(fakes, gone_from=seed % 7 if seed % 2 else None)
        head = started(source, ends)
        if head is None:
            continue
        who = world.addresses[seed % len(world.addresses)]
        steps = walked(source, who, head)
        for stream in STREAMS:
            ends[check_evm(world, fakes, who, stream, steps, head)] += 1
        givers.update({len((step.progress.given_by or "").split("+")) for step in steps})
        kinds.update(kinds_of(fakes))
        assert sum(len(fake.requests) for fake in fakes.values()) < 8_000, seed
    assert ends["complete:None"] > 350, ends
    assert sum(count for end, count in ends.items() if end.startswith("partial")) > 3, ends
    assert givers[2] > 20, givers
    assert len(kinds) > 20, kinds


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_1000_worlds_of_tron_are_collected_whole_or_declared(part: int) -> None:
    ends, givers, kinds = Counter[str](), Counter[str](), Counter[str]()
    for seed in seeds(part):
        dice, world = Dice(seed, "routes"), random_tron(seed, transactions=40, addresses=3)
        nested = seed % 3 == 0
        troubles = {dice.pick(TRONSCAN_TROUBLES): dice.pick((3, 10, 30)) for _ in range(dice.whole(0, 2))}
        faults = random_tron_faults(seed, persistent=50)
        fakes = tron(world, trongrid=faults, troubles=troubles, nested=nested, last_mark=seed % 2 == 0)
        if seed % 2:
            fakes = dict(reversed(fakes.items()))
        source = auto(fakes, gone_from=seed % 4 if seed % 3 else None, gone_list="token")
        head = started(source, ends)
        if head is None:
            continue
        who = world.addresses[seed % 3]
        steps = walked(source, who, head)
        for stream in ("native", "token"):
            mine = [step for step in steps if step.progress.stream == stream]
            end = mine[-1].progress
            said = (seed, end, faults.log[:4], troubles)
            through = -1 if end.through is None else end.through
            truth, got = tron_pulls.truth_of(world, who, stream, through, nested=nested), shown(mine, tron_pulls.rows_of)
            # what happens between others inside his transactions, only TronGrid may show
            least = tron_pulls.truth_of(world, who, stream, through)
            assert got <= truth, ("invented, or not final", said)
            rejects = tron_pulls.rejected_names(step.batch for step in mine)
            nameless = rejects.pop("", 0)
            lost = sum(n for row, n in (least - got).items() if row[1] != "fee" and row[0] not in rejects)
            assert lost <= 2 * nameless, ("lost without a word", said)
            assert (end.status, end.reason is None) in {("complete", True), ("partial", False)}, said
            if end.status == "complete":
                assert end.through == head, said
            ends[f"{end.status}:{end.reason}"] += 1
            givers[end.given_by or "nobody"] += 1
        kinds.update({fault.kind for _, fault in faults.log})
    assert ends["complete:None"] > 150, ends
    assert sum(count for end, count in ends.items() if end.startswith("partial")) > 5, ends
    assert givers["trongrid+tronscan"] + givers["tronscan+trongrid"] > 3, givers
    assert len(kinds) > 15, kinds


def coin_fakes(seed: int, chain: Any) -> dict[str, Any]:
    fakes: dict[str, Any] = {}
    for place, name in enumerate(COINS[seed % len(COINS)]):
        faults = random_coin_faults(seed * 7 + place, persistent=60 if place == 0 else 10)
        if any(fault.stage == "chain" for fault in faults.faults):
            faults = random_coin_faults(seed * 7 + place + 10**6, persistent=60)
        if any(fault.stage == "chain" for fault in faults.faults):
            faults = None  # each fake has a chain of its own: they would grow apart
        made = {"faults": faults} if faults else {}
        fakes[name] = (
            FakeBlockchainInfo(chain, **made) if name == "blockchain_info"
            else FakeEsplora(chain, flavour=name, page_rows=PAGE, **made)
        )  # fmt: skip
    return fakes


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_1000_worlds_of_bitcoin_are_collected_whole_or_declared(part: int) -> None:
    ends, givers, kinds = Counter[str](), Counter[str](), Counter[str]()
    for seed in seeds(part):
        chain = random_coin_chain(seed, blocks=14, addresses=2, transactions=(0, 4))
        fakes = coin_fakes(seed, chain)
        source = auto(fakes, gone_from=seed % 5 if seed % 3 == 1 else None)
        head = started(source, ends)
        if head is None:
            continue
        assert head <= chain.tip - 5  # half of a number is a number
        who = chain.addresses[seed % 2]
        steps = walked(source, who, head)
        end, truth = steps[-1].progress, coin_pulls.truth_of(chain, who, head)
        said = (seed, list(fakes), end, [fake.faults.log for fake in fakes.values()])
        for table in ("transactions", "tx_inputs", "tx_outputs"):
            rows, true = coin_pulls.rows_of(steps, table), truth[table]
            if "blockchain_info" in fakes and table == "tx_inputs":
                rows, true = (coin_pulls.without(one, table, "spent_tx") for one in (rows, true))
            assert rows <= true, ("invented", table, said)
            if "blockchain_info" in fakes and table == "tx_outputs":
                rows, true = ({row for row in found if row[5] == who} for found in (rows, true))
            if end.status == "complete":
                assert rows == true, ("lost", table, said)
        assert (end.status, end.reason is None) in {("complete", True), ("partial", False)}, said
        if end.status == "complete":
            assert end.rows == len(truth["transactions"]), ("rows are counted twice", said)
        ends[f"{end.status}:{end.reason}"] += 1
        givers[end.given_by or "nobody"] += 1
        kinds.update(kind for fake in fakes.values() for _, kind in fake.faults.log)
    assert ends["complete:None"] > 120, ends
    assert sum(count for name, count in givers.items() if "+" in name) > 3, givers
    assert len(kinds) > 12, kinds


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_random_worlds_through_collect_give_the_truth_in_the_store(part: int) -> None:
    ends: Counter[str] = Counter()
    for seed in range(5_000 + part * 20, 5_020 + part * 20):
        world = random_chain(seed, transactions=25)
        # calls that move nothing, between the ends of one that does, and shown by one of two explorers: the store takes
        # neither for the other only where their places are known
        fakes, store = evm_fakes(seed, world, but="delegatecall"), ct.open_store(":memory:")
        ranks = [0] * len(fakes) if seed % 2 else None
        try:
            result = ct.collect(auto(fakes, ranks), store, world.addresses, progress=False)
        except SourceError as problem:
            ends[problem.kind] += 1
            continue
        kinds, covered = kinds_of(fakes), pulling.coverage(store)
        rows = scouting.without_rollup_fees(pulling.stored(store), kinds)
        everything: Counter[Any] = Counter()
        for address in world.addresses:
            for stream in STREAMS:
                status, reason, last, _ = covered[address, stream]
                truth = scouting.without_rollup_fees(pulling.truth_of(world, address, stream, 10**12), kinds)
                everything |= truth
                ends[f"{status}:{reason}"] += 1
                if status == "complete":
                    due = pulling.truth_of(world, address, stream, last)
                    lost = [row for row in (due - rows) if row[1] != "fee"]
                    assert not lost, (seed, address, stream, lost)
        assert rows <= everything, (seed, "invented", list((rows - everything).items())[:3])
        assert result.is_partial == any(row[0] != "complete" for row in covered.values())
    assert ends["complete:None"] > 150, ends
