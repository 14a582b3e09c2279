"""``table``: our own names or a declared mapping, in CSV, JSON lines and Parquet, with the tables beside it."""

from __future__ import annotations

import csv
import gzip
import json
import random
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptotrace.errors import InputFileError
from cryptotrace.model import MAX_AMOUNT
from cryptotrace.schema import STORED, WIDE, arrow_table
from cryptotrace.sources import streams

HEADER = "chain,block,time,tx_hash,tx_index,log_index,trace_path,kind,contract,symbol,decimals,sender,receiver,amount,ok"
A, B, T = "0x" + "a" * 40, "0x" + "b" * 40, "0xdac17f958d2ee523a2206206994597c13d831ec7"
NULL = "0x" + "0" * 40
HASH = "0x" + "d" * 64


def line(**cells):
    row = {
        "chain": "ethereum", "block": "16730000", "time": "2023-03-01T00:00:00Z", "tx_hash": HASH, "tx_index": "1",
        "log_index": "3", "trace_path": "", "kind": "token", "contract": T, "symbol": "USDT", "decimals": "6", "sender": A,
        "receiver": B, "amount": "5", "ok": "true", **cells,
    }  # fmt: skip
    return ",".join(row[name] for name in HEADER.split(","))


def table_of(folder, name):
    return next(path for path in (folder / f"{name}.csv", folder / f"{name}.csv.gz") if path.exists())


def cells_of(path):
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.parametrize("world", ["romance_full-101", "fake_liquidity_mining-101", "truncated-102"])
def test_worlds_load_without_a_reject_and_equal_their_files(world, shared_data, read, rows_of):
    folder = shared_data / "worlds" / world
    coverage = folder / "coverage.csv"
    batch = read(
        table_of(folder, "transfers"), format="table", transactions=table_of(folder, "transactions"),
        approvals=table_of(folder, "approvals"), coverage=coverage if coverage.exists() else None,
    )  # fmt: skip
    assert not batch.rejects
    moved = [row for row in rows_of(batch) if row["kind"] != "fee"]
    expected = cells_of(table_of(folder, "transfers"))
    assert len(moved) == len(expected)
    for row, cells in zip(moved, expected, strict=True):
        assert (row["tx_hash"], row["kind"], row["sender"], row["receiver"]) == (
            cells["tx_hash"], cells["kind"], cells["sender"], cells["receiver"]
        )  # fmt: skip
        assert (row["amount"], row["decimals"], row["contract"] or "") == (
            int(cells["amount"]), int(cells["decimals"]), cells["contract"]
        )  # fmt: skip
        assert row["ok"] == (cells["ok"] == "true")
        assert row["input_row"] is None
        assert row["symbol"] == cells["symbol"]
    paid = [cells for cells in cells_of(table_of(folder, "transactions")) if cells["fee"] != "0"]
    assert [(row["tx_hash"], row["sender"], row["receiver"], row["amount"], row["ok"]) for row in rows_of(batch) if
            row["kind"] == "fee"] == [(c["tx_hash"], c["signer"], None, int(c["fee"]), True) for c in paid]  # fmt: skip
    assert len(batch.rows["transactions"]) == len(cells_of(table_of(folder, "transactions")))
    assert len(batch.rows.get("events", [])) == len(cells_of(table_of(folder, "approvals")))
    if coverage.exists():
        assert [(row[3], row[6]) for row in batch.rows["coverage"]] == [(c["address"], c["status"]) for c in cells_of(coverage)]
    for name, rows in batch.rows.items():
        assert arrow_table(WIDE[name], rows).num_rows == len(rows)


def test_unlimited_approvals_keep_their_text(write, read, rows_of):
    approvals = write(
        "approvals.csv",
        "chain,block,time,tx_hash,log_index,contract,owner,spender,amount",
        *[
            f"ethereum,1,2023-03-01,{HASH},{n},{T},{A},{B},{amount}"
            for n, amount in enumerate((2**256 - 1, 7, 2**256, -1, "x"))
        ],
    )
    batch = read(write("t.csv", HEADER, line()), format="table", approvals=approvals)
    assert [(row["amount"], row["raw_amount"], row["kind"]) for row in rows_of(batch, "events")] == [
        (None, str(2**256 - 1), "approval"), (7, "7", "approval")
    ]  # fmt: skip
    assert [reject.line for reject in batch.rejects] == [4, 5, 6]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(number=st.one_of(st.integers(min_value=0, max_value=2**256), st.integers(max_value=-1)))
def test_every_amount_is_an_exact_row_or_a_whole_reject(number, tmp_path, read):
    path = tmp_path / "t.csv"
    raw = line(amount=str(number))
    path.write_text(f"{HEADER}\n{raw}\n", encoding="utf-8")
    batch = read(path, format="table")
    if 0 <= number <= MAX_AMOUNT:
        assert [row[14] for row in batch.rows["transfers"]] == [number]
        assert arrow_table(WIDE["transfers"], batch.rows["transfers"])["amount"].to_pylist() == [Decimal(number)]
        assert not batch.rejects
    else:
        assert "transfers" not in batch.rows
        assert [(reject.raw, reject.line) for reject in batch.rejects] == [(raw, 2)]
        assert "negative" in batch.rejects[0].reason or "larger" in batch.rejects[0].reason


