"""How many requests may go out: every one that leaves this machine counts, those that are sent again too."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from cryptotrace.errors import Stopped
from cryptotrace.sources.base import Answer, Request

__all__ = ["Budget", "BudgetSpent", "Interrupted", "Spending"]


class BudgetSpent(Stopped):
    """The requests that the caller allowed are used up."""

    kind = "budget"


class Interrupted(Stopped):
    """A person asked to stop; what came so far is kept."""

    kind = "interrupted"


@runtime_checkable
class Spending(Protocol):
    """A fetcher that may send one question several times, and asks before each."""

    def fetch_within(self, request: Request, spend: Callable[[], None]) -> Answer:
        """Give an answer as ``fetch`` does; ``spend`` is called before each request is sent, and raises where none may be."""


class Budget:
    """What may still be sent, and what was.

    Parameters
    ----------
    most : int or None
        Requests that may be sent; None for any number.
    """

    def __init__(self, most: int | None) -> None:
        self._left = most
        self._lock = threading.Lock()
        self.stop = threading.Event()
        self.sent: Counter[str] = Counter()
        """Requests that were sent, by stream; ``retry`` counts those that were sent again."""

    @property
    def left(self) -> int | None:
        """Requests that may still be sent; None for any number."""
        return self._left

    def check(self, request: Request) -> None:
        """Refuse what could not be sent.

        Raises
        ------
        BudgetSpent, Interrupted
            If nothing may be sent any more.
        """
        if self.stop.is_set():
            raise Interrupted("stopped on request", where=request.source, hint="The same command goes on from here")
        if self._left is not None and self._left <= 0:
            raise BudgetSpent(
                "the allowed requests are used up", where=request.source, hint="Run it again to go on, or allow more"
            )

    def spender(self, request: Request) -> Callable[[], None]:
        """Give what takes one request of this question at a time; it raises what :meth:`check` does, before the request."""
        names = iter((request.stream,))

        def spend() -> None:
            with self._lock:
                self.check(request)
                if self._left is not None:
                    self._left -= 1
                self.sent[next(names, "retry")] += 1

        return spend
