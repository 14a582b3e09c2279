"""mempool.space: the price of bitcoin, without a key (``/api/v1/historical-price``).

With a time it answers with the price that is closest to it; without one with its whole history, in one long answer. So few
hours are asked one by one, and many in one request. Not verified live: how dense the history is in early years; what is
more than four hours away is a gap.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from cryptotrace.sources.base import Answer, Fetcher, Request
from cryptotrace.sources.prices.base import (
    STREAM,
    Found,
    Gap,
    Need,
    Point,
    Quote,
    hours_of,
    nearest,
    priced,
    read_body,
    refuse_status,
    words_of,
)
from cryptotrace.sources.prices.names import symbol_of

__all__ = ["MempoolPrices"]

_PATH = "/historical-price"
_WIDTH = timedelta(hours=4)
_ONE_BY_ONE = 10
"""More hours than this are asked in one request for the whole history."""


class MempoolPrices:
    """Prices of bitcoin from mempool.space.

    Parameters
    ----------
    fetcher : Fetcher
        Where answers come from: the network, an archive, or both.
    """

    name = "mempool"

    def __init__(self, fetcher: Fetcher) -> None:
        self.fetcher = fetcher

    @staticmethod
    def judge(answer: Answer) -> None:
        """Raise the error that an answer is, if it is one."""
        _prices(answer)

    def serves(self, asset: str) -> bool:
        """Whether it is bitcoin."""
        return symbol_of(asset) == "BTC"

    def requests(self, needs: Iterable[Need]) -> list[Request]:
        """Give a request an hour, or one for all where they are many."""
        hours = sorted({need.hour for need in needs if self.serves(need.asset)})
        if len(hours) > _ONE_BY_ONE:
            return [self._request((), hours)]
        return [self._request((("currency", "USD"), ("timestamp", str(hour))), [hour]) for hour in hours]

    def _request(self, parameters: tuple[tuple[str, str], ...], hours: list[int]) -> Request:
        run = ",".join(map(str, hours))
        return Request(source=self.name, chain="", stream=STREAM, path=_PATH, parameters=parameters, run=run)

    def asked(self, request: Request) -> tuple[Need, ...]:
        """Read the hours out of ``run``."""
        return tuple(Need("BTC", hour) for hour in hours_of(request))

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
    body = read_body(answer)
    found = body.get("prices") if isinstance(body, dict) else None
    if isinstance(found, list) and answer.status == 200:
        return found
    raise refuse_status(answer, words_of(body))


def _point(row: Any) -> Point | None:
    """Read ``{"time": …, "USD": …}``; -1 and 0 stand for no price."""
    if not isinstance(row, dict) or type(row.get("time")) is not int:
        return None
    return Point(row["time"], row.get("USD"))
