"""Internal transactions of TRON: what contracts pay. Pure.

They come in two forms: rows between those of an account's list, and a list inside a transaction (also of a node's receipt).
One movement may stand in both, so of equal movements in one transaction the larger number of the two forms counts.

Only calls, creations and self-destructions move coins. The virtual machine also notes stakes, delegations of energy and
rewards as internal transactions, with an amount that nobody is paid: a rental of energy would look like a payment of millions.
Such rows become events of kind ``resource``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

from cryptotrace.errors import InputError
from cryptotrace.schema import Batch
from cryptotrace.sources.tron.gathering import Place, add_event, add_move
from cryptotrace.sources.tron.spelling import address, asset_id, moment, note_text, sun, tx_name

__all__ = ["Inner", "add_inner", "is_internal_row", "moves_of", "read_internal_row"]

_MOVING = frozenset({"call", "create", "suicide", ""})


@dataclass(frozen=True, slots=True)
class Inner:
    """A movement inside a transaction; two with the same content are equal."""

    place: Place
    note: str
    sender: str
    receiver: str | None
    asset: str | None
    amount: int
    ok: bool


def is_internal_row(cells: Mapping[str, Any]) -> bool:
    """Whether a row of an account's list is an internal transaction and not a signed one."""
    return "raw_data" not in cells and ("internal_tx_id" in cells or "tx_id" in cells)


def read_internal_row(cells: Mapping[str, Any], statuses: Mapping[str, bool]) -> list[Inner]:
    """Read a row that stands between the transactions of an account.

    Parameters
    ----------
    cells : mapping
        The row.
    statuses : mapping
        Hash -> whether the transaction worked, for those that the same page shows.

    Returns
    -------
    list of Inner
        Empty where it was rejected, or moved nothing.

    Raises
    ------
    InputError
        If it is not of the documented form.
    """
    name = tx_name(cells.get("tx_id"), "tx_id")
    place = Place(tx_hash=name, time=moment(cells.get("block_timestamp")), block=None)
    data = cells.get("data")
    if not isinstance(data, dict):
        raise InputError("data is not an object")
    parties = (cells.get("from_address"), cells.get("to_address"))
    return _moves(place, data, parties, ok=statuses.get(name, True))


def moves_of(place: Place, inner: Any, *, ok: bool) -> list[Inner]:
    """Read the list of internal transactions that stands inside a transaction or a receipt.

    Raises
    ------
    InputError
        If it is not of the documented form.
    """
    if inner is None:
        return []
    if not isinstance(inner, list) or not all(isinstance(one, dict) for one in inner):
        raise InputError("internal_transactions is not a list of objects")
    found: list[Inner] = []
    for one in inner:
        data = one.get("data")
        parties = (one.get("caller_address", one.get("from_address")), one.get("transferTo_address", one.get("to_address")))
        found += _moves(place, {**one, **(data if isinstance(data, dict) else {})}, parties, ok=ok)
    return found


def _moves(place: Place, data: Mapping[str, Any], parties: tuple[Any, Any], *, ok: bool) -> list[Inner]:
    if data.get("rejected") is True:
        return []
    if data.get("rejected") not in (None, False):
        raise InputError("rejected is neither true nor false")
    amounts = _amounts(data)
    if not amounts:
        return []
    note = note_text(data.get("note"))
    sender = address(parties[0], "from_address")
    receiver = None if parties[1] in (None, "") else address(parties[1], "to_address")
    if receiver is None and ok and note in _MOVING:
        raise InputError("to_address is missing")
    return [Inner(place, note, sender, receiver, asset, amount, ok) for asset, amount in amounts]


def _amounts(data: Mapping[str, Any]) -> list[tuple[str | None, int]]:
    """Give (TRC-10 token or None for TRX, amount) of what is not zero, from either form."""
    if "callValueInfo" in data:
        listed = data["callValueInfo"]
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise InputError("callValueInfo is not a list of objects")
        pairs = [(one.get("tokenId"), one.get("callValue", 0)) for one in listed]
    else:
        value = data.get("call_value")
        if value is None:
            return []
        if not isinstance(value, dict):
            value = {"_": value}
        pairs = list(value.items())
    amounts = [(None if token in (None, "", "_") else asset_id(token), sun(amount, "call_value")) for token, amount in pairs]
    return [(asset, amount) for asset, amount in amounts if amount]


def add_inner(batch: Batch, nested: Iterable[Inner], between: Iterable[Inner]) -> None:
    """Add movements that stand inside transactions and between them; those that stand in both count once."""
    for one in _once(Counter(nested), Counter(between)):
        if one.note in _MOVING:
            add_move(
                batch, one.place, kind="internal", sender=one.sender, receiver=one.receiver, amount=one.amount,
                asset=one.asset, call_type=one.note or None, ok=one.ok,
            )  # fmt: skip
        else:
            add_event(
                batch, one.place, "resource", owner=one.sender, counterparty=one.receiver, contract=one.asset,
                amount=one.amount,
            )  # fmt: skip


def _once(nested: Counter[Inner], between: Counter[Inner]) -> Iterable[Inner]:
    """Give the larger number of each; one form may leave out the word of a movement that the other has."""
    both = nested | between
    shown = _wordless(nested) | _wordless(between)
    named = _wordless(Counter({one: count for one, count in both.items() if one.note}))
    for one, count in both.items():
        bare = replace(one, note="")
        yield from repeat(one, count if one.note else max(0, shown[bare] - named[bare]))


def _wordless(counted: Counter[Inner]) -> Counter[Inner]:
    found: Counter[Inner] = Counter()
    for one, count in counted.items():
        found[replace(one, note="")] += count
    return found