ANY_CELL = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.floats(allow_nan=False), st.lists(st.integers(),
     max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(name=st.sampled_from(HEADER.split(",")), cell=ANY_CELL)
def test_no_hostile_cell_stops_the_rows_beside_it(name, cell, tmp_path, read):
    good = dict(zip(HEADER.split(","), line().split(","), strict=True))
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in (good, {**good, name: cell}, good)), encoding="utf-8")
    batch = read(path, format="table")
    rows = batch.rows["transfers"]
    assert len(rows) + len(batch.rejects) == 3
    assert len(rows) >= 2
    arrow_table(WIDE["transfers"], rows)
    arrow_table(STORED["rejects"], batch.rows.get("rejects", []))


def test_columns_are_mapped_and_the_chain_comes_from_the_argument(write, read, rows_of):
    path = write("pay.csv", "id,when,payer,payee,wei,note", f"{HASH},1677628800,{A},{B},1.5e3,hi")
    names = {"tx_hash": "id", "time": "when", "sender": "payer", "receiver": "payee", "amount": "wei"}
    (row,) = rows_of(read(path, format="table", chain="polygon", columns=names))
    assert (row["chain"], row["kind"], row["contract"], row["symbol"], row["decimals"]) == (
        "polygon",
        "native",
        None,
        "POL",
        18,
    )
    assert (row["amount"], row["ok"], row["input_row"]) == (1500, True, 1)


def test_missing_columns_are_refused_under_the_name_of_the_file(write, read):
    path = write("pay.csv", "id,time,sender,receiver,amount")
    with pytest.raises(InputFileError, match=r"chain, tx_hash is missing; found: id, time"):
        read(path, format="table")
    with pytest.raises(InputFileError, match=r"number is missing"):
        read(path, format="table", chain="eth", columns={"tx_hash": "id", "block": "number"})


def test_json_lines_and_parquet_and_packed_files_give_the_same_rows(write, read, tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    lines = [line(amount=str(n), log_index=str(at)) for at, n in enumerate((1, 10**38 - 1, 10**20))]
    whole = read(write("t.csv", HEADER, *lines), format="table").rows
    dicts = [dict(zip(HEADER.split(","), row.split(","), strict=True)) for row in lines]
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress("\n".join([HEADER, *lines]).encode()))
    write("t.jsonl", *map(json.dumps, dicts))
    write("u.jsonl", *[json.dumps({**d, "amount": int(d["amount"]), "ok": True, "contract": T}) for d in dicts])
    write("t.json", json.dumps(dicts))
    columns = {name: [d[name] for d in dicts] for name in HEADER.split(",")}
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    columns["amount"] = pa.array([Decimal(d["amount"]) for d in dicts], pa.decimal128(38, 0))
    columns["time"] = pa.array([1677628800 * 10**9] * 3, pa.timestamp("ns", tz="UTC"))
    columns["block"] = [16730000] * 3
    parquet.write_table(pa.table(columns), tmp_path / "u.parquet")
    for name in ("t.csv.gz", "t.jsonl", "u.jsonl", "t.json", "t.parquet", "u.parquet"):
        assert read(tmp_path / name, format="table").rows == whole


def test_damaged_parquet_is_refused_wherever_the_damage_is(read, tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    cells = dict(zip(HEADER.split(","), line().split(","), strict=True))
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({name: [cell] * 50 for name, cell in cells.items()}), path)
    whole, dice, refused = path.read_bytes(), random.Random(7), 0
    for _ in range(60):
        broken = bytearray(whole)
        for at in dice.sample(range(len(broken)), 20):
            broken[at] = dice.randrange(256)
        path.write_bytes(broken)
        try:
            read(path, format="table")
        except InputFileError:
            refused += 1
    assert refused > 30


def test_parquet_that_grows_without_end_is_stopped(read, tmp_path, monkeypatch):
    import pyarrow as pa
    from pyarrow import parquet

    monkeypatch.setattr(streams, "MAX_UNPACKED", 1_000)
    parquet.write_table(pa.table({name: ["x" * 5_000] for name in HEADER.split(",")}), tmp_path / "t.parquet")
    with pytest.raises(InputFileError, match="unpacks to more"):
        read(tmp_path / "t.parquet", format="table")


