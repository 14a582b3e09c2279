"""A page that is read from its bytes gives exactly what its rows give one by one; an odd one is left to them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from cryptotrace.errors import MalformedAnswer
from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.etherscan import lists
from cryptotrace.sources.etherscan.answers import read_rows
from cryptotrace.sources.etherscan.checks import is_plausible
from cryptotrace.sources.etherscan.lists import Etherscan
from cryptotrace.sources.formats import etherscan_columns
from cryptotrace.sources.formats.etherscan_columns import ScannedRows, columns_of, rows_of, tables_of
from cryptotrace.sources.formats.page_columns import usual_page
from cryptotrace.sources.formats.page_scan import scan_page

A, B, USDT = "0x" + "a1" * 20, "0x" + "b2" * 20, "0xdac17f958d2ee523a2206206994597c13d831ec7"
COMMON = {
    "blockNumber": "15000000", "timeStamp": "1654646411", "hash": "0x" + "7e" * 32, "from": A, "to": B, "value": "1000000",
    "contractAddress": "", "input": "deprecated", "gas": "21000", "gasUsed": "21000", "isError": "0",
}  # fmt: skip
SIGNED = COMMON | {"nonce": "1", "transactionIndex": "5", "gasPrice": "30000000000", "methodId": "0xa9059cbb"}
USUAL = {
    "token": SIGNED | {"contractAddress": USDT, "tokenName": "Tether USD", "tokenSymbol": "USDT", "tokenDecimal": "6"},
    "native": SIGNED | {"txreceipt_status": "1", "functionName": "transfer(address _to, uint256 _value)"},
    "internal": COMMON | {"type": "call", "traceId": "0_1", "errCode": ""},
}
MAYBE = {
    "token": {"logIndex": ["", "7", "999999999", "0x"], "isError": ["", "1"]},
    "native": {"effectiveGasPrice": ["", "7", "9" * 18], "L1FeesPaid": ["", "9" * 30, "0"], "type": ["2"]},
    "internal": {"transactionIndex": ["", "4"], "callType": ["", "staticcall"]},
}
DIGITS = st.integers(0, 39).flatmap(lambda size: st.text("0123456789", min_size=size, max_size=size))
ADDRESSES = st.sampled_from(
    [A, B, USDT, "0x" + "0" * 40, "", A.upper(), A[:-1], A + "0", "00" + A[2:], "0x" + "g" * 40, "0xx" + A[3:]]
)
FLAGS = st.sampled_from(["", "0", "1", "2", "01", ":"])
TEXTS = st.sampled_from(
    ["", "USDT", "\u20acURO", "\U0001f4b0", "{", "},{", "},", ":", "a:", '"', "\\", '\\"', "\0", "\x1f", "\x7f", " ", "'; DROP"]
)
CELLS = {
    "hash": st.integers(0, 2**256 - 1).map("0x{:064x}".format) | st.sampled_from(["", "0x" + "7E" * 32, "GENESIS_1"]),
    "from": ADDRESSES, "to": ADDRESSES, "contractAddress": ADDRESSES,
    "blockNumber": DIGITS | st.sampled_from(["0" * 14 + "7", "9" * 15, "9" * 16, "/", "1:", "0x7"]), "value": DIGITS,
    "timeStamp": st.sampled_from(["1240000000", "1239999999", "3999999999", "4000000000",
                                  "01654646411", "165464641", "1654646411 "]),
    "transactionIndex": DIGITS, "nonce": DIGITS, "gasUsed": DIGITS, "gasPrice": DIGITS,
    "tokenDecimal": DIGITS | st.sampled_from(["199", "200"]),
    "isError": FLAGS, "txreceipt_status": FLAGS, "tokenSymbol": TEXTS, "tokenName": TEXTS, "methodId": TEXTS, "type": TEXTS,
    "functionName": TEXTS, "input": TEXTS,
    "traceId": st.sampled_from(["", "0", "0_1", "_0", "0_", "0__1", "_", "0_1_1_1_1_1",
                                "1234567890", "123456789", "0_1234567890", "x", "0,1"]),
}  # fmt: skip


class Nowhere:
    def fetch(self, request: Request) -> Answer:
        raise AssertionError(request)


SOURCE = Etherscan("ethereum", Nowhere())


@pytest.fixture(autouse=True)
def _every_page_is_scanned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(etherscan_columns, "_SCANNED_FROM", 0)
    monkeypatch.setattr(lists, "_COLUMNS_FROM", 10**9)


def body_of(rows: list[Any], *, status: str = "1", late: bool = False, ascii_only: bool = False, spaced: bool = False) -> bytes:
    first, last = {"status": status}, {"message": "OK", "result": rows}
    envelope = last | first if late else first | last
    marks = (", ", ": ") if spaced else (",", ":")
    return json.dumps(envelope, separators=marks, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


def answer_of(stream: str, body: bytes) -> Answer:
    request = Request(source="etherscan", chain="ethereum", stream=stream)
    return Answer(request=request, status=200, body=body, received_at=datetime(2026, 1, 1, tzinfo=UTC))


def page_of(stream: str, rows: int = 5) -> list[dict[str, Any]]:
    return [USUAL[stream] | {"hash": f"0x{number:064x}", "value": str(7**number)} for number in range(rows)]


def plain(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None)
    return int(cell) if isinstance(cell, Decimal) else cell


def stored(batch: Batch) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of a batch by table, as plain values, in no order."""
    found = {name: [tuple(map(plain, row)) for row in rows] for name, rows in batch.rows.items()}
    for name, tables in batch.tables.items():
        for table in tables:
            table.validate(full=True)
            assert table.column_names == list(WIDE[name].names)
            found.setdefault(name, []).extend(tuple(map(plain, row.values())) for row in table.to_pylist())
    return {name: sorted(rows, key=repr) for name, rows in found.items() if rows}


