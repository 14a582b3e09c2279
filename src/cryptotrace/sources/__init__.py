"""Where rows come from: files now, explorers later. Yields batches of text rows and knows no store."""

from __future__ import annotations

from cryptotrace.sources.files import read_prices, read_transfers

__all__ = ["read_prices", "read_transfers"]
