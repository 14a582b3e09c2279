"""Withdrawals of stakes and what blocks paid: asked for where a balance shows them, once in the ledger, lost rows named."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from earning import (
    BLOCKS,
    GWEI,
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
from pulling import KEY, InProcess, SmallPages, in_process  # type: ignore[import-not-found]

import cryptotrace as ct
from cryptotrace.collect.verifying import replay_difference
from cryptotrace.sources.base import Answer, Request
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, IncomeRow, random_chain, with_incomes

# -- what is explained -----------------------------------------------------------------------------------------------------


def test_a_validator_is_proven_by_withdrawals_that_stand_in_the_ledger_as_a_node_writes_them() -> None:
    paid = withdrawals(7)
    store, source = pulled(served(paid))
    found = ct.prove(source, store, progress=False)
    assert not found.unproven, str(found)
    wanted = [(f"withdrawal_{row.block}_{row.index}", row.amount) for row in paid]
    assert income_of(store, VALIDATOR) == sorted(wanted)
    sender, kind, contract = store.rows(
        "SELECT DISTINCT s.address, t.kind, a.contract FROM transfers AS t JOIN accounts AS s ON s.id = t.sender "
        "JOIN assets AS a ON a.id = t.asset WHERE starts_with(t.tx_hash, 'withdrawal_')"
    )[0]
    assert (sender, kind, contract) == ("0x" + "0" * 40, "reward", "")


def test_income_is_asked_for_only_where_a_balance_shows_it_and_only_until_it_is_explained() -> None:
    store, source = pulled(served(withdrawals(7)))
    ct.prove(source, store, progress=False)
    assert asked(source) == {"withdrawal": 1}
    ct.prove(source, store, progress=False)
    assert asked(source) == {"withdrawal": 1}


def test_a_miner_of_blocks_and_uncles_is_proven_and_both_are_typed() -> None:
    paid = [*blocks(6), *blocks(3, kind="uncle"), blocks(1, kind="uncle")[0]]
    store, source = pulled(served(paid))
    assert not ct.prove(source, store, progress=False).unproven
    assert asked(source) == {"withdrawal": 2, "mined": 1, "uncle": 1}
    names = [name.split("_")[0] for name, _ in income_of(store, MINER)]
    assert Counter(names) == {"mined": 6, "uncle": 4}
    assert sum(amount for _, amount in income_of(store, MINER)) == sum(row.amount for row in paid)


def test_income_since_the_pull_is_taken_off_and_stays_out_of_the_ledger() -> None:
    paid = [*withdrawals(9, each=1), *withdrawals(4, each=1, first=96)]
    half = BLOCKS[len(BLOCKS) // 2]
    store, source = pulled(served([*paid, *blocks(len(BLOCKS))]), to=half)
    found = ct.prove(source, store, progress=False)
    assert not found.unproven, str(found)
    assert len(income_of(store, VALIDATOR)) == 9
    assert max(int(name.split("_")[1]) for name, _ in income_of(store, MINER)) <= half
    assert replay_difference(store, progress=False) is None


# -- what is lost is still named -------------------------------------------------------------------------------------------


def proofs_without(store: ct.Store, ident: int) -> Any:
    store.run("DELETE FROM transfers WHERE id = ?", [ident])
    return ct.proofs(store)


@pytest.mark.parametrize("person", [VALIDATOR, MINER])
def test_every_lost_row_of_an_account_with_income_is_named_to_the_last_unit(person: str) -> None:
    store, source = pulled(served([*withdrawals(7), *blocks(5)]))
    assert not ct.prove(source, store, progress=False).unproven
    rows = store.rows(
        "SELECT t.id, t.amount, m.address = s.address FROM transfers AS t JOIN assets AS a ON a.id = t.asset "
        "JOIN accounts AS m ON m.address = ? LEFT JOIN accounts AS s ON s.id = t.sender "
        "WHERE a.contract = '' AND t.ok AND t.amount > 0 AND t.sender IS DISTINCT FROM t.receiver "
        "AND (t.sender = m.id OR t.receiver = m.id) AND coalesce(t.call_type, '') <> 'delegatecall' ORDER BY t.id",
        [person],
    )
    lost = 0
    for ident, amount, went_out in rows:
        difference = -int(amount) if went_out else int(amount)
        lost += difference
        status = status_of(proofs_without(store, ident), person)
        assert status[2] == lost
        assert status[0] == ("proven" if lost == 0 else "partial")
    assert len(rows) > 10


class Losing(InProcess):
    """Leaves the largest inner payment to an account out of its list, without a sign."""

    amount = 0

    def _send(self, request: Request) -> Answer:
        answer = super()._send(request)
        if dict(request.parameters).get("action") != "txlistinternal":
            return answer
        body = json.loads(answer.body)
        mine = [row for row in body["result"] or () if row["to"] == request.subject != row["from"] and row["isError"] == "0"]
        if mine:
            row = max(mine, key=lambda one: int(one["value"]))
            body["result"].remove(row)
            type(self).amount = int(row["value"])
        return replace(answer, body=json.dumps(body).encode())


@pytest.mark.parametrize("income", [withdrawals(7), blocks(5, receiver=VALIDATOR)])
def test_a_payment_that_an_explorer_keeps_back_is_left_over_when_all_income_is_counted(income: list[IncomeRow]) -> None:
    store, source = ct.open_store(":memory:"), SmallPages("ethereum", Losing(served(income)), page_rows=1_000)
    source.rows_a_page = 1_000
    ct.collect(source, store, [VALIDATOR], progress=False)
    found = ct.prove(source, store, progress=False)
    assert Losing.amount > 0
    assert status_of(found, VALIDATOR) == ("partial", "surplus", Losing.amount)
    assert asked(source)["uncle"] == 1


def test_an_account_without_income_that_lost_a_row_costs_a_request_a_list_and_is_named_as_before() -> None:
    store, source = ct.open_store(":memory:"), SmallPages("ethereum", Losing(served([])), page_rows=1_000)
    source.rows_a_page = 1_000
    ct.collect(source, store, [VALIDATOR], progress=False)
    assert status_of(ct.prove(source, store, progress=False), VALIDATOR) == ("partial", "surplus", Losing.amount)
    assert asked(source) == {"withdrawal": 2, "mined": 1, "uncle": 1}


@pytest.mark.parametrize("seed", range(8))
def test_clean_worlds_raise_no_alarm_whoever_earns_in_them(seed: int) -> None:
    world = random_chain(seed)
    heights = sorted({row.block for row in world.transactions})
    paid = [
        IncomeRow(
            kind=INCOME_LISTS[(seed + at) % 3],
            block=heights[(seed * 7 + at * 5) % len(heights)],
            receiver=world.addresses[at % 3],
            amount=(at + 1) * GWEI * 10**5,
            index=at,
        )
        for at in range(20)
    ]
    # a block has one maker
    paid = list({(row.kind, row.block): row for row in paid}.values())
    explorer = FakeEtherscan(with_incomes(world, paid), key=KEY, plan=UNLIMITED)
    store, source = ct.open_store(":memory:"), in_process(explorer, page_rows=1_000)
    ct.collect(source, store, list(world.addresses), progress=False)
    found = ct.prove(source, store, progress=False)
    assert not found.unproven, str(found)
    ends = {one: found.of("ethereum", one).as_of or 0 for one in world.addresses}  # type: ignore[union-attr]
    earned = {one: sum(row.amount for row in paid if row.receiver == one and row.block <= end) for one, end in ends.items()}
    assert {one: sum(amount for _, amount in income_of(store, one)) for one in world.addresses} == earned
    assert sum(earned.values()) > 0
