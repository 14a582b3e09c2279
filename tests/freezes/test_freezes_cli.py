"""``cryptotrace freezes`` over a socket of this machine."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from freeze_worlds import FINAL, Step, ethereum, fake, who
from typer.testing import CliRunner

from cryptotrace.cli.app import app

STEPS = [Step(block=3, kind="freeze", owner=who(1)), Step(block=9, kind="destroy", owner=who(1), amount=5)]
pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ETHERSCAN_API_KEY", "test-key")
    monkeypatch.chdir(tmp_path)


def test_the_verb_lists_writes_a_table_and_goes_on_after_a_budget(tmp_path):
    with fake(ethereum(STEPS)) as explorer:
        arguments = ["freezes", "case.duckdb", "--chain", "ethereum", "--source", "etherscan", "--base-url", explorer.url]
        short = CliRunner().invoke(app, [*arguments, "--max-requests", "3"])
        assert short.exit_code == 3, short.output
        whole = CliRunner().invoke(app, [*arguments, "--csv", "frozen.csv"])
        assert whole.exit_code == 0, whole.output
        printed = CliRunner().invoke(app, [*arguments, "--json"])
        assert printed.exit_code == 0, printed.output
    assert "1 destroyed" in whole.output
    (row,) = csv.DictReader((tmp_path / "frozen.csv").read_text(encoding="utf-8").splitlines())
    assert (row["address"], row["status"], row["destroyed"], row["held"], row["held_reason"]) == (
        *(who(1), "destroyed", "5"),
        *("", "not_collected"),
    )
    document = json.loads(printed.stdout)
    assert (document["complete"], document["up_to"], document["freezes"][0]["destroyed"]) == (True, FINAL, "5")
    assert document["contracts"] == [{"status": "complete", "reason": None, "addresses": 2}]


def test_a_chain_whose_tokens_nobody_freezes_is_refused_in_one_line():
    found = CliRunner().invoke(
        app, ["freezes", "case.duckdb", "--chain", "gnosis", "--source", "etherscan", "--base-url", "http://127.0.0.1:9"]
    )
    assert found.exit_code not in (0, 3)
    assert "no token on gnosis whose issuer freezes" in found.output
