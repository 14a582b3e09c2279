"""How much of each rung rests on accounts whose rows do not add up to their balances, on cases written by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

import cryptotrace as ct
from cryptotrace.estimates import Estimate
from cryptotrace.estimates.result import share_words
from cryptotrace.model import Label, Labels, Seed, Seeds
from cryptotrace.schema import Batch
from cryptotrace.tracing import Trace

USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"
START = datetime(2024, 3, 1, tzinfo=UTC)
V1, V2, S1, S2, HOP, MULE, EXCHANGE = ("0x" + digit * 40 for digit in "12abcde")
MILLION = 1_000_000
Moves = list[tuple[str, str, int]]
LABELS = Labels(
    items=(label := Label(chain="ethereum", address=EXCHANGE, label="Larkfield", category="exchange", entity="Larkfield"),),
    winners={("ethereum", EXCHANGE): label},
)
SEEDS = Seeds(tuple(Seed(chain="ethereum", address=one, category="romance_baiting", campaign="c") for one in (S1, S2)))
OUT_SEEDS = Seeds((Seed(chain="ethereum", address=S1, category="hack", injects="outflow", campaign="h"),))

PAID: Moves = [(V1, S1, 100), (V2, S2, 300), (S1, HOP, 100), (S2, MULE, 300), (HOP, EXCHANGE, 100), (MULE, EXCHANGE, 300)]


def net_of(moves: Moves, account: str) -> int:
    return sum(amount * ((receiver == account) - (sender == account)) for sender, receiver, amount in moves) * MILLION


def estimated(moves: Moves, told: dict[str, int | None], *, seeds: Seeds = SEEDS) -> tuple[Estimate, Trace]:
    """Estimate a case of dollar moves; ``told`` has by how many units each account's balance differs, None for not told."""
    batch = Batch()
    for number, (sender, receiver, dollars) in enumerate(moves):
        batch.add_transfer(
            chain="ethereum", tx_hash=f"0x{number:064x}", kind="token", time=START + timedelta(hours=number),
            block=100 + number, tx_index=0, log_index=number, sender=sender, receiver=receiver, contract=USDT, symbol="USDT",
            decimals=6, amount=dollars * MILLION,
        )  # fmt: skip
    for account, off in told.items():
        amount = None if off is None else max(0, net_of(moves, account) + off)
        problem = "unavailable" if off is None else None
        batch.add("balances", ("ethereum", account, USDT, 999, "other", amount, 0, 0, None, None, problem, START))
    store = ct.open_store(":memory:")
    store.load([batch], complete=True)
    trace = ct.trace(store, seeds, labels=LABELS)
    return ct.estimate(store, None, trace), trace


def shares(found: Estimate) -> dict[str, Decimal | None]:
    return {rung.id: rung.unproven_share for rung in found}


def test_where_one_of_two_scam_accounts_is_not_proven_its_payments_are_the_share() -> None:
    found, _ = estimated(PAID, {S1: 5, S2: 0, HOP: 0, MULE: 0})
    quarter = Decimal("0.25")
    assert {name: shares(found)[name] for name in ("E0", "E1", "E2", "E3", "E4")} == dict.fromkeys(
        ("E0", "E1", "E2", "E3", "E4"), quarter
    )
    assert found["E3"].unproven_usd == 100
    # of 1,200 moved, only what came to S1 stands in the list of no proven account
    assert found["E5"].unproven_usd == 100


def test_an_account_that_nobody_asked_about_counts_as_unproven_where_others_were_asked() -> None:
    found, _ = estimated(PAID, {S2: 0})
    assert shares(found)["E3"] == Decimal("0.25")
    assert shares(found)["E4"] == 1  # neither hop was asked about
    told_nothing, _ = estimated(PAID, {S1: None, S2: 0, HOP: 0, MULE: 0})
    assert shares(told_nothing)["E3"] == Decimal("0.25")


def test_where_no_balance_was_asked_the_share_is_unknown_and_said_in_words() -> None:
    found, _ = estimated(PAID, {})
    assert set(shares(found).values()) == {None}
    assert {rung.unproven_usd for rung in found} == {None}
    assert {rung.standing for rung in found} == {"not checked against balances"}
    assert str(found).splitlines()[-1].startswith("not checked against balances")
    html = found._repr_html_()
    assert html.count("not checked against balances") == 6
    assert "%" not in html
    assert found.table().column("unproven_share") == (None,) * 6


