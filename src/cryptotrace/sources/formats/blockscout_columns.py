"""Whole pages of Blockscout's Etherscan-like lists by field: its dialect in the types that Etherscan's columns are made of.

A page that any row of is not of the usual form is None, and read row by row instead. So is every page that needs more than
its rows: transactions without a status, and wraps among tokens.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from cryptotrace.codecs import ChainInfo
from cryptotrace.sources.evm.events import WRAPPED_COINS
from cryptotrace.sources.formats.etherscan_columns import InternalRow, NativeRow, Rows, rows_of

__all__ = ["typed_rows_of"]

_METHOD = len("0x12345678")


class _Native(NativeRow, gc=False, kw_only=True):
    """A row of ``txlist``; ``methodId`` says nothing here, so the method is read from the data of the call."""

    data: str = msgspec.field(name="input")
    status: Literal["0", "1"] = msgspec.field(name="txreceipt_status")


class _Internal(InternalRow, gc=False, kw_only=True):
    """A row of ``txlistinternal``; its place in the trace is no path."""

    hash: str = msgspec.field(name="transactionHash")
    place: str = msgspec.field(name="index")
    trace: None = msgspec.field(name="traceId", default=None)


class _Natives(msgspec.Struct, gc=False):
    status: Literal["1"]
    result: list[_Native]


class _Internals(msgspec.Struct, gc=False):
    status: Literal["1"]
    result: list[_Internal]


_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    "native": msgspec.json.Decoder(_Natives),
    "internal": msgspec.json.Decoder(_Internals),
}


def typed_rows_of(stream: str, body: bytes, chain: ChainInfo, *, fees: bool) -> Rows | None:
    """Give the rows of a whole answer by field, or None where it is no success or one of them is of another form.

    Parameters
    ----------
    stream : str
        The list.
    body : bytes
        The answer.
    chain : ChainInfo
        Its chain.
    fees : bool
        Whether gas times price is all that a transaction costs there.
    """
    if stream == "token":
        coin = WRAPPED_COINS.get(chain.name)
        return None if coin is not None and coin.encode() in body else rows_of(stream, body)
    if stream == "native" and not fees:
        return None
    try:
        rows: list[Any] = _DECODERS[stream].decode(body).result
        if not body.isascii():
            body.decode()  # fields that are passed over are not looked at
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if stream == "native":
        for row in rows:
            row.method = row.data[:_METHOD] if len(row.data) >= _METHOD else "0x"
    elif len({(row.hash, row.place) for row in rows}) < len(rows):
        return None
    return rows
