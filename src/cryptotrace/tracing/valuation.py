"""Dollars beside amounts: a report layer that no ledger rests on.

A unit is worth the last price at or before its time, if that is at most 36 hours old; rounded half up to a micro-dollar for
each row, then summed. Where there is no price, stablecoins of our list count as one dollar if that is allowed, and
anything else has no dollar value: ``None``, never 0.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from cryptotrace.model import canonical_tokens, micro_dollars
from cryptotrace.tracing.movements import AssetFacts, Book

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["Valuer", "dollars", "sum_dollars", "total_dollars"]

_OLDEST = timedelta(hours=36)


class Valuer:
    """Gives micro-dollars for an amount at a time.

    Parameters
    ----------
    store : Store
        Its table ``prices`` names assets by CAIP-19 or, for assets that we vouch for, by symbol.
    book : Book
        The assets of the case.
    stable_par : bool
        Whether a stablecoin of our list without a price counts as one dollar.
    """

    def __init__(self, store: Store, book: Book, *, stable_par: bool = True) -> None:
        self._series: dict[str, tuple[list[datetime], list[Decimal]]] = defaultdict(lambda: ([], []))
        for time, asset, usd in store.rows("SELECT time, asset, usd FROM prices ORDER BY asset, time, source DESC"):
            times, prices = self._series[asset]
            times.append(time)
            prices.append(usd)
        self._assets = book.assets
        self._par = stable_par

    def micro(self, asset: int, amount: int, time: datetime) -> int | None:
        """Value ``amount`` base units in micro-dollars, half up; None where price or decimals are unknown."""
        facts = self._assets[asset]
        if facts.is_dollars:
            return amount
        decimals = facts.asset.decimals
        price = self.price(facts, time)
        if price is None or decimals is None:
            return None
        # Exact: price is a decimal with at most 18 places, so the product is a ratio of integers.
        scaled, places = _as_ratio(price)
        numerator = amount * scaled * 1_000_000
        denominator = 10 ** (decimals + places)
        rounded: int = (2 * numerator + denominator) // (2 * denominator)
        return rounded

    def price(self, facts: AssetFacts, time: datetime) -> Decimal | None:
        """Give the dollar price of one unit at a time, or None."""
        for name in self._names(facts):
            times, prices = self._series.get(name, ((), ()))
            at = bisect_right(times, time) - 1
            if at >= 0 and time - times[at] <= _OLDEST:
                return prices[at]
        token = canonical_tokens().get((facts.asset.chain, facts.asset.contract or ""))
        if self._par and token is not None and token.stable:
            return Decimal(1)
        return None

    def _names(self, facts: AssetFacts) -> Iterable[str]:
        yield facts.caip
        if facts.canonical and facts.asset.symbol:
            yield facts.asset.symbol


def _as_ratio(price: Decimal) -> tuple[int, int]:
    """Write a price as an integer and a number of decimal places, without a rounding context."""
    _, digits, exponent = price.as_tuple()
    assert isinstance(exponent, int)
    whole = int("".join(map(str, digits)))
    return (whole * 10**exponent, 0) if exponent >= 0 else (whole, -exponent)


def dollars(micro: int | None) -> Decimal | None:
    """Micro-dollars as dollars with six places; unknown stays unknown."""
    if micro is None:
        return None
    return Decimal((0 if micro >= 0 else 1, tuple(map(int, str(abs(micro)))), -6))


def total_dollars(parts: Iterable[int | None]) -> int | None:
    """Sum micro-dollars; unknown as soon as one part is unknown."""
    total = 0
    for part in parts:
        if part is None:
            return None
        total += part
    return total


def sum_dollars(parts: Iterable[Decimal | None]) -> Decimal | None:
    """Sum dollars without a rounding context; unknown as soon as one part is unknown."""
    return dollars(total_dollars(None if part is None else micro_dollars(part) for part in parts))
