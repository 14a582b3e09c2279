"""DefiLlama: many coins at many hours in one request, without a key (``/batchHistorical``).

An unknown coin is left out of the answer. A price comes with its own time and a confidence; which asked hour it answers is not
said, so the closest within four hours counts. Not verified live: how many hours one request may hold (only the length of the
URL is kept short here), and whether coins are spelled back as they were asked (on the EVM family the case is not compared).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus

from cryptotrace.codecs import caip19, chain_of
from cryptotrace.sources.base import Answer, Fetcher, Request
from cryptotrace.sources.prices.base import (
    STREAM,
    Found,
    Gap,
    Need,
    Point,
    Quote,
    by_asset,
    nearest,
    priced,
    read_body,
    refuse_status,
    words_of,
)
from cryptotrace.sources.prices.names import COIN_IDS, LLAMA_CHAINS, symbol_of, token_of

__all__ = ["DefiLlama"]

_PATH = "/batchHistorical"
_WIDTH = timedelta(hours=4)
_LEAST = Decimal("0.2")
"""Confidence below which a price is none, as a published client has it."""
_COINS = 150
_LONGEST = 6_000
"""Coins and characters of one URL: beyond about 8,000 servers answer 413 or 414."""
_SYMBOLS = {coin: symbol for symbol, coin in COIN_IDS.items()}
_CHAINS = {theirs: ours for ours, theirs in LLAMA_CHAINS.items()}


class DefiLlama:
    """Prices of DefiLlama.

    Parameters
    ----------
    fetcher : Fetcher
        Where answers come from: the network, an archive, or both.
    """

    name = "defillama"

    def __init__(self, fetcher: Fetcher) -> None:
        self.fetcher = fetcher

    @staticmethod
    def judge(answer: Answer) -> None:
        """Raise the error that an answer is, if it is one."""
        _coins(answer)

    def serves(self, asset: str) -> bool:
        """Whether the chain of a token, or the coin, has a name there."""
        return _coin(asset) is not None

    def requests(self, needs: Iterable[Need]) -> list[Request]:
        """Pack needs into URLs of at most 150 coins and 6,000 characters."""
        packed: list[dict[str, list[int]]] = []
        length = 0
        for asset, hours in by_asset(needs).items():
            coin = _coin(asset)
            if coin is None:
                continue
            for hour in hours:
                known = packed[-1] if packed else {}
                more = len(quote_plus(f"{hour},")) + (0 if coin in known else len(quote_plus(f'"{coin}":[],')))
                if not packed or length + more > _LONGEST or (coin not in known and len(known) >= _COINS):
                    packed.append({})
                    length, more = 0, len(quote_plus(f'"{coin}":[{hour}],'))
                packed[-1].setdefault(coin, []).append(hour)
                length += more
        return [self._request(coins) for coins in packed]

    def _request(self, coins: Mapping[str, list[int]]) -> Request:
        listed = json.dumps(coins, sort_keys=True, separators=(",", ":"))
        parameters = (("coins", listed), ("searchWidth", str(int(_WIDTH.total_seconds()))))
        return Request(source=self.name, chain="", stream=STREAM, path=_PATH, parameters=parameters)

    def asked(self, request: Request) -> tuple[Need, ...]:
        """Read the needs out of the parameter ``coins``."""
        coins: dict[str, list[int]] = json.loads(dict(request.parameters)["coins"])
        return tuple(Need(_asset(coin), hour) for coin, hours in coins.items() for hour in hours)

    def read(self, answer: Answer) -> Found:
        """Give for each need the closest price within four hours, or a gap."""
        points: dict[str, list[Point]] = {}
        for coin, body in _coins(answer).items():
            rows = body.get("prices") if isinstance(body, dict) else None
            if isinstance(rows, list):
                points.setdefault(_same(coin), []).extend(map(_point, rows))
        quotes: list[Quote] = []
        gaps: list[Gap] = []
        for need in self.asked(answer.request):
            coin = _same(_coin(need.asset) or "")
            found = priced(need, nearest(points.get(coin, ()), need.hour), self.name, within=_WIDTH, least=_LEAST)
            quotes.append(found) if isinstance(found, Quote) else gaps.append(found)
        return Found(quotes=tuple(quotes), gaps=tuple(gaps))


def _coins(answer: Answer) -> dict[str, Any]:
    """Give the object ``coins``; the body is judged before the status."""
    body = read_body(answer)
    coins = body.get("coins") if isinstance(body, dict) else None
    if isinstance(coins, dict) and answer.status == 200:
        return coins
    raise refuse_status(answer, words_of(body))


def _point(row: Any) -> Point:
    cells = row if isinstance(row, dict) else {}
    second = cells.get("timestamp")
    return Point(second if type(second) is int else -1, cells.get("price"), cells.get("confidence"))


def _coin(asset: str) -> str | None:
    """Give DefiLlama's name of an asset."""
    symbol = symbol_of(asset)
    if symbol is not None:
        return f"coingecko:{COIN_IDS[symbol]}" if symbol in COIN_IDS else None
    token = token_of(asset)
    if token is None or token[0] not in LLAMA_CHAINS:
        return None
    return f"{LLAMA_CHAINS[token[0]]}:{token[1]}"


def _asset(coin: str) -> str:
    chain, _, reference = coin.partition(":")
    return _SYMBOLS[reference] if chain == "coingecko" else caip19(_CHAINS[chain], reference)


def _same(coin: str) -> str:
    """Spell a coin so that two spellings of one compare equal: case means nothing on the EVM family alone."""
    chain = _CHAINS.get(coin.partition(":")[0].lower(), "")
    return coin.lower() if chain and chain_of(chain).family == "evm" else coin
