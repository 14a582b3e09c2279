"""Hosts side by side: explorers of one rank share the addresses, none waits for another, and each keeps its own pace."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
from pulling import coverage, stored, truth_of
from routing import auto, evm, opened, small_pages

import cryptotrace as ct
from cryptotrace.collect import pull, replay_difference
from cryptotrace.sources.auto import AutoSource
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.limits import Pace
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Fault, random_chain

STREAMS = ("native", "internal", "token")
MANY = random_chain(2, transactions=300, addresses=120)
FEW = random_chain(4, transactions=30, addresses=6)


class HostClock:
    """The time of one host, which passes only while somebody waits for it."""

    def __init__(self) -> None:
        self.time = 0.0
        self._mine = threading.local()
        self._lock = threading.Lock()

    def now(self) -> float:
        self._mine.read = self.time
        return self.time

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.time = max(self.time, self._mine.read + seconds)


def paced(names: tuple[str, ...], ranks: list[int] | None) -> tuple[AutoSource, list[HostClock], dict[str, Any]]:
    fakes, clocks = evm(MANY, **dict.fromkeys(names, ())), [HostClock() for _ in names]
    sources = [
        opened(name, fakes[name], pace=Pace(3.0, now=clock.now, sleep=clock.sleep))
        for name, clock in zip(names, clocks, strict=True)
    ]
    return AutoSource(sources, ranks), clocks, fakes


def rate(names: tuple[str, ...], ranks: list[int] | None) -> float:
    """Give the requests per second of a pull; hosts wait at the same time."""
    source, clocks, fakes = paced(names, ranks)
    store = ct.open_store(":memory:")
    ct.collect(source, store, MANY.addresses, progress=False)
    assert {status for status, *_ in coverage(store).values()} == {"complete"}
    return sum(len(fake.requests) for fake in fakes.values()) / max(clock.time for clock in clocks)


def test_two_hosts_of_three_a_second_give_more_than_five() -> None:
    together, alone = rate(("etherscan", "blockscout"), [0, 0]), rate(("etherscan", "blockscout"), None)
    assert together > 5.0, together
    assert 2.8 < alone < 3.0, alone


def test_the_plan_says_the_pace_of_hosts_side_by_side() -> None:
    source, _, _ = paced(("etherscan", "blockscout"), [0, 0])
    plan = ct.plan_collect(source, MANY.addresses)
    assert 5.0 < plan.per_second <= 6.0
    assert plan.seconds == pytest.approx(plan.requests / plan.per_second)
    assert "side by side" in str(plan)
    single, _, _ = paced(("etherscan", "blockscout"), None)
    assert ct.plan_collect(single, MANY.addresses).per_second == 3.0


def test_no_host_waits_for_another() -> None:
    """One host does not answer at all until the other has given every list of its addresses."""
    fakes = evm(FEW)
    sources = [opened(name, fake) for name, fake in fakes.items()]
    held, lanes = threading.Event(), Counter(AutoSource(sources, [0, 0]).lane(one) for one in FEW.addresses)
    assert min(lanes.values()) >= 2

    class Held:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def fetch(self, request: Request) -> Answer:
            if request.subject:
                assert held.wait(30)
            answer: Answer = self.inner.fetch(request)
            return answer

    class Telling:
        def __init__(self, inner: Any) -> None:
            self.inner, self.given = inner, set[tuple[str, str]]()

        def fetch(self, request: Request) -> Answer:
            answer: Answer = self.inner.fetch(request)
            if request.subject:
                self.given.add((request.subject, request.stream))
                if len(self.given) == 3 * lanes["blockscout"]:
                    held.set()
            return answer

    source = AutoSource([sources[0].through(Held(sources[0].fetcher)), sources[1].through(Telling(sources[1].fetcher))], [0, 0])
    store = ct.open_store(":memory:")
    ct.collect(source, store, FEW.addresses, progress=False)
    assert held.is_set()
    assert {status for status, *_ in coverage(store).values()} == {"complete"}


def test_who_begins_is_a_matter_of_the_address_alone() -> None:
    source, again = auto(evm(FEW), [0, 0]), auto(evm(FEW), [0, 0])
    lanes = [source.lane(one) for one in MANY.addresses]
    assert lanes == [again.lane(one) for one in MANY.addresses]
    assert 0.4 < lanes.count("etherscan") / len(lanes) < 0.6
    assert {auto(evm(FEW)).lane(one) for one in MANY.addresses} == {"etherscan"}


@pytest.mark.parametrize("broken", ["etherscan", "blockscout"])
def test_where_one_of_two_equal_explorers_refuses_the_other_gives_everything(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch)
    fault = Fault("daily_limit", actions=("txlist", "txlistinternal", "tokentx"), first=4, times=None)
    fakes, store = (
        evm(FEW, **{name: fault if name == broken else () for name in ("etherscan", "blockscout")}),
        ct.open_store(":memory:"),
    )
    found = ct.collect(auto(fakes, [0, 0]), store, FEW.addresses, progress=False)
    everything: Counter[Any] = Counter()
    for (address, stream), (status, _, last, _) in coverage(store).items():
        assert status == "complete"
        everything |= truth_of(FEW, address, stream, last)
    assert stored(store) == everything
    assert f'"{broken}"' in found.provenance.parameters["refused"]
    assert replay_difference(store, progress=False) is None


# -- the bar -------------------------------------------------------------------------------------------------------------


class Bar:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.total = 0

    def set_postfix_str(self, text: str, *, refresh: bool) -> None:
        self.said.append(text)

    def update(self, number: int) -> None:
        self.total += number

    def close(self) -> None: ...


def test_the_bar_says_rows_requests_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    bars: list[Bar] = []

    def bar(total: int, *, progress: bool | None) -> Bar:
        bars.append(Bar())
        return bars[-1]

    monkeypatch.setattr(pull, "progress_bar", bar)
    ct.collect(auto(evm(FEW)), ct.open_store(":memory:"), FEW.addresses, progress=False)
    ct.collect(auto(evm(FEW)), ct.open_store(":memory:"), FEW.addresses, progress=False, max_requests=20)
    day = FakeEtherscan(FEW, plan=UNLIMITED)
    day._honest, honest = None, day._honest  # type: ignore[assignment, method-assign]

    def limited(asked: Any) -> Any:
        reply = honest(asked)
        if asked.text("module") == "getapilimit":
            reply.body["result"]["creditsAvailable"] = 1_000
        return reply

    day._honest = limited  # type: ignore[method-assign]
    ct.collect(opened("etherscan", day), ct.open_store(":memory:"), FEW.addresses, progress=False)
    plain, budget, plan = (one.said[-1] for one in bars)
    assert "rows" in plain
    assert plain.endswith("requests")
    assert budget.endswith("20 requests, 0 left")
    assert plan.endswith(f"{len(day.requests):,} requests, {1_000 - len(day.requests):,} left")