def check(stream: str, body: bytes) -> bool:
    """Compare all ways to read a body that is a list; whether it was read from its bytes."""
    scanned = rows_of(stream, body)
    try:
        rows = read_rows(answer_of(stream, body))
    except MalformedAnswer:
        assert not isinstance(scanned, ScannedRows)
        return False
    truth = SOURCE.parse(stream, rows)
    assert not truth.tables
    read = SOURCE.parse_answer(answer_of(stream, body))
    assert stored(read) == stored(truth)
    assert read.rejects == truth.rejects
    if not isinstance(scanned, ScannedRows):
        return False
    assert len(scanned) == len(rows)
    assert not truth.rejects
    return True


# -- pages ---------------------------------------------------------------------------------------------------------------


@st.composite
def pages(draw: st.DrawFn) -> tuple[str, list[Any]]:
    """Rows of one list, all with the same keys, often with a few odd cells."""
    stream = draw(st.sampled_from(sorted(USUAL)))
    extra = {name: texts for name, texts in MAYBE[stream].items() if draw(st.booleans())}
    rows = []
    for number in range(draw(st.integers(1, 6))):
        row = USUAL[stream] | {"hash": f"0x{number:064x}", "value": draw(DIGITS.filter(lambda text: 0 < len(text) < 39))}
        rows.append(row | {name: draw(st.sampled_from(texts)) for name, texts in extra.items()})
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from(sorted(CELLS.keys() & rows[0].keys())))
        draw(st.sampled_from(rows))[name] = draw(CELLS[name])
    return stream, rows


@given(asked=pages(), late=st.booleans(), ascii_only=st.booleans())
@settings(max_examples=600, deadline=None)
def test_pages_of_odd_cells_are_read_as_row_by_row(asked: tuple[str, list[Any]], late: bool, ascii_only: bool) -> None:
    stream, rows = asked
    event(f"scanned: {check(stream, body_of(rows, late=late, ascii_only=ascii_only))}")


