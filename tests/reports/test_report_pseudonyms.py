"""Who is masked in the public edition, under which name, and how rows are reduced."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from report_case import (
    DEPOSIT,
    EXCHANGE,
    HOP,
    SCAM_1,
    SILENT_VICTIM,
    VICTIM_A,
    VICTIM_B,
    Case,
    tx,
)

from cryptotrace.codecs import display_address
from cryptotrace.model import ResultTable
from cryptotrace.reports.pseudonyms import Pseudonyms, find_pseudonyms
from cryptotrace.reports.redaction import cleaned, redacted

NAMES = Pseudonyms(
    {("ethereum", VICTIM_A): "V-01"}, {("ethereum", tx(1)): "VT-001"}, {VICTIM_A[2:]: "V-01", tx(1)[2:]: "VT-001"}
)
EXACT = datetime(2024, 3, 1, 13, 14, 15, tzinfo=UTC)


def test_payers_are_numbered_in_the_order_of_their_first_payment(case: Case) -> None:
    found = find_pseudonyms(case.trace, seeds=case.seeds)
    assert found.account("ethereum", VICTIM_A) == "V-01"
    assert found.account("ethereum", VICTIM_B) == "V-02"
    assert found.account("ethereum", SILENT_VICTIM) == "V-03"
    assert found.victims == 3


def test_services_the_scam_and_hops_are_not_masked(case: Case) -> None:
    found = find_pseudonyms(case.trace, seeds=case.seeds)
    assert [found.account("ethereum", address) for address in (EXCHANGE, DEPOSIT, SCAM_1, HOP)] == [None] * 4


def test_every_transaction_of_a_masked_account_is_masked(case: Case) -> None:
    found = find_pseudonyms(case.trace, seeds=case.seeds)
    # A pays, A is paid back, B pays, A pays, B sends the odd token; in order of time
    assert [found.transaction("ethereum", tx(n)) for n in (1, 2, 3, 5, 50)] == [f"VT-00{n}" for n in (1, 2, 3, 4, 5)]
    assert found.transaction("ethereum", tx(4)) is None
    assert found.transaction("ethereum", tx(6)) is None


def test_a_text_is_masked_in_any_spelling() -> None:
    shown = display_address(VICTIM_A, "ethereum")
    for spelling in (VICTIM_A, shown, VICTIM_A[2:].upper(), f"eip155:1:{shown}"):
        masked = NAMES.text(f"see {spelling}.")
        assert "V-01" in masked
        assert VICTIM_A[2:] not in masked.lower()


def test_a_longer_text_that_holds_an_address_is_withheld_and_found_as_a_leak() -> None:
    topic = "0x" + "00" * 12 + VICTIM_A[2:]
    assert NAMES.text(topic) == "[withheld]"
    assert list(NAMES.leaks(topic)) == ["V-01"]
    assert list(NAMES.leaks(f"nothing here: {HOP}")) == []


def test_a_masked_row_keeps_three_digits_and_the_day() -> None:
    table = ResultTable(
        "flows",
        ("chain", "tx_hash", "position", "block", "time", "sender", "receiver", "amount", "tainted_usd", "hop"),
        (("ethereum", tx(1), "3", 17, EXACT, display_address(VICTIM_A, "ethereum"), HOP, 1_234_567, Decimal("9876.54"), 2),),
    )
    row = next(redacted(table, NAMES).dicts())
    assert row == {
        "chain": "ethereum", "tx_hash": "VT-001", "position": None, "block": None, "time": datetime(2024, 3, 1, tzinfo=UTC),
        "sender": "V-01", "receiver": HOP, "amount": 1_230_000, "tainted_usd": Decimal(9880), "hop": 2,
    }  # fmt: skip


def test_other_rows_stay_exact() -> None:
    row = ("ethereum", tx(9), "3", 17, EXACT, SCAM_1, HOP, 1_234_567)
    table = ResultTable("flows", ("chain", "tx_hash", "position", "block", "time", "sender", "receiver", "amount"), (row,))
    assert redacted(table, NAMES).rows == (row,)


def test_the_place_of_a_masked_row_gives_nothing_away() -> None:
    columns = ("chain", "tx_hash", "time", "sender")
    early, late = EXACT.replace(hour=1), EXACT.replace(hour=23)
    flows = ResultTable(
        "flows",
        columns,
        (("ethereum", tx(8), early, HOP), ("ethereum", tx(1), EXACT, VICTIM_A), ("ethereum", tx(9), late, HOP)),
    )
    assert [row[1] for row in redacted(flows, NAMES).rows] == ["VT-001", tx(8), tx(9)]
    by_address = ResultTable("resting", ("chain", "address"), (("ethereum", VICTIM_A), ("ethereum", HOP)))
    assert [row[1] for row in redacted(by_address, NAMES).rows] == [HOP, "V-01"]


def test_clusters_lose_the_second_of_their_payments_and_a_single_payers_sum() -> None:
    columns = ("cluster", "e3_usd", "first_payment", "payers")
    table = ResultTable("by_cluster", columns, (("c1", Decimal("1234.56"), EXACT, 1), ("c2", Decimal("1234.56"), EXACT, 2)))
    alone, several = redacted(table, NAMES).rows
    assert alone == ("c1", Decimal(1230), EXACT.replace(hour=0, minute=0, second=0), 1)
    assert several[1] == Decimal("1234.56")


def test_without_pseudonyms_a_table_is_untouched() -> None:
    table = ResultTable("flows", ("sender", "time"), ((VICTIM_A, EXACT),))
    assert redacted(table, Pseudonyms()) is table


def test_cleaning_strips_marks_and_joins_lists() -> None:
    table = ResultTable("t", ("a", "b", "c"), (("x\u202e\x00y", ("p\u202e", "q"), 5),))
    assert cleaned(table).rows == (("xy", "p q", 5),)
