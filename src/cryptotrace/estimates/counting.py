"""Counting E0 to E3: one decision a transfer, netting payer by payer, exact micro-dollars."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cryptotrace.estimates.inflows import Inflow, Returned

__all__ = ["CAP_MICRO", "RETAIL_CAP_USD", "TAINT_THRESHOLD", "Counted", "count", "recirculable"]

RETAIL_CAP_USD = 500_000
"""Size above which a single payment is left out in one sensitivity (Griffin & Mei keep to smaller ones)."""

CAP_MICRO = RETAIL_CAP_USD * 1_000_000

TAINT_THRESHOLD = Decimal("0.5")
"""A payment whose tainted share reaches this is money of the scam that comes back."""


@dataclass(slots=True, kw_only=True)
class Counted:
    """Micro-dollars of the rungs E0 to E3, and the transfers that count in each."""

    e0: int
    e1: int
    e2: int
    e3: int
    e1_rows: list[Inflow]
    e2_rows: list[Inflow]
    e3_rows: list[Inflow]


def count(
    inflows: Sequence[Inflow],
    returns: Sequence[Returned],
    *,
    cap: int | None = None,
    threshold: Decimal | None = TAINT_THRESHOLD,
) -> Counted:
    """Sum E0 to E3 in micro-dollars; unpriced rows are in no sum."""
    external = [flow for flow in inflows if not flow.not_external]
    plausible = [flow for flow in external if flow.kind in {"exchange", "person"} and (cap is None or (flow.micro or 0) <= cap)]
    back = _sums(returns, lambda flow: flow.receiver)
    came_back = _sums(
        (flow for flow in plausible if flow.kind == "person" and _is_recirculated(flow, threshold)), lambda flow: flow.payer
    )
    e2, e2_rows = _net(external, lambda payer: back.get(payer, 0))
    # Taint that a payer got straight from the scam is a return and already netted; what came round about is taken off instead.
    e3, e3_rows = _net(plausible, lambda payer: max(back.get(payer, 0), came_back.get(payer, 0)))
    return Counted(e0=_total(inflows), e1=_total(external), e2=e2, e3=e3, e1_rows=external, e2_rows=e2_rows, e3_rows=e3_rows)


def _total(flows: Iterable[Inflow]) -> int:
    return sum(flow.micro or 0 for flow in flows)


def _sums(flows: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, int]:
    sums: dict[Any, int] = defaultdict(int)
    for flow in flows:
        sums[key(flow)] += flow.micro or 0
    return sums


def _is_recirculated(flow: Inflow, threshold: Decimal | None) -> bool:
    return threshold is not None and flow.carried > 0 and flow.carried >= threshold * flow.row.amount


def _net(flows: Sequence[Inflow], returned: Callable[[int | None], int]) -> tuple[int, list[Inflow]]:
    """Net persons payer by payer, never below zero; exchanges and services stand as they are."""
    by_payer: dict[int | None, list[Inflow]] = defaultdict(list)
    total = 0
    kept: list[Inflow] = []
    for flow in flows:
        if flow.kind == "person":
            by_payer[flow.payer].append(flow)
        else:
            total += flow.micro or 0
            kept.append(flow)
    for payer, paid in by_payer.items():
        net = max(0, _total(paid) - returned(payer))
        total += net
        if net or any(flow.micro is None for flow in paid):
            kept.extend(paid)
    return total, kept


def recirculable(flows: Iterable[Inflow], exits_by_entity: dict[str | None, int]) -> int:
    """Give how much of the exchanges' payments could be the scam's own money: at most what it sent to the same exchange."""
    paid = _sums((flow for flow in flows if flow.kind == "exchange"), lambda flow: flow.entity)
    return sum(min(amount, exits_by_entity.get(entity, 0)) for entity, amount in paid.items())
