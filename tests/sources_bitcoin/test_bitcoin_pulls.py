"""Bitcoin through ``collect``: whole, in few requests, the same however often it stops, and replayed without a network."""

from __future__ import annotations

import pytest
from coin_pulls import asked, coverage, in_process, stored_balance, truth_of, walked

import cryptotrace as ct
from cryptotrace.schema import Batch
from cryptotrace.store import first_difference
from cryptotrace.testing.explorers import CoinFault, FakeBlockchainInfo, FakeEsplora, random_coin_chain

NAMES = ("esplora", "mempool", "blockchain_info")


def explorer_of(chain, name: str, **settings):
    return FakeBlockchainInfo(chain, **settings) if name == "blockchain_info" else FakeEsplora(chain, flavour=name, **settings)


def assert_whole(store, chain, addresses=None) -> None:
    for address in addresses or chain.addresses:
        truth = truth_of(chain, address, chain.tip - 5)
        status, reason, last, rows = coverage(store)[address]
        assert (status, reason, last, rows) == ("complete", None, chain.tip - 5, len(truth["transactions"]))
        assert stored_balance(store, address) == chain.balance(address, chain.tip - 5)


@pytest.mark.parametrize("name", NAMES)
def test_a_pull_holds_every_coin_of_every_address(name):
    chain, store = random_coin_chain(11, addresses=5), ct.open_store(":memory:")
    found = ct.collect(in_process(explorer_of(chain, name), name), store, chain.addresses, progress=False)
    assert not found.is_partial
    assert_whole(store, chain)


def test_outputs_are_marked_as_spent_by_the_inputs_of_the_store_whatever_came_first():
    chain = random_coin_chain(12, addresses=4)
    stores = []
    for order in (chain.addresses, chain.addresses[::-1]):
        store = ct.open_store(":memory:")
        for address in order:  # one load each, so that inputs come before their outputs and after them
            steps = walked(in_process(FakeEsplora(chain)), address, chain.tip - 5)
            store.load([step.batch for step in steps])
        stores.append(store)
    assert first_difference(*stores, tables=("tx_inputs", "tx_outputs", "transactions")) is None
    spends = {
        (txid, at): (tx.txid, number)
        for block in chain.blocks
        if block.height <= chain.tip - 5
        for tx in block.transactions
        for number, (txid, at, _) in enumerate(tx.inputs)
    }
    held = {name for (name,) in stores[0].rows("SELECT DISTINCT tx_hash FROM tx_inputs")}
    rows = stores[0].rows("SELECT tx_hash, position, spent_by, spent_at FROM tx_outputs")
    marked = 0
    for txid, at, by, number in rows:
        spend = spends.get((txid, at))
        assert (by, number) == (spend if spend is not None and spend[0] in held else (None, None))
        marked += by is not None
    assert marked > 20


def test_the_second_source_leaves_gaps_that_the_first_fills_in_either_order():
    chain = random_coin_chain(13, addresses=3)
    stores = []
    for order in (("esplora", "blockchain_info"), ("blockchain_info", "esplora")):
        store = ct.open_store(":memory:")
        for name in order:
            for address in chain.addresses:
                store.load([step.batch for step in walked(in_process(explorer_of(chain, name), name), address, chain.tip - 5)])
        stores.append(store)
    assert first_difference(*stores, tables=("tx_inputs", "tx_outputs", "transactions")) is None
    assert stores[1].rows("SELECT count(*) FROM tx_inputs WHERE spent_tx IS NULL AND NOT coinbase") == [(0,)]


# -- what is not final ---------------------------------------------------------------------------------------------------


def waiting_in(store) -> set[tuple[str, str, int, int]]:
    return set(store.rows("SELECT address, tx_hash, received, spent FROM unconfirmed"))


def waiting_of(chain) -> set[tuple[str, str, int, int]]:
    late = [tx for block in chain.blocks if block.height > chain.tip - 5 for tx in block.transactions]
    return {
        (address, tx.txid, *effect)
        for address in chain.addresses
        for tx in (*late, *chain.waiting)
        if (effect := tx.effect(address)) is not None
    }


