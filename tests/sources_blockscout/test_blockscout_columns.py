"""Whole pages in columns give what their rows give one by one, and pages that need more than their rows are not read so."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from long_worlds import HUB, long_world
from pulling import transfers_of

from cryptotrace.codecs import chain_of
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.blockscout.lists import Blockscout
from cryptotrace.sources.formats.blockscout_columns import typed_rows_of
from cryptotrace.testing.explorers import FakeBlockscout

ACTIONS = {"native": "txlist", "internal": "txlistinternal", "token": "tokentx"}
WORLD = long_world(300, a_block=7)


def answer_of(stream: str, change: Any = None, *, log_index: bool = False) -> Answer:
    asked = {"module": "account", "action": ACTIONS[stream], "address": HUB, "sort": "asc"}
    body = json.loads(FakeBlockscout(WORLD, log_index=log_index).answer(asked, path="/api").body)
    if change is not None:
        body["result"][120] |= change
    request = Request(source="blockscout", chain="ethereum", stream=stream, path="/api")
    return Answer(request=request, status=200, body=json.dumps(body).encode(), received_at=datetime(2026, 1, 1, tzinfo=UTC))


def signed_of(batch: Batch) -> list[tuple[Any, ...]]:
    rows = list(batch.rows.get("transactions", ()))
    for table in batch.tables.get("transactions", ()):
        columns = [table.column(name).to_pylist() for name in table.column_names]
        rows += zip(*columns, strict=True)
    return [(*row[:3], str(row[3])[:19], *row[4:8], None if row[8] is None else int(row[8]), *row[9:]) for row in rows]


def one_by_one(source: Blockscout, stream: str, answer: Answer) -> list[Batch]:
    return [source.parse(stream, [row]) for row in source._listed(answer)]


def plain(rows: list[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
    return Counter(tuple(str(cell)[:19] if hasattr(cell, "year") else cell for cell in row) for row in rows)


@pytest.mark.parametrize("log_index", [False, True])
@pytest.mark.parametrize("stream", ACTIONS)
@pytest.mark.parametrize("change", [None, {"value": "1" * 39}, {"timeStamp": "soon"}, {"tokenDecimal": ""}, {"input": "0x12"}])
def test_columns_are_the_rows_one_by_one(stream, change, log_index):
    source, answer = Blockscout("ethereum", None), answer_of(stream, change, log_index=log_index)  # type: ignore[arg-type]
    whole, single = source.parse_answer(answer), one_by_one(source, stream, answer)
    assert whole.tables or (change == {"tokenDecimal": ""} and stream != "token")
    assert plain(transfers_of(whole)) == plain([row for batch in single for row in transfers_of(batch)])
    assert Counter(signed_of(whole)) == Counter(row for batch in single for row in signed_of(batch))
    assert Counter(one.raw for one in whole.rejects) == Counter(one.raw for batch in single for one in batch.rejects)


WRAPPED = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"


@pytest.mark.parametrize(
    ("stream", "change", "fees"),
    [
        ("native", {"txreceipt_status": ""}, True),
        ("native", {"txreceipt_status": "2"}, True),
        ("native", {"tokenSymbol": "T"}, True),
        ("native", None, False),
        ("internal", {"index": "1", "transactionHash": WORLD.transactions[3].tx_hash}, True),
        ("internal", {"index": None}, True),
        ("internal", {"traceId": "0_1"}, True),
        ("token", {"contractAddress": WRAPPED}, True),
        ("token", {"tokenName": "T", "tokenSymbol": None}, True),
    ],
)
def test_pages_that_need_more_than_their_rows_are_read_row_by_row(stream, change, fees):
    body = answer_of(stream, change).body
    assert typed_rows_of(stream, body, chain_of("ethereum"), fees=fees) is None
    if fees:
        assert typed_rows_of(stream, answer_of(stream).body, chain_of("ethereum"), fees=True) is not None


@pytest.mark.parametrize("stream", ACTIONS)
@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"status":"2","result":[]}', b'{"status":"0","message":"No x found","result":[]}']
)
def test_what_is_no_success_has_no_rows(stream, body):
    assert not typed_rows_of(stream, body, chain_of("ethereum"), fees=True)
