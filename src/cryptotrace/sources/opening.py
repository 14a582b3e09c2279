"""``open_source``: an explorer by name, with its key, its pace and its plan."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from hashlib import sha256
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cryptotrace.errors import InputError
from cryptotrace.settings import Secret, Settings
from cryptotrace.sources.base import Fetcher, Source
from cryptotrace.sources.explorers import Explorer, explorer_of, served
from cryptotrace.sources.limits import Pace
from cryptotrace.sources.plans import missing_key

if TYPE_CHECKING:
    from cryptotrace.sources._http import HttpFetcher

__all__ = ["fetcher_for", "open_source", "pace_of", "source_over"]

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
        One of :data:`cryptotrace.sources.EXPLORER_NAMES`.
    chain : str
        Any name of the chain.
    key : str or Secret, optional
        Else from the settings: for Etherscan ``ETHERSCAN_API_KEY``, ``CRYPTOTRACE_ETHERSCAN_API_KEY`` or the file that
        ``ETHERSCAN_API_KEY_FILE`` names.
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
        If there is no key and nothing is answered without; says at once where to get a free one.
    InputError
        If no explorer has that name, or it does not serve the chain.
    """
    explorer = explorer_of(name)
    info = served(explorer, chain)
    settings = settings or Settings.from_env()
    secret = Secret(key.strip()) if isinstance(key, str) else key or settings.keys.get(explorer.key_name)
    if secret is not None and not secret.reveal():
        secret = None
    if secret is None and explorer.needs_key:
        raise missing_key(name)
    url = base_url or explorer.url(info, has_key=secret is not None)
    if url is None:
        hint = explorer.key_help or "Give base_url="
        raise InputError(f"{name} is not known to serve {info.name} without more", where="open_source", hint=hint)
    # only now: what is missing is told before anything heavy is loaded
    fetcher, pace = fetcher_for(explorer, url, secret, settings, now=now, sleep=sleep)
    return _made(explorer, info.name, fetcher, on_rate=pace.allow)


def source_over(name: str, chain: str, fetcher: Fetcher) -> Source:
    """Give the explorer of a name over any fetcher, such as an archive.

    Raises
    ------
    InputError
        If no explorer has that name, or it does not serve the chain.
    """
    explorer = explorer_of(name, where="source_over")
    return _made(explorer, served(explorer, chain).name, fetcher)


def fetcher_for(
    explorer: Explorer,
    url: str,
    secret: Secret | None,
    settings: Settings,
    *,
    attempts: int | None = None,
    timeout: float | None = None,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[HttpFetcher, Pace]:
    """Give what fetches from an explorer's address, inside the pace of its host and account."""
    from cryptotrace.sources._http import HttpFetcher

    pace = pace_of(url, secret, explorer.pace(has_key=secret is not None), now=now, sleep=sleep)
    fetcher = HttpFetcher(
        url,
        classify=_class(explorer).judge,
        pace=pace,
        secret=secret,
        secret_name=explorer.key_query,
        secret_header=explorer.key_header,
        attempts=attempts or settings.attempts,
        timeout=timeout or settings.timeout,
        sleep=sleep,
    )
    return fetcher, pace


def pace_of(
    url: str,
    secret: Secret | None,
    per_second: float,
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Pace:
    """Give the one pace of a host and account: explorers count calls over all chains, threads and sources of a key."""
    account = (urlsplit(url).netloc, "" if secret is None else sha256(secret.reveal().encode()).hexdigest())
    with _paces_lock:
        pace = _paces.get(account)
        if pace is None or not pace.runs_on(now, sleep):
            pace = _paces[account] = Pace(per_second, now=now, sleep=sleep)
        return pace


def _class(explorer: Explorer) -> Any:
    module, name = explorer.maker.split(":")
    return getattr(import_module(f"cryptotrace.sources.{module}"), name)


def _made(explorer: Explorer, chain: str, fetcher: Fetcher, **given: Any) -> Source:
    source: Source = _class(explorer)(chain, fetcher, **given)
    return source
