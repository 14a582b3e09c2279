"""The definitions of the rungs, and how a rung is made from what was counted."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Context as Digits
from decimal import Decimal
from fractions import Fraction

from cryptotrace.estimates.counting import Counted
from cryptotrace.estimates.inflows import Inflow, Returned
from cryptotrace.estimates.result import Rung
from cryptotrace.estimates.standing import Standing
from cryptotrace.tracing.context import Context
from cryptotrace.tracing.valuation import dollars

__all__ = ["DEFINITIONS", "NO_PRICE", "NO_VICTIMS", "POISON", "UNREAD", "Period", "counted_rung", "direct_rung"]

Period = tuple[datetime, datetime] | None
"""Half open, UTC; None takes every row."""

DEFINITIONS = {
    "E0": ("gross inflow", "every transfer into the scam addresses, moves between them included"),
    "E1": (
        "inflow from outside",
        "E0 less moves inside the scam set, its own change, swap proceeds, mints and wraps",
    ),
    "E2": (
        "stolen, net of returns",
        (
            "E1 less what the scam paid back, payer by payer, never below zero; exchanges cannot be netted by address: the low "
            "end takes off everything that the trace saw going to the same exchange, and leaves out payers who got back what "
            "has no price"
        ),
    ),
    "E3": (
        "stolen, victim-plausible",
        (
            "E2 from exchange withdrawals and from addresses that are no service, less the scam's own money coming back "
            "(tainted share at least 0.5); no size cap; window from first to last payment; low end as for E2, or without "
            "payments above 500,000 USD where that is less"
        ),
    ),
    "E4": ("reached exits", "tainted value that reached exchanges, mixers, bridges, desks and other labelled ends"),
    "E5": ("throughput", "the full amounts of all ledger transfers of the case: volume, no loss"),
}
NO_VICTIMS = "victims' payments are not in the data: these seeds inject what they paid out"
UNREAD = "the scam addresses got coins of a chain with inputs and outputs, which are not followed yet"
POISON = "poison does not conserve value and enters no total"

NO_PRICE = "none of the amounts has a price; they are listed apart"

_DIGITS = Digits(prec=12)
_UNPRICED = "some amounts have no price and are listed apart"


def direct_rung(
    name: str,
    central: int | None,
    *,
    low: int | None = None,
    high: int | None = None,
    transfers: int | None = None,
    payers: int | None = None,
    unpriced: Mapping[str, int] | None = None,
    reason: str = "",
    unproven: int | Fraction | None = None,
) -> Rung:
    """Make a rung from micro-dollars; without a range it is exact, and low and high equal the central value.

    ``unproven`` of them rest on accounts that are not proven; None where no balance was asked.
    """
    title, definition = DEFINITIONS[name]
    return Rung(
        id=name,
        title=title,
        low_usd=dollars(central if low is None else low),
        central_usd=dollars(central),
        high_usd=dollars(central if high is None else high),
        transfers=transfers,
        payers=payers,
        definition=definition,
        reason="; ".join(part for part in (reason, _UNPRICED if unpriced and reason != NO_PRICE else "") if part),
        unpriced=tuple(sorted((unpriced or {}).items())),
        unproven_usd=None if central is None or unproven is None else dollars(math.ceil(unproven)),
        unproven_share=None if not central or unproven is None else _share(Fraction(unproven) / central),
    )


def _share(part: Fraction) -> Decimal:
    return _DIGITS.divide(Decimal(part.numerator), Decimal(part.denominator))


def counted_rung(
    name: str,
    counted: Counted,
    context: Context,
    *,
    standing: Standing | None = None,
    low: int | None = None,
    returns: Sequence[Returned] = (),
) -> Rung:
    """Make a rung from the transfers that count in it; ``returns`` are what it takes off."""
    rows: Sequence[Inflow] = getattr(counted, f"{name.lower()}_rows")
    central = counted.micro(name.lower())
    unpriced: dict[str, int] = defaultdict(int)
    for flow in rows:
        if flow.micro is None:
            unpriced[context.asset(flow.row.asset)] += flow.row.amount
    return direct_rung(
        name,
        central,
        low=None if central is None else low,
        transfers=len(rows),
        payers=len({flow.payer for flow in rows}),
        unpriced=unpriced,
        reason=NO_PRICE if central is None else _unpriced_returns(rows, returns, context),
        unproven=None if standing is None else _unproven(name, counted, standing, rows, returns),
    )


def _unproven(
    name: str, counted: Counted, standing: Standing, rows: Sequence[Inflow], returns: Sequence[Returned]
) -> int | Fraction:
    if name in {"E0", "E1"}:
        return standing.inflow(rows)
    return standing.net(counted.e2_parts if name == "E2" else counted.e3_parts, returns)


def _unpriced_returns(rows: Sequence[Inflow], returns: Sequence[Returned], context: Context) -> str:
    """Say what payers of these rows got back that has no price."""
    payers = {flow.payer for flow in rows if flow.kind == "person"}
    back: dict[str, int] = defaultdict(int)
    for flow in returns:
        if flow.micro is None and flow.receiver in payers:
            back[context.asset(flow.asset)] += flow.amount
    told = ", ".join(f"{amount:,} base units of {asset}" for asset, amount in sorted(back.items()))
    return f"payers got back what has no price and is not taken off ({told}): the low end leaves them out" if told else ""
