"""What a second reader broke: small cases through the whole house, each with its answer worked out by hand."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cryptotrace as ct
from cryptotrace.errors import InputError
from cryptotrace.estimates.inflows import find_inflows
from cryptotrace.model import Label, Labels, Scope, Seed, Seeds
from cryptotrace.reports import report_text
from cryptotrace.schema import Batch

START = datetime(2021, 1, 1, tzinfo=UTC)
M, ETHER = 10**6, 10**18
NULL = "0x" + "0" * 40
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
TOKENS = {
    "usd": ("usd", "USD", 6),
    "ETH": (None, "ETH", 18),
    "USDT": ("0xdac17f958d2ee523a2206206994597c13d831ec7", "USDT", 6),
    "USDC": (USDC, "USDC", 6),
    "WETH": (WETH, "WETH", 18),
    "BSC": ("0x55d398326f99059ff775485246999027b3197955", "USDT", 18),
}
ETHER_PRICES = [(day, asset, "1000") for day in range(20) for asset in ("ETH", "WETH")]


def at(name: str | None) -> str | None:
    return name if name is None or name.startswith("0x") else "0x" + hashlib.sha256(name.encode()).hexdigest()[:40]


class Rows:
    """Rows of a case; each is a day and a transaction of its own unless the test says otherwise."""

    def __init__(self) -> None:
        self.batch = Batch()
        self.paid: dict[Any, int] = defaultdict(int)
        self.number = 0

    def pay(self, sender: str | None, receiver: str | None, amount: int, asset: str = "usd", **facts: Any) -> Rows:
        self.number += 1
        contract, symbol, decimals = TOKENS[asset]
        day = facts.pop("day", self.number)
        time = START + timedelta(days=day)
        row = {
            "chain": "ethereum", "tx_hash": f"0x{self.number:064x}", "kind": "token" if contract else "native",
            "block": int(time.timestamp()), "input_row": self.number, **facts,
        }  # fmt: skip
        self.batch.add_transfer(
            time=time, sender=at(sender), receiver=at(receiver), amount=amount, contract=contract, symbol=symbol,
            decimals=decimals, **row,
        )  # fmt: skip
        self.paid[at(receiver), contract] += amount
        return self

    def run(
        self, *seeds: str | Seed, labels: Labels | None = None, prices: Any = (), scope: Scope | None = None, **how: Any
    ) -> Any:
        for day, asset, usd in prices:
            self.batch.add("prices", (START + timedelta(days=day), asset, Decimal(usd), "test", None, None))
        store = ct.open_store(":memory:")
        store.load([self.batch], complete=how.pop("complete", True))
        found = Seeds(tuple(s if isinstance(s, Seed) else seed(s) for s in seeds))
        clusters = ct.cluster(store, found, labels=labels)
        envelope = ct.trace_all(store, found, labels=labels, clusters=clusters, **how)
        trace = envelope["haircut"]
        estimate = ct.estimate(store, clusters, trace, scope=scope, envelope=envelope)
        text = report_text(trace, estimate, store=store, envelope=envelope)
        return SimpleNamespace(
            store=store, seeds=found, clusters=clusters, envelope=envelope, trace=trace, estimate=estimate,
            lines=text.splitlines(), usd={r.id: (r.low_usd, r.central_usd, r.high_usd) for r in estimate},
        )  # fmt: skip


def seed(name: str, **facts: Any) -> Seed:
    return Seed(**{"chain": "ethereum", "address": at(name) or "", **facts})


def labelled(**entities: str) -> Labels:
    """Labels from name="category" or name="category:entity"."""
    items = tuple(
        Label(
            chain="ethereum", address=at(name) or "", label=name, category=said.partition(":")[0],
            entity=said.partition(":")[2] or None,
        )
        for name, said in entities.items()
    )  # fmt: skip
    return Labels(items, (), {(one.chain, one.address): one for one in items})


def same(*values: int) -> tuple[Decimal, Decimal, Decimal]:
    low, central, high = values if len(values) == 3 else values * 3
    return Decimal(low), Decimal(central), Decimal(high)


def test_a_refund_through_a_swap_is_netted_against_the_payer_who_gets_it() -> None:
    """The pool is nobody's refund: the other side of the swap is."""
    swap = {"tx_hash": "0x5a", "day": 2, "tx_index": 0}
    rows = Rows().pay("v", "s", 1000 * M, "USDT")
    rows.pay("s", "pool", 400 * M, "USDT", log_index=1, **swap).pay("pool", "v", 400 * M, "USDC", log_index=2, **swap)
    assert rows.run("s").usd["E2"] == same(600)


