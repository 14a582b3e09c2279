"""How long `import cryptotrace` takes over bare Python: the median of nine fresh processes each.

Run with `python benchmarks/import_time.py`; `--json` prints numbers for machines.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

RUNS = 9
BUDGET_MS = 100
PROGRAMS = {"bare": "pass", "import": "import cryptotrace"}


def one_process(program: str) -> float:
    """Give the wall time of one fresh interpreter in milliseconds."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return 1000 * (time.perf_counter() - start)


def measure(runs: int = RUNS) -> dict[str, float]:
    """Measure both programs in turns, so that a busy machine hits both alike; the first round only warms the disk."""
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for turn in range(runs + 1):
        for name, program in PROGRAMS.items():
            took = one_process(program)
            if turn:
                times[name].append(took)
    return {name: statistics.median(taken) for name, taken in times.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print numbers for machines")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"fresh processes each (default {RUNS})")
    chosen = parser.parse_args()
    median = measure(chosen.runs)
    over = median["import"] - median["bare"]
    if chosen.json:
        print(json.dumps({"bare_ms": median["bare"], "import_ms": median["import"], "over_ms": over, "runs": chosen.runs}))
    else:
        print(f"bare Python         {median['bare']:7.1f} ms")
        print(f"import cryptotrace  {median['import']:7.1f} ms  ({median['import'] / median['bare']:.2f} times)")
        print(f"over bare Python    {over:7.1f} ms  (budget {BUDGET_MS} ms, median of {chosen.runs} fresh processes)")
    return 0 if over <= BUDGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
