"""The tables beside the registry: categories and bridges."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cryptotrace.errors import InputError, RegistryError
from cryptotrace.registry import apply_bridge, bridges, bridges_from, category_relation, matching_categories, reported_totals
from cryptotrace.registry.bridges import check_bridges
from cryptotrace.registry.categories import (
    ALIASES,
    OUR_CATEGORIES,
    category_links,
    check_category_links,
    resolve_category,
)
from cryptotrace.registry.vocabulary import CATEGORIES

OHCHR = "ohchr_2023_world_scam_revenue_2021"


@pytest.fixture(scope="module")
def whole():
    return reported_totals(include_superseded=True)


def test_every_category_of_the_registry_is_mapped(whole):
    assert check_category_links(category_links()) == []
    assert {one.category for one in whole} <= {link.registry_category for link in category_links()}


def test_a_broken_table_of_categories_is_caught():
    links = category_links()
    similar, theft = replace(links[2], relation="similar"), replace(links[3], our_category="theft")
    broken = (links[1], similar, theft, *links[4:], links[5])
    rules = [one.rule for one in check_category_links(broken)]
    assert sorted(rules) == ["every_category_is_mapped", "one_relation_a_pair", "words_are_known", "words_are_known"]


@pytest.mark.parametrize("name", [*ALIASES, "Pig Butchering", "sha-zhu-pan", " romance_baiting "])
def test_every_name_of_romance_baiting_finds_it(name):
    assert resolve_category(name) == "romance_baiting"
    assert "pig_butchering" in matching_categories(name)
    assert "all_fraud" not in matching_categories(name)


@pytest.mark.parametrize(
    ("published", "ours", "relation"),
    [
        ("pig_butchering", "romance_baiting", "exact"),
        ("pig_butchering", "sha_zhu_pan", "exact"),
        ("all_crypto_scams", "romance_baiting", "broader"),
        ("all_fraud", "romance_baiting", "broader"),
        ("crypto_investment_fraud", "romance_baiting", "overlaps"),
        ("approval_phishing", "phishing_drainer", "narrower"),
        ("all_crypto_scams", "hack", None),
        ("crypto_nexus_all_crime", "hack", "broader"),
        ("rug_pull", "romance_baiting", None),
        ("crypto_atm_fraud", "romance_baiting", None),
        ("all_fraud", "no_such_category", None),
    ],
)
def test_relations_of_categories_are_those_of_the_table_and_through_all_scams(published, ours, relation):
    assert category_relation(published, ours) == relation


def test_every_pair_of_categories_has_an_answer():
    answers = {category_relation(published, ours) for published in CATEGORIES for ours in OUR_CATEGORIES}
    assert answers == {"exact", "broader", "narrower", "overlaps", None}


def test_an_unknown_category_lists_ours():
    with pytest.raises(InputError, match="Known: all_scams, romance_baiting"):
        resolve_category("zzz")


def test_the_shipped_bridges_hold_against_the_shipped_registry(whole):
    assert check_bridges(bridges(), whole) == []


def test_bridges_give_the_arithmetic_of_the_card(whole):
    steps = {one.id: apply_bridge(one.id, whole) for one in bridges_from(whole, OHCHR)}
    assert steps["ohchr_2021_without_rug_pulls"].result_usd == Decimal(5_000_000_000)
    assert steps["ohchr_2021_without_finiko"].start_usd == Decimal(5_000_000_000)
    assert steps["ohchr_2021_without_finiko"].result_usd == Decimal(3_900_000_000)
    assert steps["ohchr_2021_latest_edition"].result_usd == Decimal(10_900_000_000)
    assert steps["ohchr_2021_without_finiko"].records == (
        OHCHR,
        "chainalysis_2022a_rugpulls_2021",
        "chainalysis_2021b_finiko",
    )


def test_bridges_are_found_from_a_copy_of_the_same_money_and_not_from_another_edition(whole):
    assert bridges_from(whole, "chainalysis_2022a_scams_2021") == bridges()
    assert bridges_from(whole, "chainalysis_2023_scams_2021_rev") == ()


def test_an_unknown_bridge_is_refused_with_the_known_ones(whole):
    with pytest.raises(RegistryError, match="Known: ohchr_2021_without_rug_pulls"):
        apply_bridge("ohchr_2021_without_rug_pull", whole)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"operation": "times"}, "operation_is_known"),
        ({"from_id": "nowhere_1"}, "ends_exist"),
        ({"record": "nowhere_1"}, "ends_exist"),
        ({"caveat": ""}, "says_what_it_is"),
        ({"result_usd": Decimal(4_900_000_000)}, "result_is_what_is_written"),
        ({"record": "trm_2023_ponzi_2022"}, "part_is_of_the_same_edition"),
        ({"from_id": "chainalysis_2023_scams_2021_rev"}, "part_is_of_the_same_edition"),
        ({"operation": "replace"}, "edition_is_latest"),
    ],
)
def test_a_broken_bridge_is_caught(whole, change, rule):
    table = tuple(replace(one, **change) if one.id == "ohchr_2021_without_rug_pulls" else one for one in bridges())
    assert rule in {one.rule for one in check_bridges(table, whole)}


def test_a_bridge_that_stands_twice_or_below_zero_is_caught(whole, changed):
    assert "bridge_is_unique" in {one.rule for one in check_bridges((*bridges(), bridges()[0]), whole)}
    path = changed(OHCHR, central_usd="2000000000", original_amount="2000000000")
    small = reported_totals(path=path)
    assert "result_is_positive" in {one.rule for one in check_bridges(bridges(), small)}
