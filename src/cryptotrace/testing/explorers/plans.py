"""What a key of the fake explorer may do, and the meter that counts its calls."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cryptotrace.errors import InputError

__all__ = ["UNLIMITED", "Plan"]

_DAY = 86_400
_SECOND = 1 - 1e-6
"""A hair short, so that a client that keeps exactly to its rate is not refused for the rounding of its clock."""
NOT_FREE = (10, 56, 97, 8453, 84532, 43113, 43114, 11155420)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The limits of an account; the defaults are Etherscan's free plan of July 2026.

    Parameters
    ----------
    calls_per_second : int or None, default 3
        Answered calls in any second, over all keys and chains of the account; None for no limit. Refused calls do not
        count.
    calls_per_day : int or None, default 100000
        Calls in a UTC day.
    page_cap : int, default 1000
        Most rows of one answer.
    over_cap : {"clamp", "error"}
        What an ``offset`` above the cap gets: the first ``page_cap`` rows without a word, or an error. Which of the two
        the real server does is not documented. A clamped page looks like a short one to a client that asked for more.
    window : int, default 10000
        Most that ``page`` times ``offset`` may be.
    chains_not_free : tuple of int
        Chain ids that the plan does not serve.
    pro : bool, default False
        Whether endpoints of paid plans are served (internal transactions by block range).
    refusal : {"envelope", "429"}
        A call too many is refused with HTTP 200 and an error text, or with HTTP 429.
    retry_after : int or None
        Seconds for the ``Retry-After`` header of the latter; None for no header.
    """

    calls_per_second: int | None = 3
    calls_per_day: int | None = 100_000
    page_cap: int = 1_000
    over_cap: Literal["clamp", "error"] = "clamp"
    window: int = 10_000
    chains_not_free: tuple[int, ...] = NOT_FREE
    pro: bool = False
    refusal: Literal["envelope", "429"] = "envelope"
    retry_after: int | None = None

    def __post_init__(self) -> None:
        for name in ("calls_per_second", "calls_per_day", "page_cap", "window"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{value} is too few", where=name, hint="Give 1 or more, or None for no limit")
        if self.over_cap not in ("clamp", "error"):
            raise InputError(f"unknown choice {self.over_cap!r}", where="over_cap", hint="Choose clamp or error")
        if self.refusal not in ("envelope", "429"):
            raise InputError(f"unknown choice {self.refusal!r}", where="refusal", hint="Choose envelope or 429")


UNLIMITED = Plan(calls_per_second=None, calls_per_day=None, page_cap=10_000, chains_not_free=(), pro=True)
"""No limit but the window of 10,000 rows."""


class Meter:
    """Counts calls against a plan.

    Parameters
    ----------
    plan : Plan
        The limits.
    clock : callable
        Returns POSIX seconds.
    """

    def __init__(self, plan: Plan, clock: Callable[[], float]) -> None:
        self._plan = plan
        self._clock = clock
        self._recent: deque[float] = deque()
        self._bad_keys: deque[float] = deque()
        self._day = -1
        self.used_today = 0

    def refusal(self) -> str:
        """Count one call, or return the text with which it is refused."""
        now = self._clock()
        self._turn(now)
        limit = self._plan.calls_per_day
        if limit is not None and self.used_today >= limit:
            share = self.used_today * 100 // limit
            return f"Max daily rate limit reached. {self.used_today} ({share}%) of {limit} day/limit"
        while self._recent and self._recent[0] <= now - _SECOND:
            self._recent.popleft()
        rate = self._plan.calls_per_second
        if rate is not None and len(self._recent) >= rate:
            return f"Max calls per sec rate limit reached ({rate}/sec)"
        self._recent.append(now)
        self.used_today += 1
        return ""

    def bad_key(self) -> str:
        """Return the text for a wrong key: more than five in 30 seconds are told to wait."""
        now = self._clock()
        while self._bad_keys and self._bad_keys[0] <= now - 30:
            self._bad_keys.popleft()
        self._bad_keys.append(now)
        if len(self._bad_keys) > 5:
            return "Too many invalid api key attempts, please try again later"
        return "Invalid API Key (#err2)"

    def _turn(self, now: float) -> None:
        day = math.floor(now / _DAY)
        if day != self._day:
            self._day, self.used_today = day, 0
