"""``prove`` over fake explorers: what is asked, what was listed since, refusals, and the replay of it all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from pulling import KEY, InProcess, SmallPages, in_process  # type: ignore[import-not-found]

import cryptotrace as ct
from cryptotrace.collect.verifying import replay_difference
from cryptotrace.errors import InputError
from cryptotrace.sources.base import Answer, Request
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Fault, random_chain

Pulled = Callable[[int], tuple[FakeEtherscan, ct.Store]]
WORLD = random_chain(3)


def explorer_with(*faults: Fault, head: int | None = None) -> FakeEtherscan:
    return FakeEtherscan(WORLD, key=KEY, plan=UNLIMITED, faults=faults, head=head)


def half_way() -> int:
    blocks = sorted(row.block for row in WORLD.transfers)
    return blocks[len(blocks) // 2]


def test_one_request_an_account_and_asset_and_one_for_its_number_of_transactions() -> None:
    store, source = ct.open_store(":memory:"), in_process(explorer_with(), page_rows=1_000)
    ct.collect(source, store, list(WORLD.addresses), progress=False)
    before = source.fetcher.calls.copy()
    found = ct.prove(source, store, progress=False)
    assert {row.status for row in found.rows} == {"proven"}
    asked = source.fetcher.calls - before
    assert (asked["balance"], asked["nonce"], asked["plan"]) == (len(found.rows), len(WORLD.addresses), 1)
    moved = store.rows("SELECT count(DISTINCT address) FROM balances WHERE later_in + later_out > 0")[0][0]
    lists = asked["native"] + asked["internal"] + asked["token"]
    assert 0 < 3 * moved <= lists < 3 * len(WORLD.addresses)


def test_what_happened_since_the_pull_is_listed_and_taken_off() -> None:
    store = ct.open_store(":memory:")
    ct.collect(in_process(explorer_with(), page_rows=1_000), store, list(WORLD.addresses), to_block=half_way(), progress=False)
    found = ct.prove(in_process(explorer_with(), page_rows=1_000), store, progress=False)
    assert found.rows
    assert not found.unproven, str(found)
    later = store.rows("SELECT sum(later_in + later_out), sum(later_sent) FROM balances")[0]
    assert min(later) > 0


class Losing(InProcess):
    """Leaves the biggest row of every list of one action out; no answer shows it."""

    action = "tokentx"

    def _send(self, request: Request) -> Answer:
        answer = super()._send(request)
        if dict(request.parameters).get("action") != self.action:
            return answer
        body = json.loads(answer.body)
        if isinstance(body["result"], list) and body["result"]:
            body["result"].remove(max(body["result"], key=lambda row: int(row["value"])))
        return replace(answer, body=json.dumps(body).encode())


@pytest.mark.parametrize("action", ["tokentx", "txlistinternal", "txlist"])
def test_rows_that_an_explorer_keeps_back_without_a_sign_are_named(action: str) -> None:
    store, fetcher = ct.open_store(":memory:"), Losing(explorer_with())
    fetcher.action = action
    address = WORLD.addresses[0]  # alone: the lists of the others would fill the gap
    source = SmallPages("ethereum", fetcher, page_rows=1_000)
    source.rows_a_page = 1_000
    coverage = ct.collect(source, store, [address], progress=False)
    assert not coverage.is_partial
    found = ct.prove(source, store, progress=False)
    assert any(row.difference for row in found.unproven)


def test_a_balance_that_is_refused_leaves_unproven_with_the_reason() -> None:
    store, source = ct.open_store(":memory:"), in_process(explorer_with(Fault("bad_key", actions=("balance",), times=None)))
    ct.collect(source, store, list(WORLD.addresses[:2]), progress=False)
    found = ct.prove(source, store, progress=False)
    assert {(row.status, row.reason) for row in found.rows if not row.contract} == {("unproven", "bad_key")}


def test_a_replay_gives_the_same_balances_and_verify_sees_one_that_was_changed() -> None:
    store, source = ct.open_store(":memory:"), in_process(explorer_with(), page_rows=1_000)
    ct.collect(source, store, list(WORLD.addresses), to_block=half_way(), progress=False)
    ct.prove(source, store, progress=False)
    assert replay_difference(store, progress=False) is None
    store.run("UPDATE balances SET amount = amount + 1 WHERE contract = ''")
    difference = replay_difference(store, progress=False)
    assert difference is not None
    assert difference.table == "balances"


def test_a_second_call_asks_again_and_the_newer_answer_counts() -> None:
    store, source = ct.open_store(":memory:"), in_process(explorer_with(), page_rows=1_000)
    ct.collect(source, store, list(WORLD.addresses), progress=False)
    first = ct.prove(source, store, progress=False)
    assert ct.prove(source, store, progress=False) == first
    assert replay_difference(store, progress=False) is None
    runs = [json.loads(text)["run"] for (text,) in store.rows("SELECT parameters FROM runs WHERE verb = 'prove'")]
    assert sorted(runs) == ["prove 1", "prove 2"]


def test_where_nothing_was_pulled_nothing_is_asked() -> None:
    explorer = explorer_with()
    with pytest.raises(InputError, match="no account on ethereum was pulled"):
        ct.prove(in_process(explorer), ct.open_store(":memory:"), progress=False)
    assert not explorer.requests
