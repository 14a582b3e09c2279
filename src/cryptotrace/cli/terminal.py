"""Text for a terminal: hostile characters show as their code, answers go to stdout, everything else to stderr."""

from __future__ import annotations

import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Sequence

__all__ = ["aligned", "answer", "note", "plain", "width"]

_NARROWEST, _WIDEST = 40, 100


def plain(text: str) -> str:
    r"""Show control, direction and other invisible characters as their code, so that they have no effect; lines stay lines.

    >>> plain("a\x1b[31mb\u202ec")
    'a\\u{1b}[31mb\\u{202e}c'
    """
    return "".join(one if one == "\n" or one.isprintable() else f"\\u{{{ord(one):x}}}" for one in text)


def answer(text: str) -> None:
    """Print a part of the answer; a terminal gets its lines wrapped, a pipe gets them whole."""
    for line in plain(text).split("\n"):
        print(textwrap.fill(line, width(), subsequent_indent="   ") if sys.stdout.isatty() and len(line) > width() else line)


def note(text: str) -> None:
    """Print a message that is no part of the answer, on one line."""
    print(plain(" ".join(text.splitlines())), file=sys.stderr)


def width() -> int:
    """Give the columns to write in; 88 where there is no terminal."""
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((88, 24)).columns))


def aligned(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Lay rows of text out in columns; the columns of ``right`` end at one edge."""
    safe = [[plain(cell.replace("\n", " ")) for cell in row] for row in rows]
    sizes = [max(map(_columns, column)) for column in zip(*safe, strict=True)]
    lines = []
    for row in safe:
        cells = []
        for at, (cell, size) in enumerate(zip(row, sizes, strict=True)):
            gap = " " * (size - _columns(cell))
            cells.append(gap + cell if at in right else cell + gap)
        lines.append("  ".join(cells).rstrip())
    return lines


def _columns(text: str) -> int:
    """Count the columns that a terminal gives a text: wide letters take two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
