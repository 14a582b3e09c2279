"""All or nothing on disk: what is refused, what is kept, what is never half written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from report_case import Case, written

from cryptotrace.errors import InputFileError
from cryptotrace.reports import write_report
from cryptotrace.reports.writing import check_target, write_files


def refuse(path: Path, match: str) -> None:
    with pytest.raises(InputFileError, match=match) as caught:
        check_target(path)
    assert caught.value.where
    assert caught.value.hint


def test_places_that_are_no_place_for_a_report_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("x")
    (tmp_path / "taken-tables").write_text("x")
    (tmp_path / "loose").symlink_to(tmp_path / "nowhere")
    refuse(tmp_path / "folder", "taken by a folder")
    refuse(tmp_path / "pipe", "no regular file")
    refuse(tmp_path / "missing" / "report.html", "no such folder")
    refuse(tmp_path / "file" / "report.html", "not a folder")
    refuse(tmp_path / "taken.html", "taken by a file")
    refuse(tmp_path / "loose", "leads nowhere")
    refuse(tmp_path / "..", "taken by a folder|not the name of a file")


def test_a_refused_report_leaves_no_trace(case: Case, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "report.html")
    with pytest.raises(InputFileError):
        write_report(tmp_path / "report.html", *case.results)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_old_tables_are_replaced_and_foreign_files_stay(tmp_path: Path) -> None:
    folder = tmp_path / "report-tables"
    folder.mkdir()
    (folder / "flows.csv").write_text("old")
    (folder / "notes.txt").write_text("mine")
    paths = write_files(tmp_path / "report.html", folder, b"new", {"flows": b"new flows"})
    assert paths.tables == (folder / "flows.csv",)
    assert written(tmp_path) == {"flows.csv": "new flows", "notes.txt": "mine", "report.html": "new"}


def test_a_table_that_cannot_be_replaced_stops_everything_before_it_starts(tmp_path: Path) -> None:
    folder = tmp_path / "report-tables"
    (folder / "flows.csv").mkdir(parents=True)
    (tmp_path / "report.html").write_text("old")
    with pytest.raises(InputFileError, match="taken by a folder"):
        write_files(tmp_path / "report.html", folder, b"new", {"aaa": b"1", "flows": b"2"})
    assert written(tmp_path) == {"report.html": "old"}
    assert [path.name for path in folder.iterdir()] == ["flows.csv"]


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_disk_that_fails_in_the_middle_leaves_the_old_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    folder = tmp_path / "report-tables"
    folder.mkdir()
    (folder / "one.csv").write_text("old one")
    (tmp_path / "report.html").write_text("old page")
    real, calls = Path.replace, []

    def replace(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == failing:
            raise OSError(28, "No space left on device", str(target))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(InputFileError, match="No space left"):
        write_files(tmp_path / "report.html", folder, b"new page", {"one": b"new one", "two": b"new two"})
    assert written(tmp_path) == {"one.csv": "old one", "report.html": "old page"}


def test_a_failed_first_report_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def replace(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(InputFileError):
        write_files(tmp_path / "report.html", tmp_path / "report-tables", b"new", {"one": b"1"})
    assert list(tmp_path.iterdir()) == []


def test_nothing_temporary_is_left_behind(tmp_path: Path) -> None:
    write_files(tmp_path / "report.html", tmp_path / "report-tables", b"page", {"one": b"1", "two": b"2"})
    assert sorted(written(tmp_path)) == ["one.csv", "report.html", "two.csv"]
