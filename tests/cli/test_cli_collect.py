"""``cryptotrace collect``: the plan first, then complete lists, and what is said where something is missing."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from served import CANARY, KEY, NOBODY, QUICK

import cryptotrace as ct
from cryptotrace.testing import World
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Fault

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
Command = Callable[..., subprocess.CompletedProcess[str]]


def test_the_plan_stands_on_stderr_and_what_came_on_stdout(command: Command, world: World, seeds: str, tmp_path: Path) -> None:
    with FakeEtherscan(world, key=CANARY, plan=QUICK) as explorer:
        url = explorer.url
        done = command(
            "collect", "case.duckdb", "--seeds", seeds, "--chain", "ethereum", "--source", "etherscan", "--base-url", url, **KEY
        )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[:2] == [
        "plan: etherscan, ethereum, 3 addresses, 0 hops",
        "requests: at least 11 (9 lists, the head, the plan of the key), about 4 s at 3 a second",
    ]
    assert "coverage: 3 addresses complete" in done.stdout
    assert f"requests: {len(explorer.requests)}, up to block {explorer.head() - 64:,}" in done.stdout
    found = ct.open_store(tmp_path / "case.duckdb", read_only=True)
    (rows,) = found.rows("SELECT count(*) FROM transfers WHERE kind <> 'fee' AND amount > 0")[0]
    mine = {row.address for row in world.seeds}
    planted = [row for row in world.transfers if row.amount and not mine.isdisjoint((row.sender, row.receiver))]
    assert rows == len([row for row in planted if row.ok or row.kind != "token"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case.duckdb", "seeds.txt"]


def test_json_is_one_document_with_the_plan_in_it(command: Command, world: World, seeds: str) -> None:
    address = world.seeds[0].address
    with FakeEtherscan(world, key=CANARY, plan=QUICK) as explorer:
        done = command(
            "collect",
            "a.duckdb",
            address,
            "--chain",
            "eth",
            "--source",
            "etherscan",
            "--base-url",
            explorer.url,
            "--json",
            **KEY,
        )
    document = json.loads(done.stdout)
    assert (done.returncode, document["schema"], document["plan"]["schema"]) == (
        0, "cryptotrace.collect/1", "cryptotrace.plan/1",
    )  # fmt: skip
    assert document["complete"] is True
    assert document["coverage"]["addresses"] == [{"status": "complete", "reason": None, "addresses": 1}]
    assert document["requests"] == sum(document["requests_by_list"].values()) == len(explorer.requests)
    assert document["to_block"] == explorer.head() - 64  # the fake does not tell what is final
    assert address not in done.stdout


def test_hops_pull_counterparties_but_no_labelled_service(command: Command, world: World, seeds: str, tmp_path: Path) -> None:
    world.write(tmp_path / "world")
    asked = ("--seeds", seeds, "--chain", "ethereum", "--hops", "1", "--labels", "world/labels.csv")
    with FakeEtherscan(world, key=CANARY, plan=QUICK) as explorer:
        done = command("collect", "case.duckdb", *asked, "--source", "etherscan", "--base-url", explorer.url, **KEY)
    assert done.returncode == 0, done.stderr
    pulled = {request.params["address"] for request in explorer.requests if "address" in request.params}
    assert pulled > {row.address for row in world.seeds}
    assert pulled.isdisjoint(row.address for row in world.labels)
    assert "hops: counterparties are known when the lists are in" in done.stderr


def test_a_dry_run_asks_nobody_and_makes_nothing(command: Command, world: World, seeds: str, tmp_path: Path) -> None:
    asked = ("--seeds", seeds, "--chain", "ethereum", "--hops", "2", "--max-requests", "5", "--dry-run")
    with FakeEtherscan(world, key=CANARY, plan=QUICK) as explorer:
        done = command("collect", "case.duckdb", *asked, "--source", "etherscan", "--base-url", explorer.url, **KEY)
        as_json = command(
            "collect", "case.duckdb", *asked, "--json", "--source", "etherscan", "--base-url", explorer.url, **KEY
        )
    assert explorer.requests == []
    assert (done.returncode, done.stderr) == (0, "")
    assert "stops after 5 new requests; the same command goes on" in done.stdout
    assert "key: present" in done.stdout
    assert json.loads(as_json.stdout)["least_requests"] == 11
    assert [path.name for path in tmp_path.iterdir()] == ["seeds.txt"]


def test_a_missing_key_is_said_at_once_with_where_to_get_one(command: Command, seeds: str, tmp_path: Path) -> None:
    asked = ("collect", "case.duckdb", "--seeds", seeds, "--chain", "ethereum", "--source", "etherscan")
    seconds = []
    for _ in range(3):
        before = os.times()
        done = command(*asked, ETHERSCAN_API_KEY="")
        after = os.times()
        # of work, so that a busy machine is no failure
        seconds.append(sum(after[2:4]) - sum(before[2:4]))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (4, "", 1)
    assert "no key for etherscan" in done.stderr
    assert "https://etherscan.io/apidashboard" in done.stderr
    assert min(seconds) < 1
    planned = command(*asked, "--dry-run", ETHERSCAN_API_KEY="")
    assert planned.returncode == 4
    assert "key: none. Set ETHERSCAN_API_KEY" in planned.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["seeds.txt"]


def test_a_chain_that_the_free_plan_lacks_is_said_before_the_first_request(command: Command) -> None:
    done = command("collect", "a.duckdb", "0x" + "1" * 40, "--chain", "bnb", "--source", "etherscan", "--dry-run", **KEY)
    assert done.returncode == 0
    assert "not in every plan: bsc: not in the free plan" in done.stdout


def test_there_is_no_option_for_a_key(command: Command) -> None:
    for option in ("--key", "--api-key", "--apikey"):
        done = command("collect", "a.duckdb", "0x" + "1" * 40, "--chain", "ethereum", option, CANARY)
        assert done.returncode == 2
        assert "No such option" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["a.duckdb", "--chain", "ethereum"], 2, "--seeds"),
        (["a.duckdb", "0x" + "1" * 40], 2, "--chain"),
        (["a.duckdb", "0x52908400098527886E0F7030069857D2E4169Ee7", "--chain", "ethereum"], 5, "checksum"),
        (["a.duckdb", "0x" + "1" * 40, "--chain", "etherium"], 5, "no chain"),
        (["a.duckdb", "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb", "--chain", "solana"], 5, "no explorer of solana"),
        (["a.duckdb", "0x" + "1" * 40, "--chain", "tron", "--source", "etherscan"], 5, "etherscan does not serve"),
        (["a.duckdb", "0x" + "1" * 40, "--chain", "eth", "--base-url", "http://127.0.0.1:9/"], 5, "not said which explorer"),
        (["a.duckdb", "--seeds", "none.csv", "--chain", "ethereum"], 5, "none.csv"),
        (
            [
                "nowhere/a.duckdb",
                "0x" + "1" * 40,
                "--chain",
                "ethereum",
                "--source",
                "etherscan",
                "--base-url",
                "http://127.0.0.1:9/",
            ],
            5,
            "folder",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anybody_is_asked(
    command: Command, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    done = command("collect", *arguments, **KEY)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_row_that_is_no_seed_is_told_and_the_others_are_pulled(
    command: Command, world: World, seeds: str, tmp_path: Path
) -> None:
    with (tmp_path / seeds).open("a", encoding="utf-8") as file:
        file.write("0x1234\n")
    with FakeEtherscan(world, key=CANARY, plan=QUICK) as explorer:
        done = command(
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
            **KEY,
        )
    assert "left out: " in done.stderr
    assert "coverage: 3 addresses complete" in done.stdout
    assert done.returncode == 3


def test_a_refused_key_ends_with_4_and_the_right_one_then_works(command: Command, world: World, seeds: str) -> None:
    with FakeEtherscan(world, key="another", plan=UNLIMITED) as explorer:
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
        refused = command(*asked, **KEY)
        done = command(*asked, ETHERSCAN_API_KEY="another")
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "Invalid API Key" in refused.stderr
    assert refused.stderr.splitlines()[-1].startswith("error: ")
    assert done.returncode == 0, done.stderr


def test_a_key_may_stand_in_a_file(command: Command, world: World, seeds: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{CANARY}\n", encoding="utf-8")
    asked = ("collect", "a.duckdb", world.seeds[0].address, "--chain", "ethereum", "--source", "etherscan", "--base-url")
    with FakeEtherscan(world, key=CANARY, plan=QUICK) as explorer:
        done = command(*asked, explorer.url, ETHERSCAN_API_KEY="", ETHERSCAN_API_KEY_FILE="key")
    assert done.returncode == 0, done.stderr
    gone = command(*asked, NOBODY, ETHERSCAN_API_KEY="", ETHERSCAN_API_KEY_FILE="none")
    assert gone.returncode == 5
    assert "ETHERSCAN_API_KEY_FILE: the key file cannot be read" in gone.stderr


def test_a_budget_ends_with_3_and_the_same_command_goes_on(
    unhurried: Command, world: World, seeds: str, tmp_path: Path
) -> None:
    with FakeEtherscan(world, key=CANARY, plan=QUICK) as explorer:
        asked = ("--seeds", seeds, "--chain", "ethereum", "--source", "etherscan", "--base-url", explorer.url)
        codes = []
        for _ in range(9):
            done = unhurried("collect", "part.duckdb", *asked, "--max-requests", "4", **KEY)
            codes.append(done.returncode)
            if done.returncode != 3:
                break
            assert "(budget)" in done.stdout
        assert unhurried("collect", "whole.duckdb", *asked, **KEY).returncode == 0
    assert codes[0] == 3
    assert codes[-1] == 0
    parts = [ct.open_store(tmp_path / f"{name}.duckdb", read_only=True).digests() for name in ("part", "whole")]
    differing = {name for name in parts[0] if parts[0][name] != parts[1][name]}
    assert differing <= {"responses"}  # the plan of the key is asked for by each call, and counts calls


@pytest.mark.parametrize(
    "fault", [Fault("html", 502, times=None), Fault("reset", times=None), Fault("daily_limit", times=None)]
)
def test_an_explorer_that_fails_or_refuses_ends_with_4_in_one_line(
    unhurried: Command, world: World, seeds: str, fault: Fault
) -> None:
    with FakeEtherscan(world, key=CANARY, plan=QUICK, faults=fault) as explorer:
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
        done = unhurried(*asked, **KEY)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.splitlines()[-1].startswith("error: etherscan")
    assert "Traceback" not in done.stderr
