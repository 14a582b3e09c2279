"""The tables of a new store file.

Hashes and addresses look random: packing them halves them, and takes as long as everything else about writing a row. They are
left as they are (decision 0010).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptotrace.schema import STORED

if TYPE_CHECKING:
    import duckdb

__all__ = ["make_tables"]

_UNPACKED = {"accounts": "address", "transactions": "tx_hash", "transfers": "tx_hash"}


def make_tables(connection: duckdb.DuckDBPyConnection, *, packed: bool = False) -> None:
    """Make every table; ``packed`` as stores were made before hashes and addresses were left as they are."""
    for name, table in STORED.items():
        statement = table.ddl()
        if name in _UNPACKED and not packed:
            column = f'"{_UNPACKED[name]}" VARCHAR'
            statement = statement.replace(column, f"{column} USING COMPRESSION uncompressed")
        connection.execute(statement)
