"""The explorers that can be opened by name: whom they serve, where they answer, what a key changes. Facts, no code.

What an explorer answers counts more than what stands here; this serves to say something before the first request, and to ask
the right one first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from cryptotrace.codecs import ChainInfo, chain_of
from cryptotrace.errors import InputError

__all__ = ["EXPLORERS", "EXPLORER_NAMES", "Explorer", "explorer_of", "in_order", "in_tiers", "served", "unasked"]


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
    is_node : bool
        Whether it is a node of the person's own or of a provider: its URL comes from the settings, and is a key itself.
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
    is_node: bool = False

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

_BLOCKSCOUTS = {
    "ethereum": "https://eth.blockscout.com",
    **{
        name: f"https://{name}.blockscout.com"
        for name in ("base", "optimism", "arbitrum", "polygon", "gnosis", "celo", "zksync", "scroll")
    },
    "ethereum_classic": "https://etc.blockscout.com",
}
"""Single instances, which answer without a key for as long as their makers let them (docs.blockscout.com)."""
_HOSTED_BLOCKSCOUT = "https://api.blockscout.com/{id}"
_BLOCKSCOUT_HELP = "5 requests a second and every chain with a free key of https://dev.blockscout.com: set BLOCKSCOUT_API_KEY"

EXPLORERS: Mapping[str, Explorer] = {
    one.name: one
    for one in (
        Explorer(
            name="etherscan",
            maker="etherscan.lists:Etherscan",
            family="evm",
            urls={"": "https://api.etherscan.io/v2/api"},
            needs_key=True,
            key_name="etherscan",
            key_query="apikey",
            rate=3.0,
            key_help="Set ETHERSCAN_API_KEY; a free key is made in a minute at https://etherscan.io/apidashboard",
            lacks={name: f"{name}: not in the free plan as of July 2026; paid plans hold it" for name in _FREE_LACKS.split()},
        ),
        # EVM, beside Etherscan
        Explorer(
            name="blockscout",
            maker="blockscout.lists:Blockscout",
            family="evm",
            urls=_BLOCKSCOUTS,
            keyed_urls={"": _HOSTED_BLOCKSCOUT},
            key_name="blockscout",
            key_query="apikey",
            rate=3.0,
            keyed_rate=5.0,
            key_help=_BLOCKSCOUT_HELP,
        ),
        Explorer(
            name="routescan",
            maker="etherscan.routescan:Routescan",
            family="evm",
            urls={"": "https://api.routescan.io/v2/network/mainnet/evm/{id}/etherscan/api"},
            key_name="routescan",
            key_query="apikey",
            rate=2.0,
            keyed_rate=5.0,
            key_help="2 requests a second without a key, 5 with a free one of https://routescan.io: set ROUTESCAN_API_KEY",
        ),
        Explorer(
            name="blockscout_rest",
            maker="blockscout.rest:BlockscoutRest",
            family="evm",
            urls=_BLOCKSCOUTS,
            keyed_urls={"": _HOSTED_BLOCKSCOUT},
            key_name="blockscout",
            key_query="apikey",
            rate=3.0,
            keyed_rate=5.0,
            key_help=_BLOCKSCOUT_HELP,
        ),
        # a node of one's own, or of a provider
        Explorer(
            name="rpc",
            maker="rpc.lists:Rpc",
            family="evm",
            rate=5.0,
            key_help="Set RPC_URL, or RPC_URL_<CHAIN>, to the URL of a node; a provider's URL holds its key and is kept as one",
            is_node=True,
        ),
        # TRON
        Explorer(
            name="trongrid",
            maker="tron.trongrid:TronGrid",
            family="tron",
            urls={"": "https://api.trongrid.io"},
            key_name="trongrid",
            key_header="TRON-PRO-API-KEY",
            rate=1.0,
            keyed_rate=15.0,
            key_help="1 request a second without a key, 15 with a free one of https://www.trongrid.io: set TRONGRID_API_KEY",
        ),
        Explorer(
            name="tronscan",
            maker="tron.tronscan:Tronscan",
            family="tron",
            urls={"": "https://apilist.tronscanapi.com/api"},
            key_name="tronscan",
            key_header="TRON-PRO-API-KEY",
            rate=1.0,
            keyed_rate=5.0,
            key_help="It answers without a key, slowly; a key is made at https://tronscan.org: set TRONSCAN_API_KEY",
        ),
        # Bitcoin
        Explorer(
            name="mempool",
            maker="bitcoin.mempool:Mempool",
            family="bitcoin",
            urls={"bitcoin": "https://mempool.space/api"},
            rate=3.0,
        ),
        Explorer(
            name="esplora",
            maker="bitcoin.esplora:Esplora",
            family="bitcoin",
            urls={"bitcoin": "https://blockstream.info/api"},
            rate=0.19,
        ),
        Explorer(
            name="blockchain_info",
            maker="bitcoin.blockchain_info:BlockchainInfo",
            family="bitcoin",
            urls={"bitcoin": "https://blockchain.info"},
            rate=0.1,
        ),
    )
}
"""Name -> explorer."""

EXPLORER_NAMES = ("auto", *EXPLORERS)
"""What ``open_source`` takes: ``auto`` asks one after the other."""

_FIRST: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "evm": (("etherscan", "blockscout"), ("routescan",), ("blockscout_rest",), ("rpc",)),
    "tron": (("trongrid",), ("tronscan",)),
    "bitcoin": (("mempool",), ("esplora",), ("blockchain_info",)),
}
"""Who is asked in which order, by family: whole lists in few requests first. Those that stand together share the addresses.

