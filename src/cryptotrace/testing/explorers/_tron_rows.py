"""How TronGrid and TRON's nodes write what a world holds."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptotrace.testing._rows import ApprovalRow, TransferRow
from cryptotrace.testing.explorers.tron_worlds import TronCall, TronWorld, hex41

Row = dict[str, object]
TRANSFER = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
APPROVAL = "8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"
_MEMO = "3c7363726970743e616c6572742831293c2f7363726970743e"


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a list: a call, or something in it; ``number`` counts within the call."""

    call: TronCall
    row: TransferRow | ApprovalRow | tuple[str, str, str, int] | None
    number: int = 0

    @property
    def stamp(self) -> int:
        """Moment in ms."""
        return self.call.stamp


class TronIndex:
    """The lists of a world: of each address, and the logs of each contract. Built in O(n)."""

    def __init__(self, world: TronWorld) -> None:
        self.world = world
        self.native: defaultdict[str, list[Item]] = defaultdict(list)
        self.token: defaultdict[str, list[Item]] = defaultdict(list)
        self.logs: defaultdict[str, list[Item]] = defaultdict(list)
        self.calls = {call.row.tx_hash: call for call in world.calls}
        self.last = world.calls[-1].stamp if world.calls else 0
        self.symbols = {row.contract: (row.symbol, row.decimals) for row in world.transfers if row.kind == "token"}
        for call in world.calls:
            self._file(call)

    def _file(self, call: TronCall) -> None:
        for end in dict.fromkeys((call.row.signer, call.row.to)):
            if end:
                self.native[end].append(Item(call, None))
        for item in inside(call):
            for end in dict.fromkeys(_ends(item)):
                self.native[end].append(item)
        for number, log in enumerate(call.logs):
            item = Item(call, log, number)
            ends = (log.sender, log.receiver) if isinstance(log, TransferRow) else (log.owner, log.spender)
            for end in dict.fromkeys(ends):
                self.token[end].append(item)
            self.logs[str(log.contract)].append(item)


def _ends(item: Item) -> tuple[str, str]:
    one = item.row
    if isinstance(one, tuple):
        return one[1], one[2]
    assert isinstance(one, TransferRow)
    return one.sender, one.receiver


def inside(call: TronCall) -> list[Item]:
    """Return what contracts did in a call: payments first, then what moves nothing."""
    inner: list[TransferRow | tuple[str, str, str, int]] = [*call.inner, *call.nothing]
    return [Item(call, one, at) for at, one in enumerate(inner)]


def between(items: Sequence[Item], first: int, last: int) -> Sequence[Item]:
    """Return the items from one moment to another, both included."""
    return items[bisect_left(items, first, key=_stamp) : bisect_right(items, last, key=_stamp)]


def _stamp(item: Item) -> int:
    return item.stamp


def native_row(item: Item, *, nested: bool) -> Row:
    """Return a row of an account's transactions, signed or internal."""
    call, tx = item.call, item.call.row
    if item.row is not None:
        return inner_row(item)
    value: Row = {"owner_address": hex41(tx.signer)}
    value |= _value_of(call)
    inner = inside(call) if nested else []
    ret = {"contractRet": "SUCCESS" if tx.ok else "REVERT", "fee": tx.fee}
    return {
        "ret": [ret], "signature": ["00" * 65], "txID": tx.tx_hash, "net_usage": 0, "raw_data_hex": "0a02",
        "net_fee": tx.fee, "energy_usage": 0, "blockNumber": tx.block, "block_timestamp": call.stamp, "energy_fee": 0,
        "energy_usage_total": 0,
        "raw_data": {
            "contract": [{
                "parameter": {"value": value, "type_url": f"type.googleapis.com/protocol.{call.contract}"},
                "type": call.contract,
            }],
            "ref_block_bytes": "d62e", "ref_block_hash": "bbf7d06ee7004d5a", "expiration": call.stamp + 60_000,
            "timestamp": call.stamp - 3_000, "data": _MEMO,
        },
        "internal_transactions": [inner_row(one) for one in inner],
    }  # fmt: skip


def _value_of(call: TronCall) -> Row:
    tx = call.row
    if call.contract == "TransferContract":
        return {"amount": call.value, "to_address": hex41(tx.to)}
    if call.contract == "TransferAssetContract":
        return {"amount": call.value, "asset_name": str(call.asset).encode().hex(), "to_address": hex41(tx.to)}
    if call.contract == "TriggerSmartContract":
        coins = {"call_value": call.value} if call.value else {}
        return {"data": call.data, "contract_address": hex41(tx.to), **coins}
    if call.contract == "AccountPermissionUpdateContract":
        keys = [{"address": hex41(key), "weight": 1} for key in call.keys]
        return {"owner": {"permission_name": "owner", "threshold": 1, "keys": keys}, "actives": []}
    return {"receiver_address": hex41(tx.to), "balance": 10**9, "resource": "ENERGY"}


