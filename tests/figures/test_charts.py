"""The charts: the same bytes every time, fit to stand inside a page, and honest about what is not known."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptotrace.errors import InputError
from cryptotrace.figures import (
    DESTINATION_KINDS,
    DestinationRow,
    IntervalRow,
    LadderRow,
    PolicyRow,
    comparison_chart,
    destinations_chart,
    ladder_chart,
    policy_chart,
)

SVG = "{http://www.w3.org/2000/svg}"


def dec(value):
    return None if value is None else Decimal(value)


def interval(label, low, central, high, *, note="", comparable=True, ours=False):
    return IntervalRow(
        label=label, low=dec(low), central=dec(central), high=dec(high), note=note, comparable=comparable, ours=ours
    )


def rung(name, low, central, high, reason="", label=""):
    return LadderRow(rung=name, label=label, low=dec(low), central=dec(central), high=dec(high), reason=reason)


def policy(name, usd, *, conserving=True, default=False):
    return PolicyRow(policy=name, usd=dec(usd), conserving=conserving, default=default)


def part(kind, usd, bar=""):
    return DestinationRow(kind=kind, usd=dec(usd), bar=bar)


def texts(svg):
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


def samples():
    return {
        "comparison": comparison_chart(
            [
                interval("UN, 2021", None, "7.8e9", None),
                interval("this case", "3.9e6", "4.4e6", "5.2e6", ours=True),
                interval("FBI, 2021", "1e9", None, None, note="victims' reports", comparable=False),
            ]
        ),
        "ladder": ladder_chart([rung("E0", 1, 2, 3), rung("E3", None, None, None, "no payments")]),
        "destinations": destinations_chart([part(kind, 10 + n) for n, kind in enumerate(DESTINATION_KINDS)]),
        "policies": policy_chart([policy("haircut", 5, default=True), policy("poison", 9, conserving=False)]),
        "empty": comparison_chart([]),
    }


@pytest.mark.parametrize("name", ["comparison", "ladder", "destinations", "policies", "empty"])
def test_a_chart_can_stand_in_a_page_beside_others(name):
    svg = samples()[name]
    root = ET.fromstring(svg)
    assert svg.startswith("<svg ")
    assert root.attrib["role"] == "img"
    assert root[0].tag == f"{SVG}title"
    assert root[1].tag == f"{SVG}desc"
    assert all(element.text for element in root[:2])
    assert not re.search(r"<style|\sstyle=|<script|<metadata|DOCTYPE|<\?xml|http://(?!www\.w3\.org/2000/svg)", svg)
    assert {element.tag for element in root.iter()} <= {
        SVG + tag for tag in ("svg", "title", "desc", "g", "path", "text", "use", "defs", "clipPath", "rect", "pattern")
    }
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    targets = re.findall(r"url\(#([^)]+)\)", svg) + re.findall(r'href="#([^"]+)"', svg)
    assert set(targets) <= set(ids)
    assert set(root.attrib["aria-labelledby"].split()) <= set(ids)


def test_ids_of_charts_on_one_page_do_not_clash():
    charts = [*samples().values(), ladder_chart([rung("E0", 1, 2, 4)]), ladder_chart([rung("E0", 1, 2, 5)])]
    ids = [name for svg in charts for name in re.findall(r'\bid="([^"]+)"', svg)]
    assert ids
    assert len(ids) == len(set(ids))


def test_charts_are_the_same_twice():
    assert samples() == samples()


def test_charts_are_the_same_in_two_processes():
    code = (
        "import sys; sys.path.insert(0, 'tests/figures'); from test_charts import samples; import hashlib;"
        "print(hashlib.sha256(repr(samples()).encode()).hexdigest())"
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


def test_importing_and_drawing_leaves_matplotlib_of_the_reader_alone():
    code = (
        "import sys, cryptotrace.figures as f; assert 'matplotlib' not in sys.modules;"
        "import matplotlib as m; look = lambda: {k: m.rcParams[k] for k in m.rcParams if k != 'backend'};"
        "before = look(); f.policy_chart([]); assert look() == before; assert 'matplotlib.pyplot' not in sys.modules"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_ours_is_on_top_then_comparable_rows_then_the_others():
    svg = samples()["comparison"]
    found = [text for text in texts(svg) if text in {"this case", "UN, 2021", "FBI, 2021"}]
    assert found == ["this case", "UN, 2021", "FBI, 2021"]


def test_a_row_that_cannot_be_compared_is_grey_and_says_why():
    svg = comparison_chart([interval("FBI", 1, 2, 3, note="not comparable: reports", comparable=False)])
    root = ET.fromstring(svg)
    label = next(element for element in root.iter(f"{SVG}text") if element.text == "FBI")
    assert label.attrib["fill"] == "#52606d"
    assert "not comparable: reports" in texts(svg)
    assert "#0072b2" not in svg


def test_open_ranges_and_missing_figures_are_said_not_drawn_as_zero():
    svg = comparison_chart(
        [
            interval("a", "75e9", None, None),
            interval("b", None, None, "3e6"),
            interval("c", None, None, None),
            interval("d", 0, 0, 0),
            interval("e", "1e6", None, "2e6"),
        ]
    )
    expected = {"at least $75.0B", "at most $3.00M", "not in the data", "$0", "$1.00M to $2.00M"}
    assert expected <= set(texts(svg))


def test_a_rung_without_a_figure_gives_its_reason():
    svg = ladder_chart([rung("E2", None, None, None, "victims' payments are not in the data"), rung("E4", 1, 2, 3)])
    assert "not in the data: victims' payments are not in the data" in texts(svg)
    assert "plausible" not in svg
    assert "outside, minus what went back" in texts(svg)


def test_rungs_without_any_figure_can_be_drawn():
    assert texts(ladder_chart([rung("E0", None, None, None)])).count("not in the data") == 1


def test_destinations_print_amount_and_share_and_add_rows_of_one_kind():
    found = texts(destinations_chart([part("exchange", 30), part("exchange", 45), part("mixer", 25), part("fees", 0)]))
    assert {"75 USD", "75.0%", "25 USD", "25.0%", "0 USD", "0.0%"} <= set(found)


def test_a_destination_without_price_is_named_and_has_no_share():
    found = texts(
        destinations_chart([part("exchange", 30), part("resting", None), part("frontier", 9), part("frontier", None)])
    )
    assert "without price" in found
    assert "9 USD and a part without price" in found
    assert len([text for text in found if text.endswith("%")]) == 2


def test_each_bar_has_its_own_shares():
    found = texts(destinations_chart([part("exchange", 1, "TRON"), part("mixer", 3, "Ethereum"), part("fees", 1, "Ethereum")]))
    assert {"TRON", "Ethereum", "100.0%", "75.0%", "25.0%"} <= set(found)


def test_poison_never_enters_the_range_of_the_policies():
    svg = policy_chart([policy("haircut", 5_000_000), policy("fifo", 4_000_000), policy("poison", 9_000_000, conserving=False)])
    assert "Between $4.00M and $5.00M over the policies that conserve money." in texts(svg)
    assert "counts money twice, never a total" in texts(svg)


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "\u202eevil", "nul\x00", "$a_{b}$ $", "漢字 ტექსტი", "\ud800", ""]
)
def test_hostile_text_stays_text_in_every_chart(text):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        charts = [
            comparison_chart([interval(text, 1, 2, 3, note=text)], title=text or "t"),
            ladder_chart([rung("E0", None, None, None, text, text)], title=text or "t"),
            destinations_chart([part("fees", 1, text)], title=text or "t"),
            policy_chart([policy(text, 1)], title=text or "t"),
        ]
    for svg in charts:
        ET.fromstring(svg)
        assert not set(svg) & {"\u202e", "\x00", "\ud800"}
        assert "<script" not in svg
        if text.startswith(("$", "<", "漢")):
            assert text in texts(svg)


amounts = st.none() | st.decimals(0, 10**14, places=6)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(amounts, min_size=3, max_size=3), min_size=1, max_size=6))
def test_any_amounts_can_be_drawn_and_parsed(triples):
    ordered = []
    for triple in triples:
        known = iter(sorted(value for value in triple if value is not None))
        ordered.append([None if value is None else next(known) for value in triple])
    for svg in (
        comparison_chart([interval("x", *triple) for triple in ordered]),
        ladder_chart([rung("E1", *triple) for triple in ordered]),
        policy_chart([policy("p", triple[0]) for triple in ordered]),
        destinations_chart([part("mixer", triple[0]) for triple in ordered]),
    ):
        root = ET.fromstring(svg)
        assert not re.search(r"\b(nan|inf)\b", svg)
        assert float(root.attrib["height"]) > 0


@pytest.mark.parametrize("values", [(2, 1, 3), (-1, 0, 1), ("NaN", None, None), (None, "1e99", None)])
def test_figures_that_cannot_be_are_refused(values):
    with pytest.raises(InputError):
        interval("x", *values)


def test_an_unknown_destination_is_refused():
    with pytest.raises(InputError, match="no destination"):
        part("moon", 1)
