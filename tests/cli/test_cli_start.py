"""Starting the command line: quick, light, and clear about what it can do."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]

HEAVY = (
    "numpy", "pandas", "pyarrow", "duckdb", "scipy", "numba", "networkx", "web3", "requests", "pydantic", "matplotlib",
    "jinja2",
)  # fmt: skip

VERBS = [
    "demo", "run", "collect", "freezes", "prove", "prices", "totals", "report", "verify", "replay", "doctor", "check-explorers",
]  # fmt: skip


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "sys.argv = ['cryptotrace', '--help']\n"
        "from cryptotrace.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0, end.code\n"
        f"print('loaded', sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "loaded []"


def test_help_takes_less_than_four_tenths_of_a_second(command: Command) -> None:
    command("--help")
    times = []
    for _ in range(5):
        start = time.perf_counter()
        assert command("--help").returncode == 0
        times.append(time.perf_counter() - start)
    assert min(times) < 0.4


def test_help_names_each_verb_that_there_is_and_no_other(command: Command) -> None:
    text = command("--help").stdout
    assert re.findall(r"^  ([\w-]+)  ", text.partition("Commands:")[2], flags=re.MULTILINE) == VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_shows_an_example(command: Command, verb: str) -> None:
    done = command(verb, "--help")
    assert done.returncode == 0
    assert f"Example: cryptotrace {verb}" in " ".join(done.stdout.split())


def test_version_is_that_of_the_package(command: Command) -> None:
    from cryptotrace import __version__

    assert command("--version").stdout == f"cryptotrace {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["run"],
        ["run", "case.toml", "--nonsense"],
        ["totals"],
        ["totals", "--year", "soon"],
        ["collect"],
        ["follow"],
    ],
)
def test_wrong_usage_ends_with_2_on_stderr(command: Command, arguments: list[str]) -> None:
    done = command(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage:" in done.stderr
    assert "Traceback" not in done.stderr


def test_output_has_no_colours_with_or_without_no_color(command: Command) -> None:
    for environment in ({}, {"NO_COLOR": "1"}, {"FORCE_COLOR": "1"}):
        assert "\x1b" not in command("--help", **environment).stdout
        assert "\x1b" not in command("totals", "--year", "2021", **environment).stdout
