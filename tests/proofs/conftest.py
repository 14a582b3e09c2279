"""Proofs are tested over pulls of small worlds, asked in process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.extend(str(Path(__file__).parents[1] / folder) for folder in ("collect", "proofs", "sources_blockscout"))

import cryptotrace as ct
from cryptotrace.collect import pull
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, random_chain


@pytest.fixture(autouse=True)
def quick_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "_WAIT", 0.002)


@pytest.fixture(scope="session")
def pulled() -> Callable[[int], tuple[FakeEtherscan, ct.Store]]:
    """Pull every address of a small world into a store in memory, and prove it."""
    from pulling import KEY, in_process  # type: ignore[import-not-found]

    def make(seed: int) -> tuple[FakeEtherscan, ct.Store]:
        world = random_chain(seed)
        explorer = FakeEtherscan(world, key=KEY, plan=UNLIMITED)
        store = ct.open_store(":memory:")
        source = in_process(explorer, page_rows=1_000)
        ct.collect(source, store, list(world.addresses), progress=False)
        ct.prove(source, store, progress=False)
        return explorer, store

    return make
