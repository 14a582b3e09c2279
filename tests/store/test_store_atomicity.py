"""All of a load or nothing of it: after an exception, after a bad row, after the process was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest

from cryptotrace.errors import InputError
from cryptotrace.schema import Batch
from cryptotrace.store import open_store


class Interrupted(BaseException):
    """What a person does with Ctrl-C."""


@pytest.mark.parametrize("problem", [RuntimeError, KeyboardInterrupt, Interrupted])
def test_an_exception_among_the_batches_leaves_nothing(kit, path, problem):
    store = open_store(path)
    before = (store.version, store.digests())

    def batches():
        yield kit.batch_of(kit.transfer(7, tx="new"), transactions=[kit.transaction("new")])
        raise problem

    with pytest.raises(problem):
        store.load(batches(), complete=True, run={"verb": "load", "parameters": "{}"})
    assert (store.version, store.digests()) == before
    assert store.rows("SELECT count(*) FROM runs") == [(0,)]
    assert store.load([kit.batch_of(kit.transfer(7, tx="new"))])["transfers"] == 1


def test_in_memory_too(kit):
    store = kit.loaded([kit.transfer()])
    before = (store.version, store.digests())

    def batches():
        yield kit.batch_of(kit.transfer(7, tx="new"))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.load(batches())
    assert (store.version, store.digests()) == before
    assert store.load([kit.batch_of(kit.transfer(7, tx="new"))])["transfers"] == 1


@pytest.mark.parametrize("amount", [-1, 10**38, 2**256 - 1])
def test_a_bad_amount_is_refused_by_the_batch_whole(kit, amount):
    batch = Batch()
    with pytest.raises(InputError, match="amount"):
        batch.add_transfer(**kit.transfer(amount))
    assert len(batch) == 0


@pytest.mark.parametrize("amount", [-1, 10**38, 2**256 - 1, 1.0, 0.1, "5"])
@pytest.mark.parametrize("table", ["transfers", "transactions"])
def test_a_bad_amount_that_slips_past_the_batch_is_refused_by_the_store_whole(kit, amount, table):
    store = kit.loaded([kit.transfer()])
    before = (store.version, store.digests())
    bad = Batch()
    if table == "transfers":
        good = kit.batch_of(kit.transfer()).rows["transfers"][0]
        bad.add("transfers", tuple(amount if value == 5 else value for value in good))
    else:
        bad.add("transactions", kit.transaction(fee=amount))
    with pytest.raises(InputError, match=r"amount|fee"):
        store.load([kit.batch_of(kit.transfer(9, tx="good")), bad])
    assert (store.version, store.digests()) == before


def test_the_largest_amount_goes_in_and_comes_out(kit):
    store = kit.loaded([kit.transfer(10**38 - 1), kit.transfer(0)])
    assert store.rows("SELECT amount FROM transfers ORDER BY amount") == [(0,), (10**38 - 1,)]


def test_a_time_without_a_zone_is_refused_and_another_zone_is_the_same_moment(kit):
    moment = datetime(2024, 1, 1, 12, tzinfo=UTC)
    row = kit.transfer()
    with pytest.raises(InputError, match="zone"):
        kit.loaded([{**row, "time": moment.replace(tzinfo=None)}])
    store = kit.loaded([{**row, "time": moment.astimezone(timezone(timedelta(hours=9)))}])
    assert store.rows("SELECT time FROM transfers") == [(moment,)]


def test_a_transaction_takes_effect_whole_or_not_at_all(kit, path):
    store = open_store(path)

    def three_changes_and_a_mishap():
        with store.transaction():
            store.replace("exclusions", [(1, "test", None)])
            store.load([kit.batch_of(kit.transfer(7, tx="new"))])
            store.run("UPDATE meta SET value = 'x' WHERE name = 'cleaned'")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        three_changes_and_a_mishap()
    assert store.rows("SELECT value FROM meta WHERE name = 'cleaned'") == [("",)]
    assert store.rows("SELECT count(*) FROM exclusions") == [(0,)]
    assert store.rows("SELECT count(*) FROM transfers") == [(1,)]
    with store.transaction():
        store.replace("exclusions", [(1, "test", None)])
        store.load([kit.batch_of(kit.transfer(7, tx="new"))])
    assert store.rows("SELECT count(*) FROM exclusions") == [(1,)]
    assert store.rows("SELECT amount FROM ledger") == [(7,)]


def test_replace_puts_rows_in_place_of_all_others(kit):
    store = kit.loaded([kit.transfer(), kit.transfer(6)])
    store.replace("exclusions", [(1, "a", None), (2, "b", "why")])
    store.replace("exclusions", [(2, "c", None)])
    assert store.rows("SELECT * FROM exclusions") == [(2, "c", None)]
    store.replace("exclusions", [])
    assert store.rows("SELECT * FROM exclusions") == []


KILLED = """
import sys
from datetime import UTC, datetime
from cryptotrace.schema import Batch
from cryptotrace.store import open_store

def batches():
    for number in range(10**6):
        batch = Batch()
        for row in range(200):
            batch.add_transfer(chain="ethereum", tx_hash=f"t{number}", kind="token", time=datetime(2024, 1, 2, tzinfo=UTC),
                block=number, sender="0x" + "a" * 40, receiver="0x" + "b" * 40, amount=row, contract="0x" + "c" * 40)
        yield batch
        if number == int(sys.argv[2]):
            print("writing", flush=True)
            if sys.argv[3] == "stop":
                return

store = open_store(sys.argv[1])
if sys.argv[3] == "stop":
    # The transaction is ready to commit but never does: its changes are in the engine, not in the file.
    with store.transaction():
        store.load(batches())
        print("loaded", flush=True)
        sys.stdin.readline()
store.load(batches())
"""


@pytest.mark.parametrize(("word", "last"), [("go", "writing"), ("stop", "loaded")])
def test_a_killed_writer_leaves_the_store_as_it_was(path, word, last):
    before = open_store(path, read_only=True).digests()
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path), "20", word], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        while process.stdout.readline().strip() != last:
            assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    for read_only in (True, False):
        store = open_store(path, read_only=read_only, wait=5)
        assert store.digests() == before
        assert store.version == 1


COMMITTED = """
import sys
from cryptotrace.schema import Batch
from cryptotrace.store import open_store

store = open_store(sys.argv[1])
with store.session():
    batch = Batch()
    batch.reject("file.csv", 1, "why", "raw")
    store.load([batch])
    print("committed", flush=True)
    sys.stdin.readline()
"""


def test_a_load_that_was_committed_survives_a_kill_and_reading_it_changes_no_byte(path):
    """The rows are still in the engine's log beside the file: reading must see them and leave both files alone."""
    with subprocess.Popen(
        [sys.executable, "-c", COMMITTED, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "committed\n"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    def files():
        return {entry.name: entry.read_bytes() for entry in path.parent.iterdir()}

    before = files()
    store = open_store(path, read_only=True)
    assert store.rows("SELECT file FROM rejects") == [("file.csv",)]
    assert files() == before
    assert open_store(path).digests() == store.digests()
