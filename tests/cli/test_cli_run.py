"""``cryptotrace run`` and ``report``: what they print where, exit codes, and one line for an error."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


def test_run_prints_the_answer_and_the_report_and_ends_with_0(command: Command, small_case: Path) -> None:
    done = command("run", "case.toml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("A small case")
    assert "1,000.50 USD" in done.stdout or "1,001 USD" in done.stdout
    assert done.stdout.rstrip().endswith("report: report.html")
    assert (small_case.parent / "report.html").is_file()


def test_quiet_prints_only_where_the_report_is(command: Command, small_case: Path) -> None:
    done = command("run", "case.toml", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "report.html\n", "")


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in leaves(part)]
    if isinstance(value, list):
        return [leaf for part in value for leaf in leaves(part)]
    return [value]


def test_json_is_one_document_without_floats_and_without_addresses(command: Command, small_case: Path) -> None:
    done = command("run", "case.toml", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["schema"] == "cryptotrace.run/1"
    assert document["complete"] is True
    assert not any(isinstance(leaf, float) for leaf in leaves(document))
    assert "0x" + "1" * 40 not in done.stdout
    assert {rung["rung"]: rung["central_usd"] for rung in document["ladder"]} == {
        "E0": "1000.500000", "E1": "1000.500000", "E2": "1000.500000", "E3": "1000.500000", "E4": "600.250000",
        "E5": "1600.750000",
    }  # fmt: skip
    (statement,) = document["statement"]
    assert (statement["injected"], statement["difference"]) == ("1000500000", "0")
    assert document["ends"] == [
        {"category": "exchange", "entity": "Larkfield", "usd": "600.250000", "unpriced": 0, "addresses": 1}
    ]
    assert document["scope"]["period"] == ["2023-03-01T00:00:00Z", "2023-03-03T00:00:00Z"]
    assert document["report"]["html"] == "report.html"
    assert set(document["digests"]) >= {"transfers", "coverage", "rejects"}


def test_a_partial_result_ends_with_3_and_says_why(command: Command, small_case: Path) -> None:
    with (small_case.parent / "edges.csv").open("a", encoding="utf-8") as file:
        file.write("2023-03-03 00:00:00,3,0x03,not an address,,also none,,5\n")
    done = command("run", "case.toml")
    assert done.returncode == 3
    assert "partial: 1 row of the input could not be used" in done.stdout
    as_json = command("run", "case.toml", "--json")
    assert as_json.returncode == 3
    assert json.loads(as_json.stdout)["complete"] is False
    assert "partial: 1 row of the input could not be used" in as_json.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title", "titel", "case.toml: case.titel: there is no such key. Did you mean title?"),
        ('"edges.csv"', '"edge.csv"', "case.toml: input.0.path: edge.csv: there is no such file. Check the path"),
        ('chain = "ethereum"\ncomplete', 'chain = "etherium"\ncomplete', "case.toml: input.0.chain: no chain of that name"),
        ("[case]", "[case", "case.toml: is not TOML: "),
        ("usd_edges", "table", "edges.csv"),
    ],
)
def test_bad_input_is_one_line_on_stderr_with_exit_code_5_and_leaves_nothing(
    command: Command, small_case: Path, old: str, new: str, said: str
) -> None:
    small_case.write_text(small_case.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    before = sorted(path.name for path in small_case.parent.iterdir())
    done = command("run", "case.toml")
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in small_case.parent.iterdir()) == before


@pytest.mark.parametrize("kind", ["missing", "folder", *(["fifo"] if hasattr(os, "mkfifo") else [])])
def test_a_case_file_that_is_none_is_refused_without_hanging(command: Command, tmp_path: Path, kind: str) -> None:
    if kind == "folder":
        (tmp_path / "case.toml").mkdir()
    elif kind == "fifo":
        os.mkfifo(tmp_path / "case.toml")
    done = command("run", "case.toml")
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith("error: case.toml: ")
    assert "Traceback" not in done.stderr


def test_tracebacks_are_shown_only_when_they_are_asked_for(command: Command) -> None:
    for done in (command("-v", "run", "none.toml"), command("run", "none.toml", CRYPTOTRACE_DEBUG="1")):
        assert done.returncode == 5
        assert "Traceback" in done.stderr
        assert done.stderr.splitlines()[-1].startswith("error: none.toml")
    assert "Traceback" not in command("run", "none.toml", CRYPTOTRACE_DEBUG="0").stderr


def test_steps_are_told_with_verbose(command: Command, small_case: Path) -> None:
    done = command("-v", "run", small_case.name)
    assert done.returncode == 0
    assert "… loading edges.csv" in done.stderr.splitlines()


def test_hostile_text_reaches_the_terminal_without_effect(command: Command, small_case: Path) -> None:
    text = small_case.read_text(encoding="utf-8").replace("A small case", "A \\u001b[2J\\u202e case\\r")
    small_case.write_text(text, encoding="utf-8")
    (small_case.parent / "labels.csv").write_text(
        "chain,address,label,category,entity\n" + f"ethereum,0x{'4' * 40},hot,exchange,Lark\x1b]0;x\x07field\u202e\n",
        encoding="utf-8",
    )
    done = command("run", "case.toml")
    assert done.returncode == 0
    assert "Lark" in done.stdout
    assert not set("\x1b\x07\u202e\r") & set(done.stdout + done.stderr)


def test_a_hostile_path_reaches_the_terminal_without_effect(command: Command) -> None:
    done = command("run", "no\x1b[31m\nsuch.toml")
    assert done.returncode == 5
    assert "\x1b" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_terminal_without_unicode_gets_codes_instead_of_a_crash(command: Command, small_case: Path) -> None:
    small_case.write_text(small_case.read_text(encoding="utf-8").replace("A small case", "Ein Fall, 案件"), encoding="utf-8")
    done = command("run", "case.toml", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "\\u6848" in done.stdout


def test_report_writes_another_edition_and_place(command: Command, small_case: Path) -> None:
    assert command("report", "case.toml").returncode == 5
    assert command("run", "case.toml").returncode == 0
    done = command("report", "case.toml", "--edition", "restricted", "--out", "full.html")
    assert (done.returncode, done.stdout) == (0, "full.html\n")
    assert "0x" + "1" * 40 in (small_case.parent / "full.html").read_text(encoding="utf-8")
    assert "0x" + "1" * 40 not in (small_case.parent / "report.html").read_text(encoding="utf-8")
    refused = command("report", "case.toml", "--edition", "secret")
    assert refused.returncode == 2
    assert "restricted" in refused.stderr


def test_a_store_that_another_process_holds_is_said_to_be_busy_and_kept(
    command: Command, small_case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from cryptotrace.case import loading
    from cryptotrace.cli import app
    from cryptotrace.store import open_store

    assert command("run", "case.toml").returncode == 0
    store = small_case.parent / "small.duckdb"
    monkeypatch.setattr(loading, "open_store", functools.partial(open_store, wait=0.1))
    hold = (
        "import sys\nfrom cryptotrace.store import open_store\n"
        "with open_store(sys.argv[1]).session():\n    print('held', flush=True)\n    sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        done = CliRunner().invoke(app, ["run", str(small_case)])
        holder.communicate("")
    assert done.exit_code == 1
    assert "another process" in done.stderr
    assert done.stderr.count("\n") == 1
    assert store.is_file()
