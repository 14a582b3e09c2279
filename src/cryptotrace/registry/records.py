"""Reported totals as values: one record, and a selection of them that knows the whole registry behind it."""

from __future__ import annotations

import difflib
import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cryptotrace.errors import InputError, RegistryError
from cryptotrace.registry.categories import matching_categories
from cryptotrace.registry.drafts import Draft, ids
from cryptotrace.registry.periods import Period, parse_period
from cryptotrace.registry.vintages import NeverAdd, VintageStatus, edition_chain, never_add, vintage_status
from cryptotrace.registry.vocabulary import CONCEPT_WORDS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RegistrySource", "ReportedTotal", "ReportedTotals"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedTotal:
    """One published figure with everything that a comparison must know of it.

    Parameters
    ----------
    id, publisher, report : str
        Which figure it is, who printed it and where.
    published : date
        Day of publication.
    category, scope : str
        The publisher's category in our registry's words, and its own scope in free text.
    period_start, period_end : date
        First and last day covered; **both belong to the period**. See :attr:`period` for the half-open form.
    low_usd, central_usd, high_usd : Decimal or None
        US dollars; dollars per year if ``annual_rate``. None where the source gives none.
    original_currency : str
        Currency or unit as printed (``"EUR"``, ``"persons held"``).
    original_amount : tuple of Decimal
        As printed: nothing, one amount, or the two ends of a range.
    method, source_url, location : str
        How the figure came about, and where it was seen (``[primary]``, ``[repost of primary]`` or ``[secondary]``).
    verified : bool
        Whether the amount was seen in a source with an address.
    caveat : str
        What a reader must know; travels with the figure.
    flow_concept, rail, geography_basis, geography, period_basis : str
        The comparison keys: only records that agree in all are like for like.
    annual_rate : bool
        True if the dollars are per year.
    bound : str
        The source's wording: ``point``, ``lower`` ("at least"), ``upper`` ("up to") or ``range``.
    status : str
        Edition status **as printed in the file**; :meth:`ReportedTotals.status_of` gives the effective one.
    supersedes, superseded_by, subset_of, same_money_as, not_independent_of : tuple of str
        Ids of related records.
    usd_basis, confidence : str
        How the dollars came about; how good the evidence is.
    """

    id: str
    publisher: str
    report: str
    published: date
    category: str
    scope: str
    period_start: date
    period_end: date
    low_usd: Decimal | None
    central_usd: Decimal | None
    high_usd: Decimal | None
    original_currency: str
    original_amount: tuple[Decimal, ...]
    method: str
    source_url: str
    location: str
    verified: bool
    caveat: str
    flow_concept: str
    rail: str
    geography_basis: str
    geography: str
    period_basis: str
    annual_rate: bool
    bound: str
    status: str
    supersedes: tuple[str, ...]
    superseded_by: tuple[str, ...]
    subset_of: tuple[str, ...]
    same_money_as: tuple[str, ...]
    not_independent_of: tuple[str, ...]
    usd_basis: str
    confidence: str

    @property
    def period(self) -> Period:
        """The period covered, half open."""
        return Period(start=self.period_start, stop=self.period_end + timedelta(days=1))

    @property
    def best_usd(self) -> Decimal | None:
        """The amount that a comparison would use: central, else the printed bound."""
        return next((value for value in (self.central_usd, self.low_usd, self.high_usd) if value is not None), None)

    def fit(self, asked: Period) -> str | None:
        """Say how this record answers a question for a period: ``inside``, ``wider``, or not (:meth:`Period.fit`)."""
        return asked.fit(self.period, stock=self.period_basis == "publication_stock")

    @classmethod
    def from_draft(cls, draft: Draft) -> ReportedTotal:
        """Build the record of a row that passed the checks."""
        typed: dict[str, Any] = {
            "published": draft.published,
            "period_start": draft.start,
            "period_end": draft.end,
            "low_usd": draft.low,
            "central_usd": draft.central,
            "high_usd": draft.high,
            "original_amount": tuple(Decimal(part) for part in draft["original_amount"].split("-") if part),
            "verified": draft["verified"] == "yes",
            "annual_rate": draft["annual_rate"] == "true",
        }
        relations = ("supersedes", "superseded_by", "subset_of", "same_money_as", "not_independent_of")
        typed |= {relation: tuple(ids(draft[relation])) for relation in relations}
        cells: dict[str, Any] = dict(draft.cells)
        return cls(**{**cells, **typed})


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySource:
    """Where a selection came from: the file, its digest, and the filters that were applied."""

    name: str
    sha256: str
    records: int
    filters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedTotals:
    """A selection of reported totals; editions and shared money are followed through the whole registry.

    Parameters
    ----------
    records : tuple of ReportedTotal
        The selection, in the order of the file.
    provenance : RegistrySource
        File, digest and filters.
    table : mapping
        Every record of the registry by id, also those outside the selection.
    """

    records: tuple[ReportedTotal, ...]
    provenance: RegistrySource
    table: Mapping[str, ReportedTotal] = field(repr=False, compare=False)

    def __iter__(self) -> Iterator[ReportedTotal]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def __contains__(self, record: object) -> bool:
        return record in self.records or record in {one.id for one in self.records}

    def __getitem__(self, record: str) -> ReportedTotal:
        for one in self.records:
            if one.id == record:
                return one
        if record in self.table:
            raise RegistryError(
                "the record is in the registry but not in this selection",
                where=f"record {record!r}",
                hint="Widen the filters, or use .record(id), which looks in the whole registry.",
            )
        return self.record(record)

    def record(self, record: str) -> ReportedTotal:
        """Find a record in the whole registry, whatever is selected.

        Raises
        ------
        RegistryError
            If there is no such id.
        """
        if record in self.table:
            return self.table[record]
        near = difflib.get_close_matches(str(record), self.table, n=3)
        hint = f"Did you mean {', '.join(near)}?" if near else "reported_totals() lists every id."
        raise RegistryError("no such reported total", where=f"record {record!r}", hint=hint)

    def filter(
        self,
        *,
        period: str | Period | None = None,
        category: str | None = None,
        flow_concept: str | None = None,
        publisher: str | None = None,
        include_superseded: bool = True,
    ) -> ReportedTotals:
        """Narrow the selection; what is not given does not narrow.

        Parameters
        ----------
        period : str or Period, optional
            ``"2021"`` or ``"2021-01-01/2022-01-01"``. A record answers if its period lies inside, or if it overlaps
            and is a stock, runs over a New Year, or holds the whole period asked for.
        category : str, optional
            One of ours, an alias (``pig_butchering``), or a published category.
        flow_concept : str, optional
            For example ``"victim_loss_reported"``.
        publisher : str, optional
            A part of the publisher's name; case does not matter.
        include_superseded : bool
            False leaves out records that have a later edition. Copies of such records by other bodies stay:
            ask :meth:`status_of`.

        Raises
        ------
        InputError
            If a period, category or concept is not understood.
        """
        asked = parse_period(period) if isinstance(period, str) else period
        categories = None if category is None else matching_categories(category)
        if flow_concept is not None and flow_concept not in CONCEPT_WORDS:
            raise InputError(
                "no such flow concept", where=f"flow_concept {flow_concept!r}", hint=f"Known: {', '.join(CONCEPT_WORDS)}."
            )
        kept = tuple(
            one
            for one in self.records
            if (asked is None or one.fit(asked))
            and (categories is None or one.category in categories)
            and (flow_concept is None or one.flow_concept == flow_concept)
            and (publisher is None or publisher.casefold() in one.publisher.casefold())
            and (include_superseded or not one.superseded_by)
        )
        asked_for = (("period", asked), ("category", category), ("flow_concept", flow_concept), ("publisher", publisher))
        filters = tuple((name, str(value)) for name, value in asked_for if value is not None)
        if not include_superseded:
            filters += (("include_superseded", "False"),)
        source = replace(self.provenance, filters=self.provenance.filters + filters)
        return ReportedTotals(records=kept, provenance=source, table=self.table)

    def status_of(self, record: str) -> VintageStatus:
        """Work out the effective edition status: a copy of a superseded figure is ``cites_superseded``."""
        return vintage_status(self.table, self.record(record).id)

    def latest(self, record: str) -> ReportedTotal:
        """Find the latest edition of a figure, also for a copy of an earlier one; the record itself if it is not stale."""
        return self.table[self.status_of(record).latest]

    def editions(self, record: str) -> tuple[ReportedTotal, ...]:
        """List all editions of a figure, oldest first; for a copy, those of the figure that it copies."""
        status = self.status_of(record)
        return tuple(self.table[one] for one in edition_chain(self.table, status.via or status.id))

    def never_add(self, record: str) -> tuple[NeverAdd, ...]:
        """List the records that may never be summed with this one, each with its reason."""
        return never_add(self.table, self.record(record).id)

    def to_pandas(self) -> pd.DataFrame:
        """Build a frame of one row a record and one column a field; amounts stay Decimal, days stay dates."""
        import pandas as pd

        names = [one.name for one in fields(ReportedTotal)]
        rows = [[getattr(record, name) for name in names] for record in self.records]
        return pd.DataFrame(rows, columns=names, dtype=object)

    def _repr_html_(self) -> str:
        columns = ("id", "publisher", "published", "category", "period", "amount_usd", "flow_concept", "status", "caveat")
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in self._html_cells(one)) + "</tr>"
            for one in self.records
        )
        head = "".join(f"<th>{name}</th>" for name in columns)
        return f"<table><caption>{len(self)} reported totals</caption><tr>{head}</tr>{body}</table>"

    def _html_cells(self, one: ReportedTotal) -> tuple[str, ...]:
        amount = "" if one.best_usd is None else f"{one.best_usd:,f}{' per year' if one.annual_rate else ''}"
        status = self.status_of(one.id).status
        period = f"{one.period_start} to {one.period_end}"
        plain = (one.id, one.publisher, str(one.published), one.category, period, amount, one.flow_concept, status)
        return (*plain, one.caveat)
