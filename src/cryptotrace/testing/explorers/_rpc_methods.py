"""The methods of a fake node, from the index of a world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptotrace.testing.explorers._index import ChainIndex
from cryptotrace.testing.explorers._node import block_object, receipt_object, transaction_object
from cryptotrace.testing.explorers._shapes import Call, Log, block_hash, word

BALANCE_OF, SYMBOL, DECIMALS = "0x70a08231", "0x95d89b41", "0x313ce567"
Item = dict[str, Any]


class RefusedCallError(Exception):
    """An error that the caller is told of; caught by the fake, never seen by a client."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


def log_object(log: Log, *, time: int | None) -> Item:
    """Return a log of ``eth_getLogs``; some nodes add the time of its block."""
    row = log.call.row
    shape: Item = {
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
    return shape if time is None else {**shape, "blockTimestamp": hex(time)}


def fits(log: Log, query: Mapping[str, Any]) -> bool:
    """Return whether a log is one that a filter asks for."""
    wanted = query.get("address") or []
    addresses = [wanted] if isinstance(wanted, str) else wanted
    if addresses and log.address not in {one.lower() for one in addresses}:
        return False
    places = query.get("topics") or []
    return len(places) <= len(log.topics) and all(
        place is None or topic in ([place] if isinstance(place, str) else place)
        for place, topic in zip(places, log.topics, strict=False)
    )


def items_of(call: Call) -> list[Item]:
    """Return the calls of a transaction as ``trace_transaction`` shows them; only the one that failed says so."""
    row = call.row
    place = {
        "blockHash": block_hash(row.block), "blockNumber": row.block, "transactionHash": row.tx_hash,
        "transactionPosition": row.tx_index,
    }  # fmt: skip
    inner = sorted(((_path(move.trace_path), move) for move in call.internals), key=lambda pair: pair[0])
    root: Item = {
        "type": "call", "traceAddress": [], "subtraces": len(inner), "result": {"gasUsed": "0x0", "output": "0x"}, **place,
        "action": {
            "callType": "call", "from": row.signer, "to": row.to, "value": hex(call.value), "gas": "0x0", "input": "0x",
        },
    }  # fmt: skip
    if not row.to:
        root |= {
            "type": "create",
            "action": {"from": row.signer, "value": hex(call.value), "gas": "0x0", "init": "0x"},
            "result": {"address": call.created, "code": "0x", "gasUsed": "0x0"},
        }
    if not row.ok:
        root |= {"error": "Reverted", "result": None}
    items = [root]
    for path, move in inner:
        action = {
            "callType": "call", "from": move.sender, "to": move.receiver, "value": hex(move.amount), "gas": "0x0",
            "input": "0x",
        }  # fmt: skip
        items.append(
            {
                "type": "call",
                "traceAddress": list(path),
                "subtraces": 0,
                "action": action,
                "result": {"gasUsed": "0x0", "output": "0x"},
                **place,
            }
        )
        if row.ok and not move.ok:
            items[-1] |= {"error": "Reverted", "result": None}
    return items


def tree_of(call: Call) -> Item:
    """Return the same as a tree of ``callTracer``."""
    items = items_of(call)
    frames = [_frame(item) for item in items]
    return {**frames[0], "calls": frames[1:]} if frames[1:] else frames[0]


def ends_of(item: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return payer and payee of an item, as the filter counts them."""
    made = (item["result"] or {}).get("address") if item["type"] == "create" else None
    return item["action"].get("from"), item["action"].get("to") or made


def called(index: ChainIndex, order: Mapping[str, Any], block: int) -> str:
    """Return the result of ``eth_call`` on a token."""
    contract, data = str(order.get("to", "")).lower(), str(order.get("data") or order.get("input") or "")
    items = index.tokens.of_contract.get(contract)
    if not items:
        return "0x"
    if data.startswith(BALANCE_OF):
        return "0x" + word(index.token(contract, "0x" + data[-40:], block))
    if data == DECIMALS:
        return "0x" + word(items[0].row.decimals)
    if data == SYMBOL:
        text = items[0].row.symbol.encode()
        return "0x" + word(32) + word(len(text)) + text.hex().ljust(-(-len(text) // 32) * 64, "0")
    raise RefusedCallError(3, "execution reverted", "0x")


def signed(index: ChainIndex, name: object, head: int, *, chain_id: int | None) -> Item | None:
    """Return a transaction, or without ``chain_id`` its receipt; None where it is not known yet."""
    call = index.calls.get(str(name).lower())
    if call is None or call.row.block > head:
        return None
    return receipt_object(call) if chain_id is None else transaction_object(call, chain_id)


def block(index: ChainIndex, number: int, *, full: bool, chain_id: int) -> Item:
    """Return a block."""
    return block_object(index, number, full=full, chain_id=chain_id)


def _path(text: str | None) -> tuple[int, ...]:
    parts = tuple(int(part) for part in (text or "0").split("_"))
    return parts[1:] or parts


def _frame(item: Mapping[str, Any]) -> Item:
    action = item["action"]
    kind = "CREATE" if item["type"] == "create" else "CALL"
    frame: Item = {
        "type": kind, "from": action["from"], "to": ends_of(item)[1] or action.get("to"), "value": action["value"],
        "gas": "0x0", "gasUsed": "0x0", "input": "0x",
    }  # fmt: skip
    return {**frame, "error": "execution reverted"} if item.get("error") else frame
