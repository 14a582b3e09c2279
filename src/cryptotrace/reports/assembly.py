"""From the results of a case to a rendered page and its tables; nothing is written here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cryptotrace.hygiene import clean
from cryptotrace.reports.facts import Facts, Place, gather
from cryptotrace.reports.method import method, reproduction
from cryptotrace.reports.page import Page, render
from cryptotrace.reports.pictures import Pictures, draw
from cryptotrace.reports.printing import Printer
from cryptotrace.reports.pseudonyms import Pseudonyms, find_pseudonyms
from cryptotrace.reports.screens import screens
from cryptotrace.reports.store_facts import StoreFacts, read_store
from cryptotrace.reports.tables import TABLE_NAMES, group_table, public_store, report_tables

if TYPE_CHECKING:
    from cryptotrace.clustering import Clusters
    from cryptotrace.estimates import Comparison, Estimate
    from cryptotrace.hygiene import Exclusions
    from cryptotrace.model import Labels, ResultTable, Seeds
    from cryptotrace.store import Store
    from cryptotrace.tracing import Envelope, Trace

__all__ = ["Assembled", "Material", "assemble"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What was handed over for a report; the fields are the parameters of :func:`cryptotrace.reports.write_report`."""

    store: Store
    trace: Trace
    estimate: Estimate
    comparison: Comparison | None
    envelope: Envelope | None
    clusters: Clusters | None
    exclusions: Exclusions | None
    seeds: Seeds | None
    labels: Labels | None
    edition: str
    title: str | None
    synthetic: bool
    case_id: str | None
    folder: str

    @property
    def public(self) -> bool:
        """Whether victims are masked."""
        return self.edition == "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """A page, its tables, and what must not stand in any of them."""

    html: str
    tables: Mapping[str, ResultTable]
    pseudonyms: Pseudonyms


def assemble(material: Material) -> Assembled:
    """Make the page and every table of one edition; O(n log n) in rows."""
    exclusions = material.exclusions if material.exclusions is not None else clean(material.store, labels=material.labels)
    clusters = material.clusters
    seeds = material.seeds if material.seeds is not None else clusters.seeds if clusters is not None else None
    stored = read_store(material.store)
    if material.public:
        stored = public_store(stored, material.trace, seeds)
    found = find_pseudonyms(material.trace, seeds=seeds, labels=material.labels) if material.public else Pseudonyms()
    facts = _facts(material, stored, found)
    tables = report_tables(
        material.trace,
        material.estimate,
        material.comparison,
        envelope=material.envelope,
        clusters=clusters,
        exclusions=exclusions,
        stored=stored,
        pseudonyms=found,
        seeds=seeds,
    )
    pictures = draw(facts, material.trace, tables, material.comparison, found)
    tables["groups"] = group_table(pictures.flow.groups)
    tables = {name: tables[name] for name in TABLE_NAMES}
    html = render(_page(material, facts, tables, pictures, exclusions, stored, found))
    return Assembled(html=html, tables=tables, pseudonyms=found)


def _facts(material: Material, stored: StoreFacts, found: Pseudonyms) -> Facts:
    evidence = material.clusters.table("evidence") if material.clusters is not None else None
    facts = gather(
        material.trace,
        material.estimate,
        material.comparison,
        envelope=material.envelope,
        stored=stored,
        rules=() if evidence is None else tuple(sorted(set(evidence.column("rule")))),
        edition=material.edition,
        title=material.title,
        synthetic=material.synthetic,
        case_id=material.case_id,
        masked=found.victims,
    )
    return _masked(facts, found)


def _masked(facts: Facts, found: Pseudonyms) -> Facts:
    """Put pseudonyms into every text that comes from labels, files or the person who ran the case."""

    def each(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(found.text(text) for text in texts)

    def named(places: tuple[Place, ...]) -> tuple[Place, ...]:
        return tuple(replace(place, name=found.text(place.name)) for place in places)

    return replace(
        facts,
        title=found.text(facts.title),
        case_id=found.text(facts.case_id),
        warnings=each(facts.warnings),
        sources=each(facts.sources),
        price_sources=each(facts.price_sources),
        reject_reasons=tuple((found.text(reason), number) for reason, number in facts.reject_reasons),
        exits=named(facts.exits),
        period_exits=named(facts.period_exits),
    )


def _page(
    material: Material,
    facts: Facts,
    tables: Mapping[str, ResultTable],
    pictures: Pictures,
    exclusions: Exclusions,
    stored: StoreFacts,
    found: Pseudonyms,
) -> Page:
    printer = Printer(material.trace, links=material.public and not material.synthetic)
    return Page(
        facts=facts,
        views=screens(facts, tables, printer),
        pictures=pictures,
        comparison=material.comparison,
        exclusions=exclusions,
        stored=stored,
        statement=tables["statement"],
        printer=printer,
        method=method(facts, material.trace),
        reproduction=reproduction(
            material.trace,
            material.estimate,
            material.comparison,
            material.envelope,
            stored,
            found,
            public=material.public,
        ),
        folder=material.folder,
    )
