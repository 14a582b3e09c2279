"""Receipts and transactions: 400 recorded ones, and every shape that a node may give."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from recorded_receipts import Recorded

from cryptotrace.codecs import chain_of
from cryptotrace.errors import MalformedAnswer, NotIndexedYet, SourceError
from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources.evm import Receipt, batch_of, kind_of, read_log, read_receipt, read_transaction

ETHEREUM = chain_of("ethereum")
WHEN = datetime(2024, 1, 1, tzinfo=UTC)
TX, BLOCK_HASH = "0x" + "17" * 32, "0x" + "b1" * 32
A, B = "0x" + "aa" * 20, "0x" + "bb" * 20
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
WRAPS = {
    "0xe1fffcc4923d04b559f4d29a8bfc6cda04eb5b0d3c460751c2402c5c5cc9109c",
    "0x7fcf532c15f0a6db0bd6d0e038bea71d30d808c7d98cb3bf7268a95bf5081b65",
}
WRAPPED = {
    "ethereum": "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2", "optimism": "0x4200000000000000000000000000000000000006",
    "base": "0x4200000000000000000000000000000000000006", "gnosis": "0xe91d153e0b41518a2ce8dd3d7944fa863463a97d",
    "polygon": "0x0d500b1d8e8ef31e21c99d1db9a6444d3adf1270",
}  # fmt: skip


def rows(batch: Batch, table: str = "transfers") -> list[dict[str, Any]]:
    return [dict(zip(WIDE[table].names, row, strict=True)) for row in batch.rows.get(table, ())]


def receipt(**facts: Any) -> dict[str, Any]:
    cells = {
        "transactionHash": TX, "blockHash": BLOCK_HASH, "blockNumber": "0x10", "transactionIndex": "0x", "from": A, "to": B,
        "contractAddress": None, "gasUsed": "0x5208", "effectiveGasPrice": "0x3b9aca00", "logs": [], "status": "0x1",
        "type": "0x2", **facts,
    }  # fmt: skip
    return {name: value for name, value in cells.items() if value != "absent"}


def transaction(**facts: Any) -> dict[str, Any]:
    cells = {
        "hash": TX, "blockHash": BLOCK_HASH, "blockNumber": "0x10", "transactionIndex": "0x", "from": A, "to": B,
        "value": "0x5", "input": "0xa9059cbb0011", "nonce": "0x9", "gasPrice": "0x2", **facts,
    }  # fmt: skip
    return {name: value for name, value in cells.items() if value != "absent"}


def transfer_log(index: int, **facts: Any) -> dict[str, Any]:
    return {
        "address": B, "topics": [TRANSFER, f"0x{int(A, 16):064x}", f"0x{int(B, 16):064x}"], "data": f"0x{7:064x}",
        "blockNumber": "0x10", "transactionHash": TX, "transactionIndex": "0x", "logIndex": hex(index), **facts,
    }  # fmt: skip


def read(cells: Any, chain: str = "ethereum") -> Receipt:
    return read_receipt(cells, chain_of(chain), tx_hash=TX)


# -- recorded ------------------------------------------------------------------------------------------------------------


def verdict(one: Recorded) -> tuple[str, str, object]:
    chain = chain_of(one.chain)
    try:
        if one.action == "eth_getTransactionReceipt":
            found = read_receipt(one.result, chain, tx_hash=one.tx_hash)
            return "receipt", one.chain, found.ok
        read_transaction(one.result, chain, tx_hash=one.tx_hash)
    except SourceError as problem:
        return "transaction", one.chain, problem.kind
    return "transaction", one.chain, None


def test_every_recorded_answer_is_classified_and_the_classes_are_those_counted_by_hand(answers):
    assert len(answers) == 400
    found = Counter(map(verdict, answers))
    assert found == {
        ("receipt", "arbitrum", True): 20,
        ("receipt", "base", True): 14,
        ("receipt", "bsc", True): 1,
        ("receipt", "ethereum", True): 124,
        ("receipt", "fantom", True): 1,
        ("receipt", "gnosis", True): 10,
        ("receipt", "optimism", False): 2,
        ("receipt", "optimism", True): 22,
        ("receipt", "polygon", True): 7,
        ("receipt", "scroll", True): 2,
        ("transaction", "arbitrum", None): 21,
        ("transaction", "base", None): 10,
        ("transaction", "bsc", None): 2,
        ("transaction", "ethereum", "not_indexed_yet"): 1,
        ("transaction", "ethereum", None): 117,
        ("transaction", "fantom", None): 4,
        ("transaction", "gnosis", None): 5,
        ("transaction", "optimism", None): 22,
        ("transaction", "polygon", None): 12,
        ("transaction", "scroll", None): 3,
    }
    assert sum(found.values()) == 400


def plain_fee(cells: dict[str, Any]) -> int | None:
    """Work out the fee by the documentation, without our code."""
    if "effectiveGasPrice" not in cells:
        return None
    return int(cells["gasUsed"], 16) * int(cells["effectiveGasPrice"], 16) + int(cells.get("l1Fee") or "0x0", 16)


def plain_tokens(one: Recorded) -> Counter[tuple[str, str, int, int]]:
    """Give (contract, kind, log index, amount) of what moves money, by the plain rule, without our code."""
    found: Counter[tuple[str, str, int, int]] = Counter()
    for log in one.result["logs"]:
        topics, words = log["topics"], (len(log["data"]) - 2) // 64
        place = int(log["logIndex"], 16)
        if topics and topics[0] == TRANSFER and len(topics) < 4:
            assert len(topics) + words == 4
            found[log["address"], "token", place, int(log["data"][-64:], 16)] += 1
        elif topics and topics[0] in WRAPS and log["address"] == WRAPPED.get(one.chain):
            found[log["address"], "wrap", place, int(log["data"][-64:], 16)] += 1
    return found


def test_every_recorded_receipt_gives_the_rows_and_sums_of_a_recount(answers):
    fees = tokens = wraps = unknown = 0
    for one in (one for one in answers if one.action == "eth_getTransactionReceipt"):
        chain = chain_of(one.chain)
        batch = batch_of(read_receipt(one.result, chain, tx_hash=one.tx_hash), chain, time=WHEN)
        assert not batch.rejects
        (facts,) = rows(batch, "transactions")
        assert facts["fee"] == plain_fee(one.result)
        assert facts["ok"] is (one.result["status"] == "0x1")
        assert [facts["signer"], facts["receiver"]] == [one.result["from"], one.result["to"] or one.result["contractAddress"]]
        paid = [row["amount"] for row in rows(batch) if row["kind"] == "fee"]
        assert paid == ([facts["fee"]] if facts["fee"] else [])
        moved = Counter(
            (row["contract"], row["kind"].removeprefix("un"), row["log_index"], row["amount"])
            for row in rows(batch)
            if row["kind"] != "fee"
        )
        assert moved == plain_tokens(one)
        fees += sum(paid)
        unknown += facts["fee"] is None
        tokens += sum(kind == "token" for _, kind, _, _ in moved)
        wraps += sum(kind == "wrap" for _, kind, _, _ in moved)
    assert fees == sum(plain_fee(one.result) or 0 for one in answers if one.action == "eth_getTransactionReceipt") > 9 * 10**17
    assert (tokens, wraps, unknown) == (848, 37, 2)


def test_the_logs_of_recorded_receipts_are_classified(answers):
    kinds: Counter[str] = Counter()
    for one in (one for one in answers if one.action == "eth_getTransactionReceipt"):
        times = {int(one.result["blockNumber"], 16): WHEN}
        kinds.update(kind_of(read_log(log, chain_of(one.chain), times=times)) for log in one.result["logs"])
    assert kinds == {"transfer": 848, "approval": 411, "collectible": 8, "wrap": 21, "unwrap": 16, "other": 884}


def test_recorded_transactions_and_receipts_of_one_hash_give_value_fee_and_logs(answers):
    receipts = {one.tx_hash: one for one in answers if one.action == "eth_getTransactionReceipt"}
    pairs = [(one, receipts[one.tx_hash]) for one in answers if one.action != "eth_getTransactionReceipt" and one.result
             and one.tx_hash in receipts]  # fmt: skip
    assert len({one.tx_hash for one, _ in pairs}) == PAIRS
    for signed, done in pairs:
        chain = chain_of(signed.chain)
        found = batch_of(
            read_receipt(done.result, chain, tx_hash=done.tx_hash), chain, time=WHEN,
            transaction=read_transaction(signed.result, chain, tx_hash=signed.tx_hash),
        )  # fmt: skip
        (value,) = [row for row in rows(found) if row["kind"] == "native"]
        assert value["amount"] == int(signed.result["value"], 16)
        assert value["ok"] is (done.result["status"] == "0x1")
        (facts,) = rows(found, "transactions")
        assert (facts["nonce"], facts["signer"]) == (int(signed.result["nonce"], 16), signed.result["from"])
        price = int(done.result.get("effectiveGasPrice") or signed.result["gasPrice"], 16)
        assert facts["fee"] == int(done.result["gasUsed"], 16) * price + int(done.result.get("l1Fee") or "0x0", 16)


PAIRS = 27


# -- by hand -------------------------------------------------------------------------------------------------------------


def test_null_is_unknown_or_pending_and_never_nothing():
    for reader in (read_receipt, read_transaction):
        with pytest.raises(NotIndexedYet):
            reader(None, ETHEREUM, tx_hash=TX)
    with pytest.raises(NotIndexedYet, match="in no block yet"):
        read_transaction(transaction(blockNumber=None, transactionIndex=None), ETHEREUM, tx_hash=TX)


def test_a_failed_transaction_pays_its_fee_and_moves_nothing():
    batch = batch_of(
        read(receipt(status="0x0")), ETHEREUM, time=WHEN, transaction=read_transaction(transaction(), ETHEREUM, tx_hash=TX)
    )
    assert [(row["kind"], row["amount"], row["ok"], row["receiver"]) for row in rows(batch)] == [
        ("native", 5, False, B),
        ("fee", 21_000 * 10**9, True, None),
    ]
    (facts,) = rows(batch, "transactions")
    assert (facts["ok"], facts["method"], facts["nonce"], facts["block"], facts["tx_index"]) == (False, "0xa9059cbb", 9, 16, 0)


@pytest.mark.parametrize(("logs", "ok"), [([], None), ([transfer_log(0)], True)])
def test_before_byzantium_the_outcome_is_unknown_unless_a_log_proves_success(logs, ok):
    cells = receipt(status="absent", root="0x" + "55" * 32, effectiveGasPrice="absent", logs=logs)
    found = read(cells)
    assert (found.ok, found.fee()) == (ok, None)
    batch = batch_of(found, ETHEREUM, time=WHEN, transaction=read_transaction(transaction(), ETHEREUM, tx_hash=TX))
    (facts,) = rows(batch, "transactions")
    assert (facts["ok"], facts["fee"]) == (ok, 42_000)
    assert all(row["ok"] for row in rows(batch))


def test_a_created_contract_is_the_receiver():
    found = read(receipt(to=None, contractAddress=B))
    assert (found.receiver, found.created) == (B, B)
    assert read(receipt(to=None, status="0x0")).receiver is None


@pytest.mark.parametrize(
    ("chain", "facts", "fee"),
    [
        ("ethereum", {}, 21_000 * 10**9),
        ("optimism", {"l1Fee": "0x64"}, 21_000 * 10**9 + 100),
        ("base", {"L1FeesPaid": "0x64"}, 21_000 * 10**9 + 100),
        ("base", {}, None),
        ("base", {"type": "0x7e", "effectiveGasPrice": "0x0"}, 0),
        ("arbitrum", {"gasUsedForL1": "0x1000"}, 21_000 * 10**9),
        ("ethereum", {"blobGasUsed": "0x20000", "blobGasPrice": "0x3"}, 21_000 * 10**9 + 0x60000),
        ("ethereum", {"blobGasUsed": "0x20000"}, None),
        ("base", {"l1Fee": "0x64", "operatorFeeScalar": "0x0", "operatorFeeConstant": "0x0"}, 21_000 * 10**9 + 100),
        ("base", {"l1Fee": "0x64", "operatorFeeScalar": "0x1", "operatorFeeConstant": "0x0"}, None),
        ("celo", {"feeCurrency": B}, None),
        ("ethereum", {"effectiveGasPrice": "absent"}, None),
    ],
)
def test_a_fee_is_whole_or_unknown(chain, facts, fee):
    found = read(receipt(**facts), chain)
    assert found.fee() == fee
    (stored,) = rows(batch_of(found, chain_of(chain), time=WHEN), "transactions")
    assert stored["fee"] == fee


BAD = {
    "a list": [],
    "no logs": receipt(logs="absent"),
    "logs of another transaction": receipt(logs=[transfer_log(0, transactionHash="0x" + "18" * 32)]),
    "the same log twice": receipt(logs=[transfer_log(1), transfer_log(1)]),
    "logs out of order": receipt(logs=[transfer_log(2), transfer_log(1)]),
    "another transaction": receipt(transactionHash="0x" + "18" * 32),
    "a status of two": receipt(status="0x2"),
    "no gas": receipt(gasUsed=None),
    "a price that is no number": receipt(effectiveGasPrice="cheap"),
    "a sender that is none": receipt(**{"from": "0x1"}),
    "no block": receipt(blockNumber=None),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_receipt_is_malformed_and_not_believed(name):
    with pytest.raises(MalformedAnswer):
        read(BAD[name])


@pytest.mark.parametrize("facts", [{"hash": "0x12"}, {"value": "five"}, {"value": hex(10**38)}, {"input": 5}, {"nonce": None}])
def test_what_is_no_transaction_is_malformed(facts):
    with pytest.raises(MalformedAnswer):
        read_transaction(transaction(**facts), ETHEREUM, tx_hash=TX)


def test_a_fee_beyond_all_coins_and_a_time_that_nobody_knows_are_refused():
    with pytest.raises(MalformedAnswer, match="beyond all coins"):
        batch_of(read(receipt(effectiveGasPrice=hex(10**38))), ETHEREUM, time=WHEN)
    with pytest.raises(MalformedAnswer, match="time of the block"):
        batch_of(read(receipt()), ETHEREUM)
    other = read_transaction(transaction(blockNumber="0x11"), ETHEREUM, tx_hash=TX)
    with pytest.raises(MalformedAnswer, match="disagree"):
        batch_of(read(receipt()), ETHEREUM, time=WHEN, transaction=other)


def test_the_time_is_taken_from_the_logs_where_a_node_writes_it_there():
    cells = receipt(logs=[transfer_log(0, blockTimestamp=hex(int(WHEN.timestamp())))])
    assert {row["time"] for row in rows(batch_of(read(cells), ETHEREUM))} == {WHEN}


def test_a_log_that_does_not_fit_is_rejected_and_the_rest_of_the_receipt_stays():
    batch = batch_of(read(receipt(logs=[transfer_log(0, data="0x"), transfer_log(1)])), ETHEREUM, time=WHEN, file="there")
    assert [(row["kind"], row["log_index"]) for row in rows(batch)] == [("token", 1), ("fee", None)]
    assert [reject.file for reject in batch.rejects] == ["there"]
