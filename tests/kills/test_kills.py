"""``kill -9`` at any moment, whoever is asked: the same command goes on, to the same digests, with hardly a request again.

Over all explorers, several as one, and the verbs that ask besides ``collect``: 210 kills in all.
"""

from __future__ import annotations

import itertools
import random
import signal
from collections import Counter
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest
from deadly import Killer, again, copied, digests, is_finished, rows_of, undisturbed
from scenes import SCENES

from cryptotrace.sources.explorers import EXPLORER_NAMES

pytestmark = [pytest.mark.slow, pytest.mark.allow_hosts(["127.0.0.1"])]
KILLS = 14


def test_the_kills_are_at_least_200_over_every_explorer_that_can_be_opened() -> None:
    assert KILLS * len(SCENES) >= 200
    assert set(EXPLORER_NAMES) <= set(SCENES)


@pytest.mark.parametrize("name", SCENES)
def test_commands_that_are_killed_again_and_again_end_as_if_nothing_had_happened(
    name: str, processes: ForkServerContext, tmp_path: Path
) -> None:
    killed = 0
    for seed in itertools.count(sorted(SCENES).index(name)):
        killed += check_store(processes, name, seed, tmp_path, KILLS - killed)
        if killed >= KILLS:
            break
    assert killed == KILLS


def check_store(context: ForkServerContext, name: str, seed: int, folder: Path, most: int) -> int:
    """Kill a command a few times and hold what it ends with against an undisturbed one; gives how often it was killed."""
    dice = random.Random(seed)
    calm, path = copied(SCENES[name](seed), folder, f"calm{seed}", f"killed{seed}")
    truth, asked, seconds = undisturbed(context, SCENES[name](seed), calm)
    killer, killed = Killer(context, SCENES[name](seed), path, dice), 0
    before: Counter[tuple[str, ...]] = Counter()
    with killer.serving():
        for _ in range(2 * KILLS):
            code = run_or_kill(killer, dice, asked.total() // 8, seconds, doomed=killed < most)
            more = again(killer.noted(), asked)
            check_repeats(more, before, (name, seed, killed))
            before = more
            if code == 0:
                break
            assert code == -signal.SIGKILL
            killed += 1
            if is_finished(path, killer.scene.verb):
                break  # it died on its way out: the same command would begin another run
    assert code == 0 or is_finished(path, killer.scene.verb)
    found = digests(path)
    other = [table for table in truth if found[table] != truth[table]]
    assert set(found) == set(truth)
    assert not other, (name, seed, [(table, rows_of(path, table) ^ rows_of(calm, table)) for table in other])
    assert code != 0 or not path.with_name(path.name + ".journal").exists()
    return killed


def run_or_kill(killer: Killer, dice: random.Random, requests: int, seconds: float, *, doomed: bool) -> int:
    if not doomed:
        return killer.run()
    return killer.run(requests=max(2, requests)) if dice.random() < 0.7 else killer.run(within=0.5 * seconds)


def check_repeats(more: Counter[tuple[str, ...]], before: Counter[tuple[str, ...]], said: Any) -> None:
    """After one kill at most the one request of a list that was under way is asked again."""
    new = more - before
    assert not new or max(new.values()) == 1, (said, new)
