"""The charts of a report: compared totals, the ladder, where the money is, and what the method changes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal

from cryptotrace.figures.chart_frame import Chart, draw_chart
from cryptotrace.figures.chart_rows import DESTINATION_KINDS, DestinationRow, IntervalRow, LadderRow, PolicyRow
from cryptotrace.figures.grouping import exact_sum
from cryptotrace.figures.palette import (
    INK,
    KIND_COLOURS,
    MUTED,
    OURS,
    PAPER,
    RUNG_COLOURS,
    SUBTLE,
)
from cryptotrace.figures.svg_text import compact_usd, plain_usd

__all__ = ["comparison_chart", "destinations_chart", "ladder_chart", "policy_chart"]

WIDTH = 940.0
TOP = 66.0

_RUNG_WORDS = {
    "E0": "everything paid in",
    "E1": "paid in from outside",
    "E2": "outside, minus what went back",
    "E3": "plausible victims' payments, net",
    "E4": "reached exchanges and other exits",
    "E5": "throughput: every step counted, not a loss",
}
_DESTINATION_WORDS = {
    "exchange": "reached exchanges",
    "mixer": "into mixers",
    "bridge": "into bridges, not followed",
    "service": "into other services",
    "resting": "resting at an address",
    "frontier": "not followed further",
    "pruned": "below the limits set",
    "fees": "network fees",
}
_HATCHES = {"frontier": "////", "pruned": "....", "mixer": "xx"}


def comparison_chart(rows: Iterable[IntervalRow], *, title: str = "Our figure beside reported ones") -> str:
    """Draw totals as dots with their ranges on a logarithmic axis.

    Parameters
    ----------
    rows : iterable of IntervalRow
        Ours go on top, then those that can be compared, then the others, each in the given order.
    title : str
        Heading.

    Returns
    -------
    str
        One inline ``<svg>`` element. Rows that cannot be compared are grey and say why; nothing joins two rows.
    """
    ranked = sorted(rows, key=lambda row: (not row.ours, not row.comparable))
    spans = [_span(row) for row in ranked]
    ends = [float(value) for span in spans for value in span if value is not None and value > 0]
    told = "; ".join(f"{row.label}: {_range_text(row)[0]}" for row in ranked)

    def draw(chart: Chart) -> None:
        chart.headline(title, "US dollars, each step of the axis ten times the one before. Grey: not comparable.")
        axes = chart.area(top=TOP, bottom=chart.height - 34, rows=len(ranked))
        axes.set_xscale("log")
        low, high = _decades(ends)
        axes.set_xlim(low, high)
        _log_grid(chart, low, high)
        for index, row in enumerate(ranked):
            _comparison_row(chart, index, row, low=low, high=high)

    if not ranked:
        return _nothing("compare", title, "There is nothing to compare: no reported figure was asked for.")
    height = TOP + 46.0 * len(ranked) + 40
    return draw_chart("compare", draw, title=title, description=told, width=WIDTH, height=height, left=330.0, right=150.0)


def _span(row: IntervalRow | LadderRow) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    return row.low, row.central, row.high


def _range_text(row: IntervalRow | LadderRow) -> tuple[str, str]:
    """Say the figure, and its range where it has one."""
    low, central, high = _span(row)
    if central is not None:
        if low is not None and high is not None and low != high:
            return compact_usd(central), f"{compact_usd(low)} to {compact_usd(high)}"
        if low is not None and high is None:
            return compact_usd(central), f"at least {compact_usd(low)}"
        if high is not None and low is None:
            return compact_usd(central), f"at most {compact_usd(high)}"
        return compact_usd(central), ""
    if low is not None and high is not None:
        return f"{compact_usd(low)} to {compact_usd(high)}", ""
    if low is not None:
        return f"at least {compact_usd(low)}", ""
    if high is not None:
        return f"at most {compact_usd(high)}", ""
    return "not in the data", ""


def _decades(values: Sequence[float]) -> tuple[float, float]:
    """Whole powers of ten around the values, with room for an arrow at both ends."""
    if not values:
        return 1e3, 1e9
    low, high = math.floor(math.log10(min(values)) - 0.15), math.ceil(math.log10(max(values)) + 0.15)
    return 10.0**low, 10.0 ** max(high, low + 2)


def _log_grid(chart: Chart, low: float, high: float) -> None:
    first, last = round(math.log10(low)), round(math.log10(high))
    stride = max(1, math.ceil((last - first) / 8))
    powers = list(range(first, last + 1, stride))
    chart.grid([10.0**power for power in powers], [_tick(Decimal(10) ** power) for power in powers])


def _comparison_row(chart: Chart, index: int, row: IntervalRow, *, low: float, high: float) -> None:
    colour = OURS if row.ours else INK if row.comparable else SUBTLE
    words = INK if row.ours or row.comparable else MUTED
    if row.ours:
        chart.axes.axhspan(index - 0.46, index + 0.46, color=OURS, alpha=0.07, linewidth=0)
    chart.text(16, index, row.label, length=50, dy=-2, color=words, fontweight="bold" if row.ours else "normal")
    if row.note:
        chart.text(16, index, row.note, length=58, dy=12, color=MUTED, fontsize=10)
    main, extra = _range_text(row)
    chart.text(chart.width - 140, index, main, dy=-2 if extra else 4, color=words, fontweight="bold")
    if extra:
        chart.text(chart.width - 140, index, extra, dy=12, color=MUTED, fontsize=10)
    start, middle, end = (None if value is None else float(value) for value in _span(row))
    if start is not None or end is not None:
        left = max(low, start if start is not None else low)
        right = end if end is not None else high
        if right > 0:
            chart.axes.plot([left, right], [index, index], color=colour, linewidth=5, alpha=0.45, solid_capstyle="butt")
            for x, known, mark in ((left, start, "<"), (right, end, ">")):
                shape = "|" if known else mark
                chart.axes.plot([x], [index], marker=shape, color=colour, markersize=9, markeredgewidth=1.6)
    if middle:
        face = colour if row.comparable or row.ours else PAPER
        size = 10 if row.ours else 8
        chart.axes.plot([middle], [index], marker="D" if row.ours else "o", color=colour, markersize=size, mfc=face)


def ladder_chart(rows: Iterable[LadderRow], *, title: str = "How much, by what is counted") -> str:
    """Draw the rungs E0 to E5 as bars with low and high whiskers.

    Parameters
    ----------
    rows : iterable of LadderRow
        In the order to be drawn.
    title : str
        Heading.

    Returns
    -------
    str
        One inline ``<svg>`` element. A rung without a figure says so; it is never drawn as zero.
    """
    rungs = list(rows)
    values = [float(value) for row in rungs for value in _span(row) if value is not None]
    told = "; ".join(f"{row.rung} {row.label or _RUNG_WORDS.get(row.rung, '')}: {_range_text(row)[0]}" for row in rungs)

    def draw(chart: Chart) -> None:
        chart.headline(title, "US dollars. Bars are central values, whiskers the range. Only E2 and E3 can be a loss.")
        axes = chart.area(top=TOP, bottom=chart.height - 34, rows=len(rungs))
        _linear_grid(chart, max(values, default=1.0))
        for index, row in enumerate(rungs):
            _ladder_row(chart, index, row)
        axes.axvline(0, color=SUBTLE, linewidth=1)

    if not rungs:
        return _nothing("ladder", title, "There is nothing to draw: the estimate has no rungs.")
    height = TOP + 42.0 * len(rungs) + 40
    return draw_chart("ladder", draw, title=title, description=told, width=WIDTH, height=height, left=300.0, right=150.0)


def _tick(usd: Decimal) -> str:
    """``$2.5M`` and ``$1M``: axis values are round, trailing zeros say nothing."""
    text = compact_usd(usd)
    number, unit = (text[:-1], text[-1]) if text[-1].isalpha() else (text, "")
    return (number.rstrip("0").rstrip(".") if "." in number else number) + unit


def _linear_grid(chart: Chart, largest: float) -> None:
    """From zero to a round value past the largest, in four to six round steps."""
    largest = largest if largest > 0 else 1.0
    rough = largest * 1.04 / 5
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough)
    count = math.ceil(largest * 1.02 / step)
    ticks = [step * k for k in range(count + 1)]
    chart.axes.set_xlim(0, max(largest * 1.03, ticks[-1]))
    chart.grid(ticks, [_tick(Decimal(repr(tick))) for tick in ticks])


def _ladder_row(chart: Chart, index: int, row: LadderRow) -> None:
    chart.text(16, index, row.rung, dy=4, fontweight="bold", fontsize=12)
    chart.text(46, index, row.label or _RUNG_WORDS.get(row.rung, ""), length=44, dy=4)
    main, extra = _range_text(row)
    low, central, high = (None if value is None else float(value) for value in _span(row))
    if low is None and central is None and high is None:
        text = f"not in the data: {row.reason}" if row.reason else "not in the data"
        chart.text(chart.left + 10, index, text, length=88, dy=4, color=MUTED, fontstyle="italic")
        return
    chart.text(chart.width - 140, index, main, dy=-2 if extra else 4, fontweight="bold")
    if extra:
        chart.text(chart.width - 140, index, extra, dy=12, color=MUTED, fontsize=10)
    if central is not None:
        hatch, edge = ("////", SUBTLE) if row.rung == "E5" else (None, "none")
        colour = RUNG_COLOURS.get(row.rung, SUBTLE)
        chart.axes.barh([index], [central], height=0.52, color=colour, hatch=hatch, edgecolor=edge)
    left = low if low is not None else central
    right = high if high is not None else central
    if left is not None and right is not None and left != right:
        chart.axes.plot([left, right], [index, index], color=INK, linewidth=1.6)
        chart.axes.plot([left, right], [index, index], color=INK, linestyle="none", marker="|", markersize=11, mew=1.6)


def destinations_chart(rows: Iterable[DestinationRow], *, title: str = "Where the traced money is") -> str:
    """Draw where the money is as a stacked bar, with every part named, in dollars and as a share.

    Parameters
    ----------
    rows : iterable of DestinationRow
        Rows with the same ``bar`` text are one bar; rows of one kind are added.
    title : str
        Heading.

    Returns
    -------
    str
        One inline ``<svg>`` element.
    """
    bars: dict[str, dict[str, list[Decimal | None]]] = {}
    for row in rows:
        bars.setdefault(row.bar, {}).setdefault(row.kind, []).append(row.usd)
    lists = [(name, [(kind, parts[kind]) for kind in DESTINATION_KINDS if kind in parts]) for name, parts in bars.items()]
    lines = sum(_bar_lines(name, parts) for name, parts in lists)
    told = "; ".join(
        " ".join([name, ", ".join(f"{_DESTINATION_WORDS[kind]} {_part_text(usd)}" for kind, usd in parts)]).strip()
        for name, parts in lists
    )

    def draw(chart: Chart) -> None:
        chart.headline(title, "Shares of what was traced; hatched parts are those that say the least.")
        axes = chart.area(top=TOP - 8, bottom=chart.height - 8, rows=lines)
        axes.set_xlim(0, 1)
        axes.set_xticks([])
        line = 0
        for name, parts in lists:
            _stacked_bar(chart, line, name, parts)
            line += _bar_lines(name, parts)

    if not lists:
        return _nothing("destinations", title, "There is nothing to draw: no money was traced.")
    height = TOP + 30.0 * lines + 4
    return draw_chart("destinations", draw, title=title, description=told, width=WIDTH, height=height)


Parts = Sequence[tuple[str, Sequence[Decimal | None]]]


def _bar_lines(name: str, parts: Parts) -> int:
    """Count a line for the name, one for the bar, and the parts in two columns."""
    return (1 if name else 0) + 1 + (len(parts) + 1) // 2


def _part_text(values: Sequence[Decimal | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "without price"
    return plain_usd(exact_sum(known)) + (" and a part without price" if len(known) < len(values) else "")


def _stacked_bar(chart: Chart, line: int, name: str, parts: Parts) -> None:
    if name:
        chart.text(16, line, name, dy=8, fontweight="bold")
        line += 1
    sums = [(kind, exact_sum(values)) for kind, values in parts]
    total = exact_sum(value for _, value in sums)
    start = 0.0
    for kind, value in sums:
        share = float(value / total) if total else 0.0
        if share > 0:
            bar = chart.axes.barh([line], [share], left=[start], height=0.8, color=_destination_colour(kind))
            bar[0].set(hatch=_HATCHES.get(kind), edgecolor=PAPER, linewidth=1.2)
        start += share
    for index, (kind, values) in enumerate(parts):
        row, column = line + 1 + index // 2, index % 2
        x = 16 + column * (chart.width - 32) / 2
        value = exact_sum(values)
        share_text = _share_text(value, total) if any(v is not None for v in values) else ""
        chart.axes.plot(
            [x + 6],
            [row],
            transform=chart.row_wise,
            marker="s",
            color=_destination_colour(kind),
            markersize=11,
            clip_on=False,
            linestyle="none",
        )
        chart.text(x + 20, row, _DESTINATION_WORDS[kind], dy=4)
        chart.text(x + 300, row, _part_text(values), dy=4, ha="right", fontweight="bold")
        chart.text(x + 356, row, share_text, dy=4, ha="right", color=MUTED)


def _share_text(value: Decimal, total: Decimal) -> str:
    if not total:
        return ""
    share = float(value / total) * 100
    return "<0.1%" if 0 < share < 0.05 else f"{share:.1f}%"


def _destination_colour(kind: str) -> str:
    return {"frontier": "#cbd2d9", "pruned": "#e4e7eb", "fees": INK}.get(kind, KIND_COLOURS.get(kind, SUBTLE))


def policy_chart(rows: Iterable[PolicyRow], *, title: str = "Does the way of following mixed money matter?") -> str:
    """Draw one dot per policy and the band from the least to the most of those that conserve money.

    Parameters
    ----------
    rows : iterable of PolicyRow
        In the order to be drawn.
    title : str
        Heading.

    Returns
    -------
    str
        One inline ``<svg>`` element. The axis starts at zero, so a small difference looks small.
    """
    policies = list(rows)
    inside = [row.usd for row in policies if row.conserving and row.usd is not None]
    told = "; ".join(f"{row.policy}: {'unknown' if row.usd is None else plain_usd(row.usd)}" for row in policies)
    band = (
        f"Between {compact_usd(min(inside))} and {compact_usd(max(inside))} over the policies that conserve money."
        if inside
        else "No policy that conserves money was run."
    )

    def draw(chart: Chart) -> None:
        chart.headline(title, band)
        axes = chart.area(top=TOP, bottom=chart.height - 34, rows=len(policies))
        _linear_grid(chart, max((float(row.usd) for row in policies if row.usd is not None), default=1.0))
        if inside:
            axes.axvspan(float(min(inside)), float(max(inside)), color=OURS, alpha=0.14, linewidth=0)
        for index, row in enumerate(policies):
            _policy_row(chart, index, row)

    if not policies:
        return _nothing("policies", title, "There is nothing to draw: no policy was run.")
    height = TOP + 30.0 * len(policies) + 40
    return draw_chart("policies", draw, title=title, description=told, width=WIDTH, height=height, left=300.0, right=150.0)


def _policy_row(chart: Chart, index: int, row: PolicyRow) -> None:
    note = "shown in this report" if row.default else "" if row.conserving else "counts money twice, never a total"
    chart.text(16, index, row.policy, length=20, dy=4, fontweight="bold" if row.default else "normal")
    chart.text(118, index, note, dy=4, color=MUTED, fontsize=10)
    if row.usd is None:
        chart.text(chart.left + 10, index, "not run", dy=4, color=MUTED, fontstyle="italic")
        return
    colour = OURS if row.conserving else SUBTLE
    face = colour if row.conserving else PAPER
    mark = "D" if row.default else "o"
    chart.axes.plot([float(row.usd)], [index], marker=mark, markersize=9, color=colour, mfc=face, mew=1.6, clip_on=False)
    chart.text(chart.width - 140, index, plain_usd(row.usd), dy=4, color=INK if row.conserving else MUTED)


def _nothing(name: str, title: str, text: str) -> str:
    def draw(chart: Chart) -> None:
        chart.axes.set_axis_off()
        chart.headline(title, text)

    return draw_chart(name, draw, title=title, description=text, width=WIDTH, height=72.0)
