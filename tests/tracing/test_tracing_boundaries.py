"""Where a trace stops, and that what it does not see is stated and never lost."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from cryptotrace import tracing
from cryptotrace.errors import ConservationError, InputError
from cryptotrace.model import ALL, BOUNDARY_CATEGORIES, Fifo, Haircut, Label, Labels, Poison, TaintFirst
from cryptotrace.schema import Batch
from cryptotrace.tracing import EXIT_CATEGORIES, trace, trace_all

DOLLAR = 10**6
CONSERVING = [policy for policy in ALL if policy.conserving]


def only(rows):
    (row,) = rows
    return row


def chain_of_payments(kit, *names, amount=900 * DOLLAR):
    ledger = kit.Ledger()
    for payer, payee in itertools.pairwise(names):
        ledger.pay(payer, payee, amount, "USDT")
    return ledger


# -- ends ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("category", sorted(BOUNDARY_CATEGORIES))
def test_a_labelled_boundary_ends_the_trace(kit, category):
    ledger = chain_of_payments(kit, "s", "x", "y")
    result = trace(ledger.store(), kit.seeds("s", injects="outflow"), labels=kit.labels(x=category))
    terminal = only(kit.rows(result, "terminals"))
    assert (terminal["category"], terminal["entity"], terminal["tainted_amount"]) == (category, "x", 900 * DOLLAR)
    assert len(kit.rows(result, "flows")) == 1
    assert result.totals.exits == (Decimal(900) if category in EXIT_CATEGORIES else Decimal(0))


def test_a_label_that_is_declared_no_boundary_is_walked(kit):
    label = Label(chain="ethereum", address=kit.address_of("x"), label="x", category="exchange", boundary=False)
    labels = Labels((label,), (), {("ethereum", label.address): label})
    result = trace(chain_of_payments(kit, "s", "x", "y").store(), kit.seeds("s", injects="outflow"), labels=labels)
    assert kit.rows(result, "terminals") == []
    assert only(kit.rows(result, "resting"))["tainted_amount"] == 900 * DOLLAR


def test_a_label_on_a_seed_does_not_make_it_a_boundary(kit):
    ledger = chain_of_payments(kit, "v", "s", "t")
    result = trace(ledger.store(), kit.seeds("s"), labels=kit.labels(s="exchange", v="mixer"))
    assert only(kit.rows(result, "statement"))["resting"] == 900 * DOLLAR
    assert kit.rows(result, "terminals") == []


@pytest.mark.parametrize("category", ["dex", "defi", "contract"])
def test_other_labelled_services_are_not_entered(kit, category):
    ledger = chain_of_payments(kit, "s", "x", "y")
    result = trace(ledger.store(), kit.seeds("s", injects="outflow"), labels=kit.labels(x=category))
    row = only(kit.rows(result, "frontier"))
    assert (row["reason"], row["tainted_amount"], row["tainted_usd"]) == ("swap", 900 * DOLLAR, Decimal(900))


def test_the_null_address_is_a_burn(kit):
    null = "0x" + "0" * 40
    result = trace(chain_of_payments(kit, "s", null).store(), kit.seeds("s", injects="outflow"))
    assert only(kit.rows(result, "terminals"))["category"] == "burn"
    assert result.totals.exits == Decimal(0)


def test_terminals_count_transfers_and_their_first_and_last_time(kit):
    ledger = kit.Ledger().pay("s", "x", DOLLAR, "USDT", at=7).pay("s", "x", DOLLAR, "USDT", at=90)
    ledger.pay("s", "x", DOLLAR, "USDT", at=50)
    row = only(kit.rows(trace(ledger.store(), kit.seeds("s", injects="outflow"), labels=kit.labels(x="mixer")), "terminals"))
    assert (row["transfers"], row["tainted_amount"]) == (3, 3 * DOLLAR)
    assert (row["first_time"], row["last_time"]) == (kit.START + timedelta(seconds=7), kit.START + timedelta(seconds=90))


# -- suspected services ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("degree", "stops"), [(10, True), (11, False)])
def test_a_suspected_service_begins_at_exactly_the_degree(kit, degree, stops):
    """The hub has ten counterparties: the payer, the payee and eight more, both ways counted once."""
    ledger = kit.Ledger().pay("s", "hub", 900 * DOLLAR, "USDT").pay("hub", "y", 900 * DOLLAR, "USDT")
    for number in range(8):
        ledger.pay(f"customer{number}", "hub", DOLLAR, "USDT").pay("hub", f"customer{number}", DOLLAR, "USDT")
    ledger.pay("hub", "hub", DOLLAR, "USDT").pay("hub", None, 5, "ETH", kind="fee")
    result = trace(ledger.store(), kit.seeds("s", injects="outflow"), service_degree=degree)
    reasons = [(row["reason"], row["tainted_amount"]) for row in kit.rows(result, "frontier")]
    assert reasons == ([("suspected_service", 900 * DOLLAR)] if stops else [])
    assert bool(kit.rows(result, "resting", address="y")) is not stops


def test_a_busy_seed_is_never_called_a_service(kit):
    ledger = kit.Ledger()
    for number in range(6):
        ledger.pay(f"victim{number}", "s", 10 * DOLLAR, "USDT")
    result = trace(ledger.store(), kit.seeds("s"), service_degree=2)
    assert only(kit.rows(result, "statement"))["resting"] == 60 * DOLLAR


# -- what is not in the data -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("coverage", "reason"),
    [
        ([], "not_pulled"),
        ([("a", "token", "partial", "page_failed")], "partial"),
        ([("a", "token", "partial", "too_busy")], "too_busy"),
        ([("a", "all", "not_pulled", "seen_only_through_others")], "not_pulled"),
        ([("a", "native", "complete", ""), ("a", "internal", "complete", "")], "not_pulled"),
    ],
)
@pytest.mark.parametrize("policy", CONSERVING, ids=lambda policy: policy.id)
def test_accounts_that_are_not_ledgered_are_the_frontier(kit, policy, coverage, reason):
    """Even where other people's rows show some of their payments."""
    ledger = chain_of_payments(kit, "s", "a", "x")
    store = ledger.store(complete=False, coverage=coverage)
    result = trace(store, kit.seeds("s", injects="outflow"), labels=kit.labels(x="exchange"), policy=policy)
    row = only(kit.rows(result, "frontier"))
    assert (row["reason"], row["tainted_amount"]) == (reason, 900 * DOLLAR)
    assert kit.rows(result, "terminals") == kit.rows(result, "openings") == []


