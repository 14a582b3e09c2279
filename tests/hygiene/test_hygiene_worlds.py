"""The rules against the planted noise of worlds that somebody else wrote."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import datetime

import pytest

from cryptotrace.hygiene import clean
from cryptotrace.schema import Batch
from cryptotrace.store import open_store


def _loaded(folder):
    batch = Batch()
    with gzip.open(folder / "transfers.csv.gz", "rt", encoding="utf-8", newline="") as handle:
        for n, r in enumerate(csv.DictReader(handle)):
            batch.add_transfer(
                chain=r["chain"], tx_hash=r["tx_hash"], kind=r["kind"], time=datetime.fromisoformat(r["time"]),
                sender=r["sender"], receiver=r["receiver"], amount=int(r["amount"]), block=int(r["block"]),
                tx_index=int(r["tx_index"]), log_index=int(r["log_index"]) if r["log_index"] else None,
                trace_path=r["trace_path"] or None, contract=r["contract"] or None, symbol=r["symbol"],
                decimals=int(r["decimals"]), ok=r["ok"] == "true", input_row=n,
            )  # fmt: skip
    store = open_store(":memory:")
    store.load([batch])
    return store


@pytest.mark.parametrize("world", ["poisoned-101", "poisoned-102"])
def test_planted_zero_value_and_counterfeit_rows_are_found_and_nothing_else(shared_data, world):
    folder = shared_data / "worlds" / world
    with gzip.open(folder / "truth.json.gz", "rt", encoding="utf-8") as handle:
        unwanted = json.load(handle)["unwanted_rows"]
    store = _loaded(folder)
    clean(store)
    for kind in ("zero_value", "counterfeit"):
        planted = {(r["tx_hash"], str(r["log_index"])) for r in unwanted if r["kind"] == kind}
        found = store.rows(
            "SELECT t.tx_hash, coalesce(CAST(t.log_index AS VARCHAR), '') FROM exclusions AS e "
            "JOIN transfers AS t ON t.id = e.transfer WHERE e.reason = ?",
            [kind],
        )
        assert planted
        assert set(found) == planted
