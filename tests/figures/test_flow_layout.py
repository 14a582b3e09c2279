"""Where things stand in the flow picture."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from cryptotrace.figures.flow_layout import lay_out, line_width, node_radius
from cryptotrace.figures.flow_lines import Box, forward_curve, label_spot
from cryptotrace.figures.flow_rows import FlowEdge, FlowNode
from cryptotrace.figures.grouping import group_flows

TIME = datetime(2024, 1, 1, tzinfo=UTC)


def rows(pairs):
    return [FlowEdge(sender=a, receiver=b, usd=Decimal(usd), amount_text="", time=TIME, hop=hop) for a, b, usd, hop in pairs]


def place(edges, nodes=None):
    grouping = group_flows(edges, nodes or {})
    heights = {group.key: 40.0 for group in grouping.groups}
    return grouping, lay_out(grouping, width=1000, left=50, right=150, heights=heights)


steps = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 10**6), st.integers(1, 9))


@settings(max_examples=40, deadline=None)
@given(st.lists(steps, min_size=1, max_size=120))
def test_nothing_overlaps_in_a_column_and_all_is_inside(pairs):
    _, layout = place(rows([(f"a{a}", f"a{b}", usd, hop) for a, b, usd, hop in pairs]))
    columns = {}
    for x, y in layout.spots.values():
        columns.setdefault(x, []).append(y)
    for ys in columns.values():
        assert all(b - a >= 40 - 0.2 for a, b in pairwise(sorted(ys)))
        assert min(ys) >= 20 - 0.2
        assert max(ys) <= layout.height - 20 + 0.2


def test_columns_follow_the_steps_and_services_stand_last():
    nodes = {"s": FlowNode(kind="seed", label="", entity=None), "x": FlowNode(kind="mixer", label="", entity=None)}
    edges = rows([("s", "a", 5, 1), ("a", "b", 5, 2), ("s", "x", 1, 1), ("b", "x", 5, 3), ("b", "c", 1, 3)])
    _, layout = place(edges, nodes)
    assert [hop for hop, _ in layout.columns] == [0, 1, 2, 3, None]
    xs = [layout.spots[key][0] for key in ("at:s", "at:a", "at:b", "at:c", "in:mixer:x")]
    assert xs == sorted(set(xs))
    assert (xs[0], xs[-1]) == (50, 850)


def test_a_line_over_several_columns_has_a_waypoint_in_each_and_keeps_clear_of_nodes():
    nodes = {"s": FlowNode(kind="seed", label="", entity=None), "x": FlowNode(kind="mixer", label="", entity=None)}
    edges = rows([("s", "a", 5, 1), ("a", "b", 5, 2), ("a", "c", 2, 2), ("s", "x", 9, 1)])
    _, layout = place(edges, nodes)
    ways = layout.ways["at:s", "in:mixer:x"]
    assert [x for x, _ in ways] == [x for hop, x in layout.columns if hop in {1, 2}]
    for x, y in ways:
        assert all(abs(y - other) >= 20 for spot, other in layout.spots.values() if spot == x)


def test_two_lines_that_could_cross_do_not():
    edges = rows([("s", "a", 5, 1), ("s", "b", 5, 1), ("a", "y", 5, 2), ("b", "x", 5, 2)])
    _, layout = place(edges)
    spot = layout.spots
    assert (spot["at:a"][1] < spot["at:b"][1]) == (spot["at:y"][1] < spot["at:x"][1])


def test_widths_and_sizes_grow_with_the_square_root():
    grouping = group_flows(rows([("a", "b", 400, 1), ("a", "c", 100, 1)]), {})
    widths = {link.target: line_width(link, 400.0) for link in grouping.links}
    assert widths["at:b"] == 2 * widths["at:c"] == 15.0
    assert (node_radius(0, 9), node_radius(9, 9)) == (5.0, 12.0)


def test_an_amount_finds_a_free_place_or_none():
    curve = forward_curve((0, 0), (300, 0), 5, 5, 4, ways=[])
    middle = label_spot(curve, "$1.00M", 10, [])
    assert middle is not None
    moved = label_spot(curve, "$1.00M", 10, [middle])
    assert moved is not None
    assert moved.overlap(middle) == 0
    assert label_spot(curve, "$1.00M", 10, [Box(left=-99, top=-99, right=999, bottom=99)]) is None