@st.composite
def odd_pages(draw: st.DrawFn) -> tuple[str, list[Any]]:
    """Rows whose keys differ, or whose values are no texts."""
    stream, rows = draw(pages())
    row = draw(st.sampled_from(rows))
    name = draw(st.sampled_from(sorted(row)))
    kind = draw(st.integers(0, 4))
    if kind == 0:
        row[name] = draw(st.sampled_from([None, 5, 5.5, True, [], {}, ["x"], {"a": "b"}]))
    elif kind == 1:
        del row[name]
    elif kind == 2:
        row[name] = row.pop(name)
    elif kind == 3:
        for one in rows:
            one[draw(st.sampled_from(["tokenID", "tokenId", "tokenSymbol", "traceId", "nonce", "new"]))] = "1"
    else:
        rows[rows.index(row)] = draw(st.sampled_from([None, "row", [], {}, 7]))
    return stream, rows


@given(asked=odd_pages())
@settings(max_examples=200, deadline=None)
def test_pages_of_odd_rows_are_read_as_row_by_row(asked: tuple[str, list[Any]]) -> None:
    check(asked[0], body_of(asked[1]))


USUAL_BODIES = {stream: body_of(page_of(stream, 3)) for stream in USUAL}
PIECES = [
    b'"',
    b"\\",
    b"\\u0041",
    b"\0",
    b"\x1f",
    b"\n",
    b"\xff",
    b"\xc3\xa9",
    b"\xed\xa0\x80",
    b":",
    b",",
    b"{",
    b"}",
    b"]",
    b'"},{"',
    b'":"',
    b'","',
    b"0",
    b"/",
    b" ",
    b"null",
]


@given(
    stream=st.sampled_from(sorted(USUAL)), at=st.floats(0, 1), cut=st.integers(0, 3), piece=st.sampled_from(PIECES),
    again=st.floats(0, 1),
)  # fmt: skip
@settings(max_examples=1_000, deadline=None)
def test_bodies_with_bytes_changed_are_read_as_row_by_row(stream: str, at: float, cut: int, piece: bytes, again: float) -> None:
    body = USUAL_BODIES[stream]
    for place in (int(at * len(body)), int(again * len(body)))[: 1 + (cut == 0)]:
        body = body[:place] + piece + body[place + cut :]
    event(f"scanned: {check(stream, body)}")


@given(
    stream=st.sampled_from(sorted(USUAL)), first=st.floats(0, 1), second=st.floats(0, 1), third=st.floats(0, 1),
    forth=st.booleans(),
)  # fmt: skip
@settings(max_examples=400, deadline=None)
def test_bodies_with_parts_moved_are_read_as_row_by_row(
    stream: str, first: float, second: float, third: float, forth: bool
) -> None:
    body = USUAL_BODIES[stream]
    low, middle, high = sorted(int(at * len(body)) for at in (first, second, third))
    swapped = body[:low] + body[middle:high] + (body[low:middle] if forth else b"") + body[high:]
    check(stream, swapped)


