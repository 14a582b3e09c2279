"""What one record must keep by itself: dates, bounds, conversions, keys that imply one another, evidence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from cryptotrace.registry.drafts import Draft, read_number
from cryptotrace.registry.vocabulary import COUNT_UNITS, NON_MONETARY, RATES, USD_UNITS

__all__ = ["RECORD_RULES"]

Rule = Callable[[Draft], Iterator[str]]

# a converted amount may be off by its own rounding, half a percent
_RATE_SLACK = (Decimal("0.995"), Decimal("1.005"))
_ADDRESS = re.compile(r"https?://\S+")
_EVIDENCE = re.compile(r"\[(primary|repost of primary|secondary)\]")
_EARLIEST_PRINT_DAYS = 31


def period_runs_forward(draft: Draft) -> Iterator[str]:
    """Refuse a first day after the last."""
    if draft.start > draft.end:
        yield "period_start after period_end"


def published_after_period(draft: Draft) -> Iterator[str]:
    """Refuse a sum printed long before its period ended; the last weeks of a year are allowed."""
    if (draft.end - draft.published).days > _EARLIEST_PRINT_DAYS:
        yield "published more than a month before its period ended"


def bounds_are_ordered(draft: Draft) -> Iterator[str]:
    """Require low, central and high in that order."""
    if draft.present != sorted(draft.present):
        yield "bounds not ordered low <= central <= high"


def amounts_are_positive(draft: Draft) -> Iterator[str]:
    """Refuse zero: unknown is an empty cell."""
    if any(value <= 0 for value in draft.present):
        yield "amount not positive"


def counts_carry_no_money(draft: Draft) -> Iterator[str]:
    """Keep dollars out of counts and statements."""
    if draft["flow_concept"] in NON_MONETARY and draft.present:
        yield f"{draft['flow_concept']} row carries USD"


def counts_have_a_unit(draft: Draft) -> Iterator[str]:
    """Require of a count what it counts, and how many."""
    if draft["flow_concept"] != "count":
        return
    if draft["original_currency"] not in COUNT_UNITS or not draft["original_amount"]:
        yield f"count needs a known unit and an amount, has {draft['original_currency']!r}"


def money_has_an_amount(draft: Draft) -> Iterator[str]:
    """Require of money its dollars, the printed amount, and a known currency."""
    if draft["flow_concept"] in NON_MONETARY:
        return
    if not draft.present:
        yield "monetary row without an amount"
    elif not draft["original_amount"]:
        yield "monetary row without original_amount"
    if draft["original_currency"] not in RATES:
        yield f"unknown currency {draft['original_currency']!r}"


def bound_has_its_amount(draft: Draft) -> Iterator[str]:
    """Require the amount that the bound of the source's wording speaks of."""
    low, central, high = (value is not None for value in (draft.low, draft.central, draft.high))
    if draft["bound"] == "range" and not (low and high):
        yield "range needs low and high"
    if not draft.present:
        return
    if draft["bound"] == "upper" and not (high or central):
        yield "upper bound needs high or central"
    if draft["bound"] == "lower" and not (low or central):
        yield "lower bound needs low or central"
    if draft["bound"] == "point" and not central:
        yield "point needs central"


def conversion_is_plausible(draft: Draft) -> Iterator[str]:
    """Require a rate, in dollars per printed unit, that some day of 2014-2026 could give."""
    unit, printed = draft["original_currency"], draft["original_amount"]
    if not draft.present or unit not in RATES or not printed:
        return
    parts = printed.split("-")
    if not _is_number_or_range(printed):
        return  # printed_amount_is_plain says so
    dollars = [draft.low, draft.high] if len(parts) == 2 else [draft.best]
    for part, value in zip(parts, dollars, strict=True):
        if value is None:
            yield "original range without low and high in USD"
        elif not _rate_is_plausible(value, Decimal(part), unit):
            yield f"implausible rate: {value} USD for {part} {unit}"


def printed_amount_is_plain(draft: Draft) -> Iterator[str]:
    """Require of the printed amount, where there is one, a plain number or ``a-b``."""
    if draft["original_amount"] and not _is_number_or_range(draft["original_amount"]):
        yield f"original_amount {draft['original_amount']!r} is not a plain number or a-b"


