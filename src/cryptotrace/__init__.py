"""From scam seeds to a stolen total with a range, compared like with like.

Importing this package does nothing and costs nothing: every name below is loaded when it is first used.
"""

from __future__ import annotations

import sys as _sys
from importlib import import_module
from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING, Any

from cryptotrace._version import __version__

if TYPE_CHECKING:
    from cryptotrace.case import CaseResult, run_case
    from cryptotrace.clustering import Clusters, cluster
    from cryptotrace.collect import (
        CrossCheck,
        Freezes,
        Plan,
        Proofs,
        collect,
        collect_freezes,
        cross_check,
        freezes,
        frozen_seeds,
        load_prices,
        load_transfers,
        plan_collect,
        proofs,
        prove,
        replay,
    )
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
    from cryptotrace.settings import Secret, Settings
    from cryptotrace.sources import open_source
    from cryptotrace.store import Store, open_store
    from cryptotrace.tracing import Envelope, Trace, trace, trace_all

__all__ = [
    "ALL",
    "CaseResult",
    "Clusters",
    "Comparison",
    "Coverage",
    "CrossCheck",
    "CryptotraceError",
    "Envelope",
    "Estimate",
    "Exclusions",
    "Fifo",
    "Freezes",
    "Haircut",
    "Label",
    "Labels",
    "Lifo",
    "Plan",
    "Poison",
    "Proofs",
    "ReportPaths",
    "ReportedTotals",
    "Scope",
    "Secret",
    "Seed",
    "Seeds",
    "Settings",
    "Store",
    "TaintFirst",
    "TaintLast",
    "Trace",
    "__version__",
    "clean",
    "cluster",
    "collect",
    "collect_freezes",
    "compare",
    "cross_check",
    "estimate",
    "freezes",
    "frozen_seeds",
    "load_labels",
    "load_prices",
    "load_seeds",
    "load_transfers",
    "open_source",
    "open_store",
    "plan_collect",
    "proofs",
    "prove",
    "replay",
    "reported_totals",
    "run_case",
    "trace",
    "trace_all",
    "write_report",
]

_HOMES = {
    "case": ("CaseResult", "run_case"),
    "clustering": ("Clusters", "cluster"),
    "collect": (
        "CrossCheck", "Freezes", "Plan", "Proofs", "collect", "collect_freezes", "cross_check", "freezes", "frozen_seeds",
        "load_prices", "load_transfers", "plan_collect", "proofs", "prove", "replay",
    ),
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
    "settings": ("Secret", "Settings"),
    "sources": ("open_source",),
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


class _Names(_ModuleType):
    """Keeps the verb ``collect`` where the package of the same name would take its place as it is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _HOME_OF or not isinstance(value, _ModuleType):
            super().__setattr__(name, value)


_sys.modules[__name__].__class__ = _Names
