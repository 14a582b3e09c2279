"""An inner payment that a node and Etherscan number differently never counts twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pulling import in_process

import cryptotrace as ct
from cryptotrace.errors import InputError
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, random_chain

WORLD = random_chain(5)
INNER = next(row for row in WORLD.transfers if row.kind == "internal" and row.ok and row.amount)


def source():
    return in_process(FakeEtherscan(WORLD, key="test-key", plan=UNLIMITED), page_rows=1_000)


@pytest.fixture
def node_dump(tmp_path: Path) -> Path:
    """One inner payment as a node's dump has it, under a number of its own."""
    head = "block_number,transaction_hash,transaction_index,from_address,to_address,value,input,output,trace_type,call_type,"
    head += "reward_type,gas,gas_used,subtraces,trace_address,error,status,block_timestamp"
    row = f"{INNER.block},{INNER.tx_hash},0,{INNER.sender},{INNER.receiver},{INNER.amount},0x,0x,call,call,,1,1,0,"
    path = tmp_path / "traces.csv"
    path.write_text(f'{head}\n{row}"7,7",,1,2023-01-01 00:00:00 UTC\n')
    return path


def test_a_node_dump_that_numbers_what_was_pulled_in_another_way_is_refused_whole(node_dump: Path) -> None:
    store = ct.open_store(":memory:")
    ct.collect(source(), store, list(WORLD.addresses), progress=False)
    before = store.digests()
    with pytest.raises(InputError, match="count twice"):
        ct.load_transfers(store, node_dump, format="ethereum_etl", chain="ethereum")
    assert store.digests() == before


def test_a_pull_into_a_store_with_a_node_dump_is_refused_before_anything_is_asked(node_dump: Path) -> None:
    store = ct.open_store(":memory:")
    ct.load_transfers(store, node_dump, format="ethereum_etl", chain="ethereum")
    asking = source()
    with pytest.raises(InputError, match="count twice"):
        ct.collect(asking, store, list(WORLD.addresses), progress=False)
    assert not asking.fetcher.calls


def test_a_dump_of_other_transactions_goes_in(node_dump: Path) -> None:
    store = ct.open_store(":memory:")
    ct.collect(source(), store, list(WORLD.addresses), progress=False)
    text = node_dump.read_text().replace(INNER.tx_hash, "0x" + "e" * 64)
    node_dump.write_text(text)
    assert ct.load_transfers(store, node_dump, format="ethereum_etl", chain="ethereum").new["transfers"] == 1
    runs = [json.loads(text).get("format") for (text,) in store.rows("SELECT parameters FROM runs ORDER BY verb")]
    assert "ethereum_etl" in runs
