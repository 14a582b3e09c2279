"""``ethereum_etl`` and ``graphsense_etl``: tables of a node, merged by what they say about the same rows."""

from __future__ import annotations

import base64
import csv
import json
from collections import Counter
from decimal import Decimal

import pytest

from cryptotrace.errors import InputFileError
from cryptotrace.sources.formats.transfer_logs import TRANSFER

A, B, C = "0x" + "a" * 40, "0x" + "b" * 40, "0x" + "c" * 40
NULL = "0x" + "0" * 40
USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"
HASH, OTHER = "0x" + "d" * 64, "0x" + "e" * 64
TRANSACTIONS = (
    "hash,nonce,block_number,transaction_index,from_address,to_address,value,gas_price,receipt_gas_used,"
    "receipt_effective_gas_price,receipt_status,receipt_contract_address,block_timestamp"
)
TRACES = (
    "block_number,transaction_hash,transaction_index,from_address,to_address,value,trace_type,call_type,"
    "reward_type,trace_address,error,status,trace_id"
)
TOKENS = "token_address,from_address,to_address,value,transaction_hash,log_index,block_number"
LOGS = "log_index,transaction_hash,transaction_index,block_number,address,data,topics"
BLOCKS = "number,timestamp"


def transaction(
    name=HASH, receiver=B, value="5", price="7", used="21000", effective="", status="1", contract="", time="1654646411"
):
    return f"{name},0,100,3,{A},{receiver},{value},{price},{used},{effective},{status},{contract},{time}"


def frame(path="", name=HASH, kind="call", call="call", sender=A, receiver=B, value="5", error="", status="1"):
    identifier = f"{kind}_{name}_" + path.replace(",", "_")
    return f'100,{name},3,{sender},{receiver},{value},{kind},{call},,"{path}",{error},{status},{identifier}'


def word(text):
    return "0x" + text.removeprefix("0x").rjust(64, "0")


def log(topics, data, index=9, address=USDT):
    return f'{index},{HASH},3,100,{address},{data},"{",".join(topics)}"'


@pytest.fixture
def etl(write, read, tmp_path):
    def load(**tables):
        for name, lines in tables.items():
            write(f"in/{name}.csv", *lines)
        return read(tmp_path / "in", format="ethereum_etl", chain="ethereum")

    return load


@pytest.fixture(scope="module")
def block(shared_data):
    from cryptotrace.schema import WIDE, Batch
    from cryptotrace.sources import read_transfers

    whole = Batch()
    for batch in read_transfers(shared_data / "ethereum_block_15000000", format="graphsense_etl", chain="ethereum"):
        for table, rows in batch.rows.items():
            whole.rows.setdefault(table, []).extend(rows)
    names = WIDE["transfers"].names
    return whole, [dict(zip(names, row, strict=True)) for row in whole.rows["transfers"]]


