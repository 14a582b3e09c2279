"""A row that cannot be read leaves its list partial: read to its end, not asked for again, and never called complete."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest
from calm_pulls import WORLD, digests, fake, list_params
from long_worlds import HUB
from pulling import InProcess, coverage, in_process

import cryptotrace as ct
from cryptotrace.collect.pull import collect
from cryptotrace.collect.replay import replay
from cryptotrace.collect.walks import Progress, walk_account
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Page
from cryptotrace.sources.etherscan.lists import Etherscan
from cryptotrace.testing.explorers import Fault

ODD = Fault("odd_value", "0x12", actions=("tokentx",), where=lambda params: params["startblock"] == "0", times=None)
"""The last row of the first page; no asking again mends it."""
SHORT = 1_002
"""Where a run ends whose first page is its last, so that no row of it is read again."""
TOKEN = (HUB, "token")


def test_a_rejected_row_makes_its_list_partial_up_to_the_head_and_the_others_stay_complete():
    store = ct.open_store(":memory:")
    result = collect(in_process(fake(WORLD, ODD)), store, [HUB], to_block=SHORT, progress=False)
    ends = coverage(store)
    assert ends[TOKEN][:2] == ("partial", "rejected_rows")
    assert {end[:2] for where, end in ends.items() if where != TOKEN} == {("complete", None)}
    assert ends[TOKEN][2] == ends[HUB, "native"][2] == int(result.provenance.parameters["head"])
    assert result.is_partial
    assert result.table.rows == (("partial", "rejected_rows", 1),)


def test_it_is_not_asked_for_again_and_stays_partial_in_that_call_too():
    store = ct.open_store(":memory:")
    collect(in_process(fake(WORLD, ODD)), store, [HUB], to_block=SHORT, progress=False)
    explorer = fake(WORLD)
    again = collect(in_process(explorer), store, [HUB], to_block=SHORT, progress=False)
    assert list_params(explorer) == []
    assert again.rejected == {}
    assert again.is_partial
    assert coverage(store)[TOKEN][:2] == ("partial", "rejected_rows")


def test_newer_blocks_are_read_on_and_do_not_make_the_list_complete():
    store = ct.open_store(":memory:")
    collect(in_process(fake(WORLD, ODD)), store, [HUB], to_block=SHORT, progress=False)
    explorer = fake(WORLD)
    collect(in_process(explorer), store, [HUB], to_block=5_000, progress=False)
    assert min(int(dict(one)["startblock"]) for one in list_params(explorer)) == SHORT + 1
    assert coverage(store)[TOKEN][:3] == ("partial", "rejected_rows", 5_000)


@pytest.mark.parametrize("most", [4, 9])
def test_a_pull_that_stops_in_between_still_knows_of_the_row_and_ends_with_the_same_digests(most):
    whole, store = ct.open_store(":memory:"), ct.open_store(":memory:")
    for to_block in (SHORT, 5_000):
        collect(in_process(fake(WORLD, ODD)), whole, [HUB], to_block=to_block, progress=False)
    explorer = fake(WORLD, ODD)
    collect(in_process(explorer), store, [HUB], to_block=SHORT, progress=False)
    for rounds in itertools.count(1):
        collect(in_process(explorer), store, [HUB], to_block=5_000, max_requests=most, progress=False)
        if not any(reason == "budget" for _, reason, _, _ in coverage(store).values()):
            break
        assert rounds < 60
    assert rounds > 2
    assert coverage(store)[TOKEN][:2] == ("partial", "rejected_rows")
    assert digests(store) == digests(whole)


def test_a_replay_gives_the_same():
    store, again = ct.open_store(":memory:"), ct.open_store(":memory:")
    collect(Etherscan("ethereum", InProcess(fake(WORLD, ODD))), store, [HUB], progress=False)
    assert coverage(store)[TOKEN][:2] == ("partial", "rejected_rows")
    replay(store, again, progress=False)
    assert digests(again) == digests(store)


# -- where a walk goes on ------------------------------------------------------------------------------------------------

BASE = Progress(stream="token", address=HUB, through=9, rows=3, status="partial", reason="budget", head=99)


@pytest.mark.parametrize("place", [None, "", "10-99", "@5 10-99"])
@pytest.mark.parametrize("reject", [False, True])
def test_a_cursor_comes_back_as_its_source_wrote_it_whether_rows_were_lost_or_not(place, reject):
    batch = Batch()
    if reject:
        batch.reject("f", None, "odd", "{}")
    known = BASE.after(Page(batch=batch, rows=1, through=20, cursor=place), "ethereum").ended("budget")
    again = Progress(**{name: getattr(known, name) for name in Progress.__slots__}).under(99)
    assert (again.place, again.lost_rows) == (place, reject)
    assert again.ended(None).reason == ("rejected_rows" if reject else None)
    assert again.under(120).place is None
    assert again.under(120).lost_rows is reject
    assert again.under(120).ended("malformed").under(120).lost_rows is reject


def test_a_cursor_of_an_earlier_head_is_never_taken_for_one_of_this_head():
    """A second run that stops before its first page, and goes on: the old windows end at the old head."""
    explorer = fake(WORLD)
    source = in_process(explorer)
    old = Progress(stream="native", address=HUB, through=1_009, rows=0, status="partial", reason="malformed", head=1_020,
                   cursor="1010-1020")  # fmt: skip
    stopped = old.under(5_000).ended("budget")
    steps: list[Progress] = []
    known = {"native": stopped}

    class Silent:
        def drain(self):
            return []

    walk_account(source, Silent(), HUB, 5_000, known, lambda step: steps.append(step.progress), max_rows=10**6)
    native = [one for one in steps if one.stream == "native"]
    assert (native[-1].status, native[-1].through, native[-1].rows) == ("complete", 5_000, 50)


def test_an_absurd_amount_of_a_token_that_nobody_lists_makes_no_list_incomplete_one_of_a_listed_token_does():
    usdt, junk = "0xdac17f958d2ee523a2206206994597c13d831ec7", "0x" + "9" * 40
    for contract, reason in ((junk, None), (usdt, "rejected_rows")):
        batch = Batch()
        batch.reject("f", None, "value is larger than 10**38 - 1", json.dumps({"contractAddress": contract, "value": "1" * 70}))
        page = Page(batch=batch, rows=1, through=99, cursor="")
        assert BASE.after(page, "ethereum").ended(None).reason == reason
        assert replace(BASE, stream="native").after(page, "ethereum").ended(None).reason == "rejected_rows"
