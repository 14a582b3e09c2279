"""Whole pages of account lists as columns: usual rows are checked and turned into Arrow without a Python value each.

A uniform page is read from its bytes; another is decoded into typed rows, and texts by column are made of them. The
definition of a row stays in :mod:`~cryptotrace.sources.formats.etherscan_rows`. A row that is not of the usual form is named,
not judged: whoever asked reads it by that definition. So every check here may refuse too much, never too little.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from cryptotrace.codecs import ChainInfo
from cryptotrace.schema import WIDE, arrow_type
from cryptotrace.sources.formats.etherscan_scan import Columns, internal_columns, native_columns, token_columns
from cryptotrace.sources.formats.page_scan import ScannedPage, scan_page
from cryptotrace.sources.formats.text_columns import (
    Check,
    are_plain,
    column_of,
    decimals,
    digits,
    digits_or_none,
    first_given,
    hex_or_empty,
    hex_text,
    index_or_none,
    number_or_none,
    one_of,
    seconds,
    trace_path,
    usual_rows,
)

__all__ = ["LANES", "Columns", "Lane", "Rows", "ScannedRows", "columns_of", "rows_of", "tables_of", "typed_rows"]

Tables = dict[str, list[pa.Table]]

_Never = Annotated[int, msgspec.Meta(ge=2, le=1)]
_Absent = _Never | msgspec.UnsetType
_FLAG = one_of("", "0", "1")
_AMOUNT = pa.decimal128(38, 0)
_NAMES = {name: list(WIDE[name].names) for name in ("transfers", "transactions")}
_SCANNED_FROM = 20_000
"""Bytes: an answer of fewer is decoded as quickly as it is scanned."""


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
    error: str | None = msgspec.field(name="isError", default=None)
    collectible: _Absent = msgspec.field(name="tokenID", default=msgspec.UNSET)
    collectible_too: _Absent = msgspec.field(name="tokenId", default=msgspec.UNSET)


class NativeRow(msgspec.Struct, gc=False):
    """What a row of ``txlist`` says of a transaction."""

    hash: str
    block: str = msgspec.field(name="blockNumber")
    time: str = msgspec.field(name="timeStamp")
    index: str = msgspec.field(name="transactionIndex")
    sender: str = msgspec.field(name="from")
    receiver: str = msgspec.field(name="to")
    value: str
    nonce: str
    gas_used: str = msgspec.field(name="gasUsed")
    gas_price: str = msgspec.field(name="gasPrice")
    price_paid: str | None = msgspec.field(name="effectiveGasPrice", default=None)
    layer_1: str | None = msgspec.field(name="L1FeesPaid", default=None)
    contract: str | None = msgspec.field(name="contractAddress", default=None)
    error: str | None = msgspec.field(name="isError", default=None)
    status: str | None = msgspec.field(name="txreceipt_status", default=None)
    method: str | None = msgspec.field(name="methodId", default=None)
    token: _Absent = msgspec.field(name="tokenSymbol", default=msgspec.UNSET)
    token_too: _Absent = msgspec.field(name="tokenDecimal", default=msgspec.UNSET)
    collectible: _Absent = msgspec.field(name="tokenID", default=msgspec.UNSET)
    collectible_too: _Absent = msgspec.field(name="tokenId", default=msgspec.UNSET)
    trace: _Absent = msgspec.field(name="traceId", default=msgspec.UNSET)


class InternalRow(msgspec.Struct, gc=False):
    """What a row of ``txlistinternal`` says of a call."""

    hash: str
    block: str = msgspec.field(name="blockNumber")
    time: str = msgspec.field(name="timeStamp")
    sender: str = msgspec.field(name="from")
    receiver: str = msgspec.field(name="to")
    value: str
    kind: str = msgspec.field(name="type")
    call: str | None = msgspec.field(name="callType", default=None)
    contract: str | None = msgspec.field(name="contractAddress", default=None)
    index: str | None = msgspec.field(name="transactionIndex", default=None)
    trace: str | None = msgspec.field(name="traceId", default=None)
    error: str | None = msgspec.field(name="isError", default=None)
    nonce: _Absent = msgspec.field(name="nonce", default=msgspec.UNSET)
    token: _Absent = msgspec.field(name="tokenSymbol", default=msgspec.UNSET)
    token_too: _Absent = msgspec.field(name="tokenDecimal", default=msgspec.UNSET)
    collectible: _Absent = msgspec.field(name="tokenID", default=msgspec.UNSET)
    collectible_too: _Absent = msgspec.field(name="tokenId", default=msgspec.UNSET)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """How pages of one list are read.

    Attributes
    ----------
    row, decoder
        Type of a row, and what decodes a whole answer of such rows.
    scanned : callable
        Gives the columns of a uniform page, or None.
    texts, checks, values
        Give the texts of rows by column, say which of them are usual, and turn usual texts into columns.
    tables : callable
        Makes tables of columns.
    """

    row: type[msgspec.Struct]
    decoder: msgspec.json.Decoder[Any]
    scanned: Callable[[ScannedPage], Columns | None]
    texts: Callable[[Sequence[Any]], Columns]
    checks: Mapping[str, Check]
    values: Callable[[Columns], Columns]
    tables: Callable[[Columns, ChainInfo, int], Tables]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedRows:
    """The rows of a uniform page, already in columns."""

    columns: Columns

    def __len__(self) -> int:
        return len(self.columns["tx_hash"])


Rows = Sequence[Any] | ScannedRows


def typed_rows(stream: str, rows: Sequence[Any]) -> list[Any] | None:
    """Give decoded rows by field, or None where one of them is of another form."""
    try:
        found: list[Any] = msgspec.convert(rows, list[LANES[stream].row])  # type: ignore[misc]
    except msgspec.ValidationError:
        return None
    return found


def rows_of(stream: str, body: bytes) -> Rows | None:
    """Give the rows of a whole answer by field, or None where it is no success or one of them is of another form."""
    scanned = _scanned(stream, body) if len(body) >= _SCANNED_FROM else None
    if scanned is not None:
        return scanned
    try:
        answer = LANES[stream].decoder.decode(body)
        if not body.isascii():
            body.decode()  # fields that are passed over are not looked at
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return list(answer.result) if answer.status == "1" else None


def _scanned(stream: str, body: bytes) -> ScannedRows | None:
    """Give the rows of a uniform page all of whose cells are usual; fields are the same in all rows, so one row tells them."""
    page = scan_page(body)
    if page is None or typed_rows(stream, [page.first]) is None:
        return None
    columns = LANES[stream].scanned(page)
    return None if columns is None else ScannedRows(columns=columns)


def columns_of(stream: str, rows: Rows) -> tuple[Columns, list[int]] | None:
    """Give the rows of the usual form by column, and the places of the others, from 0.

    None where a text cannot be stored at all.
    """
    if isinstance(rows, ScannedRows):
        return rows.columns, []
    lane = LANES[stream]
    try:
        texts = lane.texts(rows)
    except (UnicodeEncodeError, pa.ArrowException):
        return None
    usual = usual_rows(texts, lane.checks)
    if usual is None:
        return lane.values(texts), []
    odd: list[int] = pc.indices_nonzero(pc.invert(usual)).to_pylist()
    return lane.values({name: column.filter(usual) for name, column in texts.items()}), odd


def tables_of(stream: str, columns: Columns, chain: ChainInfo, listing: int) -> Tables:
    """Put columns into tables with the columns of :data:`WIDE`."""
    return LANES[stream].tables(columns, chain, listing)


# -- texts by column -----------------------------------------------------------------------------------------------------


def _of_any(rows: Sequence[Any]) -> Columns:
    return {
        "tx_hash": column_of([row.hash for row in rows]),
        "block": column_of([row.block for row in rows]),
        "time": column_of([row.time for row in rows]),
        "sender": column_of([row.sender for row in rows]),
        "receiver": column_of([row.receiver for row in rows]),
        "tx_index": column_of([row.index for row in rows]),
        "amount": column_of([row.value for row in rows]),
        "error": column_of([row.error for row in rows]),
    }


def _of_tokens(rows: Sequence[TokenRow]) -> Columns:
    return _of_any(rows) | {
        "contract": column_of([row.contract for row in rows]),
        "log_index": column_of([row.log for row in rows]),
        "symbol": column_of([row.symbol for row in rows]),
        "decimals": column_of([row.decimals for row in rows]),
    }


def _of_native(rows: Sequence[NativeRow]) -> Columns:
    return _of_any(rows) | {
        "made": column_of([row.contract or "" for row in rows]),
        "status": column_of([row.status for row in rows]),
        "nonce": column_of([row.nonce for row in rows]),
        "method": column_of([row.method or None for row in rows]),
        "gas_used": column_of([row.gas_used for row in rows]),
        "gas_price": column_of([row.price_paid or row.gas_price for row in rows]),
        "layer_1": column_of([row.layer_1 or "0" for row in rows]),
    }


def _of_internal(rows: Sequence[InternalRow]) -> Columns:
    return _of_any(rows) | {
        "made": column_of([row.contract or "" for row in rows]),
        "receiver": column_of([row.receiver or row.contract or "" for row in rows]),
        "trace_path": column_of([row.trace or None for row in rows]),
        "call_type": column_of([row.call or row.kind or None for row in rows]),
    }


# -- columns of usual texts ----------------------------------------------------------------------------------------------


def _values(texts: Columns) -> Columns:
    """Read what every list has. Amounts stay exact: digits become ``decimal128`` without passing a float."""
    return texts | {
        "block": texts["block"].cast(pa.int64()),
        "time": texts["time"].cast(pa.int64()).cast(pa.timestamp("s")).cast(pa.timestamp("us")),
        "tx_index": number_or_none(texts["tx_index"], pa.int32()),
        "amount": texts["amount"].cast(_AMOUNT),
        "ok": _is_not(texts["error"], "1"),
    }


def _token_values(texts: Columns) -> Columns:
    return _values(texts) | {
        "log_index": number_or_none(texts["log_index"], pa.int32()),
        "decimals": number_or_none(texts["decimals"], pa.int16()),
    }


def _native_values(texts: Columns) -> Columns:
    fee = pc.add(
        pc.multiply(texts["gas_used"].cast(pa.decimal128(12, 0)), texts["gas_price"].cast(pa.decimal128(18, 0))),
        texts["layer_1"].cast(pa.decimal128(30, 0)),
    ).cast(_AMOUNT)
    found = _values(texts)
    return found | {
        "receiver": first_given(texts["receiver"], texts["made"]),
        "ok": pc.and_(found["ok"], _is_not(texts["status"], "0")),
        "fee": fee,
        "nonce": texts["nonce"].cast(pa.int64()),
    }


def _is_not(column: pa.Array, word: str) -> pa.Array:
    return pc.fill_null(pc.not_equal(column, word), fill_value=True)


# -- tables --------------------------------------------------------------------------------------------------------------


def _token_tables(columns: Columns, chain: ChainInfo, listing: int) -> Tables:
    return {"transfers": [_table("transfers", columns | {"kind": "token", "ok": True, "listing": listing}, chain)]}


def _native_tables(columns: Columns, chain: ChainInfo, listing: int) -> Tables:
    coin = {"symbol": chain.native_symbol, "decimals": chain.native_decimals, "listing": listing}
    moved = columns | coin | {"kind": "native"}
    paid = columns | coin | {"kind": "fee", "receiver": None, "amount": columns["fee"], "ok": True}
    fees, costs = _table("transfers", paid, chain), pc.not_equal(columns["fee"], pa.scalar(0, _AMOUNT))
    if not pc.all(costs, min_count=0).as_py():
        fees = fees.filter(costs)
    signed = _table("transactions", columns | {"signer": columns["sender"]}, chain)
    return {"transfers": [_table("transfers", moved, chain), fees], "transactions": [signed]}


def _internal_tables(columns: Columns, chain: ChainInfo, listing: int) -> Tables:
    coin = {"symbol": chain.native_symbol, "decimals": chain.native_decimals, "listing": listing}
    return {"transfers": [_table("transfers", columns | coin | {"kind": "internal"}, chain)]}


def _table(name: str, ready: Mapping[str, Any], chain: ChainInfo) -> pa.Table:
    """Put columns into the order of the table; one value stands for all rows, what is not given is unknown."""
    size, arrays = len(ready["tx_hash"]), []
    for column in WIDE[name].columns:
        value = chain.name if column.name == "chain" else ready.get(column.name)
        arrays.append(value if isinstance(value, pa.Array) else _repeated(value, column.type, size))
    return pa.table(arrays, names=_NAMES[name])


@lru_cache(maxsize=64)
def _repeated(value: Any, engine_type: str, size: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, arrow_type(engine_type)), size)


# -- lanes ---------------------------------------------------------------------------------------------------------------

_OF_ANY: dict[str, Check] = {
    "tx_hash": hex_text(64),
    "block": digits(1, 15),
    "time": seconds,
    "tx_index": digits(1, 9),
    "sender": hex_text(40),
    "receiver": hex_text(40),
    "amount": digits(1, 38),
    "error": _FLAG,
}


def _lane(row: type[msgspec.Struct], checks: dict[str, Check], **steps: Callable[..., Any]) -> Lane:
    answer = msgspec.defstruct("Rows", [("status", str), ("result", list[row])], gc=False)  # type: ignore[valid-type]
    return Lane(row=row, decoder=msgspec.json.Decoder(answer), checks=_OF_ANY | checks, **steps)


LANES: Mapping[str, Lane] = {
    "token": _lane(
        TokenRow,
        {"contract": hex_text(40), "log_index": index_or_none, "symbol": are_plain, "decimals": decimals},
        scanned=token_columns, texts=_of_tokens, values=_token_values, tables=_token_tables,
    ),
    "native": _lane(
        NativeRow,
        {
            "receiver": hex_or_empty(40), "made": hex_or_empty(40), "status": _FLAG, "nonce": digits(1, 18),
            "method": are_plain, "gas_used": digits(1, 12), "gas_price": digits(1, 18), "layer_1": digits(1, 30),
        },
        scanned=native_columns, texts=_of_native, values=_native_values, tables=_native_tables,
    ),
    "internal": _lane(
        InternalRow,
        {"made": hex_or_empty(40), "tx_index": digits_or_none(9), "trace_path": trace_path, "call_type": are_plain},
        scanned=internal_columns, texts=_of_internal, values=_values, tables=_internal_tables,
    ),
}  # fmt: skip
"""List -> how its pages are read in columns."""
