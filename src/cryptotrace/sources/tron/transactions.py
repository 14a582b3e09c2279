"""The list of an account's transactions: TRX, TRC-10, what contracts were paid, fees, permissions, stakes. Pure.

What moves value only does so where ``contractRet`` says SUCCESS; the fee is paid in any case, by the owner, as ``fee`` says it:
prices of energy changed over time and are not computed anew. A memo is text of a stranger and is not read. Transfers of TRC-20
tokens are not here: they stand in a list of their own, and the call that caused them only asks for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cryptotrace.errors import InputError
from cryptotrace.schema import Batch
from cryptotrace.sources.tron.columns import COLUMNS_FROM
from cryptotrace.sources.tron.gathering import Place, add_event, add_fee, add_move, joined, raw_text
from cryptotrace.sources.tron.internals import Inner, add_inner, is_internal_row, moves_of, read_internal_row
from cryptotrace.sources.tron.native_columns import WORKED, tables_of_rows
from cryptotrace.sources.tron.spelling import CHAIN, address, asset_id, moment, small_or_none, sun, tx_name

__all__ = ["contract_of", "row_id", "stamp_of", "transactions_of", "worked"]

_LONG = 2**63 - 1
_RECEIVERS = ("to_address", "contract_address", "receiver_address", "account_address")
_STAKES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "FreezeBalanceContract": ("stake", ("frozen_balance",)),
    "FreezeBalanceV2Contract": ("stake", ("frozen_balance",)),
    "UnfreezeBalanceContract": ("unstake", ("unfreeze_amount",)),
    # What it asks for comes later; what was asked for two weeks before comes now.
    "UnfreezeBalanceV2Contract": ("unstake", ("withdraw_expire_amount",)),
    "WithdrawExpireUnfreezeContract": ("unstake", ("withdraw_expire_amount",)),
    "CancelAllUnfreezeV2Contract": ("unstake", ("withdraw_expire_amount",)),
    "WithdrawBalanceContract": ("reward", ("withdraw_amount",)),
    "ExchangeCreateContract": ("exchange", ()),
    "ExchangeInjectContract": ("exchange", ()),
    "ExchangeWithdrawContract": ("exchange", ()),
    "ExchangeTransactionContract": ("exchange", ()),
    "MarketSellAssetContract": ("exchange", ()),
    "MarketCancelOrderContract": ("exchange", ()),
    "AssetIssueContract": ("exchange", ()),
    "UnfreezeAssetContract": ("exchange", ()),
    "ShieldedTransferContract": ("shielded", ()),
}
"""Contracts that change a balance without a payment to anybody: kind of event, and where its amount stands, if anywhere."""


def transactions_of(rows: Sequence[Any], *, file: str) -> Batch:
    """Turn rows of the list into movements, transactions and events; what does not fit is rejected whole.

    Parameters
    ----------
    rows : sequence
        As they came; all rows of a moment must be here, or the forms of an internal transaction cannot be held together.
        A row that is here twice counts once.
    file : str
        For rejects.

    Notes
    -----
    Long pages become columns at once; each row that is not of the usual form is read by its definition here. Where such a row
    bears the name of a usual one, all are read so, as only then it is known which of them counts.
    """
    if len(rows) < COLUMNS_FROM:
        return _row_by_row(rows, _statuses(rows), file)
    tables, worked_in_tables, odd = tables_of_rows(rows)
    rest = [rows[at] for at in odd]
    if any(_spelled(row_id(cells)) in worked_in_tables for cells in rest):
        return _row_by_row(rows, _statuses(rows), file)
    batch = _row_by_row(rest, worked_in_tables | _statuses(rest), file)
    batch.tables.update(tables)
    return batch


def _spelled(name: str | None) -> str:
    return (name or "").lower().removeprefix("0x")


def _row_by_row(rows: Sequence[Any], statuses: Mapping[str, bool], file: str) -> Batch:
    batch = Batch()
    nested: list[Inner] = []
    between: list[Inner] = []
    seen: set[str] = set()
    for cells in rows:
        name = row_id(cells)
        if name is not None and name in seen:
            continue
        one = Batch()
        try:
            _refuse_unconfirmed(cells)
            if is_internal_row(cells):
                between += read_internal_row(cells, statuses)
            else:
                nested += _signed(cells, one)
        except InputError as problem:
            batch.reject(file, None, problem.what, raw_text(cells))
            continue
        joined(batch, one)
        if name is not None:
            seen.add(name)
    add_inner(batch, nested, between)
    return batch


def _refuse_unconfirmed(cells: Any) -> None:
    if not isinstance(cells, dict):
        raise InputError("a row is not an object")
    if cells.get("_unconfirmed") is True:
        raise InputError("not confirmed yet")


def stamp_of(cells: Any) -> int | None:
    """Give the moment of a row in milliseconds; None where it has none."""
    found = cells.get("block_timestamp") if isinstance(cells, dict) else None
    return found if type(found) is int else None


def row_id(cells: Any) -> str | None:
    """Give what names a row: a transaction is listed once, an internal one too."""
    if not isinstance(cells, dict):
        return None
    name = cells.get("internal_tx_id") if is_internal_row(cells) else cells.get("txID")
    return name if type(name) is str and name else None


def worked(ret: Any) -> bool:
    """Tell whether a transaction did what it asked for; the oldest rows have a ``code`` alone.

    Raises
    ------
    InputError
        If the outcome is not of the documented form.
    """
    if not isinstance(ret, list) or not ret or not isinstance(ret[0], dict):
        raise InputError("ret is not a list of objects")
    said = ret[0].get("contractRet", ret[0].get("code", ret[0].get("ret", "SUCCESS")))
    return said in WORKED


def contract_of(cells: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Give (type, values) of the one contract that a transaction holds.

    Raises
    ------
    InputError
        If there is not exactly one.
    """
    raw = cells.get("raw_data")
    contracts = raw.get("contract") if isinstance(raw, dict) else None
    if not isinstance(contracts, list) or len(contracts) != 1 or not isinstance(contracts[0], dict):
        raise InputError("raw_data has not exactly one contract")
    parameter = contracts[0].get("parameter")
    value = parameter.get("value") if isinstance(parameter, dict) else None
    kind = contracts[0].get("type")
    if not isinstance(value, dict) or type(kind) is not str or not (kind.isascii() and kind.isalnum() and len(kind) <= 64):
        raise InputError("the contract has no type or no values")
    return kind, value


