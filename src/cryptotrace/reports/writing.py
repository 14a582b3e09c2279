"""Files on disk, all or nothing: everything is written beside its place first, then moved in."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from cryptotrace.errors import InputFileError

__all__ = ["ReportPaths", "check_target", "write_files"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPaths:
    """What was written: the page, and the tables beside it."""

    html: Path
    tables: tuple[Path, ...]


def check_target(path: Path) -> Path:
    """Refuse a place where no report can be written, before any work is done; gives the folder of the tables.

    Raises
    ------
    InputFileError
        If the folder is missing or no folder, or the place is taken by something that is no regular file.
    """
    folder = path.parent
    if not folder.is_dir():
        raise InputFileError(
            "there is no such folder" if not folder.exists() else "not a folder",
            where=str(folder),
            hint="Create it, or give another path",
        )
    _check_file(path)
    tables = path.with_name(f"{path.stem}-tables")
    if os.path.lexists(tables) and not tables.is_dir():
        raise InputFileError(
            "the folder of the tables is taken by a file", where=str(tables), hint="Move it, or give another path"
        )
    if tables == path:
        raise InputFileError(
            "the report would be its own folder of tables", where=str(path), hint="Give a name that ends in .html"
        )
    return tables


def _check_file(path: Path) -> None:
    if path.name in {"", ".", ".."}:
        raise InputFileError("not the name of a file", where=str(path), hint="Give a path such as report.html")
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if path.is_symlink():
            raise InputFileError("a link that leads nowhere", where=str(path), hint="Remove it, or give another path") from None
        return
    except OSError as error:
        raise InputFileError(f"cannot be looked at ({error.strerror})", where=str(path), hint="Give another path") from error
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "no regular file"
        raise InputFileError(
            f"the path is taken by {kind}", where=str(path), hint="Give the path of a file, such as report.html"
        )


def write_files(path: Path, folder: Path, html: bytes, tables: Mapping[str, bytes]) -> ReportPaths:
    """Write the page and its tables; if anything fails, what stood there before stands there again.

    Files in ``folder`` that are not named in ``tables`` are not touched.

    Raises
    ------
    InputFileError
        If the disk refuses.
    """
    made_folder = not folder.exists()
    targets = {folder / f"{name}.csv": content for name, content in tables.items()}
    targets[path] = html
    waiting: dict[Path, Path] = {}
    try:
        if made_folder:
            folder.mkdir()
        for target in targets:
            _check_file(target)
        for target, content in targets.items():
            waiting[target] = target.with_name(f".{target.name}.{token_hex(6)}.tmp")
            with waiting[target].open("xb") as file:
                file.write(content)
        _move_in(waiting)
    except OSError as error:
        where = error.filename or str(path)
        raise InputFileError(
            f"the report could not be written ({error.strerror})",
            where=str(where),
            hint="Nothing was changed; give another path",
        ) from error
    finally:
        for temporary in waiting.values():
            temporary.unlink(missing_ok=True)
        if made_folder and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return ReportPaths(html=path, tables=tuple(target for target in targets if target != path))


def _move_in(waiting: Mapping[Path, Path]) -> None:
    """Move every file to its place, the page last; put the old ones back if one cannot be moved."""
    before = {target: target.read_bytes() if target.exists() else None for target in waiting}
    moved: list[Path] = []
    try:
        for target, temporary in waiting.items():
            temporary.replace(target)
            moved.append(target)
    except OSError:
        for target in moved:
            old = before[target]
            if old is None:
                target.unlink()
            else:
                target.write_bytes(old)
        raise
