"""What an address is after what an issuer did to it, and the three amounts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from freeze_worlds import (
    FINAL,
    SIGNER,
    TRON_USDT,
    USDC,
    USDT,
    ZERO,
    FrozenTron,
    Step,
    collected,
    ethereum,
    etherscan,
    fake,
    hash_of,
    time_of,
    trongrid,
    truth_of,
    who,
    who_on_tron,
)
from hypothesis import given, settings
from hypothesis import strategies as st

import cryptotrace as ct
from cryptotrace.collect.freeze_spells import FreezeEvent, Spot, last_spell, state_of
from cryptotrace.collect.frozen import frozen_since
from cryptotrace.schema import Batch

A, B = who(1), who(2)
EVENT = ("chain", "tx_hash", "log_index", "kind", "block", "time", "contract", "owner", "counterparty", "amount", "raw_amount")


def only(store: ct.Store, address: str = A) -> Any:
    rows = ct.freezes(store).of("ethereum" if address.startswith("0x") else "tron", address)
    assert len(rows) == 1
    return rows[0]


def test_the_three_amounts_of_a_freeze_that_is_followed_by_a_payment_and_a_destruction():
    steps = [
        Step(block=1, kind="pay", owner=A, amount=100),
        Step(block=2, kind="pay", sender=A, owner=B, amount=30),
        Step(block=3, kind="freeze", owner=A),
        Step(block=4, kind="pay", owner=A, amount=7),
        Step(block=5, kind="destroy", owner=A, amount=77),
        Step(block=6, kind="pay", sender=B, owner=A, amount=2),
    ]
    row = only(collected(ethereum(steps), [A]))
    assert (row.status, row.held, row.received, row.destroyed, row.freezes) == ("destroyed", 70, 9, 77, 1)
    assert (row.frozen_at, row.frozen_block, row.frozen_tx) == (time_of(3), 3, hash_of(2))
    assert (row.destroyed_at, row.destroyed_block, row.destroyed_tx) == (time_of(5), 5, hash_of(4))
    assert (row.released_at, row.held_reason, row.received_reason, row.destroyed_reason) == (None, None, None, None)
    assert (row.chain, row.contract, row.address, row.symbol, row.as_of) == ("ethereum", USDT, A, "USDT", FINAL)
    assert row.is_frozen


def test_freeze_release_freeze_tells_of_the_last_freeze_alone():
    steps = [
        Step(block=1, kind="pay", owner=A, amount=5),
        Step(block=2, kind="freeze", owner=A),
        Step(block=3, kind="pay", owner=A, amount=10),
        Step(block=4, kind="unfreeze", owner=A),
        Step(block=5, kind="pay", owner=A, amount=100),
        Step(block=6, kind="freeze", owner=A),
        Step(block=7, kind="freeze", owner=A),
        Step(block=8, kind="pay", owner=A, amount=1_000),
    ]
    row = only(collected(ethereum(steps), [A]))
    assert (row.status, row.freezes, row.held, row.received, row.destroyed) == ("frozen", 2, 115, 1_000, 0)
    assert (row.frozen_tx, row.released_tx) == (hash_of(5), None)


def test_what_came_in_after_the_release_was_not_received_while_frozen():
    steps = [
        Step(block=2, kind="freeze", owner=A),
        Step(block=3, kind="pay", owner=A, amount=10),
        Step(block=4, kind="unfreeze", owner=A),
        Step(block=5, kind="pay", owner=A, amount=100),
    ]
    row = only(collected(ethereum(steps), [A]))
    assert (row.status, row.is_frozen, row.held, row.received) == ("released", False, 0, 10)
    assert (row.released_at, row.released_block, row.released_tx) == (time_of(4), 4, hash_of(2))


def test_two_destructions_add_up_and_the_last_is_named():
    steps = [
        Step(block=1, kind="pay", owner=A, amount=50),
        Step(block=2, kind="freeze", owner=A),
        Step(block=3, kind="destroy", owner=A, amount=50),
        Step(block=4, kind="pay", owner=A, amount=8),
        Step(block=5, kind="destroy", owner=A, amount=8),
    ]
    row = only(collected(ethereum(steps), [A]))
    assert (row.destroyed, row.destructions, row.destroyed_tx, row.held, row.received) == (58, 2, hash_of(4), 50, 8)


def test_what_an_earlier_destruction_took_is_not_held_at_the_next_freeze():
    steps = [
        Step(block=1, kind="pay", owner=A, amount=50),
        Step(block=2, kind="freeze", owner=A),
        Step(block=3, kind="destroy", owner=A, amount=50),
        Step(block=4, kind="unfreeze", owner=A),
        Step(block=5, kind="pay", owner=A, amount=6),
        Step(block=6, kind="freeze", owner=A),
    ]
    row = only(collected(ethereum(steps), [A]))
    assert (row.status, row.held, row.destroyed) == ("frozen", 6, 50)


@pytest.mark.parametrize(("kinds", "status"), [(("freeze", "unfreeze"), "released"), (("unfreeze", "freeze"), "frozen")])
def test_events_of_one_block_come_in_the_order_of_their_logs(kinds, status):
    store = collected(ethereum([Step(block=5, kind=kind, owner=A) for kind in kinds]))
    assert only(store).status == status


def test_payments_of_the_block_of_the_freeze_stand_on_the_side_that_their_logs_say():
    steps = [
        Step(block=5, kind="pay", owner=A, amount=3),
        Step(block=5, kind="freeze", owner=A),
        Step(block=5, kind="pay", owner=A, amount=40),
    ]
    row = only(collected(ethereum(steps), [A]))
    assert (row.held, row.received) == (3, 40)


def test_without_log_indices_a_payment_in_the_block_of_the_freeze_leaves_both_amounts_open():
    steps = [Step(block=5, kind="pay", owner=A, amount=3), Step(block=5, kind="freeze", owner=A)]
    store, source = ct.open_store(":memory:"), etherscan(fake(ethereum(steps), log_index="absent"))
    ct.collect_freezes(source, store, progress=False)
    ct.collect(source, store, [A], progress=False)
    row = only(store)
    assert (row.held, row.held_reason, row.received, row.received_reason) == (
        *(None, "order_in_block_unknown"),
        *(None, "order_in_block_unknown"),
    )


def test_an_account_that_nobody_collected_has_no_amounts_and_never_a_zero():
    steps = [Step(block=1, kind="pay", owner=A, amount=100), Step(block=3, kind="freeze", owner=A)]
    row = only(collected(ethereum(steps), [B]))
    assert (row.held, row.received, row.destroyed) == (None, None, 0)
    assert (row.held_reason, row.received_reason) == ("not_collected", "not_collected")


def test_a_list_that_ends_before_the_freeze_tells_no_amounts():
    steps = [Step(block=1, kind="pay", owner=A, amount=100), Step(block=30, kind="freeze", owner=A)]
    store, source = ct.open_store(":memory:"), etherscan(fake(ethereum(steps)))
    ct.collect_freezes(source, store, progress=False)
    ct.collect(source, store, [A], to_block=20, progress=False)
    row = only(store)
    assert (row.held, row.held_reason, row.received_reason) == (None, "list_ends_before", "list_ends_before")


def test_a_list_that_is_too_busy_gives_its_reason_in_place_of_amounts():
    steps = [
        *(Step(block=block, kind="pay", owner=A, amount=1) for block in range(1, 9)),
        Step(block=20, kind="freeze", owner=A),
    ]
    store, source = ct.open_store(":memory:"), etherscan(fake(ethereum(steps)))
    source.page_rows = 2
    ct.collect_freezes(source, store, progress=False)
    store.load([_coverage_of(A, "partial", "too_busy")])
    assert only(store).held_reason == "too_busy"


def _coverage_of(address: str, status: str, reason: str | None) -> Batch:
    batch = Batch()
    batch.add(
        "coverage", ("etherscan", "token", "ethereum", address, 0, 5, status, reason, 1, None, 5, time_of(1), None)
    )  # fmt: skip
    return batch


def test_rows_that_pay_out_more_than_came_in_give_no_amount():
    steps = [Step(block=1, kind="pay", sender=A, owner=B, amount=9), Step(block=3, kind="freeze", owner=A)]
    row = only(collected(ethereum(steps), [A]))
    assert (row.held, row.held_reason, row.received) == (None, "rows_missing", 0)


def test_rows_that_differ_from_the_balance_that_the_explorer_tells_give_no_amount():
    steps = [Step(block=1, kind="pay", owner=A, amount=9), Step(block=3, kind="freeze", owner=A)]
    world = ethereum(steps)
    store = collected(world, [A])
    more = ethereum([*steps[:1], Step(block=2, kind="pay", owner=A, amount=1), *steps[1:]])
    ct.prove(etherscan(fake(more)), store, [A], progress=False)
    row = only(store)
    assert (row.held, row.held_reason, row.received_reason) == (None, "unreconciled", "unreconciled")


def test_the_balance_that_an_explorer_tells_of_a_frozen_account_knows_what_was_destroyed():
    steps = [
        Step(block=1, kind="pay", owner=A, amount=9),
        Step(block=3, kind="freeze", owner=A),
        Step(block=4, kind="destroy", owner=A, amount=9),
    ]
    world = ethereum(steps)
    store = collected(world, [A])
    proof = ct.prove(etherscan(fake(world)), store, [A], progress=False).of("ethereum", A, USDT)
    assert proof is not None
    assert (proof.status, proof.ledger) == ("proven", 0)
    assert only(store).held == 9


def test_usdc_has_no_event_of_destruction_so_nothing_is_said_of_it():
    row = only(collected(ethereum([Step(block=3, kind="freeze", owner=A, contract=USDC)]), [A]))
    assert (row.symbol, row.status, row.held, row.destroyed, row.destroyed_reason) == (
        *("USDC", "frozen", 0),
        *(None, "no_such_event"),
    )


def test_one_address_that_two_issuers_froze_has_a_row_of_each():
    steps = [
        Step(block=3, kind="freeze", owner=A, contract=USDC),
        Step(block=4, kind="freeze", owner=A),
        Step(block=5, kind="unfreeze", owner=A),
    ]
    found = ct.freezes(collected(ethereum(steps))).of("eth", A.upper().replace("0X", "0x"))
    assert [(row.symbol, row.status) for row in found] == [("USDC", "frozen"), ("USDT", "released")]


def event(
    kind: str, block: int, *, raw: str | None = None, tx: int = 1, log: int | None = 0, contract: str = USDT
) -> tuple[Any, ...]:
    amount = int(raw) if raw is not None and raw.isascii() and raw.isdigit() and len(raw) < 39 else None
    return ("ethereum", hash_of(tx), log, kind, block, time_of(block), contract, A, None, amount, raw)


def loaded(*rows: tuple[Any, ...]) -> ct.Store:
    store, batch = ct.open_store(":memory:"), Batch()
    for row in rows:
        batch.add("events", row)
    store.load([batch])
    return store


def test_events_without_any_coverage_give_a_status_but_no_place_up_to_which_it_holds():
    row = only(loaded(event("freeze", 3)))
    assert (row.status, row.as_of, row.destroyed, row.destroyed_reason) == ("frozen", None, None, "not_collected")


def test_a_destruction_alone_shows_a_freeze_that_was_not_seen():
    row = only(loaded(event("destroy", 9, raw="5")))
    assert (row.status, row.frozen_at, row.frozen_tx, row.freezes) == ("destroyed", None, None, 1)
    assert (row.held, row.held_reason) == (None, "freeze_not_seen")


def test_a_release_alone_is_a_release():
    row = only(loaded(event("unfreeze", 9)))
    assert (row.status, row.freezes, row.released_block, row.held_reason) == ("released", 0, 9, "freeze_not_seen")


def test_events_of_contracts_that_nobody_vouches_for_are_no_freezes():
    assert len(ct.freezes(loaded(event("freeze", 3, contract=who(7)), event("issue", 4)))) == 0


@pytest.mark.parametrize("raw", [str(2**256 - 1), str(10**38), "9" * 5_000, "-5", "five", "٥"])  # noqa: RUF001
def test_a_hostile_amount_of_a_destruction_is_unknown_and_never_a_number(raw):
    store = loaded(event("freeze", 3), event("destroy", 9, raw=raw, tx=2))
    _complete_lists(store)
    row = only(store)
    assert (row.status, row.destroyed, row.destroyed_reason) == ("destroyed", None, "amount_out_of_range")
    assert row.as_of == 1_000


def test_amounts_that_only_together_pass_our_range_are_unknown():
    most = str(10**38 - 1)
    store = loaded(event("freeze", 3), event("destroy", 9, raw=most, tx=2), event("destroy", 10, raw="1", tx=3))
    _complete_lists(store)
    assert only(store).destroyed_reason == "amount_out_of_range"
    table = ct.freezes(store).table
    assert table.to_arrow().num_rows == len(table.to_csv().splitlines()) - 1 == len(ct.freezes(store).to_pandas()) == 1


def _complete_lists(store: ct.Store, **changes: tuple[str, str | None]) -> None:
    batch = Batch()
    for name in ("AddedBlackList", "RemovedBlackList", "DestroyedBlackFunds"):
        status, reason = changes.get(name, ("complete", None))
        batch.add(
            "coverage",
            (
                "etherscan",
                f"freeze:{USDT}:{name}",
                "ethereum",
                None,
                0,
                1_000,
                status,
                reason,
                1,
                None,
                1_000,
                time_of(1),
                None,
            ),
        )
    store.load([batch])


def test_a_list_of_destructions_that_lost_rows_tells_no_sum():
    store = loaded(event("freeze", 3), event("destroy", 9, raw="5", tx=2))
    _complete_lists(store, DestroyedBlackFunds=("partial", "rejected_rows"))
    row = only(store)
    assert (row.destroyed, row.destroyed_reason, row.as_of) == (None, "rejected_rows", None)


# -- TRON ------------------------------------------------------------------------------------------------------------------


def on_tron(steps: list[Step], *, accounts: tuple[str, ...] = (), **settings: Any) -> ct.Store:
    store = ct.open_store(":memory:")
    source = trongrid(FrozenTron(steps, **settings))
    assert not ct.collect_freezes(source, store, progress=False).is_partial
    if accounts:
        assert not ct.collect(source, store, list(accounts), progress=False).is_partial
    return store


def test_tron_names_the_address_in_topics_and_gives_the_same_three_amounts():
    a = who_on_tron(1)
    step = {"owner": a, "contract": TRON_USDT, "sender": who_on_tron(3)}
    steps = [
        Step(block=1, kind="pay", amount=100, **step),
        Step(block=3, kind="freeze", **step),
        Step(block=4, kind="pay", amount=7, **step),
        Step(block=5, kind="destroy", amount=107, **step),
    ]
    row = only(on_tron(steps, accounts=(a,)), a)
    assert (row.chain, row.contract, row.status) == ("tron", TRON_USDT, "destroyed")
    assert (row.held, row.received, row.destroyed, row.frozen_block, row.frozen_tx) == (100, 7, 107, 3, hash_of(1)[2:])
    assert row.as_of == round(time_of(5).timestamp()) * 1000 + 60_000


@pytest.mark.parametrize("in_reverse", [False, True])
def test_a_freeze_and_a_release_in_one_block_of_tron_have_no_order_that_an_explorer_shows(in_reverse):
    a = who_on_tron(1)
    steps = [Step(block=3, kind=kind, owner=a, contract=TRON_USDT) for kind in ("freeze", "unfreeze")]
    store = on_tron(steps, in_reverse=in_reverse)
    row = only(store, a)
    assert (row.status, row.is_frozen) == ("unknown", False)
    seeds = ct.frozen_seeds(store)
    assert len(seeds) == 0
    assert [reject.reason for reject in seeds.rejects] == ["the order of a freeze and a release in one block is not known"]


# -- at a moment -----------------------------------------------------------------------------------------------------------


def test_since_when_an_address_was_frozen_at_a_moment():
    steps = [
        Step(block=2, kind="freeze", owner=A),
        Step(block=4, kind="unfreeze", owner=A),
        Step(block=6, kind="freeze", owner=A),
    ]
    store = collected(ethereum(steps))
    key = ("ethereum", A, USDT)
    assert frozen_since(store) == {key: time_of(6)}
    seconds = timedelta(seconds=1)
    since = {block: frozen_since(store, time_of(block) - seconds).get(key) for block in (2, 3, 4, 5, 6, 7)}
    assert since == {2: None, 3: time_of(2), 4: time_of(2), 5: None, 6: None, 7: time_of(6)}


# -- against a recount -----------------------------------------------------------------------------------------------------

PEOPLE = (A, B, who(3))


@st.composite
def histories(draw: Any) -> list[Step]:
    """Steps that a contract would allow: no balance below nothing, and only what is listed is destroyed, whole."""
    held, listed, steps, block = dict.fromkeys(PEOPLE, 0), set(), [], 1
    for _ in range(draw(st.integers(1, 14))):
        block += draw(st.integers(0, 2))
        owner, kind = (
            draw(st.sampled_from(PEOPLE)),
            draw(st.sampled_from(("pay", "pay", "mint", "freeze", "unfreeze", "destroy"))),
        )
        if kind == "destroy":
            if owner not in listed:
                continue
            steps.append(Step(block=block, kind=kind, owner=owner, amount=held[owner]))
            held[owner] = 0
        elif kind in ("pay", "mint"):
            sender = ZERO if kind == "mint" else draw(st.sampled_from(PEOPLE))
            amount = draw(st.integers(0, 50)) if kind == "mint" else draw(st.integers(0, held[sender]))
            held[owner] += amount
            held[sender] = held.get(sender, 0) - amount
            steps.append(Step(block=block, kind="pay", sender=sender, owner=owner, amount=amount))
        else:
            (listed.add if kind == "freeze" else listed.discard)(owner)
            steps.append(Step(block=block, kind=kind, owner=owner))
    return steps


@settings(max_examples=300)
@given(histories())
def test_every_status_is_that_of_a_recount_step_by_step(steps):
    for owner in {step.owner for step in steps if step.kind != "pay"}:
        mine = [(number, step) for number, step in enumerate(steps) if step.owner == owner and step.kind != "pay"]
        events = [
            FreezeEvent(step.kind, Spot("ethereum", step.block, time_of(step.block), hash_of(number), number), step.amount)
            for number, step in mine
        ]
        truth, spell = truth_of(steps, owner), last_spell(sorted(events, key=FreezeEvent.sort_key))
        assert (state_of(events), spell.number) == (truth.status, truth.freezes)


@settings(max_examples=12)
@given(histories())
def test_every_status_and_amount_is_that_of_a_recount_step_by_step(steps):
    store = collected(ethereum(steps), PEOPLE)
    found = {row.address: row for row in ct.freezes(store).rows}
    touched = {step.owner for step in steps if step.kind != "pay"}
    assert set(found) == touched
    for owner, row in found.items():
        truth = truth_of(steps, owner)
        assert (row.status, row.freezes, row.destroyed) == (truth.status, truth.freezes, truth.destroyed)
        assert (row.held, row.received) == (truth.held, truth.received), (row.held_reason, row.received_reason)


def test_the_signer_of_a_freeze_is_nobody_who_is_frozen():
    store = collected(ethereum([Step(block=3, kind="freeze", owner=A)]))
    assert ct.freezes(store).of("ethereum", SIGNER) == ()
    assert str(ct.freezes(store)) == "USDT on ethereum: 1 address: 1 frozen"
