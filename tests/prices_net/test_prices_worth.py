"""What a price of the table is worth to a trace: its distance, its place beside others, par that is assumed, and gaps."""

from __future__ import annotations

import csv
import importlib.resources
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from quoting import FIRST, LINK, ODD, ODD_CAIP, START, USDC, asking, hourly, ledger

import cryptotrace as ct
from cryptotrace.collect.prices import fetch_prices
from cryptotrace.model import Seed, Seeds, canonical_tokens
from cryptotrace.model.depegs import depeg_at, known_depegs
from cryptotrace.schema import Batch
from cryptotrace.tracing import trace
from cryptotrace.tracing.movements import read_book
from cryptotrace.tracing.valuation import Valuer

FAKE_USDC = "0x" + "c0" * 20
SEEDS = Seeds((Seed(chain="ethereum", address="0x" + "bb" * 20),))


def valuer(store, **options):
    book = read_book(store)
    (asset,) = book.assets
    return Valuer(store, book, **options), asset


def with_prices(store, *found):
    batch = Batch()
    for time, asset, usd, source, price_time, confidence in found:
        batch.add("prices", (time, asset, Decimal(usd), source, price_time, confidence))
    store.load([batch])
    return store


def test_a_price_is_used_with_its_distance_in_time_known():
    store = ledger((None, 10**18, 0))
    hour = START.replace(minute=0)
    with_prices(store, (hour, "ETH", "3000", "defillama", hour - timedelta(minutes=7), Decimal("0.9")))
    values, ether = valuer(store)
    worth = values.worth(ether, START)
    assert (worth.usd, worth.basis, worth.source, worth.confidence) == (3000, "price", "defillama", Decimal("0.9"))
    assert worth.distance == timedelta(minutes=27)
    assert values.micro(ether, 10**18, START) == 3_000_000_000


def test_a_price_of_a_file_has_the_distance_of_the_time_that_it_stands_under():
    store = ledger((None, 10**18, 0))
    with_prices(store, (START - timedelta(hours=5), "ETH", "3000", "file:own.csv", None, None))
    values, ether = valuer(store)
    assert values.worth(ether, START).distance == timedelta(hours=5)
    assert values.worth(ether, START + timedelta(hours=32)) is None


def test_of_one_time_a_file_goes_before_the_network_whatever_the_names():
    for network in ("a-network", "z-network"):
        store = ledger((None, 10**18, 0))
        hour = START.replace(minute=0)
        with_prices(store, (hour, "ETH", "1", network, hour, None), (hour, "ETH", "2", "m-file", None, None))
        values, ether = valuer(store)
        assert values.worth(ether, START).usd == 2


def test_par_is_said_to_be_assumed_and_only_for_the_listed_contract():
    values, asset = valuer(ledger((USDC, 10**6, 0, 6)))
    worth = values.worth(asset, START)
    assert (worth.usd, worth.basis, worth.distance, worth.depeg) == (1, "assumed", None, None)
    values, asset = valuer(ledger((USDC, 10**6, 0, 6)), stable_par=False)
    assert values.worth(asset, START) is None
    values, asset = valuer(ledger((FAKE_USDC, 10**6, 0, 6)))
    assert values.worth(asset, START) is None


def hours_to(moment):
    return (moment - START) / timedelta(hours=1)


@pytest.mark.parametrize(("day", "flagged"), [(9, False), (10, True), (13, True), (14, False)])
def test_par_inside_a_known_depeg_is_flagged(day, flagged):
    moment = datetime(2023, 3, day, 12, tzinfo=UTC)
    store = ledger((USDC, 10**6, hours_to(moment), 6))
    values, asset = valuer(store)
    worth = values.worth(asset, moment)
    assert (worth.usd, worth.basis, worth.depeg is not None) == (1, "assumed", flagged)
    warnings = trace(store, SEEDS).provenance.warnings
    assert any("off its peg (2023-03-10 to 2023-03-13, as low as 0.86 USD)" in text for text in warnings) is flagged


def test_a_price_inside_the_depeg_ends_the_doubt():
    moment = datetime(2023, 3, 11, 4, 30, tzinfo=UTC)
    store = ledger((USDC, 10**6, hours_to(moment), 6))
    hour = int(moment.replace(minute=0).timestamp())
    fetch_prices(store, [asking("defillama", {f"ethereum:{USDC}": {hour: "0.9"}})], progress=False)
    values, asset = valuer(store)
    assert (values.worth(asset, moment).usd, values.worth(asset, moment).basis) == (Decimal("0.9"), "price")
    assert not any("peg" in text for text in trace(store, SEEDS).provenance.warnings)


def test_the_list_of_depegs_is_of_listed_stablecoins_with_sources_and_days_in_order():
    text = importlib.resources.files("cryptotrace.model").joinpath("depegs.csv").read_text(encoding="utf-8")
    listed = list(csv.DictReader(text.splitlines()))
    stable = {token.symbol for token in canonical_tokens().values() if token.stable}
    assert {row["symbol"] for row in listed} == set(known_depegs()) <= stable
    assert sum(map(len, known_depegs().values())) == len(listed)
    for windows in known_depegs().values():
        for one in windows:
            assert one.first <= one.last
            assert Decimal("0.5") < one.lowest_usd < Decimal("0.99")
            assert "https://" in one.source
    assert depeg_at("USDC", datetime(2023, 3, 14, tzinfo=UTC)) is None
    assert depeg_at("ETH", START) is None


def test_a_gap_reaches_the_tables_with_asset_time_and_amount_and_no_dollars():
    """Through the trace (``flows``), the decisions on each payment, and the ladder: nowhere a zero."""
    store = ledger((ODD, 7 * 10**18, 0), (LINK, 10**18, 0))
    llama = asking("defillama", {f"ethereum:{LINK}": hourly(FIRST, ["18.25"])})
    found = fetch_prices(store, [llama], progress=False)
    assert list(found.gaps.column("amount")) == [7 * 10**18]
    seeds = Seeds((Seed(chain="ethereum", address="0x" + "bb" * 20, injects="inflow"),))
    walked = trace(store, seeds)
    (flow,) = [row for row in walked.table("flows").dicts() if row["asset"] == ODD_CAIP]
    assert (flow["time"], flow["amount"], flow["usd"]) == (
        START,
        7 * 10**18,
        None,
    )
    estimate = ct.estimate(store, None, walked)
    (decision,) = [row for row in estimate.table("decisions").dicts() if row["asset"] == ODD_CAIP]
    assert (decision["time"], decision["amount"], decision["usd"]) == (START, 7 * 10**18, None)
    assert estimate["E0"].unpriced == ((ODD_CAIP, 7 * 10**18),)
    assert estimate["E0"].central_usd == Decimal("18.25")


def test_a_report_lists_the_gap_in_its_files(tmp_path):
    store = ledger((ODD, 7 * 10**18, 0))
    fetch_prices(store, [asking("defillama", {})], progress=False)
    walked = trace(store, SEEDS)
    estimate = ct.estimate(store, None, walked)
    paths = ct.write_report(tmp_path / "report", store, walked, estimate)
    html = paths.html.read_text(encoding="utf-8")
    assert "Without a price, in no sum" in html
    (table,) = [path for path in paths.tables if path.stem == "decisions"]
    (row,) = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    assert (row["asset"], row["amount"], row["usd"]) == (ODD_CAIP, str(7 * 10**18), "")
    assert row["time"].startswith("2024-03-04")
