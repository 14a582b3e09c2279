"""``open_source``: an explorer by name, with its key, its pace and its plan."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from cryptotrace.codecs import chain_of
from cryptotrace.errors import InputError
from cryptotrace.settings import Secret, Settings, keys_in
from cryptotrace.sources.base import Fetcher, Source
from cryptotrace.sources.explorers import EXPLORERS, Explorer, explorer_of, in_tiers, served
from cryptotrace.sources.limits import Pace
from cryptotrace.sources.plans import missing_key

if TYPE_CHECKING:
    from cryptotrace.sources._http import HttpFetcher

__all__ = ["account_of", "fetcher_for", "open_source", "pace_of", "source_over"]

_paces: dict[tuple[str, str], Pace] = {}
_paces_lock = threading.Lock()
_accounts: WeakKeyDictionary[Fetcher, str] = WeakKeyDictionary()


def open_source(
    name: str,
    *,
    chain: str,
    key: str | Secret | None = None,
    base_url: str | Mapping[str, str] | None = None,
    settings: Settings | None = None,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Source:
    """Open an explorer; nothing is asked yet.

    Parameters
    ----------
    name : str
        One of :data:`cryptotrace.sources.EXPLORER_NAMES`. ``"auto"`` asks the explorers of the chain that can be asked with
        the keys at hand, the best first; equal ones share the addresses, and what one cannot give is asked of the next. A node
        whose URL is set for the chain is asked last.
    chain : str
        Any name of the chain.
    key : str or Secret, optional
        Else from the settings: for Etherscan ``ETHERSCAN_API_KEY``, ``CRYPTOTRACE_ETHERSCAN_API_KEY`` or the file that
        ``ETHERSCAN_API_KEY_FILE`` names.
    base_url : str, optional
        Another server that speaks the same, such as one of :mod:`cryptotrace.testing.explorers`. For ``"auto"`` a mapping from
        explorer to URL, whose order is the order of asking; ``rpc`` in it is a node.
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
    settings = settings or Settings.from_env()
    if name == "auto":
        if key is not None:
            raise InputError("auto asks several explorers", where="open_source", hint="Give keys by the settings: no key=")
        return _auto(chain, base_url, settings, now=now, sleep=sleep)
    if isinstance(base_url, Mapping):
        raise InputError("base_url is a mapping", where="open_source", hint='Only "auto" takes several; give one URL')
    explorer = explorer_of(name)
    info = served(explorer, chain)
    secret = Secret(key.strip()) if isinstance(key, str) else key or settings.keys.get(explorer.key_name)
    if secret is not None and not (secret.reveal() and (explorer.key_query or explorer.key_header)):
        secret = None  # it takes none: a key that is handed over is sent to nobody
    if secret is None and explorer.needs_key:
        raise missing_key(name)
    node = settings.node(info.name) if explorer.is_node else None
    url = base_url or (node.reveal() if node else explorer.url(info, has_key=secret is not None))
    if url is None:
        hint = explorer.key_help or "Give base_url="
        raise InputError(f"{name} is not known to serve {info.name} without more", where="open_source", hint=hint)
    # only now: what is missing is told before anything heavy is loaded
    fetcher, pace = fetcher_for(explorer, url, secret, settings, now=now, sleep=sleep)
    return _made(explorer, info.name, fetcher, on_rate=pace.allow)


def _auto(
    chain: str,
    urls: str | Mapping[str, str] | None,
    settings: Settings,
    *,
    now: Callable[[], float],
    sleep: Callable[[float], None],
) -> Source:
    """Open every explorer of a chain that can be asked, the best first."""
    from cryptotrace.sources.auto import AutoSource

    if isinstance(urls, str):
        raise InputError("base_url is one URL", where="open_source", hint='"auto" takes a mapping from explorer to URL')
    info = chain_of(chain)
    has_node = settings.node(info.name) is not None
    listed = in_tiers(info, settings.keys, has_node=has_node)
    tiers = [[name] for name in urls] if urls else [[one.name for one in tier] for tier in listed]
    if not tiers:
        able = [one.name for one in EXPLORERS.values() if one.family == info.family]
        hint = f"Give a key or a base_url for one of {', '.join(able)}" if able else "No explorer of this chain is built yet"
        raise InputError(f"no explorer of {info.name} can be asked", where="open_source", hint=hint)
    opened = [
        open_source(name, chain=chain, base_url=(urls or {}).get(name), settings=settings, now=now, sleep=sleep)
        for tier in tiers
        for name in tier
    ]
    return AutoSource(opened, [rank for rank, tier in enumerate(tiers) for _ in tier])


def source_over(name: str, chain: str, fetcher: Fetcher) -> Source:
    """Give the explorer of a name over any fetcher, such as an archive.

    ``auto:one|two+three`` gives those three: one and two share the addresses, three is asked for what they cannot give.

    Raises
    ------
    InputError
        If no explorer has that name, or it does not serve the chain.
    """
    if name.startswith("auto:"):
        from cryptotrace.sources.auto import AutoSource

        tiers = [tier.split("|") for tier in name.removeprefix("auto:").split("+")]
        sources = [source_over(one, chain, fetcher) for tier in tiers for one in tier]
        return AutoSource(sources, [rank for rank, tier in enumerate(tiers) for _ in tier])
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
        hidden=keys_in(url) if explorer.is_node else (),
        attempts=attempts or settings.attempts,
        timeout=timeout or settings.timeout,
        sleep=sleep,
    )
    _accounts[fetcher] = _account(url, secret)
    return fetcher, pace


def account_of(fetcher: Fetcher) -> str:
    """Give a word for the host and key that a fetcher asks with, which does not tell the key; ``""`` where that is unknown."""
    return _accounts.get(fetcher, "")


def _account(url: str, secret: Secret | None) -> str:
    return sha256(f"{url}\n{'' if secret is None else secret.reveal()}".encode()).hexdigest()[:16]


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
