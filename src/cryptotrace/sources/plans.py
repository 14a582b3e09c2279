"""What is known of an explorer before anything is asked: keys, pace, and what plans do not hold.

What an explorer answers counts more; this serves to say something before the first request.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from cryptotrace.codecs import chain_of
from cryptotrace.errors import BadKey
from cryptotrace.sources.base import Answer, Request

__all__ = ["FREE_RATE", "Keyless", "Metered", "key_help", "known_limits", "missing_key"]

FREE_RATE = 3.0
"""Requests per second of Etherscan's free plan (docs.etherscan.io, rate limits)."""

_FREE_LACKS = frozenset({10, 56, 97, 8453, 84532, 43113, 43114, 11155420})
"""Chain ids that Etherscan's free plan did not serve in July 2026 (docs.etherscan.io, supported chains)."""

_KEY_HELP = {"etherscan": "Set ETHERSCAN_API_KEY; a free key is made in a minute at https://etherscan.io/apidashboard"}


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
    rate = FREE_RATE

    def fetch(self, request: Request) -> Answer:
        """Refuse.

        Raises
        ------
        BadKey
            Always, with where to get a key.
        """
        raise missing_key(request.source)


def missing_key(source: str) -> BadKey:
    """Make the error of an explorer that needs a key and has none."""
    return BadKey(f"no key for {source}", where="open_source", hint=key_help(source))


def key_help(source: str) -> str:
    """Say where a key of an explorer comes from."""
    return _KEY_HELP[source]


def known_limits(source: str, chain: str) -> tuple[str, ...]:
    """Say what plans of an explorer are known not to hold for a chain; empty where nothing is known."""
    info = chain_of(chain)
    if source == "etherscan" and info.evm_chain_id in _FREE_LACKS:
        return (f"{info.name}: not in the free plan as of July 2026; paid plans hold it",)
    return ()
