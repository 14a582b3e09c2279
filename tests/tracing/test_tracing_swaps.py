"""Conversions inside one transaction: who paid, who received, and what happens to taint where that cannot be told."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptotrace.model import ALL, Fifo, Haircut, TaintFirst
from cryptotrace.schema import Batch
from cryptotrace.store import open_store
from cryptotrace.tracing import trace
from cryptotrace.tracing.movements import read_book
from cryptotrace.tracing.order import in_order
from cryptotrace.tracing.swaps import Exchange, with_exchanges
from cryptotrace.tracing.valuation import Valuer

CONSERVING = [policy for policy in ALL if policy.conserving]
ETHER = 10**18
DOLLAR = 10**6
NULL = "0x" + "0" * 40
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"


def swap_ether(ledger, trader, recipient, *, paid=10 * ETHER, got=18_000 * DOLLAR, asset="USDT", tx="swap", tx_index=0, at=900):
    """A trade of ether as it looks on chain: router, wrapped ether, pool."""
    facts = {"tx": tx, "tx_index": tx_index, "at": at, "row": None}
    ledger.pay(trader, "router", paid, "ETH", kind="native", **facts)
    ledger.pay("router", WETH, paid, "ETH", kind="internal", trace="0", **facts)
    ledger.pay(NULL, "router", paid, "WETH", log=1, **facts)
    ledger.pay("router", "pool", paid, "WETH", log=2, **facts)
    ledger.pay("pool", recipient, got, asset, log=3, **facts)
    return ledger


def funded(kit):
    """The trader holds 10 ether, of which 4 came from the source."""
    return kit.Ledger().pay("s", "t", 4 * ETHER, "ETH", at=0).pay("clean", "t", 6 * ETHER, "ETH", at=100)


def legs(walk):
    return {
        (walk.name_of[leg.provider], walk.name_of[leg.recipient], walk.asset_of[leg.asset_out], leg.paid,
         walk.asset_of[leg.asset_in], leg.received, leg.kind)
        for event in walk.events
        if isinstance(event, Exchange)
        for leg in event.legs
    }  # fmt: skip


def test_a_trade_through_router_wrapped_ether_and_pool_carries_the_tainted_share(kit):
    ledger = swap_ether(funded(kit), "t", "t")
    ledger.pay("t", "exchange", 18_000 * DOLLAR, "USDT", at=1000)
    walk = ledger.walk(Haircut(), sources=("s",), ends=("exchange",))
    assert ("t", "t", "ETH", 10 * ETHER, "USDT", 18_000 * DOLLAR, "swap") in legs(walk)
    assert walk.arrived("exchange", "USDT") == 7_200 * DOLLAR
    ether, tether = walk.statement["ETH"], walk.statement["USDT"]
    assert (ether.injected, ether.converted_out, ether.difference) == (4 * ETHER, 4 * ETHER, 0)
    assert (tether.converted_in, tether.terminals, tether.difference) == (7_200 * DOLLAR, 7_200 * DOLLAR, 0)


def test_first_in_first_out_puts_the_tainted_units_first_through_a_trade(kit):
    ledger = swap_ether(funded(kit), "t", "t")
    ledger.pay("t", "x", 7_200 * DOLLAR, "USDT", at=1000).pay("t", "y", 10_800 * DOLLAR, "USDT", at=1100)
    walk = ledger.walk(Fifo(), sources=("s",), ends=("x", "y"))
    assert (walk.arrived("x", "USDT"), walk.arrived("y", "USDT")) == (7_200 * DOLLAR, 0)


def test_router_and_pool_carry_no_taint_to_the_next_customer(kit):
    ledger = swap_ether(funded(kit), "t", "t")
    swap_ether(ledger, "other", "other", tx="later", at=2000)
    ledger.pay("other", "end", 18_000 * DOLLAR, "USDT", at=2100).pay("pool", "end", 5 * ETHER, "WETH", at=2200)
    ledger.pay("router", "end", ETHER, "ETH", at=2300)
    for policy in ALL:
        walk = ledger.walk(policy, sources=("s",), ends=("end",))
        assert {name for name, _ in walk.reached} == {"t"}
        assert "end" not in {name for name, _ in walk.reached}


def test_a_recipient_who_did_not_pay_gets_the_taint(kit):
    ledger = swap_ether(funded(kit), "t", "r")
    ledger.pay("r", "exchange", 18_000 * DOLLAR, "USDT", at=1000)
    walk = ledger.walk(Haircut(), sources=("s",), ends=("exchange",))
    assert ("t", "r", "ETH", 10 * ETHER, "USDT", 18_000 * DOLLAR, "swap") in legs(walk)
    assert walk.arrived("r", "USDT") == walk.arrived("exchange", "USDT") == 7_200 * DOLLAR


def test_a_recipient_at_an_exchange_is_an_exit(kit):
    walk = swap_ether(funded(kit), "t", "exchange").walk(Haircut(), sources=("s",), ends=("exchange",))
    assert walk.arrived("exchange", "USDT") == walk.statement["USDT"].terminals == 7_200 * DOLLAR


def test_wrap_and_unwrap_keep_the_taint(kit):
    facts = {"tx_index": 0, "row": None}
    ledger = funded(kit)
    ledger.pay("t", WETH, 10 * ETHER, "ETH", kind="native", tx="wrap", at=500, **facts)
    ledger.pay(NULL, "t", 10 * ETHER, "WETH", log=0, tx="wrap", at=500, **facts)
    ledger.pay("t", NULL, 5 * ETHER, "WETH", log=0, tx="unwrap", at=600, **facts)
    ledger.pay(WETH, "t", 5 * ETHER, "ETH", kind="internal", trace="0", tx="unwrap", at=600, **facts)
    ledger.pay("t", "end", 5 * ETHER, "ETH", at=700)
    walk = ledger.walk(Haircut(), sources=("s",), ends=("end", NULL))
    assert {(leg[0], leg[2], leg[4], leg[6]) for leg in legs(walk)} == {
        ("t", "ETH", "WETH", "wrap"),
        ("t", "WETH", "ETH", "unwrap"),
    }
    assert walk.arrived("end", "ETH") == 2 * ETHER
    assert walk.rests == {("t", "WETH"): 2 * ETHER}
    assert walk.arrived(NULL, "WETH") == 0


@pytest.mark.parametrize("shown", [True, False])
def test_a_wrap_is_a_wrap_even_where_no_list_shows_the_token_at_all(kit, shown):
    """Etherscan's token list does not show what WETH9 makes, so a case may hold no row of the token."""
    ledger = funded(kit)
    ledger.pay("t", WETH, 10 * ETHER, "ETH", kind="native", tx="wrap", tx_index=0, at=500, row=None)
    if shown:
        ledger.pay("t", "u", 1, "WETH", log=1, at=400)
    book = read_book(ledger.store())
    found = [event for event in with_exchanges(book, in_order(book.movements)) if isinstance(event, Exchange)]
    assert [(leg.kind, leg.received) for event in found for leg in event.legs] == [("wrap", 10 * ETHER)]
    (asset,) = {leg.asset_in for event in found for leg in event.legs}
    assert (book.assets[asset].display, book.assets[asset].asset.decimals) == ("WETH", 18)


