"""Each ledger policy on the vectors of the method page, and against oracles that know nothing of our code."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.model import ALL, Fifo, Haircut, Lifo, Poison, TaintFirst, TaintLast, policy_named
from cryptotrace.tracing.policies import balance_under, convert, parcel_amount, parcel_taint

CONSERVING = [policy for policy in ALL if policy.conserving]
CLEAN, DIRTY = False, True


def run(policy, steps):
    """Credits (amount, is tainted) and debits (an int) in turn; gives the taint of each debit and what is left."""
    balance = balance_under(policy)
    left = []
    for step in steps:
        if isinstance(step, int):
            left.append(parcel_taint(balance.debit(step)))
        else:
            amount, tainted = step
            balance.credit([(amount, amount if tainted else 0)])
    return (*left, balance.taint)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("poison", (50, 80, 40, 60)),
        ("haircut", (30, 16, 8, 6)),
        ("fifo", (10, 50, 0, 0)),
        ("lifo", (50, 0, 10, 0)),
        ("taint_first", (50, 10, 0, 0)),
        ("taint_last", (10, 0, 20, 30)),
    ],
)
@pytest.mark.parametrize("scale", [1, 10**6, 10**18])
def test_vector_a(policy, expected, scale):
    steps = [(40 * scale, CLEAN), (60 * scale, DIRTY), 50 * scale, (100 * scale, CLEAN), 80 * scale, 40 * scale]
    assert run(policy_named(policy), steps) == tuple(part * scale for part in expected)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("poison", (0, 60, 60, 50)),
        ("haircut", (0, 25, 25, 0)),
        ("fifo", (0, 0, 50, 0)),
        ("lifo", (0, 50, 0, 0)),
        ("taint_first", (0, 50, 0, 0)),
        ("taint_last", (0, 0, 50, 0)),
    ],
)
@pytest.mark.parametrize("scale", [1, 10**18])
def test_vector_b_no_policy_taints_what_left_before(policy, expected, scale):
    steps = [(100 * scale, CLEAN), 30 * scale, (50 * scale, DIRTY), 60 * scale, 60 * scale]
    assert run(policy_named(policy), steps) == tuple(part * scale for part in expected)


@pytest.mark.parametrize("policy", [Haircut(), TaintFirst(), TaintLast(), Fifo()], ids=lambda policy: policy.id)
def test_a_conversion_carries_the_tainted_share(policy):
    balance = balance_under(policy)
    balance.credit([(4, 4)])
    balance.credit([(6, 0)])
    assert parcel_taint(convert(balance.debit(10), 18_000)) == 7_200


def test_first_in_first_out_keeps_its_segments_through_a_conversion():
    balance = balance_under(Fifo())
    balance.credit([(4, 4), (6, 0)])
    received = balance_under(Fifo())
    received.credit(convert(balance.debit(10), 18_000))
    assert parcel_taint(received.debit(7_200)) == 7_200
    assert parcel_taint(received.debit(10_800)) == 0


def test_segment_borders_round_down_in_a_conversion():
    assert convert([(1, 1), (2, 0)], 10) == [(3, 3), (7, 0)]
    assert convert([(1, 0), (1, 1), (1, 0)], 10) == [(3, 0), (3, 3), (4, 0)]
    assert convert([(3, 1)], 10) == [(10, 3)]


def test_first_in_first_out_is_lossless_over_two_hops():
    first, second = balance_under(Fifo()), balance_under(Fifo())
    first.credit([(3, 3), (7, 0)])
    second.credit(first.debit(4))
    second.credit([(6, 0)])
    assert [parcel_taint(second.debit(2)), parcel_taint(second.debit(8))] == [2, 1]


def test_last_in_first_out_keeps_the_newest_unit_on_top_where_it_arrives():
    first, second = balance_under(Lifo()), balance_under(Lifo())
    first.credit([(6, 0)])
    first.credit([(4, 4)])
    second.credit(first.debit(7))
    assert [parcel_taint(second.debit(4)), parcel_taint(second.debit(3))] == [4, 0]


def test_haircut_over_two_hops_rounds_down_and_keeps_the_rest_at_the_sender():
    scale = 25
    first, second = balance_under(Haircut()), balance_under(Haircut())
    first.credit([(3 * scale, 3 * scale), (7 * scale, 0)])
    second.credit(first.debit(4 * scale))
    second.credit([(6 * scale, 0)])
    assert [parcel_taint(second.debit(2 * scale)), parcel_taint(second.debit(8 * scale))] == [6, 24]
    odd = balance_under(Haircut())
    odd.credit([(3, 1)])
    assert [parcel_taint(odd.debit(1)), odd.taint] == [0, 1]


class Units:
    """Oracle: every unit is an object of its own, in the order of arrival."""

    def __init__(self, *, newest_first):
        self.units = []
        self.newest_first = newest_first

    def credit(self, units):
        self.units += units

    def debit(self, amount):
        if self.newest_first:
            taken, self.units = self.units[len(self.units) - amount :], self.units[: len(self.units) - amount]
        else:
            taken, self.units = self.units[:amount], self.units[amount:]
        return taken


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("in"), st.integers(0, 9), st.booleans()),
        st.tuples(st.just("pass"), st.integers(0, 12), st.integers(0, 1)),
    ),
    max_size=14,
)


@given(STEPS, st.booleans())
def test_queue_policies_equal_a_list_of_single_units(steps, newest_first):
    """Two accounts pay each other; every parcel must hold the very units that the oracle moves."""
    policy = Lifo() if newest_first else Fifo()
    ours = [balance_under(policy), balance_under(policy)]
    oracle = [Units(newest_first=newest_first), Units(newest_first=newest_first)]
    for step in steps:
        if step[0] == "in":
            _, amount, tainted = step
            ours[0].credit([(amount, amount if tainted else 0)])
            oracle[0].credit([tainted] * amount)
        else:
            _, amount, at = step
            amount = min(amount, ours[at].amount)
            parcel, units = ours[at].debit(amount), oracle[at].debit(amount)
            assert [bool(tainted) for size, tainted in parcel for _ in range(size)] == units
            ours[1 - at].credit(parcel)
            oracle[1 - at].credit(units)
        for mine, theirs in zip(ours, oracle, strict=True):
            assert (mine.amount, mine.taint) == (len(theirs.units), sum(theirs.units))


AMOUNTS = st.one_of(st.integers(0, 20), st.integers(0, 10**38 - 1))


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_one_debit_lies_between_taint_last_and_taint_first(clean, dirty, wanted):
    total = clean + dirty
    debit = wanted % (total + 1)
    least, most = max(0, debit - clean), min(debit, dirty)
    for policy in CONSERVING:
        balance = balance_under(policy)
        balance.credit([(clean, 0), (dirty, dirty)])
        taint = parcel_taint(balance.debit(debit))
        assert least <= taint <= most
        assert (balance.amount, balance.taint) == (total - debit, dirty - taint)
        if policy in {TaintFirst(), TaintLast()}:
            assert taint == (most if policy == TaintFirst() else least)
        if policy == Haircut() and total:
            assert taint == int(Fraction(debit * dirty, total))


@given(st.lists(st.tuples(AMOUNTS, st.booleans()), min_size=1, max_size=6), AMOUNTS)
def test_a_conversion_gives_exactly_what_was_received(segments, received):
    parcel = [(amount, amount if tainted else 0) for amount, tainted in segments]
    result = convert(parcel, received)
    assert parcel_amount(result) == received
    assert all(0 <= tainted <= amount for amount, tainted in result)
    if parcel_taint(parcel) == parcel_amount(parcel) > 0:
        assert parcel_taint(result) == received
    if parcel_taint(parcel) == 0:
        assert parcel_taint(result) == 0


def test_poison_is_sticky_even_after_everything_was_paid_out():
    balance = balance_under(Poison())
    balance.credit([(5, 5)])
    assert parcel_taint(balance.debit(5)) == 5
    balance.credit([(100, 0)])
    assert parcel_taint(balance.debit(100)) == 100
