"""``cryptotrace verify`` and ``replay``: the same from the raw answers, or the first table and row that differ."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from served import CANARY, KEY, QUICK

import cryptotrace as ct
from cryptotrace.testing import World
from cryptotrace.testing.explorers import FakeEtherscan

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def pulled(world: World, tmp_path: Path) -> Path:
    """A store that was collected into."""
    path = tmp_path / "case.duckdb"
    with FakeEtherscan(world, key=CANARY, plan=QUICK) as explorer:
        source = ct.open_source("etherscan", chain="ethereum", key=CANARY, base_url=explorer.url, sleep=lambda _: None)
        ct.collect(source, ct.open_store(path), [row.address for row in world.seeds], progress=False)
    return path


def test_a_store_is_the_same_as_its_replay_without_a_network_and_a_key(command: Command, pulled: Path) -> None:
    before = pulled.read_bytes()
    done = command("verify", "case.duckdb", "--replay")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("12 raw answers, each as its hash says\nthe same as its replay:\nresponses ")
    document = json.loads(command("verify", "case.duckdb", "--replay", "--json").stdout)
    assert (document["schema"], document["same"], document["difference"]) == ("cryptotrace.verify/1", True, None)
    assert document["digests"] == ct.open_store(pulled, read_only=True).digests()
    assert pulled.read_bytes() == before


def test_a_replay_into_another_store_has_the_same_digests(command: Command, pulled: Path, tmp_path: Path) -> None:
    done = command("replay", "case.duckdb", "again.duckdb")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("rebuilt: again.duckdb\n")
    same = command("verify", "case.duckdb", "again.duckdb")
    assert same.returncode == 0
    assert "the same as again.duckdb:" in same.stdout
    assert ct.open_store(tmp_path / "again.duckdb").digests() == ct.open_store(pulled).digests()


def test_without_another_store_the_digests_are_printed_and_nothing_is_compared(command: Command, pulled: Path) -> None:
    done = command("verify", "case.duckdb")
    assert (done.returncode, done.stderr) == (0, "")
    assert "logical digests:" in done.stdout
    assert json.loads(command("verify", "case.duckdb", "--json").stdout)["same"] is None


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("UPDATE transfers SET amount = amount + 1 WHERE id = (SELECT min(id) FROM transfers)", "transfers"),
        ("DELETE FROM coverage WHERE stream = 'token'", "coverage"),
        ("UPDATE transactions SET fee = 0", "transactions"),
        ("UPDATE assets SET decimals = 0 WHERE symbol = 'USDT'", "assets"),
    ],
)
def test_a_row_that_the_answers_do_not_give_is_named_with_its_table(
    command: Command, pulled: Path, change: str, table: str
) -> None:
    ct.open_store(pulled).run(change)
    done = command("verify", "case.duckdb", "--replay")
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr.startswith(f"error: case.duckdb: differs from its replay: table {table}, row ")
    assert done.stderr.count("\n") == 1
    as_json = command("verify", "case.duckdb", "--replay", "--json")
    document = json.loads(as_json.stdout)
    assert (as_json.returncode, document["same"], document["difference"]["table"]) == (6, False, table)
    assert document["difference"]["left"] != document["difference"]["right"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE responses SET body = 'x'::BLOB WHERE stream = 'native'",
        "UPDATE responses SET body_sha256 = repeat('0', 64) WHERE stream = 'native'",
        "UPDATE responses SET request = replace(request, 'startblock', 'startblok') WHERE stream = 'native'",
        "UPDATE responses SET request = 'no request' WHERE stream = 'native'",
    ],
)
def test_an_answer_that_was_changed_is_no_evidence(command: Command, pulled: Path, change: str) -> None:
    ct.open_store(pulled).run(change)
    for arguments in (["verify", "case.duckdb"], ["verify", "case.duckdb", "--replay"], ["replay", "case.duckdb", "b.duckdb"]):
        done = command(*arguments)
        assert done.returncode == 6, arguments
        assert "a stored answer is not what its hash says" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (pulled.parent / "b.duckdb").exists()


def test_two_stores_that_differ_are_told_apart_by_the_first_row(command: Command, pulled: Path, tmp_path: Path) -> None:
    ct.open_store(tmp_path / "empty.duckdb")
    done = command("verify", "case.duckdb", "empty.duckdb")
    assert done.returncode == 6
    assert "differs from empty.duckdb: table " in done.stderr
    assert "against nothing" in done.stderr


def test_what_cannot_be_verified_or_replayed_is_refused(command: Command, pulled: Path, small_case: Path) -> None:
    assert command("run", "case.toml").returncode == 0
    for arguments, code, said in (
        (["verify", "small.duckdb", "--replay"], 5, "rows of files"),
        (["verify", "none.duckdb"], 5, "no such case store"),
        (["verify", "edges.csv"], 5, "not a case store"),
        (["verify", "case.duckdb", "small.duckdb", "--replay"], 2, "not both"),
        (["replay", "small.duckdb", "new.duckdb"], 5, "nothing was collected"),
        (["replay", "case.duckdb", "small.duckdb"], 5, "nothing is overwritten"),
        (["replay", "none.duckdb", "new.duckdb"], 5, "no such case store"),
    ):
        done = command(*arguments)
        assert (done.returncode, done.stdout) == (code, ""), arguments
        assert said in done.stderr, arguments
    assert not (pulled.parent / "new.duckdb").exists()


def test_a_store_of_a_case_with_prices_is_verified_too(command: Command, pulled: Path, tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("time,asset,usd\n2023-03-01T00:00:00Z,ETH,1600\n", encoding="utf-8")
    ct.load_prices(ct.open_store(pulled), tmp_path / "prices.csv")
    ct.clean(ct.open_store(pulled))
    assert command("verify", "case.duckdb", "--replay").returncode == 0


def test_a_part_that_was_not_collected_is_the_same_in_its_replay(command: Command, world: World, tmp_path: Path) -> None:
    with FakeEtherscan(world, key=CANARY, plan=QUICK) as explorer:
        addresses = [row.address for row in world.seeds]
        asked = (
            "collect",
            "part.duckdb",
            *addresses,
            "--chain",
            "ethereum",
            "--source",
            "etherscan",
            "--base-url",
            explorer.url,
        )
        assert command(*asked, "--max-requests", "7", **KEY).returncode == 3
    done = command("verify", "part.duckdb", "--replay")
    assert done.returncode == 0, done.stderr
    assert command("replay", "part.duckdb", "again.duckdb").returncode == 3
