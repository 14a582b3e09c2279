"""The journal: what was answered is on disk before it is used, and a file that was cut anywhere gives what is whole."""

from __future__ import annotations

import errno
import os
import struct
import subprocess
import sys
import threading
import zlib
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.collect import journal as module
from cryptotrace.collect.journal import Journal
from cryptotrace.errors import StoreBusy, StoreError
from cryptotrace.sources.base import Answer, Request


def answer(number: int, body: bytes = b"") -> Answer:
    request = Request(
        source="etherscan",
        chain="ethereum",
        stream="native",
        subject="0x" + "ab" * 20,
        parameters=(("page", str(number)), ("sort", "asc")),
        run="again 1" if number % 2 else "",
    )
    return Answer(
        request=request,
        status=200 + number,
        body=body or f'{{"n":{number}}}'.encode() * 5,
        received_at=datetime(2026, 1, 1, 0, 0, number % 60, tzinfo=UTC),
        server_date="Thu, 01 Jan 2026 00:00:00 GMT",
    )


def filled(path: Path, count: int) -> list[int]:
    """Write so many answers; gives the size of the file after each."""
    journal, sizes = Journal(path), [0]
    for number in range(count):
        journal.append(answer(number))
        sizes.append(path.stat().st_size)
    journal.close()
    return sizes


def held(path: Path) -> dict[str, Answer]:
    journal = Journal(path)
    found = dict(journal._answers)
    assert len(journal) == len(found)
    journal.close()
    return found


def expected(count: int) -> dict[str, Answer]:
    return {answer(number).request.key: answer(number) for number in range(count)}


def test_answers_come_back_as_they_were(tmp_path):
    filled(tmp_path / "j", 5)
    assert held(tmp_path / "j") == expected(5)


def test_a_journal_that_is_cut_at_any_byte_gives_the_answers_before_the_cut_and_takes_new_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(module.os, "fsync", lambda _: None)  # two thousand of them take long
    path = tmp_path / "j"
    sizes = filled(path, 4)
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        count = sum(size <= cut for size in sizes) - 1
        journal = Journal(path)
        assert dict(journal._answers) == expected(count), cut
        assert path.stat().st_size == sizes[count]
        journal.append(answer(9))
        journal.close()
        assert held(path) == {**expected(count), answer(9).request.key: answer(9)}


def test_zeros_that_a_power_loss_leaves_behind_are_dropped(tmp_path):
    path = tmp_path / "j"
    filled(path, 3)
    whole = path.read_bytes()
    for zeros in (1, 7, 8, 9, 16, 4096):
        path.write_bytes(whole + bytes(zeros))
        assert held(path) == expected(3)
        assert path.read_bytes() == whole


@given(st.data())
def test_damage_in_the_middle_never_gives_a_wrong_answer(tmp_path_factory, data):
    """The checksum of a record is what is trusted: three changed bytes never pass it here."""
    path = tmp_path_factory.mktemp("j") / "j"
    filled(path, 4)
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(whole))
    found = held(path)
    assert list(found.items()) == list(expected(len(found)).items())


def test_a_whole_record_of_another_form_is_refused_and_stays(tmp_path):
    path, packed = tmp_path / "case.journal", zlib.compress(msgspec.msgpack.encode({"source": "etherscan"}))
    filled(path, 1)
    with path.open("ab") as file:
        file.write(struct.pack("<II", len(packed), zlib.crc32(packed)) + packed)
    before = path.read_bytes()
    for _ in range(2):  # the lock is let go
        with pytest.raises(StoreError, match="record of another form"):
            Journal(path)
    assert path.read_bytes() == before


def test_an_answer_is_synced_to_disk_before_append_returns(tmp_path, monkeypatch):
    synced: list[int] = []
    real = os.fsync

    def fsync(number: int) -> None:
        real(number)
        synced.append(os.fstat(number).st_size)

    monkeypatch.setattr(module.os, "fsync", fsync)
    journal = Journal(tmp_path / "j")
    for number in range(3):
        journal.append(answer(number))
        assert synced[-1] == (tmp_path / "j").stat().st_size > 0
    assert len(synced) == 3
    journal.close()


