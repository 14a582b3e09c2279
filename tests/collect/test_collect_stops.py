"""Where a pull stops, that it says so, and that the same command goes on as if it had never stopped."""

from __future__ import annotations

import _thread
import itertools
import json
import multiprocessing
import signal
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import killed_child
import pytest
from calm_pulls import STREAMS, WORLD, calm, check_every_complete_list, digests, fake, list_params
from long_worlds import HUB, long_world
from pulling import InProcess, SmallPages, coverage, in_process, stored, truth_of

import cryptotrace as ct
from cryptotrace.collect import pull, writing
from cryptotrace.collect.budget import BudgetSpent
from cryptotrace.collect.journal import Journal
from cryptotrace.collect.pull import collect
from cryptotrace.errors import (
    AmountOverflowError,
    BadKey,
    PlanRequired,
    QuotaExhausted,
    StoreBusy,
    StoreError,
)
from cryptotrace.sources.base import Answer, Request
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Fault, random_chain


class Hooked(InProcess):
    """Does something before the n-th request goes out."""

    at: int | None = None
    action: Callable[[], object] = staticmethod(lambda: None)

    def _send(self, request: Request) -> Answer:
        if self.at is not None:
            self.at -= 1
            if self.at == 0:
                self.action()
        return super()._send(request)


def hooked(explorer: FakeEtherscan, at: int, action: Callable[[], object]) -> SmallPages:
    fetcher = Hooked(explorer)
    fetcher.at, fetcher.action = at, action
    return SmallPages("ethereum", fetcher, page_rows=5)


# -- budget --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("allowed", [2, 5, 17])
def test_a_budget_stops_says_so_and_goes_on_under_the_same_head_to_the_same_end(allowed):
    world = long_world(25)
    truth, undisturbed = calm(world)
    explorer, store, source = fake(world), ct.open_store(":memory:"), None
    heads, rounds = set(), 0
    for rounds in itertools.count(1):
        before = len(explorer.requests)
        source = in_process(explorer)
        explorer._heads = {one: head + 10 for one, head in explorer._heads.items()}  # the chain grows meanwhile
        try:
            result = collect(source, store, world.addresses, max_requests=allowed, progress=False)
        except BudgetSpent:  # the head and the plan took it all
            assert rounds < 5
            continue
        finally:
            assert len(explorer.requests) - before <= allowed
        heads.add(result.provenance.parameters["head"])
        assert result.provenance.parameters["requests"] == str(len(explorer.requests) - before)
        if not result.is_partial:
            break
        assert ("partial", "budget") in {row[:2] for row in result.table.rows}
        assert rounds < 200
    assert len(heads) == 1
    asked = Counter(list_params(explorer))
    assert max(asked.values()) == 1
    assert rounds > 2
    assert stored(store) == stored(truth)
    assert len(asked) == len(list_params(undisturbed))


def test_hops_under_a_budget_end_with_the_accounts_and_digests_of_one_pull():
    world = random_chain(8, transactions=60, addresses=6)
    explorer, calm_store = FakeEtherscan(world, plan=UNLIMITED), ct.open_store(":memory:")
    collect(in_process(explorer), calm_store, world.addresses[:1], hops=2, max_rows_per_address=40, progress=False)
    again, store = FakeEtherscan(world, plan=UNLIMITED), ct.open_store(":memory:")
    for rounds in itertools.count(1):
        settings = {"hops": 2, "max_rows_per_address": 40, "max_requests": 9, "progress": False}
        collect(in_process(again), store, world.addresses[:1], **settings)
        if not any(reason == "budget" for _, reason, _, _ in coverage(store).values()):
            break
        assert rounds < 100
    assert rounds > 3
    assert digests(store) == digests(calm_store)


# -- Ctrl-C --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [4, 9, 20, 30])
def test_ctrl_c_finishes_the_page_keeps_everything_and_the_same_command_goes_on_to_the_same_digests(at, tmp_path):
    truth, undisturbed = calm()
    explorer, store = fake(WORLD), ct.open_store(tmp_path / "case.duckdb")
    before = signal.getsignal(signal.SIGINT)
    result = collect(hooked(explorer, at, _thread.interrupt_main), store, WORLD.addresses, progress=False)
    assert signal.getsignal(signal.SIGINT) is before
    assert result.provenance.warnings == ("stopped on request: run the same command to go on",)
    assert ("partial", "interrupted") in {row[:2] for row in result.table.rows}
    assert at <= len(explorer.requests) <= at + 4
    second = collect(in_process(explorer), store, WORLD.addresses, progress=False)
    assert not second.is_partial
    assert second.provenance.parameters["head"] == result.provenance.parameters["head"]
    assert max(Counter(list_params(explorer)).values()) == 1
    assert len(list_params(explorer)) == len(list_params(undisturbed))
    assert digests(store) == digests(truth)