def _statuses(rows: Sequence[Any]) -> dict[str, bool]:
    """Give hash -> whether it worked, of the transactions that are here."""
    found: dict[str, bool] = {}
    for cells in rows:
        if isinstance(cells, dict) and "raw_data" in cells:
            try:
                found[tx_name(cells.get("txID"), "txID")] = worked(cells.get("ret"))
            except InputError:
                continue  # the row itself is rejected
    return found


def _signed(cells: Mapping[str, Any], batch: Batch) -> list[Inner]:
    """Add one signed transaction; give what moved inside it."""
    kind, value = contract_of(cells)
    place = Place(
        tx_hash=tx_name(cells.get("txID"), "txID"),
        time=moment(cells.get("block_timestamp")),
        block=small_or_none(cells.get("blockNumber"), "blockNumber", _LONG),
    )
    ok, fee = worked(cells.get("ret")), _fee(cells)
    owner = address(value.get("owner_address"), "owner_address") if "owner_address" in value else None
    receiver = _receiver(cells, value)
    batch.add(
        "transactions",
        (CHAIN, place.tx_hash, place.block, place.time, None, owner, receiver, ok, fee, _method(kind, value), None),
    )
    if fee:
        if owner is None:
            raise InputError("a fee without an owner")
        add_fee(batch, place, owner, fee)
    _add_value(batch, place, kind, value, owner, receiver, ok=ok)
    if ok and kind in _STAKES:
        event, columns = _STAKES[kind]
        add_event(batch, place, event, owner=owner, counterparty=receiver, amount=_first_amount(cells, value, columns))
    if ok and kind == "AccountPermissionUpdateContract":
        add_event(batch, place, "permission", owner=owner, counterparty=_new_holder(value, owner))
    return moves_of(place, cells.get("internal_transactions"), ok=ok)


