"""``cryptotrace collect`` without a word on explorers: whoever can be asked is asked, and a key is never needed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from served import CANARY, KEY, QUICK

import cryptotrace as ct
from cryptotrace.sources import explorers
from cryptotrace.testing import World
from cryptotrace.testing.explorers import (
    FakeBlockscout,
    FakeEsplora,
    FakeEtherscan,
    FakeTronGrid,
    FakeTronscan,
    Fault,
    random_coin_chain,
    random_tron,
)

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
Command = Callable[..., subprocess.CompletedProcess[str]]
NO_KEYS = {f"{name}_API_KEY": "" for name in ("ETHERSCAN", "BLOCKSCOUT", "ROUTESCAN", "TRONGRID", "TRONSCAN")}


def at(**urls: str) -> list[str]:
    return [word for name, url in urls.items() for word in ("--base-url", f"{name}={url}")]


def test_without_any_key_ethereum_comes_from_blockscout(command: Command, world: World, seeds: str, tmp_path: Path) -> None:
    with FakeBlockscout(world) as explorer:
        asked = ("collect", "a.duckdb", "--seeds", seeds, "--chain", "ethereum", *at(blockscout=explorer.url))
        done = command(*asked, **NO_KEYS)
    assert done.returncode == 0, done.stderr
    assert "plan: auto, ethereum, 3 addresses, 0 hops" in done.stderr
    assert "coverage: 3 addresses complete" in done.stdout
    store = ct.open_store(tmp_path / "a.duckdb", read_only=True)
    assert store.rows("SELECT DISTINCT source, given_by FROM coverage") == [("auto", "blockscout")]


def test_without_any_key_tron_comes_from_trongrid_and_bitcoin_from_mempool_space(unhurried: Command, tmp_path: Path) -> None:
    world, chain = random_tron(3, transactions=30, addresses=2), random_coin_chain(3, addresses=2)
    with FakeTronGrid(world) as grid, FakeTronscan(world) as scan:
        urls = at(trongrid=grid.url, tronscan=scan.url)
        done = unhurried("collect", "t.duckdb", *world.addresses, "--chain", "tron", *urls, **NO_KEYS)
    assert done.returncode == 0, done.stderr
    with FakeEsplora(chain, flavour="mempool") as mempool:
        urls = at(mempool=mempool.url)
        done = unhurried("collect", "b.duckdb", *chain.addresses, "--chain", "bitcoin", *urls, **NO_KEYS)
    assert done.returncode == 0, done.stderr
    for name, giver in (("t", "trongrid"), ("b", "mempool")):
        store = ct.open_store(tmp_path / f"{name}.duckdb", read_only=True)
        assert store.rows("SELECT DISTINCT given_by FROM coverage") == [(giver,)]


def test_a_refused_key_is_said_and_the_next_explorer_gives_the_lists(unhurried: Command, world: World, seeds: str) -> None:
    with FakeEtherscan(world, key="another", plan=QUICK) as refusing, FakeBlockscout(world) as explorer:
        urls = at(etherscan=refusing.url, blockscout=explorer.url)
        asked = ("collect", "a.duckdb", "--seeds", seeds, "--chain", "ethereum", *urls)
        done = unhurried(*asked, **{**NO_KEYS, **KEY})
    assert done.returncode == 0, done.stderr
    assert "etherscan was asked no more: " in done.stderr
    assert "Invalid API Key" in done.stderr
    assert CANARY not in done.stderr + done.stdout


def test_where_all_explorers_refuse_it_ends_with_4_in_one_line(unhurried: Command, world: World, seeds: str) -> None:
    fault = Fault("daily_limit", times=None)
    with FakeEtherscan(world, key="another", plan=QUICK) as one, FakeBlockscout(world, faults=fault) as two:
        asked = ("collect", "a.duckdb", "--seeds", seeds, "--chain", "ethereum", *at(etherscan=one.url, blockscout=two.url))
        done = unhurried(*asked, **{**NO_KEYS, **KEY})
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.splitlines()[-1].startswith("error: etherscan")


@pytest.mark.parametrize(
    ("chain", "address", "lines"),
    [
        ("ethereum", "0x" + "1" * 40, [
            "asked: blockscout at 3 a second",
            "asked for what is still missing then: routescan at 2 a second; then blockscout_rest at 3 a second",
            "requests: at least 9 (3 lists, 6 requests before them, for heads and what each serves), about 3 s at 3 a second",
            "without a key: 3 a second; with free keys 5, about 2 s",
            "key: none for blockscout and blockscout_rest. ",
            "key: none for routescan. ",
            "not asked: etherscan, for want of a key. Set ETHERSCAN_API_KEY",
        ]),
        ("tron", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", [
            "asked: trongrid at 1 a second",
            "asked for what is still missing then: tronscan at 1 a second",
            "without a key: 1 a second; with free keys 15, about 1 s",
            "key: none for trongrid. ",
        ]),
        ("bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", [
            "asked: mempool at 3 a second",
            "asked for what is still missing then: esplora at 0.19 a second; then blockchain_info at 0.1 a second",
            "requests: at least 4 (1 list, 3 requests before it, for heads and what each serves), about 1 s at 3 a second",
        ]),
    ],
)  # fmt: skip
def test_a_dry_run_says_who_will_be_asked_and_what_no_key_costs(
    unhurried: Command, chain: str, address: str, lines: list[str], tmp_path: Path
) -> None:
    done = unhurried("collect", "a.duckdb", address, "--chain", chain, "--dry-run", **NO_KEYS)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    for line in lines:
        assert any(one.startswith(line) for one in said), (line, said)
    assert "the plan of the key" not in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("source", "chain", "said"),
    [
        ("blockscout", "ethereum", "(3 lists, the head, the chain)"),
        ("routescan", "bsc", "(3 lists, the head)"),
        ("tronscan", "tron", "(2 lists, the head)"),
        ("mempool", "bitcoin", "(1 list, the head)"),
    ],
)
def test_a_single_explorer_without_a_plan_question_is_not_said_to_have_one(
    unhurried: Command, source: str, chain: str, said: str
) -> None:
    address = {"tron": "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "bitcoin": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"}
    who = address.get(chain, "0x" + "1" * 40)
    done = unhurried("collect", "a.duckdb", who, "--chain", chain, "--source", source, "--dry-run", **NO_KEYS)
    assert said in done.stdout
    assert "plan of the key" not in done.stdout
    assert ("key: none." in done.stdout) == bool(explorers.EXPLORERS[source].key_name)


def test_the_plan_as_a_document_names_every_explorer(unhurried: Command) -> None:
    asked = ("collect", "a.duckdb", "0x" + "1" * 40, "--chain", "ethereum", "--dry-run", "--json")
    found: dict[str, Any] = json.loads(unhurried(*asked, **{**NO_KEYS, **KEY}).stdout)
    assert [(one["name"], one["rank"], one["has_key"]) for one in found["explorers"]] == [
        ("etherscan", 0, True), ("blockscout", 0, False), ("routescan", 1, False), ("blockscout_rest", 2, False),
    ]  # fmt: skip
    assert found["has_key"] is True


@pytest.mark.parametrize(
    "urls",
    [
        ("--base-url", "http://127.0.0.1:9"),
        ("--base-url", "nobody=http://127.0.0.1:9"),
        ("--base-url", "blockscout="),
        ("--source", "etherscan", "--base-url", "http://127.0.0.1:9", "--base-url", "http://127.0.0.1:8"),
    ],
)
def test_a_server_of_nobody_in_particular_is_refused(unhurried: Command, urls: tuple[str, ...]) -> None:
    done = unhurried("collect", "a.duckdb", "0x" + "1" * 40, "--chain", "ethereum", *urls, **KEY)
    assert (done.returncode, done.stdout) == (5, "")
    assert "not said which explorer" in done.stderr
