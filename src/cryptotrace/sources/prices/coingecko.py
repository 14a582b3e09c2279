"""CoinGecko: the prices of one coin over a range of time (``market_chart/range``), with or without a free key.

A range of at most 90 days is answered by the hour, so one request holds up to 2,160 hours of a coin. The free plan goes back
365 days: what is older is refused (``PlanRequired``), and the next source is asked instead. Ranges never cross that line, and
the newest is asked first. Not verified live: codes of errors other than 10012, and what an unknown contract answers (taken for
no such coin: HTTP 404 with ``error``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from cryptotrace.codecs import caip19
from cryptotrace.errors import BadKey, PlanRequired, QuotaExhausted, RateLimited, SourceError
from cryptotrace.sources._http import header_seconds
from cryptotrace.sources.base import Answer, Fetcher, Request
from cryptotrace.sources.prices.base import (
    PER_HOUR,
    STREAM,
    Found,
    Gap,
    Need,
    Point,
    Quote,
    by_asset,
    hours_of,
    malformed,
    nearest,
    priced,
    read_body,
    refuse_status,
    short,
    words_of,
)
from cryptotrace.sources.prices.names import COIN_IDS, PLATFORMS, symbol_of, token_of

__all__ = ["FREE_DAYS", "CoinGecko"]

FREE_DAYS = 365
"""How far back the free plan goes."""
_HOURLY = 89 * 24 * PER_HOUR
"""Seconds of a range that is answered by the hour: up to 90 days, with the margins."""
_WIDTH = timedelta(hours=4)
_MARGIN = 4 * PER_HOUR
_CODES: dict[int, type[SourceError]] = {10002: BadKey, 10010: BadKey, 10011: BadKey, 10012: PlanRequired}
_HINTS: dict[type[SourceError], str] = {
    BadKey: "Set COINGECKO_API_KEY; a free key is made at https://www.coingecko.com/en/developers/dashboard",
    PlanRequired: "Name another source of prices behind this one",
    QuotaExhausted: "The calls of the month are used up: name another source of prices behind this one",
}
_SYMBOLS = {coin: symbol for symbol, coin in COIN_IDS.items()}
_CHAINS = {theirs: ours for ours, theirs in PLATFORMS.items()}
_NOT_FOUND = "not found"


class CoinGecko:
    """Prices of CoinGecko.

    Parameters
    ----------
    fetcher : Fetcher
        Where answers come from: the network, an archive, or both.
    clock : callable
        Unix seconds; only tells which hours the free plan does not reach.
    """

    name = "coingecko"

    def __init__(self, fetcher: Fetcher, *, clock: Callable[[], float] = time.time) -> None:
        self.fetcher = fetcher
        self._clock = clock

    @staticmethod
    def judge(answer: Answer) -> None:
        """Raise the error that an answer is, if it is one; a coin that is not known is none."""
        _prices(answer)

    def serves(self, asset: str) -> bool:
        """Whether the platform of a token, or the coin, has a name there."""
        return _path(asset) is not None

    def requests(self, needs: Iterable[Need]) -> list[Request]:
        """Give one request a coin and 89 days, the newest first; none crosses the end of the free plan."""
        line = int(self._clock()) - (FREE_DAYS - 1) * 24 * PER_HOUR
        spans: list[tuple[str, list[int]]] = []
        for asset, hours in by_asset(needs).items():
            path = _path(asset)
            if path is None:
                continue
            own: list[list[int]] = []
            for hour in hours:
                fits = own and hour - own[-1][0] <= _HOURLY and (hour - _MARGIN < line) == (own[-1][0] - _MARGIN < line)
                own[-1].append(hour) if fits else own.append([hour])
            spans += [(path, span) for span in own]
        spans.sort(key=lambda one: (-one[1][-1], one[0]))
        return [self._request(path, span) for path, span in spans]

    def _request(self, path: str, hours: list[int]) -> Request:
        parameters = (("vs_currency", "usd"), ("from", str(hours[0] - _MARGIN)), ("to", str(hours[-1] + _MARGIN)))
        return Request(
            source=self.name, chain="", stream=STREAM, path=path, parameters=parameters, run=",".join(map(str, hours))
        )

    def asked(self, request: Request) -> tuple[Need, ...]:
        """Read the coin out of the path and the hours out of ``run``."""
        asset = _asset(request.path)
        return tuple(Need(asset, hour) for hour in hours_of(request))

    def read(self, answer: Answer) -> Found:
        """Give for each need the closest price within four hours, or a gap."""
        points = [point for row in _prices(answer) if (point := _point(row)) is not None]
        quotes: list[Quote] = []
        gaps: list[Gap] = []
        for need in self.asked(answer.request):
            found = priced(need, nearest(points, need.hour), self.name, within=_WIDTH)
            quotes.append(found) if isinstance(found, Quote) else gaps.append(found)
        return Found(quotes=tuple(quotes), gaps=tuple(gaps))


def _prices(answer: Answer) -> list[Any]:
    """Give the list ``prices``; empty for a coin that is not known. The body is judged before the status."""
    body = read_body(answer)
    if isinstance(body, dict) and answer.status == 200 and isinstance(body.get("prices"), list):
        found: list[Any] = body["prices"]
        return found
    if answer.status == 404 and _NOT_FOUND in words_of(body).lower():
        return []
    raise _refusal(answer, body)


def _refusal(answer: Answer, body: Any) -> SourceError:
    """Read the code of an error: ``{"error": {"status": {…}}}`` or ``{"status": {…}}``."""
    if not isinstance(body, dict):
        return malformed(answer, "not the documented form")
    inner = body.get("error")
    status = (inner if isinstance(inner, dict) else body).get("status")
    cells = status if isinstance(status, dict) else {}
    code, words = cells.get("error_code"), short(cells.get("error_message")) or words_of(body)
    where = f"{answer.request.source} prices"
    kind = _CODES.get(code) if isinstance(code, int) else None
    if kind is None and "allowed time range" in words.lower():
        kind = PlanRequired
    if kind is None and "monthly" in words.lower() and answer.status == 429:
        kind = QuotaExhausted
    if kind is not None:
        return kind(words, where=where, hint=_HINTS[kind])
    if code == 429:
        return RateLimited(words, where=where, hint="Slow down, or use a key", wait=header_seconds(answer.headers))
    return refuse_status(answer, words)


def _point(row: Any) -> Point | None:
    """Read ``[milliseconds, price]``."""
    if not isinstance(row, list) or len(row) != 2 or type(row[0]) is not int:
        return None
    return Point(row[0] // 1_000, row[1])


def _path(asset: str) -> str | None:
    symbol = symbol_of(asset)
    if symbol is not None:
        return f"/coins/{COIN_IDS[symbol]}/market_chart/range" if symbol in COIN_IDS else None
    token = token_of(asset)
    if token is None or token[0] not in PLATFORMS:
        return None
    return f"/coins/{PLATFORMS[token[0]]}/contract/{token[1]}/market_chart/range"


def _asset(path: str) -> str:
    parts = path.split("/")
    return caip19(_CHAINS[parts[2]], parts[4]) if parts[3] == "contract" else _SYMBOLS[parts[2]]
