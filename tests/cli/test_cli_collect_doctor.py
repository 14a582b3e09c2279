"""``cryptotrace doctor``: versions, keys that are set but never shown, and what explorers answer."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from served import CANARY, NOBODY
from typer.testing import CliRunner

from cryptotrace.cli import app
from cryptotrace.sources import explorers
from cryptotrace.testing import World
from cryptotrace.testing.explorers import FakeEtherscan, Fault, Plan

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, dict[str, object], str]]:
    """Run the doctor against a server, with or without a key: exit code, document, and the text."""

    def run(url: str, key: str = CANARY) -> tuple[int, dict[str, object], str]:
        monkeypatch.setitem(explorers.EXPLORERS, "etherscan", replace(explorers.EXPLORERS["etherscan"], urls={"": url}))
        monkeypatch.setenv("ETHERSCAN_API_KEY", key)
        document = CliRunner().invoke(app, ["doctor", "--json"])
        text = CliRunner().invoke(app, ["doctor"])
        assert document.exit_code == text.exit_code == 0
        assert CANARY not in document.output + text.output
        (explorer,) = json.loads(document.stdout)["explorers"]
        return explorer, json.loads(document.stdout), text.stdout

    return run


def test_offline_asks_nobody_and_shows_versions_extras_and_keys(command: Command) -> None:
    done = command("doctor", "--offline", ETHERSCAN_API_KEY=CANARY)
    assert (done.returncode, done.stderr) == (0, "")
    for words in ("cryptotrace", "CPython", "duckdb", "notebook: ", "spark: ", "etherscan: set", "not asked (--offline)"):
        assert words in done.stdout, words
    assert "pytest" not in done.stdout
    document = json.loads(command("doctor", "--offline", "--json", ETHERSCAN_API_KEY=CANARY).stdout)
    assert document["schema"] == "cryptotrace.doctor/1"
    assert document["keys"] == {"etherscan": True}
    assert document["explorers"] == []
    assert re.fullmatch(r"\d+\.\d+.*", document["dependencies"]["duckdb"])
    assert CANARY not in done.stdout


def test_an_explorer_that_answers_shows_plan_pace_and_clock(asked, world: World) -> None:
    for plan, rate, rows in ((Plan(), 3.0, 1_000), (Plan(calls_per_day=500_000), 20.0, 10_000)):
        with FakeEtherscan(world, key=CANARY, plan=plan) as server:
            explorer, document, text = asked(server.url)
        assert explorer["reachable"] is True
        assert (explorer["calls_per_day"], explorer["calls_per_second"]) == (plan.calls_per_day, rate)
        assert explorer["rows_per_page"] == rows
        assert explorer["problem"] is None
        assert abs(explorer["clock_offset_seconds"]) < 5
        assert f"plan: {plan.calls_per_day:,} requests a day" in text
        assert len(server.requests) == 2
        assert document["keys"] == {"etherscan": True}


def test_a_clock_that_is_wrong_is_called_so(asked, world: World) -> None:
    with FakeEtherscan(world, key=CANARY, clock=lambda: time.time() + 3_600) as server:
        explorer, _, text = asked(server.url)
    assert 3_595 < explorer["clock_offset_seconds"] < 3_605
    assert "one of the two clocks is wrong" in text


def test_an_explorer_that_nobody_reaches_is_shown_and_no_error(asked) -> None:
    explorer, _, text = asked(NOBODY)
    assert explorer["reachable"] is False
    assert explorer["calls_per_second"] is explorer["clock_offset_seconds"] is None
    assert "not reachable: no connection" in text


@pytest.mark.parametrize(
    ("key", "fault", "said"),
    [
        ("", (), "https://etherscan.io/apidashboard"),
        ("wrong-key", (), "Invalid API Key"),
        (CANARY, Fault("html", 502, times=None), "HTTP 502"),
        (CANARY, Fault("daily_limit", times=None), "Max daily rate limit"),
        (CANARY, Fault("null_result", times=None), "no object"),
        (CANARY, Fault("truncated", times=None), "no answer of the documented form"),
    ],
)
def test_an_explorer_that_refuses_or_fails_is_reachable_and_says_why(asked, world: World, key: str, fault, said: str) -> None:
    with FakeEtherscan(world, key=CANARY, faults=fault) as server:
        explorer, document, text = asked(server.url, key)
    assert explorer["reachable"] is True
    assert said in explorer["problem"]
    assert said in text
    assert explorer["calls_per_second"] is None
    assert abs(explorer["clock_offset_seconds"]) < 5
    assert document["keys"] == {"etherscan": bool(key)}


def test_a_key_file_that_cannot_be_read_is_told_and_no_error(command: Command) -> None:
    done = command("doctor", "--offline", ETHERSCAN_API_KEY="", ETHERSCAN_API_KEY_FILE="none")
    assert done.returncode == 0
    assert "ETHERSCAN_API_KEY_FILE" in done.stderr
    assert "etherscan: none" in done.stdout
