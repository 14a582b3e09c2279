"""The command line in a process of its own, and a small case for it."""

from __future__ import annotations

import functools
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cryptotrace.testing import World, romance_world

sys.path.append(str(Path(__file__).parent))

SCAM, EXCHANGE = "0x" + "2" * 40, "0x" + "4" * 40
Command = Callable[..., subprocess.CompletedProcess[str]]

CASE = """\
schema = "cryptotrace.case/1"
[case]
id = "small"
title = "A small case"
[[input]]
format = "usd_edges"
path = "edges.csv"
chain = "ethereum"
complete = true
[[seeds]]
path = "seeds.txt"
chain = "ethereum"
category = "romance_baiting"
[[labels]]
path = "labels.csv"
"""


@pytest.fixture(scope="session")
def world() -> World:
    """A small world with three seeds."""
    return romance_world(3, campaigns=1, victims=2, people=6, days=40)


@pytest.fixture
def seeds(world: World, tmp_path: Path) -> str:
    """A file with its seeds, in the folder of the test."""
    (tmp_path / "seeds.txt").write_text("".join(f"{row.address}\n" for row in world.seeds), encoding="utf-8")
    return "seeds.txt"


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Run ``cryptotrace`` with arguments in the folder of the test."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cryptotrace", *arguments],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "88", "PYTHONWARNINGS": "error", **environment},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def small_case(tmp_path: Path) -> Path:
    """A case file in the folder of the test; its edges are dollars."""
    head = "Timestamp,Block,Tx_hash,From,From_label,To,To_label,Value_in_USD\n"
    rows = [
        f"2023-03-0{number} 00:00:00,{number},0x{number:064x},{sender},,{receiver},,{usd}\n"
        for number, sender, receiver, usd in ((1, "0x" + "1" * 40, SCAM, "1000.5"), (2, SCAM, EXCHANGE, "600.25"))
    ]
    (tmp_path / "edges.csv").write_text(head + "".join(rows), encoding="utf-8")
    (tmp_path / "seeds.txt").write_text(SCAM + "\n", encoding="utf-8")
    (tmp_path / "labels.csv").write_text(
        f"chain,address,label,category,entity\nethereum,{EXCHANGE},hot wallet,exchange,Larkfield\n", encoding="utf-8"
    )
    (tmp_path / "case.toml").write_text(CASE, encoding="utf-8")
    return tmp_path / "case.toml"


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Run ``cryptotrace`` in this process, in the folder of the test, without waiting between tries and requests."""
    from typer.testing import CliRunner

    from cryptotrace import sources
    from cryptotrace.cli import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sources, "open_source", functools.partial(sources.open_source, sleep=lambda _: None))

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        done = CliRunner().invoke(app, list(arguments), env=environment)
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)

    yield run
    for name in ("cryptotrace", "urllib3"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.NOTSET)
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
