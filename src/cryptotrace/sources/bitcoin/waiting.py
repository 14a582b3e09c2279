"""Transactions that are not final yet: told, never counted as money."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cryptotrace.schema import Batch
from cryptotrace.sources.bitcoin.coins import CoinTransaction, effect_on

__all__ = ["add_waiting", "waiting_of"]


def waiting_of(tx: CoinTransaction, address: str) -> list[Any] | None:
    """Give what a transaction would do to an address, in a form that a cursor can hold; None where it does not touch it."""
    effect = effect_on(tx, address)
    if effect is None:
        return None
    seconds = None if tx.time is None else int(tx.time.timestamp())
    return [tx.txid, tx.block, seconds, effect.received, effect.spent, tx.fee, tx.is_replaceable]


def add_waiting(batch: Batch, source: str, chain: str, address: str, told: list[Any] | None, as_of: int) -> None:
    """Append what :func:`waiting_of` gave.

    Parameters
    ----------
    as_of : int
        The last final block when it was seen: what is told under a later one takes its place.
    """
    if told is not None:
        txid, block, seconds, *rest = told
        time = None if seconds is None else datetime.fromtimestamp(seconds, UTC)
        batch.add("unconfirmed", (source, chain, address, txid, block, time, *rest, as_of))
