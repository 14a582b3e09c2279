"""The page of the command line: every verb with its arguments and options, from the application itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo, OptionInfo

EXIT_CODES = (
    ("0", "done and complete"),
    ("1", "something unexpected, or another process holds the store"),
    ("2", "the command was not understood"),
    ("3", "done, but something is known to be missing: the answer says what"),
    ("4", "a source refused: no key or a wrong one, a plan, a quota, or nobody answered"),
    ("5", "the input is wrong: what, where and what to do is printed, and nothing was written"),
    ("6", "a check gave other digits"),
    ("130", "interrupted"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """An argument or option as the function of a verb declares it."""

    is_argument: bool
    shown: str
    told: str


def _parameters(function: Callable[..., Any]) -> Iterator[Parameter]:
    hints = get_type_hints(function, include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        for mark in getattr(hints[name], "__metadata__", ()):
            if isinstance(mark, ArgumentInfo):
                yield Parameter(is_argument=True, shown=f"`{name.upper()}`", told=mark.help or "")
            elif isinstance(mark, OptionInfo):
                # inside Annotated the first name stands where a default would
                given = (mark.default, *(mark.param_decls or ()))
                names = [word for word in given if isinstance(word, str)] or [f"--{name.replace('_', '-')}"]
                yield Parameter(is_argument=False, shown=_codes(names), told=_told_option(hints[name], mark, parameter.default))


def _codes(words: Iterable[Any]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _told_option(hint: Any, mark: OptionInfo, default: Any) -> str:
    told = mark.help or ""
    choices = [word for part in (hint.__origin__, *get_args(hint.__origin__)) for word in _choices(part)]
    if choices:
        told += f" One of {_codes(choices)}."
    if default not in (None, False, ...) and isinstance(default, str | int | Path):
        told += f" Default: `{default}`."
    return told


def _choices(kind: Any) -> list[Any]:
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [choice.value for choice in kind] if isinstance(kind, type) and issubclass(kind, Enum) else []


def _rows(function: Callable[..., Any]) -> list[str]:
    found = sorted(_parameters(function), key=lambda parameter: not parameter.is_argument)
    return ["| | |", "|---|---|", *(f"| {each.shown} | {each.told} |" for each in found)] if found else []


def cli_page(made: str) -> str:
    from cryptotrace.cli import app

    assert app.registered_callback is not None
    root = app.registered_callback.callback
    assert root is not None
    out = ["# Command line", "", made, "", *_told(root), "", "```", "cryptotrace VERB [OPTIONS]", "```", "", *_rows(root)]
    out += [
        "",
        "Each verb, and the command itself, has `--help` (`-h`). Answers go to standard output, progress and messages to",
        "standard error. With `--json` standard output is one JSON document, amounts as text.",
    ]
    for registered in app.registered_commands:
        verb = registered.callback
        assert verb is not None
        name = registered.name or verb.__name__
        arguments = " ".join(each.shown.strip("`") for each in _parameters(verb) if each.is_argument)
        call = " ".join(filter(None, ("cryptotrace", name, arguments, "[OPTIONS]")))
        out += ["", f"## `{name}`", "", *_told(verb), "", "```", call, "```", "", *_rows(verb)]
    out += ["", "## Exit codes", "", "| code | means |", "|---|---|", *(f"| {code} | {told} |" for code, told in EXIT_CODES)]
    return "\n".join(out) + "\n"


def _told(function: Callable[..., Any]) -> list[str]:
    lines = []
    for line in inspect.cleandoc(function.__doc__ or "").splitlines():
        before, mark, example = line.partition("Example: ")
        lines.append(f"{before}Example: `{example}`" if mark else line)
    return lines
