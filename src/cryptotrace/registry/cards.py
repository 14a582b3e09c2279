"""The card of the UN's figure for 2021: what a reader must know before using it.

Every number is read from the registry or worked out from it in Decimal. The texts hold no figure of their own: change
a record, and the card changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from cryptotrace.registry.bridges import Bridged, apply_bridge, bridges_from
from cryptotrace.registry.periods import day_words, span_words
from cryptotrace.registry.records import ReportedTotal, ReportedTotals
from cryptotrace.registry.vintages import same_money
from cryptotrace.registry.vocabulary import CATEGORIES
from cryptotrace.registry.wording import (
    amount_words,
    billions,
    differences,
    edition_words,
    exact_words,
    figure_words,
    like_key,
    publisher_words,
    sentence,
    source_words,
)

__all__ = ["UN_FIGURE", "Card", "Section", "figure_card", "steps_off"]

UN_FIGURE = "ohchr_2023_world_scam_revenue_2021"
# well-known figures that readers hold against the UN's, each with another meaning
_OFTEN_CONFUSED = (
    "griffin_mei_2025_annual",
    "ic3_2021_crypto_investment",
    "unodc_2024_esea_losses",
    "usip_2024_world",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading of a card with its points, in reading order."""

    heading: str
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a reader must know of one figure, or of figures shown beside it as context.

    Parameters
    ----------
    id, title : str
        Name for machines and for people.
    kind : str
        ``figure`` or ``context``.
    sections : tuple of Section
        The text.
    amounts : tuple of (str, Decimal)
        The numbers behind the text, by the id of their record or bridge: US dollars for money, else a count.
    records : tuple of str
        Ids of the records that the card is about.
    never_add : tuple of (str, str)
        Ids that may never be summed with the figure, and why.
    """

    id: str
    title: str
    kind: str
    sections: tuple[Section, ...]
    amounts: tuple[tuple[str, Decimal], ...]
    records: tuple[str, ...]
    never_add: tuple[tuple[str, str], ...] = ()


def figure_card(totals: ReportedTotals) -> Card | None:
    """Build the card of the UN's figure for 2021; None if the registry does not hold it.

    Parameters
    ----------
    totals : ReportedTotals
        Any selection; records are looked up in the whole registry behind it.
    """
    if UN_FIGURE not in totals.table:
        return None
    record = totals.record(UN_FIGURE)
    steps = steps_off(totals, record)
    sections = (
        Section(heading="In short", points=_in_short(totals, record)),
        Section(heading="What it counts", points=_what_it_counts(record)),
        Section(heading="Whose number it is", points=_whose(totals, record)),
        Section(heading="Its editions, oldest first", points=_editions(totals, record)),
        Section(heading="What may be taken off it, to come nearer to investment scams", points=_taken_off(totals, steps)),
        Section(heading="What may be compared with it", points=_comparable(totals, record, steps)),
        Section(
            heading="What may not be compared with it, because it counts something else", points=_not_comparable(totals, record)
        ),
        Section(heading="What may never be added to it", points=_never_added(totals, record)),
        Section(heading="Other money with the same number", points=_collisions(totals, record)),
    )
    editions = totals.editions(record.id)
    amounts = {one.id: one.best_usd for one in (record, *editions) if one.best_usd is not None}
    amounts |= {step.bridge.record: step.part_usd for step in steps}
    amounts |= {step.bridge.id: step.result_usd for step in steps}
    return Card(
        id="un_2021",
        title=f"The UN's {billions(_usd(record))} billion US dollars of {_year(record)}",
        kind="figure",
        sections=tuple(section for section in sections if section.points),
        amounts=tuple(amounts.items()),
        records=tuple(dict.fromkeys([record.id, *(one.id for one in editions), *(s.bridge.record for s in steps)])),
        never_add=tuple((other.id, other.reason) for other in totals.never_add(record.id)),
    )


def steps_off(totals: ReportedTotals, record: ReportedTotal) -> tuple[Bridged, ...]:
    """Apply the bridges that take parts off a figure, as far as the registry holds the records."""
    return tuple(apply_bridge(bridge.id, totals) for bridge in bridges_from(totals, record.id) if bridge.operation == "minus")


def _usd(record: ReportedTotal) -> Decimal:
    return record.best_usd or Decimal(0)


def _year(record: ReportedTotal) -> str:
    return span_words(record.period_start, record.period_end)


def _copied(totals: ReportedTotals, record: ReportedTotal) -> list[ReportedTotal]:
    return [totals.record(one) for one in same_money(totals.table, record.id)[1:]]


def _in_short(totals: ReportedTotals, record: ReportedTotal) -> tuple[str, ...]:
    latest = totals.latest(record.id)
    what = (
        f"On {day_words(record.published)} the {publisher_words(record)} printed that scams worldwide took "
        f"{figure_words(record)} in cryptocurrency in {_year(record)}."
    )
    citation = 'The UN did not work this out. It cites "one report", most likely of a firm that sells blockchain analysis.'
    newer = (
        f"The figure was out of date: for the same year {publisher_words(latest)} now gives {figure_words(latest)}."
        if latest.id != record.id
        else "The registry holds no later edition."
    )
    limits = "It is a figure for the whole world. It says nothing of scam centres or of Southeast Asia."
    return what, citation, newer, limits


def _what_it_counts(record: ReportedTotal) -> tuple[str, ...]:
    everything = (
        f"Payments in {_year(record)}, worldwide, all kinds of crypto scam. Cryptocurrency only: bank transfers are not in it."
    )
    concept = "Money that arrived at addresses which a firm attributed to scams, with nothing taken off for what was paid back."
    limits = 'Not romance baiting (the older word is "pig butchering") alone, and not what victims reported to the police.'
    return everything, concept, limits, f"Evidence: {source_words(record)}."


def _whose(totals: ReportedTotals, record: ReportedTotal) -> tuple[str, ...]:
    origin = [
        f"A citation, not an estimate of the UN's own. Value, year and wording are those of {publisher_words(one)}, "
        f"{day_words(one.published)}. That this is the source is our inference."
        for one in _copied(totals, record)
    ]
    return (*origin, f"Note in the registry: {sentence(record.caveat)}")


def _editions(totals: ReportedTotals, record: ReportedTotal) -> tuple[str, ...]:
    status, editions = totals.status_of(record.id), totals.editions(record.id)
    marks = {status.via: "; the UN repeats this one", status.latest: "; the latest"}
    lines = [
        f"{day_words(one.published)}: {figure_words(one)}, {publisher_words(one)}{marks.get(one.id, '')}" for one in editions
    ]
    latest = editions[-1]
    if status.stale and latest.published < record.published:
        days = (record.published - latest.published).days
        lines.append(f"When the UN printed it, the latest edition was {days} days old.")
    return tuple(lines)


def _taken_off(totals: ReportedTotals, steps: Iterable[Bridged]) -> tuple[str, ...]:
    lines = []
    for step in steps:
        part = totals.record(step.bridge.record)
        lines.append(
            f"{billions(step.start_usd)} - {billions(step.part_usd)} = {billions(step.result_usd)} billion USD "
            f"({exact_words(step.result_usd)}), {step.bridge.words}. {sentence(step.bridge.caveat)} "
            f"Part printed by {publisher_words(part)}, {day_words(part.published)}."
        )
    if lines:
        lines.append("These parts belong to the edition that the UN repeats. Never take them off the latest edition.")
    return tuple(lines)


def _comparable(totals: ReportedTotals, record: ReportedTotal, steps: tuple[Bridged, ...]) -> tuple[str, ...]:
    latest = totals.latest(record.id)
    same = (
        f"A total of your own, here called E, that counts the same: money that arrived at scam addresses in "
        f"{_year(record)}, worldwide, all kinds of scam, in dollars of the day of payment, without transfers between "
        "scam addresses."
    )
    lines = [same]
    if latest.id != record.id:
        lines.append(f"E / {billions(_usd(latest))} is your share of the latest edition. Prefer this one.")
    lines.append(f"E / {billions(_usd(record))} is your share of the figure as the UN cites it.")
    lines += [f"E / {billions(step.result_usd)} if E, too, is counted {step.bridge.words}." for step in steps]
    lines.append('E misses the addresses that nobody found, so write "at least x percent of", and the share per chain.')
    return (*lines, *_independent(totals, record))


def _independent(totals: ReportedTotals, record: ReportedTotal) -> tuple[str, ...]:
    """List figures of the same kind that share nothing with this one, or say that there are none."""
    related = {record.id, *(other.id for other in totals.never_add(record.id))}
    alike = [one for one in totals.table.values() if like_key(one) == like_key(record) and one.id not in related]
    if not alike:
        return ("Of other publishers the registry holds no figure of this kind for this period.",)
    return tuple(f"Of the same kind: {edition_words(one)}." for one in alike)


def _not_comparable(totals: ReportedTotals, record: ReportedTotal) -> tuple[str, ...]:
    others = [totals.record(one) for one in _OFTEN_CONFUSED if one in totals.table]
    return tuple(
        f"{amount_words(one)}, {publisher_words(one)}: {'; '.join(differences(record, one))}."
        for one in others
        if differences(record, one)
    )


def _never_added(totals: ReportedTotals, record: ReportedTotal) -> tuple[str, ...]:
    return tuple(
        f"{amount_words(one)}, {publisher_words(one)}, {day_words(one.published)}, {CATEGORIES[one.category]}: {other.words}."
        for other in totals.never_add(record.id)
        for one in (totals.record(other.id),)
    )


def _collisions(totals: ReportedTotals, record: ReportedTotal) -> tuple[str, ...]:
    """List other money of the same amount; notes of the copied edition tell of those that are no record."""
    related = {record.id, *(other.id for other in totals.never_add(record.id))}
    lines = [
        f"{amount_words(one)}, {publisher_words(one)}, {day_words(one.published)}: {'; '.join(differences(record, one))}."
        for one in totals.table.values()
        if one.best_usd == record.best_usd and one.id not in related
    ]
    notes = [
        f"Note on {publisher_words(one)}, {day_words(one.published)}: {sentence(one.caveat)}"
        for one in _copied(totals, record)
        if one.caveat
    ]
    return (*lines, *notes)
