"""matplotlib as an SVG writer: the same bytes every time, as an element that can stand inside a page.

matplotlib's own file has a prolog, a style sheet that reaches the whole page it is put into, style attributes that a
strict content policy refuses, and ids that two charts share. All that is rewritten here.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from cryptotrace.figures.palette import FONT, GRID, INK, MUTED, PAPER
from cryptotrace.figures.svg_text import clean, cut, escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Transform

__all__ = ["Chart", "draw_chart"]

_SVG = "http://www.w3.org/2000/svg"
_LINK = "{http://www.w3.org/1999/xlink}href"
_RC: dict[Any, Any] = {  # matplotlib's own key type is a list of literals
    "svg.fonttype": "none",  # text stays text: it can be searched, read aloud and scaled
    "svg.hashsalt": "cryptotrace",  # ids do not differ from run to run
    "svg.id": None,
    "path.simplify": False,
    "font.family": ["DejaVu Sans"],  # ships with matplotlib, so widths are measured alike everywhere
    "font.size": 11.0,
    "hatch.linewidth": 0.8,
    "text.usetex": False,
    "axes.unicode_minus": False,
}
_FONT_SHORTHAND = re.compile(r"^(?:(italic|oblique)\s+)?(?:(bold|\d{3})\s+)?([\d.]+px)\s")


class Chart:
    """A figure in pixels with one plotting area, a label column at the left and a value column at the right."""

    def __init__(self, figure: Figure, *, width: float, height: float, left: float, right: float) -> None:
        from matplotlib.transforms import blended_transform_factory

        self.figure = figure
        self.width, self.height, self.left, self.right = width, height, left, right
        self.axes: Axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self._blend = blended_transform_factory

    def area(self, *, top: float, bottom: float, rows: int) -> Axes:
        """Place the plotting area; row 0 is at the top, and one row is one unit high."""
        frame = (
            self.left / self.width,
            1 - bottom / self.height,
            (self.width - self.left - self.right) / self.width,
            (bottom - top) / self.height,
        )
        self.axes.set_position(frame)
        self.axes.set_ylim(rows - 0.5, -0.5)
        self.axes.set_facecolor("none")
        for side in self.axes.spines.values():
            side.set_visible(False)
        self.axes.tick_params(which="both", length=0, labelsize=10.5, labelcolor=MUTED, pad=6)
        self.axes.set_yticks([])
        return self.axes

    @property
    def row_wise(self) -> Transform:
        """Transform of x in pixels from the left and y in rows."""
        from matplotlib.transforms import Affine2D

        pixels = Affine2D().scale(1 / self.width, 1) + self.figure.transFigure
        return self._blend(pixels, self.axes.transData)

    def text(self, x: float, row: float, text: str, *, length: int = 60, **look: object) -> None:
        """Write hostile text at a pixel column beside a row; ``dy`` moves it down by pixels."""
        shift = float(look.pop("dy", 0.0))  # type: ignore[arg-type]
        look = {"fontsize": 11.0, "color": INK, "ha": "left", "va": "baseline", **look}
        self.axes.annotate(
            cut(clean(text), length),
            (x, row),
            xycoords=self.row_wise,
            xytext=(0, -shift),
            textcoords="offset points",
            annotation_clip=False,
            parse_math=False,
            **look,  # type: ignore[arg-type]
        )

    def headline(self, title: str, subtitle: str) -> None:
        """Write the title and one sentence under it."""
        for text, y, look in (
            (title, 26, {"fontsize": 15, "fontweight": "bold", "color": INK}),
            (subtitle, 46, {"fontsize": 11.5, "color": MUTED}),
        ):
            fits = int((self.width - 32) / (float(str(look["fontsize"])) * 0.55))
            self.figure.text(
                16 / self.width,
                1 - y / self.height,
                cut(clean(text), fits),
                parse_math=False,
                **look,  # type: ignore[arg-type]
            )

    def grid(self, ticks: list[float], names: list[str]) -> None:
        """Vertical lines with their values under the plotting area."""
        self.axes.set_xticks(ticks, names, parse_math=False)
        self.axes.set_xticks([], minor=True)
        self.axes.grid(visible=True, axis="x", color=GRID, linewidth=1.0)
        self.axes.set_axisbelow(True)


def draw_chart(
    name: str,
    draw: Callable[[Chart], None],
    *,
    title: str,
    description: str,
    width: float,
    height: float,
    left: float = 16.0,
    right: float = 16.0,
) -> str:
    """Run a drawing function and return one inline ``<svg>`` element.

    Parameters
    ----------
    name : str
        Start of every id inside, made unique by a hash of the drawing.
    draw : callable
        Draws on the :class:`Chart` that it is given.
    title, description : str
        For readers who do not see the picture.
    width, height, left, right : float
        In pixels.

    Returns
    -------
    str
        The same input gives the same bytes.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    buffer = io.StringIO()
    with mpl.rc_context(_RC), warnings.catch_warnings():
        # a script that the measuring font lacks is drawn by the reader's font; the warning helps nobody
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font", category=UserWarning)
        figure = Figure(figsize=(width / 72, height / 72), dpi=72, facecolor=PAPER)
        FigureCanvasSVG(figure)
        draw(Chart(figure, width=width, height=height, left=left, right=right))
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return _inline(buffer.getvalue(), name=name, title=title, description=description)


