"""The fake Tronscan answers as recorded answers of the real one do: seconds, days, caps, and a list without counts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cryptotrace.testing.explorers import FakeTronscan, random_tron

DAY = 86_400_000
PATHS = {"/token_trc20/transfers": "token_transfers", "/transaction": "data", "/internal-transaction": "data"}
WORLD = random_tron(3, transactions=300, addresses=2)
WHO = WORLD.addresses[0]


def asked(fake: FakeTronscan, path: str, first: int, last: int, *, start: int = 0, limit: int = 50) -> dict[str, Any]:
    name = "relatedAddress" if "trc20" in path else "address"
    bounds = {"start_timestamp": str(first), "end_timestamp": str(last), "start": str(start), "limit": str(limit)}
    answer = fake.answer({name: WHO, **bounds}, path=path)
    return {"status": answer.status, **json.loads(answer.body)}


def rows(found: dict[str, Any], path: str) -> list[Any]:
    listed: list[Any] = found[PATHS[path]]
    return listed


def moment(row: dict[str, Any]) -> int:
    found: int = row.get("block_ts", row.get("timestamp"))
    return found


@pytest.mark.parametrize("path", PATHS)
def test_lists_run_from_the_newest_row_and_larger_pages_are_cut_without_a_word(path):
    fake = FakeTronscan(WORLD)
    page = rows(asked(fake, path, 0, 0, limit=200), path)
    assert len(page) == 50
    assert [moment(row) for row in page] == sorted(map(moment, page), reverse=True)
    second = rows(asked(fake, path, 0, 0, start=50), path)
    assert page[-1] not in second


@pytest.mark.parametrize("path", PATHS)
def test_bounds_are_whole_seconds_a_zero_is_none_and_a_small_one_is_refused(path):
    fake = FakeTronscan(WORLD)
    at = moment(rows(asked(fake, path, 0, 0), path)[-1])
    assert rows(asked(fake, path, at + 999, at + 1), path)
    assert all(moment(row) == at for row in rows(asked(fake, path, at, at + 999), path))
    assert not rows(asked(fake, path, at + 1_000, at + 1_999), path)
    assert asked(fake, path, 1, at)["status"] == 400


@pytest.mark.parametrize("path", ["/token_trc20/transfers", "/transaction"])
def test_counts_are_those_of_whole_days_however_small_the_window(path):
    fake = FakeTronscan(WORLD)
    at = moment(rows(asked(fake, path, 0, 0), path)[0])
    dawn = at // DAY * DAY
    day = asked(fake, path, dawn, dawn + DAY - 1)
    assert asked(fake, path, at, at)["rangeTotal"] == day["rangeTotal"] == len(rows(day, path))
    every = asked(FakeTronscan(WORLD, deepest=60), path, 0, 0)
    assert every["total"] == 60 < every["rangeTotal"]


def test_internal_transactions_are_not_counted():
    found = asked(FakeTronscan(WORLD), "/internal-transaction", 0, 0)
    assert (found["total"], found["rangeTotal"]) == (-1, -1)
    assert {row["note"] for row in rows(found, "/internal-transaction")} >= {"call"}


@pytest.mark.parametrize("path", PATHS)
def test_pages_end_where_they_must(path):
    fake = FakeTronscan(WORLD, deepest=60)
    assert len(rows(asked(fake, path, 0, 0, start=55), path)) == 5
    assert rows(asked(fake, path, 0, 0, start=60), path) == []
    assert asked(fake, path, 0, 0, start=61)["status"] == 400


def test_what_is_newer_than_the_chain_is_not_there_and_the_newest_is_not_final():
    fake = FakeTronscan(WORLD)
    fake.newest = WORLD.calls[200].stamp
    page = rows(asked(fake, "/transaction", 0, 0, limit=50), "/transaction")
    assert max(map(moment, page)) <= fake.newest
    assert {row["confirmed"] for row in page if moment(row) > fake.newest - 57_000} <= {False}
    assert any(row["confirmed"] for row in page)


def test_a_hidden_row_is_counted_and_shown_at_no_place():
    fake, honest = FakeTronscan(WORLD, troubles={"hidden": 30}), FakeTronscan(WORLD)
    every = [
        row["hash"] for at in range(0, 500, 50) for row in rows(asked(honest, "/transaction", 0, 0, start=at), "/transaction")
    ]
    shown = {
        row["hash"] for at in range(0, 500, 7)
        for row in rows(asked(fake, "/transaction", 0, 0, start=at, limit=7), "/transaction")
    }  # fmt: skip
    hidden = set(every) - shown
    assert 0 < len(hidden) < len(every) // 2
    assert asked(fake, "/transaction", 0, 0)["rangeTotal"] == len(every)
