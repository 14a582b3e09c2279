"""Equal rows of one transaction stay as many as they are where two explorers give a list, whatever each tells of places."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from typing import Any

import pytest
from pulling import coverage, stored, truth_of
from routing import PAGE, auto, given_by, opened

import cryptotrace as ct
from cryptotrace.testing.explorers import UNLIMITED, FakeBlockscout, FakeEtherscan, random_chain

STREAMS = ("native", "internal", "token")
ORDERS = list(permutations(("etherscan", "blockscout", "blockscout_rest"), 2))


def equal_rows(world: Any) -> Counter[Any]:
    """Count the rows of transfers that stand several times in one transaction, by what names them."""
    rows = Counter(
        (row.tx_hash, row.kind, row.sender, row.receiver, row.contract, row.amount, row.ok)
        for row in world.transfers
        if row.kind != "native" and (row.ok or row.kind == "internal")
    )
    return Counter({row: count for row, count in rows.items() if count > 1})


def fakes_of(world: Any, order: tuple[str, ...], seed: int) -> dict[str, Any]:
    head = world.transactions[-1].block + 100
    return {
        name: FakeEtherscan(world, plan=UNLIMITED, head=head, log_index=("absent", "present", "0x")[seed % 3])
        if name == "etherscan"
        else FakeBlockscout(world, head=head, page_rows=2 + seed % PAGE, log_index=seed % 2 == 0)
        for name in order
    }


@pytest.mark.slow
@pytest.mark.parametrize("order", ORDERS, ids="+".join)
def test_equal_rows_of_one_transaction_survive_a_change_of_explorer_in_the_middle_of_any_list(order: tuple[str, ...]) -> None:
    """Internal rows have a place in the trace from one and none from the other; token rows a log index, or none."""
    mixed = twice = 0
    for seed in range(12):
        world = random_chain(seed, transactions=40, addresses=3)
        equal = equal_rows(world)
        for stream in ("internal", "token"):
            store = ct.open_store(":memory:")
            source = auto(fakes_of(world, order, seed), [0, 0] if seed % 2 else None, gone_from=1 + seed, gone_list=stream)
            ct.collect(source, store, world.addresses, progress=False)
            everything: Counter[Any] = Counter()
            for address in world.addresses:
                for one in STREAMS:
                    everything |= truth_of(world, address, one, 10**12)
            assert {status for status, *_ in coverage(store).values()} == {"complete"}
            assert stored(store) == everything, (seed, stream)
            mixed += sum("+" in (given or "") for given in given_by(store).values())
            twice += sum(equal.values())
    assert mixed > 10
    assert twice > 50


@pytest.mark.parametrize("order", ORDERS, ids="+".join)
def test_one_explorer_after_the_other_adds_no_row(order: tuple[str, ...]) -> None:
    for seed in range(4):
        world, store = random_chain(seed, transactions=40, addresses=3), ct.open_store(":memory:")
        for name in order:
            fake = fakes_of(world, order, seed)[name]
            ct.collect(opened(name, fake), store, world.addresses, progress=False)
        everything: Counter[Any] = Counter()
        for address in world.addresses:
            for stream in STREAMS:
                everything |= truth_of(world, address, stream, 10**12)
        assert stored(store) == everything, seed
