"""Real answers of Blockscout: each is what it says, its rows add up, and no wrap becomes money that a receipt does not show."""

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
from pulling import COLUMNS, transfers_of

import cryptotrace as ct
from cryptotrace.codecs import chain_of
from cryptotrace.errors import NotIndexedYet, SourceError
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.blockscout.answers import classify, read_items, read_object
from cryptotrace.sources.blockscout.items import batch_of
from cryptotrace.sources.blockscout.lists import Blockscout
from cryptotrace.sources.etherscan.answers import read_rows
from cryptotrace.sources.evm.receipts import batch_of as batch_of_receipt
from cryptotrace.sources.evm.receipts import read_receipt

STREAMS = {"txlist": "native", "txlistinternal": "internal", "tokentx": "token"}
CHAINS = {"1": "ethereum", "10": "optimism", "100": "gnosis", "8453": "base", "42161": "arbitrum", "534352": "scroll"}
SINGLE = {"base.blockscout.com": "base", "eth.blockscout.com": "ethereum", "scrollscan.com": "scroll"}
NOBODY = "0x" + "0" * 40
WETH = "0x4200000000000000000000000000000000000006"


@dataclass(frozen=True)
class Recorded:
    """One answer as it was recorded, and what was asked."""

    name: str
    query: dict[str, str]
    answer: Answer
    body: Any

    @property
    def chain(self) -> str:
        return self.answer.request.chain


def recorded(uri: str, code: int, body: Any) -> Recorded:
    parts = urlsplit(uri)
    chain, path = SINGLE.get(parts.netloc, "ethereum"), parts.path
    if parts.netloc == "api.blockscout.com":
        _, number, rest = path.split("/", 2)
        chain, path = CHAINS[number], f"/{rest}"
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    name = query.get("action") or (path.rsplit("/", 1)[1] if path.endswith(("rpc", "withdrawals")) else path.split("/")[3])
    request = Request(source=parts.netloc, chain=chain, stream=STREAMS.get(name, name), path=path)
    answer = Answer(request=request, status=code, body=json.dumps(body).encode(), received_at=datetime(2026, 1, 1, tzinfo=UTC))
    return Recorded(name, query, answer, body)


