"""How quickly what a node answers becomes stored rows, beside what `json.loads` of the same answers costs in the same run.

Run with `python benchmarks/ingest_rpc.py`; `--pages` sets how many windows of 1,000 logs or traces, `--json` prints numbers for
machines. Measured is the whole walk of a list over prepared answers: judging, checking, merging both sides, rows. Logs name
the time of their block, as newer nodes have it; else the headers of all blocks come on top, for both.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import cryptotrace as ct
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.rpc.answers import classify
from cryptotrace.sources.rpc.asking import Abilities
from cryptotrace.sources.rpc.lists import Rpc

ROWS = 1_000
WINDOW = 2_000
FLUSH = 100
FIRST = 15_000_000
GOALS = {"parse": 1.83, "store": 0.57, "again": 1.14}
"""Times the speed of `json.loads`."""
SUBJECT = "0x" + "ab" * 20
USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
APPROVAL = "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"
STREAMS = ("token", "internal")
Item = dict[str, Any]


# -- answers -------------------------------------------------------------------------------------------------------------


def log(draw: random.Random, block: int, index: int, side: int) -> Item:
    """Give a log of a payment from or to the account; one of ten is an approval without a limit."""
    me, other = f"0x{SUBJECT[2:]:0>64}", f"0x{draw.getrandbits(160):064x}"
    is_approval = index % 10 == 9
    amount = 2**256 - 1 if is_approval else draw.getrandbits(80)
    return {
        "address": USDT, "blockHash": f"0x{block:064x}", "blockNumber": hex(block), "data": f"0x{amount:064x}",
        "blockTimestamp": hex(1_654_646_411 + 12 * (block - FIRST)), "logIndex": hex(index), "removed": False,
        "topics": [APPROVAL if is_approval else TRANSFER, *((other, me) if side else (me, other))],
        "transactionHash": f"0x{draw.getrandbits(256):064x}", "transactionIndex": hex(index // 2),
    }  # fmt: skip


def logs(page: int) -> list[list[Item]]:
    """Give both sides of a window, four logs a block."""
    draw, start = random.Random(f"logs {page}"), FIRST + page * WINDOW
    sides: list[list[Item]] = [[], []]
    for number in range(ROWS):
        sides[number % 2].append(log(draw, start + number // 4, number % 4 * 30 + number % 11, number % 2))
    return sides


def traces(page: int) -> list[list[Item]]:
    """Give both sides of a window: calls of the account, and what contracts paid it in them; ten a block."""
    draw, start = random.Random(f"traces {page}"), FIRST + page * WINDOW
    sides: list[list[Item]] = [[], []]
    for number in range(ROWS // 2):
        block, contract = start + number // 10, f"0x{draw.getrandbits(160):040x}"
        place = {
            "blockHash": f"0x{block:064x}", "blockNumber": block, "transactionHash": f"0x{draw.getrandbits(256):064x}",
            "transactionPosition": number % 10, "type": "call", "result": {"gasUsed": "0x5208", "output": "0x"},
        }  # fmt: skip
        data = f"0xa9059cbb{draw.getrandbits(256):064x}{draw.getrandbits(256):064x}"
        call = {"callType": "call", "gas": "0x7a120", "input": data, "value": "0x0", "from": SUBJECT, "to": contract}
        back = call | {"from": contract, "to": SUBJECT, "value": hex(draw.getrandbits(70)), "input": "0x"}
        sides[0].append({"action": call, "subtraces": 1, "traceAddress": [], **place})
        sides[1].append({"action": back, "subtraces": 0, "traceAddress": [0], **place})
    return sides


class Prepared:
    """A node whose answers are there before they are asked for; judged as answers from the network are."""

    def __init__(self, stream: str, count: int) -> None:
        make = {"token": logs, "internal": traces}[stream]
        self.bodies = [body_of(make(page)) for page in range(count)]
        self.asked: list[bytes] = []

    def fetch(self, request: Request) -> Answer:
        """Answer two filters, or whatever asks for headers of blocks."""
        calls = json.loads(request.payload)
        if calls[0]["method"] == "eth_getBlockByNumber":
            body = body_of([header(int(call["params"][0], 16)) for call in calls])
        else:
            body = self.bodies[(int(calls[0]["params"][0]["fromBlock"], 16) - FIRST) // WINDOW]
        self.asked.append(body)
        answer = Answer(request=request, status=200, body=body, received_at=datetime.now(UTC))
        classify(answer)
        return answer


def header(number: int) -> Item:
    """Give a block without its transactions."""
    return {"number": hex(number), "hash": f"0x{number:064x}", "timestamp": hex(1_654_646_411 + 12 * (number - FIRST))}


def body_of(results: list[Any]) -> bytes:
    """Give the answer to several questions."""
    answers = [{"jsonrpc": "2.0", "id": number, "result": result} for number, result in enumerate(results, 1)]
    return json.dumps(answers, separators=(",", ":")).encode()


# -- measuring -----------------------------------------------------------------------------------------------------------


def seconds(work: Callable[[], object]) -> float:
    """Give the wall time of a call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def walk(node: Prepared, stream: str, first: int, count: int) -> list[Batch]:
    """Give the rows of some windows."""
    source = Rpc("ethereum", node)
    source._abilities = Abilities(trace_filter=True)  # what a node offers is asked for once a run
    start = FIRST + first * WINDOW
    return [page.batch for page in source.pages(stream, SUBJECT, start, start + count * WINDOW - 1)]


