"""The benchmark of what a node gives measures what a pull really does, and loses no row in doing so."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def test_the_benchmark_runs_and_counts_its_rows() -> None:
    # How quick that was is no test: a busy machine is slow.
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "ingest_rpc.py"
    spec = importlib.util.spec_from_file_location("benchmark_of_nodes", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    result = module.measure(2, 1)
    assert result["rows"] == 2_000
    ratios = {name for name in result if name.endswith("_ratio")}
    assert ratios == {f"{stream}_{part}_ratio" for stream in ("token", "internal") for part in ("loads", *module.GOALS)}
    assert all(result[name] > 0 for name in ratios)
