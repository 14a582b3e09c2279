"""The cases that the tests of reports share; ``report_case`` beside this file makes them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from report_case import HOP, Case, make_case, tiny_batch, tiny_labels, tiny_seeds

from cryptotrace.model import Seed, Seeds


@pytest.fixture(scope="session")
def case() -> Case:
    """Two victims, one exchange, two scam addresses, and text that means harm."""
    return make_case(tiny_batch(), tiny_seeds(), tiny_labels())


@pytest.fixture(scope="session")
def outflow_case() -> Case:
    """The same rows seen as a hack: what the source pays out is followed."""
    seeds = Seeds((Seed(chain="ethereum", address=HOP, category="hack", injects="outflow", campaign="h"),))
    return make_case(tiny_batch(), seeds, tiny_labels())
