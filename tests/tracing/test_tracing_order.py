"""The order of rows: the funding order against its literal definition, and how well each order is known."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptotrace.model import Fifo
from cryptotrace.tracing.order import funding_order, in_order


def literal(rows, stages, places):
    """The definition, word by word, in O(n^3): the first remaining row whose sender receives nothing from those that remain."""

    def must_wait(at, remaining):
        return any(
            stages[at] is not None
            and stages[other] is not None
            and (
                stages[other] < stages[at]
                or (
                    stages[other] == stages[at]
                    and places[at] is not None
                    and places[other] is not None
                    and places[other] < places[at]
                )
            )
            for other in remaining
        )

    remaining = list(range(len(rows)))
    order = []
    while remaining:
        free = [at for at in remaining if not must_wait(at, remaining)]
        receiving = {rows[at][1] for at in remaining} - {None}
        at = next((at for at in free if rows[at][0] not in receiving), free[0])
        remaining.remove(at)
        order.append(at)
    return order


PARTY = st.sampled_from(["a", "b", "c", "d", None])


@given(st.lists(st.tuples(PARTY, PARTY), max_size=9))
@settings(max_examples=300)
def test_funding_order_is_the_literal_definition(rows):
    nothing = [None] * len(rows)
    assert funding_order(rows) == literal(rows, nothing, nothing)


@given(
    st.lists(
        st.tuples(PARTY, PARTY, st.sampled_from([None, 1, 2]), st.booleans()),
        max_size=9,
    ),
    st.randoms(use_true_random=False),
)
@settings(max_examples=300)
def test_funding_order_keeps_what_is_known_of_the_order(rows, random):
    pairs = [(payer, payee) for payer, payee, _, _ in rows]
    stages = [stage for _, _, stage, _ in rows]
    numbers = list(range(len(rows)))
    random.shuffle(numbers)
    places = [number if placed else None for number, (_, _, _, placed) in zip(numbers, rows, strict=True)]
    assert funding_order(pairs, stages, places) == literal(pairs, stages, places)


@given(st.lists(st.tuples(PARTY, PARTY), max_size=9))
def test_funding_order_loses_and_repeats_no_row(rows):
    assert sorted(funding_order(rows)) == list(range(len(rows)))


def test_a_long_chain_written_backwards_is_put_right_quickly():
    """20,000 rows of one block: a definition in O(n^2) would take minutes."""
    size = 20_000
    rows = [(number, number + 1) for number in reversed(range(size))]
    assert funding_order(rows) == list(reversed(range(size)))


def order_of(kit, *rows, **common):
    ledger = kit.Ledger()
    for row in rows:
        ledger.pay(*row["legs"], row.get("amount", 5), **{"at": 0, **common, **{k: v for k, v in row.items() if k != "legs"}})
    book = ledger.book()
    numbers = {movement.id: number for number, movement in enumerate(book.movements)}
    ordered = in_order(book.movements)
    return [numbers[movement.id] for movement in ordered], {numbers[m.id]: m.order_known for m in ordered}


def test_a_payment_of_the_same_block_precedes_the_onward_payment_that_it_funds(kit):
    order, known = order_of(kit, {"legs": ("a", "b")}, {"legs": ("s", "a")})
    assert order == [1, 0]
    assert known == {0: "block", 1: "block"}


def test_two_payments_of_a_block_that_share_no_balance_are_exact(kit):
    order, known = order_of(kit, {"legs": ("a", "b")}, {"legs": ("c", "d")}, {"legs": ("b", "c"), "asset": "ETH"})
    assert order == [0, 1, 2]
    assert set(known.values()) == {"exact"}


def test_transaction_index_decides_before_funding(kit):
    order, known = order_of(kit, {"legs": ("a", "b"), "tx": "x", "tx_index": 1}, {"legs": ("s", "a"), "tx": "y", "tx_index": 2})
    assert order == [0, 1]
    assert set(known.values()) == {"exact"}


def test_log_index_is_a_number_and_decides_inside_a_transaction(kit):
    rows = [{"legs": ("a", "b"), "log": 10}, {"legs": ("s", "a"), "log": 9}]
    order, known = order_of(kit, *rows, tx="x", tx_index=0)
    assert order == [1, 0]
    assert set(known.values()) == {"exact"}


def test_trace_path_is_compared_as_numbers(kit):
    rows = [{"legs": ("a", "b"), "trace": "0_10"}, {"legs": ("s", "a"), "trace": "0_9"}, {"legs": ("t", "s"), "trace": "0"}]
    order, _ = order_of(kit, *rows, tx="x", tx_index=0, asset="ETH", kind="internal")
    assert order == [2, 1, 0]


def test_phases_are_fee_then_value_then_body(kit):
    order, known = order_of(
        kit,
        {"legs": ("b", "a"), "kind": "internal", "trace": "0"},
        {"legs": ("a", "b"), "kind": "native"},
        {"legs": ("a", None), "kind": "fee"},
        tx="x",
        tx_index=0,
        asset="ETH",
    )
    assert order == [2, 1, 0]
    assert set(known.values()) == {"exact"}


def test_rows_of_one_transaction_without_positions_are_known_to_the_transaction(kit):
    order, known = order_of(kit, {"legs": ("a", "b")}, {"legs": ("s", "a")}, tx="x", tx_index=3)
    assert order == [1, 0]
    assert set(known.values()) == {"tx"}


def test_positions_known_in_part_are_kept_and_the_rest_follows_funding(kit):
    order, known = order_of(
        kit,
        {"legs": ("b", "c"), "log": 1},
        {"legs": ("s", "a"), "log": 2},
        {"legs": ("a", "b")},
        {"legs": ("x", "y"), "log": 3},
        tx="x",
        tx_index=3,
    )
    assert order.index(0) < order.index(1) < order.index(3)
    assert order.index(1) < order.index(2)
    assert known == {0: "tx", 1: "tx", 2: "tx", 3: "exact"}


def test_one_row_without_an_index_does_not_make_unplaced_rows_of_another_transaction_exact(kit):
    """The rows of "x" have no positions: their order rests on funding, whatever else is in the block."""
    order, known = order_of(
        kit,
        {"legs": ("a", "b"), "tx": "x", "tx_index": 3},
        {"legs": ("s", "a"), "tx": "x", "tx_index": 3},
        {"legs": ("p", "q"), "tx": "y"},
    )
    assert order.index(1) < order.index(0)
    assert known == {0: "tx", 1: "tx", 2: "exact"}


def test_indexed_transactions_stay_in_order_beside_one_without_index(kit):
    order, known = order_of(
        kit,
        {"legs": ("a", "b"), "tx": "x", "tx_index": 1},
        {"legs": ("s", "a"), "tx": "y", "tx_index": 2},
        {"legs": ("r", "s"), "tx": "z"},
    )
    assert order.index(0) < order.index(1)
    assert order.index(2) < order.index(1)
    assert known == {0: "exact", 1: "block", 2: "block"}


def test_several_plain_values_of_one_transaction_follow_funding(kit):
    """A table may call every coin movement "native"; then the phase alone orders nothing."""
    order, known = order_of(kit, {"legs": ("a", "b")}, {"legs": ("s", "a")}, tx="x", tx_index=0, asset="ETH", kind="native")
    assert order == [1, 0]
    assert set(known.values()) == {"tx"}


def test_rows_without_a_block_are_grouped_by_time(kit):
    order, known = order_of(kit, {"legs": ("a", "b"), "block": None}, {"legs": ("s", "a"), "block": 7})
    assert order == [1, 0]
    assert set(known.values()) == {"block"}


def test_blocks_of_one_second_go_by_height(kit):
    order, known = order_of(kit, {"legs": ("a", "b"), "block": 8}, {"legs": ("s", "a"), "block": 9})
    assert order == [0, 1]
    assert set(known.values()) == {"exact"}


def test_time_goes_before_the_row_number(kit):
    order, _ = order_of(kit, {"legs": ("a", "b"), "at": 50}, {"legs": ("s", "a"), "at": 20})
    assert order == [1, 0]


@pytest.mark.parametrize("turn", [False, True])
def test_input_row_breaks_ties_where_nothing_else_is_known(kit, turn):
    rows = [{"legs": ("a", "x"), "row": 1}, {"legs": ("a", "y"), "row": 0}]
    order, _ = order_of(kit, *(reversed(rows) if turn else rows))
    assert order == ([0, 1] if turn else [1, 0])


def test_a_trace_says_how_much_value_rests_on_an_inexact_order(kit):
    ledger = kit.Ledger()
    ledger.pay("s", "a", 700, at=0).pay("a", "b", 300, at=0).pay("b", "end", 300, at=9)
    walk = ledger.walk(Fifo(), sources=("s",), ends=("end",))
    assert {(a.amount, a.row.order_known) for a in walk.raw.arrivals} == {(700, "block"), (300, "block"), (300, "exact")}
