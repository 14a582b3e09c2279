"""``cryptotrace demo``: from nothing to a report, in seconds, and what Ctrl-C does to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from served import INTERRUPTIBLE

Command = Callable[..., subprocess.CompletedProcess[str]]


def test_demo_shows_planted_and_found_and_what_to_do_next_in_less_than_20_seconds(command: Command, tmp_path: Path) -> None:
    start, before = time.perf_counter(), os.times()
    done = command("demo")
    seconds, after = time.perf_counter() - start, os.times()
    # of work: a machine that is busy with other things is no failure, as long as nothing waits
    assert sum(after[2:4]) - sum(before[2:4]) < 20
    assert seconds < 100
    assert (done.returncode, done.stderr) == (0, "")
    first, text = done.stdout.splitlines()[0], " ".join(done.stdout.split())
    assert first.startswith("SYNTHETIC: this world was invented. No number below says anything about the real world.")
    for words in (
        "planted found range", "victims lost (E3)", "reached Larkfield (exchange)", "entered an unlabelled desk",
        "counterfeit rows left out", "cryptotrace-demo/report.html", "cryptotrace totals --year 2021",
        "cryptotrace run case.toml", "pulled over HTTP from a fake explorer on this machine: ",
        "survived: an error page in place of an answer, a refusal for asking too quickly, an answer that was cut off.",
    ):  # fmt: skip
        assert words in text, words
    assert (tmp_path / "cryptotrace-demo" / "report.html").is_file()


def test_demo_as_json_holds_the_run_of_its_case(command: Command, tmp_path: Path) -> None:
    done = command("demo", "--out", "here", "--seed", "5", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert (document["schema"], document["run"]["schema"]) == ("cryptotrace.demo/1", "cryptotrace.run/1")
    assert document["synthetic"] is document["run"]["synthetic"] is document["run"]["complete"] is True
    assert document["seed"] == 5
    assert document["pulled"]["requests"] > 600
    assert len(document["pulled"]["survived"]) == 3
    facts = {row["fact"]: row for row in document["planted_and_found"]}
    assert isinstance(facts["victims lost (E3)"]["planted"], str)
    again = json.loads(command("run", "here/case.toml", "--json").stdout)
    assert again["digests"] == document["run"]["digests"]
    assert again["ladder"] == document["run"]["ladder"]


def test_demo_leaves_a_folder_with_something_else_alone(command: Command, tmp_path: Path) -> None:
    (tmp_path / "cryptotrace-demo").mkdir()
    (tmp_path / "cryptotrace-demo" / "mine.txt").write_text("mine", encoding="utf-8")
    done = command("demo")
    assert done.returncode == 5
    assert "--out" in done.stderr
    assert [path.name for path in (tmp_path / "cryptotrace-demo").iterdir()] == ["mine.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
@pytest.mark.parametrize("step", ["loading prices", "cleaning", "tracing"])
def test_ctrl_c_ends_with_130_and_leaves_no_store_and_no_report(tmp_path: Path, step: str) -> None:
    with subprocess.Popen(
        [*INTERRUPTIBLE, "-v", "demo", "--out", "here"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    ) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if step in line:
                process.send_signal(signal.SIGINT)
                break
        out, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert errors.splitlines()[-1].startswith("interrupted: ")
    assert "Traceback" not in errors
    left = {path.name for path in (tmp_path / "here").iterdir()}
    assert "case.toml" in left
    assert not left & {"romance-42.duckdb", "romance-42.duckdb.wal", "report.html", "report-tables"}
