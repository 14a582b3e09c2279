"""Results of tracing: frozen, self-describing, ready for a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any

from cryptotrace.model import BOUNDARY_CATEGORIES, Policy, Provenance, ResultTable, cell_text
from cryptotrace.tracing.context import Context
from cryptotrace.tracing.reference import Walk
from cryptotrace.tracing.valuation import dollars, sum_dollars, total_dollars

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    import pyarrow as pa

__all__ = ["EXIT_CATEGORIES", "Envelope", "Totals", "Trace"]

EXIT_CATEGORIES = BOUNDARY_CATEGORIES - {"burn", "stablecoin_issuer"}
"""Ends that count as money leaving the traced world; a return to a victim, a burn or a redemption is an end, but no exit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Dollar totals of one trace; each is None where a part of it has no price."""

    injected: Decimal | None
    terminals: Decimal | None
    exits: Decimal | None
    resting: Decimal | None
    frontier: Decimal | None
    inexact_order: Decimal | None
    through_openings: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Where tainted value went under one policy.

    The public tables are attributes: ``flows``, ``terminals``, ``resting``, ``frontier``, ``openings``, ``conversions``,
    ``statement`` (DataFrames; amounts are Python ints in base units, dollars are Decimals). :meth:`table` gives the same rows
    without pandas.
    """

    policy: Policy
    tables: Mapping[str, ResultTable]
    totals: Totals
    openings_tainted_exits: Decimal | None
    provenance: Provenance
    context: Context = field(repr=False, compare=False)
    walk: Walk = field(repr=False, compare=False)

    def table(self, name: str) -> ResultTable:
        """Give one of the public tables as exact rows."""
        return self.tables[name]

    @property
    def flows(self) -> pd.DataFrame:
        """One row for each tainted movement."""
        return self.tables["flows"].to_pandas()

    @property
    def terminals(self) -> pd.DataFrame:
        """What reached boundaries, by address and asset."""
        return self.tables["terminals"].to_pandas()

    @property
    def resting(self) -> pd.DataFrame:
        """What is still held, by address and asset."""
        return self.tables["resting"].to_pandas()

    @property
    def frontier(self) -> pd.DataFrame:
        """Where the trace stops without knowing more, and why."""
        return self.tables["frontier"].to_pandas()

    @property
    def openings(self) -> pd.DataFrame:
        """Balances that accounts must have had before the first row."""
        return self.tables["openings"].to_pandas()

    @property
    def conversions(self) -> pd.DataFrame:
        """Taint that changed asset."""
        return self.tables["conversions"].to_pandas()

    @property
    def statement(self) -> pd.DataFrame:
        """The balance of the trace, per asset; ``difference`` is 0 for every conserving policy."""
        return self.tables["statement"].to_pandas()

    def to_pandas(self) -> pd.DataFrame:
        """Give the flows."""
        return self.flows

    def to_arrow(self) -> pa.Table:
        """Give the flows as Arrow."""
        return self.tables["flows"].to_arrow()

    def to_networkx(self) -> nx.MultiDiGraph:
        """Give the flows as a graph: nodes are (chain, address), amounts are text."""
        import networkx as nx

        graph = nx.MultiDiGraph()
        for row in self.tables["flows"].dicts():
            if row["sender"] is None or row["receiver"] is None:
                continue
            data = {name: cell_text(row[name]) for name in ("asset", "amount", "tainted_amount", "tainted_usd", "time", "hop")}
            graph.add_edge(
                f"{row['chain']}:{row['sender']}",
                f"{row['chain']}:{row['receiver']}",
                **data,
            )
        return graph

    def why(self, chain: str, address: str) -> tuple[dict[str, Any], ...]:
        """Give the movements that brought taint to an address, in order of time."""
        from cryptotrace.codecs import chain_of, display_address, parse_address

        name = chain_of(chain).name
        shown = display_address(parse_address(address, name), name)
        return tuple(row for row in self.tables["flows"].dicts() if row["chain"] == name and row["receiver"] == shown)

    def __str__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self._facts())

    def _facts(self) -> Iterator[tuple[str, str]]:
        for warning in self.provenance.warnings:
            yield "note", warning
        yield "policy", self.policy.title
        for name in ("injected", "exits", "resting", "frontier"):
            value = getattr(self.totals, name)
            yield f"{name} (USD)", "unknown: part of it has no price" if value is None else f"{value:,.2f}"
        unbalanced = [row["asset"] for row in self.tables["statement"].dicts() if row["difference"]]
        yield "balances", "no (poison does not conserve)" if unbalanced else "to the last unit, for every asset"

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in self._facts())
        return f"<table>{rows}</table>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The same trace under several policies, with the least and the most that any conserving one gives.

    The band says how far the answer depends on how mixed money is followed. It is no bound over all imaginable policies.
    """

    traces: Mapping[str, Trace]
    default: str
    provenance: Provenance

    def __getitem__(self, policy: str) -> Trace:
        return self.traces[policy]

    def __iter__(self) -> Iterator[Trace]:
        return iter(self.traces.values())

    @property
    def conserving(self) -> tuple[Trace, ...]:
        """The traces that may enter a total."""
        return tuple(trace for trace in self.traces.values() if trace.policy.conserving)

    def band(self, name: str = "exits") -> tuple[Decimal | None, Decimal | None]:
        """Give the least and the most of a total over the conserving policies; (None, None) where one is unknown."""
        values = [getattr(trace.totals, name) for trace in self.conserving]
        if not values or any(value is None for value in values):
            return None, None
        return min(values), max(values)

    @property
    def table(self) -> ResultTable:
        """One row a policy."""
        columns = ("policy", "conserving", "injected_usd", "exits_usd", "terminals", "resting_usd", "frontier_usd")
        rows = tuple(
            (
                t.policy.id,
                t.policy.conserving,
                t.totals.injected,
                t.totals.exits,
                len({(r["chain"], r["address"]) for r in t.table("terminals").dicts() if r["category"] in EXIT_CATEGORIES}),
                t.totals.resting,
                t.totals.frontier,
            )
            for t in self.traces.values()
        )
        return ResultTable("policies", columns, rows)

    def to_pandas(self) -> pd.DataFrame:
        """One row a policy."""
        return self.table.to_pandas()

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in self.table.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell_text(cell))}</td>" for cell in row) + "</tr>" for row in self.table.rows
        )
        return f"<table><tr>{head}</tr>{body}</table>"


def totals_of(context: Context, walk: Walk, tables: Mapping[str, ResultTable]) -> Totals:
    """Sum a walk in dollars."""

    def sum_where(name: str, keep: Any) -> Decimal | None:
        parts = [row["tainted_usd"] for row in tables[name].dicts() if keep(row)]
        return sum_dollars(parts)

    value = context.valuer.micro
    injected = total_dollars(value(a.asset, a.injected, a.row.time) for a in walk.arrivals if a.injected)
    return Totals(
        injected=dollars(injected),
        terminals=sum_where("terminals", lambda _: True),
        exits=sum_where("terminals", lambda row: row["category"] in EXIT_CATEGORIES),
        resting=sum_where("resting", lambda _: True),
        frontier=sum_where("frontier", lambda _: True),
        inexact_order=sum_where("flows", lambda row: row["order_known"] != "exact" and row["outcome"] != "converted"),
        through_openings=_through_openings(context, walk),
    )


def _through_openings(context: Context, walk: Walk) -> Decimal | None:
    """Give tainted value that left accounts with an unexplained opening."""
    parts = [
        context.valuer.micro(a.asset, a.tainted, a.row.time)
        for a in walk.arrivals
        if a.row.sender is not None and (a.row.sender, a.row.asset) in walk.through_opening and not a.injected
    ]
    return dollars(total_dollars(parts))