def test_a_swap_of_the_scam_for_itself_is_no_refund_to_the_pool() -> None:
    swap = {"tx_hash": "0x5a", "day": 2, "tx_index": 0}
    rows = Rows().pay("pool", "s", 1000 * M, "USDT")
    rows.pay("s", "pool", 400 * M, "USDT", log_index=1, **swap).pay("pool", "s", 400 * M, "USDC", log_index=2, **swap)
    rows.pay("pool", "fees", 7, "USDC", log_index=3, **swap)  # so the swap cannot be told
    assert rows.run("s").usd["E2"] == same(1000)


def test_a_refund_without_a_price_lowers_the_low_end_and_is_named() -> None:
    found = Rows().pay("v", "s", 1000 * M, "USDT").pay("w", "s", 50 * M, "USDT").pay("s", "v", ETHER, "ETH").run("s")
    assert found.usd["E2"] == found.usd["E3"] == same(50, 1050, 1050)
    assert f"{ETHER:,} base units of ETH" in found.estimate["E2"].reason
    assert found.usd["E1"] == same(1050)


def test_payments_of_which_none_has_a_price_are_no_zero() -> None:
    found = Rows().pay("v", "s", ETHER, "ETH").pay("s", "x", ETHER, "ETH").run("s", labels=labelled(x="exchange"))
    assert set(found.usd.values()) == {(None, None, None)}
    assert found.estimate["E3"].unpriced == (("ETH", ETHER),)
    assert [line for line in found.lines if " 0 USD" in line and "rested" not in line] == []
    assert sum("No figure" in line for line in found.lines) == 3


def test_what_leaves_a_source_without_a_price_is_said() -> None:
    rows = Rows().pay("s", "x", ETHER, "ETH").pay("s", "x", 10 * M, "USDT")
    found = rows.run(seed("s", injects="outflow"), labels=labelled(x="exchange"))
    assert found.estimate.source_outflow_usd == 10
    assert found.estimate.source_outflow_unpriced == (("ETH", ETHER),)
    assert "Without a price, so in no sum: 1 asset" in found.lines[1]


def test_an_outflow_seed_that_is_not_in_the_data_still_leaves_victims_unknown() -> None:
    found = Rows().pay("v", "s", 100 * M).run("s", seed("elsewhere", injects="outflow"))
    assert [found.usd[name][1] for name in ("E0", "E1", "E2", "E3")] == [None] * 4


def test_tokens_of_one_symbol_on_two_chains_are_never_added() -> None:
    rows = Rows().pay("v", "s", 5 * M, "USDT").pay("v", "s", 7 * ETHER, "BSC", chain="bsc", day=0)
    found = rows.run("s", seed("s", chain="bsc"), stable_par=False)
    assert found.estimate["E1"].unpriced == (("USDT (bsc)", 7 * ETHER), ("USDT (ethereum)", 5 * M))
    assert found.trace.table("statement").column("asset") == ("USDT (bsc)", "USDT (ethereum)")
    first, stop = found.estimate.scope.period
    assert (first, stop) == (START, START + timedelta(days=2))


def test_a_copy_of_a_token_on_another_chain_is_not_said_to_be_freezable_by_the_issuer() -> None:
    rows = Rows().pay("v", "s", 5 * M, "USDT").pay("v", "s", 7 * ETHER, "BSC", chain="bsc")
    found = rows.run("s", seed("s", chain="bsc"))
    assert {row["chain"]: row["freezable_by"] for row in found.trace.table("resting").dicts()} == {
        "ethereum": "Tether",
        "bsc": None,
    }


def test_coins_unwrapped_without_a_logged_token_row_are_counted_once_and_followed() -> None:
    """Most wrapping contracts log no transfer for what they make or burn."""
    rows = Rows().pay("v", "s", 10 * ETHER, "WETH").pay(WETH, "s", 10 * ETHER, "ETH", kind="internal", trace_path="0")
    found = rows.pay("s", "x", 10 * ETHER, "ETH").run("s", labels=labelled(x="exchange"), prices=ETHER_PRICES)
    assert found.usd["E1"] == found.usd["E2"] == found.usd["E4"] == same(10_000)
    assert found.trace.table("resting").rows == ()
    assert found.trace.table("conversions").column("kind") == ("unwrap",)


