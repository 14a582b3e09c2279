"""Logs: what is money, what is an event, and what is neither; against real blocks and by hand."""

from __future__ import annotations

import base64
import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from eth_hash.backends.pycryptodome import keccak256
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.codecs import chain_of
from cryptotrace.errors import InputError
from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources.evm import kind_of, read_log, read_logs
from cryptotrace.sources.evm.events import APPROVAL, COLLECTIBLES, DEPOSIT, STABLECOIN_EVENTS, TRANSFER, WITHDRAWAL

ETHEREUM = chain_of("ethereum")
WHEN = datetime(2022, 6, 21, 2, 28, 20, tzinfo=UTC)
USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
OTHER = "0x" + "0c" * 20
A, B = "0x" + "aa" * 20, "0x" + "bb" * 20
NULL = "0x" + "0" * 40
TX = "0x" + "17" * 32
COLUMNS = WIDE["transfers"].names


def word(value: str | int) -> str:
    return f"0x{int(value, 16) if isinstance(value, str) else value:064x}"


def log(topics: list[Any], data: str | list[str | int] = "0x", *, address: str = USDT, **facts: Any) -> dict[str, Any]:
    body = data if isinstance(data, str) else "0x" + "".join(word(value)[2:] for value in data)
    return {
        "address": address, "topics": topics, "data": body, "blockNumber": "0xe4e1c0", "transactionHash": TX,
        "transactionIndex": "0x1", "logIndex": "0x7", "timeStamp": hex(int(WHEN.timestamp())), **facts,
    }  # fmt: skip


def transfers(batch: Batch) -> list[dict[str, Any]]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in batch.rows.get("transfers", ())]


def events(batch: Batch) -> list[dict[str, Any]]:
    return [dict(zip(WIDE["events"].names, row, strict=True)) for row in batch.rows.get("events", ())]


def only(batch: Batch) -> dict[str, Any]:
    (row,) = transfers(batch)
    assert not batch.rejects
    return row


# -- topics --------------------------------------------------------------------------------------------------------------


def topic_of(signature: str) -> str:
    return "0x" + keccak256(signature.encode()).hex()


def test_every_topic_is_the_keccak_of_its_signature():
    assert {topic: topic_of(event.signature) for topic, event in STABLECOIN_EVENTS.items()} == {
        topic: topic for topic in STABLECOIN_EVENTS
    }
    assert [
        topic_of(signature)
        for signature in (
            "Transfer(address,address,uint256)", "Approval(address,address,uint256)", "Deposit(address,uint256)",
            "Withdrawal(address,uint256)",
        )
    ] == [TRANSFER, APPROVAL, DEPOSIT, WITHDRAWAL]  # fmt: skip
    assert {
        topic_of("TransferSingle(address,address,address,uint256,uint256)"),
        topic_of("TransferBatch(address,address,address,uint256[],uint256[])"),
        topic_of("ApprovalForAll(address,address,bool)"),
    } == COLLECTIBLES


# -- transfers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("indexed", [0, 1, 2])
def test_a_payment_is_the_same_row_however_many_of_its_parties_are_indexed(indexed):
    values = [A, B, 5_000_000]
    cells = log([TRANSFER, *map(word, values[:indexed])], values[indexed:])
    row = only(read_logs([cells], ETHEREUM))
    assert (row["kind"], row["sender"], row["receiver"], row["contract"], row["amount"]) == ("token", A, B, USDT, 5_000_000)
    assert (row["block"], row["tx_index"], row["log_index"], row["time"], row["tx_hash"]) == (15_000_000, 1, 7, WHEN, TX)
    assert (row["symbol"], row["decimals"], row["ok"], row["input_row"]) == (None, None, True, None)


def test_a_number_without_digits_is_zero_and_topics_may_be_padded_with_null():
    cells = log([TRANSFER, word(A), word(B), None], [1], logIndex="0x", transactionIndex="0x")
    row = only(read_logs([cells], ETHEREUM))
    assert (row["log_index"], row["tx_index"]) == (0, 0)


def test_the_time_is_that_of_the_row_or_of_its_block_and_a_row_without_one_is_rejected_not_lost():
    cells = log([TRANSFER, word(A), word(B)], [1], timeStamp=None, blockTimestamp=hex(int(WHEN.timestamp())))
    assert only(read_logs([cells], ETHEREUM))["time"] == WHEN
    del cells["blockTimestamp"]
    assert only(read_logs([cells], ETHEREUM, times={15_000_000: WHEN}))["time"] == WHEN
    batch = read_logs([cells], ETHEREUM)
    assert not transfers(batch)
    assert [reject.reason for reject in batch.rejects] == [
        "time is unknown: the row has none and its block is not among the known ones"
    ]


