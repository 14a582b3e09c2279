"""The chain on worlds that come as files with their truth: what was planted beside what is found.

Run with `python benchmarks/worlds_with_truth.py FOLDER [KIND]`: every sub-folder of FOLDER is a world (its README there says
what is in it). Dollars are thousands. Only part of the fraud addresses is reported in these worlds, and this version joins no
addresses by behaviour, so E1 to E4 lie below the truth where addresses are missing and above it where an unreported fraud
address pays a reported one.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import cryptotrace as ct

HEAD = (
    "world", "gross", "net", "E1", "E2", "E3 low", "E3", "exits fifo", "exits haircut", "E4 low", "E4", "E4 high", "USDT rests",
    "USDT found at rest", "frontier", "planted noise", "left out",
)  # fmt: skip


def file_of(folder: Path, name: str) -> Path:
    packed = folder / f"{name}.gz"
    return packed if packed.exists() else folder / name


def truth_of(folder: Path) -> Mapping[str, Any]:
    path = file_of(folder, "truth.json")
    data = path.read_bytes()
    found: Mapping[str, Any] = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    return found


def thousands(value: Decimal | None) -> str:
    return "unknown" if value is None else f"{value / 1000:,.0f}"


def planted(truth: Mapping[str, Any], policy: str) -> Decimal:
    """Sum in dollars what reached ends in the truth's own replay."""
    rows = truth["overall_replay"].get(f"{policy}_stop", {}).get("exits", ())
    return sum((Decimal(row["usd"]) for row in rows), Decimal(0))


def resting_usdt(truth: Mapping[str, Any]) -> Decimal:
    """Sum the USDT that rests in the truth's haircut replay; the truth values no rest in dollars."""
    rows = truth["overall_replay"].get("haircut_stop", {}).get("resting", ())
    return Decimal(sum(row["amount"] for row in rows if row["asset"] == "USDT")) / 10**6


def measure(folder: Path) -> tuple[str, ...]:
    """Run the chain on one world and give a row of the table."""
    truth = truth_of(folder)
    store = ct.open_store(":memory:")
    coverage = folder / "coverage.csv"
    ct.load_transfers(
        store,
        file_of(folder, "transfers.csv"),
        format="table",
        transactions=file_of(folder, "transactions.csv"),
        approvals=folder / "approvals.csv",
        complete=True,
        coverage=coverage if coverage.exists() else None,
    )
    ct.load_prices(store, folder / "prices.csv")
    seeds, labels = ct.load_seeds(folder / "seeds.csv"), ct.load_labels(folder / "labels.csv")
    excluded = {row["reason"]: row["transfers"] for row in ct.clean(store, labels=labels).table.dicts() if row["transfers"]}
    clusters = ct.cluster(store, seeds, labels=labels)
    envelope = ct.trace_all(store, seeds, labels=labels, clusters=clusters)
    trace = envelope["haircut"]
    found = ct.estimate(store, clusters, trace, envelope=envelope)
    campaigns = truth["campaigns"]
    rests = list(trace.table("resting").dicts())
    return (
        folder.name,
        thousands(sum((Decimal(one["gross"]["usd"]) for one in campaigns), Decimal(0))),
        thousands(sum((Decimal(one["net_of_losing_victims_usd"]) for one in campaigns), Decimal(0))),
        *(thousands(found[rung].central_usd) for rung in ("E1", "E2")),
        thousands(found["E3"].low_usd),
        thousands(found["E3"].central_usd),
        *(thousands(planted(truth, policy)) for policy in ("fifo", "haircut")),
        thousands(found["E4"].low_usd),
        thousands(found["E4"].central_usd),
        thousands(found["E4"].high_usd),
        thousands(resting_usdt(truth)),
        thousands(Decimal(sum(row["tainted_amount"] for row in rests if row["asset"] == "USDT")) / 10**6),
        thousands(trace.totals.frontier),
        " ".join(f"{kind} {count}" for kind, count in sorted(Counter(row["kind"] for row in truth["unwanted_rows"]).items())),
        " ".join(f"{reason} {count}" for reason, count in sorted(excluded.items())),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of worlds")
    parser.add_argument("kind", nargs="?", default="", help="only worlds whose name begins so")
    chosen = parser.parse_args()
    folders = sorted(path for path in chosen.folder.iterdir() if path.is_dir() and path.name.startswith(chosen.kind))
    print(" | ".join(HEAD))
    for folder in folders:
        print(" | ".join(measure(folder)), flush=True)
    return 0 if folders else 1


if __name__ == "__main__":
    sys.exit(main())
