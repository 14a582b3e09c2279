"""Sources of prices without a network; ``quoting`` holds what the tests share."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "sources_net")]
