"""The cards that stand beside the UN's figure as context: a police operation, and people forced to work.

The text that printed the figure was about people forced to work in scam centres, so readers lay the two side by side,
and divide. The cards say what the counts are, and why that division has no meaning.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from cryptotrace.registry.cards import UN_FIGURE, Card, Section, steps_off
from cryptotrace.registry.periods import MONTHS, day_words, span_words
from cryptotrace.registry.records import ReportedTotal, ReportedTotals
from cryptotrace.registry.wording import billions, count_words, publisher_words, safe, sentence, source_words

__all__ = ["context_cards"]

_STORM_MAKERS = (
    "interpol_sm2_arrests",
    "interpol_sm2_victims_rescued",
    "interpol_sm2_locations",
    "interpol_sm2_countries",
    "interpol_sm2_investigations",
    "interpol_sm2_checks",
)
_FORCED_WORK = ("ohchr_2023_myanmar_forced", "ohchr_2023_cambodia_forced")
_UNITS = {
    "persons arrested": "people arrested",
    "persons rescued": "people rescued",
    "persons held": "people held",
    "locations": "places inspected",
    "countries": "countries took part",
    "investigations": "inquiries",
    "checks": "checks",
}


def context_cards(totals: ReportedTotals) -> tuple[Card, ...]:
    """Build the context cards whose records the registry holds."""
    return tuple(card for card in (_storm_makers(totals), _forced_work(totals)) if card is not None)


def _present(totals: ReportedTotals, wanted: Iterable[str]) -> list[ReportedTotal]:
    return [totals.record(one) for one in wanted if one in totals.table]


def _counts(records: Iterable[ReportedTotal]) -> tuple[str, ...]:
    return tuple(_count(one) for one in records)


def _count(record: ReportedTotal) -> str:
    place = f" in {safe(record.geography)}" if record.geography_basis == "offenders_in" else ""
    caveat = f" Caveat: {sentence(record.caveat)}" if record.caveat else ""
    words = count_words(record, _UNITS.get(record.original_currency))
    return f"{words}{place}.{caveat} Evidence: {source_words(record)}."


def _numbers(records: Iterable[ReportedTotal]) -> tuple[tuple[str, Decimal], ...]:
    return tuple((one.id, one.original_amount[0]) for one in records if one.original_amount)


def _storm_makers(totals: ReportedTotals) -> Card | None:
    records = _present(totals, _STORM_MAKERS)
    if not records:
        return None
    first = records[0]
    what = (
        f"A police operation of {span_words(first.period_start, first.period_end)} against the trafficking of people. "
        f"{publisher_words(first)} printed these counts on {day_words(first.published)}."
    )
    limits = "They count police work. They say nothing of how much money scams took, in this or any other year."
    return Card(
        id="interpol_storm_makers_2",
        title=f"INTERPOL, Operation Storm Makers II, {MONTHS[first.period_start.month - 1]} {first.period_start.year}",
        kind="context",
        sections=(
            Section(heading="What it is", points=(what, limits)),
            Section(heading="The counts, each with its caveat", points=_counts(records)),
        ),
        amounts=_numbers(records),
        records=tuple(one.id for one in records),
    )


def _forced_work(totals: ReportedTotals) -> Card | None:
    records = _present(totals, _FORCED_WORK)
    if not records:
        return None
    first = records[0]
    what = (
        f"Estimates of the people who are held and forced to scam others. The {publisher_words(first)} printed them on "
        f"{day_words(first.published)}{_same_text(totals, first)}."
    )
    sections = [
        Section(heading="What it is", points=(what,)),
        Section(heading="The counts, each with its caveat", points=_counts(records)),
    ]
    if UN_FIGURE in totals.table:
        reasons = _no_division(totals, totals.record(UN_FIGURE), records)
        sections.append(Section(heading="Why the money must not be divided by these people", points=reasons))
    return Card(
        id="un_forced_work_2023",
        title="The UN's counts of people forced to work in scam centres",
        kind="context",
        sections=tuple(sections),
        amounts=_numbers(records),
        records=tuple(one.id for one in records),
    )


def _same_text(totals: ReportedTotals, record: ReportedTotal) -> str:
    money = totals.table.get(UN_FIGURE)
    if money is None or money.published != record.published or money.best_usd is None:
        return ""
    return f", in the text that also has the {billions(money.best_usd)} billion"


def _no_division(totals: ReportedTotals, money: ReportedTotal, people: list[ReportedTotal]) -> tuple[str, ...]:
    steps = steps_off(totals, money)
    year = span_words(money.period_start, money.period_end)
    parts = " and ".join(f"{step.bridge.part_words} {billions(step.part_usd)} billion" for step in steps)
    replaced = ", from an edition that has been replaced" if totals.status_of(money.id).stale else ""
    without = f" It holds scams that had no such centres: {parts}." if parts else ""
    countries = " and ".join(safe(one.geography) for one in people)
    return (
        f"The money is of {year}, worldwide, in cryptocurrency only{replaced}.{without}",
        (
            f"The people are those in {countries} alone, at one moment of {people[0].published.year}. People came and "
            "went, and other countries are missing."
        ),
        "Not everyone in such a centre is forced, and not every crypto scam comes from one.",
        "The centres also take ordinary money and run gambling. The money above leaves that out.",
        f"These errors go both ways, so the result would be neither a most nor a least.{_spread(totals, money)}",
    )


def _spread(totals: ReportedTotals, money: ReportedTotal) -> str:
    """Say how far the choice of the money alone moves the result."""
    amounts = {one for one in (money.best_usd, totals.latest(money.id).best_usd) if one is not None}
    choices = sorted(amounts | {step.result_usd for step in steps_off(totals, money)})
    if len(choices) < 2 or choices[0] <= 0:
        return ""
    listed = f"{', '.join(billions(one) for one in choices[:-1])} or {billions(choices[-1])}"
    return f" The choice of the money alone ({listed} billion) moves it by a factor of {choices[-1] / choices[0]:.1f}."
