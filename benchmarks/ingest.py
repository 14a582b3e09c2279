"""How quickly pages of an account list become stored rows, beside what decoding the same pages costs in the same run.

Run with `python benchmarks/ingest.py`; `--json` prints numbers for machines, `--pages` sets how many pages of 1,000 rows.
A busy machine slows everything alike, so the ratios say more than the rows a second.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec

import cryptotrace as ct
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.etherscan import Etherscan

ROWS = 1_000
FLUSH = 100
GOALS = {"parse": 800_000, "store": 250_000, "again": 500_000}
"""Rows a second on an idle machine with two cores, on which decoding alone gives ``DECODE``."""
DECODE = 780_000


def pages(count: int) -> Iterator[Answer]:
    """Give answers to ``tokentx``, 685 B a row, every hash, sender and amount its own."""
    draw = random.Random(4)
    for page in range(count):
        rows = [row(draw, page * ROWS + number) for number in range(ROWS)]
        body = json.dumps({"status": "1", "message": "OK", "result": rows}, separators=(",", ":")).encode()
        request = Request(source="etherscan", chain="ethereum", stream="token", subject="", parameters=(("page", str(page)),))
        yield Answer(request=request, status=200, body=body, received_at=datetime.now(UTC))


def row(draw: random.Random, number: int) -> dict[str, str]:
    """Give a row of the usual form, four a block."""
    hashes = [f"0x{draw.getrandbits(256):064x}" for _ in range(2)]
    return {
        "blockNumber": str(15_000_000 + number // 4), "timeStamp": str(1654646411 + number // 4 * 12), "hash": hashes[0],
        "nonce": "1", "blockHash": hashes[1], "from": f"0x{draw.getrandbits(160):040x}",
        "contractAddress": "0xdac17f958d2ee523a2206206994597c13d831ec7", "to": "0x" + "ab" * 20,
        "value": str(draw.getrandbits(80)), "tokenName": "Tether USD", "tokenSymbol": "USDT", "tokenDecimal": "6",
        "transactionIndex": str(number % 200), "gas": "21000", "gasPrice": "1", "gasUsed": "1", "cumulativeGasUsed": "1",
        "input": "deprecated", "methodId": "0xa9059cbb", "functionName": "transfer(address _to, uint256 _value)",
        "confirmations": "3",
    }  # fmt: skip


class Nowhere:
    """A fetcher that is never asked."""

    def fetch(self, request: Request) -> Answer:
        """Refuse: a benchmark has no network."""
        raise AssertionError(request)


def seconds(work: Callable[[], object]) -> float:
    """Give the wall time of a call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def one_round(answers: list[Answer]) -> dict[str, float]:
    """Give the seconds of each part, over the same answers, and of the first and last flush; the store is new."""
    source = Etherscan("ethereum", Nowhere())
    helpings = [answers[at : at + FLUSH] for at in range(0, len(answers), FLUSH)]

    def stored(store: ct.Store, helping: list[Answer]) -> int:
        batches: list[Batch] = [source.parse_answer(answer) for answer in helping]
        return store.load(batches)["transfers"]

    def decoded(helping: list[Answer]) -> list[object]:
        return [msgspec.json.decode(answer.body) for answer in helping]

    def parsed(helping: list[Answer]) -> list[Batch]:
        return [source.parse_answer(answer) for answer in helping]

    found = dict.fromkeys(("decode", "parse", "store", "decode_again", "again"), 0.0)
    flushes = []
    with tempfile.TemporaryDirectory() as folder:
        store = ct.open_store(Path(folder) / "case.duckdb")
        # Taken in turns, so that a busy machine hits all alike.
        for helping in helpings:
            found["decode"] += seconds(partial(decoded, helping))
            found["parse"] += seconds(partial(parsed, helping))
            flushes.append(seconds(partial(stored, store, helping)))
        for helping in helpings:
            found["decode_again"] += seconds(partial(decoded, helping))
            found["again"] += seconds(partial(stored, store, helping))
        count = store.rows("SELECT count(*) FROM transfers")[0][0]
    assert count == len(answers) * ROWS, "rows were lost or doubled"
    return found | {"store": sum(flushes), "first": flushes[0], "last": flushes[-1]}


def measure(count: int, rounds: int) -> dict[str, float]:
    """Give medians over the rounds: rows a second, and how many times the speed of decoding alone."""
    answers = list(pages(count))
    found = [one_round(answers) for _ in range(rounds)]
    result: dict[str, float] = {"rows": count * ROWS, "rounds": rounds}
    for part in ("decode", *GOALS):
        beside = "decode_again" if part == "again" else "decode"
        result[f"{part}_rows_per_s"] = round(statistics.median(count * ROWS / one[part] for one in found))
        result[f"{part}_ratio"] = round(statistics.median(one[beside] / one[part] for one in found), 3)
    result["growth"] = round(statistics.median(one["last"] / one["first"] for one in found), 2)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print numbers for machines")
    parser.add_argument("--pages", type=int, default=1_000, help=f"pages of {ROWS:,} rows (default 1000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the median counts (default 3)")
    chosen = parser.parse_args()
    result = measure(chosen.pages, chosen.rounds)
    if chosen.json:
        print(json.dumps(result))
        return 0
    names = {
        "decode": "decode only",
        "parse": "decode, check, Arrow",
        "store": "to a file, new rows",
        "again": "to a file, all known",
    }
    for part, name in names.items():
        goal = f", goal {GOALS[part] / DECODE:.2f}" if part in GOALS else ""
        print(f"{name:22}{result[part + '_rows_per_s']:11,.0f} rows/s   {result[part + '_ratio']:.2f} of decoding{goal}")
    print(f"last flush over first  {result['growth']:.2f}   ({result['rows']:,} rows, {FLUSH} pages a flush)")
    return 0 if all(result[part + "_ratio"] >= goal / DECODE for part, goal in GOALS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
