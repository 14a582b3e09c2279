"""The contract of every source of prices: needs in, requests out, and what an answer says of each need.

A need is an asset and a full hour (UTC). A request tells by itself which needs it is about: by its parameters, or, where what
is sent says less, by :attr:`~cryptotrace.sources.base.Request.run`, which holds the hours in Unix seconds. So a stored answer
alone gives its prices again. Every need of a request ends as a quote or as a gap with a reason; none becomes zero.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Any, Protocol

from cryptotrace.errors import (
    BadKey,
    BadRequest,
    MalformedAnswer,
    PlanRequired,
    RangeTooLarge,
    RateLimited,
    SourceError,
    TransientSourceError,
)
from cryptotrace.sources._http import header_seconds
from cryptotrace.sources.base import Answer, Fetcher, Request

__all__ = [
    "EXACT",
    "PER_HOUR",
    "STREAM",
    "Found",
    "Gap",
    "Need",
    "Point",
    "PriceSource",
    "Quote",
    "by_asset",
    "hours_of",
    "malformed",
    "nearest",
    "priced",
    "read_body",
    "refuse_status",
    "short",
    "words_of",
]

STREAM = "price"
"""The stream of every request for prices."""
PER_HOUR = 3_600
EXACT = Context(prec=80)
"""A context in which no price is rounded before it is put into its column."""
_PLACES = Decimal(1).scaleb(-18)
_CONFIDENCE_PLACES = Decimal(1).scaleb(-5)
_MOST = 10**20
_FIRST, _LAST = 1_230_768_000, 4_102_444_800  # 2009-01-01, 2100-01-01
_HINT = "The raw answer is kept; try again, or another source of prices"


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """A price that is wanted.

    Attributes
    ----------
    asset : str
        CAIP-19 of a token, symbol of a coin of ours, or ``fiat:`` and a currency.
    hour : int
        Unix seconds of a full hour.
    """

    asset: str
    hour: int

    @property
    def time(self) -> datetime:
        """The hour, in UTC."""
        return datetime.fromtimestamp(self.hour, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A price that was given.

    Attributes
    ----------
    need : Need
        What was asked.
    usd : Decimal
        Dollars for one unit, above zero, at most 18 decimals.
    price_time : datetime
        When the price was one; its distance from the asked time is within what the source allows.
    confidence : Decimal or None
        From 0 to 1, where the source says so.
    """

    need: Need
    usd: Decimal
    price_time: datetime
    confidence: Decimal | None
    source: str

    def row(self) -> tuple[Any, ...]:
        """Give the row of the table ``prices``."""
        return (self.need.time, self.need.asset, self.usd, self.source, self.price_time, self.confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A price that was not given, and why."""

    need: Need
    reason: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one answer says: each need of its request is in one of the two."""

    quotes: tuple[Quote, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """A price as an answer has it: Unix seconds, and values that nobody has judged yet."""

    second: int
    price: Any
    confidence: Any = None


class PriceSource(Protocol):
    """A source of prices as the collector sees it."""

    @property
    def name(self) -> str:
        """Short name, as in ``open_prices`` and in the column ``source``."""

    @property
    def fetcher(self) -> Fetcher:
        """Where its answers come from."""

    def judge(self, answer: Answer) -> None:
        """Raise the error that an answer is, if it is one."""

    def serves(self, asset: str) -> bool:
        """Whether it can be asked about an asset at all."""

    def requests(self, needs: Iterable[Need]) -> list[Request]:
        """Give the requests that ask for all of these needs, as few as it takes."""

    def asked(self, request: Request) -> tuple[Need, ...]:
        """Give the needs that a request of this source is about."""

    def read(self, answer: Answer) -> Found:
        """Say what an answer gives for each need of its request. Pure."""


# -- reading ---------------------------------------------------------------------------------------------------------------


def read_body(answer: Answer) -> Any:
    """Give a body as plain values, every number exact; NaN and infinity are no JSON.

    Raises
    ------
    SourceError
        Of the kind that the HTTP status says, if it is no JSON.
    """

    def refuse(text: str) -> Any:
        raise ValueError(text)

    try:
        return json.loads(answer.body, parse_float=Decimal, parse_constant=refuse)
    except (ValueError, RecursionError):
        pass  # no JSON, no UTF-8, or a whole number of thousands of digits
    raise refuse_status(answer)


def words_of(body: Any) -> str:
    """Give the words of an error that says something: ``{"message": …}`` or ``{"error": …}``."""
    cells = body if isinstance(body, dict) else {}
    return next((found for name in ("message", "error") if (found := short(cells.get(name)))), "")


def nearest(points: Sequence[Point], second: int) -> Point | None:
    """Give the point that is closest in time, the earlier of two; None where there is none."""
    return min(points, key=lambda point: (abs(point.second - second), point.second), default=None)


def priced(need: Need, point: Point | None, source: str, *, within: timedelta, least: Decimal | None = None) -> Quote | Gap:
    """Judge the closest price for a need: too far, doubtful, none or odd ones are gaps.

    Parameters
    ----------
    within : timedelta
        How far the price may be from the asked time.
    least : Decimal, optional
        The least confidence, where the source states one.
    """

    def gap(reason: str) -> Gap:
        return Gap(need=need, reason=reason, source=source)

    if point is None:
        return gap("not known to the source")
    if not is_second(point.second) or abs(point.second - need.hour) > within.total_seconds():
        return gap("no price close in time")
    price = _number(point.price)
    if price is None or price <= 0:
        return gap("no price above zero")
    usd = None if price >= _MOST else price.quantize(_PLACES, context=EXACT)
    if usd is None or usd >= _MOST:
        return gap("a price of 10**20 or more")
    if not usd:
        return gap("a price below 10**-18")
    confidence = None if point.confidence is None else _number(point.confidence)
    if point.confidence is not None and (confidence is None or not 0 <= confidence <= 1):
        return gap("a confidence that is none")
    if confidence is not None and least is not None and confidence < least:
        return gap(f"confidence below {least}")
    return Quote(
        need=need,
        usd=usd,
        price_time=datetime.fromtimestamp(point.second, UTC),
        confidence=None if confidence is None else confidence.quantize(_CONFIDENCE_PLACES, context=EXACT),
        source=source,
    )


def is_second(value: Any) -> bool:
    """Whether a value is a Unix time in seconds of our days; milliseconds are not."""
    return type(value) is int and _FIRST <= value < _LAST


def _number(value: Any) -> Decimal | None:
    """Give a JSON number as it was written; None for anything else."""
    if type(value) is int:
        return Decimal(value) if abs(value) < _MOST else Decimal(_MOST)
    return value if isinstance(value, Decimal) and value.is_finite() else None


def hours_of(request: Request) -> list[int]:
    """Read the hours that :attr:`Request.run` names; those that are none are left out."""
    return [int(word) for word in request.run.split(",") if word.isascii() and word.isdigit()]


# -- refusals --------------------------------------------------------------------------------------------------------------


def refuse_status(answer: Answer, what: str = "") -> SourceError:
    """Make the error of an answer whose body is not the documented one, by its HTTP status."""
    where = f"{answer.request.source} prices"
    words = short(what) or f"HTTP {answer.status}"
    if answer.status == 429:
        return RateLimited(words, where=where, hint="Slow down, or use a key", wait=header_seconds(answer.headers))
    if answer.status in {413, 414}:
        return RangeTooLarge("the question is too long", where=where)
    if answer.status == 401:
        return BadKey(words, where=where, hint="Set another key, or none")
    if answer.status == 402:
        return PlanRequired(words, where=where, hint="Use another source of prices")
    if answer.status >= 500:
        return TransientSourceError(f"the server failed (HTTP {answer.status})", where=where, hint="Try again later")
    if what and answer.status in {400, 404, 422}:
        return BadRequest(words, where=where)
    return malformed(answer, f"no answer of the documented form (HTTP {answer.status})")


def malformed(answer: Answer, what: str) -> MalformedAnswer:
    """Make the error of an answer of another shape."""
    return MalformedAnswer(what, where=f"{answer.request.source} prices", hint=_HINT)


def short(text: object) -> str:
    """Print a server's words safely: one line, printable, not long."""
    words = text if isinstance(text, str) else ""
    return "".join(char if char.isprintable() else " " for char in words).strip()[:200]


def by_asset(needs: Iterable[Need]) -> dict[str, list[int]]:
    """Give asset -> its hours, each once, both in order."""
    found: dict[str, list[int]] = {}
    for need in sorted(set(needs)):
        found.setdefault(need.asset, []).append(need.hour)
    return found
