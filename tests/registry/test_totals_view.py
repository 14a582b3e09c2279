"""What `cryptotrace totals` shows: cards whose numbers come from the records, and plain text."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptotrace.errors import InputError
from cryptotrace.registry import render_totals, reported_totals, totals_view
from cryptotrace.registry.wording import billions, differences, safe

OHCHR = "ohchr_2023_world_scam_revenue_2021"


@pytest.fixture(scope="module")
def text():
    return render_totals(period="2021")


@pytest.fixture(scope="module")
def view():
    return totals_view("2021")


def plain(text):
    """One line, so that wrapping does not matter."""
    return " ".join(text.split())


def card_text(view, card):
    found = next(one for one in view.cards if one.id == card)
    return "\n".join([found.title, *(point for section in found.sections for point in section.points)])


def test_2021_shows_the_un_card_and_beside_it_the_two_context_cards(view):
    assert [(one.id, one.kind) for one in view.cards] == [
        ("un_2021", "figure"),
        ("interpol_storm_makers_2", "context"),
        ("un_forced_work_2023", "context"),
    ]


def test_the_un_card_says_whose_it_is_its_editions_bridges_and_limits(view):
    card = plain(card_text(view, "un_2021"))
    for words in (
        "7.8 billion USD (7,800,000,000)",
        "A citation, not an estimate of the UN's own",
        "16 December 2021: at least 7.7 billion USD",
        "6 January 2022: at least 7.8 billion USD (7,800,000,000), Chainalysis; the UN repeats this one",
        "at least 10.9 billion USD (10,900,000,000), Chainalysis; the latest",
        "7.8 - 2.8 = 5.0 billion USD (5,000,000,000)",
        "5.0 - 1.1 = 3.9 billion USD (3,900,000,000)",
        "Never take them off the latest edition",
        "E / 10.9 is your share of the latest edition",
        "27.8 billion USD a year, Griffin & Mei (UT Austin): money that reached exchange deposits",
        "rug pulls: already inside this figure",
        "another edition of the same figure",
        "TRM Labs, 28 June 2023: Ponzi and high-yield schemes",
        "TOTAL illicit volume of 2020 was also 7.8bn",
    ):
        assert words in card, words


def test_the_storm_makers_card_has_the_five_counts_each_with_its_caveat(view):
    card = plain(card_text(view, "interpol_storm_makers_2"))
    for words in (
        "281 people arrested. Caveat:",
        "149 people rescued. Caveat:",
        "450 places inspected. Caveat:",
        "27 countries took part. Caveat:",
        "360 inquiries. Caveat:",
        "16 to 20 October 2023",
    ):
        assert words in card, words


def test_the_forced_work_card_has_both_counts_and_why_division_has_no_meaning_but_no_quotient(view):
    card = plain(card_text(view, "un_forced_work_2023"))
    for words in (
        "at least 120,000 people held in Myanmar. Caveat:",
        "100,000 people held in Cambodia. Caveat:",
        "rug pulls 2.8 billion and the Ponzi scheme Finiko 1.1 billion",
        "moves it by a factor of 2.8",
        "neither a most nor a least",
    ):
        assert words in card, words
    for quotient in ("35,455", "17,727", "49,545", "220,000"):
        assert quotient not in card


@pytest.mark.parametrize(
    ("record", "cells", "card", "before", "after"),
    [
        (
            "chainalysis_2022a_rugpulls_2021",
            {"central_usd": "3000000000", "original_amount": "3000000000"},
            "un_2021",
            "7.8 - 2.8 = 5.0",
            "7.8 - 3.0 = 4.8",
        ),
        (
            "chainalysis_2021b_finiko",
            {"central_usd": "1200000000", "original_amount": "1200000000"},
            "un_2021",
            "5.0 - 1.1 = 3.9",
            "5.0 - 1.2 = 3.8",
        ),
        (
            "chainalysis_2023_scams_2021_rev",
            {"central_usd": "11500000000", "original_amount": "11500000000"},
            "un_forced_work_2023",
            "7.8 or 10.9 billion) moves it by a factor of 2.8",
            "7.8 or 11.5 billion) moves it by a factor of 2.9",
        ),
        (OHCHR, {"published": "2023-08-30"}, "un_2021", "194 days old", "195 days old"),
        ("interpol_sm2_arrests", {"original_amount": "282"}, "interpol_storm_makers_2", "281 people", "282 people"),
        ("ohchr_2023_cambodia_forced", {"original_amount": "90000"}, "un_forced_work_2023", "100,000", "90,000"),
        ("trm_2023_ponzi_2022", {"central_usd": "7900000000", "original_amount": "7900000000"}, "un_2021", "TRM Labs", ""),
    ],
)
def test_a_changed_record_changes_the_card(view, changed, record, cells, card, before, after):
    path = changed(record, **cells)
    assert before in plain(card_text(view, card))
    mended = plain(card_text(totals_view("2021", path=path), card))
    assert before not in mended
    assert after in mended


def test_a_registry_without_the_parts_or_the_editions_still_gives_a_card(rows, write_registry):
    gone = {"chainalysis_2022a_rugpulls_2021", "chainalysis_2023_scams_2021_rev", "chainalysis_2022a_scams_2021"}
    kept = [row for row in rows if row["id"] not in gone]
    for row in kept:
        for relation in ("supersedes", "superseded_by", "subset_of", "same_money_as", "not_independent_of"):
            row[relation] = ";".join(one for one in row[relation].split(";") if one not in gone)
        if row["status"] == "superseded" and not row["superseded_by"]:
            row["status"] = "current"
    view = totals_view("2021", path=write_registry(kept))
    card = plain(card_text(view, "un_2021"))
    assert "The registry holds no later edition" in card
    assert " - " not in card
    assert "factor" not in card_text(view, "un_forced_work_2023")


def test_the_source_of_the_cards_holds_no_figure_of_its_own():
    from importlib import resources

    for name in ("cards.py", "context_cards.py"):
        source = resources.files("cryptotrace.registry").joinpath(name).read_text(encoding="utf-8")
        for figure in ("7.8", "7.7", "10.9", "2.8", "1.1", "3.9", "5.0", "281", "149", "450", "360", "120,000", "100,000"):
            assert figure not in source, f"{figure} is written in {name}"


def test_the_amounts_of_the_un_card_are_exact_decimals_by_record_and_bridge(view):
    amounts = dict(view.cards[0].amounts)
    assert amounts[OHCHR] == Decimal(7_800_000_000)
    assert amounts["ohchr_2021_without_finiko"] == Decimal(3_900_000_000)
    assert all(isinstance(amount, Decimal) for amount in amounts.values())


def test_every_selected_record_is_shown_once_with_its_caveat(view, text):
    on_context = {one for card in view.cards if card.kind == "context" for one in card.records}
    shown = [row.record.id for group in view.groups for row in group.rows]
    assert sorted(shown) == sorted(one.id for one in reported_totals(period="2021") if one.id not in on_context)
    whole = plain(text)
    for group in view.groups:
        for row in group.rows:
            assert row.record.id in whole
            assert plain(row.record.caveat) in whole


def test_rows_with_one_letter_agree_in_every_key_and_rows_without_differ_from_all(view):
    rows = [row for group in view.groups for row in group.rows]
    letters = {row.like for row in rows if row.like}
    assert letters
    for row in rows:
        alike = [other for other in rows if other is not row and not differences(row.record, other.record)]
        same_scope = [
            other
            for other in alike
            if row.record.geography_basis not in {"service", "case"} or other.record.scope == row.record.scope
        ]
        assert bool(row.like) == bool(same_scope)
        assert all(other.like == row.like for other in same_scope)


def test_rows_of_one_letter_with_another_scope_say_so():
    rows = {row.record.id: row for group in totals_view("2024").groups for row in group.rows}
    one_chain, world = rows["cyvers_2024_pigbutchering"], rows["trm_2025_pigbutchering_2024"]
    assert one_chain.like == world.like
    assert one_chain.scope_differs
    assert world.scope_differs
    shown = plain(render_totals(period="2024"))
    assert f"The rows marked [{world.like}] have different scopes in their publishers' words" in shown


def test_the_stale_copy_is_marked_with_the_latest_edition(text):
    assert "STALE: repeats a figure that has been replaced. Latest edition: at least 10.9 billion USD" in plain(text)


def test_a_year_without_records_says_so():
    view = totals_view("1999")
    assert view.empty
    shown = plain(view.to_text())
    assert "no published figure for 1999" in shown
    assert "2014 to 2026" in shown


def test_the_year_of_the_operation_shows_the_context_without_the_un_figure():
    view = totals_view("2023")
    assert {one.id for one in view.cards} == {"interpol_storm_makers_2", "un_forced_work_2023"}
    assert "BESIDE IT" not in view.to_text()


def test_a_category_is_shown_by_its_neutral_name_with_the_old_word_once_and_relations_in_words():
    shown = plain(render_totals(category="pig_butchering", period="2024"))
    assert shown.startswith('REPORTED TOTALS: romance baiting (older word: "pig butchering"), 2024')
    assert "Only overlaps with romance baiting: also other fake platforms" in shown


def test_a_bad_period_is_refused():
    with pytest.raises(InputError):
        render_totals(period="last year")


@settings(max_examples=10, deadline=None)
@given(width=st.integers(0, 200))
def test_text_keeps_to_its_width_but_for_long_single_words(width):
    for line in render_totals(period="2021", width=width).splitlines():
        assert len(line) <= max(width, 40) or len(line.split()) <= 2, line


def test_text_is_ascii_without_colours(text):
    assert re.sub(r"[\n\x20-\x7e]", "", text) == ""


def test_hostile_text_of_a_file_cannot_steer_a_terminal(changed):
    path = changed("ic3_2021_total", caveat="calm\x1b[2Jnow \u202egnp", scope="a\rb", publisher="FBI\x07")
    shown = render_totals(period="2021", path=path)
    assert not set(shown) & {"\x1b", "\r", "\x07", "\u202e"}
    assert "\\u{1b}" in shown


def test_the_dictionary_survives_json_and_keeps_exact_digits(view):
    again = json.loads(json.dumps(view.to_dict()))
    assert again["schema"] == "cryptotrace.totals/1"
    row = next(row for group in again["groups"] for row in group["rows"] if row["id"] == OHCHR)
    assert row["central_usd"] == "7800000000"
    assert row["effective_status"] == "cites_superseded"
    assert row["latest"] == "chainalysis_2023_scams_2021_rev"
    assert row["source_url"].startswith("http")
    card = again["cards"][0]
    assert card["amounts"]["ohchr_2021_without_rug_pulls"] == "5000000000"
    assert {"id": "chainalysis_2021b_finiko", "reason": "inside"} in card["never_add"]


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("7800000000", "7.8"),
        ("5000000000", "5.0"),
        ("1455943193", "1.456"),
        ("61400000", "0.0614"),
        ("37000000", "0.037"),
        ("1500", "0.0000015"),
        ("98000000000", "98.0"),
        ("1026000000000", "1,026.0"),
    ],
)
def test_billions_are_short_and_never_round_to_nothing(amount, words):
    assert billions(Decimal(amount)) == words


@given(st.text())
def test_shown_text_is_always_printable(text):
    assert safe(text).isprintable()
