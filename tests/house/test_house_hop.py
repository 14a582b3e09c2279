"""A laundering hop between two scam addresses may change what prints the hop, and nothing that is a finding."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cryptotrace as ct
from cryptotrace.testing import World, romance_world

HOP = "0x" + "5c" * 20


def with_hop(world: World, at: int) -> World:
    """Send the ``at``-th token payment between two scam addresses through one more scam address, two blocks apart at most."""
    scam = {one.address for one in world.truth.addresses}
    moves = [
        row
        for row in world.transfers
        if row.ok and row.kind == "token" and row.sender in scam and row.receiver in scam and row.amount
    ]
    row = moves[at % len(moves)]
    first = replace(row, receiver=HOP)
    second = replace(row, tx_hash="0x" + "5d" * 32, tx_index=row.tx_index + 1_000, sender=HOP, log_index=10_000)
    transfers = []
    for one in world.transfers:
        transfers.extend([first, second] if one is row else [one])
    signed = next(one for one in world.transactions if one.tx_hash == row.tx_hash)
    extra = replace(signed, tx_hash=second.tx_hash, tx_index=second.tx_index, signer=HOP, fee=21_000 * 10**9)
    seed = next(one for one in world.seeds if one.role == "perpetrator")
    return replace(
        world,
        transfers=tuple(transfers),
        transactions=(*world.transactions, extra),
        seeds=(*world.seeds, replace(seed, address=HOP)),
    )


def findings(folder: Path, world: World) -> tuple[dict[str, object], dict[str, object]]:
    """What must stay, and what may change."""
    world.write(folder)
    store = ct.open_store(":memory:")
    ct.load_transfers(store, folder / "transfers.csv", format="table", transactions=folder / "transactions.csv", complete=True)
    ct.load_prices(store, folder / "prices.csv")
    seeds, labels = ct.load_seeds(folder / "seeds.csv"), ct.load_labels(folder / "labels.csv")
    clusters = ct.cluster(store, seeds, labels=labels)
    envelope = ct.trace_all(store, seeds, labels=labels, clusters=clusters)
    estimate = ct.estimate(store, clusters, envelope["haircut"], envelope=envelope)
    rungs = {name: estimate[name] for name in ("E1", "E2", "E3", "E4")}
    stay: dict[str, object] = {
        name: (r.low_usd, r.central_usd, r.high_usd, r.transfers, r.payers, r.unpriced) for name, r in rungs.items()
    }
    for trace in envelope.conserving:
        stay[f"exits {trace.policy.id}"] = trace.table("terminals").rows
        stay[f"frontier {trace.policy.id}"] = trace.table("frontier").rows
        stay[f"resting {trace.policy.id}"] = trace.table("resting").rows
        assert not any(trace.table("statement").column("difference"))
    change = {"E0": estimate["E0"].central_usd, "E5": estimate["E5"].central_usd, "members": len(clusters.table("members"))}
    return stay, change


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 500), at=st.integers(0, 200))
def test_a_hop_inside_the_scam_changes_no_finding(tmp_path_factory, seed: int, at: int) -> None:
    """E1 to E4, exits, frontier and resting stay; E0 and E5 grow by exactly the hop's amount."""
    folder = tmp_path_factory.mktemp("hop")
    world = romance_world(seed, campaigns=1, victims=4, people=20, days=45, reported="all")
    plain_stay, plain_change = findings(folder / "plain", world)
    hop_stay, hop_change = findings(folder / "hop", with_hop(world, at))
    assert hop_stay == plain_stay
    assert hop_change["members"] == plain_change["members"] + 1
    assert hop_change["E0"] > plain_change["E0"]
    assert hop_change["E5"] - plain_change["E5"] == hop_change["E0"] - plain_change["E0"]
