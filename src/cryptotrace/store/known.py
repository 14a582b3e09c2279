"""Leaving out of a load what says nothing new, before a single name is looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptotrace.store.merging import number, run_file
from cryptotrace.store.staging import MERGED, Staged, arrived_as, show

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

__all__ = ["Blocks", "blocks_of", "leave_known"]

_NEARBY = 3
"""How many stored rows may be looked at for each that arrives, before their names are looked up."""
_CROWD = 16
"""How many rows may be alike up to their addresses, before each is held against each."""
_KNOWN = {"transfers": ("known.sql", "known_rows"), "transactions": ("known_transactions.sql", "known_transactions")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """The blocks of a load: the first and the last that is known, and whether any is not."""

    first: int | None
    last: int | None
    has_unknown: bool


def blocks_of(connection: duckdb.DuckDBPyConnection) -> Blocks:
    """Give the blocks of what is merged by this load."""
    parts = " UNION ALL ".join(f"SELECT block FROM {arrived_as(name)}" for name in MERGED)
    query = f"SELECT min(block), max(block), count(*) > count(block) FROM ({parts})"
    ((first, last, has_unknown),) = connection.execute(query).fetchall()
    return Blocks(first=first, last=last, has_unknown=has_unknown)


def leave_known(connection: duckdb.DuckDBPyConnection, rows: Mapping[str, Staged], blocks: Blocks) -> dict[str, Staged]:
    """Give the rows that have to be looked at further, also under ``open_`` and the name of their table.

    The others say nothing new, and were found by a look at the blocks of this load alone.
    """
    return {name: _open(connection, name, rows[name], blocks) for name in MERGED}


def _open(connection: duckdb.DuckDBPyConnection, name: str, rows: Staged, blocks: Blocks) -> Staged:
    file, table = _KNOWN[name]
    known = 0
    if rows.count and blocks.first is not None:
        nearby = number(connection, f"SELECT count(*) FROM {name} WHERE block BETWEEN {blocks.first} AND {blocks.last}")
        if 0 < nearby <= _NEARBY * rows.count:
            run_file(connection, file, first=blocks.first, last=blocks.last or 0, crowd=_CROWD)
            known = number(connection, f"SELECT count(*) FROM {table}")
    if rows.table is None:
        less = f"ANTI JOIN {table} AS k ON k.place = i.place" if known else ""
        connection.execute(f"CREATE OR REPLACE TEMP VIEW open_{name} AS SELECT i.* FROM {arrived_as(name)} AS i {less}")
        return Staged(count=rows.count - known)
    left = _without(connection, rows.table, table) if 0 < known < rows.count else rows.table.slice(0, rows.count - known)
    show(connection, f"open_{name}", left)
    return Staged(count=left.num_rows, table=left)


def _without(connection: duckdb.DuckDBPyConnection, rows: pa.Table, known: str) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    places = connection.sql(f"SELECT place FROM {known}").to_arrow_table()["place"].to_numpy()
    stays = np.ones(rows.num_rows, dtype=bool)
    stays[places] = False
    return rows.filter(pa.array(stays)).combine_chunks()
