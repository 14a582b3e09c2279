"""A sample is pulled once more from another explorer: what the two do not show alike is named, and what is left out too."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from routing import PAGE, auto, evm, opened, tron

import cryptotrace as ct
from cryptotrace.errors import InputError
from cryptotrace.testing.explorers import (
    CoinFault,
    FakeBlockscout,
    FakeEsplora,
    FakeTronGrid,
    Fault,
    random_chain,
    random_coin_chain,
    random_tron,
)

WORLD = random_chain(6, transactions=50, addresses=4)
FINAL = WORLD.transactions[-1].block - 64
TOKENS = [row for row in WORLD.transfers if row.kind == "token" and row.ok and row.amount and row.block <= FINAL]
TWICE = Counter((row.tx_hash, row.sender, row.receiver, row.contract, row.amount) for row in TOKENS)


def pulled(source: Any, addresses: Any = WORLD.addresses, **settings: Any) -> ct.Store:
    store = ct.open_store(":memory:")
    ct.collect(source, store, addresses, progress=False, **settings)
    return store


@pytest.fixture(scope="module")
def store() -> ct.Store:
    return pulled(auto(evm(WORLD)))


def lying(rows: Any) -> Any:
    """Give a Blockscout over a world in which some transfers are others."""
    return opened("blockscout", FakeBlockscout(replace(WORLD, transfers=tuple(rows))))


def test_two_honest_explorers_agree_and_the_store_stays_as_it_is(store: ct.Store) -> None:
    before = store.digests()
    found = ct.cross_check(store, opened("blockscout", FakeBlockscout(WORLD)), sample=10)
    assert found.agrees is True
    assert found.reasons == {}
    assert store.digests() == before
    assert (len(found.sample), found.complete, len(found.lists)) == (4, 4, 12)
    assert sum(one.rows_here for one in found.lists) == sum(one.rows_there for one in found.lists) > 100
    assert "every transfer is the same at both" in str(found)
    assert len(found.table) == 12
    assert len(found.rows) == 0


@pytest.mark.parametrize("at", range(0, len(TOKENS), 5))
def test_a_transfer_that_the_other_explorer_does_not_show_is_named_with_its_sum(store: ct.Store, at: int) -> None:
    lost = TOKENS[at]
    found = ct.cross_check(store, lying(row for row in WORLD.transfers if row is not lost), sample=10)
    assert found.agrees is False
    ends = {lost.sender, lost.receiver} & set(WORLD.addresses)
    assert {row.address for row in found.differences} == ends
    named = {(row.tx_hash, row.sender, row.receiver, row.contract, row.amount) for row in found.differences}
    assert named == {(lost.tx_hash, lost.sender, lost.receiver, lost.contract, lost.amount)}
    count = TWICE[lost.tx_hash, lost.sender, lost.receiver, lost.contract, lost.amount]
    assert {(row.here, row.there) for row in found.differences} == {(count, count - 1)}
    told = [row for row in found.table.dicts() if row["only_here"]]
    assert {(row["address"], row["contract"], row["only_here_amount"], row["only_there"]) for row in told} == {
        (end, lost.contract, lost.amount, 0) for end in ends
    }
    assert f"differs: {min(ends)}, token: 1 rows only here, 0 only at blockscout" in str(found)


def test_an_amount_that_was_changed_and_a_row_that_was_invented_are_named(store: ct.Store) -> None:
    one = TOKENS[0]
    changed = [replace(row, amount=row.amount + 1) if row is one else row for row in WORLD.transfers]
    found = ct.cross_check(store, lying(changed), sample=10)
    assert {(row.amount, row.here - row.there) for row in found.differences} == {(one.amount, 1), (one.amount + 1, -1)}
    invented = ct.cross_check(store, lying([*WORLD.transfers, one]), sample=10)
    assert {row.there - row.here for row in invented.differences} == {1}
    html = invented._repr_html_()
    assert "<br>" in html


def test_the_same_seed_draws_the_same_sample_and_another_one_others(store: ct.Store) -> None:
    def drawn(seed: int) -> tuple[str, ...]:
        return ct.cross_check(store, opened("blockscout", FakeBlockscout(WORLD)), sample=2, seed=seed).sample

    assert drawn(1) == drawn(1)
    assert len({drawn(seed) for seed in range(6)}) > 1
    given = ct.cross_check(store, opened("blockscout", FakeBlockscout(WORLD)), [WORLD.addresses[2]])
    assert given.sample == (WORLD.addresses[2],)


def test_an_explorer_that_fails_is_a_reason_and_no_agreement(store: ct.Store) -> None:
    for fault, reason in (
        (Fault("html", 502, times=None), "unavailable"),
        (Fault("bad_key", times=None), "bad_key"),
        (Fault("daily_limit", actions=("txlist", "txlistinternal", "tokentx"), times=None), "quota_exhausted"),
    ):
        found = ct.cross_check(store, opened("blockscout", FakeBlockscout(WORLD, faults=fault)), sample=1)
        assert found.agrees is None, reason
        assert found.reasons == {reason: 3}
        assert f"not compared: 3 ({reason})" in str(found)
        assert [row["reason"] for row in found.table.dicts()] == [reason] * 3
    part = Fault("pro_endpoint", actions=("txlistinternal",), times=None)
    found = ct.cross_check(store, opened("blockscout", FakeBlockscout(WORLD, faults=part)), sample=1)
    assert (found.agrees, found.reasons) == (True, {"plan_required": 1})


def test_a_budget_leaves_the_rest_uncompared(store: ct.Store) -> None:
    fake = FakeBlockscout(WORLD)
    found = ct.cross_check(store, opened("blockscout", fake), sample=4, max_requests=6)
    assert len(fake.requests) == found.requests == 6
    assert "budget" in found.reasons
    assert found.agrees is not False
    none = ct.cross_check(store, opened("blockscout", FakeBlockscout(WORLD)), sample=4, max_requests=1)
    assert none.agrees is None


def test_an_explorer_that_lags_is_compared_up_to_where_it_knows(store: ct.Store) -> None:
    middle = WORLD.transactions[len(WORLD.transactions) // 2].block
    found = ct.cross_check(store, opened("blockscout", FakeBlockscout(WORLD, head=middle)), sample=4)
    assert found.agrees is True
    assert {one.to_block for one in found.lists} == {middle - 64}


def test_lists_are_compared_with_another_explorer_only(store: ct.Store) -> None:
    own = pulled(opened("etherscan", evm(WORLD)["etherscan"]))
    with pytest.raises(InputError, match="another explorer"):
        ct.cross_check(own, opened("etherscan", evm(WORLD)["etherscan"]))
    with pytest.raises(InputError, match="no complete address"):
        ct.cross_check(ct.open_store(":memory:"), opened("etherscan", evm(WORLD)["etherscan"]))
    with pytest.raises(InputError, match="sample"):
        ct.cross_check(store, opened("etherscan", evm(WORLD)["etherscan"]), sample=0)


def test_partial_addresses_are_never_drawn() -> None:
    busiest = max(WORLD.addresses, key=lambda one: sum(one in (row.sender, row.receiver) for row in WORLD.transfers))
    most = sum(busiest in (row.sender, row.receiver) for row in WORLD.transfers) // 2
    part = pulled(auto(evm(WORLD)), max_rows_per_address=most)
    found = ct.cross_check(part, opened("blockscout", FakeBlockscout(WORLD)), sample=10)
    assert busiest not in found.sample
    assert (len(found.sample), found.agrees) == (found.complete, True)
    assert 0 < found.complete < 4


def test_tron_is_compared_list_by_list_and_what_the_other_does_not_show_is_said() -> None:
    world = random_tron(4, transactions=60, addresses=3)
    mine = pulled(opened("trongrid", FakeTronGrid(world)), world.addresses)
    found = ct.cross_check(mine, opened("tronscan", tron(world)["tronscan"]))
    assert found.agrees is True
    assert found.reasons == {}
    assert sum(one.rows_here for one in found.lists if one.reason is None) > 10
    lost = tron(world, troubles={"hidden": 40})["tronscan"]
    assert ct.cross_check(mine, opened("tronscan", lost)).reasons["not_indexed_yet"]  # it counts more than it shows


def test_bitcoin_is_compared_coin_by_coin() -> None:
    chain = random_coin_chain(3, blocks=25, addresses=3)
    fakes = {"mempool": FakeEsplora(chain, flavour="mempool", page_rows=PAGE)}
    mine = pulled(opened("mempool", fakes["mempool"]), chain.addresses)
    found = ct.cross_check(mine, opened("esplora", FakeEsplora(chain, page_rows=PAGE)))
    assert found.agrees is True
    assert sum(one.rows_here for one in found.lists) > 10
    odd = CoinFault("odd_value", first=1, times=None)
    told = ct.cross_check(mine, opened("esplora", FakeEsplora(chain, page_rows=PAGE, faults=[odd])))
    assert told.agrees is not True
