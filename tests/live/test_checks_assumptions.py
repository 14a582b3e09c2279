"""Every assumption at the fakes: all hold, and a fake that breaks one is told by exactly that row."""

from __future__ import annotations

import pytest
from breaking import BREAKS, SCRIPTS, broken, last_with, rows_at
from checking import FAKES, check, served, verdicts

from cryptotrace.codecs import parse_address
from cryptotrace.sources.assumptions import CHECKED, MOST_REQUESTS, scripts
from cryptotrace.sources.assumptions.places import PLACES
from cryptotrace.sources.explorers import EXPLORERS
from cryptotrace.sources.prices import ORACLES

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

_FIELDS = {
    "etherscan": ("token", "token: fields", rows_at("result")),
    "routescan": ("native", "native: fields", rows_at("result")),
    "blockscout": ("internal", "internal: fields", rows_at("result")),
    "blockscout_rest": ("token", "token: fields", rows_at("items")),
    "rpc": ("logs", "logs: fields", rows_at("result")),
    "trongrid": ("native", "native: fields", rows_at("data")),
    "tronscan": ("token", "token: fields", rows_at("token_transfers")),
    "esplora": ("native", "native: fields", rows_at()),
    "mempool": ("native", "native: fields", rows_at()),
    "blockchain_info": ("native", "native: fields", rows_at("txs")),
    "prices:mempool": ("known", "fields of a price", rows_at("prices")),
}


def test_every_explorer_and_every_source_of_prices_is_checked():
    assert set(CHECKED) == {*EXPLORERS, *(f"prices:{name}" for name in ORACLES)} == set(FAKES)


def test_names_are_unique_and_questions_are_few():
    for script in scripts():
        names = [one.name for one in script.assumptions]
        assert len(set(names)) == len(names), script.name
        assert {one.question for one in script.assumptions} == {one.name for one in script.questions}, script.name
        assert len(script.questions) <= MOST_REQUESTS == 12, script.name


def test_the_well_known_addresses_are_valid_and_ranges_run_forward():
    evm, tron, coins = PLACES["evm"], PLACES["tron"], PLACES["bitcoin"]
    for place, names in ((evm, ("busy", "steady", "nobody", "token")), (tron, ("busy", "nobody", "token")), (coins, ("busy",))):
        for name in names:
            assert parse_address(getattr(place, name), place.chain) == getattr(place, name)
    for first, last in (evm.closed, evm.empty, evm.logs, evm.wide, tron.crowded, tron.empty, tron.freezes):
        assert first <= last
    assert PLACES[""].hour % 3_600 == PLACES[""].weekend % 3_600 == 0


@pytest.mark.parametrize("name", CHECKED)
def test_an_honest_explorer_changes_nothing_and_each_judged_row_can_be_broken(name):
    with served(name) as fake:
        found = check(name, fake)
        assert found.requests == {name: len(SCRIPTS[name].questions)} == {name: len(fake.requests)}
    assert verdicts(found, "changed", "unreachable", "skipped") == {}
    assert found.is_settled
    assert set(verdicts(found, "holds")) == {assumption for explorer, assumption in BREAKS if explorer == name}


@pytest.mark.parametrize(("name", "assumption"), BREAKS, ids=lambda text: text.replace(" ", "-"))
def test_a_broken_assumption_is_told_by_its_row_alone(name, assumption):
    with broken(name, *BREAKS[name, assumption]) as fake:
        found = check(name, fake)
    assert list(verdicts(found, "changed", "unreachable")) == [assumption]
    assert not found.is_settled


@pytest.mark.parametrize("name", _FIELDS)
def test_what_was_learnt_is_expected_the_next_time(name):
    question, assumption, rows = _FIELDS[name]
    with served(name) as fake:
        first = check(name, fake)
    assert assumption in verdicts(first, "unknown")
    baseline = {name: {one.assumption: one.seen for one in first.findings}}
    with served(name) as fake:
        again = check(name, fake, baseline=baseline)
    told = {one.assumption for one in again.findings if one.verdict == "unknown"}
    assert told == set()
    with broken(name, question, rows(last_with(zz_new="1"))) as fake:
        changed = check(name, fake, baseline=baseline)
    (row,) = (one for one in changed.findings if one.verdict == "changed")
    assert (row.assumption, row.was) == (assumption, baseline[name][assumption])
    assert row.seen == f"{row.was} zz_new"
