"""How quickly pages of Blockscout's Etherscan-like lists are parsed, beside what decoding the same pages costs in the same run.

Run with `python benchmarks/ingest_blockscout.py`; `--pages` sets how many pages of 5,000 rows of each list. A busy machine
slows everything alike, so the ratios say more than the rows a second.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.blockscout.lists import Blockscout

ROWS = 5_000
SUBJECT = "0x" + "ab" * 20


class Nowhere:
    """A fetcher that is never asked."""

    def fetch(self, request: Request) -> Answer:
        """Refuse: a benchmark has no network."""
        raise AssertionError(request)


def row(draw: random.Random, number: int, stream: str) -> dict[str, str]:
    """Give a row of the usual form, four a block; every hash, sender and amount its own, the receiver one address."""
    name = f"0x{draw.getrandbits(256):064x}"
    common = {
        "blockNumber": str(15_000_000 + number // 4), "timeStamp": str(1654646411 + number // 4 * 12),
        "from": f"0x{draw.getrandbits(160):040x}", "to": SUBJECT, "value": str(draw.getrandbits(80)), "contractAddress": "",
        "gas": "90000", "gasUsed": "21000",
    }  # fmt: skip
    if stream == "internal":
        return common | {
            "transactionHash": name, "index": str(1 + number % 7), "type": "call", "callType": "call", "input": "",
            "isError": "0", "errCode": "",
        }  # fmt: skip
    signed = common | {
        "hash": name, "nonce": "1", "blockHash": name, "transactionIndex": str(number % 200), "gasPrice": "30000000000",
        "cumulativeGasUsed": "1", "methodId": "0x", "confirmations": "3",
        "input": f"0xa9059cbb{draw.getrandbits(256):064x}{draw.getrandbits(256):064x}",
    }  # fmt: skip
    if stream == "native":
        return signed | {"isError": "0", "txreceipt_status": "1"}
    token = {"contractAddress": "0xdac17f958d2ee523a2206206994597c13d831ec7", "tokenName": "Tether USD", "functionName": ""}
    return signed | token | {"tokenSymbol": "USDT", "tokenDecimal": "6"}


def answers(count: int, stream: str) -> list[Answer]:
    """Give pages of a list."""
    draw, found = random.Random(f"5 {stream}"), []
    for page in range(count):
        rows = [row(draw, page * ROWS + number, stream) for number in range(ROWS)]
        body = json.dumps({"status": "1", "message": "OK", "result": rows}, separators=(",", ":")).encode()
        request = Request(source="blockscout", chain="ethereum", stream=stream, path="/api")
        found.append(Answer(request=request, status=200, body=body, received_at=datetime.now(UTC)))
    return found


def seconds(work: Callable[[], object]) -> float:
    """Give the wall time of a call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(count: int, rounds: int) -> dict[str, float]:
    """Give medians over the rounds: rows a second, and how many times the speed of decoding alone."""
    source, result = Blockscout("ethereum", Nowhere()), dict[str, float]()
    for stream in source.streams:
        pages, ratios, speeds = answers(count, stream), [], []
        for _ in range(rounds):
            # Both keep what they read, as whoever reads rows has to.
            decode = seconds(lambda pages=pages: [msgspec.json.decode(page.body) for page in pages])  # type: ignore[misc]
            parse = seconds(lambda pages=pages: [source.parse_answer(page) for page in pages])  # type: ignore[misc]
            ratios.append(decode / parse)
            speeds.append(count * ROWS / parse)
        found = [source.parse_answer(page) for page in pages]
        kept = sum(table.num_rows for batch in found for table in batch.tables["transfers"])
        assert kept == count * ROWS * (2 if stream == "native" else 1), "rows were lost or doubled"
        result[f"{stream}_parse_rows_per_s"] = round(statistics.median(speeds))
        result[f"{stream}_parse_ratio"] = round(statistics.median(ratios), 2)
    return result


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    for name, number in measure(asked.pages, asked.rounds).items():
        print(f"{name:28} {number:,}")


if __name__ == "__main__":
    main()
