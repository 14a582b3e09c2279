"""``open_source``: an explorer by name, with its key, its pace and its plan."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from hashlib import sha256
from urllib.parse import urlsplit

from cryptotrace.codecs import chain_of
from cryptotrace.errors import InputError
from cryptotrace.settings import Secret, Settings
from cryptotrace.sources.base import Fetcher, Source
from cryptotrace.sources.limits import Pace
from cryptotrace.sources.plans import FREE_RATE, missing_key

__all__ = ["EXPLORERS", "open_source", "source_over"]

EXPLORERS = ("etherscan",)
"""Explorers that can be opened by name."""

URLS = {"etherscan": "https://api.etherscan.io/v2/api"}
_paces: dict[tuple[str, str], Pace] = {}
_paces_lock = threading.Lock()


def open_source(
    name: str,
    *,
    chain: str,
    key: str | Secret | None = None,
    base_url: str | None = None,
    settings: Settings | None = None,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Source:
    """Open an explorer; nothing is asked yet.

    Parameters
    ----------
    name : str
        ``"etherscan"``.
    chain : str
        Any name of the chain.
    key : str or Secret, optional
        Else from ``ETHERSCAN_API_KEY``, ``CRYPTOTRACE_ETHERSCAN_API_KEY`` or the file that ``ETHERSCAN_API_KEY_FILE`` names.
    base_url : str, optional
        Another server that speaks the same, such as one of :mod:`cryptotrace.testing.explorers`.
    settings : Settings, optional
        Else read from the environment.
    now, sleep : callable
        Clock and sleep of the pace, for tests.

    Returns
    -------
    Source

    Raises
    ------
    BadKey
        If there is no key; says at once where to get a free one.
    InputError
        If no explorer has that name, or it does not serve the chain.
    """
    if name not in EXPLORERS:
        raise InputError(f"no explorer {name!r}", where="open_source", hint='Known: "etherscan"')
    chain_of(chain)
    settings = settings or Settings.from_env()
    secret = Secret(key.strip()) if isinstance(key, str) else key or settings.keys.get(name)
    if secret is None or not secret.reveal():
        raise missing_key(name)
    # only now: the missing key is told before anything heavy is loaded
    from cryptotrace.sources._http import HttpFetcher
    from cryptotrace.sources.etherscan import Etherscan
    from cryptotrace.sources.etherscan_answers import classify

    url = base_url or URLS[name]
    pace = pace_of(url, secret, now=now, sleep=sleep)
    fetcher = HttpFetcher(
        url, classify=classify, pace=pace, secret=secret, attempts=settings.attempts, timeout=settings.timeout, sleep=sleep
    )
    return Etherscan(chain, fetcher, on_rate=pace.allow)


def source_over(name: str, chain: str, fetcher: Fetcher) -> Source:
    """Give the explorer of a name over any fetcher, such as an archive.

    Raises
    ------
    InputError
        If no explorer has that name.
    """
    if name not in EXPLORERS:
        raise InputError(f"no explorer {name!r}", where="source_over", hint='Known: "etherscan"')
    from cryptotrace.sources.etherscan import Etherscan

    return Etherscan(chain, fetcher)


def pace_of(
    url: str, secret: Secret, *, now: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
) -> Pace:
    """Give the one pace of a host and account: explorers count calls over all chains, threads and sources of a key."""
    account = (urlsplit(url).netloc, sha256(secret.reveal().encode()).hexdigest())
    with _paces_lock:
        pace = _paces.get(account)
        if pace is None or not pace.runs_on(now, sleep):
            pace = _paces[account] = Pace(FREE_RATE, now=now, sleep=sleep)
        return pace
