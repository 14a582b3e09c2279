"""Income that several tell: Blockscout, explorers one after the other, and a node."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest
from earning import (
    BLOCKS,
    INCOME_LISTS,
    MINER,
    VALIDATOR,
    WORLD,
    asked,
    blocks,
    income_of,
    pulled,
    served,
    status_of,
    withdrawals,
)
from pulling import SmallPages, in_process  # type: ignore[import-not-found]
from scouting import opened  # type: ignore[import-not-found]

import cryptotrace as ct
from cryptotrace.collect.income import ask_income, leave_contradicted, refuse_other_rewards
from cryptotrace.collect.verifying import replay_difference
from cryptotrace.errors import InputError
from cryptotrace.schema import Batch
from cryptotrace.sources.auto import AutoSource
from cryptotrace.testing.explorers import FakeBlockscout, Fault, IncomeRow, with_incomes


@pytest.mark.parametrize("flavour", ["rpc", "rest"])
def test_blockscout_tells_the_same_rows_as_etherscan(flavour: str) -> None:
    paid = [*withdrawals(60), *blocks(len(BLOCKS))]
    explorer = FakeBlockscout(with_incomes(WORLD, paid), page_rows=7)
    store, source = ct.open_store(":memory:"), opened(flavour, explorer, page_rows=5_000)
    ct.collect(source, store, list(WORLD.addresses), progress=False)
    found = ct.prove(source, store, progress=False)
    assert {status_of(found, one)[0] for one in (VALIDATOR, MINER)} == {"proven"}, str(found)
    other, etherscan = pulled(served(paid), to=explorer.head - 64)
    ct.prove(etherscan, other, progress=False)
    assert income_of(store, VALIDATOR) == income_of(other, VALIDATOR)
    assert income_of(store, MINER) == income_of(other, MINER)
    assert replay_difference(store, progress=False) is None


# -- several who tell ------------------------------------------------------------------------------------------------------


def test_auto_asks_the_next_explorer_for_a_list_that_one_refuses_and_the_money_is_there_once() -> None:
    paid = withdrawals(60)
    refused = Fault("pro_endpoint", actions=("txsbeaconwithdrawal",), times=None)
    first = in_process(served(paid, refused), page_rows=1_000)
    second = opened("rpc", FakeBlockscout(with_incomes(WORLD, paid)), page_rows=5_000)
    store, source = ct.open_store(":memory:"), AutoSource([first, second])
    ct.collect(source, store, [VALIDATOR], progress=False)
    assert status_of(ct.prove(source, store, progress=False), VALIDATOR) == ("proven", None, 0)
    assert len(income_of(store, VALIDATOR)) == 60


def test_what_came_since_the_head_of_several_explorers_is_taken_off_too() -> None:
    first = in_process(served(withdrawals(9)), page_rows=1_000)
    second = opened("rest", FakeBlockscout(with_incomes(WORLD, withdrawals(9))))
    store, source = ct.open_store(":memory:"), AutoSource([first, second])
    ct.collect(source, store, list(WORLD.addresses), progress=False)
    found = ct.prove(source, store, progress=False)
    assert not found.unproven, str(found)
    assert store.rows("SELECT max(later_in + later_out) > 0 FROM balances") == [(True,)]


def times_of(paid: list[IncomeRow]) -> dict[int, Any]:
    """Give the times of blocks that paid, as an explorer tells them."""
    store, source = pulled(served(paid))
    ct.prove(source, store, progress=False)
    rows = store.rows("SELECT block, time FROM transfers WHERE kind = 'reward'")
    return {block: time.replace(tzinfo=UTC) for block, time in rows}


def node_row(batch: Batch, name: str, block: int, amount: int, receiver: str, time: Any) -> None:
    batch.add_transfer(
        chain="ethereum", tx_hash=name, kind="reward", block=block, time=time, sender="0x" + "0" * 40, receiver=receiver,
        amount=amount, symbol="ETH", decimals=18,
    )  # fmt: skip


def test_a_withdrawal_that_a_node_told_too_is_one_row() -> None:
    paid = withdrawals(7)
    store, source = pulled(served(paid), VALIDATOR)
    times = times_of(paid)
    batch = Batch()
    for row in paid[:4]:
        node_row(batch, f"withdrawal_{row.block}_{row.index}", row.block, row.amount, VALIDATOR, times[row.block])
    store.load([batch])
    assert status_of(ct.prove(source, store, progress=False), VALIDATOR) == ("proven", None, 0)
    assert len(income_of(store, VALIDATOR)) == 7
    store.load([batch])
    assert len(income_of(store, VALIDATOR)) == 7


def test_what_blocks_paid_is_not_asked_of_an_explorer_where_a_node_told_it() -> None:
    paid = blocks(5)
    store, source = pulled(served(paid), MINER)
    times = times_of(paid)
    batch = Batch()
    for row in paid:
        node_row(batch, f"reward_{row.block}_{MINER}", row.block, row.amount - 7, MINER, times[row.block])
    store.load([batch])
    found = ct.prove(source, store, progress=False)
    assert status_of(found, MINER) == ("partial", "surplus", 35)  # the fees, which traces do not show
    assert asked(source) == {"withdrawal": 2}


@pytest.mark.parametrize("name", ["rpc", "ethereum_etl", "graphsense_etl"])
def test_a_nodes_rewards_are_refused_where_an_explorer_told_them_with_fees(name: str) -> None:
    store, source = pulled(served([*blocks(5), *withdrawals(2)]))
    refuse_other_rewards(store, name, "ethereum")
    ct.prove(source, store, progress=False)
    with pytest.raises(InputError, match="count twice"):
        refuse_other_rewards(store, name, "ethereum")
    with pytest.raises(InputError, match="count twice"):
        refuse_other_rewards(store, name, "ethereum", [MINER, VALIDATOR])
    refuse_other_rewards(store, name, "ethereum", [VALIDATOR])
    refuse_other_rewards(store, "blockscout", "ethereum")
    refuse_other_rewards(store, name, "base")


def test_chains_whose_blocks_pay_in_other_ways_are_not_asked() -> None:
    fetcher = in_process(served([])).fetcher
    assert {SmallPages(chain, fetcher).incomes for chain in ("base", "bsc", "gnosis")} == {()}
    assert SmallPages("ethereum", fetcher).incomes == INCOME_LISTS


def test_a_second_explorer_adds_nothing_to_what_the_first_told_and_the_two_runs_are_replayed_in_their_order() -> None:
    paid = withdrawals(60)
    explorer = FakeBlockscout(with_incomes(WORLD, paid))
    store, source = pulled(served(paid), VALIDATOR, to=explorer.head - 64)
    ct.prove(source, store, progress=False)
    found = ct.prove(opened("rpc", explorer, page_rows=5_000), store, progress=False)
    assert status_of(found, VALIDATOR)[0] == "proven"
    assert len(income_of(store, VALIDATOR)) == 60
    assert replay_difference(store, progress=False) is None


def test_income_that_the_store_has_under_its_name_with_another_amount_is_rejected_and_not_counted_twice() -> None:
    paid, less = blocks(5), [replace(row, amount=row.amount - 3) for row in blocks(5)]
    store, source = pulled(served(less))
    ct.prove(source, store, progress=False)
    told = income_of(store, MINER)
    store.run("UPDATE balances SET amount = amount + 15 WHERE address = ? AND contract = ''", [MINER])
    again = ask_income(in_process(served(paid)), MINER, 10**9, 10**9, "9", surplus=15, kinds=("mined",))
    assert len(again.batch.rows["transfers"]) == 5
    leave_contradicted(store, "ethereum", MINER, again)
    assert (again.batch.rows["transfers"], again.within, again.problem) == ([], 0, "rejected_rows")
    assert len(again.batch.rejects) == 5
    store.load([again.batch])
    assert income_of(store, MINER) == told