def test_a_wrapped_coin_without_a_price_of_its_own_is_worth_a_coin(kit):
    ledger = funded(kit).pay("t", WETH, 10 * ETHER, "ETH", kind="native", tx="wrap", at=500)
    store = ledger.store(prices=[(kit.START, "ETH", "2000")])
    book = read_book(store)
    asset = next(ident for ident, facts in book.assets.items() if facts.display == "WETH")
    assert Valuer(store, book).micro(asset, ETHER // 2, kit.START) == 1_000_000_000


def test_several_payments_of_one_trade_are_netted(kit):
    """Twice 5 ether in, 1 ether of change back: 9 paid; the flow shows what the leg moved, never less than its taint."""
    ledger = funded(kit)
    facts = {"tx": "swap", "tx_index": 0, "at": 900, "row": None, "kind": "internal"}
    ledger.pay("t", "pool", 5 * ETHER, "ETH", trace="0", **facts).pay("t", "pool", 5 * ETHER, "ETH", trace="1", **facts)
    ledger.pay("pool", "t", ETHER, "ETH", trace="2", **facts)
    ledger.pay("pool", "t", 9_000 * DOLLAR, "USDT", tx="swap", tx_index=0, at=900, log=7, row=None)
    walk = ledger.walk(TaintFirst(), sources=("s",))
    assert ("t", "t", "ETH", 9 * ETHER, "USDT", 9_000 * DOLLAR, "swap") in legs(walk)
    assert walk.rests == {("t", "USDT"): 4_000 * DOLLAR}
    converted = [arrival for arrival in walk.raw.arrivals if arrival.outcome == "converted"]
    assert [(arrival.amount, arrival.tainted) for arrival in converted] == [(9 * ETHER, 4 * ETHER)]


@pytest.mark.parametrize("policy", CONSERVING, ids=lambda policy: policy.id)
def test_a_trade_that_cannot_be_told_stops_at_the_frontier_as_swap(kit, policy):
    """Two assets come back for one: no leg is guessed; the taint is stated, the proceeds are clean."""
    ledger = funded(kit)
    facts = {"tx": "swap", "tx_index": 0, "at": 900, "row": None}
    ledger.pay("t", "pool", 10 * ETHER, "ETH", kind="native", **facts)
    ledger.pay("pool", "t", 9_000 * DOLLAR, "USDT", log=1, **facts)
    ledger.pay("pool", "t", 9_000 * DOLLAR, "USDC", log=2, **facts)
    ledger.pay("t", "end", 9_000 * DOLLAR, "USDT", at=1000)
    walk = ledger.walk(policy, sources=("s",), ends=("end",))
    assert legs(walk) == set()
    ether = walk.statement["ETH"]
    assert (ether.injected, ether.frontier, ether.resting, ether.difference) == (4 * ETHER, 4 * ETHER, 0, 0)
    assert {arrival.outcome for arrival in walk.raw.arrivals if walk.name_of[arrival.account] == "pool"} == {"swap"}
    assert walk.arrived("end", "USDT") == 0


def test_two_assets_that_only_pass_along_are_no_trade(kit):
    facts = {"tx": "both", "tx_index": 0, "at": 900, "row": None}
    ledger = funded(kit)
    ledger.pay("t", "friend", 10 * ETHER, "ETH", kind="native", **facts).pay("t", "friend", 50, "USDT", log=1, **facts)
    walk = ledger.walk(Haircut(), sources=("s",))
    assert not [event for event in walk.events if isinstance(event, Exchange)]
    assert walk.rests == {("friend", "ETH"): 4 * ETHER}


def test_the_fee_of_a_trade_is_paid_before_it(kit):
    ledger = funded(kit)
    ledger.pay("t", None, ETHER, "ETH", kind="fee", tx="swap", tx_index=0, at=900, row=None)
    swap_ether(ledger, "t", "t", paid=9 * ETHER)
    walk = ledger.walk(Fifo(), sources=("s",))
    assert walk.statement["ETH"].fees == ETHER
    assert walk.statement["ETH"].converted_out == 3 * ETHER
    assert walk.rests == {("t", "USDT"): 6_000 * DOLLAR}


def test_a_victims_payment_through_a_trade_is_injected_where_it_arrives(kit):
    walk = swap_ether(kit.Ledger(), "victim", "scam").walk(Haircut(), collectors=("scam",))
    assert walk.statement["USDT"].injected == 18_000 * DOLLAR
    assert walk.rests == {("scam", "USDT"): 18_000 * DOLLAR}


def test_proceeds_of_the_scams_own_trade_are_not_injected(kit):
    ledger = kit.Ledger().pay("victim", "scam", 4 * ETHER, "ETH", at=0).pay(None, "scam", 6 * ETHER, "ETH", at=50)
    walk = swap_ether(ledger, "scam", "scam").walk(Haircut(), collectors=("scam",))
    assert {asset: s.injected for asset, s in walk.statement.items() if s.injected} == {"ETH": 4 * ETHER}
    assert walk.rests == {("scam", "USDT"): 7_200 * DOLLAR}


def test_proceeds_of_a_trade_that_cannot_be_told_are_not_injected(kit):
    facts = {"tx": "swap", "tx_index": 0, "at": 900, "row": None}
    ledger = kit.Ledger().pay("victim", "scam", 10 * ETHER, "ETH", at=0)
    ledger.pay("scam", "pool", 10 * ETHER, "ETH", kind="native", **facts)
    ledger.pay("pool", "scam", 9_000 * DOLLAR, "USDT", log=1, **facts)
    ledger.pay("pool", "scam", 9_000 * DOLLAR, "USDC", log=2, **facts)
    walk = ledger.walk(Haircut(), collectors=("scam",))
    assert {asset: s.injected for asset, s in walk.statement.items() if s.injected} == {"ETH": 10 * ETHER}
    assert walk.statement["ETH"].frontier == 10 * ETHER


def test_a_listed_payment_that_arrives_through_a_trade_is_injected(kit):
    """The payment that a victim names may be the last row of a trade: the row is injected all the same."""
    store = swap_ether(kit.Ledger(), "victim", "scam").store()
    listed = kit.seeds("scam", injects="payments", payments=(("swap", "3"),))
    statement = kit.rows(trace(store, listed), "statement", asset="USDT")
    assert [row["injected"] for row in statement] == [18_000 * DOLLAR]
    assert [row["resting"] for row in statement] == [18_000 * DOLLAR]
    other = kit.seeds("scam", injects="payments", payments=(("swap", "2"),))
    assert kit.rows(trace(store, other), "statement") == []


def test_conversions_name_what_went_in_and_what_came_out(kit):
    store = swap_ether(funded(kit), "t", "r").store()
    result = trace(store, kit.seeds("s", injects="outflow"))
    (row,) = kit.rows(result, "conversions", provider="t", recipient="r")
    assert (row["kind"], row["asset_in"], row["amount_in"], row["tainted_in"]) == ("swap", "ETH", 10 * ETHER, 4 * ETHER)
    assert (row["asset_out"], row["amount_out"], row["tainted_out"]) == ("USDT", 18_000 * DOLLAR, 7_200 * DOLLAR)
    assert row["tx_in"] == row["tx_out"] == "swap"
    assert row["evidence"]


PARTIES = ["a", "b", "c", "S", "T"]


@given(data=st.data())
@settings(max_examples=100)
def test_random_transactions_of_three_assets_conserve_each_asset(kit, data):
    """Nothing is lost or made in legs, frontier or rows, whatever a transaction looks like."""
    ledger = kit.Ledger()
    for tx in range(data.draw(st.integers(1, 3))):
        for log in range(data.draw(st.integers(1, 6))):
            ledger.pay(
                data.draw(st.sampled_from([*PARTIES, None])),
                data.draw(st.sampled_from([*PARTIES, None])),
                data.draw(st.integers(0, 12)),
                data.draw(st.sampled_from(["USDT", "USDC", "WETH"])),
                tx=f"x{tx}",
                at=tx,
                tx_index=0,
                log=log,
            )
    for policy in CONSERVING:
        walk = ledger.walk(policy, sources=("S",), collectors=("T",), ends=("c",))
        for asset, statement in walk.statement.items():
            assert statement.difference == 0, (policy.id, asset)
        for event in walk.events:
            if isinstance(event, Exchange) and event.resolved:
                check_legs(event)


def check_legs(event):
    """The legs say exactly what each party's balance changed by."""
    net = {}
    for row in event.rows:
        for party, sign in ((row.sender, -1), (row.receiver, 1)):
            net[party, row.asset] = net.get((party, row.asset), 0) + sign * row.amount
    for leg in event.legs:
        net[leg.provider, leg.asset_out] += leg.paid
        net[leg.recipient, leg.asset_in] -= leg.received
        assert leg.paid > 0
        assert leg.received > 0
        assert leg.asset_out != leg.asset_in
    assert {party: change for party, change in net.items() if change and party[0] is not None} == {}


def read_world(folder):
    def text(name):
        path = folder / name
        return path.open() if path.exists() else gzip.open(f"{path}.gz", "rt")

    def number(cell):
        return int(cell) if cell else None

    batch = Batch()
    with text("transfers.csv") as handle:
        for row in csv.DictReader(handle):
            if row["ok"] != "true":
                continue
            batch.add_transfer(
                chain=row["chain"],
                tx_hash=row["tx_hash"],
                kind=row["kind"],
                time=datetime.fromisoformat(row["time"]),
                sender=row["sender"],
                receiver=row["receiver"],
                amount=int(row["amount"]),
                block=number(row["block"]),
                tx_index=number(row["tx_index"]),
                log_index=number(row["log_index"]),
                trace_path=row["trace_path"] or None,
                contract=row["contract"] or None,
                symbol=row["symbol"],
                decimals=number(row["decimals"]),
            )
    with text("truth.json") as handle:
        return batch, json.load(handle)["swaps"]


@pytest.mark.parametrize(
    ("world", "swaps"),
    [("romance_full-101", 484), ("romance_commingled-102", None), ("dominant-101", 553), ("clean_lookalikes-101", 169)],
)
def test_every_planted_swap_is_found_with_its_parties_and_amounts(shared_data, world, swaps):
    batch, truth = read_world(shared_data / "worlds" / world)
    store = open_store(":memory:")
    store.load([batch], complete=True)
    book = read_book(store)
    name = {ident: address for ident, (_, address) in book.accounts.items()}
    symbol = {ident: facts.asset.symbol for ident, facts in book.assets.items()}
    found = set()
    for event in with_exchanges(book, in_order(book.movements)):
        if isinstance(event, Exchange):
            assert event.resolved
            found |= {
                (event.rows[0].tx_hash, name[leg.provider], symbol[leg.asset_out], leg.paid, name[leg.recipient],
                 symbol[leg.asset_in], leg.received)
                for leg in event.legs
            }  # fmt: skip
    keys = ("tx_hash", "sender", "sold", "sold_amount", "recipient", "bought", "bought_amount")
    planted = {tuple(swap[key] for key in keys) for swap in truth}
    assert swaps in {None, len(planted)}
    assert planted <= found
    customers = {swap[key] for swap in truth for key in ("sender", "recipient")}
    wraps = {leg for leg in found - planted if leg[1] in customers}
    assert {leg[2::3] for leg in wraps} <= {("ETH", "WETH"), ("WETH", "ETH")}
