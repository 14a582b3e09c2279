"""Well-known addresses and closed ranges that explorers are checked with: public, old, and the same for everybody.

What the lists of these ranges hold was never counted live, so counts are learnt and not expected. The person's own addresses
are never asked about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["PLACES", "CoinPlace", "EvmPlace", "PricePlace", "TronPlace"]

Range = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvmPlace:
    """Where explorers of the Ethereum family are asked.

    Attributes
    ----------
    busy, steady : str
        An account with very long lists, and one with a few thousand rows.
    nobody : str
        An address that was never used.
    token : str
        A token contract with many logs.
    closed : (int, int)
        Blocks that are final.
    empty : (int, int)
        Blocks before the first transaction of ``steady``.
    logs : (int, int)
        A few blocks with logs of ``token``.
    wide : (int, int)
        Too many blocks for one question to a node.
    """

    chain: str = "ethereum"
    busy: str
    steady: str
    nobody: str
    token: str
    closed: Range
    empty: Range
    logs: Range
    wide: Range


@dataclass(frozen=True, slots=True, kw_only=True)
class TronPlace:
    """Where explorers of TRON are asked; ranges are moments in ms, ``crowded`` with more rows than fit on a page."""

    chain: str = "tron"
    busy: str
    nobody: str
    token: str
    crowded: Range
    empty: Range
    freezes: Range


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinPlace:
    """Where explorers of Bitcoin are asked: an address with more than a page of rows, and a transaction that makes coins."""

    chain: str = "bitcoin"
    busy: str
    coinbase: str
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePlace:
    """What sources of prices are asked.

    Attributes
    ----------
    hour, early : int
        Unix seconds of an hour with prices, and of one of the first years of Bitcoin.
    weekend : int
        An hour on a Sunday.
    coin, token, unknown : str
        Assets: a coin, a token, and a token that nobody prices.
    recent : int
        Days back from now of an hour that a free plan holds.
    """

    hour: int
    early: int
    weekend: int
    coin: str
    token: str
    unknown: str
    recent: int = 30


_USDT, _TRON_USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
_NOBODY = "0x5f1d3c0b9a7e48261f0d3c5b7a9e8061f2d4c6b8"
"""Invented; so is the one on TRON, of the same bytes."""

PLACES: Mapping[str, EvmPlace | TronPlace | CoinPlace | PricePlace] = {
    # vitalik.eth, the Ethereum Foundation, the contract of USDT; no transaction stands below block 46,147
    "evm": EvmPlace(
        busy="0xd8da6bf26964af9d7eed9e03e53415d37aa96045",
        steady="0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae",
        nobody=_NOBODY,
        token=_USDT,
        closed=(0, 15_000_000),
        empty=(1, 40_000),
        logs=(15_000_000, 15_000_000),
        wide=(5_000_000, 15_000_000),
    ),
    # the contract of USDT as an account: its calls, and tokens that were sent to it by mistake
    "tron": TronPlace(
        busy=_TRON_USDT,
        nobody="TJe8DXzaymbMLXdrNF8vXrj7EvpRj3PGEE",
        token=_TRON_USDT,
        crowded=(1_609_459_200_000, 1_640_995_200_000),
        empty=(1_530_000_000_000, 1_531_000_000_000),
        freezes=(1_577_836_800_000, 1_640_995_200_000),
    ),
    # the address of the genesis block, to which people still send; the first transaction after it
    "bitcoin": CoinPlace(
        busy="1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        coinbase="0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098",
        last=900_000,
    ),
    # 1 March 2023, 12:00; 1 March 2012; Sunday, 5 March 2023
    "": PricePlace(
        hour=1_677_672_000,
        early=1_330_603_200,
        weekend=1_678_017_600,
        coin="ETH",
        token=f"eip155:1/erc20:{_USDT}",
        unknown=f"eip155:1/erc20:{_NOBODY}",
    ),
}
"""Family of chains -> place; ``""`` for prices."""
