"""Numbers and addresses as EVM nodes and explorers write them: hex quantities, words of 32 bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptotrace.codecs import parse_address
from cryptotrace.errors import InputError, InvalidAddressError
from cryptotrace.model import MAX_AMOUNT
from cryptotrace.sources.cells import hash_text, plain, utc_time

__all__ = [
    "address",
    "address_in",
    "block_number",
    "name_of",
    "own_time",
    "quantity",
    "raw_of",
    "small",
    "value_of",
    "words_of",
]

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{0,64}", re.ASCII)
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*", re.ASCII)
_HASH = re.compile(r"0x[0-9a-f]{64}", re.ASCII)
_ADDRESS = re.compile(r"0x[0-9a-f]{40}", re.ASCII)
"""As addresses of all EVM chains are stored, and as nodes write them."""
_WORD = 64
_INT = 2**31 - 1
_LONG = 2**63 - 1


def quantity(value: Any, column: str) -> int:
    """Read a number of 0 or more, in hex (``"0x"`` is 0) or as a JSON number.

    >>> quantity("0x", "logIndex"), quantity("0x10", "logIndex"), quantity(7, "blockNumber")
    (0, 16, 7)

    Raises
    ------
    InputError
        If it is neither.
    """
    if type(value) is str and _QUANTITY.fullmatch(value):
        return int(value[2:] or "0", 16)
    if type(value) is int and value >= 0:
        return value
    raise InputError(f"{column} is {'missing' if value is None else 'not a hexadecimal number'}")


def small(value: Any, column: str) -> int:
    """Read an index as the store keeps it."""
    return _below(quantity(value, column), _INT, column)


def block_number(value: Any, column: str = "blockNumber") -> int:
    """Read the number of a block."""
    return _below(quantity(value, column), _LONG, column)


def value_of(value: Any, column: str) -> int:
    """Read an amount in base units; one that passes our range is refused, not cut."""
    return _below(quantity(value, column), MAX_AMOUNT, column)


def _below(number: int, top: int, column: str) -> int:
    if number > top:
        raise InputError(f"{column} is larger than {'10**38 - 1' if top == MAX_AMOUNT else top}")
    return number


def words_of(data: Any) -> tuple[str, ...] | None:
    """Take data apart into words of 32 bytes; None where it is no whole number of them.

    Raises
    ------
    InputError
        If it is no hexadecimal text.
    """
    text = "0x" if data in (None, "") else data
    if type(text) is not str or not _DATA.fullmatch(text):
        raise InputError("data is not hexadecimal")
    if (len(text) - 2) % _WORD:
        return None
    return tuple(text[at : at + _WORD] for at in range(2, len(text), _WORD))


def address(value: Any, chain: str, column: str) -> str:
    """Give the stored form of an address.

    Raises
    ------
    InputError
        If it is none.
    """
    if type(value) is not str:
        raise InputError(f"{column} is {'missing' if value is None else 'not text'}")
    if _ADDRESS.fullmatch(value):
        return value
    try:
        return parse_address(value, chain)
    except InvalidAddressError as problem:
        raise InputError(f"{column}: {problem.what}") from None


def address_in(word: str) -> str | None:
    """Give the address that a word of 32 bytes holds; None where it holds more than 20 bytes."""
    return None if int(word, 16) >= 2**160 else f"0x{int(word, 16):040x}"


def name_of(value: Any, column: str = "transactionHash") -> str:
    """Give the hash of a transaction, in lower case."""
    if type(value) is str and _HASH.fullmatch(value):
        return value
    name = hash_text(value, column)
    if not _HASH.fullmatch(name):
        raise InputError(f"{column} is not a hash of 32 bytes")
    return name


def own_time(cells: Mapping[str, Any], block: int, times: Mapping[int, datetime]) -> datetime:
    """Give the time that a row carries (``timeStamp``, ``blockTimestamp``), else that of its block.

    Raises
    ------
    InputError
        If neither is known.
    """
    for column in ("timeStamp", "blockTimestamp"):
        if cells.get(column) not in (None, ""):
            return utc_time(quantity(cells[column], column), column)
    known = times.get(block)
    if known is None:
        raise InputError("time is unknown: the row has none and its block is not among the known ones")
    return known


def raw_of(cells: Any) -> str:
    """Give a row as it came, as text for rejects."""
    import msgspec

    return plain(msgspec.json.encode(cells).decode()) or ""
