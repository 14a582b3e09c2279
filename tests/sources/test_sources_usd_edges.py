"""``usd_edges``: exact micro-dollars, one listing over all files, the row number as order."""

from __future__ import annotations

import csv
from fractions import Fraction

import pytest

HEADER = "Timestamp,Block,Tx_hash,From,From_label,To,To_label,Value_in_USD"
A, B, C = "0x" + "a" * 40, "0x" + "b" * 40, "0x" + "c" * 40


def edge(value, sender=A, receiver=B):
    return f"2024-08-02 00:24:23,20437258,0x{'d' * 64},{sender},Label,{receiver},,{value}"


@pytest.mark.parametrize(("case", "rows"), [("lifi-2024", 135), ("xscam-2022", 1307)])
def test_real_cases_equal_an_independent_recount(case, rows, shared_data, read):
    path = shared_data / "cases" / case / "edges.csv"
    batch = read(path, format="usd_edges", chain="ethereum")
    with path.open(encoding="utf-8", newline="") as handle:
        expected = []
        for cells in csv.DictReader(handle):
            micro = Fraction(cells["Value_in_USD"]) * 10**6
            expected.append((cells["Tx_hash"], cells["From"], cells["To"], int(micro + Fraction(1, 2))))
    got = [(row[1], row[9], row[10], row[14]) for row in batch.rows["transfers"]]
    assert got == expected
    assert len(got) == rows
    assert not batch.rejects


def test_half_a_micro_dollar_is_rounded_up(write, read, rows_of):
    batch = read(write("e.csv", HEADER, edge("0.0000005"), edge("0.00000049"), edge("1e-6")), format="usd_edges", chain="eth")
    assert [row["amount"] for row in rows_of(batch)] == [1, 0, 1]


def test_rows_are_of_the_pseudo_asset_and_carry_no_position(write, read, rows_of):
    (row,) = rows_of(read(write("e.csv", HEADER, edge("1")), format="usd_edges", chain="eip155:1"))
    assert (row["chain"], row["kind"], row["contract"], row["symbol"], row["decimals"]) == (
        "ethereum",
        "token",
        "usd",
        "USD",
        6,
    )
    assert row["tx_index"] is row["log_index"] is row["trace_path"] is None
    assert row["time"].isoformat() == "2024-08-02T00:24:23+00:00"


def test_row_numbers_run_over_all_files_of_one_listing(write, read, rows_of):
    first = write("a.csv", HEADER, edge("1"), edge("x"), edge("2"))
    second = write("b.csv", HEADER, edge("3"))
    batch = read(first, second, format="usd_edges", chain="ethereum")
    assert [(r["amount"], r["input_row"], r["listing"]) for r in rows_of(batch)] == [
        (1_000_000, 1, 0), (2_000_000, 3, 0), (3_000_000, 4, 0)
    ]  # fmt: skip


def test_chunks_of_any_size_hold_the_same_rows(write, read):
    path = write("e.csv", HEADER, *[edge(str(n)) for n in range(10)])
    whole = read(path, format="usd_edges", chain="ethereum")
    for size in (1, 3, 10, 11):
        assert read(path, format="usd_edges", chain="ethereum", chunk_rows=size).rows == whole.rows


@pytest.mark.parametrize("value", ["-1", "", "NaN", "inf", "1e40", "0x1", "one", "1.000.000"])
def test_values_that_are_no_dollars_are_rejected(value, write, read):
    batch = read(write("e.csv", HEADER, edge(value)), format="usd_edges", chain="ethereum")
    assert "transfers" not in batch.rows
    assert batch.rejects[0].reason.startswith("Value_in_USD")


def test_bad_checksums_and_addresses_of_other_chains_are_rejected_with_the_column(write, read):
    wrong_case = "0xdAC17F958D2ee523a2206206994597C13D831ec8"
    tron = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
    path = write("e.csv", HEADER, edge("1", sender=wrong_case), edge("1", receiver=tron), edge("1", sender=""))
    reasons = [reject.reason for reject in read(path, format="usd_edges", chain="ethereum").rejects]
    assert [reason.split(":")[0] for reason in reasons] == ["From", "To", "From"]
    assert "tron" in reasons[1]