def test_what_the_store_has_leaves_the_file_in_one_step(tmp_path, monkeypatch):
    path = tmp_path / "j"
    filled(path, 6)
    journal = Journal(path)
    gone = [answer(number).request.key for number in (0, 1, 4)]

    def die(*_: object) -> None:
        raise OSError(errno.EIO, "power loss")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", die)
        with pytest.raises(StoreError, match="cannot be written"):
            journal.drop(gone)
        journal._file.close()
    assert held(path) == expected(6)
    journal = Journal(path)
    journal.drop(gone)
    journal.append(answer(7))
    journal.close()
    assert held(path) == {answer(number).request.key: answer(number) for number in (2, 3, 5, 7)}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["j"]


def test_an_empty_journal_leaves_no_file_and_a_full_one_stays(tmp_path):
    path = tmp_path / "j"
    filled(path, 2)
    journal = Journal(path)
    journal.drop(list(journal._answers))
    assert path.stat().st_size == 0
    journal.close()
    journal.close()
    assert not path.exists()
    filled(path, 1)
    assert path.exists()


def test_a_later_answer_to_the_same_request_counts(tmp_path):
    journal = Journal(tmp_path / "j")
    journal.append(answer(1, b"first"))
    journal.append(answer(1, b"second"))
    journal.close()
    assert [one.body for one in held(tmp_path / "j").values()] == [b"second"]


def test_a_full_disk_is_our_error_and_hides_no_record_that_follows(tmp_path, monkeypatch):
    path = tmp_path / "j"
    journal = Journal(path)
    journal.append(answer(0))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(module.os, "fsync", full)
        with pytest.raises(StoreError, match="cannot be written"):
            journal.append(answer(1))
    journal.append(answer(2))
    journal.close()
    assert set(held(path)) >= {answer(0).request.key, answer(2).request.key}


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on file sizes there")
@pytest.mark.parametrize("size", [100, 2_000, 100_000])
def test_a_record_that_only_half_fits_on_the_disk_leaves_nothing_before_those_that_follow(size, tmp_path):
    import resource
    import signal

    path = tmp_path / "j"
    journal = Journal(path)
    journal.append(answer(0, os.urandom(size)))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 50, hard))
        with pytest.raises(StoreError, match="cannot be written"):
            journal.append(answer(1, os.urandom(size)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    journal.append(answer(2))
    journal.close()
    assert set(held(path)) == {answer(0).request.key, answer(2).request.key}


def test_a_second_collector_of_the_same_store_is_refused_until_the_first_is_done(tmp_path):
    path = tmp_path / "j"
    first = Journal(path)
    with pytest.raises(StoreBusy, match="another process is collecting"):
        Journal(path)
    first.append(answer(0))
    first.append(answer(1))
    first.drop([answer(0).request.key])  # the file is another one now, and still locked
    with pytest.raises(StoreBusy):
        Journal(path)
    first.close()
    assert held(path) == {answer(1).request.key: answer(1)}


def test_the_lock_goes_with_its_process(tmp_path):
    code = f"""
import os
from pathlib import Path
from cryptotrace.collect.journal import Journal
journal = Journal(Path({str(tmp_path / "j")!r}))
os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    Journal(tmp_path / "j").close()


def test_a_file_that_is_thrown_away_between_opening_and_locking_is_not_used(tmp_path, monkeypatch):
    path, real = tmp_path / "j", module._lock_file
    calls: list[int] = []

    def lock(handle: object, where: Path) -> None:
        if not calls:
            path.unlink()  # its last owner closed just now
        calls.append(1)
        real(handle, where)

    monkeypatch.setattr(module, "_lock_file", lock)
    journal = Journal(path)
    journal.append(answer(0))
    journal.close()
    assert len(calls) == 2
    assert path.exists()


def test_appends_of_many_threads_do_not_mix(tmp_path):
    journal = Journal(tmp_path / "j")
    threads = [
        threading.Thread(target=lambda low: [journal.append(answer(n)) for n in range(low, low + 20)], args=(20 * n,))
        for n in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    assert held(tmp_path / "j") == expected(100)


def test_a_journal_in_memory_needs_no_file():
    journal = Journal(None)
    journal.append(answer(0))
    assert journal.find(answer(0).request.key) == answer(0)
    assert journal.find("?") is None
    journal.drop([answer(0).request.key, "?"])
    assert len(journal) == 0
    journal.close()
