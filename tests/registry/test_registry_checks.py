"""Every rule catches what breaks it, and the shipped registry breaks none."""

from __future__ import annotations

import copy
import importlib.util
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptotrace.registry.checks import check
from cryptotrace.registry.drafts import read_drafts
from cryptotrace.registry.record_rules import RECORD_RULES
from cryptotrace.registry.records import ReportedTotal
from cryptotrace.registry.relation_rules import RELATION_RULES
from cryptotrace.registry.vocabulary import COLUMNS

TODAY = date(2026, 12, 1)

# rule, record, column, new value, words of the message
MUTATIONS = [
    ("enums_are_known", "chainalysis_2026_scams_2025", "rail", "cash", "not allowed"),
    ("category_is_known", "chainalysis_2026_scams_2025", "category", "scams", "category="),
    ("dates_are_readable", "ic3_2024_crypto", "published", "2025-4-23", "date:"),
    ("dates_are_readable", "ic3_2024_crypto", "published", "20250423", "date:"),
    ("published_by_today", "ic3_2024_crypto", "published", "2999-01-01", "future"),
    ("bounds_are_ordered", "chainalysis_2026_scams_2025", "high_usd", "1", "ordered"),
    ("amounts_are_plain_numbers", "ic3_2024_crypto", "central_usd", "9.3bn", "plain number"),
    ("amounts_are_plain_numbers", "ic3_2024_crypto", "central_usd", "9e9", "plain number"),
    ("amounts_are_plain_numbers", "ic3_2024_crypto", "central_usd", "-5", "plain number"),
    ("conversion_is_plausible", "scamwatch_2023_crypto", "central_usd", "171100000", "implausible rate"),
    ("conversion_is_plausible", "scamwatch_2023_crypto", "original_amount", "0", "implausible rate"),
    ("printed_amount_is_plain", "scamwatch_2023_crypto", "original_amount", "1-2-3", "not a plain number"),
    ("relations_resolve", "ic3_2024_crypto", "subset_of", "nowhere_1", "does not exist"),
    ("relations_resolve", "ic3_2024_crypto", "subset_of", "ic3_2024_crypto", "itself"),
    ("relations_resolve", "ic3_2024_crypto", "subset_of", "ic3_2024_total;ic3_2024_total", "repeats"),
    ("relations_have_an_inverse", "tether_2023_225m", "same_money_as", "", "back"),
    ("relations_have_an_inverse", "chainalysis_2021b_scams_2021", "superseded_by", "", "back"),
    ("newer_edition_is_later", "chainalysis_2023_scams_2021_rev", "verified", "no", "memory never supersedes"),
    ("confidence_has_grounds", "trm_2026_fraud_2024_rev", "verified", "yes", "memory"),
    ("part_fits_in_whole", "ic3_2024_crypto_investment", "central_usd", "99000000000", "cannot be inside"),
    ("relations_are_acyclic", "ic3_2024_total", "subset_of", "ic3_2024_crypto_investment", "cycle"),
    ("confidence_has_grounds", "cyvers_2024_pigbutchering", "confidence", "high", "high confidence"),
    ("verified_has_evidence", "cyvers_2024_pigbutchering", "source_url", "", "http address"),
    ("verified_has_evidence", "cyvers_2024_pigbutchering", "location", "a newspaper", "in location"),
    ("counts_carry_no_money", "ohchr_2023_myanmar_forced", "central_usd", "5", "carries USD"),
    ("counts_have_a_unit", "ohchr_2023_myanmar_forced", "original_currency", "souls", "known unit"),
    ("counts_have_a_unit", "ohchr_2023_myanmar_forced", "original_amount", "", "an amount"),
    ("printed_amount_is_plain", "ohchr_2023_myanmar_forced", "original_amount", "many", "plain number"),
    ("printed_amount_is_plain", "fincen_2023_alert", "original_amount", "yes", "plain number"),
    ("annual_rate_is_marked", "griffin_mei_2025_annual", "annual_rate", "false", "annual_rate"),
    ("annual_rate_is_marked", "usip_2024_world", "annual_rate", "false", "annual rate"),
    ("usd_basis_fits_currency", "doj_2025_prince_btc", "usd_basis", "usd_in_source", "mark_to_market"),
    ("usd_basis_fits_currency", "ic3_2024_crypto", "usd_basis", "converted_by_us", "but currency is USD"),
    ("derived_is_marked", "chainalysis_2024_scams_2022_rev", "status", "revision", "derived"),
    ("keys_agree", "elliptic_2025_xinbi", "geography_basis", "world", "throughput"),
    ("keys_agree", "ic3_2024_crypto", "rail", "na", "rail=na"),
    ("keys_agree", "ic3_2024_crypto", "geography_basis", "offenders_in", "victims_in"),
    ("keys_agree", "chainalysis_2026_scams_2025", "geography", "Japan", "needs geography World"),
    ("part_is_in_the_same_unit", "interpol_sm2_investigations", "subset_of", "ftc_2022_crypto_cum", "inside"),
    ("part_lies_in_period", "spf_2025H1_crypto", "period_end", "2026-01-31", "inside"),
    ("id_is_unique", "ic3_2024_total", "id", "ic3_2025_total", "duplicate id"),
    ("id_is_snake_case", "ic3_2024_total", "id", "IC3 total", "snake case"),
    ("cells_are_trimmed", "ic3_2024_total", "scope", " US ", "white space"),
    ("cells_are_trimmed", "ic3_2024_total", "scope", "US\nvictims", "white space"),
    ("mandatory_cells_are_filled", "ic3_2024_total", "publisher", "", "publisher is empty"),
    ("period_runs_forward", "ic3_2024_total", "period_start", "2025-02-01", "after period_end"),
    ("published_after_period", "ic3_2024_total", "published", "2024-05-01", "before its period"),
    ("amounts_are_positive", "ic3_2024_total", "central_usd", "0", "positive"),
    ("money_has_an_amount", "ic3_2024_total", "central_usd", "", "without an amount"),
    ("money_has_an_amount", "ic3_2024_total", "original_amount", "", "without original_amount"),
    ("money_has_an_amount", "ic3_2024_total", "original_currency", "XYZ", "unknown currency"),
    ("bound_has_its_amount", "ic3_2024_total", "bound", "range", "range needs"),
    ("bound_has_its_amount", "unodc_2024_esea_losses", "bound", "point", "point needs"),
    ("status_agrees_with_editions", "chainalysis_2021b_scams_2021", "status", "current", "disagree"),
    ("newer_edition_is_later", "chainalysis_2023_scams_2021_rev", "published", "2022-01-01", "not later"),
    ("newer_edition_is_later", "chainalysis_2023_scams_2021_rev", "flow_concept", "laundered", "another concept"),
    ("changed_scope_is_said", "chainalysis_2023_scams_2021_rev", "period_end", "2022-01-31", "period differs"),
    ("changed_scope_is_said", "chainalysis_2023_scams_2021_rev", "category", "rug_pull", "category differs"),
]


