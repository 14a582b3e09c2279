"""The logical digest: two runs are the same when these are the same.

Rows are sorted by the table's key, ids replaced by names, query times left out; the text is CSV in UTF-8 with LF, whole
numbers and decimals plain, times ISO 8601 with Z, unknown empty.
"""

from __future__ import annotations

import csv
import hashlib
import io
from typing import TYPE_CHECKING

from cryptotrace.model import cell_text
from cryptotrace.schema import STORED, Table

if TYPE_CHECKING:
    from cryptotrace.store.base import Store

__all__ = ["logical_rows", "table_digests"]

_NAMES = {
    "transfers": {"sender": "accounts", "receiver": "accounts", "asset": "assets"},
    "transactions": {"signer": "accounts", "receiver": "accounts"},
}
_SKIPPED = {"meta", "runs"}


def logical_rows(store: Store, table: Table) -> list[tuple[str, ...]]:
    """Give the rows of a table as text, sorted, ids replaced by names; O(n log n)."""
    if table.name == "exclusions":
        sql = """
            SELECT t.chain, t.tx_hash, t.kind, s.address, r.address, a.name, t.amount, t.ordinal, e.reason, e.detail
            FROM exclusions AS e JOIN transfers AS t ON t.id = e.transfer
            LEFT JOIN accounts AS s ON s.id = t.sender LEFT JOIN accounts AS r ON r.id = t.receiver
            LEFT JOIN assets AS a ON a.id = t.asset
        """
    else:
        named = _NAMES.get(table.name, {})
        parts, joins = [], []
        for column in table.columns:
            if not column.digest:
                continue
            other = named.get(column.name)
            if other is None:
                parts.append(f"t.{column.name}")
                continue
            alias = f"n_{column.name}"
            parts.append(f"{alias}.{'address' if other == 'accounts' else 'name'}")
            joins.append(f"LEFT JOIN {other} AS {alias} ON {alias}.id = t.{column.name}")
        sql = f"SELECT {', '.join(parts)} FROM {table.name} AS t {' '.join(joins)}"
    return sorted(tuple(cell_text(cell) for cell in row) for row in store.rows(sql))


def table_digests(store: Store) -> dict[str, str]:
    """Give table name -> SHA-256 of its logical rows."""
    digests = {}
    for table in STORED.values():
        if table.name in _SKIPPED:
            continue
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(logical_rows(store, table))
        digests[table.name] = hashlib.sha256(out.getvalue().encode()).hexdigest()
    return digests
