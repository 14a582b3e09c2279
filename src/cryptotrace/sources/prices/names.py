"""How the sources of prices call what we call by symbol and CAIP-19.

DefiLlama names a token by chain and contract, CoinGecko by platform and contract; both name a chain's own coin by CoinGecko's
id. The names of DefiLlama's chains are those that its documentation and a published client list; ids and platforms of
CoinGecko are general knowledge and were not looked up. A chain that is not here cannot be asked about: its tokens are gaps.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from cryptotrace.codecs import caip19, chain_names, chain_of, parse_caip19
from cryptotrace.errors import InputError

__all__ = ["COIN_IDS", "LLAMA_CHAINS", "PLATFORMS", "symbol_of", "token_of"]

COIN_IDS: Mapping[str, str] = {
    "ETH": "ethereum",
    "BTC": "bitcoin",
    "BNB": "binancecoin",
    "TRX": "tron",
    "POL": "polygon-ecosystem-token",
    "AVAX": "avalanche-2",
    "XDAI": "xdai",
    "CELO": "celo",
    "FTM": "fantom",
    "ETC": "ethereum-classic",
    "GLMR": "moonbeam",
    "CRO": "crypto-com-chain",
    "BCH": "bitcoin-cash",
    "LTC": "litecoin",
    "DOGE": "dogecoin",
    "DASH": "dash",
    "ZEC": "zcash",
    "XRP": "ripple",
    "SOL": "solana",
}
"""Symbol of a chain's own coin -> CoinGecko's id. POL was MATIC before September 2024: earlier hours are gaps."""

LLAMA_CHAINS: Mapping[str, str] = {
    "ethereum": "ethereum",
    "bsc": "bsc",
    "polygon": "polygon",
    "avalanche": "avax",
    "arbitrum": "arbitrum",
    "optimism": "optimism",
    "base": "base",
    "zksync": "era",
    "tron": "tron",
    "solana": "solana",
}
"""Our chain -> DefiLlama's."""

PLATFORMS: Mapping[str, str] = {
    "ethereum": "ethereum",
    "bsc": "binance-smart-chain",
    "polygon": "polygon-pos",
    "avalanche": "avalanche",
    "arbitrum": "arbitrum-one",
    "optimism": "optimistic-ethereum",
    "base": "base",
    "zksync": "zksync",
    "gnosis": "xdai",
    "celo": "celo",
    "fantom": "fantom",
    "tron": "tron",
    "solana": "solana",
}
"""Our chain -> CoinGecko's platform."""


@cache
def symbol_of(asset: str) -> str | None:
    """Give the symbol of a chain's own coin, named by symbol or CAIP-19; None for anything else."""
    if asset in COIN_IDS:
        return asset
    native = {caip19(name): chain_of(name).native_symbol for name in chain_names()}
    return native.get(asset)


@cache
def token_of(asset: str) -> tuple[str, str] | None:
    """Give (chain, contract) of a token named by CAIP-19; None for anything else."""
    if "/" not in asset:
        return None
    try:
        chain, contract = parse_caip19(asset)
    except InputError:
        return None
    return None if contract is None else (chain, contract)
