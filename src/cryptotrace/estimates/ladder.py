"""The ladder E0 to E5: from everything that came in to what victims can have lost, each rung with its definition.

Sums are exact micro-dollars, each transfer valued at its own time. A transfer without a price is in no sum; its amount is
listed with the rung.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cryptotrace.clustering import Clusters
from cryptotrace.estimates.breakdown import (
    CLUSTER_COLUMNS,
    DECISION_COLUMNS,
    SENSITIVITY_COLUMNS,
    by_cluster,
    decisions,
    sensitivity,
)
from cryptotrace.estimates.counting import CAP_MICRO, count, recirculable
from cryptotrace.estimates.exits import exits, exits_by_entity, source_outflow, throughput
from cryptotrace.estimates.inflows import find_inflows, find_returns
from cryptotrace.estimates.result import Rung
from cryptotrace.estimates.rungs import NO_VICTIMS, UNREAD, Period, counted_rung, direct_rung
from cryptotrace.estimates.standing import Standing
from cryptotrace.model import ResultTable
from cryptotrace.tracing import Envelope, Trace

__all__ = ["Ladder", "build_ladder"]


@dataclass(slots=True, kw_only=True)
class Ladder:
    """The rungs with what they were made from; micro-dollars."""

    rungs: tuple[Rung, ...]
    sensitivity: ResultTable
    by_cluster: ResultTable
    decisions: ResultTable
    outflow: bool
    source_outflow: int | None
    source_unpriced: tuple[tuple[str, int], ...]
    e1: int | None
    e5: int | None


def build_ladder(
    trace: Trace, clusters: Clusters | None, envelope: Envelope | None, period: Period, standing: Standing | None = None
) -> Ladder:
    """Build every rung; O(rows)."""
    if trace.context.is_unread:
        return _without_figures(tuple(direct_rung(name, None, reason=UNREAD) for name in ("E0", "E1", "E2", "E3", "E4", "E5")))
    e4 = exits(trace, envelope, period, standing)
    e5, volume = throughput(trace.context, period, standing)
    if trace.context.places.outflow:
        paid_out, paid_unpriced = source_outflow(trace.context, period)
        unknown = (direct_rung(name, None, reason=NO_VICTIMS) for name in ("E0", "E1", "E2", "E3"))
        found = _without_figures((*unknown, e4, e5))
        return replace(found, outflow=True, source_outflow=paid_out, source_unpriced=paid_unpriced, e5=volume)
    context = trace.context
    inflows, returns = find_inflows(trace, period), find_returns(context, period)
    back_from = exits_by_entity(trace, period)
    counted = count(inflows, returns)
    e2_low = counted.e2 - recirculable(counted.e2_rows, back_from) - counted.doubtful2
    capped = count(inflows, returns, cap=CAP_MICRO)
    e3_low = min(counted.e3 - recirculable(counted.e3_rows, back_from) - counted.doubtful3, capped.e3)
    return Ladder(
        rungs=(
            counted_rung("E0", counted, context, standing=standing),
            counted_rung("E1", counted, context, standing=standing),
            counted_rung("E2", counted, context, standing=standing, low=e2_low, returns=returns),
            counted_rung("E3", counted, context, standing=standing, low=e3_low, returns=returns),
            e4,
            e5,
        ),
        sensitivity=sensitivity(inflows, returns, back_from, counted),
        by_cluster=by_cluster(context, clusters, inflows, returns),
        decisions=decisions(context, inflows, counted),
        outflow=False,
        source_outflow=None,
        source_unpriced=(),
        e1=counted.micro("e1"),
        e5=volume,
    )


def _without_figures(rungs: tuple[Rung, ...]) -> Ladder:
    """Make a ladder whose payments nobody can look at."""
    return Ladder(
        rungs=rungs,
        sensitivity=ResultTable("sensitivity", SENSITIVITY_COLUMNS),
        by_cluster=ResultTable("by_cluster", CLUSTER_COLUMNS),
        decisions=ResultTable("decisions", DECISION_COLUMNS),
        outflow=False,
        source_outflow=None,
        source_unpriced=(),
        e1=None,
        e5=None,
    )