@pytest.mark.parametrize(
    ("asset", "streams", "walked"),
    [
        ("USDT", ["token"], True),
        ("USDT", ["all"], True),
        ("USDT", ["native", "internal"], False),
        ("ETH", ["native", "internal"], True),
        ("ETH", ["native"], False),
        ("ETH", ["internal"], False),
        ("ETH", ["all"], True),
        ("ETH", ["token"], False),
    ],
)
def test_an_account_is_ledgered_per_kind_of_asset(kit, asset, streams, walked):
    ledger = kit.Ledger().pay("s", "a", 900 * DOLLAR, asset).pay("a", "x", 900 * DOLLAR, asset)
    store = ledger.store(complete=False, coverage=[("a", stream, "complete", "") for stream in streams])
    result = trace(store, kit.seeds("s", injects="outflow"), labels=kit.labels(x="exchange"))
    assert bool(kit.rows(result, "terminals")) is walked
    assert bool(kit.rows(result, "frontier")) is not walked


@pytest.mark.parametrize(("first", "last", "walked"), [(0, 900, True), (None, None, True), (0, 899, False), (1, 900, False)])
def test_complete_means_from_genesis_to_the_last_row_of_the_case(kit, first, last, walked):
    ledger = kit.Ledger().pay("s", "a", 900 * DOLLAR, "USDT", block=10).pay("a", "x", 900 * DOLLAR, "USDT", block=900)
    store = ledger.store(complete=False)
    batch = Batch()
    facts = ("complete", "", 2, None, None, None, None)
    batch.add("coverage", ("test", "token", "ethereum", kit.address_of("a"), first, last, *facts))
    store.load([batch])
    result = trace(store, kit.seeds("s", injects="outflow"), labels=kit.labels(x="exchange"))
    assert bool(kit.rows(result, "terminals")) is walked
    assert [row["reason"] for row in kit.rows(result, "frontier")] == ([] if walked else ["partial"])


