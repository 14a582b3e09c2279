"""The places that a case names: inputs must be there, outputs must overwrite nothing. Nothing is made."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptotrace.case.file import FilesInput, ReplayInput
from cryptotrace.case.reading import Case
from cryptotrace.errors import CaseFileError, InputError
from cryptotrace.reports.writing import check_target
from cryptotrace.sources.files import read_prices, read_transfers
from cryptotrace.store import open_store

__all__ = ["at_key", "check_archive", "check_inputs", "check_outputs", "loading_options"]

_BESIDE = ("transactions", "approvals", "coverage")


@contextmanager
def at_key(case: Case, key: str) -> Iterator[None]:
    """Say which key of the case file an error belongs to, for errors of what the key names."""
    try:
        yield
    except CaseFileError:
        raise
    except InputError as error:
        inner = f": {error.where}" if error.where else ""
        raise CaseFileError(error.what, where=f"{case.path}: {key}{inner}", hint=error.hint) from error


def loading_options(case: Case, section: FilesInput) -> dict[str, Any]:
    """Give the options of an input of files as the reader takes them; its places are absolute or beside the case file."""
    beside = {name: case.place(named) for name in _BESIDE if (named := getattr(section, name)) is not None}
    return {"format": section.format, "chain": section.chain, "columns": section.columns, **beside}


def check_inputs(case: Case) -> None:
    """Check that everything that the case reads is there, and that the options of each input fit its format.

    Raises
    ------
    CaseFileError
        With the key of the path.
    """
    for key, place in _read_places(case):
        with at_key(case, key):
            _check_readable(place, folders=key.rsplit(".", 1)[-1] not in _BESIDE)
    for number, section in enumerate(case.file.input):
        with at_key(case, f"input.{number}"):
            if isinstance(section, FilesInput):
                # files are listed and options checked at once; no row is read before the iterator is asked
                read_transfers(case.place(section.path), **loading_options(case, section))
            elif isinstance(section, ReplayInput):
                check_archive(case.place(section.path))
    for number, named in enumerate(case.file.prices.files):
        with at_key(case, f"prices.files.{number}"):
            read_prices(case.place(named))


def check_archive(place: Path) -> None:
    """Check that a path is a case store with raw answers.

    Raises
    ------
    InputError
        If it is none, or nothing was collected into it.
    """
    archive = open_store(place, read_only=True)
    if not archive.rows("SELECT 1 FROM runs WHERE verb = 'collect' LIMIT 1"):
        raise InputError("nothing was collected into this store", where=str(place), hint="Name a store that has raw answers")


def check_outputs(case: Case, out: Path | None = None) -> Path:
    """Check that store and report may be written, and lie on nothing that the case reads; gives the place of the report.

    Parameters
    ----------
    case : Case
        The case.
    out : Path, optional
        Where the report goes, in place of the path of the case file.

    Raises
    ------
    CaseFileError
        With the key of the path.
    """
    key, report = ("report.path", case.report) if out is None else ("out", out)
    with at_key(case, "case.store"):
        _check_writable(case.store)
    with at_key(case, key):
        if report.suffix.lower() not in {".html", ".htm"}:
            raise InputError("is no name of a report", where=str(report), hint="Let it end in .html")
        check_target(report)
        _check_writable(report)
        if _same(report, case.store):
            raise InputError("is also the store", where=str(report), hint="Choose another name")
    for name, place in (("case.store", case.store), (key, report)):
        with at_key(case, name):
            _check_apart(place, {"the case file": case.path, **dict(_read_places(case))})
    return report


def _check_apart(place: Path, read: dict[str, Path]) -> None:
    for name, other in read.items():
        if _same(place, other):
            raise InputError(f"is also {name}, which would be overwritten", where=str(place), hint="Choose another name")
        if name.startswith(("input.", "prices.")) and other.is_dir() and other.resolve() in place.resolve().parents:
            raise InputError(f"lies in the folder {name}, which is read", where=str(place), hint="Choose another folder")


def _read_places(case: Case) -> Iterator[tuple[str, Path]]:
    """Give (key, place) of everything that the case reads beside itself."""
    file = case.file
    for number, section in enumerate(file.input):
        for name in ("path", *_BESIDE):
            if (named := getattr(section, name, None)) is not None:
                yield f"input.{number}.{name}", case.place(named)
    yield from ((f"seeds.{number}.path", case.place(section.path)) for number, section in enumerate(file.seeds))
    yield from ((f"labels.{number}.path", case.place(section.path)) for number, section in enumerate(file.labels))
    yield from ((f"prices.files.{number}", case.place(named)) for number, named in enumerate(file.prices.files))


def _check_readable(place: Path, *, folders: bool) -> None:
    mode = _mode(place)
    if mode is None:
        raise InputError("there is no such file", where=str(place), hint="Check the path; it is relative to the case file")
    if stat.S_ISDIR(mode):
        if not folders:
            raise InputError("is a folder, not a file", where=str(place), hint="Name the file in it")
    elif not stat.S_ISREG(mode):
        raise InputError("is a pipe, device or socket, not a file", where=str(place), hint="Save its content as a file")
    if not os.access(place, os.R_OK):
        raise InputError("may not be read", where=str(place), hint="Check its permissions")


def _check_writable(place: Path) -> None:
    mode = _mode(place)
    if mode is not None and not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, device or socket"
        raise InputError(f"is {kind}, not a file", where=str(place), hint="Choose another name")
    folder_mode = _mode(place.parent)
    if folder_mode is None or not stat.S_ISDIR(folder_mode):
        raise InputError("its folder does not exist", where=str(place), hint="Make the folder first, or choose another")
    if not os.access(place if mode is not None else place.parent, os.W_OK):
        raise InputError("may not be written", where=str(place), hint="Check the permissions, or choose another folder")


def _mode(place: Path) -> int | None:
    try:
        return place.stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(place), hint="Check the path") from error


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve() or (one.exists() and other.exists() and one.samefile(other))
