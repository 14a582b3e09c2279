"""What is stored is the same whichever thread asks first, and whoever answers first."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from pulling import coverage
from routing import evm, opened, small_pages

import cryptotrace as ct
from cryptotrace.collect import replay_difference
from cryptotrace.sources.auto import AutoSource
from cryptotrace.sources.base import Answer, Request
from cryptotrace.testing.explorers import Fault, random_chain

WORLD = random_chain(4, transactions=12, addresses=3)
REFUSALS = {
    "a list": {"etherscan": Fault("pro_endpoint", actions=("txlistinternal",), times=None)},
    "a list of both": {
        name: Fault("pro_endpoint", actions=("txlistinternal",), times=None) for name in ("etherscan", "blockscout")
    },
    "the key": {"etherscan": Fault("bad_key", actions=("txlist", "txlistinternal", "tokentx"), times=None)},
    "the chain": {"etherscan": Fault("chain_not_free", actions=("txlist", "txlistinternal", "tokentx"), times=None)},
}


class First:
    """Lets nobody else ask for some lists until one account has; then all of them at once, or each after the refusal."""

    def __init__(self, inner: Any, account: str, streams: tuple[str, ...]) -> None:
        self.inner, self.account, self.streams, self.asked = inner, account, streams, threading.Event()

    def fetch(self, request: Request) -> Answer:
        if request.subject not in ("", self.account) and request.stream in self.streams:
            assert self.asked.wait(20)
        try:
            answer: Answer = self.inner.fetch(request)
        finally:
            if request.subject == self.account and request.stream == self.streams[-1]:
                self.asked.set()
        return answer


def forced(name: str, account: str, streams: tuple[str, ...]) -> tuple[ct.Store, int]:
    """Give a store, and how often the first explorer refused."""
    fakes = evm(WORLD, **{one: REFUSALS[name].get(one, ()) for one in ("etherscan", "blockscout")})
    sources = [opened(one, fake) for one, fake in fakes.items()]
    source = AutoSource([sources[0].through(First(sources[0].fetcher, account, streams)), sources[1]])
    store = ct.open_store(":memory:")
    ct.collect(source, store, WORLD.addresses, progress=False)
    return store, len(fakes["etherscan"].faults.log)


@pytest.mark.parametrize("name", REFUSALS)
def test_which_thread_is_refused_first_changes_no_digest(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    small_pages(monkeypatch)
    last = "internal" if "list" in name else "native"
    digests, refused = [], set()
    for account in WORLD.addresses:
        for streams in ((last,), ("native", last)):
            store, times = forced(name, account, streams)
            digests.append({table: digest for table, digest in store.digests().items() if table != "runs"})
            refused.add(times)
            assert replay_difference(store, progress=False) is None
    assert len(refused) > 1  # the orders differ in what was asked
    assert all(one == digests[0] for one in digests)


def test_what_refused_is_kept_whole_beside_the_answers() -> None:
    store, _ = forced("a list", WORLD.addresses[0], ("internal",))
    kept = [value for (value,) in store.rows("SELECT value FROM meta WHERE starts_with(name, 'answer:')")]
    assert sum("txlistinternal" in value and "etherscan" in value for value in kept) >= 1
    assert store.rows("SELECT count(*) FROM responses WHERE stream = 'internal' AND source = 'etherscan'") == [(0,)]


def test_whose_head_comes_first_changes_no_digest() -> None:
    digests = []
    for slow in ("etherscan", "blockscout"):
        sources = [opened(name, fake) for name, fake in evm(WORLD).items()]

        class Slow:
            def __init__(self, inner: Any) -> None:
                self.inner = inner

            def fetch(self, request: Request) -> Answer:
                if not request.subject:
                    time.sleep(0.05)
                answer: Answer = self.inner.fetch(request)
                return answer

        source = AutoSource([one.through(Slow(one.fetcher)) if one.name == slow else one for one in sources])
        store = ct.open_store(":memory:")
        ct.collect(source, store, WORLD.addresses, progress=False)
        assert {status for status, *_ in coverage(store).values()} == {"complete"}
        assert {name for (name,) in store.rows("SELECT DISTINCT source FROM responses WHERE stream = 'head'")} == {
            "etherscan", "blockscout",
        }  # fmt: skip
        digests.append(store.digests())
    assert digests[0] == digests[1]