# Each of these is a body that a check of its own keeps out: without it, something else than the rows would be read.
def _in_last_row(old: str, new: str) -> Callable[[bytes], bytes]:
    def change(body: bytes) -> bytes:
        before, found, after = body.rpartition(old.encode())
        assert found
        return before + new.encode() + after

    return change


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "a key of the same length": _in_last_row('"gas":', '"gaz":'),
    "a key twice": lambda body: body.replace(b'"gas":', b'"hash":'),
    "a key twice in the last row": _in_last_row('"gasUsed":', '"isError":'),
    "two keys in another order": _in_last_row('"from":"' + A + '","to":"' + B, '"to":"' + A + '","from":"' + B),
    "an escape": _in_last_row("deprecated", "deprecat\\u0065d"),
    "an escaped quote": _in_last_row("deprecated", '\\",\\"'),
    "a control": _in_last_row("deprecated", "depre\x01cated"),
    "a line": _in_last_row('"},{"', '"},\n{"'),
    "a space": _in_last_row('"},{"', '"}, {"'),
    "no comma": _in_last_row('"},{"', '"};{"'),
    "rows in one": _in_last_row('"},{"', '","b","'),
    "a list": _in_last_row('"deprecated"', '["deprecated"]'),
    "a number": _in_last_row('"21000"', "21000"),
    "a null": _in_last_row('"21000"', "null"),
    "a value that ends like a key": _in_last_row("deprecated", "x:"),
    "a value that is a colon": _in_last_row("deprecated", ":"),
    "a colon that ends a value and a space after another": lambda body: body.replace(b'"deprecated"', b'"x:"').replace(
        b'"gas":"', b'"gas": "'
    ),
    "a quote too few and one too many": lambda body: _in_last_row("deprecated", 'depre"ated')(
        _in_last_row('"gas":"21000","gasUsed"', '"gas":","gasUsed"')(body)
    ),
    "a refusal": lambda body: body.replace(b'"status":"1"', b'"status":"0"'),
    "half a success": lambda body: body.replace(b'"status":"1"', b'"status":"2"'),
    "another status later": lambda body: body[:-1] + b',"status":"0"}',
    "rows of another field": lambda body: body.replace(b'"result"', b'"resulT"'),
    "another result later": lambda body: body[:-1] + b',"result":[]}',
    "two answers": lambda body: body + body,
    "two answers in one list": lambda body: body[:-2] + b"," + body,
    "an answer as message": lambda body: body.replace(b'"OK"', body),
    "cut": lambda body: body[:-1],
    "a row without its last field": lambda body: body[: body.rindex(b',"')] + b"}]}",
    "no text": lambda body: body.replace(b"deprecated", b"depre\xffated", 1),
    "half a character": lambda body: body.replace(b"deprecated", b"depre\xc3", 1),
    "a mark of byte order": lambda body: b"\xef\xbb\xbf" + body,
}


@pytest.mark.parametrize("stream", sorted(USUAL))
@pytest.mark.parametrize("change", sorted(CHANGES))
def test_what_is_not_uniform_is_not_read_from_its_bytes(change: str, stream: str) -> None:
    body = USUAL_BODIES[stream]
    changed = CHANGES[change](body)
    assert changed != body
    assert check(stream, body)
    assert not check(stream, changed)


NO_NUMBER = ["", "0x5", "-1", "+1", "1.5", "1e3", " 7", "7 ", "/", "1:", "\u0663"]
NO_ADDRESS = [
    "0x",
    A.upper(),
    A[:-1],
    A + "0",
    "00" + A[2:],
    "1" + A[1:],
    "x0" + A[2:],
    "0" + A[2:] + "x",
    "0xg" + A[3:],
    "0xx" + A[3:],
    "0xA" + A[3:],
    "0x" + "\u00e9" * 20,
    "GENESIS",
]
NO_FLAG = ["2", "01", "10", "1:", "x", "true", "False", " "]
ODD = {
    "hash": ["", "0x" + "7E" * 32, "0x" + "7e" * 31, "1x" + "7e" * 32, "0x" + "7g" * 32, "GENESIS_1"],
    "from": ["", *NO_ADDRESS], "to": NO_ADDRESS, "contractAddress": NO_ADDRESS,
    "blockNumber": [*NO_NUMBER, "1" * 16], "value": [*NO_NUMBER, "1" * 39, "0" * 38 + "1"],
    "timeStamp": [*NO_NUMBER, "1230000000", "1239999999", "4000000000", "4102444800", "9999999999", "165464641", "01654646411"],
    "transactionIndex": [*NO_NUMBER[1:], "2147483648", "9999999999"], "nonce": [*NO_NUMBER, "9" * 19],
    "gasUsed": [*NO_NUMBER, "9" * 13], "gasPrice": [*NO_NUMBER, "9" * 19], "effectiveGasPrice": [*NO_NUMBER[1:], "9" * 19],
    "L1FeesPaid": [*NO_NUMBER[1:], "9" * 31], "tokenDecimal": [*NO_NUMBER[1:], "200", "255", "256", "999"],
    "logIndex": [*NO_NUMBER[1:], "0x", "2147483648"], "isError": NO_FLAG, "txreceipt_status": NO_FLAG,
    "traceId": ["_", "_0", "0_", "0__1", "1234567890", "0_1234567890", "x", "0,1", "_0_1_1_1_1_1", "0_1_1_1_1_1_",
                "0_1_1__1_1_1"],
    "callType": ["", "staticcall"],
}  # fmt: skip
READ = {
    stream: MAYBE[stream].keys() | USUAL[stream].keys() - unread
    for stream, unread in {"token": {"nonce", "gasUsed", "gasPrice"}, "native": set(), "internal": {"gasUsed"}}.items()
}


