"""The examples run: as scripts, from their command line, and as a notebook."""

from __future__ import annotations

import re
import runpy
import shutil
import tomllib

import pytest

CASES = ("lifi-2024", "xscam-2022")


def test_the_examples_are_listed_and_each_explains_itself(python, root):
    EXAMPLES = runpy.run_path(str(root / "examples" / "__main__.py"))["EXAMPLES"]  # noqa: N806
    listed = python("-m", "examples").stdout
    files = {path.stem for path in (root / "examples").glob("*.py")} - {"__init__", "__main__", "first_steps_notebook"}
    assert files == set(EXAMPLES)
    for name in EXAMPLES:
        assert name in listed
        assert f"usage: python -m examples {name}" in python("-m", "examples", name, "--help").stdout


def test_an_unknown_example_is_refused_with_the_known_ones(python):
    assert "first_steps" in python("-m", "examples", "teleport", expect=2).stderr


def test_first_steps_finds_what_was_planted(python, tmp_path):
    printed = python("-m", "examples", "first_steps", "--out", tmp_path).stdout
    answer = r"stolen \(E3\): ([\d,.]+) USD; planted in this synthetic world: ([\d,.]+) USD"
    found, planted = re.search(answer, printed).groups()
    found, planted = (float(text.replace(",", "")) for text in (found, planted))
    assert abs(found - planted) <= planted / 100
    assert (tmp_path / "report.html").read_text(encoding="utf-8").lower().startswith("<!doctype html>")


def test_first_steps_runs_as_a_plain_script_too(python, root, tmp_path):
    assert "stolen (E3):" in python(root / "examples" / "first_steps.py", "--out", tmp_path, cwd=tmp_path).stdout


def test_reported_totals_lists_the_figure_of_the_un(python):
    printed = python("-m", "examples", "reported_totals", "--year", "2021").stdout
    assert "ohchr_2023_world_scam_revenue_2021: 7,800,000,000 USD" in printed
    assert "cites_superseded" in printed


def test_verified_cases_without_data_say_where_it_belongs(python):
    printed = python("-m", "examples", "verified_cases", "--data", "nowhere", expect=5).stdout
    for case in CASES:
        assert f"{case}: left out, edges.csv, sources.txt, terminals.txt not in" in printed


@pytest.mark.slow
def test_verified_cases_give_the_measured_baseline(python, shared_data, tmp_path):
    printed = python("-m", "examples", "verified_cases", "--data", shared_data / "cases", "--out", tmp_path).stdout
    lifi, xscam = printed.split("\nxscam-2022\n")
    assert re.search(r"haircut +injected +9,685,530\.20 +reached terminals +8,533,035\.22", lifi)
    assert re.search(r"haircut +injected +574,682\.70 +reached terminals +453,173\.23", xscam)
    assert "throughput over source outflow: 2.29" in lifi
    assert "throughput over source outflow: 6.72" in xscam
    for case in CASES:
        assert (tmp_path / case / "report.html").is_file()
        assert not (shared_data / "cases" / case / "report.html").exists()


@pytest.mark.parametrize("case", CASES)
def test_a_case_file_is_valid_and_says_where_the_data_belong(root, case):
    from cryptotrace.case import read_case

    path = root / "examples" / "cases" / case / "case.toml"
    text = path.read_text(encoding="utf-8")
    for name in ("edges.csv", "sources.txt", "terminals.txt"):
        assert f"#   {name}" in text
    plain = tomllib.loads(text)
    assert plain["input"][0] == {
        "kind": "files", "format": "usd_edges", "path": "edges.csv", "chain": "ethereum", "complete": True,
    }  # fmt: skip
    assert plain["seeds"][0]["injects"] == "outflow"
    assert plain["labels"][0]["boundary"] is True
    assert read_case(path).id == case


@pytest.mark.parametrize("case", CASES)
def test_a_case_without_its_data_is_one_clear_error(python, root, tmp_path, case):
    shutil.copy(root / "examples" / "cases" / case / "case.toml", tmp_path)
    done = python("-m", "cryptotrace", "run", tmp_path / "case.toml", expect=5)
    assert "edges.csv" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["case.toml"]


NOTEBOOK = """
import asyncio, sys, warnings
import jupytext
from nbclient import NotebookClient

if sys.platform == "win32":
    asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
notebook = jupytext.read(sys.argv[1])
NotebookClient(notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": sys.argv[2]}}).execute()
errors = [out for cell in notebook.cells for out in cell.get("outputs", ()) if out["output_type"] == "error"]
texts = [out.get("text", "") for cell in notebook.cells for out in cell.get("outputs", ()) if out["output_type"] == "stream"]
rich = sum("text/html" in out.get("data", {}) for cell in notebook.cells for out in cell.get("outputs", ()))
print("errors", len(errors))
print("rich", rich)
print("".join(texts))
"""


@pytest.mark.slow
def test_the_notebook_runs_in_a_fresh_kernel_and_shows_its_results(python, root, tmp_path):
    # a kernel speaks over loopback sockets, which this process may not open: a process of its own runs it
    printed = python("-c", NOTEBOOK, root / "examples" / "first_steps_notebook.py", tmp_path, IPYTHONDIR=str(tmp_path)).stdout
    assert "errors 0" in printed
    assert int(re.search(r"rich (\d+)", printed)[1]) >= 7
    assert "stolen (E3):" in printed
    assert "planted:" in printed
