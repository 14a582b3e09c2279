"""Editions, copies and parts: what is stale, and what may never be summed."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cryptotrace.registry import reported_totals
from cryptotrace.registry.vintages import edition_chain, never_add, same_money, vintage_status

OHCHR = "ohchr_2023_world_scam_revenue_2021"


@pytest.fixture(scope="module")
def whole():
    return reported_totals(include_superseded=True)


def test_the_un_figure_cites_a_superseded_edition_whose_latest_is_10_9_billion(whole):
    status = whole.status_of(OHCHR)
    assert (status.status, status.printed, status.via) == ("cites_superseded", "current", "chainalysis_2022a_scams_2021")
    assert status.stale
    assert whole.latest(OHCHR).id == "chainalysis_2023_scams_2021_rev"
    assert whole.latest(OHCHR).best_usd == 10_900_000_000
    assert [one.best_usd for one in whole.editions(OHCHR)] == [7_700_000_000, 7_800_000_000, 10_900_000_000]


def test_status_is_found_from_a_narrow_selection_too(whole):
    narrow = whole.filter(publisher="OHCHR")
    assert narrow.status_of(OHCHR) == whole.status_of(OHCHR)


def test_a_record_is_stale_exactly_if_it_or_its_money_has_a_successor(whole):
    for record in whole:
        expected = any(whole.table[one].superseded_by for one in same_money(whole.table, record.id))
        assert whole.status_of(record.id).stale == expected
        assert not whole.status_of(whole.latest(record.id).id).stale


def test_the_un_figure_is_never_added_to_copies_editions_parts_or_shared_input(whole):
    assert {one.id: one.reason for one in whole.never_add(OHCHR)} == {
        "chainalysis_2022a_scams_2021": "same_money",
        "chainalysis_2021b_scams_2021": "vintage",
        "chainalysis_2023_scams_2021_rev": "vintage",
        "chainalysis_2022a_rugpulls_2021": "inside",
        "chainalysis_2021b_finiko": "inside",
        "hyperfund_case": "not_independent",
    }


def test_a_part_of_an_early_edition_is_never_added_to_a_later_one(whole):
    reasons = {one.id: one.reason for one in whole.never_add("chainalysis_2021b_finiko")}
    assert reasons["chainalysis_2023_scams_2021_rev"] == "contains"
    assert reasons[OHCHR] == "contains"


def test_frozen_usdt_counted_by_four_bodies_is_one_sum_of_money(whole):
    ids = {one.id for one in whole.never_add("tether_2023_225m")}
    assert {"doj_2025_225m", "doj_2025_strikeforce", "doj_2026_strikeforce_578m"} <= ids


@dataclass(frozen=True, slots=True)
class Node:
    """A record of a made-up registry."""

    id: str
    status: str = "current"
    supersedes: tuple[str, ...] = ()
    superseded_by: tuple[str, ...] = ()
    subset_of: tuple[str, ...] = ()
    same_money_as: tuple[str, ...] = ()
    not_independent_of: tuple[str, ...] = ()


def money_is_in_one_edition(table):
    money = {name: min(same_money(table, name)) for name in table}
    older = {one: set() for one in money.values()}
    for name, node in table.items():
        older[money[name]] |= {money[other] for other in node.supersedes}
    try:
        TopologicalSorter(older).prepare()
    except CycleError:
        return False
    return True


@st.composite
def registries(draw):
    """Records with editions in chains, copies both ways, and parts that point to earlier records only."""
    size = draw(st.integers(2, 10))
    names = [f"r{n}" for n in range(size)]
    older: dict[str, str] = {}
    for n in range(1, size):
        if draw(st.booleans()):
            candidates = [name for name in names[:n] if name not in older.values()]
            if candidates:
                older[names[n]] = draw(st.sampled_from(candidates))
    pairs = st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=4)
    copies = {frozenset(pair) for pair in draw(pairs) if pair[0] != pair[1]}
    shared = {frozenset(pair) for pair in draw(pairs) if pair[0] != pair[1]}
    parts = {(part, whole) for part, whole in draw(pairs) if names.index(whole) < names.index(part)}
    newer = {old: new for new, old in older.items()}

    def mates(links, name):
        return tuple(sorted(other for link in links if name in link for other in link - {name}))

    table = {
        name: Node(
            id=name,
            status="superseded" if name in newer else "current",
            supersedes=(older[name],) if name in older else (),
            superseded_by=(newer[name],) if name in newer else (),
            subset_of=tuple(sorted(whole for part, whole in parts if part == name)),
            same_money_as=mates(copies, name),
            not_independent_of=mates(shared, name),
        )
        for name in names
    }
    # one sum of money is never two editions at once: the checks refuse such a file
    assume(money_is_in_one_edition(table))
    return table


@given(registries())
def test_never_adding_is_mutual_and_holds_every_direct_relation(table):
    for name, node in table.items():
        forbidden = {one.id for one in never_add(table, name)}
        assert name not in forbidden
        direct = {*node.supersedes, *node.superseded_by, *node.subset_of, *node.same_money_as, *node.not_independent_of}
        assert direct - {name} <= forbidden
        for other in forbidden:
            assert name in {one.id for one in never_add(table, other)}


@given(registries())
def test_editions_are_ordered_and_the_latest_is_never_superseded(table):
    for name in table:
        chain = edition_chain(table, name)
        assert name in chain
        assert all(table[new].supersedes == (old,) for old, new in pairwise(chain))
        status = vintage_status(table, name)
        assert not table[status.latest].superseded_by
        assert status.stale == (status.latest != name)


@given(registries())
def test_every_copy_of_a_superseded_figure_is_stale(table):
    for name, node in table.items():
        if node.superseded_by:
            assert all(vintage_status(table, copy).stale for copy in same_money(table, name))