def test_a_seed_that_was_not_pulled_keeps_its_income_in_the_frontier(kit):
    result = trace(chain_of_payments(kit, "v", "s", "x").store(complete=False), kit.seeds("s"), labels=kit.labels(x="mixer"))
    row = only(kit.rows(result, "statement"))
    assert (row["injected"], row["frontier"], row["terminals"]) == (900 * DOLLAR, 900 * DOLLAR, 0)


# -- limits ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hops", "where"), [(None, "e"), (0, "e"), (1, "c"), (2, "d"), (3, "e"), (4, "e")])
def test_what_lies_beyond_the_hops_is_stated(kit, hops, where):
    """From the source: b is one hop away, c two, d three, e four."""
    ledger = chain_of_payments(kit, "s", "b", "c", "d", "e")
    result = trace(ledger.store(), kit.seeds("s", injects="outflow"), max_hops=hops)
    row = only(kit.rows(result, "statement"))
    if hops in {None, 0, 4}:
        assert (row["resting"], row["frontier"]) == (900 * DOLLAR, 0)
        assert kit.rows(result, "resting", address="e")
    else:
        assert (row["resting"], row["frontier"]) == (0, 900 * DOLLAR)
        assert only(kit.rows(result, "frontier", address=where))["reason"] == "max_hops"


def test_smaller_movements_are_pruned_and_larger_ones_are_not(kit):
    ledger = kit.Ledger().pay("s", "a", 99 * DOLLAR, "USDT").pay("s", "b", 100 * DOLLAR, "USDT")
    ledger.pay("a", "x", 99 * DOLLAR, "USDT").pay("b", "x", 60 * DOLLAR, "USDT")
    store, seeds = ledger.store(), kit.seeds("s", injects="outflow")
    row = only(kit.rows(trace(store, seeds, labels=kit.labels(x="exchange"), min_value_usd=Decimal(100)), "statement"))
    assert (row["injected"], row["pruned"]) == (199 * DOLLAR, 99 * DOLLAR)
    assert (row["terminals"], row["resting"]) == (60 * DOLLAR, 40 * DOLLAR)


def test_what_has_no_price_is_never_pruned(kit):
    ledger = kit.Ledger().pay("s", "a", 5, "ODD").pay("a", "x", 5, "ODD")
    result = trace(
        ledger.store(), kit.seeds("s", injects="outflow"), labels=kit.labels(x="exchange"), min_value_usd=Decimal(10**9)
    )
    row = only(kit.rows(result, "statement"))
    assert (row["terminals"], row["pruned"]) == (5, 0)


@pytest.mark.parametrize("limits", [{"max_hops": -1}, {"min_value_usd": Decimal("-0.01")}])
def test_a_limit_below_zero_is_refused(kit, limits):
    with pytest.raises(InputError, match="below 0"):
        trace(chain_of_payments(kit, "s", "a").store(), kit.seeds("s"), **limits)


# -- as-of -----------------------------------------------------------------------------------------------------------------


def test_rows_after_the_as_of_time_are_not_read(kit):
    ledger = kit.Ledger().pay("s", "a", 900 * DOLLAR, "USDT", at=0).pay("a", "x", 900 * DOLLAR, "USDT", at=3600)
    store, seeds, labels = ledger.store(), kit.seeds("s", injects="outflow"), kit.labels(x="exchange")
    late = kit.START + timedelta(hours=1)
    for moment, terminals in ((late, 900 * DOLLAR), (late - timedelta(microseconds=1), 0)):
        row = only(kit.rows(trace(store, seeds, labels=labels, as_of=moment), "statement"))
        assert (row["terminals"], row["resting"]) == (terminals, 900 * DOLLAR - terminals)


