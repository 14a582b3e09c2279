"""A budget of one request gets there at last, whoever refuses: what a run was refused is not asked for again and again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pulling import coverage, stored
from routing import auto, evm, opened, small_pages

import cryptotrace as ct
from cryptotrace.collect import refusals, replay_difference
from cryptotrace.collect.budget import BudgetSpent
from cryptotrace.errors import SourceError
from cryptotrace.sources import opening
from cryptotrace.testing.explorers import FakeBlockscout, Fault, random_chain

WORLD = random_chain(4, transactions=5, addresses=2)
ALL = ("txlist", "txlistinternal", "tokentx")
HEADS = ("eth_getBlockByNumber", "eth_blockNumber", "getapilimit")
REFUSALS = {
    "a key": Fault("bad_key", times=None),
    "a key, behind the head": Fault("bad_key", actions=ALL, times=None),
    "a chain": Fault("chain_not_free", times=None),
    "a list": Fault("pro_endpoint", actions=("txlistinternal",), times=None),
    "a day": Fault("daily_limit", actions=ALL, times=None),
    "a head that is none": Fault("deprecated", actions=HEADS, times=None),
}


def in_steps(fakes: dict[str, Any], store: ct.Store, most: int = 1) -> int:
    """Give the same command again and again, each time as a new process would; give how often it took."""
    for number in range(1, 250):
        before = sum(len(fake.requests) for fake in fakes.values())
        try:
            ct.collect(auto(fakes), store, WORLD.addresses, max_requests=most, progress=False)
        except BudgetSpent:
            continue
        finally:
            assert sum(len(fake.requests) for fake in fakes.values()) - before <= most
        if not any(reason == "budget" for _, reason, *_ in coverage(store).values()):
            return number
    raise AssertionError(coverage(store))


@pytest.mark.parametrize("name", REFUSALS)
def test_a_budget_of_one_gets_there_though_an_explorer_refuses(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch)
    whole = ct.open_store(":memory:")
    ct.collect(auto(evm(WORLD, etherscan=REFUSALS[name], blockscout=())), whole, WORLD.addresses, progress=False)
    fakes, store = evm(WORLD, etherscan=REFUSALS[name], blockscout=()), ct.open_store(tmp_path / "s.duckdb")
    in_steps(fakes, store)
    assert {row[:2] for row in coverage(store).values()} == {("complete", None)}
    assert stored(store) == stored(whole)
    tables = {table for table, digest in store.digests().items() if whole.digests()[table] != digest}
    assert tables == set()
    assert replay_difference(store, progress=False) is None
    assert not (tmp_path / "s.duckdb.journal").exists()
    if name != "a head that is none":
        assert 1 <= len(fakes["etherscan"].faults.log) <= 4


def test_three_explorers_of_which_two_refuse_cost_one_request_each() -> None:
    refusal = Fault("bad_key", times=None)
    fakes = evm(WORLD, etherscan=refusal, blockscout_rest=refusal, blockscout=())
    store = ct.open_store(":memory:")
    in_steps(fakes, store)
    assert {row[:2] for row in coverage(store).values()} == {("complete", None)}
    assert [len(fakes[name].requests) for name in ("etherscan", "blockscout_rest")] == [1, 1]


def test_lists_that_are_not_indexed_yet_do_not_hold_up_those_behind_them() -> None:
    """One explorer alone: each account has a list that is refused for the time being."""
    fakes = {"blockscout": FakeBlockscout(WORLD, indexed_to=5)}
    store = ct.open_store(":memory:")
    in_steps(fakes, store)
    ends = {(stream, *row[:2]) for (_, stream), row in coverage(store).items()}
    assert ends == {("native", "complete", None), ("token", "complete", None), ("internal", "partial", "not_indexed_yet")}


def refused_once(monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], ct.Store]:
    """Give explorers and a store of a run that goes on, in which the key was refused."""
    fakes = evm(WORLD, etherscan=Fault("bad_key", times=1), blockscout=())
    store = ct.open_store(":memory:")
    for _ in range(2):
        ct.collect(auto(fakes), store, WORLD.addresses, max_requests=6, progress=False)
    assert len(fakes["etherscan"].requests) == 1
    return fakes, store


def test_a_call_without_a_budget_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes, store = refused_once(monkeypatch)
    ct.collect(auto(fakes), store, WORLD.addresses, progress=False)
    assert len(fakes["etherscan"].requests) > 1


def test_another_key_is_asked_with_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes, store = refused_once(monkeypatch)
    source = auto(fakes)
    opening._accounts[source.sources[0].fetcher] = "another"
    ct.collect(source, store, WORLD.addresses, max_requests=6, progress=False)
    assert len(fakes["etherscan"].requests) > 1


def test_after_an_hour_it_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes, store = refused_once(monkeypatch)
    monkeypatch.setattr(refusals, "_BELIEVED", 0.0)
    ct.collect(auto(fakes), store, WORLD.addresses, max_requests=6, progress=False)
    assert len(fakes["etherscan"].requests) > 1


def test_where_nobody_else_is_left_the_refused_key_is_tried_again() -> None:
    fakes, store = evm(WORLD, etherscan=Fault("bad_key", times=2)), ct.open_store(":memory:")
    for _ in range(2):
        with pytest.raises(SourceError):
            ct.collect(opened("etherscan", fakes["etherscan"]), store, WORLD.addresses, max_requests=9, progress=False)
    ct.collect(opened("etherscan", fakes["etherscan"]), store, WORLD.addresses, max_requests=90, progress=False)
    assert {row[:2] for row in coverage(store).values()} == {("complete", None)}


def test_the_word_for_an_account_does_not_tell_its_key() -> None:
    from cryptotrace.settings import Secret, Settings
    from cryptotrace.sources import open_source

    def word(key: str) -> str:
        settings = Settings(keys={"etherscan": Secret(key)})
        return opening.account_of(open_source("etherscan", chain="ethereum", settings=settings).fetcher)

    first, second = word("A" * 34), word("B" * 34)
    assert first
    assert first != second
    assert first == word("A" * 34)
    assert "A" * 4 not in first
