"""Frozen addresses as seeds: a status with its evidence, never a verdict."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from freeze_worlds import (
    TRON_USDT,
    USDC,
    USDT,
    FrozenTron,
    Step,
    collected,
    ethereum,
    hash_of,
    time_of,
    trongrid,
    who,
    who_on_tron,
)

import cryptotrace as ct
from cryptotrace.reports.store_facts import read_store
from cryptotrace.schema import Batch

A = who(1)


def test_a_frozen_address_is_a_seed_of_unknown_role_with_its_contract_and_transaction():
    steps = [Step(block=3, kind="freeze", owner=A), Step(block=4, kind="freeze", owner=A, contract=USDC)]
    usdc, usdt = ct.frozen_seeds(collected(ethereum(steps)))
    assert (usdt.chain, usdt.address, usdt.role, usdt.category) == ("ethereum", A, "unknown", None)
    assert (usdt.statement, usdt.confidence, usdt.reported_on) == ("frozen", 100, time_of(3))
    assert (usdt.source, usdt.origin, usdt.native_category) == (f"USDT {USDT}", hash_of(0), "freeze")
    assert (usdc.source, usdc.origin) == (f"USDC {USDC}", hash_of(1))


def test_what_was_released_is_no_seed_and_what_was_destroyed_still_is():
    steps = [
        Step(block=3, kind="freeze", owner=A),
        Step(block=4, kind="unfreeze", owner=A),
        Step(block=5, kind="freeze", owner=who(2)),
        Step(block=6, kind="destroy", owner=who(2), amount=0),
    ]
    assert [seed.address for seed in ct.frozen_seeds(collected(ethereum(steps)))] == [who(2)]


def test_seeds_of_one_chain_can_be_asked_for_by_any_name_of_it():
    store = collected(ethereum([Step(block=3, kind="freeze", owner=A)]))
    source = trongrid(FrozenTron([Step(block=3, kind="freeze", owner=who_on_tron(1), contract=TRON_USDT)]))
    ct.collect_freezes(source, store, progress=False)
    assert {seed.chain for seed in ct.frozen_seeds(store)} == {"ethereum", "tron"}
    assert [seed.address for seed in ct.frozen_seeds(store, "trx")] == [who_on_tron(1)]
    assert [seed.address for seed in ct.frozen_seeds(store, "eth")] == [A]


PAID = [
    Step(block=1, kind="pay", owner=who(2), amount=9 * 10**6),
    Step(block=2, kind="pay", sender=who(2), owner=A, amount=10**6),
    Step(block=5, kind="freeze", owner=A),
]


def test_a_freeze_alone_puts_no_money_into_a_trace_and_a_second_source_does():
    store = collected(ethereum(PAID), [A, who(2)])
    frozen = ct.frozen_seeds(store)
    assert frozen.perpetrators == ()
    assert ct.trace(store, frozen).table("resting").rows == ()
    assert len(ct.trace(store, frozen + ct.load_seeds(A)).table("resting")) == 1


def test_a_trace_says_of_resting_money_since_when_it_is_frozen_at_its_time():
    store = collected(ethereum(PAID), [A, who(2)])
    (row,) = ct.trace(store, ct.load_seeds(A)).table("resting").dicts()
    assert (row["freezable_by"], row["frozen_since"]) == ("Tether", time_of(5))
    (row,) = ct.trace(store, ct.load_seeds(A), as_of=time_of(4)).table("resting").dicts()
    assert (row["freezable_by"], row["frozen_since"]) == ("Tether", None)


def test_the_report_says_what_is_frozen_already_and_does_not_ask_for_it_again(tmp_path: Path):
    steps = [*PAID, Step(block=3, kind="pay", sender=who(2), owner=who(3), amount=2 * 10**6)]
    store = collected(ethereum(sorted(steps, key=lambda step: step.block)), [A, who(2), who(3)])
    seeds = ct.load_seeds(A, who(3))
    trace = ct.trace(store, seeds)
    paths = ct.write_report(tmp_path / "report", store, trace, ct.estimate(store, None, trace), seeds=seeds)
    page = paths.html.read_text(encoding="utf-8")
    assert "already frozen, since 2024-01-01" in page
    assert "of this Tether could freeze 2 USD and 1 USD is frozen already" in page
    assert read_store(store, digests=False).addresses == (3, 3)  # the lists of an issuer are of no address


def test_ready_seeds_pass_the_checks_that_files_pass():
    seeds = ct.frozen_seeds(collected(ethereum([Step(block=3, kind="freeze", owner=A)])))
    assert ct.load_seeds(*seeds).items == seeds.items
    assert set(seeds.to_pandas()["role"]) == {"unknown"}


def test_the_addresses_of_the_public_list_are_those_that_its_own_transactions_would_freeze(shared_data: Path):
    """The list is of additions alone, up to February 2023; burn and precompile numbers are in it."""
    path = shared_data / "labels" / "tagpacks" / "usdt_blacklist.yaml"
    tags = yaml.safe_load(path.read_text(encoding="utf-8"))["tags"]
    batch = Batch()
    for number, tag in enumerate(tags):
        tx = json.loads(tag["context"])["transaction"]
        row = ("ethereum", tx, 0, "freeze", number, time_of(number), USDT, tag["address"].lower(), None, None, None)
        batch.add("events", row)
    store = ct.open_store(":memory:")
    store.load([batch])
    seeds, listed = ct.frozen_seeds(store), ct.load_seeds(path)
    nobody = {reject.raw.split()[2] for reject in seeds.rejects}
    assert {address for _, address in seeds.addresses} | nobody == {address for _, address in listed.addresses}
    assert len(ct.freezes(store)) == len(listed.addresses) == 774
    assert len(nobody) == 14
    assert {seed.statement for seed in listed} == {seed.statement for seed in seeds} == {"frozen"}
    assert {seed.confidence for seed in listed} == {seed.confidence for seed in seeds} == {100}
