"""Every transfer into the scam set, with who really paid it and why it counts or does not.

One pass over the ledger; the ladder only sums what this decides, so a reader can follow each dollar.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptotrace.tracing import Trace
from cryptotrace.tracing.context import Context
from cryptotrace.tracing.movements import Movement
from cryptotrace.tracing.swaps import Exchange, is_null

__all__ = ["Inflow", "Returned", "find_inflows", "find_returns"]

EXCHANGES = frozenset({"exchange", "exchange_deposit"})


@dataclass(slots=True, kw_only=True)
class Inflow:
    """A transfer into the scam set.

    Attributes
    ----------
    payer : int or None
        Who paid: the sender, or the provider of a swap that paid out into the scam set.
    micro : int or None
        Micro-dollars; None where there is no price.
    not_external : str
        Why it is no money from outside (E1), else ``""``.
    kind : str
        Of the payer: ``exchange``, ``person`` or ``service``.
    entity : str or None
        Of the payer, where a label names one.
    carried : int
        Units that were tainted when they left the payer: money of the scam that comes back.
    """

    row: Movement
    payer: int | None
    micro: int | None
    not_external: str
    kind: str
    entity: str | None
    carried: int


@dataclass(slots=True, kw_only=True)
class Returned:
    """A payment out of the scam set."""

    row: Movement
    receiver: int
    micro: int | None


def find_inflows(trace: Trace, period: tuple[datetime, datetime] | None) -> list[Inflow]:
    """Give every transfer into the scam set inside the period, in order of time; O(rows)."""
    context = trace.context
    providers = _providers(context)
    paid_out = _paid_out(context)
    found = []
    for row in _rows(context, period):
        if row.receiver not in context.places.scam or row.kind == "fee" or not _counts_for_seed(context, row):
            continue
        payer = providers.get(row.id, row.sender)
        kind, entity = _payer_kind(context, payer)
        found.append(
            Inflow(
                row=row,
                payer=payer,
                micro=context.valuer.micro(row.asset, row.amount, row.time),
                not_external=_not_external(context, row, payer, paid_out),
                kind=kind,
                entity=entity,
                carried=trace.walk.sender_taint.get(row.id, 0),
            )
        )
    return found


def find_returns(context: Context, period: tuple[datetime, datetime] | None) -> list[Returned]:
    """Give every payment out of the scam set inside the period; O(rows)."""
    return [
        Returned(row=row, receiver=row.receiver, micro=context.valuer.micro(row.asset, row.amount, row.time))
        for row in _rows(context, period)
        if row.sender in context.places.scam
        and row.receiver is not None
        and row.receiver not in context.places.scam
        and row.kind != "fee"
    ]


def _rows(context: Context, period: tuple[datetime, datetime] | None) -> Iterator[Movement]:
    for row in context.ordered:
        if period is None or period[0] <= row.time < period[1]:
            yield row


def _counts_for_seed(context: Context, row: Movement) -> bool:
    """Leave out other payments to a seed that injects listed payments only."""
    listed = context.places.listed.get(row.receiver or 0)
    return listed is None or (row.tx_hash, row.position) in listed or (row.tx_hash, "") in listed


def _providers(context: Context) -> dict[int, int]:
    """Row id -> who paid for it, for what a swap of somebody else paid out into the scam set."""
    providers = {}
    for event in context.events:
        if not isinstance(event, Exchange):
            continue
        for leg in event.legs:
            if leg.provider == leg.recipient or leg.recipient not in context.places.scam:
                continue
            for row in event.rows:
                if row.receiver == leg.recipient and row.asset == leg.asset_in:
                    providers[row.id] = leg.provider
    return providers


def _paid_out(context: Context) -> dict[tuple[str, str], set[tuple[int, int | None]]]:
    """Transaction -> (asset, receiver) that the scam set pays to others in it."""
    scam = context.places.scam
    paid: dict[tuple[str, str], set[tuple[int, int | None]]] = defaultdict(set)
    for row in context.ordered:
        if row.sender in scam and row.receiver not in scam and row.kind != "fee":
            paid[row.chain, row.tx_hash].add((row.asset, row.receiver))
    return paid


def _not_external(
    context: Context, row: Movement, payer: int | None, paid_out: dict[tuple[str, str], set[tuple[int, int | None]]]
) -> str:
    if payer in context.places.scam:
        return "from the scam set itself"
    if payer is None or is_null(context.book, payer) or payer == context.book.contracts.get(row.asset):
        return "mint, wrap or genesis"
    paid = paid_out.get((row.chain, row.tx_hash), set())
    if any(asset != row.asset for asset, _ in paid):
        return "swap proceeds"
    if (row.asset, row.sender) in paid:
        return "change of its own payment"
    return ""


def _payer_kind(context: Context, payer: int | None) -> tuple[str, str | None]:
    if payer is None:
        return "service", None
    end = context.places.ends.get(payer)
    if end is not None and end.category != "victim":
        return ("exchange" if end.category in EXCHANGES else "service"), end.entity
    return ("service" if payer in context.places.closed else "person"), None
