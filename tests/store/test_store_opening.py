"""Opening a store that somebody else made, or that is none: judged before it is touched, and left as it was."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from decimal import Decimal

import duckdb
import pytest

from cryptotrace.errors import InputError, NotAStoreError, StoreBusy, StoreError
from cryptotrace.schema import STORED
from cryptotrace.store import duckdb as duckdb_store
from cryptotrace.store import making, open_store


def state(path):
    """Everything that must not change: bytes, time of change, and the files beside it."""
    files = sorted(entry.name for entry in path.parent.iterdir())
    return hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns, files


def refused(path, *, match=None, **options):
    before = state(path) if path.is_file() else None
    with pytest.raises(NotAStoreError, match=match) as caught:
        open_store(path, **options)
    assert isinstance(caught.value, InputError)
    assert caught.value.exit_code == 5
    assert caught.value.where == str(path)
    assert caught.value.hint
    if before is not None:
        assert state(path) == before
    return caught.value


# -- what is not a store ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"chain,tx_hash\n", b"\0" * 4096, b"SQLite format 3\0" + b"\0" * 100, b"12345678DUC"])
@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_of_another_kind_is_refused(tmp_path, content, read_only):
    path = tmp_path / "notes.duckdb"
    path.write_bytes(content)
    refused(path, match="not a case store", read_only=read_only)


def test_a_directory_is_refused(tmp_path):
    refused(tmp_path, match="not a regular file")


def test_a_device_is_refused():
    with pytest.raises(NotAStoreError, match="not a regular file"):
        open_store("/dev/null")


def test_a_fifo_is_refused_and_does_not_hang(tmp_path):
    path = tmp_path / "fifo.duckdb"
    os.mkfifo(path)
    begun = time.monotonic()
    refused(path, match="not a regular file")
    assert time.monotonic() - begun < 5


def test_a_missing_folder_is_named(tmp_path):
    refused(tmp_path / "nowhere" / "case.duckdb", match="folder")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    refused(tmp_path / "file" / "case.duckdb")


def test_read_only_never_creates_a_store(tmp_path):
    refused(tmp_path / "new.duckdb", match="no such case store", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_engine_is_refused(tmp_path):
    with pytest.raises(InputError, match="engine"):
        open_store(tmp_path / "case.duckdb", engine="sqlite")


def test_a_foreign_duckdb_file_is_refused(tmp_path):
    path = tmp_path / "foreign.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE transfers (a INTEGER)")
    refused(path, match="not a case store")


# -- a store that was tampered with ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW extra AS SELECT 1 AS x",
        "CREATE TABLE extra (x INTEGER)",
        "CREATE MACRO sum(x) AS 7",
        "CREATE MACRO harmless(x) AS x",
        "CREATE MACRO numbers() AS TABLE SELECT 1 AS x",
        "CREATE MACRO duckdb_functions() AS TABLE SELECT 1 AS x WHERE false",
        "CREATE VIEW duckdb_tables AS SELECT 1 AS x",
        "CREATE SCHEMA extra",
        "CREATE SEQUENCE extra",
        "CREATE TYPE mood AS ENUM ('a')",
        "CREATE INDEX extra ON meta (name)",
        "DROP TABLE prices",
        "DROP TABLE prices; CREATE VIEW prices AS SELECT NULL::TIMESTAMP AS time, 'ETH' AS asset, 1.0 AS usd, 'x' AS source",
        "DROP TABLE exclusions; CREATE TABLE exclusions (transfer BIGINT DEFAULT 1, reason VARCHAR, detail VARCHAR)",
        "DROP TABLE exclusions; CREATE TABLE exclusions (transfer BIGINT, reason VARCHAR, detail VARCHAR AS ('x'))",
        "ALTER TABLE transfers ALTER COLUMN amount TYPE DOUBLE",
        "ALTER TABLE transfers ADD COLUMN extra INTEGER",
        "UPDATE meta SET value = '999' WHERE name = 'schema'",
        "DELETE FROM meta",
    ],
)
@pytest.mark.parametrize("read_only", [False, True])
def test_a_store_with_anything_else_in_it_is_refused(path, statement, read_only):
    """A macro named sum would take the place of the engine's own: every total could be what the maker of the file likes."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(statement)
    refused(path, read_only=read_only)


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_a_truncated_store_is_refused_or_fails_as_damaged(path, part):
    """Damage deep in the file shows only when it is read; then too the error is ours, and at once."""
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    begun = time.monotonic()
    with pytest.raises(NotAStoreError, match="cannot read") as caught:
        open_store(path, read_only=True).digests()
    assert "damaged" in str(caught.value)
    assert time.monotonic() - begun < 5


def test_a_damaged_store_is_no_busy_store(tmp_path):
    """The engine says "in block at location": a word that holds "lock" is no lock, and neither is one in the path."""
    folder = tmp_path / "could not lock block"
    folder.mkdir()
    path = folder / "case.duckdb"
    open_store(path)
    content = bytearray(path.read_bytes())
    for at in range(12_288, len(content), 7):
        content[at] ^= 0x55
    path.write_bytes(content)
    begun = time.monotonic()
    with pytest.raises(NotAStoreError):
        open_store(path, wait=30).digests()
    assert time.monotonic() - begun < 10


