"""Where every value of a uniform page of rows begins and ends: found by its quotes, proven by comparing bytes, not parsed.

A page is uniform if it is an envelope around objects of the same keys in the same order, without spaces between them, all of
whose values are texts without a backslash. Then a quote after a colon opens a value, and what stands between two values is
the same in every row. The first row is decoded; the bytes between the values of all others are compared with it, and hold all
quotes that there are. Any other page is left to a decoder of JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

__all__ = ["Numbers", "ScannedPage", "scan_page", "windows"]

Numbers = npt.NDArray[Any]

_OPENING = re.compile(
    rb'\{"status": ?"1", ?"message": ?"[^"\\]*", ?"result": ?\[(?=\{")|(?P<late>\{"message": ?"[^"\\]*", ?"result": ?\[)(?=\{")'
)
_CLOSING = re.compile(rb'"\}\]\}\Z')
_LATE_CLOSING = re.compile(rb'"\}\], ?"status": ?"1"\}\Z')
_LONGEST_CLOSING = 32
_BETWEEN_ROWS = b'"},'
_QUOTE, _COLON, _SPACE = ord('"'), ord(":"), ord(" ")
_QUOTES = 4
"""Quotes of a field: two of its key, two of its value."""
_PIECE = 100_000
"""Bytes that are looked at together: so few that their masks are neither mapped anew nor out of the cache."""
_ROW = msgspec.json.Decoder(dict[str, str])


@dataclass(frozen=True, slots=True, eq=False)
class ScannedPage:
    """A uniform page.

    Attributes
    ----------
    body : bytes
        The answer.
    first : dict of str
        Its first row; every row has these keys.
    starts, sizes : array of keys by rows
        Where each value begins in the answer, and how many bytes it has.
    shortest, longest : dict
        Key -> bytes of its shortest and of its longest value.
    """

    body: bytes
    first: dict[str, str]
    starts: Numbers
    sizes: Numbers
    shortest: dict[str, int]
    longest: dict[str, int]

    def __len__(self) -> int:
        return len(self.starts[0])

    def places(self, names: Iterable[str]) -> list[int]:
        """Give the places of keys in a row."""
        keys = list(self.first)
        return [keys.index(name) for name in names]

    def cells(self, name: str) -> tuple[Numbers, Numbers]:
        """Give where the values of a key begin, and how long they are."""
        (place,) = self.places([name])
        return self.starts[place], self.sizes[place]


def windows(body: bytes, width: int) -> Numbers:
    """Give the bytes of a page as overlapping pieces of one width, to be picked by where they begin."""
    return np.ndarray((len(body) - width + 1,), f"V{width}", body, 0, (1,))


def scan_page(body: bytes) -> ScannedPage | None:
    """Find the values of a page of at least two rows, or give None where it is not uniform or no success.

    Notes
    -----
    O(bytes). Whatever passes is what a decoder of JSON finds in it: the envelope has one of two known forms with status 1, the
    bytes are UTF-8 without controls and backslashes, the first row is decoded and has no key twice, and all others repeat
    everything of it but the values.
    """
    opening = _OPENING.match(body)
    if opening is None or b"\\" in body:
        return None
    start = opening.end()
    closing = (_LATE_CLOSING if opening["late"] else _CLOSING).search(body, max(start, len(body) - _LONGEST_CLOSING))
    letters = np.frombuffer(body, np.uint8)
    if closing is None or not _is_plain(body, letters):
        return None
    line = body[start : body.find(b'"}', start) + 2]
    first = _row(line)
    return None if first is None else _page(body, first, letters, _Span(start, start + len(line), closing.start()))


def _is_plain(body: bytes, letters: Numbers) -> bool:
    """Whether the bytes are UTF-8 and hold no controls."""
    if letters.view(np.int8).min() >= _SPACE:
        return True  # all of them are ASCII
    try:
        return bool(letters.min() >= _SPACE and body.decode())
    except UnicodeDecodeError:
        return False


def _row(line: bytes) -> dict[str, str] | None:
    """Read a row all of whose values are texts."""
    try:
        row = _ROW.decode(line)
    except msgspec.DecodeError:
        return None
    return row or None


class _Span(NamedTuple):
    """Where the rows begin, where the first one ends, and the last quote of the last one."""

    start: int
    row: int
    end: int


def _page(body: bytes, first: dict[str, str], letters: Numbers, span: _Span) -> ScannedPage | None:
    opens, ends = _values(body, letters, span, len(first))
    if opens is None or ends is None:
        return None
    starts, sizes = opens, ends
    starts += 1
    sizes -= starts
    shortest, longest = sizes.min(axis=1).tolist(), sizes.max(axis=1).tolist()
    if min(shortest) < 0:
        return None
    return ScannedPage(
        body, first, starts, sizes, dict(zip(first, shortest, strict=True)), dict(zip(first, longest, strict=True))
    )


def _opening_quotes(letters: Numbers, span: _Span) -> tuple[Numbers, int]:
    """Give the quotes after a colon, and how many quotes there are."""
    found, count = [], 0
    for start in range(span.start, span.end + 1, _PIECE):
        end = min(start + _PIECE, span.end + 1)
        quotes = letters[start:end] == _QUOTE
        count += int(np.count_nonzero(quotes))
        quotes &= letters[start - 1 : end - 1] == _COLON
        found.append(quotes.nonzero()[0] + start)
    return np.concatenate(found), count


def _values(body: bytes, letters: Numbers, span: _Span, keys: int) -> tuple[Numbers, Numbers] | tuple[None, None]:
    """Give the quotes that open and end each value, by key and row.

    A value ends where the bytes begin that stand between it and the next one. These are as many in every row; that they are
    the same too, and that no quote stands elsewhere, makes it certain.
    """
    opens, quotes = _opening_quotes(letters, span)
    count, rest = divmod(len(opens), keys)
    if rest or count <= 1 or quotes != _QUOTES * len(opens):
        return None, None
    in_row = (letters[span.start : span.row] == _QUOTE).nonzero()[0] + span.start
    if not np.array_equal(in_row[2::_QUOTES], opens[:keys]):  # as where a key comes twice
        return None, None
    opens = np.ascontiguousarray(opens.reshape(count, keys).T)
    row_ends = in_row[3::_QUOTES]
    between = _BETWEEN_ROWS + body[span.start : opens[0, 0] + 1]
    ends = np.empty_like(opens)
    np.subtract(opens[1:], (opens[1:, 0] - row_ends[:-1])[:, np.newaxis], out=ends[:-1])
    np.subtract(opens[0, 1:], len(between) - 1, out=ends[-1, :-1])
    ends[-1, -1] = span.end
    gaps = [body[row_ends[key] : opens[key + 1, 0] + 1] for key in range(keys - 1)]
    for gap, places in zip([*gaps, between], [*ends[:-1], ends[-1, :-1]], strict=True):
        if windows(body, len(gap))[places].tobytes() != gap * len(places):
            return None, None
    return opens, ends