@pytest.mark.parametrize("name", NAMES)
def test_what_waits_stands_apart_and_is_replaced_by_the_next_pull(name):
    chain = next(one for one in map(random_coin_chain, range(50)) if len(one.waiting) > 1)
    explorer, store = explorer_of(chain, name), ct.open_store(":memory:")
    source = in_process(explorer, name)
    found = ct.collect(source, store, chain.addresses, progress=False)
    assert waiting_in(store) == waiting_of(chain)
    assert found.new["unconfirmed"] == len(waiting_of(chain))
    assert f"{len(waiting_of(chain)):,} unconfirmed" in str(found)
    assert_whole(store, chain)

    raised = chain.with_fees_raised()
    assert not {tx.txid for tx in raised.waiting} & {tx.txid for tx in chain.waiting}
    explorer.chain = raised.grown(1, seed=4)  # one more block, so that there is a new head
    ct.collect(source, store, chain.addresses, progress=False)
    assert waiting_in(store) == waiting_of(explorer.chain)
    gone = {tx.txid for tx in chain.waiting}
    held = {name for (name,) in store.rows("SELECT tx_hash FROM transactions")}
    assert not gone & (held | {row[1] for row in waiting_in(store)})
    assert_whole(store, explorer.chain)

    explorer.chain = explorer.chain.grown(8, seed=5)
    ct.collect(source, store, chain.addresses, progress=False)
    assert_whole(store, explorer.chain)
    assert waiting_in(store) == waiting_of(explorer.chain)


@pytest.mark.parametrize("name", NAMES)
def test_what_waited_in_blocks_that_were_replaced_while_they_were_read_is_not_told(name):
    chain, store = random_coin_chain(24, blocks=20, addresses=1, transactions=(6, 9)), ct.open_store(":memory:")
    explorer = explorer_of(chain, name, faults=CoinFault("reorganise", 5, first=5 if name != "blockchain_info" else 3))
    ct.collect(in_process(explorer, name), store, chain.addresses, progress=False)
    assert explorer.faults.log
    late = {tx.txid for block in explorer.chain.blocks if block.height > chain.tip - 5 for tx in block.transactions}
    late |= {tx.txid for tx in explorer.chain.waiting}
    assert {tx for _, tx, _, _ in waiting_in(store)} <= late


@pytest.mark.parametrize("name", NAMES)
def test_the_tables_say_which_transactions_may_be_replaced(name):
    chain = next(
        one for one in map(random_coin_chain, range(50)) if {tx.sequence for tx in one.waiting} == {0xFFFFFFFD, 0xFFFFFFFF}
    )
    store = ct.open_store(":memory:")
    ct.collect(in_process(explorer_of(chain, name), name), store, chain.addresses, progress=False)
    told = dict(store.rows("SELECT DISTINCT tx_hash, replaceable FROM unconfirmed WHERE block IS NULL"))
    assert told == {tx.txid: tx.sequence < 0xFFFFFFFE for tx in chain.waiting if tx.txid in told}
    assert set(told.values()) == {True, False}


# -- requests ------------------------------------------------------------------------------------------------------------


