"""Receipts fill log indices, where they are asked for: each once, kept as evidence, and a missing one is said."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pulling import InProcess, SmallPages, coverage

import cryptotrace as ct
from cryptotrace.collect import pull
from cryptotrace.collect.pull import collect
from cryptotrace.errors import InputError
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.etherscan.lists import Etherscan
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Fault, random_chain

WORLD = random_chain(5, transactions=80)
HEAD = 10**9


@pytest.fixture(autouse=True)
def quick_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "_WAIT", 0.002)


class Sabotaged(InProcess):
    """Answers null to questions about some receipts, breaks down at others, and keeps which were asked for."""

    def __init__(self, explorer: FakeEtherscan, *, null: Any = (), broken: Any = ()) -> None:
        super().__init__(explorer)
        self.null, self.broken = set(null), set(broken)
        self.receipts: list[str] = []

    def _send(self, request: Request) -> Answer:
        name = dict(request.parameters).get("txhash", "")
        if request.stream == "receipt":
            self.receipts.append(name)
        if name in self.broken:
            raise MemoryError("as if the machine failed here")
        answer = super()._send(request)
        body = b'{"jsonrpc":"2.0","id":1,"result":null}'
        return replace(answer, body=body) if name in self.null else answer


def world_source(world: Any = WORLD, *faults: Fault, log_index: Any = "absent", **sabotage: Any) -> tuple[Etherscan, Sabotaged]:
    explorer = FakeEtherscan(world, plan=UNLIMITED, head=HEAD, faults=faults, log_index=log_index)
    fetcher = Sabotaged(explorer, **sabotage)
    return Etherscan("ethereum", fetcher), fetcher


def pulled(source: Etherscan, store: ct.Store, addresses: Any = None, **settings: Any) -> Any:
    return collect(source, store, WORLD.addresses if addresses is None else addresses, progress=False, **settings)


def tokens(store: ct.Store, *, places: bool = True) -> Counter[tuple[Any, ...]]:
    return Counter(
        store.rows(f"""
            SELECT t.tx_hash, s.address, r.address, a.contract, t.amount, {"t.log_index" if places else "NULL"}
            FROM transfers AS t JOIN accounts AS s ON s.id = t.sender JOIN accounts AS r ON r.id = t.receiver
            JOIN assets AS a ON a.id = t.asset WHERE t.kind = 'token'
        """)
    )


def truth(world: Any = WORLD, *, places: bool = True) -> Counter[tuple[Any, ...]]:
    return Counter(
        (row.tx_hash, row.sender, row.receiver, row.contract, row.amount, row.log_index if places else None)
        for row in world.transfers
        if row.kind == "token" and row.ok
    )


def with_equal_rows(world: Any = WORLD) -> set[str]:
    return {key[0] for key, count in truth(world, places=False).items() if count > 1}


def with_tokens(world: Any = WORLD) -> set[str]:
    return {key[0] for key in truth(world)}


def receipt_coverage(store: ct.Store) -> dict[str, tuple[str, str | None]]:
    return {address: facts[:2] for (address, stream), facts in coverage(store).items() if stream == "receipt"}


# -- what is asked and what comes of it ----------------------------------------------------------------------------------


def test_nothing_is_asked_where_receipts_are_not_wanted():
    source, fetcher = world_source()
    store = ct.open_store(":memory:")
    pulled(source, store)
    assert fetcher.receipts == []
    assert receipt_coverage(store) == {}
    assert tokens(store, places=False) == truth(places=False)


def test_equal_asks_only_of_transactions_whose_rows_cannot_be_told_apart():
    source, fetcher = world_source()
    store = ct.open_store(":memory:")
    result = pulled(source, store, receipts="equal")
    assert Counter(fetcher.receipts) == Counter(with_equal_rows())
    assert len(fetcher.receipts) > 2
    assert tokens(store, places=False) == truth(places=False)
    named = {key: count for key, count in tokens(store).items() if key[5] is not None}
    assert named == {key: count for key, count in truth().items() if key[0] in with_equal_rows()}
    assert not result.is_partial
    assert set(receipt_coverage(store).values()) == {("complete", None)}


def test_all_asks_once_of_every_transaction_with_a_row_without_a_place():
    source, fetcher = world_source()
    store = ct.open_store(":memory:")
    assert not pulled(source, store, receipts="all").is_partial
    assert Counter(fetcher.receipts) == Counter(with_tokens())
    assert tokens(store) == truth()
    stored = store.rows("SELECT count(*) FROM responses WHERE stream = 'receipt'")[0][0]
    assert stored == len(with_tokens())


def test_where_lists_name_the_places_no_receipt_is_asked_for():
    source, fetcher = world_source(log_index="present")
    store = ct.open_store(":memory:")
    pulled(source, store, receipts="all")
    assert fetcher.receipts == []
    assert tokens(store) == truth()


@pytest.mark.parametrize("receipts", ["equal", "all"])
def test_receipts_change_neither_fees_nor_any_other_row(receipts):
    plain, filled = ct.open_store(":memory:"), ct.open_store(":memory:")
    pulled(world_source()[0], plain)
    pulled(world_source()[0], filled, receipts=receipts)
    others = "SELECT chain, tx_hash, kind, amount, ok, ordinal FROM transfers WHERE kind <> 'token' ORDER BY ALL"
    assert plain.rows(others) == filled.rows(others)
    fees = "SELECT tx_hash, fee FROM transactions WHERE fee IS NOT NULL ORDER BY tx_hash"
    assert plain.rows(fees) == filled.rows(fees)


class Repeating(Etherscan):
    """An explorer that shows the last row of every token list twice, and always does."""

    def through(self, fetcher: Any) -> Repeating:
        return Repeating(self.chain, fetcher, page_rows=self.page_rows)

    def _page(self, stream: str, *asked: Any, **more: Any) -> list[Any]:
        rows = super()._page(stream, *asked, **more)
        return [*rows, rows[-1]] if stream == "token" and rows else rows


@pytest.mark.parametrize("receipts", ["equal", "all"])
def test_a_repeated_row_that_lists_alone_cannot_tell_is_taken_out_by_the_receipt(receipts):
    _, fetcher = world_source()
    plain, filled = ct.open_store(":memory:"), ct.open_store(":memory:")
    pulled(Repeating("ethereum", fetcher), plain)
    assert tokens(plain, places=False) > truth(places=False)
    pulled(Repeating("ethereum", fetcher), filled, receipts=receipts)
    assert tokens(filled, places=False) == truth(places=False)
    assert filled.rows("SELECT max(ordinal) FROM transfers WHERE kind = 'token'")[0][0] <= 2
    before = fetcher.receipts.copy()
    pulled(Repeating("ethereum", fetcher), filled, receipts=receipts)  # a later day shows the row twice once more
    assert fetcher.receipts == before
    assert tokens(filled, places=False) == truth(places=False)


@pytest.mark.parametrize("seed", range(6))
def test_random_worlds_have_every_place_and_replay_to_the_same_digests(seed):
    world = random_chain(seed, transactions=30, addresses=4)
    source, fetcher = world_source(world)
    store, again = ct.open_store(":memory:"), ct.open_store(":memory:")
    receipts = ("equal", "all")[seed % 2]
    pulled(source, store, world.addresses, receipts=receipts)
    assert Counter(fetcher.receipts) == Counter(with_equal_rows(world) if receipts == "equal" else with_tokens(world))
    assert tokens(store, places=receipts == "all") == truth(world, places=receipts == "all")
    ct.replay(store, again, progress=False)
    assert again.digests() == store.digests()


WRONG = (
    "html", "truncated", "http_429", "rpc_error", "empty_body", "not_an_object", "raw_nul", "not_utf8", "reset", "cut",
    "daily_limit", "bad_key",
)  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 16])
def test_whatever_goes_wrong_with_receipts_every_place_is_known_or_a_gap_is_said_and_it_replays(seed):
    dice = random.Random(seed)
    world = random_chain(seed, transactions=25, addresses=4)
    faults = [
        Fault(dice.choice(WRONG), times=dice.choice([1, 2, 5, None]), percent=40, actions=("eth_getTransactionReceipt",))
        for _ in range(2)
    ]
    source, _ = world_source(world, *faults)
    store, again = ct.open_store(":memory:"), ct.open_store(":memory:")
    result = pulled(source, store, world.addresses, receipts="all")
    assert tokens(store, places=False) == truth(world, places=False)
    assert result.is_partial or tokens(store) == truth(world)
    ct.replay(store, again, progress=False)
    assert again.digests() == store.digests()


# -- resume, budget, failures --------------------------------------------------------------------------------------------


def test_a_budget_is_kept_the_same_command_goes_on_and_nothing_is_asked_twice(tmp_path: Path):
    source, fetcher = world_source()
    path = tmp_path / "case.duckdb"
    lists = pulled(world_source()[0], ct.open_store(":memory:")).provenance.parameters["requests"]
    result = pulled(source, ct.open_store(path), receipts="all", max_requests=int(lists) + 7)
    assert result.is_partial
    assert len(fetcher.receipts) == 7
    assert ("partial", "budget") in receipt_coverage(ct.open_store(path)).values()
    while pulled(source, ct.open_store(path), receipts="all", max_requests=16).is_partial:
        assert len(fetcher.receipts) <= len(with_tokens())
    assert Counter(fetcher.receipts) == Counter(with_tokens())
    store, whole = ct.open_store(path), ct.open_store(":memory:")
    pulled(world_source()[0], whole, receipts="all")
    assert tokens(store) == truth()
    assert store.digests() == whole.digests()
    assert len(store.rows("SELECT DISTINCT key FROM responses WHERE stream = 'head'")) == 2  # one head for all of it


def test_a_pull_over_hops_goes_on_with_the_receipts_of_every_account_that_it_walked():
    source, fetcher = world_source()
    store, whole = ct.open_store(":memory:"), ct.open_store(":memory:")
    lists = pulled(world_source()[0], ct.open_store(":memory:"), WORLD.addresses[:1], hops=1).provenance.parameters["requests"]
    assert pulled(source, store, WORLD.addresses[:1], hops=1, receipts="all", max_requests=int(lists) + 5).is_partial
    assert len(receipt_coverage(store)) > 1
    assert not pulled(source, store, WORLD.addresses[:1], hops=1, receipts="all").is_partial
    pulled(world_source()[0], whole, WORLD.addresses[:1], hops=1, receipts="all")
    assert store.digests() == whole.digests()
    assert max(Counter(fetcher.receipts).values()) == 1


def test_a_stop_in_the_middle_of_the_lists_asks_for_no_receipt():
    source, fetcher = world_source()
    store = ct.open_store(":memory:")
    pulled(source, store, receipts="all", max_requests=6)
    assert fetcher.receipts == []
    assert receipt_coverage(store) == {}


def test_a_breakdown_between_receipts_loses_none_and_repeats_at_most_those_under_way(tmp_path: Path):
    names = sorted(with_tokens())
    source, fetcher = world_source(broken=[names[len(names) // 2]])
    path = tmp_path / "case.duckdb"
    with pytest.raises(MemoryError):
        pulled(source, ct.open_store(path), receipts="all")
    asked = fetcher.receipts.copy()
    fetcher.broken = set()
    pulled(source, ct.open_store(path), receipts="all")
    assert set(Counter(fetcher.receipts)) == with_tokens()
    assert sum(Counter(fetcher.receipts).values()) <= len(with_tokens()) + 1
    assert len(asked) > 1
    whole = ct.open_store(":memory:")
    pulled(world_source()[0], whole, receipts="all")
    assert ct.open_store(path).digests() == whole.digests()


def test_a_receipt_that_the_node_does_not_know_is_said_and_asked_for_again_by_the_next_run():
    lost = sorted(with_tokens())[:2]
    source, fetcher = world_source(null=lost)
    store = ct.open_store(":memory:")
    assert pulled(source, store, receipts="all").is_partial
    concerned = {
        end for row in WORLD.transfers if row.tx_hash in lost and row.kind == "token" for end in (row.sender, row.receiver)
    }
    assert receipt_coverage(store) == {
        address: ("partial", "not_indexed_yet") if address in concerned else ("complete", None) for address in WORLD.addresses
    }
    assert tokens(store, places=False) == truth(places=False)
    again = ct.open_store(":memory:")
    ct.replay(store, again, progress=False)
    assert again.digests() == store.digests()
    fetcher.null, fetcher.receipts = set(), []
    assert not pulled(source, store, receipts="all").is_partial
    assert sorted(fetcher.receipts) == lost
    assert tokens(store) == truth()


def test_a_partial_pull_of_receipts_replays_to_the_same_digests():
    source, _ = world_source(null=sorted(with_tokens())[:1])
    store, again = ct.open_store(":memory:"), ct.open_store(":memory:")
    lists = pulled(world_source()[0], ct.open_store(":memory:")).provenance.parameters["requests"]
    pulled(source, store, receipts="all", max_requests=int(lists) + 9)
    ct.replay(store, again, progress=False)
    assert again.digests() == store.digests()
    assert ("partial", "budget") in receipt_coverage(store).values()


def test_receipts_that_are_no_longer_wanted_do_not_hold_a_run_open():
    source, _ = world_source()
    store = ct.open_store(":memory:")
    lists = pulled(world_source()[0], ct.open_store(":memory:")).provenance.parameters["requests"]
    pulled(source, store, receipts="all", max_requests=int(lists) + 1)
    pulled(source, store)
    assert set(receipt_coverage(store).values()) == {("partial", "not_asked")}
    assert json.loads(store.rows("SELECT value FROM meta WHERE name LIKE 'collect:%'")[0][0])["open"] is False
    assert not pulled(source, store, receipts="all").is_partial
    assert tokens(store) == truth()


def test_a_receipt_of_another_block_than_the_lists_say_is_not_believed():
    class Moved(Sabotaged):
        def _send(self, request: Request) -> Answer:
            answer = super()._send(request)
            if request.stream != "receipt":
                return answer
            cells = json.loads(answer.body)
            number = hex(int(cells["result"]["blockNumber"], 16) + 1)
            cells["result"]["blockNumber"] = number
            for log in cells["result"]["logs"]:
                log["blockNumber"] = number
            return replace(answer, body=json.dumps(cells).encode())

    store = ct.open_store(":memory:")
    fetcher = Moved(FakeEtherscan(WORLD, plan=UNLIMITED, head=HEAD))
    assert pulled(Etherscan("ethereum", fetcher), store, receipts="all").is_partial
    assert ("partial", "another_block") in receipt_coverage(store).values()
    assert tokens(store, places=False) == truth(places=False)


def test_an_account_that_is_too_busy_is_not_asked_about():
    _, fetcher = world_source()
    whole, store = ct.open_store(":memory:"), ct.open_store(":memory:")
    pulled(SmallPages("ethereum", fetcher), whole, WORLD.addresses[:1])
    lists = whole.rows("SELECT sum(rows) FROM coverage WHERE stream <> 'token'")[0][0]
    pulled(SmallPages("ethereum", fetcher), store, WORLD.addresses[:1], receipts="all", max_rows_per_address=int(lists) + 1)
    assert 0 < len(tokens(store)) < len(tokens(whole))
    assert fetcher.receipts == []
    assert receipt_coverage(store) == {}


def test_receipts_do_not_make_an_account_too_busy():
    source, _ = world_source()
    store = ct.open_store(":memory:")
    assert not pulled(source, store, receipts="all").is_partial
    most = max(store.rows("SELECT sum(rows) FROM coverage WHERE stream <> 'receipt' GROUP BY address"))[0]
    assert not pulled(source, store, receipts="all", max_rows_per_address=int(most)).is_partial


def test_an_unknown_word_and_an_explorer_without_receipts_are_refused_before_the_first_request():
    source, fetcher = world_source()
    with pytest.raises(InputError, match="unknown receipts 'some'"):
        pulled(source, ct.open_store(":memory:"), receipts="some")

    class Mute:
        name, chain, streams, questions, fetcher = "mute", "ethereum", ("native",), 0, None

    with pytest.raises(InputError, match="mute gives no receipts"):
        pulled(Mute(), ct.open_store(":memory:"), receipts="all")  # type: ignore[arg-type]
    assert fetcher.explorer.requests == []


# -- wraps through a trace -----------------------------------------------------------------------------------------------

ETHER = 10**18
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
VICTIM, SCAM, EXCHANGE = ("0x" + digits * 20 for digits in ("a1", "b2", "c3"))
WRAP, UNWRAP = "0x" + "d1" * 32, "0x" + "d2" * 32
DEPOSIT = "0xe1fffcc4923d04b559f4d29a8bfc6cda04eb5b0d3c460751c2402c5c5cc9109c"
WITHDRAWAL = "0x7fcf532c15f0a6db0bd6d0e038bea71d30d808c7d98cb3bf7268a95bf5081b65"


def wrapped_story(*, logged: bool) -> Any:
    """Ether comes in, is wrapped, unwrapped in part, and the rest leaves; with the logs of both or without."""
    from cryptotrace.codecs import chain_of
    from cryptotrace.model import Seed, Seeds
    from cryptotrace.schema import Batch
    from cryptotrace.sources.evm import read_logs

    ether = {"chain": "ethereum", "symbol": "ETH", "decimals": 18}
    when = [datetime(2024, 1, day, tzinfo=UTC) for day in range(1, 6)]
    batch = Batch()
    batch.add_transfer(tx_hash="0x" + "d0" * 32, kind="native", time=when[0], sender=VICTIM, receiver=SCAM, amount=10 * ETHER,
                       block=1, tx_index=0, **ether)  # fmt: skip
    batch.add_transfer(tx_hash=WRAP, kind="native", time=when[1], sender=SCAM, receiver=WETH, amount=10 * ETHER, block=2,
                       tx_index=0, **ether)  # fmt: skip
    batch.add_transfer(tx_hash=UNWRAP, kind="internal", time=when[2], sender=WETH, receiver=SCAM, amount=4 * ETHER, block=3,
                       tx_index=0, trace_path="0", **ether)  # fmt: skip
    batch.add_transfer(tx_hash="0x" + "d4" * 32, kind="token", time=when[3], sender=SCAM, receiver=EXCHANGE, amount=6 * ETHER,
                       block=4, tx_index=0, log_index=0, chain="ethereum", contract=WETH, decimals=18)  # fmt: skip
    logs = [
        {
            "address": WETH, "topics": [topic, f"0x{int(SCAM, 16):064x}"], "data": f"0x{amount:064x}", "blockNumber": block,
            "transactionHash": name, "transactionIndex": 0, "logIndex": "0x", "removed": False,
        }
        for topic, amount, block, name in ((DEPOSIT, 10 * ETHER, 2, WRAP), (WITHDRAWAL, 4 * ETHER, 3, UNWRAP))
    ]  # fmt: skip
    store = ct.open_store(":memory:")
    found = read_logs(logs, chain_of("ethereum"), times={2: when[1], 3: when[2]}, listing=1)
    assert [row[2] for row in found.rows["transfers"]] == ["wrap", "unwrap"]
    store.load([batch, found] if logged else [batch], complete=True)
    scam = Seed(chain="ethereum", address=SCAM, role="perpetrator", source="test", confidence=100)
    return ct.trace(store, Seeds((scam,)))


def test_a_wrap_counts_once_in_a_trace_whether_its_logs_were_read_or_not():
    plain, logged = wrapped_story(logged=False), wrapped_story(logged=True)
    for name in ("statement", "conversions", "terminals", "resting", "frontier"):
        assert logged.table(name).rows == plain.table(name).rows, name
    legs = [(row["kind"], row["tainted_in"]) for row in logged.table("conversions").dicts()]
    assert sorted(legs) == [("unwrap", 4 * ETHER), ("wrap", 10 * ETHER)]
    assert {row["difference"] for row in logged.table("statement").dicts()} == {0}