def test_an_as_of_time_of_another_zone_is_the_same_moment(kit):
    ledger = kit.Ledger().pay("s", "x", 900 * DOLLAR, "USDT", at=3600)
    store, seeds, labels = ledger.store(), kit.seeds("s", injects="outflow"), kit.labels(x="exchange")
    moment = (kit.START + timedelta(hours=1)).astimezone(timezone(timedelta(hours=-5)))
    assert only(kit.rows(trace(store, seeds, labels=labels, as_of=moment), "terminals"))
    with pytest.raises(InputError, match="no zone"):
        trace(store, seeds, labels=labels, as_of=datetime(2024, 1, 1))  # noqa: DTZ001


# -- openings --------------------------------------------------------------------------------------------------------------


def opened(kit):
    """The account pays 500 before and 700 after it gets 300: it had 900 from the start."""
    ledger = kit.Ledger().pay("a", "x", 500 * DOLLAR, "USDT").pay("s", "a", 300 * DOLLAR, "USDT")
    return ledger.pay("a", "x", 700 * DOLLAR, "USDT")


def test_openings_are_the_largest_prefix_shortfall_clean_and_listed(kit):
    result = trace(opened(kit).store(), kit.seeds("s", injects="outflow"), labels=kit.labels(x="exchange"), policy=Fifo())
    row = only(kit.rows(result, "openings"))
    assert (row["amount"], row["method"], row["carries_taint"]) == (900 * DOLLAR, "prefix_shortfall", True)
    statement = only(kit.rows(result, "statement"))
    assert (statement["injected"], statement["terminals"], statement["resting"]) == (300 * DOLLAR, 300 * DOLLAR, 0)
    assert result.totals.through_openings == Decimal(300)


def test_an_opening_is_oldest(kit):
    """First in, first out: 400 of the 700 are the opening's rest, then come the 300."""
    ledger = kit.Ledger().pay("a", "x", 500 * DOLLAR, "USDT").pay("s", "a", 300 * DOLLAR, "USDT")
    ledger.pay("a", "y", 400 * DOLLAR, "USDT").pay("a", "x", 300 * DOLLAR, "USDT")
    result = trace(ledger.store(), kit.seeds("s", injects="outflow"), labels=kit.labels(x="exchange", y="mixer"), policy=Fifo())
    assert only(kit.rows(result, "terminals"))["address"].lower() == kit.address_of("x")


def test_the_result_with_openings_counted_as_tainted_is_given_beside(kit):
    results = trace_all(opened(kit).store(), kit.seeds("s", injects="outflow"), labels=kit.labels(x="exchange"))
    for result in results:
        if result.policy.conserving:
            assert result.openings_tainted_exits == Decimal(1_200)
            assert result.totals.exits <= Decimal(300)


def test_without_an_opening_there_is_no_second_result(kit):
    result = trace(chain_of_payments(kit, "s", "a", "b").store(), kit.seeds("s", injects="outflow"))
    assert result.openings_tainted_exits is None
    assert result.totals.through_openings == Decimal(0)


def test_an_opening_that_no_taint_passes_is_listed_as_such(kit):
    ledger = chain_of_payments(kit, "s", "a").pay("far", "away", 5 * DOLLAR, "USDT")
    result = trace(ledger.store(), kit.seeds("s", injects="outflow"))
    row = only(kit.rows(result, "openings"))
    assert (row["amount"], row["carries_taint"]) == (5 * DOLLAR, False)


# -- fees ------------------------------------------------------------------------------------------------------------------


