"""Cells of a scanned page as columns of Arrow: letters are copied, digits are read, and no cell becomes a Python value.

Each function gives None where a cell is not of the form that it reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cryptotrace.sources.formats.page_scan import Numbers, ScannedPage, windows
from cryptotrace.sources.formats.text_columns import trace_path

__all__ = [
    "Digits",
    "as_decimal",
    "as_int",
    "empty_column",
    "flag",
    "hex_columns",
    "hex_or_empty_column",
    "path_column",
    "read_digits",
    "sum_of_products",
    "text_column",
]

_WORD = 8
"""Digits that are read at once, as the bytes of one number of 64 bits."""
_PATH_NUMBER = 9
"""Digits of the longest number in a path."""
_U64 = np.uint64
_ZEROS, _NO_DIGIT, _TOPS = _U64(0x3030303030303030), _U64(0x7676767676767676), _U64(0x8080808080808080)
_PAIRS, _FOURS = _U64(0x00FF00FF00FF00FF), _U64(0x0000FFFF0000FFFF)
_TEN_8, _TEN_16 = _U64(10**8), _U64(10**16)
_HALF, _LOW = _U64(32), _U64(2**32 - 1)
_DECIMAL = pa.decimal128(38, 0)

Wide = tuple[Numbers, Numbers]
"""Numbers below 2**127: upper and lower 64 bits."""


# -- letters -------------------------------------------------------------------------------------------------------------


def hex_columns(page: ScannedPage, names: Sequence[str], digits: int) -> dict[str, pa.Array] | None:
    """Give ``0x`` and so many letters in lower case, of several keys at once."""
    width, rows = digits + 2, len(page)
    if not all(page.shortest[name] == width == page.longest[name] for name in names):
        return None
    letters = _hex_letters(page, page.starts[page.places(names)], width)
    if letters is None:
        return None
    ends = pa.py_buffer(_even_ends(width, rows))
    return {
        name: pa.Array.from_buffers(pa.string(), rows, [None, ends, pa.py_buffer(of_one)], 0)
        for name, of_one in zip(names, letters, strict=True)
    }


def hex_or_empty_column(page: ScannedPage, name: str, digits: int) -> pa.Array | None:
    """Give ``0x`` and so many letters in lower case, or nothing."""
    if page.longest[name] == 0:
        return empty_column(len(page))
    if page.shortest[name] > 0:
        found = hex_columns(page, [name], digits)
        return found and found[name]
    starts, sizes = page.cells(name)
    filled = sizes > 0
    if not (sizes[filled] == digits + 2).all():
        return None
    letters = _hex_letters(page, starts[np.newaxis, filled], digits + 2)
    if letters is None:
        return None
    return pa.Array.from_buffers(pa.string(), len(page), [None, pa.py_buffer(_ends_of(sizes)), pa.py_buffer(letters)], 0)


def _hex_letters(page: ScannedPage, starts: Numbers, width: int) -> Numbers | None:
    """Give the letters of each row of an array of places."""
    letters = windows(page.body, width)[starts].view(np.uint8)
    if np.count_nonzero((letters[:, ::width] == ord("0")) & (letters[:, 1::width] == ord("x"))) != starts.size:
        return None
    # Everything but the x is a digit.
    is_digit = (letters - np.uint8(ord("0"))) <= 9
    is_digit |= (letters - np.uint8(ord("a"))) <= 5
    return letters if np.count_nonzero(is_digit) == starts.size * (width - 1) else None


@lru_cache(maxsize=8)
def empty_column(rows: int) -> pa.Array:
    """Give empty texts."""
    return pa.repeat("", rows)


def text_column(page: ScannedPage, name: str, *, empty_is_none: bool = False) -> pa.Array:
    """Give texts as they are."""
    starts, sizes = page.cells(name)
    rows, width = len(page), page.longest[name]
    if not width:
        return pa.nulls(rows, pa.string()) if empty_is_none else empty_column(rows)
    if width == page.shortest[name]:
        ends, letters = _even_ends(width, rows), windows(page.body, width)[starts]
    else:
        ends = _ends_of(sizes)
        letters = np.frombuffer(page.body, np.uint8)[np.arange(ends[-1]) + np.repeat(starts - ends[:-1], sizes)]
    known, unknown = _known(page, name) if empty_is_none else (None, 0)
    return pa.Array.from_buffers(pa.string(), rows, [known, pa.py_buffer(ends), pa.py_buffer(letters)], unknown)


def path_column(page: ScannedPage, name: str) -> pa.Array | None:
    """Give paths of numbers of at most nine digits, ``0_1``, unknown where the text is empty."""
    column = text_column(page, name, empty_is_none=True)
    if column.null_count == len(column):
        return column
    if page.shortest[name] and page.longest[name] <= _PATH_NUMBER and _are_paths(column):
        return column
    mask = trace_path(column)
    return column if mask is None or pc.all(mask).as_py() else None


def _are_paths(column: pa.Array) -> bool:
    """Whether texts that are not empty are digits with single lines between them."""
    letters, ends = np.frombuffer(column.buffers()[2], np.uint8), np.frombuffer(column.buffers()[1], np.int32)
    is_digit = (letters - np.uint8(ord("0"))) <= 9
    if not (is_digit | (letters == ord("_"))).all():
        return False
    return bool((is_digit[1:] | is_digit[:-1]).all() and is_digit[ends[:-1]].all() and is_digit[ends[1:] - 1].all())


def flag(page: ScannedPage, name: str) -> Numbers | None:
    """Give the letter ``0`` or ``1`` of each row, or a quote where the text is empty."""
    if page.longest[name] > 1:
        return None
    letters = np.frombuffer(page.body, np.uint8)[page.cells(name)[0]]
    known = (letters == ord("0")) | (letters == ord("1"))
    known |= letters == ord('"')
    return letters if known.all() else None


@lru_cache(maxsize=32)
def _even_ends(width: int, rows: int) -> Numbers:
    return np.arange(0, width * rows + 1, width, dtype=np.int32)


def _ends_of(sizes: Numbers) -> Numbers:
    ends = np.zeros(len(sizes) + 1, np.int32)
    np.cumsum(sizes, out=ends[1:])
    return ends


def _known(page: ScannedPage, name: str) -> tuple[pa.Buffer | None, int]:
    """Give which values are not empty, as Arrow marks them, and how many are."""
    if page.shortest[name]:
        return None, 0
    filled = page.cells(name)[1] > 0
    return pa.py_buffer(np.packbits(filled, bitorder="little")), len(filled) - int(np.count_nonzero(filled))


# -- digits --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Digits:
    """The numbers of one column: words of eight digits, the last digits first, and which rows have any, as Arrow marks them."""

    words: Numbers
    known: pa.Buffer | None
    unknown: int

    @property
    def is_given(self) -> Numbers:
        """Which rows have digits."""
        if self.known is None:
            return np.ones(self.words.shape[1], np.bool_)
        return np.unpackbits(np.frombuffer(self.known, np.uint8), count=self.words.shape[1], bitorder="little").view(np.bool_)

    def small(self) -> Numbers:
        """Give numbers of at most 18 digits."""
        total: Numbers = self.words[0]
        for place, word in enumerate(self.words[1:], 1):
            total = total + word * _U64(10 ** (_WORD * place))
        return total

    def wide(self) -> Wide:
        """Give numbers of at most 38 digits."""
        words = self.words
        if len(words) <= 2:
            return np.zeros_like(words[0]), self.small()
        pairs = [one + other * _TEN_8 for one, other in zip(words[::2], words[1::2], strict=False)]
        if len(words) % 2:
            pairs.append(words[-1])
        high, low = np.zeros_like(pairs[-1]), pairs[-1]
        for pair in reversed(pairs[:-1]):
            over, product = _product(low, _TEN_16)
            high, low = high * _TEN_16 + over, product + pair
            high = high + (low < pair)
        return high, low


def read_digits(page: ScannedPage, wanted: Mapping[str, tuple[int, int]]) -> dict[str, Digits] | None:
    """Read columns of digits, from so many to so many, 38 at most; leading zeros are none the less digits.

    Notes
    -----
    Eight bytes that end with the last digit are one number of 64 bits; what stands before the digits is cleared, all columns
    and rows at once. Then neighbours are joined to numbers of two, four and eight digits by multiplication.
    """
    places = page.places(wanted)
    sizes = page.sizes[places]
    ends = page.starts[places] + sizes
    words: list[range] = []
    columns: list[tuple[int, int]] = []
    for column, (name, (least, most)) in enumerate(wanted.items()):
        if page.longest[name] > most or page.shortest[name] < least:
            return None
        count = max(1, -(-page.longest[name] // _WORD))
        words.append(range(len(columns), len(columns) + count))
        columns += [(column, place) for place in range(count)]
    of, before = np.array([column for column, _ in columns]), _WORD * np.array([[place] for _, place in columns])
    left = np.maximum(before + _WORD - sizes[of], 0)
    found = windows(page.body, _WORD)[ends[of] - before - _WORD].view("<u8")
    read = _read_words(found, (_WORD * left).view(_U64))
    if read is None:
        return None
    return {name: Digits(read[at.start : at.stop], *_known(page, name)) for name, at in zip(wanted, words, strict=True)}


def _read_words(found: Numbers, shift: Numbers) -> Numbers | None:
    """Give the numbers that words of digits stand for, without their first ``shift`` bits; None where one is no digit."""
    digits = found ^ _ZEROS
    digits >>= shift
    digits <<= shift
    if (((digits + _NO_DIGIT) | digits) & _TOPS).any():
        return None
    digits *= _U64(10 * 2**8 + 1)
    digits >>= _U64(8)
    digits &= _PAIRS
    digits *= _U64(100 * 2**16 + 1)
    digits >>= _U64(16)
    digits &= _FOURS
    digits *= _U64(10_000 * 2**32 + 1)
    digits >>= _HALF
    return digits


def as_int(digits: Digits, kind: pa.DataType) -> pa.Array:
    """Give a column of whole numbers of at most 18 digits, unknown where there is no digit; they fit into the type."""
    values = digits.small().astype(kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, len(values), [digits.known, pa.py_buffer(values)], digits.unknown)


def as_decimal(number: Wide) -> pa.Array:
    """Give a column of amounts."""
    high, low = number
    both = np.empty((len(low), 2), "<u8")
    both[:, 0], both[:, 1] = low, high
    return pa.Array.from_buffers(_DECIMAL, len(low), [None, pa.py_buffer(both)], 0)


def sum_of_products(one: Numbers, other: Numbers, more: Wide) -> Wide:
    """Give ``one * other + more``, which stays below 2**127."""
    high, low = _product(one, other)
    total = low + more[1]
    return high + more[0] + (total < low), total


def _product(one: Numbers, other: Numbers | np.uint64) -> Wide:
    """Multiply by halves of 32 bits; no step overflows."""
    one_low, one_high, other_low, other_high = one & _LOW, one >> _HALF, other & _LOW, other >> _HALF
    low = one_low * other_low
    middle = one_high * other_low + (low >> _HALF)
    carried = one_low * other_high + (middle & _LOW)
    return one_high * other_high + (middle >> _HALF) + (carried >> _HALF), (carried << _HALF) | (low & _LOW)
