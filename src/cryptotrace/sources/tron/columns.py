"""Columns of long pages: rows that were read by field become Arrow without passing through the row's definition.

What a row means stands in :mod:`~cryptotrace.sources.tron.trc20` and :mod:`~cryptotrace.sources.tron.transactions`; what is
usual in a list, in the two modules of columns beside them. A row that is not usual is named, not judged, and read by its
definition. So every check may refuse too much, never too little.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec

from cryptotrace.schema import WIDE, arrow_type
from cryptotrace.sources.tron.spelling import FIRST_MS, LAST_MS

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "COLUMNS_FROM",
    "HASH_WIDTH",
    "Count",
    "Stamp",
    "addresses_of",
    "amounts_of",
    "counts_of",
    "decoder_of",
    "fixed_texts",
    "letters_of_hashes",
    "moments_of",
    "rows_of_body",
    "rows_of_cells",
    "wide_table",
]

COLUMNS_FROM = 50
"""Rows from which on columns are quicker than rows."""
HASH_WIDTH, _ADDRESS_WIDTH = 64, 34
_HEX = b"0123456789abcdef"
Stamp = Annotated[int, msgspec.Meta(ge=FIRST_MS, lt=LAST_MS)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Row = TypeVar("_Row", bound=msgspec.Struct)


class _Meta(msgspec.Struct, gc=False):
    fingerprint: Annotated[str, msgspec.Meta(max_length=4_096)] | None = None


# -- rows by field -------------------------------------------------------------------------------------------------------------


def decoder_of(row: type[_Row]) -> msgspec.json.Decoder[Any]:
    """Give what reads a whole answer whose rows are all of this type."""
    fields: list[Any] = [("data", list[row]), ("success", bool), ("meta", _Meta)]  # type: ignore[valid-type]
    return msgspec.json.Decoder(msgspec.defstruct("Rows", fields, gc=False))


def rows_of_body(decoder: msgspec.json.Decoder[Any], body: bytes) -> list[Any] | None:
    """Give the rows of a whole answer by field; None where it is no page of a list, or one of them is of another form."""
    try:
        answer = decoder.decode(body)
        if not body.isascii():
            body.decode()  # fields that are passed over are not looked at
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    mark = answer.meta.fingerprint or ""
    return list(answer.data) if answer.success and mark.isascii() and mark.isprintable() else None


def rows_of_cells(row: type[_Row], rows: Sequence[Any]) -> tuple[list[_Row], Sequence[int]]:
    """Give decoded rows by field, those that can be, and their places, from 0."""
    try:
        return msgspec.convert(rows, list[row]), range(len(rows))  # type: ignore[valid-type]
    except msgspec.ValidationError:
        pass
    read: list[_Row] = []
    places: list[int] = []
    for at, cells in enumerate(rows):
        try:
            read.append(msgspec.convert(cells, row))
        except msgspec.ValidationError:
            continue
        places.append(at)
    return read, places


# -- columns -------------------------------------------------------------------------------------------------------------------


def letters_of_hashes(texts: Sequence[str]) -> bytes | None:
    """Give the letters of all, one after the other; None where one is not 64 hexadecimal digits in lower case."""
    letters = "".join(texts).encode("utf-8", "replace")
    if set(map(len, texts)) <= {HASH_WIDTH} and len(letters) == HASH_WIDTH * len(texts) and not letters.translate(None, _HEX):
        return letters
    return None


def fixed_texts(letters: bytes, width: int) -> pa.Array:
    """Make a column of ASCII texts of one width out of their letters."""
    import pyarrow as pa

    size = len(letters) // width
    return pa.StringArray.from_buffers(size, _ends(width, size), pa.py_buffer(letters))


def addresses_of(texts: Sequence[str]) -> pa.Array:
    """Make a column of addresses in the stored form."""
    return fixed_texts("".join(texts).encode("ascii"), _ADDRESS_WIDTH)


def moments_of(stamps: Sequence[int]) -> pa.Array:
    """Make a column of times out of milliseconds."""
    import pyarrow as pa

    return _whole([1_000 * stamp for stamp in stamps], pa.timestamp("us"))


def counts_of(numbers: Sequence[int]) -> pa.Array:
    """Make a column of numbers below 2**63."""
    import pyarrow as pa

    return _whole(numbers, pa.int64())


def amounts_of(numbers: Sequence[int]) -> pa.Array:
    """Make a column of amounts below 2**63; exact."""
    import pyarrow as pa

    return counts_of(numbers).cast(pa.decimal128(38, 0))


def wide_table(name: str, size: int, same: Mapping[str, Any], columns: Mapping[str, pa.Array]) -> pa.Table:
    """Make a table in the columns of :data:`WIDE`: some with one value in all rows; what is not given is unknown."""
    import pyarrow as pa

    arrays = list(_repeated(name, size, tuple(same.items())))
    places, schema = _shape(name)
    for column, array_ in columns.items():
        arrays[places[column]] = array_
    return pa.Table.from_arrays(arrays, schema=schema)


def _whole(numbers: Sequence[int], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(array("q", numbers))])


@lru_cache(maxsize=16)
def _ends(width: int, rows: int) -> pa.Buffer:
    """Give the offsets of a column whose texts are all of one width."""
    import pyarrow as pa

    return pa.py_buffer(array("i", range(0, width * rows + 1, width)))


@lru_cache(maxsize=8)
def _shape(name: str) -> tuple[dict[str, int], pa.Schema]:
    import pyarrow as pa

    columns = WIDE[name].columns
    return (
        {column.name: at for at, column in enumerate(columns)},
        pa.schema([(column.name, arrow_type(column.type)) for column in columns]),
    )


@lru_cache(maxsize=64, typed=True)
def _repeated(name: str, size: int, same: tuple[tuple[str, Any], ...]) -> tuple[pa.Array, ...]:
    """Give all columns, with their one value or unknown; most pages have one size."""
    import pyarrow as pa

    given = dict(same)
    return tuple(pa.repeat(pa.scalar(given.get(one.name), arrow_type(one.type)), size) for one in WIDE[name].columns)
