"""What a store that somebody else made may hold: exactly our tables, and nothing that could change what a query means.

A macro named ``sum`` inside the file would take the place of the engine's own ``sum``, so everything that is not one of our
tables is refused. The catalogue is read through the engine's own functions by their full names, which a file cannot replace.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import duckdb

from cryptotrace.errors import NotAStoreError
from cryptotrace.schema import SCHEMA_VERSION, STORED
from cryptotrace.store.making import make_tables

__all__ = ["check_content"]

_STRANGERS = {
    "schemas": "schema_name",
    "functions": "function_name",
    "views": "view_name",
    "sequences": "sequence_name",
    "types": "type_name",
    "indexes": "index_name",
}


def check_content(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Accept only a store that holds exactly our tables, as we make them, and nothing else.

    Raises
    ------
    NotAStoreError
        If it holds anything else, or tables of another schema version.
    """
    found = _tables(connection)
    strangers = [name for kind, column in _STRANGERS.items() for name in _own(connection, kind, column)]
    if strangers or {name for name, _ in found} != set(STORED):
        raise NotAStoreError(
            "a DuckDB file, but not a case store",
            where=str(path),
            hint="Name a store that cryptotrace made, or a new file",
        )
    if (
        found not in _expected()
        or (str(SCHEMA_VERSION),) != connection.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
    ):
        raise NotAStoreError(
            "a case store of another version",
            where=str(path),
            hint="Load the input again into a new store, or use the version of cryptotrace that made it",
        )


def _own(connection: duckdb.DuckDBPyConnection, kind: str, column: str) -> list[str]:
    internal = "false" if kind in {"sequences", "indexes"} else "internal"
    rows = connection.execute(f"SELECT {column}, {internal} FROM system.main.duckdb_{kind}()").fetchall()
    return [name for name, is_internal in rows if not is_internal]


def _tables(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    return set(connection.execute("SELECT table_name, sql FROM system.main.duckdb_tables()").fetchall())


@cache
def _expected() -> tuple[frozenset[tuple[str, str]], ...]:
    """Our tables as this engine writes them: types, defaults, checks and generated columns all show in the text."""
    return tuple(_made(packed=packed) for packed in (False, True))


def _made(*, packed: bool) -> frozenset[tuple[str, str]]:
    with duckdb.connect(":memory:") as connection:
        make_tables(connection, packed=packed)
        return frozenset(_tables(connection))
