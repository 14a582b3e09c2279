"""The ledger of a synthetic world closes: replayed from its columns alone, in an order that the columns give."""

from __future__ import annotations

import random
from collections import defaultdict

from cryptotrace.testing import World, empty_world, romance_world

ZERO = "0x" + "0" * 40
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"


def replay(world: World) -> tuple[dict, dict, int]:
    """Return final balances, net issue per contract, and burnt fees; fail at the first overspending."""
    steps = []
    for tx in world.transactions:
        steps.append(((tx.block, tx.tx_index, 0, ()), tx))
    for row in world.transfers:
        if row.kind == "native":
            key = (row.block, row.tx_index, 1, ())
        else:
            inner = (row.log_index,) if row.trace_path is None else tuple(map(int, row.trace_path.split("_")))
            key = (row.block, row.tx_index, 2, inner)
        steps.append((key, row))
    random.Random(0).shuffle(steps)
    # ties are a log and a trace of one transaction: they never touch the same asset
    steps.sort(key=lambda step: step[0])
    held, issued, burnt = defaultdict(int), defaultdict(int), 0
    for _, row in steps:
        if hasattr(row, "signer"):
            if row.signer == ZERO:
                assert row.fee == 0
                continue
            held[row.signer, None] -= row.fee
            burnt += row.fee
            assert held[row.signer, None] >= 0, row
        elif row.ok:
            if row.sender == ZERO:
                issued[row.contract] += row.amount
            else:
                held[row.sender, row.contract] -= row.amount
                assert held[row.sender, row.contract] >= 0, row
            if row.receiver == ZERO:
                issued[row.contract] -= row.amount
            else:
                held[row.receiver, row.contract] += row.amount
    return held, issued, burnt


def test_nobody_spends_more_than_they_hold_and_every_asset_is_conserved(world):
    held, issued, burnt = replay(world)
    sums = defaultdict(int)
    for (_, contract), amount in held.items():
        sums[contract] += amount
    assert sums.pop(None) + burnt == issued.pop(None)
    assert sums == issued
    assert len(sums) >= 4


def test_a_row_agrees_with_its_transaction_and_the_rows_stand_in_order(world):
    transactions = {tx.tx_hash: tx for tx in world.transactions}
    assert len(transactions) == len(world.transactions)
    for row in world.transfers:
        tx = transactions[row.tx_hash]
        assert (row.block, row.time, row.tx_index, row.ok) == (tx.block, tx.time, tx.tx_index, tx.ok)
    places = [(tx.block, tx.tx_index) for tx in world.transactions]
    assert places == sorted(set(places))
    logs = [(row.block, row.log_index) for row in world.transfers if row.log_index is not None]
    logs += [(row.block, row.log_index) for row in world.approvals]
    assert len(logs) == len(set(logs))
    first = world.transfers[0]
    assert all((row.time - first.time).total_seconds() == 12 * (row.block - first.block) for row in world.transactions)


def test_columns_say_what_kind_a_row_is(world):
    for row in world.transfers:
        assert (row.contract is None) == (row.kind in {"native", "internal"})
        assert (row.log_index is not None) == (row.kind == "token")
        assert (row.trace_path is not None) == (row.kind == "internal")
        assert row.ok or row.kind == "native"
    failed = [tx for tx in world.transactions if not tx.ok]
    assert failed
    assert all(tx.fee > 0 for tx in failed)


def test_wrapped_ether_is_backed_by_ether_in_its_contract(world):
    held, issued, _ = replay(world)
    assert held[WETH, None] == issued[WETH]


def test_money_comes_out_of_nothing_only_as_openings_wraps_and_counterfeits(world):
    unwanted = {(item.tx_hash, item.log_index) for item in world.truth.unwanted}
    start = world.transfers[0].block
    for row in world.transfers:
        if row.sender == ZERO and row.block != start:
            assert row.contract == WETH or (row.tx_hash, row.log_index) in unwanted


def test_the_desk_is_an_unlabelled_service_and_the_first_exchange_a_hub(world):
    partners = defaultdict(set)
    for row in world.transfers:
        partners[row.sender].add(row.receiver)
        partners[row.receiver].add(row.sender)
    labelled = {row.address for row in world.labels}
    (desk,) = [address for address, owner in world.truth.owners.items() if owner == "service:desk"]
    assert len(partners[desk]) >= 320
    assert desk not in labelled
    hub = next(row.address for row in world.labels if row.category == "exchange")
    assert len(partners[hub]) >= 400
    busy = {address for address, others in partners.items() if len(others) >= 300 and address != ZERO}
    assert busy - labelled == {desk}


def test_extreme_settings_also_give_a_ledger_that_closes():
    for world in (
        romance_world(1, campaigns=1, victims=1, days=40, people=2),
        romance_world(2, campaigns=3, victims=25, days=200, people=10),
        romance_world(3, noise=False),
        empty_world(4),
    ):
        replay(world)