@pytest.mark.parametrize("at", [1, 2, 3, 5])
def test_ctrl_c_in_the_middle_of_a_write_loses_no_page(at, monkeypatch):
    monkeypatch.setattr(writing, "_FLUSH_PAGES", 3)
    world = long_world(25)
    truth, _ = calm(world)
    explorer, store, count = fake(world), ct.open_store(":memory:"), itertools.count(1)
    real = store.load

    def load(batches: Any, **settings: Any) -> Any:
        if next(count) == at:
            _thread.interrupt_main()
        return real(batches, **settings)

    monkeypatch.setattr(store, "load", load)
    first = collect(in_process(explorer), store, world.addresses, progress=False)
    assert first.provenance.warnings
    check_every_complete_list(store, world)
    collect(in_process(explorer), store, world.addresses, progress=False)
    assert digests(store) == digests(truth)


def test_an_interrupt_that_is_raised_inside_a_write_loses_no_page_either(monkeypatch):
    """As where no handler can be set: the exception hits in the middle of the transaction."""
    monkeypatch.setattr(writing, "_FLUSH_PAGES", 3)
    truth, _ = calm()
    explorer, store, count = fake(WORLD), ct.open_store(":memory:"), itertools.count(1)
    real = store.load

    def load(batches: Any, **settings: Any) -> Any:
        number = next(count)
        if number == 2:
            raise KeyboardInterrupt
        done = real(batches, **settings)
        if number == 4:
            raise KeyboardInterrupt  # written, but nobody knows yet
        return done

    monkeypatch.setattr(store, "load", load)
    with pytest.raises(KeyboardInterrupt):
        collect(in_process(explorer), store, WORLD.addresses, progress=False)
    check_every_complete_list(store, WORLD)
    collect(in_process(explorer), store, WORLD.addresses, progress=False)
    assert digests(store) == digests(truth)


def test_the_second_ctrl_c_breaks_off_and_what_was_read_is_still_there(tmp_path):
    truth, _ = calm()
    explorer, store = fake(WORLD), ct.open_store(tmp_path / "case.duckdb")

    def press_twice() -> None:
        for _ in range(2):
            _thread.interrupt_main()
            time.sleep(0.2)  # until the main thread has seen it

    with pytest.raises(KeyboardInterrupt):
        collect(hooked(explorer, 10, press_twice), store, WORLD.addresses, progress=False)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    collect(in_process(explorer), store, WORLD.addresses, progress=False)
    assert max(Counter(list_params(explorer)).values()) == 1
    assert digests(store) == digests(truth)


def test_a_pull_outside_of_the_main_thread_works_and_leaves_the_signal_alone():
    truth, _ = calm()
    store, before = ct.open_store(":memory:"), signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=lambda: collect(in_process(fake(WORLD)), store, WORLD.addresses, progress=False))
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGINT) is before
    assert digests(store) == digests(truth)


def test_an_interrupt_after_the_last_page_of_a_level_leaves_the_run_open_and_the_hop_is_taken_later(monkeypatch):
    world = random_chain(8, transactions=40, addresses=5)
    calm_store, store = ct.open_store(":memory:"), ct.open_store(":memory:")
    explorer = FakeEtherscan(world, plan=UNLIMITED)
    collect(in_process(explorer), calm_store, world.addresses[:1], hops=1, progress=False)
    real = pull._accounts

    def walk_then_stop(state: Any, addresses: Any) -> None:
        real(state, addresses)
        state.stop()

    with monkeypatch.context() as pressed:
        pressed.setattr(pull, "_accounts", walk_then_stop)
        first = collect(in_process(explorer), store, world.addresses[:1], hops=1, progress=False)
    assert first.provenance.warnings
    assert {address for address, _ in coverage(store)} == {world.addresses[0]}
    explorer._heads = {one: head + 1_000 for one, head in explorer._heads.items()}
    second = collect(in_process(explorer), store, world.addresses[:1], hops=1, progress=False)
    assert second.provenance.parameters["head"] == first.provenance.parameters["head"]
    assert stored(store) == stored(calm_store)
    assert coverage(store) == coverage(calm_store)


