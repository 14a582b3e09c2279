"""Lists of income at the edges of pages, cut, refused, out of order, stopped and killed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from earning import (
    BLOCKS,
    INCOME_LISTS,
    MINER,
    VALIDATOR,
    asked,
    blocks,
    income_of,
    pulled,
    served,
    status_of,
    withdrawals,
)
from pulling import InProcess, SmallPages  # type: ignore[import-not-found]

import cryptotrace as ct
from cryptotrace.collect.verifying import replay_difference
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.etherscan.income import EtherscanIncome
from cryptotrace.testing.explorers import Fault

# -- pages, caps, refusals, stops ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [4, 5, 6, 10, 26])
@pytest.mark.parametrize("each", [1, 5, 13])
def test_withdrawals_at_the_edges_of_pages_and_blocks_come_once_each(
    monkeypatch: pytest.MonkeyPatch, count: int, each: int
) -> None:
    monkeypatch.setattr(EtherscanIncome, "income_rows", 5)
    paid = withdrawals(count, each=each)
    store, source = pulled(served(paid), VALIDATOR)
    assert status_of(ct.prove(source, store, progress=False), VALIDATOR) == ("proven", None, 0)
    assert len(income_of(store, VALIDATOR)) == count


@pytest.mark.parametrize("count", [4, 5, 6, 10, 24])
def test_blocks_at_the_edges_of_pages_come_once_each_while_the_chain_grows(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(EtherscanIncome, "income_rows", 5)
    head = BLOCKS[count - 1]
    growing = Fault("moving_head", BLOCKS[count] - head, actions=("getminedblocks",), first=2)
    explorer = served(blocks(len(BLOCKS)), growing, head=head)
    store, source = pulled(explorer, MINER, to=BLOCKS[count - 1])
    found = ct.prove(source, store, progress=False)
    assert len(income_of(store, MINER)) == sum(row.block <= (found.of("ethereum", MINER).as_of or 0) for row in blocks(count))  # type: ignore[union-attr]


def test_more_blocks_than_the_explorer_lists_leave_the_account_unproven_with_the_reason_and_true_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(EtherscanIncome, "income_rows", 2)
    store, source = pulled(served(blocks(26)), MINER)
    status, reason, difference = status_of(ct.prove(source, store, progress=False), MINER)
    assert (status, reason) == ("unproven", "range_too_large")
    assert difference == sum(row.amount for row in blocks(6))  # newest first: the oldest six are beyond the cap
    assert len(income_of(store, MINER)) == 20
    assert replay_difference(store, progress=False) is None


def test_a_plan_that_cuts_pages_without_a_word_loses_no_withdrawal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EtherscanIncome, "income_rows", 1_000)
    paid = withdrawals(2_300, each=150)
    store, source = pulled(served(paid), VALIDATOR)
    source.page_rows = 10_000
    assert status_of(ct.prove(source, store, progress=False), VALIDATOR) == ("proven", None, 0)
    assert asked(source)["withdrawal"] == 3
    assert len(income_of(store, VALIDATOR)) == 2_300


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("pro_endpoint", actions=("txsbeaconwithdrawal",), times=None), "plan_required"),
        (Fault("html", 502, actions=("txsbeaconwithdrawal",), times=None), "unavailable"),
        (Fault("null_result", actions=("txsbeaconwithdrawal",), times=None), "malformed"),
    ],
)
def test_a_list_that_is_refused_leaves_the_account_unproven_with_the_reason(fault: Fault, reason: str) -> None:
    paid = withdrawals(7)
    store, source = pulled(served(paid, fault), VALIDATOR)
    found = ct.prove(source, store, progress=False)
    assert status_of(found, VALIDATOR) == ("unproven", reason, sum(row.amount for row in paid))
    assert not income_of(store, VALIDATOR)
    assert replay_difference(store, progress=False) is None


def test_a_refused_list_that_is_not_missed_is_no_alarm() -> None:
    refused = Fault("pro_endpoint", actions=("txsbeaconwithdrawal",), times=None)
    store, source = pulled(served(blocks(5), refused), MINER)
    assert status_of(ct.prove(source, store, progress=False), MINER) == ("proven", None, 0)
    assert replay_difference(store, progress=False) is None


@pytest.mark.parametrize("fault", ["out_of_order", "foreign_row", "repeat_rows", "out_of_window", "truncated"])
def test_a_page_that_cannot_be_true_is_asked_again_and_never_believed(fault: str) -> None:
    store, source = pulled(served(withdrawals(7), Fault(fault, actions=("txsbeaconwithdrawal",), times=1)), VALIDATOR)
    assert status_of(ct.prove(source, store, progress=False), VALIDATOR) == ("proven", None, 0)


@pytest.mark.parametrize("value", ["-5", "1.5", "", "9" * 60])
def test_a_withdrawal_that_is_no_number_is_rejected_whole_and_what_it_leaves_open_is_named(value: str) -> None:
    odd = Fault("odd_value", value, column="amount", actions=("txsbeaconwithdrawal",), times=None)
    paid = withdrawals(7)
    store, source = pulled(served(paid, odd), VALIDATOR)
    found = ct.prove(source, store, progress=False)
    assert status_of(found, VALIDATOR) == ("unproven", "rejected_rows", paid[-1].amount)
    assert len(income_of(store, VALIDATOR)) == 6
    assert store.rows("SELECT count(*) FROM rejects WHERE file = 'etherscan:ethereum:withdrawal'") == [(1,)]
    assert replay_difference(store, progress=False) is None


def test_a_spent_budget_leaves_the_account_unproven_and_the_next_call_goes_on_in_the_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(EtherscanIncome, "income_rows", 5)
    paid = withdrawals(40)
    store, source = pulled(served(paid), VALIDATOR)
    before = Counter(source.fetcher.calls)
    found = ct.prove(source, store, progress=False, max_requests=14)
    assert status_of(found, VALIDATOR) == ("unproven", "budget", sum(row.amount for row in paid))
    assert not income_of(store, VALIDATOR)
    first = (Counter(source.fetcher.calls) - before)["withdrawal"]
    assert ct.prove(source, store, progress=False).of("ethereum", VALIDATOR).status == "proven"  # type: ignore[union-attr]
    whole, again = pulled(served(paid), VALIDATOR)
    ct.prove(again, whole, progress=False)
    assert 0 < first < again.fetcher.calls["withdrawal"] == asked(source)["withdrawal"]
    assert replay_difference(store, progress=False) is None


class Killed(BaseException):
    """What a test throws into a request."""


class Dying(InProcess):
    """Dies in a request for income, as often as it is told to."""

    dies_at: Callable[[int], bool] = staticmethod(lambda _: False)
    seen = 0

    def _send(self, request: Request) -> Answer:
        if request.stream in INCOME_LISTS:
            type(self).seen += 1
            if type(self).dies_at(type(self).seen):
                raise Killed
        return super()._send(request)


@pytest.mark.parametrize("death", range(1, 8))
def test_after_a_kill_in_a_list_the_same_command_goes_on_and_ends_in_the_same_store(
    monkeypatch: pytest.MonkeyPatch, death: int
) -> None:
    monkeypatch.setattr(EtherscanIncome, "income_rows", 5)
    paid = [*withdrawals(14, each=4), *blocks(13, receiver=VALIDATOR)]
    calm, source = pulled(served(paid), VALIDATOR)
    ct.prove(source, calm, progress=False)
    needed = sum(asked(source).values())
    assert needed > 7
    explorer = served(paid)
    store = pulled(explorer, VALIDATOR)[0]
    Dying.seen, Dying.dies_at = 0, staticmethod(lambda number: number == death)
    dying = SmallPages("ethereum", Dying(explorer), page_rows=1_000)
    dying.rows_a_page = 1_000
    with pytest.raises(Killed):
        ct.prove(dying, store, progress=False)
    found = ct.prove(dying, store, progress=False)
    assert status_of(found, VALIDATOR) == ("proven", None, 0)
    assert Dying.seen == needed + 1
    tables = ("transfers", "balances", "accounts", "assets", "rejects", "responses")
    assert {name: store.digests()[name] for name in tables} == {name: calm.digests()[name] for name in tables}
