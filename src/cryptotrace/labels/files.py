"""From what a person named to the files that are read, and which reader reads each."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptotrace.errors import InputFileError
from cryptotrace.labels.entries import Entry
from cryptotrace.labels.lists import read_list, read_ofac, ticker_of
from cryptotrace.labels.tables import read_table
from cryptotrace.labels.tagpack import read_tagpack
from cryptotrace.model import Reject

__all__ = ["ListedFile", "listed_files", "read_file"]

_FORMATS = {".csv": "table", ".txt": "list", ".yaml": "tagpack", ".yml": "tagpack"}
_SHARED_HEADERS = frozenset({"header.yaml", "header.yml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFile:
    """A file to read: where it is, how it is called in results, and its format."""

    path: Path
    name: str
    format: str


def listed_files(items: Iterable[str | Path]) -> Iterator[ListedFile]:
    """Give the files of `items` in order; a folder gives its own files, sorted by name; a file named twice comes once.

    Raises
    ------
    InputFileError
        Nothing is there, the format is not known, or a folder holds no file of a known format.

    Notes
    -----
    Names in results are the file's own name, or ``folder/name``: they say nothing about the machine. In a folder, hidden
    files, sub-folders, files of other formats and ``header.yaml`` (which TagPacks include) are left out.
    """
    seen: set[Path] = set()
    for item in items:
        if not str(item).strip():
            raise InputFileError("an empty path", hint="Name a file or a folder")
        for file in _expanded(Path(item)):
            true_path = file.path.resolve()
            if true_path not in seen:
                seen.add(true_path)
                yield file


def _expanded(path: Path) -> list[ListedFile]:
    if not _is_folder(path):
        found = _FORMATS.get(path.suffix.lower())
        if found is None:
            hint = "Use .csv (with a heading), .txt (one address a line), .yaml (TagPack), or a folder of them"
            raise InputFileError("the format cannot be told from the name", where=f"{path}", hint=hint)
        return [ListedFile(path=path, name=path.name, format=found)]
    try:
        names = sorted(os.listdir(path))  # noqa: PTH208  (names only)
    except OSError as error:
        raise InputFileError(
            f"the folder cannot be read: {error.strerror}", where=f"{path}", hint="Check its rights"
        ) from error
    folder = path.name or path.resolve().name
    files = [
        ListedFile(path=path / name, name=f"{folder}/{name}", format=_FORMATS[Path(name).suffix.lower()])
        for name in names
        if not name.startswith(".")
        and name.lower() not in _SHARED_HEADERS
        and Path(name).suffix.lower() in _FORMATS
        and not (path / name).is_dir()
    ]
    if not files:
        raise InputFileError("no .csv, .txt or .yaml file in the folder", where=f"{path}", hint="Name the files")
    return files


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116  (one call, every error at hand)
    except FileNotFoundError as error:
        raise InputFileError("no such file or folder", where=f"{path}", hint="Check the path") from error
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InputFileError(f"cannot be read: {reason}", where=f"{path!s:.300}", hint="Check the path") from error


def read_file(file: ListedFile) -> Iterator[Entry | Reject]:
    """Read one file with the reader of its format."""
    if file.format == "table":
        return read_table(file.path, file.name)
    if file.format == "tagpack":
        return read_tagpack(file.path, file.name)
    ticker = ticker_of(file.path)
    return read_list(file.path, file.name) if ticker is None else read_ofac(file.path, file.name, ticker)