# -- quota, key, plan ----------------------------------------------------------------------------------------------------


def test_a_spent_quota_stops_every_list_at_once_and_the_next_day_goes_on():
    truth, _ = calm()
    explorer, store = fake(WORLD, Fault("daily_limit", first=9, times=None)), ct.open_store(":memory:")
    result = collect(in_process(explorer), store, WORLD.addresses, to_block=5_000, progress=False)
    assert len(explorer.requests) <= 9 + 3  # those under way in other threads
    ends = coverage(store)
    assert {reason for _, reason, _, _ in ends.values()} <= {None, "quota_exhausted"}
    assert len(ends) == 3 * len(WORLD.addresses)
    assert result.is_partial
    check_every_complete_list(store, WORLD)
    tomorrow = fake(WORLD)
    assert not collect(in_process(tomorrow), store, WORLD.addresses, to_block=5_000, progress=False).is_partial
    assert stored(store) == stored(truth)
    bodies = [zlib.decompress(body) for (body,) in store.rows("SELECT body FROM responses WHERE subject <> ''")]
    assert not any(b"daily rate limit" in body for body in bodies)  # the answers that the rows rest on took their place


@pytest.mark.parametrize(
    ("fault", "error"), [("bad_key", BadKey), ("chain_not_free", PlanRequired), ("daily_limit", QuotaExhausted)]
)
def test_a_refusal_of_the_first_question_is_raised_and_is_no_answer_for_ever(fault, error, tmp_path):
    path = tmp_path / "case.duckdb"
    refusing = fake(WORLD, Fault(fault, times=None))
    with pytest.raises(error):
        collect(in_process(refusing), ct.open_store(path), WORLD.addresses, progress=False)
    result = collect(in_process(fake(WORLD)), ct.open_store(path), WORLD.addresses, progress=False)
    assert not result.is_partial
    assert not path.with_name("case.duckdb.journal").exists()


def test_a_bad_key_in_the_middle_is_asked_for_once_not_for_every_account():
    world = long_world(60, people=10)
    explorer = fake(world, Fault("bad_key", first=12, times=None))
    store = ct.open_store(":memory:")
    collect(in_process(explorer), store, world.addresses, progress=False)
    refused = [request for request in explorer.requests if "bad_key" in request.faults]
    assert 1 <= len(refused) <= 4
    assert {reason for _, reason, _, _ in coverage(store).values()} <= {None, "bad_key"}
    assert len(coverage(store)) == 3 * len(world.addresses)


# -- stores --------------------------------------------------------------------------------------------------------------


def test_a_store_that_is_read_only_is_refused_before_anything_is_asked(tmp_path):
    ct.open_store(tmp_path / "s.duckdb")
    explorer = fake(WORLD)
    with pytest.raises(StoreError, match="read-only"):
        collect(in_process(explorer), ct.open_store(tmp_path / "s.duckdb", read_only=True), [HUB], progress=False)
    assert explorer.requests == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.duckdb"]


def test_two_pulls_into_one_store_at_a_time_are_refused(tmp_path):
    path = tmp_path / "s.duckdb"
    held = Journal(path.with_name("s.duckdb.journal"))
    explorer, store = fake(WORLD), ct.open_store(path)
    with pytest.raises(StoreBusy, match="another process is collecting"):
        collect(in_process(explorer), store, [HUB], progress=False)
    assert explorer.requests == []
    held.close()
    assert not collect(in_process(explorer), store, [HUB], progress=False).is_partial


def test_another_process_that_collects_is_said_to_be_there(tmp_path):
    context = multiprocessing.get_context("forkserver")
    ready, done = context.Event(), context.Event()
    path = tmp_path / "s.duckdb"
    store = ct.open_store(path)
    process = context.Process(target=killed_child.hold, args=(f"{path}.journal", ready, done))
    process.start()
    try:
        assert ready.wait(20)
        with pytest.raises(StoreBusy):
            collect(in_process(fake(WORLD)), store, [HUB], progress=False)
    finally:
        done.set()
        process.join()
    assert not collect(in_process(fake(WORLD)), store, [HUB], progress=False).is_partial


