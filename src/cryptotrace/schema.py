"""One definition per table: columns, engine types, logical key, and what the logical digest leaves out.

Two forms of a table exist. The *wide* form is what sources yield and people read: chains, addresses and contracts as text.
The *stored* form keeps addresses and assets as small integers, assigned once at ingest. Every other file takes names and
types from here; no SQL text repeats a type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cryptotrace.errors import InputError
from cryptotrace.model import MAX_AMOUNT, Reject

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["AMOUNT", "SCHEMA_VERSION", "STORED", "WIDE", "Batch", "Column", "Table", "arrow_table"]

SCHEMA_VERSION = 2
AMOUNT = "DECIMAL(38,0)"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, its engine type, and whether two runs must agree on it."""

    name: str
    type: str
    digest: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A table: columns in order and the logical key by which rows are one."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in schema order."""
        return tuple(column.name for column in self.columns)

    def ddl(self) -> str:
        """Give the statement that creates the table."""
        body = ", ".join(f'"{column.name}" {column.type}' for column in self.columns)
        return f"CREATE TABLE {self.name} ({body})"


def _table(name: str, key: str, columns: str) -> Table:
    """Read ``name type`` pairs separated by commas; a leading ``~`` keeps a column out of the digest."""
    parsed = []
    for part in columns.split(";"):
        column, kind = part.split(maxsplit=1)
        parsed.append(Column(column.lstrip("~"), kind.strip(), not column.startswith("~")))
    return Table(name, tuple(parsed), tuple(key.split()))


STORED: Mapping[str, Table] = {
    table.name: table
    for table in (
        _table("meta", "name", "name VARCHAR; ~value VARCHAR"),
        _table(
            "responses",
            "key",
            "key VARCHAR; source VARCHAR; chain VARCHAR; stream VARCHAR; subject VARCHAR; request VARCHAR; status INTEGER; "
            "~body BLOB; body_sha256 VARCHAR; ~server_date VARCHAR; ~received_at TIMESTAMP",
        ),
        _table("accounts", "chain address", "~id INTEGER; chain VARCHAR; address VARCHAR"),
        _table(
            "assets",
            "chain contract",
            "~id INTEGER; chain VARCHAR; contract VARCHAR; symbol VARCHAR; decimals SMALLINT; name VARCHAR; canonical BOOLEAN",
        ),
        _table(
            "transactions",
            "chain tx_hash",
            "chain VARCHAR; tx_hash VARCHAR; block BIGINT; time TIMESTAMP; tx_index INTEGER; signer INTEGER; receiver INTEGER; "
            "ok BOOLEAN; fee DECIMAL(38,0); method VARCHAR; nonce BIGINT",
        ),
        _table(
            "transfers",
            "chain tx_hash kind sender receiver asset amount ordinal",
            "~id BIGINT; chain VARCHAR; tx_hash VARCHAR; kind VARCHAR; block BIGINT; time TIMESTAMP; tx_index INTEGER; "
            "log_index INTEGER; trace_path VARCHAR; call_type VARCHAR; sender INTEGER; receiver INTEGER; asset INTEGER; "
            "amount DECIMAL(38,0); ordinal INTEGER; ok BOOLEAN; input_row BIGINT",
        ),
        _table(
            "events",
            "chain tx_hash log_index kind owner",
            "chain VARCHAR; tx_hash VARCHAR; log_index INTEGER; kind VARCHAR; block BIGINT; time TIMESTAMP; contract VARCHAR; "
            "owner VARCHAR; counterparty VARCHAR; amount DECIMAL(38,0); raw_amount VARCHAR",
        ),
        _table(
            "prices",
            "time asset source",
            "time TIMESTAMP; asset VARCHAR; usd DECIMAL(38,18); source VARCHAR; price_time TIMESTAMP; confidence DECIMAL(6,5)",
        ),
        _table(
            "balances",
            "chain address contract as_of source",
            "chain VARCHAR; address VARCHAR; contract VARCHAR; as_of BIGINT; source VARCHAR; amount DECIMAL(38,0); "
            "later_in DECIMAL(38,0); later_out DECIMAL(38,0); nonce BIGINT; later_sent BIGINT; problem VARCHAR; "
            "~asked_at TIMESTAMP",
        ),
        _table(
            "tx_inputs",
            "chain tx_hash position",
            "chain VARCHAR; tx_hash VARCHAR; position INTEGER; block BIGINT; time TIMESTAMP; spent_tx VARCHAR; "
            "spent_position INTEGER; address VARCHAR; amount DECIMAL(38,0); script_type VARCHAR; coinbase BOOLEAN",
        ),
        _table(
            "tx_outputs",
            "chain tx_hash position",
            "chain VARCHAR; tx_hash VARCHAR; position INTEGER; block BIGINT; time TIMESTAMP; address VARCHAR; "
            "amount DECIMAL(38,0); script_type VARCHAR; script VARCHAR; spent_by VARCHAR; spent_at INTEGER",
        ),
        _table(
            "unconfirmed",
            "source chain address tx_hash as_of",
            "source VARCHAR; chain VARCHAR; address VARCHAR; tx_hash VARCHAR; block BIGINT; time TIMESTAMP; "
            "received DECIMAL(38,0); spent DECIMAL(38,0); fee DECIMAL(38,0); replaceable BOOLEAN; as_of BIGINT",
        ),
        _table(
            "coverage",
            "source stream chain address from_block to_block",
            "source VARCHAR; stream VARCHAR; chain VARCHAR; address VARCHAR; from_block BIGINT; to_block BIGINT; "
            "status VARCHAR; reason VARCHAR; rows BIGINT; cursor VARCHAR; ~head BIGINT; ~asked_at TIMESTAMP; given_by VARCHAR",
        ),
        _table("exclusions", "transfer reason", "~transfer BIGINT; reason VARCHAR; detail VARCHAR"),
        _table("rejects", "file line reason raw", "file VARCHAR; line BIGINT; reason VARCHAR; raw VARCHAR"),
        _table(
            "runs",
            "verb parameters",
            "verb VARCHAR; parameters VARCHAR; inputs VARCHAR; ~version VARCHAR; ~at TIMESTAMP",
        ),
    )
}
"""The tables of a case store.

``assets.contract`` and ``balances.contract`` are ``''`` for the chain's own coin, ``assets.name`` is the CAIP-19 name.
``coverage`` ranges and ``balances.as_of`` count on the axis of the chain: blocks, or milliseconds where lists know no block
(TRON). A balance is what an explorer told at ``as_of`` or soon after: ``later_in`` and ``later_out`` (fees included) are what
it listed since, ``nonce`` the transactions that the account had signed, ``later_sent`` those since; ``problem`` says why
there is no amount. ``coverage.given_by`` names the explorers whose answers a list rests on, where several did. ``tx_inputs``
and ``tx_outputs`` are the coins of chains with outputs; ``spent_by`` and ``spent_at`` name the input that spends an output,
where that input is in the store. ``unconfirmed`` is no money yet: what an explorer showed above the last final block
``as_of`` (with its block) or in none, until a later pull says what became of it.
"""


