"""When two rows are one: by identity and maximum multiplicity, whatever came first and however often it came."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptotrace.store import open_store


def positions(store):
    """(log index, ok) of every transfer, in order."""
    return sorted(store.rows("SELECT log_index, ok FROM transfers"), key=str)


def count(store):
    return store.rows("SELECT count(*) FROM transfers")[0][0]


def every_order(kit, *loads, check):
    """Load in every order; ``check`` must hold and the digests must agree."""
    stores = [kit.loaded(*order) for order in itertools.permutations(loads)]
    assert [check(store) for store in stores if check(store) is False] == []
    assert all(store.digests() == stores[0].digests() for store in stores)
    before = (stores[-1].version, stores[-1].digests())
    for load in loads:
        stores[-1].load([kit.batch_of(*load)])
    assert (stores[-1].version, stores[-1].digests()) == before


# -- multiplicity ----------------------------------------------------------------------------------------------------------


def test_equal_rows_of_one_listing_add_up(kit):
    assert count(kit.loaded([kit.transfer(), kit.transfer()])) == 2


def test_equal_rows_of_two_listings_are_the_larger_count(kit):
    two = [kit.transfer(listing=1), kit.transfer(listing=1)]
    one = [kit.transfer(listing=2)]
    assert count(kit.loaded(two + one)) == 2
    every_order(kit, [kit.transfer()] * 2, [kit.transfer()] * 3, check=lambda store: count(store) == 3)


def test_one_listing_in_several_batches_still_adds_up(kit):
    store = open_store(":memory:")
    store.load([kit.batch_of(kit.transfer()), kit.batch_of(kit.transfer()), kit.batch_of(kit.transfer(listing=1))])
    assert count(store) == 2


@pytest.mark.parametrize(
    "difference",
    [
        {"amount": 6},
        {"tx": "t2"},
        {"kind": "mint"},
        {"sender": "0x" + "d" * 40},
        {"receiver": "0x" + "d" * 40},
        {"contract": "0x" + "d" * 40},
        {"sender": None},
        {"receiver": None},
    ],
)
def test_rows_that_differ_in_identity_are_two(kit, difference):
    other = kit.transfer(**{"amount": 5, **difference})
    assert count(kit.loaded([kit.transfer(), other], [other])) == 2


def test_the_chain_is_part_of_the_identity(kit):
    other = {**kit.transfer(), "chain": "polygon"}
    assert count(kit.loaded([kit.transfer()], [other])) == 2


def test_rows_without_sender_or_receiver_merge_too(kit):
    mint = [kit.transfer(sender=None, kind="mint"), kit.transfer(receiver=None, kind="burn")]
    every_order(kit, mint, mint, check=lambda store: count(store) == 2)


# -- positions -------------------------------------------------------------------------------------------------------------


def test_a_position_that_is_learnt_later_makes_no_new_row(kit):
    def check(store):
        assert positions(store) == [(7, True)]

    every_order(kit, [kit.transfer()], [kit.transfer(log_index=7)], check=check)


def test_positions_name_rows_one_by_one(kit):
    def check(store):
        assert positions(store) == [(3, True), (7, True), (None, True)]

    every_order(
        kit,
        [kit.transfer()] * 3,
        [kit.transfer(log_index=7), kit.transfer(log_index=3)],
        [kit.transfer(log_index=3)],
        check=check,
    )


def test_a_known_position_that_is_repeated_is_one_row(kit):
    page = [kit.transfer(log_index=3), kit.transfer(log_index=3), kit.transfer(log_index=4)]
    every_order(kit, page, page, check=lambda store: positions(store) == [(3, True), (4, True)])


def test_positions_of_several_lists_are_all_kept(kit):
    def check(store):
        assert [log for log, _ in positions(store)] == [1, 2, 3]

    store = kit.loaded([kit.transfer(log_index=2)], [kit.transfer(log_index=3)], [kit.transfer(log_index=1)])
    check(store)
    assert store.digests() == kit.loaded([kit.transfer(log_index=log) for log in (1, 2, 3)]).digests()


def test_a_list_without_positions_adds_only_what_it_shows_more(kit):
    every_order(
        kit,
        [kit.transfer(log_index=1), kit.transfer(log_index=2)],
        [kit.transfer()] * 3,
        check=lambda store: [log for log, _ in positions(store)] == [1, 2, None],
    )


def test_trace_paths_are_positions(kit):
    facts = {"kind": "internal", "contract": None, "symbol": None, "decimals": None}
    inner = [kit.transfer(trace_path="0_1", **facts), kit.transfer(trace_path="0_10", **facts)]
    every_order(kit, inner, [kit.transfer(**facts)], check=lambda store: count(store) == 2)


def test_two_equal_coin_rows_of_a_plain_table_are_two(kit):
    """A table without indices calls every coin movement native; none of them may be lost."""
    coin = {"kind": "native", "contract": None, "symbol": None, "decimals": None}
    assert count(kit.loaded([kit.transfer(**coin), kit.transfer(**coin)])) == 2
    paths = [kit.transfer(trace_path="0", tx_index=1, **coin), kit.transfer(trace_path="1", tx_index=1, **coin)]
    assert count(kit.loaded(paths)) == 2


def test_the_value_and_the_fee_of_an_indexed_transaction_are_one_row_each(kit):
    coin = {"contract": None, "symbol": None, "decimals": None, "tx_index": 4}
    own = [kit.transfer(kind="native", **coin), kit.transfer(kind="fee", receiver=None, **coin)]
    assert count(kit.loaded(own + own, own)) == 2


# -- what lists know besides -----------------------------------------------------------------------------------------------


def test_a_failure_that_one_source_saw_holds(kit):
    every_order(kit, [kit.transfer(ok=True)], [kit.transfer(ok=False)], check=lambda store: positions(store) == [(None, False)])
    every_order(
        kit,
        [kit.transfer(ok=True, log_index=1)],
        [kit.transfer(ok=False)],
        check=lambda store: positions(store) == [(1, False)],
    )


@pytest.mark.parametrize("turned", [False, True])
def test_one_failure_among_equal_rows_fails_one_of_them_however_often_it_is_loaded(kit, turned):
    both = [kit.transfer(ok=True, input_row=0), kit.transfer(ok=False, input_row=1)]
    both = both[::-1] if turned else both

    def check(store):
        assert sorted(ok for _, ok in positions(store)) == [False, True]

    check(kit.loaded(both))
    check(kit.loaded(both, both))
    check(kit.loaded([kit.transfer(ok=True)], both))
    check(kit.loaded(both, [kit.transfer(ok=True)]))


def test_positions_say_which_of_equal_rows_failed(kit):
    named = [kit.transfer(ok=False, log_index=1), kit.transfer(ok=True, log_index=2)]
    unnamed = [kit.transfer(ok=True), kit.transfer(ok=False)]

    def check(store):
        assert positions(store) == [(1, False), (2, True)]

    every_order(kit, named, unnamed, check=check)


def test_a_repeated_position_that_failed_once_has_failed(kit):
    page = [kit.transfer(ok=True, log_index=1), kit.transfer(ok=False, log_index=1)]
    assert positions(kit.loaded(page)) == positions(kit.loaded(page[::-1])) == [(1, False)]


def test_the_place_in_the_block_is_learnt_from_any_row_of_the_transaction(kit):
    def check(store):
        assert set(store.rows("SELECT block, tx_index FROM transfers")) == {(9, 4)}

    every_order(
        kit,
        [kit.transfer(block=None), kit.transfer(amount=6, block=None)],
        [kit.transfer(amount=7, block=9, tx_index=4)],
        check=check,
    )
    store = kit.loaded([kit.transfer(block=None)])
    store.load([kit.batch_of(transactions=[kit.transaction(block=9, tx_index=4)])])
    check(store)
    backwards = kit.loaded(kit.batch_of(transactions=[kit.transaction(block=9, tx_index=4)]), [kit.transfer(block=None)])
    check(backwards)
    assert backwards.digests() == store.digests()


@pytest.mark.parametrize("kind", ["token", "native", "fee", "internal"])
def test_the_place_in_the_block_is_learnt_from_an_equal_row_too(kit, kind):
    """That row itself is not stored beside its equal; what it knows must not go with it, whoever came first."""
    coin = {} if kind == "token" else {"contract": None, "symbol": None, "decimals": None}

    def check(store):
        assert set(store.rows("SELECT block, tx_index FROM transfers")) == {(9, 4)}

    known = kit.transfer(kind=kind, block=9, tx_index=4, **coin)
    for lacking in ({"block": None, "tx_index": None}, {"block": 9, "tx_index": None}, {"block": None, "tx_index": 4}):
        every_order(kit, [{**known, **lacking}], [known], check=check)


def test_transactions_merge_gaps_are_filled_and_a_failure_holds(kit):
    parts = [
        kit.transaction(tx_index=4, ok=True),
        kit.transaction(fee=21, nonce=0),
        kit.transaction(ok=False),
    ]
    digests = set()
    for order in (parts, parts[::-1], parts[1:] + parts[:1]):
        store = kit.loaded(*(kit.batch_of(transactions=[part]) for part in order))
        assert store.rows("SELECT tx_index, ok, fee, nonce FROM transactions") == [(4, False, 21, 0)]
        digests.add(store.digests()["transactions"])
    assert len(digests) == 1


def test_decimals_and_call_types_are_learnt_and_seen_as_a_change(kit):
    odd = {"contract": "0x" + "5c" * 20, "symbol": None}
    store = kit.loaded([kit.transfer(decimals=None, **odd)])
    before = store.version
    store.load([kit.batch_of(kit.transfer(decimals=8, call_type="call", **{**odd, "symbol": "ODD"}))])
    assert store.rows("SELECT symbol, decimals FROM assets") == [("ODD", 8)]
    assert store.rows("SELECT call_type FROM transfers") == [("call",)]
    assert store.version > before
    known = store.version
    store.load([kit.batch_of(kit.transfer(decimals=8, **{**odd, "symbol": "ODD"}))])
    assert store.version == known


def test_our_own_list_goes_before_what_a_source_says_of_a_token(kit):
    store = kit.loaded([kit.transfer(symbol="FAKE", decimals=18)])
    assert store.rows("SELECT symbol, decimals, canonical FROM assets") == [("USDT", 6, True)]


def test_the_symbol_does_not_depend_on_who_came_first(kit):
    odd = {"contract": "0x" + "5c" * 20, "decimals": 2}
    every_order(
        kit,
        [kit.transfer(symbol="BBB", **odd)],
        [kit.transfer(symbol="AAA", amount=6, **odd)],
        [kit.transfer(symbol=None, amount=7, **odd)],
        check=lambda store: store.rows("SELECT symbol FROM assets") == [("AAA",)],
    )


# -- shuffled, chunked, twice ----------------------------------------------------------------------------------------------

INDEXED = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 2), st.integers(0, 2), st.integers(0, 1), st.booleans()),
    max_size=12,
    unique_by=lambda row: row[:2],
)


def indexed_rows(kit, rows):
    names = (kit.A, kit.B, kit.C)
    return [
        kit.transfer(amount, tx=f"t{tx}", tx_index=tx, log_index=log, sender=names[s], receiver=names[r], ok=ok)
        for tx, log, s, r, amount, ok in rows
    ]


@given(rows=INDEXED, data=st.data())
@settings(max_examples=8)
def test_indexed_input_gives_the_same_digests_shuffled_chunked_and_twice(kit, rows, data):
    transfers = indexed_rows(kit, rows)
    whole = kit.loaded(transfers, complete=True)
    shuffled = data.draw(st.permutations(transfers))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=3)))
    chunks = [shuffled[a:b] for a, b in itertools.pairwise([0, *cuts, len(shuffled)])]
    chunked = kit.loaded(*chunks, complete=True)
    one_call = open_store(":memory:")
    one_call.load([kit.batch_of(*chunk) for chunk in chunks], complete=True)
    assert whole.digests() == chunked.digests() == one_call.digests()
    assert count(whole) == len(rows)
    before = chunked.version
    chunked.load([kit.batch_of(*transfers)], complete=True)
    assert chunked.version == before
    assert chunked.digests() == whole.digests()


@given(rows=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 1)), max_size=10), data=st.data())
@settings(max_examples=6)
def test_input_without_positions_may_be_cut_into_batches_of_one_call(kit, rows, data):
    """There the row number is data: cut in its own order, the batches of one listing are the listing."""
    names = (kit.A, kit.B, kit.C)
    transfers = [
        kit.transfer(amount, tx=f"t{number // 3}", sender=names[s], receiver=names[r], input_row=number)
        for number, (s, r, amount) in enumerate(rows)
    ]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(transfers)), max_size=3)))
    whole, cut = open_store(":memory:"), open_store(":memory:")
    whole.load([kit.batch_of(*transfers)])
    cut.load([kit.batch_of(*transfers[a:b]) for a, b in itertools.pairwise([0, *cuts, len(transfers)])])
    assert whole.digests() == cut.digests()
    before = whole.version
    whole.load([kit.batch_of(*transfers)])
    assert whole.version == before
    assert whole.digests() == cut.digests()


@given(
    lists=st.lists(st.lists(st.tuples(st.sampled_from([None, 1, 2, 3]), st.booleans()), max_size=4), min_size=1, max_size=3),
    data=st.data(),
)
@settings(max_examples=15)
def test_the_count_is_the_least_that_explains_every_list(kit, lists, data):
    """Equal rows in several lists: every position once, and in all at least as many as the longest list shows."""
    loads = [[kit.transfer(log_index=log, ok=ok) for log, ok in rows] for rows in lists]
    store = kit.loaded(*data.draw(st.permutations(loads)))
    named = {log for rows in lists for log, _ in rows if log is not None}
    shown = [len({log for log, _ in rows if log is not None}) + sum(log is None for log, _ in rows) for rows in lists]
    failed = [
        len({log for log, ok in rows if log is not None and not ok}) + sum(log is None and not ok for log, ok in rows)
        for rows in lists
    ]
    logs = Counter(log for log, _ in positions(store))
    assert {log for log in logs if log is not None} == named
    assert all(logs[log] == 1 for log in named)
    assert count(store) == max(len(named), *shown)
    assert sum(not ok for _, ok in positions(store)) >= max(failed)
    ordinals = [ordinal for (ordinal,) in store.rows("SELECT ordinal FROM transfers ORDER BY ordinal")]
    assert ordinals == list(range(count(store)))
    before, digests = store.version, store.digests()
    for load in loads:
        store.load([kit.batch_of(*load)])
    assert (store.version, store.digests()) == (before, digests)


def test_loading_nothing_changes_nothing(kit):
    store = kit.loaded([kit.transfer()])
    before = (store.version, store.digests())
    assert not any(store.load([]).values())
    assert not any(store.load([kit.batch_of()]).values())
    assert (store.version, store.digests()) == before


def test_a_load_says_how_many_rows_were_new(kit):
    store = kit.loaded([kit.transfer()])
    assert store.load([kit.batch_of(kit.transfer(), kit.transfer(), kit.transfer(amount=6))])["transfers"] == 2
    assert store.load([kit.batch_of(kit.transfer(), kit.transfer(), kit.transfer(amount=6))])["transfers"] == 0