def _is_number_or_range(text: str) -> bool:
    parts = text.split("-")
    return len(parts) <= 2 and all(_is_number(part) for part in parts)


def _is_number(text: str) -> bool:
    try:
        return read_number(text) is not None
    except ValueError:
        return False


def _rate_is_plausible(dollars: Decimal, printed: Decimal, unit: str) -> bool:
    low, high = RATES[unit]
    return low * _RATE_SLACK[0] * printed <= dollars <= high * _RATE_SLACK[1] * printed


def usd_basis_fits_currency(draft: Draft) -> Iterator[str]:
    """Hold how the dollars came about against the printed currency."""
    unit, basis = draft["original_currency"], draft["usd_basis"]
    if unit in USD_UNITS and basis == "converted_by_us":
        yield f"usd_basis converted_by_us but currency is {unit}"
    if unit in set(RATES) - USD_UNITS and basis not in {"usd_in_source", "converted_by_us"}:
        yield f"usd_basis {basis} for {unit}"
    if (unit == "BTC") != (basis == "mark_to_market"):
        yield "mark_to_market goes with BTC and only with BTC"


def annual_rate_is_marked(draft: Draft) -> Iterator[str]:
    """Require the mark by which dollars per year are told from dollars."""
    if draft["annual_rate"] == "true":
        return
    if draft["original_currency"] == "USD per year":
        yield "USD per year needs annual_rate=true"
    if draft["flow_concept"] == "modelled_revenue":
        yield "modelled revenue is an annual rate, annual_rate must be true"


def keys_agree(draft: Draft) -> Iterator[str]:
    """Hold comparison keys that imply one another together."""
    concept, basis = draft["flow_concept"], draft["geography_basis"]
    if (concept == "count") != (draft["rail"] == "na"):
        yield "rail=na goes with count and only with count"
    if basis == "world" and draft["geography"] != "World":
        yield "basis world needs geography World"
    if concept == "service_throughput" and basis != "service":
        yield "throughput is about a service"
    if concept == "victim_loss_reported" and basis != "victims_in":
        yield "reported loss needs victims_in"


def derived_is_marked(draft: Draft) -> Iterator[str]:
    """Require that our own arithmetic is named so, and never counts as seen in a source."""
    if draft["status"] == "derived":
        if not draft["method"].startswith("derived") or draft["verified"] != "no":
            yield "derived needs method 'derived ...' and verified=no"
    elif draft["method"].startswith("derived") or "DERIVED by us" in draft["caveat"]:
        yield "method or caveat says derived, status does not"


def confidence_has_grounds(draft: Draft) -> Iterator[str]:
    """Require the primary text for high confidence; a figure from memory has little."""
    seen = draft["verified"] == "yes"
    if draft["confidence"] == "high" and not ("[primary]" in draft["location"] and seen):
        yield "high confidence needs [primary] and verified=yes"
    if "memory only" in draft["location"] and (seen or draft["confidence"] != "low"):
        yield "memory is neither verified nor above low"


def verified_has_evidence(draft: Draft) -> Iterator[str]:
    """Require of a verified figure one address, and the kind of copy that was read."""
    if draft["verified"] != "yes":
        return
    if not _ADDRESS.fullmatch(draft["source_url"]):
        yield "verified=yes needs one http address"
    if not _EVIDENCE.match(draft["location"]):
        yield "verified=yes needs [primary], [repost of primary] or [secondary] in location"


RECORD_RULES: tuple[Rule, ...] = (
    period_runs_forward,
    published_after_period,
    bounds_are_ordered,
    amounts_are_positive,
    counts_carry_no_money,
    counts_have_a_unit,
    money_has_an_amount,
    bound_has_its_amount,
    printed_amount_is_plain,
    conversion_is_plausible,
    usd_basis_fits_currency,
    annual_rate_is_marked,
    keys_agree,
    derived_is_marked,
    confidence_has_grounds,
    verified_has_evidence,
)