WIDE: Mapping[str, Table] = {
    table.name: table
    for table in (
        _table(
            "transfers",
            "",
            "chain VARCHAR; tx_hash VARCHAR; kind VARCHAR; block BIGINT; time TIMESTAMP; tx_index INTEGER; log_index INTEGER; "
            "trace_path VARCHAR; call_type VARCHAR; sender VARCHAR; receiver VARCHAR; contract VARCHAR; symbol VARCHAR; "
            "decimals SMALLINT; amount DECIMAL(38,0); ok BOOLEAN; input_row BIGINT; listing INTEGER",
        ),
        _table(
            "transactions",
            "",
            "chain VARCHAR; tx_hash VARCHAR; block BIGINT; time TIMESTAMP; tx_index INTEGER; signer VARCHAR; receiver VARCHAR; "
            "ok BOOLEAN; fee DECIMAL(38,0); method VARCHAR; nonce BIGINT",
        ),
        STORED["responses"],
        STORED["events"],
        STORED["prices"],
        STORED["balances"],
        STORED["tx_inputs"],
        STORED["tx_outputs"],
        STORED["unconfirmed"],
        STORED["coverage"],
        STORED["rejects"],
    )
}
"""What sources yield. ``contract`` is ``None`` for the chain's own coin.

``listing`` numbers the list that a row was read from. Every list that shows a transfer shows all equal ones of its
transaction, so rows multiply inside one listing and merge by maximum between listings (design 4, identity). ``input_row`` is
the row number in the input; it decides order only where the row carries no position.
"""


