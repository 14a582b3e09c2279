"""Merging what arrived into transfers and transactions: counting where that is enough, position by position where it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

    from cryptotrace.store.known import Blocks

__all__ = [
    "Merged",
    "inserted",
    "learn_places",
    "merge_transactions",
    "merge_transfers",
    "next_id",
    "number",
    "run_file",
]

_LAST = 2**62
"""Beyond every block."""


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
        touched = _first(connection.execute(statement, needed).fetchall())
        if verb in {"INSERT", "UPDATE"}:
            merged += Merged(inserted=touched) if verb == "INSERT" else Merged(updated=touched)
    return merged


def inserted(connection: duckdb.DuckDBPyConnection, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> int:
    """Run one insert; give how many rows it added."""
    return _first(connection.execute(statement, values).fetchall())


def next_id(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Give the first id that is free."""
    return number(connection, f"SELECT coalesce(max(id), 0) + 1 FROM {table}")


def number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """Give the one number that a query finds."""
    return _first(connection.execute(query).fetchall())


def _first(rows: list[tuple[Any, ...]]) -> int:
    """Read the number that a statement gives; results are fetched whole, else the connection stays busy with them."""
    return int(rows[0][0]) if rows else 0


def _any(connection: duckdb.DuckDBPyConnection, rows: str) -> bool:
    return bool(connection.execute(f"SELECT 1 FROM {rows} LIMIT 1").fetchall())


def merge_transfers(connection: duckdb.DuckDBPyConnection, first_new: int) -> Merged:
    """Merge the view ``arrived``; every group of equal rows is settled by counting, or else listing by listing.

    Accounts from the id ``first_new`` on came with these rows.
    """
    run_file(connection, "settle.sql", first_new=first_new)
    seen, silent, arrived = (
        number(connection, sql)
        for sql in ("SELECT count(*) FROM seen", "SELECT count(*) FROM seen WHERE is_silent", "SELECT count(*) FROM arrived")
    )
    has_several = _any(connection, "several")
    if seen and silent == arrived and not has_several:
        return Merged()
    if seen:
        run_file(connection, "settle_known.sql")
    else:
        connection.execute("CREATE OR REPLACE TEMP TABLE staged AS SELECT * FROM arrived LIMIT 0")
    new_rows = "rows_of_new_groups" if seen else "arrived"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW new_rows AS SELECT * FROM {new_rows}")
    merged = Merged()
    if _any(connection, "new_rows"):
        if has_several:
            run_file(connection, "settle_several.sql")
        else:
            connection.execute("CREATE OR REPLACE TEMP TABLE sized AS SELECT *, 0 AS size, 0 AS ordinal FROM arrived LIMIT 0")
        merged += run_file(connection, "settle_new.sql", next_id=next_id(connection, "transfers"))
    listings = connection.execute("SELECT DISTINCT listing FROM staged ORDER BY listing").fetchall()
    for (listing,) in listings:
        merged += run_file(connection, "merge.sql", listing=listing, next_id=next_id(connection, "transfers"))
    return merged


def merge_transactions(connection: duckdb.DuckDBPyConnection) -> Merged:
    """Merge the view ``staged_transactions``."""
    return run_file(connection, "merge_transactions.sql") if _any(connection, "staged_transactions") else Merged()


def learn_places(connection: duckdb.DuckDBPyConnection, blocks: Blocks, *, is_new: bool) -> int:
    """Let rows learn the place of their transaction; give how many did.

    ``is_new`` says whether transfers were added: those learn from what was stored before, all others from this load alone.
    """
    lacking = {fact: _any(connection, f"transfers WHERE {fact} IS NULL") for fact in ("block", "tx_index")}
    told = ["open_transfers", "open_transactions", *(("transfers", "transactions") if is_new else ())]
    if not any(
        lacks and any(_any(connection, f"{rows} WHERE {fact} IS NOT NULL") for rows in told) for fact, lacks in lacking.items()
    ):
        return 0
    first, last = (blocks.first, blocks.last) if not blocks.has_unknown else (None, None)
    return run_file(
        connection,
        "learn_places.sql",
        of_blocks=lacking["block"],
        first=0 if first is None else first,
        last=_LAST if last is None else last,
    ).updated
