"""What a difference is called, on stores written by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

import cryptotrace as ct
from cryptotrace.collect.holdings import holdings
from cryptotrace.schema import Batch

WHEN = datetime(2024, 5, 1, tzinfo=UTC)
USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
A, B, C = ("0x" + digit * 40 for digit in "abc")


def store_with(
    moves: list[tuple[str, str, str | None, int]],
    told: dict[tuple[str, str], int | None],
    *,
    chain: str = "ethereum",
    reason: str | None = None,
    later: tuple[int, int] = (0, 0),
) -> ct.Store:
    """Store moves (sender, receiver, contract, amount), complete lists, and what an explorer told (account, contract)."""
    batch = Batch()
    for number, (sender, receiver, contract, amount) in enumerate(moves):
        batch.add_transfer(
            chain=chain, tx_hash=f"0x{number:064x}", kind="native" if contract is None else "token", time=WHEN, block=5,
            tx_index=number, sender=sender, receiver=receiver, contract=contract, amount=amount, log_index=number,
        )  # fmt: skip
    for address in {address for address, _ in told}:
        for stream in ("native", "internal", "token"):
            status = "partial" if reason else "complete"
            batch.add("coverage", ("etherscan", stream, chain, address, 0, 9, status, reason, 1, None, 9, WHEN, None))
    for (address, contract), amount in told.items():
        problem = "unavailable" if amount is None else None
        batch.add("balances", (chain, address, contract, 9, "etherscan", amount, *later, None, None, problem, WHEN))
    store = ct.open_store(":memory:")
    store.load([batch])
    return store


def test_rows_that_add_up_are_proven_and_what_was_listed_since_is_taken_off() -> None:
    moves = [(A, B, None, 7), (B, A, None, 2)]
    assert ct.proofs(store_with(moves, {(B, ""): 5})).of("ethereum", B).status == "proven"  # type: ignore[union-attr]
    proof = ct.proofs(store_with(moves, {(B, ""): 9}, later=(10, 6))).of("ethereum", B)
    assert proof is not None
    assert (proof.status, proof.ledger, proof.reported, proof.difference) == ("proven", 5, 5, 0)


@pytest.mark.parametrize(
    ("chain", "told", "reason", "difference"),
    [
        ("ethereum", 4, "unreconciled", -1),
        ("ethereum", 6, "surplus", 1),
        ("base", 4, "rollup_fees", -1),
        ("base", 6, "surplus", 1),
    ],
)
def test_a_difference_of_the_coin_is_a_number_with_a_name(chain: str, told: int, reason: str, difference: int) -> None:
    proof = ct.proofs(store_with([(A, B, None, 5)], {(B, ""): told}, chain=chain)).of(chain, B)
    assert proof is not None
    assert (proof.status, proof.reason, proof.difference) == ("partial", reason, difference)


def test_a_list_that_coverage_calls_partial_is_never_proven_even_where_it_adds_up() -> None:
    proof = ct.proofs(store_with([(A, B, None, 5)], {(B, ""): 5}, reason="too_busy")).of("ethereum", B)
    assert proof is not None
    assert (proof.status, proof.reason, proof.difference) == ("partial", "too_busy", 0)


def test_a_balance_that_nobody_told_leaves_the_account_unproven() -> None:
    proof = ct.proofs(store_with([(A, B, None, 5)], {(B, ""): None})).of("ethereum", B)
    assert proof is not None
    assert (proof.status, proof.reason, proof.difference) == ("unproven", "unavailable", None)


def test_balances_that_all_grew_by_one_factor_are_those_of_a_rebasing_token() -> None:
    moves = [(A, B, USDT, 1_000), (A, C, USDT, 3_000)]
    found = ct.proofs(store_with(moves, {(B, USDT): 1_010, (C, USDT): 3_030}))
    assert {(row.status, row.reason) for row in found.rows} == {("unproven", "rebasing_token")}


def test_a_token_that_keeps_a_share_of_what_is_sent_is_told_from_one_that_lost_a_row() -> None:
    moves = [(A, B, USDT, 1_000), (A, C, USDT, 3_000), (B, A, USDT, 500)]
    fee = ct.proofs(store_with(moves, {(B, USDT): 490, (C, USDT): 2_970}))
    assert {(row.status, row.reason) for row in fee.rows} == {("unproven", "fee_on_transfer_token")}
    lost = ct.proofs(store_with(moves, {(B, USDT): 500, (C, USDT): 2_970}))
    assert [(row.status, row.reason) for row in lost.rows] == [("proven", None), ("partial", "unreconciled")]


def test_one_account_alone_never_makes_a_token_loose() -> None:
    found = ct.proofs(store_with([(A, B, USDT, 1_000)], {(B, USDT): 990}))
    assert [(row.status, row.reason) for row in found.rows] == [("partial", "unreconciled")]


def test_a_wrap_without_a_row_counts_once_and_a_missing_one_is_seen() -> None:
    wrapped = store_with([(A, WETH, None, 10)], {(A, WETH): 10})
    assert ct.proofs(wrapped).of("ethereum", A, WETH).status == "proven"  # type: ignore[union-attr]
    unwrapped = store_with([(A, WETH, None, 10), (WETH, A, None, 4)], {(A, WETH): 6})
    assert ct.proofs(unwrapped).of("ethereum", A, WETH).status == "proven"  # type: ignore[union-attr]
    missing = store_with([(A, WETH, None, 10)], {(A, WETH): 6})
    assert ct.proofs(missing).of("ethereum", A, WETH).difference == -4  # type: ignore[union-attr]


def test_what_the_issuer_destroyed_is_gone_though_no_transfer_says_so() -> None:
    store = store_with([(A, B, USDT, 10)], {(B, USDT): 0})
    assert ct.proofs(store).of("ethereum", B, USDT).difference == -10  # type: ignore[union-attr]
    batch = Batch()
    batch.add("events", ("ethereum", "0x" + "d" * 64, 0, "destroy", 6, WHEN, USDT, B, None, 10, None))
    store.load([batch])
    assert ct.proofs(store).of("ethereum", B, USDT).status == "proven"  # type: ignore[union-attr]


ZERO = "0x" + "0" * 40


@pytest.mark.parametrize(
    ("moves", "destroyed", "held", "status"),
    [
        # the transfer to the zero address stands beside the event: the money is gone once
        ([(A, B, USDT, 10), (B, ZERO, USDT, 6)], [6], 4, "proven"),
        ([(A, B, USDT, 10), (B, ZERO, USDT, 6)], [None], 4, "proven"),
        # another amount, and another receiver, is another thing
        ([(A, B, USDT, 10), (B, ZERO, USDT, 3)], [6], 1, "proven"),
        ([(A, B, USDT, 10), (B, C, USDT, 6)], [3], 1, "proven"),
        ([(A, B, USDT, 10), (B, ZERO, USDT, 6)], [6], -2, "partial"),
    ],
)
def test_a_bridged_token_that_logs_a_transfer_beside_its_destruction_loses_it_once(
    moves: Any, destroyed: list[int | None], held: int, status: str
) -> None:
    store = store_with(moves, {(B, USDT): max(held, 0)})
    batch = Batch()
    for number, amount in enumerate(destroyed, 9):
        batch.add("events", ("ethereum", f"0x{1:064x}", number, "destroy", 5, WHEN, USDT, B, None, amount, None))
    store.load([batch])
    assert ct.proofs(store).of("ethereum", B, USDT).status == status  # type: ignore[union-attr]


def test_an_empty_store_proves_nothing_and_says_so() -> None:
    assert str(ct.proofs(ct.open_store(":memory:"))) == "no balance was asked: nothing is proven"


def test_a_delegatecall_to_a_wrapping_contract_wraps_nothing() -> None:
    batch, payer, weth = Batch(), "0x" + "11" * 20, "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
    batch.add_transfer(
        chain="ethereum", tx_hash="0x" + "ab" * 32, kind="internal", block=5, time=datetime(2023, 9, 1, tzinfo=UTC),
        sender=payer, receiver=weth, amount=10**18, symbol="ETH", decimals=18, call_type="delegatecall",
    )  # fmt: skip
    store = ct.open_store(":memory:")
    store.load([batch])
    assert holdings(store, {("ethereum", payer, weth): None})["ethereum", payer, weth].net == 0
