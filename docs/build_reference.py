"""Write docs/reference from the docstrings, the tables and the command line of the installed package.

Run with `python docs/build_reference.py`; `--check` writes nothing and says which pages are out of date.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).resolve().parent
FOLDER = HERE / "reference"
# signatures are no statements: a formatter has no business in them
MADE = "<!-- Written by docs/build_reference.py. Change the docstring, not this page. -->\n<!-- fmt: off -->"
PACKAGES = {
    "case": "Run a case",
    "store": "The case store",
    "collect": "Files and explorers into the store",
    "sources": "Explorers",
    "settings": "Keys and settings",
    "labels": "Seeds and labels",
    "hygiene": "What is not money",
    "clustering": "Clusters",
    "tracing": "Traces",
    "estimates": "Estimates and comparison",
    "registry": "Reported totals",
    "reports": "Reports",
    "figures": "Pictures",
    "model": "Values",
    "codecs": "Addresses and identifiers",
    "errors": "Errors",
    "testing": "Worlds with planted truth",
}
SECTIONS = (
    "Parameters", "Attributes", "Returns", "Yields", "Raises", "Warns", "See Also", "Notes", "References", "Examples",
)  # fmt: skip
ITEMISED = {"Parameters", "Attributes", "Returns", "Yields", "Raises", "Warns"}
WIDE = 100


# -- docstrings to Markdown ----------------------------------------------------------------------------------------------


def prose(text: str) -> str:
    """Turn roles and double backticks into code, and keep what Markdown would take for marks."""
    text = re.sub(r":[a-z]+:`~?\.?([^`]+)`", r"`\1`", text)
    text = text.replace("``", "`")
    parts = text.split("`")
    parts[::2] = [part.replace("**", r"\*\*").replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts)


def paragraphs(lines: list[str]) -> list[str]:
    """Render running text: literal blocks stay, doctests are fenced."""
    out: list[str] = []
    in_example = False
    for line in lines:
        if line.startswith(">>>") and not in_example:
            out.append("```python")
            in_example = True
        elif in_example and not line.strip():
            out.append("```")
            in_example = False
        if in_example or line.startswith("    "):
            out.append(line)
        elif line.strip() != "::":
            out.append(prose(line))
    return [*out, "```"] if in_example else out


def items(lines: list[str]) -> list[str]:
    """Render a section of names: a bullet each, what stands indented under it behind a colon."""
    out: list[str] = []
    told: list[str] = []

    def close() -> None:
        if out and told:
            out[-1] += ": " + prose(" ".join(told))
        told.clear()

    for line in lines:
        if line.startswith("    "):
            told.append(line.strip())
        elif line.strip():
            close()
            name, _, kind = line.partition(" : ")
            out.append(f"- `{name}`" + (f" ({prose(kind)})" if kind else ""))
    close()
    return out


def markdown(doc: str | None) -> list[str]:
    """Turn a numpydoc docstring into Markdown lines."""
    if not doc:
        return []
    blocks: list[tuple[str, list[str]]] = [("", [])]
    lines = inspect.cleandoc(doc).splitlines()
    at = 0
    while at < len(lines):
        heading = lines[at].strip()
        if heading in SECTIONS and at + 1 < len(lines) and set(lines[at + 1].strip()) == {"-"}:
            blocks.append((heading, []))
            at += 2
            continue
        blocks[-1][1].append(lines[at])
        at += 1
    out: list[str] = []
    for heading, body in blocks:
        if heading:
            out += ["", f"**{heading}**", ""]
        out += items(body) if heading in ITEMISED else paragraphs(body)
    return out


# -- signatures ----------------------------------------------------------------------------------------------------------


def shown(annotation: Any) -> str:
    if isinstance(annotation, str):
        return annotation
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def signature(name: str, value: Any) -> str:
    """Write a call as it stands in the source; one parameter a line where it would be long."""
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        return name
    parts: list[str] = []
    starred = False
    for parameter in found.parameters.values():
        if parameter.name in {"self", "cls"} or parameter.name.startswith("_"):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            parts.append("*")
        starred = starred or parameter.kind in {parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL}
        parts.append(str(parameter.replace(annotation=parameter.empty, default=parameter.empty)))
        if parameter.annotation is not parameter.empty:
            parts[-1] += f": {shown(parameter.annotation)}"
        if parameter.default is not parameter.empty:
            parts[-1] += f" = {parameter.default!r}"
    result = "" if found.return_annotation is found.empty or inspect.isclass(value) else f" -> {shown(found.return_annotation)}"
    line = f"{name}({', '.join(parts)}){result}"
    return line if len(line) <= WIDE else f"{name}(\n    " + ",\n    ".join(parts) + f",\n){result}"


# -- one name ------------------------------------------------------------------------------------------------------------


def members(kind: type) -> Iterator[tuple[str, Any]]:
    """Give the public methods and properties that a class defines, in the order of the source."""
    for name, value in vars(kind).items():
        if not name.startswith("_") and (isinstance(value, property | classmethod | staticmethod) or inspect.isfunction(value)):
            yield name, value


def class_page(name: str, kind: type) -> list[str]:
    out = [*fenced(signature(name, kind)), *markdown(kind.__doc__)]
    bases = [base.__name__ for base in kind.__bases__ if base is not object]
    if issubclass(kind, Exception) and bases:
        out += ["", f"Is also: {', '.join(f'`{base}`' for base in bases)}."]
    for member, value in members(kind):
        function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        plain = isinstance(value, property)
        head = f"`.{member}`" if plain else f"`.{signature(member, function)}`".replace("\n    ", " ").replace(",\n)", ")")
        told = [line for line in markdown(function.__doc__) if line != ""]
        out += ["", f"- {head}" + (f": {told[0]}" if told else "")]
        out += [f"  {line}" if not line.startswith("**") else f"\n  {line}\n" for line in told[1:]]
    return out


def constant_doc(package: ModuleType, name: str) -> str | None:
    """Find the text under the line that assigns a constant, somewhere in its package."""
    names = [package.__name__]
    if hasattr(package, "__path__"):
        names += [found for _, found, _ in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    for module_name in names:
        body = ast.parse(inspect.getsource(importlib.import_module(module_name))).body
        for before, after in pairwise(body):
            targets = getattr(before, "targets", [getattr(before, "target", None)])
            if (
                isinstance(before, ast.Assign | ast.AnnAssign)
                and any(isinstance(target, ast.Name) and target.id == name for target in targets)
                and isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
                and isinstance(after.value.value, str)
            ):
                return after.value.value
    return None


def constant_text(value: Any) -> str:
    """Print a constant that is short, in an order that does not depend on the process."""
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(repr(item) for item in sorted(value)) + "}"
    if isinstance(value, Mapping) and any(callable(held) for held in value.values()):
        return "{" + ", ".join(f"{key!r}: …" for key in value) + "}"
    return repr(dict(value)) if isinstance(value, Mapping) else repr(value)


def fenced(text: str) -> list[str]:
    return ["```python", text, "```", ""]


def name_page(package: ModuleType, name: str, public: set[str]) -> list[str]:
    value = getattr(package, name)
    full = f"cryptotrace.{name}" if name in public else f"{package.__name__}.{name}"
    out = ["", f"## `{full}`", ""]
    if inspect.isclass(value):
        return out + class_page(name, value)
    if callable(value):
        return [*out, *fenced(signature(name, value)), *markdown(value.__doc__)]
    text = constant_text(value)
    return [*out, *(fenced(f"{name} = {text}") if len(text) <= 400 else []), *markdown(constant_doc(package, name))]


def package_page(home: str, title: str, public: set[str]) -> str:
    package = importlib.import_module(f"cryptotrace.{home}")
    out = [f"# {title}: `cryptotrace.{home}`", "", MADE, "", *markdown(package.__doc__)]
    for name in package.__all__:
        out += name_page(package, name, public)
    return tidy(out)


def tidy(lines: Iterable[str]) -> str:
    text = "\n".join(line.rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


# -- index, tables, command line ------------------------------------------------------------------------------------------


def first_sentence(value: Any) -> str:
    lines = markdown(value.__doc__) if not isinstance(value, str | tuple | frozenset) else []
    return lines[0] if lines else ""


def index_page(cryptotrace: ModuleType) -> str:
    out = [
        "# Reference",
        "",
        MADE,
        "",
        "`import cryptotrace as ct` gives every name of this table; nothing is loaded before it is used. Also:",
        "[the command line](cli.md), [the tables](tables.md).",
        "",
        "| name | is | page |",
        "|---|---|---|",
    ]
    for name in cryptotrace.__all__:
        if name == "__version__":
            continue
        home = cryptotrace._HOME_OF[name]  # noqa: SLF001  (where each name lives is said there only)
        told = first_sentence(getattr(cryptotrace, name)) or "All six ledger policies."
        anchor = f"{home}.md#cryptotrace{name.lower()}"
        out.append(f"| [`{name}`]({anchor}) | {told.replace('|', chr(92) + '|')} | [{PACKAGES[home]}]({home}.md) |")
    out += ["", "Further, by package:", ""]
    out += [f"- [{title}]({home}.md) (`cryptotrace.{home}`)" for home, title in PACKAGES.items()]
    return tidy(out)


def pages() -> dict[str, str]:
    """Give every page of the reference, by file name."""
    sys.path.insert(0, str(HERE))
    try:
        from reference_cli import cli_page
        from reference_tables import tables_page
    finally:
        sys.path.remove(str(HERE))
    cryptotrace = importlib.import_module("cryptotrace")
    public = set(cryptotrace.__all__)
    made = {f"{home}.md": package_page(home, title, public) for home, title in PACKAGES.items()}
    made["README.md"] = index_page(cryptotrace)
    made["tables.md"] = tables_page(MADE)
    made["cli.md"] = cli_page(MADE)
    return made


def stale(made: Mapping[str, str]) -> list[str]:
    """Name the pages that are missing, different, or should not be there."""
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    return sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a page is out of date")
    chosen = parser.parse_args()
    made = pages()
    old = stale(made)
    if chosen.check:
        print("\n".join(f"out of date: {name}" for name in old) or "the reference is up to date")
        return 1 if old else 0
    FOLDER.mkdir(exist_ok=True)
    for name in old:
        if name in made:
            (FOLDER / name).write_text(made[name], encoding="utf-8", newline="\n")
        else:
            (FOLDER / name).unlink()
    print(f"{len(made)} pages, {len(old)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
