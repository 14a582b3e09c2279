"""The pace: never refused by a server that counts any second, and close to what it allows."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from pulling import KEY, InProcess, in_process, walked

from cryptotrace.settings import Settings
from cryptotrace.sources import open_source
from cryptotrace.sources.base import Request
from cryptotrace.sources.limits import Pace
from cryptotrace.testing.explorers import FakeEtherscan, Fault, Plan, random_chain

WORLD = random_chain(11, transactions=200)
HEAD = Request(
    source="etherscan",
    chain="ethereum",
    stream="head",
    parameters=(("chainid", "1"), ("module", "proxy"), ("action", "eth_blockNumber")),
)


class Clock:
    """Time that passes only where somebody sleeps, shared by the client and the server."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0
        self.lock = threading.Lock()

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.seconds += max(0.0, seconds)


def paced(rate: int, *faults: Fault, **plan: Any) -> tuple[Clock, FakeEtherscan, InProcess]:
    clock = Clock()
    settings = {"calls_per_second": rate, "calls_per_day": None, **plan}
    explorer = FakeEtherscan(WORLD, plan=Plan(**settings), clock=clock.now, faults=faults)
    pace = Pace(float(rate), now=clock.now, sleep=clock.sleep)
    return clock, explorer, InProcess(explorer, pace=pace, sleep=clock.sleep)


@pytest.mark.parametrize("rate", [1, 3, 5, 10, 30])
def test_a_thousand_calls_are_never_refused_and_use_95_percent_of_the_allowed_rate(rate):
    clock, explorer, fetcher = paced(rate)
    start = clock.now()
    for _ in range(1_000):
        fetcher.fetch(HEAD)
    assert [request.refused for request in explorer.requests if request.refused] == []
    assert 999 / (clock.now() - start) >= 0.95 * rate
    assert dict(fetcher.calls) == {"head": 1_000}


def test_a_real_pull_under_3_a_second_is_never_refused_and_uses_95_percent():
    clock, explorer, fetcher = paced(3)
    source = in_process(explorer)
    source.fetcher = fetcher
    start = clock.now()
    for address in WORLD.addresses:
        assert {step.progress.status for step in walked(source, address, 10**8)} >= {"complete"}
    count = len(explorer.requests)
    assert count > 50
    assert not any(request.refused for request in explorer.requests)
    assert (count - 1) / (clock.now() - start) >= 0.95 * 3


def test_four_threads_share_one_pace_and_no_second_sees_more_than_allowed():
    clock, explorer, fetcher = paced(3)
    threads = [threading.Thread(target=lambda: [fetcher.fetch(HEAD) for _ in range(30)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(explorer.requests) == 120
    assert not any(request.refused for request in explorer.requests)
    assert clock.now() > 1_700_000_000 + 119 / 3


@pytest.mark.parametrize("refusal", ["envelope", "429"])
def test_a_server_that_allows_less_than_the_plan_says_is_still_read_to_the_end(refusal):
    clock, explorer, _ = paced(1, refusal=refusal)
    pace = Pace(3.0, now=clock.now, sleep=clock.sleep)
    fetcher = InProcess(explorer, pace=pace, sleep=clock.sleep)
    for _ in range(200):
        fetcher.fetch(HEAD)
    refused = sum(bool(request.refused) for request in explorer.requests)
    assert 0 < refused < 60
    assert fetcher.calls["retry"] == refused


def test_retry_after_is_waited_for_before_anything_else_goes_out():
    _clock, explorer, fetcher = paced(3, Fault("http_429", 40, first=5))
    for _ in range(10):
        fetcher.fetch(HEAD)
    times = [request.at for request in explorer.requests]
    assert 40 <= times[5] - times[4] < 41
    assert len(times) == 11


def test_after_a_refusal_the_pace_halves_and_comes_back_to_what_is_allowed():
    _clock, _, fetcher = paced(4, Fault("rate_limit", first=1))
    pace = fetcher._pace
    fetcher.fetch(HEAD)
    assert pace.rate == 2.0
    for _ in range(200):
        fetcher.fetch(HEAD)
    assert pace.rate == 4.0
    for _ in range(20):
        pace.refused()
    assert pace.rate == 0.5


def test_sources_of_one_host_and_key_share_a_pace_over_chains_and_others_do_not():
    def pace_of(chain: str, key: str, url: str) -> Pace:
        source = open_source("etherscan", chain=chain, key=key, base_url=url, settings=Settings(keys={}))
        return source.fetcher._pace  # type: ignore[attr-defined]

    first = pace_of("ethereum", "k-1", "http://127.0.0.1:1/v2/api")
    assert pace_of("polygon", "k-1", "http://127.0.0.1:1/v2/api") is first
    assert pace_of("ethereum", "k-2", "http://127.0.0.1:1/v2/api") is not first
    assert pace_of("ethereum", "k-1", "http://127.0.0.1:2/v2/api") is not first
    assert first.rate == 3.0


def test_the_plan_of_the_key_sets_rate_and_page_and_an_unknown_plan_counts_as_free():
    for calls, rate, rows in ((100_000, 3.0, 1_000), (200_000, 10.0, 10_000), (1_500_000, 30.0, 10_000), (7, 3.0, 1_000)):
        told: list[float] = []
        explorer = FakeEtherscan(WORLD, plan=Plan(calls_per_day=calls, calls_per_second=None), key=KEY)
        source = in_process(explorer)
        source._on_rate = told.append
        type(source).__mro__[1].prepare(source, "1")
        assert (told, source.page_rows) == ([rate], rows)


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.slow
def test_on_the_wall_clock_over_http_every_call_is_answered_at_the_pace_of_the_plan():
    with FakeEtherscan(WORLD, plan=Plan(calls_per_second=20)) as explorer:
        source = open_source("etherscan", chain="ethereum", key="test-key", base_url=explorer.url, settings=Settings(keys={}))
        fetcher = source.fetcher
        fetcher._pace.allow(20.0)  # type: ignore[attr-defined]
        start = time.monotonic()
        bodies = {fetcher.fetch(HEAD).body for _ in range(60)}
        took = time.monotonic() - start
        fetcher.close()  # type: ignore[attr-defined]
        assert len(bodies) == 1
        assert took >= 59 / 20
        # a busy machine delays calls, so that a second may see one too many: rare, and asked again
        assert sum(bool(request.refused) for request in explorer.requests) < 20
