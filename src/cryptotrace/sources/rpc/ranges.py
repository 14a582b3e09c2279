"""How many blocks to ask a node for at once: by what it refuses, what it hints at, and how much comes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

__all__ = ["Hint", "Span", "hint_of"]

_FIRST = 2_000
_FEW = 100
"""Rows up to which a window may grow."""
_LONGEST = 2**31
_RANGE = re.compile(r"\[\s*(0x[0-9a-fA-F]{1,12})\s*,\s*(0x[0-9a-fA-F]{1,12})\s*\]")
_NUMBER = r"([0-9][0-9,_]{0,11})\s*(k?)"
_BLOCKS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"exceeds limit of {_NUMBER}",
        rf"up to an? {_NUMBER}\s*block",
        rf"limited to an? {_NUMBER}\s*block",
        rf"limited to 0 ?- ?{_NUMBER}\s*block",
        rf"limited to {_NUMBER}\s*block",
        rf"maximum block range:? (?:is )?{_NUMBER}",
        rf"block range (?:limit|is limited|limited)(?: (?:of|is|to))? {_NUMBER}",
        rf"max(?:imum)?(?: is| of)?:? {_NUMBER}\s*block",
        rf"\(\s*[0-9]+\s*>\s*{_NUMBER}\s*\)",
    )
)


@dataclass(frozen=True, slots=True)
class Hint:
    """What a refusal says will do: the blocks ``first`` to ``last``, or so many ``blocks`` at once; None where it is silent."""

    first: int | None = None
    last: int | None = None
    blocks: int | None = None


def hint_of(text: str, data: Any = None) -> Hint:
    """Read the hint of a refusal, from its words and its ``data``.

    >>> hint_of("query returned more than 10000 results. Try with this block range [0x10, 0x1f].")
    Hint(first=16, last=31, blocks=None)
    >>> hint_of("You can make eth_getLogs requests with up to a 10 block range.").blocks
    10
    """
    found = _RANGE.search(text)
    if found is not None:
        return Hint(int(found[1], 16), int(found[2], 16))
    if isinstance(data, dict):
        ends = [data.get("from"), data.get("to")]
        if all(isinstance(end, str) and re.fullmatch("0x[0-9a-fA-F]{1,12}", end) for end in ends):
            return Hint(int(str(ends[0]), 16), int(str(ends[1]), 16))
    for form in _BLOCKS:
        match = form.search(text)
        if match is not None:
            number = int(re.sub("[,_]", "", match[1])) * (1_000 if match[2] else 1)
            return Hint(blocks=number) if number else Hint()
    return Hint()


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a walk stands: the next block, how many to ask for, and how many the provider allows (None: not known).

    >>> Span(start=5).after(2_004, 0)
    Span(start=2005, size=3000, most=None)
    """

    start: int
    size: int = _FIRST
    most: int | None = None

    @property
    def cursor(self) -> str:
        """The same as text."""
        return f"{self.start} {self.size} {self.most or 0}"

    @classmethod
    def read(cls, cursor: str) -> Span:
        """Read a cursor."""
        start, size, most = map(int, cursor.split())
        return cls(start=start, size=size, most=most or None)

    def end(self, last: int) -> int:
        """Give the last block to ask for."""
        return min(last, self.start + self.size - 1)

    def smaller(self, end: int, hint: Hint) -> Span:
        """Give the same walk after the blocks up to ``end`` were refused: as hinted, else half of them."""
        width = end - self.start + 1
        if hint.first is not None and hint.last is not None and hint.first <= self.start <= hint.last < end:
            return replace(self, size=hint.last - self.start + 1)
        if hint.blocks is not None and hint.blocks < width:
            return replace(self, size=hint.blocks, most=hint.blocks)
        return replace(self, size=max(1, width // 2))

    def after(self, end: int, rows: int) -> Span:
        """Give the walk that goes on behind ``end``; it asks for half as many blocks more where few rows came."""
        size = self.size
        if rows <= _FEW and end - self.start + 1 >= size:
            size = min(max(size + 1, size * 3 // 2), self.most or _LONGEST)
        return replace(self, start=end + 1, size=size)
