"""A node through ``collect``: whole, stopped at any request, reorganised, replayed, and over HTTP with a key in the path."""

from __future__ import annotations

import json
import logging
import math
import traceback
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from long_worlds import HUB, long_world
from noding import dense, source_over
from pulling import coverage, rows_of, stored, truth_of, walked

import cryptotrace as ct
from cryptotrace.collect import pull
from cryptotrace.collect.proving import prove
from cryptotrace.collect.pull import collect
from cryptotrace.collect.replay import replay
from cryptotrace.errors import BadKey, BadRequest, InputError, MalformedAnswer, SourceError
from cryptotrace.settings import Secret, Settings
from cryptotrace.sources import open_source
from cryptotrace.sources.limits import Pace
from cryptotrace.sources.rpc.lists import Rpc
from cryptotrace.testing.explorers import FakeRpc, NodeLimits, RpcFault, random_chain

STREAMS = ("native", "internal", "token")
NO_FILTER = frozenset({"trace_filter", "trace_block", "trace_transaction"})
WORLD = dense(random_chain(5, transactions=25, addresses=3))
LIMITS: dict[str, dict[str, Any]] = {
    "whole": {},
    "three blocks": {"range_most": 3},
    "no batch, two logs": {"batch_most": 1, "results_most": 2},
    "small batches": {"batch_most": 7, "range_most": 10},
    "callTracer": {"off": NO_FILTER},
    "callTracer, no batch": {"off": NO_FILTER, "batch_most": 1},
    "no traces": {"off": NO_FILTER | {"debug_traceTransaction"}},
}
LOCAL = pytest.mark.allow_hosts(["127.0.0.1"])
KEY = "CANARY7f3kQ0123456789abcdef"


def node_of(**settings: Any) -> FakeRpc:
    return FakeRpc(WORLD, limits=NodeLimits(**settings.pop("limits", {})), **settings)


def pulled(node: FakeRpc, store: ct.Store, **settings: Any) -> Any:
    return collect(source_over(node), store, WORLD.addresses, progress=False, **settings)


def truth(*streams: str) -> Counter[Any]:
    rows = Counter[Any]()
    for who in WORLD.addresses:
        for stream in streams or STREAMS:
            rows |= truth_of(WORLD, who, stream, 10**9)
    return Counter({row: count for row, count in rows.items() if row[1] != "internal" or row[5]})


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
def test_what_is_collected_is_the_world_and_replays_to_the_same_digests(limits: dict[str, Any]) -> None:
    store, again = ct.open_store(":memory:"), ct.open_store(":memory:")
    result = pulled(node_of(limits=limits), store)
    traced = "debug_traceTransaction" not in limits.get("off", ())
    assert result.is_partial != traced
    assert stored(store) == (truth() if traced else truth("native", "token"))
    replay(store, again, progress=False)
    assert again.digests() == store.digests()


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
@pytest.mark.parametrize("spoilt", [False, True])
def test_a_run_that_stops_at_every_request_ends_in_the_same_store(
    limits: dict[str, Any], spoilt: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull, "_WORKERS", 1)  # so that a fault hits the same question in both

    def node() -> FakeRpc:
        faults = [RpcFault("html", first=4, times=2), RpcFault("out_of_range", methods=["eth_getLogs"], times=1)]
        return node_of(limits=limits, faults=faults if spoilt else ())

    calm, torn = ct.open_store(":memory:"), ct.open_store(":memory:")
    pulled(node(), calm)
    broken, stops = node(), 0
    while any(reason == "budget" for _, reason, *_ in coverage(torn).values()) or not coverage(torn):
        pulled(broken, torn, max_requests=6)
        stops += 1
        assert stops < 200
    assert stops > 2
    for store in (calm, torn):
        store.run("DELETE FROM runs")
    assert torn.digests() == calm.digests()
    asked = [json.dumps(one.calls) for one in broken.requests if "eth_getLogs" in one.methods]
    assert len(asked) - len(set(asked)) <= len(broken.faults.log)


