"""Where the groups of a flow picture stand: columns by hop, few crossings, straight long lines.

The layered method of Sugiyama, Tagawa and Toda (1981): a link over several columns gets a waypoint in each, waypoints
and groups are ordered by weighted barycentres, then moved as near to their neighbours as their heights allow.
Plain arithmetic in a fixed order, rounded before comparing, so the same input stands in the same place everywhere.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cryptotrace.figures.grouping import Grouping, Link

__all__ = ["Layout", "lay_out", "line_width", "node_radius"]

SWEEPS = 24
ALIGNMENTS = 16
WIDEST_LINE = 15.0
THINNEST_LINE = 0.9


Name = tuple[str, ...]  # (group,) or, for a waypoint, (source, target, column)
Ties = dict[Name, list[tuple[Name, float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Coordinates in pixels, the origin at the top left of the drawing area.

    ``columns`` lists the hop of each column and its x; ``spots`` the centre of each group; ``ways`` the waypoints of
    each forward link between its two ends; ``height`` the height used.
    """

    columns: tuple[tuple[int | None, float], ...]
    spots: Mapping[str, tuple[float, float]]
    ways: Mapping[tuple[str, str], tuple[tuple[float, float], ...]]
    height: float


@dataclass(slots=True)
class _Item:
    """A group or a waypoint inside one column."""

    name: Name
    height: float
    is_group: bool
    y: float = 0.0


def line_width(link: Link, largest: float) -> float:
    """Return the width by the square root of USD; without a price the thinnest."""
    if link.usd is None or largest <= 0:
        return THINNEST_LINE
    return round(max(THINNEST_LINE, WIDEST_LINE * math.sqrt(float(link.usd) / largest)), 1)


def node_radius(value: float, largest: float) -> float:
    """Return half the size of a node, between 5 and 12 pixels, by the square root of its throughput."""
    return round(5.0 + 7.0 * math.sqrt(value / largest) if largest > 0 else 6.0, 1)


def lay_out(grouping: Grouping, *, width: float, left: float, right: float, heights: Mapping[str, float]) -> Layout:
    """Place groups and waypoints.

    Parameters
    ----------
    grouping : Grouping
        At most about 80 groups.
    width, left, right : float
        Width of the drawing area and the margins kept free for labels.
    heights : mapping of str to float
        Room that each group needs, its text included.

    Returns
    -------
    Layout
        Nothing overlaps inside a column.

    Notes
    -----
    O(sweeps * links * columns); about 0.1 s for 80 groups and 165 links.
    """
    hops = sorted({g.hop for g in grouping.groups if g.hop is not None})
    order: list[int | None] = [*hops, *([None] if any(g.hop is None for g in grouping.groups) else [])]
    place = {hop: index for index, hop in enumerate(order)}
    step = (width - left - right) / max(1, len(order) - 1)
    xs = [left + step * index for index in range(len(order))] if len(order) > 1 else [width / 2]
    column_of = {group.key: place[group.hop] for group in grouping.groups}
    columns, chains = _items(grouping, column_of, len(order), heights)
    ties = _ties(chains, grouping.links)
    _order(columns, ties)
    height = _align(columns, ties)
    seat = {item.name: (xs[index], round(item.y, 1)) for index, column in enumerate(columns) for item in column}
    return Layout(
        columns=tuple(zip(order, xs, strict=True)),
        spots={group.key: seat[group.key,] for group in grouping.groups},
        ways={pair: tuple(seat[name] for name in chain[1:-1]) for pair, chain in chains.items()},
        height=height,
    )


def _items(
    grouping: Grouping, column_of: Mapping[str, int], count: int, heights: Mapping[str, float]
) -> tuple[list[list[_Item]], dict[tuple[str, str], list[Name]]]:
    """List groups and waypoints per column, and for each forward link the names it runs through."""
    columns: list[list[_Item]] = [[] for _ in range(count)]
    for group in grouping.groups:
        columns[column_of[group.key]].append(_Item((group.key,), heights[group.key], is_group=True))
    largest = max((float(link.usd) for link in grouping.links if link.usd is not None), default=0.0)
    chains: dict[tuple[str, str], list[Name]] = {}
    for link in grouping.links:
        start, end = column_of[link.source], column_of[link.target]
        if start >= end:
            continue
        chain: list[Name] = [(link.source,)]
        for column in range(start + 1, end):
            name = (link.source, link.target, str(column))
            columns[column].append(_Item(name, line_width(link, largest) + 3.0, is_group=False))
            chain.append(name)
        chain.append((link.target,))
        chains[link.source, link.target] = chain
    return columns, chains


