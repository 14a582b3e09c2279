"""Fake sources of prices: DefiLlama, CoinGecko, mempool.space and the European Central Bank, over HTTP or without a socket.

Each serves a market: coin -> Unix second -> price as text, under the names that the real one gives coins. They are strict about
what they are asked, and wrong only where a fault says so::

    from cryptotrace.testing.explorers import FakeDefiLlama

    market = {"coingecko:ethereum": {1_700_000_000: "2000.5"}}
    with FakeDefiLlama(market, faults={"rate_limit": 1}) as oracle:
        fetch_from(oracle.url)  # yours
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Self

from cryptotrace.errors import InputError
from cryptotrace.testing.explorers._http import LoopbackServer
from cryptotrace.testing.explorers._replies import Answer, html

__all__ = ["PRICE_FAULTS", "FakeCoinGecko", "FakeDefiLlama", "FakeEcb", "FakeMempoolPrices", "PriceRequest"]

Market = Mapping[str, Mapping[int, str]]
"""Coin -> Unix second -> price, as text that is put into the answer as it stands."""

PRICE_FAULTS: Mapping[str, str] = {
    "rate_limit": "HTTP 429 with Retry-After",
    "server_error": "HTTP 503",
    "html": "a page of HTML with HTTP 200",
    "truncated": "the body ends in the middle",
    "not_utf8": "a byte that is no UTF-8",
    "other_shape": "JSON, or a table, of another shape",
    "too_long": "HTTP 414, as for a URL that is too long",
    "bad_key": "the key is refused",
    "plan": "the plan does not hold the range (CoinGecko)",
    "missing_coin": "the first coin is left out",
    "far_timestamp": "every price is of ten days before",
    "low_confidence": "every confidence is 0.1 (DefiLlama)",
    "zero": "every price is 0",
    "negative": "every price is -1",
    "nan": "every price is NaN",
    "text": "every price is text",
    "foreign_coin": "a coin that was not asked for is there too (DefiLlama)",
    "other_case": "coins are spelled in capitals (DefiLlama)",
    "no_rows": "there are no prices at all",
}
"""Every kind of fault, in words."""
_LLAMA_COINS = 150
_URL = 8_000
_FREE = 365 * 86_400
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_CHANGED = {"zero": "0", "negative": "-1", "nan": "NaN", "text": '"1.0"'}


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRequest:
    """One request that a fake had: its path, its parameters without a key, the status of the answer and the faults in it."""

    path: str
    params: Mapping[str, str]
    status: int
    faults: tuple[str, ...]


class _Fake:
    """What the four share: the market, the faults, the log and the server.

    Parameters
    ----------
    market : mapping
        Coin -> Unix second -> price as text.
    faults : mapping
        A kind of :data:`PRICE_FAULTS` -> in so many of the next answers.
    key : str
        What a key must be, where one is sent.
    clock : callable
        Unix seconds.
    """

    key_header = ""
    """The header that carries a key, where one is taken."""

    def __init__(
        self,
        market: Market,
        *,
        faults: Mapping[str, int] | None = None,
        key: str = "test-key",
        clock: Callable[[], float] = time.time,
    ) -> None:
        unknown = set(faults or ()) - set(PRICE_FAULTS)
        if unknown:
            raise InputError(f"unknown faults {sorted(unknown)}", where="faults", hint=f"Choose of {', '.join(PRICE_FAULTS)}")
        self.market = market
        self.requests: list[PriceRequest] = []
        self.failures: list[BaseException] = []
        self._left = Counter(faults or {})
        self._key = key
        self._clock = clock
        self._lock = threading.Lock()
        self._server: LoopbackServer | None = None

    def __enter__(self) -> Self:
        self._server = LoopbackServer(
            self.answer, self.failures.append, clock=self._clock, sleep=lambda _: None, hold_seconds=0.0,
            key_header=self.key_header,
        )  # fmt: skip
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        if error is None and self.failures:
            raise self.failures[0]

    @property
    def url(self) -> str:
        """Where it listens.

        Raises
        ------
        InputError
            If it does not: use it as a context manager.
        """
        if self._server is None:
            raise InputError("the fake does not listen", where="url", hint="Use it in a with statement")
        return self._server.root

    def answer(self, params: Mapping[str, str], *, path: str = "", key: str = "") -> Answer:
        """Answer a request; the same as over HTTP. The key is not kept."""
        with self._lock:
            hit = tuple(sorted(kind for kind, left in self._left.items() if left > 0))
            self._left -= Counter(dict.fromkeys(hit, 1))
            found = self._spoilt(hit) or self._served(path, dict(params), hit, key)
            if "truncated" in hit and found.status == 200:
                found = Answer(headers=found.headers, body=found.body[: len(found.body) // 2])
            if "not_utf8" in hit and found.status == 200:
                found = Answer(headers=found.headers, body=found.body[:1] + b"\xff" + found.body[1:])
            self.requests.append(PriceRequest(path=path, params=dict(params), status=found.status, faults=hit))
            return found

    def _spoilt(self, hit: tuple[str, ...]) -> Answer | None:
        if "rate_limit" in hit:
            words = {"status": {"error_code": 429, "error_message": "You've exceeded the Rate Limit."}}
            return _json(words, 429, {"Retry-After": "1"})
        if "server_error" in hit:
            return html(503)
        if "html" in hit:
            return html(200)
        if "too_long" in hit:
            return html(414)
        return _json({"surprise": []}) if "other_shape" in hit else None

    def _served(self, path: str, params: Mapping[str, str], hit: tuple[str, ...], key: str) -> Answer:
        raise NotImplementedError

    def _series(self, coin: str, hit: tuple[str, ...]) -> dict[int, str]:
        """Give a coin's prices as the faults leave them."""
        back = 10 * 86_400 if "far_timestamp" in hit else 0
        changed = next((text for kind, text in _CHANGED.items() if kind in hit), None)
        return {second - back: changed or text for second, text in self.market.get(coin, {}).items()}


