"""Counting E0 to E3: one decision a transfer, netting payer by payer, exact micro-dollars."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cryptotrace.estimates.inflows import Inflow, Returned

__all__ = ["CAP_MICRO", "RETAIL_CAP_USD", "TAINT_THRESHOLD", "Counted", "Part", "count", "recirculable", "same_entity"]

RETAIL_CAP_USD = 500_000
"""Size above which a single payment is left out in one sensitivity (Griffin & Mei keep to smaller ones)."""

CAP_MICRO = RETAIL_CAP_USD * 1_000_000

TAINT_THRESHOLD = Decimal("0.5")
"""A payment whose tainted share reaches this is money of the scam that comes back."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one payer is left with, in micro-dollars, and its payments; ``is_netted`` where returns are taken off."""

    net: int
    payer: int | None
    payments: Sequence[Inflow]
    is_netted: bool


@dataclass(slots=True, kw_only=True)
class Counted:
    """Micro-dollars of the rungs E0 to E3, and the transfers that count in each.

    ``doubtful2`` and ``doubtful3`` are what the rungs E2 and E3 hold of payers who got something back that has no price: how
    much of it is to be taken off is not known. ``e2_parts`` and ``e3_parts`` add up to the rungs.
    """

    e0: int
    e1: int
    e2: int
    e3: int
    e0_rows: Sequence[Inflow]
    e1_rows: Sequence[Inflow]
    e2_rows: Sequence[Inflow]
    e3_rows: Sequence[Inflow]
    e2_parts: Sequence[Part]
    e3_parts: Sequence[Part]
    doubtful2: int
    doubtful3: int

    def micro(self, rung: str) -> int | None:
        """Give the sum of a rung (``e0`` …); None where it holds transfers and none of them has a price."""
        rows: Sequence[Inflow] = getattr(self, f"{rung}_rows")
        total: int = getattr(self, rung)
        return total if not rows or any(flow.micro is not None for flow in rows) else None


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
    unsure = {flow.receiver for flow in returns if flow.micro is None}
    came_back = _sums(
        (flow for flow in plausible if flow.kind == "person" and _is_recirculated(flow, threshold)), lambda flow: flow.payer
    )
    e2 = _net(external, lambda payer: back.get(payer, 0), unsure)
    # Taint that a payer got straight from the scam is a return and already netted; what came round about is taken off instead.
    e3 = _net(plausible, lambda payer: max(back.get(payer, 0), came_back.get(payer, 0)), unsure)
    return Counted(
        e0=_total(inflows),
        e1=_total(external),
        e2=e2.total,
        e3=e3.total,
        e0_rows=inflows,
        e1_rows=external,
        e2_rows=e2.rows,
        e3_rows=e3.rows,
        e2_parts=e2.parts,
        e3_parts=e3.parts,
        doubtful2=e2.doubtful,
        doubtful3=e3.doubtful,
    )


def _total(flows: Iterable[Inflow]) -> int:
    return sum(flow.micro or 0 for flow in flows)


def _sums(flows: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, int]:
    sums: dict[Any, int] = defaultdict(int)
    for flow in flows:
        sums[key(flow)] += flow.micro or 0
    return sums


def _is_recirculated(flow: Inflow, threshold: Decimal | None) -> bool:
    return threshold is not None and flow.carried > 0 and flow.carried >= threshold * flow.row.amount


@dataclass(slots=True)
class _Netted:
    total: int
    rows: list[Inflow]
    parts: list[Part]
    doubtful: int


def _net(flows: Sequence[Inflow], returned: Callable[[int | None], int], unsure: set[int]) -> _Netted:
    """Net persons payer by payer, never below zero; exchanges and services stand as they are."""
    by_payer: dict[int | None, list[Inflow]] = defaultdict(list)
    found = _Netted(0, [], [], 0)
    for flow in flows:
        if flow.kind == "person":
            by_payer[flow.payer].append(flow)
        else:
            found.total += flow.micro or 0
            found.rows.append(flow)
            found.parts.append(Part(flow.micro or 0, flow.payer, (flow,), is_netted=False))
    for payer, paid in by_payer.items():
        net = max(0, _total(paid) - returned(payer))
        found.total += net
        found.parts.append(Part(net, payer, paid, is_netted=True))
        if payer in unsure:
            found.doubtful += net
        if net or any(flow.micro is None for flow in paid):
            found.rows.extend(paid)
    return found


def recirculable(flows: Iterable[Inflow], exits_by_entity: dict[str, int]) -> int:
    """Give how much of the exchanges' payments could be the scam's own money: at most what it sent to the same exchange."""
    paid = _sums((flow for flow in flows if flow.kind == "exchange"), lambda flow: same_entity(flow.entity))
    return sum(min(amount, exits_by_entity.get(entity, 0)) for entity, amount in paid.items())


def same_entity(name: str | None) -> str:
    """Give the form under which two labels name one entity, as clustering does: ``Binance`` is ``binance``."""
    return (name or "").strip().casefold()
