"""Whole pages of ``tokentx`` as columns: rows of the usual form are checked and turned into Arrow without a Python value each.

The definition of a row stays in :mod:`~cryptotrace.sources.formats.etherscan_rows`. A row that is not of the usual form is
named, not judged: whoever asked reads it by that definition. So every check here may refuse too much, never too little.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from cryptotrace.codecs import ChainInfo
from cryptotrace.schema import WIDE, arrow_type

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TokenRow", "table_of_tokens", "token_rows", "token_rows_of"]

_Never = Annotated[int, msgspec.Meta(ge=2, le=1)]
_DIGITS, _HEX = b"0123456789", b"0123456789abcdef"
_EARLIEST, _LATEST = "1240000000", "3999999999"
_TIME = r"\A(12[4-9]|1[3-9][0-9]|[23][0-9][0-9])[0-9]{7}\z"
_DECIMALS = r"\A([0-9]{0,2}|1[0-9][0-9])\z"
_INDEX = r"\A([0-9]{0,9}|0x)\z"
_UNKNOWN = pa.array(["", "0x"])


class TokenRow(msgspec.Struct, gc=False):
    """What a row of ``tokentx`` says of a transfer; any other type of a field, or a field of a collectible, is a mismatch."""

    hash: str
    block: str = msgspec.field(name="blockNumber")
    time: str = msgspec.field(name="timeStamp")
    index: str = msgspec.field(name="transactionIndex")
    sender: str = msgspec.field(name="from")
    receiver: str = msgspec.field(name="to")
    contract: str = msgspec.field(name="contractAddress")
    value: str
    symbol: str = msgspec.field(name="tokenSymbol")
    decimals: str = msgspec.field(name="tokenDecimal")
    log: str | None = msgspec.field(name="logIndex", default=None)
    collectible: _Never | msgspec.UnsetType = msgspec.field(name="tokenID", default=msgspec.UNSET)
    collectible_too: _Never | msgspec.UnsetType = msgspec.field(name="tokenId", default=msgspec.UNSET)


class _Tokens(msgspec.Struct, gc=False):
    status: str
    result: list[TokenRow]


_ANSWER = msgspec.json.Decoder(_Tokens)


def token_rows(rows: Sequence[Any]) -> list[TokenRow] | None:
    """Give decoded rows by field, or None where one of them is of another form."""
    try:
        return msgspec.convert(rows, list[TokenRow])
    except msgspec.ValidationError:
        return None


def token_rows_of(body: bytes) -> list[TokenRow] | None:
    """Give the rows of a whole answer by field, or None where it or one of them is of another form."""
    try:
        return _ANSWER.decode(body).result
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def table_of_tokens(rows: Sequence[TokenRow], chain: ChainInfo, listing: int) -> tuple[pa.Table, list[int]] | None:
    """Turn rows into transfers in the columns of :data:`WIDE`.

    Returns
    -------
    tuple or None
        The table of the rows that are of the usual form, and the places of the others, from 0. None where a text cannot be
        stored at all.

    Notes
    -----
    O(cells), amounts exact: digits become ``decimal128`` without passing a float.
    """
    try:
        columns = _texts(rows)
    except (UnicodeEncodeError, pa.ArrowException):
        return None
    odd: list[int] = []
    masks = [mask for mask in (check(columns[name]) for name, check in _CHECKS.items()) if mask is not None]
    if masks:
        usual = masks[0]
        for mask in masks[1:]:
            usual = pc.and_(usual, mask)
        odd = pc.indices_nonzero(pc.invert(usual)).to_pylist()
        columns = {name: column.filter(usual) for name, column in columns.items()}
    return _typed(columns, chain, listing), odd


def _texts(rows: Sequence[TokenRow]) -> dict[str, pa.Array]:
    return {
        "tx_hash": _text([row.hash for row in rows]),
        "block": _text([row.block for row in rows]),
        "time": _text([row.time for row in rows]),
        "tx_index": _text([row.index for row in rows]),
        "log_index": _text([row.log for row in rows]),
        "sender": _text([row.sender for row in rows]),
        "receiver": _text([row.receiver for row in rows]),
        "contract": _text([row.contract for row in rows]),
        "symbol": _text([row.symbol for row in rows]),
        "decimals": _text([row.decimals for row in rows]),
        "amount": _text([row.value for row in rows]),
    }


def _text(values: list[str] | list[str | None]) -> pa.Array:
    return pa.array(values, pa.string())


def _typed(columns: dict[str, pa.Array], chain: ChainInfo, listing: int) -> pa.Table:
    size = len(columns["tx_hash"])
    ready = {
        **_constants(chain.name, size),
        **columns,
        "block": columns["block"].cast(pa.int64()),
        "time": columns["time"].cast(pa.int64()).cast(pa.timestamp("s")).cast(pa.timestamp("us")),
        "tx_index": columns["tx_index"].cast(pa.int32()),
        "log_index": _number_or_none(columns["log_index"], pa.int32()),
        "decimals": _number_or_none(columns["decimals"], pa.int16()),
        "amount": columns["amount"].cast(pa.decimal128(38, 0)),
        "listing": pa.repeat(pa.scalar(listing, pa.int32()), size),
    }
    names = WIDE["transfers"].names
    return pa.table([ready[name] for name in names], names=list(names))


@lru_cache(maxsize=8)
def _constants(chain: str, size: int) -> dict[str, pa.Array]:
    unknown = {
        column.name: pa.nulls(size, arrow_type(column.type))
        for column in WIDE["transfers"].columns
        if column.name in {"trace_path", "call_type", "input_row"}
    }
    known = {"chain": chain, "kind": "token", "ok": True}
    return {**unknown, **{name: pa.repeat(pa.scalar(value), size) for name, value in known.items()}}


def _number_or_none(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if column.null_count == len(column):
        return pa.nulls(len(column), kind)
    if column.null_count or not _are_digits(column, 1, 9):
        column = pc.if_else(pc.is_in(column, _UNKNOWN), pa.scalar(None, pa.string()), column)
    return column.cast(kind)


# -- checks: None where every row is of the usual form, else which are ------------------------------------------------------


def _bytes(column: pa.Array) -> bytes:
    """Give the letters of a column that was just made and holds no nulls."""
    letters = column.buffers()[2]
    return b"" if letters is None else letters.to_pybytes()


def _are_digits(column: pa.Array, least: int, most: int) -> bool:
    sizes = pc.min_max(pc.binary_length(column)).as_py()
    if sizes["min"] is None or sizes["min"] < least or sizes["max"] > most:
        return False
    return not _bytes(column).translate(None, _DIGITS)


def _digits(least: int, most: int) -> Callable[[pa.Array], pa.Array | None]:
    pattern = rf"\A[0-9]{{{least},{most}}}\z"

    def check(column: pa.Array) -> pa.Array | None:
        return None if _are_digits(column, least, most) else pc.match_substring_regex(column, pattern)

    return check


@lru_cache(maxsize=8)
def _ends(width: int, rows: int) -> bytes:
    """Give the offsets of a column whose texts are all of one width."""
    return bytes(pa.array(range(0, width * rows + 1, width), pa.int32()).buffers()[1])[: 4 * (rows + 1)]


def _hex(digits: int) -> Callable[[pa.Array], pa.Array | None]:
    width, pattern = digits + 2, rf"\A0x[0-9a-f]{{{digits}}}\z"

    def check(column: pa.Array) -> pa.Array | None:
        rows, text = len(column), _bytes(column)
        if rows and column.buffers()[1].to_pybytes()[: 4 * (rows + 1)] == _ends(width, rows):
            marks = b"x" * rows
            if text[1::width] == marks and not text[::width].strip(b"0") and text.translate(None, _HEX) == marks:
                return None
        return pc.match_substring_regex(column, pattern)

    return check


def _time(column: pa.Array) -> pa.Array | None:
    if _are_digits(column, 10, 10):
        bounds = pc.min_max(column).as_py()
        if bounds["min"] >= _EARLIEST and bounds["max"] <= _LATEST:
            return None
    return pc.match_substring_regex(column, _TIME)


def _decimals(column: pa.Array) -> pa.Array | None:
    return None if _are_digits(column, 1, 2) else pc.match_substring_regex(column, _DECIMALS)


def _log(column: pa.Array) -> pa.Array | None:
    if column.null_count == len(column) or (not column.null_count and _are_digits(column, 1, 9)):
        return None
    return pc.fill_null(pc.match_substring_regex(column, _INDEX), fill_value=True)


def _symbol(column: pa.Array) -> pa.Array | None:
    return None if b"\0" not in _bytes(column) else pc.invert(pc.match_substring(column, "\0"))


_CHECKS: dict[str, Callable[[pa.Array], pa.Array | None]] = {
    "tx_hash": _hex(64),
    "block": _digits(1, 18),
    "time": _time,
    "tx_index": _digits(1, 9),
    "log_index": _log,
    "sender": _hex(40),
    "receiver": _hex(40),
    "contract": _hex(40),
    "symbol": _symbol,
    "decimals": _decimals,
    "amount": _digits(1, 38),
}
"""Column -> which of its texts are of the usual form."""