def test_balances_of_the_head_prove_every_account_and_a_lost_row_shows() -> None:
    store = ct.open_store(":memory:")
    node = node_of()
    pulled(node, store)
    source = source_over(node)
    contracts = {row.contract for row in WORLD.transfers if row.contract}
    proofs = prove(source, store, tokens=contracts, progress=False)
    assert len(proofs.rows) == len(WORLD.addresses) * (1 + len(contracts))
    assert {row.status for row in proofs.rows} == {"proven"}
    assert not any("later" in one.methods for one in node.requests)
    who = WORLD.addresses[0]
    before = proofs.of("ethereum", who)
    assert before is not None
    assert before.reported == before.ledger > 0
    store.run(
        """
        DELETE FROM transfers WHERE id = (
            SELECT max(t.id) FROM transfers AS t JOIN accounts AS a ON a.id = t.receiver
            WHERE t.kind = 'native' AND t.amount > 0 AND t.ok AND t.sender <> t.receiver AND a.address = ?)
        """,
        [who],
    )
    changed = prove(source, store, [who], progress=False).of("ethereum", who)
    assert changed is not None
    assert changed.status == "partial"


def test_a_head_that_is_gone_ends_every_list_as_reorganised_and_the_next_run_begins_anew() -> None:
    node, store = node_of(), ct.open_store(":memory:")
    pulled(node, store, max_requests=12)
    before = store.rows("SELECT max(head) FROM coverage")[0][0]
    node.reorganised = node.final
    pulled(node, store)
    reasons = {reason for _, reason, *_ in coverage(store).values()}
    assert "reorg" in reasons
    assert reasons <= {"reorg", None}
    node.tip += 1
    assert not pulled(node, store).is_partial
    assert {reason for _, reason, *_ in coverage(store).values()} == {None}
    assert store.rows("SELECT max(head) FROM coverage")[0][0] == before + 1


def test_a_node_of_another_chain_is_refused_before_anything_is_asked() -> None:
    node = FakeRpc(WORLD, chain="polygon")
    with pytest.raises(BadRequest, match="another chain"):
        pulled(node, ct.open_store(":memory:"))
    assert not any("eth_getLogs" in one.methods for one in node.requests)
    with pytest.raises(InputError, match="no node of bitcoin"):
        Rpc("bitcoin", source_over(node).fetcher)


