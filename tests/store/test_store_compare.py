"""Two stores, compared: the same, or the first table and row that one has and the other has not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from cryptotrace.schema import Batch
from cryptotrace.store import Store, first_difference, open_store

START = datetime(2024, 1, 1, tzinfo=UTC)


def filled(*rows: tuple[int, int, int], path: str | Path = ":memory:") -> Store:
    """A store with native transfers (transaction, receiver, amount)."""
    store = open_store(path)
    batch = Batch()
    for number, receiver, amount in rows:
        batch.add_transfer(
            chain="ethereum", tx_hash=f"0x{number:064x}", kind="native", time=START + timedelta(hours=number), block=number,
            tx_index=0, sender="0x" + "a" * 40, receiver=f"0x{receiver:040x}", amount=amount,
        )  # fmt: skip
    store.load([batch])
    return store


def test_two_stores_of_the_same_rows_do_not_differ_whatever_order_they_came_in(tmp_path: Path) -> None:
    one = filled((1, 7, 5), (2, 8, 6))
    other = filled((2, 8, 6), path=tmp_path / "other.duckdb")
    other.load([batch_of((1, 7, 5))])
    assert first_difference(one, other) is None
    assert first_difference(one, one) is None


def batch_of(row: tuple[int, int, int]) -> Batch:
    batch = Batch()
    number, receiver, amount = row
    batch.add_transfer(
        chain="ethereum", tx_hash=f"0x{number:064x}", kind="native", time=START + timedelta(hours=number), block=number,
        tx_index=0, sender="0x" + "a" * 40, receiver=f"0x{receiver:040x}", amount=amount,
    )  # fmt: skip
    return batch


def test_another_amount_is_named_with_table_row_and_both_sides() -> None:
    found = first_difference(filled((1, 7, 5), (2, 8, 6)), filled((1, 7, 5), (2, 8, 9)), tables=["transfers"])
    assert found is not None
    assert (found.table, found.row) == ("transfers", 2)
    assert found.left is not None
    assert found.right is not None
    assert "6" in found.left
    assert "9" in found.right
    assert str(found).startswith("table transfers, row 2: (ethereum, 0x")
    assert ") against (ethereum, 0x" in str(found)


def test_a_row_that_one_store_lacks_stands_against_nothing_on_either_side() -> None:
    more, less = filled((1, 7, 5), (2, 8, 6)), filled((1, 7, 5))
    found, other_way = first_difference(more, less, tables=["transfers"]), first_difference(less, more, tables=["transfers"])
    assert found is not None
    assert other_way is not None
    assert (found.row, found.right, other_way.left) == (2, None, None)
    assert str(found).endswith("against nothing")
    assert "row 2: nothing against (" in str(other_way)


def test_only_the_tables_that_were_asked_for_are_compared() -> None:
    one, other = filled((1, 7, 5)), filled((1, 7, 5))
    other.run("INSERT INTO rejects VALUES ('a.csv', 1, 'no amount', 'x')")
    assert first_difference(one, other, tables=["transfers", "accounts"]) is None
    found = first_difference(one, other)
    assert found is not None
    assert found.table == "rejects"


def test_query_times_are_no_difference() -> None:
    one, other = filled((1, 7, 5)), filled((1, 7, 5))
    for store, when in ((one, "2024-01-01"), (other, "2025-02-02")):
        store.run(
            "INSERT INTO coverage VALUES ('e', 'native', 'ethereum', '0x1', 0, 9, 'complete', NULL, 1, NULL, 9, ?, NULL)",
            [when],
        )
    assert first_difference(one, other) is None


def test_hostile_text_of_a_row_is_shown_without_effect() -> None:
    one, other = filled((1, 7, 5)), filled((1, 7, 5))
    other.run("INSERT INTO rejects VALUES ('a.csv', 1, ?, ?)", ["\x1b[2J\u202ebad\n", "y" * 500])
    text = str(first_difference(one, other))
    assert text.isprintable()
    assert "y" * 80 in text
    assert "y" * 81 not in text


def test_comparing_changes_no_byte_of_a_store(tmp_path: Path) -> None:
    filled((1, 7, 5), path=tmp_path / "a.duckdb")
    filled((1, 7, 6), path=tmp_path / "b.duckdb")
    before = [(tmp_path / name).read_bytes() for name in ("a.duckdb", "b.duckdb")]
    stores = [open_store(tmp_path / name, read_only=True) for name in ("a.duckdb", "b.duckdb")]
    assert first_difference(*stores) is not None
    assert [(tmp_path / name).read_bytes() for name in ("a.duckdb", "b.duckdb")] == before


ROWS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 3)), max_size=5, unique_by=lambda row: row[0])


@settings(max_examples=30)
@given(ROWS, ROWS)
def test_a_difference_is_found_exactly_where_the_digests_differ(left: list, right: list) -> None:
    one, other = filled(*left), filled(*right)
    found = first_difference(one, other)
    assert (found is None) == (one.digests() == other.digests()) == (sorted(left) == sorted(right))
