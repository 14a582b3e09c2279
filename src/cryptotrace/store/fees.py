"""One fee a transaction, however many lists name one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptotrace.store.merging import run_file

if TYPE_CHECKING:
    import duckdb

__all__ = ["settle_fees"]

_OWN = "kind = 'fee' AND (position = 'own' OR (chain = 'tron' AND input_row IS NULL))"
"""As in fees.sql."""


def settle_fees(connection: duckdb.DuckDBPyConnection) -> int:
    """Leave the largest fee of each transaction in ``arrived`` and the store; give how many others went to ``rejects``."""
    if connection.execute(f"SELECT 1 FROM arrived WHERE {_OWN} LIMIT 1").fetchall() == []:
        return 0
    return run_file(connection, "fees.sql").inserted
