"""Portable identifiers: CAIP-2 for chains, CAIP-10 for accounts, CAIP-19 for assets.

Written strictly, read tolerantly where the wild differs: TRON's chain id in hex, lower-case EVM addresses, any coin
type for the native coin of an EVM chain, legacy and long addresses of Bitcoin. All of them hold ``:``, so none is a
file name on Windows.
"""

from __future__ import annotations

import re

from cryptotrace.codecs.addresses import display_address, parse_address
from cryptotrace.codecs.chains import ChainInfo, chain_of, find_chain
from cryptotrace.codecs.screening import quote
from cryptotrace.errors import InputError, UnknownChainError

__all__ = ["caip2", "caip10", "caip19", "parse_caip2", "parse_caip10", "parse_caip19"]

_CHAIN = r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}"
_CAIP2 = re.compile(_CHAIN)
_CAIP10 = re.compile(rf"({_CHAIN}):([-.%a-zA-Z0-9]{{1,128}})")
_CAIP19 = re.compile(rf"({_CHAIN})/([-a-z0-9]{{3,8}}):([-.%a-zA-Z0-9]{{1,128}})")
_COIN_TYPE = re.compile(r"0|[1-9][0-9]{0,9}")
_TRC10 = re.compile(r"1[0-9]{6}")  # TRON's older tokens have a number and no contract
_TOKENS = {"evm": "erc20", "tron": "trc20", "solana": "token"}  # how CAIP-19 names a token, by family


def caip2(chain: str) -> str:
    """Return the CAIP-2 identifier of a chain under any of its names; TRON's is decimal.

    Raises
    ------
    UnknownChainError
        The chain has no codec.
    """
    return chain_of(chain).caip2


def parse_caip2(text: str) -> str:
    """Return our name of the chain that a CAIP-2 identifier names.

    Raises
    ------
    InputError
        Not of the form ``namespace:reference``.
    UnknownChainError
        A chain without a codec.
    """
    _matched(_CAIP2, text, "CAIP-2 chain", "eip155:1")
    return _named(text).name


def caip10(chain: str, address: str) -> str:
    """Return the CAIP-10 identifier of an account, in the spelling that people see (EIP-55 on the EVM family).

    Raises
    ------
    InvalidAddressError
        Not an address of that chain.
    UnknownChainError
        The chain has no codec.
    """
    info = chain_of(chain)
    return f"{info.caip2}:{_spelled(address, info)}"


def parse_caip10(text: str) -> tuple[str, str]:
    """Return our name of the chain and the stored address of a CAIP-10 identifier.

    Raises
    ------
    InputError
        Not of the form ``namespace:reference:address``.
    UnknownChainError, InvalidAddressError
        A chain without a codec, or not an address of it.
    """
    chain, address = _matched(_CAIP10, text, "CAIP-10 account", "eip155:1:0x...").groups()
    info = _named(chain)
    return info.name, parse_address(address, info.name)


def caip19(chain: str, contract: str | None = None) -> str:
    """Return the CAIP-19 identifier of an asset.

    Parameters
    ----------
    chain : str
        Any name of the chain.
    contract : str, optional
        The token's contract (on Solana its mint, of TRON's TRC-10 tokens the number); None is the native coin.

    Raises
    ------
    InputError
        A token on a chain that has none with contracts.
    InvalidAddressError
        `contract` is no address of that chain.
    UnknownChainError
        The chain has no codec.
    """
    info = chain_of(chain)
    if contract is None:
        return f"{info.caip2}/slip44:{info.slip44}"
    if info.family == "tron" and _TRC10.fullmatch(contract):
        return f"{info.caip2}/trc10:{contract}"
    if info.family not in _TOKENS:
        raise InputError(
            f"{info.name} has no token contracts", where=quote(contract), hint="Leave the contract out for its coin"
        )
    return f"{info.caip2}/{_TOKENS[info.family]}:{_spelled(contract, info)}"


def parse_caip19(text: str) -> tuple[str, str | None]:
    """Return our name of the chain and the stored contract of a CAIP-19 identifier; None is the native coin.

    Raises
    ------
    InputError
        Not of the form ``namespace:reference/kind:reference``, a kind that is no money (collectibles), or a coin type
        that is not the chain's.
    UnknownChainError, InvalidAddressError
        A chain without a codec, or a contract that is no address of it.

    Notes
    -----
    On an EVM chain every coin type is read as the native coin: 60 and the chain's own both occur in the wild.
    """
    chain, kind, reference = _matched(_CAIP19, text, "CAIP-19 asset", "eip155:1/slip44:60").groups()
    info = _named(chain)
    if kind == "slip44" and _COIN_TYPE.fullmatch(reference):
        if info.family == "evm" or int(reference) == info.slip44:
            return info.name, None
        raise InputError(
            f"coin type {reference} is not that of {info.name}", where=quote(text), hint=f"Write {caip19(info.name)}"
        )
    if kind == _TOKENS.get(info.family):
        return info.name, parse_address(reference, info.name)
    known = "slip44" if info.family not in _TOKENS else f"slip44 or {_TOKENS[info.family]}"
    raise InputError(f"not an asset that is money on {info.name}", where=quote(text), hint=f"Its kind is {known}")


def _matched(pattern: re.Pattern[str], text: str, what: str, example: str) -> re.Match[str]:
    matched = pattern.fullmatch(text) if isinstance(text, str) else None
    if matched is None:
        raise InputError(f"not a {what}", where=quote(str(text)), hint=f"An example: {example}")
    return matched


def _named(caip: str) -> ChainInfo:
    info = find_chain(caip)
    # an alias such as "eth" cannot get here (no colon), so the text is one of the CAIP-2 spellings
    if info is None:
        raise UnknownChainError(
            "a CAIP-2 chain without a codec", where=quote(caip), hint="Its addresses can only be kept unverified"
        )
    return info


def _spelled(address: str, info: ChainInfo) -> str:
    stored = parse_address(address, info.name)
    # the colon of "bitcoincash:" is not allowed in CAIP-10
    return stored if info.family == "bitcoin" else display_address(stored, info.name)
