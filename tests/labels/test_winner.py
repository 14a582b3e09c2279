"""Which label wins: each step of the rule, and that order never matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.labels.vocabulary import STATEMENTS
from cryptotrace.labels.winner import combined, precedence, winners
from cryptotrace.model import Label, Labels

OLD, NEW = datetime(2020, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)


def label(**fields) -> Label:
    return Label(**{"chain": "ethereum", "address": "0x1", "label": "x", **fields})


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (label(boundary=False), label(category="exchange", confidence=100)),
        (label(category="exchange", confidence=5), label(statement="frozen", confidence=100)),
        (label(category="dex", confidence=5), label(category="dex", verified=False, confidence=100)),
        (label(category="hack", confidence=20), label(category="exchange", confidence=10)),
        (label(category="hack", confidence=0), label(category="hack")),
        (label(category="hack", statement="convicted"), label(category="exchange", statement="label")),
        (label(category="hyip_ponzi", source="z"), label(category="scam_unspecified", source="a")),
        (label(category="exchange", source="z"), label(category="hack", source="a")),
        (label(category="exchange", last_modified=NEW), label(category="exchange", last_modified=OLD, source="")),
        (label(category="exchange", last_modified=OLD, source="z"), label(category="exchange", source="a")),
        (label(category="exchange", source="a"), label(category="exchange", source="b")),
        (label(category="exchange", label="a"), label(category="exchange", label="b")),
    ],
)
def test_each_step_of_the_rule_decides_where_those_before_are_equal(better, worse):
    assert winners([worse, better]) == winners([better, worse]) == {("ethereum", "0x1"): better}


labels = st.builds(
    Label,
    chain=st.just("ethereum"),
    address=st.sampled_from(["a", "b"]),
    label=st.sampled_from(["x", "y"]),
    category=st.sampled_from([None, "exchange", "scam_unspecified", "hack"]),
    statement=st.sampled_from(STATEMENTS),
    source=st.sampled_from(["s", "t"]),
    confidence=st.none() | st.integers(0, 100),
    last_modified=st.sampled_from([None, OLD, NEW]),
    verified=st.booleans(),
    boundary=st.sampled_from([None, True, False]),
)


@given(st.lists(labels, max_size=12).flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))))
def test_order_never_changes_the_winners(pair):
    found, shuffled = pair
    assert winners(found) == winners(shuffled)


@given(labels, labels)
def test_only_equal_labels_tie(first, second):
    second = replace(second, address=first.address)
    assert (precedence(first) == precedence(second)) == (first == second)


def test_labels_loaded_apart_are_judged_together():
    weak, strong = label(category="exchange", confidence=20), label(category="mixer", confidence=60)
    parts = [Labels((weak,), (), winners([weak])), Labels((strong,), (), winners([strong]))]
    both = combined(*parts)
    assert both.items == (weak, strong)
    assert both.of("ethereum", "0x1") == strong
    assert combined() == Labels()
