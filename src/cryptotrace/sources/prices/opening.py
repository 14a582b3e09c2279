"""The sources of prices that can be opened by name: where they answer, how quickly, with which key."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from cryptotrace.errors import InputError
from cryptotrace.settings import Secret, Settings
from cryptotrace.sources.base import Fetcher
from cryptotrace.sources.explorers import Explorer
from cryptotrace.sources.opening import fetcher_for
from cryptotrace.sources.prices.base import PriceSource

__all__ = ["ORACLES", "open_prices", "prices_over"]

ORACLES: Mapping[str, Explorer] = {
    one.name: one
    for one in (
        Explorer(
            name="defillama",
            maker="prices.defillama:DefiLlama",
            family="",
            urls={"": "https://coins.llama.fi"},
            rate=1.5,
        ),
        Explorer(
            name="coingecko",
            maker="prices.coingecko:CoinGecko",
            family="",
            urls={"": "https://api.coingecko.com/api/v3"},
            key_name="coingecko",
            key_header="x-cg-demo-api-key",
            rate=0.08,
            keyed_rate=0.5,
            key_help="Set COINGECKO_API_KEY; a free key allows 30 calls a minute and goes back 365 days",
        ),
        Explorer(
            name="mempool",
            maker="prices.mempool_prices:MempoolPrices",
            family="",
            urls={"": "https://mempool.space/api/v1"},
            rate=1.0,
        ),
        Explorer(
            name="ecb",
            maker="prices.ecb:EcbRates",
            family="",
            urls={"": "https://data-api.ecb.europa.eu/service/data"},
            rate=1.0,
        ),
    )
}
"""Name -> facts. 1.5 a second and 30 a minute are practised or documented; the others are chosen low: none is published."""


def open_prices(
    name: str,
    *,
    key: str | Secret | None = None,
    base_url: str | None = None,
    settings: Settings | None = None,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> PriceSource:
    """Open a source of prices; nothing is asked yet.

    Parameters
    ----------
    name : str
        ``defillama``, ``coingecko``, ``mempool`` (bitcoin) or ``ecb`` (currencies).
    key : str or Secret, optional
        Else from the settings (``COINGECKO_API_KEY``); the others take none.
    base_url : str, optional
        Another server that speaks the same, such as one of :mod:`cryptotrace.testing.explorers`.
    settings : Settings, optional
        Else read from the environment.
    now, sleep : callable
        Clock and sleep of the pace, for tests.

    Returns
    -------
    PriceSource

    Raises
    ------
    InputError
        If no source of prices has that name.
    """
    oracle = _oracle(name)
    settings = settings or Settings.from_env()
    secret = None
    if oracle.key_name:
        secret = Secret(key.strip()) if isinstance(key, str) else key or settings.keys.get(oracle.key_name)
        secret = secret if secret is not None and secret.reveal() else None
    fetcher, _ = fetcher_for(oracle, base_url or oracle.urls[""], secret, settings, now=now, sleep=sleep)
    return prices_over(name, fetcher)


def prices_over(name: str, fetcher: Fetcher) -> PriceSource:
    """Give the source of prices of a name over any fetcher, such as an archive.

    Raises
    ------
    InputError
        If no source of prices has that name.
    """
    module, made = _oracle(name).maker.split(":")
    kind: Any = getattr(import_module(f"cryptotrace.sources.{module}"), made)
    source: PriceSource = kind(fetcher)
    return source


def _oracle(name: str) -> Explorer:
    found = ORACLES.get(name)
    if found is None:
        raise InputError(f"no source of prices {name!a:.80}", where="open_prices", hint=f"Known: {', '.join(ORACLES)}")
    return found
