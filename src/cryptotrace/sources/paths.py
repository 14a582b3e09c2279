"""Which files an input names, and whether they may be opened; nothing is opened here."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptotrace.errors import InputError, InputFileError

__all__ = ["InputFile", "find_file", "find_files"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """A regular file that may be read.

    Attributes
    ----------
    path : Path
        Where it is.
    name : str
        Its name alone: what rows, rejects and coverage say. Never a folder of this machine.
    named : bool
        Whether the user named the file itself; false for a file that was found in a folder.
    """

    path: Path
    name: str
    named: bool

    @property
    def kind(self) -> str:
        """The suffix that tells how to read it, such as ``csv``; ``.gz`` does not count."""
        return _kind(self.name)


def find_files(paths: Iterable[str | Path], kinds: tuple[str, ...]) -> tuple[InputFile, ...]:
    """List the input files: a file as it is named, a folder as its files of the right kind in order of name.

    Parameters
    ----------
    paths : iterable of str or Path
        Files and folders. Folders inside folders are not entered; hidden files are left out.
    kinds : tuple of str
        Suffixes without the dot.

    Raises
    ------
    InputFileError
        A path that is missing, unreadable, neither file nor folder, or a folder without such a file.
    """
    found: list[InputFile] = []
    for path in paths:
        place = _place(path)
        if not stat.S_ISDIR(_mode(place)):
            found.append(find_file(place, kinds))
            continue
        inside = _inside(place, kinds)
        if not inside:
            raise InputFileError(
                f"the folder holds no file of the kinds {', '.join(kinds)}",
                where=str(place),
                hint="Name the files themselves, or another folder",
            )
        found += (_checked(entry, named=False) for entry in inside)
    if not found:
        raise InputError("no file was named", hint="Give at least one path")
    return tuple(found)


def find_file(path: str | Path, kinds: tuple[str, ...]) -> InputFile:
    """Check one file that the user named; raises :class:`InputFileError` as :func:`find_files` does."""
    file = _checked(_place(path), named=True)
    if file.kind not in kinds:
        raise InputFileError(
            "the name does not say how to read the file",
            where=str(path),
            hint=f"Let it end in {' or '.join('.' + kind for kind in kinds)} (.gz may follow)",
        )
    return file


def _place(path: str | Path) -> Path:
    if not isinstance(path, str | Path) or not str(path):
        raise InputFileError("a path is text and not empty", where=repr(path), hint="Name a file or a folder")
    return Path(path)


def _inside(folder: Path, kinds: tuple[str, ...]) -> list[Path]:
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as problem:
        raise InputFileError(
            f"the folder cannot be read ({problem.strerror})", where=str(folder), hint="Check its permissions"
        ) from problem
    wanted = [entry for entry in entries if _kind(entry.name) in kinds and not entry.name.startswith(".")]
    return [entry for entry in wanted if not stat.S_ISDIR(_mode(entry))]


def _kind(name: str) -> str:
    parts = name.lower().split(".")
    if parts[-1] == "gz" and len(parts) > 1:
        parts.pop()
    return parts[-1] if len(parts) > 1 else ""


def _checked(path: Path, *, named: bool) -> InputFile:
    mode = _mode(path)
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, device or socket"
        raise InputFileError(f"is {kind}, not a file", where=str(path), hint="Name a regular file")
    if not os.access(path, os.R_OK):
        raise InputFileError("may not be read", where=str(path), hint="Check its permissions")
    name = path.name.encode("utf-8", "backslashreplace").decode("utf-8")
    return InputFile(path=path, name=name, named=named)


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        raise InputFileError("there is no such file", where=str(path), hint="Check the path") from None
    except (OSError, ValueError) as problem:
        # ValueError: a NUL character inside the path
        reason = problem.strerror if isinstance(problem, OSError) else "the path holds a NUL character"
        raise InputFileError(f"cannot be read ({reason})", where=ascii(str(path)), hint="Check the path") from problem
