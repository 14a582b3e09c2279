"""The journal: every raw answer is on disk before the next request goes out.

One file beside the store. A record is a length, a checksum and a compressed answer; a record that was cut by a kill or a power
loss is dropped on opening, together with what follows it. Tables and coverage follow later, in one transaction a flush; the
records of that flush then leave the journal. So whatever happens, an answer that was paid for is either in the store or here,
until the run that asked for it is finished.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from weakref import WeakKeyDictionary

import msgspec

from cryptotrace.errors import StoreBusy, StoreError
from cryptotrace.sources.base import Answer, Request

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["Journal", "journal_of"]

_FRAME = struct.Struct("<II")
_LONGEST = 1 << 30


class _Record(msgspec.Struct, frozen=True):
    source: str
    chain: str
    stream: str
    subject: str
    parameters: list[tuple[str, str]]
    run: str
    status: int
    body: bytes
    received_at: float
    server_date: str
    path: str
    payload: str


class Journal:
    """Answers that are not in the store yet, found by request.

    Parameters
    ----------
    path : Path or None
        ``None`` keeps them in memory, for a store in memory.

    Raises
    ------
    StoreBusy
        If another process collects into the same store.
    StoreError
        If it holds a whole record that this version cannot read; the file stays as it is.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._answers: dict[str, Answer] = {}
        self._frames: dict[str, bytes] = {}
        """The records as they stand in the file, so that what stays there is not packed again."""
        self._file: BinaryIO | None = None
        if path is not None:
            self._file = _open_locked(path)
            try:
                self._read()
            except StoreError:
                self._file.close()
                raise

    def __len__(self) -> int:
        return len(self._answers)

    def find(self, key: str) -> Answer | None:
        """Give an answer that was journalled, or None."""
        return self._answers.get(key)

    def holds(self, stream: str, run: str) -> bool:
        """Whether there is an answer of a stream and run."""
        return any(answer.request.stream == stream and answer.request.run == run for answer in self._answers.values())

    def keys(self, chain: str) -> list[str]:
        """Give the keys of all requests about a chain."""
        return [key for key, answer in self._answers.items() if answer.request.chain == chain]

    def hashes(self) -> dict[str, str]:
        """Give the hash of the body of each answer, by request."""
        return {key: answer.sha256 for key, answer in self._answers.items()}

    def append(self, answer: Answer) -> None:
        """Put an answer on disk; returns when it is there."""
        with self._lock:
            if self._file is not None:
                frame = _frame(answer)
                _write(self._file, frame, self._path)
                self._frames[answer.request.key] = frame
            self._answers[answer.request.key] = answer

    def drop(self, keys: Iterable[str]) -> None:
        """Forget answers that are in the store now; the file shrinks in one step or not at all."""
        with self._lock:
            gone = [key for key in keys if self._answers.pop(key, None) is not None]
            for key in gone:
                self._frames.pop(key, None)
            if not gone or self._file is None or self._path is None:
                return
            if not self._answers:
                self._file.truncate(0)
                os.fsync(self._file.fileno())
                return
            self._file = _replaced(self._file, self._path, b"".join(self._frames.values()))

    def close(self) -> None:
        """Let go of the file; an empty journal disappears."""
        with self._lock:
            if self._file is None or self._path is None:
                return
            is_empty = not self._answers
            if is_empty and sys.platform != "win32":
                self._path.unlink(missing_ok=True)  # while it is locked: no other process may start to use a file that goes
            self._file.close()
            self._file = None
            if is_empty and sys.platform == "win32":  # pragma: no cover  (an open file cannot be deleted there)
                self._path.unlink(missing_ok=True)

    def _read(self) -> None:
        assert self._file is not None
        self._file.seek(0)
        data = self._file.read()
        good = 0
        for end, answer in _answers(data):
            self._answers[answer.request.key] = answer
            self._frames[answer.request.key] = data[good:end]
            good = end
        if good < len(data):
            self._file.truncate(good)
            os.fsync(self._file.fileno())
        self._file.seek(0, os.SEEK_END)


_in_memory: WeakKeyDictionary[Store, Journal] = WeakKeyDictionary()


def journal_of(store: Store) -> Journal:
    """Open the journal of a store: a file beside it; for a store in memory one that lives as long as the store.

    Raises
    ------
    StoreBusy
        If another process collects into the same store.
    """
    if store.path is None:
        return _in_memory.setdefault(store, Journal(None))
    return Journal(Path(f"{store.path}.journal"))


