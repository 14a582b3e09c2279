"""Two sources of prices compared: a sample, evenly spread, and what differs by more than a threshold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from cryptotrace.sources.prices import Need, Quote
from cryptotrace.sources.prices.base import EXACT

__all__ = ["Check", "disagreements", "sample"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One price by two sources."""

    need: Need
    source: str
    usd: Decimal
    other: Quote


def sample(quotes: Iterable[Quote], number: int) -> list[Quote]:
    """Take so many quotes, evenly spread over assets and hours; the same every time."""
    ordered = sorted(quotes, key=lambda quote: quote.need)
    count = min(number, len(ordered))
    return [ordered[at * len(ordered) // count] for at in range(count)]


def disagreements(checks: Sequence[Check], threshold: Decimal) -> list[tuple[Any, ...]]:
    """Give a row for each pair that differs by more than a share of the larger price."""
    rows: list[tuple[str, datetime, str, Decimal, str, Decimal, Decimal]] = []
    for one in checks:
        larger = max(one.usd, one.other.usd)
        share = EXACT.divide(abs(EXACT.subtract(one.usd, one.other.usd)), larger)
        if share > threshold:
            percent = EXACT.multiply(share, Decimal(100)).quantize(Decimal("0.01"), context=EXACT)
            rows.append((one.need.asset, one.need.time, one.source, one.usd, one.other.source, one.other.usd, percent))
    return sorted(rows)
