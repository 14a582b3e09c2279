"""A node whose URL is set stands last in ``auto``: it gives what the explorers refuse, and nothing counts twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from noding import dense
from pulling import coverage, stored, truth_of
from routing import auto, given_by, opened, small_pages

import cryptotrace as ct
from cryptotrace.collect import replay_difference
from cryptotrace.errors import InputError
from cryptotrace.settings import Secret, Settings
from cryptotrace.sources import open_source
from cryptotrace.sources.auto import AutoSource
from cryptotrace.testing.explorers import UNLIMITED, FakeBlockscout, FakeEtherscan, FakeRpc, Fault, NodeLimits, random_chain

STREAMS = ("native", "internal", "token")
LISTS = {"native": "txlist", "internal": "txlistinternal", "token": "tokentx"}
NO_TRACES = frozenset({"trace_filter", "trace_block", "trace_transaction", "debug_traceTransaction"})
WORLD = dense(random_chain(5, transactions=40, addresses=3))


def fakes(*faults: Fault, world: Any = WORLD, **limits: Any) -> dict[str, Any]:
    head = world.transactions[-1].block + 64
    return {
        "etherscan": FakeEtherscan(world, plan=UNLIMITED, head=head, faults=faults),
        "rpc": FakeRpc(world, limits=NodeLimits(**limits)),
    }


def truth(world: Any = WORLD) -> Counter[Any]:
    rows = Counter[Any]()
    for who in world.addresses:
        for stream in STREAMS:
            rows |= truth_of(world, who, stream, 10**9)
    return Counter({row: count for row, count in rows.items() if row[1] != "internal" or row[5]})


def moved(store: ct.Store) -> Counter[Any]:
    return Counter({row: count for row, count in stored(store).items() if row[1] != "internal" or row[5]})


def pulled(source: AutoSource, world: Any = WORLD) -> ct.Store:
    store = ct.open_store(":memory:")
    ct.collect(source, store, world.addresses, progress=False)
    return store


@pytest.mark.parametrize("stream", STREAMS)
def test_a_list_that_the_explorers_refuse_comes_from_the_node(stream: str, monkeypatch: pytest.MonkeyPatch) -> None:
    small_pages(monkeypatch)
    store = pulled(auto(fakes(Fault("pro_endpoint", actions=(LISTS[stream],), times=None))))
    assert {status for status, *_ in coverage(store).values()} == {"complete"}
    assert {given for (_, one), given in given_by(store).items() if one == stream} == {"rpc"}
    assert {given for (_, one), given in given_by(store).items() if one != stream} == {"etherscan"}
    assert moved(store) == truth()
    assert replay_difference(store, progress=False) is None


@pytest.mark.parametrize("stream", STREAMS)
def test_a_list_that_goes_over_to_the_node_in_the_middle_has_every_row_once(stream: str) -> None:
    """Inner payments above all: Etherscan numbers them in its way, so the node must not number them in another."""
    mixed = 0
    for seed in range(5):
        world = dense(random_chain(seed, transactions=40, addresses=3))
        store = pulled(auto(fakes(world=world), gone_from=1 + seed, gone_list=stream), world)
        assert {status for status, *_ in coverage(store).values()} == {"complete"}
        assert moved(store) == truth(world), seed
        mixed += sum(given == "etherscan+rpc" for given in given_by(store).values())
    assert mixed


def test_a_node_without_traces_gives_tokens_and_its_silence_is_not_the_reason_of_a_list() -> None:
    some = fakes(
        Fault("pro_endpoint", actions=("tokentx",), times=None), Fault("html", 502, actions=("txlistinternal",), times=None),
        off=NO_TRACES,
    )  # fmt: skip
    source = auto(some)
    source.sources[1].scan_blocks = 0  # type: ignore[attr-defined]
    store = pulled(source)
    for (_, stream), (status, reason, *_) in coverage(store).items():
        assert (status, reason) == (("partial", "unavailable") if stream == "internal" else ("complete", None))
    assert {given for (_, stream), given in given_by(store).items() if stream == "token"} == {"rpc"}


def test_a_node_that_is_set_stands_last_and_is_asked_only_where_it_is_set() -> None:
    def spec(chain: str, nodes: dict[str, str], *keys: str, **given: Any) -> str:
        settings = Settings(
            keys={name: Secret("k" * 20) for name in keys}, nodes={name: Secret(url) for name, url in nodes.items()}
        )
        return str(getattr(open_source("auto", chain=chain, settings=settings, **given), "spec", ""))

    node = "https://node.example/v2/abcdefghijkl"
    assert spec("ethereum", {"ethereum": node}) == "auto:blockscout+routescan+blockscout_rest+rpc"
    assert spec("ethereum", {"": node}, "etherscan") == "auto:etherscan|blockscout+routescan+blockscout_rest+rpc"
    assert spec("bsc", {"bsc": node}, "etherscan") == "auto:routescan+etherscan+rpc"
    assert spec("ethereum", {"base": node}) == "auto:blockscout+routescan+blockscout_rest"
    assert spec("tron", {"": node}) == "auto:trongrid+tronscan"
    assert spec("ethereum", {}, base_url={"blockscout": "http://127.0.0.1:9", "rpc": node}) == "auto:blockscout+rpc"
    settings = Settings.from_env({"RPC_URL_ETHEREUM": node})
    plan = str(ct.plan_collect(open_source("auto", chain="ethereum", settings=settings), WORLD.addresses))
    assert "rpc at 5 a second" in plan
    assert "none for rpc" not in plan
    assert "abcdefghijkl" not in plan


def test_a_node_of_another_chain_is_told_and_left_out() -> None:
    some = fakes()
    some["rpc"] = FakeRpc(WORLD, chain="base")
    store = ct.open_store(":memory:")
    found = ct.collect(auto(some), store, WORLD.addresses, progress=False)
    assert set(given_by(store).values()) == {"etherscan"}
    assert "this node is one of another chain" in found.provenance.parameters["refused"]


def test_a_dump_of_a_node_is_refused_beside_an_explorer_that_shares_its_rank(tmp_path: Any) -> None:
    inner = next(row for row in WORLD.transfers if row.kind == "internal" and row.ok and row.amount)
    head = "block_number,transaction_hash,transaction_index,from_address,to_address,value,input,output,trace_type,call_type,"
    head += "reward_type,gas,gas_used,subtraces,trace_address,error,status,block_timestamp"
    row = f"{inner.block},{inner.tx_hash},0,{inner.sender},{inner.receiver},{inner.amount},0x,0x,call,call,,1,1,0,"
    path = tmp_path / "traces.csv"
    path.write_text(f'{head}\n{row}"7,7",,1,2023-01-01 00:00:00 UTC\n')
    store = ct.open_store(":memory:")
    ct.load_transfers(store, path, format="ethereum_etl", chain="ethereum")
    refusal = Fault("pro_endpoint", actions=("txlistinternal",), times=None)
    explorers = {
        "etherscan": fakes()["etherscan"],
        "blockscout": FakeBlockscout(WORLD, head=WORLD.transactions[-1].block + 64, faults=refusal),
    }
    source = AutoSource([opened(name, fake) for name, fake in explorers.items()], [0, 0])
    with pytest.raises(InputError, match="count twice"):
        ct.collect(source, store, WORLD.addresses, progress=False)
    pulled_first = ct.open_store(":memory:")
    ct.collect(source, pulled_first, WORLD.addresses, progress=False)
    with pytest.raises(InputError, match="count twice"):
        ct.load_transfers(pulled_first, path, format="ethereum_etl", chain="ethereum")
