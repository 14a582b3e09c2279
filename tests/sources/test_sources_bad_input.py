"""Bad input: one clear error that says what, where and what to do next, or a reject that keeps the row."""

from __future__ import annotations

import gzip
import os

import pytest

from cryptotrace.errors import CryptotraceError, InputError, InputFileError, UnknownChainError
from cryptotrace.sources import read_prices, read_transfers, sheets, streams

HEADER = "Timestamp,Block,Tx_hash,From,From_label,To,To_label,Value_in_USD"
A, B = "0x" + "a" * 40, "0x" + "b" * 40
ROW = f"2024-08-02 00:24:23,20437258,0x{'c' * 64},{A},,{B},,1.5"


def refused(kind, *paths, **options):
    with pytest.raises(kind) as caught:
        list(read_transfers(*paths, **{"format": "usd_edges", "chain": "ethereum", **options}))
    assert caught.value.what
    assert caught.value.hint
    assert isinstance(caught.value, CryptotraceError)
    assert caught.value.exit_code == 5
    return str(caught.value)


def test_a_missing_file_is_named_before_anything_is_read(tmp_path):
    with pytest.raises(InputFileError, match="no such file"):
        read_transfers(tmp_path / "none.csv", format="usd_edges", chain="ethereum")


def test_a_path_with_nul_is_refused():
    assert "NUL" in refused(InputFileError, "a\0b.csv")


def test_a_path_that_is_too_long_or_empty_is_refused():
    assert "cannot be read" in refused(InputFileError, "a" * 5000 + ".csv")
    assert "not empty" in refused(InputFileError, "")


def test_no_path_is_refused():
    assert "no file was named" in refused(InputError)


def test_a_pipe_is_refused_without_opening_it(tmp_path):
    pipe = tmp_path / "edges.csv"
    os.mkfifo(pipe)
    assert "pipe" in refused(InputFileError, pipe)
    assert "pipe" in refused(InputFileError, tmp_path)  # found in its folder


def test_a_device_is_refused():
    assert "pipe, device" in refused(InputFileError, "/dev/null")


def test_an_empty_folder_is_refused(tmp_path):
    assert "holds no file" in refused(InputFileError, tmp_path)


def test_a_folder_in_place_of_a_file_beside_is_refused(write, tmp_path):
    path = write("t.csv", "chain")
    with pytest.raises(InputFileError, match="is a folder"):
        read_transfers(path, format="table", transactions=tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read every file")
def test_an_unreadable_file_is_refused(write):
    path = write("edges.csv", HEADER)
    path.chmod(0)
    assert "may not be read" in refused(InputFileError, path)


def test_an_unreadable_file_is_refused_whoever_runs(write, monkeypatch):
    path = write("edges.csv", HEADER)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "may not be read" in refused(InputFileError, path)


def test_a_name_that_tells_no_kind_is_refused(write):
    assert ".csv" in refused(InputFileError, write("edges.xlsx", HEADER))


def test_a_file_that_is_not_utf_8_is_refused(tmp_path):
    path = tmp_path / "edges.csv"
    path.write_bytes(HEADER.encode() + b"\n\xff\xfe\n")
    assert "UTF-8" in refused(InputFileError, path)


def test_a_nul_character_inside_is_refused(write):
    assert "NUL" in refused(InputFileError, write("edges.csv", HEADER, "\0" * 10))


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "edges.csv").write_bytes(b"")
    assert "empty" in refused(InputFileError, tmp_path / "edges.csv")


def test_a_missing_column_is_named_with_those_that_were_found(write):
    text = refused(InputFileError, write("edges.csv", "Timestamp,Block,Tx_hash,From,Value"))
    assert "edges.csv" in text
    assert "To, Value_in_USD" in text
    assert "found: Timestamp, Block, Tx_hash, From, Value" in text


def test_a_column_that_stands_twice_is_refused(write):
    assert "twice" in refused(InputFileError, write("edges.csv", HEADER + ",From"))


def test_an_open_quotation_mark_is_refused_because_it_would_swallow_the_rest(write):
    assert "line 2" in refused(InputFileError, write("edges.csv", HEADER, '"2024,' + ROW, ROW))


