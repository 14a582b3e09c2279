"""Kills and keys: what runs in processes of its own, and the worlds of other parts of the suite, importable by name."""

from __future__ import annotations

import faulthandler
import multiprocessing
import sys
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

_PARTS = ("kills", "collect", "freezes", "prices_net", "sources_net")
sys.path += [str(Path(__file__).parents[1] / part) for part in _PARTS]
_LONGEST = 300
_LOADED = ["doomed", "duckdb", "pyarrow", "pyarrow.compute", "requests", "tenacity", "tqdm.auto"]


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """A server that has imported everything and forks at once; it is one process that runs no thread."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    return context


@pytest.fixture(autouse=True)
def watchdog() -> Iterator[None]:
    faulthandler.dump_traceback_later(_LONGEST, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
