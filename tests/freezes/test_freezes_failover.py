"""Freeze lists under ``auto``: what one explorer refuses is asked of the next, where the list stands, and coverage says who."""

from __future__ import annotations

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
    ethereum,
    fake,
    hash_of,
    time_of,
    trongrid,
    who,
    who_on_tron,
)

import cryptotrace as ct
from cryptotrace.collect.budget import BudgetSpent
from cryptotrace.collect.verifying import replay_difference
from cryptotrace.errors import BadKey
from cryptotrace.sources import opening
from cryptotrace.sources.auto import AutoSource
from cryptotrace.sources.etherscan.lists import Etherscan
from cryptotrace.sources.tron.tronscan import Tronscan
from cryptotrace.testing.explorers import ISSUER_TOPICS, Fault

PAGE = 4
ADDED = ISSUER_TOPICS["AddedBlackList"]
LONG = [
    Step(block=1 + number // 2, kind=kind, owner=who(number), amount=number, contract=contract)
    for number, (kind, contract) in enumerate(
        [("freeze", USDT)] * 30 + [("freeze", USDC)] * 5 + [("destroy", USDT)] * 11 + [("unfreeze", USDT)] * 3
    )
]
LIST = f"freeze:{USDT}:AddedBlackList"
REFUSALS = {
    "plan": Fault("pro_endpoint", actions=("getLogs",), first=3, times=None),
    "key": Fault("bad_key", actions=("getLogs",), first=3, times=None),
    "day": Fault("daily_limit", actions=("getLogs",), first=3, times=None),
    "lost connections": Fault("reset", actions=("getLogs",), first=3, times=None),
    "odd answers": Fault("null_result", actions=("getLogs",), first=3, times=None),
}


class Second(Etherscan):
    """Another explorer that speaks as the first one does."""

    name = "routescan"


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    made = opening._class
    monkeypatch.setattr(opening, "_class", lambda explorer: Second if explorer.name == "routescan" else made(explorer))
    monkeypatch.setattr(Etherscan, "log_rows", PAGE)
    monkeypatch.setattr(import_module("cryptotrace.collect.freezes"), "_FLUSH_PAGES", 2)


def several(*explorers: Any) -> AutoSource:
    kinds = (Etherscan, Second)
    return AutoSource([
        kind("ethereum", AskEtherscan(explorer, kind.judge)) for kind, explorer in zip(kinds, explorers, strict=True)
    ])  # fmt: skip


def events(store: ct.Store) -> set[tuple[Any, ...]]:
    return set(store.rows("SELECT tx_hash, log_index, kind, block, time, contract, owner, amount FROM events"))


def truth() -> set[tuple[Any, ...]]:
    return {
        (
            hash_of(number), sum(other.block == step.block for other in LONG[:number]), step.kind, step.block,
            time_of(step.block), step.contract, step.owner, step.amount if step.kind == "destroy" else None,
        )
        for number, step in enumerate(LONG)
    }  # fmt: skip


def coverage(store: ct.Store) -> dict[str, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in store.rows("SELECT stream, status, reason, to_block, rows, given_by FROM coverage")}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_list_that_is_refused_goes_on_with_the_next_explorer_and_coverage_says_who_gave_it(name: str) -> None:
    explorers = fake(ethereum(LONG), REFUSALS[name]), fake(ethereum(LONG))
    store = ct.open_store(":memory:")
    found = ct.collect_freezes(several(*explorers), store, progress=False)
    assert not found.is_partial
    assert events(store) == truth()
    covered = coverage(store)
    assert covered[LIST] == ("complete", None, FINAL, 30, "etherscan+routescan")
    assert sum(row[3] for row in covered.values()) == len(LONG)
    asked = [one.params for one in explorers[1].requests if one.params.get("topic0") == ADDED]
    assert min(int(one["fromBlock"]) for one in asked) > 1  # not asked for what is known
    if name in ("key", "day"):
        assert "etherscan" in json.loads(found.provenance.parameters["refused"])
    assert replay_difference(store, progress=False) is None
    assert len(ct.freezes(store).rows) > 0


@pytest.mark.parametrize(("name", "allowed"), [("plan", 1), ("key", 2), ("key", 1), ("day", 5), ("odd answers", 5)])
def test_what_is_cut_short_goes_on_with_who_was_at_work_to_the_same_tables(name: str, allowed: int) -> None:
    whole = ct.open_store(":memory:")
    ct.collect_freezes(several(fake(ethereum(LONG), REFUSALS[name]), fake(ethereum(LONG))), whole, progress=False)
    explorers, store = (fake(ethereum(LONG), REFUSALS[name]), fake(ethereum(LONG))), ct.open_store(":memory:")
    for rounds in itertools.count(1):
        assert rounds < 80
        try:
            if not ct.collect_freezes(several(*explorers), store, max_requests=allowed, progress=False).is_partial:
                break
        except BudgetSpent:
            continue
    assert events(store) == truth()
    assert coverage(store)[LIST] == coverage(whole)[LIST]
    assert sum(row[3] for row in coverage(store).values()) == len(LONG)
    asked = [tuple(sorted(one.params.items())) for one in explorers[1].requests if one.params.get("module") == "logs"]
    assert max(Counter(asked).values()) == 1
    assert replay_difference(store, progress=False) is None


def test_where_all_refuse_the_list_is_partial_and_the_other_lists_are_whole() -> None:
    refusal = Fault("null_result", where=lambda asked: asked.get("topic0") == ADDED, times=None)
    store = ct.open_store(":memory:")
    ct.collect_freezes(several(fake(ethereum(LONG), refusal), fake(ethereum(LONG), refusal)), store, progress=False)
    ends = {stream: row[:2] for stream, row in coverage(store).items()}
    assert ends.pop(LIST) == ("partial", "malformed")
    assert set(ends.values()) == {("complete", None)}
    assert replay_difference(store, progress=False) is None


def test_where_all_refuse_the_first_question_that_is_raised() -> None:
    refusal = Fault("bad_key", times=None)
    with pytest.raises(BadKey):
        ct.collect_freezes(
            several(fake(ethereum(LONG), refusal), fake(ethereum(LONG), refusal)), ct.open_store(":memory:"), progress=False
        )


def test_of_explorers_of_which_one_alone_lists_events_that_one_is_asked() -> None:
    grid = trongrid(FrozenTron([Step(block=3, kind="freeze", owner=who_on_tron(1), contract=TRON_USDT)]))
    source = AutoSource([grid, Tronscan("tron", grid.fetcher)])
    store = ct.open_store(":memory:")
    ct.collect_freezes(source, store, progress=False)
    assert store.rows("SELECT DISTINCT source, given_by FROM coverage") == [("trongrid", None)]
