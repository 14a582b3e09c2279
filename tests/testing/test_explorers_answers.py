"""The fake Etherscan tells the truth about its world when nothing is planned to go wrong."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from functools import partial
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest

from cryptotrace.errors import InputError, UnknownChainError
from cryptotrace.testing import World
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Plan, SmallWorld, random_chain

ZERO = "0x" + "0" * 40
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
KEYS = {"chainid": "1", "apikey": "test-key"}


def ask(explorer: FakeEtherscan, module: str, action: str, **params: object) -> dict:
    answer = explorer.answer({**KEYS, "module": module, "action": action, **{k: str(v) for k, v in params.items()}})
    assert answer.status == 200
    return json.loads(answer.body)


def result(explorer: FakeEtherscan, module: str, action: str, **params: object):
    body = ask(explorer, module, action, **params)
    if "jsonrpc" in body:
        return body["result"]
    assert body["status"] == "1" or body["result"] == [], body
    return body["result"]


def walk(explorer: FakeEtherscan, action: str, offset: int, **params: object) -> list[dict]:
    """Collect a stream block by block with small pages, in a way that cannot lose rows."""
    page = partial(result, explorer, "account", action, offset=offset, **params)
    rows, start, head = [], 0, explorer.head()
    while start <= head:
        got = page(startblock=start, endblock=head)
        if len(got) < offset:
            return rows + got
        last = int(got[-1]["blockNumber"])
        if last > start:
            rows += [row for row in got if int(row["blockNumber"]) < last]
            start = last
            continue
        number = 1
        while got:
            rows += got
            number += 1
            got = page(startblock=start, endblock=start, page=number)
        start += 1
    return rows


def worlds() -> list[World | SmallWorld]:
    return [random_chain(seed) for seed in range(25)]


def expected(world: World | SmallWorld, action: str, address: str) -> Counter:
    if action == "txlist":
        native = {row.tx_hash: row for row in world.transfers if row.kind == "native"}
        found = []
        for tx in world.transactions:
            row = native.get(tx.tx_hash)
            created = "" if tx.to or row is None else row.receiver
            if address in (tx.signer, tx.to, created):
                found.append((tx.tx_hash, tx.signer, tx.to, created, row.amount if row else 0, tx.ok, tx.fee))
        return Counter(found)
    kind = "token" if action == "tokentx" else "internal"
    return Counter(
        (row.tx_hash, row.sender, row.receiver, row.contract or "", row.amount, row.ok)
        for row in world.transfers
        if row.kind == kind and address in (row.sender, row.receiver)
    )


def seen(action: str, row: dict) -> tuple:
    ends = (row["hash"], row["from"], row["to"], row["contractAddress"], int(row["value"]))
    if action == "txlist":
        return (*ends, row["isError"] == "0", int(row["gasUsed"]) * int(row["gasPrice"]))
    return (*ends, row.get("isError", "0") == "0")


@pytest.mark.parametrize("action", ["txlist", "txlistinternal", "tokentx"])
@pytest.mark.parametrize("offset", [2, 5, 1_000])
def test_a_careful_walk_collects_every_row_of_every_address_once(action, offset):
    for world in worlds():
        explorer = FakeEtherscan(world, plan=UNLIMITED)
        for address in world.addresses:
            rows = walk(explorer, action, offset, address=address)
            assert Counter(seen(action, row) for row in rows) == expected(world, action, address), (world.name, address)
            assert [int(row["blockNumber"]) for row in rows] == sorted(int(row["blockNumber"]) for row in rows)


@pytest.mark.parametrize("action", ["txlist", "txlistinternal", "tokentx"])
def test_the_romance_world_is_served_whole(one_world, action):
    explorer = FakeEtherscan(one_world, plan=UNLIMITED)
    addresses = {one.address for one in one_world.truth.addresses} | {label.address for label in one_world.labels}
    assert len(addresses) > 10
    for address in addresses:
        rows = walk(explorer, action, 100, address=address)
        assert Counter(seen(action, row) for row in rows) == expected(one_world, action, address)


def test_every_value_of_a_row_is_a_string_and_descending_is_the_reverse():
    world = random_chain(3)
    explorer = FakeEtherscan(world, plan=UNLIMITED)
    for action in ("txlist", "txlistinternal", "tokentx"):
        up = result(explorer, "account", action, address=world.addresses[0])
        down = result(explorer, "account", action, address=world.addresses[0], sort="desc")
        assert up == down[::-1] != []
        assert all(type(value) is str for row in up for value in row.values())


def test_pages_and_blocks_cut_the_same_list_with_both_ends_included():
    world = random_chain(4)
    explorer = FakeEtherscan(world, plan=UNLIMITED)
    whole = result(explorer, "account", "tokentx", address=world.addresses[0])
    pages = [result(explorer, "account", "tokentx", address=world.addresses[0], page=n, offset=4) for n in range(1, 40)]
    assert [row for page in pages for row in page] == whole
    low, high = int(whole[2]["blockNumber"]), int(whole[-3]["blockNumber"])
    cut = result(explorer, "account", "tokentx", address=world.addresses[0], startblock=low, endblock=high)
    assert cut == [row for row in whole if low <= int(row["blockNumber"]) <= high]
    assert result(explorer, "account", "tokentx", address=world.addresses[0], startblock=high + 1, endblock=low) == []


def test_internals_come_in_numeric_order_of_their_path():
    for seed in range(60):
        world = random_chain(seed)
        explorer = FakeEtherscan(world, plan=UNLIMITED)
        rows = result(explorer, "account", "txlistinternal", startblock=0)
        paths = [(int(r["blockNumber"]), r["hash"], [int(part) for part in r["traceId"].split("_")]) for r in rows]
        for one, two in pairwise(paths):
            assert one[1] != two[1] or one[2] < two[2]
        if any(path[2] == [0, 10] for path in paths):
            return
    pytest.fail("no world with more than ten internal rows in a transaction")


def test_internals_of_a_transaction_name_neither_hash_nor_trace():
    world = random_chain(5)
    explorer = FakeEtherscan(world, plan=UNLIMITED)
    tx_hash = next(row.tx_hash for row in world.transfers if row.kind == "internal")
    rows = result(explorer, "account", "txlistinternal", txhash=tx_hash)
    amounts = [row.amount for row in world.transfers if row.tx_hash == tx_hash and row.kind == "internal"]
    assert [int(row["value"]) for row in rows] == amounts
    assert not {"hash", "traceId"} & {name for row in rows for name in row}


def test_tokens_can_be_asked_by_contract_and_by_both():
    world = random_chain(6)
    explorer = FakeEtherscan(world, plan=UNLIMITED)
    address, contract = world.addresses[1], next(row.contract for row in world.transfers if row.kind == "token")
    of_contract = result(explorer, "account", "tokentx", contractaddress=contract)
    both = result(explorer, "account", "tokentx", contractaddress=contract, address=address)
    assert len(of_contract) == sum(row.contract == contract for row in world.transfers)
    assert both == [row for row in of_contract if address in (row["from"], row["to"])] != []


@pytest.mark.parametrize("how", ["absent", "present", "0x"])
def test_token_rows_name_their_log_only_where_told(how):
    world = random_chain(7)
    explorer = FakeEtherscan(world, plan=UNLIMITED, log_index=how)
    rows = result(explorer, "account", "tokentx", address=world.addresses[0])
    truth = [
        row.log_index
        for row in sorted(world.transfers, key=lambda row: (row.block, row.log_index or 0))
        if row.kind == "token" and world.addresses[0] in (row.sender, row.receiver)
    ]
    texts = {"absent": lambda _: None, "present": str, "0x": lambda n: hex(n) if n else "0x"}
    assert [row.get("logIndex") for row in rows] == [texts[how](index) for index in truth]


def test_balances_are_the_sums_of_all_rows_at_every_block():
    for world in worlds()[:8]:
        explorer = FakeEtherscan(world, plan=UNLIMITED)
        blocks = sorted({tx.block for tx in world.transactions})
        for block in (blocks[len(blocks) // 2], blocks[-1]):
            ether, tokens = Counter(), Counter()
            for row in world.transfers:
                if row.ok and row.block <= block:
                    book = ether if row.contract is None else tokens
                    book[row.receiver, row.contract] += row.amount
                    book[row.sender, row.contract] -= row.amount
            for tx in world.transactions:
                if tx.block <= block:
                    ether[tx.signer, None] -= tx.fee
            asked = result(explorer, "account", "balancemulti", address=",".join(world.addresses), tag=hex(block))
            assert [int(row["balance"]) for row in asked] == [ether[one, None] for one in world.addresses]
            assert min(int(row["balance"]) for row in asked) >= 0
            for (address, contract), amount in tokens.items():
                if address != ZERO:
                    params = {"contractaddress": contract, "address": address, "tag": hex(block)}
                    assert int(result(explorer, "account", "tokenbalance", **params)) == amount >= 0
        assert int(result(explorer, "account", "balance", address=world.addresses[0])) == ether[world.addresses[0], None]


def test_logs_are_the_token_rows_and_approvals_by_topic():
    world = random_chain(8)
    explorer = FakeEtherscan(world, plan=UNLIMITED)
    logs = result(explorer, "logs", "getLogs", topic0=TRANSFER, fromBlock=0, toBlock="latest")
    tokens = sorted((row for row in world.transfers if row.kind == "token"), key=lambda row: (row.block, row.log_index))
    assert [(log["transactionHash"], int(log["data"], 16), log["address"]) for log in logs] == [
        (row.tx_hash, row.amount, row.contract) for row in tokens
    ]
    topic = "0x" + "0" * 24 + world.addresses[0][2:]
    sent = result(explorer, "logs", "getLogs", topic0=TRANSFER, topic1=topic, topic0_1_opr="and")
    assert len(sent) == sum(row.sender == world.addresses[0] for row in tokens)
    either = result(explorer, "logs", "getLogs", topic1=topic, topic2=topic, topic1_2_opr="or")
    moved = sum(world.addresses[0] in (row.sender, row.receiver) for row in tokens)
    approved = sum(world.addresses[0] in (row.owner, row.spender) for row in world.approvals)
    assert len(either) == moved + approved
    assert ask(explorer, "logs", "getLogs", address="0x" + "1" * 40)["message"] == "No records found"


def test_a_log_of_index_zero_is_written_without_a_digit():
    found = set()
    for seed in range(5):
        explorer = FakeEtherscan(random_chain(seed), plan=UNLIMITED)
        rows = result(explorer, "logs", "getLogs", topic0=TRANSFER)
        found |= {row["logIndex"] for row in rows} | {row["transactionIndex"] for row in rows}
    assert "0x" in found
    assert "0x0" not in found


def test_receipts_hold_the_logs_the_status_and_the_fee():
    world = random_chain(9)
    explorer = FakeEtherscan(world, plan=UNLIMITED)
    for tx in world.transactions:
        receipt = result(explorer, "proxy", "eth_getTransactionReceipt", txhash=tx.tx_hash)
        assert int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16) == tx.fee
        assert int(receipt["status"], 16) == tx.ok
        amounts = {
            (row.log_index, row.amount) for row in world.transfers if row.tx_hash == tx.tx_hash and row.kind == "token"
        } | {(row.log_index, row.amount) for row in world.approvals if row.tx_hash == tx.tx_hash}
        assert {(int(log["logIndex"], 16), int(log["data"], 16)) for log in receipt["logs"]} == amounts
        named = result(explorer, "proxy", "eth_getTransactionByHash", txhash=tx.tx_hash)
        assert (named["from"], named["to"] or "", int(named["chainId"], 16)) == (tx.signer, tx.to, 1)
    assert result(explorer, "proxy", "eth_getTransactionReceipt", txhash="0x" + "0" * 64) is None


def test_blocks_carry_their_time_and_are_found_by_it():
    world = random_chain(10)
    explorer = FakeEtherscan(world, plan=UNLIMITED)
    assert int(result(explorer, "proxy", "eth_blockNumber"), 16) == world.transactions[-1].block == explorer.head()
    previous = None
    for tx in world.transactions:
        second = int(tx.time.timestamp())
        block = result(explorer, "proxy", "eth_getBlockByNumber", tag=hex(tx.block), boolean="false")
        assert int(block["timestamp"], 16) == second
        assert tx.tx_hash in block["transactions"]
        for closest in ("before", "after"):
            assert result(explorer, "block", "getblocknobytime", timestamp=second, closest=closest) == str(tx.block)
        if previous is not None and second > previous + 12:
            # every block takes 12 seconds in these worlds
            before = int(result(explorer, "block", "getblocknobytime", timestamp=second - 1, closest="before"))
            after = int(result(explorer, "block", "getblocknobytime", timestamp=second - 11, closest="after"))
            assert (before, after) == (tx.block - 1, tx.block)
        previous = second
    late = ask(explorer, "block", "getblocknobytime", timestamp=10**11, closest="after")
    assert late == {"status": "0", "message": "NOTOK", "result": "Error! No closest block found"}


def test_nothing_above_the_head_is_seen():
    world = random_chain(11)
    middle = world.transactions[len(world.transactions) // 2].block
    explorer = FakeEtherscan(world, plan=UNLIMITED, head=middle)
    for action in ("txlist", "txlistinternal", "tokentx"):
        rows = result(explorer, "account", action, address=world.addresses[0], endblock=99_999_999)
        assert max(int(row["blockNumber"]) for row in rows) <= middle
    above = world.transactions[-1].tx_hash
    assert result(explorer, "proxy", "eth_getTransactionReceipt", txhash=above) is None
    assert result(explorer, "account", "txlistinternal", txhash=above) == []


def test_the_account_and_the_list_of_chains_can_be_asked():
    clock = [0.0]
    explorer = FakeEtherscan(random_chain(1), clock=lambda: clock[0], plan=Plan(calls_per_day=10))
    clock[0] += 5
    credits_ = result(explorer, "getapilimit", "getapilimit")
    assert credits_ == {"creditsUsed": 1, "creditsAvailable": 9, "creditLimit": 10, "limitInterval": "daily"}
    listed = json.loads(explorer.answer({}, path="/v2/chainlist").body)
    assert {"1", "56", "42161"} <= {row["chainid"] for row in listed["result"]}
    assert listed["totalcount"] == len(listed["result"])


def test_several_chains_are_served_apart_and_counted_together():
    one, two = random_chain(12), random_chain(13)
    explorer = FakeEtherscan({"ethereum": one, "polygon": two}, plan=Plan(calls_per_second=2), clock=lambda: 50.0)
    heads = [
        explorer.answer({**KEYS, "chainid": chain, "module": "proxy", "action": "eth_blockNumber"})
        for chain in ("1", "137", "137")
    ]
    blocks = [json.loads(answer.body)["result"] for answer in heads]
    assert blocks[:2] == [hex(one.transactions[-1].block), hex(two.transactions[-1].block)]
    assert "rate limit reached (2/sec)" in blocks[2]


def test_rows_that_contradict_one_another_are_refused():
    world = random_chain(2)
    with pytest.raises(InputError, match="no transaction has this hash"):
        FakeEtherscan(SmallWorld(name="", addresses=(), transfers=world.transfers, transactions=(), approvals=()))
    twice = (*world.transactions, world.transactions[0])
    with pytest.raises(InputError, match="two transactions"):
        FakeEtherscan(SmallWorld(name="", addresses=(), transfers=(), transactions=twice, approvals=()))
    with pytest.raises(UnknownChainError, match="atlantis"):
        FakeEtherscan(world, chain="atlantis")


def test_rows_have_the_columns_of_recorded_answers(shared_data):
    """Every column set that Etherscan V2 was recorded with is either ours or an older or other chain's."""
    recorded: dict[str, set[frozenset[str]]] = {}
    with gzip.open(shared_data / "recorded" / "explorer_interactions.jsonl.gz", "rt") as handle:
        for line in handle:
            item = json.loads(line)
            if not item["uri"].startswith("https://api.etherscan.io/v2/api") or not isinstance(item["body"], dict):
                continue
            query = parse_qs(urlsplit(item["uri"]).query)
            name = query["action"][0] + ("-hash" if {"txhash", "txHash"} & query.keys() else "")
            for row in item["body"]["result"] if isinstance(item["body"]["result"], list) else ():
                recorded.setdefault(name, set()).add(frozenset(row))
    world = random_chain(5)
    explorer = FakeEtherscan(world, plan=UNLIMITED)
    inner = next(row.tx_hash for row in world.transfers if row.kind == "internal")
    asked = {
        "txlist": ("account", "txlist", {"address": world.addresses[0]}),
        "tokentx": ("account", "tokentx", {"address": world.addresses[0]}),
        "txlistinternal": ("account", "txlistinternal", {"address": world.addresses[0]}),
        "txlistinternal-hash": ("account", "txlistinternal", {"txhash": inner}),
        "getLogs": ("logs", "getLogs", {"topic0": TRANSFER}),
    }
    for name, (module, action, params) in asked.items():
        ours = {frozenset(row) for row in result(explorer, module, action, **params)}
        assert len(ours) == 1
        assert ours <= recorded[name], name
