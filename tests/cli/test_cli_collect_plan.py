"""``plan_collect``: what a pull will ask at least, without asking."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from served import CANARY

import cryptotrace as ct
from cryptotrace.errors import BadKey, InputError, InvalidAddressError
from cryptotrace.sources import source_over
from cryptotrace.sources.plans import Keyless
from cryptotrace.testing import World
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan

ONE, TWO = "0x" + "1" * 40, "0x" + "2" * 40


@pytest.fixture
def source() -> Any:
    return ct.open_source("etherscan", chain="ethereum", key=CANARY, base_url="http://127.0.0.1:9/", sleep=lambda _: None)


def test_each_address_is_counted_once_with_its_lists_the_head_and_the_plan(source: Any) -> None:
    addresses = [ONE, ONE.upper().replace("0X", "0x"), ("ethereum", TWO), ("eth", ONE), ("bitcoin", "whatever")]
    plan = ct.plan_collect(source, addresses)
    assert (plan.addresses, plan.other_chains, plan.lists, plan.requests) == (2, 1, 6, 8)
    assert plan.seconds == pytest.approx(8 / 3)
    assert (plan.has_key, plan.complete, plan.newer_only, plan.resumes) == (True, 0, 0, False)
    assert str(plan).splitlines() == [
        "plan: etherscan, ethereum, 2 addresses, 0 hops",
        "requests: at least 8 (6 lists, the head, the plan of the key), about 3 s at 3 a second",
        "limits: an account with more than 20,000 rows is left as too busy",
        "left out: 1 address of other chains",
        "key: present",
    ]


@pytest.mark.parametrize(("number", "said"), [(25, "26 s"), (300, "5 min"), (18_000, "5.0 h")])
def test_the_time_is_said_in_seconds_minutes_or_hours(source: Any, number: int, said: str) -> None:
    plan = ct.plan_collect(source, [f"0x{one:040x}" for one in range(1, number + 1)])
    assert f"about {said} at 3 a second" in str(plan)


def test_a_budget_shortens_the_time_and_is_said(source: Any) -> None:
    plan = ct.plan_collect(source, [ONE, TWO], hops=2, max_requests=3, max_rows_per_address=500)
    assert plan.seconds == 1.0
    text = str(plan)
    for words in ("stops after 3 new requests", "more than 500 rows", "each adds at least 3 requests", "2 hops"):
        assert words in text


def test_html_of_a_plan_is_its_text_with_marks_escaped(source: Any) -> None:
    assert ct.plan_collect(source, [ONE])._repr_html_().startswith("plan: etherscan, ethereum, 1 address, 0 hops<br>")


def test_what_is_no_address_of_the_chain_is_refused(source: Any) -> None:
    with pytest.raises(InputError, match="no address on ethereum"):
        ct.plan_collect(source, [("bitcoin", "bc1")])
    with pytest.raises(InvalidAddressError):
        ct.plan_collect(source, ["0x12"])


def test_a_plan_without_a_key_says_where_one_comes_from_and_cannot_ask() -> None:
    source = source_over("etherscan", "bsc", Keyless())
    plan = ct.plan_collect(source, [ONE])
    assert plan.has_key is False
    assert "key: none. Set ETHERSCAN_API_KEY" in str(plan)
    assert plan.not_in_plan == ("bsc: not in the free plan as of July 2026; paid plans hold it",)
    with pytest.raises(BadKey, match="no key for etherscan"):
        source.head("1")


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_what_the_store_has_is_not_planned_again(world: World, tmp_path: Path) -> None:
    store = ct.open_store(tmp_path / "a.duckdb")
    addresses = [row.address for row in world.seeds]
    with FakeEtherscan(world, key=CANARY, plan=UNLIMITED) as explorer:
        source = ct.open_source("etherscan", chain="ethereum", key=CANARY, base_url=explorer.url, sleep=lambda _: None)
        ct.collect(source, store, addresses, max_requests=8, progress=False)
        begun = ct.plan_collect(source, addresses, store=store)
        before = len(explorer.requests)
        ct.collect(source, store, addresses, progress=False)
        asked = len(explorer.requests) - before
        later = ct.plan_collect(source, addresses, store=store)
        pinned = ct.plan_collect(source, addresses, store=store, to_block=explorer.head() - 64)
    assert begun.resumes
    assert begun.lists < 9
    assert begun.requests == begun.lists == asked  # head and plan are known
    assert "resumes: an earlier run was not finished" in str(begun)
    assert (later.resumes, later.newer_only, later.complete, later.lists) == (False, 3, 0, 9)
    assert "of 3 addresses only newer blocks are asked for" in str(later)
    assert (pinned.complete, pinned.lists, pinned.requests) == (3, 0, 2)
    assert "skipped: 3 addresses already complete in the store" in str(pinned)