@pytest.mark.parametrize("logged", [True, False])
def test_a_trade_that_starts_with_a_wrap_is_told_whether_or_not_the_wrap_is_logged(logged: bool) -> None:
    trade = {"tx_hash": "0x7a", "day": 2, "tx_index": 0}
    rows = Rows().pay("v", "s", ETHER, "ETH").pay("s", "router", ETHER, "ETH", **trade)
    rows.pay("router", WETH, ETHER, "ETH", kind="internal", trace_path="0", **trade)
    if logged:
        rows.pay(NULL, "router", ETHER, "WETH", log_index=0, **trade)
    rows.pay("router", "pool", ETHER, "WETH", log_index=1, **trade).pay("pool", "s", 990 * M, "USDC", log_index=2, **trade)
    found = rows.pay("s", "x", 990 * M, "USDC").run("s", labels=labelled(x="exchange"), prices=ETHER_PRICES)
    assert found.usd["E4"] == same(990)
    assert found.usd["E1"] == same(1000)


def test_what_a_token_contract_makes_for_the_scam_is_neither_income_nor_traced() -> None:
    rows = Rows().pay(USDC, "s", 50 * M, "USDC").pay("s", "x", 50 * M, "USDC")
    found = rows.run("s", labels=labelled(x="exchange"))
    assert found.usd["E1"] == found.usd["E4"] == same(0)


def test_a_payment_beside_a_move_inside_the_scam_is_traced() -> None:
    """Another asset that only moves between two scam addresses makes nothing proceeds of a swap."""
    both = {"tx_hash": "0xb0", "day": 1, "tx_index": 0}
    rows = Rows().pay("s1", "s2", 7 * M, "USDC", log_index=0, **both).pay("v", "s1", 100 * M, "USDT", log_index=1, **both)
    found = rows.pay("s1", "x", 100 * M, "USDT").run("s1", "s2", labels=labelled(x="exchange"))
    assert found.usd["E1"] == found.usd["E4"] == same(100)


def test_a_payment_that_only_passes_a_scam_address_inside_a_swap_is_injected() -> None:
    swap = {"tx_hash": "0x5a", "day": 1, "tx_index": 0}
    rows = Rows().pay("v", "s", 100 * M, "USDT", log_index=0, **swap).pay("s", "pool", 100 * M, "USDT", log_index=1, **swap)
    found = rows.pay("pool", "r", 100 * M, "USDC", log_index=2, **swap).run("s")
    assert found.usd["E1"] == same(100)
    assert sum(found.trace.table("statement").column("injected")) == 100 * M
    assert [row["reason"] for row in found.trace.table("frontier").dicts()] == ["swap"]


def test_a_seed_that_collects_is_not_narrowed_by_a_list_of_payments_to_it() -> None:
    rows = Rows().pay("v", "s", 100 * M, tx_hash="0xab").pay("w", "s", 900 * M).pay("s", "x", 1000 * M)
    found = rows.run("s", seed("s", injects="payments", payments=(("0xab", ""),)), labels=labelled(x="exchange"))
    assert found.usd["E1"] == found.usd["E4"] == same(1000)


def test_a_payment_of_a_ready_seed_is_found_however_its_hash_is_spelled() -> None:
    listed = seed("s", injects="payments", payments=(("0x" + "AB" * 32, ""),))
    (loaded,) = ct.load_seeds(listed)
    assert loaded.payments == (("0x" + "ab" * 32, ""),)


def test_money_that_went_to_an_exchange_before_the_period_can_come_back_in_it() -> None:
    """Entities are one in whatever case two sources write them."""
    rows = Rows().pay("v", "s", 1000 * M, day=1).pay("s", "x", 1000 * M, day=2).pay("y", "s", 500 * M, day=400)
    year = Scope(period=(datetime(2022, 1, 1, tzinfo=UTC), datetime(2023, 1, 1, tzinfo=UTC)))
    found = rows.run("s", labels=labelled(x="exchange:binance", y="exchange:Binance"), scope=year)
    assert found.usd["E3"] == same(0, 500, 500)


def test_exits_outside_the_period_are_not_named_as_if_inside() -> None:
    rows = Rows().pay("v", "s", 1000 * M, day=1).pay("s", "x", 1000 * M, day=2)
    rows.pay("v", "s", 50 * M, day=400).pay("s", "x", 50 * M, day=401)
    year = Scope(period=(datetime(2022, 1, 1, tzinfo=UTC), datetime(2023, 1, 1, tzinfo=UTC)))
    found = rows.run("s", labels=labelled(x="exchange:Binance"), scope=year)
    assert found.usd["E4"] == same(50)
    assert "Binance 50 USD. Outside the period 1,000 USD more reached exits." in found.lines[3]