def test_binary_fractions_in_parquet_are_rejected(read, tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    row = dict(zip(HEADER.split(","), line().split(","), strict=True))
    parquet.write_table(pa.table({name: [2.0 if name == "amount" else row[name]] for name in row}), tmp_path / "t.parquet")
    batch = read(tmp_path / "t.parquet", format="table")
    assert "binary fraction" in batch.rejects[0].reason
    assert '"amount": 2.0' in batch.rejects[0].raw


def test_a_folder_is_read_in_order_of_name_as_one_table(write, read, rows_of, tmp_path):
    write("in/b.csv", HEADER, line(amount="2", tx_index=""))
    write("in/a.csv", HEADER, line(amount="1", tx_index=""))
    write("in/.hidden.csv", "x")
    write("in/readme.md", "x")
    write("in/sub/c.csv", "x")
    rows = rows_of(read(tmp_path / "in", format="table"))
    assert [(row["amount"], row["input_row"], row["listing"]) for row in rows] == [(1, 1, 0), (2, 2, 0)]


def test_rows_with_a_place_do_not_depend_on_the_order_of_the_input(write, read):
    lines = [line(amount=str(n), log_index=str(n)) for n in range(20)]
    straight = read(write("a.csv", HEADER, *lines), format="table")
    random.Random(1).shuffle(lines)
    shuffled = read(write("b.csv", HEADER, *lines), format="table", chunk_rows=3)
    assert sorted(straight.rows["transfers"], key=str) == sorted(shuffled.rows["transfers"], key=str)


@pytest.mark.parametrize(
    ("cells", "placed"),
    [({}, True), ({"log_index": ""}, False), ({"log_index": "", "trace_path": "0_1"}, True), ({"tx_index": ""}, False),
     ({"block": ""}, False), ({"kind": "native", "contract": "", "log_index": ""}, True)],
)  # fmt: skip
def test_the_row_number_stands_only_where_the_place_is_not_known(cells, placed, write, read, rows_of):
    (row,) = rows_of(read(write("t.csv", HEADER, line(**cells)), format="table"))
    assert row["input_row"] == (None if placed else 1)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [({"chain": "etherium"}, "chain"), ({"chain": ""}, "chain is empty"), ({"kind": "gift"}, "kind"), ({"ok": "maybe"}, "ok"),
     ({"sender": ""}, "sender is empty"), ({"receiver": ""}, "receiver is empty"), ({"receiver": "0x12"}, "receiver"),
     ({"contract": "USDT"}, "contract"), ({"decimals": "256"}, "decimals"), ({"log_index": "-1"}, "log_index"),
     ({"block": "1e30"}, "block"), ({"tx_hash": ""}, "tx_hash"), ({"time": "soon"}, "time"), ({"amount": "1.5"}, "amount"),
     ({"trace_path": "x"}, "trace_path")],
)  # fmt: skip
def test_each_bad_cell_rejects_its_row_with_the_column(cells, reason, write, read):
    batch = read(write("t.csv", HEADER, line(**cells), line()), format="table")
    assert [reject.line for reject in batch.rejects] == [2]
    assert batch.rejects[0].reason.startswith(reason)
    assert len(batch.rows["transfers"]) == 1


def test_ends_that_nobody_holds_may_be_empty(write, read, rows_of):
    rows = rows_of(read(write(
        "t.csv", HEADER, line(kind="mint", sender=""), line(kind="burn", receiver=""), line(kind="fee", contract="",
        receiver=""),
        line(kind="reward", contract="", sender=""), line(kind="native", contract="", receiver="", ok="false"),
    ), format="table"))  # fmt: skip
    assert [(row["sender"], row["receiver"]) for row in rows] == [(NULL, B), (A, NULL), (A, None), (NULL, B), (A, None)]


def test_symbols_stay_as_they_are_written(write, read, rows_of):
    rows = rows_of(read(write("t.csv", HEADER, line(symbol="U\u0405D\u0422"), line(symbol="", decimals="")), format="table"))
    assert [(row["symbol"], row["decimals"]) for row in rows] == [("U\u0405D\u0422", 6), (None, None)]


def test_coverage_statuses_are_ours(write, read, rows_of):
    coverage = write(
        "coverage.csv", "address,stream,status,reason,missing_from_block,missing_to_block,rows_here", f"{A},,complete,,,,3",
        f"{B},token,partial,cut,5,9,1", f"{B},all,fine,,,,",
    )  # fmt: skip
    batch = read(write("t.csv", HEADER, line()), format="table", chain="ethereum", coverage=coverage)
    assert [tuple(row[name] for name in ("source", "stream", "address", "from_block", "to_block", "status", "reason", "rows"))
            for row in rows_of(batch, "coverage")] == [
        ("file:coverage.csv", "all", A, 0, None, "complete", None, 3),
        ("file:coverage.csv", "token", B, 5, 9, "partial", "cut", 1),
    ]  # fmt: skip
    assert batch.rejects[0].reason.startswith("status")


def test_transactions_without_a_fee_or_outcome_are_kept_as_unknown(write, read, rows_of):
    beside = write(
        "x.csv", "tx_hash,time,signer,to,ok,fee", f"{HASH},2023-03-01,{A},,,", f"{HASH[:-1]}e,2023-03-01,{A},{B},true,-1"
    )
    batch = read(write("t.csv", HEADER, line()), format="table", chain="ethereum", transactions=beside)
    (row,) = rows_of(batch, "transactions")
    assert (row["receiver"], row["ok"], row["fee"]) == (None, None, None)
    assert batch.rejects[0].reason == "fee is negative"
    assert len(batch.rows["transfers"]) == 1
