"""Lists of one address a line: plain ones, and the sanctions lists ``sanctioned_addresses_<TICKER>.txt``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cryptotrace.codecs import chain_of, detect_chains, is_codec_known
from cryptotrace.errors import InputFileError
from cryptotrace.labels.entries import MAX_FIELD, Entry, likely_chain, rejected
from cryptotrace.labels.reading import open_text
from cryptotrace.labels.vocabulary import confidence_levels
from cryptotrace.model import Reject, canonical_tokens

__all__ = ["read_list", "read_ofac", "ticker_of"]

_OFAC_NAME = re.compile(r"sanctioned_addresses_([A-Za-z0-9]{1,16})\.txt", re.IGNORECASE)


def ticker_of(path: Path) -> str | None:
    """Give the ticker in the name of a sanctions list; None for any other file."""
    match = _OFAC_NAME.fullmatch(path.name)
    return match[1].upper() if match else None


def read_list(path: Path, name: str) -> Iterator[Entry | Reject]:
    """Read one address a line; ``#`` starts a comment, empty lines are left out.

    Raises
    ------
    InputFileError
        The file cannot be read, or holds no address line at all.
    """
    for line, text in _lines(path):
        if len(text) > MAX_FIELD:
            yield rejected(name, line, f"longer than {MAX_FIELD:,} characters", text[:MAX_FIELD])
        else:
            yield Entry(file=name, line=line, raw=text, address=text, label=path.stem, source=path.name)


def read_ofac(path: Path, name: str, ticker: str) -> Iterator[Entry | Reject]:
    """Read a sanctions list; its ticker names an asset, not a chain.

    Raises
    ------
    InputFileError
        As :func:`read_list`.

    Notes
    -----
    The codec says which chain an address is on. Where it can be on several, the ticker's chain is taken if it is one of
    them, but an EVM address is always put on ``ethereum``, whatever the ticker. The ticker of
    a token (USDT) decides nothing. With any other ticker without a codec, an address is kept verbatim, unless it is an EVM
    or TRON address, whose form tells its chain.
    """
    for line, text in _lines(path):
        if len(text) > MAX_FIELD:
            yield rejected(name, line, f"longer than {MAX_FIELD:,} characters", text[:MAX_FIELD])
            continue
        yield Entry(
            file=name,
            line=line,
            raw=text,
            address=text,
            chain=_chain(text, ticker),
            label=f"OFAC-listed address ({ticker})",
            statement="sanctioned",
            source="OFAC",
            confidence=confidence_levels()["authority_data"],
            currency=ticker,
        )


def _chain(address: str, ticker: str) -> str:
    fitting = detect_chains(address)
    own = chain_of(ticker).name if is_codec_known(ticker) else None
    if not fitting:
        return own or (likely_chain(address) if _is_multichain(ticker) else None) or ticker
    if chain_of(fitting[0]).family == "evm":
        return fitting[0]
    if own in fitting:
        return own
    tells_itself = own is not None or _is_multichain(ticker) or fitting == ("tron",)
    return fitting[0] if tells_itself else ticker


@cache
def _is_multichain(ticker: str) -> bool:
    """Whether the ticker is one of a token that lives on several chains."""
    return ticker in {token.symbol.upper() for token in canonical_tokens().values()}


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    empty = True
    for number, line in enumerate(open_text(path), start=1):
        text = line.split("#", 1)[0].strip()
        if text:
            empty = False
            yield number, text
    if empty:
        raise InputFileError("no address in the file", where=f"{path}", hint="Give one address a line")
