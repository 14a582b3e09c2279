"""What coins learn from rows that came before or after them: who spent them, and which spend an input is of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cryptotrace.store.merging import run_file

if TYPE_CHECKING:
    import duckdb

__all__ = ["learn_coins"]


def learn_coins(connection: duckdb.DuckDBPyConnection, arrived: Mapping[str, int]) -> int:
    """Fill gaps of inputs, mark outputs as spent, and let newer word on unconfirmed transactions take the place of older.

    Parameters
    ----------
    connection : DuckDBPyConnection
        With the rows that came already in their tables.
    arrived : mapping
        Table -> rows that came.

    Returns
    -------
    int
        Rows that changed. In whatever order rows come, the tables are the same in the end.

    Notes
    -----
    O(rows that came), plus one look through the inputs and outputs of the store.
    """
    changed = 0
    if arrived["tx_inputs"]:
        changed += run_file(connection, "coins_inputs.sql").updated
    if arrived["tx_outputs"]:
        changed += run_file(connection, "coins_outputs.sql").updated
    if arrived["unconfirmed"] or arrived["coverage"]:
        changed += run_file(connection, "unconfirmed.sql").updated
    return changed
