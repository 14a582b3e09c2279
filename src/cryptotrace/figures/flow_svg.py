"""The flow picture: who paid whom, left to right by the steps from the seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import chain

from cryptotrace.errors import InputError
from cryptotrace.figures.flow_layout import WIDEST_LINE, Layout, lay_out, line_width, node_radius
from cryptotrace.figures.flow_lines import Box, Curve, back_curve, forward_curve, label_spot, side_curve
from cryptotrace.figures.flow_marks import KEY_ROW, legend, node_mark
from cryptotrace.figures.flow_rows import EXIT_KINDS, FLOW_KINDS, FlowEdge, FlowNode, FlowPicture, GroupRow
from cryptotrace.figures.flow_words import (
    column_heading,
    description,
    group_title,
    link_title,
    sum_lines,
    under_title,
)
from cryptotrace.figures.grouping import MAX_GROUPS, ZERO, Group, Grouping, Link, exact_sum, group_flows
from cryptotrace.figures.palette import FONT, GRID, INK, KIND_COLOURS, LINE, MUTED, PAPER, RETURN
from cryptotrace.figures.svg_text import clean, compact_usd, cut, escape, text_width, wrap

__all__ = ["flow_picture"]

LABELLED_LINES = 25
LABEL_SIZE = 10.5
HEAD_ROOM = 96.0  # title and headings, without the sentence between them
LINE_STEP = 16.0
MARGIN_LEFT, MARGIN_RIGHT = 76.0, 158.0
NARROWEST_COLUMN = 112.0


def flow_picture(
    edges: Iterable[FlowEdge],
    nodes: Mapping[str, FlowNode],
    *,
    title: str,
    width: int = 1180,
    max_groups: int = MAX_GROUPS,
) -> FlowPicture:
    """Draw who paid whom as one SVG that needs no script and no style sheet.

    Columns are steps from the seeds, the last column is where money left to services. A line's width grows with the
    square root of its dollars. What does not fit a page is folded into groups and printed as a sum, so that drawn
    lines and folded rows together are the whole table.

    Parameters
    ----------
    edges : iterable of FlowEdge
        The rows; their order does not matter.
    nodes : mapping of str to FlowNode
        What is known about the addresses; one that is missing is an ordinary address on the way.
    title : str
        Heading of the picture.
    width : int
        Width in pixels, at least 480.
    max_groups : int
        About how many marks there may be, at least 8; fewer make a calmer picture with larger groups.

    Returns
    -------
    FlowPicture
        The same input gives the same bytes.

    Raises
    ------
    InputError
        If the width or the number of groups is too small.

    Notes
    -----
    O(n log n) in rows, then bounded by the about 80 groups that are drawn; text is cleaned of control and direction
    characters and escaped.
    """
    if width < 480:
        raise InputError(f"a flow picture of {width} pixels is too narrow", hint="Give a width of at least 480.")
    if max_groups < 8:
        raise InputError(f"{max_groups} groups are too few for a flow picture", hint="Give at least 8.")
    fitting = int((width - MARGIN_LEFT - MARGIN_RIGHT) / NARROWEST_COLUMN)
    grouping = group_flows(edges, nodes, hop_columns=max(2, min(8, fitting)), max_groups=max_groups)
    rows = _group_rows(grouping)
    body, height = _body(grouping, rows, title=title, width=width) if rows else _nothing(title, width)
    return FlowPicture(
        svg=_document(body, title=title, text=description(grouping, rows), width=width, height=height),
        groups=tuple(rows),
        shown_usd=grouping.shown_usd,
        folded_usd=grouping.folded_usd,
        unpriced=sum(link.unpriced for link in (*grouping.links, *grouping.inside)),
    )


def _group_rows(grouping: Grouping) -> list[GroupRow]:
    """Take the exact sums per group."""
    into: dict[str, list[Link]] = {group.key: [] for group in grouping.groups}
    out: dict[str, list[Link]] = {group.key: [] for group in grouping.groups}
    inside: dict[str, list[Link]] = {group.key: [] for group in grouping.groups}
    for link in grouping.links:
        out[link.source].append(link)
        into[link.target].append(link)
    for link in grouping.inside:
        inside[link.source].append(link)
    rows = []
    for number, group in enumerate(grouping.groups, start=1):
        touching = [*into[group.key], *out[group.key], *inside[group.key]]
        rows.append(
            GroupRow(
                group_id=f"g{number:03d}",
                hop=group.hop,
                kind=group.kind,
                label=group.label,
                addresses=group.members,
                in_usd=_known_sum(into[group.key]),
                out_usd=_known_sum(out[group.key]),
                first_time=min(link.first for link in touching),
                last_time=max(link.last for link in touching),
                folded_usd=exact_sum(link.usd for link in inside[group.key]),
            )
        )
    return rows


def _known_sum(links: list[Link]) -> Decimal | None:
    if links and all(link.usd is None for link in links):
        return None
    return exact_sum(link.usd for link in links)


def _document(body: str, *, title: str, text: str, width: int, height: float) -> str:
    name = "flow-" + hashlib.sha256((title + body).encode("utf-8", "replace")).hexdigest()[:10]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" width="{width}" '
        f'height="{height:.0f}" role="img" aria-labelledby="{name}-title {name}-desc" font-family="{FONT}">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(text)}</desc>'
        f'<rect width="100%" height="100%" fill="{PAPER}"/>{body}</svg>'
    )


def _heading(title: str, text: str, width: int) -> tuple[str, float]:
    """Draw the title and the sentence under it; say how much the sentence pushes down what follows."""
    fits = max(8, int((width - 48) / 9.2))
    lines = wrap(text, 12, width - 48)
    parts = [f'<text x="24" y="32" font-size="17" font-weight="bold" fill="{INK}">{escape(cut(clean(title), fits))}</text>']
    parts += [
        f'<text x="24" y="{53 + LINE_STEP * number:.0f}" font-size="12" fill="{MUTED}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    ]
    return "".join(parts), LINE_STEP * len(lines)


def _nothing(title: str, width: int) -> tuple[str, float]:
    head, down = _heading(title, "There is nothing to draw: the table of flows has no rows.", width)
    return head, 60 + down


def _body(grouping: Grouping, rows: list[GroupRow], *, title: str, width: int) -> tuple[str, float]:
    """Draw everything between the background and the end of the picture, and its height."""
    row_of = dict(zip((group.key for group in grouping.groups), rows, strict=True))
    lines = {group.key: 0 if group.hop is None else (2 if _shows_value(group) else 1) for group in grouping.groups}
    sizes = _sizes(grouping.groups, row_of)
    heights = {
        key: max(30.0, 2 * sizes[key] + 6) if not text else 2 * sizes[key] + 12 * text + 8 for key, text in lines.items()
    }
    layout = lay_out(grouping, width=width, left=MARGIN_LEFT, right=MARGIN_RIGHT, heights=heights)
    largest = max((float(link.usd) for link in grouping.links if link.usd is not None), default=0.0)
    room = _label_room(layout)
    taken = [box for group in grouping.groups for box in _boxes(group, layout.spots[group.key], sizes, lines, room)]
    drawn = "".join(_lines(grouping, layout, sizes, largest, taken))
    marks = "".join(_node(group, row_of[group.key], layout, sizes, room) for group in grouping.groups)
    head, down = _heading(title, under_title(grouping, rows), width)
    top = HEAD_ROOM + down
    foot, end = _foot(grouping, rows, largest, width=width, y=top + layout.height + 26)
    heads = _column_heads(grouping, layout)
    return f'{head}<g transform="translate(0 {top:.0f})">{heads}{drawn}{marks}</g>{foot}', end


def _shows_value(group: Group) -> bool:
    return group.kind != "hop" or group.form != "single"


def _value(row: GroupRow) -> Decimal | None:
    """Return what a reader takes as the size of a node: what came in, for a mere payer what went out."""
    if row.kind in {*EXIT_KINDS, "resting", "frontier"} and row.in_usd:
        return row.in_usd
    largest = max(row.in_usd or ZERO, row.out_usd or ZERO)
    unknown = row.in_usd is None or row.out_usd is None
    return None if unknown and not largest else largest


def _sizes(groups: Iterable[Group], row_of: Mapping[str, GroupRow]) -> dict[str, float]:
    value = {group.key: float(_value(row_of[group.key]) or ZERO) for group in groups}
    largest = max(value.values())
    return {key: node_radius(usd, largest) for key, usd in value.items()}


def _label_room(layout: Layout) -> int:
    """Count the characters that fit between two columns, at most 22."""
    if len(layout.columns) < 2:
        return 22
    step = layout.columns[1][1] - layout.columns[0][1]
    return max(10, min(22, int(step / (LABEL_SIZE * 0.53))))


def _boxes(
    group: Group, spot: tuple[float, float], sizes: Mapping[str, float], lines: Mapping[str, int], room: int
) -> list[Box]:
    """Give the mark and the text of one node as boxes, so that amounts keep clear of them."""
    x, y = spot
    radius = sizes[group.key] + 2
    mark = Box(left=x - radius, top=y - radius, right=x + radius, bottom=y + radius)
    wide = text_width(cut(clean(group.label), room), LABEL_SIZE)
    if group.hop is None:
        return [mark, Box(left=x + radius, top=y - 13, right=x + radius + 6 + wide, bottom=y + 13)]
    under = y + radius + 12.5 * lines[group.key]
    return [mark, Box(left=x - wide / 2, top=y + radius, right=x + wide / 2, bottom=under)]


def _node(group: Group, row: GroupRow, layout: Layout, sizes: Mapping[str, float], room: int) -> str:
    x, y = layout.spots[group.key]
    radius = sizes[group.key]
    value = _value(row) if _shows_value(group) else None
    amount = "no price" if _shows_value(group) and value is None else compact_usd(value) if value is not None else ""
    halo = f'stroke="{PAPER}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"'
    if group.hop is None:
        left, first, second, anchor = x + radius + 6, y - 1.5, y + 11, "start"
        label = cut(clean(group.label))
    else:
        left, first, second, anchor = x, y + radius + 11, y + radius + 23, "middle"
        label = cut(clean(group.label), room)
    text = (
        f'<text x="{left:.1f}" y="{first:.1f}" font-size="{LABEL_SIZE}" fill="{INK}" text-anchor="{anchor}" {halo}>'
        f"{escape(label)}</text>"
    )
    if amount:
        text += (
            f'<text x="{left:.1f}" y="{second:.1f}" font-size="{LABEL_SIZE}" font-weight="bold" fill="{INK}" '
            f'text-anchor="{anchor}" {halo}>{escape(amount)}</text>'
        )
    mark = node_mark(group.kind, group.form, x, y, radius)
    return f'<g data-group="{row.group_id}"><title>{escape(group_title(row))}</title>{mark}{text}</g>'


def _lines(grouping: Grouping, layout: Layout, sizes: Mapping[str, float], largest: float, taken: list[Box]) -> Iterable[str]:
    """Draw thick lines first, thin ones above them, the amounts of the largest on top."""
    groups = {group.key: group for group in grouping.groups}
    labels: list[str] = []
    ranked = sorted(grouping.links, key=lambda link: (-(link.usd or ZERO), link.source, link.target))
    for number, link in enumerate(ranked):
        width = line_width(link, largest)
        curve = _curve(link, layout, sizes, 4.0 + width * 0.6)
        backward = layout.spots[link.source][0] > layout.spots[link.target][0]
        colour = RETURN if backward else _line_colour(groups[link.target])
        dash = ' stroke-dasharray="7 4"' if backward else ' stroke-dasharray="1 3"' if link.usd is None else ""
        title = link_title(link, groups[link.source].label, groups[link.target].label)
        yield (
            f'<g opacity="{0.9 if backward else 0.6}"><title>{escape(title)}</title>'
            f'<path d="{curve.path()}" fill="none" stroke="{colour}" stroke-width="{width:.1f}"{dash}/>'
            f'<polygon points="{curve.head(4.0 + width * 0.6, width / 2 + 1.8)}" fill="{colour}"/></g>'
        )
        if number < LABELLED_LINES and link.usd is not None:
            labels.append(_amount(curve, link.usd, link.transfers, taken))
    yield (
        f'<g font-size="10" fill="{MUTED}" text-anchor="middle" stroke="{PAPER}" stroke-width="3" '
        f'stroke-linejoin="round" paint-order="stroke">{"".join(labels)}</g>'
    )


def _amount(curve: Curve, usd: Decimal, transfers: int, taken: list[Box]) -> str:
    """Write the amount of a line where there is room, and take the room."""
    text = compact_usd(usd) + (f" ({transfers}\u00d7)" if transfers > 1 else "")
    box = label_spot(curve, text, 10, taken)
    if box is None:
        return ""
    taken.append(box)
    return f'<text x="{(box.left + box.right) / 2:.1f}" y="{box.bottom - 3:.1f}">{escape(text)}</text>'


def _line_colour(target: Group) -> str:
    """Colour lines into services and resting money take their colour: the eye follows where money went."""
    if target.kind == "bridge":
        return "#b5a400"  # the palette's yellow is too pale for a line on white
    return KIND_COLOURS[target.kind] if target.kind in {*EXIT_KINDS, "resting"} else LINE


def _curve(link: Link, layout: Layout, sizes: Mapping[str, float], head: float) -> Curve:
    start, end = layout.spots[link.source], layout.spots[link.target]
    r1, r2 = sizes[link.source], sizes[link.target]
    if start[0] < end[0]:
        return forward_curve(start, end, r1, r2, head, ways=layout.ways[link.source, link.target])
    return (side_curve if start[0] == end[0] else back_curve)(start, end, r1, r2, head)


def _column_heads(grouping: Grouping, layout: Layout) -> str:
    parts = []
    for hop, x in layout.columns:
        kinds = {group.kind for group in grouping.groups if group.hop == hop}
        text = column_heading(hop, kinds, grouping.tail)
        anchor, left = ("start", x - 10) if hop is None else ("middle", x)
        parts.append(
            f'<text x="{left:.1f}" y="-32" font-size="11.5" font-weight="bold" text-anchor="{anchor}">{escape(text)}</text>'
        )
        parts.append(f'<path d="M{x:.1f} -24V{layout.height:.0f}" stroke="{GRID}" stroke-width="1" fill="none"/>')
    return f'<g fill="{MUTED}">{"".join(parts)}</g>'


def _foot(grouping: Grouping, rows: list[GroupRow], largest: float, *, width: int, y: float) -> tuple[str, float]:
    """Draw the sums, then the legend."""
    parts = [f'<path d="M24 {y - 18:.1f}H{width - 24}" stroke="{GRID}" fill="none"/>']
    for text in chain.from_iterable(wrap(line, 12, width - 48) for line in sum_lines(grouping, rows)):
        parts.append(f'<text x="24" y="{y + 2:.1f}" font-size="12" fill="{INK}">{escape(text)}</text>')
        y += 18
    shapes = sorted({(g.kind if g.form == "single" else "hop", g.form) for g in grouping.groups}, key=_shape_order)
    samples = [("on", compact_usd(Decimal(largest)), WIDEST_LINE)] if largest > 0 else []
    if largest > 0:
        samples.append(("on", compact_usd(Decimal(largest) / 25), WIDEST_LINE / 5))
    if any(link.usd is None for link in grouping.links):
        samples.append(("unpriced", "without price", 1.5))
    if _has_returns(grouping):
        samples.append(("back", "back to an earlier step", 2.0))
    key, y = legend(shapes, samples, width=width, y=y + 10)
    return "".join(parts) + key, y + KEY_ROW


def _shape_order(shape: tuple[str, str]) -> tuple[int, int]:
    kind, form = shape
    return ("single", "chain", "group").index(form), FLOW_KINDS.index(kind)


def _has_returns(grouping: Grouping) -> bool:
    hop = {group.key: group.hop for group in grouping.groups}
    for link in grouping.links:
        start, end = hop[link.source], hop[link.target]
        if end is not None and (start is None or start > end):
            return True
    return False
