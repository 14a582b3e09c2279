"""Days on which a stablecoin of our list is known not to have been worth a dollar, with the source that says so.

``depegs.csv`` beside this file is the list; days are UTC, both included. It holds what a source reports, so it is no list of
all such days: a day that is not in it is not proven to have been at par.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType

__all__ = ["Depeg", "depeg_at", "known_depegs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Depeg:
    """Days on which a stablecoin was off its peg.

    Attributes
    ----------
    symbol : str
        As in the canonical list of tokens, on whatever chain.
    first, last : date
        UTC, both included.
    lowest_usd : Decimal
        The lowest price that the source reports.
    source : str
        Who reports it.
    """

    symbol: str
    first: date
    last: date
    lowest_usd: Decimal
    source: str


@cache
def known_depegs() -> Mapping[str, tuple[Depeg, ...]]:
    """Give the list as symbol -> windows in order of time; read once."""
    text = files(__package__).joinpath("depegs.csv").read_text(encoding="utf-8")
    found: dict[str, list[Depeg]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        window = Depeg(
            symbol=row["symbol"],
            first=date.fromisoformat(row["first"]),
            last=date.fromisoformat(row["last"]),
            lowest_usd=Decimal(row["lowest_usd"]),
            source=row["source"],
        )
        found.setdefault(window.symbol, []).append(window)
    return MappingProxyType({name: tuple(sorted(windows, key=lambda one: one.first)) for name, windows in found.items()})


def depeg_at(symbol: str, time: datetime) -> Depeg | None:
    """Give the window in which a time falls, or None.

    >>> depeg_at("USDC", datetime(2023, 3, 11, 8, tzinfo=UTC)).lowest_usd
    Decimal('0.86')
    """
    windows = known_depegs().get(symbol, ())
    if not windows:
        return None
    day = time.astimezone(UTC).date()
    return next((one for one in windows if one.first <= day <= one.last), None)
