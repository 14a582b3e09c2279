"""The sentences: range first, the right word for each rung, unknown said."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from report_case import Case, verdict

from cryptotrace.errors import InputError
from cryptotrace.estimates import Rung
from cryptotrace.reports import report_text
from cryptotrace.reports.answer import answer
from cryptotrace.reports.facts import Facts, Place, gather
from cryptotrace.reports.limits import limits
from cryptotrace.reports.numbers import PricedSum
from cryptotrace.reports.sentences import (
    comparison_line,
    exit_span,
    openings,
    order,
    policies,
    state,
    throughput,
    verdict_text,
)
from cryptotrace.reports.store_facts import read_store


@pytest.fixture
def facts(case: Case) -> Facts:
    return gather(
        case.trace, case.estimate, case.comparison, envelope=case.envelope, stored=read_store(case.store), rules=("campaign",),
        title="Tiny", case_id="t",
    )  # fmt: skip


@pytest.fixture
def hack(outflow_case: Case) -> Facts:
    return gather(
        outflow_case.trace, outflow_case.estimate, envelope=outflow_case.envelope, stored=read_store(outflow_case.store)
    )


def rung(name: str, *values: int | None, reason: str = "") -> Rung:
    low, central, high = (None if value is None else Decimal(value) for value in values)
    return Rung(
        id=name,
        title="t",
        low_usd=low,
        central_usd=central,
        high_usd=high,
        transfers=3,
        payers=2,
        definition="d",
        reason=reason,
    )


def with_rung(facts: Facts, new: Rung) -> Facts:
    return replace(facts, rungs=tuple(new if old.id == new.id else old for old in facts.rungs))


def test_the_answer_has_five_lines_with_the_figures_of_the_ladder(facts: Facts) -> None:
    went_in, victims, reached, rest, unknown = answer(facts)
    # 1,234.567891 + 77,777.777777 + 5,000 + 9,876.543219 into the scam; A got 100 back
    assert went_in.figure == "93,889 USD"
    assert "2 scam addresses" in went_in.text
    assert "by 3 payers" in went_in.text
    assert victims.figure.endswith("93,789 USD")
    assert "E3" in victims.text
    assert "reached exchanges and other exits (E4" in reached.text
    assert "Tether could freeze" in rest.text
    assert unknown.text.startswith("Victims who paid other addresses")


def test_stolen_is_said_of_the_victims_line_only(facts: Facts) -> None:
    saying = [line.label for line in answer(facts) if "stolen" in line.sentence.lower()]
    assert saying == ["Victims lost"]
    others = [policies(facts), openings(facts), order(facts), throughput(facts)]
    assert not any("stolen" in text.lower() for text in others)


def test_stolen_is_never_said_of_a_case_without_victims_payments(hack: Facts) -> None:
    assert not any("stolen" in line.sentence.lower() for line in answer(hack))
    assert not any("stolen" in text.lower() for _, text in limits(hack))


def test_an_outflow_case_has_no_loss_and_says_why(hack: Facts) -> None:
    source, victims, *_ = answer(hack)
    assert source.label == "Left the source"
    assert source.figure == "90,000 USD"
    assert victims.figure == "No figure"
    assert "not in the data" in victims.text
    assert "not zero" in victims.text
    assert "times the source outflow" in throughput(hack)


def test_the_five_lines_are_short(facts: Facts, hack: Facts) -> None:
    for each in (facts, hack):
        assert sum(len(line.sentence.split()) for line in answer(each)) <= 150


def test_a_rung_without_a_figure_gives_its_reason(facts: Facts) -> None:
    changed = with_rung(facts, rung("E1", None, None, None, reason="nobody looked"))
    assert answer(changed)[0].sentence == "No figure for what went into 2 scam addresses: nobody looked. That is not zero."


def test_the_range_stands_before_the_point(facts: Facts) -> None:
    changed = with_rung(facts, rung("E3", 100, 200, 300))
    assert answer(changed)[1].sentence.startswith("100 to 300 USD stolen: plausible victims' payments")
    assert "shown: 200" in answer(changed)[1].text


def test_one_policy_alone_has_no_range(case: Case) -> None:
    alone = gather(case.trace, case.estimate)
    flat = with_rung(alone, rung("E4", 500, 500, 500))
    assert exit_span(flat) == (None, Decimal(500), None)
    assert "(E4; range unknown: only haircut, in proportion was run)" in answer(flat)[2].text
    assert "not known" in policies(flat)
    unpriced = replace(flat, policies=5)
    assert "no price" in policies(unpriced)


def test_the_envelope_gives_the_range_where_the_estimate_did_not_have_it(facts: Facts) -> None:
    shown = sum((place.value.known for place in facts.exits), Decimal(0))
    flat = replace(
        with_rung(facts, replace(facts.rung("E4"), low_usd=shown, central_usd=shown, high_usd=shown)),
        exits_range=(shown - 10, shown + 10),
    )
    assert exit_span(flat) == (shown - 10, shown, shown + 10)


def test_a_policy_that_does_not_conserve_is_refused(case: Case) -> None:
    with pytest.raises(InputError, match="counts money more than once"):
        gather(case.envelope["poison"], case.estimate)


def test_only_labelled_exchanges_are_called_exchanges(facts: Facts) -> None:
    def ends(*categories: str) -> str:
        value = PricedSum(Decimal(5), 0, 1)
        places = tuple(Place(name=f"N{c}", category=c, value=value, addresses=1) for c in categories)
        return answer(replace(facts, period_exits=places))[2].text

    assert "reached exchanges (E4" in ends("exchange", "exchange_deposit")
    assert "reached exchanges and other exits (E4" in ends("exchange", "mixer")
    assert "none of them labelled an exchange" in ends("mixer")
    assert "the ends that the labels declare" in ends("terminal")
    nothing = with_rung(replace(facts, exits=(), exits_range=(Decimal(0), Decimal(0))), rung("E4", 0, 0, 0))
    assert answer(nothing)[2].sentence == "0 USD reached an exchange or another labelled exit, as far as the data show (E4)."


def test_what_stopped_at_incomplete_addresses_widens_the_range_and_is_said(facts: Facts) -> None:
    frontier = (Place(name="partial", category="", value=PricedSum(Decimal(40), 0, 2), addresses=1),)
    changed = with_rung(
        replace(
            facts,
            exits=(),
            period_exits=(),
            frontier=frontier,
            period_stopped=frontier[0].value,
            exits_range=(Decimal(0), Decimal(0)),
            exits_shown=Decimal(0),
        ),
        rung("E4", 0, 0, 40),
    )
    line = answer(changed)[2]
    assert line.figure == "0 to 40 USD"
    assert "The high end counts the 40 USD that stopped at incomplete addresses" in line.text
    assert policies(changed).startswith("No, not here: under each of the 5 policies that conserve money, the same 0 USD")
    assert "not complete" in dict(limits(changed))["Range and policy"]


def test_what_is_left_names_issuers_and_frontier_reasons(facts: Facts) -> None:
    frontier = (Place(name="not_pulled", category="", value=PricedSum(Decimal(40), 1, 2), addresses=1),)
    text = answer(replace(facts, frontier=frontier, frontier_range=(None, None)))[3].text
    assert "could not be followed further (not pulled 40 USD and 1 amount without a price)" in text
    nothing = answer(replace(facts, resting=(), frontier=()))[3]
    assert nothing.figure == "0 USD"
    unpriced = (Place(name="", category="", value=PricedSum(Decimal(0), 2, 2), addresses=2),)
    assert answer(replace(facts, resting=unpriced, resting_range=(None, None)))[3].figure == "unknown"


def test_completeness_is_complete_partial_or_unknown(facts: Facts) -> None:
    assert facts.is_complete is True
    assert state(facts) == "complete: 9 of 9 addresses"
    partial = replace(facts, complete_addresses=6)
    assert state(partial) == "partial: 6 of 9 addresses complete"
    assert "3 incomplete addresses" in answer(partial)[4].text
    assert "unknown" in state(replace(facts, all_addresses=None))
    stopped = (Place(name="partial", category="", value=PricedSum(Decimal(9), 0, 1), addresses=1),)
    assert replace(facts, frontier=stopped).is_complete is False


def test_rejected_rows_are_said_to_be_unknown(facts: Facts) -> None:
    assert facts.rejects == 1
    assert "what 1 unreadable row said" in answer(facts)[4].text


def test_openings_and_order_say_their_share(facts: Facts) -> None:
    assert "no unexplained opening balance" in openings(replace(facts, openings=0))
    text = openings(
        replace(
            facts,
            openings=2,
            through_openings=Decimal(50),
            openings_tainted_exits=Decimal(77),
            moved=PricedSum(Decimal(200), 0, 4),
        )
    )
    assert "50 USD of traced movements (25.0% of their value" in text
    assert "77 USD would have reached exits" in text
    assert "No traced value rests" in order(replace(facts, inexact_order=Decimal(0)))
    assert "(5.0% of their value" in order(replace(facts, inexact_order=Decimal(10), moved=PricedSum(Decimal(200), 0, 4)))
    assert "unknown" in order(replace(facts, inexact_order=None))


def test_a_policy_that_changes_nothing_is_said_so(facts: Facts) -> None:
    flat = replace(facts, exits_range=(Decimal(5), Decimal(5)), exits_shown=Decimal(5), policies=5)
    assert policies(flat).startswith("No, not here: under each of the 5 policies")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "ours (E1) is at least 3.21% of the reported figure"),
        ({"verdict": "not_comparable"}, "not comparable"),
        ({"ratio_low": Decimal(0)}, "no share of the reported figure can be stated: the low end of ours (E1) is 0"),
        (
            {"verdict": "above", "ratio_low": Decimal("1.5"), "ratio_high": Decimal(2)},
            "above: ours (E1) is 1.50 to 2.00 times the reported figure",
        ),
        (
            {"verdict": "consistent", "ratio_low": Decimal(1), "ratio_high": Decimal(1)},
            "consistent: ours (E1) is 1.00 times the reported figure",
        ),
        (
            {"verdict": "undetermined", "ratio_low": Decimal("0.0378"), "ratio_high": Decimal("0.04")},
            "undetermined: ours (E1) is 3.78% to 4.00% of the reported figure",
        ),
        ({"verdict": "below", "ratio_low": None, "rung": None}, "below: ours is an unknown multiple of the reported figure"),
    ],
)  # fmt: skip
def test_a_verdict_in_words(changes: dict[str, object], text: str) -> None:
    assert verdict_text(verdict(**changes)) == text


def test_the_comparison_line_gives_the_first_verdict_or_none(facts: Facts, case: Case) -> None:
    assert "at least 3.21%" in comparison_line(facts, case.comparison)
    assert comparison_line(facts, ()).startswith("Beside reported totals: none of 1 figure may be compared")


def test_limits_hold_every_subject_in_order(facts: Facts) -> None:
    subjects = [name for name, _ in limits(facts)]
    assert subjects[:10] == [
        "Range and policy", "Coverage", "Clusters", "Words", "Prices", "Time", "Sources", "What would change it most", "Age",
        "Review",
    ]  # fmt: skip
    assert all(len(text) > 20 for _, text in limits(facts))


@pytest.mark.parametrize(
    ("subject", "pattern"),
    [
        ("Range and policy", r"between [\d,]+ USD and [\d,]+ USD.*haircut"),
        ("Coverage", r"9 of 9 addresses complete.*1 row could not be read"),
        ("Clusters", r"campaign.*not measured"),
        ("Words", r'"Traced to".*owned.*"reached"'),
        ("Prices", r"No price file was given.*2 traced movements of \d+ .* no price"),
        ("Time", r"UTC.*validator"),
        ("Sources", r"file:pay.csv.*not measured"),
        ("What would change it most", r"Nothing that was varied moves a figure"),
        ("Age", r"as of 2024-03-0\d"),
        ("Review", r"No person has reviewed"),
    ],
)
def test_each_limit_states_its_fact(facts: Facts, subject: str, pattern: str) -> None:
    assert re.search(pattern, dict(limits(facts))[subject])


def test_the_assumption_that_changes_most_is_named(facts: Facts, hack: Facts) -> None:
    changed = replace(facts, top_sensitivities=("E3 largest single payment: 500,000 USD (-18.5%)",))
    assert "(-18.5%)" in dict(limits(changed))["What would change it most"]
    spread = replace(hack, exits_range=(Decimal(1), Decimal(3)))
    assert "only the policy" in dict(limits(spread))["What would change it most"]


def test_limits_speak_of_the_edition_and_of_synthetic_worlds(facts: Facts) -> None:
    assert "Pseudonyms" in dict(limits(facts))
    assert "Pseudonyms" not in dict(limits(replace(facts, edition="restricted")))
    assert "Synthetic" in dict(limits(replace(facts, synthetic=True)))


def test_the_text_for_a_terminal_has_the_same_five_lines(case: Case) -> None:
    text = report_text(
        case.trace, case.estimate, case.comparison, store=case.store, envelope=case.envelope, title="Tiny", synthetic=True
    )
    lines = text.splitlines()
    assert lines[0].startswith("SYNTHETIC")
    assert lines[1].startswith("Tiny: ")
    assert "complete: 9 of 9 addresses" in lines[1]
    assert [line[:2] for line in lines[2:7]] == ["1.", "2.", "3.", "4.", "5."]
    assert not any(line.startswith("Beside reported totals") for line in lines)  # an invented sum stands beside nothing real
    assert "0x" not in text


def test_the_text_of_a_real_case_ends_with_the_comparison(case: Case) -> None:
    text = report_text(case.trace, case.estimate, case.comparison, store=case.store, envelope=case.envelope)
    assert text.splitlines()[-1].startswith("Beside reported totals")


def test_the_text_without_a_store_does_not_claim_completeness(case: Case) -> None:
    text = report_text(case.trace, case.estimate)
    assert "completeness unknown" in text
