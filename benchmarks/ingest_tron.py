"""How quickly pages of TRON's lists become stored rows, beside what ``json.loads`` of the same pages costs in the same run.

Run with `python benchmarks/ingest_tron.py`; `--pages` sets how many pages of 200 rows, `--json` prints numbers for machines.
Each round begins as a new process does, knowing no address: 43 of 100 rows bring one that is new, and each costs a checksum
(two hashes), which the columns of EVM lists do not have. "Known" reads and stores the same pages once more.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

import cryptotrace as ct
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.tron.many_addresses import forget_addresses
from cryptotrace.sources.tron.trongrid import TronGrid
from cryptotrace.testing.explorers.tron_worlds import hex41, tron_address

GOALS = {"parse": 1.83, "store": 0.57, "again": 1.14}
"""How many times as quick as ``json.loads``."""
PARTS = {
    "loads": "json.loads", "decode": "msgspec, no types", "parse": "parse to Arrow", "parse_known": "parse, known addresses",
    "store": "parse, store, new", "again": "parse, store, known",
}  # fmt: skip
ROWS = 200
FLUSH = 100
USDT = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
HUB = tron_address(b"\x07" * 20)


def pages(count: int, stream: str) -> Iterator[Answer]:
    """Give answers to a list, every hash and amount its own."""
    draw = random.Random(4)
    others = [tron_address(draw.randbytes(20)) for _ in range(count * ROWS // 2)]
    shape = {"token": token_row, "native": native_row}[stream]
    for page in range(count):
        rows = [shape(draw, page * ROWS + number, draw.choice(others)) for number in range(ROWS)]
        body = {"data": rows, "success": True, "meta": {"at": 1, "page_size": ROWS, "fingerprint": "x"}}
        request = Request(source="trongrid", chain="tron", stream=stream, parameters=(("page", str(page)),))
        yield Answer(
            request=request, status=200, body=json.dumps(body, separators=(",", ":")).encode(), received_at=datetime.now(UTC)
        )


def token_row(draw: random.Random, number: int, other: str) -> dict[str, Any]:
    """Give a row of the TRC-20 list."""
    info = {"symbol": "USDT", "address": USDT, "decimals": 6, "name": "Tether USD"}
    return {
        "transaction_id": f"{draw.getrandbits(256):064x}", "token_info": info,
        "block_timestamp": 1_685_000_000_000 + number * 3_000,
        "from": HUB, "to": other, "type": "Transfer", "value": str(draw.getrandbits(50)),
    }  # fmt: skip


def native_row(draw: random.Random, number: int, other: str) -> dict[str, Any]:
    """Give a row of the list of transactions."""
    value = {"amount": draw.getrandbits(40), "owner_address": hex41(HUB), "to_address": hex41(other)}
    contract = {
        "parameter": {"value": value, "type_url": "type.googleapis.com/protocol.TransferContract"},
        "type": "TransferContract",
    }
    return {
        "ret": [{"contractRet": "SUCCESS", "fee": 1_100_000}], "signature": ["00" * 65],
        "txID": f"{draw.getrandbits(256):064x}",
        "net_usage": 0, "raw_data_hex": "0a" * 120, "net_fee": 100_000, "energy_usage": 0, "blockNumber": 51_000_000 + number,
        "block_timestamp": 1_685_000_000_000 + number * 3_000, "energy_fee": 0, "energy_usage_total": 0,
        "raw_data": {"contract": [contract], "ref_block_bytes": "d62e", "ref_block_hash": "bbf7d06ee7004d5a", "expiration": 1},
        "internal_transactions": [],
    }  # fmt: skip


class Nowhere:
    """A fetcher that is never asked."""

    def fetch(self, request: Request) -> Answer:
        """Refuse: a benchmark has no network."""
        raise AssertionError(request)


def one_round(answers: list[Answer], stream: str) -> dict[str, float]:
    """Give the seconds of each part over the same answers, and of ``json.loads`` beside it; the store is new."""
    source = TronGrid("tron", Nowhere())
    found: dict[str, float] = dict.fromkeys(("loads_again", *PARTS), 0.0)
    forget_addresses()
    with tempfile.TemporaryDirectory() as folder:
        store = ct.open_store(Path(folder) / "case.duckdb")
        for again in (False, True):
            loads, parse, kept = ("loads_again", "parse_known", "again") if again else ("loads", "parse", "store")
            for at in range(0, len(answers), FLUSH):
                helping = answers[at : at + FLUSH]
                started = time.perf_counter()
                for answer in helping:
                    json.loads(answer.body)
                loaded = time.perf_counter()
                batches = [source.parse_answer(answer) for answer in helping]
                parsed = time.perf_counter()
                store.load(batches)
                stored = time.perf_counter()
                found[loads] += loaded - started
                found[parse] += parsed - loaded
                found[kept] += stored - loaded
                if not again:
                    started = time.perf_counter()
                    for answer in helping:
                        msgspec.json.decode(answer.body)
                    found["decode"] += time.perf_counter() - started
        count = store.rows("SELECT count(*) FROM transfers WHERE kind = ?", [stream])[0][0]
    assert count == len(answers) * ROWS, "rows were lost or doubled"
    return found


def measure(count: int, rounds: int) -> dict[str, float]:
    """Give medians over the rounds: rows a second, and how many times the speed of ``json.loads``."""
    result: dict[str, float] = {"rows": count * ROWS, "rounds": rounds}
    for stream in ("token", "native"):
        answers = list(pages(count, stream))
        TronGrid("tron", Nowhere()).parse_answer(answers[0])  # what is imported on first use is no part of it
        found = [one_round(answers, stream) for _ in range(rounds)]
        for part in PARTS:
            beside = "loads_again" if part in ("parse_known", "again") else "loads"
            result[f"{stream}_{part}_rows_per_s"] = round(statistics.median(count * ROWS / one[part] for one in found))
            result[f"{stream}_{part}_ratio"] = round(statistics.median(one[beside] / one[part] for one in found), 3)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print numbers for machines")
    parser.add_argument("--pages", type=int, default=500, help=f"pages of {ROWS} rows (default 500)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the median counts (default 3)")
    chosen = parser.parse_args()
    result = measure(chosen.pages, chosen.rounds)
    if chosen.json:
        print(json.dumps(result))
        return 0
    for stream in ("token", "native"):
        print(stream)
        for part, name in PARTS.items():
            goal = f", goal {GOALS[part]:.2f}" if part in GOALS else ""
            speed, ratio = result[f"{stream}_{part}_rows_per_s"], result[f"{stream}_{part}_ratio"]
            print(f"  {name:24}{speed:11,.0f} rows/s   {ratio:.2f} of json.loads{goal}")
    return (
        0
        if all(result[f"{stream}_{part}_ratio"] >= goal for stream in ("token", "native") for part, goal in GOALS.items())
        else 1
    )


if __name__ == "__main__":
    sys.exit(main())
