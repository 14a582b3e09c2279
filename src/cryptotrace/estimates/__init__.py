"""Estimates: what was stolen, what reached exits, what only passed; and reported totals beside it, like with like."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Context, Decimal
from typing import TYPE_CHECKING

from cryptotrace._version import __version__
from cryptotrace.errors import InputError
from cryptotrace.estimates.comparison import compare
from cryptotrace.estimates.ladder import Ladder, build_ladder
from cryptotrace.estimates.result import Comparison, Estimate, Rung, Verdict, incomplete_first
from cryptotrace.estimates.scopes import checked_scope
from cryptotrace.estimates.standing import asked_proofs, standing_of
from cryptotrace.model import Provenance, Scope
from cryptotrace.tracing.valuation import dollars

if TYPE_CHECKING:
    from cryptotrace.clustering import Clusters
    from cryptotrace.store import Store
    from cryptotrace.tracing import Envelope, Trace

__all__ = ["Comparison", "Estimate", "Rung", "Verdict", "compare", "estimate"]


def estimate(
    store: Store,
    clusters: Clusters | None,
    trace: Trace,
    *,
    currency: str = "USD",
    scope: Scope | None = None,
    envelope: Envelope | None = None,
) -> Estimate:
    """Estimate stolen funds as a ladder, from gross inflow to what victims can have lost.

    Parameters
    ----------
    store : Store
        The case store that the trace was made from.
    clusters : Clusters or None
        For the split by cluster.
    trace : Trace
        Gives the exits and says what money came back to the scam.
    currency : str
        ``"USD"``.
    scope : Scope, optional
        What the estimate is about; transfers outside its period do not count. Without a period, the span of the payments.
    envelope : Envelope, optional
        Gives E4 its range over the conserving policies.

    Returns
    -------
    Estimate

    Raises
    ------
    InputError
        If the currency is not USD, the scope is not one, or the store has changed since the trace.

    Notes
    -----
    O(rows). Over-counts where an exchange withdrawal of the scam comes back without a trace; under-counts what has no price
    and what victims paid to addresses that are not in the scam set. Each rung says how much of it rests on accounts whose
    rows do not add up to their balance (:func:`cryptotrace.prove`); nothing where no balance was asked.
    """
    if currency != "USD":
        raise InputError(f"unknown currency {currency!r}", where="estimate(currency=…)", hint='Use "USD"')
    if trace.context.digest != f"store version {store.version}":
        raise InputError(
            "the store has changed since the trace", where="estimate", hint="Run trace() again on the store as it is now"
        )
    scope = checked_scope(scope or Scope())
    checked = asked_proofs(store)
    ladder = build_ladder(trace, clusters, envelope, scope.period, standing_of(trace.context, checked))
    if scope.period is None:
        scope = replace(scope, period=_span(trace))
    ratio, divisor = _throughput_ratio(ladder)
    return Estimate(
        scope=scope,
        currency=currency,
        rungs=ladder.rungs,
        sensitivity=ladder.sensitivity,
        by_cluster=ladder.by_cluster,
        decisions=ladder.decisions,
        throughput_ratio=ratio,
        throughput_divisor=divisor,
        source_outflow_usd=dollars(ladder.source_outflow),
        source_outflow_unpriced=ladder.source_unpriced,
        proofs=incomplete_first(checked.table),
        provenance=Provenance(
            verb="estimate",
            version=__version__,
            parameters={
                "category": scope.category,
                "period": "" if scope.period is None else "/".join(time.isoformat() for time in scope.period),
                "population": scope.population,
                "policy": trace.policy.id,
            },
            inputs=dict(trace.provenance.inputs),
            warnings=_warnings(trace),
        ),
        trace=trace,
    )


def _span(trace: Trace) -> tuple[datetime, datetime] | None:
    """Give the whole days from the first to the last ledger row, half open."""
    times = [row.time for row in trace.context.ordered]  # in order of time on each chain, not over all
    if not times:
        return None
    first, last = (time.replace(hour=0, minute=0, second=0, microsecond=0) for time in (min(times), max(times)))
    return first, last + timedelta(days=1)


def _throughput_ratio(ladder: Ladder) -> tuple[Decimal | None, str]:
    divisor, name = (ladder.source_outflow, "source outflow") if ladder.outflow else (ladder.e1, "E1")
    if not divisor or ladder.e5 is None:
        return None, name
    return Context(prec=9).divide(Decimal(ladder.e5), Decimal(divisor)), name


def _warnings(trace: Trace) -> tuple[str, ...]:
    found = list(trace.provenance.warnings)
    context = trace.context
    if not context.places.scam:
        found.append("no scam address occurs in the data: nothing was looked for, so a rung that is zero says nothing")
    elif not context.ordered:
        found.append("no transfer is in the ledger up to the as-of time: a rung that is zero says nothing")
    return tuple(found)
