"""A body of 50 MB, whoever is asked: all adapters fetch through one class, which keeps its bounds with GET and with POST."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from echoing import Reply, serving

from cryptotrace.errors import MalformedAnswer
from cryptotrace.settings import Secret, Settings
from cryptotrace.sources._http import HttpFetcher
from cryptotrace.sources.explorers import EXPLORERS
from cryptotrace.sources.opening import open_source
from cryptotrace.sources.prices import open_prices
from cryptotrace.sources.prices.opening import ORACLES

KEYS = Settings(keys={one.key_name: Secret("any-key") for one in EXPLORERS.values() if one.key_name}, attempts=1)
CHAINS = {"evm": "ethereum", "tron": "tron", "bitcoin": "bitcoin"}
HUGE = 50 << 20
BOUND = 60 << 20
"""24 MB are read at most; they are held in pieces and, for a moment, whole."""


def source_at(name: str, url: str) -> Any:
    return open_source(name, chain=CHAINS[EXPLORERS[name].family], base_url=url, settings=KEYS, sleep=lambda _: None)


@pytest.mark.parametrize("name", EXPLORERS)
def test_every_explorer_asks_through_the_one_fetcher(name: str) -> None:
    assert type(source_at(name, "http://127.0.0.1:9").fetcher) is HttpFetcher


@pytest.mark.parametrize("name", ORACLES)
def test_every_oracle_asks_through_the_one_fetcher(name: str) -> None:
    assert type(open_prices(name, settings=KEYS).fetcher) is HttpFetcher


@pytest.mark.parametrize("chain", CHAINS.values())
def test_several_explorers_as_one_ask_through_the_one_fetcher(chain: str) -> None:
    source: Any = open_source("auto", chain=chain, settings=KEYS)
    assert {type(fetcher) for fetcher in source.fetcher.fetchers.values()} == {HttpFetcher}


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize("name", ["esplora", "rpc"])
def test_a_body_of_50_mb_is_refused_in_bounded_memory(name: str) -> None:
    posted = []

    def answer(sent: Any) -> Reply:
        posted.append(bool(sent.payload))
        return Reply(b"", padding=HUGE)

    with serving(answer) as url:
        source = source_at(name, url)
        tracemalloc.start()
        try:
            with pytest.raises(MalformedAnswer, match="more than 24 MB"):
                source.head("1")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            source.fetcher.close()
    assert peak < BOUND
    assert set(posted) == {name == "rpc"}
