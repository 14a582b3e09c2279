"""The list of an account's TRC-20 transfers: token movements, and approvals, which are no money. Pure.

Rows carry no block and no place in the transaction, so equal rows of one transaction are real and all count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cryptotrace.errors import InputError
from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources.cells import exact_integer, plain
from cryptotrace.sources.tron.columns import COLUMNS_FROM
from cryptotrace.sources.tron.gathering import Place, add_event, add_move, raw_text
from cryptotrace.sources.tron.spelling import address, moment, sun, tx_name
from cryptotrace.sources.tron.trc20_columns import table_of_rows

__all__ = ["contracts_in", "is_nameless", "trc20_of", "with_contract"]

_MOST_DECIMALS = 255


def trc20_of(rows: Sequence[Any], *, file: str) -> Batch:
    """Turn rows of the list into transfers and ``approval`` events; what does not fit is rejected whole.

    Parameters
    ----------
    rows : sequence
        As they came.
    file : str
        For rejects.

    Notes
    -----
    Long pages become columns at once; each row that is not of the usual form is read by its definition here.
    """
    found = table_of_rows(rows) if len(rows) >= COLUMNS_FROM else None
    batch = Batch()
    for at in range(len(rows)) if found is None else found[1]:
        cells = rows[at]
        try:
            _add(batch, cells)
        except InputError as problem:
            batch.reject(file, None, problem.what, raw_text(cells))
    if found is not None and found[0].num_rows:
        batch.tables["transfers"] = [found[0]]
    return batch


def _add(batch: Batch, cells: Any) -> None:
    if not isinstance(cells, dict):
        raise InputError("a row is not an object")
    if cells.get("_unconfirmed") is True:
        raise InputError("not confirmed yet")
    place = Place(tx_hash=tx_name(cells.get("transaction_id"), "transaction_id"), time=moment(cells.get("block_timestamp")))
    sender, receiver = address(cells.get("from"), "from"), address(cells.get("to"), "to")
    token = cells.get("token_info")
    if not isinstance(token, dict) or not token.get("address"):
        raise InputError("token_info does not name the contract")
    contract, kind = address(token["address"], "token_info.address"), cells.get("type")
    if kind == "Approval":
        amount = exact_integer(cells.get("value"), "value")
        add_event(batch, place, "approval", owner=sender, counterparty=receiver, contract=contract, amount=amount)
    elif kind == "Transfer":
        add_move(
            batch, place, kind="token", sender=sender, receiver=receiver, amount=sun(cells.get("value"), "value"),
            asset=contract, symbol=plain(token.get("symbol")), decimals=_decimals(token),
        )  # fmt: skip
    else:
        raise InputError("type is neither Transfer nor Approval")


def _decimals(token: Mapping[str, Any]) -> int | None:
    """Junk tokens say anything here; what no token can have is unknown, and the amount stays."""
    found = token.get("decimals")
    return found if type(found) is int and 0 <= found <= _MOST_DECIMALS else None


# -- rows that do not name their contract --------------------------------------------------------------------------------------


def is_nameless(cells: Any) -> bool:
    """Whether a row leaves out its contract, as rows of broken tokens do."""
    token = cells.get("token_info") if isinstance(cells, dict) else None
    return isinstance(token, dict) and not token.get("address")


def contracts_in(receipt: Batch) -> dict[tuple[Any, ...], set[str]]:
    """Give (type, sender, receiver, amount) -> the contracts that logged it, out of a receipt."""
    found: dict[tuple[Any, ...], set[str]] = {}
    for table, kind, names in (
        ("transfers", "Transfer", ("sender", "receiver", "amount", "contract", "kind")),
        ("events", "Approval", ("owner", "counterparty", "raw_amount", "contract", "kind")),
    ):
        at = [WIDE[table].names.index(name) for name in names]
        for row in receipt.rows.get(table, ()):
            sender, receiver, amount, contract, what = (row[place] for place in at)
            if contract is not None and what in ("token", "approval"):
                found.setdefault((kind, sender, receiver, str(amount)), set()).add(contract)
    return found


def with_contract(cells: Mapping[str, Any], contracts: Mapping[tuple[Any, ...], set[str]]) -> Mapping[str, Any]:
    """Give a row with the contract that its receipt names; as it is where that is none, or several."""
    try:
        parties = address(cells.get("from"), "from"), address(cells.get("to"), "to")
    except InputError:
        return cells
    known = contracts.get((cells.get("type"), *parties, str(cells.get("value"))), set())
    return {**cells, "token_info": {"address": next(iter(known))}} if len(known) == 1 else cells
