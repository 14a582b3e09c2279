"""How numbers and times are printed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.reports.numbers import (
    at_least_percent,
    count,
    day,
    listed,
    moment,
    percent,
    priced_sum,
    printable,
    significant,
    times,
    units,
    usd,
    usd_range,
    words,
)


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        ("1234567.895", 2, "1,234,567.90 USD"),
        ("1234567.5", 0, "1,234,568 USD"),
        ("0", 2, "0.00 USD"),
        ("0.004", 2, "less than 0.01 USD"),
        ("0.4", 0, "less than 1 USD"),
        ("1e30", 0, "1,000,000,000,000,000,000,000,000,000,000 USD"),
    ],
)
def test_dollars_are_rounded_half_up_with_separators(value: str, places: int, text: str) -> None:
    assert usd(Decimal(value), places) == text


def test_unknown_dollars_are_unknown_and_not_zero() -> None:
    assert usd(None) == "unknown"
    assert usd_range(None, None, None) == "unknown"
    assert usd_range(None, Decimal(5), None) == "5 USD (range unknown)"


def test_a_range_comes_before_its_point() -> None:
    text = usd_range(Decimal(10), Decimal(20), Decimal(30), why="haircut")
    assert text == "between 10 and 30 USD (shown: 20, haircut)"
    assert usd_range(Decimal(7), Decimal(7), Decimal(7)) == "7 USD (low and high alike)"


@given(st.integers(min_value=0, max_value=10**38 - 1), st.integers(min_value=0, max_value=30))
def test_printed_units_read_back_to_the_same_base_units(amount: int, decimals: int) -> None:
    text = units(amount, decimals, "X").removesuffix(" X").replace(",", "")
    whole, _, rest = text.partition(".")
    assert int(whole + rest.ljust(decimals, "0")) == amount


def test_units_without_decimals_are_base_units() -> None:
    assert units(7_000, None, "XYZ") == "7,000 base units of XYZ"


@given(st.decimals(min_value="0.000001", max_value="1", places=9))
def test_at_least_is_never_more_than_the_ratio(ratio: Decimal) -> None:
    assert Decimal(at_least_percent(ratio).removesuffix("%")) <= ratio * 100


def test_shares_and_factors() -> None:
    assert at_least_percent(Decimal("0.0321987")) == "3.21%"
    assert at_least_percent(None) == "unknown"
    assert percent(Decimal(1), Decimal(3)) == "33.3%"
    assert percent(Decimal(1), Decimal(10**6)) == "under 0.1%"
    assert percent(Decimal(1), Decimal(0)) == "unknown"
    assert (times(Decimal("2.2938")), times(Decimal("0.00321")), times(None)) == ("2.29", "0.00321", "unknown")


@given(st.integers(min_value=1, max_value=10**38))
def test_significant_digits_keep_three_and_stay_whole(value: int) -> None:
    rounded = significant(value)
    assert isinstance(rounded, int)
    assert len(str(rounded).rstrip("0")) <= 3
    assert abs(rounded - value) * 200 <= value


def test_significant_keeps_decimals_plain() -> None:
    assert str(significant(Decimal("1234567.891"))) == "1230000"
    assert significant(Decimal("0.0012349")) == Decimal("0.00123")


def test_a_sum_says_what_it_lacks() -> None:
    assert priced_sum([Decimal(1), Decimal(2)]).text() == "3 USD"
    assert priced_sum([Decimal(1), None]).text() == "1 USD and 1 amount without a price"
    assert priced_sum([None, None]).text() == "unknown"
    assert priced_sum([]).text() == "0 USD"


def test_times_and_words() -> None:
    assert moment(datetime(2024, 3, 1, 9, 5, 7, tzinfo=UTC)) == "2024-03-01 09:05:07"
    assert moment(datetime(2024, 3, 1, tzinfo=UTC)) == day(datetime(2024, 3, 1, 3, tzinfo=UTC)) == "2024-03-01"
    assert (moment(None), day(None)) == ("unknown", "unknown")
    assert (count(1, "address", "addresses"), count(2000, "row")) == ("1 address", "2,000 rows")
    assert (listed(["a"]), listed(["a", "b", "c"]), listed([])) == ("a", "a, b and c", "")
    assert words("not_pulled") == "not pulled"


def test_printable_strips_what_could_mislead() -> None:
    assert printable("Bin\u202eecna\x00nce\u200b") == "Binecnance"
    assert len(printable("x" * 1000, 50)) == 50
