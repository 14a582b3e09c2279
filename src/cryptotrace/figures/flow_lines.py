"""The lines of the flow picture: paths, arrow heads, and room for the amounts of the largest ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cryptotrace.figures.svg_text import text_width

__all__ = ["Box", "Curve", "back_curve", "forward_curve", "label_spot", "side_curve"]

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Cubic pieces from start to end; ``tip`` is where the arrow head points and ``angle`` its unit direction."""

    pieces: tuple[tuple[Point, Point, Point, Point], ...]
    tip: Point
    direction: Point

    def path(self) -> str:
        """Write the ``d`` attribute."""
        (x, y) = self.pieces[0][0]
        parts = [f"M{x:.1f} {y:.1f}"]
        for _, a, b, c in self.pieces:
            parts.append(f"C{a[0]:.1f} {a[1]:.1f} {b[0]:.1f} {b[1]:.1f} {c[0]:.1f} {c[1]:.1f}")
        return "".join(parts)

    def at(self, t: float) -> Point:
        """Return the point at share ``t`` of the way, piece by piece."""
        where = t * len(self.pieces)
        index = min(int(where), len(self.pieces) - 1)
        u = where - index
        p, a, b, c = self.pieces[index]
        k = ((1 - u) ** 3, 3 * u * (1 - u) ** 2, 3 * u * u * (1 - u), u**3)
        return (
            k[0] * p[0] + k[1] * a[0] + k[2] * b[0] + k[3] * c[0],
            k[0] * p[1] + k[1] * a[1] + k[2] * b[1] + k[3] * c[1],
        )

    def head(self, size: float, half: float) -> str:
        """Write the points of an arrow head of a length and half a breadth."""
        (x, y), (dx, dy) = self.tip, self.direction
        back = (x - dx * size, y - dy * size)
        corners = ((x, y), (back[0] - dy * half, back[1] + dx * half), (back[0] + dy * half, back[1] - dx * half))
        return " ".join(f"{px:.1f},{py:.1f}" for px, py in corners)


def forward_curve(start: Point, end: Point, r1: float, r2: float, head: float, *, ways: Sequence[Point]) -> Curve:
    """Run from the right of one node to the left of a later one, level at every waypoint."""
    tip = (end[0] - r2 - 1, end[1])
    points = [(start[0] + r1, start[1]), *ways, (tip[0] - head + 0.6, tip[1])]
    pieces = []
    for (x1, y1), (x2, y2) in pairwise(points):
        middle = (x1 + x2) / 2
        pieces.append(((x1, y1), (middle, y1), (middle, y2), (x2, y2)))
    return Curve(pieces=tuple(pieces), tip=tip, direction=(1.0, 0.0))


def back_curve(start: Point, end: Point, r1: float, r2: float, head: float) -> Curve:
    """Run from the top of one node in an arc to the top of an earlier one."""
    rise = 26 + 0.1 * abs(start[0] - end[0])
    tip = (end[0], end[1] - r2 - 1)
    first, last = (start[0], start[1] - r1), (tip[0], tip[1] - head)
    top = max(min(first[1], last[1]) - rise, -24.0)
    piece = (first, (first[0], top), (last[0], top), last)
    return Curve(pieces=(piece,), tip=tip, direction=(0.0, 1.0))


def side_curve(start: Point, end: Point, r1: float, r2: float, head: float) -> Curve:
    """Run from one node to another of the same column, bulging to the right."""
    bulge = 20 + 0.12 * abs(start[1] - end[1])
    tip = (end[0] + r2 + 1, end[1])
    first, last = (start[0] + r1, start[1]), (tip[0] + head, tip[1])
    piece = (first, (first[0] + bulge, first[1]), (last[0] + bulge, last[1]), last)
    return Curve(pieces=(piece,), tip=tip, direction=(-1.0, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle that text keeps clear of."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """Return the shared area in square pixels."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide * high if wide > 0 and high > 0 else 0.0


def label_spot(curve: Curve, text: str, size: float, taken: Sequence[Box]) -> Box | None:
    """Find where the text of a line can stand free of everything in ``taken``; None where there is no room."""
    half = text_width(text, size) / 2 + 2
    shares = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82)
    for share in shares:
        x, y = curve.at(share)
        box = Box(left=x - half, top=y - size * 0.65, right=x + half, bottom=y + size * 0.65)
        if not any(box.overlap(other) for other in taken):
            return box
    return None