def test_fees_take_their_share_and_are_stated(kit):
    ether = 10**18
    ledger = kit.Ledger().pay("s", "a", ether, "ETH").pay("clean", "a", ether, "ETH")
    ledger.pay("a", None, ether // 2, "ETH", kind="fee", tx="t", tx_index=0, row=None)
    ledger.pay("a", "x", ether + ether // 2, "ETH", tx="t", tx_index=0, at=200, row=None)
    ledger.rows[-2] = ledger.rows[-2].__class__(**{**ledger.rows[-2].__dict__, "at": 200, "block": 200})
    expected = {"haircut": ether // 4, "fifo": ether // 2, "lifo": 0, "taint_first": ether // 2, "taint_last": 0}
    for result in trace_all(ledger.store(), kit.seeds("s", injects="outflow"), labels=kit.labels(x="exchange")):
        if result.policy.conserving:
            row = only(kit.rows(result, "statement"))
            assert row["fees"] == expected[result.policy.id]
            assert row["terminals"] == ether - row["fees"]


# -- the result ------------------------------------------------------------------------------------------------------------


def test_the_envelope_is_the_least_and_the_most_over_conserving_policies(kit):
    ledger = kit.Ledger().pay("clean", "a", 40 * DOLLAR, "USDT").pay("s", "a", 60 * DOLLAR, "USDT")
    ledger.pay("a", "x", 50 * DOLLAR, "USDT")
    envelope = trace_all(ledger.store(), kit.seeds("s", injects="outflow"), labels=kit.labels(x="exchange"))
    assert envelope.band("exits") == (Decimal(10), Decimal(50))
    assert {row["policy"]: row["exits_usd"] for row in envelope.table.dicts()} == {
        "poison": 50, "haircut": 30, "fifo": 10, "lifo": 50, "taint_first": 50, "taint_last": 10
    }  # fmt: skip
    assert [result.policy.id for result in envelope] == [policy.id for policy in ALL]
    assert envelope["haircut"].policy == Haircut()


def test_the_default_policy_is_run_even_if_it_is_not_among_those_asked_for(kit):
    envelope = trace_all(chain_of_payments(kit, "s", "a").store(), kit.seeds("s"), policies=[TaintFirst()], default=Fifo())
    assert set(envelope.traces) == {"taint_first", "fifo"}


def test_a_graph_of_the_flows_keeps_every_flow(kit):
    ledger = kit.Ledger().pay("s", "a", DOLLAR, "USDT", tx="t", at=0).pay("s", "a", DOLLAR, "USDT", tx="t", at=0)
    ledger.pay("s", "a", DOLLAR, "USDC", tx="t", at=0).pay("a", "b", DOLLAR, "USDT", at=50)
    result = trace(ledger.store(), kit.seeds("s", injects="outflow"))
    graph = result.to_networkx()
    assert graph.number_of_edges() == len(result.table("flows")) == 4
    assert sum(int(data["tainted_amount"]) for _, _, data in graph.edges(data=True)) == 4 * DOLLAR


def test_why_gives_what_brought_taint_to_an_address(kit):
    result = trace(chain_of_payments(kit, "s", "a", "b").store(), kit.seeds("s", injects="outflow"))
    (row,) = result.why("ethereum", kit.address_of("b"))
    assert (row["sender"].lower(), row["tainted_amount"], row["hop"]) == (kit.address_of("a"), 900 * DOLLAR, 2)


def test_amounts_in_data_frames_are_whole_python_numbers(kit):
    huge = 10**38 - 1
    ledger = kit.Ledger().pay("s", "x", huge, "usd").pay("s", "x", huge, "usd")
    result = trace(ledger.store(), kit.seeds("s", injects="outflow"), labels=kit.labels(x="exchange"))
    frame = result.terminals
    assert list(frame["tainted_amount"]) == [2 * huge]
    assert type(frame["tainted_amount"][0]) is int
    assert list(result.flows["tainted_amount"]) == [huge, huge]
    assert result.to_arrow().num_rows == 2
    assert f"{result.totals.exits:f}" == f"{2 * huge // 10**6}.999998"


def test_times_are_aware(kit):
    result = trace(chain_of_payments(kit, "s", "a").store(), kit.seeds("s", injects="outflow"))
    assert result.table("flows").column("time") == (kit.START,)
    assert result.table("flows").column("time")[0].tzinfo is UTC


def test_a_trace_that_does_not_balance_is_no_result(kit, monkeypatch):
    """One unit too many in any column must stop a conserving policy; poison conserves nothing and says so."""
    real = tracing.walk

    def one_too_many(*args, **options):
        walk = real(*args, **options)
        next(iter(walk.statements.values())).resting += 1
        return walk

    store, seeds = chain_of_payments(kit, "s", "a").store(), kit.seeds("s", injects="outflow")
    monkeypatch.setattr(tracing, "walk", one_too_many)
    for policy in CONSERVING:
        with pytest.raises(ConservationError, match=policy.id):
            trace(store, seeds, policy=policy)
    assert "no (poison" in str(trace(store, seeds, policy=Poison()))
