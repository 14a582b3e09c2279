"""Events of one contract, as TronGrid lists them: what an issuer freezes, destroys, makes and takes back. Pure.

Kinds and signatures are those of :mod:`cryptotrace.sources.evm.events`: USDT on TRON logs what USDT on Ethereum logs. They are
believed of the contracts that we call stable; any other contract may write the same names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cryptotrace.errors import InputError
from cryptotrace.model import canonical_tokens
from cryptotrace.schema import Batch
from cryptotrace.sources.cells import exact_integer
from cryptotrace.sources.evm.events import STABLECOIN_EVENTS, StablecoinEvent
from cryptotrace.sources.tron.gathering import Place, add_event, add_move, raw_text
from cryptotrace.sources.tron.spelling import CHAIN, address, moment, small_or_none, sun, tx_name

__all__ = ["EVENT_NAMES", "events_of"]

_LONG = 2**63 - 1
_BY_NAME: Mapping[str, StablecoinEvent] = {one.signature.split("(")[0]: one for one in STABLECOIN_EVENTS.values()}

EVENT_NAMES = ("AddedBlackList", "RemovedBlackList", "DestroyedBlackFunds", "Issue", "Redeem")
"""What USDT on TRON logs beside transfers."""


def events_of(rows: Sequence[Any], *, file: str) -> Batch:
    """Turn event rows into events and token transfers; what does not fit is rejected whole, other events are passed over.

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
    if cells.get("_unconfirmed") is True:
        raise InputError("not confirmed yet")
    place = Place(
        tx_hash=tx_name(cells.get("transaction_id"), "transaction_id"),
        time=moment(cells.get("block_timestamp")),
        block=small_or_none(cells.get("block_number"), "block_number", _LONG),
    )
    contract, index = (
        address(cells.get("contract_address"), "contract_address"),
        small_or_none(cells.get("event_index"), "event_index"),
    )
    name, values = cells.get("event_name"), cells.get("result")
    if not isinstance(values, dict):
        raise InputError("result is not an object")
    if name == "Transfer":
        parties = address(values.get("0"), "from"), address(values.get("1"), "to")
        add_move(
            batch, place, kind="token", sender=parties[0], receiver=parties[1], amount=sun(values.get("2"), "value"),
            asset=contract, log_index=index,
        )  # fmt: skip
        return
    event, token = _BY_NAME.get(name) if type(name) is str else None, canonical_tokens().get((CHAIN, contract))
    if event is None or token is None or not token.stable:
        return
    owner = address(values.get("0"), "owner") if event.has_owner else None
    amount = exact_integer(values.get("1" if event.has_owner else "0"), "amount") if event.has_amount else None
    add_event(batch, place, event.kind, owner=owner, contract=contract, amount=amount, log_index=index)