def one_round(node: Prepared, stream: str) -> dict[str, float]:
    """Give the seconds of each part, over the same answers; the store is new."""
    found = dict.fromkeys(("loads", "parse", "store", "again"), 0.0)
    count = len(node.bodies)
    with tempfile.TemporaryDirectory() as folder:
        store = ct.open_store(Path(folder) / "case.duckdb")
        for part in ("store", "again"):
            for first in range(0, count, FLUSH):
                helping = partial(walk, node, stream, first, min(FLUSH, count - first))
                if part == "store":
                    node.asked.clear()
                    found["parse"] += seconds(helping)
                    found["loads"] += seconds(lambda: [json.loads(body) for body in node.asked])
                found[part] += seconds(lambda helping=helping: store.load(helping()))  # type: ignore[misc]
        kept = store.rows("SELECT (SELECT count(*) FROM transfers) + (SELECT count(*) FROM events)")[0][0]
    assert kept == count * ROWS // (2 if stream == "internal" else 1), "rows were lost or doubled"
    return found


def measure(count: int, rounds: int) -> dict[str, float]:
    """Give medians over the rounds: logs or traces a second, and how many times the speed of ``json.loads``."""
    result: dict[str, float] = {"rows": count * ROWS, "rounds": rounds}
    for stream in STREAMS:
        node = Prepared(stream, count)
        walk(node, stream, 0, 1)  # what is imported on first use is no part of it
        found = [one_round(node, stream) for _ in range(rounds)]
        for part in ("loads", *GOALS):
            result[f"{stream}_{part}_rows_per_s"] = round(statistics.median(count * ROWS / one[part] for one in found))
            result[f"{stream}_{part}_ratio"] = round(statistics.median(one["loads"] / one[part] for one in found), 3)
    return result


def main() -> int:
    """Print the figures; the exit status says whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print numbers for machines")
    parser.add_argument("--pages", type=int, default=100, help=f"windows of {ROWS:,} rows (default 100)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the median counts (default 3)")
    chosen = parser.parse_args()
    result = measure(chosen.pages, chosen.rounds)
    if chosen.json:
        print(json.dumps(result))
        return 0
    for stream, name in zip(STREAMS, ("logs", "traces"), strict=True):
        for part in ("loads", *GOALS):
            speed, ratio = result[f"{stream}_{part}_rows_per_s"], result[f"{stream}_{part}_ratio"]
            goal = f", goal {GOALS[part]:.2f}" if part in GOALS else ""
            print(f"{name:8}{part:8}{speed:11,.0f} rows/s   {ratio:.2f} of json.loads{goal}")
    return 0 if all(result[f"{stream}_{part}_ratio"] >= goal for stream in STREAMS for part, goal in GOALS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
