"""Fixtures of the node, for any folder of tests that puts this one on ``sys.path`` and imports them in its conftest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from evm_rpc import EvmRpc
from evm_server import EvmNode
from evm_world import EvmWorld, build_world

SEED = 7


@pytest.fixture(scope="session")
def evm_world() -> EvmWorld:
    """A history with every kind of action; never mine on it, since tests share it."""
    return build_world(SEED)


@pytest.fixture
def evm_node(evm_world: EvmWorld) -> Iterator[EvmNode]:
    """The node of ``evm_world`` on loopback, with limits and a record of requests of its own.

    The test needs ``@pytest.mark.allow_hosts(["127.0.0.1"])``.
    """
    node = EvmNode(EvmRpc(evm_world.chain))
    try:
        yield node
    finally:
        node.close()