class FakeDefiLlama(_Fake):
    """DefiLlama's ``/batchHistorical``; coins are ``chain:address`` or ``coingecko:id``."""

    def _served(self, path: str, params: Mapping[str, str], hit: tuple[str, ...], key: str) -> Answer:  # noqa: ARG002  (takes none)
        if path != "/batchHistorical" or set(params) != {"coins", "searchWidth"}:
            return _json({"message": "Not Found"}, 404)
        try:
            asked = json.loads(params["coins"])
            width = int(params["searchWidth"])
            wanted = {str(coin): [int(second) for second in seconds] for coin, seconds in asked.items()}
        except (ValueError, AttributeError, TypeError):
            return _json({"message": "Invalid request"}, 400)
        if len(wanted) > _LLAMA_COINS or len(params["coins"]) > _URL:
            return html(414)
        coins = list(wanted)[1:] if "missing_coin" in hit else list(wanted)
        body: dict[str, object] = {}
        for coin in () if "no_rows" in hit else coins:
            found = self._closest(coin, wanted[coin], width, hit)
            if found:
                spelled = coin.upper() if "other_case" in hit and "0x" in coin else coin
                body[spelled] = {"symbol": "COIN", "prices": [_Raw(row) for row in found]}
        if "foreign_coin" in hit:
            body["ethereum:0x" + "9" * 40] = {"symbol": "ODD", "prices": [_Raw('{"timestamp":1,"price":1,"confidence":1}')]}
        return _json({"coins": body})

    def _closest(self, coin: str, seconds: list[int], width: int, hit: tuple[str, ...]) -> list[str]:
        series = self._series(coin, hit)
        sure = "0.1" if "low_confidence" in hit else "0.99"
        # a far price is sent in spite of the width: that is the fault
        reach = 11 * 86_400 if "far_timestamp" in hit else width
        rows = []
        for second in seconds:
            near = min(series, key=lambda at: (abs(at - second), at), default=None)
            if near is not None and abs(near - second) <= reach:
                rows.append(f'{{"timestamp":{near},"price":{series[near]},"confidence":{sure}}}')
        return list(dict.fromkeys(rows))


