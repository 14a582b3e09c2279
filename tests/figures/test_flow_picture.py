"""The flow picture: sums are law, the page holds what a reader can take in, and text cannot break out."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections import deque
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptotrace.errors import InputError
from cryptotrace.figures import FLOW_KINDS, FlowEdge, FlowNode, FlowPicture, flow_picture
from cryptotrace.figures.grouping import group_flows

START = datetime(2024, 1, 1, tzinfo=UTC)
WIDE = Context(prec=400)


def edge(sender, receiver, usd, hop=1, minutes=0, amount="1 ETH"):
    value = None if usd is None else Decimal(usd)
    time = START + timedelta(minutes=minutes)
    return FlowEdge(sender=sender, receiver=receiver, usd=value, amount_text=amount, time=time, hop=hop)


def node(kind="hop", label="", entity=None, pinned=False):
    return FlowNode(kind=kind, label=label, entity=entity, pinned=pinned)


def total(edges):
    result = Decimal(0)
    for one in edges:
        if one.usd is not None:
            result = WIDE.add(result, one.usd)
    return result


def texts(picture):
    root = ET.fromstring(picture.svg)
    return ["".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")]


def group(picture, label):
    found = [row for row in picture.groups if row.label == label]
    assert len(found) == 1, [row.label for row in picture.groups]
    return found[0]


names = st.integers(0, 400).map(lambda n: f"0x{n:040x}")
values = st.none() | st.decimals(0, 10**12, places=6) | st.decimals(0, 1, places=18)
random_edges = st.builds(edge, names, names, values, st.integers(0, 14), st.integers(0, 10**6), st.text(max_size=8))
random_nodes = st.dictionaries(
    names,
    st.builds(node, st.sampled_from(FLOW_KINDS), st.text(max_size=30), st.none() | st.text(max_size=3), st.booleans()),
    max_size=300,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(random_edges, max_size=250), random_nodes)
def test_shown_and_folded_are_the_whole_table_on_any_graph(edges, nodes):
    picture = flow_picture(edges, nodes, title="any graph")
    assert WIDE.add(picture.shown_usd, picture.folded_usd) == total(edges)
    assert picture.unpriced == sum(one.usd is None for one in edges)
    assert total_in(picture) == total_out(picture) == picture.shown_usd
    assert {a for row in picture.groups for a in row.addresses} == {a for e in edges for a in (e.sender, e.receiver)}
    assert len(picture.groups) <= 85
    ET.fromstring(picture.svg)


def total_in(picture):
    return sum_known(row.in_usd for row in picture.groups)


def total_out(picture):
    return sum_known(row.out_usd for row in picture.groups)


def sum_known(values):
    result = Decimal(0)
    for value in values:
        if value is not None:
            result = WIDE.add(result, value)
    return result


@settings(max_examples=15, deadline=None)
@given(st.lists(random_edges, min_size=1, max_size=80), random_nodes, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_no_byte(edges, nodes, random):
    mixed, turned = list(edges), dict(reversed(nodes.items()))
    random.shuffle(mixed)
    assert flow_picture(edges, nodes, title="t") == flow_picture(mixed, turned, title="t")


def fan(count):
    edges = [edge("seed", f"hop{i:04d}", 1000 + i) for i in range(count)]
    edges += [edge(f"hop{i:04d}", f"x{i:04d}", 1000 + i, hop=2, minutes=9) for i in range(count)]
    nodes = {f"x{i:04d}": node("exchange", entity=f"Exchange {i:04d}") for i in range(count)} | {"seed": node("seed")}
    return edges, nodes


def test_a_fan_of_a_thousand_addresses_fits_a_page_and_keeps_the_largest():
    edges, nodes = fan(1000)
    picture = flow_picture(edges, nodes, title="fan")
    assert len(picture.groups) <= 85
    labels = {row.label for row in picture.groups}
    assert "Exchange 0999" in labels
    assert "Exchange 0000" not in labels
    rest = next(row for row in picture.groups if "more exchanges" in row.label)
    assert rest.label == f"{len(rest.addresses)} more exchanges"
    shown = [row for row in picture.groups if row.kind == "exchange" and row is not rest]
    assert len(shown) + len(rest.addresses) == 1000
    assert rest.in_usd == sum(Decimal(1000 + i) for i in range(1000 - len(shown)))


def test_more_seeds_than_rows_fold_too_and_the_largest_stay():
    edges = [edge(f"s{i:03d}", "hub", 1 + i) for i in range(300)]
    picture = flow_picture(edges, {f"s{i:03d}": node("seed") for i in range(300)}, title="seeds")
    assert len(picture.groups) <= 85
    rest = next(row for row in picture.groups if row.label.endswith("more seeds"))
    assert rest.label == f"{len(rest.addresses)} more seeds"
    assert "s000" in rest.addresses
    assert "s299" not in rest.addresses


def test_a_pinned_address_stays_when_larger_ones_fold():
    edges, nodes = fan(200)
    nodes["hop0000"] = node(label="pinned one", pinned=True)
    assert group(flow_picture(edges, nodes, title="pin"), "pinned one").addresses == ("hop0000",)
    nodes["hop0000"] = node(label="pinned one")
    assert "pinned one" not in {row.label for row in flow_picture(edges, nodes, title="no pin").groups}


def chain_of(count):
    stops = ["seed", *(f"c{i}" for i in range(count)), "end"]
    edges = [edge(a, b, 50, hop=i + 1, minutes=i) for i, (a, b) in enumerate(pairwise(stops))]
    return edges, {"seed": node("seed"), "end": node("exchange", entity="Kraken")}


def test_three_addresses_with_one_way_in_and_out_fold_into_a_chain():
    picture = flow_picture(*chain_of(3), title="chain")
    chain = group(picture, "chain of 3 hops")
    assert chain.addresses == ("c0", "c1", "c2")
    assert (chain.in_usd, chain.out_usd, chain.folded_usd) == (Decimal(50), Decimal(50), Decimal(100))
    assert (picture.shown_usd, picture.folded_usd) == (Decimal(100), Decimal(100))


@pytest.mark.parametrize("change", ["short", "pinned", "branch", "second payer"])
def test_what_is_no_chain_stays_unfolded(change):
    edges, nodes = chain_of(2 if change == "short" else 3)
    if change == "pinned":
        nodes["c1"] = node(pinned=True)
    elif change == "branch":
        edges.append(edge("c1", "elsewhere", 1, hop=3))
    elif change == "second payer":
        edges.append(edge("seed", "c1", 1))
    picture = flow_picture(edges, nodes, title="no chain")
    assert not [row for row in picture.groups if row.label.startswith("chain")]
    assert picture.folded_usd == 0


def test_a_ring_of_addresses_ends_and_balances():
    edges = [edge(f"r{i}", f"r{(i + 1) % 5}", 7, hop=i + 1) for i in range(5)]
    picture = flow_picture(edges, {}, title="ring")
    assert picture.shown_usd + picture.folded_usd == 35


def test_parallel_transfers_merge_into_one_line_with_count_and_sum():
    grouping = group_flows([edge("a", "b", "0.1", minutes=i) for i in range(10)], {"a": node("seed")})
    (link,) = grouping.links
    assert (link.usd, link.transfers) == (Decimal("1.0"), 10)
    assert link.last - link.first == timedelta(minutes=9)


def test_addresses_of_one_service_are_one_node_per_side():
    edges = [
        edge("w1", "seed", 10, hop=0),
        edge("w2", "seed", 20, hop=0),
        edge("seed", "d1", 12),
        edge("seed", "d2", 15),
        edge("d1", "d2", 3, hop=2),
    ]
    nodes = {name: node("exchange", label=name, entity="Binance") for name in ("w1", "w2", "d1", "d2")}
    nodes["seed"] = node("seed", label="scam wallet")
    picture = flow_picture(edges, nodes, title="sides")
    paying, paid = sorted((row for row in picture.groups if row.label == "Binance"), key=lambda r: r.hop is None)
    assert (paying.hop, paying.addresses, paying.out_usd) == (-1, ("w1", "w2"), Decimal(30))
    assert (paid.hop, paid.addresses, paid.in_usd, paid.folded_usd) == (None, ("d1", "d2"), Decimal(27), Decimal(3))
    assert {"paid in by", "seeds", "exchanges"} <= set(texts(picture))


def test_a_victim_with_a_refund_stands_before_the_seeds():
    edges = [edge("victim", "seed", 900, hop=0), edge("seed", "victim", 90, hop=1, minutes=5)]
    picture = flow_picture(edges, {"seed": node("seed")}, title="refund")
    assert group(picture, "victim").hop == -1
    assert "back to an earlier step" in texts(picture)
    assert 'stroke-dasharray="7 4"' in picture.svg


def test_a_flow_without_returns_has_no_dashed_line_and_no_word_about_it():
    picture = flow_picture(*chain_of(1), title="forward")
    assert "back to an earlier step" not in texts(picture)
    assert "stroke-dasharray" not in picture.svg


def test_lines_without_price_are_drawn_counted_and_never_summed_as_zero():
    picture = flow_picture(
        [edge("seed", "a", None), edge("a", "b", None, hop=2), edge("a", "b", 5, hop=2), edge("seed", "c", 40)],
        {"seed": node("seed"), "b": node("resting")},
        title="no price",
    )
    assert (picture.unpriced, picture.shown_usd) == (2, Decimal(45))
    assert group(picture, "a").in_usd is None
    assert group(picture, "b").in_usd == 5
    assert any("without price: 2 of 4 transfers" in text for text in texts(picture))
    assert 'stroke-dasharray="1 3"' in picture.svg


def test_a_picture_of_unpriced_rows_only_can_be_drawn():
    picture = flow_picture([edge("a", "b", None)], {"a": node("seed"), "b": node("exchange")}, title="none")
    assert picture.unpriced == 1
    assert texts(picture).count("no price") == 2


def test_no_rows_say_politely_that_there_is_nothing_to_draw():
    picture = flow_picture([], {}, title="Case 7")
    assert texts(picture) == ["Case 7", "There is nothing to draw: the table of flows has no rows."]
    assert (picture.groups, picture.shown_usd, picture.folded_usd) == ((), Decimal(0), Decimal(0))


def test_printed_sums_add_up_as_printed():
    picture = flow_picture([edge("a", "b", "0.6"), edge("a", "a", "0.6")], {}, title="rounding")
    (line,) = [text for text in texts(picture) if text.startswith("All lines")]
    assert "0.6 USD · folded inside groups: 0.6 USD · together: 1.2 USD" in line


HOSTILE = ["<script>alert(1)</script>", "\u202eevil\u202c", "nul\x00", '" onload="x', "]]>", "\ud800", "a\u0300" * 3]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_cannot_leave_its_place_in_the_picture(text):
    nodes = {text: node("seed", label=text), "b" + text: node("exchange", label=text, entity=text)}
    picture = flow_picture([edge(text, "b" + text, 5, amount=text)], nodes, title=text)
    root = ET.fromstring(picture.svg)
    tags = {element.tag.rsplit("}", 1)[-1] for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "g", "rect", "path", "polygon", "circle", "text"}
    assert not [key for element in root.iter() for key in element.attrib if key.startswith("on") or key == "style"]
    assert not set(picture.svg) & {"\u202e", "\u202c", "\x00", "\ud800"}
    picture.svg.encode()


def test_a_long_label_is_cut_with_its_full_text_in_the_title_of_the_node():
    label = "A very long exchange name that nobody can read"
    edges = [edge("s", "x", 5)]
    picture = flow_picture(edges, {"s": node("seed"), "x": node("exchange", entity=label)}, title="long")
    assert max(len(text) for text in texts(picture) if text.startswith("A very")) <= 22
    assert f"<title>{label} (exchange)" in picture.svg


def test_the_picture_needs_no_script_style_or_network_and_names_itself():
    picture = flow_picture(*fan(40), title="Case & co")
    root = ET.fromstring(picture.svg)
    assert root.attrib["role"] == "img"
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert root.attrib["aria-labelledby"].split() == ids
    assert len(set(ids)) == 2
    assert not any(word in picture.svg for word in ("<script", "<style", "style=", "href", "url("))
    assert {e.attrib["data-group"] for e in root.iter() if "data-group" in e.attrib} == {row.group_id for row in picture.groups}


def test_every_kind_and_form_has_a_mark_of_its_own():
    marks = set()
    for kind in FLOW_KINDS:
        picture = flow_picture([edge("s", "x", 5)], {"s": node("pool"), "x": node(kind)}, title="k")
        root = ET.fromstring(picture.svg)
        drawn = next(e for e in root.iter() if e.attrib.get("data-group") == group(picture, "x").group_id)[1]
        paint = {k: drawn.attrib.get(k) for k in ("fill", "stroke-dasharray", "rx")}
        marks.add((drawn.tag, len(drawn.attrib.get("points", "").split()), *sorted(map(str, paint.values()))))
    assert len(marks) == len(FLOW_KINDS)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"usd": Decimal(-1)}, "no value"),
        ({"usd": Decimal("NaN")}, "no value"),
        ({"usd": Decimal("1e100")}, "too many digits"),
        ({"time": datetime(2024, 1, 1)}, "no time zone"),  # noqa: DTZ001
        ({"hop": -1}, "negative"),
    ],
)
def test_bad_rows_are_refused_with_a_reason(change, says):
    good = {"sender": "a", "receiver": "b", "usd": None, "amount_text": "", "time": START, "hop": 1}
    with pytest.raises(InputError, match=says):
        FlowEdge(**(good | change))


def test_unknown_kinds_and_impossible_sizes_are_refused():
    with pytest.raises(InputError, match="no kind of node"):
        node("victim?")
    with pytest.raises(InputError, match="too narrow"):
        flow_picture([], {}, title="", width=100)
    with pytest.raises(InputError, match="too few"):
        flow_picture([], {}, title="", max_groups=2)


def test_two_processes_with_other_hash_seeds_write_the_same_bytes():
    code = (
        "import sys; sys.path.insert(0, 'tests/figures'); from test_flow_picture import fan;"
        "from cryptotrace.figures import flow_picture; import hashlib;"
        "print(hashlib.sha256(flow_picture(*fan(300), title='t').svg.encode()).hexdigest())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def real_case(folder):
    rows = list(csv.DictReader((folder / "edges.csv").read_text().splitlines()))
    sources = set((folder / "sources.txt").read_text().split())
    terminals = set((folder / "terminals.txt").read_text().split())
    payees: dict[str, list[str]] = {}
    for row in rows:
        payees.setdefault(row["From"], []).append(row["To"])
    steps = dict.fromkeys(sources, 0)
    queue = deque(sorted(sources))
    while queue:
        address = queue.popleft()
        for payee in payees.get(address, []) if address not in terminals else []:
            if payee not in steps:
                steps[payee] = steps[address] + 1
                queue.append(payee)
    nodes = {a: node("seed") for a in sources} | {a: node("exchange") for a in terminals}
    edges = [
        FlowEdge(
            sender=row["From"],
            receiver=row["To"],
            usd=Decimal(row["Value_in_USD"]),
            amount_text="",
            time=datetime.fromisoformat(row["Timestamp"]).replace(tzinfo=UTC),
            hop=steps.get(row["From"], 0) + 1,
        )
        for row in rows
    ]
    return edges, nodes


@pytest.mark.parametrize(("case", "addresses"), [("lifi-2024", 93), ("xscam-2022", 837)])
def test_real_cases_fit_a_page_and_lose_nothing(shared_data, case, addresses):
    edges, nodes = real_case(shared_data / "cases" / case)
    picture = flow_picture(edges, nodes, title=case)
    assert isinstance(picture, FlowPicture)
    assert len({address for row in picture.groups for address in row.addresses}) == addresses
    assert len(picture.groups) <= 85
    assert WIDE.add(picture.shown_usd, picture.folded_usd) == total(edges)
    assert len(picture.svg) < 250_000
