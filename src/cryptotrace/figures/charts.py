"""The charts of a report: compared totals, the ladder, where the money is, and what the method changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
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
