"""How quickly pages of account lists become stored rows, beside what ``json.loads`` of the same pages costs in the same run.

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
from cryptotrace.sources.etherscan.answers import classify
from cryptotrace.sources.etherscan.lists import Etherscan

ROWS = 1_000
FLUSH = 100
GOALS = {"parse": 1.83, "store": 0.57, "again": 1.14}
"""Times the speed of ``json.loads``: 800,000, 250,000 and 500,000 rows a second where that gives 438,000."""
SUBJECT = "0x" + "ab" * 20
ACTIONS = {"txlist": "native", "txlistinternal": "internal", "tokentx": "token"}
Row = dict[str, str]


# -- pages ---------------------------------------------------------------------------------------------------------------


def row(draw: random.Random, number: int, stream: str = "token") -> Row:
    """Give a row of the usual form, four a block; every hash, sender and amount its own, the receiver one address."""
    hashes = [f"0x{draw.getrandbits(256):064x}" for _ in range(2)]
    common = {
        "blockNumber": str(15_000_000 + number // 4), "timeStamp": str(1654646411 + number // 4 * 12), "hash": hashes[0],
        "from": f"0x{draw.getrandbits(160):040x}", "to": SUBJECT, "value": str(draw.getrandbits(80)), "contractAddress": "",
        "input": "deprecated", "gas": "21000", "gasUsed": "21000", "isError": "0",
    }  # fmt: skip
    if stream == "internal":
        return common | {"type": "call", "traceId": f"0_{number % 7}", "errCode": ""}
    signed = common | {
        "nonce": "1", "blockHash": hashes[1], "transactionIndex": str(number % 200), "gasPrice": "30000000000",
        "cumulativeGasUsed": "1", "methodId": "0xa9059cbb", "functionName": "transfer(address _to, uint256 _value)",
        "confirmations": "3",
    }  # fmt: skip
    if stream == "native":
        return signed | {"txreceipt_status": "1"}
    del signed["isError"]
    token = {"contractAddress": "0xdac17f958d2ee523a2206206994597c13d831ec7", "tokenName": "Tether USD"}
    return signed | token | {"tokenSymbol": "USDT", "tokenDecimal": "6"}


def body_of(rows: list[Row]) -> bytes:
    return json.dumps({"status": "1", "message": "OK", "result": rows}, separators=(",", ":")).encode()


def pages(count: int, stream: str = "token") -> Iterator[Answer]:
    """Give answers to a list, 685 B a row of ``tokentx``."""
    draw = random.Random(f"4 {stream}")
    for page in range(count):
        body = body_of([row(draw, page * ROWS + number, stream) for number in range(ROWS)])
        request = Request(source="etherscan", chain="ethereum", stream=stream, parameters=(("page", str(page)),))
        yield Answer(request=request, status=200, body=body, received_at=datetime.now(UTC))


class Nowhere:
    """A fetcher that is never asked."""

    def fetch(self, request: Request) -> Answer:
        """Refuse: a benchmark has no network."""
        raise AssertionError(request)


class InProcess:
    """An explorer without a network: the three lists of one address, judged as answers from the network are."""

    def __init__(self, rows: int) -> None:
        draw = random.Random(5)
        self._bodies: dict[tuple[str, int], bytes] = {}
        for stream in ACTIONS.values():
            listed, start = [row(draw, number, stream) for number in range(rows)], 0
            for at in range(0, rows + 1, ROWS - 4):  # a full page is asked for again from its last block
                page = listed[at : at + ROWS]
                self._bodies[stream, start] = body_of(page)
                if len(page) < ROWS:
                    break
                start = int(page[-1]["blockNumber"])

    @property
    def bodies(self) -> list[bytes]:
        """The answers that a walk gets."""
        return list(self._bodies.values())

    def fetch(self, request: Request) -> Answer:
        """Answer as Etherscan does."""
        asked = dict(request.parameters)
        if asked["action"] == "getapilimit":
            body = b'{"status":"1","message":"OK","result":{"creditLimit":100000}}'
        elif asked["action"] in ACTIONS:
            body = self._bodies[ACTIONS[asked["action"]], int(asked["startblock"])]
        else:
            body = b'{"jsonrpc":"2.0","id":1,"result":{"number":"0x1312d00"}}'
        answer = Answer(request=request, status=200, body=body, received_at=datetime.now(UTC))
        classify(answer)
        return answer


# -- measuring -----------------------------------------------------------------------------------------------------------


def seconds(work: Callable[[], object]) -> float:
    """Give the wall time of a call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def loaded(bodies: list[bytes]) -> None:
    """Read with the standard library and forget page by page: what is kept would be paid for by the collector of garbage."""
    for body in bodies:
        json.loads(body)