def test_damaged_gzip_is_refused(tmp_path):
    path = tmp_path / "edges.csv.gz"
    packed = gzip.compress((HEADER + "\n" + (ROW + "\n") * 1000).encode())
    for bad in (packed[:-20], b"plain text", packed[:50] + b"\0" * 40):
        path.write_bytes(bad)
        assert "gzip" in refused(InputFileError, path)


def test_a_packed_file_that_grows_without_end_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "MAX_UNPACKED", 10_000)
    path = tmp_path / "edges.csv.gz"
    path.write_bytes(gzip.compress((HEADER + "\n" + (ROW + "\n") * 1000).encode()))
    assert "10,000 bytes" in refused(InputFileError, path)


def test_endless_lines_and_documents_are_stopped(write, monkeypatch):
    monkeypatch.setattr(streams, "MAX_LINE", 1_000)
    monkeypatch.setattr(streams, "MAX_DOCUMENT", 1_000)
    assert "longer than" in refused(InputFileError, write("edges.csv", HEADER, "1" * 2_000))
    assert "larger than" in refused(InputFileError, write("a.json", "[" + " " * 2_000 + "]"), format="etherscan_json")


def test_unknown_format_chain_column_and_option_are_refused_at_once(write):
    path = write("edges.csv", HEADER, ROW)
    assert "usd_edges" in refused(InputError, path, format="csv")
    refused(UnknownChainError, path, chain="etherium")
    assert "does not say the chain" in refused(InputError, path, chain=None)
    assert "Our names are" in refused(InputError, path, format="table", columns={"value": "v"})
    assert "not empty" in refused(InputError, path, format="table", columns={"amount": ""})
    assert "takes no columns" in refused(InputError, path, columns={"amount": "v"})
    assert "takes no approvals" in refused(InputError, path, approvals=path)
    assert "chunk_rows" in refused(InputError, path, chunk_rows=0)


def test_a_parquet_file_that_is_none_is_refused(write):
    assert "Parquet" in refused(InputFileError, write("t.parquet", "PAR1 no"), format="table")


def test_json_that_is_none_is_refused_or_rejected(write, read):
    assert "not JSON" in refused(InputFileError, write("a.json", "{"), format="etherscan_json")
    assert "not JSON" in refused(InputFileError, write("b.json", "[1,"), format="table")
    assert "nested" in refused(InputFileError, write("c.json", "[" * 100_000), format="etherscan_json")
    assert "no saved answer" in refused(InputFileError, write("d.json", '{"rows": []}'), format="etherscan_json")
    assert "is missing" in refused(InputFileError, write("e.jsonl", "nonsense", "more"), format="table")


def test_rows_of_the_wrong_width_and_broken_quoting_are_kept_whole(write, read):
    broken = '"2024"x' + ROW
    batch = read(write("edges.csv", HEADER, "1,2", ROW, broken, "", ROW), format="usd_edges", chain="ethereum")
    assert [(r.file, r.line, r.raw) for r in batch.rejects] == [("edges.csv", 2, "1,2"), ("edges.csv", 4, broken)]
    assert len(batch.rows["transfers"]) == 2
    assert "8" in batch.rejects[0].reason


def test_rejects_name_the_file_but_no_folder_of_the_machine(write, read):
    batch = read(write("deep/edges.csv", HEADER, ROW.replace("1.5", "NaN")), format="usd_edges", chain="ethereum")
    (reject,) = batch.rejects
    assert reject.file == "edges.csv"
    assert reject.raw == ROW.replace("1.5", "NaN")
    assert "Value_in_USD" in reject.reason


def test_huge_cells_of_real_chains_pass(write, read):
    header = "hash,block_number,transaction_index,from_address,to_address,value,block_timestamp,input"
    row = f"0x{'c' * 64},1,0,{A},{B},5,1700000000,0x{'00' * 200_000}"
    batch = read(write("transactions.csv", header, row), format="ethereum_etl", chain="ethereum")
    assert len(batch.rows["transfers"]) == 1


def test_a_missing_column_of_prices_is_refused(write):
    with pytest.raises(InputFileError, match="usd"):
        list(read_prices(write("prices.csv", "time,asset,price", "2023-01-01,ETH,1")))


def test_the_line_limit_is_shared_with_the_csv_reader():
    assert sheets.MAX_LINE == streams.MAX_LINE
