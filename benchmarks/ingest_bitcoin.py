"""How quickly pages of Bitcoin transactions become stored rows, beside what decoding the same pages costs in the same run.

Run with `python benchmarks/ingest_bitcoin.py`; `--json` prints numbers for machines. A page holds 25 transactions; a row is an
input, an output or a transaction. Reading takes the hash of every transaction anew, which decoding does not. Explorers give a
few pages a second at most, so a pull waits for them and not for this.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable

import cryptotrace as ct
from cryptotrace.schema import Batch
from cryptotrace.sources.bitcoin.coins import CoinTransaction, add_coins
from cryptotrace.sources.bitcoin.esplora_rows import read_transactions
from cryptotrace.testing.explorers import random_coin_chain
from cryptotrace.testing.explorers.esplora import tx_json

PAGE = 25


def pages(blocks: int) -> tuple[list[bytes], int]:
    """Give pages of a synthetic chain, and how many rows they become."""
    chain = random_coin_chain(1, blocks=blocks, addresses=60, transactions=(8, 12))
    found = [tx_json(tx, block) for block in chain.blocks for tx in block.transactions]
    rows = sum(1 + len(tx["vin"]) + len(tx["vout"]) for tx in found)
    return [json.dumps(found[at : at + PAGE]).encode() for at in range(0, len(found), PAGE)], rows


def read(page: bytes) -> Batch:
    """Read one page as the source does."""
    batch = Batch()
    for row in read_transactions(page):
        if isinstance(row, CoinTransaction):
            add_coins(batch, "bitcoin", row)
    return batch


def seconds(work: Callable[[], object]) -> float:
    """Give how long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def one_round(texts: list[bytes]) -> dict[str, float]:
    """Measure decoding, reading, storing and storing the same again."""
    batches = [read(text) for text in texts]
    store = ct.open_store(":memory:")
    return {
        "decode": seconds(lambda: [json.loads(text) for text in texts]),
        "read": seconds(lambda: [read(text) for text in texts]),
        "store": seconds(lambda: store.load(batches)),
        "again": seconds(lambda: store.load(batches)),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=500, help="blocks of the chain (default: 500)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the median counts (default: 3)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    chosen = parser.parse_args()
    texts, rows = pages(chosen.blocks)
    rounds = [one_round(texts) for _ in range(chosen.rounds)]
    result: dict[str, float] = {"rows": rows}
    for part in rounds[0]:
        result[f"{part}_rows_per_s"] = round(rows / statistics.median(one[part] for one in rounds))
        result[f"{part}_ratio"] = round(statistics.median(one["decode"] / one[part] for one in rounds), 2)
    if chosen.json:
        print(json.dumps(result))
        return 0
    print(f"{rows:,} rows of {len(texts):,} pages")
    for part in rounds[0]:
        print(f"{part:8}{result[f'{part}_rows_per_s']:11,.0f} rows/s   {result[f'{part}_ratio']:.2f} of decoding")
    return 0


if __name__ == "__main__":
    sys.exit(main())
