"""Cells: exact or refused, never rounded."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.errors import InputError
from cryptotrace.model import MAX_AMOUNT
from cryptotrace.sources.cells import amount, counter, decimal, exact_integer, hash_text, path, plain, scaled, truth, utc_time


@given(st.integers(min_value=0, max_value=2**256))
def test_every_whole_number_is_read_exactly_or_refused_by_size(number):
    assert exact_integer(str(number), "amount") == number
    if number <= MAX_AMOUNT:
        assert amount(str(number)) == amount(number) == amount(Decimal(number)) == number
    else:
        with pytest.raises(InputError, match="larger than"):
            amount(str(number))


@given(st.integers(min_value=0, max_value=10**38 - 1), st.integers(min_value=0, max_value=60))
def test_exponent_form_is_the_number_it_writes_or_is_refused(mantissa, shift):
    assert exact_integer(f"{mantissa}e{shift}", "value") == mantissa * 10**shift
    digits = str(mantissa)
    text = f"{digits[0]}.{digits[1:] or '0'}E+{shift}"
    exact = Fraction(mantissa, 10 ** (len(digits) - 1)) * 10**shift
    if exact.denominator == 1:
        assert exact_integer(text, "value") == exact
    else:
        with pytest.raises(InputError, match="not whole"):
            exact_integer(text, "value")


@given(st.integers(min_value=0, max_value=10**38 - 1), st.integers(min_value=0, max_value=30))
def test_coins_become_base_units_exactly_with_any_decimals(units, decimals):
    whole, rest = divmod(units, 10**decimals)
    text = f"{whole:,}.{rest:0{decimals}d}" if decimals else f"{whole:,}"
    assert scaled(text, decimals, "value") == scaled(text.replace(",", ""), decimals, "value") == units


@pytest.mark.parametrize(
    ("text", "number"),
    [("199e17", 199 * 10**17), ("1.5e3", 1500), ("0", 0), ("007", 7), (" 12 ", 12), ("100e-2", 1), ("0e99", 0), ("5E+2", 500)],
)
def test_accepted_spellings(text, number):
    assert exact_integer(text, "value") == number


@pytest.mark.parametrize(
    "bad",
    ["", "-1", "-0.5", "1.5", "12.0", "1.55e1", "1e-1", "NaN", "Infinity", "-Infinity", "0x10", "1_000", "1,000", "٣", "½",
     "+5",
     "1e", "e5", "--1", "1e99999", "9" * 121, "1e200", 1.0, 1e20, float("nan"), None, True, [], {}, Decimal("1.5"),
     Decimal("NaN"), Decimal("Infinity"), -1, Decimal(-1), b"5"],
)  # fmt: skip
def test_what_is_no_whole_number_is_refused(bad):
    with pytest.raises(InputError, match=r"^value "):
        exact_integer(bad, "value")


@given(st.one_of(st.text(max_size=12), st.floats(), st.decimals(), st.binary(max_size=4), st.lists(st.integers(), max_size=2)))
def test_no_cell_makes_a_reader_fail_in_another_way(cell):
    readers = (amount, counter, decimal, truth, utc_time, hash_text, path)
    for reader in readers:
        with suppress(InputError):
            assert not isinstance(reader(cell, "cell"), float)


def test_more_decimals_than_the_unit_has_are_refused_and_never_rounded():
    assert scaled("0.0000010", 6, "value") == 1
    with pytest.raises(InputError, match="more decimals"):
        scaled("0.0000015", 6, "value")


@pytest.mark.parametrize("bad", ["1,00", "1,0000", ",5", "1,000,00.5", "0x1", "1e", "", "-1", None, 1.5, Decimal("NaN")])
def test_decimals_that_are_not_plain_are_refused(bad):
    with pytest.raises(InputError, match=r"^value "):
        decimal(bad, "value")


@pytest.mark.parametrize(
    "cell",
    ["1677628800", 1677628800, "2023-03-01T00:00:00Z", "2023-03-01 00:00:00", "2023-03-01", "2023-03-01 00:00:00 UTC",
     "2023-03-01T01:00:00+01:00", datetime(2023, 3, 1, tzinfo=UTC).replace(tzinfo=None), datetime(2023, 3, 1, 2,
     tzinfo=timezone(timedelta(hours=2)))],
)  # fmt: skip
def test_times_are_aware_utc(cell):
    moment = utc_time(cell)
    assert moment == datetime(2023, 3, 1, tzinfo=UTC)
    assert moment.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "bad",
    ["", "soon", "0", "1677628800000", "20230301", "2023-02-30", "1990-01-01", "9999-12-31T23:59:59-12:00", "0001-01-01",
     -5, 1.5,
     None, "9" * 400, datetime.min.replace(tzinfo=UTC)],
)  # fmt: skip
def test_times_that_cannot_be_are_refused(bad):
    with pytest.raises(InputError, match=r"^time "):
        utc_time(bad)


def test_counters_read_hex_and_take_empty_for_unknown():
    assert [counter(cell, "block") for cell in ("0x", "0x10", "16", 16, "", None)] == [0, 16, 16, 16, None, None]
    with pytest.raises(InputError, match="larger than 255"):
        counter("256", "decimals", 255)


def test_hashes_are_lower_case_and_other_names_stay():
    assert hash_text("0x" + "AB" * 32) == "0x" + "ab" * 32
    assert hash_text("GENESIS_ddBD") == "GENESIS_ddBD"
    for bad in ("", " ", None, "a" * 129, "tx\n1", "t\u202ex", 5):
        with pytest.raises(InputError, match="tx_hash"):
            hash_text(bad)


def test_paths_are_numbers_joined_by_one_sign():
    assert [path(cell) for cell in ("0_1", "0,1", "[0, 1]", [0, 1], "7", "", None, [])] == ["0_1"] * 4 + ["7", None, None, None]
    for bad in ("a", "0__1", "_0", "0_", "-1", [0, "x"]):
        with pytest.raises(InputError, match="trace_path"):
            path(bad)


def test_text_from_outside_stays_but_can_be_stored():
    assert plain("U\u0405D\u0422") == "U\u0405D\u0422"
    assert plain("a\ud800b\0") == "a\\ud800b\\x00"
    assert plain(None) is None
