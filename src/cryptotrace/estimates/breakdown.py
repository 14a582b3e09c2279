"""Beside the ladder: sensitivities, the split by cluster, and the decision on each transfer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from cryptotrace.clustering import Clusters
from cryptotrace.estimates.counting import CAP_MICRO, RETAIL_CAP_USD, Counted, count, recirculable
from cryptotrace.estimates.inflows import Inflow, Returned
from cryptotrace.model import ResultTable
from cryptotrace.tracing.context import Context
from cryptotrace.tracing.valuation import dollars

__all__ = ["CLUSTER_COLUMNS", "DECISION_COLUMNS", "SENSITIVITY_COLUMNS", "by_cluster", "decisions", "sensitivity"]

SENSITIVITY_COLUMNS = ("rung", "assumption", "base", "alternative", "total_usd", "change_pct")


def sensitivity(inflows: Sequence[Inflow], returns: Sequence[Returned], exits: dict[str, int], counted: Counted) -> ResultTable:
    """One assumption a row: the figure if it were made otherwise; rungs without a figure have none."""
    cases = (
        ("E2", "exchange payments that may be the scam's own", "all count", "what went to the same exchange came back",
         counted.e2, counted.e2 - recirculable(counted.e2_rows, exits)),
        ("E3", "exchange payments that may be the scam's own", "all count", "what went to the same exchange came back",
         counted.e3, counted.e3 - recirculable(counted.e3_rows, exits)),
        ("E2", "returns without a price", "not taken off", "their payers got everything back",
         counted.e2, counted.e2 - counted.doubtful2),
        ("E3", "returns without a price", "not taken off", "their payers got everything back",
         counted.e3, counted.e3 - counted.doubtful3),
        ("E3", "largest single payment", "no cap", f"{RETAIL_CAP_USD:,} USD", counted.e3,
         count(inflows, returns, cap=CAP_MICRO).e3),
        ("E3", "tainted money coming back", "left out from a share of 0.5", "counted like any payment", counted.e3,
         count(inflows, returns, threshold=None).e3),
    )  # fmt: skip
    rows = tuple(
        (rung, what, base, other, dollars(value), _percent(value - was, was))
        for rung, what, base, other, was, value in cases
        if counted.micro(rung.lower()) is not None and (value != was or what != "returns without a price")
    )
    return ResultTable("sensitivity", SENSITIVITY_COLUMNS, rows)


def _percent(change: int, base: int) -> Decimal | None:
    return None if not base else (Decimal(change) * 100 / Decimal(base)).quantize(Decimal("0.1"))


CLUSTER_COLUMNS = ("cluster", "addresses", "e0_usd", "e1_usd", "e2_usd", "e3_usd", "first_payment", "last_payment", "payers")


def by_cluster(
    context: Context, clusters: Clusters | None, inflows: Sequence[Inflow], returns: Sequence[Returned]
) -> ResultTable:
    """Give the rungs of each cluster alone; payers are netted inside it, so the parts can differ from the whole.

    A rung is None where none of its transfers has a price.
    """

    def cluster_of(account: int | None) -> str:
        name = context.book.accounts[account] if account is not None else ("", "")
        found = clusters.of(*name) if clusters is not None else None
        return found or "not clustered"

    groups: dict[str, tuple[list[Inflow], list[Returned]]] = defaultdict(lambda: ([], []))
    for flow in inflows:
        groups[cluster_of(flow.row.receiver)][0].append(flow)
    for back in returns:
        groups[cluster_of(back.payer)][1].append(back)
    rows = []
    for name, (paid, returned) in sorted(groups.items()):
        counted = count(paid, returned)
        times = [flow.row.time for flow in counted.e1_rows]
        rows.append((
            name, len({flow.row.receiver for flow in paid} | {flow.payer for flow in returned}),
            *(dollars(counted.micro(rung)) for rung in ("e0", "e1", "e2", "e3")), min(times, default=None),
            max(times, default=None), len({flow.payer for flow in counted.e3_rows}),
        ))  # fmt: skip
    return ResultTable("by_cluster", CLUSTER_COLUMNS, tuple(rows))


DECISION_COLUMNS = (
    "chain", "tx_hash", "position", "time", "payer", "payer_kind", "entity", "receiver", "asset", "amount", "usd", "counts_in",
    "reason",
)  # fmt: skip


def decisions(context: Context, inflows: Sequence[Inflow], counted: Counted) -> ResultTable:
    """Say of each transfer into the scam set in which rungs it counts, and what stopped it."""
    e2, e3 = {id(flow) for flow in counted.e2_rows}, {id(flow) for flow in counted.e3_rows}
    rows = []
    for flow in inflows:
        rungs = ["E0"]
        reason = flow.not_external
        if not reason:
            rungs.append("E1")
            rungs += [name for name, kept in (("E2", e2), ("E3", e3)) if id(flow) in kept]
            if "E2" not in rungs:
                reason = "the payer got back at least as much"
            elif "E3" not in rungs:
                reason = "the payer is a service" if flow.kind == "service" else "the scam's own money coming back"
        row = flow.row
        payer = None if flow.payer is None else context.account(flow.payer)[1]
        receiver = context.account(row.receiver or 0)[1]
        rows.append((
            row.chain, row.tx_hash, row.position, row.time, payer, flow.kind, flow.entity, receiver,
            context.asset(row.asset), row.amount, dollars(flow.micro), " ".join(rungs), reason,
        ))  # fmt: skip
    return ResultTable("decisions", DECISION_COLUMNS, tuple(rows))
