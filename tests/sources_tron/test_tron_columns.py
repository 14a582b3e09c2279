"""Pages in columns say what their rows say one by one: nothing lost, nothing repaired, and the store is the same."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_tron_random_worlds import walk_world
from tron_pulls import answer_of

import cryptotrace as ct
from cryptotrace.errors import MalformedAnswer
from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources.tron import transactions, trc20
from cryptotrace.sources.tron.trongrid import TronGrid
from cryptotrace.testing.explorers.tron_worlds import hex41, tron_address

USDT = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
A, B, C = (tron_address(bytes([number]) * 20) for number in (1, 2, 3))
WRONG = A[:-1] + ("2" if A[-1] != "2" else "3")
STAMP = 1_700_000_000_000
OTHER_SPELLINGS = (hex41(B), f"0x{hex41(B)}", f"0x{hex41(B)[2:]}", hex41(B)[2:], hex41(B).upper())
NO_ADDRESSES = (WRONG, B[:-1], f"{B}1", "T", "", None, 7, "0" * 34, "l" * 34, "\u0661" * 34, f"{hex41(B)[:-1]}g", "41" * 20)


def name_of(number: int) -> str:
    return f"{number:064x}"


# -- rows ------------------------------------------------------------------------------------------


def token(number: int, **cells: Any) -> dict[str, Any]:
    info = {"symbol": "USDT", "address": USDT, "decimals": 6, "name": "Tether USD"}
    return {
        "transaction_id": name_of(number), "token_info": info, "block_timestamp": STAMP, "from": A, "to": B,
        "type": "Transfer", "value": "10", **cells,
    }  # fmt: skip


def signed(number: int, kind: str = "TransferContract", value: Any = None, **cells: Any) -> dict[str, Any]:
    known = {"owner_address": hex41(A), "to_address": hex41(B), "amount": 7}
    if kind == "TriggerSmartContract":
        known = {"owner_address": hex41(A), "contract_address": hex41(C), "data": "a9059cbb" + "0" * 128}
    held = {name: cell for name, cell in {**known, **(value or {})}.items() if cell != "absent"}
    row = {
        "ret": [{"contractRet": "SUCCESS", "fee": 3}], "txID": name_of(number), "blockNumber": 5, "block_timestamp": STAMP,
        "raw_data": {"contract": [{"parameter": {"value": held, "type_url": "x"}, "type": kind}], "data": "ff"},
        "internal_transactions": [], **cells,
    }  # fmt: skip
    return {name: cell for name, cell in row.items() if cell != "absent"}


def internal(number: int, tx_number: int, **cells: Any) -> dict[str, Any]:
    data = {"note": "63616c6c", "rejected": False, "call_value": {"_": 9}}
    return {
        "internal_tx_id": f"cd{number:062x}", "tx_id": name_of(tx_number), "block_timestamp": STAMP, "from_address": hex41(B),
        "to_address": hex41(C), "data": data, **cells,
    }  # fmt: skip


def infos(*tokens: Any) -> list[dict[str, Any]]:
    return [{"token_info": one} for one in tokens]


def each(name: str, *values: Any) -> list[dict[str, Any]]:
    return [{name: value} for value in values]


STAMPS = (None, str(STAMP), float(STAMP), True, 0, -1, 10**14, 10**30, STAMP + 1)
NAMES = (None, 5, "", "x", "AB" * 32, "0x" + "ab" * 32, "ab" * 31, "\u0661" * 64, "ab" * 33)
FLAGS = (True, False, None, "true")
TOKEN_ODDS = [
    *each("value", "007", "0", 5, 0, -5, 7.0, True, "-1", "+1", "1e3", "1_0", " 1", "", None, "\u0661"),
    *each("value", "9" * 38, "1" + "0" * 38),
    *each("from", *OTHER_SPELLINGS, *NO_ADDRESSES),
    *each("to", *OTHER_SPELLINGS, *NO_ADDRESSES),
    *each("block_timestamp", *STAMPS),
    *each("transaction_id", *NAMES),
    *each("type", "Approval", "Mint", None, "transfer", 1),
    *each("_unconfirmed", *FLAGS),
    *each("extra", [1], {"a": 10**30}, 1.5, "\u202e\u0000"),
    *infos({}, None, 5, [], "x", {"address": WRONG}, {"address": hex41(B)}, {"address": C}, {"address": ""}),
    *infos({"address": C, "decimals": 18, "symbol": "\u202eTDSU\u0000"}),
    *infos({"address": C, "symbol": 5}, {"address": USDT, "x": {}}),
    *infos(*({"address": C, "decimals": odd} for odd in (0, 255, 256, -1, True, 6.0, "6", None, 10**30))),
]  # fmt: skip
VALUE_ODDS = [
    *each("amount", 0, "7", 7.0, True, -1, None, "absent", 2**63 - 1, 2**63, 10**38, "x"),
    *each("owner_address", *OTHER_SPELLINGS, *NO_ADDRESSES, "absent", C),
    *each("to_address", *OTHER_SPELLINGS, *NO_ADDRESSES, "absent", C),
    *each("contract_address", *OTHER_SPELLINGS, *NO_ADDRESSES, "absent", C),
    *each("call_value", 0, 5, "5", -1, 5.0, None, True, 10**38),
    *each("data", "", "a9", "A9059CBB00", "zz059cbb00", None, 5, "a9059cb\u0661", "a9059cbb"),
    {"call_token_value": 3, "token_id": 1002000}, {"call_token_value": 0, "token_id": 0},
    {"call_token_value": 3, "token_id": "S"},
    {"call_token_value": False}, {"new_contract": {"call_value": 9}}, {"new_contract": None}, {"new_contract": 1},
    {"to_address": "absent", "receiver_address": hex41(C)}, {"asset_name": "31303032303030"}, {"asset_name": "SEED"},
]  # fmt: skip
CELL_ODDS = [
    *each("ret", None, [], {}, [5], [{}], [{"fee": 4}], [{"contractRet": "SUCCESS"}], [{"code": "SUCESS"}]),
    *each("ret", *([{"contractRet": said, "fee": 0}] for said in ("REVERT", "SUCESS", "DEFAULT", "", None, 5, "OUT_OF_TIME"))),
    *each("ret", *([{"contractRet": "SUCCESS", "fee": fee}] for fee in (0, "5", -1, 1.0, True, None, 2**70, 10**39))),
    *each("ret", [{"contractRet": "SUCCESS", "fee": 1}, {"contractRet": "REVERT", "fee": 2}]),
    {"ret": [{"contractRet": "SUCCESS"}], "net_fee": 2, "energy_fee": 3},
    *each("txID", *NAMES),
    *each("blockNumber", None, "absent", -1, 2**63, 5.0, "5", True, 0),
    *each("block_timestamp", *STAMPS),
    *each("_unconfirmed", *FLAGS),
    *each("internal_transactions", None, "absent", {}, [internal(9, 1)], [5], ""),
    *each("raw_data", None, {}, {"contract": []}, {"contract": [5]}, {"contract": [{"type": "x"}]}, "absent"),
    *each("contract_address", hex41(C), WRONG),
    *each("extra", {"a": 10**30}, 1.5),
]  # fmt: skip
KINDS = (
    "TransferContract", "TriggerSmartContract", "TransferAssetContract", "CreateSmartContract", "FreezeBalanceV2Contract",
    "\u0661",
)  # fmt: skip


@st.composite
def token_pages(draw: st.DrawFn) -> list[Any]:
    odds = draw(st.lists(st.sampled_from(TOKEN_ODDS), max_size=6))
    rows: list[Any] = [token(number, **odd) for number, odd in enumerate(odds)]
    rows += [token(draw(st.integers(0, 40))) for _ in range(draw(st.integers(0, 4)))]
    rows += draw(st.lists(st.sampled_from([7, None, [], "x"]), max_size=1))
    return draw(st.permutations(rows))


@st.composite
def native_pages(draw: st.DrawFn) -> list[Any]:
    rows: list[Any] = []
    for number in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(KINDS))
        value = draw(st.sampled_from([{}, *VALUE_ODDS]))
        cells = draw(st.sampled_from([{}, {}, *CELL_ODDS]))
        rows.append(signed(number, kind, value, **cells))
        if draw(st.booleans()):
            rows.append(internal(number % 3, number, **draw(st.sampled_from([{}, {"to_address": WRONG}, {"data": {}}]))))
    rows += [signed(100 + number, draw(st.sampled_from(KINDS[:2]))) for number in range(draw(st.integers(0, 4)))]
    rows += draw(
        st.lists(st.sampled_from([7, None, {}, signed(1), signed(1, ret=[{"contractRet": "REVERT", "fee": 1}])]), max_size=2)
    )
    return draw(st.permutations(rows))


PAGES = {"token": token_pages(), "native": native_pages()}
asked = st.sampled_from(sorted(PAGES)).flatmap(lambda stream: st.tuples(st.just(stream), PAGES[stream]))


# -- two ways of reading ---------------------------------------------------------------------------


class Nowhere:
    """A fetcher that is never asked."""

    def fetch(self, request: Any) -> Any:
        raise AssertionError(request)


SOURCE = TronGrid("tron", Nowhere())


def parsed(stream: str, page: list[Any], columns_from: int) -> Batch:
    with pytest.MonkeyPatch.context() as patch:
        for module in (transactions, trc20):
            patch.setattr(module, "COLUMNS_FROM", columns_from)
        return SOURCE.parse(stream, page)


def row_by_row(stream: str, page: list[Any]) -> Batch:
    return parsed(stream, page, 10**9)


def in_columns(stream: str, page: list[Any]) -> Batch:
    return parsed(stream, page, 0)


def of_body(stream: str, page: list[Any]) -> Batch:
    body = {"data": page, "success": True, "meta": {"at": 1, "fingerprint": "x"}}
    return SOURCE.parse_answer(answer_of(msgspec.json.encode(body), stream=stream))


def plain(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None)
    return int(cell) if isinstance(cell, Decimal) else cell


def content(batch: Batch) -> dict[str, list[str]]:
    """All rows of a batch as plain values, in no order."""
    found: dict[str, list[str]] = {}
    for name in {*batch.rows, *batch.tables}:
        rows = list(batch.rows.get(name, ()))
        for table in batch.tables.get(name, ()):
            table.validate(full=True)
            assert table.column_names == list(WIDE[name].names)
            rows += [tuple(row.values()) for row in table.to_pylist()]
        found[name] = sorted(repr(tuple(map(plain, row))) for row in rows)
    return {name: rows for name, rows in found.items() if rows}


def digests(batch: Batch) -> dict[str, str]:
    store = ct.open_store(":memory:")
    store.load([batch])
    return store.digests()


def check(stream: str, page: list[Any]) -> Batch:
    by_row, by_column = row_by_row(stream, page), in_columns(stream, page)
    assert not by_row.tables
    assert content(by_column) == content(by_row)
    assert by_column.rejects == by_row.rejects
    return by_column


# -- pages -----------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(asked)
def test_columns_and_rows_say_the_same_of_random_pages(page):
    check(*page)


@settings(max_examples=150)
@given(asked)
def test_whole_answers_say_what_their_rows_say_one_by_one(page):
    stream, rows = page
    assert content(of_body(stream, rows)) == content(row_by_row(stream, rows))


@settings(max_examples=12)
@given(asked)
def test_what_is_stored_is_the_same(page):
    stream, rows = page
    assert digests(in_columns(stream, rows)) == digests(row_by_row(stream, rows))


@pytest.mark.parametrize("odd", TOKEN_ODDS, ids=str)
def test_each_odd_cell_of_a_token_row_is_read_as_row_by_row(odd):
    page = [token(1), token(2, **odd), token(3)]
    check("token", page)
    assert content(of_body("token", page)) == content(row_by_row("token", page))


@pytest.mark.parametrize("kind", KINDS[:2])
@pytest.mark.parametrize("odd", VALUE_ODDS, ids=str)
def test_each_odd_value_of_a_transaction_is_read_as_row_by_row(kind, odd):
    page = [signed(1), signed(2, kind, odd), signed(3, kind)]
    check("native", page)
    assert content(of_body("native", page)) == content(row_by_row("native", page))


@pytest.mark.parametrize("odd", CELL_ODDS, ids=str)
def test_each_odd_cell_of_a_transaction_is_read_as_row_by_row(odd):
    page = [signed(1), signed(2, **odd), signed(3, "TriggerSmartContract"), internal(1, 2)]
    check("native", page)
    assert content(of_body("native", page)) == content(row_by_row("native", page))


def test_usual_pages_need_no_row_by_itself():
    tokens = [token(number, token_info={"address": (USDT, C)[number % 2], "symbol": "X"}) for number in range(60)]
    assert of_body("token", tokens).rows == check("token", tokens).rows == {}
    calls = [signed(number, KINDS[number % 2], {"call_value": number % 3}) for number in range(60)]
    batch = check("native", calls)
    assert of_body("native", calls).rows == batch.rows == {}
    assert len(batch) == 60 + 60 + 30 + 20  # transactions, fees, payments, calls with a value


def test_only_what_is_odd_is_read_by_row():
    page = [signed(number) for number in range(60)] + [internal(1, 7), signed(99, internal_transactions=[internal(2, 99)])]
    batch = check("native", page)
    assert {name: len(rows) for name, rows in batch.rows.items()} == {"transactions": 1, "transfers": 4}
    assert len(batch) == 3 * 61 + 2


def test_an_internal_row_knows_that_the_usual_transaction_above_it_failed():
    failed = signed(1, ret=[{"contractRet": "REVERT", "fee": 3}])
    batch = check("native", [failed, internal(1, 1), signed(2)])
    assert [row[WIDE["transfers"].names.index("ok")] for row in batch.rows["transfers"]] == [False]


@pytest.mark.parametrize(
    "twin",
    [signed(1), signed(1, ret=[{"contractRet": "REVERT", "fee": 9}]), signed(1, blockNumber=-1),
     signed(1, txID="0x" + name_of(1))],
)  # fmt: skip
@pytest.mark.parametrize("is_first", [True, False])
def test_a_name_that_is_there_twice_is_left_to_the_rows(twin, is_first):
    page = [twin, signed(1), signed(2)] if is_first else [signed(1), signed(2), twin]
    check("native", page)
    assert content(of_body("native", page)) == content(row_by_row("native", page))
    assert digests(in_columns("native", page)) == digests(row_by_row("native", page))


@pytest.mark.parametrize(
    ("stream", "row", "key", "twice"),
    [
        ("token", token(1), '"value": "10"', '"value": {"a": 1}, "value": "10"'),
        ("token", token(1), '"value": "10"', '"value": "10", "value": "11"'),
        ("token", token(1), '"value": "10"', '"value": "10", "value": 1e2'),
        ("token", token(1), '"decimals": 6', '"decimals": 6, "decimals": 7'),
        ("token", token(1), '"token_info"', f'"token_info": {{"address": "{C}"}}, "token_info"'),
        ("token", token(1), '"type": "Transfer"', '"type": "Transfer", "type": "Approval"'),
        ("native", signed(1), '"amount": 7', '"amount": 7, "amount": 8'),
        ("native", signed(1), '"amount": 7', '"amount": 7, "amount": -8'),
        ("native", signed(1), '"raw_data"', '"raw_data": {}, "raw_data"'),
        ("native", signed(1), '"type": "TransferContract"', '"type": "TransferContract", "type": "VoteWitnessContract"'),
        ("native", signed(1), '"fee": 3', '"fee": 3, "fee": 4'),
    ],
)
def test_of_a_key_that_is_there_twice_the_last_counts_in_both_ways(stream, row, key, twice):
    page = json.dumps({"data": [row, {**row, "txID": name_of(2)}], "success": True, "meta": {}})
    assert key in page
    doubled = page.replace(key, twice)
    rows = msgspec.json.decode(doubled)["data"]
    found = SOURCE.parse_answer(answer_of(doubled.encode(), stream=stream))
    assert content(found) == content(row_by_row(stream, rows)) != content(row_by_row(stream, [row]))


@pytest.mark.parametrize("stream", ["token", "native"])
@pytest.mark.parametrize(
    "change",
    [
        {"success": False}, {"success": 1}, {"success": None}, {"data": {}}, {"data": None}, {"meta": None}, {"meta": []},
        {"meta": {"fingerprint": 5}}, {"meta": {"fingerprint": "\u0661"}}, {"meta": {"fingerprint": "x" * 5_000}},
    ],
)  # fmt: skip
def test_what_is_no_page_of_a_list_is_refused_whatever_its_rows(stream, change):
    rows = [{"token": token, "native": signed}[stream](1)]
    body = {"data": rows, "success": True, "meta": {"at": 1}}
    assert len(SOURCE.parse_answer(answer_of(body, stream=stream))) > 0
    with pytest.raises(MalformedAnswer):
        SOURCE.parse_answer(answer_of({**body, **change}, stream=stream))


@pytest.mark.parametrize("stream", ["token", "native"])
def test_bytes_that_are_no_text_are_refused_also_in_what_is_passed_over(stream):
    row = {"token": token, "native": signed}[stream](1, extra="FILL")
    body = json.dumps({"data": [row], "success": True, "meta": {}}).encode()
    with pytest.raises(MalformedAnswer):
        SOURCE.parse_answer(answer_of(body.replace(b"FILL", b"\xff"), stream=stream))


def test_worlds_with_faults_are_the_truth_also_where_every_page_is_read_in_columns(monkeypatch):
    for module in (transactions, trc20):
        monkeypatch.setattr(module, "COLUMNS_FROM", 0)
    ends: Counter[str] = Counter()
    for seed in range(3_000, 3_050):
        walk_world(seed, ends, Counter())
    assert ends["complete:None"] > 20, ends