def test_a_limit_of_steps_is_not_called_an_incomplete_address() -> None:
    rows = Rows().pay("v", "s", 100 * M).pay("s", "m", 100 * M).pay("m", "n", 100 * M).pay("n", "x", 100 * M)
    found = rows.run("s", labels=labelled(x="exchange"), max_hops=1)
    assert found.usd["E4"] == same(0, 0, 100)
    assert "beyond the limit of steps" in found.estimate["E4"].reason
    assert "stopped at the limit of steps" in found.lines[3]


def test_a_wallet_that_a_label_calls_a_victims_is_an_end() -> None:
    wallet = Label(chain="ethereum", address=at("v") or "", label="v", role="victim")
    exchange = labelled(x="exchange").items[0]
    labels = Labels((wallet, exchange), (), {(one.chain, one.address): one for one in (wallet, exchange)})
    rows = Rows().pay("v", "s", 1000 * M).pay("s", "v", 200 * M).pay("v", "x", 200 * M)
    found = rows.run("s", labels=labels)
    assert found.usd["E4"] == same(0)
    assert {row["category"] for row in found.trace.table("terminals").dicts()} == {"victim"}


def test_a_seed_that_is_a_labelled_service_is_named_in_the_report(tmp_path: Any) -> None:
    labels = labelled(d="exchange:Binance")
    rows = Rows().pay("v", "s", 1000 * M).pay("s", "d", 1000 * M).pay("customer", "d", 10**6 * M)
    found = rows.run("s", "d", "elsewhere", labels=labels)
    assert found.usd["E1"] == same(1000)
    assert found.lines[5].endswith("2 warnings of the run stand under Limits.")
    paths = ct.write_report(
        tmp_path / "r.html", found.store, found.trace, found.estimate, envelope=found.envelope, clusters=found.clusters
    )
    assert "is a perpetrator seed but labelled exchange" in paths.html.read_text()
    bare = ct.trace(found.store, found.seeds, labels=labels)
    assert any("no clusters were given" in warning for warning in bare.provenance.warnings)


def test_a_victims_address_inside_a_label_is_masked_and_a_failed_payment_names_nobody(tmp_path: Any) -> None:
    victim = at("v") or ""
    labels = labelled(x=f"exchange:deposit of {victim}")
    rows = (
        Rows()
        .pay("v", "s", 1000 * M, "USDT")
        .pay("s", "x", 1000 * M, "USDT")
        .pay("w", "s", M, "USDT", ok=False, tx_hash="0x" + "fa" * 32)
    )
    found = rows.run("s", labels=labels)
    paths = ct.write_report(
        tmp_path / "r.html", found.store, found.trace, found.estimate, envelope=found.envelope, labels=labels
    )
    for text in (path.read_text().lower() for path in (paths.html, *paths.tables)):
        assert victim not in text
        assert "fa" * 32 not in text


def test_two_input_files_of_one_name_keep_a_hash_each(tmp_path: Any) -> None:
    store = ct.open_store(":memory:")
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "p.csv").write_text(f"time,asset,usd\n2021-01-01T00:00:00Z,ETH,{len(folder)}\n{folder}")
    coverage = ct.load_prices(store, tmp_path / "a" / "p.csv", tmp_path / "b" / "p.csv")
    assert sorted(coverage.provenance.inputs) == ["p.csv", "p.csv#2"]


def compared(usd: int, *bridges: str, unpriced: bool = False, population: str = "sample") -> dict[str, Any]:
    rows = Rows().pay("v", "s", usd * M)
    if unpriced:
        rows.pay("v", "s", ETHER, "ETH")
    year = (START, datetime(2022, 1, 1, tzinfo=UTC))
    scope = Scope(category="all_scams", geography_basis="world", period=year, population=population)
    totals = ct.reported_totals(period="2021", include_superseded=True)
    found = ct.compare(rows.run("s", scope=scope).estimate, totals, bridges=bridges)
    return {verdict.reported_id: verdict for verdict in reversed(found.verdicts)}  # the comparable one of an id stands first


def test_nothing_is_no_share_of_anything() -> None:
    verdict = compared(0)["chainalysis_2023_scams_2021_rev"]
    assert "no share of the reported figure can be stated" in verdict.reason
    assert "at least 0" not in verdict.reason


