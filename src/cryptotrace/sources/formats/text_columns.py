"""Columns of texts: whether all of them have a usual form, at the speed of a look at their letters, and what they stand for.

A check gives None where every text is of the usual form, else a mask of those that are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

__all__ = [
    "EARLIEST",
    "LATEST",
    "Check",
    "are_plain",
    "column_of",
    "decimals",
    "digits",
    "digits_or_none",
    "first_given",
    "hex_or_empty",
    "hex_text",
    "index_or_none",
    "number_or_none",
    "one_of",
    "seconds",
    "trace_path",
    "usual_rows",
]

Check = Callable[[pa.Array], "pa.Array | None"]

_DIGITS, _HEX = b"0123456789", b"0123456789abcdef"
EARLIEST, LATEST = "1240000000", "3999999999"
_TIME = r"\A(12[4-9]|1[3-9][0-9]|[23][0-9][0-9])[0-9]{7}\z"
_DECIMALS = r"\A([0-9]{0,2}|1[0-9][0-9])\z"
_INDEX = r"\A([0-9]{0,9}|0x)\z"
_PATH = r"\A([0-9]{1,9}(_[0-9]{1,9})*)?\z"
_UNKNOWN = pa.array(["", "0x"])


def column_of(texts: Iterable[str | None]) -> pa.Array:
    """Make a column; a text that is no Unicode raises."""
    return pa.array(texts, pa.string())


def usual_rows(columns: dict[str, pa.Array], checks: Mapping[str, Check]) -> pa.Array | None:
    """Give which rows pass every check, or None where all do."""
    usual = None
    for name, check in checks.items():
        mask = check(columns[name])
        if mask is not None:
            usual = mask if usual is None else pc.and_(usual, mask)
    return usual


def number_or_none(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Read a column of counters in which empty and ``0x`` are unknown."""
    if column.null_count == len(column):
        return pa.nulls(len(column), kind)
    if column.null_count or not _are_digits(column, 1, 9):
        column = pc.if_else(pc.is_in(column, _UNKNOWN), pa.scalar(None, pa.string()), column)
    return column.cast(kind)


def first_given(one: pa.Array, other: pa.Array) -> pa.Array:
    """Give the first text that is not empty, or unknown."""
    if pc.all(pc.not_equal(one, ""), min_count=0).as_py():
        return one
    both = pc.if_else(pc.equal(one, ""), other, one)
    return pc.if_else(pc.equal(both, ""), pa.scalar(None, pa.string()), both)


def _bytes(column: pa.Array) -> bytes:
    """Give the letters of a column that was just made and holds no nulls."""
    letters = column.buffers()[2]
    return b"" if letters is None else letters.to_pybytes()


def _are_digits(column: pa.Array, least: int, most: int) -> bool:
    sizes = pc.min_max(pc.binary_length(column)).as_py()
    if sizes["min"] is None or sizes["min"] < least or sizes["max"] > most:
        return False
    return not _bytes(column).translate(None, _DIGITS)


def digits(least: int, most: int) -> Check:
    """From so many digits to so many."""
    pattern = rf"\A[0-9]{{{least},{most}}}\z"

    def check(column: pa.Array) -> pa.Array | None:
        return None if _are_digits(column, least, most) else pc.match_substring_regex(column, pattern)

    return check


def digits_or_none(most: int) -> Check:
    """Up to so many digits, or nothing."""
    pattern = rf"\A[0-9]{{0,{most}}}\z"

    def check(column: pa.Array) -> pa.Array | None:
        if column.null_count == len(column) or (not column.null_count and _are_digits(column, 0, most)):
            return None
        return pc.fill_null(pc.match_substring_regex(column, pattern), fill_value=True)

    return check


@lru_cache(maxsize=8)
def _ends(width: int, rows: int) -> bytes:
    """Give the offsets of a column whose texts are all of one width."""
    return bytes(pa.array(range(0, width * rows + 1, width), pa.int32()).buffers()[1])[: 4 * (rows + 1)]


def hex_text(letters: int) -> Check:
    """``0x`` and so many letters in lower case."""
    width, pattern = letters + 2, rf"\A0x[0-9a-f]{{{letters}}}\z"

    def check(column: pa.Array) -> pa.Array | None:
        rows, text = len(column), _bytes(column)
        if rows and column.buffers()[1].to_pybytes()[: 4 * (rows + 1)] == _ends(width, rows):
            marks = b"x" * rows
            if text[1::width] == marks and not text[::width].strip(b"0") and text.translate(None, _HEX) == marks:
                return None
        return pc.match_substring_regex(column, pattern)

    return check


def seconds(column: pa.Array) -> pa.Array | None:
    """Unix seconds of this age."""
    if _are_digits(column, 10, 10):
        bounds = pc.min_max(column).as_py()
        if bounds["min"] >= EARLIEST and bounds["max"] <= LATEST:
            return None
    return pc.match_substring_regex(column, _TIME)


def decimals(column: pa.Array) -> pa.Array | None:
    """Take what a token can have, or nothing."""
    return None if _are_digits(column, 1, 2) else pc.match_substring_regex(column, _DECIMALS)


def index_or_none(column: pa.Array) -> pa.Array | None:
    """Take a place in a block, or nothing."""
    if column.null_count == len(column) or (not column.null_count and _are_digits(column, 1, 9)):
        return None
    return pc.fill_null(pc.match_substring_regex(column, _INDEX), fill_value=True)


def are_plain(column: pa.Array) -> pa.Array | None:
    """Text that can be stored as it is, or nothing."""
    if b"\0" not in _bytes(column):
        return None
    return pc.invert(pc.fill_null(pc.match_substring(column, "\0"), fill_value=False))


def one_of(*words: str) -> Check:
    """One of a few words, or nothing."""
    known = pa.array([*words, None], pa.string())

    def check(column: pa.Array) -> pa.Array | None:
        if column.null_count == len(column):
            return None
        mask = pc.is_in(column, known)
        return None if pc.all(mask, min_count=0).as_py() else mask

    return check


def hex_or_empty(letters: int) -> Check:
    """``0x`` and so many letters, or an empty text."""
    full, pattern = hex_text(letters), rf"\A(0x[0-9a-f]{{{letters}}})?\z"

    def check(column: pa.Array) -> pa.Array | None:
        if not _bytes(column) or full(column) is None:
            return None
        return pc.match_substring_regex(column, pattern)

    return check


def trace_path(column: pa.Array) -> pa.Array | None:
    """Take the place of a call in its transaction, or nothing."""
    if column.null_count == len(column):
        return None
    return pc.fill_null(pc.match_substring_regex(column, _PATH), fill_value=True)
