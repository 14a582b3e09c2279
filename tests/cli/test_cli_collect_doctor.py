"""``cryptotrace doctor``: versions, keys that are set but never shown, and what explorers answer."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from served import CANARY, NOBODY
from typer.testing import CliRunner

from cryptotrace.cli import app
from cryptotrace.settings import Secret, Settings
from cryptotrace.sources import explorers, opening, probing
from cryptotrace.testing import World
from cryptotrace.testing.explorers import (
    FakeBlockchainInfo,
    FakeBlockscout,
    FakeEsplora,
    FakeEtherscan,
    FakeRpc,
    FakeTronGrid,
    Fault,
    Plan,
    random_chain,
    random_coin_chain,
    random_tron,
)

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
Command = Callable[..., subprocess.CompletedProcess[str]]
Serve = Callable[[dict[str, str]], None]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Put servers of this machine in place of the explorers; nobody stands in for those that are not named."""
    for name in ("ETHERSCAN", "BLOCKSCOUT", "ROUTESCAN", "TRONGRID", "TRONSCAN"):
        monkeypatch.delenv(f"{name}_API_KEY", raising=False)
    monkeypatch.delenv("RPC_URL", raising=False)

    def put(urls: dict[str, str]) -> None:
        monkeypatch.setattr(opening, "_paces", {})  # a doctor is a process of its own: no pace is left from the one before
        for name, explorer in list(explorers.EXPLORERS.items()):
            if not explorer.is_node:
                url = {"": urls.get(name, NOBODY)}
                monkeypatch.setitem(explorers.EXPLORERS, name, replace(explorer, urls=url, keyed_urls={}))

    return put


@pytest.fixture
def asked(
    monkeypatch: pytest.MonkeyPatch, serve: Callable[[dict[str, str]], None]
) -> Callable[..., tuple[int, dict[str, object], str]]:
    """Run the doctor against a server, with or without a key: exit code, document, and the text."""

    def run(url: str, key: str = CANARY) -> tuple[int, dict[str, object], str]:
        serve({"etherscan": url})
        monkeypatch.setenv("ETHERSCAN_API_KEY", key)
        document = CliRunner().invoke(app, ["doctor", "--json"])
        serve({"etherscan": url})
        text = CliRunner().invoke(app, ["doctor"])
        assert document.exit_code == text.exit_code == 0
        assert CANARY not in document.output + text.output
        explorer = next(one for one in json.loads(document.stdout)["explorers"] if one["name"] == "etherscan")
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
    assert document["keys"]["etherscan"] is True
    assert set(document["keys"]) == {"etherscan", "blockscout", "routescan", "rpc", "trongrid", "tronscan"}
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
        assert document["keys"]["etherscan"] is True


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
    assert document["keys"]["etherscan"] is bool(key)


def test_a_key_file_that_cannot_be_read_is_told_and_no_error(command: Command) -> None:
    done = command("doctor", "--offline", ETHERSCAN_API_KEY="", ETHERSCAN_API_KEY_FILE="none")
    assert done.returncode == 0
    assert "ETHERSCAN_API_KEY_FILE" in done.stderr
    assert "etherscan: none" in done.stdout


def test_every_explorer_is_asked_one_question_and_shown_with_key_and_clock(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, coins = random_chain(3), random_coin_chain(3)
    with (
        FakeBlockscout(small) as blockscout, FakeTronGrid(random_tron(3)) as trongrid,
        FakeEsplora(coins) as esplora, FakeEsplora(coins, flavour="mempool") as mempool, FakeBlockchainInfo(coins) as info,
        FakeRpc(small) as node,
    ):  # fmt: skip
        servers: dict[str, Any] = {"trongrid": trongrid, "esplora": esplora, "mempool": mempool, "blockchain_info": info}
        urls = {name: server.url for name, server in servers.items()}
        serve(urls | {"blockscout": blockscout.url, "blockscout_rest": blockscout.url})
        monkeypatch.setenv("RPC_URL", node.url)
        monkeypatch.setenv("TRONGRID_API_KEY", "test-key")
        done = CliRunner().invoke(app, ["doctor", "--json"])
        assert done.exit_code == 0
        counts = {name: len(server.requests) for name, server in servers.items()}
    found = {one["name"]: one for one in json.loads(done.stdout)["explorers"]}
    assert list(found) == list(explorers.EXPLORERS)
    assert counts == dict.fromkeys(servers, 1)
    for name in (*servers, "blockscout", "blockscout_rest", "rpc"):
        assert found[name]["reachable"] is True, found[name]
        assert found[name]["problem"] is None, found[name]
        assert abs(found[name]["clock_offset_seconds"]) < 5
    assert found["routescan"]["reachable"] is False
    assert {name: one["key"] for name, one in found.items() if one["key"] == "set"} == {"trongrid": "set", "rpc": "set"}
    assert [name for name, one in found.items() if one["needs_key"]] == ["etherscan"]
    assert node.url.rpartition("/")[2] not in done.output


def test_a_node_without_a_url_is_skipped_with_words(serve: Serve) -> None:
    serve({})
    text = CliRunner().invoke(app, ["doctor"]).stdout
    assert "rpc: not asked: no URL is set. Set RPC_URL" in text
    assert "key: none, and nothing is answered without one" in text
    assert "key: not needed" in text
    serve({})
    (node,) = (one for one in json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)["explorers"] if one["skipped"])
    assert (node["name"], node["reachable"], node["host"]) == ("rpc", None, None)


def test_a_server_that_never_answers_holds_nobody_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "_PATIENCE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as deaf, FakeTronGrid(random_tron(3)) as trongrid:
        serve({"esplora": f"http://127.0.0.1:{deaf.getsockname()[1]}", "trongrid": trongrid.url})
        begun = time.monotonic()
        found = {one.explorer: one for one in probing.probe_all(("esplora", "trongrid"), settings=Settings(keys={}, timeout=1))}
        assert time.monotonic() - begun < 5
        assert (found["esplora"].is_reachable, found["esplora"].problem) == (False, "no whole answer within 0.5 s")
        assert found["trongrid"].is_reachable


def test_a_node_of_another_chain_is_asked_about_that_chain_and_its_url_is_not_shown(serve: Serve) -> None:
    with FakeRpc(random_chain(3), chain="polygon") as node:
        settings = Settings(keys={}, nodes={"tron": Secret("http://nobody.invalid"), "polygon": Secret(node.url)})
        found = probing.probe("rpc", settings=settings)
    assert (found.is_reachable, found.problem) == (True, "")
    assert found.host.startswith("127.0.0.1:")
