"""What Blockscout does not know yet or tells half, the questions that are no list, and keys."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from typing import Any

import pytest
from long_worlds import HUB, long_world, other
from pulling import COLUMNS, transfers_of
from scouting import FLAVOURS, InProcess, Told, check_whole, opened, walked

from cryptotrace.errors import BadRequest, NotIndexedYet, RangeTooLarge, SourceError
from cryptotrace.sources.base import Request
from cryptotrace.sources.blockscout.lists import Blockscout
from cryptotrace.testing.explorers import FakeBlockscout, random_chain

# -- what is not whole --------------------------------------------------------------------------------------------------------


def test_inner_payments_that_are_not_processed_are_partial_though_rows_came():
    world = long_world(40)
    explorer = FakeBlockscout(world, head=2 * 10**6, indexed_to=1_020)
    steps = walked(opened("rpc", explorer, page_rows=100), HUB, 10**6)
    ends = {step.progress.stream: step.progress for step in steps}
    assert {stream: (end.status, end.reason, end.rows) for stream, end in ends.items()} == {
        "native": ("complete", None, 40),
        "internal": ("partial", "not_indexed_yet", 0),
        "token": ("complete", None, 40),
    }
    shown = explorer.answer({"module": "account", "action": "txlistinternal", "address": HUB}, path="/api")
    assert (json.loads(shown.body)["status"], shown.rows) == ("2", 21)


def test_rest_gives_no_inner_payments_while_the_explorer_says_that_it_is_indexing():
    explorer = FakeBlockscout(long_world(5), head=2 * 10**6, finished=False)
    source = opened("rest", explorer)
    source.prepare("1")
    with pytest.raises(NotIndexedYet):
        next(source.pages("internal", HUB, 0, 10**6))
    assert sum(found.rows for found in source.pages("native", HUB, 0, 10**6)) == 5
    with pytest.raises(NotIndexedYet):
        next(source.through(source.fetcher).pages("internal", HUB, 0, 10**6))


OLD = {
    "blockNumber": "4000000", "timeStamp": "1499633567", "hash": f"0x{5:064x}", "nonce": "1", "transactionIndex": "0",
    "from": HUB, "to": other(1), "value": "9", "gas": "90000", "gasPrice": "1", "gasUsed": "21000", "isError": "1",
    "txreceipt_status": "", "input": "0x", "contractAddress": "", "confirmations": "1",
}  # fmt: skip


def old(**cells: str) -> dict[str, Any]:
    return {"status": "1", "message": "OK", "result": [{**OLD, **cells}]}


def told_ok(*bodies: Any) -> tuple[list[bool], int, int]:
    told = Told(*bodies)
    (found,) = Blockscout("ethereum", told).pages("native", HUB, 0, 10**8)
    rows = [cells for cells in transfers_of(found.batch) if cells[COLUMNS["kind"]] == "native"]
    return [cells[COLUMNS["ok"]] for cells in rows], len(found.batch.rejects), len(told.requests)


def test_the_outcome_before_byzantium_is_told_by_gas_or_asked_for_and_never_guessed():
    used_up = old(gas="21000")
    answer = {"hash": OLD["hash"], "status": "ok"}
    assert told_ok(old()) == ([True], 0, 1)
    assert told_ok(used_up, answer) == ([True], 0, 2)
    assert told_ok(used_up, {**answer, "status": "error"}) == ([False], 0, 2)
    assert told_ok(used_up, {**answer, "status": None}) == ([], 1, 2)
    assert told_ok(used_up, {**answer, "hash": f"0x{6:064x}"}) == ([], 1, 2)
    assert told_ok(used_up, BadRequest("Not found", where="x")) == ([], 1, 2)
    assert told_ok(old(gas="21000", value="0")) == ([True], 0, 1)
    assert told_ok(old(txreceipt_status="0")) == ([False], 0, 1)
    # where a status is to be expected, its lack says nothing
    assert told_ok(old(blockNumber="5000000"), answer) == ([True], 0, 2)


def test_a_fee_without_its_part_for_layer_1_is_unknown():
    told = Told(old(txreceipt_status="1", isError="0"))
    for chain, kinds in (("optimism", ["native"]), ("arbitrum", ["native", "fee"])):
        (found,) = Blockscout(chain, told).pages("native", HUB, 0, 10**8)
        assert [cells[COLUMNS["kind"]] for cells in transfers_of(found.batch)] == kinds


# -- questions that are no list -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("hosted", [False, True])
def test_balances_nonces_blocks_and_receipts_are_those_of_the_world(flavour, hosted):
    world = random_chain(3, transactions=30)
    explorer = FakeBlockscout(world, hosted=hosted)
    source = opened(flavour, explorer)
    source.prepare("1")
    assert source.head("1") == max(0, explorer.head - 64)
    who = world.addresses[0]
    assert source.nonce(who, "1") == sum(tx.signer == who for tx in world.transactions)
    ether = sum(
        (row.receiver == who) * row.amount - (row.sender == who) * row.amount
        for row in world.transfers
        if row.ok and not row.contract
    ) - sum(tx.fee for tx in world.transactions if tx.signer == who)  # fmt: skip
    assert source.balance(who, None, "1") == ether
    token = next(row for row in world.transfers if row.contract and row.ok)
    held = sum(
        (row.receiver == who) * row.amount - (row.sender == who) * row.amount
        for row in world.transfers
        if row.ok and row.contract == token.contract
    )
    assert source.balance(who, token.contract, "1") == held
    tx = next(tx for tx in world.transactions if tx.tx_hash == token.tx_hash)
    assert source.block_at(int(tx.time.timestamp())) >= tx.block
    batch = source.receipt(tx.tx_hash)
    told = Counter(
        (cells[COLUMNS["sender"]], cells[COLUMNS["receiver"]], cells[COLUMNS["amount"]], cells[COLUMNS["log_index"]])
        for cells in transfers_of(batch)
        if cells[COLUMNS["kind"]] == "token"
    )
    assert told == Counter(
        (row.sender, row.receiver, row.amount, row.log_index)
        for row in world.transfers
        if row.tx_hash == tx.tx_hash and row.kind == "token" and row.ok
    )


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_an_explorer_of_another_chain_is_refused_before_the_first_list(flavour):
    source = opened(flavour, FakeBlockscout(long_world(3), chain="base"))
    with pytest.raises(BadRequest, match="another chain"):
        source.prepare("1")


def test_logs_are_read_though_topics_are_padded_and_a_second_page_is_never_asked_for():
    world = long_world(30)
    explorer = FakeBlockscout(world, head=2 * 10**6)
    source = opened("rpc", explorer)
    contract = next(row.contract for row in world.transfers if row.contract)
    pages = list(source.logs(contract, [], 0, 10**6))
    moved = Counter(row.amount for row in world.transfers if row.contract)
    assert Counter(cells[COLUMNS["amount"]] for found in pages for cells in transfers_of(found.batch)) == moved
    crowded = FakeBlockscout(long_world(1_200, a_block=1_200, internals=False), head=2 * 10**6)
    with pytest.raises(RangeTooLarge):
        list(opened("rpc", crowded).logs(contract, [], 0, 10**6))


# -- keys ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_nothing_is_answered_by_the_hosted_service_without_a_key_and_the_key_shows_nowhere(flavour):
    key = "proapi_CANARY"
    world = long_world(12)
    explorer = FakeBlockscout(world, head=2 * 10**6, key=key, hosted=True)
    with pytest.raises(SourceError) as problem:
        opened(flavour, explorer).prepare("1")
    assert problem.value.kind == "bad_key"
    assert "BLOCKSCOUT_API_KEY" in problem.value.hint
    source = opened(flavour, explorer, key=key)
    source.prepare("1")
    steps = walked(source, HUB, 10**6)
    check_whole(world, steps, HUB)
    assert key not in repr([(step.answers, dataclasses.asdict(step.progress)) for step in steps])
    assert key not in repr(explorer.requests)
    with pytest.raises(SourceError) as refused:
        InProcess(explorer, key=f"{key}-of-another").fetch(Request(source="x", chain="ethereum", stream="head", path="/api"))
    assert key not in f"{refused.value} {refused.value.__dict__}"
