"""Text and figures as they are printed in pictures."""

from __future__ import annotations

from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.figures.svg_text import (
    clean,
    compact_usd,
    cut,
    escape,
    plain_usd,
    short_address,
    sums_that_add_up,
    text_width,
    wrap,
)


@given(st.text())
def test_any_text_becomes_well_formed_and_reads_back_as_cleaned(text):
    assert (ET.fromstring(f"<a>{escape(text)}</a>").text or "") == clean(text)
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb\u2066c\u200fd", "abcd"),
        ("a\x00\x1b[31mb", "a[31mb"),
        (" a \n\t b\u2028c ", "a b c"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("e" + "\u0301" * 40, "e\u0301\u0301"),
        ("\ud800x\ufffe", "x"),
        ("Žluťoučký 漢字 עברית", "Žluťoučký 漢字 עברית"),
    ],
)
def test_controls_and_direction_marks_go_and_letters_stay(text, shown):
    assert clean(text) == shown


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        ("0", "$0"),
        ("0.2", "<$1"),
        ("0.5", "$1"),
        ("347.55", "$348"),
        ("999.4", "$999"),
        ("999.6", "$1.00k"),
        ("1234", "$1.23k"),
        ("41234", "$41.2k"),
        ("412345", "$412k"),
        ("999999", "$1.00M"),
        ("8533035.2", "$8.53M"),
        ("7800000000", "$7.80B"),
        ("75e9", "$75.0B"),
        ("12345e12", "$12,300T"),
    ],
)
def test_compact_dollars_keep_three_digits(usd, shown):
    assert compact_usd(Decimal(usd)) == shown


@given(st.decimals(0, 10**15, places=6))
def test_compact_dollars_are_within_half_a_percent(usd):
    text = compact_usd(usd)
    if text != "<$1":
        factor = {"k": 3, "M": 6, "B": 9, "T": 12}.get(text[-1], 0)
        value = Decimal(text.strip("$kMBT").replace(",", "")).scaleb(factor)
        assert abs(value - usd) <= max(Decimal("0.5"), usd * Decimal("0.005"))


@given(st.lists(st.decimals(0, 10**9, places=6), min_size=1, max_size=4))
def test_printed_parts_add_up_to_the_printed_total(parts):
    *shown, whole = sums_that_add_up(tuple(parts), sum(parts, Decimal(0)))
    numbers = [Decimal(text.removesuffix(" USD").replace(",", "")) for text in (*shown, whole)]
    assert sum(numbers[:-1], Decimal(0)) == numbers[-1]


def test_plain_dollars_round_half_up_with_separators():
    assert plain_usd(Decimal("1234567.5")) == "1,234,568 USD"
    assert plain_usd(Decimal("0.125"), 2) == "0.13 USD"


def test_labels_are_cut_and_addresses_shortened():
    assert cut("x" * 22) == "x" * 22
    assert cut("x" * 23) == "x" * 21 + "…"
    assert short_address("0x8b3cb6bf982798fba233bca56749e22eec42dcf3") == "0x8b3c…dcf3"
    assert short_address("eip155:1:0x8b3cb6bf982798fba233bca56749e22eec42dcf3") == "0x8b3c…dcf3"
    assert short_address("binance") == "binance"


@given(st.text(max_size=300))
def test_wrapped_lines_fit_and_lose_no_word_that_fits(text):
    lines = wrap(text, 10, 200)
    assert all(text_width(line, 10) <= 200 for line in lines if all(ord(char) < 0x1100 for char in line))
    if all(len(word) < 30 for word in clean(text).split(" ")):
        assert " ".join(lines) == clean(text)