def _inline(text: str, *, name: str, title: str, description: str) -> str:
    """Make one element of matplotlib's file: no prolog, no style, ids of its own."""
    root = ET.fromstring(text)  # noqa: S314  (our own output, written a line ago)
    for child in [child for child in root if child.tag in {f"{{{_SVG}}}metadata", f"{{{_SVG}}}defs"}]:
        if child.tag.endswith("metadata") or child.find(f"{{{_SVG}}}style") is not None:
            root.remove(child)
    prefix = f"{name}-{hashlib.sha256((title + description + text).encode('utf-8', 'replace')).hexdigest()[:10]}"
    used = set(re.findall(r"(?:url\(#|href=\"#)([\w.-]+)", text))
    for element in root.iter():
        element.text = element.text if element.text and element.text.strip() else None
        element.tail = None
        _move_style(element)
        _rename(element, prefix, used)
        element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
    box = root.attrib["viewBox"].split()
    root.set("xmlns", _SVG)
    root.attrib.update(width=box[2], height=box[3], role="img", **{"font-family": FONT})
    root.attrib.update({"stroke-linejoin": "round", "aria-labelledby": f"{prefix}-title {prefix}-desc"})
    root.attrib.pop("version", None)
    body = ET.tostring(root, encoding="unicode")
    told = f'<title id="{prefix}-title">{escape(title)}</title><desc id="{prefix}-desc">{escape(description)}</desc>'
    return re.sub(r"^(<svg[^>]*>)", lambda match: match.group(1) + told, body, count=1)


def _move_style(element: ET.Element) -> None:
    """``style="a: b"`` becomes ``a="b"``, which every content policy allows; fonts are inherited from the root."""
    for declaration in element.attrib.pop("style", "").split(";"):
        key, _, value = (part.strip() for part in declaration.partition(":"))
        if key == "font":
            short = _FONT_SHORTHAND.match(value)
            if short:
                look = zip(("font-style", "font-weight", "font-size"), short.groups(), strict=True)
                element.attrib.update({k: v for k, v in look if v})
        elif key and key != "font-family":
            element.set(key, value)


def _rename(element: ET.Element, prefix: str, used: set[str]) -> None:
    """Keep only ids that something points to, under the chart's own prefix."""
    own = element.attrib.pop("id", None)
    if own in used:
        element.set("id", f"{prefix}-{own}")
    target = element.attrib.pop(_LINK, None)
    if target is not None:
        element.set("href", f"#{prefix}-{target.lstrip('#')}")
    for key, value in list(element.attrib.items()):
        if "url(#" in value:
            element.set(key, value.replace("url(#", f"url(#{prefix}-"))
    if "d" in element.attrib:
        element.set("d", " ".join(element.attrib["d"].split()))
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
