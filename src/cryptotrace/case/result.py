"""The result of a case: everything that was found, what is missing, and the answer in five lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from html import escape

from cryptotrace.case.reading import Case
from cryptotrace.clustering import Clusters
from cryptotrace.estimates import Comparison, Estimate
from cryptotrace.hygiene import Exclusions
from cryptotrace.model import Coverage, Labels, Seeds
from cryptotrace.reports import ReportPaths
from cryptotrace.store import Store
from cryptotrace.tracing import Envelope, Trace

__all__ = ["CaseResult"]

NOT_PULLED = ("not_pulled", "partial", "too_busy")
"""Reasons of the frontier that more data would mend; a suspected service or a swap is a finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What :func:`cryptotrace.run_case` found.

    Attributes
    ----------
    answer : str
        A line for the case, the five lines that stand first in its report, and one for the comparison.
    synthetic : bool
        Whether the case is a world of :mod:`cryptotrace.testing`: no number of it says anything about the real world.
    """

    case: Case
    store: Store = field(repr=False)
    seeds: Seeds = field(repr=False)
    labels: Labels = field(repr=False)
    coverage: Coverage = field(repr=False)
    exclusions: Exclusions = field(repr=False)
    clusters: Clusters = field(repr=False)
    trace: Trace = field(repr=False)
    envelope: Envelope = field(repr=False)
    estimate: Estimate = field(repr=False)
    comparison: Comparison = field(repr=False)
    report: ReportPaths
    answer: str = ""
    synthetic: bool = False

    @property
    def partial_reasons(self) -> tuple[str, ...]:
        """What is known to be missing, one sentence each; empty where nothing is."""
        found = []
        for kind, number in (
            ("row of the input", sum(self.coverage.rejected.values())),
            ("seed", len(self.seeds.rejects)),
            ("label", len(self.labels.rejects)),
        ):
            if number:
                found.append(f"{_count(number, kind)} could not be used; set aside with the reason")
        found += [
            f"coverage is {row['status'].replace('_', ' ')} for {_count(row['addresses'], 'address')}"
            + (f": {row['reason']}" if row["reason"] else "")
            for row in self.coverage.table.dicts()
            if row["status"] != "complete"
        ]
        found += self.coverage.provenance.warnings
        found += self._unproven()
        frontier = list(self.trace.table("frontier").dicts())
        for reason in NOT_PULLED:
            values = [row["tainted_usd"] for row in frontier if row["reason"] == reason]
            if values:
                found.append(
                    f"the trace stops at {_count(len(values), 'place')} ({reason.replace('_', ' ')}), {_dollars(values)}"
                )
        return tuple(found)

    def _unproven(self) -> list[str]:
        """Say how many of the balances that were asked for the rows do not add up to."""
        statuses = self.estimate.table("proofs").column("status")
        wrong = sum(status != "proven" for status in statuses)
        return (
            [f"the rows do not add up to {wrong:,} of {_count(len(statuses), 'balance')} that were asked for"] if wrong else []
        )

    @property
    def is_partial(self) -> bool:
        """Whether something is known to be missing."""
        return bool(self.partial_reasons)

    def __str__(self) -> str:
        return self.answer

    def _repr_html_(self) -> str:
        warnings = "".join(f"<li>{escape(reason)}</li>" for reason in self.partial_reasons)
        partial = f"<p>This result is partial:</p><ul>{warnings}</ul>" if warnings else ""
        return f"{partial}<p>{'<br>'.join(escape(line) for line in self.answer.splitlines())}</p>"


def _count(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    first, _, rest = noun.partition(" ")
    return f"{number:,} {first}{'es' if first.endswith('s') else 's'}{' ' if rest else ''}{rest}"


def _dollars(values: list[Decimal | None]) -> str:
    known = [value for value in values if value is not None]
    unpriced = len(values) - len(known)
    text = f"{sum(known, Decimal(0)):,.2f} USD"
    return f"{text} and {unpriced:,} amounts without a price" if unpriced else text
