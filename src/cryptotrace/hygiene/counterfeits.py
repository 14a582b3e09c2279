"""Which tokens pass themselves off as another.

A symbol is free text that anybody may choose; what a token is, its (chain, contract) says. A token is a counterfeit where

* its symbol reads like the chain's own coin, or like a canonical token of the *same* chain, and it is not that token; or
* its symbol reads like a canonical token or coin of *any* chain by means of signs beyond ASCII, or like a dollar token of any
  chain in any spelling but the plain one (``US DT``, ``U5DT``): no issuer disguises its letters.

A plain "USDC" on a chain for which no genuine contract is on the list is *not* called a counterfeit: it may be the genuine
one. It has no par value either (only listed contracts have), so it cannot swell a total in dollars.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from cryptotrace.codecs import chain_names, chain_of, is_codec_known
from cryptotrace.hygiene.skeletons import skeleton
from cryptotrace.model import USD_CONTRACT, canonical_tokens

__all__ = ["Counterfeit", "find_counterfeits", "imitated", "lists_text"]

# An issuer's own spelling that needs a sign beyond ASCII; elsewhere such a sign is a disguise.
_OFFICIAL = {"USD₮": "USDT"}
_ALGORITHM = "1"  # grows when skeletons or the two rules above change, so that stores are cleaned again


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfeit:
    """A token that passes itself off as ``imitates``; ``asset`` is its id in the store."""

    asset: int
    chain: str
    contract: str
    symbol: str
    imitates: str

    @property
    def detail(self) -> str:
        """What is wrong with it; the symbol in ASCII with code points, so that a disguise shows."""
        return f"symbol {self.symbol[:40]!a} reads as {self.imitates}, but this is not its contract"


def find_counterfeits(assets: Iterable[tuple[int, str, str, str | None]]) -> tuple[Counterfeit, ...]:
    """Pick the counterfeits out of rows (id, chain, contract, symbol); O(rows).

    Notes
    -----
    Over-counts a genuine token that shares its symbol with a canonical one of its chain and is not in ``namesakes.csv``;
    under-counts tokens that imitate a token outside the canonical list. Both are visible: every asset taken out is listed.
    """
    found = []
    for ident, chain, contract, symbol in assets:
        target = imitated(chain, contract, symbol)
        if symbol and target:
            found.append(Counterfeit(asset=ident, chain=chain, contract=contract, symbol=symbol, imitates=target))
    return tuple(found)


def imitated(chain: str, contract: str, symbol: str | None) -> str | None:
    """Give the symbol that a token falsely reads as; None where it is genuine, unknown, or the chain's own coin."""
    if not symbol or contract in ("", USD_CONTRACT):
        return None
    if (chain, contract) in canonical_tokens() or (chain, contract) in _namesakes():
        return None
    spelled = _OFFICIAL.get(symbol, symbol)
    shape = skeleton(spelled)
    claimed = _symbols_of(chain).get(shape)
    if claimed is not None:
        return claimed
    target = _symbols_anywhere().get(shape)
    if target is None or not spelled.isascii():
        return target
    return target if target in _dollar_symbols() and spelled.casefold() != target.casefold() else None


@cache
def _symbols_of(chain: str) -> Mapping[str, str]:
    """Skeleton -> symbol, for the chain's own coin and its canonical tokens."""
    own = [chain_of(chain).native_symbol] if is_codec_known(chain) else []
    return {skeleton(s): s for s in (*own, *(t.symbol for t in canonical_tokens().values() if t.chain == chain))}


@cache
def _symbols_anywhere() -> Mapping[str, str]:
    merged: dict[str, str] = {}
    for chain in (*chain_names(), *(token.chain for token in canonical_tokens().values())):
        merged |= _symbols_of(chain)
    return merged


@cache
def _dollar_symbols() -> frozenset[str]:
    return frozenset(token.symbol for token in canonical_tokens().values() if token.stable)


@cache
def _namesakes() -> Mapping[tuple[str, str], str]:
    """Genuine tokens that share a symbol with a canonical one: predecessors and bridged forms."""
    rows = csv.DictReader(io.StringIO(_namesakes_text()))
    return {(row["chain"], row["contract"]): row["symbol"] for row in rows}


@cache
def _namesakes_text() -> str:
    return files(__package__).joinpath("namesakes.csv").read_text(encoding="utf-8")


def lists_text() -> str:
    """Give everything that the verdicts rest on, as one text to take a hash of."""
    tokens = sorted((t.chain, t.contract, t.symbol) for t in canonical_tokens().values())
    return "\n".join([_ALGORITHM, _confusables_version(), _namesakes_text(), *map(repr, tokens)])


def _confusables_version() -> str:
    from importlib.metadata import version

    return version("confusable-homoglyphs")
