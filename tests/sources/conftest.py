"""What the tests of the sources share: read everything into one batch, name the columns, write small files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources import read_transfers


@pytest.fixture
def read() -> Callable[..., Batch]:
    """Read all batches of a call into one."""

    def read_all(*paths: Any, **options: Any) -> Batch:
        whole = Batch()
        for batch in read_transfers(*paths, **options):
            for table, rows in batch.rows.items():
                whole.rows.setdefault(table, []).extend(rows)
        return whole

    return read_all


@pytest.fixture
def rows_of() -> Callable[[Batch, str], list[dict[str, Any]]]:
    """Give the rows of a table by column name."""

    def named(batch: Batch, table: str = "transfers") -> list[dict[str, Any]]:
        return [dict(zip(WIDE[table].names, row, strict=True)) for row in batch.rows.get(table, [])]

    return named


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write lines into a file and give its path."""

    def written(name: str, *lines: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return written