# -- reading leaves no trace -----------------------------------------------------------------------------------------------


def test_reading_changes_no_byte(path):
    before = state(path)
    store = open_store(path, read_only=True)
    assert store.rows("SELECT amount FROM transfers") == [(100,)]
    assert store.rows("SELECT amount FROM ledger") == [(100,)]
    assert store.arrow("SELECT amount FROM ledger").to_pylist() == [{"amount": Decimal(100)}]
    assert store.digests()
    assert store.version == 1
    with store.session():
        store.rows("SELECT count(*) FROM accounts")
    assert state(path) == before


def test_opening_to_write_changes_no_byte_either(path):
    before = state(path)
    store = open_store(path)
    assert state(path) == before
    store.digests()
    assert state(path)[::2] == before[::2]


def test_a_store_whose_folder_may_not_be_written_can_be_read(path):
    path.chmod(0o444)
    assert open_store(path, read_only=True).version == 1


@pytest.mark.parametrize(
    "write",
    [
        lambda store: store.load([]),
        lambda store: store.replace("exclusions", [(1, "x", None)]),
        lambda store: store.run("DELETE FROM transfers"),
        lambda store: store.run("CREATE TABLE extra (x INTEGER)"),
        lambda store: store.rows("INSERT INTO meta VALUES ('a', 'b')"),
        lambda store: store.transaction().__enter__(),
    ],
)
def test_read_only_refuses_every_write(path, write):
    before = state(path)
    store = open_store(path, read_only=True)
    with pytest.raises(StoreError, match="read-only"):
        write(store)
    assert state(path) == before


def test_a_store_cannot_make_the_engine_read_or_write_other_files(path, tmp_path):
    (tmp_path / "secret.csv").write_text("a\n1\n")
    store = open_store(path)
    for statement in (
        f"SELECT * FROM read_csv('{tmp_path}/secret.csv')",
        f"SELECT * FROM '{tmp_path}/secret.csv'",
        f"COPY transfers TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/other.duckdb' AS other",
        "INSTALL httpfs",
    ):
        with pytest.raises((duckdb.Error, StoreError)):
            store.rows(statement)
    with pytest.raises(duckdb.Error):
        store.run("SET enable_external_access = true")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["case.duckdb", "secret.csv"]


# -- two processes ---------------------------------------------------------------------------------------------------------

HOLD = """
import sys, time, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.readline()
connection.close()
print("free", flush=True)
"""


@pytest.fixture
def holder(path):
    """Another process that holds the store until it is told to let go."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        if process.poll() is None:
            process.kill()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_held_store_is_busy_and_the_holder_is_named(path, holder, read_only):
    begun = time.monotonic()
    with pytest.raises(StoreBusy, match=f"PID {holder.pid}") as caught:
        open_store(path, read_only=read_only, wait=0.3)
    assert caught.value.pid == holder.pid
    assert 0.3 <= time.monotonic() - begun < 5


def test_a_held_store_opens_when_the_other_lets_go(path, holder):
    holder.stdin.write("go\n")
    holder.stdin.flush()
    assert open_store(path, wait=30).version == 1


def test_a_store_lets_go_between_two_verbs(path):
    store = open_store(path)
    store.digests()
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE meta SET value = '7' WHERE name = 'version'")
    assert store.version == 7


def test_a_second_store_in_this_process_is_busy_and_not_damaged(path):
    writer = open_store(path)
    with writer.session():
        writer.rows("SELECT 1")
        with pytest.raises(StoreBusy) as caught:
            open_store(path, read_only=True, wait=0.1).digests()
        assert caught.value.pid == os.getpid()
    assert open_store(path, read_only=True).version == 1


def test_a_store_that_was_made_with_packed_hashes_still_opens(kit, path, monkeypatch):
    old = path.with_name("old.duckdb")
    with monkeypatch.context() as patch:
        patch.setattr(duckdb_store, "make_tables", lambda connection: making.make_tables(connection, packed=True))
        open_store(old)
    with duckdb.connect(str(old), read_only=True) as connection:
        assert not any("COMPRESSION" in sql for (sql,) in connection.execute("SELECT sql FROM duckdb_tables()").fetchall())
    store = open_store(old)
    store.load([kit.batch_of(kit.transfer(100, log_index=1))])
    assert store.digests() == open_store(path).digests()


def test_hashes_and_addresses_are_not_packed(path):
    query = "SELECT DISTINCT compression FROM pragma_storage_info('{}') WHERE column_name = '{}' AND segment_type <> 'VALIDITY'"
    with duckdb.connect(str(path), read_only=True) as connection:
        for table, column in (("transfers", "tx_hash"), ("accounts", "address")):
            assert connection.execute(query.format(table, column)).fetchall() == [("Uncompressed",)]


def test_the_tables_are_those_of_the_schema(path):
    with duckdb.connect(str(path), read_only=True) as connection:
        assert {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()} == set(STORED)
