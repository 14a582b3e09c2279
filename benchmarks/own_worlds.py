"""How far the stolen total (E3) is from what was planted, over many synthetic worlds.

Run with `python benchmarks/own_worlds.py --worlds 20`. The worlds are ours, so this shows that the chain loses nothing on its
way; it does not show that real cases are like them.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import cryptotrace as ct
from cryptotrace.testing import World, romance_world


def estimate(world: World, folder: Path) -> ct.Estimate:
    """Run the chain on the files of a world, in memory."""
    world.write(folder)
    store = ct.open_store(":memory:")
    ct.load_transfers(
        store,
        folder / "transfers.csv",
        format="table",
        chain="ethereum",
        complete=True,
        transactions=folder / "transactions.csv",
    )
    ct.load_prices(store, folder / "prices.csv")
    seeds, labels = ct.load_seeds(folder / "seeds.csv"), ct.load_labels(folder / "labels.csv")
    clusters = ct.cluster(store, seeds, labels=labels)
    envelope = ct.trace_all(store, seeds, labels=labels, clusters=clusters)
    return ct.estimate(store, clusters, envelope["haircut"], envelope=envelope)


def errors(worlds: int) -> list[Decimal]:
    """Give the relative error of E3 for each world."""
    found = []
    for seed in range(1, worlds + 1):
        world = romance_world(seed, campaigns=1, victims=8, people=30)
        with tempfile.TemporaryDirectory() as folder:
            central = estimate(world, Path(folder))["E3"].central_usd
        assert central is not None
        found.append((central - world.truth.loss_usd) / world.truth.loss_usd)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20, help="how many (default 20)")
    chosen = parser.parse_args()
    start = time.perf_counter()
    found = errors(chosen.worlds)
    sizes = sorted(abs(error) for error in found)
    print(f"{len(found)} worlds in {time.perf_counter() - start:.0f} s")
    middle, bias = statistics.median(sizes), statistics.mean(found)
    print(f"relative error of E3: median {middle:.4%}, largest {sizes[-1]:.4%}, bias {bias:+.4%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
