"""Fetching into a store: few requests, nothing twice, gaps with their amounts, and the same rows from the answers alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from quoting import (
    FIRST,
    HOUR,
    LINK,
    LINK_CAIP,
    NOW,
    ODD,
    ODD_CAIP,
    START,
    TRON_USDT,
    USDC,
    asking,
    hourly,
    ledger,
    rows,
)

import cryptotrace as ct
from cryptotrace.collect import prices as fetching
from cryptotrace.collect.price_archive import rebuild_prices
from cryptotrace.collect.prices import fetch_prices, plan_prices
from cryptotrace.errors import BadKey, InputError, SourceError, StoreError
from cryptotrace.schema import Batch
from cryptotrace.store import open_store
from cryptotrace.testing.explorers import PRICE_FAULTS

LLAMA = {"coingecko:ethereum": hourly(FIRST, ["3000.5", "3001", "3002"]), f"ethereum:{LINK}": hourly(FIRST, ["18.25"] * 3)}
GECKO = {"ethereum": hourly(FIRST, ["3010", "3011", "3012"]), f"ethereum:{ODD}": hourly(FIRST, ["0.5"] * 3)}
FULL = [(None, 10**18, 0), (None, 10**18, 1), (LINK, 10**18, 0), (LINK, 5, 1)]


def requests(source):
    return source.fetcher.fake.requests


def test_one_request_brings_every_hour_and_no_second_run_asks_again():
    store, llama = ledger(*FULL), asking("defillama", LLAMA)
    plan = plan_prices(store, [llama])
    assert (plan.needed, plan.requests, len(requests(llama))) == (4, {"defillama": 1}, 0)
    found = fetch_prices(store, [llama], progress=False)
    assert (found.found, found.requests, found.is_partial) == (4, 1, False)
    stamp = START.replace(minute=0)
    assert rows(store)[0] == (stamp, "ETH", Decimal("3000.5"), "defillama", stamp, Decimal("0.99"))
    again = fetch_prices(store, [llama], progress=False)
    assert (again.found, again.requests, len(requests(llama))) == (0, 0, 1)
    assert plan_prices(store, [llama]).priced == 4


def test_ether_is_asked_once_for_all_chains_and_dollars_never():
    store = ledger(*FULL[:1])
    batch = Batch()
    for contract, tx in ((None, "0x" + "1" * 64), ("usd", "0x" + "2" * 64)):
        batch.add_transfer(
            chain="arbitrum", tx_hash=tx, kind="native", time=START, sender="0x" + "aa" * 20, receiver="0x" + "bb" * 20,
            amount=7, contract=contract, decimals=18 if contract is None else 6,
        )  # fmt: skip
    store.load([batch])
    assert plan_prices(store, [asking("defillama", LLAMA)]).needed == 1


def test_what_has_no_decimals_or_no_amount_is_not_asked_for():
    assert plan_prices(ledger((ODD, 5, 0, None), (LINK, 0, 0)), [asking("defillama", {})]).needed == 0


def test_a_price_of_a_file_close_by_is_enough():
    store = ledger(*FULL)
    batch = Batch()
    batch.add("prices", (START.replace(hour=0, minute=0), "ETH", Decimal(3333), "file:own.csv", None, None))
    store.load([batch])
    llama = asking("defillama", LLAMA)
    assert plan_prices(store, [llama]).needed == 4  # that of midnight is no price of the hour
    plan = plan_prices(store, [llama], hours=24)
    assert (plan.needed, plan.priced) == (1, 1)


def test_a_longer_step_asks_less():
    store = ledger(*((None, 1, at) for at in range(48)))
    assert [plan_prices(store, [asking("defillama", {})], hours=hours).needed for hours in (1, 4, 24)] == [48, 13, 3]
    with pytest.raises(InputError, match="no step of 5 hours"):
        plan_prices(store, hours=5)


def test_what_one_source_lacks_is_asked_of_the_next_and_only_that():
    store = ledger(*FULL, (ODD, 7, 0))
    llama, gecko = asking("defillama", LLAMA), asking("coingecko", GECKO)
    found = fetch_prices(store, [llama, gecko], progress=False)
    assert found.is_partial is False
    assert {(asset, source) for _, asset, _, source, *_ in rows(store)} == {
        ("ETH", "defillama"), (LINK_CAIP, "defillama"), (ODD_CAIP, "coingecko"),
    }  # fmt: skip
    assert [request.path for request in requests(gecko)] == [f"/coins/ethereum/contract/{ODD}/market_chart/range"]


def test_a_gap_is_listed_with_asset_time_and_amount_and_never_becomes_zero():
    store, llama = ledger(*FULL, (ODD, 10**37, 0), (ODD, 2 * 10**37, 0.1)), asking("defillama", LLAMA)
    found = fetch_prices(store, [llama], progress=False)
    first, last = found.gaps.dicts()
    assert first == {
        "asset": ODD_CAIP, "time": START.replace(minute=0), "transfers": 2, "amount": 3 * 10**37,
        "reason": "defillama: not known to the source",
    }  # fmt: skip
    assert (last["time"], last["transfers"]) == (START.replace(minute=0) + timedelta(hours=1), 0)  # the end of the ledger
    assert store.rows("SELECT count(*) FROM prices WHERE usd IS NULL OR usd <= 0") == [(0,)]
    assert all(asset != ODD_CAIP for _, asset, *_ in rows(store))


def test_a_settled_gap_is_not_asked_again_and_a_young_one_is():
    for received, times in ((NOW, 1), (START + timedelta(days=2), 2)):
        store, llama = ledger((ODD, 7, 0)), asking("defillama", LLAMA, received=received)
        fetch_prices(store, [llama], progress=False)
        again = fetch_prices(store, [llama], progress=False)
        assert len(requests(llama)) == times
        assert again.gaps.column("amount") == (7,)
        assert "not known" in again.gaps.column("reason")[0]


def test_stablecoins_are_taken_at_par_and_asked_only_inside_a_known_depeg():
    store = ledger((USDC, 10**6, 0, 6), (TRON_USDT, 10**6, 0, 6))
    assert (plan_prices(store).needed, plan_prices(store).at_par) == (0, 2)
    assert plan_prices(store, stable_par=False).needed == 2
    bad = datetime(2023, 3, 11, 4, tzinfo=START.tzinfo)
    store = ledger((USDC, 10**6, (bad - START) / timedelta(hours=1), 6))
    coin = {f"ethereum:{USDC}": {int(bad.timestamp()): "0.9"}}
    found = fetch_prices(store, [asking("defillama", coin)], progress=False)
    assert (found.found, rows(store)[0][2]) == (1, Decimal("0.9"))


@pytest.mark.parametrize("fault", [
    "missing_coin", "far_timestamp", "low_confidence", "zero", "negative", "text", "no_rows", "foreign_coin", "other_case",
])  # fmt: skip
def test_a_fault_in_an_answer_is_a_gap_with_its_reason_or_no_harm(fault):
    store, llama = ledger(*FULL), asking("defillama", LLAMA, faults={fault: 1})
    found = fetch_prices(store, [llama], progress=False)
    lost = {"missing_coin": 2, "foreign_coin": 0, "other_case": 0}.get(fault, 4)
    assert (found.found, len(found.gaps.rows)) == (4 - lost, lost)
    assert all(reason.startswith("defillama: ") for reason in found.gaps.column("reason"))
    assert all(row[2] > 1 for row in rows(store))


@pytest.mark.parametrize("fault", ["rate_limit", "server_error", "html", "truncated", "not_utf8", "other_shape", "nan"])
@pytest.mark.parametrize("name", ["defillama", "coingecko"])
def test_a_fault_that_passes_is_survived_by_asking_again(fault, name):
    market = LLAMA if name == "defillama" else GECKO
    store, source = ledger(*FULL[:2]), asking(name, market, faults={fault: 2})
    found = fetch_prices(store, [source], progress=False)
    assert (found.found, found.is_partial) == (2, False)
    assert len(requests(source)) == 3


@pytest.mark.parametrize("fault", ["rate_limit", "html", "bad_key", "server_error", "plan"])
def test_a_source_that_refuses_hands_over_to_the_next(fault):
    store = ledger(*FULL[:2])
    gecko, llama = asking("coingecko", GECKO, faults={fault: 99}), asking("defillama", LLAMA)
    found = fetch_prices(store, [gecko, llama], progress=False)
    assert (found.found, {source for *_, source, _, _ in rows(store)}) == (2, {"defillama"})
    assert any(word.startswith("refused: ") for word in found.provenance.warnings)


def test_history_beyond_the_free_plan_costs_one_request_and_goes_to_the_next_source():
    years = [(None, 1, -24 * 100 * at) for at in range(12)]
    store = ledger(*years)
    long = {FIRST - 24 * 100 * at * HOUR: "2000.5" for at in range(12)} | {FIRST: "3000"}
    gecko = asking("coingecko", {"ethereum": long})
    llama = asking("defillama", {"coingecko:ethereum": long})
    found = fetch_prices(store, [gecko, llama], progress=False)
    assert found.gaps.rows == ()
    assert [request.status for request in requests(gecko)].count(401) == 1
    assert len(requests(llama)) == 1
    by_source = dict(store.rows("SELECT source, count(*) FROM prices GROUP BY source"))
    assert by_source == {"coingecko": 3, "defillama": 9}


def test_no_source_at_all_is_an_error_and_the_store_is_as_it_was():
    store = ledger(*FULL)
    with pytest.raises(BadKey):
        fetch_prices(store, [asking("coingecko", GECKO, faults={"bad_key": 9})], progress=False)
    assert rows(store) == []


def test_a_url_that_is_too_long_is_asked_in_halves():
    store = ledger(*((None, 1, at) for at in range(40)))
    llama = asking("defillama", {"coingecko:ethereum": hourly(FIRST, ["5"] * 40)}, faults={"too_long": 2})
    found = fetch_prices(store, [llama], progress=False)
    assert (found.found, found.gaps.rows) == (40, ())
    # whole, first half, its halves, second half
    assert len(requests(llama)) == 5


def test_the_budget_holds_over_all_sources_and_the_same_call_goes_on():
    years = [(None, 1, -24 * 95 * at) for at in range(3)]
    store = ledger(*years, (ODD, 3, 0))
    gecko = asking("coingecko", {"ethereum": {FIRST - 24 * 95 * at * HOUR: "5" for at in range(3)}, **GECKO} | {
        "ethereum": {FIRST - 24 * 95 * at * HOUR: "5" for at in range(3)}})  # fmt: skip
    assert plan_prices(store, [gecko]).requests == {"coingecko": 4}
    found = fetch_prices(store, [gecko], max_requests=3, progress=False)
    assert (found.requests, found.found, len(found.gaps.rows)) == (3, 3, 1)
    assert "the same command goes on" in found.provenance.warnings[0]
    again = fetch_prices(store, [gecko], max_requests=3, progress=False)
    assert (again.requests, again.found, again.is_partial) == (1, 1, False)


def test_a_question_that_nobody_answers_is_given_up_after_a_few_tries():
    store, llama = ledger(*FULL), asking("defillama", LLAMA, faults={"html": 99})
    with pytest.raises(SourceError):
        fetch_prices(store, [llama], progress=False)
    assert 1 <= len(requests(llama)) <= 6


def test_tries_of_one_question_count_in_the_budget_and_a_spent_one_says_so():
    store, llama = ledger(*FULL), asking("defillama", LLAMA, faults={"html": 99})
    found = fetch_prices(store, [llama], max_requests=2, progress=False)
    assert (len(requests(llama)), found.found, found.is_partial) == (2, 0, True)


def test_prices_come_again_from_the_stored_answers_alone(tmp_path):
    store = ledger(*FULL, (ODD, 7, 0), path=tmp_path / "case.duckdb")
    sources = [asking("defillama", LLAMA), asking("coingecko", GECKO), asking("ecb", {"USD": {FIRST - FIRST % 86_400: "1.08"}})]
    fetch_prices(store, sources, fiat=["EUR"], cross_check=2, progress=False)
    assert len(rows(store)) == 6 + 1
    other = open_store(":memory:")
    assert rebuild_prices(store, other) == len(rows(store))
    for table in ("prices", "responses"):
        assert other.digests()[table] == store.digests()[table]
    assert other.rows("SELECT verb FROM runs") == [("fetch_prices",)]
    assert rebuild_prices(store, other) == 0


def test_an_answer_that_was_changed_is_noticed():
    from cryptotrace.errors import VerificationError

    store = ledger(*FULL)
    fetch_prices(store, [asking("defillama", LLAMA)], progress=False)
    store.run("UPDATE responses SET body_sha256 = 'x'")
    with pytest.raises(VerificationError):
        rebuild_prices(store, open_store(":memory:"))


def test_a_killed_run_finds_its_answer_in_the_journal(tmp_path, monkeypatch):
    store, llama = ledger(*FULL, path=tmp_path / "case.duckdb"), asking("defillama", LLAMA)
    from cryptotrace.collect import price_asking

    class Killed(BaseException):
        pass

    def die(*_, **__):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(price_asking, "_write", die)
        with pytest.raises(Killed):
            fetch_prices(store, [llama], progress=False)
    assert rows(store) == []
    found = fetch_prices(store, [llama], progress=False)
    assert (found.found, found.requests, len(requests(llama))) == (4, 0, 1)
    assert not (tmp_path / "case.duckdb.journal").exists()


def test_two_sources_that_disagree_are_reported_and_the_first_counts():
    store = ledger(*FULL[:2], (None, 1, 2))
    llama, gecko = asking("defillama", LLAMA), asking("coingecko", {"ethereum": hourly(FIRST, ["3000.5", "3090", "3002"])})
    found = fetch_prices(store, [llama, gecko], cross_check=3, progress=False)
    assert found.checked == 3
    (row,) = found.disagreements.dicts()
    assert tuple(row.values()) == (
        "ETH", START.replace(minute=0) + timedelta(hours=1), "defillama", Decimal(3001), "coingecko", Decimal(3090),
        Decimal("2.88"),
    )  # fmt: skip
    assert {source for *_, source, _, _ in rows(store)} == {"defillama"}
    assert found.is_partial
    looser = ledger(*FULL[:2])
    found = fetch_prices(looser, [llama, gecko], cross_check=3, threshold=Decimal("0.05"), progress=False)
    assert found.disagreements.rows == ()


def test_a_check_needs_a_second_source():
    with pytest.raises(InputError, match="second source"):
        fetch_prices(ledger(*FULL), [asking("defillama", LLAMA)], cross_check=1)


@pytest.mark.parametrize("sources", [(), "defillama", ("nobody",), ("defillama", "defillama")])
def test_bad_sources_are_refused(sources):
    with pytest.raises(InputError):
        fetch_prices(ledger(*FULL), sources)


@pytest.mark.parametrize("fiat", [["usd"], ["EURO"], ["€"]])
def test_bad_currencies_are_refused(fiat):
    with pytest.raises(InputError, match="no currency"):
        plan_prices(ledger(*FULL), fiat=fiat)


def test_currencies_are_kept_by_day_in_one_request():
    store = ledger(*((None, 1, 24 * at) for at in range(7)))
    monday = FIRST - FIRST % 86_400
    bank = asking("ecb", {"USD": {monday + at * 86_400: f"1.0{at}" for at in range(5)}})
    found = fetch_prices(store, [asking("defillama", {}), bank], fiat=["EUR"], progress=False)
    rates = [(time.day, usd, price_time.day) for time, asset, usd, _, price_time, _ in rows(store) if asset == "fiat:EUR"]
    assert [(day, str(usd.normalize()), of) for day, usd, of in rates] == [
        (4, "1", 4), (5, "1.01", 5), (6, "1.02", 6), (7, "1.03", 7), (8, "1.04", 8), (9, "1.04", 8), (10, "1.04", 8),
    ]  # fmt: skip
    assert len(requests(bank)) == 1
    assert found.found == 7


def test_a_store_that_is_only_read_is_refused(tmp_path):
    ledger(*FULL, path=tmp_path / "case.duckdb")
    with pytest.raises(StoreError, match="read-only"):
        fetch_prices(ct.open_store(tmp_path / "case.duckdb", read_only=True), [asking("defillama", LLAMA)])


def test_the_first_interrupt_ends_after_the_answer_at_hand(monkeypatch):
    store = ledger(*((None, 1, -24 * 95 * at) for at in range(3)))
    gecko = asking("coingecko", {"ethereum": {FIRST - 24 * 95 * at * HOUR: "5" for at in range(3)}})
    from contextlib import contextmanager

    @contextmanager
    def pressed(stop, _say):
        plain = gecko.fetcher._send

        def send(request):
            stop()
            return plain(request)

        monkeypatch.setattr(gecko.fetcher, "_send", send)
        yield

    monkeypatch.setattr(fetching, "first_interrupt_asks", pressed)
    found = fetch_prices(store, [gecko], progress=False)
    assert (found.found, found.requests, len(found.gaps.rows)) == (1, 1, 2)
    assert "stopped" in found.provenance.warnings[0]


def test_results_print_themselves_and_escape():
    store = ledger(*FULL, (ODD, 7, 0))
    plan = plan_prices(store, [asking("defillama", LLAMA)], max_requests=5)
    assert "5 requests" not in str(plan).splitlines()[0]
    assert str(plan).startswith("plan: 6 prices needed")
    found = fetch_prices(store, [asking("defillama", LLAMA)], progress=False)
    assert str(found).startswith("prices: 4 new, 2 gaps, 1 requests")
    assert "<br>" in found._repr_html_()


def test_every_fault_is_one_that_some_test_switches_on():
    seen = {
        "missing_coin", "far_timestamp", "low_confidence", "zero", "negative", "text", "no_rows", "foreign_coin", "other_case",
        "rate_limit", "server_error", "html", "truncated", "not_utf8", "other_shape", "nan", "bad_key", "plan", "too_long",
    }  # fmt: skip
    assert seen == set(PRICE_FAULTS)
