"""Text out of files that may be packed, damaged or hostile: bounded, UTF-8, every failure named."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

from cryptotrace.errors import InputFileError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from cryptotrace.sources.paths import InputFile

__all__ = ["damage_named", "document_of", "lines_of", "text_of"]

MAX_UNPACKED = 16 * 2**30
"""Bytes that one packed file may grow to. A whole chain's transfers of a year fit; a zip bomb ends here."""

MAX_DOCUMENT = 2**29
"""Bytes of a JSON document, which is read at once."""

MAX_LINE = 2**26
"""Characters of one line; the largest real ones are the input data of contract creations, well under a megabyte."""


@contextmanager
def damage_named(file: InputFile) -> Iterator[None]:
    """Turn what reading can raise into an :class:`InputFileError` that names the file."""
    try:
        yield
    except UnicodeDecodeError as problem:
        raise InputFileError(
            f"is not UTF-8 text (byte {problem.object[problem.start]:#04x})",
            where=str(file.path),
            hint="Save it as UTF-8, or give packed files a name that ends in .gz",
        ) from problem
    except (gzip.BadGzipFile, EOFError, zlib.error) as problem:
        raise InputFileError(
            f"is a damaged gzip file ({problem})", where=str(file.path), hint="Get the file again"
        ) from problem
    except OSError as problem:
        raise InputFileError(
            f"cannot be read ({problem.strerror or problem})", where=str(file.path), hint="Check its permissions"
        ) from problem


@contextmanager
def text_of(file: InputFile) -> Iterator[IO[str]]:
    """Open a file as text, unpacked if its name ends in ``.gz``; line ends are kept as they are."""
    with damage_named(file):
        handle = file.path.open("rb")
    with handle:
        source: IO[bytes] = handle
        if file.name.lower().endswith(".gz"):
            source = cast("IO[bytes]", io.BufferedReader(_Bounded(gzip.GzipFile(fileobj=handle), file), 2**16))
        with io.TextIOWrapper(source, encoding="utf-8-sig", newline="") as stream:
            yield stream


def lines_of(stream: IO[str], file: InputFile) -> Iterator[str]:
    """Yield lines with their ends; refuses NUL characters and endless lines."""
    number = 0
    while line := stream.readline(MAX_LINE):
        number += 1
        if "\0" in line:
            raise InputFileError(
                f"line {number} holds a NUL character", where=str(file.path), hint="This is no text file; get it again"
            )
        if len(line) == MAX_LINE:
            raise InputFileError(
                f"line {number} is longer than {MAX_LINE:,} characters", where=str(file.path), hint="Get the file again"
            )
        yield line


def document_of(stream: IO[str], file: InputFile) -> str:
    """Read the whole rest of a text of bounded size."""
    text = stream.read(MAX_DOCUMENT + 1)
    if len(text) > MAX_DOCUMENT:
        raise InputFileError(
            f"is larger than {MAX_DOCUMENT:,} characters",
            where=str(file.path),
            hint="Split it, or turn it into JSON lines, which are read one by one",
        )
    return text


class _Bounded(io.RawIOBase):
    """A packed stream that refuses to grow without end."""

    def __init__(self, inner: gzip.GzipFile, file: InputFile) -> None:
        self._inner = inner
        self._file = file
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        count = self._inner.readinto(buffer)
        self._given += count
        if self._given > MAX_UNPACKED:
            raise InputFileError(
                f"unpacks to more than {MAX_UNPACKED:,} bytes",
                where=str(self._file.path),
                hint="Unpack it and check what it is",
            )
        return count

    def close(self) -> None:
        self._inner.close()
        super().close()
