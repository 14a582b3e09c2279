"""Small pulls from a fake explorer that serves one hub, and what they leave behind."""

from __future__ import annotations

from typing import Any

from long_worlds import long_world
from pulling import coverage, in_process, stored, truth_of

import cryptotrace as ct
from cryptotrace.collect.pull import collect
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Fault, SmallWorld

STREAMS = ("native", "internal", "token")
WORLD = long_world(60)


def fake(world: SmallWorld = WORLD, *faults: Fault, **settings: Any) -> FakeEtherscan:
    return FakeEtherscan(world, plan=UNLIMITED, faults=faults, **{"head": 10_000, **settings})


def digests(store: ct.Store) -> dict[str, str]:
    """Digests of every table."""
    return store.digests()


def calm(world: SmallWorld = WORLD, addresses: Any = None, **settings: Any) -> tuple[ct.Store, FakeEtherscan]:
    explorer, store = fake(world), ct.open_store(":memory:")
    collect(in_process(explorer), store, addresses or world.addresses, progress=False, **settings)
    return store, explorer


def list_params(explorer: FakeEtherscan, since: int = 0) -> list[tuple[tuple[str, str], ...]]:
    return [tuple(sorted(one.params.items())) for one in explorer.requests[since:] if one.params.get("module") == "account"]


def check_every_complete_list(store: ct.Store, world: SmallWorld) -> None:
    rows = stored(store)
    for (address, stream), (_, _, last, _) in coverage(store).items():
        truth = truth_of(world, address, stream, last)
        assert truth <= rows, (address, stream, last)
