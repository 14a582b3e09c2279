"""Blocks, transactions, receipts, logs and traces as a node shows them in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import rlp  # type: ignore[import-untyped]
from eth.abc import LogAPI
from evm_chain import CHAIN_ID, Done, Mined, as_hex
from evm_frames import flat


def block_shape(mined: Mined, full: bool) -> dict[str, Any]:
    """A block, with whole transactions or their hashes."""
    header, block = mined.header, mined.block
    shown = {
        "number": hex(header.block_number),
        "hash": as_hex(header.hash),
        "parentHash": as_hex(header.parent_hash),
        "nonce": as_hex(header.nonce),
        "sha3Uncles": as_hex(header.uncles_hash),
        "logsBloom": f"0x{header.bloom:0512x}",
        "transactionsRoot": as_hex(header.transaction_root),
        "stateRoot": as_hex(header.state_root),
        "receiptsRoot": as_hex(header.receipt_root),
        "miner": as_hex(header.coinbase),
        "difficulty": hex(header.difficulty),
        "extraData": as_hex(header.extra_data),
        "mixHash": as_hex(header.mix_hash),
        "size": hex(len(rlp.encode(block))),
        "gasLimit": hex(header.gas_limit),
        "gasUsed": hex(header.gas_used),
        "baseFeePerGas": hex(mined.base_fee),
        "timestamp": hex(header.timestamp),
        "transactions": [transaction_shape(mined, one) if full else one.signed.hash for one in mined.done],
        "uncles": [],
    }
    root = getattr(header, "withdrawals_root", None)
    if root is not None:
        shown["withdrawalsRoot"] = as_hex(root)
        shown["withdrawals"] = [
            {
                "index": hex(one.index),
                "validatorIndex": hex(one.validator_index),
                "address": as_hex(one.address),
                "amount": hex(one.amount),
            }
            for one in block.withdrawals
        ]
    return shown


def _place(mined: Mined, done: Done) -> dict[str, Any]:
    return {"blockHash": as_hex(mined.block.hash), "blockNumber": hex(done.number), "transactionIndex": hex(done.index)}


def transaction_shape(mined: Mined, done: Done) -> dict[str, Any]:
    """A transaction; the price is what it paid for each unit of gas."""
    fields = done.signed.fields
    shown = {
        **_place(mined, done),
        "hash": done.signed.hash,
        "type": hex(fields.get("type", 0)),
        "chainId": hex(CHAIN_ID),
        "from": done.signed.sender,
        "to": fields.get("to") or None,
        "nonce": hex(fields["nonce"]),
        "value": hex(fields["value"]),
        "gas": hex(fields["gas"]),
        "gasPrice": hex(done.price),
        "input": as_hex(fields["data"]),
        "v": hex(done.signed.v),
        "r": hex(done.signed.r),
        "s": hex(done.signed.s),
    }
    shown |= {key: hex(fields[key]) for key in ("maxFeePerGas", "maxPriorityFeePerGas") if key in fields}
    if fields.get("type"):
        shown |= {"accessList": [], "yParity": hex(done.signed.v)}
    return shown


def receipt_shape(mined: Mined, done: Done) -> dict[str, Any]:
    """A receipt, with its logs."""
    return {
        **_place(mined, done),
        "transactionHash": done.signed.hash,
        "type": hex(done.signed.fields.get("type", 0)),
        "from": done.signed.sender,
        "to": done.signed.fields.get("to") or None,
        "status": hex(done.succeeded),
        "gasUsed": hex(done.gas_used),
        "cumulativeGasUsed": hex(done.gas_so_far),
        "effectiveGasPrice": hex(done.price),
        "contractAddress": done.created,
        "logs": [log_shape(mined, done, place, log) for place, log in enumerate(done.logs)],
        "logsBloom": f"0x{done.bloom:0512x}",
    }


def logs_of(mined: Mined) -> Iterator[dict[str, Any]]:
    """All logs of a block."""
    for done in mined.done:
        for place, log in enumerate(done.logs):
            yield log_shape(mined, done, place, log)


def log_shape(mined: Mined, done: Done, place: int, log: LogAPI) -> dict[str, Any]:
    """A log; ``place`` counts within the transaction."""
    return {
        **_place(mined, done),
        "transactionHash": done.signed.hash,
        "address": as_hex(log.address),
        "topics": [f"0x{topic:064x}" for topic in log.topics],
        "data": as_hex(log.data),
        "logIndex": hex(done.first_log + place),
        "removed": False,
    }


def traces_of(mined: Mined) -> Iterator[dict[str, Any]]:
    """All items of ``trace_filter`` of a block, the block reward last."""
    place = {"blockHash": as_hex(mined.block.hash), "blockNumber": mined.block.number}
    for done in mined.done:
        for item in flat(done.frame):
            yield {**item, **place, "transactionHash": done.signed.hash, "transactionPosition": done.index}
    if mined.reward:
        action = {"author": as_hex(mined.header.coinbase), "rewardType": "block", "value": hex(mined.reward)}
        nothing: dict[str, Any] = {
            "result": None,
            "subtraces": 0,
            "traceAddress": [],
            "transactionHash": None,
            "transactionPosition": None,
        }
        yield {"type": "reward", "action": action, **nothing, **place}
