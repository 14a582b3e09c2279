"""The whole chain on the library's own worlds: what was planted comes out, and nothing else does."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import cryptotrace as ct
from cryptotrace.testing import World, empty_world, romance_world
from cryptotrace.tracing import Envelope


def run_chain(folder: Path, world: World) -> tuple[Envelope, ct.Estimate]:
    """Files in, estimate out, as a script would do it."""
    world.write(folder)
    store = ct.open_store(":memory:")
    ct.load_transfers(store, folder / "transfers.csv", format="table", transactions=folder / "transactions.csv", complete=True)
    ct.load_prices(store, folder / "prices.csv")
    seeds = ct.load_seeds(folder / "seeds.csv") if world.seeds else ct.Seeds()
    labels = ct.load_labels(folder / "labels.csv")
    clusters = ct.cluster(store, seeds, labels=labels)
    envelope = ct.trace_all(store, seeds, labels=labels, clusters=clusters)
    return envelope, ct.estimate(store, clusters, envelope["haircut"], envelope=envelope)


def share_off(value: Decimal | None, planted: Decimal) -> Decimal:
    """Relative distance from the planted value."""
    assert value is not None
    return abs(value - planted) / planted


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 200, 25))
def test_victim_plausible_loss_is_within_one_percent_on_200_worlds(tmp_path: Path, first: int) -> None:
    """With every scam address known, E3 is the planted loss; no exit is attributed more than it received."""
    for seed in range(first, first + 25):
        world = romance_world(seed, victims=4, people=25, days=60, reported="all")
        envelope, estimate = run_chain(tmp_path / str(seed), world)
        rung = estimate["E3"]
        assert share_off(rung.central_usd, world.truth.loss_usd) <= Decimal("0.01"), seed
        assert rung.low_usd is not None
        assert rung.low_usd <= world.truth.loss_usd * Decimal("1.01")
        assert_exits_never_exceed_receipts(envelope)


@pytest.mark.parametrize("seed", [3, 11])
def test_planted_exits_come_out_to_the_unit_under_every_conserving_policy(tmp_path: Path, seed: int) -> None:
    """Scam money never mixes before the exits of these worlds, so the policy decides nothing there."""
    world = romance_world(seed, reported="all")
    planted = {(reached.entity.split(":")[-1], reached.asset): reached.amount for reached in world.truth.exits}
    envelope, _ = run_chain(tmp_path, world)
    for trace in envelope.conserving:
        found: dict[tuple[str, str], int] = {}
        for row in trace.table("terminals").dicts():
            if row["category"] in {"exchange", "mixer"}:
                key = (row["entity"], row["asset"])
                found[key] = found.get(key, 0) + row["tainted_amount"]
        assert found == planted, trace.policy.id


def test_a_world_without_scam_and_without_seeds_gives_zero(tmp_path: Path) -> None:
    """Nothing to look for, nothing found; and the estimate says so."""
    envelope, estimate = run_chain(tmp_path, empty_world(5))
    for rung in ("E0", "E1", "E2", "E3", "E4"):
        assert estimate[rung].central_usd == 0
    assert any("nothing was looked for" in warning for warning in estimate.provenance.warnings)
    assert all(len(trace.table("flows")) == 0 for trace in envelope)


def assert_exits_never_exceed_receipts(envelope: Envelope) -> None:
    """An end is attributed at most what the ledger shows it received."""
    for trace in envelope.conserving:
        context = trace.context
        received: dict[tuple[str, str, str], int] = {}
        for row in context.ordered:
            if row.receiver is not None:
                key = (*context.account(row.receiver), context.asset(row.asset))
                received[key] = received.get(key, 0) + row.amount
        for row in trace.table("terminals").dicts():
            assert row["tainted_amount"] <= received[row["chain"], row["address"], row["asset"]]
