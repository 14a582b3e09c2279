"""Exact values out of cells: whole amounts, counters, times, hashes. What is not exact is refused, never rounded.

A cell is text (CSV), or text, whole number, Decimal, truth value or time (JSON, Parquet). Every function raises
:class:`~cryptotrace.errors.InputError` with a reason that names the column; whoever reads the row puts it into ``rejects``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from cryptotrace.errors import InputError
from cryptotrace.model import MAX_AMOUNT

__all__ = ["amount", "counter", "decimal", "exact_integer", "hash_text", "path", "plain", "scaled", "truth", "utc_time"]

_EXPONENT = re.compile(r"(\d{1,120})(?:\.(\d{0,120}))?[eE]\+?(-?\d{1,4})", re.ASCII)
_DECIMAL = re.compile(r"(?:\d{1,120}|\d{1,3}(?:,\d{3}){1,40})(?:\.\d{0,120})?(?:[eE][+-]?\d{1,4})?", re.ASCII)
_NEGATIVE = re.compile(r"-[\d.]", re.ASCII)
_HEX = re.compile(r"0x[0-9a-f]{0,64}", re.IGNORECASE)
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_PATH = re.compile(r"\d{1,9}(?:_\d{1,9})*", re.ASCII)
_DIGITS = 120
_TRUE, _FALSE = frozenset(("true", "1")), frozenset(("false", "0"))
_FIRST = datetime(2009, 1, 3, tzinfo=UTC)
_LAST = datetime(2100, 1, 1, tzinfo=UTC)


def exact_integer(value: Any, column: str) -> int:
    """Read a whole number of 0 or more, in plain digits or in exponent form where that is whole.

    >>> exact_integer("199e17", "value")
    19900000000000000000
    """
    if type(value) is str:
        text = value.strip(" ")
        if text.isascii() and text.isdigit() and len(text) <= _DIGITS:
            return int(text)
        return _written(text, column)
    if type(value) is int:
        if value < 0:
            raise InputError(f"{column} is negative")
        return value
    if isinstance(value, Decimal):
        return _whole(value, 0, column)
    if value is None:
        raise InputError(f"{column} is missing")
    kind = "a binary fraction, which is not exact" if isinstance(value, float) else f"of the type {type(value).__name__}"
    raise InputError(f"{column} is {kind}")


def _written(text: str, column: str) -> int:
    if _EXPONENT.fullmatch(text):
        return _whole(Decimal(text), 0, column)
    if not text:
        raise InputError(f"{column} is empty")
    if _NEGATIVE.match(text):
        raise InputError(f"{column} is negative")
    raise InputError(f"{column} is not a whole number in plain digits")


def _whole(value: Decimal, shift: int, column: str) -> int:
    """Give ``value * 10**shift`` if that is a whole number; by digits, because Decimal arithmetic rounds."""
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise InputError(f"{column} is not a number")
    mantissa = int("".join(map(str, digits[: 2 * _DIGITS]))) if len(digits) <= 2 * _DIGITS else -1
    if mantissa == 0:
        return 0
    if sign:
        raise InputError(f"{column} is negative")
    exponent += shift
    if mantissa < 0 or len(digits) + exponent > _DIGITS:
        raise InputError(f"{column} has too many digits")
    if exponent >= 0:
        scale: int = 10**exponent
        return mantissa * scale
    unit: int = 10 ** min(-exponent, len(digits))
    quotient, rest = divmod(mantissa, unit)
    if rest or -exponent > len(digits):
        raise InputError(f"{column} has more decimals than its unit, or is not whole")
    return quotient


def amount(value: Any, column: str = "amount") -> int:
    """Read an amount in base units, at most 10**38 - 1."""
    return _bounded(exact_integer(value, column), column)


def scaled(value: Any, decimals: int, column: str) -> int:
    """Read an amount that is written in whole coins, and give base units exactly; commas may part thousands."""
    return _bounded(_whole(decimal(value, column), decimals, column), column)


def _bounded(number: int, column: str) -> int:
    if number > MAX_AMOUNT:
        raise InputError(f"{column} is larger than 10**38 - 1")
    return number


def decimal(value: Any, column: str) -> Decimal:
    """Read a decimal number of 0 or more, exactly as written."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise InputError(f"{column} is not a number")
        number = value
    elif type(value) is int:
        number = Decimal(value)
    elif type(value) is str:
        text = value.strip(" ")
        if _NEGATIVE.match(text):
            raise InputError(f"{column} is negative")
        if not _DECIMAL.fullmatch(text):
            raise InputError(f"{column} is {'not a decimal number' if text else 'empty'}")
        number = Decimal(text.replace(",", ""))
    else:
        raise InputError(f"{column} is {'missing' if value is None else 'of the type ' + type(value).__name__}")
    if number < 0:
        raise InputError(f"{column} is negative")
    return number


