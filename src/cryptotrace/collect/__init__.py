"""From sources to the store."""

from __future__ import annotations

from cryptotrace.collect.files import load_prices, load_transfers

__all__ = ["load_prices", "load_transfers"]
