"""Loading, selecting and reading reported totals."""

from __future__ import annotations

import dataclasses
import os
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.errors import InputError, InputFileError, RegistryError
from cryptotrace.registry import Period, parse_period, reported_totals
from cryptotrace.registry.vocabulary import CONCEPT_WORDS

OHCHR = "ohchr_2023_world_scam_revenue_2021"


@pytest.fixture(scope="module")
def whole():
    return reported_totals(include_superseded=True)


def test_the_whole_registry_loads_with_typed_values(whole):
    assert len(whole) == 239
    record = whole[OHCHR]
    assert record.central_usd == Decimal(7_800_000_000)
    assert record.low_usd is None
    assert record.published == date(2023, 8, 29)
    assert record.original_amount == (Decimal(7_800_000_000),)
    assert record.same_money_as == ("chainalysis_2022a_scams_2021",)
    assert record.annual_rate is False
    assert record.verified is True
    assert record.period == Period(start=date(2021, 1, 1), stop=date(2022, 1, 1))
    assert whole["unodc_2024_esea_losses"].original_amount == (Decimal(18_000_000_000), Decimal(37_000_000_000))


def test_no_amount_anywhere_is_a_float(whole):
    for record in whole:
        for one in dataclasses.fields(record):
            value = getattr(record, one.name)
            assert not isinstance(value, float)
            assert not (isinstance(value, tuple) and any(isinstance(part, float) for part in value))


def test_every_relation_of_every_record_resolves(whole):
    ends = 0
    for record in whole:
        relations = (record.supersedes, record.superseded_by, record.subset_of, record.same_money_as)
        for other in (*(one for relation in relations for one in relation), *record.not_independent_of):
            assert whole.record(other).id == other
            ends += 1
    assert ends > 100


def test_superseded_editions_are_left_out_unless_asked_for(whole):
    chosen = reported_totals()
    assert {one.id for one in whole} - {one.id for one in chosen} == {one.id for one in whole if one.superseded_by}
    assert "chainalysis_2022a_scams_2021" not in chosen
    assert OHCHR in chosen, "a copy by another body stays, and is called stale by status_of"


def test_a_year_selects_what_lies_inside_and_what_reaches_over_new_year_or_is_a_stock():
    ids = {one.id for one in reported_totals(period="2021")}
    assert {OHCHR, "ic3_2021_crypto", "griffin_mei_2025_annual", "chainalysis_2021b_finiko"} <= ids
    assert "ic3_2022_crypto" not in ids
    assert "interpol_sm2_arrests" not in ids
    assert ids == {one.id for one in reported_totals(period="2021-01-01/2022-01-01")}


def test_a_quarter_selects_the_year_that_holds_it_but_not_the_quarter_beside_it():
    second_quarter = {one.id for one in reported_totals(period="2022-04-01/2022-07-01")}
    assert "ic3_2022_crypto" in second_quarter
    assert "ftc_2022Q1_crypto" not in second_quarter


days = st.dates(date(2000, 1, 1), date(2030, 12, 31))
spans = st.tuples(days, days).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: Period(start=min(pair), stop=max(pair)))


@given(asked=spans, other=spans, stock=st.booleans())
def test_a_record_answers_only_if_it_shares_a_day_and_inside_means_every_day(asked, other, stock):
    fit = asked.fit(other, stock=stock)
    shared = max(asked.start, other.start) < min(asked.stop, other.stop)
    assert (fit is not None) <= shared
    assert (fit == "inside") == (asked.start <= other.start and other.stop <= asked.stop)
    if stock and shared:
        assert fit is not None


def test_a_period_is_half_open_and_aware_utc():
    period = parse_period("2021")
    assert period.start_time == datetime(2021, 1, 1, tzinfo=UTC)
    assert period.stop_time == datetime(2022, 1, 1, tzinfo=UTC)
    assert period.last_day == date(2021, 12, 31)


@pytest.mark.parametrize(
    "text",
    [
        "21",
        "2021-13",
        "0000",
        "9999",
        "2021-01-01",
        "2021-02-30/2021-03-01",
        "2021-01-01/2021-01-01",
        "\uff12\uff10\uff12\uff11",
        "",
    ],
)
def test_a_period_that_is_none_is_refused_with_what_to_type(text):
    with pytest.raises(InputError, match="Give a year"):
        reported_totals(period=text)


