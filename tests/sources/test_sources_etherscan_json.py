"""``etherscan_json``: saved answers of account lists, and what they prove."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict

import pytest

A, B, T = "0x" + "a" * 40, "0x" + "b" * 40, "0x" + "c" * 40
HASH = "0x" + "d" * 64
NULL = "0x" + "0" * 40
NATIVE = {
    "blockNumber": "100", "timeStamp": "1654646411", "hash": HASH, "nonce": "1", "transactionIndex": "61", "from": A, "to": B,
    "value": "7", "gas": "21000", "gasPrice": "10", "isError": "0", "txreceipt_status": "1", "contractAddress": "",
    "gasUsed": "21000", "confirmations": "50", "methodId": "0xa9059cbb", "functionName": "<script>",
}  # fmt: skip
INTERNAL = {
    "blockNumber": "100", "timeStamp": "1654646411", "hash": HASH, "from": A, "to": B, "value": "7", "contractAddress": "",
    "input": "", "type": "call", "gas": "0", "gasUsed": "0", "traceId": "0_1", "isError": "0", "errCode": "",
}  # fmt: skip
TOKEN = {
    "blockNumber": "100", "timeStamp": "1654646411", "hash": HASH, "nonce": "1", "from": A, "contractAddress": T, "to": B,
    "value": "7", "tokenName": "N", "tokenSymbol": "S", "tokenDecimal": "6", "transactionIndex": "61", "gasUsed": "5",
    "gasPrice": "5", "confirmations": "50",
}  # fmt: skip


@pytest.fixture
def answer(tmp_path, read):
    def load(*documents):
        paths = []
        for number, document in enumerate(documents):
            paths.append(tmp_path / f"{number}.json")
            paths[-1].write_text(json.dumps(document), encoding="utf-8")
        return read(*paths, format="etherscan_json", chain="ethereum")

    return load


def recorded(rows, method="txlist", **kwargs):
    return {"method": method, "kwargs": {"address": A, **kwargs}, "res": rows}


def enveloped(result, status="1", message="OK"):
    return {"status": status, "message": message, "result": result}


def test_every_row_of_the_real_answers_loads_and_sums_equal_a_recount(shared_data, read, rows_of):
    folder = shared_data / "etherscan_v1"
    batch = read(folder, format="etherscan_json", chain="ethereum")
    assert not batch.rejects
    rows = rows_of(batch)
    sums, decimals, symbols, count = defaultdict(int), {}, set(), Counter()
    for path in folder.iterdir():
        for item in json.loads(path.read_text(encoding="utf-8"))["res"]:
            name = path.name.removeprefix("get_")
            kind = "token" if name.startswith("erc20") else "internal" if name.startswith("internal") else "native"
            count[kind] += 1
            sums[kind, item["contractAddress"] if kind == "token" else None] += int(item["value"])
            if kind == "token":
                decimals[item["contractAddress"]] = int(item["tokenDecimal"])
                symbols.add(item["tokenSymbol"])
    got = defaultdict(int)
    for row in rows:
        if row["kind"] != "fee":
            got[row["kind"], row["contract"]] += row["amount"]
    assert got == sums
    assert (
        Counter(row["kind"] for row in rows if row["kind"] != "fee") == count == {"token": 1244, "internal": 66, "native": 41}
    )
    tokens = [row for row in rows if row["kind"] == "token"]
    assert {row["contract"]: row["decimals"] for row in tokens} == decimals
    assert (min(decimals.values()), max(decimals.values())) == (0, 18)
    assert {row["symbol"] for row in tokens} == symbols
    assert "" in symbols
    assert len(symbols) == 75


def test_the_paginated_answer_is_a_listing_of_rows_that_the_other_has_too(shared_data, read, rows_of):
    rows = [
        r for r in rows_of(read(shared_data / "etherscan_v1", format="etherscan_json", chain="eth")) if r["kind"] == "token"
    ]
    listings = defaultdict(Counter)
    for row in rows:
        listings[row["listing"]][row["tx_hash"], row["sender"], row["receiver"], row["contract"], row["amount"]] += 1
    merged = Counter()
    for listing in listings.values():
        merged |= listing  # maximum multiplicity
    assert sorted(map(Counter.total, listings.values())) == [35, 1209]
    assert merged.total() == 1209


def test_the_genesis_row_is_an_opening_from_the_null_address(shared_data, read, rows_of):
    path = shared_data / "etherscan_v1" / "get_normal_txs_by_address.json"
    batch = read(path, format="etherscan_json", chain="ethereum")
    row = rows_of(batch)[0]
    assert (row["tx_hash"], row["sender"], row["amount"]) == ("GENESIS_ddbd2b932c763ba5b1b7ae3b362eac3e8d40121a", NULL, 10**22)
    assert len(batch.rows["transactions"]) == 40
    assert not [fee for fee in rows_of(batch) if fee["kind"] == "fee" and fee["tx_hash"].startswith("GENESIS")]


def test_coverage_of_the_real_answers(shared_data, read, rows_of):
    rows = rows_of(read(shared_data / "etherscan_v1", format="etherscan_json", chain="ethereum"), "coverage")
    assert {(row["stream"], row["from_block"], row["to_block"], row["status"], row["rows"]) for row in rows} == {
        ("token", 0, 11145142, "complete", 1209),
        ("token:0x9f8f72aa9304c8b593d555f12ef6589cc3a579a2", 0, 11145142, "complete", 35),
        ("internal", 0, 2702578, "complete", 66),
        ("native", 0, 11145142, "complete", 41),
    }


def test_a_failed_transaction_is_a_failed_value_and_a_paid_fee(answer, rows_of):
    rows = rows_of(answer(enveloped([{**NATIVE, "isError": "1", "txreceipt_status": "0"}])))
    assert [(row["kind"], row["amount"], row["receiver"], row["ok"]) for row in rows] == [
        ("native", 7, B, False), ("fee", 210_000, None, True)
    ]  # fmt: skip
    assert all(row["input_row"] is None for row in rows)


@pytest.mark.parametrize(
    ("change", "ok"),
    [({}, True), ({"isError": "1"}, False), ({"txreceipt_status": "0"}, False), ({"txreceipt_status": ""}, True),
     ({"isError": "", "txreceipt_status": ""}, True)],
)  # fmt: skip
def test_the_outcome_comes_from_is_error_and_the_receipt(change, ok, answer, rows_of):
    batch = answer([{**NATIVE, **change}])
    assert rows_of(batch)[0]["ok"] is ok
    assert rows_of(batch, "transactions")[0]["ok"] is ok


def test_creations_pay_the_new_contract_and_rollups_pay_layer_1_too(answer, rows_of):
    batch = answer([{**NATIVE, "to": "", "contractAddress": T, "L1FeesPaid": "3"}])
    native, fee = rows_of(batch)
    assert native["receiver"] == T
    assert fee["amount"] == 210_003
    (transaction,) = rows_of(batch, "transactions")
    assert (transaction["fee"], transaction["method"], transaction["nonce"]) == (210_003, "0xa9059cbb", 1)


def test_internal_rows_keep_path_type_and_outcome(answer, rows_of):
    create = {**INTERNAL, "type": "create", "to": "", "contractAddress": T, "traceId": "0", "isError": "1"}
    rows = rows_of(answer([INTERNAL, create, {**INTERNAL, "type": "delegatecall", "traceId": "0_10"}]))
    assert [(r["kind"], r["trace_path"], r["call_type"], r["receiver"], r["ok"], r["input_row"]) for r in rows] == [
        ("internal", "0_1", "call", B, True, 1), ("internal", "0", "create", T, False, 2),
        ("internal", "0_10", "delegatecall", B, True, 3),
    ]  # fmt: skip


def test_internal_rows_that_were_asked_by_hash_take_it_from_the_question(answer, rows_of):
    row = {key: value for key, value in INTERNAL.items() if key not in ("hash", "traceId")}
    batch = answer({"method": "txlistinternal", "kwargs": {"txhash": HASH}, "res": [row]}, [row])
    assert [row["tx_hash"] for row in rows_of(batch)] == [HASH]
    assert batch.rejects[0].reason.startswith("hash")
    assert "coverage" not in batch.rows


@pytest.mark.parametrize(
    ("decimals", "kept"),
    [("18", 18), ("0", 0), ("", None), (None, None), ("255", 255), ("256", None), ("1" * 70, None), ("x", None)],
)
def test_token_decimals_that_are_unknown_or_impossible_are_none_and_the_row_stays(decimals, kept, answer, rows_of):
    (row,) = rows_of(answer([{**TOKEN, "tokenDecimal": decimals}]))
    assert row["decimals"] == kept
    assert row["amount"] == 7


@pytest.mark.parametrize(("log", "kept", "placed"), [("5", 5, True), ("0x5", 5, True), ("0x", None, False), ("", None, False)])
def test_a_log_index_is_taken_where_there_is_one(log, kept, placed, answer, rows_of):
    (row,) = rows_of(answer([{**TOKEN, "logIndex": log}]))
    assert (row["log_index"], row["input_row"] is None) == (kept, placed)


def test_token_rows_pay_no_fee_and_an_empty_symbol_is_a_symbol(answer, rows_of):
    batch = answer(enveloped([{**TOKEN, "tokenSymbol": ""}]))
    (row,) = rows_of(batch)
    assert row["symbol"] == ""
    assert "transactions" not in batch.rows


@pytest.mark.parametrize("message", ["No transactions found", "No records found", "No internal transactions found"])
@pytest.mark.parametrize("result", [[], "", None])
def test_no_records_are_proven_empty(message, result, answer, rows_of):
    batch = answer({"method": "txlist", "kwargs": {"address": A}, "res": enveloped(result, "0", message)})
    assert not batch.rejects
    (row,) = rows_of(batch, "coverage")
    assert (row["status"], row["rows"], row["stream"], row["from_block"]) == ("complete", 0, "native", 0)


@pytest.mark.parametrize(
    "body",
    [enveloped("Max rate limit reached", "0", "NOTOK"), enveloped([], "0", "NOTOK"), enveloped(None, "0",
     "chain not supported"),
     enveloped([], "0", "Query Timeout occured"), enveloped("Contract source code not verified", "1", "OK"),
     enveloped([], "2", "Internal transactions have not been processed yet")],
)  # fmt: skip
def test_an_error_is_never_no_records(body, answer, rows_of):
    batch = answer({"method": "tokentx", "kwargs": {"address": A}, "res": body}, body)
    assert [json.loads(reject.raw) for reject in batch.rejects] == [body, body]
    assert {reject.reason for reject in batch.rejects} == {"the answer is an error, not a list"}
    known, unknown = rows_of(batch, "coverage")
    assert (known["address"], known["stream"], known["status"], known["reason"]) == (A, "token", "partial", "error")
    assert (unknown["address"], unknown["status"], unknown["reason"]) == (None, "partial", "error")


def test_rows_of_an_index_that_is_not_ready_are_partial(answer, rows_of):
    body = enveloped([INTERNAL], "2", "Some internal transactions within this block range have not yet been processed")
    batch = answer({"method": "txlistinternal", "kwargs": {"address": A}, "res": body})
    assert len(rows_of(batch)) == 1
    assert [(row["status"], row["reason"]) for row in rows_of(batch, "coverage")] == [("partial", "not_indexed_yet")]


def test_a_list_of_ten_thousand_rows_without_pages_may_be_cut(answer, rows_of):
    rows = [{**TOKEN, "value": str(n)} for n in range(10_000)]
    batch = answer(recorded(rows, "tokentx"), recorded(rows[:-1], "tokentx"))
    assert [(row["status"], row["reason"]) for row in rows_of(batch, "coverage")] == [
        ("partial", "page_cap"),
        ("complete", None),
    ]


def test_a_list_that_starts_later_is_not_complete(answer, rows_of):
    (row,) = rows_of(answer(recorded([NATIVE], startblock=5, endblock="99999999")), "coverage")
    assert (row["status"], row["reason"], row["from_block"], row["to_block"]) == ("partial", "starts_after_genesis", 5, 150)


def test_an_end_ahead_of_everything_that_is_known_is_no_end(answer, rows_of):
    (row,) = rows_of(answer(recorded([], endblock=999999999)), "coverage")
    assert row["to_block"] is None


def pages(*numbers, offset=2, rows=2):
    return [recorded([{**TOKEN, "value": str(n)}] * rows, "tokentx", page=n, offset=offset) for n in numbers]


@pytest.mark.parametrize(
    ("documents", "status", "reason"),
    [([*pages(1, 2), *pages(3, rows=1)], "complete", None), (pages(1, 2), "partial", "page_cap"),
     ([*pages(1), *pages(3, rows=1)], "partial", "missing_page"), (pages(2, rows=1), "partial", "missing_page"),
     ([*pages(1), *pages(2, rows=0)], "complete", None)],
)  # fmt: skip
def test_pages_of_one_query_are_one_listing_and_one_coverage(documents, status, reason, answer, rows_of):
    batch = answer(*documents)
    assert len({row["listing"] for row in rows_of(batch)}) == 1
    (row,) = rows_of(batch, "coverage")
    assert (row["status"], row["reason"], row["rows"]) == (status, reason, len(rows_of(batch)))


def test_the_same_page_twice_is_two_listings(answer, rows_of):
    batch = answer(*pages(1, 1, rows=1))
    assert sorted(row["listing"] for row in rows_of(batch)) == [0, 1]
    assert [(row["status"], row["rows"]) for row in rows_of(batch, "coverage")] == [("complete", 1)]


def test_other_queries_are_other_listings(answer, rows_of):
    other = recorded([TOKEN], "tokentx", address=B, page=1, offset=2)
    assert sorted({row["listing"] for row in rows_of(answer(*pages(1, rows=1), other, enveloped([TOKEN]), [TOKEN]))}) == [
        0,
        1,
        2,
        3,
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [({**NATIVE, "value": str(2**256 - 1)}, "value"), ({**NATIVE, "value": "-5"}, "value"), ({**TOKEN, "value": "1.5"},
     "value"),
     ({**TOKEN, "from": "0x1"}, "from"), ({**NATIVE, "gasUsed": "x"}, "gasUsed"), ({**NATIVE, "isError": "2"}, "isError"),
     ({**INTERNAL, "to": ""}, "to"), ({**TOKEN, "tokenID": "9"}, "not a row"), ({"x": 1}, "not a row"), ("text", "the item"),
     ({**NATIVE, "timeStamp": "0"}, "timeStamp"), ({**NATIVE, "confirmations": "-"}, "confirmations"),
     ({**NATIVE, "from": "GENESIS", "to": "GENESIS"}, "to")],
)  # fmt: skip
def test_bad_rows_are_rejected_whole_and_nothing_of_them_stays(row, reason, answer):
    batch = answer([row])
    (reject,) = batch.rejects
    assert reject.reason.startswith(reason)
    assert json.loads(reject.raw) == row
    assert set(batch.rows) == {"rejects"}


def test_packed_answers_are_read(tmp_path, read):
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(json.dumps(enveloped([NATIVE])).encode()))
    assert len(read(path, format="etherscan_json", chain="ethereum").rows["transfers"]) == 2


def test_every_row_of_the_recorded_answers_of_real_explorers_loads(shared_data, tmp_path, read):
    """All account lists among 1,395 recorded answers of six explorers and nine chains; errors are rejects, no row is."""
    wanted, listed = ("action=txlist&", "action=txlistinternal&", "action=tokentx&"), 0
    with gzip.open(shared_data / "recorded" / "explorer_interactions.jsonl.gz", "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            item = json.loads(line)
            if not any(mark in item["uri"] for mark in wanted):
                continue
            body = json.loads(item["body"]) if isinstance(item["body"], str) else item["body"]
            asked = dict(pair.split("=", 1) for pair in item["uri"].split("?", 1)[1].split("&"))
            kwargs = {key: asked[key] for key in ("txhash", "txHash") if key in asked}
            listed += len(body["result"]) if isinstance(body["result"], list) else 0
            (tmp_path / f"{number}.json").write_text(
                json.dumps({"method": "", "kwargs": kwargs, "res": body}), encoding="utf-8"
            )
    batch = read(tmp_path, format="etherscan_json", chain="ethereum")
    assert listed > 2000
    assert len([row for row in batch.rows["transfers"] if row[2] != "fee"]) == listed
    assert {reject.reason for reject in batch.rejects} == {"the answer is an error, not a list"}
