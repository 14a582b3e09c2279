"""The logical digest: the same facts give the same digest, and any fact that differs another."""

from __future__ import annotations

import pytest

from cryptotrace.schema import Batch
from cryptotrace.store import open_store


def test_ids_do_not_matter(kit):
    """Accounts, assets and rows get other ids when the parts come in another order; the digest speaks names."""
    parts = [
        [kit.transfer(5, tx="t1", log_index=1)],
        [kit.transfer(6, tx="t2", sender=kit.C, receiver=kit.A, contract="0x" + "5c" * 20, symbol="ODD", log_index=2)],
        kit.batch_of(transactions=[kit.transaction("t2", tx_index=3, signer=kit.C)]),
    ]
    one, other = kit.loaded(*parts), kit.loaded(*parts[::-1])
    ids = "SELECT address, id FROM accounts ORDER BY address"
    assert one.rows(ids) != other.rows(ids)
    assert one.digests() == other.digests()


def test_exclusions_are_named_by_what_they_exclude(kit):
    rows = [kit.transfer(5, tx="t1"), kit.transfer(6, tx="t2")]
    one, other = kit.loaded(rows[:1], rows[1:]), kit.loaded(rows[1:], rows[:1])
    for store in (one, other):
        ((ident,),) = store.rows("SELECT id FROM transfers WHERE tx_hash = 't2'")
        store.replace("exclusions", [(ident, "dust", None)])
    assert one.rows("SELECT transfer FROM exclusions") != other.rows("SELECT transfer FROM exclusions")
    assert one.digests() == other.digests()


def coverage(**facts):
    row = {
        "source": "etherscan", "stream": "token", "chain": "ethereum", "address": "0xa", "from_block": 0, "to_block": 9,
        "status": "complete", "reason": "", "rows": 3, "cursor": None, "head": 10, "asked_at": None,
        "given_by": None,
    }  # fmt: skip
    return tuple({**row, **facts}.values())


def digest_of(table, *rows):
    batch = Batch()
    for row in rows:
        batch.add(table, row)
    store = open_store(":memory:")
    store.load([batch])
    return store.digests()


def test_times_of_query_are_left_out(kit):
    first, second = (
        digest_of("coverage", coverage(head=head, asked_at=kit.START.replace(year=year)))
        for head, year in ((10, 2024), (99, 2025))
    )
    assert first == second


@pytest.mark.parametrize(
    "change",
    [
        {"status": "partial"},
        {"reason": "x"},
        {"rows": 4},
        {"rows": None},
        {"to_block": None},
        {"address": "0xb"},
        {"cursor": "x"},
        {"given_by": "x"},
    ],
)
def test_a_fact_that_differs_gives_another_digest(change):
    assert digest_of("coverage", coverage())["coverage"] != digest_of("coverage", coverage(**change))["coverage"]


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 6},
        {"ok": False},
        {"log_index": 2},
        {"trace_path": "0"},
        {"tx_index": 5},
        {"block": 2},
        {"at": 1},
        {"call_type": "call"},
        {"input_row": 3},
        {"sender": "0x" + "d" * 40},
        {"symbol": "X", "contract": "0x" + "5c" * 20},
        {"kind": "mint"},
    ],
)
def test_a_transfer_that_differs_gives_another_digest(kit, change):
    base = kit.loaded([kit.transfer()]).digests()
    assert kit.loaded([kit.transfer(**{"amount": 5, **change})]).digests()["transfers"] != base["transfers"]


def test_runs_do_not_count_and_are_recorded_once(kit):
    run = {"verb": "load_transfers", "parameters": "{}", "inputs": "x"}
    store = open_store(":memory:")
    before = kit.loaded([kit.transfer()]).digests()
    store.load([kit.batch_of(kit.transfer())], run=run)
    version = store.version
    store.load([kit.batch_of(kit.transfer())], run=run)
    assert store.version == version
    assert store.rows("SELECT verb, inputs FROM runs") == [("load_transfers", "x")]
    assert store.digests() == before


def test_separators_inside_a_cell_do_not_make_two_stores_the_same():
    one = digest_of("rejects", ("a,b", 1, "c", "d"))
    assert one["rejects"] != digest_of("rejects", ("a", 1, "b,c", "d"))["rejects"]
    assert digest_of("rejects", ("a", 1, "b\nc", "d"))["rejects"] != digest_of("rejects", ("a", 1, "b", "c\nd"))["rejects"]


def test_rejects_are_kept_whole_and_once():
    row = ("file.csv", 7, "amount is negative", 'x,-5,"y\n')
    batch = Batch()
    batch.add("rejects", row)
    store = open_store(":memory:")
    store.load([batch])
    store.load([batch])
    assert store.rows("SELECT * FROM rejects") == [row]
