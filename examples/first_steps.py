"""First steps: every verb of the chain on a synthetic romance-baiting case, with the answer beside the planted truth.

Needs no key and no network, and takes a few seconds.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cryptotrace as ct
from cryptotrace.testing import romance_world


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m examples first_steps", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="seed of the synthetic world (default 7)")
    parser.add_argument("--out", type=Path, help="folder for the case and its report (default: a temporary one)")
    chosen = parser.parse_args(arguments)
    folder = chosen.out or Path(tempfile.mkdtemp(prefix="cryptotrace-"))

    # A world is a folder of files, as a case of your own would be: transfers, seeds, labels, prices.
    world = romance_world(chosen.seed, campaigns=1, victims=8, people=30)
    world.write(folder)

    store = ct.open_store(folder / "first-steps.duckdb")
    loaded = ct.load_transfers(
        store,
        folder / "transfers.csv",
        format="table",
        chain="ethereum",
        transactions=folder / "transactions.csv",
        approvals=folder / "approvals.csv",
        complete=True,
    )
    ct.load_prices(store, folder / "prices.csv")
    seeds = ct.load_seeds(folder / "seeds.csv")
    labels = ct.load_labels(folder / "labels.csv")
    print(loaded)
    print(f"{len(seeds)} seeds, {len(labels)} labels")

    # What is not money leaves the ledger, each row with its reason.
    print(ct.clean(store, labels=labels))

    clusters = ct.cluster(store, seeds, labels=labels)
    envelope = ct.trace_all(store, seeds, labels=labels, clusters=clusters)
    trace = envelope["haircut"]
    print(trace)
    least, most = envelope.band("exits")
    print(f"reached exits, over five ways to follow mixed money: {least:,.2f} to {most:,.2f} USD")

    scope = ct.Scope(category="romance_baiting", population="census")
    estimate = ct.estimate(store, clusters, trace, envelope=envelope, scope=scope)
    print(estimate)

    comparison = ct.compare(estimate, ct.reported_totals(period="2023"))
    print(f"{len(comparison.comparable)} of {len(comparison)} reported figures can be compared")

    paths = ct.write_report(folder / "report.html", store, trace, estimate, comparison, envelope=envelope)
    stolen = estimate["E3"].central_usd
    print(f"stolen (E3): {stolen:,.2f} USD; planted in this synthetic world: {world.truth.loss_usd:,.2f} USD")
    print(f"open {paths.html}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
