"""``cryptotrace totals``: reported figures, offline and without a case."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


def test_totals_of_2021_show_the_cards_of_the_un_of_interpol_and_of_the_people(command: Command) -> None:
    done = command("totals", "--year", "2021")
    assert (done.returncode, done.stderr) == (0, "")
    text = " ".join(done.stdout.split())
    for words in (
        "7.8 billion", "OHCHR", "Storm Makers II", "281", "149", "450", "27 countries", "360", "120,000", "100,000",
    ):  # fmt: skip
        assert words in text, words


def test_period_and_year_ask_the_same(command: Command) -> None:
    year = command("totals", "--year", "2021", "--json")
    period = command("totals", "--period", "2021-01-01/2022-01-01", "--json")
    one, other = json.loads(year.stdout), json.loads(period.stdout)
    assert one.pop("period") != other.pop("period")
    assert one == other
    assert one["schema"] == "cryptotrace.totals/1"


def test_a_category_may_be_asked_for_by_its_old_name(command: Command) -> None:
    done = command("totals", "--category", "pig butchering", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["category"] == "romance_baiting"


def test_all_shows_every_current_record(command: Command) -> None:
    everything, year = (json.loads(command("totals", option, "--json").stdout) for option in ("--all", "--year=2021"))
    count = {name: sum(len(group["rows"]) for group in view["groups"]) for name, view in (("all", everything), ("y", year))}
    assert count["all"] > count["y"] > 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--category", "nonsense"], 5, "not a category"),
        (["--period", "2021-02-30/2022-01-01"], 5, "calendar"),
        (["--year", "2021", "--period", "2021"], 2, "not both"),
        (["--all", "--year", "2021"], 2, "--all alone"),
        (["--year", "20211"], 2, "--year"),
    ],
)
def test_what_cannot_be_asked_is_refused(command: Command, arguments: list[str], code: int, said: str) -> None:
    done = command("totals", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "cryptotrace", "totals", "--all"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
