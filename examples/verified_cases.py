"""Run the two hand-verified cases of examples/cases under all six policies.

The data are not part of cryptotrace: each case file says which files belong beside it. Nothing is written into their folder.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import cryptotrace as ct

CASES = Path(__file__).resolve().parent / "cases"
NEEDED = ("edges.csv", "sources.txt", "terminals.txt")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m examples verified_cases", description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=CASES, help="folder with lifi-2024/ and xscam-2022/ (default: examples/cases)"
    )
    parser.add_argument("--out", type=Path, help="folder for stores and reports (default: a temporary one)")
    chosen = parser.parse_args(arguments)
    out = chosen.out or Path(tempfile.mkdtemp(prefix="cryptotrace-"))
    ran = 0
    for case in sorted(path.name for path in CASES.iterdir() if (path / "case.toml").is_file()):
        missing = [name for name in NEEDED if not (chosen.data / case / name).is_file()]
        if missing:
            print(f"{case}: left out, {', '.join(missing)} not in {chosen.data / case}; see {CASES / case / 'case.toml'}")
            continue
        folder = out / case
        folder.mkdir(parents=True, exist_ok=True)
        for file in (CASES / case / "case.toml", *(chosen.data / case / name for name in NEEDED)):
            shutil.copyfile(file, folder / file.name)
        result = ct.run_case(folder / "case.toml")
        print(f"\n{case}")
        for row in result.envelope.table.dicts():
            injected, reached = f"{row['injected_usd']:>16,.2f}", f"{row['exits_usd']:>16,.2f}"
            print(f"  {row['policy']:<12} injected {injected}  reached terminals {reached}  terminals {row['terminals']:>4}")
        ratio = result.estimate.throughput_ratio
        print(
            f"  throughput over {result.estimate.throughput_divisor}: {ratio:.2f}" if ratio is not None else "  no throughput"
        )
        print(f"  report: {folder / 'report.html'}")
        ran += 1
    return 0 if ran else 5


if __name__ == "__main__":
    raise SystemExit(main())