@dataclass(slots=True)
class Batch:
    """Rows on their way into the store: plain tuples per table, in the column order of :data:`WIDE`.

    ``tables`` holds further rows as Arrow, in the same columns and types, where a source reads whole pages at once.

    >>> batch = Batch()
    >>> batch.reject("pay.csv", 7, "amount is negative", "…,-5,…")
    >>> len(batch)
    1
    """

    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    tables: dict[str, list[pa.Table]] = field(default_factory=dict)

    def add(self, table: str, row: tuple[Any, ...]) -> None:
        """Append one row; the caller keeps to the column order."""
        self.rows.setdefault(table, []).append(row)

    def add_transfer(
        self,
        *,
        chain: str,
        tx_hash: str,
        kind: str,
        time: datetime,
        sender: str | None,
        receiver: str | None,
        amount: int,
        block: int | None = None,
        tx_index: int | None = None,
        log_index: int | None = None,
        trace_path: str | None = None,
        call_type: str | None = None,
        contract: str | None = None,
        symbol: str | None = None,
        decimals: int | None = None,
        ok: bool = True,
        input_row: int | None = None,
        listing: int = 0,
    ) -> None:
        """Append a transfer; ``time`` must be aware, ``amount`` in base units within :data:`MAX_AMOUNT`.

        Raises
        ------
        InputError
            If the amount is negative or too large: the caller rejects the whole row instead.
        """
        if not 0 <= amount <= MAX_AMOUNT:
            raise InputError(
                "amount is negative" if amount < 0 else "amount is larger than 10**38 - 1",
                where=f"{chain} {tx_hash}",
                hint="Keep the row in rejects with its raw text",
            )
        self.add(
            "transfers",
            (chain, tx_hash, kind, block, time, tx_index, log_index, trace_path, call_type, sender, receiver, contract,
             symbol, decimals, amount, ok, input_row, listing),
        )  # fmt: skip

    def reject(self, file: str, line: int | None, reason: str, raw: str) -> None:
        """Keep a row that does not fit, whole."""
        self.add("rejects", (file, line, reason, raw))

    @property
    def rejects(self) -> tuple[Reject, ...]:
        """The rejected rows as values."""
        return tuple(Reject(file=f, line=n, reason=r, raw=w) for f, n, r, w in self.rows.get("rejects", ()))

    def __len__(self) -> int:
        in_tables = [int(table.num_rows) for tables in self.tables.values() for table in tables]
        return sum(map(len, self.rows.values())) + sum(in_tables)


def arrow_table(table: Table, rows: Iterable[tuple[Any, ...]]) -> pa.Table:
    """Turn tuples into an Arrow table of the declared types; O(cells).

    Amounts go through :class:`decimal.Decimal` built from ``int``: exact. Times are turned to UTC.

    Raises
    ------
    InputError
        If a value does not fit its column: an amount that is negative, beyond :data:`MAX_AMOUNT` or no ``int``, or a time
        without a zone.
    """
    import pyarrow as pa

    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(table.columns)
    arrays = []
    for column, values in zip(table.columns, columns, strict=True):
        if column.type == AMOUNT:
            values = [_exact(value, table, column) for value in values]  # noqa: PLW2901
        elif column.type == "TIMESTAMP":
            values = [_utc(value, table, column) for value in values]  # noqa: PLW2901
        try:
            arrays.append(pa.array(values, type=arrow_type(column.type)))
        except (pa.ArrowException, OverflowError) as problem:
            raise _misfit(f"a value does not fit: {problem}", table, column) from problem
    return pa.table(arrays, names=list(table.names))


def _exact(value: Any, table: Table, column: Column) -> Decimal | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= MAX_AMOUNT:
        raise _misfit(f"an amount must be a whole number from 0 to 10**38 - 1, not {value!r}", table, column)
    return Decimal(value)


def _utc(value: datetime | None, table: Table, column: Column) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise _misfit(f"the time {value} has no zone", table, column)
    return value.astimezone(UTC).replace(tzinfo=None)


def _misfit(what: str, table: Table, column: Column) -> InputError:
    return InputError(what, where=f"{table.name}.{column.name}", hint="Keep the row in rejects with its raw text")


def arrow_type(engine_type: str) -> pa.DataType:
    """Give the Arrow type that carries an engine type without loss."""
    import pyarrow as pa

    if engine_type.startswith("DECIMAL("):
        precision, scale = engine_type[8:-1].split(",")
        return pa.decimal128(int(precision), int(scale))
    return {
        "VARCHAR": pa.string(),
        "BLOB": pa.binary(),
        "BIGINT": pa.int64(),
        "INTEGER": pa.int32(),
        "SMALLINT": pa.int16(),
        "BOOLEAN": pa.bool_(),
        "TIMESTAMP": pa.timestamp("us"),
    }[engine_type]
