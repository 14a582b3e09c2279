"""What fetching prices will cost, and what it brought: values that print themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from cryptotrace.model import Provenance, ResultTable

__all__ = ["DISAGREEMENT_COLUMNS", "GAP_COLUMNS", "PricePlan", "PricesFound"]

GAP_COLUMNS = ("asset", "time", "transfers", "amount", "reason")
DISAGREEMENT_COLUMNS = ("asset", "time", "source", "usd", "other_source", "other_usd", "difference_percent")


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePlan:
    """What fetching prices will ask, before the first request.

    Attributes
    ----------
    needed : int
        Prices (one an asset and step of hours) that the ledger needs and the table lacks.
    priced, at_par : int
        Those that it has, and those of listed stablecoins that are taken at one dollar.
    known_gaps : int
        Needs that were asked before without a price, and are not asked again.
    unserved : int
        Needs that none of the sources can be asked about.
    requests : mapping
        Source -> requests, in the order of asking, as if each gave everything that it is asked; what one does not give is
        asked of the next, on top.
    max_requests : int or None
        Where it stops.
    """

    needed: int
    priced: int
    at_par: int
    known_gaps: int
    unserved: int
    requests: Mapping[str, int]
    max_requests: int | None

    def __str__(self) -> str:
        told = ", ".join(f"{name} {count:,}" for name, count in self.requests.items()) or "none"
        lines = [
            f"plan: {self.needed:,} prices needed, {self.priced:,} there already, {self.at_par:,} of stablecoins at one dollar",
            f"requests: {sum(self.requests.values()):,} ({told}); what one source lacks is asked of the next, on top",
        ]
        if self.known_gaps:
            lines.append(f"known gaps: {self.known_gaps:,}, asked before and not again")
        if self.unserved:
            lines.append(f"gaps: {self.unserved:,} that none of these sources can be asked about")
        if self.max_requests is not None:
            lines.append(f"limits: stops after {self.max_requests:,} requests; the same command goes on")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return "<br>".join(escape(line) for line in str(self).splitlines())


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesFound:
    """The outcome of fetching prices.

    Attributes
    ----------
    plan : PricePlan
        What was to be asked.
    found : int
        New rows of the table ``prices``.
    requests : int
        Requests that were sent, those that were sent again included.
    gaps : ResultTable
        ``asset, time, transfers, amount, reason``: what has no price, with its base units; none of it is zero dollars.
    checked : int
        Prices that were compared with a second source.
    disagreements : ResultTable
        Those that differ by more than the threshold.
    """

    plan: PricePlan
    found: int
    requests: int
    gaps: ResultTable
    checked: int
    disagreements: ResultTable
    provenance: Provenance

    @property
    def is_partial(self) -> bool:
        """Whether something has no price, or two sources disagree."""
        return bool(self.gaps.rows or self.disagreements.rows)

    def __str__(self) -> str:
        lines = [f"prices: {self.found:,} new, {len(self.gaps.rows):,} gaps, {self.requests:,} requests"]
        reasons: dict[str, int] = {}
        for row in self.gaps.dicts():
            reasons[row["reason"]] = reasons.get(row["reason"], 0) + 1
        lines += [f"no price: {count:,} ({reason})" for reason, count in sorted(reasons.items(), key=lambda one: -one[1])[:5]]
        if self.checked:
            lines.append(f"checked: {self.checked:,} against a second source, {len(self.disagreements.rows):,} disagree")
        lines += list(self.provenance.warnings)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return "<br>".join(escape(line) for line in str(self).splitlines())