def test_fifty_pages_cost_fifty_requests_and_one_for_the_proof():
    chain = random_coin_chain(14, blocks=420, addresses=2, busy=95, transactions=(2, 4))
    rows = len(list(chain.listed(chain.addresses[0])))
    pages = -(-rows // 25)
    assert pages >= 50
    explorer = FakeEsplora(chain)
    source = in_process(explorer)
    head = source.head("1")
    assert walked(source, chain.addresses[0], head)[-1].progress.status == "complete"
    found = asked(explorer)
    assert found["list"] <= 1.02 * pages
    assert (found["count"], found["head"]) == (1, 1)


def test_a_second_pull_asks_only_for_what_is_new():
    chain = random_coin_chain(15, blocks=60, addresses=3, transactions=(3, 6))
    explorer, store = FakeEsplora(chain), ct.open_store(":memory:")
    source = in_process(explorer)
    ct.collect(source, store, chain.addresses, progress=False)
    before = asked(explorer)
    assert before["list"] > 10
    explorer.requests.clear()
    ct.collect(source, store, chain.addresses, progress=False)
    assert asked(explorer) == {"head": 1}
    explorer.chain = chain.grown(2)
    explorer.requests.clear()
    ct.collect(source, store, chain.addresses, progress=False)
    assert asked(explorer)["list"] <= 2 * len(chain.addresses)
    assert_whole(store, explorer.chain)


def test_pages_that_are_shorter_than_documented_do_not_end_a_list():
    chain, store = random_coin_chain(16, addresses=3), ct.open_store(":memory:")
    ct.collect(
        in_process(FakeEsplora(chain, flavour="mempool", page_rows=4), "mempool"), store, chain.addresses, progress=False
    )
    assert_whole(store, chain)


@pytest.mark.parametrize("kind", ["drop_row", "wrong_count", "repeat_page"])
def test_a_list_that_never_agrees_with_the_count_is_partial_and_ends(kind):
    chain = random_coin_chain(17)
    explorer = FakeEsplora(chain, page_rows=5, faults=CoinFault(kind, times=None))
    source = in_process(explorer)
    source.page_rows = 5
    end = walked(source, chain.addresses[0], chain.tip - 5)[-1].progress
    assert (end.status, end.reason, end.through) == ("partial", "not_indexed_yet", -1)
    assert len(explorer.requests) < 100


@pytest.mark.parametrize("status", [400, 413])
def test_a_history_that_is_too_long_is_too_busy_and_leads_nowhere(status):
    chain, store = random_coin_chain(18, addresses=3), ct.open_store(":memory:")
    explorer = FakeEsplora(chain, faults=CoinFault("busy", status, times=None))
    ct.collect(in_process(explorer), store, chain.addresses[:1], progress=False)
    assert coverage(store)[chain.addresses[0]][:2] == ("partial", "too_busy")
    assert len(explorer.requests) == 2


# -- interruption and replay ---------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_pull_that_stops_after_every_request_ends_with_the_same_tables_and_asks_nothing_twice(name, tmp_path):
    chain = random_coin_chain(19, blocks=14, addresses=2)
    settings = {} if name == "blockchain_info" else {"page_rows": 6}
    whole, broken = ct.open_store(":memory:"), ct.open_store(tmp_path / "broken.duckdb")
    calm = explorer_of(chain, name, **settings)
    ct.collect(in_process(calm, name), whole, chain.addresses, progress=False)
    explorer = explorer_of(chain, name, **settings)
    for _ in range(40):
        found = ct.collect(in_process(explorer, name), broken, chain.addresses, max_requests=1, progress=False)
        if not found.is_partial:
            break
    assert not found.is_partial
    assert broken.digests() == whole.digests()
    assert sorted(one.path for one in explorer.requests) == sorted(one.path for one in calm.requests)


@pytest.mark.parametrize("name", NAMES)
def test_a_pull_over_moving_chains_is_replayed_to_the_same_tables(name):
    chain = random_coin_chain(20, blocks=20, addresses=3)
    faults = [CoinFault("grow", 2, first=4), CoinFault("reorganise", 4, first=8), CoinFault("drop_row", first=2)]
    explorer, store, again = explorer_of(chain, name, faults=faults), ct.open_store(":memory:"), ct.open_store(":memory:")
    source = in_process(explorer, name)
    ct.collect(source, store, chain.addresses, progress=False)
    explorer.chain = explorer.chain.grown(7)
    ct.collect(source, store, chain.addresses, progress=False)
    assert len(explorer.faults.log) >= 2
    ct.replay(store, again, progress=False)
    assert first_difference(store, again) is None


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize("name", NAMES)
def test_a_pull_over_real_http_with_troubles_is_whole(name):
    chain, store = random_coin_chain(21, addresses=3), ct.open_store(":memory:")
    kinds = {"html": 2, "rate_limit": 3, "reset": 4, "truncated": 5}
    faults = [CoinFault(kind, first=at) for kind, at in kinds.items()]
    with explorer_of(chain, name, faults=faults) as explorer:
        source = ct.open_source(name, chain="bitcoin", base_url=explorer.url, sleep=lambda _: None)
        found = ct.collect(source, store, chain.addresses, progress=False)
        source.fetcher.close()
    assert not found.is_partial
    assert {kind for _, kind in explorer.faults.log} == set(kinds)
    assert_whole(store, chain)


def test_rows_of_an_unconfirmed_table_are_kept_until_newer_word_comes():
    store, batch, newer = ct.open_store(":memory:"), Batch(), Batch()
    row = ("esplora", "bitcoin", "bc1q", "aa", None, None, 5, 0, 1, True)
    batch.add("unconfirmed", (*row, 10))
    newer.add("unconfirmed", (*row[:3], "bb", *row[4:], 11))
    store.load([batch])
    store.load([newer])
    store.load([batch])  # older word that comes late
    assert store.rows("SELECT tx_hash FROM unconfirmed") == [("bb",)]


def test_the_next_hop_of_a_pull_are_those_who_paid_and_were_paid():
    chain, store = random_coin_chain(22, blocks=14, addresses=9, transactions=(1, 2)), ct.open_store(":memory:")
    seed = chain.addresses[1]
    ct.collect(in_process(FakeEsplora(chain)), store, [seed], hops=1, progress=False)
    near = {seed}
    for block in chain.blocks:
        for tx in block.transactions if block.height <= chain.tip - 5 else ():
            payers = {coin.address for _, _, coin in tx.inputs if coin is not None and coin.address}
            paid = {coin.address for coin in tx.outputs if coin.address and coin.value}
            near |= paid if seed in payers else set()
            near |= payers if seed in paid else set()
    assert set(coverage(store)) == near
    assert 1 < len(near) < len(chain.addresses)
    assert_whole(store, chain, near)


@pytest.mark.parametrize("name", NAMES)
def test_the_balance_that_an_explorer_tells_proves_each_history_and_names_each_lost_coin(name):
    chain = random_coin_chain(23, addresses=4)
    explorer, store = (
        explorer_of(type(chain)(blocks=chain.blocks, waiting=(), owners=chain.owners), name),
        ct.open_store(":memory:"),
    )
    source = in_process(explorer, name)
    ct.collect(source, store, chain.addresses, progress=False)
    found = ct.prove(source, store, progress=False)
    assert {row["address"]: row["status"] for row in found.table.dicts()} == dict.fromkeys(chain.addresses, "proven")
    (position, tx, address, amount), *_ = store.rows(
        "SELECT position, tx_hash, address, amount FROM tx_outputs WHERE address IS NOT NULL AND amount > 0 ORDER BY ALL"
    )
    store.run("DELETE FROM tx_outputs WHERE tx_hash = ? AND position = ?", [tx, position])
    lost = {row["address"]: row["difference"] for row in ct.prove(source, store, progress=False).table.dicts()}
    assert lost == {one: int(amount) if one == address else 0 for one in chain.addresses}


@pytest.mark.parametrize("name", NAMES)
def test_a_transaction_that_waits_for_a_block_raises_no_alarm(name):
    chain, store = random_coin_chain(2, addresses=4), ct.open_store(":memory:")
    assert chain.waiting
    ct.collect(in_process(FakeEsplora(chain)), store, chain.addresses, progress=False)
    found = ct.prove(in_process(explorer_of(chain, name), name), store, progress=False)
    told = {(row.status, row.reason) for row in found.rows}
    assert told <= ({("proven", None), ("unproven", "not_indexed_yet")} if name == "blockchain_info" else {("proven", None)})


def test_a_trace_says_that_it_does_not_follow_coins():
    chain, store = random_coin_chain(11, addresses=5), ct.open_store(":memory:")
    ct.collect(in_process(FakeEsplora(chain)), store, chain.addresses, progress=False)
    seeds = ct.load_seeds(ct.Seed(chain="bitcoin", address=chain.addresses[0], role="perpetrator", campaign="one"))
    (warning,) = ct.trace(store, seeds).provenance.warnings
    assert "the coins of bitcoin are in the store but not followed yet" in warning
    assert "1 of them scam addresses" in warning


def test_an_estimate_over_coins_alone_is_unknown_with_the_reason_and_never_zero():
    chain, store = random_coin_chain(11, addresses=5), ct.open_store(":memory:")
    ct.collect(in_process(FakeEsplora(chain)), store, chain.addresses, progress=False)
    seeds = ct.load_seeds(ct.Seed(chain="bitcoin", address=chain.addresses[0], role="perpetrator", campaign="one"))
    clusters = ct.cluster(store, seeds)
    estimate = ct.estimate(store, clusters, ct.trace(store, seeds, clusters=clusters))
    assert {rung.central_usd for rung in estimate.rungs} == {None}
    assert all("not followed yet" in rung.reason for rung in estimate.rungs)
