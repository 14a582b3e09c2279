"""``cryptotrace prove``: exit codes, what is named, and what is not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from served import CANARY, KEY, NOBODY, QUICK

import cryptotrace as ct
from cryptotrace.testing import World
from cryptotrace.testing.explorers import FakeEtherscan, Fault

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def explorer(world: World, seeds: str, unhurried: Command) -> Iterator[FakeEtherscan]:
    """An explorer whose lists of the seeds are in a store already."""
    with FakeEtherscan(world, key=CANARY, plan=QUICK) as served:
        url = served.url
        done = unhurried(
            "collect", "case.duckdb", "--seeds", seeds, "--chain", "ethereum", "--source", "etherscan", "--base-url", url, **KEY
        )
        assert done.returncode == 0, done.stderr
        yield served


def lose(tmp_path: Path) -> None:
    """Take one payment to a seed out of the store."""
    store = ct.open_store(tmp_path / "case.duckdb")
    store.run(
        "DELETE FROM transfers WHERE id = (SELECT min(t.id) FROM transfers AS t JOIN accounts AS m ON m.id = t.receiver "
        "JOIN assets AS a ON a.id = t.asset JOIN balances AS b ON b.address = m.address AND b.contract = a.contract "
        "WHERE t.kind = 'token' AND t.ok AND t.amount > 0)"
    )


def prove(command: Command, explorer: FakeEtherscan, *more: str) -> subprocess.CompletedProcess[str]:
    return command("prove", "case.duckdb", *more, "--chain", "eth", "--source", "etherscan", "--base-url", explorer.url, **KEY)


def test_what_adds_up_is_proven_and_ends_with_0(explorer: FakeEtherscan, unhurried: Command, world: World) -> None:
    done = prove(unhurried, explorer)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("balances: ")
    assert done.stdout.rstrip().endswith(" proven")
    document = json.loads(prove(unhurried, explorer, "--json").stdout)
    assert (document["schema"], document["complete"], document["source"]) == ("cryptotrace.prove/1", True, "etherscan")
    assert document["balances"]["accounts"] == document["balances"]["proven_accounts"] == len(world.seeds)
    assert [one["status"] for one in document["balances"]["statuses"]] == ["proven"]
    assert not any(row.address in json.dumps(document) for row in world.seeds)


def test_a_lost_row_ends_with_3_and_is_named_with_its_account_and_amount(
    explorer: FakeEtherscan, unhurried: Command, tmp_path: Path
) -> None:
    prove(unhurried, explorer)
    lose(tmp_path)
    done = prove(unhurried, explorer)
    assert done.returncode == 3
    (line,) = done.stdout.splitlines()[1:]
    assert line.startswith("0x")
    assert "partial (unreconciled): told are " in line
    assert line.endswith(" base units more than the rows give")
    as_json = prove(unhurried, explorer, "--json")
    assert as_json.returncode == 3
    assert json.loads(as_json.stdout)["complete"] is False


def test_one_address_is_asked_about_alone_and_one_that_was_never_pulled_is_said(
    explorer: FakeEtherscan, unhurried: Command, world: World
) -> None:
    address = world.seeds[0].address
    document = json.loads(prove(unhurried, explorer, address, "--json").stdout)
    assert document["balances"]["accounts"] == 1
    done = prove(unhurried, explorer, address, "0x" + "9" * 40)
    assert done.returncode == 3
    assert "left out: 1 of the addresses" in done.stderr
    nobody = prove(unhurried, explorer, "0x" + "9" * 40)
    assert (nobody.returncode, nobody.stdout) == (5, "")
    assert "was pulled" in nobody.stderr


def test_an_explorer_that_refuses_ends_with_4(explorer: FakeEtherscan, unhurried: Command, world: World) -> None:
    asked = ("prove", "case.duckdb", "--chain", "ethereum")
    assert unhurried(*asked, "--source", "etherscan", "--base-url", NOBODY, **KEY).returncode == 4
    missing = unhurried(*asked, "--source", "etherscan", ETHERSCAN_API_KEY="")
    assert missing.returncode == 4
    assert "no key for etherscan" in missing.stderr
    with FakeEtherscan(world, key=CANARY, plan=QUICK, faults=Fault("bad_key", times=None)) as refusing:
        assert prove(unhurried, refusing).returncode == 4


def test_a_budget_that_ran_out_leaves_the_rest_unproven(explorer: FakeEtherscan, unhurried: Command) -> None:
    done = prove(unhurried, explorer, "--max-requests", "4")
    assert done.returncode == 3
    assert "unproven (budget)" in done.stdout


def test_a_store_that_is_not_there_is_refused_and_none_is_made(unhurried: Command, tmp_path: Path) -> None:
    done = unhurried("prove", "none.duckdb", "--chain", "ethereum", **KEY)
    assert done.returncode == 5
    assert "no such store" in done.stderr
    assert not (tmp_path / "none.duckdb").exists()
