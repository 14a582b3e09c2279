"""TronGrid over loopback HTTP, opened as a person opens it."""

from __future__ import annotations

import logging
from collections import Counter

import pytest
from tron_pulls import STREAMS, stored, truth_of

import cryptotrace as ct
from cryptotrace.collect.pull import collect
from cryptotrace.settings import Secret, Settings
from cryptotrace.testing.explorers import FakeTronGrid, TronFault, TronPlan, random_tron

KEY = "canary-7f3a91c2"


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_pull_over_http_with_troubles_is_whole_and_shows_its_key_nowhere(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    world = random_tron(41)
    faults = [
        TronFault("html", 502),
        TronFault("suspended", 1, first=3),
        TronFault("busy", first=5),
        TronFault("reset", first=2),
    ]
    path = tmp_path / "case.duckdb"
    with FakeTronGrid(world, keys=(KEY,), faults=faults) as explorer:
        source = ct.open_source("trongrid", chain="trx", key=Secret(KEY), base_url=explorer.url,
                                settings=Settings(keys={}), sleep=lambda _: None)  # fmt: skip
        store = ct.open_store(path)
        result = collect(source, store, world.addresses, progress=False)
        source.fetcher.close()
    assert not result.is_partial
    truth: Counter[tuple[object, ...]] = Counter()
    for address in world.addresses:
        for stream in STREAMS:
            truth |= truth_of(world, address, stream, explorer.head)
    assert stored(store) == truth
    assert len(explorer.faults.log) == 4
    assert all(one.at for one in explorer.requests)
    del store
    assert KEY.encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert KEY not in caplog.text
    assert KEY not in str(explorer.requests)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_without_a_key_it_is_asked_once_a_second():
    world = random_tron(42, transactions=5, addresses=2)
    waited = []
    with FakeTronGrid(world) as explorer:
        source = ct.open_source("trongrid", chain="tron", base_url=explorer.url, settings=Settings(keys={}),
                                sleep=waited.append)  # fmt: skip
        assert ct.plan_collect(source, world.addresses).requests == 5
        collect(source, ct.open_store(":memory:"), world.addresses, progress=False)
        source.fetcher.close()
    assert all(0.5 < pause < 8 for pause in waited)
    assert len(waited) == len(explorer.requests) - 1


def test_the_fake_is_strict():
    explorer = FakeTronGrid(random_tron(1), plan=TronPlan(per_second=100, per_day=2, keyed_per_second=100))
    account = random_tron(1).addresses[0]
    path = f"/v1/accounts/{account}/transactions"
    asked = {"only_confirmed": "true", "limit": "2", "order_by": "block_timestamp,asc"}
    for wrong in (
        {"limit": "201"},
        {"limit": "x"},
        {"min_timestamp": "-1"},
        {"fingerprint": "x"},
        {"page": "1"},
        {"order_by": ""},
    ):
        assert explorer.answer({**asked, **wrong}, path=path).status == 400
    assert explorer.answer(asked, path="/v1/accounts/0xab/transactions").status == 400
    assert explorer.answer(asked, path="/v2").status == 404
    statuses = [explorer.answer(asked, path=path, key="test-key").status for _ in range(3)]
    assert statuses == [200, 200, 403]
    assert explorer.answer(asked, path=path, key="wrong").status == 401
