"""Adding rows of TRON to a batch: one movement, one fact, one event, in the columns of the schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptotrace.codecs import chain_of
from cryptotrace.model import MAX_AMOUNT
from cryptotrace.schema import Batch
from cryptotrace.sources.tron.spelling import CHAIN

__all__ = ["Place", "add_event", "add_fee", "add_move", "joined", "raw_text"]

_COIN = chain_of(CHAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a row stands: its transaction, its time, and its block, which not every form of a row tells."""

    tx_hash: str
    time: datetime
    block: int | None = field(default=None, compare=False)


def add_move(
    batch: Batch,
    place: Place,
    *,
    kind: str,
    sender: str | None,
    receiver: str | None,
    amount: int,
    asset: str | None = None,
    symbol: str | None = None,
    decimals: int | None = None,
    log_index: int | None = None,
    call_type: str | None = None,
    ok: bool = True,
) -> None:
    """Add a movement of the coin, or of a token where ``asset`` names one (its contract, or the number of a TRC-10 token)."""
    if asset is None:
        symbol, decimals = _COIN.native_symbol, _COIN.native_decimals
    batch.add_transfer(
        chain=CHAIN, tx_hash=place.tx_hash, kind=kind, block=place.block, time=place.time, sender=sender, receiver=receiver,
        amount=amount, contract=asset, symbol=symbol, decimals=decimals, log_index=log_index, call_type=call_type, ok=ok,
    )  # fmt: skip


def add_fee(batch: Batch, place: Place, payer: str, fee: int) -> None:
    """Add the TRX that a transaction burned; it is paid also where the transaction failed."""
    add_move(batch, place, kind="fee", sender=payer, receiver=None, amount=fee)


def add_event(
    batch: Batch,
    place: Place,
    kind: str,
    *,
    owner: str | None,
    counterparty: str | None = None,
    contract: str | None = None,
    amount: int | None = None,
    log_index: int | None = None,
) -> None:
    """Add what is no money but must be known; an amount beyond our range is kept as text."""
    exact = amount if amount is not None and amount <= MAX_AMOUNT else None
    raw = None if amount is None else str(amount)
    batch.add(
        "events",
        (CHAIN, place.tx_hash, log_index, kind, place.block, place.time, contract, owner, counterparty, exact, raw),
    )


def joined(batch: Batch, other: Batch) -> None:
    """Take over the rows of another batch."""
    for name, rows in other.rows.items():
        batch.rows.setdefault(name, []).extend(rows)


def raw_text(cells: Any) -> str:
    """Write a row as JSON, for rejects."""
    import msgspec

    return msgspec.json.encode(cells).decode()
