"""The words of the house: what must be said, and what must not stand anywhere in the tree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = {".git", ".venv", "build", "dist", "__pycache__", "node_modules"}
TEXT = {".md", ".py", ".toml", ".cff", ".sql", ".csv", ".j2", ".css", ".txt", ".svg", ""}


def texts():
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part not in {".ci", ".gitignore"} for part in parts)
        if path.is_file() and not hidden and not SKIPPED & set(parts) and path.suffix in TEXT:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8", errors="replace")


def pages():
    return [(name, text) for name, text in texts() if name.endswith(".md") and not name.startswith("docs/reference/")]


def test_no_file_names_a_place_of_a_machine_or_a_registry():
    home, work = "/" + "root/", "/" + "work/"
    hosts = ("pypi" + ".org", "python" + "hosted.org", "index" + "-url", "find" + "-links")
    found = [(name, word) for name, text in texts() for word in (home, work, *hosts) if word in text]
    assert found == []


def test_the_old_word_stands_in_brackets_or_as_a_name_that_is_searched_for():
    for name, text in pages():
        for found in re.finditer(r"pig butchering", text, flags=re.IGNORECASE):
            before = text[max(0, found.start() - 60) : found.start()]
            cited = re.search(r"\(|\*How|older word|also known as", before) is not None
            assert cited, f"{name}: …{before}{found[0]}"


def test_stolen_is_never_said_of_throughput_or_exits():
    for name, text in pages():
        for line in text.splitlines():
            if re.search(r"\bE[45]\b", line) and re.search(r"\bstolen\b", line, flags=re.IGNORECASE):
                assert re.search(r"\bE[23]\b|\bno loss\b|\"stolen\" for E5", line), f"{name}: {line}"


def test_the_readme_says_what_must_be_said(root):
    readme = (root / "README.md").read_text(encoding="utf-8")
    lines = readme.splitlines()
    demo = "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/cryptotrace demo"
    tests = 'python3 -m venv .venv && .venv/bin/pip install ".[test]" && .venv/bin/python -m pytest'
    windows = r"py -m venv .venv && .venv\Scripts\pip install . && .venv\Scripts\cryptotrace demo"
    assert lines.count(demo) == lines.count(tests) == lines.count(windows) == 1
    assert lines.index(tests) < lines.index(windows) < 40  # the first screen
    assert "docs/images/flow.svg" in "\n".join(lines[:14])
    flat = re.sub(r"[\s>]+", " ", readme)
    for said in (
        "Nobody can promise that lost money comes back.",
        "Never pay anyone to get money back",
        "report it to the police",
        "cryptotrace totals --year 2021",
        '"Stolen" is said of E2 and E3 only.',
        "It was never tried against the live services",
    ):
        assert said in flat, said


@pytest.mark.parametrize("name", ["LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CITATION.cff", "README.md"])
def test_the_papers_of_the_house_are_there(root, name):
    assert len((root / name).read_text(encoding="utf-8")) > 300


def test_the_changelog_keeps_its_form(root):
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    heads = re.findall(r"^## (.*)$", text, flags=re.MULTILINE)
    assert heads[0] == "[Unreleased]"
    assert set(re.findall(r"^### (.*)$", text, flags=re.MULTILINE)) <= {
        "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security",
    }  # fmt: skip


def test_the_citation_file_is_valid_yaml_with_what_the_format_asks(root):
    import yaml

    data = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    assert data["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "version", "license"} <= set(data)
    assert data["license"] == "MIT"


def test_every_decision_is_listed_and_has_its_parts(root):
    folder = root / "docs" / "decisions"
    listed = (folder / "README.md").read_text(encoding="utf-8")
    for record in sorted(folder.glob("0*.md")):
        assert f"]({record.name})" in listed
        text = record.read_text(encoding="utf-8")
        assert text.startswith(f"# {record.name[:4]} ")
        for part in ("**Status.**", "**Context.**", "**Decision.**", "**Costs.**"):
            assert part in text, record.name


def test_ci_runs_the_command_of_the_readme_and_names_no_registry(root):
    ci = (root / ".ci" / "run").read_text(encoding="utf-8")
    assert 'python3 -m venv .venv && .venv/bin/pip install ".[test]" && .venv/bin/python -m pytest || exit 1' in ci
    assert "set -euo pipefail" in ci
    for tool in ("ruff check", "ruff format --check", "mypy", "lint-imports", "3.12 3.13"):
        assert tool in ci
    assert "://" not in ci
    assert (root / ".ci" / "run").stat().st_mode & 0o100
