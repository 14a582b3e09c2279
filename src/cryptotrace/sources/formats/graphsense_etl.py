"""``graphsense_etl``: raw tables of GraphSense in camelCase (transactions, traces, logs, blocks).

``traceId`` holds kind, transaction and path; it ends in ``_`` at the root. The tables have no receipt status: a transaction
succeeded where its root trace did. Some exact integers stand in exponent form (``199e17``). Logs are JSON lines with hex
fields. The fee is ``receiptGasUsed`` x ``gasPrice``, which nodes give as the price that was paid.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptotrace.schema import Batch
from cryptotrace.sources.formats.node_rows import read_tables
from cryptotrace.sources.formats.node_tables import Dialect, TableShape
from cryptotrace.sources.intake import Intake, Request

__all__ = ["read"]

_SHARED = {
    "block_number": "blockId",
    "transaction_hash": "txHash",
    "transaction_index": "transactionIndex",
    "from_address": "fromAddress",
    "to_address": "toAddress",
    "block_timestamp": "blockTimestamp",
}
_DIALECT: Dialect = {
    "transactions": TableShape(
        columns=frozenset(("txHash", "blockId", "transactionIndex", "fromAddress", "toAddress", "value", "gasPrice")),
        names={
            **_SHARED,
            "hash": "txHash",
            "gas_price": "gasPrice",
            "receipt_gas_used": "receiptGasUsed",
            "receipt_status": "receiptStatus",
            "receipt_effective_gas_price": "receiptEffectiveGasPrice",
            "receipt_contract_address": "receiptContractAddress",
        },
    ),
    "traces": TableShape(
        columns=frozenset(("traceId", "blockId", "fromAddress", "toAddress", "value", "status", "callType", "txHash")),
        names={**_SHARED, "trace_id": "traceId", "trace_index": "traceIndex", "call_type": "callType"},
    ),
    "logs": TableShape(
        columns=frozenset(("txHash", "blockId", "logIndex", "address", "topics", "data")),
        names={**_SHARED, "log_index": "logIndex"},
    ),
    "blocks": TableShape(columns=frozenset(("blockId", "blockHash", "timestamp")), names={"number": "blockId"}),
}


def read(request: Request, intake: Intake) -> Iterator[Batch]:
    """Yield the rows of all tables."""
    yield from read_tables(request, intake, _DIALECT)
