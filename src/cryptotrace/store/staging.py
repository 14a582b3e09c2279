"""Rows on their way into the store: in Arrow while they fit one helping, in temporary tables beyond that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptotrace.schema import WIDE, Batch, Table, arrow_table

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

__all__ = ["MERGED", "Staged", "arrived_as", "show", "stage"]

_STAGE_ROWS = 50_000
_STAGE_PAGES = 250
_STAGE_ROWS_IN_PAGES = 250_000
_PIECE = 25_000
"""Rows that one thread of the engine takes at a time."""
MERGED = ("transfers", "transactions")
"""Tables whose rows are merged; their rows carry ``place``, which names a row while it is on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What came for one table: how many rows, and the rows themselves where they are still in Arrow."""

    count: int = 0
    table: pa.Table | None = None


def arrived_as(name: str) -> str:
    """Give the name under which a load can read what came for a table."""
    return f"in_{name}"


def show(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Let the engine read rows that are in Arrow."""
    import pyarrow as pa

    pieces = table.to_batches(max_chunksize=_PIECE)
    connection.register(name, pa.Table.from_batches(pieces, table.schema))


def stage(connection: duckdb.DuckDBPyConnection, batches: Iterable[Batch]) -> Mapping[str, Staged]:
    """Make rows readable under ``in_`` and the name of their table.

    What fits one helping is read where it is, in Arrow; more goes to a temporary table as it comes.
    """
    waiting: dict[str, _Waiting] = {name: _Waiting(table) for name, table in WIDE.items()}
    for batch in batches:
        for name, rows in batch.rows.items():
            waiting[name].rows.extend(rows)
        for name, tables in batch.tables.items():
            waiting[name].add(tables)
        for name in {*batch.rows, *batch.tables}:
            waiting[name].spill_if_large(connection)
    needed = [name for name, one in waiting.items() if name in MERGED or one.is_used()]
    return dict.fromkeys(WIDE, Staged()) | {name: waiting[name].finish(connection) for name in needed}


class _Waiting:
    """Rows of one table that wait to be staged."""

    def __init__(self, table: Table) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self._tables: list[pa.Table] = []
        self._in_tables = 0
        self._table = table
        self._staged = 0

    def add(self, tables: Iterable[pa.Table]) -> None:
        """Take rows that are in Arrow already."""
        for table in tables:
            self._tables.append(table)
            self._in_tables += table.num_rows

    def is_used(self) -> bool:
        """Whether any row came."""
        return bool(self.rows or self._tables or self._staged)

    def spill_if_large(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write what waits to a temporary table, if it is much."""
        if len(self.rows) >= _STAGE_ROWS or len(self._tables) >= _STAGE_PAGES or self._in_tables >= _STAGE_ROWS_IN_PAGES:
            self._spill(connection)

    def finish(self, connection: duckdb.DuckDBPyConnection) -> Staged:
        """Name what came."""
        name = self._table.name
        if not self._staged:
            arriving = self._take()
            if name in MERGED:
                arriving = _numbered(arriving.combine_chunks())  # long runs are quicker to encode and to scan
            show(connection, arrived_as(name), arriving)
            return Staged(count=arriving.num_rows, table=arriving)
        if self.rows or self._tables:
            self._spill(connection)
        place = ", rowid AS place" if name in MERGED else ""
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {arrived_as(name)} AS SELECT *{place} FROM stage_{name}")
        return Staged(count=self._staged)

    def _take(self) -> pa.Table:
        import pyarrow as pa

        rows, self.rows = self.rows, []
        tables, self._tables = self._tables, []
        self._in_tables = 0
        if rows or not tables:
            tables.append(arrow_table(self._table, rows))
        return pa.concat_tables(tables)

    def _spill(self, connection: duckdb.DuckDBPyConnection) -> None:
        name = self._table.name
        if not self._staged:
            body = ", ".join(f"{column.name} {column.type}" for column in self._table.columns)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE stage_{name} ({body})")
        arriving = self._take()
        connection.register("arriving_batch", arriving)
        connection.execute(f"INSERT INTO stage_{name} SELECT * FROM arriving_batch")
        connection.unregister("arriving_batch")
        self._staged += arriving.num_rows


def _numbered(rows: pa.Table) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    return rows.append_column("place", pa.array(np.arange(rows.num_rows, dtype=np.int64)))
