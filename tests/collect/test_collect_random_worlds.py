"""A thousand random worlds and faults: what is collected is the truth, or is declared to be less. Nothing is invented."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pulling import (
    KINDS,
    Row,
    coverage,
    in_process,
    rejected_hashes,
    rows_of,
    stored,
    truth_of,
    walked,
)

import cryptotrace as ct
from cryptotrace.collect.journal import Journal
from cryptotrace.collect.pull import collect
from cryptotrace.collect.recording import RecordingFetcher
from cryptotrace.collect.walks import Step
from cryptotrace.collect.writing import Pull, flush
from cryptotrace.errors import SourceError
from cryptotrace.model import Reject
from cryptotrace.settings import Settings
from cryptotrace.sources import open_source
from cryptotrace.testing._rows import USDC, USDT
from cryptotrace.testing.explorers import (
    IMPOSSIBLE_VALUES,
    UNLIMITED,
    FakeEtherscan,
    Fault,
    Faults,
    random_chain,
    random_faults,
    random_plan,
)

STREAMS = ("native", "internal", "token")
Covered = tuple[str, "str | None", int, int]
LOG_INDEX = ("absent", "present", "0x")
MOST_REQUESTS = 8_000


def explorer_of(seed: int, *faults: Fault) -> FakeEtherscan:
    return FakeEtherscan(
        random_chain(seed),
        plan=random_plan(seed, offset=5),
        faults=Faults(*faults) if faults else random_faults(seed),
        log_index=LOG_INDEX[seed % 3],
    )


@dataclass
class Tally:
    """How the lists of many worlds ended, so that a test can demand that it saw some of everything."""

    ends: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    survived: Counter[str] = field(default_factory=Counter)


def without_rollup_fees(rows: Counter[Row], explorer: FakeEtherscan) -> Counter[Row]:
    """Leave fees out where the fault ``extra_column`` names a second one: ``L1FeesPaid`` is added to them, as it should be."""
    if "extra_column" not in {hit.fault.kind for hit in explorer.faults.log}:
        return rows
    return Counter({row: count for row, count in rows.items() if row[1] != "fee"})


def is_junk(reject: Reject) -> bool:
    """Whether a rejected row is an amount beyond every supply of a token that nobody lists: it makes no list incomplete."""
    contract = json.loads(reject.raw).get("contractAddress") if "tokenSymbol" in reject.raw else None
    return "larger than" in reject.reason and contract is not None and contract not in (USDT.contract, USDC.contract)


def check_list(world: Any, explorer: FakeEtherscan, address: str, stream: str, steps: list[Step], head: int) -> str:
    """Hold one list against the truth; give how it ended."""
    mine = [step for step in steps if step.progress.stream == stream]
    end, batches = mine[-1].progress, [step.batch for step in mine]
    through = -1 if end.through is None else end.through
    truth = without_rollup_fees(truth_of(world, address, stream, through), explorer)
    got = without_rollup_fees(rows_of(batches), explorer)
    said = (explorer.faults.log[:5], end)
    assert got <= truth, ("invented, or not final", list((got - truth).items())[:3], said)
    lost = Counter[str]()
    for row, count in (truth - got).items():
        lost[row[0]] += count if row[1] != "fee" else 0
    rejects = rejected_hashes(batches)
    nameless = rejects.pop("", 0)
    assert (lost - rejects).total() <= nameless, ("lost without a word", lost, rejects, said)
    if end.status == "complete" or end.reason == "rejected_rows":
        assert end.through == head, said
    assert (end.status == "complete") == (end.reason is None), said
    if any(not is_junk(reject) for batch in batches for reject in batch.rejects):
        assert end.status == "partial", ("rows lost from a list that is called complete", said)
    else:
        assert end.reason != "rejected_rows", said
    return f"{end.status}:{end.reason}"


def walk_world(seed: int, tally: Tally, *faults: Fault) -> tuple[FakeEtherscan, dict[str, list[Step]]]:
    """Walk every account of a world and hold each list against the truth; without faults, with some that are drawn."""
    explorer, world = explorer_of(seed, *faults), random_chain(seed)
    source = in_process(explorer)
    head = None
    for run in ("1", "2", "3"):  # a person runs it again
        try:
            source.prepare(run)
            head = source.head(run)
        except SourceError as problem:
            tally.ends[f"start:{problem.kind}"] += 1
        else:
            break
    found: dict[str, list[Step]] = {}
    for address in world.addresses if head is not None else ():
        found[address] = walked(source, address, head)
        for stream in STREAMS:
            tally.ends[check_list(world, explorer, address, stream, found[address], head)] += 1
    assert len(explorer.requests) < MOST_REQUESTS, seed
    tally.faults.update({hit.fault.kind for hit in explorer.faults.log})
    return explorer, found


def write_all(store: ct.Store, found: list[dict[str, list[Step]]]) -> None:
    """Put the walks of many worlds into one store in one flush; their addresses and hashes are their own."""
    source = in_process(FakeEtherscan(random_chain(0), plan=UNLIMITED))
    journal = Journal(None)
    pull = Pull(
        source=source,
        store=store,
        journal=journal,
        fetcher=RecordingFetcher(source.fetcher, journal, judge=source.judge, max_requests=None),
        head=0,
        run="1",
        max_rows=10**6,
        bar=None,
    )
    pull.steps = [step for world in found for steps in world.values() for step in steps]
    flush(pull)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_1000_random_worlds_and_faults_are_collected_whole_or_declared(part):
    tally, walks = Tally(), []
    for seed in range(part * 100, part * 100 + 100):
        explorer, found = walk_world(seed, tally)
        if seed % 5 == 0:  # the store takes longer than the walks; the test below looks at more of it
            walks.append((random_chain(seed), explorer, found))
    store = ct.open_store(":memory:")
    write_all(store, [found for _, _, found in walks])
    rows, covered = by_address(stored(store)), coverage(store)
    for world, explorer, found in walks:
        for address in found:
            for stream in STREAMS:
                check_rows(world, explorer, address, stream, rows[address], covered[address, stream])
    assert tally.ends["complete:None"] > 500
    assert sum(count for end, count in tally.ends.items() if end.startswith("partial")) > 50
    assert len(tally.faults) > 25


def test_rows_that_stay_odd_leave_their_lists_partial_and_the_others_complete():
    tally = Tally()
    for seed, (column, value) in enumerate(IMPOSSIBLE_VALUES * 3):
        walk_world(seed, tally, Fault("odd_value", value, column=column, times=None, percent=70))
    assert tally.ends["partial:rejected_rows"] > 20
    assert tally.ends["complete:None"] > 20


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_100_random_worlds_through_collect_give_the_truth_in_the_store(part):
    ends: Counter[str] = Counter()
    for seed in range(10_000 + part * 25, 10_025 + part * 25):
        explorer, world, store = explorer_of(seed), random_chain(seed), ct.open_store(":memory:")
        source = in_process(explorer)
        try:
            result = collect(source, store, world.addresses, progress=False)
        except SourceError as problem:
            ends[problem.kind] += 1
            continue
        check_store(world, explorer, store, result, ends)
    assert ends["complete"] > 100


def by_address(rows: Counter[Row]) -> defaultdict[str, Counter[Row]]:
    found: defaultdict[str, Counter[Row]] = defaultdict(Counter)
    for row, count in rows.items():
        for address in {row[2], row[3]}:
            found[address][row] += count
    return found


def check_rows(
    world: Any, explorer: FakeEtherscan, address: str, stream: str, all_rows: Counter[Row], covered: Covered
) -> None:
    """Hold what the store has of one list against the truth; a fee stands with who paid it."""
    status, reason, last, _ = covered

    def own(rows: Counter[Row]) -> Counter[Row]:
        mine = {row: n for row, n in rows.items() if row[1] in KINDS[stream] and (row[1] != "fee" or row[2] == address)}
        return without_rollup_fees(Counter(mine), explorer)

    truth = own(truth_of(world, address, stream, 10**12))
    rows = own(all_rows)
    assert rows <= truth, (world.name, address, stream, "invented", list((rows - truth).items())[:3])
    if status == "complete":
        lost = own(truth_of(world, address, stream, last)) - rows
        assert not [row for row in lost if row[1] != "fee"], (world.name, address, stream, "lost", lost)
    else:
        assert (status, bool(reason)) == ("partial", True), world.name


def check_store(world: Any, explorer: FakeEtherscan, store: ct.Store, result: Any, ends: Counter[str]) -> None:
    rows, covered = by_address(stored(store)), coverage(store)
    for address in world.addresses:
        for stream in STREAMS:
            assert (address, stream) in covered or any(
                covered.get((address, other), ("",))[0] == "partial" for other in STREAMS
            ), (world.name, address, stream)
            if (address, stream) not in covered:
                continue
            ends[covered[address, stream][0]] += 1
            check_rows(world, explorer, address, stream, rows[address], covered[address, stream])
    assert result.is_partial == any(row[0] != "complete" for row in covered.values())


@pytest.mark.slow
@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize("part", range(4))
def test_40_random_worlds_over_real_http_give_the_truth(part):
    ends: Counter[str] = Counter()
    for seed in range(20_000 + part * 10, 20_010 + part * 10):
        world = random_chain(seed)
        faults = random_faults(seed, persistent=3, hold_seconds=0.6)
        plan = replace(random_plan(seed, offset=1_000), window=10_000)
        with FakeEtherscan(world, plan=plan, faults=faults, log_index=LOG_INDEX[seed % 3]) as explorer:
            settings = Settings(keys={}, timeout=0.25)
            source = open_source(
                "etherscan", chain="ethereum", key="test-key", base_url=explorer.url, settings=settings, sleep=lambda _: None
            )
            store = ct.open_store(":memory:")
            try:
                result = collect(source, store, world.addresses, progress=False)
            except SourceError as problem:
                ends[problem.kind] += 1
                continue
            finally:
                source.fetcher.close()
            check_store(world, explorer, store, result, ends)
    assert ends["complete"] > 20
