"""Heads are asked side by side; who is silent is told and left out, but for one whose lists nobody else has."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pulling import coverage
from routing import evm, given_by, opened, small_pages, tron

import cryptotrace as ct
from cryptotrace.collect import replay_difference
from cryptotrace.errors import TransientSourceError
from cryptotrace.sources import auto as auto_module
from cryptotrace.sources.auto import AutoSource
from cryptotrace.sources.base import Answer, Request
from cryptotrace.testing.explorers import random_chain, random_tron

WORLD = random_chain(4, transactions=30, addresses=3)


class Waiting:
    """Answers nothing until it is let."""

    def __init__(self, inner: Any, go: threading.Event) -> None:
        self.inner, self.go, self.asked = inner, go, 0

    def fetch(self, request: Request) -> Answer:
        self.asked += 1
        assert self.go.wait(20)
        answer: Answer = self.inner.fetch(request)
        return answer


@pytest.fixture
def go() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def silent_first(go: threading.Event) -> tuple[AutoSource, Waiting, dict[str, Any]]:
    fakes = evm(WORLD)
    sources = [opened(name, fake) for name, fake in fakes.items()]
    waiting = Waiting(sources[0].fetcher, go)
    return AutoSource([sources[0].through(waiting), sources[1]]), waiting, fakes


def test_a_silent_explorer_is_told_and_left_out_and_the_others_give_everything(
    go: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auto_module, "_PATIENCE", 0.1)
    source, waiting, fakes = silent_first(go)
    store = ct.open_store(":memory:")
    begun = time.monotonic()
    found = ct.collect(source, store, WORLD.addresses, progress=False)
    assert time.monotonic() - begun < 15  # it never answers
    assert {status for status, *_ in coverage(store).values()} == {"complete"}
    assert set(given_by(store).values()) == {"blockscout"}
    refused = json.loads(found.provenance.parameters["refused"])
    assert list(refused) == ["etherscan"]
    assert "no head within 0.1 s" in refused["etherscan"]
    assert waiting.asked == 1
    assert not fakes["etherscan"].requests
    assert store.rows("SELECT DISTINCT source FROM responses") == [("blockscout",)]
    small_pages(monkeypatch)
    assert replay_difference(store, progress=False) is None


def test_a_host_that_was_left_out_is_sent_nothing_any_more(go: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails at last, and would be asked again: nobody waits for that."""
    monkeypatch.setattr(auto_module, "_PATIENCE", 0.1)
    fakes = evm(WORLD)
    sources = [opened(name, fake, **({"attempts": 5} if name == "etherscan" else {})) for name, fake in fakes.items()]
    tries, ended = [], threading.Event()

    def send(request: Request) -> Answer:
        tries.append(request.stream)
        assert go.wait(20)
        threading.Timer(0.2, ended.set).start()
        raise TransientSourceError("no connection", where="test")

    monkeypatch.setattr(sources[0].fetcher, "_send", send)
    ct.collect(AutoSource(sources), ct.open_store(":memory:"), WORLD.addresses, progress=False)
    assert len(tries) == 1
    go.set()
    assert ended.wait(20)
    assert len(tries) == 1


def test_heads_are_asked_at_the_same_time() -> None:
    both = threading.Barrier(2)

    class Meeting:
        def __init__(self, inner: Any) -> None:
            self.inner, self.met = inner, False

        def fetch(self, request: Request) -> Answer:
            if not self.met:
                both.wait(20)  # breaks where the second one is not asked meanwhile
                self.met = True
            answer: Answer = self.inner.fetch(request)
            return answer

    sources = [opened(name, fake) for name, fake in evm(WORLD).items()]
    source = AutoSource([one.through(Meeting(one.fetcher)) for one in sources])
    assert source.head("1") == WORLD.transactions[-1].block - 64


def test_one_whose_lists_nobody_else_has_is_waited_for(go: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto_module, "_PATIENCE", 0.05)
    world = random_tron(3, transactions=30, addresses=2)
    sources = [opened(name, fake) for name, fake in tron(world).items()]
    if set(sources[0].streams) == set(sources[1].streams):
        monkeypatch.setattr(type(sources[1]), "streams", ("token",))
    source = AutoSource([sources[0].through(Waiting(sources[0].fetcher, go)), sources[1]])
    threading.Timer(0.5, go.set).start()
    store = ct.open_store(":memory:")
    ct.collect(source, store, world.addresses, progress=False)
    assert {status for status, *_ in coverage(store).values()} == {"complete"}
    assert set(given_by(store).values()) == {"trongrid"}


def test_where_nobody_answers_in_time_the_first_that_does_is_taken(
    go: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auto_module, "_PATIENCE", 0.05)
    never = threading.Event()
    sources = [opened(name, fake) for name, fake in evm(WORLD).items()]
    waits = [Waiting(one.fetcher, event) for one, event in zip(sources, (never, go), strict=True)]
    source = AutoSource([one.through(waiting) for one, waiting in zip(sources, waits, strict=True)])
    threading.Timer(0.3, go.set).start()
    assert source.head("1") == WORLD.transactions[-1].block - 64
    never.set()