@pytest.mark.parametrize(
    ("stream", "name"), [(stream, name) for stream in sorted(READ) for name in sorted(ODD.keys() & READ[stream])]
)
def test_an_odd_cell_leaves_its_page_to_the_rows(stream: str, name: str) -> None:
    for text in ODD[name]:
        for places in ([0], [2], [0, 1, 2]):
            rows = page_of(stream, 3)
            for at, row in enumerate(rows):
                row[name] = text if at in places else USUAL[stream].get(name, "0")
            assert not check(stream, body_of(rows)), text
            page = usual_page(stream, rows_of(stream, body_of(rows)), subject=A, first=0, last=10**15, least=1, most=3)
            assert page is None or all(map(is_plausible, rows)), text


# -- pages that have to be read from their bytes ---------------------------------------------------------------------------


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("stream", sorted(USUAL))
def test_usual_pages_are_read_from_their_bytes(stream: str, late: bool) -> None:
    rows = page_of(stream, 12)
    rows[3]["input"] = rows[0]["input"] = ""
    rows[4]["input"] = "},{ \u20ac : ["
    assert check(stream, body_of(rows, late=late))


@pytest.mark.parametrize(
    ("stream", "name", "texts"),
    [
        ("token", "value", ["0", "00", "9" * 16, "9" * 17, "9" * 32, "9" * 33, "9" * 38, "0" * 38, "1" + "0" * 37,
                            "18446744073709551616"]),
        ("token", "tokenSymbol", ["", "\u20ac", "USDT", "a" * 300]),
        ("token", "tokenDecimal", ["", "0", "18", "199"]),
        ("token", "logIndex", ["", "0", "999999999"]),
        ("token", "isError", ["", "0", "1"]),
        ("native", "to", ["", B]),
        ("native", "contractAddress", ["", A]),
        ("native", "methodId", ["", "0x", "0xa9059cbb"]),
        ("native", "isError", ["", "0", "1"]),
        ("native", "txreceipt_status", ["", "0", "1"]),
        ("native", "gasUsed", ["0", "999999999999"]),
        ("native", "gasPrice", ["0", "9" * 18]),
        ("native", "effectiveGasPrice", ["", "5", "9" * 18]),
        ("native", "L1FeesPaid", ["", "5", "9" * 30, "18446744073709551615"]),
        ("native", "nonce", ["0", "9" * 18]),
        ("internal", "traceId", ["", "0", "0_1", "0_1_1_1_1_1_1", "123456789_123456789"]),
        ("internal", "transactionIndex", ["", "7"]),
        ("internal", "type", ["", "create", "call"]),
        ("internal", "isError", ["", "0", "1"]),
    ],
)  # fmt: skip
def test_every_form_that_is_usual_is_read_from_the_bytes_alone_and_mixed(stream: str, name: str, texts: list[str]) -> None:
    for helping in (texts, *([text, text] for text in texts)):
        assert check(
            stream, body_of([row | {name: text} for row, text in zip(page_of(stream, len(helping)), helping, strict=True)])
        )


