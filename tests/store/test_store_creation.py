"""A new store appears whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

import cryptotrace as ct
from cryptotrace.store.duckdb import DuckStore


def test_a_store_whose_making_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: DuckStore, connection: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(DuckStore, "_create", fail)
    with pytest.raises(KeyboardInterrupt):
        ct.open_store(tmp_path / "case.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_another_process_made_meanwhile_is_opened_and_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "case.duckdb"
    make = DuckStore._create

    def lose_the_race(self: DuckStore, connection: object) -> None:
        make(self, connection)
        monkeypatch.setattr(DuckStore, "_create", make)
        other = ct.open_store(path)
        other.run("INSERT INTO meta VALUES ('winner', 'yes')")

    monkeypatch.setattr(DuckStore, "_create", lose_the_race)
    store = ct.open_store(path)
    assert store.rows("SELECT value FROM meta WHERE name = 'winner'") == [("yes",)]
    assert [file.name for file in tmp_path.iterdir()] == ["case.duckdb"]
