"""Worlds that came as files: the chain runs on each kind, balances, and attributes to no exit more than it received."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from cryptotrace.case import CaseResult, run_case

KINDS = (
    "clean_lookalikes", "dominant", "fake_liquidity_mining", "hyip", "poisoned", "romance_commingled", "romance_full",
    "truncated",
)  # fmt: skip


def run_world(world: Path, folder: Path) -> CaseResult:
    def place(name: str) -> str:
        packed = world / f"{name}.csv.gz"
        return (packed if packed.exists() else world / f"{name}.csv").resolve().as_posix()

    coverage = f'coverage = "{place("coverage")}"' if (world / "coverage.csv").exists() else ""
    path = folder / "case.toml"
    path.write_text(
        f"""\
schema = "cryptotrace.case/1"
[case]
id = "{world.name}"
[[input]]
format = "table"
path = "{place("transfers")}"
transactions = "{place("transactions")}"
approvals = "{place("approvals")}"
{coverage}
chain = "ethereum"
complete = true
[[seeds]]
path = "{place("seeds")}"
[[labels]]
path = "{place("labels")}"
[prices]
files = ["{place("prices")}"]
""",
        encoding="utf-8",
    )
    return run_case(path)


def received(result: CaseResult) -> Counter[tuple[str, str]]:
    """What the ledger shows each address to have received, by printed address in lower case and asset name."""
    sums: Counter[tuple[str, str]] = Counter()
    context = result.trace.context
    for row in context.ordered:
        if row.receiver is not None:
            sums[context.account(row.receiver)[1].lower(), context.asset(row.asset)] += row.amount
    return sums


def check(result: CaseResult) -> None:
    for trace in result.envelope.conserving:
        assert all(row["difference"] == 0 for row in trace.table("statement").dicts())
    arrived = received(result)
    for row in result.trace.table("terminals").dicts():
        assert 0 < row["tainted_amount"] <= arrived[row["address"].lower(), row["asset"]]
    assert result.report.html.is_file()
    assert result.is_partial == result.case.id.startswith("truncated")
    ladder = [result.estimate[rung].central_usd for rung in ("E0", "E1", "E2", "E3")]
    known = [usd for usd in ladder if usd is not None]
    assert len(known) == 4
    assert known == sorted(known, reverse=True)


def test_one_kind_of_world_runs_and_balances(shared_data: Path, tmp_path: Path) -> None:
    check(run_world(shared_data / "worlds" / "hyip-101", tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("number", [101, 102])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_world_runs_and_balances(shared_data: Path, tmp_path: Path, kind: str, number: int) -> None:
    check(run_world(shared_data / "worlds" / f"{kind}-{number}", tmp_path))


def test_a_truncated_world_is_partial_and_says_where_it_stops(shared_data: Path, tmp_path: Path) -> None:
    reasons = run_world(shared_data / "worlds" / "truncated-101", tmp_path).partial_reasons
    assert any(reason.startswith("coverage is partial") for reason in reasons)
    assert any(reason.startswith("the trace stops at") for reason in reasons)