def test_a_store_that_is_busy_for_a_while_stops_the_pull_and_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "_FLUSH_PAGES", 3)
    world = long_world(25)
    truth, _ = calm(world)
    explorer, store, count = fake(world), ct.open_store(tmp_path / "s.duckdb"), itertools.count(1)
    real = store.load

    def load(batches: Any, **settings: Any) -> Any:
        if 3 <= next(count) < 6:
            raise StoreBusy("another process holds the store", where="s.duckdb")
        return real(batches, **settings)

    with monkeypatch.context() as busy:
        busy.setattr(store, "load", load)
        with pytest.raises(StoreBusy):
            collect(in_process(explorer), store, world.addresses, progress=False)
    check_every_complete_list(store, world)
    collect(in_process(explorer), store, world.addresses, progress=False)
    assert max(Counter(list_params(explorer)).values()) == 1
    assert digests(store) == digests(truth)


def test_a_full_disk_stops_the_pull_with_our_error_and_the_rest_follows_later(tmp_path, monkeypatch):
    truth, _ = calm()
    explorer, store, count = fake(WORLD), ct.open_store(tmp_path / "s.duckdb"), itertools.count(1)
    real = Journal.append

    def append(journal: Journal, answer: Answer) -> None:
        if next(count) == 8:
            raise StoreError("the journal cannot be written", where="s.duckdb.journal", hint="Is the disk full?")
        real(journal, answer)

    with monkeypatch.context() as full:
        full.setattr(Journal, "append", append)
        with pytest.raises(StoreError, match="cannot be written"):
            collect(in_process(explorer), store, WORLD.addresses, progress=False)
    assert len(explorer.requests) < 15
    collect(in_process(explorer), store, WORLD.addresses, progress=False)
    assert digests(store) == digests(truth)


def test_collecting_again_changes_nothing():
    store, explorer = calm()
    first = digests(store)
    result = collect(in_process(explorer), store, WORLD.addresses, progress=False)
    heads = store.rows("SELECT count(*) FROM responses WHERE stream = 'head'")[0][0]
    assert {table: count for table, count in result.new.items() if count} == {"responses": heads // 2}  # of another run
    assert {**digests(store), "responses": None} == {**first, "responses": None}


def test_the_order_of_addresses_changes_nothing():
    truth = digests(calm()[0])
    for order in (WORLD.addresses[::-1], WORLD.addresses[1:] + WORLD.addresses[:1]):
        assert digests(calm(WORLD, order)[0]) == truth


# -- rows that are not told apart ----------------------------------------------------------------------------------------


def test_a_row_without_its_place_in_the_block_is_one_row_in_the_lists_of_both_parties():
    fault = Fault("missing_column", column="transactionIndex", actions=("txlist",), times=None)
    store = ct.open_store(":memory:")
    collect(in_process(fake(WORLD, fault)), store, WORLD.addresses, progress=False)
    assert stored(store) == stored(calm()[0])


def test_equal_token_rows_of_one_transaction_keep_their_number_in_the_lists_of_both_parties():
    world = random_chain(6, transactions=150, addresses=3)
    store = ct.open_store(":memory:")
    collect(in_process(FakeEtherscan(world, plan=UNLIMITED, head=10**8)), store, world.addresses, progress=False)
    rows = stored(store)
    assert max(count for row, count in rows.items() if row[1] == "token") > 1
    for address in world.addresses:
        for stream in STREAMS:
            truth = truth_of(world, address, stream, 10**8)
            assert truth <= rows
            assert all(rows[row] == count for row, count in truth.items())


def test_an_amount_beyond_what_the_store_holds_is_rejected_whole_and_the_list_is_not_complete():
    fault = Fault("odd_value", str(2**256 - 1), actions=("tokentx",), times=None)
    store = ct.open_store(":memory:")
    try:
        result = collect(in_process(fake(WORLD, fault)), store, [HUB], progress=False)
    except AmountOverflowError:
        pytest.fail("one junk token must not stop a pull")
    assert sum(result.rejected.values()) == 1
    assert result.is_partial
    raw = json.loads(store.rows("SELECT raw FROM rejects")[0][0])
    assert raw["value"] == str(2**256 - 1)
    ends = {stream: end for (_, stream), end in coverage(store).items()}
    assert {stream: end[:2] for stream, end in ends.items()} == {
        "native": ("complete", None),
        "internal": ("complete", None),
        "token": ("partial", "rejected_rows"),
    }
    assert len({end[2] for end in ends.values()}) == 1  # read to the head all the same
