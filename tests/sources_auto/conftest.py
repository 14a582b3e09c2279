"""The fakes of every family, without sockets, with short waits between steps."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cryptotrace.collect import pull

_TESTS = Path(__file__).parents[1]
_FOLDERS = ("collect", "sources_blockscout", "sources_tron", "sources_bitcoin", "sources_auto", "sources_rpc", "evm_node")
sys.path += [str(_TESTS / folder) for folder in _FOLDERS]


@pytest.fixture(autouse=True)
def quick_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "_WAIT", 0.002)
