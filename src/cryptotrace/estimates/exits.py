"""E4 and E5: what reached exits, and what only passed through the case."""

from __future__ import annotations

from collections import defaultdict

from cryptotrace.estimates.result import Rung
from cryptotrace.estimates.rungs import POISON, Period, direct_rung
from cryptotrace.tracing import EXIT_CATEGORIES, Envelope, Trace
from cryptotrace.tracing.context import Context
from cryptotrace.tracing.reference import Arrival
from cryptotrace.tracing.swaps import is_null
from cryptotrace.tracing.valuation import dollars

__all__ = ["INCOMPLETE", "exits", "exits_by_entity", "source_outflow", "throughput"]

INCOMPLETE = frozenset({"not_pulled", "partial", "too_busy", "max_hops"})
"""Frontier reasons that more data, or a longer trace, would resolve."""


def _exit_arrivals(trace: Trace, period: Period) -> list[Arrival]:
    places = trace.context.places
    return [
        arrival
        for arrival in trace.walk.arrivals
        if arrival.outcome == "terminal"
        and arrival.account is not None
        and places.ends[arrival.account].category in EXIT_CATEGORIES
        and (period is None or period[0] <= arrival.row.time < period[1])
    ]


def _exit_sum(trace: Trace, period: Period) -> tuple[int, int, dict[str, int]]:
    """Give micro-dollars, arrivals and unpriced amounts of the exits."""
    total = 0
    unpriced: dict[str, int] = defaultdict(int)
    arrivals = _exit_arrivals(trace, period)
    for arrival in arrivals:
        micro = trace.context.valuer.micro(arrival.asset, arrival.tainted, arrival.row.time)
        if micro is None:
            unpriced[trace.context.asset(arrival.asset)] += arrival.tainted
        total += micro or 0
    return total, len(arrivals), unpriced


def exits(trace: Trace, envelope: Envelope | None, period: Period) -> Rung:
    """Make E4: the range runs over the conserving policies, and up to what incomplete accounts may have passed on."""
    if not trace.policy.conserving:
        return direct_rung("E4", None, reason=POISON)
    total, arrivals, unpriced = _exit_sum(trace, period)
    traces = (trace, *(envelope.conserving if envelope is not None else ()))
    sums = [(_exit_sum(one, period)[0], _hidden(one, period)) for one in traces]
    hidden = sums[0][1]
    reason = (
        f"{dollars(hidden):,.2f} USD went to accounts whose history is not complete: the high end counts it as if all of it "
        "had reached an exit"
        if hidden
        else ""
    )
    return direct_rung(
        "E4",
        total,
        low=min(reached for reached, _ in sums),
        high=max(reached + behind for reached, behind in sums),
        transfers=arrivals,
        unpriced=unpriced,
        reason=reason,
    )


def _hidden(trace: Trace, period: Period) -> int:
    """Sum, in micro-dollars, what the trace had to leave at accounts whose rows are not all here."""
    return sum(
        trace.context.valuer.micro(arrival.asset, arrival.tainted, arrival.row.time) or 0
        for arrival in trace.walk.arrivals
        if arrival.outcome in INCOMPLETE and (period is None or period[0] <= arrival.row.time < period[1])
    )


def exits_by_entity(trace: Trace, period: Period) -> dict[str | None, int]:
    """Sum the exits of a trace by entity, in micro-dollars."""
    sums: dict[str | None, int] = defaultdict(int)
    if trace.policy.conserving:
        for arrival in _exit_arrivals(trace, period):
            if arrival.account is not None:
                entity = trace.context.places.ends[arrival.account].entity
                sums[entity] += trace.context.valuer.micro(arrival.asset, arrival.tainted, arrival.row.time) or 0
    return sums


def throughput(context: Context, period: Period) -> tuple[Rung, int]:
    """Sum the full amounts of transfers between accounts whose ledgers we have, the scam set and boundaries."""
    total = transfers = 0
    unpriced: dict[str, int] = defaultdict(int)
    for row in context.ordered:
        if row.kind == "fee" or row.sender is None or row.receiver is None or is_null(context.book, row.sender):
            continue
        if period is not None and not period[0] <= row.time < period[1]:
            continue
        if not (_is_in_case(context, row.sender, row.asset) and _is_in_case(context, row.receiver, row.asset)):
            continue
        micro = context.valuer.micro(row.asset, row.amount, row.time)
        if micro is None:
            unpriced[context.asset(row.asset)] += row.amount
            continue
        total += micro
        transfers += 1
    return direct_rung("E5", total, transfers=transfers, unpriced=unpriced), total


def _is_in_case(context: Context, account: int, asset: int) -> bool:
    places = context.places
    if account in places.scam or account in places.ends or account in places.closed:
        return True
    token = context.book.assets[asset].asset.contract is not None
    return places.why_not_walked(account, token=token) is None


def source_outflow(context: Context, period: Period) -> int:
    """Sum what the sources paid out, payments between them included, in micro-dollars."""
    return sum(
        context.valuer.micro(row.asset, row.amount, row.time) or 0
        for row in context.ordered
        if row.sender in context.places.sources and row.kind != "fee" and (period is None or period[0] <= row.time < period[1])
    )
