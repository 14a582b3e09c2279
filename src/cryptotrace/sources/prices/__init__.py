"""Dollar prices from the network: who is asked, what is asked, and what an answer says. Knows no store."""

from __future__ import annotations

from cryptotrace.sources.prices.base import Found, Gap, Need, PriceSource, Quote
from cryptotrace.sources.prices.opening import ORACLES, open_prices, prices_over

__all__ = ["ORACLES", "Found", "Gap", "Need", "PriceSource", "Quote", "open_prices", "prices_over"]