def test_a_creation_is_paid_to_what_it_made() -> None:
    rows = page_of("internal", 4)
    rows[2] |= {"to": "", "contractAddress": USDT, "type": "create"}
    assert check("internal", body_of(rows))
    rows[1] |= {"to": ""}
    assert not check("internal", body_of(rows))


@given(amounts=st.lists(st.integers(0, 10**38 - 1), min_size=2, max_size=9))
@example(amounts=[10**38 - 1, 2**64, 2**64 - 1, 2**126, 10**32 - 1, 10**32, 10**16, 0])
@settings(max_examples=200, deadline=None)
def test_amounts_are_exact(amounts: list[int]) -> None:
    body = body_of([USUAL["token"] | {"value": str(amount)} for amount in amounts])
    rows = rows_of("token", body)
    assert isinstance(rows, ScannedRows)
    assert [int(amount) for amount in rows.columns["amount"].to_pylist()] == amounts


@given(
    costs=st.lists(
        st.tuples(st.integers(0, 10**12 - 1), st.integers(0, 10**18 - 1), st.integers(0, 10**30 - 1)), min_size=2, max_size=9
    )
)
@example(costs=[(10**12 - 1, 10**18 - 1, 10**30 - 1), (0, 0, 0), (2**32 - 1, 2**32 + 1, 2**64 - 1), (2**32, 2**32, 2**64)])
@settings(max_examples=200, deadline=None)
def test_fees_are_exact(costs: list[tuple[int, int, int]]) -> None:
    names = ("gasUsed", "gasPrice", "L1FeesPaid")
    body = body_of([USUAL["native"] | dict(zip(names, map(str, cost), strict=True)) for cost in costs])
    rows = rows_of("native", body)
    assert isinstance(rows, ScannedRows)
    assert [int(fee) for fee in rows.columns["fee"].to_pylist()] == [used * price + more for used, price, more in costs]


def test_a_page_of_one_row_and_a_small_answer_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert scan_page(body_of(page_of("token", 1))) is None
    monkeypatch.setattr(etherscan_columns, "_SCANNED_FROM", 10**6)
    assert isinstance(rows_of("token", body_of(page_of("token", 9))), list)


# -- recorded answers ------------------------------------------------------------------------------------------------------

STREAMS = {"txlist": "native", "txlistinternal": "internal", "tokentx": "token"}


def recorded(shared_data: Path) -> Iterator[tuple[str, list[Any]]]:
    """Every list of rows that an explorer of this kind gave, and which list it was."""
    for path in sorted((shared_data / "etherscan_v1").glob("*.json")):
        rows = json.loads(path.read_text(encoding="utf-8"))["res"]
        yield "token" if "token" in path.name else "internal" if "internal" in path.name else "native", rows
    with gzip.open(shared_data / "recorded" / "explorer_interactions.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            interaction = json.loads(line)
            action = next((name for name in STREAMS if f"action={name}&" in interaction["uri"] + "&"), None)
            rows = interaction["body"].get("result") if action and isinstance(interaction["body"], dict) else None
            if isinstance(rows, list) and len(rows) > 1:
                yield STREAMS[str(action)], rows


def test_recorded_answers_give_the_same_from_their_bytes_as_from_typed_rows(shared_data: Path) -> None:
    read: dict[str, int] = dict.fromkeys(STREAMS.values(), 0)
    for stream, rows in recorded(shared_data):
        body = msgspec.json.encode({"status": "1", "message": "OK", "result": rows})
        scanned, typed = rows_of(stream, body), etherscan_columns.typed_rows(stream, rows)
        if not isinstance(scanned, ScannedRows):
            continue
        assert typed is not None
        columns, odd = columns_of(stream, typed) or ({}, [0])
        assert not odd
        tables, others = (tables_of(stream, one, SOURCE._chain, 0) for one in (scanned.columns, columns))
        assert tables == others
        assert check(stream, body)
        read[stream] += 1
    assert all(read.values()), read
