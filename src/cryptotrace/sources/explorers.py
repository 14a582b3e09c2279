"""The explorers that can be opened by name: whom they serve, where they answer, what a key changes. Facts, no code.

What an explorer answers counts more than what stands here; this serves to say something before the first request, and to ask
the right one first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptotrace.codecs import ChainInfo, chain_of
from cryptotrace.errors import InputError

__all__ = ["EXPLORERS", "EXPLORER_NAMES", "Explorer", "explorer_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explorer:
    """What is known of an explorer before it is asked.

    Attributes
    ----------
    name : str
        As in ``open_source``.
    maker : str
        ``module:Class`` under :mod:`cryptotrace.sources`; the class is made with (chain, fetcher, on_rate=).
    family : str
        Family of the chains that it serves.
    urls : mapping
        Chain -> base URL without a key; ``""`` stands for every chain of the family, and ``{id}`` in it for the EVM chain id.
    keyed_urls : mapping
        The same where a key changes it.
    needs_key : bool
        Whether nothing is answered without a key.
    key_name : str
        Name of the key in the settings; keys are shared by explorers of one account.
    key_query, key_header : str
        The query parameter or the header that carries the key.
    rate, keyed_rate : float
        Requests per second without and with a key, of the free plan.
    key_help : str
        Where a key comes from.
    lacks : mapping
        Chain -> what plans are known not to hold.
    """

    name: str
    maker: str
    family: str
    urls: Mapping[str, str] = field(default_factory=dict)
    keyed_urls: Mapping[str, str] = field(default_factory=dict)
    needs_key: bool = False
    key_name: str = ""
    key_query: str = ""
    key_header: str = ""
    rate: float
    keyed_rate: float = 0.0
    key_help: str = ""
    lacks: Mapping[str, str] = field(default_factory=dict)

    def url(self, chain: ChainInfo, *, has_key: bool) -> str | None:
        """Give the base URL for a chain; None where it is not served."""
        if chain.family != self.family:
            return None
        for urls in (self.keyed_urls, self.urls) if has_key else (self.urls,):
            found = urls.get(chain.name, urls.get(""))
            if found is not None:
                return found.replace("{id}", str(chain.evm_chain_id))
        return None

    def pace(self, *, has_key: bool) -> float:
        """Give the requests per second to begin with."""
        return (self.keyed_rate or self.rate) if has_key else self.rate


_FREE_LACKS = "bsc base optimism avalanche"
"""Chains that Etherscan's free plan did not serve in July 2026 (docs.etherscan.io, supported chains)."""

EXPLORERS: Mapping[str, Explorer] = {
    one.name: one
    for one in (
        Explorer(
            name="etherscan",
            maker="etherscan:Etherscan",
            family="evm",
            urls={"": "https://api.etherscan.io/v2/api"},
            needs_key=True,
            key_name="etherscan",
            key_query="apikey",
            rate=3.0,
            key_help="Set ETHERSCAN_API_KEY; a free key is made in a minute at https://etherscan.io/apidashboard",
            lacks={name: f"{name}: not in the free plan as of July 2026; paid plans hold it" for name in _FREE_LACKS.split()},
        ),
    )
}
"""Name -> explorer."""

EXPLORER_NAMES = tuple(EXPLORERS)


def explorer_of(name: str, *, where: str = "open_source") -> Explorer:
    """Give an explorer by its name.

    Raises
    ------
    InputError
        If there is none.
    """
    found = EXPLORERS.get(name)
    if found is None:
        raise InputError(f"no explorer {name!r}", where=where, hint=f"Known: {', '.join(EXPLORERS)}")
    return found


def served(explorer: Explorer, chain: str) -> ChainInfo:
    """Give the chain, if the explorer serves chains of that family.

    Raises
    ------
    InputError
        If it does not.
    """
    info = chain_of(chain)
    if info.family != explorer.family:
        able = [one.name for one in EXPLORERS.values() if one.family == info.family]
        raise InputError(
            f"{explorer.name} does not serve {info.name}",
            where="open_source",
            hint=f"Explorers of {info.name}: {', '.join(able)}" if able else "No explorer of this chain is built yet",
        )
    return info
