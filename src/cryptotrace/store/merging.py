"""Merging what arrived into transfers and transactions: counting where that is enough, position by position where it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "Merged",
    "inserted",
    "learn_places",
    "leave_known",
    "merge_transactions",
    "merge_transfers",
    "next_id",
    "run_file",
]

_NEARBY = 3
"""How many stored rows may be looked at for each that arrives, before their names are looked up."""


@dataclass(frozen=True, slots=True)
class Merged:
    """How many rows of the stored tables statements added, and how many they changed."""

    inserted: int = 0
    updated: int = 0

    def __add__(self, other: Merged) -> Merged:
        return Merged(self.inserted + other.inserted, self.updated + other.updated)


@cache
def _statements(name: str) -> tuple[tuple[str, str], ...]:
    """Give (first word of what it does, text) of each statement of a file."""
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    parts = [part.strip() for part in text.split("\n----\n")]
    bare = ["\n".join(line for line in part.splitlines() if not line.startswith("--")).lstrip() for part in parts]
    # What goes into a temporary table is no change of the store.
    return tuple(
        ("" if body.startswith("INSERT INTO staged") else body.split()[0], part) for body, part in zip(bare, parts, strict=True)
    )


def run_file(connection: duckdb.DuckDBPyConnection, name: str, **values: int) -> Merged:
    """Run the statements of a file; count the rows that its inserts and updates touched."""
    merged = Merged()
    for verb, statement in _statements(name):
        needed = {key: value for key, value in values.items() if f"${key}" in statement}
        row = connection.execute(statement, needed).fetchone()
        touched = int(row[0]) if row else 0
        if verb in {"INSERT", "UPDATE"}:
            merged += Merged(inserted=touched) if verb == "INSERT" else Merged(updated=touched)
    return merged


def inserted(connection: duckdb.DuckDBPyConnection, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> int:
    """Run one insert; give how many rows it added."""
    row = connection.execute(statement, values).fetchone()
    return int(row[0]) if row else 0


def next_id(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Give the first id that is free."""
    return _number(connection, f"SELECT coalesce(max(id), 0) + 1 FROM {table}")


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _any(connection: duckdb.DuckDBPyConnection, rows: str) -> bool:
    return connection.execute(f"SELECT 1 FROM {rows} LIMIT 1").fetchone() is not None


def leave_known(connection: duckdb.DuckDBPyConnection, arrived: int) -> int:
    """Make the view ``open_transfers`` of the rows that have to be looked at further; give how many there are.

    The others say nothing new, and were found by a look at the blocks of this load alone.
    """
    known = 0
    if arrived:
        bounds = connection.execute("SELECT min(block), max(block) FROM in_transfers").fetchone() or (None, None)
        nearby = connection.execute("SELECT count(*) FROM transfers WHERE block BETWEEN ? AND ?", bounds).fetchone() or (0,)
        if 0 < nearby[0] <= _NEARBY * arrived:
            run_file(connection, "known.sql", first=bounds[0], last=bounds[1])
            known = _number(connection, "SELECT count(*) FROM known_rows")
    less = "ANTI JOIN known_rows AS k ON k.place = i.place" if known else ""
    connection.execute(f"CREATE OR REPLACE TEMP VIEW open_transfers AS SELECT * FROM in_transfers AS i {less}")
    return arrived - known


def merge_transfers(connection: duckdb.DuckDBPyConnection, first_new: int) -> Merged:
    """Merge the temporary table ``arrived``; every group of equal rows is settled by counting, or else listing by listing.

    Accounts from the id ``first_new`` on came with these rows.
    """
    run_file(connection, "settle.sql", first_new=first_new)
    seen, silent, arrived = (
        _number(connection, sql)
        for sql in ("SELECT count(*) FROM seen", "SELECT count(*) FROM seen WHERE is_silent", "SELECT count(*) FROM arrived")
    )
    if seen:
        if silent == arrived and not _any(connection, "several"):
            return Merged()
        run_file(connection, "settle_known.sql")
    else:
        connection.execute("CREATE OR REPLACE TEMP TABLE staged AS SELECT * FROM arrived LIMIT 0")
        connection.execute("DROP TABLE IF EXISTS new_rows")
        connection.execute("ALTER TABLE arrived RENAME TO new_rows")
    merged = Merged()
    if _any(connection, "new_rows"):
        merged += run_file(connection, "settle_new.sql", next_id=next_id(connection, "transfers"))
    listings = connection.execute("SELECT DISTINCT listing FROM staged ORDER BY listing").fetchall()
    for (listing,) in listings:
        merged += run_file(connection, "merge.sql", listing=listing, next_id=next_id(connection, "transfers"))
    return merged


def merge_transactions(connection: duckdb.DuckDBPyConnection) -> Merged:
    """Merge the temporary table ``staged_transactions``."""
    return run_file(connection, "merge_transactions.sql") if _any(connection, "staged_transactions") else Merged()


def learn_places(connection: duckdb.DuckDBPyConnection) -> int:
    """Let rows learn the place of their transaction; give how many did."""
    if not _any(connection, "transfers WHERE block IS NULL OR tx_index IS NULL"):
        return 0
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE named_transactions AS
        SELECT DISTINCT t.chain, t.tx_hash
        FROM transfers AS t
        SEMI JOIN (SELECT chain, tx_hash FROM in_transfers UNION ALL SELECT chain, tx_hash FROM in_transactions) AS n
            ON t.chain = n.chain AND t.tx_hash = n.tx_hash
        WHERE t.block IS NULL OR t.tx_index IS NULL
    """)
    return run_file(connection, "learn_places.sql").updated if _any(connection, "named_transactions") else 0
