"""Routescan: Etherscan's account lists at another address, of chains that Etherscan's free plan does not hold.

The chain is part of the address, no plan is asked for, and keys are optional. Not verified against a live server: the calls
that are allowed without a key (2 a second here), and whether more than 1,000 rows a page are served. Refusals name their
limits in headers ``x-ratelimit-rpm-*`` and ``x-ratelimit-rpd-*``, which are not read: the pace halves instead.
"""

from __future__ import annotations

from cryptotrace.sources.etherscan.lists import Etherscan

__all__ = ["Routescan"]


class Routescan(Etherscan):
    """The account lists of one chain on Routescan; parameters as for :class:`~cryptotrace.sources.etherscan.Etherscan`."""

    name = "routescan"
    questions = 1

    def _about(self) -> dict[str, object]:
        return {}  # the chain stands in the address

    def prepare(self, run: str) -> None:
        """Ask nothing: there is no question for a plan."""
