"""Real answers: each is what it says, its rows add up, and sums equal a recount that shares no code with the reader."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.bitcoin.answers import classify, read_standing
from cryptotrace.sources.bitcoin.blockchain_rows import read_listing
from cryptotrace.sources.bitcoin.coins import CoinTransaction, add_coins, effect_on
from cryptotrace.sources.bitcoin.esplora_rows import read_transactions
from cryptotrace.sources.bitcoin.scripts import address_of, type_of

GENESIS = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
SINGLE = {
    # file -> inputs, outputs, outputs without an address
    "bare-multisig": (3, 3, 1),
    "batch-withdrawal-143": (1, 143, 0),
    "dust-attack-555": (1, 2, 0),
    "joinmarket-coinjoin": (2, 4, 0),
    "op-return-charley": (1, 2, 1),
    "simple-legacy-p2pkh": (1, 2, 0),
    "taproot-op-return": (1, 2, 1),
    "wabisabi-coinjoin": (327, 279, 0),
    "whirlpool-coinjoin": (5, 5, 0),
}


def answered(body: bytes, status: int = 200) -> Answer:
    request = Request(source="esplora", chain="bitcoin", stream="native")
    return Answer(request=request, status=status, body=body, received_at=datetime(2026, 1, 1, tzinfo=UTC))


def batch_of(rows: list[Any]) -> Batch:
    batch = Batch()
    for row in rows:
        assert isinstance(row, CoinTransaction), row
        add_coins(batch, "bitcoin", row)
    return batch


@pytest.mark.parametrize("name", SINGLE)
def test_a_real_transaction_becomes_its_inputs_and_outputs(shared_data, name):
    body = (shared_data / "bitcoin" / f"{name}.json").read_bytes()
    classify(answered(body))
    batch, raw = batch_of(read_transactions(body)), json.loads(body)
    inputs, outputs = batch.rows["tx_inputs"], batch.rows["tx_outputs"]
    assert (len(inputs), len(outputs), sum(row[5] is None for row in outputs)) == SINGLE[name]
    assert [row[8] for row in inputs] == [one["prevout"]["value"] for one in raw["vin"]]
    assert [(row[5], row[6], row[7]) for row in outputs] == [
        (one.get("scriptpubkey_address"), one["value"], one["scriptpubkey_type"]) for one in raw["vout"]
    ]
    (tx,) = batch.rows["transactions"]
    assert tx[8] == raw["fee"] == sum(row[8] for row in inputs) - sum(row[6] for row in outputs)


def test_a_real_history_becomes_rows_whose_sums_equal_a_recount(shared_data):
    body = (shared_data / "bitcoin" / "satoshi-genesis-txs.json").read_bytes()
    classify(answered(body))
    raw, rows = json.loads(body), read_transactions(body)
    batch = batch_of(rows)
    assert {name: len(found) for name, found in batch.rows.items()} == {"transactions": 50, "tx_inputs": 156, "tx_outputs": 193}
    came = sum(one["value"] for tx in raw for one in tx["vout"] if one.get("scriptpubkey_address") == GENESIS)
    went = sum(one["prevout"]["value"] for tx in raw for one in tx["vin"] if one["prevout"]["scriptpubkey_address"] == GENESIS)
    effects = [effect_on(row, GENESIS) for row in rows if isinstance(row, CoinTransaction)]
    assert (sum(one.received for one in effects if one), sum(one.spent for one in effects if one)) == (came, went)
    assert sum(row[6] for row in batch.rows["tx_outputs"] if row[5] == GENESIS) == came > 0
    assert sum(row[8] for row in batch.rows["tx_inputs"]) == sum(one["prevout"]["value"] for tx in raw for one in tx["vin"])


def test_a_real_count_of_an_address_is_read(shared_data):
    body = (shared_data / "bitcoin" / "satoshi-genesis-address.json").read_bytes()
    classify(answered(body))
    count = read_standing(answered(body), GENESIS)
    assert (count.received, count.spent, count.transactions, count.waiting) == (5_710_665_717, 0, 56_893, 0)


def test_every_script_of_the_files_has_the_type_and_address_that_the_explorer_says(shared_data):
    seen = Counter()
    for path in sorted((shared_data / "bitcoin").glob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        for tx in found if isinstance(found, list) else [found]:
            for coin in [*tx.get("vout", ()), *(one["prevout"] for one in tx.get("vin", ()))]:
                assert type_of(coin["scriptpubkey"]) == coin["scriptpubkey_type"]
                assert address_of(coin["scriptpubkey"]) == coin.get("scriptpubkey_address")
                seen[coin["scriptpubkey_type"]] += 1
    assert sum(seen.values()) == 1133, seen
    assert set(seen) == {"p2pkh", "p2sh", "v0_p2wpkh", "v0_p2wsh", "v1_p2tr", "op_return", "multisig"}


@pytest.fixture(scope="module")
def recorded(shared_data) -> list[tuple[str, str, Answer]]:
    found = []
    with gzip.open(shared_data / "recorded" / "explorer_interactions.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            parts = urlsplit(row["uri"])
            if parts.netloc in {"blockchain.info", "api.blockchain.info", "api.blockcypher.com"}:
                found.append((parts.netloc, parts.path, answered(json.dumps(row["body"]).encode(), row["code"])))
    return found


def test_recorded_answers_of_blockchain_info_and_blockcypher_are_no_errors(recorded):
    """No adapter for BlockCypher: nine of its ten answers are the head of Ethereum, the tenth is one transaction."""
    kinds: Counter[str] = Counter()
    for host, path, answer in recorded:
        classify(answer)
        kinds[f"{host} {path.strip('/').split('/')[0]}"] += 1
    assert kinds == {
        "blockchain.info multiaddr": 24,
        "blockchain.info rawtx": 9,
        "api.blockchain.info haskoin-store": 3,
        "api.blockcypher.com v1": 10,
    }


def test_recorded_lists_of_blockchain_info_become_rows_whose_sums_equal_a_recount(recorded):
    rows = odd = 0
    sums = Counter()
    for host, path, answer in recorded:
        if (host, path) != ("blockchain.info", "/multiaddr"):
            continue
        raw = json.loads(answer.body)
        listing = read_listing(answer.body)
        assert {name: count[1] for name, count in listing.counts.items()} == {
            one["address"]: one["total_received"] for one in raw["addresses"]
        }
        for tx, row in zip(raw["txs"], listing.rows, strict=True):
            rows += 1
            if not isinstance(row, CoinTransaction):
                odd += 1
                continue
            assert (row.txid, row.block, row.fee) == (tx["hash"], tx["block_height"], tx["fee"])
            sums["whole"] += row.is_whole
            sums["out"] += sum(one.amount for one in row.outputs)
            sums["out, recounted"] += sum(one["value"] for one in tx["out"])
            sums["in"] += sum(one.amount or 0 for one in row.inputs)
            sums["in, recounted"] += sum((one.get("prev_out") or {"value": 0})["value"] for one in tx["inputs"])
    assert sums["out"] == sums["out, recounted"] > 0
    assert sums["in"] == sums["in, recounted"] > 0
    assert (rows, odd, sums["whole"]) == (490, 0, 98)


def test_recorded_transactions_of_blockchain_info_become_rows(recorded):
    found = 0
    for host, path, answer in recorded:
        if host == "blockchain.info" and path.startswith("/rawtx/"):
            raw = json.loads(answer.body)
            page = json.dumps({"addresses": [], "txs": [raw]}).encode()
            (row,) = read_listing(page).rows
            assert isinstance(row, CoinTransaction)
            assert row.txid == path.rsplit("/", 1)[1]
            assert sum(one.amount or 0 for one in row.inputs) - sum(one.amount for one in row.outputs) == raw["fee"]
            found += 1
    assert found == 9
