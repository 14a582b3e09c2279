"""Rows of Tronscan's list of TRC-20 transfers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cryptotrace.errors import InputError
from cryptotrace.schema import Batch
from cryptotrace.sources.cells import exact_integer, plain
from cryptotrace.sources.tron.gathering import Place, add_event, add_move, raw_text
from cryptotrace.sources.tron.spelling import address, moment, small_or_none, sun, tx_name

__all__ = ["scan_transfers_of"]

_LONG = 2**63 - 1
_MOST_DECIMALS = 255


def scan_transfers_of(rows: Sequence[Any], *, file: str) -> Batch:
    """Turn rows into transfers and ``approval`` events; collectibles are passed over, what does not fit is rejected whole.

    Parameters
    ----------
    rows : sequence
        As they came.
    file : str
        For rejects.
    """
    batch = Batch()
    for cells in rows:
        try:
            _add(batch, cells)
        except InputError as problem:
            batch.reject(file, None, problem.what, raw_text(cells))
    return batch


def _add(batch: Batch, cells: Any) -> None:
    if not isinstance(cells, dict):
        raise InputError("a row is not an object")
    if cells.get("confirmed") is not True:
        raise InputError("not confirmed yet")
    token = cells.get("tokenInfo")
    token = token if isinstance(token, dict) else {}
    if token.get("tokenType") in ("trc721", "trc1155"):
        return
    place = Place(
        tx_hash=tx_name(cells.get("transaction_id"), "transaction_id"),
        time=moment(cells.get("block_ts"), "block_ts"),
        block=small_or_none(cells.get("block"), "block", _LONG),
    )
    sender, receiver = address(cells.get("from_address"), "from_address"), address(cells.get("to_address"), "to_address")
    contract, amount = address(cells.get("contract_address"), "contract_address"), cells.get("quant")
    if cells.get("event_type") == "Approval":
        limit = None if amount is None else exact_integer(amount, "quant")
        add_event(batch, place, "approval", owner=sender, counterparty=receiver, contract=contract, amount=limit)
        return
    add_move(
        batch, place, kind="token", sender=sender, receiver=receiver, amount=sun(amount, "quant"), asset=contract,
        symbol=plain(token.get("tokenAbbr")), decimals=_decimals(token), ok=_worked(cells),
    )  # fmt: skip


def _worked(cells: Mapping[str, Any]) -> bool:
    said = (cells.get("contractRet", "SUCCESS"), cells.get("finalResult", "SUCCESS"))
    return cells.get("revert") in (None, False, 0) and said == ("SUCCESS", "SUCCESS")


def _decimals(token: Mapping[str, Any]) -> int | None:
    found = token.get("tokenDecimal")
    return found if type(found) is int and 0 <= found <= _MOST_DECIMALS else None
