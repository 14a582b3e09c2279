"""What EVM nodes, and explorers in their words, say of logs, receipts and traces: pure readers that every explorer calls."""

from __future__ import annotations

from cryptotrace.sources.evm.logs import Log, kind_of, read_log, read_logs
from cryptotrace.sources.evm.receipts import Receipt, Transaction, batch_of, read_receipt, read_transaction
from cryptotrace.sources.evm.traces import (
    Frame,
    Place,
    frames_of_items,
    frames_of_tree,
    incomplete,
    read_call_tree,
    read_trace_items,
)

__all__ = [
    "Frame",
    "Log",
    "Place",
    "Receipt",
    "Transaction",
    "batch_of",
    "frames_of_items",
    "frames_of_tree",
    "incomplete",
    "kind_of",
    "read_call_tree",
    "read_log",
    "read_logs",
    "read_receipt",
    "read_trace_items",
    "read_transaction",
]