@pytest.mark.parametrize(
    ("kind", "methods"),
    [
        ("foreign", ["eth_getLogs"]), ("repeated", ["eth_getLogs"]), ("out_of_range", ["eth_getLogs"]),
        ("out_of_order", ["eth_getLogs"]), ("removed", ["eth_getLogs"]), ("null_result", ["eth_getLogs"]),
        ("other_block", ["eth_getLogs"]), ("foreign", ["trace_filter"]), ("out_of_range", ["trace_filter"]),
        ("out_of_order", ["trace_filter"]), ("null_result", ["trace_filter"]), ("other_block", ["trace_filter"]),
        ("no_outer_call", ["trace_transaction"]), ("other_tx", ["eth_getTransactionReceipt"]),
        ("other_block", ["eth_getTransactionReceipt"]), ("odd_value", ["eth_getTransactionReceipt"]),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_true_is_asked_again_and_one_that_stays_so_is_never_believed(
    kind: str, methods: list[str]
) -> None:
    once, always = (node_of(faults=[RpcFault(kind, methods=methods, times=times, first=2)]) for times in (2, None))
    store = ct.open_store(":memory:")
    assert not pulled(once, store).is_partial
    assert len(once.faults.log) == 2
    assert stored(store) == truth()
    refused = ct.open_store(":memory:")
    assert pulled(always, refused).is_partial
    assert stored(refused) <= truth()
    assert {reason for _, reason, *_ in coverage(refused).values()} - {None} <= {"malformed", "not_indexed_yet"}


def test_a_hostile_log_of_half_a_word_costs_its_row_and_is_declared() -> None:
    node = node_of(faults=[RpcFault("odd_data", methods=["eth_getLogs"], times=1)])
    store = ct.open_store(":memory:")
    assert pulled(node, store).is_partial
    assert {reason for _, reason, *_ in coverage(store).values()} == {None, "rejected_rows"}
    assert store.rows("SELECT count(*) FROM rejects") == [(1,)]


@pytest.mark.slow
def test_50_pages_of_traces_cost_at_most_2_percent_more_than_their_rows() -> None:
    world = long_world(5_000, a_block=1, people=3, internals=False)
    node = FakeRpc(world, head=10**6)
    steps = walked(source_over(node, trace_rows=100), HUB, 10**6 - 2)
    ends = {step.progress.stream: step.progress for step in steps}
    assert {end.status for end in ends.values()} == {"complete"}
    rows = [item for item in node._traces if item["type"] != "reward"]
    sides = [
        sum(item["action"]["from"] == HUB for item in rows), sum(item["action"].get("to") == HUB for item in rows)
    ]  # fmt: skip
    filters = [one for one in node.requests if "trace_filter" in one.methods and len(one.methods) > 1]
    full = [one for one in filters if one.rows >= 100]
    empty = [one for one in filters if one.rows < 100]
    pages = sum(max(1, math.ceil(count / 100)) for count in sides)
    assert pages >= 50
    for_native = len(full) / 2  # both lists of the coin read the same traces
    assert for_native <= 1.02 * pages
    assert len(empty) < 2 * 30, "windows that grow by half up to the head"
    signed = [one for one in node.requests if "eth_getTransactionReceipt" in one.methods]
    assert len(signed) <= 5_000 / 25 + 1.05 * pages, "25 transactions a request, and one more a page"


@pytest.mark.parametrize("rate", [2.0, 25.0])
def test_the_allowed_pace_is_used_to_95_percent_without_a_refusal(rate: float) -> None:
    clock = [1_000.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    limits = NodeLimits(range_most=4, per_second=rate)
    node = FakeRpc(long_world(600), limits=limits, clock=lambda: clock[0])
    source = source_over(node, pace=Pace(rate, now=lambda: clock[0], sleep=sleep))
    head, begun, before = source.head("1"), clock[0], len(node.requests)
    list(source.pages("token", HUB, 0, head))
    assert not any(one.status == 429 for one in node.requests)
    assert len(node.requests) - before > 300
    assert (len(node.requests) - before) / (clock[0] - begun) >= 0.95 * rate


def test_a_node_that_is_asked_too_quickly_refuses_and_the_list_is_whole_all_the_same() -> None:
    clock = [1_000.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    world = long_world(60)
    node = FakeRpc(world, limits=NodeLimits(range_most=4, per_second=5.0), clock=lambda: clock[0])
    source = source_over(node, pace=Pace(20.0, now=lambda: clock[0], sleep=sleep), sleep=sleep, attempts=8)
    found = [page.batch for page in source.pages("token", HUB, 0, source.head("1"))]
    assert any(one.status == 429 for one in node.requests)
    assert rows_of(found) == truth_of(world, HUB, "token", 10**9)


def test_logs_that_name_the_time_of_their_block_save_every_question_about_blocks() -> None:
    plain, timed = FakeRpc(WORLD), FakeRpc(WORLD, block_times=True)
    for node in (plain, timed):
        source = source_over(node)
        head = source.head("1")
        list(source.pages("token", WORLD.addresses[0], 0, head))
    assert sum("eth_getBlockByNumber" in one.methods for one in timed.requests) == 2, "the head, first and last"
    assert sum("eth_getBlockByNumber" in one.methods for one in plain.requests) == 3


def test_receipts_are_read_and_one_that_is_not_there_is_no_empty_one() -> None:
    source = source_over(node_of())
    row = next(row for row in WORLD.transfers if row.kind == "token")
    batch = source.receipt(row.tx_hash)
    assert any(cells[1] == row.tx_hash for cells in batch.rows["transfers"])
    with pytest.raises(SourceError) as caught:
        source.receipt("0x" + "1" * 64)
    assert caught.value.kind == "not_indexed_yet"


def test_logs_of_a_contract_are_walked_whole() -> None:
    row = next(row for row in WORLD.transfers if row.kind == "token")
    logged = [*(one for one in WORLD.transfers if one.ok), *WORLD.approvals]
    source = source_over(node_of(limits={"range_most": 4, "results_most": 1}))
    found = list(source.logs(row.contract, [], 0, source.head("1")))
    assert sum(page.rows for page in found) == sum(one.contract == row.contract for one in logged) > 1
    with pytest.raises(InputError, match="a contract or a topic"):
        next(source.logs(None, [None], 0, 1))


def test_symbol_and_decimals_are_read_through_web3_and_a_token_that_tells_none_has_none() -> None:
    row = next(row for row in WORLD.transfers if row.contract)
    source = source_over(node_of())
    assert source.token(str(row.contract)) == (row.symbol or None, row.decimals)
    assert source.token("0x" + "1" * 40) == (None, None)
    web3 = source.web3()
    assert web3.eth.block_number == source.fetcher.node.tip  # type: ignore[attr-defined]
    assert web3.eth.get_block("finalized")["number"] == source.head("1")


def test_old_balances_that_a_node_does_not_keep_ask_for_an_archive() -> None:
    node = node_of()
    source = source_over(node)
    source.head("1")
    node.tip = 1
    with pytest.raises(SourceError) as caught:
        source.balance(WORLD.addresses[0], None, "1")
    assert caught.value.kind == "plan_required"
    node.faults.faults = (RpcFault("odd_value", methods=["eth_getBalance"], times=None),)
    node.faults._seen, node.faults._hits, node.tip = [0], [0], 10**6
    with pytest.raises(MalformedAnswer):
        source.balance(WORLD.addresses[0], None, "1")


# -- over HTTP -----------------------------------------------------------------------------------------------------------


def everything_about(problem: BaseException) -> str:
    texts = ["".join(traceback.format_exception(problem))]
    one: BaseException | None = problem
    while one is not None:
        texts += [repr(one), str(one), repr(vars(one))]
        one = one.__cause__ or one.__context__
    return "".join(texts)


@LOCAL
def test_over_http_with_a_key_in_the_path_it_stands_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "case.duckdb"
    with FakeRpc(WORLD, key=KEY, faults=[RpcFault("http_429", first=3), RpcFault("html", first=5)]) as node:
        settings = Settings(keys={}, nodes={"ethereum": Secret(node.url)})
        source = open_source("rpc", chain="eth", settings=settings, sleep=lambda _: None)
        store = ct.open_store(path)
        assert not collect(source, store, WORLD.addresses[:2], progress=False).is_partial
        bodies = [zlib.decompress(body) for (body,) in store.rows("SELECT body FROM responses")]
        again = ct.open_store(":memory:")
        replay(store, again, progress=False)
        assert again.digests() == store.digests()
        store.run("CHECKPOINT")
        source.fetcher.close()  # type: ignore[attr-defined]
        assert node.requests
    with pytest.raises(SourceError) as caught:  # it is gone now
        open_source("rpc", chain="eth", settings=settings, sleep=lambda _: None).head("1")
    said = "".join(record.getMessage() for record in caplog.records) + everything_about(caught.value) + repr(settings)
    assert any(record.name.startswith("urllib3") for record in caplog.records)
    assert KEY not in said
    assert not any(KEY.encode() in body for body in bodies)
    assert not any(KEY.encode() in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


@LOCAL
def test_a_refused_path_is_a_bad_key_that_does_not_say_the_key() -> None:
    with FakeRpc(WORLD) as node:
        source = open_source(
            "rpc", chain="ethereum", base_url=node.url.replace(node.path, f"/v2/{KEY}"), settings=Settings(keys={})
        )
        with pytest.raises(BadKey) as caught:
            source.head("1")
        assert "RPC_URL" in str(caught.value)
        assert KEY not in everything_about(caught.value)
        source.fetcher.close()  # type: ignore[attr-defined]


def test_nodes_come_from_the_environment_by_chain_or_for_all() -> None:
    found = Settings.from_env({"RPC_URL": "http://one", "RPC_URL_ETH": "http://two", "CRYPTOTRACE_RPC_URL_BSC": "http://three"})
    urls = {name: node.reveal() for name in ("ethereum", "bsc", "base") if (node := found.node(name))}
    assert urls == {"ethereum": "http://two", "bsc": "http://three", "base": "http://one"}
    with pytest.raises(InputError, match="RPC_URL"):
        open_source("rpc", chain="ethereum", settings=Settings(keys={}))
