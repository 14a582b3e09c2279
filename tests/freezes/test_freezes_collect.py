"""Pulling what issuers froze: complete, resumable, replayable, and nothing believed that is not what was asked for."""

from __future__ import annotations

import _thread
import itertools
import json
from collections import Counter
from importlib import import_module
from typing import Any

import pytest
from freeze_worlds import (
    FINAL,
    TRON_USDT,
    USDC,
    USDT,
    AskEtherscan,
    FrozenTron,
    Step,
    collected,
    ethereum,
    etherscan,
    fake,
    hash_of,
    time_of,
    trongrid,
    who,
    who_on_tron,
)

import cryptotrace as ct
from cryptotrace.collect.budget import BudgetSpent
from cryptotrace.collect.verifying import COLLECTED, replay_difference
from cryptotrace.errors import BadKey, InputError, StoreError
from cryptotrace.sources.auto import AutoSource
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.bitcoin.esplora import Esplora
from cryptotrace.sources.etherscan.lists import Etherscan
from cryptotrace.sources.tron.trongrid import TronGrid
from cryptotrace.testing.explorers import ISSUER_TOPICS, Fault

PAGE = 4
LISTS = {
    f"freeze:{USDT}:AddedBlackList", f"freeze:{USDT}:RemovedBlackList", f"freeze:{USDT}:DestroyedBlackFunds",
    f"freeze:{USDC}:Blacklisted", f"freeze:{USDC}:UnBlacklisted",
}  # fmt: skip
LONG = [
    Step(block=1 + number // 2, kind=kind, owner=who(number), amount=number, contract=contract)
    for number, (kind, contract) in enumerate(
        [("freeze", USDT)] * 30 + [("freeze", USDC)] * 5 + [("destroy", USDT)] * 11 + [("unfreeze", USDT)] * 3
    )
]
ADDED = ISSUER_TOPICS["AddedBlackList"]
TRON = [
    Step(block=1 + number, kind=kind, owner=who_on_tron(number), amount=number, contract=TRON_USDT)
    for number, kind in enumerate(["freeze"] * 14 + ["destroy"] * 5)
]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of a few logs, for a replay too."""
    monkeypatch.setattr(Etherscan, "log_rows", PAGE)
    monkeypatch.setitem(TronGrid.__init__.__kwdefaults__, "page_rows", 3)


def pull(source: Any, store: ct.Store, **settings: Any) -> ct.Coverage:
    return ct.collect_freezes(source, store, progress=False, **settings)


def coverage(store: ct.Store) -> dict[str, tuple[Any, ...]]:
    rows = store.rows("SELECT stream, address, status, reason, from_block, to_block, rows, cursor FROM coverage")
    assert {row[1] for row in rows} == {None}
    return {row[0]: (*row[2:6], *row[6:]) for row in rows}


def events(store: ct.Store) -> set[tuple[Any, ...]]:
    return set(store.rows("SELECT tx_hash, log_index, kind, block, time, contract, owner, amount FROM events"))


def truth(steps: list[Step]) -> set[tuple[Any, ...]]:
    return {
        (
            hash_of(number), sum(other.block == step.block for other in steps[:number]), step.kind, step.block,
            time_of(step.block), step.contract, step.owner, step.amount if step.kind == "destroy" else None,
        )
        for number, step in enumerate(steps)
    }  # fmt: skip


def digests(store: ct.Store) -> dict[str, str]:
    return {name: digest for name, digest in store.digests().items() if name in COLLECTED}


def log_requests(explorer: Any) -> list[tuple[tuple[str, str], ...]]:
    return [tuple(sorted(one.params.items())) for one in explorer.requests if one.params.get("module") == "logs"]


# -- what comes ------------------------------------------------------------------------------------------------------------


def test_both_layouts_give_the_same_events_with_nothing_lost_and_nothing_added():
    explorer, store = fake(ethereum(LONG)), ct.open_store(":memory:")
    found = pull(etherscan(explorer), store)
    assert events(store) == truth(LONG)
    assert (found.is_partial, found.new["events"], found.rejected) == (False, len(LONG), {})
    assert found.table.rows == (("complete", None, 2),)
    assert {stream: row[:4] for stream, row in coverage(store).items()} == dict.fromkeys(LISTS, ("complete", None, 0, FINAL))
    assert sum(row[4] for row in coverage(store).values()) == len(LONG)
    assert store.rows("SELECT count(*) FROM transfers") == [(0,)]


def test_an_empty_list_costs_one_request_and_a_long_one_hardly_more_than_its_pages():
    explorer = fake(ethereum(LONG))
    pull(etherscan(explorer), ct.open_store(":memory:"))
    # A full page is cut at its last block, so with two events a block it brings three or two rows of four.
    assert len(log_requests(explorer)) <= 5 + len(LONG) // 2
    none = fake(ethereum([Step(block=3, kind="pay", owner=who(1), amount=1)]))
    assert pull(etherscan(none), ct.open_store(":memory:")).new["events"] == 0
    assert len(log_requests(none)) == 5


def test_a_second_call_asks_only_about_what_is_new():
    world = ethereum([*LONG, Step(block=500, kind="unfreeze", owner=who(0))])
    explorer, store = fake(world, head=300), ct.open_store(":memory:")
    pull(etherscan(explorer), store)
    before = len(log_requests(explorer))
    explorer._heads = dict.fromkeys(explorer._heads, 1000)
    assert pull(etherscan(explorer), store).new["events"] == 1
    later = log_requests(explorer)[before:]
    assert len(later) == 5
    assert {dict(one)["fromBlock"] for one in later} == {str(300 - 64 + 1)}
    assert events(store) == truth([*LONG, Step(block=500, kind="unfreeze", owner=who(0))])
    third = len(explorer.requests)
    pull(etherscan(explorer), store)
    assert len(log_requests(explorer)) - len(later) == before
    assert len(explorer.requests) > third  # the head is asked for


def test_one_contract_can_be_named_and_the_other_added_later():
    store, explorer = ct.open_store(":memory:"), fake(ethereum(LONG))
    found = pull(etherscan(explorer), store, tokens=[USDC.upper().replace("0X", "0x")])
    assert found.provenance.parameters["contracts"] == USDC
    assert events(store) == {row for row in truth(LONG) if row[5] == USDC}
    pull(etherscan(explorer), store)
    assert events(store) == truth(LONG)


def test_a_beginning_of_ones_own_is_a_list_of_its_own_and_gives_no_sum_of_what_was_destroyed():
    store, explorer = ct.open_store(":memory:"), fake(ethereum(LONG))
    pull(etherscan(explorer), store, first=10)
    assert events(store) == {row for row in truth(LONG) if row[3] >= 10}
    assert {row[2] for row in coverage(store).values()} == {10}
    assert {row.destroyed for row in ct.freezes(store).rows} == {None}
    pull(etherscan(explorer), store)
    assert events(store) == truth(LONG)
    assert None not in {row.destroyed for row in ct.freezes(store).rows if row.symbol == "USDT"}


def test_an_end_is_kept_to():
    store = ct.open_store(":memory:")
    pull(etherscan(fake(ethereum(LONG))), store, to_block=7)
    assert events(store) == {row for row in truth(LONG) if row[3] <= 7}
    assert {row[3] for row in coverage(store).values()} == {7}


def test_tron_gives_every_event_across_its_marks():
    store, explorer = ct.open_store(":memory:"), FrozenTron(TRON)
    assert not pull(trongrid(explorer), store).is_partial
    found = store.rows("SELECT kind, block, owner, amount, contract, chain FROM events ORDER BY block")
    assert found == [
        (step.kind, step.block, step.owner, step.amount if step.kind == "destroy" else None, TRON_USDT, "tron") for step in TRON
    ]
    paths = Counter(one.params.get("event_name") for one in explorer.requests)
    assert (paths["AddedBlackList"], paths["DestroyedBlackFunds"], paths["RemovedBlackList"]) == (5, 2, 1)


def test_of_several_explorers_the_first_that_lists_events_is_asked():
    store = ct.open_store(":memory:")
    pull(AutoSource([etherscan(fake(ethereum(LONG)))]), store)
    assert events(store) == truth(LONG)
    assert store.rows("SELECT DISTINCT source FROM coverage") == [("etherscan",)]


# -- stops and goes on -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("allowed", [1, 2, 3, 7])
def test_a_budget_stops_and_the_same_command_goes_on_without_asking_twice_to_the_same_digests(allowed, monkeypatch):
    monkeypatch.setattr(import_module("cryptotrace.collect.freezes"), "_FLUSH_PAGES", 2)
    calm_explorer, calm = fake(ethereum(LONG)), ct.open_store(":memory:")
    pull(etherscan(calm_explorer), calm)
    explorer, store, heads = fake(ethereum(LONG)), ct.open_store(":memory:"), set()
    for rounds in itertools.count(1):
        before = len(explorer.requests)
        explorer._heads = {one: head + 10 for one, head in explorer._heads.items()}  # the chain grows meanwhile
        try:
            found = pull(etherscan(explorer), store, max_requests=allowed)
        except BudgetSpent:  # the head and the plan took it all
            continue
        finally:
            assert len(explorer.requests) - before <= allowed
        heads.add(found.provenance.parameters["head"])
        if not found.is_partial:
            break
        assert {row[:2] for row in found.table.rows} <= {("partial", "budget"), ("complete", None)}
        assert rounds < 60
    assert len(heads) == 1
    assert max(Counter(log_requests(explorer)).values()) == 1
    assert len(log_requests(explorer)) == len(log_requests(calm_explorer))
    assert events(store) == events(calm) == truth(LONG)
    assert {row[:2] for row in coverage(store).values()} == {("complete", None)}
    assert sum(row[4] for row in coverage(store).values()) == len(LONG)
    assert replay_difference(store, progress=False) is None


def test_tron_goes_on_after_a_budget_without_asking_twice(monkeypatch):
    monkeypatch.setattr(import_module("cryptotrace.collect.freezes"), "_FLUSH_PAGES", 1)
    calm = ct.open_store(":memory:")
    pull(trongrid(FrozenTron(TRON)), calm)
    explorer, store = FrozenTron(TRON), ct.open_store(":memory:")
    for rounds in itertools.count(1):
        if not pull(trongrid(explorer), store, max_requests=2).is_partial:
            break
        assert rounds < 20
    assert rounds > 3
    asked = [json.dumps([one.path, sorted(one.params.items())]) for one in explorer.requests]
    assert max(Counter(asked).values()) == 1
    assert digests(store) == digests(calm)
    assert replay_difference(store, progress=False) is None


class Hooked(AskEtherscan):
    """Does something before the n-th request goes out."""

    at = 0
    action: Any = staticmethod(lambda: None)

    def _send(self, request: Request) -> Answer:
        self.at -= 1
        if self.at == 0:
            self.action()
        return super()._send(request)


def hooked(explorer: Any, at: int, action: Any) -> Etherscan:
    fetcher = Hooked(explorer, Etherscan.judge)
    fetcher.at, fetcher.action = at, action
    return Etherscan("ethereum", fetcher)


@pytest.mark.parametrize("at", [4, 9])
def test_ctrl_c_finishes_the_page_and_the_same_command_goes_on(at, tmp_path):
    explorer, store = fake(ethereum(LONG)), ct.open_store(tmp_path / "case.duckdb")
    first = pull(hooked(explorer, at, _thread.interrupt_main), store)
    assert first.provenance.warnings == ("stopped on request: run the same command to go on",)
    assert ("partial", "interrupted") in {row[:2] for row in first.table.rows}
    assert len(explorer.requests) == at
    assert not pull(etherscan(explorer), store).is_partial
    assert max(Counter(log_requests(explorer)).values()) == 1
    assert events(store) == truth(LONG)
    assert not list(tmp_path.glob("*.journal"))


@pytest.mark.parametrize("at", [1, 3, 5, 12])
def test_a_process_that_dies_anywhere_loses_no_answer_that_was_journalled(at, tmp_path):
    class Died(BaseException):
        pass

    def die() -> None:
        raise Died

    explorer, path = fake(ethereum(LONG)), tmp_path / "case.duckdb"
    with pytest.raises(Died):
        pull(hooked(explorer, at, die), ct.open_store(path))
    assert not pull(etherscan(explorer), ct.open_store(path)).is_partial
    assert max(Counter(log_requests(explorer)).values()) == 1
    assert events(ct.open_store(path)) == truth(LONG)


# -- replay ----------------------------------------------------------------------------------------------------------------


def test_a_replay_without_a_network_gives_the_same_digests_and_the_same_freezes():
    store, again = collected(ethereum(LONG), [who(1), who(2)]), ct.open_store(":memory:")
    ct.replay(store, again, progress=False)
    assert digests(again) == digests(store)
    assert ct.freezes(again) == ct.freezes(store)
    assert replay_difference(store, progress=False) is None


def test_a_store_of_freezes_alone_can_be_replayed_also_one_that_was_cut_short():
    store, explorer = ct.open_store(":memory:"), fake(ethereum(LONG))
    pull(etherscan(explorer), store, max_requests=7)
    assert any(row[1] == "budget" for row in coverage(store).values())
    assert replay_difference(store, progress=False) is None
    explorer._heads = {one: head + 40 for one, head in explorer._heads.items()}
    pull(etherscan(explorer), store)
    pull(etherscan(explorer), store)  # a second run, under a later head
    assert replay_difference(store, progress=False) is None


def test_an_answer_that_was_changed_in_the_store_is_named_by_the_replay():
    store = collected(ethereum(LONG))
    store.run("UPDATE events SET owner = ? WHERE log_index = 0 AND block = 1", [who(77)])
    difference = replay_difference(store, progress=False)
    assert difference is not None
    assert difference.table == "events"


# -- trouble ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["http_429", "html", "notok", "empty_body", "truncated", "reset", "rate_limit"])
def test_passing_trouble_is_survived(kind):
    store = ct.open_store(":memory:")
    explorer = fake(ethereum(LONG), Fault(kind, actions=("getLogs",), times=2))
    assert not pull(etherscan(explorer), store).is_partial
    assert len(explorer.faults.log) == 2
    assert events(store) == truth(LONG)


@pytest.mark.parametrize("kind", ["null_result", "odd_row", "pro_endpoint", "not_an_object"])
def test_lasting_trouble_is_declared_and_nothing_false_is_taken(kind):
    store = ct.open_store(":memory:")
    fault = Fault(kind, where=lambda asked: asked.get("topic0") == ADDED, times=None)
    explorer = fake(ethereum(LONG), fault)
    found = pull(etherscan(explorer), store)
    assert explorer.faults.log
    assert events(store) <= truth(LONG)
    assert found.is_partial or events(store) == truth(LONG)
    frozen = coverage(store)[f"freeze:{USDT}:AddedBlackList"]
    assert frozen[0] == "partial" or events(store) == truth(LONG)
    assert coverage(store)[f"freeze:{USDC}:Blacklisted"][0] == ("partial" if kind == "pro_endpoint" else "complete")
    assert replay_difference(store, progress=False) is None


class OtherEvents(FrozenTron):
    """Ignores what event was asked for."""

    def _honest(self, number: int, params: dict[str, str], path: str, payload: str) -> Any:
        changed = {**params, "event_name": "AddedBlackList"} if "event_name" in params else params
        return super()._honest(number, changed, path, payload)


def test_an_explorer_that_answers_with_another_event_is_not_believed():
    store = ct.open_store(":memory:")
    found = pull(trongrid(OtherEvents(TRON), page_rows=3), store)
    assert {row[0] for row in store.rows("SELECT DISTINCT kind FROM events")} == {"freeze"}
    assert found.table.rows == (("partial", "malformed", 1),)
    assert {stream.split(":")[2]: row[0] for stream, row in coverage(store).items()} == {
        "AddedBlackList": "complete", "RemovedBlackList": "partial", "DestroyedBlackFunds": "partial",
    }  # fmt: skip


def test_a_row_that_does_not_fit_is_kept_aside_and_the_list_is_not_complete():
    explorer = FrozenTron(TRON)
    explorer.rows[3]["result"] = {"0": "0x" + "zz" * 20}
    store = ct.open_store(":memory:")
    found = pull(trongrid(explorer), store)
    assert found.table.rows == (("partial", "rejected_rows", 1),)
    assert sum(found.rejected.values()) == store.rows("SELECT count(*) FROM rejects")[0][0] == 1
    assert len(ct.freezes(store)) == len(TRON) - 1
    assert {row.as_of for row in ct.freezes(store).rows} == {None}
    assert replay_difference(store, progress=False) is None


def test_a_refused_key_is_an_error_before_any_list():
    store = ct.open_store(":memory:")
    with pytest.raises(BadKey):
        pull(etherscan(fake(ethereum(LONG), Fault("bad_key", times=None))), store)
    assert events(store) == set()


def test_what_cannot_be_asked_is_refused_before_the_first_request(tmp_path):
    explorer, store = fake(ethereum(LONG)), ct.open_store(":memory:")
    source = etherscan(explorer)
    for settings in ({"tokens": [who(1)]}, {"tokens": []}, {"to_block": -1}, {"to_block": "latest"}):
        with pytest.raises(InputError):
            pull(source, store, **settings)
    with pytest.raises(InputError, match="lists no events"):
        pull(Esplora("bitcoin", source.fetcher), store)
    with pytest.raises(InputError, match="whose issuer freezes"):
        pull(Etherscan("bsc", source.fetcher), store)
    assert explorer.requests == []
    with pytest.raises(InputError, match="nothing lies between"):
        pull(source, store, first=10**9)
    ct.open_store(tmp_path / "a.duckdb").run("SELECT 1")
    with pytest.raises(StoreError):
        pull(source, ct.open_store(tmp_path / "a.duckdb", read_only=True))
