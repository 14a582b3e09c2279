"""Real answers of Etherscan V2, Routescan and their kin: each is what it says, and its rows add up."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from cryptotrace.errors import SourceError
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.etherscan.answers import classify, read_proxy, read_rows, read_text
from cryptotrace.sources.etherscan.lists import Etherscan

HOSTS = {"api.etherscan.io", "api.routescan.io"}
STREAMS = {"txlist": "native", "txlistinternal": "internal", "tokentx": "token"}


@dataclass(frozen=True)
class Recorded:
    """One answer as it was recorded, and what was asked."""

    host: str
    query: dict[str, str]
    answer: Answer

    @property
    def action(self) -> str:
        return self.query.get("action", "")

    @property
    def is_by_hash(self) -> bool:
        return "txhash" in {name.lower() for name in self.query}


def recorded(uri: str, code: int, body: bytes) -> Recorded:
    parts = urlsplit(uri)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    request = Request(source=parts.netloc, chain="ethereum", stream=query.get("action", ""), parameters=tuple(query.items()))
    answer = Answer(request=request, status=code, body=body, received_at=datetime(2026, 1, 1, tzinfo=UTC))
    return Recorded(parts.netloc, query, answer)


@pytest.fixture(scope="module")
def interactions(shared_data: Path) -> list[Recorded]:
    with gzip.open(shared_data / "recorded" / "explorer_interactions.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    found = [recorded(row["uri"], row["code"], json.dumps(row["body"]).encode()) for row in rows]
    return [one for one in found if one.host in HOSTS]


@pytest.fixture(scope="module")
def receipts(shared_data: Path) -> list[Recorded]:
    with gzip.open(shared_data / "receipts" / "receipts.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [recorded(row["uri"], row["code"], row["body"].encode()) for row in rows]


def verdict(answer: Answer) -> str:
    """Say what we take an answer for."""
    try:
        classify(answer)
    except SourceError as problem:
        return problem.kind
    try:
        return "rows" if read_rows(answer) else "empty"
    except SourceError:
        pass
    try:
        return "text" if read_text(answer) else "no text"
    except SourceError:
        return "nothing known" if read_proxy(answer) is None else "object"


def independent(answer: Answer) -> str:
    """Say what an answer is by the plain rule of the documentation, with another parser and without our code."""
    body = json.loads(answer.body)
    if "jsonrpc" in body:
        return "refusal" if "error" in body else "nothing known" if body["result"] is None else "object"
    result, words = body["result"], body["message"]
    if isinstance(result, list) and result:
        return "rows"
    if body["status"] == "1":
        return "empty" if result == [] else "text"
    return "empty" if words.startswith("No ") and words.endswith(" found") and not result else "refusal"


def test_every_recorded_answer_is_classified_and_the_classes_are_those_counted_by_hand(interactions):
    found = Counter((one.host, one.action, verdict(one.answer)) for one in interactions)
    assert found == {
        ("api.etherscan.io", "balance", "text"): 4,
        ("api.etherscan.io", "getLogs", "rows"): 4,
        ("api.etherscan.io", "getblocknobytime", "text"): 21,
        ("api.etherscan.io", "getcontractcreation", "empty"): 2,
        ("api.etherscan.io", "getcontractcreation", "rows"): 2,
        ("api.etherscan.io", "getminedblocks", "rows"): 3,
        ("api.etherscan.io", "tokentx", "empty"): 11,
        ("api.etherscan.io", "tokentx", "rows"): 5,
        ("api.etherscan.io", "txlist", "empty"): 13,
        ("api.etherscan.io", "txlist", "plan_required"): 4,
        ("api.etherscan.io", "txlist", "rows"): 23,
        ("api.etherscan.io", "txlistinternal", "empty"): 533,
        ("api.etherscan.io", "txlistinternal", "plan_required"): 2,
        ("api.etherscan.io", "txlistinternal", "rows"): 249,
        ("api.etherscan.io", "txsBeaconWithdrawal", "rows"): 6,
        ("api.routescan.io", "balance", "text"): 2,
        ("api.routescan.io", "getblocknobytime", "text"): 6,
        ("api.routescan.io", "tokentx", "empty"): 4,
        ("api.routescan.io", "tokentx", "rows"): 1,
        ("api.routescan.io", "txlist", "empty"): 4,
        ("api.routescan.io", "txlist", "plan_required"): 1,
        ("api.routescan.io", "txlist", "rows"): 6,
        ("api.routescan.io", "txlistinternal", "empty"): 12,
        ("api.routescan.io", "txlistinternal", "rows"): 9,
    }


def test_no_recorded_refusal_reads_as_empty_and_no_row_is_lost_in_reading(interactions, receipts):
    for one in [*interactions, *receipts]:
        said = independent(one.answer)
        mine = verdict(one.answer)
        assert (mine in ("rows", "empty", "text", "object", "nothing known")) == (said != "refusal"), one.query
        if said != "refusal":
            assert mine == said, one.query
        if said == "rows":
            assert read_rows(one.answer) == json.loads(one.answer.body)["result"]


def test_every_recorded_receipt_and_transaction_is_an_object_or_unknown_and_never_a_list(receipts):
    found = Counter((one.action, verdict(one.answer)) for one in receipts)
    assert found == RECEIPTS
    for one in receipts:
        if verdict(one.answer) == "object":
            assert read_proxy(one.answer) == json.loads(one.answer.body)["result"]
        with pytest.raises(SourceError):
            read_rows(one.answer)


RECEIPTS = {
    ("eth_getTransactionByHash", "nothing known"): 1,
    ("eth_getTransactionByHash", "object"): 196,
    ("eth_getTransactionReceipt", "object"): 203,
}


def transfers_of(batch: Batch) -> list[tuple[Any, ...]]:
    """Rows that were read one by one, and those that were read in columns."""
    in_tables = [tuple(row.values()) for table in batch.tables.get("transfers", ()) for row in table.to_pylist()]
    return batch.rows.get("transfers", []) + [(*row[:14], int(row[14]), *row[15:]) for row in in_tables]


@pytest.mark.parametrize("stream", STREAMS.values())
def test_parsed_rows_and_integer_sums_equal_a_recount(interactions, stream):
    source = Etherscan("ethereum", None)  # type: ignore[arg-type]  (parsing asks nobody)
    pages = rows = mine = my_rows = my_fees = fees = 0
    for one in interactions:
        if STREAMS.get(one.action) != stream or one.is_by_hash or verdict(one.answer) != "rows":
            continue
        pages += 1
        listed: list[dict[str, Any]] = json.loads(one.answer.body)["result"]
        batch = source.parse(stream, read_rows(one.answer))
        assert batch.rejects == (), one.query
        own = [row for row in transfers_of(batch) if row[2] == stream]
        paid = [row for row in transfers_of(batch) if row[2] == "fee"]
        assert Counter((row[1], row[14], row[3]) for row in own) == Counter(
            (row["hash"].lower().replace("genesis", "GENESIS"), int(row["value"]), int(row["blockNumber"])) for row in listed
        )
        assert Counter(row[15] for row in own) == Counter(row.get("isError", "0") in ("0", "") for row in listed)
        rows, my_rows = rows + len(listed), my_rows + len(own)
        mine += sum(row[14] for row in own) - sum(int(row["value"]) for row in listed)
        if stream == "native":
            my_fees += sum(row[14] for row in paid)
            fees += sum(
                int(row["gasUsed"]) * int(row["gasPrice"]) + int(row.get("L1FeesPaid") or 0)
                for row in listed
                if row["from"] != "GENESIS"
            )
    assert (mine, my_fees - fees) == (0, 0)
    assert (pages, rows) == {"native": (29, 219), "internal": (6, 15), "token": (6, 14)}[stream]
    assert my_rows == rows


def test_lists_of_one_transaction_are_read_and_their_amounts_are_plain_digits(interactions):
    lists = [one for one in interactions if one.is_by_hash and verdict(one.answer) == "rows"]
    values = [row["value"] for one in lists for row in read_rows(one.answer)]
    assert len(lists) == 252
    assert all(value.isdigit() for value in values)
