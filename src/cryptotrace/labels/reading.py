"""Open a text file that a person named: without side effects, bounded in size, strict UTF-8.

A FIFO would block, a device may act on being opened, a directory is no text: all are refused from their metadata, before
they are opened. Nothing here knows what the text means.
"""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

from cryptotrace.errors import InputFileError

__all__ = ["MAX_TEXT_BYTES", "open_text", "read_text"]

MAX_TEXT_BYTES = 256 * 2**20
"""The largest file that is read whole into memory; what is larger is no list made by people."""

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_text(path: str | Path, *, max_bytes: int = MAX_TEXT_BYTES) -> io.StringIO:
    """Open a regular file as text, as :func:`read_text` reads it; line ends are kept, as :mod:`csv` wants it.

    Raises
    ------
    InputFileError
        As :func:`read_text`.
    """
    return io.StringIO(read_text(path, max_bytes=max_bytes), newline="")


def read_text(path: str | Path, *, max_bytes: int = MAX_TEXT_BYTES) -> str:
    """Read a regular file as UTF-8 text; a byte order mark is dropped.

    Parameters
    ----------
    path : str or Path
        A regular file, or a link to one.
    max_bytes : int
        Refuse what is larger.

    Returns
    -------
    str
        The whole text, line ends as they are.

    Raises
    ------
    InputFileError
        The file is missing, unreadable, not regular, too large, not UTF-8, or holds a NUL.

    Notes
    -----
    Memory: about five times the size of the file at the worst. The kind is checked on the path and again on the open
    descriptor, so that a file that is swapped in between does not block.
    """
    raw = _bytes(path, max_bytes)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        utf16 = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
        guess = "It looks like UTF-16" if utf16 else f"Byte {error.start} cannot be read"
        raise InputFileError("not UTF-8 text", where=f"{path}:{line}", hint=f"{guess}; save it as UTF-8") from error
    nul = text.find("\0")
    if nul >= 0:
        line = text.count("\n", 0, nul) + 1
        raise InputFileError("a NUL character", where=f"{path}:{line}", hint="This is a binary file; give a text file")
    return text


def _bytes(path: str | Path, max_bytes: int) -> bytes:
    flags = os.O_RDONLY
    for name in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"):  # which of them exist depends on the system
        flags |= getattr(os, name, 0)
    try:
        _refuse(path, os.stat(path), max_bytes)  # noqa: PTH116  (the path may be hostile text; Path adds nothing)
        descriptor = os.open(path, flags)
        with open(descriptor, "rb") as stream:  # noqa: PTH123  (a descriptor has no path)
            _refuse(path, os.fstat(descriptor), max_bytes)
            raw = stream.read(max_bytes + 1)
    except InputFileError:  # which is a ValueError as well
        raise
    except FileNotFoundError as error:
        raise InputFileError("no such file", where=f"{path}", hint="Check the path") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InputFileError(f"cannot be read: {reason}", where=f"{path!s:.300}", hint="Check the path") from error
    if len(raw) > max_bytes:
        raise _too_large(path, len(raw), max_bytes)
    return raw


def _refuse(path: str | Path, found: os.stat_result, max_bytes: int) -> None:
    for is_kind, name in _KINDS:
        if is_kind(found.st_mode):
            raise InputFileError(f"{name}, not a file", where=f"{path}", hint="Give a regular file")
    if not stat.S_ISREG(found.st_mode):
        raise InputFileError("not a regular file", where=f"{path}", hint="Give a regular file")
    if found.st_size > max_bytes:
        raise _too_large(path, found.st_size, max_bytes)


def _too_large(path: str | Path, size: int, max_bytes: int) -> InputFileError:
    what = f"{size:,} bytes are more than the {max_bytes:,} that are read"
    return InputFileError(what, where=f"{path}", hint="Split the file")
