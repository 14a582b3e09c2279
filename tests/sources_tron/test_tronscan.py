"""Tronscan as a second source of both lists of TRON: whole windows, or a word on what is missing."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from tron_pulls import STREAMS, InProcess, answer_of, rows_of, stored, truth_of, walked
from tron_pulls import in_process as trongrid

import cryptotrace as ct
from cryptotrace.collect.pull import collect
from cryptotrace.collect.walks import Step
from cryptotrace.errors import InputError, SourceError
from cryptotrace.settings import Settings
from cryptotrace.sources.tron.scan_answers import classify
from cryptotrace.sources.tron.scan_rows import scan_transfers_of
from cryptotrace.sources.tron.tronscan import Tronscan
from cryptotrace.testing._dice import Dice
from cryptotrace.testing.explorers import FakeTronGrid, TronWorld, random_tron
from cryptotrace.testing.explorers.tronscan import TRONSCAN_TROUBLES, FakeTronscan

NAMES = ("txID", "tx_id", "transaction_id", "hash")


def in_process(explorer: FakeTronscan, *, page_rows: int = 5) -> Tronscan:
    return Tronscan("tron", InProcess(explorer, Tronscan.judge), page_rows=page_rows, deepest=explorer.deepest)


def held_against(world: TronWorld, address: str, stream: str, steps: list[Step], said: Any) -> str:
    """Hold one list against the truth up to where it says to be whole; give how it ended."""
    mine = [step for step in steps if step.progress.stream == stream]
    end, batches = mine[-1].progress, [step.batch for step in mine]
    truth = truth_of(world, address, stream, -1 if end.through is None else end.through)
    got = rows_of(batches)
    assert got <= truth, ("invented", list((got - truth).items())[:3], said)
    rejected = {json.loads(one.raw).get(name) for batch in batches for one in batch.rejects for name in NAMES}
    lost = [row for row in truth - got if row[0] not in rejected]
    assert not lost, ("lost without a word", lost[:3], said)
    assert (end.status == "complete") == (end.reason is None), said
    return f"{stream} {end.status}:{end.reason}"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(5))
def test_a_thousand_worlds_with_troubles_give_the_truth_or_say_what_is_missing(part):
    ends: Counter[str] = Counter()
    for seed in range(part * 200, part * 200 + 200):
        dice, world = Dice(seed, "troubles"), random_tron(seed, transactions=30, addresses=3)
        troubles = {dice.pick(TRONSCAN_TROUBLES): dice.pick((3, 10, 30)) for _ in range(dice.whole(0, 2))}
        explorer = FakeTronscan(world, troubles=troubles, seed=seed, deepest=dice.pick((10, 20, 10_000)), cut=5)
        if dice.chance(50):  # the chain goes on behind the head, with blocks that are not final
            explorer.newest = dice.pick(world.calls).stamp
        source = in_process(explorer)
        for address in world.addresses:
            steps = walked(source, address, explorer.newest - 90_000)
            ends.update(held_against(world, address, stream, steps, (seed, troubles)) for stream in STREAMS)
        assert len(explorer.requests) < 6_000, seed
    for stream in STREAMS:
        assert ends[f"{stream} complete:None"] > 200, ends
        assert sum(name.startswith(stream) for name in ends) > 2, ends


@pytest.mark.parametrize("seed", range(60))
def test_without_troubles_every_list_is_whole_however_deep_pages_reach_and_wherever_the_head_is(seed):
    dice, world = Dice(seed, "deep"), random_tron(seed, transactions=40, addresses=2, broken=0)
    explorer = FakeTronscan(world, deepest=dice.pick((40, 60, 10_000)), cut=5)
    explorer.newest = dice.pick((explorer.newest, dice.pick(world.calls).stamp))
    for address in world.addresses:
        steps = walked(in_process(explorer), address, explorer.newest - 90_000)
        assert {held_against(world, address, stream, steps, seed) for stream in STREAMS} == {
            "native complete:None", "token complete:None",
        }  # fmt: skip
        assert not any(step.batch.rejects for step in steps)
    assert {status for _, _, status in explorer.requests} == {200}


def test_pages_cost_one_request_each_and_halving_one_more():
    world = random_tron(3, transactions=400, addresses=2)
    explorer = FakeTronscan(world, cut=5)
    pages = list(in_process(explorer).pages("token", world.addresses[0], 0, explorer.newest))
    rows = sum(page.rows for page in pages)
    assert rows > 100
    assert len(explorer.requests) == -(-rows // 5)


def test_rows_that_are_counted_and_never_shown_make_the_list_partial():
    world = random_tron(3, transactions=200, addresses=2)
    explorer = FakeTronscan(world, troubles={"hidden": 30}, cut=5)
    steps = walked(in_process(explorer), world.addresses[0], explorer.newest)
    assert (steps[-1].progress.status, steps[-1].progress.reason) == ("partial", "not_indexed_yet")


def test_a_cursor_goes_on_where_it_was_written():
    world = random_tron(3, transactions=200, addresses=2)
    explorer = FakeTronscan(world, deepest=20, cut=5)
    source, who = in_process(explorer), world.addresses[0]
    pages = list(source.pages("token", who, 0, explorer.newest))
    assert len(pages) > 3
    for place, page in enumerate(pages[:-1]):
        rest = list(source.pages("token", who, page.through + 1, explorer.newest, page.cursor))
        assert rows_of(one.batch for one in rest) == rows_of(one.batch for one in pages[place + 1 :])


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"code": 403, "message": "request too quickly, please retry later."}, 403, "rate_limited"),
        ({"message": "request too quickly"}, 200, "rate_limited"),
        (b"<html>403 Forbidden nginx</html>", 403, "rate_limited"),
        ({"message": "x"}, 400, "bad_request"), ({"message": "x"}, 401, "bad_key"), ({"message": "x"}, 404, "bad_request"),
        ({"message": "x"}, 429, "rate_limited"), (b"", 500, "unavailable"), (b"", 200, "malformed"), ([], 200, "malformed"),
        ({"message": "odd"}, 200, "malformed"), ({"Error": "odd"}, 200, "malformed"),
    ],
)  # fmt: skip
def test_each_refusal_is_what_it_is(body: Any, status: int, kind: str):
    with pytest.raises(SourceError) as problem:
        classify(answer_of(body, status=status))
    assert problem.value.kind == kind


def row(**cells: Any) -> dict[str, Any]:
    world = random_tron(3)
    explorer = FakeTronscan(world)
    source = in_process(explorer, page_rows=50)
    who = world.addresses[0]
    asked = {"relatedAddress": who, "start_timestamp": "0", "end_timestamp": "9999999999999", "start": "0", "limit": "50"}
    body = json.loads(explorer.answer(asked, path="/token_trc20/transfers").body)
    assert source.name == "tronscan"
    return {**body["token_transfers"][0], **cells}


def test_failed_rows_are_not_ok_and_collectibles_are_no_money():
    for cells in ({"contractRet": "REVERT"}, {"finalResult": "FAIL"}, {"revert": True}):
        assert [found[6] for found in rows_of([scan_transfers_of([row(**cells)], file="f")])] == [False]
    assert len(scan_transfers_of([row(tokenInfo={"tokenType": "trc721"})], file="f")) == 0
    for cells in ({"confirmed": False}, {"quant": "-1"}, {"quant": 1.5}, {"from_address": "T"}, {"transaction_id": 1}):
        assert len(scan_transfers_of([row(**cells), 5], file="f").rejects) == 2


def test_other_lists_and_chains_are_refused():
    explorer = FakeTronscan(random_tron(1))
    with pytest.raises(InputError):
        list(in_process(explorer).pages("internal", random_tron(1).addresses[0], 0, 1))
    with pytest.raises(InputError):
        Tronscan("ethereum", InProcess(explorer, Tronscan.judge))


@pytest.mark.parametrize("first", ["trongrid", "tronscan"])
@pytest.mark.parametrize("seed", range(12))
def test_both_explorers_give_the_same_store_and_one_over_the_other_adds_nothing(seed, first):
    world = random_tron(seed, transactions=40, addresses=3, broken=0)
    grid, scan = FakeTronGrid(world, nested=bool(seed % 2)), FakeTronscan(world, cut=5)
    sources = {"trongrid": trongrid(grid), "tronscan": in_process(scan)}
    store = ct.open_store(":memory:")
    contents = []
    for name in (first, *(set(sources) - {first})):
        assert not collect(sources[name], store, world.addresses, progress=False).is_partial
        contents.append((stored(store), whole(store)))
    assert len({path for path, _, _ in scan.requests}) == 4, "both lists of both kinds, and the head"
    assert contents[0] == contents[1]
    assert contents[0][0].total() > 50


def whole(store: ct.Store) -> list[Any]:
    """Give what is stored beside transfers; Tronscan need not show approvals, which are no money, nor blocks of events."""
    signed = """
        SELECT t.tx_hash, t.block, t.time, s.address, r.address, t.ok, t.fee, t.method FROM transactions AS t
        LEFT JOIN accounts AS s ON s.id = t.signer LEFT JOIN accounts AS r ON r.id = t.receiver ORDER BY t.tx_hash
    """
    events = "SELECT * EXCLUDE (block) FROM events WHERE kind <> 'approval' ORDER BY ALL"
    return [store.rows(signed), store.rows(events)]


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_both_explorers_of_tron_give_the_same_transfers_and_merge_without_doubles():
    world = random_tron(51)
    with FakeTronGrid(world) as grid, FakeTronscan(world) as scan:
        store = ct.open_store(":memory:")
        for name, explorer in (("trongrid", grid), ("tronscan", scan)):
            source = ct.open_source(
                name, chain="tron", key="test-key", base_url=explorer.url, settings=Settings(keys={}), sleep=lambda _: None
            )
            assert not collect(source, store, world.addresses, progress=False).is_partial
            if name == "trongrid":
                before = stored(store)
            source.fetcher.close()
    assert stored(store) == before
