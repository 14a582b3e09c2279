"""What ``cryptotrace totals`` shows: the cards of a year, and every record of it beside what it may be compared with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptotrace.registry.cards import UN_FIGURE, Card, figure_card
from cryptotrace.registry.categories import CategoryLink, category_link, resolve_category
from cryptotrace.registry.context_cards import context_cards
from cryptotrace.registry.loading import reported_totals
from cryptotrace.registry.periods import Period, parse_period
from cryptotrace.registry.records import ReportedTotal, ReportedTotals
from cryptotrace.registry.totals_json import view_dict
from cryptotrace.registry.totals_text import view_text
from cryptotrace.registry.vintages import VintageStatus
from cryptotrace.registry.vocabulary import CONCEPT_WORDS
from cryptotrace.registry.wording import like_key

__all__ = ["ConceptGroup", "TotalsRow", "TotalsView", "render_totals", "totals_view"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsRow:
    """A record as it is shown.

    Parameters
    ----------
    record : ReportedTotal
        The record.
    status : VintageStatus
        Its effective edition status.
    latest : ReportedTotal
        The latest edition of the figure; the record itself if it is not stale.
    earlier : tuple of ReportedTotal
        Editions before this one, oldest first.
    like : str or None
        Letter that the rows of one like-for-like group share; None if no other row is like this one.
    related : tuple of ReportedTotal
        Others of the same letter that are no independent figure (same money, another edition, shared input).
    scope_differs : bool
        Whether another row of the same letter has another scope in the publisher's own words (one chain, say).
    link : CategoryLink or None
        How the category of the record stands to the one asked for; None if none of ours was asked for.
    fit : str
        ``inside`` the period asked for, or ``wider``.
    """

    record: ReportedTotal
    status: VintageStatus
    latest: ReportedTotal
    earlier: tuple[ReportedTotal, ...]
    like: str | None
    related: tuple[ReportedTotal, ...]
    scope_differs: bool
    link: CategoryLink | None
    fit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConceptGroup:
    """Rows of one flow concept; only rows of one concept can be like for like."""

    concept: str
    title: str
    explanation: str
    rows: tuple[TotalsRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsView:
    """Everything that ``cryptotrace totals`` shows for a period and a category.

    Parameters
    ----------
    period, category : str or None
        What was asked.
    cards : tuple of Card
        Figures first, then context.
    groups : tuple of ConceptGroup
        The records by flow concept. Records that a context card shows are not repeated here.
    covered : tuple of int
        First and last year that the registry holds anything about.
    source, sha256 : str
        The file, and its digest.
    """

    period: str | None
    category: str | None
    cards: tuple[Card, ...]
    groups: tuple[ConceptGroup, ...]
    covered: tuple[int, int]
    source: str
    sha256: str

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.cards and not self.groups

    def to_text(self, width: int = 88) -> str:
        """Write the view as plain text without colours, wrapped to ``width`` columns (at least 40)."""
        return view_text(self, width)

    def to_dict(self) -> dict[str, Any]:
        """Write the view as plain values for JSON; amounts are strings of exact digits, days are ISO dates."""
        return view_dict(self)


def totals_view(period: str | None = None, category: str | None = None, *, path: str | Path | None = None) -> TotalsView:
    """Gather what was reported for a period or a category; offline, without a case.

    Parameters
    ----------
    period : str, optional
        ``"2021"`` or ``"2021-01-01/2022-01-01"`` (half open, UTC).
    category : str, optional
        One of ours, an alias, or a published category.
    path : str or Path, optional
        A registry of one's own in place of the shipped one.

    Returns
    -------
    TotalsView
        Superseded editions are not rows of their own; a row names the editions before it.

    Raises
    ------
    InputError, InputFileError, RegistryError
        As :func:`~cryptotrace.registry.loading.reported_totals`.

    Notes
    -----
    The context cards (INTERPOL's operation, people forced to work) are about 2023. They stand beside the UN's figure
    for 2021 because that figure was printed in the text about those people; they are shown with it, and with 2023.
    """
    asked = None if period is None else parse_period(period)
    ours = None if category is None else resolve_category(category)
    chosen = reported_totals(period=period, category=category, path=path)
    cards = _cards(chosen)
    on_context_cards = {one for card in cards if card.kind == "context" for one in card.records}
    rows = _rows(chosen, [one for one in chosen if one.id not in on_context_cards], asked, ours)
    years = [year for one in chosen.table.values() for year in (one.period_start.year, one.period_end.year)]
    return TotalsView(
        period=period,
        category=ours,
        cards=cards,
        groups=_groups(rows),
        covered=(min(years), max(years)),
        source=chosen.provenance.name,
        sha256=chosen.provenance.sha256,
    )


def render_totals(
    *, period: str | None = None, category: str | None = None, path: str | Path | None = None, width: int = 88
) -> str:
    """Write what was reported for a period or a category as plain text.

    Parameters
    ----------
    period, category, path
        As :func:`totals_view`.
    width : int
        Columns of the text, at least 40.

    Returns
    -------
    str
        Text without colours, ending in a line break.

    Raises
    ------
    InputError, InputFileError, RegistryError
        As :func:`~cryptotrace.registry.loading.reported_totals`.
    """
    return totals_view(period, category, path=path).to_text(width)


def _cards(chosen: ReportedTotals) -> tuple[Card, ...]:
    ids = {one.id for one in chosen}
    figure = figure_card(chosen) if UN_FIGURE in ids else None
    context = tuple(card for card in context_cards(chosen) if figure or ids & set(card.records))
    return ((figure,) if figure else ()) + context


def _rows(totals: ReportedTotals, records: list[ReportedTotal], asked: Period | None, ours: str | None) -> list[TotalsRow]:
    letters = _letters(records)
    return [
        TotalsRow(
            record=one,
            status=totals.status_of(one.id),
            latest=totals.latest(one.id),
            earlier=_earlier(totals, one),
            like=letters.get(one.id),
            related=_related(totals, one, letters),
            scope_differs=any(totals.record(other).scope != one.scope for other in _peers(one, letters)),
            link=None if ours is None else category_link(one.category, ours),
            fit="inside" if asked is None else one.fit(asked) or "wider",
        )
        for one in records
    ]


def _earlier(totals: ReportedTotals, record: ReportedTotal) -> tuple[ReportedTotal, ...]:
    if not record.supersedes:
        return ()
    return tuple(edition for edition in totals.editions(record.id) if edition.published < record.published)


def _related(totals: ReportedTotals, record: ReportedTotal, letters: dict[str, str]) -> tuple[ReportedTotal, ...]:
    bound = {other.id for other in totals.never_add(record.id)}
    return tuple(totals.record(other) for other in _peers(record, letters) if other in bound)


def _peers(record: ReportedTotal, letters: dict[str, str]) -> list[str]:
    """Ids of the other rows with the same letter."""
    letter = letters.get(record.id)
    return [other for other, its in letters.items() if letter is not None and its == letter and other != record.id]


def _letters(records: Iterable[ReportedTotal]) -> dict[str, str]:
    """Give each like-for-like group of two or more a letter: A to Z, then A2 and so on."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for one in _ordered(records):
        groups[like_key(one)].append(one.id)
    shared = [same for same in groups.values() if len(same) > 1]
    return {one: _letter(number) for number, same in enumerate(shared) for one in same}


def _letter(number: int) -> str:
    round_, place = divmod(number, 26)
    return f"{chr(ord('A') + place)}{round_ + 1 if round_ else ''}"


def _ordered(records: Iterable[ReportedTotal]) -> list[ReportedTotal]:
    """By concept, place and category, so that rows that are alike stand together; larger amounts first."""
    concepts = list(CONCEPT_WORDS)
    return sorted(
        records,
        key=lambda one: (concepts.index(one.flow_concept), like_key(one)[3:5], like_key(one), -(one.best_usd or 0), one.id),
    )


def _groups(rows: list[TotalsRow]) -> tuple[ConceptGroup, ...]:
    by_id = {row.record.id: row for row in rows}
    ordered = [by_id[one.id] for one in _ordered(row.record for row in rows)]
    groups = []
    for concept, (title, explanation) in CONCEPT_WORDS.items():
        found = tuple(row for row in ordered if row.record.flow_concept == concept)
        if found:
            groups.append(ConceptGroup(concept=concept, title=title, explanation=explanation, rows=found))
    return tuple(groups)
