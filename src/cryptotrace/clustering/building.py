"""The verb: gather evidence, join what may be joined."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from cryptotrace._version import __version__
from cryptotrace.clustering.clusters import Clusters
from cryptotrace.clustering.constraints import known_accounts
from cryptotrace.clustering.edges import Edge
from cryptotrace.clustering.heuristics import RULES
from cryptotrace.errors import InputError
from cryptotrace.hygiene import ensure_clean
from cryptotrace.model import Labels, Provenance, Seeds
from cryptotrace.store import Store

__all__ = ["cluster"]


def cluster(
    store: Store, seeds: Seeds, *, labels: Labels | None = None, union: Sequence[str] = ("campaign", "same_key")
) -> Clusters:
    """Group addresses that have one owner, with the evidence for each link.

    Parameters
    ----------
    store : Store
        The case store; it is cleaned first where it has changed.
    seeds : Seeds
        Each seed is in a cluster, alone if nothing links it.
    labels : Labels, optional
        Services and victims among them are never joined with a scam, whatever the evidence.
    union : sequence of str
        Rules whose edges join. The evidence of all other rules is shown, but joins nothing.

    Returns
    -------
    Clusters

    Raises
    ------
    InputError
        If `union` names a rule that does not exist.
    StoreError
        If the store needs cleaning but is read-only.

    Notes
    -----
    O(edges x log edges) and what each rule costs. The result depends on neither the order of the seeds nor of the rules.
    """
    chosen = _checked(union)
    with store.session():
        ensure_clean(store, labels=labels)
        edges = tuple(edge for name in sorted(RULES) for edge in RULES[name](store, seeds, labels))
        version = store.version
    accounts = {end for edge in edges for end in (edge.a, edge.b)}
    known, warnings = known_accounts(accounts, seeds, labels)
    return Clusters.joined(
        seeds=seeds,
        edges=_distinct(edges),
        known=known,
        union=chosen,
        provenance=Provenance(
            verb="cluster",
            version=__version__,
            parameters={"union": " ".join(chosen)},
            inputs={
                "store_version": str(version),
                "seeds": _digest(sorted(map(repr, {(s.chain, s.address, s.role, s.campaign) for s in seeds}))),
                "known": _digest(f"{account} {known[account]!r}" for account in sorted(known)),
            },
            warnings=warnings,
        ),
    )


def _checked(union: Sequence[str]) -> tuple[str, ...]:
    names = (union,) if isinstance(union, str) else tuple(union)
    unknown = [name for name in names if name not in RULES]
    if unknown:
        raise InputError(
            f"unknown rule {', '.join(map(repr, unknown))}", where="union", hint=f"The rules are: {', '.join(sorted(RULES))}"
        )
    return tuple(sorted(set(names)))


def _distinct(edges: tuple[Edge, ...]) -> tuple[Edge, ...]:
    return tuple(sorted(set(edges), key=lambda edge: edge.rank))


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
