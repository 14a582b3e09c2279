"""Files are opened without side effects, bounded, as strict UTF-8."""

from __future__ import annotations

import os
import socket
import tempfile

import pytest

from cryptotrace.errors import InputFileError
from cryptotrace.labels.reading import open_text, read_text


def test_a_byte_order_mark_is_dropped_and_line_ends_are_kept(write):
    path = write("a.txt", b"\xef\xbb\xbfone\r\ntwo\n")
    assert read_text(path) == "one\r\ntwo\n"
    assert list(open_text(path)) == ["one\r\n", "two\n"]


@pytest.mark.parametrize(
    ("raw", "where", "hint"),
    [
        (b"good\nb\xe4d\n", ":2", "UTF-8"),
        ("text".encode("utf-16"), ":1", "UTF-16"),
        (b"one\ntwo\nth\0ree", ":3", "binary"),
    ],
)
def test_what_is_no_utf8_text_is_refused_with_its_line(write, raw, where, hint):
    path = write("a.csv", raw)
    with pytest.raises(InputFileError) as caught:
        read_text(path)
    assert caught.value.where == f"{path}{where}"
    assert hint in caught.value.hint


def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path):
    path = tmp_path / "a.csv"
    os.mkfifo(path)
    with pytest.raises(InputFileError, match="FIFO"):
        read_text(path)


def test_directory_device_and_socket_are_refused(tmp_path):
    with pytest.raises(InputFileError, match="a directory"):
        read_text(tmp_path)
    with pytest.raises(InputFileError, match="a device"):
        read_text("/dev/zero")
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{short}/s")
        with pytest.raises(InputFileError, match="a socket"):
            read_text(f"{short}/s")


def test_a_file_over_the_limit_is_refused_and_one_at_the_limit_is_read(write):
    path = write("a.txt", "x" * 100)
    assert len(read_text(path, max_bytes=100)) == 100
    with pytest.raises(InputFileError, match="100 bytes are more than the 99"):
        read_text(path, max_bytes=99)


@pytest.mark.parametrize("path", ["missing.csv", "with\0nul.csv", "x" * 5000])
def test_a_path_that_leads_nowhere_is_refused(path):
    with pytest.raises(InputFileError):
        read_text(path)


def test_a_link_to_a_fifo_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.csv").symlink_to(tmp_path / "pipe")
    with pytest.raises(InputFileError, match="FIFO"):
        read_text(tmp_path / "a.csv")
