"""What makes seeds doubtful is said: listed payments that are not there, seeds that look like services."""

from __future__ import annotations

from datetime import UTC, datetime

import cryptotrace as ct
from cryptotrace.schema import Batch

A, B = "0x" + "a" * 40, "0x" + "b" * 40
USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"


def test_a_listed_payment_that_matches_no_row_is_a_warning() -> None:
    store, batch = ct.open_store(":memory:"), Batch()
    batch.add_transfer(
        chain="ethereum", tx_hash="0x" + "1" * 64, kind="token", time=datetime(2023, 1, 1, tzinfo=UTC), sender=A, receiver=B,
        amount=5, contract=USDT, symbol="USDT", decimals=6, block=1, tx_index=0, log_index=4,
    )  # fmt: skip
    store.load([batch], complete=True)
    found, wrong_place, wrong_hash = ("0x" + "1" * 64, "4"), ("0x" + "1" * 64, "5"), ("0x" + "2" * 64, "")
    seeds = ct.Seeds((ct.Seed(chain="ethereum", address=B, injects="payments", payments=(found, wrong_place, wrong_hash)),))
    trace = ct.trace(store, seeds)
    assert len(trace.provenance.warnings) == 2
    assert all("a listed payment is not in the ledger" in warning for warning in trace.provenance.warnings)
    assert trace.table("statement").column("injected") == (5,)


def test_a_seed_with_as_many_counterparties_as_a_service_is_a_warning() -> None:
    store, batch = ct.open_store(":memory:"), Batch()
    for number in range(4):
        batch.add_transfer(
            chain="ethereum", tx_hash=f"0x{number:064x}", kind="token", time=datetime(2023, 1, 1, tzinfo=UTC),
            sender=f"0x{number + 1:040x}", receiver=B, amount=5, contract=USDT, symbol="USDT", decimals=6, block=number,
            tx_index=0, log_index=4,
        )  # fmt: skip
    store.load([batch], complete=True)
    seeds = ct.Seeds((ct.Seed(chain="ethereum", address=B),))
    assert ct.trace(store, seeds, service_degree=5).provenance.warnings == ()
    (warning,) = ct.trace(store, seeds, service_degree=4).provenance.warnings
    assert "trades with 4 counterparties" in warning
    estimate = ct.estimate(store, None, ct.trace(store, seeds, service_degree=4))
    assert warning in estimate.provenance.warnings
