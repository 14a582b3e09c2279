"""Pages of TRC-20 transfers as columns; see :mod:`~cryptotrace.sources.tron.columns`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from cryptotrace.sources.cells import plain
from cryptotrace.sources.tron.columns import (
    HASH_WIDTH,
    Stamp,
    addresses_of,
    decoder_of,
    fixed_texts,
    letters_of_hashes,
    moments_of,
    rows_of_body,
    rows_of_cells,
    wide_table,
)
from cryptotrace.sources.tron.many_addresses import wrong_among
from cryptotrace.sources.tron.spelling import CHAIN

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["table_of_rows", "tables_of_body"]

_DIGITS = 38


class _Token(msgspec.Struct, gc=False):
    address: str
    symbol: str | None = None
    decimals: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = None


class _Row(msgspec.Struct, gc=False, kw_only=True):
    """What a row of the list says, where it is of the usual form; its token is looked at once a page."""

    name: str = msgspec.field(name="transaction_id")
    stamp: Stamp = msgspec.field(name="block_timestamp")
    sender: str = msgspec.field(name="from")
    receiver: str = msgspec.field(name="to")
    value: str
    kind: Literal["Transfer"] = msgspec.field(name="type")
    unconfirmed: Literal[False] = msgspec.field(name="_unconfirmed", default=False)


class _RowOfBody(_Row, gc=False, kw_only=True):
    token: msgspec.Raw = msgspec.field(name="token_info")


class _RowOfCells(_Row, gc=False, kw_only=True):
    token: dict[str, Any] = msgspec.field(name="token_info")


_ANSWER = decoder_of(_RowOfBody)
_TOKEN = msgspec.json.Decoder(_Token)


def tables_of_body(body: bytes) -> dict[str, list[pa.Table]] | None:
    """Turn a whole answer into tables; None where it is no page of a list, is empty, or has a row of another form."""
    read = rows_of_body(_ANSWER, body)
    if not read:
        return None
    raw = [row.token for row in read]
    alike = raw.count(raw[0]) == len(raw)
    page = _Page(read, [_token_of(bytes(one)) for one in (raw[:1] if alike else raw)])
    return {"transfers": [page.table()]} if page.is_usual() else None


def table_of_rows(rows: Sequence[Any]) -> tuple[pa.Table, list[int]]:
    """Turn rows into transfers in the columns of :data:`~cryptotrace.schema.WIDE`.

    Returns
    -------
    tuple
        The table of the rows that are of the usual form, and the places of the others, from 0.

    Notes
    -----
    O(cells). Each distinct address is checked once; amounts go from digits to ``decimal128`` without passing a float.
    """
    read, places = rows_of_cells(_RowOfCells, rows)
    tokens = [_token_of(msgspec.json.encode(row.token)) for row in read]
    page = _Page(read, tokens)
    if page.is_usual():
        return page.table(), sorted(set(range(len(rows))) - set(places))
    usual = [at for at, (row, token) in enumerate(zip(read, tokens, strict=True)) if _Page([row], [token]).is_usual()]
    table = _Page([read[at] for at in usual], [tokens[at] for at in usual]).table()
    return table, sorted(set(range(len(rows))) - {places[at] for at in usual})


@lru_cache(maxsize=4_096)
def _token_of(raw: bytes) -> _Token | None:
    """Read what a row says of its token; None where that is of another form."""
    try:
        return _TOKEN.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


class _Page:
    """Rows that were read by field, field by field; one token may stand for all rows."""

    def __init__(self, rows: Sequence[_Row], tokens: Sequence[_Token | None]) -> None:
        self.tokens = tokens
        self.letters = letters_of_hashes([row.name for row in rows])
        self.stamps = [row.stamp for row in rows]
        self.senders = [row.sender for row in rows]
        self.receivers = [row.receiver for row in rows]
        self.values = [row.value for row in rows]

    def is_usual(self) -> bool:
        """Whether all rows are of the usual form."""
        if self.letters is None or None in self.tokens or not self._are_amounts():
            return False
        contracts = [token.address for token in self.tokens if token is not None]
        return not wrong_among(set(self.senders).union(self.receivers, contracts))

    def _are_amounts(self) -> bool:
        digits = "".join(self.values).encode("utf-8", "replace")
        longest = len(max(self.values, key=len, default=""))
        return not digits.translate(None, b"0123456789") and "" not in self.values and longest <= _DIGITS

    def table(self) -> pa.Table:
        """Make transfers of rows that are usual."""
        import pyarrow as pa

        text, known = pa.string(), [token for token in self.tokens if token is not None]
        assert self.letters is not None, "rows are usual"
        same = {"chain": CHAIN, "kind": "token", "ok": True, "listing": 0}
        columns = {
            "tx_hash": fixed_texts(self.letters, HASH_WIDTH),
            "time": moments_of(self.stamps),
            "sender": addresses_of(self.senders),
            "receiver": addresses_of(self.receivers),
            "amount": pa.array(self.values, text).cast(pa.decimal128(38, 0)),
        }
        if len(known) == 1:
            same |= {"contract": known[0].address, "symbol": _storable(known[0].symbol), "decimals": known[0].decimals}
        else:
            columns |= {
                "contract": addresses_of([token.address for token in known]),
                "symbol": pa.array([_storable(token.symbol) for token in known], text),
                "decimals": pa.array([token.decimals for token in known], pa.int16()),
            }
        return wide_table("transfers", len(self.values), same, columns)


def _storable(symbol: str | None) -> str | None:
    return symbol if symbol is None or (symbol.isascii() and "\0" not in symbol) else plain(symbol)
