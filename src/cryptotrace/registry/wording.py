"""Records in words: amounts in billions beside the exact figure, periods, places, and safe display of foreign text."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from cryptotrace.registry.periods import day_words, span_words
from cryptotrace.registry.records import ReportedTotal
from cryptotrace.registry.vocabulary import CATEGORIES

__all__ = [
    "about_words",
    "amount_words",
    "billions",
    "count_words",
    "differences",
    "edition_words",
    "exact_words",
    "figure_words",
    "like_key",
    "period_words",
    "place_words",
    "printed_words",
    "publisher_words",
    "safe",
    "sentence",
    "source_words",
]

_BILLION = Decimal(1_000_000_000)
_PUBLISHERS = {
    "OHCHR": "UN Human Rights Office (OHCHR)",
    "UNODC": "UN Office on Drugs and Crime (UNODC)",
    "FBI IC3": "FBI Internet Crime Complaint Center (IC3)",
    "FinCEN": "US Treasury, FinCEN",
    "FTC": "US Federal Trade Commission (FTC)",
    "CAFC": "Canadian Anti-Fraud Centre (CAFC)",
    "CAFC (via OPP)": "Canadian Anti-Fraud Centre (CAFC), through the Ontario police",
    "USIP": "United States Institute of Peace (USIP)",
    "IOM": "UN migration agency (IOM)",
}
_FLOWS = {
    "scam_inflow_attributed": "money that arrived at addresses attributed to scams",
    "victim_loss_reported": "losses that victims reported",
    "survey_loss": "losses scaled up from a survey",
    "modelled_loss": "losses from a model",
    "exit_inflow": "money that reached exchange deposits",
    "entry_from_exchanges": "money that left exchanges for scams",
    "modelled_revenue": "offenders' income from a model",
    "incident_loss": "a sum over listed incidents",
    "case_total": "one case",
    "laundered": "proceeds that were moved",
    "service_throughput": "throughput of one service",
    "cost_of_crime_supply": "what offenders paid their suppliers",
    "seized_or_frozen": "value seized or frozen",
    "count": "a count",
    "qualitative": "a statement without a number",
}
_RAILS = {"crypto": "crypto only", "all_payments": "all ways to pay", "mixed": "crypto and other assets", "na": "no money"}
_DATED = {"payment_date": "payments", "report_date": "reports", "case_period": "case"}


def safe(text: str) -> str:
    """Show text of a file harmlessly: control and direction characters appear as their code, not as their effect."""
    return "".join(character if character.isprintable() else f"\\u{{{ord(character):x}}}" for character in text)


def sentence(text: str) -> str:
    """Show text of a file as a sentence that ends in one full stop."""
    shown = safe(text)
    return shown if shown.endswith((".", "!", "?")) else f"{shown}."


def billions(amount: Decimal) -> str:
    """Write dollars in billions: 7.8, 0.907, 0.0614. Rounded half up; print the exact figure beside it."""
    value = amount / _BILLION
    step = Decimal("0.001") if value >= Decimal("0.1") else Decimal("0.0001")
    if value < step:
        step = Decimal("0.000000001")
    text = f"{value.quantize(step, rounding=ROUND_HALF_UP):,f}".rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def exact_words(amount: Decimal) -> str:
    """Write an amount in full with thousands separated."""
    return f"{amount:,f}"


def amount_words(record: ReportedTotal) -> str:
    """Write the amount of a record in billions of dollars with the source's own bound; counts with their unit."""
    if record.flow_concept == "count":
        return count_words(record)
    if record.best_usd is None:
        return "no figure given"
    year = " a year" if record.annual_rate else ""
    return f"{_bounded(record)} billion USD{year}"


def _bounded(record: ReportedTotal) -> str:
    low, high = record.low_usd, record.high_usd
    best = record.best_usd or Decimal(0)
    if record.bound == "lower":
        projected = f" (with the publisher's own projection {billions(high)})" if high and high > best else ""
        return f"at least {billions(best)}{projected}"
    if record.bound == "upper":
        return f"up to {billions(high if high is not None else best)}"
    if low is not None and high is not None and low != high:
        ends = f"{billions(low)} to {billions(high)}"
        return ends if record.central_usd is None else f"{billions(record.central_usd)} (range {ends})"
    return billions(best)


def printed_words(record: ReportedTotal) -> str:
    """Write the amount in full; where the source used another currency or unit, that too."""
    if record.flow_concept == "count" or record.best_usd is None:
        return ""
    if record.central_usd is None and record.low_usd is not None and record.high_usd is not None:
        full = f"{exact_words(record.low_usd)} to {exact_words(record.high_usd)}"
    else:
        full = exact_words(record.best_usd)
    if record.original_currency in {"USD", "USD per year"}:
        return full
    source = " to ".join(exact_words(part) for part in record.original_amount)
    converted = ", converted by us" if record.usd_basis == "converted_by_us" else ""
    return f"{full}; the source prints {source} {safe(record.original_currency)}{converted}"


