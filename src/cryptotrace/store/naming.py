"""Ids in place of addresses: each becomes an account before a row is compared with a stored one.

Rows that are still in Arrow are encoded there, and the engine is asked about names that differ, not about rows. Rows that were
spilled to temporary tables are joined by the engine (``accounts.sql``, ``arrive.sql``). Either way gives the same ids: new
names are numbered in an order that depends on the rows alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cryptotrace.store.encoding import codes_of, renumbered, with_ids
from cryptotrace.store.merging import run_file
from cryptotrace.store.staging import show

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from cryptotrace.store.encoding import Numbers
    from cryptotrace.store.staging import Staged

__all__ = ["name_rows"]

_ENDS = (("transfers", "sender"), ("transfers", "receiver"), ("transactions", "signer"), ("transactions", "receiver"))
"""The columns that name an account."""


def name_rows(connection: duckdb.DuckDBPyConnection, rows: Mapping[str, Staged], first: int) -> int:
    """Make ``named_transfers`` and ``named_transactions``: the rows under ``open_``, with ids; give how many accounts are new.

    These are numbered from ``first``, the first free id. Ids stand in columns of their own, ``sender_id`` beside ``sender``.

    Notes
    -----
    O(rows), plus one look through the addresses of the store.
    """
    tables = {name: table for name, _ in _ENDS if (table := rows[name].table) is not None}
    if any(name not in tables for name, _ in _ENDS):
        new = run_file(connection, "accounts.sql", next_id=first).inserted
        run_file(connection, "arrive.sql")
        return new
    codes, names = _names_in(tables)
    ids, new = _account_ids(connection, names, first)
    at = 0
    for name, column in _ENDS:
        count = tables[name].num_rows
        tables[name] = with_ids(tables[name], f"{column}_id", ids[codes[at : at + count]])
        at += count
    for name, table in tables.items():
        show(connection, f"named_{name}", table)
    return new


def _names_in(tables: Mapping[str, pa.Table]) -> tuple[Numbers, pa.Table]:
    """Give a number for each account of these rows, column by column; the number after the last is that of none.

    Also gives a table of what they stand for: ``code``, ``chain``, ``address``.
    """
    import numpy as np
    import pyarrow as pa

    codes, addresses = codes_of([tables[name].column(column) for name, column in _ENDS])
    of_transfers = tables["transfers"].num_rows
    of_rows, chains = codes_of([tables[name].column("chain") for name in ("transfers", "transactions")])
    many = max(1, len(chains))
    if many == 1:
        chain_codes = np.zeros(len(addresses), dtype=np.int64)
    else:
        parts = {"transfers": of_rows[:of_transfers], "transactions": of_rows[of_transfers:]}
        of_row = np.concatenate([parts[name] for name, _ in _ENDS])
        nobody = len(addresses) * many
        found, codes = renumbered(np.where(codes == len(addresses), nobody, codes * many + of_row), nobody + 1)
        found = found[found < nobody]
        addresses, chain_codes = addresses.take(pa.array(found // many)), found % many
    return codes, pa.table({
        "code": pa.array(np.arange(len(addresses))), "chain": chains.take(pa.array(chain_codes)), "address": addresses,
    })  # fmt: skip


def _account_ids(connection: duckdb.DuckDBPyConnection, names: pa.Table, first: int) -> tuple[Numbers, int]:
    """Give the id of each name, 0 for none behind them, and how many accounts are new; those are added."""
    import numpy as np
    import pyarrow as pa

    ids = np.zeros(names.num_rows + 1, dtype=np.int64)
    connection.register("some_names", names)
    if first > 1:
        known = connection.sql(
            "SELECT n.code, a.id FROM some_names AS n JOIN accounts AS a ON a.chain = n.chain AND a.address = n.address"
        ).to_arrow_table()
        ids[known["code"].to_numpy()] = known["id"].to_numpy()
    new = np.flatnonzero(ids[:-1] == 0)
    if len(new):
        connection.register("some_names", names if len(new) == names.num_rows else names.take(pa.array(new)))
        order = connection.sql("SELECT code FROM some_names ORDER BY address, chain").to_arrow_table()["code"]
        ids[order.to_numpy()] = np.arange(first, first + len(new))
        added = names.take(order)
        connection.register("some_names", with_ids(added, "id", ids[order.to_numpy()]))
        connection.execute("INSERT INTO accounts SELECT id, chain, address FROM some_names")
    connection.unregister("some_names")
    return ids, len(new)
