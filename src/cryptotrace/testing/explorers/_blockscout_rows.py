"""What one row of a world looks like in the answers of Blockscout: the Etherscan-like RPC, and items of REST v2."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from cryptotrace.testing.explorers._shapes import Item, Row, block_hash, internal_row, made_up_hash, tokentx_row, txlist_row

OLD_NAMES: Mapping[str, str] = {"transaction_hash": "tx_hash", "block_number": "block"}
"""Names of fields -> those of older servers."""


def rpc_txlist_row(item: Item, head: int) -> Row:
    """Return a row of ``account/txlist``: no function name, and a method that says nothing."""
    row = txlist_row(item, head)
    del row["functionName"]
    return {**row, "methodId": "0x"}


def rpc_internal_row(item: Item) -> Row:
    """Return a row of ``account/txlistinternal``: other names, and the place in the trace instead of a path."""
    row = internal_row(item)
    del row["traceId"]
    return {**row, "transactionHash": row.pop("hash"), "index": str(place_of(item)), "callType": "call"}


def rpc_tokentx_row(item: Item, head: int, *, log_index: bool) -> Row:
    """Return a row of ``account/tokentx``."""
    return tokentx_row(item, head, "present" if log_index else "absent")


def place_of(item: Item) -> int:
    """Return the place of an inner payment in the trace of its transaction, from 1."""
    return next(number for number, move in enumerate(item.call.internals, 1) if move is item.move)


def rest_transaction(item: Item, head: int) -> Row:
    """Return an item of ``addresses/…/transactions``."""
    call, row = item.call, item.call.row
    return {
        "hash": row.tx_hash,
        "result": "success" if row.ok else "execution reverted",
        "status": "ok" if row.ok else "error",
        "block_number": row.block,
        "timestamp": _time(call.second),
        "confirmations": head - row.block + 1,
        "from": _account(row.signer),
        "to": _account(row.to) if row.to else None,
        "created_contract": None if row.to else _account(call.created),
        "value": str(call.value),
        "fee": {"type": "actual", "value": str(row.fee)},
        "gas_price": str(call.gas_price),
        "gas_used": str(call.gas_used),
        "gas_limit": str(call.gas_used * 2),
        "nonce": call.nonce,
        "position": row.tx_index,
        "type": 2,
        "method": call.data[1] or call.data[0][:10],
        "raw_input": call.data[0],
        "token_transfers": None,
        "transaction_types": ["coin_transfer"],
    }


def rest_pending(address: str, number: int) -> Row:
    """Return an item of a transaction that is in no block yet."""
    return {
        "hash": made_up_hash(f"pending {address} {number}"),
        "result": "pending",
        "status": None,
        "block_number": None,
        "timestamp": None,
        "confirmations": 0,
        "from": _account(address),
        "to": _account(address),
        "created_contract": None,
        "value": "1",
        "fee": {"type": "maximum", "value": "42"},
        "gas_used": None,
        "gas_limit": "21000",
        "nonce": 10**6 + number,
        "position": None,
        "raw_input": "0x",
    }


def rest_internal(item: Item, _head: int) -> Row:
    """Return an item of ``addresses/…/internal-transactions``."""
    row, call = item.row, item.call
    return {
        "transaction_hash": row.tx_hash,
        "transaction_index": row.tx_index,
        "block_number": row.block,
        "block_index": row.tx_index * 1_000 + place_of(item),
        "index": place_of(item),
        "type": "call",
        "from": _account(row.sender),
        "to": _account(row.receiver),
        "created_contract": None,
        "value": str(row.amount),
        "gas_limit": "2300",
        "success": row.ok,
        "error": None if row.ok else "Reverted",
        "timestamp": _time(call.second),
    }


def rest_token(item: Item, _head: int) -> Row:
    """Return an item of ``addresses/…/token-transfers``."""
    row = item.row
    decimals = str(row.decimals)
    return {
        "transaction_hash": row.tx_hash,
        "block_hash": block_hash(row.block),
        "block_number": row.block,
        "log_index": row.log_index,
        "timestamp": _time(item.call.second),
        "from": _account(row.sender),
        "to": _account(row.receiver),
        "token": {
            "address_hash": item.contract,
            "symbol": row.symbol,
            "name": row.symbol,
            "decimals": decimals,
            "type": "ERC-20",
        },
        "total": {"value": str(row.amount), "decimals": decimals},
        "token_type": "ERC-20",
        "type": "token_transfer",
        "method": None,
    }


def with_old_names(item: Row) -> Row:
    """Return an item as older servers name its fields; indices of logs are text there."""
    row = {OLD_NAMES.get(name, name): value for name, value in item.items()}
    token = row.get("token")
    if isinstance(token, dict):
        row["token"] = {"address" if name == "address_hash" else name: value for name, value in token.items()}
        row["log_index"] = str(row["log_index"])
    return row


def order_of(item: Item) -> tuple[int, int, int]:
    """Return the place of a row in its list."""
    move = item.move
    within = 0 if move is None else move.log_index if move.log_index is not None else place_of(item)
    return (*item.call.place, within)


def cursor_of(stream: str, item: Item, count: int) -> dict[str, object]:
    """Return the cursor behind an item."""
    block, index, within = order_of(item)
    if stream == "transactions":
        return {"block_number": block, "index": index, "items_count": count}
    if stream == "token-transfers":
        return {"block_number": block, "index": within}
    return {"block_number": block, "index": within, "items_count": count, "transaction_index": index}


def _account(address: str) -> Row:
    return {"hash": address, "name": None, "is_contract": False, "is_scam": False, "metadata": None}


def _time(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
