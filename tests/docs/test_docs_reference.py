"""The reference is what the docstrings, tables and command line say now."""

from __future__ import annotations

import re
import subprocess

import pytest


@pytest.mark.slow
def test_the_committed_reference_is_the_one_that_is_built_now(python, root):
    assert "up to date" in python(root / "docs/build_reference.py", "--check").stdout


def test_every_public_name_has_a_heading(root):
    import cryptotrace

    text = "\n".join(page.read_text(encoding="utf-8") for page in (root / "docs/reference").glob("*.md"))
    for name in cryptotrace.__all__:
        if name != "__version__":
            assert f"## `cryptotrace.{name}`" in text


def test_nothing_in_the_reference_depends_on_the_process(root):
    for page in (root / "docs/reference").glob("*.md"):
        assert not re.search(r" at 0x[0-9a-f]{6,}>", page.read_text(encoding="utf-8")), page.name


def test_every_verb_of_the_command_line_is_in_the_reference_and_has_help(python, root):
    page = (root / "docs/reference/cli.md").read_text(encoding="utf-8")
    help_text = python("-m", "cryptotrace", "--help").stdout
    verbs = re.findall(r"^  ([a-z]+)  ", help_text.split("Commands:")[1], flags=re.MULTILINE)
    assert verbs
    assert re.findall(r"^## `([a-z]+)`$", page, flags=re.MULTILINE) == verbs
    for verb in verbs:
        printed = python("-m", "cryptotrace", verb, "--help").stdout
        section = page.split(f"## `{verb}`")[1].split("\n## ")[0]
        options = set(re.findall(r"(?<![\w-])(--[a-z-]+)", printed)) - {"--help"}
        assert options <= set(re.findall(r"(--[a-z-]+)", section)), verb


def test_the_tables_page_knows_the_columns_of_real_results(root, tmp_path):
    import cryptotrace as ct
    from cryptotrace.testing import romance_world

    page = (root / "docs/reference/tables.md").read_text(encoding="utf-8")
    case = romance_world(3, campaigns=1, victims=2, people=6, days=40).write(tmp_path)
    result = ct.run_case(case)
    tables = {f"trace.{name}": table for name, table in result.trace.tables.items()}
    tables |= {f"clusters.{name}": result.clusters.table(name) for name in ("members", "evidence", "blocked")}
    tables |= {f"estimate.{n}": result.estimate.table(n) for n in ("ladder", "sensitivity", "by_cluster", "decisions")}
    tables["comparison.table"] = result.comparison.rows
    for name, table in tables.items():
        section = page.split(f"### `{name}`")[1].split("\n### ")[0].split("\n## ")[0]
        assert tuple(re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)) == table.columns, name


def test_the_builder_says_what_is_out_of_date(python, root, tmp_path):
    import shutil

    copy = tmp_path / "docs"
    shutil.copytree(root / "docs", copy, ignore=shutil.ignore_patterns("__pycache__", "images"))
    page = copy / "reference" / "errors.md"
    page.write_text(page.read_text(encoding="utf-8") + "\nA stray line.\n", encoding="utf-8")
    done: subprocess.CompletedProcess[str] = python(copy / "build_reference.py", "--check", expect=1)
    assert "out of date: errors.md" in done.stdout
