"""One fee a transaction, however many lists name one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptotrace.store.merging import run_file

if TYPE_CHECKING:
    import duckdb

__all__ = ["settle_fees"]


def settle_fees(connection: duckdb.DuckDBPyConnection) -> int:
    """Leave the largest fee of each transaction in ``arrived`` and the store; give how many others went to ``rejects``."""
    if connection.execute("SELECT 1 FROM arrived WHERE kind = 'fee' AND position = 'own' LIMIT 1").fetchall() == []:
        return 0
    return run_file(connection, "fees.sql").inserted
