"""Dollars beside amounts: rounded once a row, unknown where there is no price, never from an old price."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.tracing import trace
from cryptotrace.tracing.movements import read_book
from cryptotrace.tracing.valuation import Valuer, dollars, sum_dollars, total_dollars


def valuer(kit, asset, prices, **options):
    store = kit.Ledger().pay("a", "b", 1, asset).store(prices=prices)
    book = read_book(store)
    (ident,) = book.assets
    values = Valuer(store, book, **options)
    return lambda amount, time: values.micro(ident, amount, time)


@given(amount=st.integers(0, 10**38 - 1), micro_price=st.integers(1, 10**12))
def test_a_row_is_rounded_half_up_to_a_micro_dollar(kit, amount, micro_price):
    price = Decimal(micro_price).scaleb(-6)
    store = FakeStore([(kit.START, "caip:ETH", price)])
    ledger = kit.Ledger().pay("a", "b", 1, "ETH")
    book = ledger.book()
    exact = Fraction(amount) * Fraction(price) * 10**6 / 10**18
    rounded = Valuer(store, book).micro(ledger.asset_ids["ETH"], amount, kit.START)
    assert rounded == (exact + Fraction(1, 2)).__floor__()


class FakeStore:
    """A store that knows prices only."""

    def __init__(self, prices):
        self.prices = prices

    def rows(self, sql):
        return self.prices


def test_half_a_micro_dollar_goes_up(kit):
    value = valuer(kit, "ETH", [(kit.START, "ETH", "0.5")])
    assert [value(amount * 10**12, kit.START) for amount in (1, 2, 3)] == [1, 1, 2]


def test_each_row_is_rounded_before_the_sum(kit):
    """Three rows of half a micro-dollar are three micro-dollars, as they would stand in the table."""
    ledger = kit.Ledger()
    for _ in range(3):
        ledger.pay("s", "x", 10**12, "ETH", at=0)
    result = trace(
        ledger.store(prices=[(kit.START, "ETH", "0.5")]),
        kit.seeds("s", injects="outflow"),
        labels=kit.labels(x="exchange"),
    )
    assert [row["tainted_usd"] for row in kit.rows(result, "flows")] == [Decimal("0.000001")] * 3
    assert result.totals.exits == Decimal("0.000003")


def test_a_price_of_18_decimals_is_exact(kit):
    value = valuer(kit, "ETH", [(kit.START, "ETH", "1234.567890123456789012")])
    assert value(10**18, kit.START) == 1_234_567_890
    assert value(10**30, kit.START) == 1_234_567_890_123_456_789_012


def test_the_last_price_at_or_before_the_time_counts(kit):
    prices = [(kit.START, "ETH", "100"), (kit.START + timedelta(days=1), "ETH", "200")]
    value = valuer(kit, "ETH", prices)
    day = timedelta(days=1)
    assert value(10**18, kit.START + day - timedelta(seconds=1)) == 100 * 10**6
    assert value(10**18, kit.START + day) == 200 * 10**6
    assert value(10**18, kit.START - timedelta(seconds=1)) is None


def test_a_price_serves_for_36_hours_and_no_longer(kit):
    value = valuer(kit, "ETH", [(kit.START, "ETH", "100")])
    assert value(10**18, kit.START + timedelta(hours=36)) == 100 * 10**6
    assert value(10**18, kit.START + timedelta(hours=36, microseconds=1)) is None


def test_the_full_name_of_an_asset_goes_before_its_symbol(kit):
    value = valuer(kit, "USDT", [(kit.START, "USDT", "0.99"), (kit.START, caip(kit, "USDT"), "0.98")])
    assert value(10**6, kit.START) == 980_000


def caip(kit, asset):
    (facts,) = read_book(kit.Ledger().pay("a", "b", 1, asset).store()).assets.values()
    return facts.caip


def test_a_symbol_prices_only_assets_that_we_vouch_for(kit):
    prices = [(kit.START, "ODD", "5"), (kit.START, "USDT", "0.99")]
    assert valuer(kit, "ODD", prices)(10**6, kit.START) is None
    assert valuer(kit, "USDT", prices)(10**6, kit.START) == 990_000


def test_without_decimals_there_is_no_value_even_with_a_price(kit):
    assert valuer(kit, "ODD", [(kit.START, caip(kit, "ODD"), "5")])(10**6, kit.START) is None


@pytest.mark.parametrize(("asset", "par"), [("USDT", 10**6), ("USDC", 10**6), ("ETH", None), ("WETH", None), ("ODD", None)])
def test_par_is_for_listed_stablecoins_without_a_price(kit, asset, par):
    assert valuer(kit, asset, [])(10**6, kit.START) == par
    assert valuer(kit, asset, [], stable_par=False)(10**6, kit.START) is None


def test_a_stablecoin_below_par_is_worth_its_price(kit):
    assert valuer(kit, "USDC", [(kit.START, "USDC", "0.88")])(10**6, kit.START) == 880_000


def test_the_dollar_pseudo_asset_is_worth_itself(kit):
    assert valuer(kit, "usd", [])(123, kit.START) == 123


def test_a_missing_price_makes_totals_unknown_and_never_zero(kit):
    ledger = kit.Ledger().pay("s", "x", 10**6, "USDT").pay("s", "x", 10**18, "ETH")
    result = trace(ledger.store(), kit.seeds("s", injects="outflow"), labels=kit.labels(x="exchange"))
    assert {row["asset"]: row["tainted_usd"] for row in kit.rows(result, "terminals")} == {"USDT": Decimal(1), "ETH": None}
    assert (result.totals.exits, result.totals.injected) == (None, None)
    assert result.totals.resting == Decimal(0)


def test_an_unpriced_part_makes_a_terminal_unknown(kit):
    ledger = kit.Ledger().pay("s", "x", 10**18, "ETH", at=0).pay("s", "x", 10**18, "ETH", at=3 * 86_400)
    store = ledger.store(prices=[(kit.START, "ETH", "100")])
    (row,) = kit.rows(trace(store, kit.seeds("s", injects="outflow"), labels=kit.labels(x="mixer")), "terminals")
    assert (row["tainted_amount"], row["tainted_usd"]) == (2 * 10**18, None)


def test_what_rests_is_valued_at_the_end_of_the_data_on_every_chain(kit):
    """A second chain whose rows end earlier, and whose name comes later, must not set the price of the first."""
    day = timedelta(days=1)
    ledger = kit.Ledger().pay("s", "a", 10**18, "ETH", at=0).pay("far", "away", 5, "USDT", at=86_400)
    batch = ledger.batch()
    batch.add_transfer(
        chain="tron",
        tx_hash="t",
        kind="native",
        time=kit.START,
        block=1,
        sender="TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
        receiver="TYDzsYUEpvnYmQk4zGP9sWWcTEd2MiAtW6",
        amount=1,
    )
    for time, usd in ((kit.START, "100"), (kit.START + day, "300")):
        batch.add("prices", (time, "ETH", Decimal(usd), "test", None, None))
    from cryptotrace.store import open_store

    store = open_store(":memory:")
    store.load([batch], complete=True)
    seeds = kit.seeds("s", injects="outflow")
    assert [row["tainted_usd"] for row in kit.rows(trace(store, seeds), "resting")] == [Decimal(300)]
    early = trace(store, seeds, as_of=kit.START + timedelta(hours=5))
    assert [row["tainted_usd"] for row in kit.rows(early, "resting")] == [Decimal(100)]


@given(st.lists(st.integers(-(10**45), 10**45), max_size=6))
def test_sums_of_dollars_are_exact_at_any_size(parts):
    assert sum_dollars([dollars(part) for part in parts]) == dollars(sum(parts))
    assert Fraction(dollars(sum(parts))) == Fraction(sum(parts), 10**6)


def test_unknown_is_contagious_and_nothing_sums_to_zero():
    assert total_dollars([1, None]) is None
    assert total_dollars([]) == 0
    assert sum_dollars([Decimal(1), None]) is None
    assert dollars(None) is None
