"""Addresses of the EVM family: 20 bytes in hex, with the checksum that EIP-55 hides in the case of the letters."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from cryptotrace.codecs.screening import quote
from cryptotrace.errors import InvalidAddressError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NULL", "STORED", "checksummed", "first_wrong_case", "parse"]

NULL = "0x" + "0" * 40
STORED = re.compile(r"0x[0-9a-f]{40}")
_ANY_CASE = re.compile(r"0[xX]([0-9a-fA-F]{40})")
_NOT_HEX = re.compile(r"[^0-9a-fA-F]")
_HEX_DIGITS = 40


@cache
def _keccak() -> Callable[[bytes], bytes]:
    # Named rather than eth_hash.auto: that one reads the environment to choose, and a run must not depend on it.
    from eth_hash.backends.pycryptodome import keccak256

    return keccak256


@lru_cache(maxsize=65_536)
def checksummed(stored: str) -> str:
    """Return the EIP-55 spelling of a lower-case address: a letter is upper case where its hash digit is 8 or more."""
    digits = stored[2:]
    hashed = _keccak()(digits.encode("ascii")).hex()
    return "0x" + "".join(digit.upper() if mark >= "8" else digit for digit, mark in zip(digits, hashed, strict=False))


def first_wrong_case(digits: str) -> int | None:
    """Return the index of the first of 40 hex digits whose case EIP-55 contradicts.

    All lower and all upper case carry no checksum: nothing contradicts them.
    """
    lower = digits.lower()
    if digits in (lower, digits.upper()):
        return None
    right = checksummed("0x" + lower)[2:]
    return next((index for index in range(_HEX_DIGITS) if digits[index] != right[index]), None)


def parse(core: str, offset: int = 0) -> str:
    """Return the lower-case address that `core` spells.

    Parameters
    ----------
    core : str
        Screened text.
    offset : int
        Added to positions in errors.

    Raises
    ------
    InvalidAddressError
        Wrong form, or mixed case that fails EIP-55.
    """
    matched = _ANY_CASE.fullmatch(core)
    if matched is None:
        raise _wrong_form(core, offset)
    digits = matched[1]
    wrong = first_wrong_case(digits)
    if wrong is not None:
        position = offset + 2 + wrong
        raise InvalidAddressError(
            f"the EIP-55 checksum fails: wrong case of {digits[wrong]!r} at position {position} (counted from 0)",
            where=quote(core),
            hint="A character or its case is wrong: copy it again from its source",
            position=position,
        )
    return "0x" + digits.lower()


def _wrong_form(core: str, offset: int) -> InvalidAddressError:
    if core[:2] not in ("0x", "0X"):
        bare = len(core) == _HEX_DIGITS and _NOT_HEX.search(core) is None
        return InvalidAddressError(
            "an EVM address starts with 0x",
            where=quote(core),
            hint="Write 0x before the 40 hex digits" if bare else "Names (ENS) and other chains' addresses do not fit",
            position=offset,
        )
    stray = _NOT_HEX.search(core, 2)
    if stray is not None:
        position = offset + stray.start()
        return InvalidAddressError(
            f"{stray[0]!r} at position {position} (counted from 0) is no hex digit",
            where=quote(core),
            hint="Copy the address again from its source",
            position=position,
        )
    count = len(core) - 2
    return InvalidAddressError(
        f"an EVM address has 40 hex digits after 0x, this has {count}",
        where=quote(core),
        hint="64 digits are a transaction hash or a key, not an address" if count == 64 else "It may be cut short",
    )
