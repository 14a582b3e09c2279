"""What hygiene took out of the ledger: a frozen result that shows itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cryptotrace.model import Provenance, ResultTable, cell_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["REASONS", "Exclusions"]

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "failed": "the transfer or its transaction failed",
        "failed_ancestor": "a call above this internal transfer failed, so it was undone with it",
        "not_a_value_call": "a delegatecall, staticcall or callcode, which moves no value",
        "zero_value": "the amount is 0",
        "counterfeit": "a token whose symbol reads as another's, from a contract that is not the other's",
    }
)
"""Reason -> what it means, in the order of the report; each has its rule in ``rules/<reason>.sql``."""

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusions:
    """Counts and totals of a cleaning.

    Attributes
    ----------
    table : ResultTable
        One row a reason, found or not: ``reason, transfers, assets, example_tx, definition``. A transfer with two reasons
        counts under both.
    totals : ResultTable
        One row an asset: ``asset`` (CAIP-19), ``transfers_before, amount_before, transfers_after, amount_after``; amounts in
        base units, exact for any asset. Listed contracts and chains' own coins come first.
    provenance : Provenance
        Hash of the rules and version of the store.
    """

    table: ResultTable
    totals: ResultTable
    provenance: Provenance

    def to_pandas(self) -> pd.DataFrame:
        """Give the counts by reason."""
        return self.table.to_pandas()

    def __repr__(self) -> str:
        before, after = (sum(self.totals.column(name)) for name in ("transfers_before", "transfers_after"))
        found = ", ".join(f"{row['reason']} {row['transfers']:,}" for row in self.table.dicts() if row["transfers"])
        return f"<Exclusions: {before - after:,} of {before:,} transfers{': ' + found if found else ''}>"

    def _repr_html_(self) -> str:
        """Show counts, and the assets whose total changed; every cell is escaped."""
        changed = [row for row in self.totals.rows if row[1] != row[3]]
        more = f"<p>and {len(changed) - _SHOWN:,} more assets in <code>.totals</code></p>" if changed[_SHOWN:] else ""
        return (
            f"<p>{escape(repr(self)[1:-1])}</p>{_html(self.table.columns, self.table.rows)}"
            f"{_html(self.totals.columns, changed[:_SHOWN]) if changed else ''}{more}"
        )


def _html(columns: tuple[str, ...], rows: Any) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell_text(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