@pytest.fixture(scope="module")
def interactions(shared_data: Path) -> list[Recorded]:
    with gzip.open(shared_data / "recorded" / "explorer_interactions.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    kin = [row for row in rows if "blockscout" in urlsplit(row["uri"]).netloc or urlsplit(row["uri"]).netloc in SINGLE]
    kin += [row for row in rows if urlsplit(row["uri"]).netloc == "www.hyperscan.com"]
    return [recorded(row["uri"], row["code"], row["body"]) for row in kin]


def verdict(one: Recorded) -> str:
    """Say what we take an answer for."""
    try:
        classify(one.answer)
    except SourceError as problem:
        return problem.kind
    if one.answer.request.path.startswith("/api/v2"):
        return "items" if "items" in read_object(one.answer) else "object"
    if "jsonrpc" in one.body:
        return "unknown" if one.body["result"] is None else "result"
    result = one.body["result"]
    if not isinstance(result, list):
        return "word" if isinstance(result, str) else "object"
    return "rows" if read_rows(one.answer) else "empty"


def independent(one: Recorded) -> str:
    """Say what an answer is by the plain rule of the documentation, without our code."""
    body = one.body
    if "jsonrpc" in body:
        return "refusal" if "error" in body else "unknown" if body["result"] is None else "result"
    if "result" not in body or "hash" in body:
        return "items" if "items" in body else "object"
    if body["status"] == "2":
        return "refusal"
    if body["status"] == "0":
        return "empty" if body["message"].startswith("No ") and body["message"].endswith(" found") else "refusal"
    result = body["result"]
    return ("rows" if result else "empty") if isinstance(result, list) else "word" if isinstance(result, str) else "object"


def test_every_recorded_answer_is_classified_and_the_classes_are_those_counted_by_hand(interactions):
    assert Counter((one.name, verdict(one)) for one in interactions) == COUNTED


COUNTED = {
    ("balance", "word"): 1,
    ("eth-rpc", "result"): 33,
    ("getabi", "bad_request"): 1,
    ("getabi", "word"): 1,
    ("getblocknobytime", "object"): 11,
    ("getcontractcreation", "empty"): 1,
    ("getcontractcreation", "rows"): 1,
    ("getminedblocks", "rows"): 1,
    ("json-rpc", "bad_request"): 15,
    ("json-rpc", "result"): 195,
    ("tokentx", "empty"): 4,
    ("tokentx", "rows"): 2,
    ("transactions", "object"): 51,
    ("txlist", "empty"): 5,
    ("txlist", "rows"): 16,
    ("txlistinternal", "empty"): 35,
    ("txlistinternal", "not_indexed_yet"): 8,
    ("txlistinternal", "rows"): 15,
    ("withdrawals", "items"): 26,
}


def test_no_recorded_refusal_reads_as_empty_and_what_is_not_processed_yet_is_not_believed(interactions):
    for one in interactions:
        said, mine = independent(one), verdict(one)
        assert (mine == said) if said != "refusal" else mine in ("bad_request", "not_indexed_yet"), one.query
    partial = [one for one in interactions if one.body.get("status") == "2"]
    assert (len(partial), sum(bool(one.body["result"]) for one in partial)) == (8, 2)
    for one in partial:
        with pytest.raises(NotIndexedYet):
            classify(one.answer)


def source_of(chain: str) -> Blockscout:
    return Blockscout(chain, None)  # type: ignore[arg-type]  (parsing asks nobody)


def row(cells: tuple[Any, ...], *names: str) -> tuple[Any, ...]:
    return tuple(cells[COLUMNS[name]] for name in names)


@pytest.mark.parametrize(("stream", "counted"), [("native", (16, 1_196)), ("internal", (15, 43)), ("token", (2, 2))])
def test_parsed_rows_and_integer_sums_equal_a_recount(interactions, stream, counted):
    pages = rows = mine = theirs = my_fees = fees = 0
    for one in interactions:
        if STREAMS.get(one.name) != stream or verdict(one) != "rows":
            continue
        pages, listed = pages + 1, one.body["result"]
        batch = source_of(one.chain).parse_answer(one.answer)
        assert batch.rejects == (), one.query
        moves = transfers_of(batch)
        own = [cells for cells in moves if cells[COLUMNS["kind"]] == stream]
        assert Counter(row(cells, "tx_hash", "amount", "block", "ok") for cells in own) == Counter(
            (cells.get("hash") or cells["transactionHash"], int(cells["value"]), int(cells["blockNumber"]),
             cells.get("isError", "0") == "0")
            for cells in listed
        )  # fmt: skip
        rows += len(own)
        mine += sum(cells[COLUMNS["amount"]] for cells in own)
        theirs += sum(int(cells["value"]) for cells in listed)
        my_fees += sum(cells[COLUMNS["amount"]] for cells in moves if cells[COLUMNS["kind"]] == "fee")
        if stream == "native" and one.chain not in ("optimism", "base", "scroll"):  # the row lacks their part for layer 1
            fees += sum(int(cells["gasUsed"]) * int(cells["gasPrice"]) for cells in listed)
        if stream == "internal":
            assert all(cells[COLUMNS["trace_path"]] is None for cells in own)
            assert Counter(cells[COLUMNS["call_type"]] for cells in own) == Counter(
                cells["callType"] or cells["type"] for cells in listed
            )
    assert (pages, rows) == counted
    assert mine == theirs > 0
    assert my_fees == fees


def test_the_method_of_a_transaction_is_read_from_its_data_since_the_row_does_not_tell(interactions):
    methods = Counter[bool]()
    for one in interactions:
        if one.name == "txlist" and verdict(one) == "rows":
            batch = source_of(one.chain).parse_answer(one.answer)
            found = {cells[1]: cells[9] for cells in batch.rows.get("transactions", ())}
            for table in batch.tables.get("transactions", ()):
                found |= dict(zip(table.column("tx_hash").to_pylist(), table.column("method").to_pylist(), strict=True))
            for cells in one.body["result"]:
                told = cells["input"][:10] if len(cells["input"]) >= 10 else "0x"
                assert found[cells["hash"]] == told
                methods[cells["methodId"] == told] += 1
    assert methods[False] > 100


# -- REST v2 ------------------------------------------------------------------------------------------------------------------


def transactions_of(interactions: list[Recorded]) -> list[Recorded]:
    """Give each recorded transaction of REST v2 once."""
    return list({one.body["hash"]: one for one in interactions if one.name == "transactions"}.values())


def test_recorded_transactions_become_rows_whose_sums_and_fees_equal_a_recount(interactions):
    found, with_layer_1 = transactions_of(interactions), 0
    for one in found:
        batch = batch_of("native", [one.body], chain_of(one.chain), file="recorded")
        assert batch.rejects == ()
        moves = {cells[COLUMNS["kind"]]: cells for cells in batch.rows["transfers"]}
        value, layer_1 = int(one.body["value"]), int(one.body.get("l1_fee") or 0)
        assert row(moves["native"], "tx_hash", "amount", "block", "tx_index", "ok") == (
            one.body["hash"], value, one.body["block_number"], one.body["position"], one.body["status"] == "ok",
        )  # fmt: skip
        paid = int(one.body["fee"]["value"])
        assert (moves["fee"][COLUMNS["amount"]] if paid else 0) == paid
        gas = int(one.body["gas_used"]) * int(one.body["gas_price"])
        with_layer_1 += paid == gas + layer_1 > gas
        assert paid >= gas + layer_1
    assert (len(found), with_layer_1) == (47, 45)


def test_the_parts_of_a_fee_that_the_other_list_lacks_are_told_here(interactions):
    """On OP and Base the rows of the RPC say what gas cost, which is less than what was paid: so they say nothing."""
    rest = {one.body["hash"]: int(one.body["fee"]["value"]) for one in transactions_of(interactions)}
    short = 0
    for one in interactions:
        if one.name == "txlist" and verdict(one) == "rows" and one.chain in ("optimism", "base"):
            batch = source_of(one.chain).parse_answer(one.answer)
            assert not [cells for cells in transfers_of(batch) if cells[COLUMNS["kind"]] == "fee"]
            for cells in one.body["result"]:
                paid = rest.get(cells["hash"], 0)
                short += 0 < int(cells["gasUsed"]) * int(cells["gasPrice"]) < paid
    assert short > 10


def test_pages_of_the_recorded_cursor_end_at_null_and_give_every_parameter_back(interactions):
    pages = [one for one in interactions if one.name == "withdrawals"]
    found = [read_items(one.answer) for one in pages]
    assert sum(following is None for _, following in found) == 1
    asked = [one.query for one in pages if one.query]
    assert all(following in asked for _, following in found if following is not None)
    assert sum(len(items) for items, _ in found) == 25 * 50 + 27


# -- wraps --------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def receipts(shared_data: Path) -> dict[str, tuple[str, Any]]:
    """Hash -> recorded receipt of any explorer."""
    found: dict[str, tuple[str, Any]] = {}
    for name in ("recorded/explorer_interactions.jsonl.gz", "receipts/receipts.jsonl.gz"):
        with gzip.open(shared_data / name, "rt", encoding="utf-8") as lines:
            for line in lines:
                body = json.loads(line)["body"]
                body = json.loads(body) if isinstance(body, str) and body.startswith("{") else body
                result = body.get("result") if isinstance(body, dict) else None
                if isinstance(result, dict) and isinstance(result.get("logs"), list):
                    found[result["transactionHash"]] = ("", result)
    return found


def token_items(one: Recorded) -> list[dict[str, Any]]:
    """Give the token transfers that stand in a transaction, with the time that only it has."""
    return [
        {**item, "timestamp": one.body["timestamp"], "token_type": item.get("token_type") or item["token"]["type"]}
        for item in one.body.get("token_transfers") or ()
    ]


def test_invented_wrap_rows_become_the_rows_of_the_receipt_and_no_token_is_made_or_burnt(interactions, receipts):
    kinds, checked = Counter[str](), 0
    for one in transactions_of(interactions):
        chain = chain_of(one.chain)
        items = token_items(one)
        batch = batch_of("token", items, chain, file="recorded")
        assert batch.rejects == ()
        mine = {cells[COLUMNS["log_index"]]: cells for cells in batch.rows.get("transfers", ())}
        kinds.update(cells[COLUMNS["kind"]] for cells in mine.values())
        made = [item for item in items if address_of(item["token"]) == WETH and NOBODY in ends_of(item)]
        assert all(mine[item["log_index"]][COLUMNS["kind"]] in ("wrap", "unwrap") for item in made)
        if one.body["hash"] not in receipts:
            continue
        receipt = read_receipt(receipts[one.body["hash"]][1], chain, tx_hash=one.body["hash"])
        told = batch_of_receipt(receipt, chain, time=datetime(2026, 1, 1, tzinfo=UTC))
        theirs = {cells[COLUMNS["log_index"]]: cells for cells in told.rows.get("transfers", ())}
        for index, cells in mine.items():
            same = ("tx_hash", "kind", "block", "sender", "receiver", "contract", "amount", "log_index")
            assert row(cells, *same) == row(theirs[index], *same)
            checked += 1
    assert kinds == {"token": 116, "wrap": 4, "unwrap": 5}
    assert checked > 80


def address_of(token: dict[str, Any]) -> str:
    return str(token.get("address_hash") or token.get("address")).lower()


def ends_of(item: dict[str, Any]) -> tuple[str, str]:
    return item["from"]["hash"].lower(), item["to"]["hash"].lower()


def test_lists_and_receipts_of_wraps_are_one_row_in_the_store(interactions, receipts):
    """Whoever comes first, rows of the receipt and of the list merge: the store holds what the receipt alone gives."""
    wrapping = [
        one for one in transactions_of(interactions)
        if one.body["hash"] in receipts and any(address_of(item["token"]) == WETH for item in token_items(one))
    ]  # fmt: skip
    assert len(wrapping) >= 8
    for one in wrapping:
        chain = chain_of(one.chain)
        moment = datetime.fromisoformat(one.body["timestamp"])
        receipt = read_receipt(receipts[one.body["hash"]][1], chain, tx_hash=one.body["hash"])
        alone = held([batch_of_receipt(receipt, chain, time=moment)])
        listed = batch_of("token", token_items(one), chain, file="recorded")
        for order in ((0, 1), (1, 0)):
            batches = [listed, batch_of_receipt(receipt, chain, time=moment)]
            assert held([batches[at] for at in order]) == alone


def held(batches: list[Batch]) -> Counter[tuple[Any, ...]]:
    store = ct.open_store(":memory:")
    for batch in batches:
        store.load([batch])
    rows = store.rows("""
        SELECT t.tx_hash, t.kind, s.address, r.address, a.contract, t.amount, t.log_index FROM transfers AS t
        LEFT JOIN accounts AS s ON s.id = t.sender LEFT JOIN accounts AS r ON r.id = t.receiver
        JOIN assets AS a ON a.id = t.asset
        WHERE t.kind <> 'fee'
    """)
    return Counter(rows)
