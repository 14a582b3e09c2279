"""Worlds with lists of a known length: every transaction moves value, an inner payment and a token."""

from __future__ import annotations

import hashlib

from cryptotrace.testing._rows import USDT, TransactionRow, TransferRow, time_of
from cryptotrace.testing.explorers import SmallWorld

HUB = "0x" + "ab" * 20
FIRST = 1_000


def other(number: int) -> str:
    return "0x" + hashlib.sha256(f"person {number}".encode()).hexdigest()[:40]


def long_world(
    transactions: int, *, a_block: int = 1, people: int = 3, tokens: bool = True, internals: bool = True
) -> SmallWorld:
    """Make ``transactions`` between the hub and a few others, so many a block; each shows up once in every list of the hub."""
    moves, calls = [], []
    for number in range(transactions):
        block, index = FIRST + number // a_block, number % a_block
        name = "0x" + hashlib.sha256(f"tx {number}".encode()).hexdigest()
        person, out = other(number % people), number % 2 == 0
        sender, receiver = (HUB, person) if out else (person, HUB)
        place = {"chain": "ethereum", "block": block, "time": time_of(block * 12), "tx_hash": name, "tx_index": index}
        calls.append(TransactionRow(**place, signer=sender, to=receiver, ok=True, fee=21_000 * 10**9))
        ends = {"sender": sender, "receiver": receiver, "amount": number, "ok": True, "symbol": "ETH", "decimals": 18}
        moves.append(TransferRow(**place, **ends, kind="native", contract=None, log_index=None, trace_path=None))
        if internals:
            moves.append(TransferRow(**place, **ends, kind="internal", contract=None, log_index=None, trace_path="0_1"))
        if tokens:
            coin = {**ends, "symbol": "USDT", "decimals": 6}
            moves.append(
                TransferRow(**place, **coin, kind="token", contract=USDT.contract, log_index=index * 3, trace_path=None)
            )
    everyone = tuple(dict.fromkeys([HUB, *(other(number) for number in range(people))]))
    return SmallWorld(
        name=f"long-{transactions}", addresses=everyone, transfers=tuple(moves), transactions=tuple(calls), approvals=()
    )
