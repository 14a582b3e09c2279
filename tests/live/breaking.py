"""One way to break each assumption at a fake: the answer to one question is changed on its way out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from checking import FAKES, HERE

from cryptotrace.sources.assumptions import scripts

Change = Callable[[Any], Any]
"""Takes the body, gives another; bytes and (status, body) go out as they stand, a function is given all bodies so far."""
SCRIPTS = {script.name: script for script in scripts(places=HERE)}


def broken(name: str, question: str, change: Change) -> Any:
    """A fake that changes its answer to one question; questions come one by one, each in one request."""
    fake = FAKES[name]()
    honest = fake.answer
    at = [one.name for one in SCRIPTS[name].questions].index(question)
    seen = [0]
    earlier: list[Any] = []

    def answer(*args: Any, **more: Any) -> Any:
        found = honest(*args, **more)
        seen[0] += 1
        earlier.append(_read(found.body))
        if seen[0] != at + 1:
            return found
        body = earlier[-1]
        changed = change(body)
        changed = changed(earlier) if callable(changed) else changed
        status, changed = changed if isinstance(changed, tuple) else (found.status, changed)
        return replace(found, status=status, body=changed if isinstance(changed, bytes) else json.dumps(changed).encode())

    fake.answer = answer
    return fake


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode()


def rows_at(*path: str) -> Callable[[Callable[[list[Any]], list[Any]]], Change]:
    """Change the list that stands at a path of names."""

    def of(change: Callable[[list[Any]], list[Any]]) -> Change:
        def changed(body: Any) -> Any:
            if not path:
                return change(body)
            return {**body, path[0]: rows_at(*path[1:])(change)(body[path[0]])}

        return changed

    return of


def swapped(rows: list[Any]) -> list[Any]:
    """The first and the last row change places."""
    return [rows[-1], *rows[1:-1], rows[0]]


def swapped_inside(rows: list[Any]) -> list[Any]:
    """The first and the last but one change places: the next page goes on after the last."""
    return [rows[-2], *rows[1:-2], rows[0], rows[-1]]


def last_with(**columns: Any) -> Callable[[list[Any]], list[Any]]:
    """The last row has other values."""
    return lambda rows: [*rows[:-1], {**rows[-1], **columns}]


def many(count: int, **numbered: Any) -> Callable[[list[Any]], list[Any]]:
    """The last row comes again until there are so many; ``numbered`` columns count up from a number."""

    def change(rows: list[Any]) -> list[Any]:
        more = range(count - len(rows))
        return [
            *rows,
            *({**rows[-1], **{name: type(first)(int(first) + at) for name, first in numbered.items()}} for at in more),
        ]

    return change


def put(value: Any, *path: str | int) -> Change:
    """Put a value at a path of names and places."""

    def change(body: Any) -> Any:
        if not path:
            return value
        copy = list(body) if isinstance(body, list) else dict(body)
        copy[path[0]] = put(value, *path[1:])(body[path[0]]) if len(path) > 1 else value
        return copy

    return change


def without(*path: str) -> Change:
    """Take a name away."""

    def change(body: Any) -> Any:
        if len(path) == 1:
            return {name: one for name, one in body.items() if name != path[0]}
        return {**body, path[0]: without(*path[1:])(body[path[0]])}

    return change


def _evm() -> dict[tuple[str, str], tuple[str, Change]]:
    result, first = rows_at("result"), HERE["evm"].closed[0]
    found: dict[tuple[str, str], tuple[str, Change]] = {}
    for name, size in (("etherscan", 1_000), ("routescan", 1_000), ("blockscout", 5_000)):
        for stream in ("native", "internal", "token"):
            counted = {"index": "100"} if (name, stream) == ("blockscout", "internal") else {}
            found |= {
                (name, f"{stream}: order"): (stream, result(swapped)),
                (name, f"{stream}: range"): (
                    stream,
                    result(lambda rows: [{**rows[0], "blockNumber": str(first - 1)}, *rows[1:]]),
                ),
                (name, f"{stream}: page"): (stream, result(many(size + 1, **counted))),
                (name, f"{stream}: reading"): (stream, result(last_with(value="-5"))),
            }
        found |= {
            (name, "an empty list"): ("empty", lambda _: {"status": "1", "message": "OK", "result": [{"blockNumber": "7"}]}),
            (name, "a bad address"): ("bad address", lambda _: {"status": "1", "message": "OK", "result": []}),
            (name, "a receipt"): ("receipt", put("soon", "result", "blockNumber")),
            (name, "logs of a contract"): ("logs", result(last_with(address="0x" + "9" * 40))),
        }
    return found | {
        ("etherscan", "plan of the key"): ("plan", put("many", "result", "creditLimit")),
        ("etherscan", "window of 10,000 rows"): ("window", put("Error! odd", "message")),
        ("blockscout", "head"): ("head", put("soon", "result")),
        ("blockscout", "node of the right chain"): ("node", put("0x89", "result")),
        ("blockscout", "names of an inner payment"): ("internal", result(
            lambda rows: [{"hash": row["transactionHash"], **row} for row in without_all(rows, "index")])),
        ("blockscout", "order without sort"): ("unsorted", result(lambda rows: rows[::-1])),
        ("blockscout", "block by time"): ("by time", put({"height": "5"}, "result")),
    }  # fmt: skip


def without_all(rows: list[Any], name: str) -> list[Any]:
    """Take a column away from every row."""
    return [{column: one for column, one in row.items() if column != name} for row in rows]


def _rest() -> dict[tuple[str, str], tuple[str, Change]]:
    items = rows_at("items")
    odd = {"native": {"value": "-5"}, "internal": {"value": "-5"}, "token": {"total": {"value": "-5", "decimals": "6"}}}
    found: dict[tuple[str, str], tuple[str, Change]] = {}
    for stream, columns in odd.items():
        found |= {
            ("blockscout_rest", f"{stream}: order"): (stream, items(swapped)),
            ("blockscout_rest", f"{stream}: page"): (stream, items(many(51))),
            ("blockscout_rest", f"{stream}: cursor"): (stream, put([1], "next_page_params")),
            ("blockscout_rest", f"{stream}: reading"): (stream, items(last_with(**columns))),
        }
    return found | {
        ("blockscout_rest", "indexing status"): ("status", put("yes", "finished_indexing")),
        ("blockscout_rest", "second page: order"): ("second page", items(last_with(block_number=10**9))),
        ("blockscout_rest", "an unused address"): ("nobody", lambda _: {"items": [{}], "next_page_params": None}),
    }


def _node() -> dict[tuple[str, str], tuple[str, Change]]:
    changes: dict[str, tuple[str, Change]] = {
        "chain": ("chain", put("0x89", "result")),
        "finalized block": ("finalized", put("soon", "result", "number")),
        "logs: reading": ("logs", rows_at("result")(last_with(address="0x" + "9" * 40))),
        "a range too wide": ("wide", put({"code": -32000, "message": "odd"}, "error")),
        "a receipt": ("receipt", put("soon", "result", "blockNumber")),
    }
    return {("rpc", name): change for name, change in changes.items()}


def _tron() -> dict[tuple[str, str], tuple[str, Change]]:
    data, (first, _) = rows_at("data"), HERE["tron"].crowded
    empty = {"data": [], "success": True, "meta": {}}
    grid: dict[str, tuple[str, Change]] = {}
    for stream, odd in (("native", {"block_timestamp": 1_684_999_999_999_999}), ("token", {"value": "-5"})):
        grid |= {
            f"{stream}: order": (stream, data(swapped)),
            f"{stream}: range": (stream, data(lambda rows: [{**rows[0], "block_timestamp": first - 3_000}, *rows[1:]])),
            f"{stream}: page": (stream, data(many(201))),
            f"{stream}: mark": (stream, without("meta", "fingerprint")),
            f"{stream}: reading": (stream, data(last_with(**odd)) if stream == "token" else data(_odd_transaction)),
        }
    grid |= {
        "solidified head": ("head", put("soon", "block_header", "raw_data", "timestamp")),
        "an empty list": ("empty", put("a mark", "meta", "fingerprint")),
        "next page": ("next page", data(lambda rows: [{**rows[0], "block_timestamp": first}, *rows[1:]])),
        "stamps": ("one moment", lambda _: empty),
        "a bad address": ("bad address", lambda _: (200, empty)),
        "an unused account": ("nobody", put([{"address": "41" + "0" * 40}], "data")),
        "balance of a token": ("token balance", put(["7"], "constant_result")),
        "freeze events": ("events", put([{"event_name": "AddedBlackList", "block_timestamp": first}], "data")),
    }
    transfers = rows_at("token_transfers")
    scan: dict[str, tuple[str, Change]] = {
        "newest block": ("head", put("soon", "data", 0, "timestamp")),
        "token: range": ("token", transfers(last_with(block_ts=first - 3_000))),
        "token: page": ("token", transfers(many(51))),
        "token: short pages": ("token", transfers(lambda rows: rows[:-1])),
        "token: reading": ("token", transfers(last_with(quant="-5"))),
        "limit of 200": ("larger page", transfers(many(60))),
        "an empty list": ("empty", put(3, "total")),
    }
    return {("trongrid", name): one for name, one in grid.items()} | {("tronscan", name): one for name, one in scan.items()}


def _odd_transaction(rows: list[Any]) -> list[Any]:
    at = max(at for at, row in enumerate(rows) if "raw_data" in row)
    return [*rows[:at], {**rows[at], "ret": [{"contractRet": "SUCCESS", "fee": -1}]}, *rows[at + 1 :]]


def _coins() -> dict[tuple[str, str], tuple[str, Change]]:
    rows, txs = rows_at(), rows_at("txs")
    found: dict[tuple[str, str], tuple[str, Change]] = {}
    for name in ("esplora", "mempool"):
        changes: dict[str, tuple[str, Change]] = {
            "tip": ("head", lambda _: b"99999999999999"),
            "count of an address": ("count", put(0, "chain_stats", "tx_count")),
            "native: order": ("native", rows(swapped_inside)),
            "native: page": ("native", rows(many(26))),
            "native: reading": ("native", rows(last_with(fee="none"))),
            "next page: place": ("next page", put(800_000, 0, "status", "block_height")),
            "next page: repeats": ("next page", lambda body: lambda earlier: [earlier[2][-1], *body]),
            "a place that is gone": ("gone", lambda _: (200, [{}])),
            "rows in no block": ("waiting", lambda _: [{}] * 51),
            "prevout of new coins": ("coinbase", lambda body: {**body, "vin": without_all(body["vin"], "prevout")}),
            "a coinbase": ("coinbase", put("none", "fee")),
            "a bad address": ("bad address", lambda _: (200, [])),
        }
        found |= {(name, what): change for what, change in changes.items()}
    site: dict[str, tuple[str, Change]] = {
        "tip": ("head", lambda _: b"soon"),
        "native: order": ("native", txs(swapped_inside)),
        "native: page": ("native", txs(many(101))),
        "native: reading": ("native", txs(last_with(fee="none"))),
        "next page: place": ("next page", txs(lambda _: [])),
        "a bad address": ("bad address", lambda _: (200, {"addresses": [], "txs": []})),
    }
    return found | {("blockchain_info", name): change for name, change in site.items()}


def _prices() -> dict[tuple[str, str], tuple[str, Change]]:
    gone: Change = put({}, "coins")
    return {
        ("prices:defillama", "known coins"): ("known", gone),
        ("prices:defillama", "an unknown coin"): ("unknown", lambda _: (400, {"message": "Coin not known"})),
        ("prices:coingecko", "a recent hour"): ("recent", put([], "prices")),
        ("prices:coingecko", "spacing"): ("recent", rows_at("prices")(lambda rows: [rows[0], rows[len(rows) // 2]])),
        ("prices:coingecko", "an unknown token"): ("unknown", lambda _: (400, {"error": "odd"})),
        ("prices:coingecko", "an hour of years ago"): ("old", lambda _: (422, {"error": "Missing parameter"})),
        ("prices:mempool", "price at a time"): ("known", put([], "prices")),
        ("prices:ecb", "several currencies in one key"): ("day", lambda body: "\r\n".join(
            line for line in body.split("\r\n") if ".GBP." not in line).encode()),
        ("prices:ecb", "a day without rates"): ("weekend", lambda _: (400, b"Syntax error")),
    }  # fmt: skip


BREAKS = _evm() | _rest() | _node() | _tron() | _coins() | _prices()
"""(Explorer, assumption) -> (question, change of its answer)."""