def index(rows):
    return {row["id"]: row for row in rows}


def test_the_shipped_registry_breaks_no_rule_and_has_239_records(rows):
    assert check(rows, today=TODAY) == []
    assert len(rows) == 239


@pytest.mark.parametrize(("rule", "record", "column", "value", "words"), MUTATIONS)
def test_a_broken_cell_is_caught_by_the_rule_that_is_about_it(rows, rule, record, column, value, words):
    assert index(rows)[record][column] != value
    index(rows)[record][column] = value
    hits = [one for one in check(rows, today=TODAY) if one.rule == rule and words in one.what]
    assert hits, f"{rule} missed {record}.{column}={value!r}"


def test_one_figure_entered_twice_is_caught(rows):
    rows.append(dict(index(rows)["gasa_2025"], id="gasa_2025_again"))
    assert [one.rule for one in check(rows, today=TODAY)] == ["one_quantity_one_record"]


def test_an_edition_with_two_successors_is_caught(rows):
    table = index(rows)
    table["chainalysis_2021b_scams_2021"]["superseded_by"] += ";chainalysis_2023_scams_2021_rev"
    table["chainalysis_2023_scams_2021_rev"]["supersedes"] += ";chainalysis_2021b_scams_2021"
    assert "editions_do_not_branch" in {one.rule for one in check(rows, today=TODAY)}


