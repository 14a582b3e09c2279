"""Proofs in a report: what fails stands first, bystanders are not named, and nothing asked is said as that."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from report_case import (
    HOP,
    SCAM_1,
    SCAM_2,
    START,
    USDT,
    VICTIM_A,
    VICTIMS,
    Case,
    make_case,
    tiny_batch,
    tiny_labels,
    tiny_seeds,
)

import cryptotrace as ct
from cryptotrace.reports import write_report
from cryptotrace.reports.tables import TABLE_NAMES
from cryptotrace.schema import Batch

BYSTANDER = "0x" + "77" * 20
NETS = {SCAM_1: 0, SCAM_2: 0, HOP: 0, VICTIM_A: 123_456_789, BYSTANDER: 987_654_321}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Write the report of a case whose balances were asked; each edition once."""
    batch: Batch = tiny_batch()
    for address, amount in NETS.items():
        batch.add("balances", ("ethereum", address, USDT, 999, "other", amount, 0, 0, None, None, None, START))
    case: Case = make_case(batch, tiny_seeds(), tiny_labels())
    folder = tmp_path_factory.mktemp("proofs")

    def write(edition: str) -> Path:
        path = folder / f"{edition}.html"
        write_report(path, *case.results, edition=edition, **case.extras)  # type: ignore[arg-type]
        return path

    return write


def proofs_of(page: Path) -> list[dict[str, str]]:
    with (page.parent / f"{page.stem}-tables" / "proofs.csv").open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def test_balances_that_do_not_add_up_stand_first_with_their_difference(written: Callable[[str], Path]) -> None:
    page = written("restricted")
    rows = proofs_of(page)
    assert "proofs" in TABLE_NAMES
    assert len(rows) == len(NETS)
    statuses = [row["status"] for row in rows]
    assert statuses == sorted(statuses, key=("partial", "unproven", "proven").index)
    assert {row["asset"] for row in rows} == {"USDT"}
    (bystander,) = (row for row in rows if row["address"].lower() == BYSTANDER)
    assert (bystander["reported"], bystander["ledger"], bystander["difference"]) == ("987654321", "0", "987654321")
    text = page.read_text(encoding="utf-8")
    assert "Balances were asked for 5 accounts" in text
    assert "of 5 balances" in text
    assert "rests on unproven accounts" in text
    assert 'id="proofs"' in text


def test_the_public_edition_names_no_bystander_and_no_victim_beside_a_balance(written: Callable[[str], Path]) -> None:
    page = written("public")
    rows = proofs_of(page)
    texts = page.read_text(encoding="utf-8") + (page.parent / "public-tables" / "proofs.csv").read_text(encoding="utf-8")
    for address in (BYSTANDER, *VICTIMS):
        assert address not in texts.lower()
    withheld = next(row for row in rows if row["address"] == "withheld")
    assert (withheld["reported"], withheld["ledger"], withheld["as_of"]) == ("", "", "")
    assert withheld["status"] != "proven"
    assert "123456789" not in texts
    assert any(row["reported"] == "123000000" for row in rows)  # a masked payer's balance keeps three digits
    assert any(row["address"].lower() == SCAM_1 for row in rows)


def test_where_nothing_was_asked_neither_nothing_nor_all_is_printed(case: Case, tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", *case.results, **case.extras)  # type: ignore[arg-type]
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Not checked against balances: whether a list that its explorer calls complete lacks rows is not known." in text
    assert text.count("Not checked against balances") > 1  # and beside each rung
    assert "unproven accounts" not in text
    ladder = (tmp_path / "report-tables" / "ladder.csv").read_text(encoding="utf-8").splitlines()
    assert all(line.endswith(",,") for line in ladder[1:])


def test_an_estimate_without_proofs_is_one_where_nothing_was_asked(case: Case) -> None:
    assert not replace(case.estimate).table("proofs").rows
    assert str(ct.proofs(case.store)) == "no balance was asked: nothing is proven"
