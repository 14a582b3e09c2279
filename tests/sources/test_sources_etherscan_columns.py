"""Pages read in columns give exactly what reading them row by row gives: stored rows, rejects and their reasons."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.etherscan import lists as etherscan
from cryptotrace.sources.etherscan.checks import check_page, is_plausible, last_block, rows_before
from cryptotrace.sources.etherscan.lists import Etherscan
from cryptotrace.sources.formats.etherscan_columns import rows_of
from cryptotrace.sources.formats.page_columns import usual_page
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
NATIVE = {name: text for name, text in USUAL.items() if not name.startswith("token")} | {
    "contractAddress": "",
    "nonce": "7",
    "gasPrice": "30000000000",
    "gasUsed": "21000",
    "isError": "0",
    "txreceipt_status": "1",
    "methodId": "0xa9059cbb",
    "functionName": "transfer(address _to, uint256 _value)",
}
INTERNAL = {
    name: text
    for name, text in NATIVE.items()
    if name not in {"nonce", "transactionIndex", "gasPrice", "txreceipt_status", "methodId"}
} | {"type": "call", "traceId": "0_1_1", "errCode": ""}
FLAGS = ["", "0", "1", "2", "true", "False", "x", " 1"]
GAS = ["", "0", "00", "999999999999", "9" * 13, "9" * 18, "9" * 19, "9" * 30, "9" * 38, "0x5208", "1e3", "-1", "1.5", " 1"]
PLAIN = ["", "0x", "a\0b", "\0", "é💰", "'; DROP TABLE transfers; --"]
ODD_NATIVE = {name: texts for name, texts in ODD.items() if name in NATIVE} | {
    "to": ["", "0x", A.upper(), B[1:], "GENESIS"], "nonce": ["", "0", "9" * 18, "9" * 19, "0x5", "-1"],
    "gasPrice": GAS, "gasUsed": GAS,
    "effectiveGasPrice": GAS, "L1FeesPaid": GAS, "isError": FLAGS, "txreceipt_status": FLAGS, "methodId": PLAIN,
    "contractAddress": ["", B, B.upper(), "0x"], "type": ["", "0", "2"], "tokenSymbol": [""], "traceId": ["0"],
}  # fmt: skip
ODD_INTERNAL = {name: texts for name, texts in ODD.items() if name in INTERNAL} | {
    "to": ["", "0x", B.upper()], "contractAddress": ["", B, "0x"],
    "transactionIndex": ["", "0", "0x", "0x5", "9" * 9, "9" * 10],
    "type": [*PLAIN, "create", "delegatecall"], "callType": [*PLAIN, "staticcall"], "isError": FLAGS, "nonce": ["1"],
    "traceId": ["", "0", "0,1", "0, 1", "[0]", "0_1", "_", "0_", "1" * 9, "1" * 10, "root", " 0 ", "0_\u0661"],
    "gasPrice": ["1"],
}  # fmt: skip
USUALS = {"token": USUAL, "native": NATIVE, "internal": INTERNAL}
ODDS = {"token": ODD, "native": ODD_NATIVE, "internal": ODD_INTERNAL}
STREAMS = st.sampled_from(sorted(USUALS))
TYPES = [None, 5, 5.0, True, [], {}, 10**80, "same"]
EXTRA = st.sampled_from(
    [
        {"tokenID": "1"},
        {"tokenId": None},
        {"tokenID": 7},
        {"traceId": "0"},
        {"isError": "1"},
        {"gasPrice": "1"},
        {"tokenSymbol": "X"},
    ]
)


@st.composite
def rows(draw, stream: str, *, wrong_types: bool):
    usual, odd = USUALS[stream], ODDS[stream]
    row = dict(usual)
    row["hash"] = f"0x{draw(st.integers(0, 2)):064x}"
    row["value"] = str(draw(st.integers(0, 3)))
    row["from"], row["to"] = draw(st.sampled_from([(A, B), (B, A), (A, A)]))
    for name in draw(st.lists(st.sampled_from(sorted(odd)), max_size=2)):
        row[name] = draw(st.sampled_from(odd[name]) | st.text(max_size=4))
    if wrong_types and draw(st.integers(0, 3)) == 0:
        row[draw(st.sampled_from(sorted(usual)))] = draw(st.sampled_from(TYPES))
        row |= draw(EXTRA)
        if draw(st.booleans()):
            del row[draw(st.sampled_from(sorted(row)))]
        if draw(st.integers(0, 5)) == 0:
            return draw(st.sampled_from([None, "row", [], 7]))
    return row


@st.composite
def pages(draw, *, wrong_types: bool, most: int = 10):
    stream = draw(STREAMS)
    return stream, draw(st.lists(rows(stream, wrong_types=wrong_types), min_size=0 if wrong_types else 1, max_size=most))


def source() -> Etherscan:
    class Nowhere:
        def fetch(self, request: Request) -> Answer:
            raise AssertionError(request)

    return Etherscan("ethereum", Nowhere())


def body_of(page: list) -> bytes:
    return json.dumps({"status": "1", "message": "OK", "result": page}).encode()


def answer_of(page: list, *, stream: str = "token") -> Answer:
    request = Request(source="etherscan", chain="ethereum", stream=stream, subject=A, parameters=())
    return Answer(request=request, status=200, body=body_of(page), received_at=datetime.now(UTC))


def row_by_row(page: list, stream: str = "token") -> Batch:
    """Read a page by the definition of a row alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(etherscan, "_COLUMNS_FROM", 10**9)
        return source().parse(stream, page)


