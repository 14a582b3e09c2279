"""The two hand-verified cases under all six policies, as a Markdown table.

Run with `python benchmarks/verified_cases.py --data FOLDER`, where FOLDER holds lifi-2024/ and xscam-2022/ with edges.csv,
sources.txt and terminals.txt (examples/cases says where they are published).
"""

from __future__ import annotations

import argparse
import sys
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import cryptotrace as ct

CASES = ("lifi-2024", "xscam-2022")


def run(folder: Path) -> tuple[ct.Envelope, ct.Estimate]:
    """Trace one case in memory."""
    store = ct.open_store(":memory:")
    ct.load_transfers(store, folder / "edges.csv", format="usd_edges", chain="ethereum", complete=True)
    seeds = ct.load_seeds(folder / "sources.txt", chain="ethereum", injects="outflow", category="hack")
    labels = ct.load_labels(folder / "terminals.txt", chain="ethereum", category="terminal", boundary=True)
    envelope = ct.trace_all(store, seeds, labels=labels)
    return envelope, ct.estimate(store, None, envelope["haircut"], envelope=envelope)


def _dollars(value: Decimal | None) -> str:
    return "unknown" if value is None else f"{value.quantize(Decimal(1), ROUND_HALF_UP):,}"


def table(data: Path) -> str:
    """Write policy by case: dollars into terminals, and how many of them were reached."""
    found = {case: run(data / case) for case in CASES}
    lines = ["| policy | " + " | ".join(f"{case}: USD into terminals | terminals" for case in CASES) + " |"]
    lines.append("|---" * (2 * len(CASES) + 1) + "|")
    for policy in found[CASES[0]][0].traces:
        cells = []
        for envelope, _ in found.values():
            rows = envelope[policy].table("terminals").dicts()
            ends = {(row["chain"], row["address"]) for row in rows if row["category"] == "terminal"}
            cells.append(f"{_dollars(envelope[policy].totals.exits)} | {len(ends)}")
        lines.append(f"| `{policy}` | {' | '.join(cells)} |")
    ratios = [f"{estimate.throughput_ratio:.2f}" for _, estimate in found.values() if estimate.throughput_ratio is not None]
    lines.append(f"| throughput over source outflow | {' | | '.join(ratios)} | |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with lifi-2024/ and xscam-2022/")
    data = parser.parse_args().data
    missing = [str(data / case / "edges.csv") for case in CASES if not (data / case / "edges.csv").is_file()]
    if missing:
        print(f"not there: {', '.join(missing)}", file=sys.stderr)
        return 5
    print(table(data))
    return 0


if __name__ == "__main__":
    sys.exit(main())
