"""The store settles most groups of equal rows by counting; what it gives must be what merging position by position gives."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptotrace.schema import WIDE, Batch, arrow_table
from cryptotrace.store import ingest, merging, open_store

ROW = st.fixed_dictionaries(
    {
        "tx": st.sampled_from(["t1", "t2"]),
        "kind": st.sampled_from(["token", "token", "native", "internal", "fee"]),
        "ends": st.sampled_from(["ab", "ab", "ba", "a-", "-b"]),
        "place": st.sampled_from([None, None, None, 1, 2]),
        "ok": st.sampled_from([True, True, True, False]),
        "listing": st.integers(0, 2),
        "index": st.booleans(),
        "block": st.sampled_from([1, 1, 1, 2, 9, None]),
    }
)
LOADS = st.lists(st.lists(ROW, max_size=9), min_size=1, max_size=3) | st.lists(ROW, max_size=9).flatmap(
    lambda rows: st.tuples(
        st.just(rows), st.permutations(rows).flatmap(lambda mixed: st.just(mixed[:5])), st.lists(ROW, max_size=2)
    )
)


def transfers_of(kit, rows, *, numbered):
    """Rows of one load; what a listing knows besides (call types) is the same for all of its rows."""
    ends = {"a": kit.A, "b": kit.B, "-": None}
    for number, row in enumerate(rows):
        coin = {} if row["kind"] == "token" else {"contract": None, "symbol": "ETH", "decimals": 18}
        place = {"log_index": row["place"]} if row["kind"] == "token" else {}
        if row["kind"] == "internal" and row["place"] is not None:
            place = {"trace_path": f"0_{row['place']}"}
        yield kit.transfer(
            tx=row["tx"], kind=row["kind"], sender=ends[row["ends"][0]], receiver=ends[row["ends"][1]], ok=row["ok"],
            listing=row["listing"], block=row["block"], tx_index=4 if row["index"] else None,
            input_row=number if numbered else None,
            call_type="call" if row["kind"] == "internal" and row["listing"] == 1 else None, **coin, **place,
        )  # fmt: skip


def every_row(connection, arrived):
    """Leave no row out of the load, as if none could be known by a look at its block."""
    connection.execute("CREATE OR REPLACE TEMP VIEW open_transfers AS SELECT * FROM in_transfers")
    return arrived


def by_merge_alone(connection, _first_new):
    """Merge every row listing by listing, as if no group could be settled by counting."""
    merged = merging.Merged()
    connection.execute("CREATE OR REPLACE TEMP TABLE staged AS SELECT * FROM arrived")
    for (listing,) in connection.execute("SELECT DISTINCT listing FROM staged ORDER BY listing").fetchall():
        merged += merging.run_file(connection, "merge.sql", listing=listing, next_id=merging.next_id(connection, "transfers"))
    return merged


@given(loads=LOADS, numbered=st.booleans())
@settings(max_examples=20, deadline=None)
def test_counting_gives_what_merging_by_position_gives(kit, loads, numbered):
    batches = [kit.batch_of(*transfers_of(kit, rows, numbered=numbered)) for rows in loads]
    quick, slow = open_store(":memory:"), open_store(":memory:")
    for batch in batches:
        new = quick.load([batch])["transfers"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ingest, "leave_known", every_row)
            patch.setattr(ingest, "merge_transfers", by_merge_alone)
            assert slow.load([batch])["transfers"] == new
        assert quick.digests() == slow.digests()
        assert quick.version == slow.version
    ids = quick.rows("SELECT count(*), count(DISTINCT id), min(id), max(id) FROM transfers")[0]
    assert ids[0] == ids[1]
    assert ids[0] == 0 or ids[2:] == (1, ids[0])


def test_rows_are_stored_in_the_order_of_the_chain(kit):
    rows = [kit.transfer(number, tx=f"t{number}", block=number * 7 % 50) for number in range(50)]
    blocks = [block for (block,) in kit.loaded(rows).rows("SELECT block FROM transfers ORDER BY id")]
    assert blocks == sorted(blocks)


def test_arrow_tables_and_rows_of_one_load_are_one_listing(kit):
    rows = [kit.transfer(number % 3, tx=f"t{number % 2}", listing=number % 2) for number in range(12)]
    plain = kit.batch_of(*rows)
    cut = Batch({"transfers": plain.rows["transfers"][:5]})
    cut.tables["transfers"] = [
        arrow_table(WIDE["transfers"], plain.rows["transfers"][a:b]) for a, b in ((5, 6), (6, 6), (6, 12))
    ]
    assert len(cut) == len(plain)
    assert kit.loaded(cut).digests() == kit.loaded(plain).digests()


def test_more_pages_than_are_read_at_once_are_all_there(kit, monkeypatch):
    monkeypatch.setattr(ingest, "_STAGE_ROWS", 3)
    monkeypatch.setattr(ingest, "_STAGE_PAGES", 2)
    batches = []
    for number in range(10):
        batch = kit.batch_of(kit.transfer(number, tx=f"t{number}"), transactions=[kit.transaction(f"t{number}")])
        batch.tables["transfers"] = (
            [pa.Table.from_batches(arrow_table(WIDE["transfers"], batch.rows.pop("transfers")).to_batches())]
            if number % 2
            else []
        )
        batches.append(batch)
    store = open_store(":memory:")
    assert store.load(batches)["transfers"] == 10
    assert not any(store.load(batches).values())