def in_columns(page: list, stream: str = "token") -> Batch:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(etherscan, "_COLUMNS_FROM", 0)
        return source().parse(stream, page)


def digests(batch: Batch) -> dict[str, str]:
    store = open_store(":memory:")
    store.load([batch])
    return store.digests()


def cells(batch: Batch, name: str = "transfers") -> list[tuple]:
    """The rows of a table of a batch as plain values, in no order."""
    found = [tuple(row) for row in batch.rows.get(name, ())]
    for table in batch.tables.get(name, ()):
        assert table.column_names == list(WIDE[name].names)
        found += [tuple(row.values()) for row in table.to_pylist()]
    plain = [
        tuple(
            cell.replace(tzinfo=None) if isinstance(cell, datetime) else int(cell) if isinstance(cell, Decimal) else cell
            for cell in row
        )
        for row in found
    ]
    return sorted(plain, key=repr)


def check(page: list, stream: str = "token") -> Batch:
    by_row, by_column = row_by_row(page, stream), in_columns(page, stream)
    from_body = source().parse_answer(answer_of(page, stream=stream))
    assert not by_row.tables
    for batch in (by_column, from_body):
        for name in ("transfers", "transactions"):
            assert cells(batch, name) == cells(by_row, name)
        assert batch.rejects == by_row.rejects
        assert set(batch.rows) <= {"transfers", "transactions", "rejects"}
    return from_body


@given(asked=pages(wrong_types=False))
@settings(max_examples=250, deadline=None)
def test_pages_with_odd_texts_are_read_as_row_by_row(asked):
    check(asked[1], asked[0])


@given(asked=pages(wrong_types=True, most=8))
@settings(max_examples=250, deadline=None)
def test_pages_with_anything_in_them_are_read_as_row_by_row(asked):
    check(asked[1], asked[0])


@given(asked=pages(wrong_types=True, most=8))
@settings(max_examples=12, deadline=None)
def test_what_is_stored_is_the_same(asked):
    stream, page = asked
    assert digests(source().parse_answer(answer_of(page, stream=stream))) == digests(row_by_row(page, stream))


@pytest.mark.parametrize(
    ("stream", "name", "text"),
    [(stream, name, text) for stream, odd in ODDS.items() for name, texts in odd.items() for text in texts],
)
def test_each_odd_text_among_usual_rows_is_read_as_row_by_row(stream, name, text):
    first, odd, last = (USUALS[stream] | {"hash": f"0x{number:064x}"} for number in (1, 2, 3))
    batch = check([first, odd | {name: text}, last], stream)
    is_other_list = (name in {"traceId", "tokenSymbol"} and stream == "native") or (name == "nonce" and stream == "internal")
    assert is_other_list or batch.tables["transfers"][0].num_rows in (2, 3)


