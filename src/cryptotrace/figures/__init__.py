"""Drawing: rows in, SVG text out. Pure, deterministic, without script; every result can plot itself.

Nothing here is imported before it is used, and matplotlib only inside the function that draws a chart.
"""

from __future__ import annotations

from cryptotrace.figures.chart_rows import DESTINATION_KINDS, DestinationRow, IntervalRow, LadderRow, PolicyRow
from cryptotrace.figures.charts import comparison_chart, destinations_chart, ladder_chart, policy_chart
from cryptotrace.figures.flow_rows import FLOW_KINDS, FlowEdge, FlowNode, FlowPicture, GroupRow
from cryptotrace.figures.flow_svg import flow_picture

__all__ = [
    "DESTINATION_KINDS",
    "FLOW_KINDS",
    "DestinationRow",
    "FlowEdge",
    "FlowNode",
    "FlowPicture",
    "GroupRow",
    "IntervalRow",
    "LadderRow",
    "PolicyRow",
    "comparison_chart",
    "destinations_chart",
    "flow_picture",
    "ladder_chart",
    "policy_chart",
]
