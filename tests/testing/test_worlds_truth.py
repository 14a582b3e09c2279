"""What a world says about itself equals a recount from its rows, its prices and its owners."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

import pytest

from cryptotrace.testing import World, empty_world, romance_world

REAL = {
    None: ("ETH", 18),
    "0xdac17f958d2ee523a2206206994597c13d831ec7": ("USDT", 6),
    "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48": ("USDC", 6),
    "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2": ("WETH", 18),
}


def money(world: World):
    """Return the rows that move real coins."""
    return [row for row in world.transfers if row.ok and row.amount and row.contract in REAL]


def usd(world: World, row) -> Decimal:
    prices = {(price.time.date(), price.asset): price.usd for price in world.prices}
    asset, decimals = REAL[row.contract]
    exact = Decimal(row.amount) * prices[row.time.date(), asset] / Decimal(10) ** decimals
    return exact.quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP)


def roles(world: World) -> dict[str, str]:
    return {item.address: item.role for item in world.truth.addresses}


def payments(world: World):
    """Return what comes from outside to receiving addresses, without gas from the sponsor."""
    scam = roles(world)
    return [row for row in money(world) if scam.get(row.receiver) == "deposit" and row.sender not in scam]


def returns(world: World):
    scam = roles(world)
    return [row for row in money(world) if scam.get(row.sender) == "payout"]


def test_the_loss_equals_an_independent_recount_from_the_rows(world):
    owners = world.truth.owners
    net = defaultdict(Decimal)
    from_exchanges = Decimal(0)
    for row in payments(world):
        if owners[row.sender].startswith("victim:"):
            net[row.sender] += usd(world, row)
        else:
            assert owners[row.sender].startswith("exchange:")
            from_exchanges += usd(world, row)
    gross = sum(net.values()) + from_exchanges
    back = sum(usd(world, row) for row in returns(world))
    for row in returns(world):
        net[row.receiver] -= usd(world, row)
    assert gross == world.truth.gross_usd
    assert back == world.truth.returned_usd
    assert sum(max(value, Decimal(0)) for value in net.values()) + from_exchanges == world.truth.loss_usd
    assert world.truth.gross_usd - world.truth.returned_usd <= world.truth.loss_usd <= world.truth.gross_usd


def test_payments_of_victims_are_the_rows_into_receiving_addresses(world):
    listed = [(m.tx_hash, m.log_index, m.sender, m.receiver, m.amount) for v in world.truth.victims for m in v.payments]
    assert sorted(map(str, listed)) == sorted(
        str((row.tx_hash, row.log_index, row.sender, row.receiver, row.amount)) for row in payments(world)
    )
    assert {victim.wallet is None for victim in world.truth.victims} == {True, False}


def test_payments_of_a_victim_rise_from_a_small_test(world):
    for victim in world.truth.victims:
        values = [payment.usd for payment in victim.payments]
        assert len(values) >= 3
        assert values[0] <= Decimal(1510)
        assert values[0] * 5 <= max(values)
        # ether is paid at four digits after the point, stablecoins trade within 0.05% of par
        assert all(later > earlier * Decimal("0.99") for earlier, later in pairwise(values))


def test_returns_go_only_to_wallets_that_had_paid_before(world):
    by_wallet = {victim.wallet: victim for victim in world.truth.victims if victim.wallet}
    assert returns(world)
    for row in returns(world):
        victim = by_wallet[row.receiver]
        assert victim.payments[0].time < row.time
        assert (row.tx_hash, row.log_index) in {(item.tx_hash, item.log_index) for item in victim.returns}
    for victim in world.truth.victims:
        assert victim.wallet or not victim.returns


def test_sums_of_a_victim_equal_its_movements(world):
    for victim in world.truth.victims:
        amounts = defaultdict(int)
        for movement in victim.payments:
            amounts[movement.asset] += movement.amount
        assert dict(victim.gross.amounts) == dict(amounts)
        for movement in victim.returns:
            amounts[movement.asset] -= movement.amount
        assert dict(victim.net_amounts) == dict(amounts)
        assert victim.net_usd == sum(m.usd for m in victim.payments) - sum(m.usd for m in victim.returns)


def test_exits_and_desk_equal_the_rows_from_scam_addresses_to_each_entity(world):
    owners, scam = world.truth.owners, roles(world)
    labels = {row.address: row.category for row in world.labels}
    counted, values = defaultdict(int), defaultdict(Decimal)
    for row in money(world):
        owner = owners.get(row.receiver, "")
        if row.sender in scam and owner.startswith(("exchange:", "service:")):
            assert labels.get(row.receiver) in {None, "mixer"}, "exits go to unlabelled deposit addresses"
            counted[owner, row.symbol] += row.amount
            values[owner, row.symbol] += usd(world, row)
    planted = [*world.truth.exits, *world.truth.desk]
    assert {(item.entity, item.asset): item.amount for item in planted} == counted
    assert {(item.entity, item.asset): item.usd for item in planted} == values
    assert {item.category for item in planted} == {"exchange", "mixer", "otc"}
    assert len({item.entity for item in planted if item.category == "exchange"}) == 2


def test_deposit_addresses_hold_nothing_else_and_are_swept_to_the_labelled_hot_wallet(world):
    owners, scam = world.truth.owners, roles(world)
    hot = {row.entity: row.address for row in world.labels if row.category == "exchange"}
    used = {row.receiver for row in money(world) if row.sender in scam and owners[row.receiver].startswith("exchange:")}
    arrived, swept = defaultdict(int), defaultdict(int)
    for row in money(world):
        if row.contract and row.receiver in used:
            assert row.sender in scam
            arrived[row.receiver, row.contract] += row.amount
        if row.contract and row.sender in used:
            assert row.receiver == hot[owners[row.sender].removeprefix("exchange:")]
            swept[row.sender, row.contract] += row.amount
    assert arrived == swept
    assert arrived


def test_money_balances_per_asset_to_the_last_unit(world):
    truth = world.truth
    for asset in ("ETH", "USDC", "USDT"):
        came = truth.injected[asset] + truth.converted_in.get(asset, 0)
        ends = sum(item.amount for item in (*truth.exits, *truth.desk, *truth.resting) if item.asset == asset)
        gone = truth.returned.get(asset, 0) + truth.fees.get(asset, 0) + truth.converted_out.get(asset, 0)
        assert came == ends + gone


def test_scam_money_and_gas_never_mix(world):
    """Tokens at scam addresses come from payments, swaps or scam addresses; scam ether is never topped up."""
    truth, scam = world.truth, roles(world)
    paid = {(row.tx_hash, row.log_index) for row in payments(world)}
    swaps = {swap.tx_hash for swap in truth.swaps}
    sponsors = {address for address, role in scam.items() if role == "gas_sponsor"}
    fed = {row.receiver for row in money(world) if row.sender in sponsors}
    pays_ether = {row.sender for row in money(world) if row.sender in scam and row.contract is None} - sponsors
    assert pays_ether
    assert not pays_ether & fed
    for row in money(world):
        if row.receiver in scam and row.sender not in scam and row.receiver not in sponsors:
            assert (row.tx_hash, row.log_index) in paid or row.tx_hash in swaps


def test_swaps_have_one_row_out_and_one_in_and_end_in_usdt(world):
    rows = defaultdict(list)
    for row in money(world):
        rows[row.tx_hash].append(row)
    assert {swap.sold for swap in world.truth.swaps} == {"ETH", "USDC"}
    for swap in world.truth.swaps:
        given = [(row.symbol, row.amount) for row in rows[swap.tx_hash] if row.sender == swap.sender]
        taken = [(row.symbol, row.amount) for row in rows[swap.tx_hash] if row.receiver == swap.recipient]
        assert given == [(swap.sold, swap.sold_amount)]
        assert taken == [("USDT", swap.bought_amount)]


def test_resting_money_is_what_the_rows_leave_at_scam_addresses(world):
    scam = roles(world)
    left = defaultdict(int)
    for row in money(world):
        if row.contract and row.receiver in scam:
            left[row.receiver, row.symbol] += row.amount
        if row.contract and row.sender in scam:
            left[row.sender, row.symbol] -= row.amount
    planted = {(item.address, item.asset): item.amount for item in world.truth.resting if item.asset != "ETH"}
    assert planted == {key: amount for key, amount in left.items() if amount}
    assert planted


def test_gas_of_operators_is_a_trifle_from_an_exchange(world):
    scam = roles(world)
    rows = [row for row in money(world) if scam.get(row.receiver) == "gas_sponsor"]
    assert all(world.truth.owners[row.sender].startswith("exchange:") for row in rows)
    assert sum(usd(world, row) for row in rows) == world.truth.operator_gas.usd
    assert 0 < world.truth.operator_gas.usd < world.truth.loss_usd * Decimal("0.002")


def test_unwanted_rows_are_all_zero_value_and_counterfeit_rows(world):
    found = set()
    for row in world.transfers:
        if row.contract not in REAL:
            found.add((row.tx_hash, row.log_index, "counterfeit"))
        elif row.amount == 0:
            found.add((row.tx_hash, row.log_index, "zero_value"))
    assert {(item.tx_hash, item.log_index, item.kind) for item in world.truth.unwanted} == found
    assert {kind for _, _, kind in found} == {"counterfeit", "zero_value"}
    assert any(not row.symbol.isascii() for row in world.transfers)


def test_every_address_of_a_row_has_one_owner(world):
    seen = {address for row in world.transfers for address in (row.sender, row.receiver)}
    contracts = {contract for contract in REAL if contract}
    assert seen - contracts - {"0x" + "0" * 40} <= set(world.truth.owners)
    assert {a.address for a in world.truth.addresses} == {
        address for address, owner in world.truth.owners.items() if owner.startswith("group:")
    }


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ("receiving", {"deposit", "payout"}),
        ("all", {"deposit", "payout", "consolidator", "layer", "gas_sponsor"}),
        ("none", set()),
    ],
)
def test_seeds_are_the_declared_part_of_the_scam_addresses(reported, expected):
    world = romance_world(5, reported=reported)
    wanted = {(item.address, item.campaign) for item in world.truth.addresses if item.role in expected}
    assert {(seed.address, seed.campaign) for seed in world.seeds} == wanted
    assert len(world.seeds) == len(wanted)
    assert {seed.role for seed in world.seeds} <= {"perpetrator"}
    assert world.transfers == romance_world(5).transfers


def test_a_world_without_noise_has_nothing_unwanted_and_no_failed_transaction():
    world = romance_world(6, noise=False)
    assert world.truth.unwanted == ()
    assert all(row.ok and row.amount and row.contract in REAL for row in world.transfers)
    assert all(tx.ok for tx in world.transactions)


def test_an_empty_world_has_people_labels_and_spam_but_no_scam_and_no_seeds():
    world = empty_world(1)
    truth = world.truth
    assert world.seeds == ()
    assert (truth.victims, truth.addresses, truth.exits, truth.desk, truth.resting, truth.swaps) == ((),) * 6
    assert truth.gross_usd == truth.loss_usd == truth.returned_usd == 0
    assert truth.unwanted
    assert {row.category for row in world.labels} == {"exchange", "dex", "mixer"}
    assert not any(owner.startswith(("group:", "victim:")) for owner in truth.owners.values())
    assert len(world.transfers) > 4_000
    (desk,) = [address for address, owner in truth.owners.items() if owner == "service:desk"]
    partners = {row.sender for row in world.transfers if row.receiver == desk}
    partners |= {row.receiver for row in world.transfers if row.sender == desk}
    assert len(partners) >= 320, "the desk is a service without any scam money"


def test_the_default_world_has_five_to_ten_thousand_transfers(world):
    assert 5_000 <= len(world.transfers) <= 10_000
    assert len(world.truth.victims) == 24