def test_a_figure_printed_as_at_least_has_no_upper_end() -> None:
    found = compared(20 * 10**9, "vintage")
    assert found["chainalysis_2023_scams_2021_rev"].verdict == "undetermined"
    assert found["ohchr_2023_world_scam_revenue_2021"].verdict == "above"


def test_a_census_with_a_part_that_has_no_price_is_not_below() -> None:
    name = "chainalysis_2023_scams_2021_rev"
    assert compared(100, population="census")[name].verdict == "below"
    assert compared(100, population="census", unpriced=True)[name].verdict == "undetermined"


def test_a_bridge_is_named_only_where_it_was_crossed_and_brings_its_caveat() -> None:
    found = compared(100, "ohchr_2021_without_finiko")
    assert compared(100, "vintage")["chainalysis_2023_scams_2021_rev"].bridges == ()
    assert found["ohchr_2023_world_scam_revenue_2021"].caveat.startswith("Finiko took money")


@pytest.mark.parametrize(
    "scope",
    [
        {"population": "censis"},
        {"category": "nonsense"},
        {"period": (datetime(2022, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC))},
        {"period": (datetime(2021, 1, 1), datetime(2022, 1, 1))},  # noqa: DTZ001
    ],
)
def test_a_scope_that_means_nothing_is_refused(scope: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Rows().pay("v", "s", M).run("s", scope=Scope(**scope))


def test_a_smallest_value_may_be_whole_dollars_but_no_float() -> None:
    rows = Rows().pay("v", "s", 100 * M).pay("s", "m", 100 * M)
    assert sum(rows.run("s", min_value_usd=1000).trace.table("statement").column("pruned")) == 100 * M
    with pytest.raises(InputError):
        rows.run("s", min_value_usd=0.5)


def test_sums_beyond_38_digits_reach_arrow_whole() -> None:
    most = 10**38 - 1
    rows = Rows()
    for number in range(3):
        rows.pay(f"v{number}", "s", most)
    found = rows.run("s")
    assert found.trace.table("statement").to_arrow()["injected"].to_pylist() == [Decimal(3 * most)]
    assert found.trace.why("eth", at("s") or "") == found.trace.why("ethereum", at("s") or "") != ()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_on_random_ledgers_the_rungs_fall_and_what_is_injected_is_what_e1_counts(number: int) -> None:
    """Rows of several assets, shared transactions, returns, mints and exits; the rungs only ever take off."""
    dice = random.Random(number)
    rows, day = Rows(), 0
    for place in range(dice.randint(3, 9)):
        day += dice.random() < 0.7
        facts = {"tx_hash": f"0x{dice.getrandbits(200):064x}", "day": day, "tx_index": dice.choice([None, place])}
        for log in range(dice.choice([1, 1, 2, 3, 4])):
            sender, receiver = dice.sample(["s1", "s2", "v1", "v2", "p", "x", "y", "r", "m", "n", NULL], 2)
            asset = dice.choice(["USDT", "USDC", "ETH"])
            amount = dice.choice([1, 3, 10, 100, 997]) * (10**15 if asset == "ETH" else M)
            rows.pay(sender, receiver, amount, asset, log_index=log if asset != "ETH" else None, **facts)
    labels = labelled(x="exchange:X", y=dice.choice(["exchange:X", "mixer"]), r="dex")
    found = rows.run("s1", "s2", labels=labels, prices=ETHER_PRICES)
    for above, below in (("E0", "E1"), ("E1", "E2"), ("E2", "E3")):
        assert all(more >= less for more, less in zip(found.usd[above], found.usd[below], strict=True))
    assert all(0 <= low <= central <= high for low, central, high in found.usd.values())
    counted: dict[int, int] = defaultdict(int)
    for flow in find_inflows(found.trace, None):
        if not flow.not_external:
            counted[flow.row.asset] += flow.row.amount - flow.carried
    injected = {asset: statement.injected for asset, statement in found.trace.walk.statements.items()}
    assert {k: v for k, v in counted.items() if v} == {k: v for k, v in injected.items() if v}
    for trace in found.envelope.conserving:
        reached: dict[Any, int] = defaultdict(int)
        for arrival in trace.walk.arrivals:
            if arrival.outcome == "terminal":
                name = trace.context.book.accounts[arrival.account][1]
                reached[name, trace.context.book.assets[arrival.asset].asset.contract] += arrival.tainted
        assert all(tainted <= rows.paid[name] for name, tainted in reached.items())
