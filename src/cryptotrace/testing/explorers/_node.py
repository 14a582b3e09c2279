"""What a node says about a block, a transaction and its receipt (the ``proxy`` module)."""

from __future__ import annotations

from cryptotrace.testing.explorers._index import ChainIndex
from cryptotrace.testing.explorers._shapes import Call, Log, Row, block_hash, made_up_hash

_BLOOM = "0x" + "0" * 512


def block_object(index: ChainIndex, number: int, *, full: bool, chain_id: int) -> Row:
    """Return the result of ``eth_getBlockByNumber``."""
    calls = index.in_block(number)
    return {
        "baseFeePerGas": hex(min((call.gas_price for call in calls), default=10**9)),
        "difficulty": "0x0",
        "extraData": "0x",
        "gasLimit": hex(30_000_000),
        "gasUsed": hex(sum(call.gas_used for call in calls)),
        "hash": block_hash(number),
        "logsBloom": _BLOOM,
        "miner": "0x" + "0" * 39 + "1",
        "nonce": "0x" + "0" * 16,
        "number": hex(number),
        "parentHash": block_hash(number - 1),
        "size": hex(1_000 + 200 * len(calls)),
        "stateRoot": made_up_hash(f"state {number}"),
        "timestamp": hex(index.time_of(number)),
        "transactions": [transaction_object(call, chain_id) if full else call.row.tx_hash for call in calls],
        "uncles": [],
    }


def transaction_object(call: Call, chain_id: int) -> Row:
    """Return the result of ``eth_getTransactionByHash``."""
    row = call.row
    return {
        "blockHash": block_hash(row.block),
        "blockNumber": hex(row.block),
        "from": row.signer,
        "gas": hex(call.gas_used * 2),
        "gasPrice": hex(call.gas_price),
        "hash": row.tx_hash,
        "input": call.data[0],
        "nonce": hex(call.nonce),
        "to": row.to or None,
        "transactionIndex": hex(row.tx_index),
        "value": hex(call.value),
        "type": "0x0",
        "chainId": hex(chain_id),
        "v": hex(chain_id * 2 + 35),
        "r": made_up_hash(f"r {row.tx_hash}"),
        "s": made_up_hash(f"s {row.tx_hash}"),
    }


def receipt_object(call: Call) -> Row:
    """Return the result of ``eth_getTransactionReceipt``, with the logs in their order."""
    row = call.row
    return {
        "blockHash": block_hash(row.block),
        "blockNumber": hex(row.block),
        "contractAddress": call.created or None,
        "cumulativeGasUsed": hex(call.gas_before_and_own),
        "effectiveGasPrice": hex(call.gas_price),
        "from": row.signer,
        "gasUsed": hex(call.gas_used),
        "logs": [_receipt_log(Log(call=call, row=log)) for log in call.logs],
        "logsBloom": _BLOOM,
        "status": hex(int(row.ok)),
        "to": row.to or None,
        "transactionHash": row.tx_hash,
        "transactionIndex": hex(row.tx_index),
        "type": "0x0",
    }


def _receipt_log(log: Log) -> Row:
    row = log.call.row
    return {
        "address": log.address,
        "topics": log.topics,
        "data": log.data,
        "blockNumber": hex(row.block),
        "transactionHash": row.tx_hash,
        "transactionIndex": hex(row.tx_index),
        "blockHash": block_hash(row.block),
        "logIndex": hex(log.index),
        "removed": False,
    }
