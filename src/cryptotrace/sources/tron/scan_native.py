"""Rows of Tronscan's transactions and internal transactions, put as TronGrid puts them. Pure.

Tronscan tells the same in other words: the values of the contract (``contractData``), its type as a number, the outcome, the
fee (``cost.fee``, everything that was burned), and of internal transactions the parties, the note and the values. Each row is
turned into the row that TronGrid would show and is read by the same code, so that two sources of one payment agree in every
column. What a row says twice must agree, and what it does not say is not guessed: such a row is rejected whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cryptotrace.errors import InputError
from cryptotrace.schema import Batch
from cryptotrace.sources.tron.gathering import raw_text
from cryptotrace.sources.tron.spelling import address, sun
from cryptotrace.sources.tron.transactions import transactions_of

__all__ = ["CONTRACT_TYPES", "scan_native_of"]

CONTRACT_TYPES: Mapping[int, str] = {
    0: "AccountCreateContract", 1: "TransferContract", 2: "TransferAssetContract", 3: "VoteAssetContract",
    4: "VoteWitnessContract", 5: "WitnessCreateContract", 6: "AssetIssueContract", 8: "WitnessUpdateContract",
    9: "ParticipateAssetIssueContract", 10: "AccountUpdateContract", 11: "FreezeBalanceContract",
    12: "UnfreezeBalanceContract", 13: "WithdrawBalanceContract", 14: "UnfreezeAssetContract", 15: "UpdateAssetContract",
    16: "ProposalCreateContract", 17: "ProposalApproveContract", 18: "ProposalDeleteContract", 19: "SetAccountIdContract",
    30: "CreateSmartContract", 31: "TriggerSmartContract", 33: "UpdateSettingContract", 41: "ExchangeCreateContract",
    42: "ExchangeInjectContract", 43: "ExchangeWithdrawContract", 44: "ExchangeTransactionContract",
    45: "UpdateEnergyLimitContract", 46: "AccountPermissionUpdateContract", 48: "ClearABIContract",
    49: "UpdateBrokerageContract", 51: "ShieldedTransferContract", 52: "MarketSellAssetContract",
    53: "MarketCancelOrderContract", 54: "FreezeBalanceV2Contract", 55: "UnfreezeBalanceV2Contract",
    56: "WithdrawExpireUnfreezeContract", 57: "DelegateResourceContract", 58: "UnDelegateResourceContract",
    59: "CancelAllUnfreezeV2Contract",
}  # fmt: skip
"""Number of a contract type -> its name, as the protocol has them (github.com/tronprotocol/protocol, ``core/Tron.proto``)."""

_WORKED = (None, "", "SUCCESS", "DEFAULT")
_METHOD = 8


def scan_native_of(rows: Sequence[Any], *, file: str) -> Batch:
    """Turn rows of both lists into movements, transactions and events; what does not fit is rejected whole.

    Parameters
    ----------
    rows : sequence
        As they came, transactions and internal ones in any order; all rows of a moment must be here.
    file : str
        For rejects.
    """
    told: list[dict[str, Any]] = []
    unread: list[tuple[str, str]] = []
    for cells in rows:
        try:
            told.append(_as_listed(cells))
        except InputError as problem:
            unread.append((problem.what, raw_text(cells)))
    batch = transactions_of(told, file=file)
    for reason, raw in unread:
        batch.reject(file, None, reason, raw)
    return batch


def _as_listed(cells: Any) -> dict[str, Any]:
    if not isinstance(cells, dict):
        raise InputError("a row is not an object")
    if cells.get("confirmed") is not True:
        raise InputError("not confirmed yet")
    if cells.get("revert") not in (None, False):
        raise InputError("a row that was taken back with its block")
    return _inner(cells) if "internal_hash" in cells else _signed(cells)


# -- transactions ----------------------------------------------------------------------------------------------------------


def _signed(cells: Mapping[str, Any]) -> dict[str, Any]:
    number, value = cells.get("contractType"), cells.get("contractData")
    kind = CONTRACT_TYPES.get(number) if type(number) is int else None
    if kind is None or not isinstance(value, dict):
        raise InputError("a type of contract that is not known, or a contract without values")
    owner = address(cells.get("ownerAddress"), "ownerAddress")
    if address(value.get("owner_address"), "owner_address") != owner:
        raise InputError("two owners")
    value = dict(value)
    if kind in ("TransferContract", "TransferAssetContract"):
        _agree(cells, value)
    elif kind == "TriggerSmartContract":
        _read_call(cells, value)
    elif kind == "CreateSmartContract":
        _read_creation(cells, value, owner)
    return {
        "txID": cells.get("hash"), "blockNumber": cells.get("block"), "block_timestamp": cells.get("timestamp"),
        "ret": [{"contractRet": _outcome(cells), "fee": _fee(cells)}],
        "raw_data": {"contract": [{"type": kind, "parameter": {"value": value}}]},
    }  # fmt: skip


def _outcome(cells: Mapping[str, Any]) -> str:
    said = cells.get("contractRet")
    if type(said) is not str or not said:
        raise InputError("contractRet is missing")
    if said == "SUCCESS" and cells.get("result") not in _WORKED:
        raise InputError("two outcomes")
    return said


def _fee(cells: Mapping[str, Any]) -> int:
    cost = cells.get("cost")
    if not isinstance(cost, dict) or "fee" not in cost:
        raise InputError("the fee is not told")
    return sun(cost["fee"], "cost.fee")


def _agree(cells: Mapping[str, Any], value: Mapping[str, Any]) -> None:
    """Hold the amount and the receiver of a transfer against what the row says beside them."""
    if sun(cells.get("amount"), "amount") != sun(value.get("amount", 0), "contractData.amount"):
        raise InputError("two amounts")
    if address(cells.get("toAddress"), "toAddress") != address(value.get("to_address"), "to_address"):
        raise InputError("two receivers")


def _read_call(cells: Mapping[str, Any], value: dict[str, Any]) -> None:
    """Complete what a call paid and what it called.

    ``amount`` beside it may be that of a token and is no witness of TRX, unless nothing else is told and it is zero.
    """
    info = cells.get("trigger_info")
    info = info if isinstance(info, dict) else {}
    told = [sun(of["call_value"], "call_value") for of in (value, info) if of.get("call_value") is not None]
    if not told and sun(cells.get("amount"), "amount"):
        raise InputError("what the call paid is not told")
    # A zero is left out of the values of a contract; what stands there must be what was called.
    paid = max(told, default=0)
    if any(one != paid for one in told) or ("call_value" not in value and paid):
        raise InputError("two amounts")
    value["call_value"] = paid
    if address(value.get("contract_address"), "contract_address") != address(cells.get("toAddress"), "toAddress"):
        raise InputError("two receivers")
    if not value.get("data") and type(info.get("methodId")) is str and len(info["methodId"]) == _METHOD:
        value["data"] = info["methodId"]


def _read_creation(cells: Mapping[str, Any], value: dict[str, Any], owner: str) -> None:
    made = value.get("new_contract")
    if not isinstance(made, dict):
        raise InputError("what a new contract was paid is not told")
    if sun(made.get("call_value", 0), "call_value") or sun(value.get("call_token_value", 0), "call_token_value"):
        created = address(cells.get("toAddress"), "toAddress")
        if created == owner:
            raise InputError("the address of a new contract that was paid is not told")
        value["contract_address"] = created


# -- internal transactions -------------------------------------------------------------------------------------------------


def _inner(cells: Mapping[str, Any]) -> dict[str, Any]:
    rejected = cells.get("rejected")
    if type(rejected) is not bool or type(cells.get("result")) is not str:
        raise InputError("the outcome of an internal transaction is not told")
    values = _values(cells)
    note = cells.get("note")
    if any(one["callValue"] for one in values) and (type(note) is not str or not note):
        raise InputError("whether an internal transaction paid anything is not told")
    return {
        "internal_tx_id": cells["internal_hash"], "tx_id": cells.get("hash"), "block_timestamp": cells.get("timestamp"),
        "from_address": cells.get("from"), "to_address": cells.get("to"),
        "data": {"note": note, "rejected": rejected or cells["result"] != "SUCCESS", "callValueInfo": values},
    }  # fmt: skip


def _values(cells: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give what an internal transaction carried; the list of values and the one that stands alone must agree."""
    alone = None
    if cells.get("call_value") is not None:
        alone = {"tokenId": cells.get("token_id"), "callValue": sun(cells["call_value"], "call_value")}
        _has_token(alone)
    listed = cells.get("valueInfoList")
    if listed is None:
        if alone is None:
            raise InputError("what an internal transaction paid is not told")
        return [alone]
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise InputError("valueInfoList is not a list of objects")
    found = []
    for one in listed:
        token = one.get("tokenInfo")
        value = {
            "tokenId": token.get("tokenId") if isinstance(token, dict) else one.get("tokenId"),
            "callValue": sun(one.get("callValue", 0), "callValue"),
        }
        _has_token(value)
        found.append(value)
    if alone is not None and alone["callValue"] and alone not in found:
        raise InputError("two amounts")
    return found


def _has_token(value: Mapping[str, Any]) -> None:
    if value["callValue"] and (type(value["tokenId"]) is not str or not value["tokenId"]):
        raise InputError("an amount without its token")
