"""The canonical token contracts: the only tokens whose symbol we believe.

``tokens.csv`` beside this file is the list; a symbol never identifies a token, its (chain, contract) does. ``stable`` means
that one unit may be taken as one dollar where no price is at hand; ``wraps_native`` that one unit is one coin of the chain.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

__all__ = ["USD_CONTRACT", "Token", "canonical_tokens"]

USD_CONTRACT = "usd"
"""Contract name of the pseudo-asset of inputs that only give dollar values; one unit is one micro-dollar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token contract that is what its symbol says."""

    chain: str
    contract: str
    symbol: str
    decimals: int
    stable: bool
    wraps_native: bool


@cache
def canonical_tokens() -> Mapping[tuple[str, str], Token]:
    """Give the list as (chain, contract) -> Token; read once."""
    text = files(__package__).joinpath("tokens.csv").read_text(encoding="utf-8")
    found = {
        (row["chain"], row["contract"]): Token(
            chain=row["chain"],
            contract=row["contract"],
            symbol=row["symbol"],
            decimals=int(row["decimals"]),
            stable=row["stable"] == "true",
            wraps_native=row["wraps_native"] == "true",
        )
        for row in csv.DictReader(io.StringIO(text))
    }
    return MappingProxyType(found)