def figure_words(record: ReportedTotal) -> str:
    """Write the amount in billions with the full amount in brackets."""
    full = printed_words(record)
    return f"{amount_words(record)} ({full})" if full else amount_words(record)


def count_words(record: ReportedTotal, unit: str | None = None) -> str:
    """Write a count, ``at least 120,000 persons held``, in the unit of the record or in other words for it."""
    bound = {"lower": "at least ", "upper": "up to "}.get(record.bound, "")
    number = " to ".join(exact_words(part) for part in record.original_amount)
    return f"{bound}{number} {safe(unit or record.original_currency)}"


def publisher_words(record: ReportedTotal) -> str:
    """Name the publisher for a reader who does not know the abbreviation."""
    name = _PUBLISHERS.get(record.publisher, record.publisher)
    # "DOJ USAO-EDNY" is the office of one district
    name = re.sub(r"^DOJ USAO-(\w+)", r"US Department of Justice (\1)", name)
    return safe(re.sub(r"^DOJ\b", "US Department of Justice", name))


def period_words(record: ReportedTotal) -> str:
    """Write the period and how things were dated into it: ``payments in 2021``."""
    span = span_words(record.period_start, record.period_end)
    if record.period_basis == "publication_stock":
        return f"state at publication, about {span}"
    if span[0].isdigit() and span.replace(" to ", "").isdigit():
        return f"{_DATED[record.period_basis]} in {span}"
    return f"{_DATED[record.period_basis]} from {span}"


def place_words(record: ReportedTotal) -> str:
    """Say what the place is the place of: ``victims in Canada``, ``worldwide``."""
    if record.geography == "World":
        place = "worldwide"
    elif record.geography == "United States":
        place = "in the United States"
    else:
        place = f"in {safe(record.geography)}"
    whose = {"victims_in": "victims ", "offenders_in": "offenders ", "service": "one service, ", "case": "one case, "}
    return f"{whose.get(record.geography_basis, '')}{place}"


def about_words(record: ReportedTotal) -> str:
    """Say what a figure is about: category, the publisher's own scope, rail and period."""
    category, rail = CATEGORIES[record.category], _RAILS[record.rail]
    # "fraud paid in crypto; crypto only" says one thing twice
    said = rail in category or (record.rail == "crypto" and "crypto" in category)
    parts = [category, f"scope: {safe(record.scope)}", *([] if said or record.rail == "na" else [rail])]
    return "; ".join([*parts, period_words(record)])


def source_words(record: ReportedTotal) -> str:
    """Say how good the evidence is."""
    kinds = {"[primary]": "read in the original", "[repost of primary]": "read in a copy of the original"}
    seen = next((words for mark, words in kinds.items() if record.location.startswith(mark)), "read in the press")
    if record.status == "derived":
        seen = "our own arithmetic"
    elif not record.verified:
        seen = "not verified"
    return f"{seen}, confidence {record.confidence}"


def like_key(record: ReportedTotal) -> tuple[str, ...]:
    """Everything that must be equal before two figures are like for like.

    The place of one service or one case says little, so there the publisher's own scope counts too.
    """
    own_scope = record.scope if record.geography_basis in {"service", "case"} else ""
    return (
        record.flow_concept,
        record.category,
        record.rail,
        record.geography_basis,
        record.geography,
        own_scope,
        record.period_basis,
        str(record.period_start),
        str(record.period_end),
        str(record.annual_rate),
    )


def differences(record: ReportedTotal, other: ReportedTotal) -> tuple[str, ...]:
    """Say in words how ``other`` differs from ``record``; empty if the two are like for like."""
    category, rail = CATEGORIES[other.category], _RAILS[other.rail]
    found = []
    if other.flow_concept != record.flow_concept:
        found.append(_FLOWS[other.flow_concept])
    if other.category != record.category:
        found.append(category)
    if place_words(other) != place_words(record):
        found.append(place_words(other))
    if other.rail != record.rail and rail not in category:
        found.append(rail)
    if period_words(other) != period_words(record):
        found.append(period_words(other))
    if other.annual_rate != record.annual_rate:
        found.append("an amount per year" if other.annual_rate else "an amount for the whole period")
    return tuple(found)


def edition_words(record: ReportedTotal) -> str:
    """Write one edition: amount, exact figure, publisher and day."""
    return f"{figure_words(record)}, {publisher_words(record)}, {day_words(record.published)}"