def counter(value: Any, column: str, top: int = 2**63 - 1) -> int | None:
    """Read a block, index or other counter; empty is unknown, ``0x`` forms are read, bare ``0x`` is 0."""
    if value is None or value == "":
        return None
    is_hex = type(value) is str and _HEX.fullmatch(value) is not None
    number = int(value[2:] or "0", 16) if is_hex else exact_integer(value, column)
    if number > top:
        raise InputError(f"{column} is larger than {top}")
    return number


def truth(value: Any, column: str) -> bool | None:
    """Read true, false, 1 or 0 in any case; empty is unknown."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return value
    word = str(value).strip(" ").lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise InputError(f"{column} is neither true nor false")


def utc_time(value: Any, column: str = "time") -> datetime:
    """Read ISO 8601 or whole Unix seconds; a time without a zone is UTC."""
    if type(value) is str:
        return _time_of_text(value, column)
    if isinstance(value, datetime):
        return _plausible(value, column)
    if value is None:
        raise InputError(f"{column} is missing")
    return _time_of_seconds(exact_integer(value, column), column)


@lru_cache(maxsize=65_536)
def _time_of_text(text: str, column: str) -> datetime:
    bare = text.strip(" ")
    if bare.isascii() and bare.isdigit():
        return _time_of_seconds(int(bare[:_DIGITS]), column)
    if bare.endswith(" UTC"):
        bare = bare[:-4] + "Z"
    if bare[4:5] != "-":  # compact forms are too easily something else
        raise InputError(f"{column} is {'not a time (ISO 8601 or Unix seconds)' if bare else 'empty'}")
    try:
        moment = datetime.fromisoformat(bare)
    except ValueError:
        raise InputError(f"{column} is not a time (ISO 8601 or Unix seconds)") from None
    return _plausible(moment, column)


def _time_of_seconds(seconds: int, column: str) -> datetime:
    if seconds >= 2**34:
        raise InputError(f"{column} is not in Unix seconds")
    return _plausible(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds), column)


def _plausible(moment: datetime, column: str) -> datetime:
    # Checked before the zone is changed: near year 1 or 9999 that alone would fail.
    if not 2000 < moment.year < 2200:
        raise InputError(f"{column} is outside 2009 to 2100")
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if not _FIRST <= moment < _LAST:
        raise InputError(f"{column} is outside 2009 to 2100")
    return moment


def hash_text(value: Any, column: str = "tx_hash") -> str:
    """Read the name of a transaction: hex hashes in lower case, other printable names as they are."""
    if type(value) is not str or not value.strip(" "):
        raise InputError(f"{column} is missing" if value is None else f"{column} is empty or not text")
    text = value.strip(" ")
    if _HASH.fullmatch(text):
        return text.lower()
    if len(text) > 128 or not (text.isascii() and text.isprintable()):
        raise InputError(f"{column} is longer than 128 characters or not printable ASCII")
    return text


def path(value: Any, column: str = "trace_path") -> str | None:
    """Read the place of a call in its transaction, ``0_1``, ``0,1`` or a list; empty is None (the root)."""
    if value is None or value in ("", []):
        return None
    if isinstance(value, list):
        text = "_".join(map(str, value))
    else:
        text = str(value).strip(" []").replace(", ", "_").replace(",", "_")
    if not text:
        return None
    if not _PATH.fullmatch(text):
        raise InputError(f"{column} is not a path of numbers")
    return text


def plain(value: Any) -> str | None:
    """Keep text from outside as it is, but storable: half characters and NUL are written out."""
    if value is None:
        return None
    text = value if type(value) is str else str(value)
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")
