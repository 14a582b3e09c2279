"""Where rows come from: files and explorers. Yields values and knows no store; the only code that touches the network."""

from __future__ import annotations

from cryptotrace.sources.explorers import EXPLORER_NAMES
from cryptotrace.sources.files import read_prices, read_transfers
from cryptotrace.sources.opening import open_source, source_over

__all__ = ["EXPLORER_NAMES", "open_source", "read_prices", "read_transfers", "source_over"]
