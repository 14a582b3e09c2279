"""What a proof rests on where lists end at different places, came from several explorers, or are not there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pulling import KEY, in_process  # type: ignore[import-not-found]

import cryptotrace as ct
from cryptotrace.schema import Batch
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Fault, random_chain

WORLD = random_chain(8)
A, B, C = ("0x" + digit * 40 for digit in "abc")
T1, T2 = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "TLa2f6VPqDgRE67v1736s7bJ8Ray5wYjU7"
WHEN = datetime(2024, 5, 1, tzinfo=UTC)
HEAD_MS = int(WHEN.timestamp() * 1000) + 10_000


def explorer_with(*faults: Fault) -> Any:
    return in_process(FakeEtherscan(WORLD, key=KEY, plan=UNLIMITED, faults=faults), page_rows=1_000)


def listed(batch: Batch, address: str, stream: str, to: int, *, source: str = "etherscan", reason: str | None = None) -> None:
    status = "partial" if reason else "complete"
    chain = "tron" if address.startswith("T") else "ethereum"
    batch.add("coverage", (source, stream, chain, address, 0, to, status, reason, 1, None, to, WHEN, None))


def paid(batch: Batch, sender: str, receiver: str, amount: int, block: int) -> None:
    batch.add_transfer(
        chain="ethereum", tx_hash=f"0x{block:064x}", kind="native", time=WHEN, block=block, tx_index=0, sender=sender,
        receiver=receiver, amount=amount,
    )  # fmt: skip


def told(batch: Batch, address: str, amount: int | None, as_of: int | None, *, source: str = "etherscan") -> None:
    chain, problem = "tron" if address.startswith("T") else "ethereum", None if amount is not None else "quota"
    batch.add("balances", (chain, address, "", as_of, source, amount, 0, 0, None, None, problem, WHEN))


def proof_of(batch: Batch, address: str) -> Any:
    store = ct.open_store(":memory:")
    store.load([batch])
    found = ct.proofs(store).of("tron" if address.startswith("T") else "ethereum", address)
    assert found is not None
    return found


def test_rows_that_other_peoples_later_lists_show_are_none_of_a_shorter_list() -> None:
    blocks = sorted(row.block for row in WORLD.transfers)
    store, people = ct.open_store(":memory:"), list(WORLD.addresses)
    ct.collect(explorer_with(), store, people[:2], to_block=blocks[len(blocks) // 2], progress=False)
    ct.collect(explorer_with(), store, people[2:], progress=False)
    found = ct.prove(explorer_with(), store, progress=False)
    assert len({row.as_of for row in found.rows}) == 2
    assert not found.unproven, str(found)


def test_a_list_of_which_nothing_came_leaves_the_others_to_be_proven() -> None:
    store = ct.open_store(":memory:")
    broken = explorer_with(Fault("html", 502, actions=("txlistinternal",), times=None))
    assert ct.collect(broken, store, list(WORLD.addresses), progress=False).is_partial
    found = ct.prove(explorer_with(), store, progress=False)
    assert {(row.status, row.reason) for row in found.rows if not row.contract} == {("partial", "unavailable")}
    assert {row.status for row in found.rows if row.contract} == {"proven"}


def test_an_account_of_which_no_list_came_is_not_asked_about() -> None:
    store = ct.open_store(":memory:")
    ct.collect(explorer_with(), store, list(WORLD.addresses[:1]), progress=False)
    store.run("UPDATE coverage SET status = 'partial', reason = 'quota', to_block = -1")
    found = ct.prove(explorer_with(), store, progress=False)
    assert {(row.status, row.as_of) for row in found.rows} == {("partial", None)}


@pytest.mark.parametrize("order", [("complete", "partial"), ("partial", "complete")])
def test_a_list_that_one_explorer_gave_whole_has_no_gap_whatever_another_made_of_it(order: tuple[str, str]) -> None:
    batch = Batch()
    paid(batch, A, B, 5, block=4)
    for source, status in zip(("blockscout", "etherscan"), order, strict=True):
        for stream in ("native", "internal", "token"):
            reason = "not_indexed" if status == "partial" else None
            listed(batch, B, stream, -1 if reason else 9, source=source, reason=reason)
    listed(batch, B, "receipt", -1, reason="unavailable")
    told(batch, B, 5, 9)
    assert proof_of(batch, B).status == "proven"


def test_a_list_that_nobody_was_asked_for_proves_nothing_even_where_nothing_is_held() -> None:
    batch = Batch()
    listed(batch, B, "token", 9)
    told(batch, B, 0, 9)
    assert (proof_of(batch, B).status, proof_of(batch, B).reason) == ("partial", "not_pulled")


def test_a_balance_that_was_told_before_the_lists_were_pulled_further_proves_their_beginning_alone() -> None:
    batch = Batch()
    paid(batch, A, B, 5, block=4)
    paid(batch, A, C, 5, block=4)
    paid(batch, B, A, 2, block=14)
    for address in (B, C):
        for stream in ("native", "internal", "token"):
            listed(batch, address, stream, 20)
        told(batch, address, 5, 9)
    assert (proof_of(batch, B).status, proof_of(batch, B).reason) == ("unproven", "newer_rows")
    assert proof_of(batch, C).status == "proven"


def test_a_balance_that_one_explorer_told_stands_though_another_would_not() -> None:
    batch = Batch()
    paid(batch, A, B, 5, block=4)
    for stream in ("native", "internal", "token"):
        listed(batch, B, stream, 9)
    told(batch, B, 5, 9)
    told(batch, B, None, 9, source="routescan")
    told(batch, B, None, None, source="blockscout")
    assert (proof_of(batch, B).status, proof_of(batch, B).source) == ("proven", "etherscan")


@pytest.mark.parametrize(
    ("back", "held", "status", "reason"),
    [
        (60, 60, "proven", None),
        (60, 61, "partial", "surplus"),
        (None, 60, "unproven", "staking"),
        (None, 0, "proven", None),
    ],
)
def test_trx_that_is_staked_and_comes_back_is_no_alarm_and_unknown_amounts_are_named(
    back: int | None, held: int, status: str, reason: str | None
) -> None:
    batch = Batch()
    batch.add_transfer(
        chain="tron", tx_hash="1" * 64, kind="native", time=WHEN, sender=T1, receiver=T2, amount=100, symbol="TRX", decimals=6
    )
    seconds = {"stake": 0, "unstake": 3, "stake beyond the lists": 60}
    amounts = {"stake": 100, "unstake": back, "stake beyond the lists": 7}
    for number, name in enumerate(seconds):
        amount, time, kind = amounts[name], WHEN + timedelta(seconds=seconds[name]), name.split()[0]
        raw = None if amount is None else str(amount)
        batch.add("events", ("tron", f"{number + 2}" * 64, None, kind, None, time, None, T2, None, amount, raw))
    for stream in ("native", "token"):
        listed(batch, T2, stream, HEAD_MS, source="trongrid")
    told(batch, T2, held, HEAD_MS, source="trongrid")
    assert (proof_of(batch, T2).status, proof_of(batch, T2).reason) == (status, reason)
