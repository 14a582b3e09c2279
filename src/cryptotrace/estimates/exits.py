"""E4 and E5: what reached exits, and what only passed through the case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from cryptotrace.estimates.counting import same_entity
from cryptotrace.estimates.result import Rung
from cryptotrace.estimates.rungs import NO_PRICE, POISON, Period, direct_rung
from cryptotrace.estimates.standing import Standing
from cryptotrace.tracing import EXIT_CATEGORIES, Envelope, Trace
from cryptotrace.tracing.context import Context
from cryptotrace.tracing.reference import Arrival
from cryptotrace.tracing.swaps import is_null
from cryptotrace.tracing.valuation import dollars

__all__ = ["INCOMPLETE", "exit_arrivals", "exits", "exits_by_entity", "hidden_arrivals", "source_outflow", "throughput"]

INCOMPLETE = frozenset({"not_pulled", "partial", "too_busy", "max_hops"})
"""Frontier reasons that more data, or a longer trace, would resolve."""


def exit_arrivals(trace: Trace, period: Period) -> list[Arrival]:
    """Give what reached exits inside the period."""
    places = trace.context.places
    return [
        arrival
        for arrival in trace.walk.arrivals
        if arrival.outcome == "terminal"
        and arrival.account is not None
        and places.ends[arrival.account].category in EXIT_CATEGORIES
        and (period is None or period[0] <= arrival.row.time < period[1])
    ]


def hidden_arrivals(trace: Trace, period: Period) -> list[Arrival]:
    """Give what the trace had to leave at accounts whose rows are not all here."""
    return [
        arrival
        for arrival in trace.walk.arrivals
        if arrival.outcome in INCOMPLETE and (period is None or period[0] <= arrival.row.time < period[1])
    ]


@dataclass(slots=True)
class _Sum:
    """Micro-dollars of some arrivals, how many of them have a price, and the amounts that have none."""

    micro: int
    priced: int
    unpriced: dict[str, int]


def _summed(trace: Trace, arrivals: Iterable[Arrival]) -> _Sum:
    found = _Sum(0, 0, defaultdict(int))
    for arrival in arrivals:
        micro = trace.context.valuer.micro(arrival.asset, arrival.tainted, arrival.row.time)
        if micro is None:
            found.unpriced[trace.context.asset(arrival.asset)] += arrival.tainted
        else:
            found.micro += micro
            found.priced += 1
    return found


def exits(trace: Trace, envelope: Envelope | None, period: Period, standing: Standing | None = None) -> Rung:
    """Make E4: the range runs over the conserving policies, and up to what incomplete accounts may have passed on."""
    if not trace.policy.conserving:
        return direct_rung("E4", None, reason=POISON)
    arrivals = exit_arrivals(trace, period)
    traces = (trace, *(envelope.conserving if envelope is not None else ()))
    sums = [(_summed(one, exit_arrivals(one, period)), _summed(one, hidden_arrivals(one, period))) for one in traces]
    reached, hidden = sums[0]
    if arrivals and not reached.priced:
        return direct_rung("E4", None, transfers=len(arrivals), unpriced=reached.unpriced, reason=NO_PRICE)
    return direct_rung(
        "E4",
        reached.micro,
        low=min(one.micro for one, _ in sums),
        high=max(one.micro + behind.micro for one, behind in sums),
        transfers=len(arrivals),
        unpriced=reached.unpriced,
        reason=_hidden_words(hidden, {arrival.outcome for arrival in hidden_arrivals(trace, period)}),
        unproven=None if standing is None else standing.exits(trace.walk.arrivals, arrivals),
    )


def _hidden_words(hidden: _Sum, outcomes: set[str]) -> str:
    places = ["to accounts whose history is not complete"] if outcomes - {"max_hops"} else []
    places += ["beyond the limit of steps"] if "max_hops" in outcomes else []
    where = " or ".join(places)
    said = []
    if hidden.micro:
        said.append(
            f"{dollars(hidden.micro):,.2f} USD went {where}: the high end counts it as if all of it had reached an exit"
        )
    if hidden.unpriced:
        amounts = ", ".join(f"{amount:,} base units of {asset}" for asset, amount in sorted(hidden.unpriced.items()))
        said.append(f"{amounts} without a price went {where} and are not in the high end")
    return "; ".join(said)


def exits_by_entity(trace: Trace, period: Period) -> dict[str, int]:
    """Sum the exits of a trace by entity, in micro-dollars: all until the end of the period, since money can come back late."""
    sums: dict[str, int] = defaultdict(int)
    if trace.policy.conserving:
        for arrival in exit_arrivals(trace, None):
            if arrival.account is not None and (period is None or arrival.row.time < period[1]):
                entity = same_entity(trace.context.places.ends[arrival.account].entity)
                sums[entity] += trace.context.valuer.micro(arrival.asset, arrival.tainted, arrival.row.time) or 0
    return sums


def throughput(context: Context, period: Period, standing: Standing | None = None) -> tuple[Rung, int | None]:
    """Sum the full amounts of transfers between accounts whose ledgers we have, the scam set and boundaries."""
    total = transfers = unproven = 0
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
        unproven += 0 if standing is None or standing.passes(row) else micro
    if unpriced and not transfers:
        return direct_rung("E5", None, unpriced=unpriced, reason=NO_PRICE), None
    checked = None if standing is None else unproven
    return direct_rung("E5", total, transfers=transfers, unpriced=unpriced, unproven=checked), total


def _is_in_case(context: Context, account: int, asset: int) -> bool:
    places = context.places
    if account in places.scam or account in places.ends or account in places.closed:
        return True
    token = context.book.assets[asset].asset.contract is not None
    return places.why_not_walked(account, token=token) is None


def source_outflow(context: Context, period: Period) -> tuple[int | None, tuple[tuple[str, int], ...]]:
    """Sum what the sources paid out, payments between them included, in micro-dollars; and the amounts without a price.

    The sum is None where there are only such amounts.
    """
    total = priced = 0
    unpriced: dict[str, int] = defaultdict(int)
    for row in context.ordered:
        if row.sender not in context.places.sources or row.kind == "fee":
            continue
        if period is not None and not period[0] <= row.time < period[1]:
            continue
        micro = context.valuer.micro(row.asset, row.amount, row.time)
        if micro is None:
            unpriced[context.asset(row.asset)] += row.amount
        else:
            total += micro
            priced += 1
    return (None if unpriced and not priced else total), tuple(sorted(unpriced.items()))
