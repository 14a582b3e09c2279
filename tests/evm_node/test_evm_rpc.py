"""The methods of the node: filters against brute force, limits, errors; and that web3 talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from eth_typing import HexStr
from evm_contracts import DEPOSIT, TRANSFER, call_data
from evm_recount import Ask
from evm_rpc import EvmRpc, Limits, RpcError
from evm_server import EvmNode
from evm_truth import truth_of
from evm_world import EvmWorld
from hypothesis import given, settings
from hypothesis import strategies as st

LOOPBACK = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture
def rpc(evm_world: EvmWorld) -> EvmRpc:
    return EvmRpc(evm_world.chain)


@pytest.fixture
def ask(rpc: EvmRpc) -> Ask:
    return lambda method, *params: rpc.answer(method, params)


def refusal(ask: Ask, *request: Any) -> RpcError:
    with pytest.raises(RpcError) as caught:
        ask(*request)
    return caught.value


def padded(address: str) -> str:
    return "0x" + address[2:].rjust(64, "0")


@pytest.fixture(scope="module")
def every_log(evm_world: EvmWorld) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = EvmRpc(evm_world.chain).answer("eth_getLogs", [{"fromBlock": "0x0"}])
    return found


def test_logs_are_those_of_the_receipts_in_order(evm_world: EvmWorld, ask: Ask, every_log: list[dict[str, Any]]) -> None:
    receipts = [ask("eth_getTransactionReceipt", done.signed.hash) for mined in evm_world.chain.mined for done in mined.done]
    assert [log for receipt in receipts for log in receipt["logs"]] == every_log
    places = [(int(log["blockNumber"], 16), int(log["logIndex"], 16)) for log in every_log]
    assert places == sorted(set(places))
    assert len(places) > 60
    assert receipts == [one for mined in evm_world.chain.mined for one in ask("eth_getBlockReceipts", hex(mined.block.number))]


@settings(max_examples=150)
@given(data=st.data())
def test_filtered_logs_are_those_that_fit(evm_world: EvmWorld, every_log: list[dict[str, Any]], data: st.DataObject) -> None:
    rpc = EvmRpc(evm_world.chain)
    named = st.sampled_from([None, *map(padded, (*evm_world.people, *evm_world.cold))])
    events = st.sampled_from([None, TRANSFER, DEPOSIT, [TRANSFER, DEPOSIT]])
    topics = data.draw(st.tuples(events, named, named).map(list))[: data.draw(st.integers(0, 3))]
    addresses = data.draw(st.lists(st.sampled_from(list(evm_world.tokens.values())), max_size=2))
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, evm_world.chain.head)] * 2)))

    def fits(log: dict[str, Any]) -> bool:
        if addresses and log["address"] not in addresses:
            return False
        if len(log["topics"]) < len(topics) or not first <= int(log["blockNumber"], 16) <= last:
            return False
        return all(want is None or got in want for want, got in zip(topics, log["topics"], strict=False))

    query = {"fromBlock": hex(first), "toBlock": hex(last), "address": addresses, "topics": topics}
    assert rpc.answer("eth_getLogs", [query]) == [log for log in every_log if fits(log)]


def test_traces_are_filtered_by_both_ends_and_paged(evm_world: EvmWorld, ask: Ask) -> None:
    whole = ask("trace_filter", {"fromBlock": "0x0"})
    assert whole == [item for mined in evm_world.chain.mined for item in ask("trace_block", hex(mined.block.number))]
    miner = [item for item in ask("trace_filter", {"toAddress": [evm_world.miner]}) if item["type"] == "reward"]
    assert len(miner) == len([mined for mined in evm_world.chain.mined if mined.reward]) > 0
    ended = ask("trace_filter", {"fromAddress": evm_world.ended})
    assert {item["action"]["address"] for item in ended if item["type"] == "suicide"} == set(evm_world.ended)
    born = [item for item in ask("trace_filter", {"toAddress": evm_world.ended}) if item["type"] == "create"]
    assert {item["result"]["address"] for item in born} == set(evm_world.ended)
    pages = [ask("trace_filter", {"fromBlock": "0x0", "after": start, "count": 50}) for start in range(0, len(whole) + 50, 50)]
    assert [item for page in pages for item in page] == whole
    one = evm_world.chain.mined[-10].done or evm_world.chain.mined[3].done
    assert [item for item in whole if item["transactionHash"] == one[0].signed.hash] == ask(
        "trace_transaction", one[0].signed.hash
    )


def test_finality_and_what_does_not_exist(evm_world: EvmWorld, rpc: EvmRpc, ask: Ask) -> None:
    head = evm_world.chain.head
    assert int(ask("eth_blockNumber"), 16) == head
    assert int(ask("eth_getBlockByNumber", "finalized", False)["number"], 16) == head - 2
    rpc.limits.finality = 5
    assert int(ask("eth_getBlockByNumber", "safe", False)["number"], 16) == head - 5
    assert ask("eth_getBlockByNumber", hex(head + 1), False) is None
    assert ask("eth_getTransactionByHash", "0x" + "ab" * 32) is None
    assert ask("eth_getTransactionReceipt", "0x" + "ab" * 32) is None
    assert ask("eth_getLogs", {"fromBlock": hex(head), "toBlock": hex(head + 100)}) == ask(
        "eth_getLogs", {"fromBlock": "latest"}
    )
    assert refusal(ask, "eth_getBalance", evm_world.miner, hex(head + 1)).message == "header not found"
    assert refusal(ask, "eth_getLogs", {"fromBlock": "0x5", "toBlock": "0x4"}).message == "invalid block range params"
    assert refusal(ask, "eth_getLogs", {"fromBlock": "soon"}).code == -32602
    assert refusal(ask, "eth_sendEverything").code == -32601


def test_limits_refuse_as_providers_do(rpc: EvmRpc, ask: Ask, every_log: list[dict[str, Any]]) -> None:
    rpc.limits = Limits(off=frozenset({"trace_filter"}), range_most=10)
    assert "does not exist/is not available" in refusal(ask, "trace_filter", {}).message
    assert refusal(ask, "eth_getLogs", {"fromBlock": "0x0", "toBlock": "0xa"}).message == "range 11 exceeds limit of 10"
    assert ask("eth_getLogs", {"fromBlock": "0x0", "toBlock": "0x9"})
    rpc.limits = Limits(results_most=20)
    error = refusal(ask, "eth_getLogs", {"fromBlock": "0x0"})
    assert error.code == -32005
    assert error.message.startswith("query returned more than 20 results. Try with this block range [0x0, ")


def test_suggested_ranges_lead_to_all_logs(rpc: EvmRpc, ask: Ask, every_log: list[dict[str, Any]]) -> None:
    rpc.limits = Limits(results_most=20)

    def pages() -> Iterator[dict[str, Any]]:
        first, last = 0, rpc.chain.head
        while first <= rpc.chain.head:
            try:
                yield from ask("eth_getLogs", {"fromBlock": hex(first), "toBlock": hex(last)})
            except RpcError as error:
                last = int(error.data["to"], 16)
            else:
                first, last = last + 1, rpc.chain.head

    assert list(pages()) == every_log
    assert len(rpc.asked) > 5


def test_calls_read_the_past_and_say_why_they_fail(evm_world: EvmWorld, ask: Ask) -> None:
    token, owner = evm_world.tokens["token"], evm_world.people[0]
    order = {"to": token, "data": "0x" + call_data("balanceOf(address)", owner).hex()}
    assert int(ask("eth_call", order, "latest"), 16) == truth_of(evm_world).tokens["token"][owner]
    assert int(ask("eth_call", order, "0x1"), 16) == 10**15
    assert ask("eth_getCode", token, "0x0") == "0x"
    too_much = "0x" + call_data("transfer(address,uint256)", owner, 10**40).hex()
    assert refusal(ask, "eth_call", {"to": token, "from": owner, "data": too_much}).code == 3
    parent = {"to": evm_world.contracts["parent"], "from": owner, "value": "0x64"}
    data = "0x" + call_data("pay_and_revert(address,address)", evm_world.contracts["payer"], owner).hex()
    assert bytes.fromhex(refusal(ask, "eth_call", {**parent, "input": data}).data[2:])[68:77] == b"after all"


def test_a_revert_reason_is_shown_on_the_trace(evm_world: EvmWorld, ask: Ask) -> None:
    done = [
        done
        for mined in evm_world.chain.mined
        for done in mined.done
        if done.signed.fields["to"] == evm_world.contracts["parent"]
    ]
    trees = [ask("debug_traceTransaction", one.signed.hash, {"tracer": "callTracer"}) for one in done]
    assert {tree.get("revertReason") for tree in trees} == {None, "after all"}
    assert any(call.get("revertReason") == "inner" for tree in trees for call in tree.get("calls", []))
    assert refusal(ask, "debug_traceTransaction", done[0].signed.hash, {}).code == -32602


@LOOPBACK
def test_web3_reads_it(evm_world: EvmWorld, evm_node: EvmNode) -> None:
    from web3 import HTTPProvider, Web3

    with requests.Session() as session:
        web3 = Web3(HTTPProvider(evm_node.url, session=session))
        assert web3.is_connected()
        assert web3.eth.chain_id == 1337
        assert web3.eth.get_block("finalized")["number"] == evm_world.chain.head - 2
        for mined in evm_world.chain.mined:
            block = web3.eth.get_block(mined.block.number, full_transactions=True)
            assert bytes(block["hash"]) == mined.block.hash
            shown: list[Any] = list(block["transactions"])
            assert ["0x" + bytes(one["hash"]).hex() for one in shown] == [one.signed.hash for one in mined.done]
        truth = truth_of(evm_world)
        for address, wei in truth.ether.items():
            assert web3.eth.get_balance(Web3.to_checksum_address(address)) == wei
        done = evm_world.chain.mined[1].done[0]
        wanted = HexStr(done.signed.hash)
        assert str(web3.eth.get_transaction_receipt(wanted)["contractAddress"]).lower() == done.created
        assert web3.eth.get_transaction(wanted)["nonce"] == 0
        assert len(web3.eth.get_logs({"fromBlock": 0, "toBlock": "latest", "topics": [TRANSFER]})) > 40
        assert evm_node.rpc.asked[-1][0] == "eth_getLogs"


@LOOPBACK
def test_http_answers_batches_and_errors(evm_node: EvmNode) -> None:
    with requests.Session() as session:
        asked: Any = [
            {"jsonrpc": "2.0", "id": 5, "method": "eth_chainId", "params": []},
            {"jsonrpc": "2.0", "id": 6, "method": "eth_no"},
        ]
        chain, error = session.post(evm_node.url, json=asked, timeout=10).json()
        assert chain == {"jsonrpc": "2.0", "id": 5, "result": "0x539"}
        assert (error["id"], error["error"]["code"]) == (6, -32601)
        assert session.post(evm_node.url, json={"id": 7}, timeout=10).json()["error"]["code"] == -32600
