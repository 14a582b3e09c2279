"""How a report prints numbers, times and hostile text: exact until the last digit that is shown, unknown as ``unknown``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

from cryptotrace.figures.svg_text import clean

__all__ = [
    "UNKNOWN",
    "PricedSum",
    "at_least_percent",
    "count",
    "day",
    "listed",
    "moment",
    "percent",
    "priced_sum",
    "printable",
    "significant",
    "times",
    "units",
    "usd",
    "usd_range",
    "words",
]

UNKNOWN = "unknown"
_WIDE = Context(prec=200, rounding=ROUND_HALF_UP)
_DOWN = Context(prec=3, rounding=ROUND_DOWN)


@dataclass(frozen=True, slots=True)
class PricedSum:
    """A sum of dollars, and how many of its parts have no price; ``known`` alone is never the whole answer then."""

    known: Decimal
    unpriced: int
    parts: int

    def text(self, places: int = 0) -> str:
        """Print the sum; a part without price is said, and a sum of which nothing has a price is unknown."""
        if not self.unpriced:
            return usd(self.known, places)
        if self.unpriced == self.parts:
            return UNKNOWN
        return f"{usd(self.known, places)} and {count(self.unpriced, 'amount')} without a price"


def priced_sum(values: Iterable[Decimal | None]) -> PricedSum:
    """Sum what has a price exactly; O(values)."""
    known, unpriced, parts = Decimal(0), 0, 0
    for value in values:
        parts += 1
        if value is None:
            unpriced += 1
        else:
            known = _WIDE.add(known, value)
    return PricedSum(known, unpriced, parts)


def usd(value: Decimal | None, places: int = 2) -> str:
    """Print dollars with thousands separators, half up.

    Parameters
    ----------
    value : Decimal or None
        US dollars; None is printed as ``unknown``, never as 0.
    places : int
        2 prints cents.

    Notes
    -----
    What is not zero is never printed as zero: below the last digit it is ``less than 1 USD``.
    """
    if value is None:
        return UNKNOWN
    unit = Decimal(1).scaleb(-places)
    rounded = value.quantize(unit, context=_WIDE)
    if value and not rounded:
        return f"less than {unit:f} USD"
    return f"{rounded:,f} USD"


def usd_range(low: Decimal | None, central: Decimal | None, high: Decimal | None, *, places: int = 0, why: str = "") -> str:
    """Print a figure with its range first: ``between 1 and 3 USD (shown: 2)``.

    Parameters
    ----------
    low, central, high : Decimal or None
        US dollars.
    places : int
        Digits after the point.
    why : str
        What the shown figure rests on, such as the policy.
    """
    if central is None and (low is None or high is None):
        return UNKNOWN
    noted = f", {why}" if why else ""
    if low is None or high is None:
        return f"{usd(central, places)} (range unknown{noted})"
    if usd(low, places) == usd(high, places):
        return f"{usd(high, places)} (low and high alike{noted})"
    first = usd(low, places).removesuffix(" USD")
    shown = "" if central is None else f" (shown: {usd(central, places).removesuffix(' USD')}{noted})"
    return f"between {first} and {usd(high, places)}{shown}"


def units(amount: int, decimals: int | None, symbol: str) -> str:
    """Print base units as a decimal number of coins, without rounding; without known decimals the base units themselves.

    >>> units(1_234_500_000, 6, "USDT")
    '1,234.5 USDT'
    >>> units(7, None, "XYZ")
    '7 base units of XYZ'
    """
    if decimals is None:
        return f"{amount:,} base units of {printable(symbol)}"
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(decimals + 1, "0")
    whole, rest = (digits[:-decimals], digits[-decimals:].rstrip("0")) if decimals else (digits, "")
    return f"{sign}{int(whole):,}{'.' + rest if rest else ''} {printable(symbol)}"


def percent(part: Decimal | None, whole: Decimal | None) -> str:
    """Print a share with one decimal; ``unknown`` where either is unknown or the whole is nothing."""
    if part is None or whole is None or whole <= 0:
        return UNKNOWN
    share = _WIDE.divide(part * 100, whole)
    if part and share < Decimal("0.05"):
        return "under 0.1%"
    return f"{share.quantize(Decimal('0.1'), context=_WIDE):f}%"


def at_least_percent(ratio: Decimal | None) -> str:
    """Print a ratio as a share rounded *down* to three digits, so that "at least" stays true."""
    if ratio is None:
        return UNKNOWN
    return f"{_plain(_DOWN.multiply(ratio, Decimal(100)))}%"


def times(ratio: Decimal | None) -> str:
    """Print a factor such as ``2.29``; two decimals, small ones to three digits."""
    if ratio is None:
        return UNKNOWN
    if ratio >= Decimal("0.1"):
        return f"{ratio.quantize(Decimal('0.01'), context=_WIDE):,f}"
    return _plain(Context(prec=3, rounding=ROUND_HALF_UP).plus(ratio))


def significant(value: int | Decimal, digits: int = 3) -> int | Decimal:
    """Round to so many significant digits, half up; an ``int`` stays an ``int``."""
    rounded = Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal(value)
    if isinstance(value, int):
        return int(rounded)
    return Decimal(f"{rounded:f}")


def count(number: int, one: str, many: str = "") -> str:
    """``1 address``, ``2,000 addresses``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(parts: Iterable[str], last: str = "and") -> str:
    """Join as ``a, b and c``."""
    items = list(parts)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""


def day(time: datetime | None) -> str:
    """``2024-07-16``; ``unknown`` without a time."""
    return UNKNOWN if time is None else f"{time:%Y-%m-%d}"


def moment(time: datetime | None) -> str:
    """``2024-07-16 09:31:05``, UTC; a bare day where the time was reduced to it."""
    if time is None:
        return UNKNOWN
    return day(time) if (time.hour, time.minute, time.second) == (0, 0, 0) else f"{time:%Y-%m-%d %H:%M:%S}"


def words(name: str) -> str:
    """Print an identifier as words: ``not_pulled`` becomes ``not pulled``."""
    return printable(name.replace("_", " "))


def printable(text: str, length: int = 400) -> str:
    """Text from a chain, a label or a file without control, direction and zero-width marks, cut to a length."""
    kept = clean(text)
    return kept if len(kept) <= length else kept[: length - 1].rstrip() + "…"


def _plain(value: Decimal) -> str:
    """Digits without exponent and without trailing zeros after the point."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
