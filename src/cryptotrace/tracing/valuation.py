"""Dollars beside amounts: a report layer that no ledger rests on.

A unit is worth the last price at or before its time, if that is at most 36 hours old; rounded half up to a micro-dollar for
each row, then summed. Of several prices of one time a file's goes before one from the network. Where there is no price,
stablecoins of our list count as one dollar if that is allowed: that is assumed, and doubtful on days on which they are known to
have been off their peg. Anything else has no dollar value: ``None``, never 0.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from cryptotrace.codecs import caip19, chain_of
from cryptotrace.model import canonical_tokens, micro_dollars
from cryptotrace.model.depegs import Depeg, depeg_at
from cryptotrace.tracing.movements import AssetFacts, Book, Movement

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["Valuer", "Worth", "dollars", "sum_dollars", "total_dollars"]

_OLDEST = timedelta(hours=36)
_Ground = tuple[datetime, str | None, datetime | None, Decimal | None]
"""The time that a price stands under, its source, its own time, its confidence."""


_PRICES = """
    SELECT time, asset, usd, source, price_time, confidence FROM prices
    ORDER BY asset, time, price_time IS NULL, source DESC
"""
"""Of one time the last counts: files give no ``price_time``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What one unit is worth, and what that rests on.

    Attributes
    ----------
    usd : Decimal
        Dollars.
    basis : str
        ``price``; ``assumed`` for a stablecoin taken at one dollar; ``definition`` for inputs that are dollars.
    source : str
        Where the price comes from; empty where there is none.
    distance : timedelta or None
        How far the time of the price is from the time asked about: from the price's own time where the source tells it, else
        from the time that it stands under. None where there is no price.
    confidence : Decimal or None
        From 0 to 1, where the source states it.
    depeg : Depeg or None
        Where one dollar is assumed: the known loss of its peg in which the time falls.
    """

    usd: Decimal
    basis: str
    source: str = ""
    distance: timedelta | None = None
    confidence: Decimal | None = None
    depeg: Depeg | None = None


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
        self._grounds: dict[str, list[_Ground]] = defaultdict(list)
        for time, asset, usd, *ground in store.rows(_PRICES):
            times, prices = self._series[asset]
            times.append(time)
            prices.append(usd)
            self._grounds[asset].append((time, *ground))
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
        found = self._find(facts, time)
        if found is not None:
            name, at = found
            return self._series[name][1][at]
        return None if self._stable(facts) is None else Decimal(1)

    def worth(self, asset: int, time: datetime) -> Worth | None:
        """Give what :meth:`price` gives with what it rests on; None where there is no value."""
        facts = self._assets[asset]
        if facts.is_dollars:
            return Worth(usd=Decimal(1), basis="definition")
        found = self._find(facts, time)
        if found is not None:
            name, at = found
            stands_at, source, price_time, confidence = self._grounds[name][at]
            distance = abs(time - (stands_at if price_time is None else price_time))
            usd = self._series[name][1][at]
            return Worth(usd=usd, basis="price", source=source or "", distance=distance, confidence=confidence)
        symbol = self._stable(facts)
        return None if symbol is None else Worth(usd=Decimal(1), basis="assumed", depeg=depeg_at(symbol, time))

    def doubts(self, movements: Iterable[Movement]) -> Iterator[str]:
        """Name stablecoins that are taken at one dollar on days on which they are known not to have been worth one."""
        found: dict[tuple[str, Depeg], int] = defaultdict(int)
        for row in movements:
            facts = self._assets[row.asset]
            symbol = None if facts.is_dollars else self._stable(facts)
            depeg = None if symbol is None else depeg_at(symbol, row.time)
            if depeg is not None and self._find(facts, row.time) is None:
                found[facts.display, depeg] += 1
        for (name, depeg), count in sorted(found.items(), key=lambda item: (item[0][0], item[0][1].first)):
            days = f"{depeg.first}" if depeg.first == depeg.last else f"{depeg.first} to {depeg.last}"
            taken = "transfer is" if count == 1 else "transfers are"
            yield (
                f"without a price of {name}, {count:,} {taken} taken "
                f"at one dollar although it was off its peg ({days}, as low as {depeg.lowest_usd} USD): load or fetch prices"
            )

    def _find(self, facts: AssetFacts, time: datetime) -> tuple[str, int] | None:
        """Give the series and the place in it of the last price at or before a time, if it is not too old."""
        for name in self._names(facts):
            times, _ = self._series.get(name, ((), ()))
            at = bisect_right(times, time) - 1
            if at >= 0 and time - times[at] <= _OLDEST:
                return name, at
        return None

    def _stable(self, facts: AssetFacts) -> str | None:
        """Give the symbol of a stablecoin that may be taken at one dollar: by its contract alone, never by what it says."""
        token = canonical_tokens().get((facts.asset.chain, facts.asset.contract or ""))
        return token.symbol if self._par and token is not None and token.stable else None

    def _names(self, facts: AssetFacts) -> Iterable[str]:
        yield facts.caip
        if facts.canonical and facts.asset.symbol:
            yield facts.asset.symbol
        token = canonical_tokens().get((facts.asset.chain, facts.asset.contract or ""))
        if token is not None and token.wraps_native:  # one unit is one coin, on demand
            yield caip19(facts.asset.chain, None)
            yield chain_of(facts.asset.chain).native_symbol


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
