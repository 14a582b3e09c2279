"""The store settles most groups of equal rows by counting; what it gives must be what merging position by position gives."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptotrace.schema import WIDE, Batch, arrow_table
from cryptotrace.store import fees, ingest, known, merging, naming, open_store, staging

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


def every_row(connection, rows, _blocks):
    """Leave no row out of the load, as if none could be known by a look at its block."""
    for name in staging.MERGED:
        connection.execute(f"CREATE OR REPLACE TEMP VIEW open_{name} AS SELECT * FROM in_{name}")
    return {name: rows[name] for name in staging.MERGED}


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
    monkeypatch.setattr(staging, "_STAGE_ROWS", 3)
    monkeypatch.setattr(staging, "_STAGE_PAGES", 2)
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


# -- the ways that lead to the same store ----------------------------------------------------------------------------------

EVERYTHING = ("accounts", "assets", "transfers", "transactions", "rejects")


def everything(store):
    """Every merged row, with its ids."""
    return {name: sorted(store.rows(f"SELECT * FROM {name}"), key=repr) for name in EVERYTHING}


def transactions_of(kit, rows):
    """A transaction for every row of a load, knowing now this and now that."""
    return [
        kit.transaction(row["tx"], block=row["block"], tx_index=4 if row["index"] else None, ok=row["ok"], fee=row["place"],
            signer=kit.A, receiver={"a": kit.A, "b": kit.B, "-": None}[row["ends"][1]])
        for row in rows
    ]  # fmt: skip


@given(loads=LOADS, numbered=st.booleans())
@settings(max_examples=15, deadline=None)
def test_rows_that_were_spilled_are_stored_with_the_ids_of_rows_that_were_not(kit, loads, numbered):
    at_once, spilled = open_store(":memory:"), open_store(":memory:")
    for rows in loads:
        transfers = [*transfers_of(kit, rows, numbered=numbered)]
        transfers += [{**one, "chain": "polygon", "sender": kit.C} for one in transfers[:2]]
        batch = kit.batch_of(*transfers, transactions=transactions_of(kit, rows))
        new = at_once.load([batch])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(staging, "_STAGE_ROWS", 1)
            assert spilled.load([batch]) == new
        assert everything(spilled) == everything(at_once)
        assert spilled.version == at_once.version


@given(loads=LOADS)
@settings(max_examples=15, deadline=None)
def test_transactions_that_are_left_out_would_have_changed_nothing(kit, loads):
    quick, slow = open_store(":memory:"), open_store(":memory:")
    for rows in [*loads, *loads]:
        batch = kit.batch_of(transactions=transactions_of(kit, rows))
        new = quick.load([batch])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ingest, "leave_known", every_row)
            assert slow.load([batch]) == new
        assert everything(quick) == everything(slow)
        assert quick.version == slow.version


def statements_of(monkeypatch):
    """The SQL files that loads run from now on."""
    ran = []

    def noted(connection, name, **values):
        ran.append(name)
        return merging.run_file(connection, name, **values)

    for module in (ingest, known, naming, fees):
        monkeypatch.setattr(module, "run_file", noted)
    return ran


def test_rows_and_transactions_that_say_nothing_new_are_known_before_a_name_is_looked_up(kit, monkeypatch):
    rows = [kit.transfer(number, tx=f"t{number}", block=number + 1, tx_index=1) for number in range(5)]
    batch = kit.batch_of(*rows, transactions=[kit.transaction(f"t{number}", block=number + 1) for number in range(5)])
    store = kit.loaded(batch)
    ran = statements_of(monkeypatch)
    assert not any(store.load([batch]).values())
    assert ran == ["known.sql", "known_transactions.sql"]


@pytest.mark.parametrize(
    "news",
    [{"tx_index": 3}, {"ok": False}, {"fee": 9}, {"nonce": 1}, {"signer": "0x" + "d" * 40}, {"receiver": "0x" + "d" * 40}],
)
def test_a_transaction_that_says_something_new_is_not_left_out(kit, news):
    store = kit.loaded(kit.batch_of(transactions=[kit.transaction(ok=True, fee=8)]))
    before = (store.version, store.digests())
    store.load([kit.batch_of(transactions=[kit.transaction(ok=True, fee=7)])])
    assert (store.version, store.digests()) == before
    store.load([kit.batch_of(transactions=[kit.transaction(**{"ok": True, "fee": 8, **news})])])
    changed = (store.version, store.digests())
    assert changed[0] > before[0]
    assert changed[1] != before[1]


def test_many_equal_amounts_in_a_transaction_are_not_held_against_each_other(kit, monkeypatch):
    """Of such a crowd each would find each: it is settled by numbers, and the rows beside it are still known at once."""
    crowd = [kit.transfer(5, receiver=f"0x{number:040x}") for number in range(9)]
    batch = kit.batch_of(*crowd, kit.transfer(6), kit.transfer(7))
    store = kit.loaded(batch)
    before = (store.version, store.digests())
    left = []
    monkeypatch.setattr(ingest, "leave_known", lambda *given: left.append(known.leave_known(*given)) or left[-1])
    for most, of_crowd in ((9, 0), (8, 9)):
        monkeypatch.setattr(known, "_CROWD", most)
        assert not any(store.load([batch]).values())
        assert left[-1]["transfers"].count == of_crowd
        assert (store.version, store.digests()) == before


def test_places_are_not_looked_for_where_nobody_knows_any(kit, monkeypatch):
    coin = {"kind": "internal", "contract": None, "symbol": None, "decimals": None}
    store = open_store(":memory:")
    ran = []
    run_file = merging.run_file
    monkeypatch.setattr(
        merging, "run_file", lambda connection, name, **given: ran.append(name) or run_file(connection, name, **given)
    )
    store.load([kit.batch_of(kit.transfer(1, **coin), kit.transfer(2, **coin))])
    store.load([kit.batch_of(kit.transfer(1, **coin), kit.transfer(3, **coin))])
    assert "settle_new.sql" in ran
    assert "learn_places.sql" not in ran
    store.load([kit.batch_of(kit.transfer(4, tx_index=7))])
    assert "learn_places.sql" in ran
    assert {index for (index,) in store.rows("SELECT tx_index FROM transfers")} == {7}
