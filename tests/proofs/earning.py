"""Small worlds in which somebody earns without a transaction, and what the tests of it share."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pulling import KEY, in_process  # type: ignore[import-not-found]

import cryptotrace as ct
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Fault, IncomeRow, random_chain, with_incomes

WORLD = random_chain(3)
VALIDATOR, MINER, PLAIN = WORLD.addresses[:3]
FIRST, LAST = min(row.block for row in WORLD.transactions), max(row.block for row in WORLD.transactions)
BLOCKS = [FIRST + number * (LAST - 100 - FIRST) // 99 for number in range(100)]
"""Blocks that pay; the newest of them counts as final."""
GWEI, ETHER = 10**9, 10**18
INCOME_LISTS: tuple[Any, ...] = ("withdrawal", "mined", "uncle")


def withdrawals(count: int, *, each: int = 3, first: int = 0, receiver: str = VALIDATOR) -> list[IncomeRow]:
    """Give withdrawals, several a block, some of them equal in all but their number."""
    return [
        IncomeRow(
            kind="withdrawal", block=BLOCKS[first + number // each], receiver=receiver, amount=(17 + number % 2) * 10**15,
            index=40_000 + 1_000 * first + number,
        )
        for number in range(count)
    ]  # fmt: skip


def blocks(count: int, *, kind: Any = "mined", receiver: str = MINER) -> list[IncomeRow]:
    return [IncomeRow(kind=kind, block=BLOCKS[n], receiver=receiver, amount=ETHER // 20 + n) for n in range(count)]


def served(incomes: list[IncomeRow], *faults: Fault, head: int | None = None) -> FakeEtherscan:
    return FakeEtherscan(with_incomes(WORLD, incomes), key=KEY, plan=UNLIMITED, faults=faults, head=head)


def pulled(explorer: FakeEtherscan, *people: str, to: int | str = "finalized") -> tuple[ct.Store, Any]:
    store, source = ct.open_store(":memory:"), in_process(explorer, page_rows=1_000)
    ct.collect(source, store, list(people or WORLD.addresses), to_block=to, progress=False)
    return store, source


def asked(source: Any) -> Counter[str]:
    return Counter({kind: source.fetcher.calls[kind] for kind in INCOME_LISTS if source.fetcher.calls[kind]})


def income_of(store: ct.Store, receiver: str) -> list[tuple[str, int]]:
    return [
        (name, int(amount))
        for name, amount in store.rows(
            "SELECT t.tx_hash, t.amount FROM transfers AS t JOIN accounts AS m ON m.id = t.receiver "
            "WHERE t.kind = 'reward' AND m.address = ? ORDER BY t.tx_hash",
            [receiver],
        )
    ]


def status_of(found: Any, address: str) -> tuple[str, str | None, int | None]:
    proof = found.of("ethereum", address)
    return proof.status, proof.reason, proof.difference