class FakeCoinGecko(_Fake):
    """CoinGecko's ``market_chart/range``; coins are ids, or ``platform:contract``. The free plan goes back 365 days."""

    key_header = "x-cg-demo-api-key"

    def _served(self, path: str, params: Mapping[str, str], hit: tuple[str, ...], key: str) -> Answer:
        parts = path.split("/")
        if "bad_key" in hit or key not in {"", self._key}:
            return _error(401, 10002, f"API Key Missing {key}".strip())
        known = {"vs_currency", "from", "to"}
        if len(parts) < 5 or parts[1] != "coins" or parts[-2:] != ["market_chart", "range"] or not set(params) <= known:
            return _json({"error": "Incorrect path."}, 404)
        if params.get("vs_currency") != "usd" or not (params.get("from", "").isdigit() and params.get("to", "").isdigit()):
            return _json({"error": "Missing parameter"}, 422)
        first, last = int(params["from"]), int(params["to"])
        if "plan" in hit or first < self._clock() - _FREE:
            return _error(401, 10012, "Your request exceeds the allowed time range. Public API users are limited to 365 days.")
        coin = f"{parts[2]}:{parts[4]}" if parts[3] == "contract" else parts[2]
        if coin not in self.market or "missing_coin" in hit:
            return _json({"error": "coin not found"}, 404)
        series = {} if "no_rows" in hit else self._series(coin, hit)
        far = "far_timestamp" in hit
        rows = [_Raw(f"[{at * 1000},{text}]") for at, text in sorted(series.items()) if far or first <= at <= last]
        return _json({"prices": rows, "market_caps": [], "total_volumes": []})


class FakeMempoolPrices(_Fake):
    """mempool.space's ``/historical-price``; the only coin is ``BTC``."""

    def _served(self, path: str, params: Mapping[str, str], hit: tuple[str, ...], key: str) -> Answer:  # noqa: ARG002  (takes none)
        if path != "/historical-price" or not set(params) <= {"currency", "timestamp"}:
            return _json({"error": "not found"}, 404)
        series = {} if "no_rows" in hit or "missing_coin" in hit else self._series("BTC", hit)
        if "timestamp" in params:
            if not params["timestamp"].isdigit():
                return _json({"error": "Invalid timestamp"}, 400)
            second = int(params["timestamp"])
            near = min(series, key=lambda at: (abs(at - second), at), default=None)
            series = {} if near is None else {near: series[near]}
        rows = [_Raw(f'{{"time":{at},"USD":{text}}}') for at, text in sorted(series.items(), reverse=True)]
        return _json({"prices": rows, "exchangeRates": {"USDEUR": 0.92}})


class FakeEcb(_Fake):
    """The bank's ``EXR`` as CSV; the market is currency -> Unix second of a day -> units for one euro; other days have none."""

    def _served(self, path: str, params: Mapping[str, str], hit: tuple[str, ...], key: str) -> Answer:  # noqa: ARG002  (takes none)
        parts = path.split(".")
        if not path.startswith("/EXR/D.") or parts[2:] != ["EUR", "SP00", "A"] or params.get("format") != "csvdata":
            return Answer(status=400, headers={"Content-Type": "text/plain"}, body=b"Syntax error")
        first, last = (date.fromisoformat(params[name]) for name in ("startPeriod", "endPeriod"))
        lines = ["KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE,OBS_STATUS"]
        for code in parts[1].split("+"):
            for second, text in sorted(self._series(code, hit).items()):
                day = datetime.fromtimestamp(second, UTC).date()
                if first <= day <= last and not ("missing_coin" in hit and code == "USD"):
                    lines.append(f"EXR.D.{code}.EUR.SP00.A,D,{code},EUR,SP00,A,{day},{text},A")
        if len(lines) == 1 or "no_rows" in hit:
            return Answer(status=404, headers={"Content-Type": "text/plain"}, body=b"No results found.")
        return Answer(headers={"Content-Type": "text/csv"}, body="\r\n".join(lines).encode() + b"\r\n")


class _Raw(str):
    """JSON that is already written: prices stand in an answer digit by digit."""

    __slots__ = ()


def _json(body: object, status: int = 200, more: Mapping[str, str] | None = None) -> Answer:
    return Answer(status=status, headers={**_JSON, **(more or {})}, body=_written(body).encode())


def _written(value: object) -> str:
    if isinstance(value, _Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{_written(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return json.dumps(value)


def _error(status: int, code: int, words: str) -> Answer:
    return _json({"error": {"status": {"error_code": code, "error_message": words}}}, status)
