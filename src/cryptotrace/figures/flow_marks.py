"""The marks of the flow picture: a shape and a colour per kind, and the legend that explains them."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sin

from cryptotrace.figures.palette import INK, KIND_COLOURS, KIND_NAMES, LINE, MUTED, RETURN
from cryptotrace.figures.svg_text import escape, text_width

__all__ = ["KEY_ROW", "legend", "line_sample", "node_mark"]

KEY_ROW = 22.0  # height of one row of the legend
_EDGE = f'stroke="{INK}" stroke-width="1.2"'


def node_mark(kind: str, form: str, x: float, y: float, radius: float) -> str:
    """Draw the shape of one node.

    Parameters
    ----------
    kind, form : str
        Kind of node; ``single``, ``chain`` or ``group``.
    x, y, radius : float
        Centre and half size in pixels.

    Returns
    -------
    str
        SVG elements: seeds are diamonds, services squares, addresses circles, groups hexagons, chains double circles,
        resting money a triangle, swap pools a lozenge lying down, and what was not followed a dashed circle.
    """
    paint = f'fill="{KIND_COLOURS[kind]}" {_EDGE}'
    if form == "group":
        dash = ' stroke-dasharray="3 2"' if kind == "frontier" else ""
        return _polygon([(x + radius * cos(pi * k / 3), y + radius * sin(pi * k / 3)) for k in range(6)], paint + dash)
    if form == "chain":
        inner = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius * 0.5:.1f}" fill="none" {_EDGE}/>'
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" {paint}/>{inner}'
    if kind == "seed":
        return _polygon([(x - radius, y), (x, y - radius), (x + radius, y), (x, y + radius)], paint)
    if kind in {"exchange", "mixer", "bridge", "service"}:
        half = radius * 0.9
        return f'<rect x="{x - half:.1f}" y="{y - half:.1f}" width="{2 * half:.1f}" height="{2 * half:.1f}" {paint}/>'
    if kind == "resting":
        return _polygon([(x, y - radius), (x + radius, y + radius * 0.8), (x - radius, y + radius * 0.8)], paint)
    if kind == "pool":
        flat = radius * 0.62
        return (
            f'<rect x="{x - radius:.1f}" y="{y - flat:.1f}" width="{2 * radius:.1f}" height="{2 * flat:.1f}" '
            f'rx="{flat:.1f}" {paint}/>'
        )
    dash = ' stroke-dasharray="3 2"' if kind == "frontier" else ""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" {paint}{dash}/>'


def _polygon(points: Sequence[tuple[float, float]], paint: str) -> str:
    return f'<polygon points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" {paint}/>'


def line_sample(style: str, x: float, y: float, width: float = 2.0) -> str:
    """Draw a short piece of line for the legend; ``style`` is ``on``, ``back`` or ``unpriced``."""
    look = {
        "on": f'stroke="{LINE}"',
        "back": f'stroke="{RETURN}" stroke-dasharray="6 4"',
        "unpriced": f'stroke="{MUTED}" stroke-dasharray="1 3"',
    }[style]
    return f'<path d="M{x:.1f} {y:.1f}h26" fill="none" {look} stroke-width="{width:.1f}"/>'


def legend(
    shapes: Sequence[tuple[str, str]], lines: Sequence[tuple[str, str, float]], *, width: float, y: float
) -> tuple[str, float]:
    """Draw rows of marks with their names.

    Parameters
    ----------
    shapes : sequence of (kind, form)
        Those that the picture uses.
    lines : sequence of (style, name, width)
        Line samples.
    width, y : float
        Room, and the middle of the first row.

    Returns
    -------
    tuple of str and float
        SVG elements, and the middle of the last row.
    """
    names = {"group": "several of a kind (colour says which)", "chain": "chain: one way in, one way out"}
    parts: list[str] = []
    x = 24.0
    entries = [("shape", *shape, 0.0) for shape in shapes] + [("line", *line) for line in lines]
    for what, first, second, thick in entries:
        name = second if what == "line" else names.get(second, KIND_NAMES[first])
        mark_width = 32.0 if what == "line" else 18.0
        needed = mark_width + text_width(name, 11) + 20
        if x + needed > width - 10:
            x, y = 24.0, y + KEY_ROW
        parts.append(line_sample(first, x, y, thick) if what == "line" else node_mark(first, second, x + 6, y, 6.5))
        parts.append(f'<text x="{x + mark_width:.1f}" y="{y + 4:.1f}" font-size="11">{escape(name)}</text>')
        x += needed
    return f'<g fill="{INK}">{"".join(parts)}</g>', y
