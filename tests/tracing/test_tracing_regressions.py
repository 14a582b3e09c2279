"""Nine defects that tracers in the field have: each is a vector that must never come back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cryptotrace.model import ALL, Fifo, Haircut, Poison, TaintFirst, TaintLast
from cryptotrace.tracing import trace

CONSERVING = [policy for policy in ALL if policy.conserving]


@pytest.mark.parametrize("policy", ALL, ids=lambda policy: policy.id)
def test_1_the_first_payment_is_followed(kit, policy):
    ledger = kit.Ledger().pay("s", "a", 100, at=1).pay("a", "b", 100, at=2).pay("b", "c", 100, at=3)
    assert ledger.walk(policy, sources=("s",), ends=("c",)).arrived("c") == 100


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("policy", ALL, ids=lambda policy: policy.id)
def test_2_an_onward_move_in_the_same_block_is_followed(kit, policy, turned):
    rows = [("s", "a"), ("a", "b")]
    ledger = kit.Ledger()
    for sender, receiver in reversed(rows) if turned else rows:
        ledger.pay(sender, receiver, 100, at=5)
    walk = ledger.walk(policy, sources=("s",), ends=("b",))
    assert walk.arrived("b") == 100
    assert walk.openings == {}


@pytest.mark.parametrize(
    ("policy", "into_y"), [(Haircut(), 25), (TaintFirst(), 50), (Fifo(), 0), (TaintLast(), 0), (Poison(), 60)]
)
def test_3_time_order_is_kept(kit, policy, into_y):
    """TaintLast keeps taint to the end: 120 held, 50 tainted, 60 paid out of 70 clean ones."""
    ledger = kit.Ledger().pay("q", "a", 100, at=0).pay("a", "x", 30, at=1).pay("s", "a", 50, at=2).pay("a", "y", 60, at=3)
    walk = ledger.walk(policy, sources=("s",), ends=("x", "y"))
    assert walk.arrived("x") == 0
    assert walk.arrived("y") == into_y


@pytest.mark.parametrize("policy", CONSERVING, ids=lambda policy: policy.id)
def test_4_value_that_was_kept_is_not_pushed_on(kit, policy):
    walk = kit.Ledger().pay("s", "a", 100).pay("a", "x", 10).walk(policy, sources=("s",), ends=("x",))
    assert walk.arrived("x") == 10
    assert walk.rests == {("a", "usd"): 90}


@pytest.mark.parametrize("policy", ALL, ids=lambda policy: policy.id)
def test_5_late_arrivals_flow_on(kit, policy):
    ledger = kit.Ledger().pay("s", "a", 100).pay("a", "b", 100).pay("b", "x", 100)
    ledger.pay("s", "a", 40).pay("a", "b", 40).pay("b", "x", 40)
    assert ledger.walk(policy, sources=("s",), ends=("x",)).arrived("x") == 140


@pytest.mark.parametrize("logs", [(1, 2), (None, None)])
def test_6_two_equal_transfers_of_one_transaction_are_two(kit, logs):
    ledger = kit.Ledger()
    for log in logs:
        ledger.pay("s", "x", 70_000_000, "USDT", tx="same", at=0, log=log)
    result = trace(ledger.store(), kit.seeds("s", injects="outflow"), labels=kit.labels(x="exchange"))
    (terminal,) = kit.rows(result, "terminals")
    assert (terminal["tainted_amount"], terminal["transfers"]) == (140_000_000, 2)
    assert len(kit.rows(result, "flows")) == 2
    assert result.to_networkx().number_of_edges() == 2


@pytest.mark.parametrize("policy", CONSERVING, ids=lambda policy: policy.id)
def test_7_a_limit_on_one_side_only_is_stated(kit, policy):
    ledger = kit.Ledger().pay("s", "A", 500).pay("A", "B", 50).pay("B", "C", 10)
    walk = ledger.walk(policy, sources=("s",), ends=("C",), limits=kit.Limits(min_value_micro=100))
    statement = walk.statement["usd"]
    assert (statement.injected, statement.pruned, statement.terminals, statement.resting) == (500, 50, 0, 450)
    assert statement.difference == 0


@pytest.mark.parametrize("policy", ALL, ids=lambda policy: policy.id)
def test_8_what_one_source_pays_another_is_injected_once(kit, policy):
    walk = kit.Ledger().pay("A", "B", 5_000).pay("B", "C", 50).walk(policy, sources=("A", "B"))
    assert walk.statement["usd"].injected == 5_000
    assert walk.arrived("C") == 50


def test_9_tokens_are_never_added_up_and_unknown_decimals_stay_unknown(kit):
    """Raw integers of three tokens, one without decimals, and a failed payment: each keeps to itself."""
    ledger = kit.Ledger().pay("s", "x", 5 * 10**18, "ETH").pay("s", "x", 7_000_000, "USDT").pay("s", "x", 9_000_000, "ODD")
    ledger.pay("s", "x", 3 * 10**18, "ETH", ok=False)
    result = trace(
        ledger.store(prices=[(kit.START, "ETH", "2000")]),
        kit.seeds("s", injects="outflow"),
        labels=kit.labels(x="exchange"),
    )
    odd = "eip155:1/erc20:0x5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c"
    terminals = {row["asset"].lower(): (row["tainted_amount"], row["tainted_usd"]) for row in kit.rows(result, "terminals")}
    assert terminals == {
        "eth": (5 * 10**18, Decimal(10_000)),
        "usdt": (7_000_000, Decimal(7)),
        odd: (9_000_000, None),
    }
    assert result.totals.terminals is None
    assert result.totals.injected is None