def _add_value(
    batch: Batch, place: Place, kind: str, value: Mapping[str, Any], owner: str | None, receiver: str | None, *, ok: bool
) -> None:
    """Add what the transaction itself hands over; a failed one shows what it would have."""
    if kind in ("TransferContract", "ParticipateAssetIssueContract"):
        amount = sun(value.get("amount", 0), "amount")
        add_move(batch, place, kind="native", sender=owner, receiver=_needed(receiver), amount=amount, ok=ok)
    elif kind == "TransferAssetContract":
        amount, asset = sun(value.get("amount", 0), "amount"), asset_id(value.get("asset_name"))
        add_move(batch, place, kind="token", sender=owner, receiver=_needed(receiver), amount=amount, asset=asset, ok=ok)
    elif kind in ("TriggerSmartContract", "CreateSmartContract"):
        made = value.get("new_contract")
        coins = sun((made if isinstance(made, dict) else value).get("call_value", 0), "call_value")
        if coins:
            add_move(batch, place, kind="native", sender=owner, receiver=receiver, amount=coins, ok=ok)
        tokens = sun(value.get("call_token_value", 0), "call_token_value")
        if tokens:
            asset = asset_id(value.get("token_id"))
            add_move(batch, place, kind="token", sender=owner, receiver=receiver, amount=tokens, asset=asset, ok=ok)


def _needed(receiver: str | None) -> str:
    if receiver is None:
        raise InputError("to_address is missing")
    return receiver


def _receiver(cells: Mapping[str, Any], value: Mapping[str, Any]) -> str | None:
    for column in _RECEIVERS:
        if value.get(column) not in (None, ""):
            return address(value[column], column)
    created = cells.get("contract_address")
    return None if created in (None, "") else address(created, "contract_address")


def _fee(cells: Mapping[str, Any]) -> int | None:
    """Give the burned TRX: as the outcome says it, else the sum of its two parts; None where nothing says it."""
    ret = cells["ret"][0]
    if "fee" in ret:
        return sun(ret["fee"], "fee")
    parts = [cells[name] for name in ("net_fee", "energy_fee") if name in cells]
    return sum(sun(part, "fee") for part in parts) if parts else None


def _method(kind: str, value: Mapping[str, Any]) -> str:
    """Give the first four bytes of call data, else the type of the contract."""
    data = value.get("data")
    if kind == "TriggerSmartContract" and type(data) is str and len(data) >= 8:
        first = data[:8].lower()
        if not set(first) - set("0123456789abcdef"):
            return f"0x{first}"
    return kind


def _first_amount(cells: Mapping[str, Any], value: Mapping[str, Any], columns: tuple[str, ...]) -> int | None:
    for column in columns:
        for place in (value, cells, cells["ret"][0]):
            if column in place:
                return sun(place[column], column)
    return None


def _new_holder(value: Mapping[str, Any], owner: str | None) -> str | None:
    """Give the first key of another address in the new permissions: who can move the money from now on."""
    permissions = [value.get("owner")]
    active = value.get("actives")
    permissions += active if isinstance(active, list) else [active]
    for permission in permissions:
        keys = permission.get("keys") if isinstance(permission, dict) else None
        for key in keys if isinstance(keys, list) else ():
            holder = address(key.get("address"), "address") if isinstance(key, dict) else None
            if holder not in (None, owner):
                return holder
    return None
