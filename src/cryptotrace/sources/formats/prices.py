"""Prices: CSV with time, asset, usd and, if wanted, source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from cryptotrace.codecs import caip19, chain_names, chain_of, parse_caip19
from cryptotrace.errors import InputError
from cryptotrace.model import canonical_tokens
from cryptotrace.schema import Batch
from cryptotrace.sources.cells import decimal, plain, utc_time
from cryptotrace.sources.intake import Intake, Request, drive
from cryptotrace.sources.sheets import open_sheet, require

__all__ = ["KINDS", "read"]

KINDS = ("csv",)
_DECIMALS = 18
_MOST = 10**20  # the column holds 38 digits, 18 of them decimals


def read(request: Request, intake: Intake) -> Iterator[Batch]:
    """Yield the prices of all files; see :func:`cryptotrace.sources.read_prices`."""
    for file in request.files:
        with open_sheet(file) as sheet:
            require(sheet, ("time", "asset", "usd"), "A file of prices has the columns time, asset, usd and maybe source")
            source = f"file:{file.name}"

            def handle(cells: Mapping[str, Any], _number: int, source: str = source) -> None:
                row = (
                    utc_time(cells["time"]),
                    _asset(cells["asset"]),
                    _usd(cells["usd"]),
                    plain(cells.get("source")) or source,
                    None,
                    None,
                )
                intake.batch.add("prices", row)

            yield from drive(sheet, intake, handle)


@cache
def _symbols() -> frozenset[str]:
    """Give the symbols that we vouch for: coins of the chains and tokens of the canonical list."""
    coins = {chain_of(name).native_symbol for name in chain_names()}
    return frozenset(coins | {token.symbol for token in canonical_tokens().values()})


def _asset(text: str) -> str:
    name = text.strip(" ")
    if name in _symbols():
        return name
    if "/" not in name:
        raise InputError("asset is no symbol of the canonical list; name it by CAIP-19")
    try:
        return caip19(*parse_caip19(name))
    except InputError as problem:
        raise InputError(f"asset: {problem.what}") from None


def _usd(text: str) -> Any:
    usd = decimal(text, "usd")
    if not usd:
        raise InputError("usd is 0; leave an unknown price out")
    exponent = usd.as_tuple().exponent
    assert isinstance(exponent, int)  # decimal() lets only finite numbers pass
    if exponent < -_DECIMALS:
        raise InputError(f"usd has more than {_DECIMALS} decimals")
    if usd >= _MOST:
        raise InputError("usd is 10**20 or more")
    return usd