def inner_row(item: Item) -> Row:
    """Return an internal transaction as it stands between the rows of a list."""
    one = item.row
    if isinstance(one, TransferRow):
        note, sender, receiver, amount = "call", one.sender, one.receiver, one.amount
    else:
        assert isinstance(one, tuple)
        note, sender, receiver, amount = one
    name = sha256(f"{item.call.row.tx_hash}:{item.number}".encode()).hexdigest()
    rejected = not item.call.row.ok
    return {
        "internal_tx_id": name, "tx_id": item.call.row.tx_hash, "block_timestamp": item.stamp,
        "data": {"note": note.encode().hex() if item.number % 2 else note, "rejected": rejected, "call_value": {"_": amount}},
        "from_address": hex41(sender), "to_address": hex41(receiver),
    }  # fmt: skip


def token_row(item: Item, symbols: dict[str | None, tuple[str, int]]) -> Row:
    """Return a row of an account's TRC-20 list; a token without a symbol does not name itself."""
    log = item.row
    symbol, decimals = symbols.get(log.contract, ("?", 6)) if isinstance(log, TransferRow | ApprovalRow) else ("", 0)
    kind, ends, amount = _log_parts(item)
    known: Row = {"symbol": symbol, "address": _contract(item), "decimals": decimals, "name": symbol}
    return {
        "transaction_id": item.call.row.tx_hash, "token_info": known if symbol else {}, "block_timestamp": item.stamp,
        "from": ends[0], "to": ends[1], "type": kind, "value": str(amount),
    }  # fmt: skip


def event_row(item: Item) -> Row:
    """Return an event of a contract."""
    kind, ends, amount = _log_parts(item)
    values = [f"0x{hex41(end)[2:]}" for end in ends] + [str(amount)]
    return {
        "block_number": item.call.row.block, "block_timestamp": item.stamp, "caller_contract_address": _contract(item),
        "contract_address": _contract(item), "event_index": item.number, "event_name": kind,
        "result": {str(at): text for at, text in enumerate(values)}, "transaction_id": item.call.row.tx_hash,
    }  # fmt: skip


def receipt(call: TronCall) -> Row:
    """Return what a node says of a transaction."""
    tx = call.row
    found: Row = {
        "id": tx.tx_hash, "fee": tx.fee, "blockNumber": tx.block, "blockTimeStamp": call.stamp, "contractResult": [""],
        "receipt": {"net_fee": tx.fee}, "log": [_log(Item(call, log, at)) for at, log in enumerate(call.logs)],
        "internal_transactions": list(map(_inner_of_receipt, inside(call))),
    }  # fmt: skip
    if call.contract == "TriggerSmartContract":
        found["contract_address"] = hex41(tx.to)
    return found if tx.ok else {**found, "result": "FAILED", "resMessage": "524556455254"}


def _inner_of_receipt(item: Item) -> Row:
    row = inner_row(item)
    data = row["data"]
    assert isinstance(data, dict)
    return {
        "hash": row["internal_tx_id"], "caller_address": row["from_address"], "transferTo_address": row["to_address"],
        "callValueInfo": [{"callValue": data["call_value"]["_"]}], "note": data["note"].encode().hex(),
        "rejected": data["rejected"],
    }  # fmt: skip


def _log(item: Item) -> Row:
    kind, ends, amount = _log_parts(item)
    # Some contracts write the version byte into the word, most do not.
    words = [f"{hex41(end)[0 if item.number % 2 else 2 :]:0>64}" for end in ends]
    return {
        "address": hex41(_contract(item))[2:], "topics": [TRANSFER if kind == "Transfer" else APPROVAL, *words],
        "data": f"{amount:064x}",
    }  # fmt: skip


def _log_parts(item: Item) -> tuple[str, tuple[str, str], int]:
    log = item.row
    if isinstance(log, ApprovalRow):
        return "Approval", (log.owner, log.spender), log.amount
    assert isinstance(log, TransferRow)
    return "Transfer", (log.sender, log.receiver), log.amount


def _contract(item: Item) -> str:
    assert isinstance(item.row, TransferRow | ApprovalRow)
    return str(item.row.contract)
