"""``ethereum_etl``: tables of ethereum-etl (and of the public data sets made with it) as CSV, JSON lines or Parquet.

Read are transactions, receipts, traces, token_transfers and logs; blocks and tokens give times, symbols and decimals. A file
is recognised by its columns. The fee is ``receipt_gas_used`` x ``receipt_effective_gas_price`` (else ``gas_price``); where the
receipts are a file of their own, they are looked up there. ``logs`` and ``token_transfers`` show the same rows and are merged.
ethereum-etl hands the failure of a frame down to those inside; other exporters do not, so nothing relies on it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptotrace.schema import Batch
from cryptotrace.sources.formats.node_rows import read_tables
from cryptotrace.sources.formats.node_tables import Dialect, TableShape
from cryptotrace.sources.intake import Intake, Request

__all__ = ["read"]

_DIALECT: Dialect = {
    name: TableShape(columns=frozenset(columns.split()))
    for name, columns in {
        "transactions": "hash block_number transaction_index from_address to_address value",
        "token_transfers": "token_address from_address to_address value transaction_hash log_index block_number",
        "traces": "transaction_hash from_address to_address value trace_type trace_address block_number",
        "logs": "transaction_hash log_index address topics data block_number",
        "receipts": "transaction_hash gas_used cumulative_gas_used",
        "blocks": "number timestamp",
        "tokens": "address symbol decimals",
    }.items()
}


def read(request: Request, intake: Intake) -> Iterator[Batch]:
    """Yield the rows of all tables."""
    yield from read_tables(request, intake, _DIALECT)
