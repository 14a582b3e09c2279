"""Pages read in columns give exactly what reading them row by row gives: stored rows, rejects and their reasons."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources import etherscan
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.etherscan import Etherscan
from cryptotrace.store import open_store

A, B, USDT = "0x" + "a1" * 20, "0x" + "b2" * 20, "0xdac17f958d2ee523a2206206994597c13d831ec7"
USUAL = {
    "blockNumber": "15000000",
    "timeStamp": "1654646411",
    "hash": "0x" + "7e" * 32,
    "from": A,
    "to": B,
    "contractAddress": USDT,
    "value": "1000000",
    "tokenName": "Tether USD",
    "tokenSymbol": "USDT",
    "tokenDecimal": "6",
    "transactionIndex": "5",
    "gas": "1",
    "input": "deprecated",
    "confirmations": "3",
}
ODD = {
    "blockNumber": ["", "0", "007", "9" * 18, "9" * 19, "9" * 30, "0x10", "-1", "1.0", " 7", "7 ", "7\n", "\u0663", "1e3"],
    "timeStamp": ["0", "", "1230940799", "1230940800", "1239999999", "3999999999", "4102444799", "4102444800", "1654646411000",
                  "2022-06-08T00:00:11Z", " 1654646411", "1654646411\n", "99999999999"],
    "hash": ["", "0x" + "7E" * 32, "0x" + "7e" * 31, "0x" + "7e" * 33, "0x" + "7g" * 32, "x0" + "7e" * 32, "genesis",
             "0x" + "7e" * 32 + "\n", " 0x" + "7e" * 32, "0X" + "7e" * 32, "00x" + "7e" * 32, "0x" + "7é" * 32, "GENESIS_1"],
    "from": ["", "0x", A.upper(), "0X" + A[2:], A[:-1], A + "0", "0x" + "é" * 20, "GENESIS", " " + A, A + "\n", "0xx" + A[3:],
             "0x52908400098527886E0F7030069857D2E4169EE7", "0x" + "0" * 40],
    "to": ["", "0x" + "x" * 40, "0x" + "0" * 39 + "x", B[1:], "0" + B, "0x8617E340B3D01FA5F11F306F4090FD50E238070D"],
    "contractAddress": ["", "0x" + "0" * 40, "native", USDT.upper().replace("X", "x"), USDT[:-2]],
    "value": ["", "0", "000", "-1", "1e3", "1.0", "1.5", "9" * 38, "1" + "0" * 38, "0" * 38 + "1", "9" * 78, "+1", " 1", "1 ",
              "1\n", "1,000", "0x10", "\u0661", "NaN", "Infinity", "1" + "\0", "12345678901234567890123456789012345678"],
    "tokenSymbol": ["", "US\0DT", "\0", "€URO", "💰", " ", "'; DROP TABLE transfers; --", "a" * 300, "\u202eTDSU"],
    "tokenDecimal": ["", "0", "00", "18", "99", "100", "199", "200", "255", "256", "-1", "6.0", "1e1", "0x6", " 6", "6\n"],
    "transactionIndex": ["", "0", "999999999", "2147483647", "2147483648", "-1", "0x5", " 5"],
    "logIndex": ["", "0", "12", "0x", "0xc", "2147483648", "999999999", "-1", "x", " 1"],
}  # fmt: skip
TYPES = [None, 5, 5.0, True, [], {}, 10**80, "same"]
EXTRA = st.sampled_from(
    [{"tokenID": "1"}, {"tokenId": None}, {"tokenID": 7}, {"traceId": "0"}, {"isError": "1"}, {"gasPrice": "1"}]
)


@st.composite
def rows(draw, *, wrong_types: bool):
    row = dict(USUAL)
    row["hash"] = f"0x{draw(st.integers(0, 2)):064x}"
    row["value"] = str(draw(st.integers(0, 3)))
    row["from"], row["to"] = draw(st.sampled_from([(A, B), (B, A), (A, A)]))
    for name in draw(st.lists(st.sampled_from(sorted(ODD)), max_size=2)):
        row[name] = draw(st.sampled_from(ODD[name]) | st.text(max_size=4))
    if wrong_types and draw(st.integers(0, 3)) == 0:
        row[draw(st.sampled_from(sorted(USUAL)))] = draw(st.sampled_from(TYPES))
        row |= draw(EXTRA)
        if draw(st.booleans()):
            del row[draw(st.sampled_from(sorted(row)))]
        if draw(st.integers(0, 5)) == 0:
            return draw(st.sampled_from([None, "row", [], 7]))
    return row


def source() -> Etherscan:
    class Nowhere:
        def fetch(self, request: Request) -> Answer:
            raise AssertionError(request)

    return Etherscan("ethereum", Nowhere())


def answer_of(page: list, *, stream: str = "token") -> Answer:
    body = json.dumps({"status": "1", "message": "OK", "result": page}).encode()
    request = Request(source="etherscan", chain="ethereum", stream=stream, subject=A, parameters=())
    return Answer(request=request, status=200, body=body, received_at=datetime.now(UTC))


def row_by_row(page: list) -> Batch:
    """Read a page by the definition of a row alone."""
    few = etherscan._COLUMNS_FROM
    etherscan._COLUMNS_FROM = 10**9
    try:
        return source().parse("token", page)
    finally:
        etherscan._COLUMNS_FROM = few


def in_columns(page: list) -> Batch:
    few = etherscan._COLUMNS_FROM
    etherscan._COLUMNS_FROM = 0
    try:
        return source().parse("token", page)
    finally:
        etherscan._COLUMNS_FROM = few


def digests(batch: Batch) -> dict[str, str]:
    store = open_store(":memory:")
    store.load([batch])
    return store.digests()


def cells(batch: Batch) -> list[tuple]:
    """The transfers of a batch as plain values, in no order."""
    found = [tuple(row) for row in batch.rows.get("transfers", ())]
    for table in batch.tables.get("transfers", ()):
        assert table.column_names == list(WIDE["transfers"].names)
        found += [tuple(row.values()) for row in table.to_pylist()]
    at = WIDE["transfers"].names.index("time")
    naive = [(*row[:at], row[at].replace(tzinfo=None), *row[at + 1 :]) for row in found]
    return sorted(((*row[:14], int(row[14]), *row[15:]) for row in naive), key=repr)


def check(page: list) -> Batch:
    by_row, by_column, from_body = row_by_row(page), in_columns(page), source().parse_answer(answer_of(page))
    assert not by_row.tables
    for batch in (by_column, from_body):
        assert cells(batch) == cells(by_row)
        assert batch.rejects == by_row.rejects
        assert set(batch.rows) <= {"transfers", "rejects"}
    return from_body


@given(page=st.lists(rows(wrong_types=False), min_size=1, max_size=12))
@settings(max_examples=150, deadline=None)
def test_pages_with_odd_texts_are_read_as_row_by_row(page):
    assert check(page).tables


@given(page=st.lists(rows(wrong_types=True), max_size=8))
@settings(max_examples=150, deadline=None)
def test_pages_with_anything_in_them_are_read_as_row_by_row(page):
    check(page)


@given(page=st.lists(rows(wrong_types=True), max_size=8))
@settings(max_examples=8, deadline=None)
def test_what_is_stored_is_the_same(page):
    assert digests(source().parse_answer(answer_of(page))) == digests(row_by_row(page))


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in ODD.items() for text in texts])
def test_each_odd_text_among_usual_rows_is_read_as_row_by_row(name, text):
    page = [USUAL | {"logIndex": "3"}, USUAL | {"logIndex": "4"} | {name: text}, USUAL | {"logIndex": "5"}]
    batch = check(page)
    assert batch.tables["transfers"][0].num_rows in (2, 3)


@pytest.mark.parametrize("column", ["hash", "from", "to", "contractAddress"])
def test_texts_whose_lengths_only_add_up_are_no_hex(column):
    right = USUAL[column]
    page = [USUAL | {column: right[:-1]}, USUAL | {column: "0" + right}, USUAL | {column: right}]
    assert check(page).tables["transfers"][0].num_rows == 1


def test_a_usual_page_needs_no_row_by_itself():
    page = [USUAL | {"hash": f"0x{number:064x}"} for number in range(1_000)]
    batch = check(page)
    assert batch.rows == {}
    assert len(batch) == 1_000


def test_other_lists_and_answers_without_rows_go_by_row():
    assert len(source().parse_answer(answer_of([]))) == 0
    (reject,) = source().parse_answer(answer_of([USUAL], stream="native")).rejects
    assert reject.reason == "not a row of the list native"


def test_the_largest_amount_is_exact():
    (table,) = check([USUAL | {"value": "9" * 38}]).tables["transfers"]
    assert [int(amount) for amount in table.column("amount").to_pylist()] == [10**38 - 1]