def one_round(answers: dict[str, list[Answer]]) -> dict[str, float]:
    """Give the seconds of each part, over the same answers, and of the first and last flush; the store is new."""
    source = Etherscan("ethereum", Nowhere())
    found: dict[str, float] = {}

    def add(part: str, spent: float) -> None:
        found[part] = found.get(part, 0.0) + spent

    def parsed(helping: list[Answer]) -> list[Batch]:
        return [source.parse_answer(answer) for answer in helping]

    def in_turns(name: str, again: str, helping: list[Answer]) -> None:
        kept: list[Batch] = []
        for answer in helping:
            add(f"{name}json{again}", seconds(partial(loaded, [answer.body])))
            add(f"{name}decode{again}", seconds(partial(msgspec.json.decode, answer.body)))
            add(f"{name}parse{again}", seconds(lambda answer=answer: kept.extend(parsed([answer]))))  # type: ignore[misc]

    flushes = []
    with tempfile.TemporaryDirectory() as folder:
        store = ct.open_store(Path(folder) / "case.duckdb")
        # Taken in turns, so that a busy machine hits all alike.
        for stream, of_list in answers.items():
            helpings = [of_list[at : at + FLUSH] for at in range(0, len(of_list), FLUSH)]
            name = "" if stream == "token" else f"{stream}_"
            for again in ("", "again"):
                for helping in helpings:
                    in_turns(name, again, helping)
                    spent = seconds(lambda helping=helping: store.load(parsed(helping)))  # type: ignore[misc]
                    add(name + (again or "store"), spent)
                    if stream == "token" and not again:
                        flushes.append(spent)
        count = store.rows("SELECT count(*) FROM transfers WHERE kind <> 'fee'")[0][0]
    assert count == ROWS * sum(map(len, answers.values())), "rows were lost or doubled"
    return found | {"first": flushes[0], "last": flushes[-1]}


def collected(explorer: InProcess, rows: int) -> dict[str, float]:
    """Give the seconds that ``collect`` takes for three lists of so many rows, and ``json.loads`` for what it was answered."""
    with tempfile.TemporaryDirectory() as folder:
        store = ct.open_store(Path(folder) / "case.duckdb")
        beside = seconds(partial(loaded, explorer.bodies))
        source = Etherscan("ethereum", explorer)
        pull = partial(ct.collect, source, store, [SUBJECT], max_rows_per_address=10**9, progress=False)
        spent = seconds(pull)
        kinds = dict(store.rows("SELECT kind, count(*) FROM transfers GROUP BY kind"))
    assert kinds == dict.fromkeys(("token", "native", "fee", "internal"), rows), "rows were lost or doubled"
    return {"collect": spent, "collect_json": beside}


def measure(count: int, rounds: int) -> dict[str, float]:
    """Give medians over the rounds: rows a second, and how many times the speed of ``json.loads``."""
    few = max(1, min(count, 2 * FLUSH))
    answers = {"token": list(pages(count)), "native": list(pages(few, "native")), "internal": list(pages(few, "internal"))}
    explorer = InProcess(few * ROWS)
    found = [one_round(answers) | collected(explorer, few * ROWS) for _ in range(rounds)]
    result: dict[str, float] = {"rows": count * ROWS, "rounds": rounds}

    def write(part: str, beside: str, rows: int) -> None:
        result[f"{part}_rows_per_s"] = round(statistics.median(rows / one[part] for one in found))
        result[f"{part}_ratio"] = round(statistics.median(one[beside] / one[part] for one in found), 3)

    for name, of_list in answers.items():
        prefix = "" if name == "token" else f"{name}_"
        for part in ("json", "decode", *GOALS):
            beside = f"{prefix}json{'again' if part == 'again' else ''}"
            write(prefix + part, beside, len(of_list) * ROWS)
    write("collect", "collect_json", 3 * few * ROWS)
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
        "json": "json.loads",
        "decode": "msgspec, for scale",
        "parse": "check, Arrow",
        "store": "to a file, new rows",
        "again": "to a file, all known",
    }
    for prefix, title in (("", "tokentx"), ("native_", "txlist"), ("internal_", "txlistinternal")):
        print(title)
        for part, name in names.items():
            goal = f", goal {GOALS[part]:.2f}" if part in GOALS and not prefix else ""
            speed, ratio = result[f"{prefix}{part}_rows_per_s"], result[f"{prefix}{part}_ratio"]
            print(f"  {name:22}{speed:11,.0f} rows/s   {ratio:.2f} of json.loads{goal}")
    print("three lists of one address, raw answers kept, nothing waited for")
    print(f"  {'collect':22}{result['collect_rows_per_s']:11,.0f} rows/s   {result['collect_ratio']:.2f} of json.loads")
    print(f"last flush over first   {result['growth']:.2f}, goal 1.15   ({result['rows']:,} rows, {FLUSH} pages a flush)")
    return 0 if all(result[part + "_ratio"] >= goal for part, goal in GOALS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
