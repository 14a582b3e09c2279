"""What can be said of an explorer's keys and plans before anything is asked."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from cryptotrace.codecs import chain_of
from cryptotrace.errors import BadKey
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.explorers import EXPLORERS, explorer_of

__all__ = ["Keyless", "Metered", "free_rate", "key_help", "known_limits", "missing_key"]


@runtime_checkable
class Metered(Protocol):
    """A fetcher that knows its key and its pace."""

    @property
    def has_key(self) -> bool:
        """Whether a key goes along."""

    @property
    def rate(self) -> float:
        """Requests per second that may be sent at present."""


class Keyless:
    """Stands where a key would be needed: a plan can be made with it, a request cannot."""

    has_key = False

    def __init__(self, explorer: str = "etherscan") -> None:
        self.rate = free_rate(explorer)

    def fetch(self, request: Request) -> Answer:
        """Refuse.

        Raises
        ------
        BadKey
            Always, with where to get a key.
        """
        raise missing_key(request.source)


def free_rate(source: str) -> float:
    """Give the requests per second that an explorer allows without a paid plan."""
    found = EXPLORERS.get(source)
    return 1.0 if found is None else found.pace(has_key=found.needs_key)


def missing_key(source: str) -> BadKey:
    """Make the error of an explorer that needs a key and has none."""
    return BadKey(f"no key for {source}", where="open_source", hint=key_help(source))


def key_help(source: str) -> str:
    """Say where a key of an explorer comes from; empty for one that takes none."""
    found = EXPLORERS.get(source)
    return "" if found is None else found.key_help


def known_limits(source: str, chain: str) -> tuple[str, ...]:
    """Say what plans of an explorer are known not to hold for a chain; empty where nothing is known."""
    words = explorer_of(source).lacks.get(chain_of(chain).name) if source in EXPLORERS else None
    return () if words is None else (words,)
