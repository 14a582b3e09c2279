"""The shipped rows, and a way to write a changed copy of them."""

from __future__ import annotations

import copy
import csv
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

from cryptotrace.registry.loading import read_rows
from cryptotrace.registry.vocabulary import COLUMNS

Rows = list[dict[str, str]]


@pytest.fixture(scope="session")
def shipped_rows() -> Rows:
    data = resources.files("cryptotrace.registry").joinpath("reported_totals.csv").read_bytes()
    return read_rows(data, "reported_totals.csv")


@pytest.fixture
def rows(shipped_rows: Rows) -> Rows:
    return copy.deepcopy(shipped_rows)


@pytest.fixture
def write_registry(tmp_path: Path) -> Callable[[Rows], Path]:
    def write(rows: Rows) -> Path:
        path = tmp_path / "totals.csv"
        with path.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


@pytest.fixture
def changed(rows: Rows, write_registry: Callable[[Rows], Path]) -> Callable[..., Path]:
    """Write a copy of the shipped registry in which some cells of one record differ."""

    def change(record: str, **cells: str) -> Path:
        next(row for row in rows if row["id"] == record).update(cells)
        return write_registry(rows)

    return change
