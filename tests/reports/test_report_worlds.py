"""The public edition of synthetic worlds: no wallet and no payment of a victim in any byte that is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from report_case import written

from cryptotrace.case import run_case
from cryptotrace.reports import report_text, write_report
from cryptotrace.testing import romance_world


@pytest.mark.parametrize("seed", [3, 11])
def test_no_victim_of_a_world_is_named_in_public(tmp_path: Path, seed: int) -> None:
    result = run_case(romance_world(seed, campaigns=2, victims=6, people=25, days=60).write(tmp_path / "world"))
    (tmp_path / "out").mkdir()
    write_report(
        tmp_path / "out" / "report.html",
        result.store,
        result.trace,
        result.estimate,
        result.comparison,
        envelope=result.envelope,
        clusters=result.clusters,
        exclusions=result.exclusions,
        seeds=result.seeds,
        labels=result.labels,
    )
    text = "".join(written(tmp_path / "out").values()).lower()
    wallets = victim_wallets(tmp_path / "world")
    account = result.trace.context.book.accounts
    scam = {(seed.chain, seed.address) for seed in result.seeds.perpetrators}
    paying = {
        account[row.sender][1]: row.tx_hash
        for row in result.trace.context.ordered
        if row.sender is not None and row.receiver is not None and account[row.receiver] in scam
    }
    secrets = wallets | {tx for wallet, tx in paying.items() if wallet in wallets}
    assert len(secrets) > len(wallets) >= 6
    assert [secret for secret in secrets if secret.removeprefix("0x") in text] == []


def victim_wallets(folder: Path) -> set[str]:
    """Read from the truth of a world which addresses are victims'."""
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return {address.lower() for address, owner in truth["owners"].items() if owner.startswith("victim")}


def test_the_five_lines_of_a_world_name_its_exchanges(tmp_path: Path) -> None:
    result = run_case(romance_world(5, campaigns=1, victims=4, people=20, days=60).write(tmp_path / "world"))
    text = report_text(result.trace, result.estimate, result.comparison, store=result.store, envelope=result.envelope)
    assert "reached exchanges" in text
    assert "0x" not in text
