"""Long pages of TRC-20 transfers as columns: rows of the usual form become Arrow without passing through the row's definition.

That definition stays in :mod:`~cryptotrace.sources.tron.trc20`. Every check here may refuse too much, never too little.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from cryptotrace.schema import WIDE, arrow_type
from cryptotrace.sources.cells import plain
from cryptotrace.sources.tron.spelling import CHAIN, FIRST_MS, LAST_MS

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Trc20Row", "rows_of_body", "table_of", "table_of_rows"]

_ADDRESS = Annotated[str, msgspec.Meta(pattern=r"^T[1-9A-HJ-NP-Za-km-z]{33}\Z")]
_STAMP = Annotated[int, msgspec.Meta(ge=FIRST_MS, lt=LAST_MS)]


class _Token(msgspec.Struct, gc=False):
    address: _ADDRESS
    symbol: str | None = None
    decimals: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = None


class Trc20Row(msgspec.Struct, gc=False):
    """What a row of the list says, where it is of the usual form."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")] = msgspec.field(name="transaction_id")
    stamp: _STAMP = msgspec.field(name="block_timestamp")
    sender: _ADDRESS = msgspec.field(name="from")
    receiver: _ADDRESS = msgspec.field(name="to")
    value: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,38}\Z")]
    token: _Token = msgspec.field(name="token_info")
    kind: Literal["Transfer"] = msgspec.field(name="type")
    unconfirmed: Literal[False] = msgspec.field(name="_unconfirmed", default=False)


class _Answer(msgspec.Struct, gc=False):
    data: list[Trc20Row]
    success: Literal[True]


_ANSWER = msgspec.json.Decoder(_Answer)


def table_of_rows(rows: Sequence[Any]) -> tuple[pa.Table, list[int]]:
    """Turn rows into transfers in the columns of :data:`WIDE`.

    Returns
    -------
    tuple
        The table of the rows that are of the usual form, and the places of the others, from 0.

    Notes
    -----
    O(cells). Each distinct address is checked once; amounts go from digits to ``decimal128`` without passing a float.
    """
    try:
        read, odd = msgspec.convert(rows, list[Trc20Row]), list[int]()
    except msgspec.ValidationError:
        read, odd = _one_by_one(rows)
    return _without_wrong(read, odd, len(rows))


def rows_of_body(body: bytes) -> list[Trc20Row] | None:
    """Give the rows of a whole answer by field, or None where it or one of them is of another form."""
    try:
        return _ANSWER.decode(body).data
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def table_of(read: list[Trc20Row]) -> pa.Table | None:
    """Turn rows that were read by field into transfers; None where an address in them is none."""
    return None if _wrong_addresses(read) else _typed(read)


def _without_wrong(read: list[Trc20Row], odd: list[int], size: int) -> tuple[pa.Table, list[int]]:
    wrong = _wrong_addresses(read)
    if wrong:
        places = [at for at in range(size) if at not in set(odd)]
        odd = sorted([*odd, *(at for at, row in zip(places, read, strict=True) if _parties(row) & wrong)])
        read = [row for row in read if not _parties(row) & wrong]
    return _typed(read), odd


def _one_by_one(rows: Sequence[Any]) -> tuple[list[Trc20Row], list[int]]:
    read: list[Trc20Row] = []
    odd: list[int] = []
    for at, cells in enumerate(rows):
        try:
            read.append(msgspec.convert(cells, Trc20Row))
        except msgspec.ValidationError:
            odd.append(at)
    return read, odd


def _parties(row: Trc20Row) -> set[str]:
    return {row.sender, row.receiver, row.token.address}


def _wrong_addresses(rows: Sequence[Trc20Row]) -> set[str]:
    texts = {row.sender for row in rows} | {row.receiver for row in rows} | {row.token.address for row in rows}
    return {text for text in texts if not _is_address(text)}


_LETTERS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PAIRS = {a + b: 58 * high + low for high, a in enumerate(_LETTERS) for low, b in enumerate(_LETTERS)}


def _is_address(text: str) -> bool:
    """Whether 34 letters of the alphabet are an address: two letters at a time, as pages bring many new ones."""
    number = 0
    for at in range(0, 34, 2):
        number = number * 3_364 + _PAIRS[text[at : at + 2]]
    raw = number.to_bytes(26, "big")
    return raw[:2] == b"\0\x41" and sha256(sha256(raw[1:22]).digest()).digest()[:4] == raw[22:]


def _typed(rows: Sequence[Trc20Row]) -> pa.Table:
    import pyarrow as pa

    text = pa.string()
    ready = {
        **_constants(len(rows)),
        "tx_hash": pa.array([row.name for row in rows], text),
        "time": pa.array([row.stamp for row in rows], pa.int64()).cast(pa.timestamp("ms")).cast(pa.timestamp("us")),
        "sender": pa.array([row.sender for row in rows], text),
        "receiver": pa.array([row.receiver for row in rows], text),
        "contract": pa.array([row.token.address for row in rows], text),
        "symbol": pa.array([_storable(row.token.symbol) for row in rows], text),
        "decimals": pa.array([row.token.decimals for row in rows], pa.int16()),
        "amount": pa.array([row.value for row in rows], text).cast(pa.decimal128(38, 0)),
    }
    names = WIDE["transfers"].names
    return pa.table([ready[name] for name in names], names=list(names))


@lru_cache(maxsize=8)
def _constants(size: int) -> dict[str, pa.Array]:
    """Give the columns that are the same in every row; most pages have one size."""
    import pyarrow as pa

    same = {"chain": CHAIN, "kind": "token", "ok": True}
    return {
        **{one.name: pa.nulls(size, arrow_type(one.type)) for one in WIDE["transfers"].columns},
        **{name: pa.repeat(pa.scalar(value), size) for name, value in same.items()},
        "listing": pa.repeat(pa.scalar(0, pa.int32()), size),
    }


def _storable(symbol: str | None) -> str | None:
    return symbol if symbol is None or (symbol.isascii() and "\0" not in symbol) else plain(symbol)
