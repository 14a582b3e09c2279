"""A transaction has one fee, also where two lists name different ones; the others are kept where everybody can see them."""

from __future__ import annotations

from datetime import UTC, datetime

from calm_pulls import WORLD, calm, fake
from hypothesis import given, settings
from hypothesis import strategies as st
from long_worlds import HUB
from pulling import InProcess, coverage, stored

import cryptotrace as ct
from cryptotrace.collect.pull import collect
from cryptotrace.collect.replay import replay
from cryptotrace.schema import Batch
from cryptotrace.sources.etherscan.lists import Etherscan
from cryptotrace.testing.explorers import Fault

WHEN = datetime(2024, 1, 1, tzinfo=UTC)
PAYER = "0x" + "1" * 40
FEES = st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4)), max_size=4), min_size=1, max_size=3)


def batch_of(fees: list[tuple[str, int]]) -> Batch:
    """Every fee comes from a list of its own."""
    batch = Batch()
    for listing, (tx, fee) in enumerate(fees):
        batch.add_transfer(
            chain="ethereum", tx_hash=tx, kind="fee", time=WHEN, sender=PAYER, receiver=None, amount=fee, block=7, tx_index=3,
            listing=listing,
        )  # fmt: skip
        batch.add("transactions", ("ethereum", tx, 7, WHEN, 3, PAYER, None, True, fee, None, None))
    return batch


@given(loads=FEES)
@settings(max_examples=15, deadline=None)
def test_the_largest_fee_holds_and_the_others_are_rejected_in_whatever_order_they_come(loads):
    digests = []
    for order in (loads, loads[::-1], [[fee for load in loads for fee in load]]):
        store = ct.open_store(":memory:")
        for load in order:
            store.load([batch_of(load)])
        named: dict[str, set[int]] = {}
        for load in loads:
            for tx, fee in load:
                named.setdefault(tx, set()).add(fee)
        largest = sorted((tx, max(fees)) for tx, fees in named.items())
        assert store.rows("SELECT tx_hash, amount FROM transfers WHERE kind = 'fee' ORDER BY tx_hash") == largest
        assert store.rows("SELECT tx_hash, fee FROM transactions ORDER BY tx_hash") == largest
        lost = sorted(f"ethereum {tx} fee {fee}" for tx, fees in named.items() for fee in fees - {max(fees)})
        assert [raw for (raw,) in store.rows("SELECT raw FROM rejects ORDER BY raw")] == lost
        before = store.version
        for load in loads:
            assert not any(store.load([batch_of(load)]).values())
        assert store.version == before
        digests.append(store.digests())
    assert digests[0] == digests[1] == digests[2]


def test_a_fee_that_loses_takes_its_exclusion_along():
    store = ct.open_store(":memory:")
    store.load([batch_of([("a", 1)])])
    store.replace("exclusions", [(store.rows("SELECT id FROM transfers")[0][0], "dust", None)])
    store.load([batch_of([("a", 2)])])
    assert store.rows("SELECT count(*) FROM exclusions") == [(0,)]


def test_two_lists_that_disagree_on_a_fee_give_one_fee_and_a_reject_and_a_replay_gives_the_same():
    cheap = Fault("odd_value", "1", column="gasUsed", actions=("txlist",), where=lambda p: p["address"] == HUB, times=None)
    store = ct.open_store(":memory:")
    source = Etherscan("ethereum", InProcess(fake(WORLD, cheap)))
    result = collect(source, store, WORLD.addresses, progress=False)
    lost = store.rows("SELECT file, reason FROM rejects")
    assert lost
    assert set(lost) == {("fees", "another list names a larger fee")}
    assert result.new["rejects"] == len(lost)
    assert stored(store) == stored(calm()[0])
    assert {status for status, _, _, _ in coverage(store).values()} == {"complete"}
    again = ct.open_store(":memory:")
    replay(store, again, progress=False)
    assert again.digests() == store.digests()
