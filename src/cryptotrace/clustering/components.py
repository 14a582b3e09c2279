"""Constrained union-find: edges are joined surest first, and a join that breaks a constraint does not happen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptotrace.clustering.constraints import NOTHING, Known, conflict, merged
from cryptotrace.clustering.edges import Account, Edge

__all__ = ["Components", "join"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """The outcome of joining.

    Attributes
    ----------
    members : tuple of tuple of (chain, address)
        The clusters, each sorted; sorted by their smallest member.
    accepted : tuple of Edge
        Edges whose two ends are in one cluster.
    blocked : tuple of (Edge, str)
        Edges that would have joined two clusters that may not be one, and why.
    """

    members: tuple[tuple[Account, ...], ...]
    accepted: tuple[Edge, ...]
    blocked: tuple[tuple[Edge, str], ...]


def join(accounts: Iterable[Account], edges: Iterable[Edge], known: Mapping[Account, Known]) -> Components:
    """Join the ends of edges into clusters.

    Parameters
    ----------
    accounts : iterable of (chain, address)
        Each is in a cluster, alone if nothing joins it.
    edges : iterable of Edge
        In any order; they are taken in that of :attr:`Edge.rank`.
    known : mapping
        What is known of single accounts. The constraint is checked before each join for the whole of both sides.

    Notes
    -----
    O(edges x log edges). Without constraints the clusters are the connected components. With them the outcome depends on
    which edge comes first: that is fixed by the edges alone, and what lost is in ``blocked``.
    """
    forest = _Forest(accounts, known)
    accepted, blocked = [], []
    for edge in sorted(edges, key=lambda edge: edge.rank):
        why_not = forest.union(edge.a, edge.b)
        if why_not is None:
            accepted.append(edge)
        else:
            blocked.append((edge, why_not))
    return Components(members=forest.members(), accepted=tuple(accepted), blocked=tuple(blocked))


class _Forest:
    """Disjoint sets by rank, with path halving; each root knows what is known of its set."""

    def __init__(self, accounts: Iterable[Account], known: Mapping[Account, Known]) -> None:
        self._parent = {account: account for account in accounts}
        self._size = dict.fromkeys(self._parent, 1)
        self._known = dict(known)

    def _root(self, account: Account) -> Account:
        parent = self._parent
        parent.setdefault(account, account)
        while parent[account] != account:
            parent[account] = parent[parent[account]]
            account = parent[account]
        return account

    def union(self, one: Account, other: Account) -> str | None:
        """Join two sets; None, or why it may not be."""
        large, small = self._root(one), self._root(other)
        if large == small:
            return None
        left, right = self._known.get(large, NOTHING), self._known.get(small, NOTHING)
        why_not = conflict(left, right)
        if why_not is not None:
            return why_not
        if self._size.get(large, 1) < self._size.get(small, 1):
            large, small = small, large
        self._parent[small] = large
        self._size[large] = self._size.get(large, 1) + self._size.get(small, 1)
        self._known[large] = merged(left, right)
        return None

    def members(self) -> tuple[tuple[Account, ...], ...]:
        sets: dict[Account, list[Account]] = {}
        for account in sorted(self._parent):
            sets.setdefault(self._root(account), []).append(account)
        return tuple(tuple(group) for group in sets.values())
