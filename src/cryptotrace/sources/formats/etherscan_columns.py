"""Whole pages of account lists as columns: usual rows are checked and turned into Arrow without a Python value each.

The definition of a row stays in :mod:`~cryptotrace.sources.formats.etherscan_rows`. A row that is not of the usual form is
named, not judged: whoever asked reads it by that definition. So every check here may refuse too much, never too little.
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
from cryptotrace.sources.formats.text_columns import (
    Check,
    are_plain,
    column_of,
    decimals,
    digits,
    digits_or_none,
    hex_or_empty,
    hex_text,
    index_or_none,
    number_or_none,
    one_of,
    seconds,
    trace_path,
    usual_rows,
)

__all__ = ["LANES", "Columns", "Lane", "columns_of", "rows_of", "tables_of", "typed_rows"]

Columns = dict[str, pa.Array]
Tables = dict[str, list[pa.Table]]

_Never = Annotated[int, msgspec.Meta(ge=2, le=1)]
_Absent = _Never | msgspec.UnsetType
_FLAG = one_of("", "0", "1")


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
    """How pages of one list are read: type of a row, its texts by column, what is usual, and the tables they make."""

    row: type[msgspec.Struct]
    decoder: msgspec.json.Decoder[Any]
    texts: Callable[[Sequence[Any]], Columns]
    checks: Mapping[str, Check]
    tables: Callable[[Columns, ChainInfo, int], Tables]


def typed_rows(stream: str, rows: Sequence[Any]) -> list[Any] | None:
    """Give decoded rows by field, or None where one of them is of another form."""
    try:
        found: list[Any] = msgspec.convert(rows, list[LANES[stream].row])  # type: ignore[misc]
    except msgspec.ValidationError:
        return None
    return found


def rows_of(stream: str, body: bytes) -> list[Any] | None:
    """Give the rows of a whole answer by field, or None where it is no success or one of them is of another form."""
    try:
        answer = LANES[stream].decoder.decode(body)
        if not body.isascii():
            body.decode()  # fields that are passed over are not looked at
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return list(answer.result) if answer.status == "1" else None


def columns_of(stream: str, rows: Sequence[Any]) -> tuple[Columns, list[int]] | None:
    """Give the texts of the rows of the usual form by column, and the places of the others, from 0.

    None where a text cannot be stored at all.
    """
    lane = LANES[stream]
    try:
        columns = lane.texts(rows)
    except (UnicodeEncodeError, pa.ArrowException):
        return None
    usual = usual_rows(columns, lane.checks)
    if usual is None:
        return columns, []
    odd: list[int] = pc.indices_nonzero(pc.invert(usual)).to_pylist()
    return {name: column.filter(usual) for name, column in columns.items()}, odd


def tables_of(stream: str, columns: Columns, chain: ChainInfo, listing: int) -> Tables:
    """Turn texts of the usual form into tables with the columns of :data:`WIDE`.

    Notes
    -----
    O(cells), amounts exact: digits become ``decimal128`` without passing a float.
    """
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


# -- tables --------------------------------------------------------------------------------------------------------------


def _token_tables(columns: Columns, chain: ChainInfo, listing: int) -> Tables:
    ready = _placed(columns) | {
        "kind": "token",
        "log_index": number_or_none(columns["log_index"], pa.int32()),
        "sender": columns["sender"],
        "receiver": columns["receiver"],
        "contract": columns["contract"],
        "symbol": columns["symbol"],
        "decimals": number_or_none(columns["decimals"], pa.int16()),
        "amount": columns["amount"].cast(pa.decimal128(38, 0)),
        "ok": True,
        "listing": listing,
    }
    return {"transfers": [_table("transfers", ready, chain)]}


def _native_tables(columns: Columns, chain: ChainInfo, listing: int) -> Tables:
    placed, sender = _placed(columns), columns["sender"]
    receiver = _first_given(columns["receiver"], columns["made"])
    ok = pc.and_(_is_not(columns["error"], "1"), _is_not(columns["status"], "0"))
    wide = pa.decimal128(38, 0)
    fee = pc.add(
        pc.multiply(columns["gas_used"].cast(pa.decimal128(12, 0)), columns["gas_price"].cast(pa.decimal128(18, 0))),
        columns["layer_1"].cast(pa.decimal128(30, 0)),
    ).cast(wide)
    coin = {"symbol": chain.native_symbol, "decimals": chain.native_decimals, "listing": listing}
    moved = placed | coin | {
        "kind": "native", "sender": sender, "receiver": receiver, "amount": columns["amount"].cast(wide), "ok": ok,
    }  # fmt: skip
    paid = placed | coin | {"kind": "fee", "sender": sender, "amount": fee, "ok": True}
    signed = placed | {
        "signer": sender, "receiver": receiver, "ok": ok, "fee": fee, "method": columns["method"],
        "nonce": columns["nonce"].cast(pa.int64()),
    }  # fmt: skip
    fees = _table("transfers", paid, chain)
    costs = pc.not_equal(fee, pa.scalar(0, wide))
    if not pc.all(costs, min_count=0).as_py():
        fees = fees.filter(costs)
    return {"transfers": [_table("transfers", moved, chain), fees], "transactions": [_table("transactions", signed, chain)]}


def _internal_tables(columns: Columns, chain: ChainInfo, listing: int) -> Tables:
    ready = _placed(columns) | {
        "kind": "internal",
        "trace_path": columns["trace_path"],
        "call_type": columns["call_type"],
        "sender": columns["sender"],
        "receiver": columns["receiver"],
        "symbol": chain.native_symbol,
        "decimals": chain.native_decimals,
        "amount": columns["amount"].cast(pa.decimal128(38, 0)),
        "ok": _is_not(columns["error"], "1"),
        "listing": listing,
    }
    return {"transfers": [_table("transfers", ready, chain)]}


def _placed(columns: Columns) -> dict[str, Any]:
    return {
        "tx_hash": columns["tx_hash"],
        "block": columns["block"].cast(pa.int64()),
        "time": columns["time"].cast(pa.int64()).cast(pa.timestamp("s")).cast(pa.timestamp("us")),
        "tx_index": number_or_none(columns["tx_index"], pa.int32()),
    }


def _first_given(one: pa.Array, other: pa.Array) -> pa.Array:
    """Give the first text that is not empty, or unknown."""
    if pc.all(pc.not_equal(one, ""), min_count=0).as_py():
        return one
    both = pc.if_else(pc.equal(one, ""), other, one)
    return pc.if_else(pc.equal(both, ""), pa.scalar(None, pa.string()), both)


def _is_not(column: pa.Array, word: str) -> pa.Array:
    return pc.fill_null(pc.not_equal(column, word), fill_value=True)


def _table(name: str, ready: Mapping[str, Any], chain: ChainInfo) -> pa.Table:
    """Put columns into the order of the table; one value stands for all rows, what is not given is unknown."""
    size, arrays = len(ready["tx_hash"]), []
    for column in WIDE[name].columns:
        value = chain.name if column.name == "chain" else ready.get(column.name)
        arrays.append(value if isinstance(value, pa.Array) else _repeated(value, column.type, size))
    return pa.table(arrays, names=list(WIDE[name].names))


@lru_cache(maxsize=64)
def _repeated(value: Any, engine_type: str, size: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, arrow_type(engine_type)), size)


# -- lanes ---------------------------------------------------------------------------------------------------------------

_OF_ANY: dict[str, Check] = {
    "tx_hash": hex_text(64),
    "block": digits(1, 18),
    "time": seconds,
    "tx_index": digits(1, 9),
    "sender": hex_text(40),
    "receiver": hex_text(40),
    "amount": digits(1, 38),
    "error": _FLAG,
}


def _lane(
    row: type[msgspec.Struct],
    texts: Callable[[Sequence[Any]], Columns],
    tables: Callable[[Columns, ChainInfo, int], Tables],
    **checks: Check,
) -> Lane:
    answer = msgspec.defstruct("Rows", [("status", str), ("result", list[row])], gc=False)  # type: ignore[valid-type]
    return Lane(row=row, decoder=msgspec.json.Decoder(answer), texts=texts, checks=_OF_ANY | checks, tables=tables)


LANES: Mapping[str, Lane] = {
    "token": _lane(
        TokenRow, _of_tokens, _token_tables, contract=hex_text(40), log_index=index_or_none, symbol=are_plain, decimals=decimals
    ),
    "native": _lane(
        NativeRow, _of_native, _native_tables, receiver=hex_or_empty(40), made=hex_or_empty(40), status=_FLAG,
        nonce=digits(1, 18), method=are_plain, gas_used=digits(1, 12), gas_price=digits(1, 18), layer_1=digits(1, 30),
    ),
    "internal": _lane(
        InternalRow, _of_internal, _internal_tables, made=hex_or_empty(40), tx_index=digits_or_none(9), trace_path=trace_path,
        call_type=are_plain,
    ),
}  # fmt: skip
"""List -> how its pages are read in columns."""
