"""What the adapters take for granted of explorers, checked against the explorers themselves."""

from __future__ import annotations

from cryptotrace.sources.assumptions.catalogue import CHECKED, scripts
from cryptotrace.sources.assumptions.findings import Checks, Finding, read_baseline, write_baseline
from cryptotrace.sources.assumptions.running import MOST_REQUESTS, check_explorers

__all__ = ["CHECKED", "MOST_REQUESTS", "Checks", "Finding", "check_explorers", "read_baseline", "scripts", "write_baseline"]
