"""One question to each explorer, to see whether it answers, what the key may do, and whose clock is wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from queue import Empty, Queue
from typing import Any
from urllib.parse import urlsplit

from cryptotrace.codecs import chain_of
from cryptotrace.errors import CryptotraceError, SourceError
from cryptotrace.settings import Settings
from cryptotrace.sources.base import Answer, Fetcher, Request
from cryptotrace.sources.etherscan.lists import Etherscan, read_object
from cryptotrace.sources.explorers import Explorer, explorer_of
from cryptotrace.sources.opening import fetcher_for, source_over
from cryptotrace.sources.plans import key_help

__all__ = ["Probe", "probe", "probe_all"]

_TIMEOUT = 10.0
_PATIENCE = 12.0
_MAIN = {"evm": "ethereum", "tron": "tron", "bitcoin": "bitcoin"}
"""The chain that the explorers of a family are asked about."""
_HALF_A_SECOND = 0.5
"""The Date header counts whole seconds: the moment lies half a second later on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What an explorer answered to one question.

    Attributes
    ----------
    host : str
        Who was asked.
    has_key, takes_key, needs_key : bool
        Whether a key is set, whether one changes anything, and whether nothing is answered without one.
    is_reachable : bool
        Whether anything came back.
    calls_per_day, calls_left : int or None
        Of the plan of the key, where it said so.
    per_second : float or None
        Requests per second of that plan.
    page_rows : int or None
        Rows of one answer under that plan.
    clock_offset : float or None
        Seconds that its clock is ahead of ours, to about a second.
    problem : str
        Why the question was not answered; empty where it was.
    skipped : str
        Why nobody was asked; empty where somebody was.
    """

    explorer: str
    host: str
    has_key: bool
    takes_key: bool
    needs_key: bool
    is_reachable: bool
    calls_per_day: int | None = None
    calls_left: int | None = None
    per_second: float | None = None
    page_rows: int | None = None
    clock_offset: float | None = None
    problem: str = ""
    skipped: str = ""


class _Noting:
    """Keeps the last answer, also one that was refused, and when it was asked for."""

    def __init__(self, inner: Fetcher, now: Callable[[], datetime]) -> None:
        self._inner = inner
        self._now = now
        self.answer: Answer | None = None
        self.asked = now()
        self.took = 0.0

    def fetch(self, request: Request) -> Answer:
        self.asked, begun = self._now(), time.monotonic()
        try:
            self.answer = self._inner.fetch(request)
        except SourceError as problem:
            self.answer = problem.answer if isinstance(problem.answer, Answer) else None
            raise
        finally:
            self.took = time.monotonic() - begun
        return self.answer

    @property
    def clock_offset(self) -> float | None:
        """Give the seconds that the clock of who answered is ahead of ours."""
        return None if self.answer is None else _ahead(self.answer.server_date, self.asked, self.took)


def probe(
    name: str,
    *,
    settings: Settings | None = None,
    base_url: str | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Probe:
    """Ask an explorer one cheap question: Etherscan for the plan of the key, others for the head of their main chain.

    No retry, and at most ten seconds for an answer.

    Parameters
    ----------
    name : str
        Of :data:`cryptotrace.sources.explorers.EXPLORERS`.
    settings : Settings, optional
        Else read from the environment. Without a key it is asked nevertheless, and may refuse: that too is an answer.
    base_url : str, optional
        Another server that speaks the same.
    now : callable
        Our clock.

    Returns
    -------
    Probe
        Also where nothing answers; this raises no :class:`~cryptotrace.errors.SourceError`. Where no URL is known, ``skipped``
        says so, and nobody was asked.
    """
    settings = settings or Settings.from_env()
    explorer = explorer_of(name, where="doctor")
    secret = settings.keys.get(explorer.key_name) if explorer.key_name else None
    chain, url = _place(explorer, settings, has_key=secret is not None)
    url = base_url or url
    found = Probe(
        explorer=name,
        host="" if url is None else _host(url),
        has_key=secret is not None or (explorer.is_node and url is not None),
        takes_key=bool(explorer.key_name) or explorer.is_node,
        needs_key=explorer.needs_key,
        is_reachable=False,
    )
    if url is None:
        return replace(found, skipped=f"no URL is set. {key_help(name)}")
    timeout = min(settings.timeout, _TIMEOUT)
    inner, _ = fetcher_for(explorer, url, secret, settings, attempts=1, timeout=timeout)
    noting = _Noting(inner, now)
    facts: dict[str, Any] = {}
    problem = ""
    try:
        facts = _asked(name, chain, noting)
    except CryptotraceError as refusal:
        helps = secret is None and explorer.needs_key
        problem = f"{refusal.what}. {key_help(name)}" if helps else refusal.what
    finally:
        inner.close()
    return replace(found, is_reachable=noting.answer is not None, clock_offset=noting.clock_offset, problem=problem, **facts)


def probe_all(names: Iterable[str], *, settings: Settings | None = None) -> list[Probe]:
    """Ask several explorers side by side; after twelve seconds nobody is waited for any more.

    Parameters
    ----------
    names : iterable of str
        As for :func:`probe`.
    settings : Settings, optional
        Else read from the environment.

    Returns
    -------
    list of Probe
        In the order of ``names``.
    """
    settings = settings or Settings.from_env()
    wanted = list(names)
    answers: Queue[tuple[str, Probe | None]] = Queue()

    def ask(name: str) -> None:
        found = None
        try:
            found = probe(name, settings=settings)
        finally:  # whatever happened: nobody waits for a thread that is gone
            answers.put((name, found))

    for name in wanted:
        # daemons: a server that sends a byte now and then holds nobody up
        threading.Thread(target=ask, args=(name,), daemon=True).start()
    found: dict[str, Probe | None] = {}
    until = time.monotonic() + _PATIENCE
    while len(found) < len(wanted):
        try:
            name, answer = answers.get(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            break
        found[name] = answer
    return [found.get(name) or _silent(name, settings) for name in wanted]


def _silent(name: str, settings: Settings) -> Probe:
    """Say that an explorer did not answer in time."""
    explorer = explorer_of(name, where="doctor")
    has_key = bool(explorer.key_name) and explorer.key_name in settings.keys
    _, url = _place(explorer, settings, has_key=has_key)
    return Probe(
        explorer=name,
        host="" if url is None else _host(url),
        has_key=has_key or explorer.is_node,
        takes_key=bool(explorer.key_name) or explorer.is_node,
        needs_key=explorer.needs_key,
        is_reachable=False,
        problem=f"no whole answer within {_PATIENCE:g} s",
    )


def _place(explorer: Explorer, settings: Settings, *, has_key: bool) -> tuple[str, str | None]:
    """Give the chain to ask about and where; a node is asked about the chain that it was set for."""
    chain = _MAIN[explorer.family]
    if not explorer.is_node:
        return chain, explorer.url(chain_of(chain), has_key=has_key)
    node = settings.node(chain)
    if node is None and settings.nodes:
        chain, node = next(((name, url) for name, url in settings.nodes.items() if _is_evm(name)), (chain, None))
    return chain, None if node is None else node.reveal()


def _is_evm(chain: str) -> bool:
    return chain_of(chain).family == "evm"


def _host(url: str) -> str:
    """Give host and port: what else a URL holds may be a key."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2]


def _asked(name: str, chain: str, fetcher: _Noting) -> dict[str, Any]:
    """Ask the question, and give what the answer says of the plan."""
    if name != "etherscan":
        source_over(name, chain, fetcher).head("doctor")
        return {}
    rates: list[float] = []
    source = Etherscan(chain, fetcher, on_rate=rates.append)
    source.prepare("doctor")
    assert fetcher.answer is not None
    limits = read_object(fetcher.answer)
    return {
        "calls_per_day": _whole(limits.get("creditLimit")),
        "calls_left": _whole(limits.get("creditsAvailable")),
        "per_second": rates[0] if rates else None,
        "page_rows": source.page_rows if rates else None,
    }


def _ahead(server_date: str, asked: datetime, took: float) -> float | None:
    """Give how far the server's clock is ahead, as seen from the middle of the round trip."""
    try:
        theirs = parsedate_to_datetime(server_date)
    except (TypeError, ValueError):
        return None
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    return round((theirs - asked).total_seconds() + _HALF_A_SECOND - took / 2, 1)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
