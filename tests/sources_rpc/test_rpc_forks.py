"""A chain that was reorganised below an earlier head: no row of the blocks that are gone stays, and none is counted twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from noding import dense, source_over
from pulling import stored, truth_of

import cryptotrace as ct
from cryptotrace.collect import runs
from cryptotrace.collect.forks import forget_forked
from cryptotrace.collect.pull import collect
from cryptotrace.collect.replay import replay
from cryptotrace.errors import SourceError
from cryptotrace.schema import Batch
from cryptotrace.testing.explorers import FakeRpc, RpcFault, SmallWorld, random_chain
from cryptotrace.testing.explorers._shapes import made_up_hash

OLD = dense(random_chain(5, transactions=25, addresses=3))
LAST = max(row.block for row in OLD.transactions)
FORK = LAST // 2


def forked(world: SmallWorld, block: int) -> SmallWorld:
    """Give the same world up to a block, and above it other transactions of half of its payments and one wei more each."""

    def others(rows: Any, *, less: bool) -> Any:
        kept = [row for row in rows if row.block < block]
        gone = [row for row in rows if row.block >= block]
        for row in gone:
            if int(row.tx_hash, 16) % 2:
                moved = {"amount": row.amount + 1} if less else {}
                kept.append(replace(row, tx_hash=made_up_hash(row.tx_hash), **moved))
        return tuple(kept)

    return replace(
        world,
        transfers=others(world.transfers, less=True),
        transactions=others(world.transactions, less=False),
        approvals=others(world.approvals, less=False),
    )


NEW = forked(OLD, FORK)


def node_before(**settings: Any) -> FakeRpc:
    return FakeRpc(OLD, head=LAST + 2, **settings)


def node_after(**settings: Any) -> FakeRpc:
    node = FakeRpc(NEW, head=LAST + 3, **settings)
    node.reorganised = FORK
    return node


def pulled(node: FakeRpc, store: ct.Store, who: Any = OLD.addresses, **settings: Any) -> Any:
    return collect(source_over(node), store, who, progress=False, **settings)


def truth(world: SmallWorld) -> Counter[Any]:
    rows = Counter[Any]()
    for who in world.addresses:
        for stream in ("native", "internal", "token"):
            rows |= truth_of(world, who, stream, 10**9)
    return Counter({row: count for row, count in rows.items() if row[1] != "internal" or row[5]})


def digests(store: ct.Store) -> dict[str, str]:
    return {name: digest for name, digest in store.digests().items() if name not in ("responses", "rejects")}


def test_the_two_worlds_differ_above_the_fork_alone() -> None:
    old, new = truth(OLD), truth(NEW)
    assert old - new
    assert new - old


@pytest.mark.parametrize("first", [LAST, FORK - 1, FORK // 2])
def test_pull_fork_and_pull_again_is_the_truth_and_replays_to_the_same_digests(first: int) -> None:
    """``first`` is where an earlier run ended: below the fork its rows are kept, else everything is read anew."""
    store, fresh, again = (ct.open_store(":memory:") for _ in range(3))
    pulled(node_before(), store, to_block=first)
    early = node_before()
    early.tip = first + 2
    below = ct.open_store(":memory:")
    pulled(early, below)  # a run that ended under an earlier head
    for one in (store, below):
        pulled(node_before(), one)
        assert stored(one) == truth(OLD)
        assert not pulled(node_after(), one).is_partial
        assert stored(one) == truth(NEW)
    pulled(node_after(), fresh)
    assert digests(below) | {"accounts": "", "assets": ""} == digests(fresh) | {"accounts": "", "assets": ""}
    replay(below, again, progress=False)
    assert again.digests() == below.digests()


def test_what_an_earlier_run_read_below_the_fork_is_not_asked_for_again() -> None:
    store, early = ct.open_store(":memory:"), node_before()
    early.tip = FORK + 1  # so that block FORK - 1 is its head
    pulled(early, store)
    pulled(node_before(), store)
    after = node_after()
    pulled(after, store)
    ranges = [
        int(call["params"][0]["fromBlock"], 16)
        for one in after.requests for call in one.calls if call["method"] == "eth_getLogs"
    ]  # fmt: skip
    assert min(ranges) == FORK
    assert stored(store) == truth(NEW)


def test_a_chain_that_stands_costs_one_question_a_run() -> None:
    store, node = ct.open_store(":memory:"), node_before()
    pulled(node, store)
    before = len(node.requests)
    node.tip += 1
    assert not pulled(node, store).is_partial
    plain = [one for one in node.requests[before:] if one.methods == ("eth_getBlockByNumber",)]
    assert len(plain) == 2, "the new head, and whether the old one stands"
    assert stored(store) == truth(OLD)


def test_accounts_that_are_not_asked_for_again_say_that_their_rows_are_gone() -> None:
    store = ct.open_store(":memory:")
    pulled(node_before(), store)
    asked, left = OLD.addresses[0], OLD.addresses[1]
    result = pulled(node_after(), store, [asked])
    assert result.is_partial
    assert stored(store) <= truth(NEW)
    said = store.rows("SELECT DISTINCT status, reason FROM coverage WHERE address = ?", [left])
    assert said == [("partial", "reorg")]
    assert not pulled(node_after(), store).is_partial
    assert stored(store) == truth(NEW)


def test_a_run_that_cannot_learn_whether_its_rows_stand_adds_nothing() -> None:
    store = ct.open_store(":memory:")
    pulled(node_before(), store)
    deaf = node_after(faults=[RpcFault("internal_error", methods=["eth_getBlockByNumber"], first=2, times=None)])
    with pytest.raises(SourceError):
        pulled(deaf, store)
    assert stored(store) == truth(OLD)
    assert not pulled(node_after(), store).is_partial
    assert stored(store) == truth(NEW)


class Killed(BaseException):
    """Stands for a process that is gone: nothing catches it."""


def dying(count: list[int], inner: Callable[..., Any]) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:
        count[0] -= 1
        if count[0] == 0:
            raise Killed
        return inner(*given, **named)

    return call


@pytest.mark.parametrize("statement", [1, 3, 5, 8, 9, 20])
def test_killed_between_any_two_statements_that_forget_the_old_fork_it_is_all_there_or_all_gone(
    statement: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ct.open_store(":memory:")
    pulled(node_before(), store)
    real = runs.forget_forked

    def forgetting(source: Any, held: ct.Store, block: int) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(type(held), "run", dying([statement], type(held).run))
            real(source, held, block)

    monkeypatch.setattr(runs, "forget_forked", forgetting)
    try:
        pulled(node_after(), store)
    except Killed:
        assert stored(store) == truth(OLD)
        monkeypatch.setattr(runs, "forget_forked", real)
        assert not pulled(node_after(), store).is_partial
    else:
        assert statement > 9
    assert stored(store) == truth(NEW)


def test_stopped_at_every_few_requests_after_a_fork_nothing_is_forgotten_twice() -> None:
    store, calm, node = ct.open_store(":memory:"), ct.open_store(":memory:"), node_after()
    for one in (store, calm):
        pulled(node_before(), one)
    stops = 0
    while pulled(node, store, max_requests=6).is_partial:
        assert stored(store) <= truth(NEW)
        stops += 1
        assert stops < 100
    assert stops > 2
    pulled(node_after(), calm)
    for one in (store, calm):
        one.run("DELETE FROM runs")
    assert store.digests() == calm.digests()


def test_whatever_told_of_the_rows_that_are_forgotten_no_list_that_lost_one_stays_complete() -> None:
    """Files without an end, lists of events, lists that end at two places, and a fee that somebody else signed."""
    ann, ben, cat, dan = ("0x" + letter * 40 for letter in "abcd")
    usdt, time, names = "0xdac17f958d2ee523a2206206994597c13d831ec7", datetime(2024, 1, 1, tzinfo=UTC), iter("12345678")
    batch = Batch()
    for sender, receiver, block in ((ann, ben, 5), (cat, ben, 50), (ann, ben, 60)):
        batch.add_transfer(
            chain="ethereum", tx_hash="0x" + next(names) * 64, kind="token", time=time, sender=sender, receiver=receiver,
            amount=7, block=block, log_index=1, tx_index=0, contract=usdt, symbol="USDT", decimals=6,
        )  # fmt: skip
    batch.add_transfer(
        chain="ethereum",
        tx_hash="0x" + "3" * 64,
        kind="fee",
        time=time,
        sender=dan,
        receiver=None,
        amount=9,
        block=60,
        tx_index=0,
    )
    batch.add("transactions", ("ethereum", "0x" + "3" * 64, 60, time, 0, dan, usdt, True, 9, None, 1))
    store = ct.open_store(":memory:")
    store.load([batch], complete=True, run={"verb": "load", "parameters": "{}", "name": "victims.csv"})
    lists = Batch()
    for end in (80, 100):
        lists.add("coverage", ("rpc", "token", "ethereum", ann, 0, end, "complete", None, 2, None, 100, time, None))
    lists.add("coverage", ("etherscan", "approvals", "ethereum", cat, 0, 100, "complete", None, 1, None, 100, time, None))
    lists.add("events", ("ethereum", "0x" + "4" * 64, 3, "approval", 70, time, usdt, cat, ann, 5, "5"))
    store.load([lists])
    forget_forked(source_over(node_after()), store, 20)
    assert store.rows("SELECT block FROM transfers WHERE block > 20") == [(50,)]  # of two whose lists this source did not read
    assert store.rows("SELECT count(*) FROM transactions") == store.rows("SELECT count(*) FROM events") == [(0,)]
    told = store.rows("SELECT source, address, to_block, status, reason FROM coverage ORDER BY ALL")
    assert len(told) == len(set(told))
    assert {row[3:] for row in told} == {("partial", "reorg")}
    assert {row[1] for row in told} >= {ann, ben, cat, dan}
