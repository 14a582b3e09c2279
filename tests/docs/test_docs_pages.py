"""What the pages say is so: blocks run and print what stands there, links lead somewhere, figures come from scripts."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("*.md", "docs/**/*.md", "examples/**/*.md", "benchmarks/*.md")
PAGES = sorted(page.relative_to(ROOT).as_posix() for place in PLACES for page in ROOT.glob(place))
RUN = ("README.md", "docs/tutorials/first-steps.md", *(f"docs/how-to/{name}.md" for name in (
    "run-a-case", "load-your-own-files", "let-it-choose-the-explorer",
    "collect-from-etherscan", "collect-from-a-node", "collect-from-bitcoin",
    "collect-from-blockscout", "collect-from-tron", "get-prices", "list-frozen-addresses", "compare-with-reported-totals",
    "hand-over-a-case-store", "check-the-explorers",
)))  # fmt: skip


def script(path):
    """Load a script of the checkout as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.allow_hosts(["127.0.0.1"])  # a page pulls from a fake explorer
@pytest.mark.parametrize("name", RUN)
def test_the_blocks_of_a_page_run_and_print_what_stands_there(name, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    text, fresh = script(ROOT / "docs" / "run_pages.py").refreshed(ROOT / name)
    assert fresh == text  # docs/run_pages.py --write mends it


def test_every_page_with_blocks_to_run_is_run(root):
    with_blocks = {
        name for name in PAGES if "```python\n" in (ROOT / name).read_text(encoding="utf-8") and "docs/reference/" not in name
    }
    assert with_blocks == set(RUN) == set(script(root / "docs" / "run_pages.py").PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_links_and_pictures_of_a_page_are_there(name):
    page = ROOT / name
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    missing = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        place, _, anchor = target.partition("#")
        file = (page.parent / place).resolve() if place else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            missing.append(target)
    assert missing == []


def anchors(page):
    """Give the anchors that a code host makes of the headings of a page."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_page_can_be_reached_from_the_readme():
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        for target in re.findall(r"\]\(([^)#\s]+\.md)[^)]*\)", page.read_text(encoding="utf-8")):
            if not target.startswith("https://"):
                waiting.append((page.parent / target).resolve())
    assert {page.relative_to(ROOT).as_posix() for page in seen} == set(PAGES)


def test_the_vectors_of_the_method_page_are_those_of_the_benchmark(root):
    method = (root / "docs/explanation/method.md").read_text(encoding="utf-8")
    vectors = script(root / "benchmarks" / "policy_vectors.py")
    for vector in vectors.VECTORS:
        assert vectors.table(vector) in method


def test_the_table_of_the_verified_cases_is_that_of_the_benchmark(root, shared_data):
    page = (root / "benchmarks/README.md").read_text(encoding="utf-8")
    assert script(root / "benchmarks" / "verified_cases.py").table(shared_data / "cases") in page


def test_the_flow_picture_is_the_one_that_its_script_makes(python, root):
    assert "up to date" in python(root / "docs/images/make.py", "--check").stdout


@pytest.mark.parametrize("name", ["flow.svg", "ladder.svg"])
def test_a_picture_has_no_script_and_loads_nothing(root, name):
    svg = (root / "docs" / "images" / name).read_text(encoding="utf-8")
    assert svg.startswith("<svg ")
    assert not re.search(r"<script|\son\w+=|<image|href=.https?:|@import|url\(http", svg, flags=re.IGNORECASE)


def test_the_smallest_case_file_of_the_pages_is_a_case_file(root):
    from cryptotrace.case.file import CaseFile

    for name in ("README.md", "docs/how-to/run-a-case.md", "docs/how-to/collect-from-etherscan.md"):
        for block in re.findall(r"```toml\n(.*?)```", (root / name).read_text(encoding="utf-8"), flags=re.DOTALL):
            assert CaseFile.model_validate(tomllib.loads(block)).case.id


def test_the_page_on_case_files_names_every_key(root):
    from cryptotrace.case.file import INPUTS, CaseFile

    page = (root / "docs/how-to/run-a-case.md").read_text(encoding="utf-8")
    table = page.split("## Every key")[1].split("## What comes back")[0]
    for name, field in CaseFile.model_fields.items():
        section = next(iter(getattr(field.annotation, "__args__", ())), field.annotation)
        sections = INPUTS.values() if name == "input" else [section]
        keys = {key for each in sections for key in getattr(each, "model_fields", {})}
        assert keys or name == "schema_"
        assert f"[{name.removesuffix('_')}]" in table or name == "schema_"
        for key in keys:
            assert re.search(rf"`(\[input\.)?{key}\]?`", table), f"{name}.{key}"
