"""What a seed injects, in each of the three ways, and what it must never inject."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cryptotrace.model import ALL, Haircut, Seeds
from cryptotrace.tracing import trace, trace_all

NULL = "0x" + "0" * 40
CONSERVING = [policy for policy in ALL if policy.conserving]
DOLLAR = 10**6


def statement(kit, result, asset="USDT"):
    (row,) = kit.rows(result, "statement", asset=asset) or [None]
    return row


def total(kit, ledger, seeds, **options):
    return statement(kit, trace(ledger.store(), seeds, **options))


# -- inflow ----------------------------------------------------------------------------------------------------------------


def test_inflow_taints_what_comes_from_outside(kit):
    ledger = kit.Ledger().pay("victim", "s", 900 * DOLLAR, "USDT").pay("s", "x", 400 * DOLLAR, "USDT")
    row = total(kit, ledger, kit.seeds("s"), labels=kit.labels(x="exchange"))
    assert (row["injected"], row["terminals"], row["resting"]) == (900 * DOLLAR, 400 * DOLLAR, 500 * DOLLAR)


def test_a_seed_that_pays_a_seed_injects_once(kit):
    ledger = kit.Ledger().pay("victim", "s", 900 * DOLLAR, "USDT").pay("s", "t", 900 * DOLLAR, "USDT")
    row = total(kit, ledger, kit.seeds("s", "t"))
    assert (row["injected"], row["resting"]) == (900 * DOLLAR, 900 * DOLLAR)


@pytest.mark.parametrize("policy", CONSERVING, ids=lambda policy: policy.id)
def test_taint_that_comes_back_is_not_injected_again(kit, policy):
    ledger = kit.Ledger().pay("victim", "s", 900 * DOLLAR, "USDT").pay("s", "mule", 900 * DOLLAR, "USDT")
    ledger.pay("mule", "s", 900 * DOLLAR, "USDT")
    assert total(kit, ledger, kit.seeds("s"), policy=policy)["injected"] == 900 * DOLLAR


def test_what_comes_back_with_clean_money_injects_the_clean_part(kit):
    ledger = kit.Ledger().pay("victim", "s", 900 * DOLLAR, "USDT").pay("s", "mule", 900 * DOLLAR, "USDT")
    ledger.pay("employer", "mule", 300 * DOLLAR, "USDT").pay("mule", "s", 1_200 * DOLLAR, "USDT")
    result = trace(ledger.store(), kit.seeds("s"))
    assert statement(kit, result)["injected"] == 1_200 * DOLLAR
    (back,) = kit.rows(result, "flows", sender="mule", receiver="s")
    assert (back["tainted_amount"], back["injected_amount"]) == (1_200 * DOLLAR, 300 * DOLLAR)


def test_money_back_from_an_exchange_is_clean_and_injected_again(kit):
    ledger = kit.Ledger().pay("victim", "s", 900 * DOLLAR, "USDT").pay("s", "x", 900 * DOLLAR, "USDT")
    ledger.pay("x", "s", 500 * DOLLAR, "USDT")
    row = total(kit, ledger, kit.seeds("s"), labels=kit.labels(x="exchange"))
    assert (row["injected"], row["terminals"], row["resting"]) == (1_400 * DOLLAR, 900 * DOLLAR, 500 * DOLLAR)


@pytest.mark.parametrize("sender", [NULL, None])
def test_a_mint_to_a_seed_is_not_injected(kit, sender):
    ledger = kit.Ledger().pay(sender, "s", 900 * DOLLAR, "USDT").pay("s", "x", 900 * DOLLAR, "USDT")
    assert statement(kit, trace(ledger.store(), kit.seeds("s"), labels=kit.labels(x="exchange"))) is None


def test_what_a_seed_holds_beforehand_is_clean(kit):
    ledger = kit.Ledger().pay("s", "x", 100 * DOLLAR, "USDT").pay("victim", "s", 100 * DOLLAR, "USDT")
    result = trace(ledger.store(), kit.seeds("s"), labels=kit.labels(x="exchange"))
    assert statement(kit, result)["terminals"] == 0
    assert [row["amount"] for row in kit.rows(result, "openings", address="s")] == [100 * DOLLAR]


# -- outflow ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", CONSERVING, ids=lambda policy: policy.id)
def test_every_unit_that_a_source_pays_is_tainted_once(kit, policy):
    """Out 300, of which 100 came back tainted: 300 leave tainted the second time, 500 are injected in all."""
    ledger = kit.Ledger().pay("s", "a", 300 * DOLLAR, "USDT").pay("a", "s", 100 * DOLLAR, "USDT")
    ledger.pay("clean", "s", 50 * DOLLAR, "USDT").pay("s", "x", 300 * DOLLAR, "USDT")
    row = total(kit, ledger, kit.seeds("s", injects="outflow"), labels=kit.labels(x="exchange"), policy=policy)
    assert (row["injected"], row["terminals"], row["resting"]) == (500 * DOLLAR, 300 * DOLLAR, 200 * DOLLAR)


def test_a_source_needs_no_opening_and_no_coverage(kit):
    ledger = kit.Ledger().pay("s", "x", 300 * DOLLAR, "USDT")
    result = trace(ledger.store(complete=False), kit.seeds("s", injects="outflow"), labels=kit.labels(x="exchange"))
    assert statement(kit, result)["terminals"] == 300 * DOLLAR
    assert kit.rows(result, "openings") == []


def test_a_source_pays_its_fees_from_clean_money_first(kit):
    ether = 10**18
    ledger = kit.Ledger().pay("s", "a", 3 * ether, "ETH").pay("a", "s", 2 * ether, "ETH").pay("clean", "s", ether, "ETH")
    ledger.pay("s", None, ether, "ETH", kind="fee").pay("s", None, ether, "ETH", kind="fee")
    row = total_ether = statement(kit, trace(ledger.store(), kit.seeds("s", injects="outflow")), "ETH")
    assert total_ether is not None
    assert (row["injected"], row["fees"], row["resting"]) == (3 * ether, ether, 2 * ether)


# -- payments --------------------------------------------------------------------------------------------------------------


def test_only_the_listed_payments_are_injected(kit):
    ledger = kit.Ledger().pay("v1", "s", 100 * DOLLAR, "USDT", tx="one", tx_index=0, log=4)
    ledger.pay("v2", "s", 70 * DOLLAR, "USDT", tx="two", tx_index=0, log=5)
    ledger.pay("v3", "s", 30 * DOLLAR, "USDT", tx="two", tx_index=0, log=6)
    ledger.pay("v4", "s", 11 * DOLLAR, "USDT", tx="three")
    listed = kit.seeds("s", injects="payments", payments=(("one", "4"), ("two", "6"), ("three", "")))
    assert total(kit, ledger, listed)["injected"] == 141 * DOLLAR


def test_a_payment_listed_twice_is_injected_once(kit):
    ledger = kit.Ledger().pay("v1", "s", 100 * DOLLAR, "USDT", tx="one", tx_index=0, log=4)
    twice = kit.seeds(*[kit.seed("s", injects="payments", payments=(("one", "4"), ("one", ""))) for _ in range(2)])
    assert total(kit, ledger, twice)["injected"] == 100 * DOLLAR


def test_a_listed_payment_that_is_already_tainted_is_not_injected_again(kit):
    ledger = kit.Ledger().pay("v", "s", 100 * DOLLAR, "USDT", tx="one").pay("s", "t", 100 * DOLLAR, "USDT", tx="two")
    listed = kit.seeds(
        kit.seed("s", injects="payments", payments=(("one", ""),)), kit.seed("t", injects="payments", payments=(("two", ""),))
    )
    row = total(kit, ledger, listed)
    assert (row["injected"], row["resting"]) == (100 * DOLLAR, 100 * DOLLAR)


def test_the_three_ways_together_inject_nothing_twice(kit):
    ledger = kit.Ledger().pay("out", "in", 100 * DOLLAR, "USDT").pay("in", "list", 100 * DOLLAR, "USDT", tx="one")
    ledger.pay("list", "x", 100 * DOLLAR, "USDT")
    mixed = kit.seeds(
        kit.seed("out", injects="outflow"), kit.seed("in"), kit.seed("list", injects="payments", payments=(("one", ""),))
    )
    for result in trace_all(ledger.store(), mixed, labels=kit.labels(x="exchange")):
        row = statement(kit, result)
        assert (row["injected"], row["terminals"]) == (100 * DOLLAR, 100 * DOLLAR)


# -- who does not inject ---------------------------------------------------------------------------------------------------


def test_only_perpetrators_inject(kit):
    ledger = kit.Ledger().pay("a", "s", 100 * DOLLAR, "USDT").pay("s", "b", 100 * DOLLAR, "USDT")
    for role in ("victim", "service", "government", "unknown"):
        for injects in ("inflow", "outflow"):
            assert statement(kit, trace(ledger.store(), kit.seeds("s", role=role, injects=injects))) is None


def test_no_seeds_and_seeds_that_occur_nowhere_give_nothing(kit):
    store = kit.Ledger().pay("a", "b", 100 * DOLLAR, "USDT").store()
    for seeds in (Seeds(), kit.seeds("elsewhere")):
        result = trace(store, seeds)
        assert all(len(result.table(name)) == 0 for name in ("flows", "terminals", "resting", "frontier", "statement"))
        assert result.totals.injected == Decimal(0)


def test_a_return_to_a_victim_is_an_end_but_no_exit(kit):
    ledger = kit.Ledger().pay("v", "s", 900 * DOLLAR, "USDT").pay("s", "v", 200 * DOLLAR, "USDT")
    ledger.pay("v", "x", 200 * DOLLAR, "USDT")
    people = kit.seeds(kit.seed("s"), kit.seed("v", role="victim"))
    result = trace(ledger.store(), people, labels=kit.labels(x="exchange"))
    (terminal,) = kit.rows(result, "terminals")
    assert (terminal["category"], terminal["tainted_amount"]) == ("victim", 200 * DOLLAR)
    assert result.totals.terminals == Decimal(200)
    assert result.totals.exits == Decimal(0)


def test_a_self_transfer_changes_nothing(kit):
    ledger = (
        kit.Ledger().pay("v", "s", 900 * DOLLAR, "USDT").pay("s", "s", 900 * DOLLAR, "USDT").pay("clean", "clean", 5, "USDT")
    )
    result = trace(ledger.store(), kit.seeds("s"))
    row = statement(kit, result)
    assert (row["injected"], row["resting"]) == (900 * DOLLAR, 900 * DOLLAR)
    assert kit.rows(result, "openings", address="s") == []


def test_a_failed_transfer_moves_nothing_and_its_fee_does(kit):
    ether = 10**18
    ledger = kit.Ledger().pay("v", "s", 2 * ether, "ETH").pay("s", "x", ether, "ETH", tx="failed", ok=False)
    ledger.pay("s", None, ether // 4, "ETH", kind="fee", tx="failed", at=100)
    result = trace(ledger.store(), kit.seeds("s"), labels=kit.labels(x="exchange"), policy=Haircut())
    row = statement(kit, result, "ETH")
    assert (row["terminals"], row["fees"], row["resting"]) == (0, ether // 4, 2 * ether - ether // 4)
