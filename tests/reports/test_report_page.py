"""The written report: its files, its safety, its words, its public edition."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from report_case import (
    EXCHANGE,
    FORMULA,
    HOSTILE,
    PAYMENTS,
    REVERSED,
    SCAM_1,
    SILENT_VICTIM,
    VICTIM_A,
    VICTIM_B,
    VICTIMS,
    Case,
    tx,
    written,
)

from cryptotrace.codecs import display_address
from cryptotrace.errors import InputError, VerificationError
from cryptotrace.reports import write_report
from cryptotrace.reports.pseudonyms import Pseudonyms
from cryptotrace.reports.tables import TABLE_NAMES

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Reader(HTMLParser):
    """Collects tags and attributes, and checks that tags close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


@pytest.fixture(scope="session")
def public(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("public") / "report.html"
    write_report(path, *case.results, **case.extras, title=HOSTILE, case_id=REVERSED)
    return path


@pytest.fixture(scope="session")
def restricted(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("restricted") / "report.html"
    write_report(path, *case.results, **case.extras, edition="restricted", title="Tiny")
    return path


def rows(path: Path, table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((path.parent / "report-tables" / f"{table}.csv").read_text(encoding="utf-8"))))


def secrets() -> Iterator[str]:
    for address in VICTIMS:
        yield address[2:]
    for number, (sender, receiver, _) in enumerate(PAYMENTS, start=1):
        if {sender, receiver} & set(VICTIMS):
            yield tx(number)[2:]
    yield tx(50)[2:]


def test_every_table_is_written_with_its_head(restricted: Path) -> None:
    found = {path.stem for path in (restricted.parent / "report-tables").iterdir()}
    assert found == set(TABLE_NAMES)
    flows = rows(restricted, "flows")
    assert list(flows[0])[:13] == [
        "chain", "tx_hash", "position", "block", "time", "sender", "receiver", "asset", "amount", "tainted_amount", "usd",
        "tainted_usd", "hop",
    ]  # fmt: skip
    head = (restricted.parent / "report-tables" / "ladder.csv").read_text().splitlines()[0]
    assert head == "rung,low_usd,central_usd,high_usd,transfers,payers,definition,reason,unproven_usd,unproven_share"


def test_restricted_tables_are_the_tables_of_the_trace(case: Case, restricted: Path) -> None:
    flows = case.trace.table("flows")
    assert [(row["tx_hash"], row["amount"], row["tainted_usd"]) for row in rows(restricted, "flows")] == [
        (row["tx_hash"], str(row["amount"]), "" if row["tainted_usd"] is None else str(row["tainted_usd"]))
        for row in flows.dicts()
    ]


def test_the_page_has_no_script_loads_nothing_and_says_so(public: Path, restricted: Path) -> None:
    for path in (public, restricted):
        html = path.read_text(encoding="utf-8")
        assert "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"" in html
        for tag, attributes in read(html).tags:
            assert tag not in {"script", "iframe", "object", "embed", "link", "base", "form"}
            assert not any(name.startswith("on") for name in attributes)
            assert "src" not in attributes
            target = attributes.get("xlink:href") or (attributes.get("href") if tag != "a" else None)
            assert target is None or target.startswith("#")
        assert "@import" not in html
        assert not re.search(r"url\((?!#)", html)


def test_the_page_is_well_formed_with_headings_in_order(public: Path) -> None:
    reader = read(public.read_text(encoding="utf-8"))
    assert (reader.wrong, reader.open) == ([], [])
    levels = [int(tag[1]) for tag, _ in reader.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_the_page_is_accessible(public: Path) -> None:
    tags = read(public.read_text(encoding="utf-8")).tags
    assert dict(tags[0][1])["lang"] == "en"
    assert all(attributes.get("scope") in {"col", "row"} for tag, attributes in tags if tag == "th")
    drawings = [attributes for tag, attributes in tags if tag == "svg"]
    assert len(drawings) == 5
    assert all(attributes.get("role") == "img" for attributes in drawings)
    identities = [attributes["id"] for _, attributes in tags if attributes.get("id")]
    assert len(identities) == len(set(identities))
    targets = {a["href"][1:] for tag, a in tags if tag == "a" and (a.get("href") or "").startswith("#")}
    assert targets <= set(identities)


def test_the_sections_stand_in_their_order(public: Path) -> None:
    found = [a["id"] for tag, a in read(public.read_text(encoding="utf-8")).tags if tag == "section"]
    assert found == [
        "answer", "ladder", "exits", "flow", "policies", "comparison", "exclusions", "openings", "order", "completeness",
        "statement", "labels", "method", "limits", "reproduce",
    ]  # fmt: skip


def test_hostile_text_is_shown_and_not_obeyed(public: Path, restricted: Path) -> None:
    for path in (public, restricted):
        for name, text in written(path.parent).items():
            assert "\x00" not in text
            assert "\u202e" not in text
            if name.endswith(".html"):
                assert "<script" not in text.lower()
                assert "&lt;script&gt;" in text
                assert "Binecnance" in text


def test_formulas_in_tables_do_not_run(restricted: Path) -> None:
    for path in (restricted.parent / "report-tables").iterdir():
        for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8"))):
            assert not any(cell.startswith(("=", "+", "@")) for cell in row)
    assert any(FORMULA in row["raw"] for row in rows(restricted, "rejects"))


def test_the_public_edition_names_no_victim_and_none_of_their_transactions(public: Path) -> None:
    for text in written(public.parent).values():
        lowered = text.lower()
        assert [secret for secret in secrets() if secret in lowered] == []


def test_the_restricted_edition_names_them(restricted: Path) -> None:
    lowered = "".join(written(restricted.parent).values()).lower()
    assert [secret for secret in secrets() if secret not in lowered] == []


def test_the_public_edition_reduces_victims_rows_and_keeps_totals(case: Case, public: Path, restricted: Path) -> None:
    for table in ("statement", "ladder", "policies", "sensitivity"):
        assert rows(public, table) == rows(restricted, table)
    paid = [row for row in rows(public, "flows") if row["sender"].startswith("V-")]
    assert {row["sender"] for row in paid} == {"V-01", "V-02"}
    assert all(row["tx_hash"].startswith("VT-") for row in paid)
    assert all(len(row["amount"].rstrip("0")) <= 3 for row in paid)
    assert all(row["time"].endswith("T00:00:00Z") and not row["block"] for row in paid)
    others = [row for row in rows(public, "flows") if "V" not in row["tx_hash"]]
    assert len(others) == 7
    assert all(row["block"] for row in others)


def test_rejected_rows_and_file_paths_are_withheld_in_public(public: Path, restricted: Path) -> None:
    assert rows(public, "rejects") == [
        {"file": "pay.csv", "line": "7", "reason": "bad checksum: [withheld]", "raw": "withheld"}
    ]
    assert SILENT_VICTIM in rows(restricted, "rejects")[0]["raw"]
    assert "/home/someone" not in "".join(written(public.parent).values())


def test_only_the_public_edition_links_to_explorers(case: Case, public: Path, restricted: Path, tmp_path: Path) -> None:
    def outside(path: Path) -> list[dict[str, str | None]]:
        tags = read(path.read_text(encoding="utf-8")).tags
        return [a for tag, a in tags if tag == "a" and not (a.get("href") or "").startswith("#")]

    links = outside(public)
    assert any(a["href"] == f"https://etherscan.io/address/{display_address(EXCHANGE, 'ethereum')}" for a in links)
    assert all(a["rel"] == "noreferrer noopener" for a in links)
    assert outside(restricted) == []
    write_report(tmp_path / "report.html", *case.results, **case.extras, synthetic=True)
    assert outside(tmp_path / "report.html") == []


def test_stolen_is_said_only_where_e2_or_e3_stands(public: Path) -> None:
    text = re.sub(r"<svg.*?</svg>|<style.*?</style>", "", public.read_text(encoding="utf-8"), flags=re.DOTALL)
    blocks = re.split(r"</(?:p|li|tr|dd|h\d)>", text)
    said = [block for block in blocks if "stolen" in block.lower()]
    assert len(said) >= 3
    assert [block for block in said if not re.search(r"\bE[23]\b", block)] == []


def test_a_synthetic_world_says_so_on_top(case: Case, public: Path, tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", *case.results, **case.extras, synthetic=True)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert html.index("Every address, person, service and amount in this report is invented") < html.index("<h1>")
    assert "is invented" not in public.read_text(encoding="utf-8")


def test_the_comparison_keeps_refusals_apart_and_says_what_not_to_add(public: Path) -> None:
    html = public.read_text(encoding="utf-8")
    assert "at least 3.21% of the reported figure" in html
    assert "Some &lt;b&gt;body&lt;/b&gt;" in html
    assert html.index("Compared, like with like") < html.index("Never add") < html.index("Not comparable, and why")
    assert "read the fine print" in html


def test_a_report_without_a_comparison_or_extras_says_what_it_lacks(case: Case, tmp_path: Path) -> None:
    paths = write_report(tmp_path / "report.html", case.store, case.trace, case.estimate)
    html = paths.html.read_text(encoding="utf-8")
    assert "No comparison with reported totals was asked for." in html
    assert "how far the answer depends on the policy is not known" in html
    assert len(paths.tables) == len(TABLE_NAMES)


def test_an_outflow_case_prints_reasons_instead_of_zeros(outflow_case: Case, tmp_path: Path) -> None:
    found = outflow_case
    write_report(tmp_path / "report.html", found.store, found.trace, found.estimate, **found.extras)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert html.count("No figure: these seeds inject what they paid out") == 4
    assert "times the source outflow" in html


def test_the_same_case_gives_the_same_bytes(case: Case, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_report(tmp_path / name / "report.html", *case.results, **case.extras)
    assert written(tmp_path / "one") == written(tmp_path / "two")


def test_long_tables_are_cut_on_the_screen_and_whole_beside_it(case: Case, restricted: Path) -> None:
    from cryptotrace.model import ResultTable
    from cryptotrace.reports.printing import Column, plain, view

    table = ResultTable("t", ("n", "value"), tuple((n, n * 7 % 500) for n in range(500)))
    shown = view(table, [Column("N", "number", plain("n"))], caption="c", empty="e", rank=lambda row: row["value"])
    assert (len(shown.rows), shown.total, shown.cut) == (200, 500, True)
    kept = [int(row[0].text) for row in shown.rows]
    assert kept == sorted(kept)
    assert {n * 7 % 500 for n in kept} == set(range(300, 500))


def test_an_unknown_edition_is_refused(case: Case, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown edition 'secret'"):
        write_report(tmp_path / "report.html", *case.results, edition="secret")
    assert list(tmp_path.iterdir()) == []


def test_a_leak_stops_the_public_edition(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pseudonyms, "text", lambda self, text: text)
    with pytest.raises(VerificationError, match="V-0"):
        write_report(tmp_path / "report.html", *case.results, **case.extras, title=f"case of {VICTIM_A}")
    assert list(tmp_path.iterdir()) == []


def test_a_title_that_names_a_victim_is_masked(case: Case, tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", *case.results, **case.extras, title=f"case of {VICTIM_B} against {SCAM_1}")
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"case of V-02 against {SCAM_1}" in html
