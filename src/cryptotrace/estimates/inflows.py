"""Every transfer into the scam set, with who really paid it and why it counts or does not.

One pass over the ledger; the ladder only sums what this decides, so a reader can follow each dollar.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptotrace.tracing import Trace
from cryptotrace.tracing.context import Context
from cryptotrace.tracing.movements import Movement
from cryptotrace.tracing.swaps import Exchange

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
    """Money that the scam set paid out to ``receiver``: ``amount`` base units of ``asset`` that arrived there."""

    payer: int
    receiver: int
    asset: int
    amount: int
    micro: int | None


def find_inflows(trace: Trace, period: tuple[datetime, datetime] | None) -> list[Inflow]:
    """Give every transfer into the scam set inside the period, in order of time; O(rows)."""
    context = trace.context
    found = []
    for row in _rows(context, period):
        if row.receiver not in context.places.scam or row.kind == "fee" or not _counts_for_seed(context, row):
            continue
        payer = context.income.payer(row)
        kind, entity = _payer_kind(context, payer)
        found.append(
            Inflow(
                row=row,
                payer=payer,
                micro=context.valuer.micro(row.asset, row.amount, row.time),
                not_external=context.income.why_not(row),
                kind=kind,
                entity=entity,
                carried=trace.walk.sender_taint.get(row.id, 0),
            )
        )
    return found


def find_returns(context: Context, period: tuple[datetime, datetime] | None) -> list[Returned]:
    """Give every payment out of the scam set inside the period; O(rows).

    What the scam set pays into an exchange was returned to whoever got the other side of it, and to nobody where the scam set
    got that itself.
    """
    found: list[Returned] = []
    for event in context.events:
        moment = (event.rows[0] if isinstance(event, Exchange) else event).time
        if period is None or period[0] <= moment < period[1]:
            found += _returned(context, event, moment)
    return found


def _returned(context: Context, event: Movement | Exchange, moment: datetime) -> Iterator[Returned]:
    paid: list[tuple[int | None, int | None, int, int]]
    if not isinstance(event, Exchange):
        paid = [] if event.kind == "fee" else [(event.sender, event.receiver, event.asset, event.amount)]
    elif event.resolved:
        paid = [(leg.provider, leg.recipient, leg.asset_in, leg.received) for leg in event.legs]
    elif any(row.receiver in context.places.scam and context.income.why_not(row) == "swap proceeds" for row in event.rows):
        paid = []
    else:
        paid = [(row.sender, row.receiver, row.asset, row.amount) for row in event.rows]
    scam = context.places.scam
    for payer, receiver, asset, amount in paid:
        if payer is not None and payer in scam and receiver is not None and receiver not in scam:
            micro = context.valuer.micro(asset, amount, moment)
            yield Returned(payer=payer, receiver=receiver, asset=asset, amount=amount, micro=micro)


def _rows(context: Context, period: tuple[datetime, datetime] | None) -> Iterator[Movement]:
    for row in context.ordered:
        if period is None or period[0] <= row.time < period[1]:
            yield row


def _counts_for_seed(context: Context, row: Movement) -> bool:
    """Leave out other payments to a seed that injects listed payments only."""
    return row.receiver not in context.places.listed or context.places.lists(row)


def _payer_kind(context: Context, payer: int | None) -> tuple[str, str | None]:
    if payer is None:
        return "service", None
    end = context.places.ends.get(payer)
    if end is not None and end.category != "victim":
        return ("exchange" if end.category in EXCHANGES else "service"), end.entity
    return ("service" if payer in context.places.closed else "person"), None
