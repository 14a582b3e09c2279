"""How Tronscan writes what a TRON world holds: one list of transfers, one of transactions, one of internal transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptotrace.testing._rows import TransferRow
from cryptotrace.testing.explorers._tron_rows import Item, Row, TronIndex, inner_row

__all__ = ["LISTS", "Shown"]

_NUMBERS = {
    "TransferContract": 1, "TransferAssetContract": 2, "TriggerSmartContract": 31, "AccountPermissionUpdateContract": 46,
    "DelegateResourceContract": 57,
}  # fmt: skip
_TRX = {"tokenId": "_", "tokenAbbr": "trx", "tokenName": "trx", "tokenDecimal": 6, "tokenType": "trc10", "vip": True}


@dataclass(frozen=True, slots=True)
class Shown:
    """A list: the parameter that names the account, where rows and their moment stand, whether it is counted, its items."""

    asks_for: str
    rows: str
    stamp: str
    counted: bool
    is_token: bool
    holds: Callable[[Item], bool]
    row: Callable[[Item, TronIndex], Row]


def _token(item: Item, index: TronIndex) -> Row:
    log = item.row
    assert isinstance(log, TransferRow)
    symbol, decimals = index.symbols[log.contract]
    return {
        "transaction_id": item.call.row.tx_hash, "block_ts": item.stamp, "block": log.block, "from_address": log.sender,
        "to_address": log.receiver, "quant": str(log.amount), "contract_address": log.contract, "confirmed": True,
        "tokenInfo": {"tokenId": log.contract, "tokenAbbr": symbol, "tokenDecimal": decimals, "tokenType": "trc20"},
        "event_type": "Transfer", "contract_type": "trc20", "contractRet": "SUCCESS", "finalResult": "SUCCESS", "revert": False,
    }  # fmt: skip


def _signed(item: Item, _: TronIndex) -> Row:
    call, tx = item.call, item.call.row
    value, more = _value(item)
    outcome = "SUCCESS" if tx.ok else "REVERT"
    return {
        "block": tx.block, "hash": tx.tx_hash, "timestamp": call.stamp, "ownerAddress": tx.signer,
        "toAddressList": [tx.to] if tx.to else [], "toAddress": tx.to, "contractType": _NUMBERS[call.contract],
        "confirmed": True, "revert": False, "contractData": {"owner_address": tx.signer, **value}, "id": "", "data": "",
        "fee": "", "contractRet": outcome, "result": outcome, "amount": "0", "cheatStatus": False,
        "cost": {"net_fee": tx.fee, "energy_usage": 0, "fee": tx.fee, "energy_fee": 0, "net_usage": 0}, "tokenInfo": _TRX,
        "tokenType": "trc10", "riskTransaction": False, **more,
    }  # fmt: skip


def _value(item: Item) -> tuple[Row, Row]:
    """Return the values of the contract, and what the row says beside them. A value of zero is left out, as on the chain."""
    call, to = item.call, item.call.row.to
    told: Row = {"amount": str(call.value)}
    if call.contract == "TransferContract":
        return {**({"amount": call.value} if call.value else {}), "to_address": to}, told
    if call.contract == "TransferAssetContract":
        return {**({"amount": call.value} if call.value else {}), "asset_name": call.asset, "to_address": to}, told
    if call.contract == "TriggerSmartContract":
        info = {"methodId": call.data[:8], "contract_address": to, "call_value": call.value, "parameter": {}}
        coins = {"call_value": call.value} if call.value else {}
        return {"data": call.data, "contract_address": to, **coins}, {**told, "trigger_info": info}
    if call.contract == "AccountPermissionUpdateContract":
        keys = [{"address": key, "weight": 1} for key in call.keys]
        return {"owner": {"permission_name": "owner", "threshold": 1, "keys": keys}, "actives": []}, {}
    return {"receiver_address": to, "balance": 10**9, "resource": "ENERGY"}, {}


def _inner(item: Item, _: TronIndex) -> Row:
    one, tx = item.row, item.call.row
    if isinstance(one, TransferRow):
        note, sender, receiver, amount = "call", one.sender, one.receiver, one.amount
    else:
        assert isinstance(one, tuple)
        note, sender, receiver, amount = one
    return {
        "from": sender, "to": receiver, "block": tx.block, "hash": tx.tx_hash,
        "internal_hash": inner_row(item)["internal_tx_id"], "timestamp": item.stamp, "rejected": not tx.ok, "confirmed": True,
        "result": "SUCCESS" if tx.ok else "REVERT", "revert": False, "note": note,
        "token_list": {"token_id": "_", "call_value": amount, "tokenInfo": _TRX},
        "valueInfoList": [{"callValue": amount, "tokenInfo": _TRX}], "token_id": "_", "call_value": amount,
        "voteDetail": [], "voteToAddress": [], "voteCount": 0,
    }  # fmt: skip


LISTS: Mapping[str, Shown] = {
    "/token_trc20/transfers": Shown(
        "relatedAddress", "token_transfers", "block_ts", True, True, lambda item: isinstance(item.row, TransferRow), _token
    ),
    "/transaction": Shown("address", "data", "timestamp", True, False, lambda item: item.row is None, _signed),
    "/internal-transaction": Shown("address", "data", "timestamp", False, False, lambda item: item.row is not None, _inner),
}
"""Path -> list."""