def lines_of(shared_data, name):
    with (shared_data / "ethereum_block_15000000" / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_usdt_transfers_from_logs_equal_the_reference(block, shared_data):
    def hexed(text):
        return "0x" + base64.b64decode(text).hex()

    expected = Counter()
    reference = shared_data / "ethereum_block_15000000" / "reference" / "USDT_token_transfers.json"
    for line in reference.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        expected[
            row["blockId"], row["transactionIndex"], row["logIndex"], hexed(row["txHash"]), hexed(row["from"]),
            hexed(row["to"]),
            hexed(row["tokenAddress"]), row["value"],
        ] += 1  # fmt: skip
    got = Counter(
        (r["block"], r["tx_index"], r["log_index"], r["tx_hash"], r["sender"], r["receiver"], r["contract"], r["amount"])
        for r in block[1]
        if r["contract"] == USDT
    )
    assert got == expected
    assert got.total() == 143


def test_every_row_of_the_real_block_is_in_and_only_the_other_file_is_listed(block, shared_data):
    batch, rows = block
    assert [(r.file, r.line, r.reason) for r in batch.rejects] == [("exchange_rates.json", None, "not a table of this format")]
    transactions, traces = lines_of(shared_data, "transactions.csv"), lines_of(shared_data, "traces.csv")
    assert len(batch.rows["transactions"]) == len(transactions)
    frames = [row for row in rows if row["kind"] in ("internal", "reward") or (row["kind"] == "native" and row["listing"] == 1)]
    assert len(frames) == len(traces)
    assert len([row for row in rows if row["kind"] == "token"]) == 715  # three topics and one word; 389 of ERC-721 are none
    assert len([row for row in rows if row["kind"] == "fee"]) == len(transactions)


def test_integers_in_exponent_form_are_exact(block, shared_data):
    traces = lines_of(shared_data, "traces.csv")
    assert [line["value"] for line in traces if "e" in line["value"]][:2] == ["199e17", "5999895e14"]
    amounts = [row["amount"] for row in block[1] if row["listing"] == 1]
    assert amounts == [int(Decimal(line["value"])) for line in traces]
    assert 19_900_000_000_000_000_000 in amounts


def test_the_outcome_of_a_transaction_is_that_of_its_root_trace(block, shared_data):
    roots = {}
    for line in lines_of(shared_data, "traces.csv"):
        if line["traceId"].endswith("_"):
            roots[line["txHash"]] = line["status"] == "1"
    outcomes = {row[1]: row[7] for row in block[0].rows["transactions"]}
    assert outcomes == {name: roots.get(name) for name in outcomes}
    assert sum(row["kind"] == "native" and not row["ok"] for row in block[1]) == 42
    for row in block[1]:
        if row["kind"] == "native" and row["tx_hash"] in roots:
            assert row["ok"] is roots[row["tx_hash"]]


def test_frames_keep_their_own_outcome_and_path(block, shared_data):
    expected = Counter()
    for line in lines_of(shared_data, "traces.csv"):
        kind, _, rest = line["traceId"].partition("_")
        if kind in ("call", "create") and not rest.endswith("_"):
            name, path = rest.split("_", 1)
            expected[name, path, line["status"] == "1", line["callType"] or kind] += 1
    got = Counter((r["tx_hash"], r["trace_path"], r["ok"], r["call_type"]) for r in block[1] if r["kind"] == "internal")
    assert got == expected


def test_transactions_and_root_traces_show_the_same_rows(block):
    key = ("tx_hash", "sender", "receiver", "amount", "contract", "block")
    by_transaction = {tuple(r[k] for k in key) for r in block[1] if r["kind"] == "native" and r["listing"] == 0}
    by_trace = {tuple(r[k] for k in key) for r in block[1] if r["kind"] == "native" and r["listing"] == 1}
    known = {row[0] for row in by_trace}
    assert {row for row in by_transaction if row[0] in known} <= by_trace
    assert len(by_transaction & by_trace) == 326


def test_genesis_and_rewards_come_from_the_null_address_under_the_name_of_their_trace(block):
    outside = [r for r in block[1] if r["tx_hash"].startswith(("genesis", "reward"))]
    assert len(outside) == 95
    assert {(r["sender"], r["kind"]) for r in outside if r["tx_hash"].startswith("reward")} == {(NULL, "reward")}
    genesis = [r for r in outside if r["tx_hash"].startswith("genesis")]
    assert {(r["sender"], r["kind"], r["time"].isoformat()) for r in genesis} == {(NULL, "native", "2015-07-30T15:26:13+00:00")}


def test_fees_are_gas_times_price(block, shared_data):
    expected = {t["txHash"]: int(t["receiptGasUsed"]) * int(t["gasPrice"]) for t in lines_of(shared_data, "transactions.csv")}
    assert {r["tx_hash"]: r["amount"] for r in block[1] if r["kind"] == "fee"} == expected
    assert {row[1]: row[8] for row in block[0].rows["transactions"]} == expected


def test_an_etl_transaction_pays_the_price_that_was_effective(etl, rows_of):
    batch = etl(transactions=[TRANSACTIONS, transaction(effective="6"), transaction(OTHER, status="0", used="")])
    assert [(r["kind"], r["amount"], r["ok"], r["input_row"]) for r in rows_of(batch)] == [
        ("native", 5, True, None), ("fee", 126_000, True, None), ("native", 5, False, None)
    ]  # fmt: skip
    assert [row["fee"] for row in rows_of(batch, "transactions")] == [126_000, None]


def test_receipts_of_their_own_give_fee_outcome_and_new_contract(etl, rows_of):
    header = (
        "transaction_hash,transaction_index,block_number,cumulative_gas_used,gas_used,contract_address,"
        "status,effective_gas_price"
    )
    plain = ",".join(TRANSACTIONS.split(",")[:8]) + ",block_timestamp"
    row = f"{HASH},0,100,3,{A},,0,7,1654646411"
    batch = etl(transactions=[plain, row], receipts=[header, f"{HASH},3,100,50,10,{C},0,4", "x\n", "short"])
    native, fee = rows_of(batch)
    assert (native["receiver"], native["ok"], fee["amount"]) == (C, False, 40)
    assert [reject.line for reject in batch.rejects] == [3, 5]


def test_the_outcome_comes_from_the_root_trace_where_the_receipt_has_none(etl, rows_of):
    batch = etl(
        transactions=[TRANSACTIONS, transaction(status="", receiver="")], traces=[TRACES, frame(status="0", kind="create")]
    )
    first, second = (row for row in rows_of(batch) if row["kind"] == "native")
    assert first["ok"] is second["ok"] is False
    assert first["receiver"] == second["receiver"] == B
    assert (first["trace_path"], first["call_type"]) == (second["trace_path"], second["call_type"]) == (None, None)


def test_the_failure_of_a_frame_is_not_handed_down(etl, rows_of):
    batch = etl(
        transactions=[TRANSACTIONS, transaction()], traces=[TRACES, frame(), frame("0", status="0"), frame("0,0"), frame("1")]
    )
    assert [(r["trace_path"], r["ok"]) for r in rows_of(batch) if r["kind"] == "internal"] == [
        ("0", False),
        ("0_0", True),
        ("1", True),
    ]


def test_kinds_of_frames_are_kept(etl, rows_of):
    lines = [frame("0", call="delegatecall", value=""), frame("1", call="staticcall"), frame("2", kind="create", call=""),
             frame("3", kind="suicide", call=""), frame("4", kind="create", call="", receiver="", status="0",
             error="out of gas")]  # fmt: skip
    batch = etl(
        transactions=[TRANSACTIONS, transaction()], traces=[TRACES, *lines, frame("5", receiver=""), frame("6", value="")]
    )
    assert [(r["call_type"], r["amount"], r["receiver"]) for r in rows_of(batch) if r["kind"] == "internal"] == [
        ("delegatecall", 0, B), ("staticcall", 5, B), ("create", 5, B), ("suicide", 5, B), ("create", 5, None)
    ]  # fmt: skip
    assert [reject.reason for reject in batch.rejects] == ["to_address is empty", "value is empty"]


def test_frames_without_a_place_in_the_block_carry_a_row_number(etl, rows_of):
    header = TRACES.replace("transaction_index", "index_of_something")
    (row,) = rows_of(etl(blocks=[BLOCKS, "100,1654646411"], traces=[header, frame("0")]))
    assert (row["tx_index"], row["input_row"]) == (None, 1)


def test_rewards_without_an_identifier_are_named_by_block_and_miner(etl, rows_of):
    header = TRACES.removesuffix(",trace_id")
    batch = etl(blocks=[BLOCKS, "100,1654646411"], traces=[header, f"100,,,,{B},3,reward,,block,,,1"])
    (row,) = rows_of(batch)
    assert (row["tx_hash"], row["kind"], row["sender"], row["receiver"], row["amount"]) == (
        f"reward_100_{B}",
        "reward",
        NULL,
        B,
        3,
    )


def test_logs_and_token_transfers_are_two_listings_of_the_same_rows(etl, rows_of):
    topics = [TRANSFER, word(A), word(B)]
    tokens = [TOKENS, f"{USDT},{A},{B},7,{HASH},9,100"]
    symbols = ["address,symbol,decimals", f"{USDT},USDT,6", f"{C},JUNK,300"]
    batch = etl(
        transactions=[TRANSACTIONS, transaction()], token_transfers=tokens, logs=[LOGS, log(topics, word("7"))], tokens=symbols
    )
    first, second = (row for row in rows_of(batch) if row["kind"] == "token")
    assert first["listing"] != second["listing"]
    assert {**first, "listing": 0} == {**second, "listing": 0}
    assert (first["symbol"], first["decimals"], first["tx_index"], first["log_index"], first["input_row"]) == (
        "USDT",
        6,
        3,
        9,
        None,
    )


@pytest.mark.parametrize("indexed", [0, 1, 2])
def test_transfers_are_read_whatever_the_contract_indexed(indexed, etl, rows_of):
    values = [word(A), word(B), word("ff")]
    data = "0x" + "".join(value[2:] for value in values[indexed:])
    batch = etl(blocks=[BLOCKS, "100,1654646411"], logs=[LOGS, log([TRANSFER, *values[:indexed]], data)])
    assert [(r["sender"], r["receiver"], r["amount"]) for r in rows_of(batch)] == [(A, B, 255)]


def test_collectibles_and_other_events_are_passed_over_and_broken_transfers_rejected(etl, rows_of):
    lines = [
        log([TRANSFER, word(A), word(B), word("5")], "0x"),
        log([word("1"), word(A), word(B)], word("5")),
        log([], "0x"),
        log([TRANSFER, word(A), word(B)], "0x"),
        log([TRANSFER, word(A), word(B)], "0x123"),
        log([TRANSFER, "0x" + "f" * 64, word(B)], word("5")),
        log([TRANSFER, word(A), word(B)], "0x" + "f" * 64),
        log([TRANSFER, word(A), word(B)], word("5"), address="0x1"),
    ]
    batch = etl(blocks=[BLOCKS, "100,1654646411"], logs=[LOGS, *lines])
    assert not rows_of(batch)
    assert [(reject.line, reject.raw) for reject in batch.rejects] == [(n, lines[n - 2]) for n in (5, 6, 7, 8, 9)]
    assert batch.rejects[3].reason == "value is larger than 10**38 - 1"


def test_a_row_whose_time_is_unknown_is_rejected(etl):
    batch = etl(blocks=[BLOCKS, "99,1654646411", "x,1"], token_transfers=[TOKENS, f"{USDT},{A},{B},7,{HASH},9,100"])
    assert sorted(reject.reason.split(":")[0] for reject in batch.rejects) == [
        "number is not a whole number in plain digits",
        "time is unknown",
    ]
    assert "transfers" not in batch.rows


def test_json_lines_and_parquet_give_the_same_rows(write, read, tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    cells = dict(zip(TRANSACTIONS.split(","), transaction().split(","), strict=True))
    typed = {
        **cells,
        "value": 5,
        "block_number": 100,
        "transaction_index": 3,
        "receipt_contract_address": None,
        "type": "transaction",
    }
    whole = read(write("a.csv", TRANSACTIONS, transaction()), format="ethereum_etl", chain="ethereum").rows
    parquet.write_table(pa.table({k: [v] for k, v in {**typed, "value": Decimal(5)}.items()}), tmp_path / "c.parquet")
    paths = (write("b.json", json.dumps(typed)), tmp_path / "c.parquet")
    for path in paths:
        assert read(path, format="ethereum_etl", chain="ethereum").rows == whole


@pytest.mark.parametrize("name", ["ethereum_etl", "graphsense_etl"])
def test_a_named_file_of_no_table_is_refused_with_what_it_lacks(name, write, read):
    with pytest.raises(InputFileError, match="is missing; found: hash, fee"):
        read(write("t.csv", "hash,fee"), format=name, chain="ethereum")


def test_graphsense_traces_that_contradict_themselves_are_rejected(write, read):
    header = "blockId,traceId,traceIndex,fromAddress,toAddress,value,status,callType,txHash"
    blocks = write("blocks.csv", "blockId,blockHash,timestamp", "100,0x,1654646411")
    good = f"100,call_{HASH}_0,7,{A},{B},1e3,1,call,{HASH}"
    lines = [
        f"100,call_{HASH}_0,7,{A},{B},1,1,call,{OTHER}",
        f"100,call_{HASH},7,{A},{B},1,1,call,{HASH}",
        f"100,,7,{A},{B},1,1,,",
        good,
    ]
    batch = read(blocks, write("traces.csv", header, *lines), format="graphsense_etl", chain="ethereum")
    assert [reject.reason for reject in batch.rejects] == ["trace_id names another transaction than its row"] + [
        "trace_id is not kind_hash_path"
    ] * 2
    (row,) = batch.rows["transfers"]
    assert (row[14], row[16]) == (1000, 7)  # without a place of its transaction, the place in the block is the row number
