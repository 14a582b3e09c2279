"""Real answers of nodes; ``recorded_receipts`` beside the tests says what was asked."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "collect")]

from recorded_receipts import Recorded, recorded


@pytest.fixture(scope="session")
def answers(shared_data: Path) -> list[Recorded]:
    with gzip.open(shared_data / "receipts" / "receipts.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [recorded(json.loads(line)) for line in lines]
