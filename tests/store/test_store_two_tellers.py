"""Two sources of one fact: what one leaves out the other adds, and of two fees of a transaction one counts, in either order."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest

from cryptotrace.schema import Batch
from cryptotrace.store import open_store

TIME = datetime(2026, 1, 1, tzinfo=UTC)
OWNER = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"


def event(amount: int | None, block: int | None) -> Batch:
    raw = None if amount is None else str(amount)
    batch = Batch()
    batch.add("events", ("tron", "ab" * 32, None, "reward", block, TIME, None, OWNER, None, amount, raw))
    return batch


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_an_event_learns_what_it_lacked_whoever_told_it_first(order: tuple[int, ...]) -> None:
    told = [event(None, None), event(5_000_000, None), event(None, 7)]
    store = open_store(":memory:")
    for at in order:
        store.load([told[at]])
    assert store.rows("SELECT amount, raw_amount, block FROM events") == [(5_000_000, "5000000", 7)]
    before = store.version
    store.load(told)
    assert store.version == before


def fee(amount: int, *, row: int | None = None) -> Batch:
    batch = Batch()
    batch.add_transfer(
        chain="tron", tx_hash="ab" * 32, kind="fee", time=TIME, sender=OWNER, receiver=None, amount=amount, symbol="TRX",
        decimals=6, input_row=row,
    )  # fmt: skip
    return batch


@pytest.mark.parametrize("amounts", [(279_000, 1_379_000), (1_379_000, 279_000)])
@pytest.mark.parametrize("together", [True, False])
def test_of_two_fees_of_a_tron_transaction_the_larger_counts(amounts: tuple[int, int], *, together: bool) -> None:
    store = open_store(":memory:")
    for batches in [[fee(amount) for amount in amounts]] if together else [[fee(amount)] for amount in amounts]:
        store.load(batches)
    assert store.rows("SELECT amount FROM transfers") == [(1_379_000,)]
    assert store.rows("SELECT count(*) FROM rejects") == [(1,)]


def test_rows_of_a_table_that_calls_several_payments_of_a_transaction_its_fees_stay() -> None:
    store = open_store(":memory:")
    store.load([fee(5, row=1), fee(6, row=2)])
    assert store.rows("SELECT amount FROM transfers ORDER BY 1") == [(5,), (6,)]
