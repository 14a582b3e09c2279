"""The benchmark of the ingest measures what a pull really does, and loses no row in doing so."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType


def benchmark() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "ingest.py"
    spec = importlib.util.spec_from_file_location("benchmark_of_ingest", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_benchmark_of_the_ingest_runs_and_counts_its_rows() -> None:
    # How quick that was is no test: a busy machine is slow.
    result = benchmark().measure(2, 1)
    assert result["rows"] == 2_000
    parts = ("json", "decode", "parse", "store", "again")
    named = {f"{prefix}{part}_ratio" for prefix in ("", "native_", "internal_") for part in parts} | {"collect_ratio"}
    assert {name for name in result if name.endswith("_ratio")} == named
    assert all(result[name] > 0 for name in named)