def _ties(chains: Mapping[tuple[str, str], Sequence[Name]], links: Sequence[Link]) -> tuple[Ties, Ties]:
    """Find the neighbours to the left and to the right of every item, with weights."""
    to_left: Ties = defaultdict(list)
    to_right: Ties = defaultdict(list)
    for link in links:
        chain = chains.get((link.source, link.target))
        if chain is None:
            continue
        weight = 1.0 + math.sqrt(float(link.usd or 0)) / 10.0
        for a, b in pairwise(chain):
            stiff = weight * (4.0 if len(a) > 1 and len(b) > 1 else 1.0)  # long lines run straight
            to_right[a].append((b, stiff))
            to_left[b].append((a, stiff))
    return to_left, to_right


def _stack(columns: list[list[_Item]]) -> None:
    """Put each column around the middle, items touching."""
    for column in columns:
        y = -sum(item.height for item in column) / 2
        for item in column:
            item.y = y + item.height / 2
            y += item.height


def _order(columns: list[list[_Item]], ties: tuple[Ties, Ties]) -> None:
    """Sort the columns by the weighted mean of their neighbours, back and forth; keep the order with least crossing."""
    _stack(columns)
    best = [list(column) for column in columns]
    least = _crossings(columns, ties[1])
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        seat = {item.name: item.y for column in columns for item in column}
        for column in columns if forward else reversed(columns):
            near = ties[0] if forward else ties[1]
            mean = {item.name: _mean(near.get(item.name, ()), seat, item.y) for item in column}
            column.sort(key=lambda item: mean[item.name])
            _stack([column])
            seat.update((item.name, item.y) for item in column)
        found = _crossings(columns, ties[1])
        if found < least:
            least, best = found, [list(column) for column in columns]
    columns[:] = best
    _stack(columns)


def _mean(near: Sequence[tuple[Name, float]], seat: Mapping[Name, float], otherwise: float) -> float:
    weight = math.fsum(w for _, w in near)
    if not weight:
        return otherwise
    return round(math.fsum(seat[name] * w for name, w in near) / weight, 6)


def _crossings(columns: list[list[_Item]], to_right: Ties) -> float:
    """Count crossings between neighbouring columns, weighted by the thinner line."""
    total = 0.0
    for column, following in pairwise(columns):
        rank = {item.name: index for index, item in enumerate(following)}
        lines = [
            (index, rank[name], weight) for index, item in enumerate(column) for name, weight in to_right.get(item.name, ())
        ]
        for index, (a, b, weight) in enumerate(lines):
            total += math.fsum(min(weight, w) for c, d, w in lines[:index] if (a - c) * (b - d) < 0)
    return round(total, 6)


def _align(columns: list[list[_Item]], ties: tuple[Ties, Ties]) -> float:
    """Move items towards their neighbours without overlap; return the height of the drawing."""
    height = max(sum(item.height for item in column) for column in columns)
    for item in (item for column in columns for item in column):
        item.y += height / 2
    seat = {item.name: item.y for column in columns for item in column}
    for turn in range(ALIGNMENTS):
        for column in columns if turn % 2 == 0 else reversed(columns):
            wished = [
                (_mean([*ties[0].get(i.name, ()), *ties[1].get(i.name, ())], seat, i.y), 1.0 if i.is_group else 2.0)
                for i in column
            ]
            _settle(column, wished, height)
            seat.update((item.name, item.y) for item in column)
    return height


def _settle(column: list[_Item], wished: list[tuple[float, float]], height: float) -> None:
    """Take the least squares to the wished places, in the given order and without overlap (pool adjacent violators)."""
    offsets: list[float] = []
    offset = 0.0
    for index, item in enumerate(column):
        offset += item.height / 2 + (column[index - 1].height / 2 if index else 0.0)
        offsets.append(offset)
    blocks: list[list[float]] = []  # mean, weight, items
    for (wish, weight), off in zip(wished, offsets, strict=True):
        blocks.append([wish - off, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            mean, weight_, count = blocks.pop()
            last = blocks[-1]
            joined = last[1] + weight_
            blocks[-1] = [(last[0] * last[1] + mean * weight_) / joined, joined, last[2] + count]
    room = height - (offsets[-1] + column[-1].height / 2) if column else 0.0
    starts = [min(max(mean, 0.0), max(room, 0.0)) for mean, _, count in blocks for _ in range(int(count))]
    for item, start, off in zip(column, starts, offsets, strict=True):
        item.y = round(start + off, 6)
