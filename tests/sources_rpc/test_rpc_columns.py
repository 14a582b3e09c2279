"""A window of logs read in columns is the same window read row by row, and whatever is doubtful is left to the rows."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from long_worlds import HUB, long_world
from noding import source_over

from cryptotrace.codecs import chain_of
from cryptotrace.errors import MalformedAnswer
from cryptotrace.model import MAX_AMOUNT
from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources.evm.events import APPROVAL, DEPOSIT, TRANSFER, WRAPPED_COINS
from cryptotrace.sources.evm.logs import read_logs
from cryptotrace.sources.rpc import log_pages
from cryptotrace.sources.rpc.checks import blocks_of, check_logs, merged_logs
from cryptotrace.sources.rpc.lists import _FIRST_PARTY, _SECOND_PARTY
from cryptotrace.testing.explorers import FakeRpc

CHAIN = chain_of("ethereum")
ME = "0x" + "ab" * 20
WORD = "0x" + ME[2:].rjust(64, "0")
OTHER = "0x" + "1".rjust(64, "0")
FILTERS: list[Any] = [(_FIRST_PARTY, WORD), (_SECOND_PARTY, None, WORD)]
TOKEN = "0xdac17f958d2ee523a2206206994597c13d831ec7"
LAST = 40
START = datetime(2021, 1, 1, tzinfo=UTC)
TIMES = {block: START + timedelta(seconds=12 * block) for block in range(LAST + 1)}


def number(value: int) -> str:
    return "0x" + f"{value:x}".rjust(64, "0")


def log(place: int, side: int, amount: int, topic: str, *, timed: bool) -> dict[str, Any]:
    block = place // 4
    stated = {"blockTimestamp": hex(int(TIMES[block].timestamp()))} if timed else {}
    return {
        "address": TOKEN, "topics": [topic, *((OTHER, WORD) if side else (WORD, OTHER))], "data": number(amount),
        "blockNumber": hex(block), "transactionHash": "0x" + f"{place:064x}", "transactionIndex": hex(place % 4),
        "blockHash": "0x" + f"{block:064x}", "logIndex": hex(place % 4 * 7), "removed": False, **stated,
    }  # fmt: skip


def upper(cells: dict[str, Any], name: str) -> None:
    cells[name] = "0x" + cells[name][2:].upper()


ODD: dict[str, Any] = {
    "none": lambda _: None,
    "collectible": lambda cells: cells.update(topics=[*cells["topics"], number(7)], data="0x"),
    "approval of a collectible": lambda cells: cells.update(topics=[APPROVAL, *cells["topics"][1:], number(7)], data="0x"),
    "address in upper case": lambda cells: upper(cells, "address"),
    "hash in upper case": lambda cells: upper(cells, "transactionHash"),
    "data in upper case": lambda cells: upper(cells, "data"),
    "data of half a word": lambda cells: cells.update(data="0x12"),
    "data of two words": lambda cells: cells.update(data=cells["data"] + "0" * 64),
    "data that is no hex": lambda cells: cells.update(data="0x" + "g" * 64),
    "data with spaces": lambda cells: cells.update(data="0x" + " 1" * 32),
    "data beyond ASCII": lambda cells: cells.update(data="0x" + "é" * 64),
    "address beyond ASCII": lambda cells: cells.update(address="0x" + "é" * 40),
    "no data": lambda cells: cells.update(data="0x"),
    "null data": lambda cells: cells.update(data=None),
    "another address": lambda cells: cells.update(address="0x" + "12" * 20),
    "half an address": lambda cells: cells.update(address="0x12"),
    "a party of more than 20 bytes": lambda cells: cells.update(
        topics=[number(2**200) if topic == OTHER else topic for topic in cells["topics"]]
    ),
    "topics in upper case": lambda cells: cells.update(topics=["0x" + topic[2:].upper() for topic in cells["topics"]]),
    "an unindexed payment": lambda cells: cells.update(topics=cells["topics"][:2], data=OTHER + cells["data"][2:]),
    "a wrap": lambda cells: cells.update(
        topics=[DEPOSIT, WORD, *cells["topics"][3:]], address=WRAPPED_COINS["ethereum"]
    ),
    "another event": lambda cells: cells["topics"].__setitem__(0, number(5)),
    "null topics": lambda cells: cells.update(topics=[*cells["topics"], None]),
    "no topics": lambda cells: cells.update(topics=[]),
    "removed": lambda cells: cells.update(removed=True),
    "removed is null": lambda cells: cells.update(removed=None),
    "removed is a word": lambda cells: cells.update(removed="false"),
    "no place": lambda cells: cells.pop("logIndex"),
    "a block as a number": lambda cells: cells.update(blockNumber=int(cells["blockNumber"], 16)),
    "a block of no digits": lambda cells: cells.update(blockNumber="0x"),
    "a block with an underscore": lambda cells: cells.update(blockNumber="0x1_0"),
    "a block without 0x": lambda cells: cells.update(blockNumber=cells["blockNumber"][2:]),
    "a block too far": lambda cells: cells.update(blockNumber=hex(LAST + 1)),
    "a huge block": lambda cells: cells.update(blockNumber="0x" + "f" * 16),
    "an index in upper case": lambda cells: cells.update(transactionIndex="0xAB"),
    "an index of two in one": lambda cells: cells.update(transactionIndex="0x1,0x2"),
    "a huge index": lambda cells: cells.update(transactionIndex="0x80000000"),
    "half a hash": lambda cells: cells.update(transactionHash="0x12"),
    "another block hash": lambda cells: cells.update(blockHash=number(99)),
    "no block hash": lambda cells: cells.update(blockHash=None),
    "an odd block hash": lambda cells: cells.update(blockHash="0x12"),
    "no time": lambda cells: cells.pop("blockTimestamp", None),
    "an empty time": lambda cells: cells.update(blockTimestamp=""),
    "a time as a number": lambda cells: cells.update(blockTimestamp=1_600_000_000),
    "a time of long ago": lambda cells: cells.update(blockTimestamp="0x1"),
    "a time to come": lambda cells: cells.update(blockTimestamp="0xffffffff"),
    "its own time": lambda cells: cells.update(timeStamp=hex(1_600_000_000)),
    "a further field": lambda cells: cells.update(more=[{"any": "thing"}]),
    "an escape": lambda cells: cells.update(more='"\\é\x01'),
}  # fmt: skip


def by_rows(lists: list[list[Any]]) -> tuple[int, Batch]:
    checked = [
        check_logs(rows, first=0, last=LAST, topics=one, contract=None, where="")
        for one, rows in zip(FILTERS, lists, strict=True)
    ]
    merged = merged_logs(checked, "")
    blocks_of([row for row in merged if not row.get("blockTimestamp") and not row.get("timeStamp")], "")
    return len(merged), read_logs(merged, CHAIN, times=TIMES, file="x")


def rows_in(batch: Batch) -> dict[str, Counter[Any]]:
    """Give the rows of a batch by table, whichever way they came."""
    found = {name: Counter(rows) for name, rows in batch.rows.items()}
    for name, tables in batch.tables.items():
        for table in tables:
            assert table.column_names == list(WIDE[name].names)
            for row in table.to_pylist():
                found.setdefault(name, Counter())[tuple(map(plain, row.values()))] += 1
    return found


def plain(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=UTC)
    return int(cell) if isinstance(cell, Decimal) else cell


def in_columns(lists: list[list[Any]]) -> tuple[int, Batch] | None:
    results = [msgspec.Raw(json.dumps(rows).encode()) for rows in lists]
    page = log_pages.usual_page(results, FILTERS, first=0, last=LAST, contract=None)
    if page is None:
        return None
    assert set(page.silent_blocks) <= set(TIMES)
    return len(page), page.batch(CHAIN, TIMES, "x")


def sides(rows: list[tuple[int, dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    return [[cells for side, cells in rows if side == wanted] for wanted in (0, 1)]


@st.composite
def window(draw: st.DrawFn) -> list[list[dict[str, Any]]]:
    places = sorted(draw(st.sets(st.integers(0, 4 * LAST - 1), min_size=8, max_size=24)))
    timed = draw(st.booleans())
    amounts = st.one_of(st.integers(0, MAX_AMOUNT + 1), st.sampled_from([0, MAX_AMOUNT, MAX_AMOUNT + 1, 2**127, 2**256 - 1]))
    rows = []
    for place in places:
        side = draw(st.integers(0, 1))
        rows.append((side, log(place, side, draw(amounts), draw(st.sampled_from([TRANSFER, TRANSFER, APPROVAL])), timed=timed)))
    for at in draw(st.sets(st.integers(0, len(rows) - 1), max_size=2)):
        ODD[draw(st.sampled_from(sorted(ODD)))](rows[at][1])
    if draw(st.integers(0, 9)) == 0:
        rows.append((1 - rows[0][0], rows[0][1]))
    return sides(rows)


@settings(max_examples=500, deadline=None)
@given(window())
def test_columns_are_rows_and_what_the_rows_refuse_is_doubtful(lists: list[list[Any]]) -> None:
    found = in_columns(lists)
    try:
        expected = by_rows(lists)
    except MalformedAnswer:
        assert found is None
        return
    if found is not None:
        assert found[0] == expected[0]
        assert rows_in(found[1]) == rows_in(expected[1])


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("timed", [True, False])
def test_one_odd_log_among_usual_ones_is_read_as_it_is_or_everything_is_left_to_the_rows(kind: str, *, timed: bool) -> None:
    rows = [(place % 2, log(place, place % 2, 10**place, TRANSFER, timed=timed)) for place in range(20)]
    ODD[kind](rows[9][1])
    found = in_columns(sides(rows))
    try:
        expected = by_rows(sides(rows))
    except MalformedAnswer:
        assert found is None
        return
    if found is not None:
        assert rows_in(found[1]) == rows_in(expected[1])
        assert found[0] == expected[0] == 20


def test_usual_windows_are_read_in_columns_whatever_stands_between_them() -> None:
    """Else the property above would hold of nothing."""
    for kind in ("none", "collectible", "data of half a word", "a wrap", "address in upper case", "a further field"):
        rows = [(place % 2, log(place, place % 2, 2**place, TRANSFER, timed=False)) for place in range(20)]
        if kind != "a wrap":
            ODD[kind](rows[9][1])
        else:
            ODD[kind](rows[8][1])
        found = in_columns(sides(rows))
        assert found is not None, kind
        assert found[1].tables["transfers"][0].num_rows == (20 if kind in ("none", "a further field") else 19)


def test_amounts_up_to_the_largest_are_exact() -> None:
    amounts = [0, 1, 2**63, 2**64 - 1, 2**64, 10**38 - 1, 10**37, 2**126, 123_456_789_012_345_678_901_234_567_890]
    rows = [(0, log(place, 0, amount, TRANSFER, timed=True)) for place, amount in enumerate(amounts)]
    found = in_columns(sides(rows))
    assert found is not None
    assert [int(cell) for cell in found[1].tables["transfers"][0]["amount"].to_pylist()] == amounts


def test_a_walk_reads_in_columns_what_a_node_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    world = long_world(60)
    taken = []
    real = log_pages.LogPage.batch

    def batch(self: Any, *given: Any) -> Batch:
        taken.append(len(self))
        return real(self, *given)

    source = source_over(FakeRpc(world))
    head = source.head("1")

    def rows() -> list[Any]:
        pages = list(source.pages("token", HUB, 0, head))
        return [(page.rows, page.through, page.cursor, rows_in(page.batch)) for page in pages]

    monkeypatch.setattr(log_pages.LogPage, "batch", batch)
    columns = rows()
    assert sum(taken) == 60
    monkeypatch.setattr(log_pages, "_FEW", 10**9)
    assert rows() == columns
