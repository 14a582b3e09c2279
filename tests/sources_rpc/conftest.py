"""Nodes for these tests: the one that really executes transactions, and a fake one over invented worlds."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parents[1] / name) for name in ("evm_node", "sources_evm", "collect", "sources_rpc")]

from evm_fixtures import evm_node, evm_world

from cryptotrace.collect import pull

__all__ = ["evm_node", "evm_world"]


@pytest.fixture(autouse=True)
def quick_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "_WAIT", 0.002)
