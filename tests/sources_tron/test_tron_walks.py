"""Walks over lists that run along time: what they cost, where they go on, what they survive."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from tron_pulls import STREAMS, InProcess, in_process, rows_of, stored, truth_of, walked

import cryptotrace as ct
from cryptotrace.collect.pull import collect
from cryptotrace.collect.replay import replay
from cryptotrace.errors import BadKey, BadRequest, InputError, RangeTooLarge
from cryptotrace.sources.limits import Pace
from cryptotrace.sources.tron.trongrid import TronGrid
from cryptotrace.testing._rows import TransactionRow, TransferRow
from cryptotrace.testing.explorers import (
    TRON_USDT,
    FakeTronGrid,
    TronCall,
    TronFault,
    TronPlan,
    TronWorld,
    random_tron,
)
from cryptotrace.testing.explorers.tron_worlds import tron_address

HUB = tron_address(b"\x01" * 20)
OTHER = tron_address(b"\x02" * 20)
START = datetime(2024, 1, 1, tzinfo=UTC)


def long_world(rows: int, *, a_block: int = 1) -> TronWorld:
    """A hub that pays and is paid so often: in each list so many rows, so many of a moment."""
    calls = []
    for number in range(rows):
        time = START + timedelta(seconds=3 * (number // a_block))
        place = {"chain": "tron", "block": number // a_block, "time": time, "tx_index": 0, "tx_hash": f"{number:064x}"}
        tx = TransactionRow(signer=HUB, to=str(TRON_USDT.contract), ok=True, fee=0, **place)
        log = TransferRow(
            log_index=0, trace_path=None, kind="token", contract=TRON_USDT.contract, symbol="USDT", decimals=6,
            sender=HUB, receiver=OTHER, amount=number // 2, ok=True, **place,
        )  # fmt: skip
        calls.append(TronCall(row=tx, contract="TriggerSmartContract", value=number + 1, logs=[log], data="a9059cbb"))
    moves = tuple(call.logs[0] for call in calls)
    return TronWorld(
        name="long", addresses=(HUB, OTHER), calls=tuple(calls), transfers=moves,
        transactions=tuple(call.row for call in calls), approvals=(),
    )  # fmt: skip


def asked(explorer: FakeTronGrid) -> Counter[str]:
    return Counter(
        {"trc20": "token", "transactions": "native"}.get(one.path.split("/")[-1], "other") for one in explorer.requests
    )


@pytest.mark.slow
@pytest.mark.parametrize("last_mark", [False, True])
def test_50_pages_of_200_rows_cost_at_most_2_percent_more_than_their_pages(last_mark):
    world = long_world(10_000, a_block=3)
    explorer = FakeTronGrid(world, last_mark=last_mark)
    steps = walked(in_process(explorer, page_rows=200), HUB, explorer.head)
    for stream in STREAMS:
        mine = [step for step in steps if step.progress.stream == stream]
        assert mine[-1].progress.status == "complete"
        assert rows_of(step.batch for step in mine) == truth_of(world, HUB, stream, explorer.head)
    assert sum(asked(explorer).values()) <= 1.02 * 100
    assert asked(explorer) == {"native": 51, "token": 51}


@pytest.mark.parametrize("rows", [0, 1, 9, 10, 11, 19, 20, 21, 40])
@pytest.mark.parametrize("a_block", [1, 3, 10, 50])
def test_lists_around_the_size_of_a_page_are_whole(rows, a_block):
    world = long_world(rows or 1, a_block=a_block)
    who = HUB if rows else tron_address(b"\x09" * 20)
    explorer = FakeTronGrid(world, head=1_800_000_000_000)
    steps = walked(in_process(explorer, page_rows=10), who, explorer.head)
    for stream in STREAMS:
        mine = [step for step in steps if step.progress.stream == stream]
        assert (mine[-1].progress.status, mine[-1].progress.through) == ("complete", explorer.head)
        assert rows_of(step.batch for step in mine) == truth_of(world, who, stream, explorer.head)
        assert sum(step.batch is not None and len(step.batch) > 0 for step in mine) <= math.ceil(rows / 10) + 1


def test_equal_rows_of_one_transaction_on_two_pages_are_all_kept():
    world = long_world(1)
    call = world.calls[0]
    call.logs *= 7
    store, source = ct.open_store(":memory:"), in_process(FakeTronGrid(world), page_rows=3)
    collect(source, store, [HUB, OTHER], progress=False)
    assert store.rows("SELECT count(*), count(DISTINCT ordinal) FROM transfers WHERE kind = 'token'") == [(7, 7)]


def test_a_pull_that_stops_after_any_request_goes_on_to_the_same_digests_of_all_tables():
    world = random_tron(77, transactions=20, addresses=2)
    whole = ct.open_store(":memory:")
    calm = FakeTronGrid(world)
    collect(in_process(calm), whole, world.addresses, progress=False)
    needed = len(calm.requests)
    assert needed > 12
    for stop in range(1, needed):
        explorer, store = FakeTronGrid(world), ct.open_store(":memory:")
        collect(in_process(explorer), store, world.addresses, progress=False, max_requests=stop)
        collect(in_process(explorer), store, world.addresses, progress=False)
        assert store.digests() == whole.digests(), stop
        # each list that was open reads the page once more that it left off in
        assert len(explorer.requests) <= needed + 2, stop


def test_a_replay_gives_the_same_digests_without_a_request():
    world = long_world(450, a_block=3)
    explorer, store, again = FakeTronGrid(world), ct.open_store(":memory:"), ct.open_store(":memory:")
    collect(in_process(explorer, page_rows=200), store, world.addresses, progress=False)
    before = len(explorer.requests)
    replay(store, again, progress=False)
    assert again.digests() == store.digests()
    assert len(explorer.requests) == before


def test_a_later_run_asks_for_newer_rows_alone():
    world = random_tron(79)
    middle = world.calls[len(world.calls) // 2].stamp
    store = ct.open_store(":memory:")
    collect(in_process(FakeTronGrid(world, head=middle)), store, world.addresses, progress=False)
    half = stored(store)
    explorer = FakeTronGrid(world)
    collect(in_process(explorer), store, world.addresses, progress=False)
    truth: Counter[tuple[object, ...]] = Counter()
    for address in world.addresses:
        for stream in STREAMS:
            truth |= truth_of(world, address, stream, explorer.head)
    assert half < stored(store) == truth
    assert all(int(one.params["min_timestamp"]) > middle for one in explorer.requests if "min_timestamp" in one.params)


# -- marks -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lost_mark", "refused_mark", "circle"])
@pytest.mark.parametrize("a_block", [1, 4])
def test_a_mark_that_is_lost_costs_a_new_window_and_no_row(kind, a_block):
    world = long_world(60, a_block=a_block)
    explorer = FakeTronGrid(world, faults=TronFault(kind, times=3))
    steps = walked(in_process(explorer, page_rows=10), HUB, explorer.head)
    for stream in STREAMS:
        mine = [step for step in steps if step.progress.stream == stream]
        assert mine[-1].progress.status == "complete"
        assert rows_of(step.batch for step in mine) == truth_of(world, HUB, stream, explorer.head)
    assert len(explorer.faults.log) == 3


def test_a_moment_larger_than_a_page_without_marks_stops_the_list_there_and_says_so():
    world = long_world(60, a_block=30)
    explorer = FakeTronGrid(world, faults=TronFault("lost_mark", times=None))
    steps = walked(in_process(explorer, page_rows=10), HUB, explorer.head)
    ends = {step.progress.stream: step.progress for step in steps}
    assert {(end.status, end.reason) for end in ends.values()} == {("partial", "range_too_large")}
    assert len(explorer.requests) < 20


def test_a_link_to_another_host_is_not_followed():
    explorer = FakeTronGrid(long_world(30))
    source = in_process(explorer, page_rows=10)
    list(source.pages("token", HUB, 0, explorer.head))
    assert b"https://api.trongrid.io" in explorer.answer(dict(explorer.requests[0].params), path=explorer.requests[0].path).body
    assert len({one.path for one in explorer.requests}) == 1


def test_a_cursor_holds_a_mark_of_any_letters():
    explorer = FakeTronGrid(long_world(60))
    source = in_process(explorer, page_rows=10)
    pages = list(source.pages("token", HUB, 0, explorer.head))
    for place, page in enumerate(pages[:-1]):
        rest = list(source.pages("token", HUB, page.through + 1, explorer.head, page.cursor))
        assert rows_of(one.batch for one in rest) == rows_of(one.batch for one in pages[place + 1 :])
        assert rest[-1].through == explorer.head


# -- pace and refusals ---------------------------------------------------------------------------------------------------------


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(("keyed", "rate"), [(True, 15.0), (False, 1.0)])
def test_the_allowed_pace_is_used_to_95_percent_without_a_refusal(keyed, rate):
    clock = Clock()
    explorer = FakeTronGrid(long_world(600), plan=TronPlan(), clock=clock)
    fetcher = InProcess(explorer, pace=Pace(rate, now=clock, sleep=clock.sleep), **({} if keyed else {"secret": None}))
    source = TronGrid("tron", fetcher, page_rows=5)
    begun = clock.now
    list(source.pages("token", HUB, 0, explorer.head))
    assert not any(one.refused for one in explorer.requests)
    assert (len(explorer.requests) - 1) / (clock.now - begun) >= 0.95 * rate


def test_a_suspension_is_sat_out_with_one_second_more():
    clock = Clock()
    plan = TronPlan(per_second=1, suspended=5)
    explorer = FakeTronGrid(long_world(60), plan=plan, clock=clock)
    pace = Pace(3.0, now=clock, sleep=clock.sleep)  # quicker than allowed
    source = TronGrid("tron", InProcess(explorer, pace=pace, secret=None), page_rows=10)
    pages = list(source.pages("token", HUB, 0, explorer.head))
    assert rows_of(page.batch for page in pages) == truth_of(explorer.index.world, HUB, "token", explorer.head)
    refused = [one for one in explorer.requests if one.refused]
    assert 1 <= len(refused) <= 3
    after = [next(two for two in explorer.requests if two.number == one.number + 1) for one in refused]
    assert all(two.at - one.at >= 6 for one, two in zip(refused, after, strict=True))
    assert not any(two.refused for two in after)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (TronFault("daily_limit", times=None), "quota_exhausted"),
        (TronFault("busy", times=None), "unavailable"),
        (TronFault("error_text", times=None), "malformed"),
        (TronFault("unsuccessful", times=None), "malformed"),
        (TronFault("bare_object", times=None), "malformed"),
        (TronFault("suspended", 1, times=None), "rate_limited"),
        (TronFault("suspended", 900, times=None), "quota_exhausted"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_an_error_is_never_an_empty_list(fault, kind):
    explorer = FakeTronGrid(long_world(5), faults=fault)
    steps = walked(in_process(explorer), HUB, explorer.head)
    assert {(one.progress.status, one.progress.reason) for one in steps} == {("partial", kind)}


def test_a_wrong_key_is_told_and_never_shown():
    source = in_process(FakeTronGrid(long_world(1), keys=("other",)))
    with pytest.raises(BadKey) as refusal:
        source.head("1")
    assert "test-key" not in f"{refusal.value!s} {refusal.value!r} {vars(refusal.value)}"


# -- single questions --------------------------------------------------------------------------------------------------------


def test_balances_are_those_of_the_ledger():
    world = random_tron(5)
    explorer = FakeTronGrid(world)
    source = in_process(explorer)
    assets = {row.contract for row in world.transfers}
    for address in world.addresses:
        for asset in assets:
            assert source.balance(address, asset, "1") == world.balance(address, asset)
    assert source.balance(tron_address(b"\x09" * 20), None, "1") == 0


def test_a_contract_that_tells_no_balance_is_an_error_and_not_zero():
    source = in_process(FakeTronGrid(random_tron(5)))
    with pytest.raises(BadRequest):
        source.balance(HUB, tron_address(b"\x07" * 20), "1")


def test_a_receipt_tells_rows_of_a_list_apart_and_adds_none():
    world = random_tron(11, transactions=80)
    explorer, store = FakeTronGrid(world), ct.open_store(":memory:")
    source = in_process(explorer)
    collect(source, store, world.addresses, progress=False)
    before = stored(store)
    several = [call.row.tx_hash for call in world.calls if len(call.logs) > 1]
    assert several
    store.load([source.receipt(name) for name in several])
    assert stored(store) == before
    names = ", ".join(f"'{name}'" for name in several)
    rows = store.rows(f"SELECT count(*), count(log_index) FROM transfers WHERE kind = 'token' AND tx_hash IN ({names})")
    assert rows[0][0] == rows[0][1] > 1


def test_an_unknown_transaction_is_not_one_without_payments():
    source = in_process(FakeTronGrid(random_tron(5)))
    with pytest.raises(ct.errors.NotIndexedYet):
        source.receipt("ab" * 32)
    with pytest.raises(InputError):
        source.receipt("ab")


def test_events_of_a_contract_are_walked_by_name():
    world = random_tron(12)
    explorer = FakeTronGrid(world)
    pages = list(in_process(explorer).events(str(TRON_USDT.contract), "Transfer", 0, explorer.head))
    logs = [row for row in world.transfers if row.contract == TRON_USDT.contract and row.kind == "token"]
    assert rows_of(page.batch for page in pages).total() == len(logs) > 5
    assert len(pages) > 1
    with pytest.raises(InputError):
        in_process(explorer).events(str(TRON_USDT.contract), "x&y", 0, 1)


def test_other_chains_are_refused():
    with pytest.raises(InputError):
        TronGrid("ethereum", InProcess(FakeTronGrid(long_world(1))))
    with pytest.raises(RangeTooLarge):
        list(
            in_process(FakeTronGrid(long_world(30, a_block=30), faults=TronFault("lost_mark", times=None))).pages(
                "token", HUB, 0, 10**13
            )
        )
