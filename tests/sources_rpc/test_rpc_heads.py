"""Whether the head of an earlier run still stands, by what that run was answered and what the node says now."""

from __future__ import annotations

import pytest
from noding import FakeFetcher, dense, source_over

from cryptotrace.errors import SourceError, TransientSourceError
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.rpc.forks import heads_of
from cryptotrace.testing.explorers import FakeRpc, NodeLimits, RpcFault, random_chain

WORLD = dense(random_chain(5, transactions=25, addresses=3))


class Remembering(FakeFetcher):
    """Keeps what it was answered."""

    def fetch(self, request: Request) -> Answer:
        answer = super().fetch(request)
        told.append(answer)
        return answer


told: list[Answer] = []


def runs(node: FakeRpc, tips: dict[str, int]) -> list[Answer]:
    """Give what runs are answered of their heads, each at its tip."""
    told.clear()
    source = source_over(node)
    source.fetcher = Remembering(node)
    for run, tip in tips.items():
        node.tip = tip
        source.head(run)
    return list(told)


def test_the_head_of_each_run_is_the_last_block_that_it_was_shown_the_newest_run_first() -> None:
    answers = runs(FakeRpc(WORLD), {"1": 5, "2": 7, "10": 9, "proof 3": 11})
    assert [number for number, _ in heads_of(answers)] == [7, 5, 3]
    old = FakeRpc(WORLD, limits=NodeLimits(off=frozenset({"eth_getBlockByNumber"})))
    with pytest.raises(SourceError):
        runs(old, {"1": 200})
    assert heads_of(told) == [], "the number of the tip is no head"


def test_the_newest_head_that_stands_is_found_among_those_of_earlier_runs() -> None:
    node = FakeRpc(WORLD)
    answers = runs(node, {"1": 6, "2": 9, "3": 12})
    node.tip, source = 14, source_over(node)
    assert source.standing(answers, "4") is None
    assert source.standing([], "4") is None
    for fork, floor in ((11, None), (10, 7), (8, 7), (7, 4), (5, 4), (4, -1), (1, -1)):
        node.reorganised = fork
        assert source.standing(answers, "4") == floor, fork


def test_a_node_that_does_not_know_the_head_says_nothing_of_it() -> None:
    """It may lag behind: nothing may be forgotten for that."""
    node = FakeRpc(WORLD)
    answers = runs(node, {"1": 6, "2": 12})
    node.tip = 8
    with pytest.raises(TransientSourceError, match="does not know block"):
        source_over(node).standing(answers, "3")


def test_a_node_that_does_not_tell_leaves_it_open() -> None:
    node = FakeRpc(WORLD)
    answers = runs(node, {"1": 6})
    deaf = FakeRpc(WORLD, faults=[RpcFault("internal_error", times=None)])
    with pytest.raises(SourceError):
        source_over(deaf).standing(answers, "2")
