"""From scam seeds to a stolen total with a range, compared like with like.

Importing this package does nothing and costs nothing: every name below is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cryptotrace._version import __version__

if TYPE_CHECKING:
    from cryptotrace.case import CaseResult, run_case
    from cryptotrace.clustering import Clusters, cluster
    from cryptotrace.collect import load_prices, load_transfers
    from cryptotrace.errors import CryptotraceError
    from cryptotrace.estimates import Comparison, Estimate, compare, estimate
    from cryptotrace.hygiene import Exclusions, clean
    from cryptotrace.labels import load_labels, load_seeds
    from cryptotrace.model import (
        ALL,
        Coverage,
        Fifo,
        Haircut,
        Label,
        Labels,
        Lifo,
        Poison,
        Scope,
        Seed,
        Seeds,
        TaintFirst,
        TaintLast,
    )
    from cryptotrace.registry import ReportedTotals, reported_totals
    from cryptotrace.reports import ReportPaths, write_report
    from cryptotrace.store import Store, open_store
    from cryptotrace.tracing import Envelope, Trace, trace, trace_all

__all__ = [
    "ALL",
    "CaseResult",
    "Clusters",
    "Comparison",
    "Coverage",
    "CryptotraceError",
    "Envelope",
    "Estimate",
    "Exclusions",
    "Fifo",
    "Haircut",
    "Label",
    "Labels",
    "Lifo",
    "Poison",
    "ReportPaths",
    "ReportedTotals",
    "Scope",
    "Seed",
    "Seeds",
    "Store",
    "TaintFirst",
    "TaintLast",
    "Trace",
    "__version__",
    "clean",
    "cluster",
    "compare",
    "estimate",
    "load_labels",
    "load_prices",
    "load_seeds",
    "load_transfers",
    "open_store",
    "reported_totals",
    "run_case",
    "trace",
    "trace_all",
    "write_report",
]

_HOMES = {
    "case": ("CaseResult", "run_case"),
    "clustering": ("Clusters", "cluster"),
    "collect": ("load_prices", "load_transfers"),
    "errors": ("CryptotraceError",),
    "estimates": ("Comparison", "Estimate", "compare", "estimate"),
    "hygiene": ("Exclusions", "clean"),
    "labels": ("load_labels", "load_seeds"),
    "model": (
        "ALL", "Coverage", "Fifo", "Haircut", "Label", "Labels", "Lifo", "Poison", "Scope", "Seed", "Seeds", "TaintFirst",
        "TaintLast",
    ),
    "registry": ("ReportedTotals", "reported_totals"),
    "reports": ("ReportPaths", "write_report"),
    "store": ("Store", "open_store"),
    "tracing": ("Envelope", "Trace", "trace", "trace_all"),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'cryptotrace' has no attribute {name!r}")
    value = getattr(import_module(f"cryptotrace.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