@pytest.mark.parametrize("stream", sorted(USUALS))
def test_a_usual_page_of_each_list_needs_no_row_by_itself(stream):
    page = [USUALS[stream] | {"hash": f"0x{number:064x}"} for number in range(100)]
    batch = check(page, stream)
    assert batch.rows == {}
    assert len(batch) == {"token": 100, "internal": 100, "native": 300}[stream]


# -- pages that are beyond doubt -------------------------------------------------------------------------------------------


@st.composite
def answers(draw):
    """A page as an explorer would give it, often with one thing wrong; the block range that was asked for."""
    stream = draw(STREAMS)
    few = draw(st.booleans())
    page = draw(st.lists(rows(stream, wrong_types=False) if few else st.just(USUALS[stream]), min_size=1, max_size=6))
    blocks = draw(st.lists(st.integers(4, 9), min_size=len(page), max_size=len(page)))
    if draw(st.integers(0, 4)):
        blocks.sort()
    page = [
        row | {"blockNumber": str(block)} if draw(st.integers(0, 9)) else row for row, block in zip(page, blocks, strict=True)
    ]
    if draw(st.integers(0, 4)) == 0:
        page[0] = page[0] | {"from": "0x" + "c3" * 20, "to": "0x" + "c4" * 20}
    return stream, page, draw(st.sampled_from([(0, 99), (4, 9), (5, 99), (0, 8)]))


@given(asked=answers(), cut=st.integers(4, 10))
@settings(max_examples=300, deadline=None)
def test_a_page_that_is_beyond_doubt_passes_every_check_and_gives_the_same_rows(asked, cut):
    stream, page, (first, last) = asked
    found = usual_page(stream, rows_of(stream, body_of(page)), subject=A, first=first, last=last, least=1, most=5)
    if found is None:
        return
    check_page(page, subject=A, first=first, last=last, most=5, where="")
    assert all(map(is_plausible, page))
    assert (len(found), last_block(found)) == (len(page), last_block(page))
    for rows_found, rows_given in ((found, page), (rows_before(found, cut), rows_before(page, cut))):
        assert len(rows_found) == len(rows_given)
        by_row = row_by_row(rows_given, stream)
        assert not by_row.rejects
        batch = source().parse(stream, rows_found)
        for name in ("transfers", "transactions"):
            assert cells(batch, name) == cells(by_row, name)


@pytest.mark.parametrize("stream", sorted(USUALS))
def test_a_usual_page_is_beyond_doubt(stream):
    page = [USUALS[stream] | {"hash": f"0x{number:064x}"} for number in range(5)]
    asked = {"subject": A, "first": 15_000_000, "last": 15_000_000, "least": 1, "most": 5}
    body = body_of(page)
    assert len(usual_page(stream, rows_of(stream, body), **asked)) == 5
    doubtful = {
        "too many": (body, asked | {"most": 4}),
        "too few": (body, asked | {"least": 6}),
        "too early": (body, asked | {"first": 15_000_001}),
        "too late": (body, asked | {"last": 14_999_999}),
        "of others": (body, asked | {"subject": "0x" + "c3" * 20}),
        "a refusal": (body.replace(b'"status": "1"', b'"status": "0"'), asked),
        "cut": (body[:-9], asked),
        "no text": (body.replace(b"deprecated", b"\xff\xfe"), asked),
        "no rows": (body_of([]), asked),
    }
    for name, (text, question) in doubtful.items():
        assert usual_page(stream, rows_of(stream, text), **question) is None, name


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


def test_rows_of_another_list_and_answers_without_rows_go_by_row():
    for stream in USUALS:
        assert len(source().parse_answer(answer_of([], stream=stream))) == 0
        for other in USUALS.keys() - {stream}:
            (reject,) = check([USUALS[other]], stream).rejects
            assert reject.reason == f"not a row of the list {stream}"


def test_the_largest_amount_is_exact():
    (table,) = check([USUAL | {"value": "9" * 38}]).tables["transfers"]
    assert [int(amount) for amount in table.column("amount").to_pylist()] == [10**38 - 1]
