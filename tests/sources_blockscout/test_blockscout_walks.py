"""Both walks of Blockscout: what they cost, what they refuse, and the traits of each dialect."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
from long_worlds import HUB, long_world, other
from pulling import COLUMNS, rows_of, transfers_of, truth_of
from scouting import FLAVOURS, STREAMS, check_whole, item, opened, page, rest, walk, walked

from cryptotrace.errors import BadRequest, MalformedAnswer
from cryptotrace.sources.limits import Pace
from cryptotrace.testing.explorers import FakeBlockscout, Fault, Plan, random_chain

LISTS = {"rpc": ("txlist", "txlistinternal", "tokentx"), "rest": ("transactions", "internal-transactions", "token-transfers")}


def asked(explorer: FakeBlockscout, flavour: str) -> Counter[str]:
    return Counter(one.params["action"] for one in explorer.requests if one.params["action"] in LISTS[flavour])


# -- what a walk costs --------------------------------------------------------------------------------------------------------


def test_50_pages_of_a_cursor_cost_50_requests_a_list_and_an_empty_list_one():
    world = long_world(2_500, a_block=7)
    explorer = FakeBlockscout(world, head=2 * 10**6)
    check_whole(world, walked(opened("rest", explorer), HUB, 10**6), HUB)
    assert set(asked(explorer, "rest").values()) == {50}
    explorer.requests.clear()
    check_whole(world, walked(opened("rest", explorer), other(99), 10**6), other(99))
    assert set(asked(explorer, "rest").values()) == {1}


def test_50_pages_of_a_window_cost_one_request_more_which_reads_the_last_rows_of_each_again():
    world = long_world(10_000)
    explorer = FakeBlockscout(world, head=2 * 10**6)
    check_whole(world, walked(opened("rpc", explorer, page_rows=200), HUB, 10**6), HUB)
    assert all(count <= 51 == math.floor(1.02 * 50) for count in asked(explorer, "rpc").values())


@pytest.mark.parametrize("rows", [0, 1, 4, 5, 6, 9, 10, 11])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_lists_around_the_size_of_a_page_are_whole(flavour, rows):
    world = long_world(rows or 1)
    who = HUB if rows else other(99)
    explorer = FakeBlockscout(world, head=2 * 10**6, page_rows=5)
    check_whole(world, walked(opened(flavour, explorer), who, 10**6), who)
    if flavour == "rest":
        assert set(asked(explorer, "rest").values()) == {max(1, math.ceil(rows / 5))}


def test_a_later_walk_of_rest_ends_at_the_first_row_below_its_range():
    explorer = FakeBlockscout(long_world(500), head=2 * 10**6)
    source = opened("rest", explorer)
    pages = list(source.pages("native", HUB, 1_480, 10**6))
    assert (len(pages), pages[-1].through, sum(page.rows for page in pages)) == (1, 10**6, 20)
    pages = list(source.pages("native", HUB, 1_400, 1_460))
    assert [page.through for page in pages] == [1_399, 1_399, 1_460][-len(pages) :]
    assert sum(page.rows for page in pages) == 61


def test_nothing_of_a_walk_from_the_newest_row_on_is_final_before_its_end():
    explorer = FakeBlockscout(long_world(60), head=2 * 10**6, page_rows=10)
    pages = list(opened("rest", explorer).pages("token", HUB, 0, 10**6))
    assert [page.through for page in pages] == [-1] * 5 + [10**6]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_pace_uses_95_percent_of_what_is_allowed_and_is_not_refused(flavour):
    clock = [1_000.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    plan = Plan(calls_per_second=5, calls_per_day=None)
    world = long_world(1_000)
    explorer = FakeBlockscout(world, head=2 * 10**6, plan=plan, clock=lambda: clock[0], page_rows=10)
    pace = Pace(5.0, now=lambda: clock[0], sleep=sleep)
    source = opened(flavour, explorer, page_rows=10, pace=pace, sleep=sleep)
    check_whole(world, walked(source, HUB, 10**6), HUB)
    assert not [one for one in explorer.requests if one.status != 200]
    assert len(explorer.requests) / (clock[0] - 1_000.0) >= 0.95 * 5


def test_a_refusal_for_haste_is_waited_out_by_its_header():
    clock = [1_000.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    world = long_world(30)
    explorer = FakeBlockscout(world, head=2 * 10**6, faults=Fault("rate_limit", first=2, times=3))
    pace = Pace(100.0, now=lambda: clock[0], sleep=sleep)
    check_whole(world, walked(opened("rpc", explorer, pace=pace, sleep=sleep), HUB, 10**6), HUB)
    assert 4.5 <= clock[0] - 1_000.0 < 8


# -- one truth in three dialects ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("settings", [{}, {"old_names": True, "pending": 3}, {"log_index": True, "unseen": "404"}])
def test_both_flavours_give_the_rows_of_the_world_whatever_the_server_calls_its_fields(seed, settings):
    world = random_chain(seed, transactions=30)
    for flavour in FLAVOURS:
        explorer = FakeBlockscout(world, page_rows=4, **settings)
        for who in world.addresses[:2]:
            check_whole(world, walked(opened(flavour, explorer), who, explorer.head), who, explorer.head)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_rows_above_the_head_of_the_run_are_left_out_also_while_the_chain_grows(flavour):
    world = long_world(200)
    explorer = FakeBlockscout(world, head=1_100, page_rows=10, faults=Fault("moving_head", 3, times=None))
    check_whole(world, walked(opened(flavour, explorer, page_rows=10), HUB, 1_090), HUB, 1_090)


def test_the_cursor_goes_back_whole_with_the_filters_of_the_list():
    explorer = FakeBlockscout(long_world(30), head=2 * 10**6, page_rows=10)
    list(opened("rest", explorer).pages("token", HUB, 0, 10**6))
    assert [set(one.params) - {"action"} for one in explorer.requests] == [{"type"}, *[{"type", "block_number", "index"}] * 2]
    list(opened("rest", explorer).pages("internal", HUB, 0, 10**6))
    last = explorer.requests[-1].params
    assert set(last) - {"action"} == {"block_number", "index", "items_count", "transaction_index"}


def test_an_inner_payment_has_no_trace_path_and_its_index_tells_rows_that_come_twice():
    world = long_world(6)
    explorer = FakeBlockscout(world, head=2 * 10**6, faults=Fault("repeat_rows", actions=("txlistinternal",)))
    steps = walked(opened("rpc", explorer, page_rows=50), HUB, 10**6)
    check_whole(world, steps, HUB)
    assert asked(explorer, "rpc")["txlistinternal"] == 2
    found = [cells for step in steps for cells in transfers_of(step.batch) if cells[COLUMNS["kind"]] == "internal"]
    assert {cells[COLUMNS["trace_path"]] for cells in found} == {None}


def test_a_row_that_comes_again_behind_a_cursor_is_one_row():
    world = long_world(40)
    for kind in ("overlap", "repeat_rows"):
        explorer = FakeBlockscout(world, head=2 * 10**6, page_rows=10, faults=Fault(kind, 3, times=None))
        check_whole(world, walked(opened("rest", explorer), HUB, 10**6), HUB)
        assert explorer.faults.log


# -- what is not believed -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["out_of_order", "foreign_row", "repeat_page", "odd_row", "null_result"])
@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("times", [1, None])
def test_pages_that_cannot_be_true_are_asked_again_and_never_believed(flavour, kind, times):
    world = long_world(40)
    explorer = FakeBlockscout(world, head=2 * 10**6, page_rows=10, faults=Fault(kind, first=2, times=times))
    steps = walked(opened(flavour, explorer, page_rows=10), HUB, 10**6)
    ends = [[step.progress for step in steps if step.progress.stream == stream][-1] for stream in STREAMS]
    for end in ends:
        got = rows_of(step.batch for step in steps if step.progress.stream == end.stream)
        assert got <= truth_of(world, HUB, end.stream, 10**6)
    if times == 1:
        check_whole(world, steps, HUB)
    elif explorer.faults.log:
        assert {end.reason for end in ends} & {"malformed", "rejected_rows", "range_too_large"}


def test_a_cursor_that_runs_in_a_circle_ends_the_walk():
    one, two = page(item(2, 9), following={"a": 1}), page(item(1, 9), following={"b": 1})
    source, told = rest(one, two, page(item(2, 9), following={"a": 1}), two)
    with pytest.raises(MalformedAnswer):
        walk(source)
    assert len(told.requests) < 10
    source, _ = rest(page(item(2, 9), following={"a": 1}))
    with pytest.raises(MalformedAnswer):
        walk(source)


def test_two_rows_of_one_name_that_differ_are_refused_and_equal_ones_are_one():
    source, _ = rest(page(item(1, 9), item(1, 9, value="6")))
    with pytest.raises(MalformedAnswer):
        walk(source)
    source, _ = rest(page(item(1, 9), item(1, 9)))
    assert [found.rows for found in walk(source)] == [1]


def test_a_row_that_lost_its_block_is_not_taken_for_a_pending_one():
    source, _ = rest(page(item(2, 9, block_number=None), item(1, 8)))
    with pytest.raises(MalformedAnswer):
        walk(source)
    source, _ = rest(page(item(2, 9, block_number=None, status=None, timestamp=None), item(1, 8)))
    assert [found.rows for found in walk(source)] == [1]


@pytest.mark.parametrize("value", ["-5", "1e18", "0x10", "", " 7", "\u0667", 7, 7.5, True, None, [], "1" * 80])
def test_a_value_that_is_no_amount_is_asked_again_and_then_rejected_whole(value):
    source, told = rest(page(item(2, 9, value=value), item(1, 8)))
    (found,) = walk(source)
    assert [reject.file for reject in found.batch.rejects] == ["blockscout_rest:ethereum:native"]
    assert (found.rows, len(told.requests), len({request.key for request in told.requests})) == (2, 3, 3)
    assert [cells[COLUMNS["tx_hash"]] for cells in transfers_of(found.batch)] == [f"0x{1:064x}"] * 2


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"from": {"hash": "0x" + "Ab" * 20}, "to": {"hash": HUB}}, "from"),  # a checksum that fails
        ({"to": {"hash": "0x12"}}, "to"),
        ({"to": "0x" + "1" * 40}, "to"),
        ({"status": "2"}, "succeeded"),
        ({"status": None}, "succeeded"),
        ({"timestamp": "soon"}, "timestamp"),
        ({"timestamp": None}, "timestamp"),
        ({"position": -1}, "position"),
        ({"nonce": "x"}, "nonce"),
        ({"fee": {"type": "actual", "value": "-1"}}, "fee"),
    ],
)
def test_a_row_with_one_impossible_cell_is_rejected_whole_and_says_why(cells, reason):
    source, _ = rest(page(item(1, 5_000_000, **cells)))
    (found,) = walk(source, last=10**7)
    assert [reason in reject.reason for reject in found.batch.rejects] == [True]
    assert not transfers_of(found.batch)
    assert not found.batch.rows.get("transactions")


def test_an_unknown_fee_and_one_that_was_paid_in_a_token_are_no_fee():
    for cells in (
        {"fee": {"type": "maximum", "value": "9"}},
        {"celo": {"gas_token": {"address_hash": other(3)}}},
        {"fee": None},
    ):
        source, _ = rest(page(item(1, 9, **cells)))
        (found,) = walk(source)
        assert [cells[COLUMNS["kind"]] for cells in transfers_of(found.batch)] == ["native"]
        assert [cells[8] for cells in found.batch.rows["transactions"]] == [None]


def test_tokens_of_other_standards_are_no_money():
    def token(number: int, **cells: Any) -> dict[str, Any]:
        facts = {"transaction_hash": f"0x{number:064x}", "log_index": number, "total": {"value": "5", "decimals": "6"}}
        named = {"address_hash": other(2), "symbol": "T", "decimals": None, "type": cells.pop("kind", "ERC-20")}
        return {**item(number, 9), **facts, "token": named, **cells}

    source, _ = rest(page(token(4), token(3, kind="ERC-721"), token(2, kind="ERC-1155", total={"token_id": "1", "value": "1"})))
    (found,) = walk(source, "token")
    rows = transfers_of(found.batch)
    assert [(cells[COLUMNS["amount"]], cells[COLUMNS["decimals"]], cells[COLUMNS["log_index"]]) for cells in rows] == [
        (5, 6, 4)
    ]
    assert not found.batch.rejects


def test_an_address_that_was_never_seen_is_empty_only_if_the_other_list_is_empty_too():
    gone = BadRequest("Not found", where="x")
    empty = {"status": "0", "message": "No transactions found", "result": []}
    source, told = rest(gone, empty)
    assert [(found.rows, found.through) for found in walk(source)] == [(0, 1_000)]
    assert [request.path for request in told.requests][1:] == ["/api"]
    source, _ = rest(gone, {"status": "1", "message": "OK", "result": [{"hash": "0x"}]})
    with pytest.raises(BadRequest):
        walk(source)
    source, _ = rest(BadRequest("Invalid parameter(s)", where="x"), empty)
    with pytest.raises(BadRequest):
        walk(source)
