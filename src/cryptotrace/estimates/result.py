"""Estimates and comparisons as values: every number with its definition, or with the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING

from cryptotrace.model import Provenance, ResultTable, Scope, cell_text
from cryptotrace.tracing import Trace

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NOT_CHECKED", "Comparison", "Estimate", "Rung", "Verdict", "incomplete_first", "share_words"]

LADDER_COLUMNS = (
    "rung",
    "low_usd",
    "central_usd",
    "high_usd",
    "transfers",
    "payers",
    "definition",
    "reason",
    "unproven_usd",
    "unproven_share",
)
PROOF_COLUMNS = (
    "chain", "address", "contract", "symbol", "status", "reason", "ledger", "reported", "difference", "as_of", "source",
)  # fmt: skip
NOT_CHECKED = "not checked against balances"
_STATUSES = ("partial", "unproven", "proven")
_SMALL = Decimal("0.001")
COMPARISON_COLUMNS = ("reported_id", "verdict", "ratio_low", "ratio_high", "bridges", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One rung of the ladder.

    ``central_usd`` is None where the rung cannot be stated; ``reason`` then says why. ``unpriced`` lists amounts (asset, base
    units) that belong to the rung but have no price: they are not in the dollars, and never counted as zero silently.
    ``unproven_usd`` of the central value rest on accounts whose rows do not add up to their balances, ``unproven_share`` says
    it as a part of 1 (which accounts count is said at :mod:`cryptotrace.estimates.standing`); both are None where no balance
    was ever asked, or where the rung has no figure, and the share also where the rung is 0.
    """

    id: str
    title: str
    low_usd: Decimal | None
    central_usd: Decimal | None
    high_usd: Decimal | None
    transfers: int | None
    payers: int | None
    definition: str
    reason: str = ""
    unpriced: tuple[tuple[str, int], ...] = ()
    unproven_usd: Decimal | None = None
    unproven_share: Decimal | None = None

    @property
    def standing(self) -> str:
        """Say how much of the rung rests on unproven accounts; ``""`` where it has no figure."""
        if self.central_usd is None:
            return ""
        if self.unproven_usd is None:
            return NOT_CHECKED
        if self.unproven_share is None:
            return "no value, so none rests on unproven accounts"
        if not self.unproven_share:
            return "none rests on unproven accounts"
        if self.unproven_share == 1:
            return "all rests on unproven accounts"
        return f"{share_words(self.unproven_share)} rests on unproven accounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The ladder E0 to E5, always whole.

    ``stolen`` may be said of E2 and E3 only, "reached exchanges" of E4, "throughput" of E5.

    Attributes
    ----------
    rungs : tuple of Rung
        E0, E1, E2, E3, E4, E5.
    sensitivity : ResultTable
        One assumption a row: what the figure becomes if it is made otherwise.
    by_cluster : ResultTable
        The rungs E0 to E3 for each cluster with perpetrators.
    throughput_ratio : Decimal or None
        E5 over E1, or over the sources' outflow where seeds inject by outflow; ``throughput_divisor`` says which.
    decisions : ResultTable
        Each transfer into the scam set with the rungs it counts in, and why not in the others.
    source_outflow_usd : Decimal or None
        What the sources paid out; None where no seed injects by outflow, or where nothing that left has a price.
    source_outflow_unpriced : tuple of (asset, base units)
        What left the sources and has no price: it is in no sum of dollars.
    proofs : ResultTable
        Whether the rows of each account and asset add up to its balance, those that do not first; empty where no balance was
        asked.
    """

    scope: Scope
    currency: str
    rungs: tuple[Rung, ...]
    sensitivity: ResultTable
    by_cluster: ResultTable
    decisions: ResultTable
    throughput_ratio: Decimal | None
    throughput_divisor: str
    source_outflow_usd: Decimal | None
    source_outflow_unpriced: tuple[tuple[str, int], ...]
    provenance: Provenance
    trace: Trace = field(repr=False, compare=False)
    proofs: ResultTable = field(default=ResultTable("proofs", PROOF_COLUMNS), repr=False)

    def __getitem__(self, rung: str) -> Rung:
        for found in self.rungs:
            if found.id == rung:
                return found
        raise KeyError(rung)

    def __iter__(self) -> Iterator[Rung]:
        return iter(self.rungs)

    def table(self, name: str = "ladder") -> ResultTable:
        """Give ``ladder``, ``sensitivity``, ``by_cluster``, ``decisions`` or ``proofs`` as exact rows."""
        if name == "ladder":
            rows = tuple(
                (
                    r.id, r.low_usd, r.central_usd, r.high_usd, r.transfers, r.payers, r.definition, r.reason, r.unproven_usd,
                    r.unproven_share,
                )
                for r in self.rungs
            )  # fmt: skip
            return ResultTable("ladder", LADDER_COLUMNS, rows)
        found: ResultTable = getattr(self, name)
        return found

    @property
    def ladder(self) -> pd.DataFrame:
        """One row a rung."""
        return self.table().to_pandas()

    def to_pandas(self) -> pd.DataFrame:
        """Give the ladder."""
        return self.ladder

    def __str__(self) -> str:
        lines = [f"note: {warning}" for warning in self.provenance.warnings]
        for rung in self.rungs:
            value = rung.reason if rung.central_usd is None else f"{rung.central_usd:,.2f} USD"
            band = "" if rung.low_usd is None or rung.high_usd is None else f" ({rung.low_usd:,.2f} to {rung.high_usd:,.2f})"
            standing = f"; {rung.standing}" if self.proofs.rows and rung.standing else ""
            lines.append(f"{rung.id} {rung.title}: {value}{band}{standing}")
        if not self.proofs.rows:
            lines.append(f"{NOT_CHECKED}: whether a list lacks rows that its explorer never showed is not known")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        table = self.table()
        at = table.columns.index("unproven_share")
        rows = tuple((*row[:at], rung.standing) for row, rung in zip(table.rows, self.rungs, strict=True))
        return _html(ResultTable("ladder", (*table.columns[:at], "rests on"), rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One reported figure beside ours.

    ``verdict`` is ``consistent``, ``above``, ``below``, ``undetermined`` (a census of a part, or a figure printed
    as "at least" or "up to" that has no end on the side of ours), ``share`` (a sample inside the reported population: "at least
    x% of"), or ``not_comparable``; ``reason`` always says why. ``status`` is the vintage of
    the reported figure (``cites_superseded`` where it repeats a figure that was later restated).
    """

    reported_id: str
    publisher: str
    quantity: str
    period: str
    printed_on: str
    status: str
    rung: str | None
    verdict: str
    ratio_low: Decimal | None
    ratio_central: Decimal | None
    ratio_high: Decimal | None
    reported_low: Decimal | None
    reported_central: Decimal | None
    reported_high: Decimal | None
    bridges: tuple[str, ...]
    reason: str
    caveat: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Our estimate beside reported totals, like with like; what is not alike is refused with the reason."""

    verdicts: tuple[Verdict, ...]
    estimate: Estimate = field(repr=False)
    provenance: Provenance
    never_add: tuple[tuple[str, str, str], ...] = ()
    """(id, id, why): figures in this table that must not be summed."""

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)

    @property
    def comparable(self) -> tuple[Verdict, ...]:
        """The verdicts that are not refusals."""
        return tuple(v for v in self.verdicts if v.verdict != "not_comparable")

    @property
    def rows(self) -> ResultTable:
        """Give the table as exact rows: the columns of the design first, then ours."""
        extra = (
            "publisher",
            "quantity",
            "period",
            "printed_on",
            "status",
            "rung",
            "ratio_central",
            "low",
            "central",
            "high",
            "caveat",
        )
        rows = tuple(
            (
                v.reported_id, v.verdict, v.ratio_low, v.ratio_high, v.bridges, v.reason, v.publisher, v.quantity, v.period,
                v.printed_on, v.status, v.rung, v.ratio_central, v.reported_low, v.reported_central, v.reported_high, v.caveat,
            )
            for v in self.verdicts
        )  # fmt: skip
        return ResultTable("comparison", COMPARISON_COLUMNS + extra, rows)

    @property
    def table(self) -> pd.DataFrame:
        """One row a reported figure."""
        return self.rows.to_pandas()

    def to_pandas(self) -> pd.DataFrame:
        """Give the table."""
        return self.table

    def _repr_html_(self) -> str:
        return _html(self.rows)


def share_words(share: Decimal) -> str:
    """Print a share in per cent with one decimal; what is neither nothing nor all is never printed as 0 or 100."""
    if 0 < share < _SMALL:
        return "under 0.1%"
    if 1 - _SMALL < share < 1:
        return "over 99.9%"
    return f"{(share * 100).quantize(Decimal('0.1')):f}%"


def incomplete_first(table: ResultTable) -> ResultTable:
    """Put the proofs that fail before those that hold, each in the order of the table."""
    at = table.columns.index("status")
    return replace(table, rows=tuple(sorted(table.rows, key=lambda row: _STATUSES.index(row[at]))))


def _html(table: ResultTable) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell_text(cell))}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f"<table><tr>{head}</tr>{body}</table>"
