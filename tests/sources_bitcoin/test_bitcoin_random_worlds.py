"""A thousand random chains and troubles: what is collected is the truth, or is declared to be less. Nothing is invented."""

from __future__ import annotations

from collections import Counter

import pytest
from coin_pulls import in_process, rows_of, stored_balance, truth_of, walked, without

import cryptotrace as ct
from cryptotrace.errors import SourceError
from cryptotrace.testing.explorers import CoinFault, FakeBlockchainInfo, FakeEsplora, random_coin_chain, random_coin_faults

TABLES = ("transactions", "tx_inputs", "tx_outputs")
NAMES = ("esplora", "mempool", "blockchain_info")


def explorer_of(seed: int, name: str, *, page_rows: int = 5):
    chain = random_coin_chain(seed, blocks=14, addresses=2, transactions=(0, 4))
    faults = random_coin_faults(seed)
    if name == "blockchain_info":
        return chain, FakeBlockchainInfo(chain, faults=faults)
    return chain, FakeEsplora(chain, flavour=name, page_rows=page_rows, faults=faults)


def source_of(explorer, name: str, *, page_rows: int = 5):
    return paged(in_process(explorer, name), page_rows)


def paged(source, page_rows: int):
    """Let a source and its kin ask for pages of a few rows, so that a small chain needs many of them."""
    make = source.through
    source.page_rows = page_rows
    source.through = lambda fetcher: paged(make(fetcher), page_rows)
    return source


def check(chain, address: str, steps, head: int, name: str) -> str:
    truth = truth_of(chain, address, head)
    end = steps[-1].progress
    rejects = [reject for step in steps for reject in step.batch.rejects]
    for table in TABLES:
        rows, true = rows_of(steps, table), truth[table]
        if name == "blockchain_info" and table == "tx_inputs":
            rows, true = without(rows, table, "spent_tx"), without(true, table, "spent_tx")
        assert rows <= true, ("invented", name, address, list(rows - true)[:2])
        if name == "blockchain_info" and table == "tx_outputs":  # it shows whose list it is, not always the others
            rows, true = ({row for row in found if row[5] == address} for found in (rows, true))
        if end.status == "complete":
            assert rows == true, ("lost", name, address, list(true - rows)[:2])
    if end.status != "complete":
        assert (end.status, bool(end.reason)) == ("partial", True)
    if end.reason == "rejected_rows":
        assert len(truth["transactions"] - rows_of(steps, "transactions")) <= len(rejects)
    else:
        assert end.status != "complete" or not rejects
    return f"{end.status}:{end.reason}"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_1000_random_chains_and_faults_are_collected_whole_or_declared(part):
    ends, kinds = Counter(), Counter()
    for seed in range(part * 250, part * 250 + 250):
        name = NAMES[seed % 3]
        chain, explorer = explorer_of(seed, name)
        source = source_of(explorer, name)
        try:
            head = source.head("1")
        except SourceError as problem:
            ends[problem.kind] += 1
            continue
        assert head == chain.tip - 5 or explorer.faults.log
        head = min(head, chain.tip - 5)
        for address in chain.addresses:
            ends[check(chain, address, walked(source, address, head), head, name)] += 1
        kinds.update(kind for _, kind in explorer.faults.log)
    assert ends["complete:None"] > 350, ends
    assert sum(count for end, count in ends.items() if end.startswith("partial")) > 20, ends
    assert len(kinds) >= 20, kinds


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["reorganise", "grow"])
def test_balances_of_every_address_add_up_over_chains_that_change_while_they_are_read(kind):
    for seed in range(6):
        chain = random_coin_chain(seed, blocks=20, addresses=4)
        faults = [CoinFault(kind, 1 + seed % 5, first=2 + 3 * at) for at in range(6)]
        explorer = FakeEsplora(chain, page_rows=5, faults=faults)
        store = ct.open_store(":memory:")
        found = ct.collect(source_of(explorer, "esplora"), store, chain.addresses, progress=False)
        assert not found.is_partial, (seed, str(found))
        assert len(explorer.faults.log) == 6
        for address in chain.addresses:
            assert stored_balance(store, address) == chain.balance(address, chain.tip - 5), (seed, address)