def test_issue_and_burning_stand_as_token_rows_from_and_to_nobody_as_in_the_other_formats():
    batch = read_logs([log([TRANSFER, word(NULL), word(B)], [5]), log([TRANSFER, word(A), word(NULL)], [6])], ETHEREUM)
    assert [(row["kind"], row["sender"], row["receiver"]) for row in transfers(batch)] == [
        ("token", NULL, B),
        ("token", A, NULL),
    ]


def test_collectibles_and_unknown_events_are_no_money_and_no_rejects():
    cells = [
        log([TRANSFER, word(A), word(B), word(77)]),
        log([APPROVAL, word(A), word(B), word(77)]),
        *(log([topic, word(A), word(A), word(B)], [1, 2]) for topic in COLLECTIBLES),
        log([topic_of("Anything()")], "0x1234"),
        log([], "0xab"),
    ]
    batch = read_logs(cells, ETHEREUM)
    assert len(batch) == 0
    kinds = [kind_of(read_log(one, ETHEREUM)) for one in cells]
    assert kinds == ["collectible"] * 5 + ["other"] * 2


BAD = {
    "no object": "log",
    "three values and a half": log([TRANSFER, word(A), word(B)], "0x" + "00" * 48),
    "two values": log([TRANSFER, word(A)], [5]),
    "no hex": log([TRANSFER, word(A), word(B)], "0xzz"),
    "a party that is no address": log([TRANSFER, word(2**200), word(B)], [5]),
    "an amount beyond our range": log([TRANSFER, word(A), word(B)], [10**38]),
    "a topic that is no word": log([TRANSFER, A, word(B)], [5]),
    "null between topics": log([TRANSFER, None, word(B)], [5]),
    "five topics": log([TRANSFER, *[word(A)] * 4], [5]),
    "topics that are text": log("0x", [5]),
    "no hash": log([TRANSFER, word(A), word(B)], [5], transactionHash="0x12"),
    "no log index": log([TRANSFER, word(A), word(B)], [5], logIndex=None),
    "a truth value as a number": log([TRANSFER, word(A), word(B)], [5], logIndex=True),
    "a fraction as a number": log([TRANSFER, word(A), word(B)], [5], logIndex=1.5),
    "a negative number": log([TRANSFER, word(A), word(B)], [5], blockNumber=-1),
    "an index beyond any block": log([TRANSFER, word(A), word(B)], [5], logIndex="0xffffffffff"),
    "a contract that is none": log([TRANSFER, word(A), word(B)], [5], address="0x1"),
    "taken back by a reorganisation": log([TRANSFER, word(A), word(B)], [5], removed=True),
    "a time in milliseconds": log([TRANSFER, word(A), word(B)], [5], timeStamp=hex(int(WHEN.timestamp()) * 1000)),
    "a time of zero": log([TRANSFER, word(A), word(B)], [5], timeStamp="0x0"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_log_that_does_not_fit_is_rejected_whole_with_its_text(name):
    batch = read_logs([BAD[name], log([TRANSFER, word(A), word(B)], [1])], ETHEREUM, file="there")
    assert len(transfers(batch)) == 1
    (reject,) = batch.rejects
    assert reject.file == "there"
    assert json.loads(reject.raw) == BAD[name]
    assert reject.reason


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=70) | st.sampled_from(["0x", word(A), TRANSFER, DEPOSIT])
cells_of_any_kind = st.dictionaries(
    st.sampled_from([*sorted(log([])), "removed"]), scalars | st.lists(scalars, max_size=5), max_size=9
)


@given(st.lists(cells_of_any_kind | scalars, max_size=3))
def test_whatever_comes_every_log_is_a_row_an_event_a_reject_or_passed_over(rows):
    batch = read_logs(
        [{**log([TRANSFER, word(A), word(B)], [1]), **row} if isinstance(row, dict) else row for row in rows], ETHEREUM
    )
    assert len(batch) <= len(rows)
    assert all(0 <= row["amount"] < 10**38 for row in transfers(batch))


# -- wraps ---------------------------------------------------------------------------------------------------------------


def test_a_deposit_of_the_wrapped_coin_goes_from_its_contract_to_the_holder_and_a_withdrawal_back():
    batch = read_logs(
        [log([DEPOSIT, word(A)], [5], address=WETH), log([WITHDRAWAL, word(A)], [3], address=WETH, logIndex="0x8")], ETHEREUM
    )
    assert [(row["kind"], row["sender"], row["receiver"], row["contract"], row["amount"]) for row in transfers(batch)] == [
        ("wrap", WETH, A, WETH, 5),
        ("unwrap", A, WETH, WETH, 3),
    ]


@pytest.mark.parametrize(
    ("chain", "contract"),
    [
        ("ethereum", OTHER),
        ("arbitrum", "0x82af49447d8a07e3bd95bd0d56f35241523fbab1"),
        ("avalanche", WETH),
    ],
)
def test_a_deposit_elsewhere_is_no_wrap(chain, contract):
    assert len(read_logs([log([DEPOSIT, word(A)], [5], address=contract)], chain_of(chain))) == 0


@pytest.mark.parametrize("whole", [True, False])
def test_where_all_logs_are_there_a_wrap_that_is_also_logged_as_a_transfer_counts_once(whole):
    logs = [
        log([TRANSFER, word(NULL), word(A)], [5], address=WETH, logIndex="0x1"),
        log([DEPOSIT, word(A)], [5], address=WETH, logIndex="0x2"),
        log([DEPOSIT, word(A)], [6], address=WETH, logIndex="0x3"),
        log([WITHDRAWAL, word(A)], [5], address=WETH, logIndex="0x4"),
        log([TRANSFER, word(A), word(NULL)], [5], address=WETH, logIndex="0x5"),
    ]
    found = [(row["kind"], row["amount"]) for row in transfers(read_logs(logs, ETHEREUM, whole=whole))]
    assert found == ([("token", 5), ("wrap", 6), ("token", 5)] if whole else
                     [("token", 5), ("wrap", 5), ("wrap", 6), ("unwrap", 5), ("token", 5)])  # fmt: skip


# -- events --------------------------------------------------------------------------------------------------------------


def test_an_approval_is_an_event_and_an_unlimited_one_keeps_its_text():
    batch = read_logs([log([APPROVAL, word(A), word(B)], [2**256 - 1]), log([APPROVAL], [A, B, 5])], ETHEREUM)
    assert not transfers(batch)
    first, second = events(batch)
    assert (first["kind"], first["owner"], first["counterparty"], first["amount"]) == ("approval", A, B, None)
    assert first["raw_amount"] == str(2**256 - 1)
    assert (second["owner"], second["counterparty"], second["amount"], second["log_index"]) == (A, B, 5, 7)


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize(
    ("signature", "kind", "contract", "owner", "amount"),
    [
        ("AddedBlackList(address)", "freeze", USDT, A, None),
        ("RemovedBlackList(address)", "unfreeze", USDT, A, None),
        ("DestroyedBlackFunds(address,uint256)", "destroy", USDT, A, 9),
        ("Issue(uint256)", "issue", USDT, None, 9),
        ("Redeem(uint256)", "redeem", USDT, None, 9),
        ("Blacklisted(address)", "freeze", USDC, A, None),
        ("UnBlacklisted(address)", "unfreeze", USDC, A, None),
        ("BlockPlaced(address)", "freeze", USDT, A, None),
        ("BlockReleased(address)", "unfreeze", USDT, A, None),
        ("DestroyedBlockedFunds(address,uint256)", "destroy", USDT, A, 9),
    ],
)
def test_what_an_issuer_does_is_an_event_in_both_layouts(signature, kind, contract, owner, amount, indexed):
    values = [value for value in (owner, amount) if value is not None]
    topics, data = (values[:1], values[1:]) if indexed else ([], values)
    batch = read_logs([log([topic_of(signature), *map(word, topics)], data, address=contract)], ETHEREUM)
    (event,) = events(batch)
    assert not transfers(batch)
    assert (event["kind"], event["contract"], event["owner"], event["counterparty"]) == (kind, contract, owner, None)
    assert (event["amount"], event["raw_amount"]) == (amount, None if amount is None else str(amount))
    assert (event["block"], event["time"], event["tx_hash"]) == (15_000_000, WHEN, TX)


def test_a_freeze_that_a_stranger_claims_is_none():
    assert len(read_logs([log([topic_of("AddedBlackList(address)")], [A], address=OTHER)], ETHEREUM)) == 0
    assert len(read_logs([log([topic_of("AddedBlackList(address)")], [A], address=WETH)], ETHEREUM)) == 0


def test_a_freeze_of_another_shape_is_rejected():
    batch = read_logs([log([topic_of("AddedBlackList(address)")], [A, 1]), log([topic_of("Issue(uint256)")])], ETHEREUM)
    assert len(batch.rejects) == len(batch) == 2


# -- real blocks ---------------------------------------------------------------------------------------------------------


def node_log(cells: dict[str, Any]) -> dict[str, Any]:
    """Write a log of the export as a node does."""
    return {
        "address": cells["address"], "topics": cells["topics"], "data": cells["data"], "blockNumber": hex(cells["blockId"]),
        "transactionHash": cells["txHash"], "transactionIndex": hex(cells["transactionIndex"]),
        "logIndex": hex(cells["logIndex"]), "blockHash": cells["blockHash"], "removed": False,
    }  # fmt: skip


@pytest.fixture(scope="module")
def block_logs(shared_data: Path) -> list[dict[str, Any]]:
    lines = (shared_data / "ethereum_block_15000000" / "logs.json").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_the_logs_of_a_real_block_give_the_usdt_transfers_that_another_program_found(block_logs, shared_data):
    numbers = {cells["blockId"] for cells in block_logs}
    batch = read_logs(map(node_log, block_logs), ETHEREUM, times=dict.fromkeys(numbers, WHEN))
    found = {
        (row["tx_hash"], row["log_index"], row["tx_index"], row["block"], row["sender"], row["receiver"], row["amount"])
        for row in transfers(batch)
        if row["contract"] == USDT and row["kind"] == "token"
    }
    lines = (shared_data / "ethereum_block_15000000" / "reference" / "USDT_token_transfers.json").read_text().splitlines()
    reference = set()
    for cells in map(json.loads, lines):
        tx, sender, receiver = ("0x" + base64.b64decode(cells[name]).hex() for name in ("txHash", "from", "to"))
        reference.add((tx, cells["logIndex"], cells["transactionIndex"], cells["blockId"], sender, receiver, cells["value"]))
    assert len(reference) == len(lines) == 143
    assert {row for row in found if row[3] in {row[3] for row in reference}} == reference


def test_the_logs_of_a_real_block_are_classified_and_add_up_to_a_recount(block_logs):
    numbers = {cells["blockId"] for cells in block_logs}
    times = dict.fromkeys(numbers, WHEN)
    kinds = Counter(kind_of(read_log(node_log(cells), ETHEREUM, times=times)) for cells in block_logs)
    assert kinds == BLOCK_KINDS
    batch = read_logs(map(node_log, block_logs), ETHEREUM, times=times)
    sums: Counter[tuple[str, str]] = Counter()
    for row in transfers(batch):
        sums[row["kind"], row["contract"]] += row["amount"]
    assert sums == recount(block_logs, {DEPOSIT: "wrap", WITHDRAWAL: "unwrap"})
    approvals = [cells for cells in block_logs if cells["topics"][:1] == [APPROVAL] and len(cells["topics"]) < 4]
    assert len(approvals) == len([event for event in events(batch) if event["kind"] == "approval"])
    assert not batch.rejects


def recount(logs: list[dict[str, Any]], wraps: dict[str, str]) -> Counter[tuple[str, str]]:
    """Sum up by the plain rule: four words in all, the last is the amount; nothing of ours is used."""
    sums: Counter[tuple[str, str]] = Counter()
    for cells in logs:
        topics, words = cells["topics"], (len(cells["data"]) - 2) // 64
        if topics and topics[0] == TRANSFER and len(topics) < 4 and len(topics) + words == 4:
            sums["token", cells["address"]] += int(cells["data"][-64:], 16)
        elif topics and topics[0] in wraps and cells["address"] == WETH:
            sums[wraps[topics[0]], cells["address"]] += int(cells["data"][-64:], 16)
    return sums


BLOCK_KINDS = {"approval": 154, "collectible": 591, "other": 670, "transfer": 715, "unwrap": 44, "wrap": 54}
"""Counted with a text search over the file."""


def test_recorded_answers_of_get_logs_give_the_rows_that_they_show(shared_data):
    with gzip.open(shared_data / "recorded" / "explorer_interactions.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    asked = [row for row in rows if "getlogs" in row["uri"].lower()]
    found = [row["body"]["result"] for row in asked]
    assert [len(result) for result in found] == [1, 1, 2, 1]
    batches = [read_logs(result, ETHEREUM) for result in found]
    assert [[row["amount"] for row in transfers(batch)] for batch in batches] == [
        [int(cells["data"], 16) for cells in result if cells["topics"][0] == TRANSFER] for result in found
    ]
    assert [kind_of(read_log(result[0], ETHEREUM)) for result in found] == ["transfer", "transfer", "transfer", "other"]
    assert not [reject for batch in batches for reject in batch.rejects]


def test_a_log_that_is_no_log_says_so():
    with pytest.raises(InputError, match="not an object"):
        read_log(None, ETHEREUM)
