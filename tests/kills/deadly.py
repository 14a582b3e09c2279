"""Running a scene in processes of its own, killing them, and counting what they asked for again."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

import doomed
import pytest
from scenes import Scene

import cryptotrace as ct
from cryptotrace.schema import STORED
from cryptotrace.store.digest import logical_rows

__all__ = ["Killer", "again", "copied", "digests", "is_finished", "rows_of", "undisturbed"]

LONGEST = 60
Wire = str
"""What is on the wire: path, parameters without a key, payload."""
Asked = tuple[str, ...]
"""Explorer, list, account, and what was on the wire."""


class Killer:
    """Serves a scene, and kills who asks.

    Attributes
    ----------
    asked : Counter
        Requests that the fakes had so far.
    """

    def __init__(self, context: ForkServerContext, scene: Scene, path: Path, dice: random.Random) -> None:
        self.context, self.scene, self.path, self.dice = context, scene, path, dice
        self.notes = path.with_suffix(".notes")
        self.asked: Counter[Wire] = Counter()
        self._victim: int | None = None
        self._left = 0
        self._urls: dict[str, str] = {}

    @contextmanager
    def serving(self) -> Iterator[None]:
        with ExitStack() as stack:
            for name, fake in self.scene.fakes.items():
                fake.answer = self._deadly(fake.answer)
                self._urls[name] = stack.enter_context(fake).url
                stack.callback(vars(fake).pop, "answer")
            yield

    def _deadly(self, answer: Any) -> Any:
        """Count requests, and kill with the answer to the n-th under way."""

        def answered(params: Any, **given: Any) -> Any:
            reply = answer(params, **given)
            if given.get("payload") == "":
                return reply  # killed between the head of a question and its body
            shown = {name: text for name, text in params.items() if name != "apikey"}
            self.asked[_wire(given.get("path", ""), shown, given.get("payload", ""))] += 1
            if self._victim is not None:
                self._left -= 1
                if self._left == 0:
                    os.kill(self._victim, signal.SIGKILL)
            return reply

        return answered

    def run(self, *, within: float | None = None, requests: int = 0) -> int:
        """Run the command; kill it at a random moment ``within`` seconds or ``requests``. Gives how it ended."""
        scene, timer = self.scene, None
        job = doomed.Job(
            verb=scene.verb, chain=scene.chain, urls=self._urls, path=self.path, notes=self.notes, addresses=scene.addresses,
            hops=scene.hops, page_rows=scene.page_rows, flush_pages=scene.flush_pages, receipts=scene.receipts,
        )  # fmt: skip
        process = self.context.Process(target=doomed.run, args=(job,), daemon=True)
        process.start()
        if requests:
            self._left, self._victim = self.dice.randint(1, requests), process.pid
        elif within is not None:
            timer = threading.Timer(self.dice.uniform(0.01, within), os.kill, (process.pid, signal.SIGKILL))
            timer.start()
        return self._ended(process, timer)

    def _ended(self, process: ForkServerProcess, timer: threading.Timer | None) -> int:
        process.join(LONGEST)
        self._victim = None
        if timer is not None:  # it must not hit a later process of the same number
            timer.cancel()
            timer.join()
        if process.is_alive():
            process.kill()
            process.join()
            pytest.fail("a command hangs")
        code = process.exitcode
        process.close()
        assert code is not None
        return code

    def noted(self) -> Counter[Asked]:
        """Give what was asked so far; the fakes had no other requests, nor more of them."""
        found: Counter[Asked] = Counter()
        sent: Counter[Wire] = Counter()
        for line in self.notes.read_text().splitlines() if self.notes.exists() else ():
            (path, params, payload), *of = json.loads(line)
            wire = _wire(path, dict(params), payload)
            found[(*of, wire)] += 1
            sent[wire] += 1
        assert not self.asked - sent, ("requests that were not noted", self.asked - sent)
        return found


def again(asked: Counter[Asked], calm: Counter[Asked]) -> Counter[tuple[str, ...]]:
    """Give (explorer, list, account) -> requests beyond those of an undisturbed run."""
    more: Counter[tuple[str, ...]] = Counter()
    for (*of, _), count in (asked - calm).items():
        more[tuple(of)] += count
    return more


def _wire(path: str, params: dict[str, str], payload: str) -> Wire:
    return json.dumps([path, sorted([name, text] for name, text in params.items()), payload])


def digests(path: Path) -> dict[str, str]:
    """Give the digest of every table; those of what the store notes of itself are worked out here."""
    store = ct.open_store(path, read_only=True)
    notes = {name: sha256(repr(logical_rows(store, STORED[name])).encode()).hexdigest() for name in ("meta", "runs")}
    return {**store.digests(), **notes}


def rows_of(path: Path, table: str) -> set[tuple[str, ...]]:
    return set(logical_rows(ct.open_store(path, read_only=True), STORED[table]))


def is_finished(path: Path, verb: str) -> bool:
    """Say whether the run of a verb is called finished."""
    if not path.exists():
        return False
    found = ct.open_store(path).rows("SELECT value FROM meta WHERE starts_with(name, ?)", [f"{verb}:"])
    return bool(found) and not json.loads(found[0][0])["open"]


def undisturbed(context: ForkServerContext, scene: Scene, path: Path) -> tuple[dict[str, str], Counter[Asked], float]:
    """Give what a run that nobody disturbs leaves behind, what it asked, and how long it took."""
    calm = Killer(context, scene, path, random.Random(0))
    with calm.serving():
        began = time.monotonic()
        assert calm.run() == 0
        seconds = time.monotonic() - began
        return digests(path), calm.noted(), seconds


def copied(scene: Scene, folder: Path, *names: str) -> list[Path]:
    """Make the store that the command finds, so many times over."""
    paths = [folder / f"{name}.duckdb" for name in names]
    scene.begin(paths[0])
    for path in paths[1:] if paths[0].exists() else ():
        shutil.copyfile(paths[0], path)
    return paths
