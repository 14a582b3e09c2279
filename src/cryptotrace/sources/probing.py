"""One question to an explorer, to see whether it answers, what the key may do, and whose clock is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from cryptotrace.errors import SourceError
from cryptotrace.settings import Settings
from cryptotrace.sources.base import Answer, Fetcher, Request
from cryptotrace.sources.etherscan import Etherscan, read_object
from cryptotrace.sources.explorers import explorer_of
from cryptotrace.sources.opening import fetcher_for
from cryptotrace.sources.plans import key_help

__all__ = ["Probe", "probe"]

_TIMEOUT = 10.0
_HALF_A_SECOND = 0.5
"""The Date header counts whole seconds: the moment lies half a second later on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What an explorer answered to one question.

    Attributes
    ----------
    host : str
        Who was asked.
    has_key : bool
        Whether a key is set.
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
    """

    explorer: str
    host: str
    has_key: bool
    is_reachable: bool
    calls_per_day: int | None = None
    calls_left: int | None = None
    per_second: float | None = None
    page_rows: int | None = None
    clock_offset: float | None = None
    problem: str = ""


class _Noting:
    """Keeps the last answer, also one that was refused."""

    def __init__(self, inner: Fetcher) -> None:
        self._inner = inner
        self.answer: Answer | None = None

    def fetch(self, request: Request) -> Answer:
        try:
            self.answer = self._inner.fetch(request)
        except SourceError as problem:
            self.answer = problem.answer if isinstance(problem.answer, Answer) else None
            raise
        return self.answer


def probe(
    name: str,
    *,
    settings: Settings | None = None,
    base_url: str | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Probe:
    """Ask an explorer for the plan of the key: one request, no retry, at most ten seconds.

    Parameters
    ----------
    name : str
        Of :data:`cryptotrace.sources.EXPLORER_NAMES`.
    settings : Settings, optional
        Else read from the environment. Without a key it is asked nevertheless, and refuses: that too is an answer.
    base_url : str, optional
        Another server that speaks the same.
    now : callable
        Our clock.

    Returns
    -------
    Probe
        Also where nothing answers; this raises no :class:`~cryptotrace.errors.SourceError`.
    """
    settings = settings or Settings.from_env()
    explorer = explorer_of(name, where="doctor")
    secret = settings.keys.get(explorer.key_name)
    url = base_url or explorer.urls[""]
    timeout = min(settings.timeout, _TIMEOUT)
    inner, _ = fetcher_for(explorer, url, secret, settings, attempts=1, timeout=timeout)
    noting = _Noting(inner)
    rates: list[float] = []
    source = Etherscan("ethereum", noting, on_rate=rates.append)
    problem = ""
    asked, begun = now(), time.monotonic()
    try:
        source.prepare("doctor")
    except SourceError as refusal:
        problem = refusal.what if secret is not None else f"{refusal.what}. {key_help(name)}"
    took = time.monotonic() - begun
    inner.close()
    answer = noting.answer
    limits = read_object(answer) if answer is not None and not problem else {}
    return Probe(
        explorer=name,
        host=urlsplit(url).netloc,
        has_key=secret is not None,
        is_reachable=answer is not None,
        calls_per_day=_whole(limits.get("creditLimit")),
        calls_left=_whole(limits.get("creditsAvailable")),
        per_second=rates[0] if rates else None,
        page_rows=source.page_rows if rates else None,
        clock_offset=None if answer is None else _ahead(answer.server_date, asked, took),
        problem=problem,
    )


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