def test_a_copy_that_is_also_an_edition_is_caught_over_another_copy(rows):
    table = index(rows)
    table["ohchr_2023_world_scam_revenue_2021"]["same_money_as"] += ";chainalysis_2023_scams_2021_rev"
    table["chainalysis_2023_scams_2021_rev"]["same_money_as"] = "ohchr_2023_world_scam_revenue_2021"
    assert [(one.record, one.rule) for one in check(rows, today=TODAY)] == [
        ("chainalysis_2022a_scams_2021", "copy_is_no_edition")
    ]


def test_every_record_and_relation_rule_has_a_mutation():
    tested_above = {"one_quantity_one_record", "editions_do_not_branch", "copy_is_no_edition"}
    covered = {rule for rule, *_ in MUTATIONS} | tested_above
    assert {rule.__name__ for rule in (*RECORD_RULES, *RELATION_RULES)} <= covered


def test_an_empty_table_a_foreign_header_and_a_short_row_stop_the_check_early(rows):
    assert [one.rule for one in check([])] == ["has_rows"]
    assert [one.rule for one in check([{"id": "a_1", "amount": "5"}])] == ["header_is_known"]
    rows[3].pop("caveat")
    assert [(one.record, one.rule) for one in check(rows)] == [(rows[3]["id"], "cell_count")]


def test_a_chain_of_five_thousand_parts_is_checked_without_recursion(rows):
    base = index(rows)["gasa_2025"]
    chain = [dict(base, id=f"part_{n}", scope=f"part {n}", subset_of="" if n == 0 else f"part_{n - 1}") for n in range(5000)]
    assert check(chain, today=TODAY) == []


garbage = st.one_of(
    st.sampled_from(["", "0", "1-", "nan", "inf", "1e400", "٣", "9" * 400, "2024-02-30", "a;b", ";;", "true", "\x00"]),
    st.text(max_size=20),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(st.tuples(st.integers(0, 238), st.sampled_from(COLUMNS), garbage), min_size=1, max_size=4))
def test_any_text_in_any_cell_gives_problems_or_else_readable_records(shipped_rows, edits):
    rows = copy.deepcopy(shipped_rows)
    for row, column, text in edits:
        rows[row][column] = text
    problems = check(rows, today=TODAY)
    assert all(one.rule and one.what for one in problems)
    if not problems:
        records = [ReportedTotal.from_draft(draft) for draft in read_drafts(rows)]
        assert [one.id for one in records] == [row["id"] for row in rows]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.randoms(use_true_random=False), mutation=st.sampled_from(MUTATIONS))
def test_the_order_of_the_rows_does_not_change_which_rules_are_broken(shipped_rows, order, mutation):
    _, record, column, value, _ = mutation
    rows = copy.deepcopy(shipped_rows)
    index(rows)[record][column] = value
    before = {one.rule for one in check(rows, today=TODAY)}
    order.shuffle(rows)
    assert {one.rule for one in check(rows, today=TODAY)} == before


@pytest.fixture(scope="module")
def independent_check(shared_data: Path):
    """The checker that was written beside the table, in another style and with floats."""
    path = shared_data.parent / "check_registry.py"
    if not path.is_file():
        pytest.skip("needs the checker beside the real data, which is not part of the project")
    spec = importlib.util.spec_from_file_location("independent_registry_check", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.check


PARSING_CELLS = """5 1000000 yes no true false World USD EUR BTC crypto na count 2021-01-01 2023-06-30 superseded
revision derived lower range high ic3_2024_total"""
cells_that_parse = st.sampled_from(["", "derived x", *PARSING_CELLS.split()])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=st.integers(0, 238), column=st.sampled_from(COLUMNS), text=cells_that_parse)
def test_two_checkers_of_different_make_agree_on_which_registry_is_broken(shipped_rows, independent_check, row, column, text):
    rows = copy.deepcopy(shipped_rows)
    rows[row][column] = text
    try:
        theirs = independent_check(copy.deepcopy(rows))
    except (TypeError, ZeroDivisionError) as error:  # it divides and compares before it looks
        theirs = [str(error)]
    # ours also reads the printed amount of counts and statements, which the other leaves alone
    ours = [one for one in check(rows, today=date.max) if theirs or one.rule != "printed_amount_is_plain"]
    assert bool(ours) == bool(theirs), f"{[str(one) for one in ours]} against {theirs}"
