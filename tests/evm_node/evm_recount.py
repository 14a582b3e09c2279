"""Balances from JSON-RPC answers alone, by the simplest rules that can be right; nothing of the library is used."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from evm_contracts import DEPOSIT, TRANSFER, WITHDRAWAL

Ask = Callable[..., Any]
REWARD = 2 * 10**18
_NOWHERE = "0x" + "00" * 20
_MOVES = {"CALL", "CREATE", "CREATE2", "SELFDESTRUCT"}


def ether_recounted(ask: Ask, last: int, *, flat: bool = False) -> dict[str, Counter[str]]:
    """For each account the wei by kind: in, out, fees, tips, rewards, withdrawals; with ``flat`` from ``trace_filter``."""
    book: dict[str, Counter[str]] = defaultdict(Counter)
    for number in range(last + 1):
        block = ask("eth_getBlockByNumber", hex(number), True)
        _entries_of_block(book, block)
        for transaction in block["transactions"]:
            receipt = ask("eth_getTransactionReceipt", transaction["hash"])
            gas, price = _int(receipt["gasUsed"]), _int(receipt["effectiveGasPrice"])
            book[transaction["from"]]["fees"] += gas * price
            book[block["miner"]]["tips"] += gas * (price - _int(block["baseFeePerGas"]))
            if not flat:
                tree = ask("debug_traceTransaction", transaction["hash"], {"tracer": "callTracer"})
                _enter(book, tree_moves(tree))
    if flat:
        _enter(book, flat_moves(ask("trace_filter", {"fromBlock": "0x0", "toBlock": hex(last)})))
    return book


def tree_moves(call: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Payer, payee and wei of each call that lasted, from the shape of ``callTracer``."""
    if call.get("error"):
        return  # all below is undone with it
    if call["type"] in _MOVES and _int(call["value"]):
        yield call["from"], call["to"], _int(call["value"])
    for child in call.get("calls", []):
        yield from tree_moves(child)


def flat_moves(items: list[dict[str, Any]]) -> Iterator[tuple[str, str, int]]:
    """The same from the shape of ``trace_filter``; an error undoes all addresses that continue its own."""
    failed = {(item["transactionHash"], tuple(item["traceAddress"])) for item in items if item.get("error")}
    for item in items:
        path, action = tuple(item["traceAddress"]), item["action"]
        if any((item["transactionHash"], path[:depth]) in failed for depth in range(len(path) + 1)):
            continue
        if item["type"] == "suicide":
            yield action["address"], action["refundAddress"], _int(action["balance"])
        elif item["type"] == "create":
            yield action["from"], item["result"]["address"], _int(action["value"])
        elif item["type"] == "call" and action["callType"] == "call":
            yield action["from"], action["to"], _int(action["value"])


def ether_balance(opening: int, entries: Mapping[str, int]) -> int:
    """Opening plus all that came less all that went."""
    came = sum(entries.get(kind, 0) for kind in ("in", "tips", "rewards", "withdrawals"))
    return opening + came - entries.get("out", 0) - entries.get("fees", 0)


def units_recounted(ask: Ask, token: str, last: int) -> Counter[str]:
    """Units of each account from events: transfers, and the deposits and withdrawals of wrapped ether."""
    book: Counter[str] = Counter()
    for log in ask("eth_getLogs", {"fromBlock": "0x0", "toBlock": hex(last), "address": token}):
        named, units = ["0x" + topic[-40:] for topic in log["topics"][1:]], _int(log["data"] or "0x0")
        if log["topics"][0] == TRANSFER:
            book[named[0]] -= units
            book[named[1]] += units
        elif log["topics"][0] == DEPOSIT:
            book[named[0]] += units
        elif log["topics"][0] == WITHDRAWAL:
            book[named[0]] -= units
    del book[_NOWHERE]
    return book


def _entries_of_block(book: dict[str, Counter[str]], block: Mapping[str, Any]) -> None:
    if _int(block["difficulty"]) and _int(block["number"]):
        book[block["miner"]]["rewards"] += REWARD
    for one in block.get("withdrawals", []):
        book[one["address"]]["withdrawals"] += _int(one["amount"]) * 10**9


def _enter(book: dict[str, Counter[str]], moves: Iterator[tuple[str, str, int]]) -> None:
    for payer, payee, wei in moves:
        book[payer]["out"] += wei
        book[payee]["in"] += wei


def _int(text: str) -> int:
    return int(text, 16)