def _frame(answer: Answer) -> bytes:
    request = answer.request
    record = _Record(
        source=request.source,
        chain=request.chain,
        stream=request.stream,
        subject=request.subject,
        parameters=list(request.parameters),
        run=request.run,
        status=answer.status,
        body=answer.body,
        received_at=answer.received_at.timestamp(),
        server_date=answer.server_date,
        path=request.path,
        payload=request.payload,
    )
    packed = zlib.compress(msgspec.msgpack.encode(record), 1)
    return _FRAME.pack(len(packed), zlib.crc32(packed)) + packed


def _answers(data: bytes) -> Iterator[tuple[int, Answer]]:
    """Yield (end of record, answer) up to the first record that is not whole."""
    at = 0
    while at + _FRAME.size <= len(data):
        size, checksum = _FRAME.unpack_from(data, at)
        packed = data[at + _FRAME.size : at + _FRAME.size + size]
        # A file system may leave zeros where a write was lost; an empty record has a checksum of zero, and is none.
        if not 0 < size <= _LONGEST or len(packed) < size or zlib.crc32(packed) != checksum:
            return
        record = _record(packed)
        at += _FRAME.size + size
        yield (
            at,
            Answer(
                request=Request(
                    source=record.source,
                    chain=record.chain,
                    stream=record.stream,
                    subject=record.subject,
                    parameters=tuple(record.parameters),
                    run=record.run,
                    path=record.path,
                    payload=record.payload,
                ),
                status=record.status,
                body=record.body,
                received_at=datetime.fromtimestamp(record.received_at, UTC),
                server_date=record.server_date,
            ),
        )


def _record(packed: bytes) -> _Record:
    try:
        return msgspec.msgpack.decode(zlib.decompress(packed), type=_Record)
    except (msgspec.MsgspecError, zlib.error) as problem:
        raise StoreError(
            f"the journal holds a record of another form ({problem})",
            where="the file beside the store that ends in .journal",
            hint="Finish the pull with the version that began it, or move the file away: its answers are asked again",
        ) from problem


def _write(handle: BinaryIO, data: bytes, path: Path | None) -> None:
    """Put bytes on disk, all or none: half a record would hide those that follow it.

    The file has no buffer: one would keep what a full disk did not take, and write it before the next record.
    """
    end = handle.seek(0, os.SEEK_END)
    left = memoryview(data)
    try:
        while left:
            left = left[handle.write(left) :]
        os.fsync(handle.fileno())
    except OSError as problem:
        os.ftruncate(handle.fileno(), end)
        raise StoreError("the journal cannot be written", where=str(path), hint="Is the disk full?") from problem


def _replaced(old: BinaryIO, path: Path, kept: bytes) -> BinaryIO:
    """Put a shorter journal in place of an open one.

    It is written whole beside it, then takes its name: a crash leaves the old journal or the new one, never half of one. It is
    locked before it is seen, so that no other process slips in between.
    """
    spare = path.with_name(path.name + ".new")
    spare.unlink(missing_ok=True)
    shorter = spare.open("ab+", buffering=0)
    try:
        _lock_file(shorter, spare)
        _write(shorter, kept, spare)
        if sys.platform == "win32":  # pragma: no cover  (an open file cannot be replaced there)
            shorter.close()
            old.close()
            spare.replace(path)
            return _open_locked(path)
        spare.replace(path)
    except OSError as problem:
        shorter.close()
        raise StoreError("the journal cannot be written", where=str(path), hint="Is the disk full?") from problem
    except StoreError:
        shorter.close()
        raise
    old.close()
    return shorter


def _open_locked(path: Path) -> BinaryIO:
    """Open the journal and lock it; again where it was put aside between the two."""
    while True:
        handle = path.open("ab+", buffering=0)
        _lock_file(handle, path)
        try:
            if os.path.samestat(os.fstat(handle.fileno()), path.stat()):
                return handle
        except FileNotFoundError:
            pass  # its last owner has just thrown it away
        handle.close()


def _lock_file(handle: BinaryIO, path: Path) -> None:
    """Take an exclusive lock that dies with the process."""
    try:
        if sys.platform == "win32":  # pragma: no cover
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        handle.close()
        raise StoreBusy(
            "another process is collecting into this store", where=str(path), hint="Wait until it has finished"
        ) from problem