Routescan stands alone because its answers were not compared with the live service. Nodes come last of all, where one is set
for the chain: a walk over the logs of a whole chain costs thousands of requests an address.
"""


def in_tiers(chain: ChainInfo, keys: Collection[str], *, has_node: bool = False) -> tuple[tuple[Explorer, ...], ...]:
    """Give the explorers of a chain in the order in which they are best asked, those that share the addresses together.

    Parameters
    ----------
    chain : ChainInfo
        The chain.
    keys : collection of str
        Names of the keys that are present. Explorers that need one and have none are left out; those whose plans are known to
        lack the chain come last.
    has_node : bool
        Whether the URL of a node of the chain is known; it stands behind everybody else.
    """
    tiers = [[EXPLORERS[name] for name in tier] for tier in _FIRST.get(chain.family, ())]
    able = [[one for one in tier if _is_able(one, chain, keys)] for tier in tiers]
    whole = [tuple(one for one in tier if chain.name not in one.lacks) for tier in able]
    lacking = [tuple(one for one in tier if chain.name in one.lacks) for tier in able]
    nodes = [tuple(one for one in tier if one.is_node and has_node) for tier in tiers]
    return tuple(tier for tier in (*whole, *lacking, *nodes) if tier)


def _is_able(one: Explorer, chain: ChainInfo, keys: Collection[str]) -> bool:
    has_key = one.key_name in keys
    return one.url(chain, has_key=has_key) is not None and (has_key or not one.needs_key)


def in_order(chain: ChainInfo, keys: Collection[str], *, has_node: bool = False) -> tuple[Explorer, ...]:
    """Give the explorers of :func:`in_tiers` one after the other."""
    return tuple(one for tier in in_tiers(chain, keys, has_node=has_node) for one in tier)


def unasked(chain: ChainInfo, keys: Collection[str]) -> tuple[Explorer, ...]:
    """Give the explorers of a chain that are not asked for want of a key."""
    listed = [EXPLORERS[name] for tier in _FIRST.get(chain.family, ()) for name in tier]
    return tuple(
        one for one in listed
        if not _is_able(one, chain, keys) and one.key_name and one.url(chain, has_key=True) is not None
    )  # fmt: skip


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
