"""A key is nowhere: not in what a verb prints, not in its log, not in a file that it leaves, whatever goes wrong."""

from __future__ import annotations

import subprocess
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest
from served import NOBODY, QUICK

from cryptotrace.testing import World
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Fault

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
Command = Callable[..., subprocess.CompletedProcess[str]]

CANARY = 'CANARY7f3a9b2c+/&"x'
"""With letters that URLs, JSON and HTML write in another way."""
PARTS = {CANARY, "CANARY7f3a9b2c", urllib.parse.quote(CANARY, safe=""), urllib.parse.quote_plus(CANARY)}

CASE = """\
schema = "cryptotrace.case/1"
[case]
id = "pulled"
[[input]]
kind = "explorer"
source = "etherscan"
chain = "ethereum"
[[seeds]]
path = "seeds.txt"
chain = "ethereum"
"""


def is_clean(folder: Path, done: subprocess.CompletedProcess[str]) -> bool:
    texts = [done.stdout.encode(), done.stderr.encode()]
    texts += [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return not any(part.encode() in text for part in PARTS for text in texts)


FAULTS = {
    "none": (),
    "error page": Fault("html", 502, times=3),
    "rate": Fault("rate_limit", times=2),
    "429": Fault("http_429", 0, times=2),
    "refused key that is repeated": Fault("bad_key", f"Invalid API Key {CANARY}", first=6, times=None),
    "text that repeats the key": Fault("notok", f"?apikey={urllib.parse.quote_plus(CANARY)}", times=None),
    "plan": Fault("chain_not_free", first=5, times=None),
    "quota": Fault("daily_limit", first=5, times=None),
    "redirect": Fault("redirect", times=None),
    "reset": Fault("reset", times=None),
    "cut": Fault("truncated", times=None),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_collect_shows_its_key_nowhere_even_with_all_that_is_logged(
    unhurried: Command, world: World, seeds: str, tmp_path: Path, kind: str
) -> None:
    with FakeEtherscan(world, key=CANARY, plan=QUICK, faults=FAULTS[kind]) as explorer:
        asked = (
            "collect",
            "a.duckdb",
            "--seeds",
            seeds,
            "--chain",
            "ethereum",
            "--source",
            "etherscan",
            "--base-url",
            explorer.url,
        )
        done = unhurried("-vv", *asked, ETHERSCAN_API_KEY=CANARY)
        assert explorer.requests or kind == "reset"
    assert done.returncode in {0, 3, 4}, done.stderr
    assert "urllib3" in done.stderr  # the log of the network code was shown
    assert is_clean(tmp_path, done)


def test_the_log_shows_the_url_with_its_key_masked(unhurried: Command, world: World, seeds: str) -> None:
    with FakeEtherscan(world, key=CANARY, plan=UNLIMITED) as explorer:
        asked = (
            "collect",
            "a.duckdb",
            world.seeds[0].address,
            "--chain",
            "ethereum",
            "--source",
            "etherscan",
            "--base-url",
            explorer.url,
        )
        done = unhurried("-vv", *asked, ETHERSCAN_API_KEY=CANARY)
    assert "apikey=***" in done.stderr
    assert "apikey" not in unhurried("-v", *asked, ETHERSCAN_API_KEY=CANARY).stderr


def test_no_other_verb_shows_a_key(unhurried: Command, world: World, seeds: str, tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text(CASE, encoding="utf-8")
    with FakeEtherscan(world, key=CANARY, plan=QUICK) as explorer:
        asked = ("--seeds", seeds, "--chain", "ethereum", "--source", "etherscan", "--base-url", explorer.url)
        for arguments in (
            ("collect", "a.duckdb", *asked, "--json"),
            ("collect", "a.duckdb", *asked, "--dry-run", "--json"),
            ("collect", "b.duckdb", *asked[:-1], NOBODY),
            ("verify", "a.duckdb", "--replay"),
            ("verify", "a.duckdb", "--json"),
            ("replay", "a.duckdb", "c.duckdb"),
            ("doctor", "--offline"),
            ("doctor", "--offline", "--json"),
            ("report", "case.toml"),
            ("demo", "--out", "demo"),
            ("totals", "--year", "2021", "--json"),
        ):
            done = unhurried("-vv", *arguments, ETHERSCAN_API_KEY=CANARY)
            assert done.returncode in {0, 4, 5}, (arguments, done.stderr)
            assert is_clean(tmp_path, done), arguments
