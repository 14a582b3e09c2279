"""The fake is fair: a careful client gets the whole truth or knows that it did not, whatever fault was drawn.

The client here is written for this test only and shares nothing with the library's own.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter

import pytest

from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, random_chain, random_faults, random_plan

OFFSET, TRIES = 5, 5
HASH, ADDRESS, WHOLE = re.compile(r"0x[0-9a-f]{64}"), re.compile(r"0x[0-9a-f]{40}"), re.compile(r"[0-9]{1,78}")
SMALLER = ("Query Timeout", "Result window is too large")


class DeclaredError(Exception):
    """The client gives up on a part and says so."""


class TooLargeError(Exception):
    """The client must ask for less."""


def no_twins(pairs: list[tuple[str, object]]) -> dict:
    if len(dict(pairs)) != len(pairs):
        raise ValueError(pairs)
    return dict(pairs)


def refuse(text: str) -> None:
    raise ValueError(text)


class Client:
    def __init__(self, explorer: FakeEtherscan, action: str, address: str) -> None:
        self.explorer, self.action, self.address = explorer, action, address
        self.declared: list[str] = []

    def collect(self, low: int, high: int) -> list[dict]:
        rows: list[dict] = []
        try:
            while low <= high:
                got = self.page(low, high, 1)
                if len(got) < OFFSET:
                    return rows + got
                last = int(got[-1]["blockNumber"])
                if last > low:
                    rows += [row for row in got if int(row["blockNumber"]) < last]
                    low = last
                    continue
                rows += self.one_block(low)
                low += 1
        except TooLargeError as error:
            if low == high:
                self.declared.append(str(error))
                return rows
            middle = (low + high) // 2
            rows += self.collect(low, middle)
            # one block that is too large ends the stream: an explorer that always says so would else never end
            return rows if self.declared else rows + self.collect(middle + 1, high)
        except DeclaredError as error:
            self.declared.append(str(error))
        return rows

    def one_block(self, block: int) -> list[dict]:
        rows, number = [], 1
        while True:
            got = self.page(block, block, number)
            rows += got
            names = [(row["hash"], row.get("traceId")) for row in rows]
            if self.action != "tokentx" and len(set(names)) < len(names):
                raise DeclaredError(f"{block}: a row on two pages")
            if len(got) < OFFSET:
                return rows
            number += 1

    def page(self, low: int, high: int, number: int) -> list[dict]:
        params = {
            "chainid": "1",
            "apikey": "test-key",
            "module": "account",
            "action": self.action,
            "address": self.address,
            "startblock": str(low),
            "endblock": str(high),
            "page": str(number),
            "offset": str(OFFSET),
            "sort": "asc",
        }
        why: Exception | None = None
        for _ in range(TRIES):
            answer = self.explorer.answer(params)
            if answer.wire or answer.status != 200 or answer.padding > 10**6:
                continue
            try:
                body = json.loads(answer.body.decode(), object_pairs_hook=no_twins, parse_constant=refuse)
                return self.checked(self.rows_of(body), low, high)
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                why = error
        raise DeclaredError(f"{low}-{high}: {why!r}")

    def rows_of(self, body: dict) -> list:
        if any(str(body[name]).startswith(SMALLER) for name in ("message", "result")):
            raise TooLargeError(str(body))
        if body["status"] == "1" and isinstance(body["result"], list):
            return body["result"]
        if body["status"] == "0" and body["message"] == "No transactions found" and body["result"] in ([], ""):
            return []
        raise ValueError(body)

    def checked(self, rows: list, low: int, high: int) -> list[dict]:
        last, names = low, set()
        require(len(rows) <= OFFSET)
        for row in rows:
            require(all(WHOLE.fullmatch(row[name]) for name in ("blockNumber", "timeStamp", "value")))
            require(last <= int(row["blockNumber"]) <= high)
            require(1_430_000_000 < int(row["timeStamp"]) < 2_000_000_000)
            require(int(row["value"]) < 2**256)
            require(HASH.fullmatch(row["hash"]) and ADDRESS.fullmatch(row["from"]))
            require(row["to"] == "" or ADDRESS.fullmatch(row["to"]))
            require(row.get("isError", "0") in ("0", "1"))
            require(self.address in (row["from"], row["to"], row["contractAddress"]))
            if self.action == "tokentx":
                require(type(row["tokenName"]) is str)
                require(ADDRESS.fullmatch(row["contractAddress"]) and int(row["tokenDecimal"]) in range(256))
            else:
                name = row["hash"], row.get("traceId")
                require(name not in names)
                names.add(name)
            last = int(row["blockNumber"])
        return [row for row in rows if row.get("type") != "delegatecall"]


def require(truth: object) -> None:
    if not truth:
        raise ValueError("a row that cannot be")


def amounts(rows: list[dict]) -> Counter:
    return Counter((row["hash"], row["from"], row["to"], row["contractAddress"], row["value"]) for row in rows)


@pytest.mark.parametrize("part", range(5))
def test_a_careful_client_gets_all_or_declares_on_1000_random_worlds_and_faults(part):
    whole = hit = 0
    for seed in range(part * 200, part * 200 + 200):
        world = random_chain(seed)
        address, action = world.addresses[seed % 5], ("txlist", "txlistinternal", "tokentx")[seed % 3]
        plain = FakeEtherscan(world, plan=UNLIMITED)
        truth, calm = Client(plain, action, address), plain.head()
        expected = truth.collect(0, calm)
        assert truth.declared == []
        explorer = FakeEtherscan(world, plan=random_plan(seed, offset=OFFSET), faults=random_faults(seed))
        client = Client(explorer, action, address)
        got = amounts(client.collect(0, calm))
        assert len(explorer.requests) < 2_000, seed
        hit += bool(explorer.faults.log)
        if not client.declared:
            assert got == amounts(expected), (seed, explorer.faults.log)
            whole += 1
        assert got <= amounts(expected), (seed, explorer.faults.log)
    assert hit > 100
    assert whole > 100


def test_the_package_needs_only_the_standard_library():
    code = """
import sys
before = set(sys.modules)
import cryptotrace.testing.explorers
tops = {name.partition('.')[0] for name in set(sys.modules) - before}
print(sorted(tops - set(sys.stdlib_module_names) - {'cryptotrace'}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
