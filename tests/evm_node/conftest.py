"""A node that really executes transactions; see ``evm_fixtures``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

from evm_fixtures import evm_node, evm_world

__all__ = ["evm_node", "evm_world"]
