"""Tests marked ``live`` ask the real explorers: they are left out unless ``-m`` names them, and only they use the network."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave live tests out, whatever else is asked for, unless the marker is named."""
    if re.search(r"\blive\b", config.getoption("markexpr") or ""):
        return
    left_out = [item for item in items if item.get_closest_marker("live")]
    if left_out:
        items[:] = [item for item in items if not item.get_closest_marker("live")]
        config.hook.pytest_deselected(items=left_out)
