"""``kill -9`` at any moment: the same command goes on, ends with the same digests, and repeats hardly a request."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

import killed_child
import pytest
from pulling import stored

import cryptotrace as ct
from cryptotrace.schema import STORED
from cryptotrace.store.digest import logical_rows
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Fault, random_chain

pytestmark = [pytest.mark.slow, pytest.mark.allow_hosts(["127.0.0.1"])]
KILLS, PARTS = 200, 10
KILLS_A_STORE = 8
LONGEST = 60


class Deadly(FakeEtherscan):
    """Kills its client with the answer to its n-th request still under way."""

    victim: int | None = None
    left = 0

    def answer(self, params: Any, *, path: str = "/v2/api") -> Any:
        answer = super().answer(params, path=path)
        if self.victim is not None:
            self.left -= 1
            if self.left == 0:
                os.kill(self.victim, signal.SIGKILL)
        return answer


@pytest.fixture(scope="module")
def processes() -> Iterator[ForkServerContext]:
    """A server that has imported everything and forks at once; it is one process that runs no thread."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["killed_child", "duckdb", "pyarrow", "requests", "tenacity", "tqdm.auto"])
    return context


def start(
    context: ForkServerContext, explorer: FakeEtherscan, path: Path, world: Any, hops: int, pages: int
) -> ForkServerProcess:
    arguments = (explorer.url, str(path), world.addresses, hops, pages)
    process = context.Process(target=killed_child.run, args=arguments, daemon=True)
    process.start()
    return process


def finish(process: ForkServerProcess) -> int:
    process.join(LONGEST)
    if process.is_alive():
        process.kill()
        process.join()
        pytest.fail("a pull hangs")
    code = process.exitcode
    process.close()
    assert code is not None
    return code


def contents(path: Path) -> dict[str, Any]:
    """Give every table as the digest sees it, and the digests."""
    store = ct.open_store(path, read_only=True)
    tables = {name: logical_rows(store, table) for name, table in STORED.items() if name not in ("meta", "runs")}
    return {**tables, "rows": stored(store), "digests": store.digests()}


def world_of(seed: int) -> Any:
    return random_chain(seed, transactions=30, addresses=3)


def faults_of(seed: int) -> tuple[Fault, ...]:
    """Every third pull meets splits and re-asked pages as well; they hit by what is asked, not by when."""
    return (Fault("range_limit", 6_000_000, times=None),) if seed % 3 == 0 else ()


def settings_of(seed: int) -> tuple[int, int]:
    """Hops, and pages a flush."""
    return seed % 2, (7, 20, 50)[seed % 3]


def undisturbed(context: ForkServerContext, seed: int, path: Path) -> dict[str, Any]:
    with FakeEtherscan(world_of(seed), plan=UNLIMITED, faults=faults_of(seed)) as explorer:
        assert finish(start(context, explorer, path, world_of(seed), *settings_of(seed))) == 0
    return contents(path)


def stream_of(params: Any) -> tuple[str, str]:
    return params.get("address", ""), params["action"]


@pytest.mark.parametrize("part", range(PARTS))
def test_pulls_that_are_killed_again_and_again_end_as_if_nothing_had_happened(part, processes, tmp_path):
    killed = 0
    for seed in itertools.count(part * 100):
        killed += check_store(processes, seed, tmp_path, KILLS // PARTS - killed)
        if killed >= KILLS // PARTS:
            break


def check_store(context: ForkServerContext, seed: int, folder: Path, most: int) -> int:
    """Kill a pull a few times and hold what it ends with against an undisturbed one; gives how often it was killed."""
    dice, world = random.Random(seed), world_of(seed)
    truth = undisturbed(context, seed, folder / f"calm{seed}.duckdb")
    killed, path = 0, folder / f"killed{seed}.duckdb"
    with Deadly(world, plan=UNLIMITED, faults=faults_of(seed)) as explorer:
        seen: set[tuple[Any, ...]] = set()
        while True:
            before, timer = len(explorer.requests), None
            doomed = killed < min(most, KILLS_A_STORE)
            by_request = doomed and dice.random() < 0.6
            process = start(context, explorer, path, world, *settings_of(seed))
            if by_request:
                explorer.left, explorer.victim = dice.randint(1, 12), process.pid
            elif doomed:
                timer = threading.Timer(dice.uniform(0.05, 0.4), os.kill, (process.pid, signal.SIGKILL))
                timer.start()
            code = finish_killed(process, timer)
            explorer.victim = None
            asked = [request.params for request in explorer.requests[before:]]
            again = Counter(stream_of(params) for params in asked if tuple(sorted(params.items())) in seen)
            seen.update(tuple(sorted(params.items())) for params in asked)
            assert not again or max(again.values()) == 1, (seed, again)
            if code == 0:
                break
            assert code == -signal.SIGKILL
            killed += 1
    assert contents(path) == truth, seed
    assert not path.with_name(path.name + ".journal").exists()
    return killed


def finish_killed(process: ForkServerProcess, timer: threading.Timer | None) -> int:
    """Wait for the end; a timer that was not needed must not hit a later process of the same number."""
    process.join(LONGEST)
    if timer is not None:
        timer.cancel()
        timer.join()
    return finish(process)
