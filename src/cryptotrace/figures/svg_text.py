"""Text for pictures: hostile until cleaned, then cut to a length a reader can take in."""

from __future__ import annotations

import unicodedata
from decimal import ROUND_HALF_UP, Context, Decimal
from xml.sax.saxutils import escape as _escape

__all__ = [
    "clean",
    "compact_usd",
    "cut",
    "escape",
    "plain_usd",
    "short_address",
    "sums_that_add_up",
    "text_width",
    "wrap",
]

LABEL_LENGTH = 22
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})  # controls, bidi and zero-width marks, what XML cannot hold
_SPACES = frozenset({"Zl", "Zp", "Zs"})
_MARKS_IN_A_ROW = 2
_WIDE = Context(prec=200, rounding=ROUND_HALF_UP)
_THREE = Context(prec=3, rounding=ROUND_HALF_UP)
_UNITS = {3: "k", 6: "M", 9: "B", 12: "T"}


def clean(text: str) -> str:
    """Return text without control, direction and zero-width characters, its white space collapsed.

    Names on chains are written by anyone: a right-to-left mark can make one address read as another, and a stack of
    combining marks can cover its neighbours.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        Safe to show, but still to be escaped for XML.
    """
    kept: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if char in "\t\n\r" or category in _SPACES:
            kept.append(" ")
        elif category not in _DROPPED and marks <= _MARKS_IN_A_ROW:
            kept.append(char)
    return " ".join("".join(kept).split())


def cut(text: str, length: int = LABEL_LENGTH) -> str:
    """Return the first ``length`` characters of a cleaned text, the last one an ellipsis where something is missing."""
    return text if len(text) <= length else text[: max(1, length - 1)].rstrip() + "…"


def short_address(address: str) -> str:
    """Shorten to ``0x8b3c…dcf3``: enough to recognise an address, never enough to copy a wrong one unseen."""
    name = clean(address).rsplit(":", 1)[-1]
    return name if len(name) <= 14 else f"{name[:6]}…{name[-4:]}"


def escape(text: str) -> str:
    """Return cleaned text for the inside of an element."""
    return _escape(clean(text))


def plain_usd(usd: Decimal, places: int = 0) -> str:
    """Write ``1,234,567 USD``, rounded half up to ``places``."""
    rounded = usd.quantize(Decimal(1).scaleb(-places), context=_WIDE)
    return f"{rounded:,f} USD"


def compact_usd(usd: Decimal) -> str:
    """Write ``$8.53M``: three digits and a unit (k, M, B, T); below a thousand whole dollars.

    Parameters
    ----------
    usd : Decimal
        Not negative.

    Returns
    -------
    str
        ``$0`` only for an exact zero; a value under half a dollar is ``<$1``.
    """
    if 0 < usd < Decimal("0.5"):
        return "<$1"
    rounded = _THREE.plus(usd)
    if rounded < 1000:
        return f"${usd.quantize(Decimal(1), context=_WIDE):f}"
    power = min(12, rounded.adjusted() // 3 * 3)
    places = max(0, 2 - (rounded.adjusted() - power))
    scaled = rounded.scaleb(-power).quantize(Decimal(1).scaleb(-places), context=_WIDE)
    return f"${scaled:,f}{_UNITS[power]}"


def sums_that_add_up(parts: tuple[Decimal, ...], total: Decimal) -> tuple[str, ...]:
    """Write the parts and the total as text, with as few decimals as let a reader check the sum.

    Parameters
    ----------
    parts : tuple of Decimal
        What is added.
    total : Decimal
        Their exact sum.

    Returns
    -------
    tuple of str
        The parts in order, then the total.
    """
    for places in range(61):
        unit = Decimal(1).scaleb(-places)
        rounded = [part.quantize(unit, context=_WIDE) for part in parts]
        whole = total.quantize(unit, context=_WIDE)
        added = Decimal(0)
        for part in rounded:
            added = _WIDE.add(added, part)
        if added == whole:
            break
    return tuple(plain_usd(value, places) for value in (*parts, total))


def text_width(text: str, size: float) -> float:
    """Estimate the width in pixels as a browser's sans-serif will draw it, on the safe side; wide scripts count double."""
    wide = sum(unicodedata.east_asian_width(char) in {"W", "F"} for char in text)
    return size * (0.53 * (len(text) - wide) + 1.0 * wide)


def wrap(text: str, size: float, width: float) -> list[str]:
    """Break text into lines of words that fit a width in pixels; a word that is too long is cut."""
    lines: list[str] = []
    for word in clean(text).split(" "):
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(cut(word, max(2, int(width / size * 1.8))))
    return lines or [""]