def test_category_and_concept_narrow_and_unknown_words_are_refused_with_a_hint(whole):
    chosen = reported_totals(category="pig_butchering", flow_concept="exit_inflow")
    assert {one.id for one in chosen} == {"griffin_mei_2025_annual", "griffin_mei_2025_annual_range"}
    assert {one.category for one in whole.filter(category="all_fraud")} == {"all_fraud"}
    with pytest.raises(InputError, match="Did you mean romance_baiting"):
        reported_totals(category="romance_bating")
    with pytest.raises(InputError, match=r"Known: .*victim_loss_reported"):
        reported_totals(flow_concept="losses")


def test_filters_chain_commute_and_are_written_down(whole):
    one = whole.filter(period="2021").filter(publisher="chainalysis")
    other = whole.filter(publisher="chainalysis", period="2021")
    assert one.records == other.records
    assert one.provenance.filters == (("period", "2021-01-01/2022-01-01"), ("publisher", "chainalysis"))
    assert len(one.provenance.sha256) == 64
    assert one.provenance.records == 239


@given(concept=st.sampled_from(sorted(CONCEPT_WORDS)), year=st.integers(2012, 2027))
def test_a_selection_is_a_part_of_the_whole_in_the_same_order(concept, year):
    everything = reported_totals(include_superseded=True)
    chosen = everything.filter(period=str(year), flow_concept=concept)
    kept = set(chosen.records)
    assert list(chosen) == [one for one in everything if one in kept]
    assert all(one.flow_concept == concept for one in chosen)


def test_an_unknown_id_is_refused_and_one_outside_the_selection_is_called_so(whole):
    chosen = whole.filter(period="2021")
    with pytest.raises(RegistryError, match="not in this selection"):
        chosen["ic3_2024_total"]
    with pytest.raises(RegistryError, match="Did you mean ic3_2024_total"):
        chosen["ic3_2024_totl"]
    with pytest.raises(RegistryError, match="no such reported total"):
        chosen.status_of("nothing_like_it")


def test_a_registry_of_ones_own_is_read_and_a_change_shows(changed):
    path = changed("ic3_2024_total", central_usd="16600000001", original_amount="16600000001")
    assert reported_totals(path=path)["ic3_2024_total"].central_usd == Decimal(16_600_000_001)


def test_a_broken_registry_is_refused_by_record_and_rule(changed):
    path = changed("ic3_2024_total", rail="cash")
    with pytest.raises(RegistryError, match=r"ic3_2024_total: rail='cash' not allowed \[enums_are_known\]") as caught:
        reported_totals(path=path)
    assert caught.value.where == str(path)
    assert caught.value.exit_code == 5


def test_a_registry_from_the_future_is_refused(changed):
    with pytest.raises(RegistryError, match="published_by_today"):
        reported_totals(path=changed("ic3_2025_total", published="2999-01-01"))


def test_what_is_no_readable_file_is_refused(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    latin = tmp_path / "latin.csv"
    latin.write_bytes(b"id\n\xff\n")
    empty = tmp_path / "empty.csv"
    empty.touch()
    huge_cell = tmp_path / "huge.csv"
    huge_cell.write_text("id\n" + "x" * 200_000 + "\n")
    for path in (tmp_path / "missing.csv", tmp_path, pipe):
        with pytest.raises(InputFileError, match="no such regular file"):
            reported_totals(path=path)
    with pytest.raises(InputFileError, match="not UTF-8 at byte 3"):
        reported_totals(path=latin)
    with pytest.raises(InputFileError, match="not CSV"):
        reported_totals(path=huge_cell)
    with pytest.raises(RegistryError, match="no rows"):
        reported_totals(path=empty)


def test_the_frame_keeps_exact_amounts_and_days(whole):
    frame = whole.to_pandas()
    assert len(frame) == 239
    row = frame[frame["id"] == OHCHR].iloc[0]
    assert row["central_usd"] == Decimal(7_800_000_000)
    assert isinstance(row["central_usd"], Decimal)
    assert row["published"] == date(2023, 8, 29)
    assert row["same_money_as"] == ("chainalysis_2022a_scams_2021",)


def test_the_html_of_a_notebook_escapes_what_a_file_says(changed):
    path = changed("ic3_2024_total", caveat="<script>alert(1)</script>", scope='"><b>')
    shown = reported_totals(path=path).filter(publisher="IC3")._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_records_and_selections_cannot_be_changed(whole):
    with pytest.raises(dataclasses.FrozenInstanceError):
        whole[OHCHR].central_usd = Decimal(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        whole.records = ()
