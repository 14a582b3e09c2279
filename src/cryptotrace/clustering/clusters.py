"""The result of clustering: frozen, explains itself, and can be computed again without a rule."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cryptotrace.clustering.components import Components, join
from cryptotrace.clustering.constraints import NOTHING, Known
from cryptotrace.clustering.edges import Account, Edge, account_name
from cryptotrace.clustering.heuristics import RULES
from cryptotrace.clustering.paths import Explanation, explain
from cryptotrace.codecs import chain_of, is_codec_known, parse_address, parse_caip10
from cryptotrace.errors import InputError
from cryptotrace.model import Provenance, ResultTable, Seeds, cell_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Clusters", "Explanation"]

_EDGE = ("address_a", "address_b", "rule", "confidence", "tx_hashes", "detail")
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "members": ("cluster", "chain", "address"),
    "evidence": (*_EDGE, "unioned"),
    "blocked": (*_EDGE, "reason"),
    "moved": ("chain", "address", "before", "after"),
    "largest": ("cluster", "members", "chains", "perpetrator_seeds", "smallest"),
}
_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """Who belongs together, and why.

    Every seed is a member of exactly one cluster; other addresses are members only where an edge joined them.

    Attributes
    ----------
    seeds : Seeds
        As given.
    edges : tuple of Edge
        All evidence, of every rule.
    union : tuple of str
        Rules whose edges joined.
    scam_set : frozenset of (chain, address)
        Perpetrator seeds and everyone in a cluster with one, less what a label or seed calls a service.
    campaigns : mapping of str to frozenset of (chain, address)
        The same for the seeds of each named campaign; two campaigns with a common owner share addresses.
    provenance : Provenance
        Parameters, hashes of the inputs, and warnings (a seed that is labelled a service, for example).
    """

    seeds: Seeds
    edges: tuple[Edge, ...]
    union: tuple[str, ...]
    scam_set: frozenset[Account]
    campaigns: Mapping[str, frozenset[Account]]
    provenance: Provenance
    _known: Mapping[Account, Known] = field(repr=False)
    _components: Components = field(repr=False)
    _ids: Mapping[Account, str] = field(repr=False)
    _before: Mapping[Account, str] | None = field(default=None, repr=False)

    @classmethod
    def joined(
        cls,
        *,
        seeds: Seeds,
        edges: tuple[Edge, ...],
        known: Mapping[Account, Known],
        union: tuple[str, ...],
        provenance: Provenance,
    ) -> Clusters:
        """Join evidence into clusters; what :func:`cluster` calls."""
        components = join(seeds.addresses, [edge for edge in edges if edge.rule in union], known)
        ids = _cluster_ids(components)
        together = {account: group for group in components.members for account in group}
        around = partial(_scam_around, together=together, known=known)
        by_campaign: dict[str, set[Account]] = {}
        for seed in seeds.perpetrators:
            if seed.campaign:
                by_campaign.setdefault(seed.campaign, set()).add((seed.chain, seed.address))
        return cls(
            seeds=seeds,
            edges=edges,
            union=union,
            scam_set=around({(seed.chain, seed.address) for seed in seeds.perpetrators}),
            campaigns=MappingProxyType({name: around(group) for name, group in sorted(by_campaign.items())}),
            provenance=provenance,
            _known=known,
            _components=components,
            _ids=ids,
        )

    @property
    def members(self) -> pd.DataFrame:
        """One row an address: ``cluster, chain, address``."""
        return self.table("members").to_pandas()

    @property
    def evidence(self) -> pd.DataFrame:
        """One row an edge: ``address_a, address_b`` (CAIP-10), ``rule, confidence, tx_hashes, detail, unioned``."""
        return self.table("evidence").to_pandas()

    @property
    def blocked(self) -> pd.DataFrame:
        """Edges that a constraint kept from joining, with the reason."""
        return self.table("blocked").to_pandas()

    @property
    def moved(self) -> pd.DataFrame:
        """After :meth:`without`: addresses whose cluster is another than before, or none (``after`` is None)."""
        return self.table("moved").to_pandas()

    def table(self, name: str) -> ResultTable:
        """Give a result table: ``members``, ``evidence``, ``blocked``, ``moved`` or ``largest``.

        Raises
        ------
        InputError
            If there is no table of that name.
        """
        rows = {
            "members": self._member_rows,
            "evidence": self._evidence_rows,
            "blocked": lambda: [(*_cells(edge), reason) for edge, reason in self._components.blocked],
            "moved": self._moved_rows,
            "largest": self._size_rows,
        }
        if name not in rows:
            raise InputError(f"no table {name!r}", where="clusters.table", hint=f"The tables are: {', '.join(rows)}")
        return ResultTable(name, _COLUMNS[name], tuple(rows[name]()))

    def largest(self, n: int = 10) -> pd.DataFrame:
        """Give the `n` largest clusters: the first place to look for a join that went wrong."""
        return self.table("largest").to_pandas().head(n)

    def of(self, chain: str, address: str) -> str | None:
        """Give the cluster of an address in any spelling; None where it is in none.

        Raises
        ------
        InvalidAddressError
            If it is no address of that chain.
        """
        if is_codec_known(chain):
            return self._ids.get((chain_of(chain).name, parse_address(address, chain)))
        return self._ids.get((chain, address))

    def why(self, a: str | Account, b: str | Account) -> Explanation:
        """Give the shortest chain of evidence by which two addresses were joined.

        Parameters
        ----------
        a, b : str or (chain, address)
            CAIP-10 text as the tables show it, or a pair.

        Returns
        -------
        Explanation
            A tuple of :class:`Edge` from `a` to `b`. Empty where they were not joined; its ``reason`` says why.
        """
        one, other = _account(a), _account(b)
        return explain(one, other, ids=self._ids, accepted=self._components.accepted, blocked=self._components.blocked)

    def without(self, *rules: str) -> Clusters:
        """Compute again without the edges of some rules; :attr:`moved` then says what changed.

        Raises
        ------
        InputError
            If there is no rule of that name.
        """
        unknown = [rule for rule in rules if rule not in RULES]
        if unknown:
            raise InputError(
                f"unknown rule {', '.join(map(repr, unknown))}",
                where="clusters.without",
                hint=f"The rules are: {', '.join(sorted(RULES))}",
            )
        union = tuple(rule for rule in self.union if rule not in rules)
        parameters = {**self.provenance.parameters, "union": " ".join(union)}
        fresh = Clusters.joined(
            seeds=self.seeds,
            edges=self.edges,
            known=self._known,
            union=union,
            provenance=replace(self.provenance, parameters=parameters),
        )
        return replace(fresh, _before=self._ids)

    def __len__(self) -> int:
        """Count the clusters."""
        return len(self._components.members)

    def __repr__(self) -> str:
        return (
            f"<Clusters: {len(self._ids):,} addresses in {len(self):,} clusters, {len(self.scam_set):,} in the scam set, "
            f"{len(self._components.blocked):,} joins blocked>"
        )

    def _repr_html_(self) -> str:
        """Show the largest clusters, blocked joins and warnings; every text is escaped."""
        warnings = "".join(f"<li>{escape(text)}</li>" for text in self.provenance.warnings)
        parts = [f"<p>{escape(repr(self)[1:-1])}</p>", f"<ul>{warnings}</ul>" if warnings else ""]
        parts += [_html(self.table(name)) for name in ("largest", "blocked") if len(self.table(name))]
        return "".join(parts)

    def _member_rows(self) -> list[tuple[Any, ...]]:
        return [(self._ids[account], *account) for group in self._components.members for account in group]

    def _evidence_rows(self) -> list[tuple[Any, ...]]:
        joined = set(self._components.accepted)
        return [(*_cells(edge), edge in joined) for edge in self.edges]

    def _moved_rows(self) -> list[tuple[Any, ...]]:
        before = self._before if self._before is not None else self._ids
        return [
            (*account, before.get(account), self._ids.get(account))
            for account in sorted({*before, *self._ids})
            if before.get(account) != self._ids.get(account)
        ]

    def _size_rows(self) -> list[tuple[Any, ...]]:
        seeds = {(seed.chain, seed.address) for seed in self.seeds.perpetrators}
        groups = sorted(self._components.members, key=lambda group: (-len(group), group))
        return [
            (
                self._ids[group[0]],
                len(group),
                len({chain for chain, _ in group}),
                sum(account in seeds for account in group),
                account_name(group[0]),
            )
            for group in groups
        ]


def _scam_around(
    seeds: set[Account], *, together: Mapping[Account, tuple[Account, ...]], known: Mapping[Account, Known]
) -> frozenset[Account]:
    """Give the seeds and everyone in a cluster with one, less services."""
    honest = {account for account in seeds if not known.get(account, NOTHING).services}
    return frozenset(
        member for account in honest for member in together.get(account, (account,)) if not known.get(member, NOTHING).services
    )


def _cluster_ids(components: Components) -> dict[Account, str]:
    """Name each cluster after its smallest member; two that would share a short name get longer ones."""
    digests = [hashlib.sha256(account_name(group[0]).encode()).hexdigest() for group in components.members]
    times = Counter(digest[:8] for digest in digests)
    return {
        account: f"c-{digest[: 8 if times[digest[:8]] == 1 else 32]}"
        for digest, group in zip(digests, components.members, strict=True)
        for account in group
    }


def _account(given: str | Account) -> Account:
    if isinstance(given, str):
        return parse_caip10(given)
    chain, address = given
    return (chain_of(chain).name, parse_address(address, chain)) if is_codec_known(chain) else (chain, address)


def _cells(edge: Edge) -> tuple[Any, ...]:
    return (edge.address_a, edge.address_b, edge.rule, edge.confidence, edge.tx_hashes, edge.detail)


def _html(table: ResultTable) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell_text(cell))}</td>' for cell in row)}</tr>" for row in table.rows[:_SHOWN])
    more = f"<p>and {len(table) - _SHOWN:,} more in <code>.table({escape(repr(table.name))})</code></p>"
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more if len(table) > _SHOWN else ''}"
