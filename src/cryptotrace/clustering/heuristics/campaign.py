"""campaign: perpetrator seeds that one report calls one campaign."""

from __future__ import annotations

from cryptotrace.clustering.constraints import is_service
from cryptotrace.clustering.edges import Account, Edge, edge
from cryptotrace.model import Labels, Seeds
from cryptotrace.store import Store

__all__ = ["campaign"]

_UNSTATED = 80
"""Confidence where the source gives none: a report's word, not a fact of the chain."""


def campaign(store: Store, seeds: Seeds, labels: Labels | None) -> tuple[Edge, ...]:  # noqa: ARG001  (one signature for all)
    """Link the perpetrator seeds of each campaign to its first one.

    Notes
    -----
    O(seeds). The confidence of an edge is the lower of its two seeds' (80 where the source states none). The first seed is the
    smallest that is neither labelled a service nor also named a victim, so that one wrong address in a list cannot keep the
    others apart; the edges to such addresses are given too, and the constraints refuse them in the open.
    Over-joins where a source calls unrelated scams one campaign.
    """
    groups: dict[str, dict[Account, int]] = {}
    for seed in seeds.perpetrators:
        if seed.campaign:
            group = groups.setdefault(seed.campaign, {})
            account = (seed.chain, seed.address)
            stated = _UNSTATED if seed.confidence is None else seed.confidence
            group[account] = max(stated, group.get(account, 0))
    edges = []
    for name, group in sorted(groups.items()):
        first = min(group, key=lambda account: (_doubtful(account, seeds, labels), account))
        edges += [
            edge(first, other, rule="campaign", confidence=min(group[first], group[other]), detail=f"campaign {name}")
            for other in sorted(group)
            if other != first
        ]
    return tuple(edges)


def _doubtful(account: Account, seeds: Seeds, labels: Labels | None) -> bool:
    label = labels.of(*account) if labels is not None else None
    return is_service(label) or (label is not None and label.role == "victim") or account in seeds.victims
