"""Blockscout and Routescan through ``collect``: the same store as Etherscan's, also after a stop at any page, and replayed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from calm_pulls import digests
from long_worlds import HUB, long_world
from pulling import coverage, in_process, stored, truth_of
from scouting import FLAVOURS, STREAMS, opened

import cryptotrace as ct
from cryptotrace.collect.pull import collect
from cryptotrace.collect.replay import replay
from cryptotrace.errors import InputError
from cryptotrace.settings import Secret, Settings
from cryptotrace.sources import open_source
from cryptotrace.sources.blockscout.lists import Blockscout
from cryptotrace.sources.blockscout.rest import BlockscoutRest
from cryptotrace.sources.etherscan.routescan import Routescan
from cryptotrace.testing.explorers import UNLIMITED, FakeBlockscout, FakeEtherscan, Fault, random_chain

NAMES = {"rpc": "blockscout", "rest": "blockscout_rest"}
WORLD = long_world(23)


def fake(**settings: Any) -> FakeBlockscout:
    return FakeBlockscout(WORLD, head=10_000, page_rows=5, **settings)


def pulled(flavour: str, explorer: FakeBlockscout, store: ct.Store, **settings: Any) -> Any:
    return collect(opened(flavour, explorer), store, WORLD.addresses[:2], progress=False, **settings)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_what_is_collected_is_the_world_and_replays_to_the_same_digests(flavour):
    store, again = ct.open_store(":memory:"), ct.open_store(":memory:")
    source = opened(flavour, fake(), page_rows=5_000)  # a replay asks as the source does by itself
    assert not collect(source, store, WORLD.addresses[:2], progress=False).is_partial
    truth = Counter[Any]()
    for who in WORLD.addresses[:2]:
        for stream in STREAMS:
            truth |= truth_of(WORLD, who, stream, 10**6)
    assert stored(store) == truth
    replay(store, again, progress=False)
    assert again.digests() == store.digests()


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("spoilt", [False, True])
def test_a_run_that_stops_at_every_request_ends_in_the_same_store(flavour, spoilt):
    def explorer_of() -> FakeBlockscout:
        again = Fault("overlap", 2, times=None if flavour == "rest" else 2)
        return fake(faults=[again, Fault("html", 502, times=2)] if spoilt else [])

    calm, torn = ct.open_store(":memory:"), ct.open_store(":memory:")
    explorer = explorer_of()
    pulled(flavour, explorer, calm)
    whole = len(explorer.requests)
    explorer = explorer_of()
    stops = 0
    while pulled(flavour, explorer, torn, max_requests=5).is_partial:
        stops += 1
        assert stops < 60
    assert stops > 3
    torn.run("DELETE FROM runs")
    calm.run("DELETE FROM runs")
    assert digests(torn) == digests(calm)
    lists = [(one.path, *sorted(one.params.items())) for one in explorer.requests if "address" in f"{one.params} {one.path}"]
    faults = sum(bool(one.faults) for one in explorer.requests)
    assert len(lists) - len(set(lists)) <= faults
    assert len(explorer.requests) >= whole


@pytest.mark.parametrize("seed", range(3))
def test_the_families_agree_and_their_rows_merge_into_one_store(seed):
    """Etherscan with traces and without, Blockscout with and without log indices: one ledger, whoever comes first."""
    world = random_chain(seed, transactions=30)
    etherscan = in_process(FakeEtherscan(world, plan=UNLIMITED, log_index="absent"))
    makers = {
        "etherscan": lambda: etherscan,
        "rpc": lambda: opened("rpc", FakeBlockscout(world, log_index=bool(seed % 2))),
        "rest": lambda: opened("rest", FakeBlockscout(world, page_rows=7)),
    }
    alone = {}
    for name, make in makers.items():
        store = ct.open_store(":memory:")
        collect(make(), store, world.addresses, progress=False)
        assert {status for status, *_ in coverage(store).values()} == {"complete"}, name
        alone[name] = stored(store)
    assert alone["rpc"] == alone["rest"] == alone["etherscan"]
    for order in (("etherscan", "rpc", "rest"), ("rest", "rpc", "etherscan"), ("rpc", "etherscan", "rest")):
        store = ct.open_store(":memory:")
        for name in order:
            collect(makers[name](), store, world.addresses, progress=False)
        assert stored(store) == alone["rpc"], order


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_over_http_the_same_comes_through_open_source_and_the_key_is_in_no_table(flavour):
    key = "proapi_CANARY"
    store = ct.open_store(":memory:")
    settings = Settings(keys={"blockscout": Secret(key)}, timeout=5)
    with fake(key=key, hosted=True, faults=[Fault("html", 502), Fault("rate_limit", first=4)]) as explorer:
        source = open_source(NAMES[flavour], chain="ethereum", base_url=explorer.url, settings=settings, sleep=lambda _: None)
        result = collect(source, store, [HUB], progress=False)
        source.fetcher.close()
    assert not result.is_partial
    for stream in STREAMS:
        assert truth_of(WORLD, HUB, stream, 10**6) <= stored(store)
    for (table,) in store.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"):
        assert key not in repr(store.rows(f"SELECT * FROM {table}"))


@pytest.mark.parametrize(
    ("name", "chain", "key", "url"),
    [
        ("blockscout", "ethereum", None, "https://eth.blockscout.com"),
        ("blockscout", "base", None, "https://base.blockscout.com"),
        ("blockscout", "gnosis", None, "https://gnosis.blockscout.com"),
        ("blockscout", "optimism", "k", "https://api.blockscout.com/10"),
        ("blockscout_rest", "arbitrum", None, "https://arbitrum.blockscout.com"),
        ("blockscout_rest", "polygon", "k", "https://api.blockscout.com/137"),
        ("routescan", "avalanche", None, "https://api.routescan.io/v2/network/mainnet/evm/43114/etherscan/api"),
    ],
)
def test_explorers_open_by_name_at_the_address_of_the_chain(name, chain, key, url):
    source = open_source(name, chain=chain, key=key, settings=Settings(keys={}))
    assert (source.name, source.chain, source.fetcher._url) == (name, chain, url)


def test_a_chain_without_a_single_instance_needs_a_key_and_says_where_it_comes_from():
    with pytest.raises(InputError, match="BLOCKSCOUT_API_KEY"):
        open_source("blockscout", chain="bsc", settings=Settings(keys={}))


@pytest.mark.parametrize("maker", [Blockscout, BlockscoutRest, Routescan])
def test_a_chain_of_another_family_is_refused(maker):
    with pytest.raises(InputError):
        maker("tron", None)


def test_routescan_asks_as_etherscan_does_without_a_chain_or_a_plan():
    world = random_chain(5, transactions=30)
    explorer = FakeEtherscan(world, plan=UNLIMITED)
    fetcher = in_process(explorer).fetcher
    answer = explorer.answer
    # its address names the chain, which the fake wants to be told
    explorer.answer = lambda params, **more: answer({"chainid": "1", **params}, **more)  # type: ignore[method-assign]
    store = ct.open_store(":memory:")
    source = Routescan("ethereum", fetcher, page_rows=7)
    collect(source, store, world.addresses, progress=False)
    theirs = ct.open_store(":memory:")
    collect(in_process(FakeEtherscan(world, plan=UNLIMITED)), theirs, world.addresses, progress=False)
    assert stored(store) == stored(theirs)
    assert not [one for one in explorer.requests if one.params["module"] == "getapilimit"]
    assert source.through(fetcher).page_rows == 7
