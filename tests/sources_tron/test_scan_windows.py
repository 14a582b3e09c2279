"""Windows of time of Tronscan's lists: how they are cut, what they cost, and when they cannot be believed."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tron_pulls import STREAMS, InProcess, rows_of, truth_of, walked

from cryptotrace.errors import MalformedAnswer, NotIndexedYet, RangeTooLarge
from cryptotrace.sources.tron.scan_windows import FIRST_BLOCK_MS, cut
from cryptotrace.sources.tron.tronscan import Tronscan
from cryptotrace.testing.explorers import FakeTronscan, random_tron

DAY = 86_400_000
MOMENTS = st.integers(FIRST_BLOCK_MS, FIRST_BLOCK_MS + 3_000 * DAY)


def in_process(explorer: Any, *, page_rows: int = 5) -> Tronscan:
    return Tronscan("tron", InProcess(explorer, Tronscan.judge), page_rows=page_rows, deepest=explorer.deepest)


def paths(explorer: FakeTronscan) -> Counter[str]:
    return Counter(path for path, _, _ in explorer.requests)


@given(MOMENTS, MOMENTS)
def test_a_window_of_several_days_is_cut_in_two_at_a_border_of_days(one, other):
    start, end = min(one, other), max(one, other)
    if start // DAY == end // DAY:
        return
    left, right = cut(start, end)
    assert (left[0], right[1]) == (start, end)
    assert left[1] + 1 == right[0]
    assert start <= left[1] < right[1]
    assert right[0] % DAY == 0
    # whole days are halved; what is no whole day is cut off first
    if start % DAY == 0 and (end + 1) % DAY == 0:
        assert abs((left[1] - left[0]) - (right[1] - right[0])) <= DAY
    else:
        assert right[1] - right[0] < DAY or left[1] - left[0] < DAY


def test_a_list_costs_a_request_a_page_and_internal_ones_one_more_for_their_end():
    world = random_tron(3, transactions=300, addresses=2)
    explorer, who = FakeTronscan(world, cut=5), world.addresses[0]
    signed = sum(item.row is None for item in explorer.index.native[who])
    inner = len(explorer.index.native[who]) - signed
    list(in_process(explorer).pages("native", who, 0, explorer.newest - 90_000))
    assert paths(explorer) == {"/transaction": -(-signed // 5), "/internal-transaction": -(-inner // 5) + 1}


def test_rows_behind_the_head_cost_the_last_day_alone_again():
    world = random_tron(3, transactions=300, addresses=2)
    explorer, who = FakeTronscan(world, cut=5), world.addresses[0]
    # so that the day of the head goes on behind it
    head = next(
        call.stamp for call, after in zip(world.calls, world.calls[1:], strict=False)
        if who in (call.row.signer, call.row.to) and who in (after.row.signer, after.row.to)
        and call.stamp < after.stamp and call.stamp // DAY == after.stamp // DAY and call.stamp > world.calls[150].stamp
    )  # fmt: skip
    explorer.newest = head + DAY
    pages = list(in_process(explorer).pages("native", who, 0, head))
    assert rows_of(page.batch for page in pages) == truth_of(world, who, "native", head)
    assert [page.through for page in pages] == [head // DAY * DAY - 1, head]
    signed = sum(item.row is None and item.stamp <= head for item in explorer.index.native[who])
    assert paths(explorer)["/transaction"] <= 2 * (-(-signed // 5)) + 20


def test_no_bound_is_ever_before_the_chain_or_zero():
    world = random_tron(3)
    explorer = FakeTronscan(world, cut=5, deepest=10)
    for stream in STREAMS:
        list(in_process(explorer).pages(stream, world.addresses[0], 0, explorer.newest - 90_000))
    for _, asked, status in explorer.requests:
        assert status == 200
        assert FIRST_BLOCK_MS <= int(asked["start_timestamp"]) <= int(asked["end_timestamp"])
        assert int(asked["start"]) + int(asked["limit"]) <= 10


@pytest.mark.parametrize("stream", STREAMS)
def test_a_cursor_goes_on_where_it_was_written_in_both_lists(stream):
    world = random_tron(3, transactions=200, addresses=2)
    explorer, who = FakeTronscan(world, deepest=40, cut=5), world.addresses[0]
    source, head = in_process(explorer), explorer.newest - 90_000
    pages = list(source.pages(stream, who, 0, head))
    assert len(pages) > 3
    for place, page in enumerate(pages[:-1]):
        rest = list(source.pages(stream, who, page.through + 1, head, page.cursor))
        assert rows_of(one.batch for one in rest) == rows_of(one.batch for one in pages[place + 1 :])


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("into", [1, 999, 1_000, 1_500])
def test_a_walk_may_begin_inside_a_second_and_takes_no_row_before_it(stream, into):
    world = random_tron(5, transactions=80, addresses=2)
    explorer, who = FakeTronscan(world, cut=5), world.addresses[0]
    middle, head = world.calls[40].stamp, explorer.newest - 90_000
    pages = list(in_process(explorer).pages(stream, who, middle + into, head))
    later = truth_of(world, who, stream, head) - truth_of(world, who, stream, middle + into - 1)
    assert rows_of(page.batch for page in pages) == later


def test_a_second_with_more_rows_than_pages_reach_ends_the_list_partial():
    world = random_tron(7, transactions=60, addresses=2, burst=40)
    explorer = FakeTronscan(world, cut=5, deepest=5)
    ends = [walked(in_process(explorer), who, explorer.newest - 90_000) for who in world.addresses]
    reasons = Counter(step.progress.reason for steps in ends for step in steps[-1:])
    assert reasons["range_too_large"], reasons
    with pytest.raises(RangeTooLarge, match="a second at"):
        _walk_all(in_process(explorer), world.addresses, explorer.newest - 90_000)


def _walk_all(source: Tronscan, addresses: Any, head: int) -> None:
    for who in addresses:
        for stream in STREAMS:
            list(source.pages(stream, who, 0, head))


class _Spoilt(FakeTronscan):
    """Changes the rows of a path."""

    def __init__(self, world: Any, path: str, change: Any, **settings: Any) -> None:
        super().__init__(world, **settings)
        self._path, self._change = path, change

    def answer(self, params: Any, *, path: str, payload: str = "", key: str = "") -> Any:
        found = super().answer(params, path=path, payload=payload, key=key)
        if path == self._path and found.status == 200:
            body = json.loads(found.body)
            return type(found)(status=200, body=json.dumps(self._change(body, params)).encode())
        return found


def test_internal_rows_that_move_between_pages_are_not_believed():
    def shifted(body: Any, params: Any) -> Any:
        body["data"] = body["data"] if params["start"] == "0" else [first[-1], *body["data"][:-1]] if body["data"] else []
        first[:] = body["data"] or first
        return body

    first: list[Any] = []
    world = random_tron(3, transactions=200, addresses=2)
    explorer = _Spoilt(world, "/internal-transaction", shifted, cut=5)
    with pytest.raises(NotIndexedYet, match="twice"):
        list(in_process(explorer).pages("native", world.addresses[0], 0, explorer.newest - 90_000))


def test_a_day_that_counts_more_than_it_shows_is_read_again_and_then_given_up():
    def counted(body: Any, _: Any) -> Any:
        return {**body, "total": body["total"] + 1, "rangeTotal": body["rangeTotal"] + 1}

    world = random_tron(3, transactions=40, addresses=2)
    explorer = _Spoilt(world, "/transaction", counted, cut=5)
    last = explorer.newest - 90_000
    with pytest.raises(NotIndexedYet, match="are counted and"):
        list(in_process(explorer).pages("native", world.addresses[0], last // DAY * DAY, last))


def test_more_rows_than_are_counted_are_no_answer():
    world = random_tron(3, transactions=40, addresses=2)
    explorer = _Spoilt(world, "/transaction", lambda body, _: {**body, "total": 1, "rangeTotal": 1}, cut=5)
    with pytest.raises(MalformedAnswer, match="more rows than are counted"):
        list(in_process(explorer).pages("native", world.addresses[0], 0, explorer.newest - 90_000))
