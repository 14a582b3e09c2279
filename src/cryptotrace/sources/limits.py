"""How quickly an explorer may be asked: one adaptive limit per host and account, shared by every chain and thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["Pace"]

_FLOOR = 8.0  # the slowest pace is the allowed one divided by this
_MARGIN = 1.04  # spacing beyond the allowed one: three calls a second may arrive 40 ms early or late
_WIDEN_AFTER = 20


class Pace:
    """Spaces requests evenly; slows down when refused, and speeds up again while it goes well.

    Parameters
    ----------
    per_second : float
        The rate that the plan allows.
    now, sleep : callable
        Clock and sleep in seconds, injected by tests.

    Notes
    -----
    Even spacing never bursts, so a server that counts calls in any window of a second does not refuse; at the allowed rate it
    uses 1 / 1.04 = 96% of it.
    """

    def __init__(
        self,
        per_second: float,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._lock = threading.Lock()
        self._allowed = per_second
        self._rate = per_second
        self._next = 0.0
        self._good = 0
        self._now = now
        self._sleep = sleep
        self.waited = 0.0

    def runs_on(self, now: Callable[[], float], sleep: Callable[[float], None]) -> bool:
        """Whether it keeps time by this clock."""
        return self._now is now and self._sleep is sleep

    @property
    def rate(self) -> float:
        """Requests per second at present."""
        return self._rate

    def allow(self, per_second: float) -> None:
        """Take over the rate that the plan turned out to have."""
        with self._lock:
            self._allowed = self._rate = per_second

    def acquire(self) -> None:
        """Wait until the next request may go; call it before every request, retries included."""
        with self._lock:
            start = max(self._now(), self._next)
            self._next = start + _MARGIN / self._rate
            pause = start - self._now()
        if pause > 0:
            self.waited += pause
            self._sleep(pause)

    def refused(self, wait: float | None = None) -> None:
        """Halve the pace, and let nothing go for ``wait`` seconds where the server asked for that."""
        with self._lock:
            self._rate = max(self._rate / 2, self._allowed / _FLOOR)
            self._good = 0
            self._next = max(self._next, self._now() + (wait if wait is not None else _MARGIN / self._rate))

    def succeeded(self) -> None:
        """Note a good answer; after a row of them the pace widens by a quarter, up to what is allowed."""
        with self._lock:
            self._good += 1
            if self._good >= _WIDEN_AFTER and self._rate < self._allowed:
                self._rate = min(self._allowed, self._rate * 1.25)
                self._good = 0
