"""Opening a case store that somebody else may have made: look before touching.

A path is judged by what it is (regular file, magic bytes) before an engine sees it, and a store is judged by what it holds
(exactly our tables, as tables) before a verb reads a row. Neither changes a byte.
"""

from __future__ import annotations

import stat
from pathlib import Path

from cryptotrace.errors import NotAStoreError

__all__ = ["check_file"]

_MAGIC = b"DUCK"
_MAGIC_AT = 8


def check_file(path: Path) -> bool:
    """Say whether ``path`` is a store file to open (true) or free for a new one (false).

    Raises
    ------
    NotAStoreError
        If something is there that cannot be a case store: a directory, FIFO, device, or a file of another kind.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise NotAStoreError(
                "the folder of the store does not exist", where=str(path), hint="Create the folder first"
            ) from None
        return False
    except OSError as problem:
        raise NotAStoreError(
            f"cannot be read ({problem.strerror})", where=str(path), hint="Check the path and its permissions"
        ) from problem
    if not stat.S_ISREG(mode):
        raise NotAStoreError(
            "not a regular file", where=str(path), hint="Name a .duckdb file, or a new file name in an existing folder"
        )
    try:
        with path.open("rb") as handle:
            head = handle.read(_MAGIC_AT + len(_MAGIC))
    except OSError as problem:
        raise NotAStoreError(f"cannot be read ({problem.strerror})", where=str(path), hint="Check its permissions") from problem
    if head[_MAGIC_AT:] != _MAGIC:
        raise NotAStoreError(
            "not a case store",
            where=str(path),
            hint="Name another file; cryptotrace never overwrites a file that is not its own",
        )
    return True
