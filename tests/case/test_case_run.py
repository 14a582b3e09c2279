"""Running a case: what it gives, that it leaves nothing behind when it fails, and that a second run gives the same."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from cryptotrace.case import render_case, run_case
from cryptotrace.errors import CaseFileError, CryptotraceError, InputError, NotAStoreError

Change = Callable[[str, str], Path]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def refused(case: Path) -> CryptotraceError:
    """Run a case that must fail with exit code 5, and check that it changed nothing beside it."""
    before, names = contents(case.parent), sorted(path.name for path in case.parent.iterdir())
    with pytest.raises(CryptotraceError) as caught:
        run_case(case)
    assert contents(case.parent) == before
    assert sorted(path.name for path in case.parent.iterdir()) == names
    assert caught.value.exit_code == 5
    assert caught.value.where
    assert caught.value.hint
    return caught.value


def test_a_small_case_gives_the_ladder_the_exit_and_the_report(small_case: Path) -> None:
    result = run_case(small_case)
    assert [result.estimate[rung].central_usd for rung in ("E0", "E1", "E2", "E3", "E4")] == [
        Decimal(10_000), Decimal(10_000), Decimal(10_000), Decimal(10_000), Decimal(5_000),
    ]  # fmt: skip
    assert [row["entity"] for row in result.trace.table("terminals").dicts()] == ["Larkfield"]
    assert all(row["difference"] == 0 for row in result.trace.table("statement").dicts())
    assert not result.is_partial
    assert result.partial_reasons == ()
    assert result.report.html == small_case.parent / "report.html"
    assert result.report.html.is_file()
    assert not result.synthetic


def test_str_and_html_of_a_result_say_the_five_lines(small_case: Path) -> None:
    result = run_case(small_case)
    lines = str(result).splitlines()
    assert lines[0].startswith("A small case")
    assert [line[:3] for line in lines[1:6]] == ["1. ", "2. ", "3. ", "4. ", "5. "]
    assert "10,000 USD" in str(result)
    assert "10,000 USD" in result._repr_html_()


def test_text_of_the_case_file_is_escaped_in_html(changed: Change) -> None:
    html = run_case(changed('title = "A small case"', 'title = "<script>alert(1)</script>"'))._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_progress_is_told_each_step_in_order(small_case: Path) -> None:
    told: list[str] = []
    run_case(small_case, progress=told.append)
    assert told == [
        "reading the case", "loading transfers.csv", "loading prices", "cleaning", "clustering", "tracing", "estimating",
        "writing the report",
    ]  # fmt: skip


def test_a_second_run_gives_the_same_digests_and_the_same_report(small_case: Path) -> None:
    first = run_case(small_case)
    digests, page = first.store.digests(), first.report.html.read_bytes()
    second = run_case(small_case)
    assert second.store.digests() == digests
    assert second.report.html.read_bytes() == page
    assert not any(second.coverage.new.values())


def test_the_category_of_the_seeds_is_the_default_of_the_scope(changed: Change) -> None:
    result = run_case(changed('category = "romance_baiting"\n', ""))
    assert result.estimate.scope.category == "romance_baiting"


def test_totals_of_the_period_of_the_scope_stand_beside_the_estimate(small_case: Path) -> None:
    comparison = run_case(small_case).comparison
    assert len(comparison) > 20
    assert all(verdict.reason for verdict in comparison)
    assert any("2023" in verdict.period for verdict in comparison)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('path = "transfers.csv"', 'path = "transfer.csv"', "input.0.path"),
        ('path = "transfers.csv"', 'path = "folder"', "input.0"),
        ('path = "transfers.csv"', 'path = "pipe"', "input.0.path"),
        ('path = "transfers.csv"', 'path = "transfers.csv"\ncoverage = "folder"', "input.0.coverage"),
        ('path = "transfers.csv"', 'path = "transfers.csv"\ncolumns = {blok = "block"}', "input.0"),
        ('format = "table"', 'format = "usd_edges"\napprovals = "seeds.csv"', "input.0"),
        ('table"\npath = "transfers.csv"\nchain = "ethereum"', 'usd_edges"\npath = "transfers.csv"', "input.0"),
        ('path = "seeds.csv"', 'path = "seed.csv"', "seeds.0.path"),
        ('path = "seeds.csv"', 'path = "pipe"', "seeds.0.path"),
        ('path = "labels.csv"', 'path = "label.csv"', "labels.0.path"),
        ('files = ["prices.csv"]', 'files = ["price.csv"]', "prices.files.0"),
        ('id = "small"', 'id = "small"\nstore = "folder"', "case.store"),
        ('id = "small"', 'id = "small"\nstore = "nowhere/small.duckdb"', "case.store"),
        ('id = "small"', 'id = "small"\nstore = "transfers.csv"', "case.store"),
        ('edition = "restricted"', 'path = "nowhere/report.html"', "report.path"),
        ('edition = "restricted"', 'path = "folder/../folder.html"', "report.path"),
    ],
)  # fmt: skip
def test_what_the_case_names_is_checked_before_the_store_is_touched(changed: Change, old: str, new: str, key: str) -> None:
    if "pipe" in new and not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    case = changed(old, new)
    (case.parent / "folder").mkdir()
    (case.parent / "folder.html").mkdir()
    if "pipe" in new:
        os.mkfifo(case.parent / "pipe")
    error = refused(case)
    assert isinstance(error, CaseFileError)
    assert error.where.startswith(f"{case}: {key}")


def test_a_report_is_not_written_over_what_the_case_reads(changed: Change) -> None:
    case = changed('path = "labels.csv"', 'path = "labels.csv"\n[[labels]]\npath = "lists.html"')
    (case.parent / "lists.html").write_text("not a report", encoding="utf-8")
    case.write_text(case.read_text() + 'path = "lists.html"\n', encoding="utf-8")
    assert "labels.1.path" in refused(case).what


def test_outputs_do_not_go_into_a_folder_that_is_read(changed: Change) -> None:
    case = changed('path = "transfers.csv"', 'path = "rows"')
    rows = case.parent / "rows"
    rows.mkdir()
    (case.parent / "transfers.csv").rename(rows / "transfers.csv")
    case.write_text(case.read_text() + 'path = "rows/report.html"\n', encoding="utf-8")
    assert "input.0.path" in refused(case).what


def test_a_seed_with_a_bad_checksum_alone_is_refused(small_case: Path) -> None:
    (small_case.parent / "seeds.csv").write_text(
        "chain,address\nethereum,0x52908400098527886E0F7030069857D2E4169Ee7\n", encoding="utf-8"
    )
    error = refused(small_case)
    assert "checksum" in error.what
    assert "seeds.0" in error.where


def test_a_missing_column_is_named_with_its_file(small_case: Path) -> None:
    rows = small_case.parent / "transfers.csv"
    rows.write_text(rows.read_text(encoding="utf-8").replace("amount", "amnt", 1), encoding="utf-8")
    error = refused(small_case)
    assert "amount" in error.what
    assert "transfers.csv" in error.where


def test_a_failing_second_input_leaves_no_store_behind(small_case: Path) -> None:
    (small_case.parent / "more.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    small_case.write_text(
        small_case.read_text(encoding="utf-8") + '[[input]]\nformat = "table"\npath = "more.csv"\n', encoding="utf-8"
    )
    assert "more.csv" in refused(small_case).where


def test_a_file_that_is_no_store_is_left_alone(small_case: Path) -> None:
    (small_case.parent / "small.duckdb").write_bytes(b"somebody's notes")
    assert isinstance(refused(small_case), NotAStoreError)


def test_a_store_of_changed_files_is_refused_because_old_rows_would_still_count(small_case: Path) -> None:
    run_case(small_case)
    rows = small_case.parent / "transfers.csv"
    rows.write_text(rows.read_text(encoding="utf-8").replace("5000000000000000000", "6000000000000000000"), encoding="utf-8")
    error = refused(small_case)
    assert "'transfers.csv' has changed" in error.what
    assert "delete" in error.hint
    (small_case.parent / "small.duckdb").unlink()
    assert run_case(small_case).estimate["E4"].central_usd == Decimal(6_000)


def test_a_store_of_another_case_is_refused_before_a_row_goes_in(small_case: Path, changed: Change) -> None:
    run_case(small_case)
    (small_case.parent / "transfers.csv").rename(small_case.parent / "others.csv")
    assert "'transfers.csv' is no input of this case" in refused(changed('"transfers.csv"', '"others.csv"')).what


def test_a_store_that_was_loaded_with_other_options_is_refused(small_case: Path, changed: Change) -> None:
    run_case(small_case)
    with pytest.raises(CaseFileError, match="other options"):
        run_case(changed("complete = true", "complete = false"))


def test_rejected_rows_make_a_result_partial(small_case: Path) -> None:
    rows = small_case.parent / "transfers.csv"
    good = rows.read_text(encoding="utf-8")
    rows.write_text(good + good.splitlines()[-1].replace("5000000000000000000", "-1") + "\n", encoding="utf-8")
    result = run_case(small_case)
    assert result.is_partial
    assert result.partial_reasons == ("1 row of the input could not be used; set aside with the reason",)


def test_a_bad_seed_and_a_bad_label_make_a_result_partial(small_case: Path) -> None:
    for name in ("seeds.csv", "labels.csv"):
        with (small_case.parent / name).open("a", encoding="utf-8") as file:
            file.write("ethereum,0x12,perpetrator,,\n" if name == "seeds.csv" else "ethereum,0x12,x,exchange,x\n")
    assert [reason.split(" could")[0] for reason in run_case(small_case).partial_reasons] == ["1 seed", "1 label"]


def test_addresses_that_are_not_complete_make_a_result_partial(changed: Change) -> None:
    result = run_case(changed("complete = true\n", ""))
    assert result.partial_reasons == ("the trace stops at 1 place (not pulled), 10,000.00 USD",)


def test_a_limit_in_the_trace_section_is_applied(changed: Change) -> None:
    section = '[trace]\nmin_value_usd = "9000"\nmax_hops = 7\npolicies = ["fifo"]\ndefault = "lifo"\n[report]'
    result = run_case(changed("[report]", section))
    assert list(result.envelope.traces) == ["fifo", "lifo"]
    assert result.trace.policy.id == "lifo"
    assert result.trace.provenance.parameters["max_hops"] == "7"
    (statement,) = result.trace.table("statement").dicts()
    assert (statement["terminals"], statement["pruned"]) == (0, 8 * 10**18)


def test_as_of_leaves_out_what_came_later(changed: Change) -> None:
    result = run_case(changed('id = "small"', 'id = "small"\nas_of = "2023-03-03T12:00:00Z"'))
    assert len(result.trace.table("flows")) == 2


def test_a_report_is_written_again_in_another_edition_and_place_without_the_inputs(small_case: Path) -> None:
    first = run_case(small_case)
    victim = "0x" + "1" * 40
    assert victim in first.report.html.read_text(encoding="utf-8")
    (small_case.parent / "transfers.csv").unlink()
    out = small_case.parent / "story.html"
    again = render_case(small_case, edition="public", out=out)
    assert again.report.html == out
    assert victim not in out.read_text(encoding="utf-8")
    assert again.estimate.table().rows == first.estimate.table().rows


@pytest.mark.parametrize(
    ("edition", "out", "said"),
    [("secret", None, "no edition"), (None, "page.txt", "no name of a report"), (None, "labels.csv", "no name of a report")],
)
def test_a_report_is_refused_in_an_unknown_edition_or_place(
    small_case: Path, edition: str | None, out: str | None, said: str
) -> None:
    run_case(small_case)
    before = contents(small_case.parent)
    with pytest.raises(InputError, match=said):
        render_case(small_case, edition=edition, out=None if out is None else small_case.parent / out)
    assert contents(small_case.parent) == before


def test_a_report_of_a_case_that_was_never_run_says_to_run_it(small_case: Path) -> None:
    with pytest.raises(CaseFileError, match="no store yet") as caught:
        render_case(small_case)
    assert "cryptotrace run" in caught.value.hint
    assert not (small_case.parent / "small.duckdb").exists()


def test_a_case_beside_the_synthetic_mark_says_so_in_its_report(small_case: Path) -> None:
    (small_case.parent / "SYNTHETIC.txt").write_text("invented", encoding="utf-8")
    result = run_case(small_case)
    assert result.synthetic
    assert str(result).startswith("SYNTHETIC")


def test_an_interrupted_first_run_leaves_no_store(small_case: Path) -> None:
    def stop(words: str) -> None:
        if words == "tracing":
            raise KeyboardInterrupt

    before = contents(small_case.parent)
    with pytest.raises(KeyboardInterrupt):
        run_case(small_case, progress=stop)
    assert contents(small_case.parent) == before


def test_an_interrupted_second_run_keeps_the_store(small_case: Path) -> None:
    digests = run_case(small_case).store.digests()

    def stop(words: str) -> None:
        if words == "tracing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_case(small_case, progress=stop)
    assert run_case(small_case).store.digests() == digests
