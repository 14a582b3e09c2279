"""Pages of an account's transactions as columns; see :mod:`~cryptotrace.sources.tron.columns`.

Usual are payments of TRX and calls of contracts, worked or failed, that say their fee and show nothing inside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from cryptotrace.codecs import chain_of
from cryptotrace.sources.tron.columns import (
    HASH_WIDTH,
    Count,
    Stamp,
    addresses_of,
    amounts_of,
    counts_of,
    decoder_of,
    fixed_texts,
    letters_of_hashes,
    moments_of,
    rows_of_body,
    rows_of_cells,
    wide_table,
)
from cryptotrace.sources.tron.many_addresses import stored_forms
from cryptotrace.sources.tron.spelling import CHAIN

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["WORKED", "Tables", "tables_of_body", "tables_of_rows"]

Tables = dict[str, list["pa.Table"]]
WORKED = ("SUCCESS", "SUCESS", "DEFAULT")
"""What an outcome says where the transaction did what it asked for."""
_COIN = chain_of(CHAIN)
_PAYMENT = "TransferContract"
_METHOD_LETTERS = 8


class _Value(msgspec.Struct, gc=False):
    owner: str = msgspec.field(name="owner_address")
    receiver: str | None = msgspec.field(name="to_address", default=None)
    called: str | None = msgspec.field(name="contract_address", default=None)
    amount: Count = 0
    call_value: Count = 0
    tokens: Literal[0] = msgspec.field(name="call_token_value", default=0)
    data: str | None = None
    made: None = msgspec.field(name="new_contract", default=None)


class _Parameter(msgspec.Struct, gc=False):
    value: _Value


class _Contract(msgspec.Struct, gc=False):
    kind: Literal["TransferContract", "TriggerSmartContract"] = msgspec.field(name="type")
    parameter: _Parameter


class _Raw(msgspec.Struct, gc=False):
    contract: Annotated[list[_Contract], msgspec.Meta(min_length=1, max_length=1)]


class _Outcome(msgspec.Struct, gc=False):
    said: str = msgspec.field(name="contractRet")
    fee: Count


class _Row(msgspec.Struct, gc=False):
    """What a row of the list says, where it is of the usual form."""

    name: str = msgspec.field(name="txID")
    stamp: Stamp = msgspec.field(name="block_timestamp")
    block: Count = msgspec.field(name="blockNumber")
    ret: Annotated[list[_Outcome], msgspec.Meta(min_length=1, max_length=1)]
    raw: _Raw = msgspec.field(name="raw_data")
    inner: Annotated[list[Any], msgspec.Meta(max_length=0)] | None = msgspec.field(name="internal_transactions", default=None)
    unconfirmed: Literal[False] = msgspec.field(name="_unconfirmed", default=False)


_ANSWER = decoder_of(_Row)


def tables_of_body(body: bytes) -> Tables | None:
    """Turn a whole answer into tables; None where it is no page, is empty, or has a row of another form or one twice."""
    read = rows_of_body(_ANSWER, body)
    if not read or len({row.name for row in read}) < len(read):
        return None
    page = _Page(read)
    return page.tables() if page.is_usual() else None


def tables_of_rows(rows: Sequence[Any]) -> tuple[Tables, dict[str, bool], list[int]]:
    """Turn rows into movements, fees and transactions.

    Returns
    -------
    tuple
        The tables of the rows of the usual form, hash -> whether it worked of the same, and the places of the others, from 0.

    Notes
    -----
    O(cells). Each distinct address is written anew once. A row that is there twice is not usual.
    """
    read, places = rows_of_cells(_Row, rows)
    page = _Page(read)
    usual = range(len(read)) if page.is_usual() else [at for at, row in enumerate(read) if _Page([row]).is_usual()]
    kept = [read[at] for at in usual]
    worked = {row.name: row.ret[0].said in WORKED for row in kept}
    if len(worked) < len(kept):
        return {}, {}, list(range(len(rows)))
    page = page if len(kept) == len(read) else _Page(kept)
    return page.tables() if kept else {}, worked, sorted(set(range(len(rows))) - {places[at] for at in usual})


@lru_cache(maxsize=4_096)
def _called_method(first: str) -> str | None:
    """Give the first four bytes of call data; None where there are none."""
    letters = first.lower()
    return f"0x{letters}" if len(letters) == _METHOD_LETTERS and not set(letters) - set("0123456789abcdef") else None


def _method(contract: _Contract) -> str:
    if contract.kind == _PAYMENT:
        return _PAYMENT
    data = contract.parameter.value.data
    return (_called_method(data[:_METHOD_LETTERS]) if data else None) or contract.kind


class _Page:
    """Rows that were read by field, field by field."""

    def __init__(self, rows: Sequence[_Row]) -> None:
        self.rows = rows
        self.letters = letters_of_hashes([row.name for row in rows])
        self.contracts = [row.raw.contract[0] for row in rows]
        self.values = [contract.parameter.value for contract in self.contracts]
        self.owners = [value.owner for value in self.values]
        self.receivers = [value.receiver or value.called or "" for value in self.values]
        self.parties = set(self.owners).union(self.receivers)
        self.forms = stored_forms(self.parties)

    def is_usual(self) -> bool:
        """Whether all rows are of the usual form."""
        return self.letters is not None and self.parties <= self.forms.keys()

    def tables(self) -> Tables:
        """Make tables of rows that are usual."""
        import pyarrow as pa

        assert self.letters is not None, "rows are usual"
        forms, outcomes = self.forms, [row.ret[0] for row in self.rows]
        worked = [outcome.said in WORKED for outcome in outcomes]
        fees = [outcome.fee for outcome in outcomes]
        placed = {
            "tx_hash": fixed_texts(self.letters, HASH_WIDTH),
            "block": counts_of([row.block for row in self.rows]),
            "time": moments_of([row.stamp for row in self.rows]),
        }
        owners, receivers = (addresses_of([forms[text] for text in texts]) for texts in (self.owners, self.receivers))
        ok, burned = pa.array(worked, pa.bool_()), amounts_of(fees)
        method = pa.array([_method(contract) for contract in self.contracts], pa.string())
        signed = placed | {"signer": owners, "receiver": receivers, "ok": ok, "fee": burned, "method": method}
        moves = [
            (value.amount, True) if contract.kind == _PAYMENT else (value.call_value, value.call_value > 0)
            for contract, value in zip(self.contracts, self.values, strict=True)
        ]
        handed = amounts_of([coins for coins, _ in moves])
        moved = placed | {"sender": owners, "receiver": receivers, "amount": handed, "ok": ok}
        paid = placed | {"sender": owners, "amount": burned}
        transfers = [
            _transfers({"kind": "native"}, moved, [is_move for _, is_move in moves]),
            _transfers({"kind": "fee", "ok": True}, paid, [fee > 0 for fee in fees]),
        ]
        return {
            "transfers": [table for table in transfers if table.num_rows],
            "transactions": [wide_table("transactions", len(fees), {"chain": CHAIN}, signed)],
        }


def _transfers(same: dict[str, Any], columns: dict[str, pa.Array], wanted: list[bool]) -> pa.Table:
    """Make a table of movements of TRX out of the rows that are wanted."""
    import pyarrow as pa

    coin = {"chain": CHAIN, "symbol": _COIN.native_symbol, "decimals": _COIN.native_decimals, "listing": 0}
    table = wide_table("transfers", len(wanted), coin | same, columns)
    return table if all(wanted) else table.filter(pa.array(wanted, pa.bool_())).combine_chunks()
