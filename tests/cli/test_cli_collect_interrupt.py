"""Ctrl-C while ``cryptotrace collect`` runs: the first keeps everything, the second waits for nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from served import CANARY, INTERRUPTIBLE, KEY, QUICK

import cryptotrace as ct
from cryptotrace.testing import World
from cryptotrace.testing.explorers import FakeEtherscan, Fault

pytestmark = [
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process"),
]
Command = Callable[..., subprocess.CompletedProcess[str]]


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*INTERRUPTIBLE, *arguments], cwd=folder, env={**os.environ, **KEY},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def wait_for(explorer: FakeEtherscan, requests: int) -> None:
    deadline = time.monotonic() + 60
    while len(explorer.requests) < requests and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(explorer.requests) >= requests


def many(world: World) -> tuple[str, ...]:
    """Addresses enough for some seconds."""
    return tuple(sorted({row.sender for row in world.transfers if row.amount})[:25])


def digests(path: Path) -> dict[str, str]:
    return ct.open_store(path, read_only=True).digests()


def test_the_first_ctrl_c_ends_with_3_and_the_same_command_goes_on_to_the_same_digests(
    command: Command, world: World, tmp_path: Path
) -> None:
    with FakeEtherscan(world, key=CANARY, plan=QUICK) as explorer:
        asked = (*many(world), "--chain", "ethereum", "--source", "etherscan", "--base-url", explorer.url)
        with started(tmp_path, "collect", "case.duckdb", *asked) as process:
            wait_for(explorer, 20)
            process.send_signal(signal.SIGINT)
            out, errors = process.communicate(timeout=60)
        assert process.returncode == 3, errors
        assert "(interrupted)" in out
        assert "finishing the page at hand; Ctrl-C again breaks off" in errors.splitlines()
        assert errors.splitlines()[-1] == "stopped on request: run the same command to go on"
        before = len(explorer.requests)
        assert before < 78
        done = command("collect", "case.duckdb", *asked, **KEY)
        assert done.returncode == 0, done.stderr
        assert "resumes: an earlier run was not finished" in done.stderr
        assert len(explorer.requests) == 3 + 3 * 25  # head, head, plan and lists, each once
        assert command("collect", "whole.duckdb", *asked, **KEY).returncode == 0
    one, other = digests(tmp_path / "case.duckdb"), digests(tmp_path / "whole.duckdb")
    assert one == other
    assert not (tmp_path / "case.duckdb.journal").exists()


def test_the_second_ctrl_c_ends_with_130_at_once_even_if_the_explorer_says_nothing(
    command: Command, world: World, tmp_path: Path
) -> None:
    with FakeEtherscan(world, key=CANARY, plan=QUICK, faults=Fault("hold", 30, first=10, times=None)) as explorer:
        asked = (*many(world), "--chain", "ethereum", "--source", "etherscan", "--base-url")
        with started(tmp_path, "collect", "case.duckdb", *asked, explorer.url) as process:
            wait_for(explorer, 11)
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            assert process.poll() is None
            start = time.monotonic()
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
        assert time.monotonic() - start < 3
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "interrupted: what came is kept; the same command goes on"
    assert "Traceback" not in errors
    with FakeEtherscan(world, key=CANARY, plan=QUICK) as explorer:
        assert command("collect", "case.duckdb", *asked, explorer.url, **KEY).returncode == 0
        # head, head and plan were answered, and at least six lists
        assert len(explorer.requests) <= 3 * 25 - 6
        assert command("collect", "whole.duckdb", *asked, explorer.url, **KEY).returncode == 0
    assert digests(tmp_path / "case.duckdb") == digests(tmp_path / "whole.duckdb")