def test_where_all_is_proven_the_share_is_zero_and_said_as_none() -> None:
    found, _ = estimated(PAID, {S1: 0, S2: 0, HOP: 0, MULE: 0})
    assert set(shares(found).values()) == {Decimal(0)}
    assert "E3 stolen, victim-plausible: 400.00 USD (400.00 to 400.00); none rests on unproven accounts" in str(found)
    assert "not checked" not in str(found) + found._repr_html_()


def test_what_a_payer_is_left_with_is_shared_out_over_its_payments() -> None:
    # 100 into an unproven account, 300 into a proven one, 200 back from the proven one: a quarter of the 200 left
    moves = [(V1, S1, 100), (V1, S2, 300), (S2, V1, 200), (S2, HOP, 100)]
    found, _ = estimated(moves, {S1: 1, S2: 0, HOP: 0})
    assert found["E2"].central_usd == 200
    assert found["E2"].unproven_usd == 50
    assert shares(found)["E2"] == Decimal("0.25")
    assert shares(found)["E1"] == Decimal("0.25")


def test_what_was_paid_back_by_an_unproven_account_makes_all_of_the_rest_unproven() -> None:
    moves = [(V1, S2, 300), (V2, S2, 100), (S2, S1, 200), (S1, V1, 200)]
    found, _ = estimated(moves, {S1: 1, S2: 0})
    assert found["E3"].central_usd == 200
    assert found["E3"].unproven_usd == 100  # what V1 is left with; V2 got nothing back
    assert found["E1"].unproven_usd == 0
    assert found["E0"].unproven_usd == 0  # the move inside the scam set stands in the list of S2 too
    both, _ = estimated(moves, {S1: 1, S2: 1})
    assert both["E0"].unproven_usd == both["E0"].central_usd == 600


def test_an_exit_rests_on_every_account_that_its_money_came_through() -> None:
    moves = [(V1, S1, 100), (S1, HOP, 100), (HOP, MULE, 100), (MULE, EXCHANGE, 100)]
    every = (S1, HOP, MULE)
    for wrong in every:
        found, _ = estimated(moves, {one: one == wrong for one in every})
        assert shares(found)["E4"] == 1, wrong
    found, _ = estimated(moves, dict.fromkeys(every, 0))
    assert shares(found)["E4"] == 0


def test_an_exit_before_the_unproven_money_came_rests_on_none_of_it() -> None:
    moves = [(V1, S1, 100), (S1, MULE, 100), (MULE, EXCHANGE, 100), (V2, S2, 300), (S2, MULE, 300), (MULE, EXCHANGE, 300)]
    found, _ = estimated(moves, {S1: 0, S2: 7, MULE: 0})
    assert found["E4"].unproven_usd == 300


def test_the_victims_own_account_is_nothing_that_a_figure_rests_on() -> None:
    found, _ = estimated(PAID, {S1: 0, S2: 0, HOP: 0, MULE: 0, V1: 9, V2: None})
    assert shares(found)["E3"] == shares(found)["E4"] == 0


def test_a_source_that_is_not_proven_leaves_all_that_reached_exits_unproven() -> None:
    moves = [(V1, S1, 100), (S1, HOP, 100), (HOP, EXCHANGE, 100)]
    found, _ = estimated(moves, {S1: 3, HOP: 0}, seeds=OUT_SEEDS)
    assert found["E3"].central_usd is None
    assert (found["E3"].standing, found["E3"].unproven_share) == ("", None)
    assert shares(found)["E4"] == 1
    found, _ = estimated(moves, {S1: 0, HOP: 0}, seeds=OUT_SEEDS)
    assert shares(found)["E4"] == 0


def test_a_rung_of_nothing_has_no_share_and_says_so() -> None:
    found, _ = estimated([(V1, S1, 100)], {S1: 0})
    assert found["E4"].central_usd == 0
    assert found["E4"].unproven_share is None
    assert found["E4"].standing == "no value, so none rests on unproven accounts"


def test_the_proofs_stand_with_the_estimate_those_that_fail_first() -> None:
    found, _ = estimated(PAID, {S1: 0, S2: 5, HOP: None, MULE: 0})
    rows = list(found.table("proofs").dicts())
    assert [(row["address"], row["status"]) for row in rows] == [
        (S2, "partial"), (HOP, "unproven"), (S1, "proven"), (MULE, "proven"),
    ]  # fmt: skip
    assert rows[0]["difference"] == 5


@pytest.mark.parametrize(
    ("share", "said"),
    [("0.125", "12.5%"), ("0.00001", "under 0.1%"), ("0.99999", "over 99.9%"), ("0.001", "0.1%"), ("0.9994", "over 99.9%")],
)
def test_a_share_is_never_printed_as_nothing_or_all_that_is_neither(share: str, said: str) -> None:
    assert share_words(Decimal(share)) == said
