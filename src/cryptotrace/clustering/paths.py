"""Why two addresses are together, or are not."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from cryptotrace.clustering.edges import Account, Edge, account_name

__all__ = ["Explanation", "explain"]


class Explanation(tuple[Edge, ...]):  # noqa: SLOT001  (a tuple subclass cannot have a slot)
    """The edges that lead from one address to another, in order; ``reason`` says the same, or why there are none."""

    reason: str

    def __new__(cls, edges: Iterable[Edge], reason: str) -> Explanation:  # noqa: PYI034  (a tuple made with its reason)
        """Make a tuple that carries its reason."""
        made = super().__new__(cls, edges)
        made.reason = reason
        return made

    def __repr__(self) -> str:
        return f"<Explanation: {self.reason}>"


def explain(
    one: Account,
    other: Account,
    *,
    ids: Mapping[Account, str],
    accepted: Iterable[Edge],
    blocked: Iterable[tuple[Edge, str]],
) -> Explanation:
    """Find the shortest chain of accepted edges between two accounts, or the reason that there is none; O(edges).

    Among chains of equal length the one of the surest first edges is given, the same one every time.
    """
    missing = [account_name(account) for account in (one, other) if account not in ids]
    if missing:
        return Explanation((), f"{missing[0]} is in no cluster: it is no seed, and no joining evidence names it")
    if one == other:
        return Explanation((), "both are the same address")
    if ids[one] != ids[other]:
        return Explanation((), _why_apart(ids[one], ids[other], ids, blocked))
    path = _shortest(one, other, accepted)
    return Explanation(path, " then ".join(f"{edge.rule} ({edge.confidence}): {edge.detail}" for edge in path))


def _why_apart(one: str, other: str, ids: Mapping[Account, str], blocked: Iterable[tuple[Edge, str]]) -> str:
    for edge, reason in blocked:
        if {ids.get(edge.a), ids.get(edge.b)} == {one, other}:
            return f"{edge.rule} would join their clusters, but that is never done: {reason}"
    return "no evidence of a joining rule links their clusters"


def _shortest(one: Account, other: Account, accepted: Iterable[Edge]) -> tuple[Edge, ...]:
    links: dict[Account, list[Edge]] = {}
    for edge in sorted(accepted, key=lambda edge: edge.rank):
        links.setdefault(edge.a, []).append(edge)
        links.setdefault(edge.b, []).append(edge)
    came: dict[Account, tuple[Account, Edge] | None] = {one: None}
    waiting = deque([one])
    while waiting and other not in came:
        here = waiting.popleft()
        for edge in links.get(here, ()):
            there = edge.b if edge.a == here else edge.a
            if there not in came:
                came[there] = (here, edge)
                waiting.append(there)
    path = []
    step = came[other]
    while step is not None:
        path.append(step[1])
        step = came[step[0]]
    return tuple(reversed(path))
