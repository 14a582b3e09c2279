"""What TRON's explorers and nodes write: addresses in five spellings, hashes, moments in milliseconds, numbers of a token."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptotrace.codecs import parse_address
from cryptotrace.errors import InputError, InvalidAddressError
from cryptotrace.model import MAX_AMOUNT
from cryptotrace.sources.cells import amount

__all__ = [
    "CHAIN",
    "FIRST_MS",
    "LAST_MS",
    "address",
    "asset_id",
    "in_word",
    "moment",
    "note_text",
    "small_or_none",
    "sun",
    "tx_name",
]

CHAIN = "tron"
FIRST_MS = 1_529_884_800_000
"""25 June 2018, the day of the first block; the genesis block itself carries the time 0."""
LAST_MS = 4_102_444_800_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAME = re.compile(r"(?:0x)?([0-9a-fA-F]{64})", re.ASCII)
_ASSET = re.compile(r"1[0-9]{6}", re.ASCII)
_ASSET_IN_HEX = re.compile(r"31(?:3[0-9]){6}", re.ASCII)
_WORD = re.compile(r"(?:0{24}|0{22}41)([0-9a-f]{40})", re.ASCII)
_INT = 2**31 - 1
_LONGEST_NOTE = 64


def address(value: Any, column: str) -> str:
    """Give the stored form (``T…``) of an address in any of the five spellings; a wrong checksum is refused, not mended.

    Raises
    ------
    InputError
        If it is no TRON address.
    """
    if type(value) is not str:
        raise InputError(f"{column} is {'missing' if value is None else 'not text'}")
    try:
        return parse_address(value, CHAIN)
    except InvalidAddressError as problem:
        raise InputError(f"{column}: {problem.what}") from None


def in_word(word: str) -> str:
    """Give the address in a word of 32 bytes without ``0x``: its last 20, whether or not the version byte stands before them.

    Raises
    ------
    InputError
        If more than that stands there.
    """
    found = _WORD.fullmatch(word.lower())
    if found is None:
        raise InputError("a word that holds no address")
    return address(f"41{found[1]}", "address")


def tx_name(value: Any, column: str) -> str:
    """Give the hash of a transaction: 64 hexadecimal digits in lower case, without ``0x``, as every explorer of TRON shows it.

    Raises
    ------
    InputError
        If it is none.
    """
    found = _NAME.fullmatch(value) if type(value) is str else None
    if found is None:
        raise InputError(f"{column} is {'missing' if value is None else 'not a hash of 32 bytes'}")
    return found[1].lower()


def moment(value: Any, column: str = "block_timestamp") -> datetime:
    """Give the time that whole milliseconds since 1970 mean.

    Raises
    ------
    InputError
        If it is no such number, or lies before TRON or after 2099.
    """
    if type(value) is not int:
        raise InputError(f"{column} is {'missing' if value is None else 'not a whole number'}")
    if not FIRST_MS <= value < LAST_MS:
        raise InputError(f"{column} is outside 2018 to 2099")
    return _EPOCH + timedelta(milliseconds=value)


def sun(value: Any, column: str) -> int:
    """Read an amount in base units; numbers and plain digits both occur.

    Raises
    ------
    InputError
        If it is negative, no whole number, or beyond our range.
    """
    if type(value) is str and not (value.isascii() and value.isdigit()):
        raise InputError(f"{column} is not a whole number in plain digits")
    if type(value) is int and 0 <= value <= MAX_AMOUNT:
        return value
    return amount(value, column)


def asset_id(value: Any) -> str:
    """Give the number of a TRC-10 token, which is written plainly or as the hexadecimal form of its digits.

    >>> asset_id("31303032303030"), asset_id(1002000)
    ('1002000', '1002000')

    Raises
    ------
    InputError
        If it is none. Transfers before 2019 named tokens instead; names are not unique.
    """
    text = str(value) if type(value) is int else value
    if type(text) is str and _ASSET_IN_HEX.fullmatch(text):
        return bytes.fromhex(text).decode("ascii")
    if type(text) is not str or not _ASSET.fullmatch(text):
        raise InputError("a TRC-10 token without a number")
    return text


def small_or_none(value: Any, column: str, top: int = _INT) -> int | None:
    """Read a counter; None where there is none.

    Raises
    ------
    InputError
        If it is something else.
    """
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= top:
        raise InputError(f"{column} is not a counter")
    return value


def note_text(value: Any) -> str:
    """Give the word of an internal transaction, which is written plainly or in hexadecimal (``63616c6c`` is ``call``)."""
    if type(value) is not str or len(value) > 2 * _LONGEST_NOTE:
        return "" if value is None else "unknown"
    try:
        plain = bytes.fromhex(value).decode("ascii")
    except (ValueError, UnicodeDecodeError):
        plain = value
    return plain if plain.isascii() and plain.isprintable() and len(plain) <= _LONGEST_NOTE else "unknown"
