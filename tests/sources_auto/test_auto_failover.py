"""What one explorer cannot give is asked of the next, exactly where the list stands, and nothing else passes it on."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Any

import coin_pulls
import pulling
import pytest
import tron_pulls
from long_worlds import HUB, long_world
from pulling import coverage, stored, truth_of
from routing import PAGE, auto, evm, failing, given_by, opened, small_pages, tron, walked

import cryptotrace as ct
from cryptotrace.collect import replay_difference
from cryptotrace.collect.budget import BudgetSpent
from cryptotrace.errors import BadKey, InputError, SourceError, Stopped
from cryptotrace.settings import Secret, Settings
from cryptotrace.sources import open_source, source_over
from cryptotrace.sources.auto import AutoSource
from cryptotrace.sources.base import Answer, Request
from cryptotrace.testing.explorers import (
    UNLIMITED,
    FakeBlockchainInfo,
    FakeBlockscout,
    FakeEsplora,
    FakeEtherscan,
    FakeTronGrid,
    Fault,
    TronFault,
    random_chain,
    random_coin_chain,
    random_tron,
)

STREAMS = ("native", "internal", "token")
WORLD = long_world(60)
SETTLED = 10_000


def pair(*first: Fault, order: tuple[str, ...] = ("etherscan", "blockscout"), **settings: Any) -> dict[str, Any]:
    """Give fakes of the long world, the first of which has faults."""
    fakes = evm(WORLD, **{name: first if place == 0 else () for place, name in enumerate(order)})
    for fake in fakes.values():
        if isinstance(fake, FakeEtherscan):
            fake._heads = {1: SETTLED}
        else:
            fake._head = SETTLED
    return fakes


def pulled(source: Any, addresses: Any = (HUB,), **settings: Any) -> ct.Store:
    store = ct.open_store(":memory:")
    ct.collect(source, store, addresses, progress=False, **settings)
    return store


def check(store: ct.Store, world: Any, *addresses: str) -> None:
    """Every list is complete, and the store holds every row once."""
    everything: Counter[Any] = Counter()
    covered = coverage(store)
    for address in addresses:
        for stream in STREAMS:
            status, reason, last, rows = covered[address, stream]
            assert (status, reason) == ("complete", None), (stream, reason)
            truth = truth_of(world, address, stream, last)
            assert rows == sum(count for row, count in truth.items() if row[1] != "fee"), stream
            everything |= truth
    assert stored(store) == everything


TXLIST = {"actions": ("txlist",), "times": None}
REASONS = {
    "plan": Fault("pro_endpoint", first=3, **TXLIST),
    "key": Fault("bad_key", first=3, **TXLIST),
    "quota": Fault("daily_limit", first=3, **TXLIST),
    "chain": Fault("chain_not_free", first=3, **TXLIST),
    "pages of HTML": Fault("html", 502, first=3, **TXLIST),
    "lost connections": Fault("reset", first=3, **TXLIST),
    "cut answers": Fault("truncated", first=3, **TXLIST),
    "no result": Fault("null_result", first=3, **TXLIST),
    "another order": Fault("out_of_order", first=3, **TXLIST),
    "a range that never fits": Fault("error_message", first=3, **TXLIST),
}


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("first", ["etherscan", "blockscout"])
def test_a_list_goes_on_with_the_next_explorer_where_the_first_one_fails(reason: str, first: str) -> None:
    order = (first, "blockscout" if first == "etherscan" else "etherscan")
    fakes = pair(REASONS[reason], order=order)
    store = pulled(auto(fakes))
    check(store, WORLD, HUB)
    givers = given_by(store)
    assert givers[HUB, "native"] == "+".join(order)
    asked = [int(one.params.get("startblock", -1)) for one in fakes[order[1]].requests if one.params["action"] == "txlist"]
    assert min(asked) > 0  # the second one is not asked for what is known


def test_a_list_from_the_newest_row_on_is_asked_whole_of_the_next_and_counted_once() -> None:
    fault = Fault("html", 502, actions=("transactions",), first=4, times=None)
    for second in ("etherscan", "blockscout"):
        fakes = pair(fault, order=("blockscout_rest", second))
        store = pulled(auto(fakes))
        check(store, WORLD, HUB)
        assert given_by(store)[HUB, "native"] == f"blockscout_rest+{second}"


def test_payments_that_are_not_processed_yet_are_asked_of_the_next() -> None:
    fakes = pair(order=("blockscout", "etherscan"))
    fakes["blockscout"] = FakeBlockscout(WORLD, head=SETTLED, indexed_to=5)
    store = pulled(auto(fakes))
    check(store, WORLD, HUB)
    assert given_by(store)[HUB, "internal"] == "etherscan"
    assert given_by(store)[HUB, "native"] == "blockscout"


def test_a_block_that_one_explorer_cannot_read_whole_is_read_at_the_next() -> None:
    world = random_chain(5, transactions=60, burst=40)
    busiest = Counter(row.block for row in world.transactions).most_common(1)[0]
    assert busiest[1] > 2 * PAGE
    fakes = evm(world)
    fakes["etherscan"] = FakeEtherscan(world, plan=replace(UNLIMITED, window=PAGE), head=10**7 + world.transactions[-1].block)
    fakes["blockscout"] = FakeBlockscout(world, head=10**7 + world.transactions[-1].block)
    store = pulled(auto(fakes), world.addresses)
    check(store, world, *world.addresses)
    assert "etherscan+blockscout" in given_by(store).values()


def test_an_explorer_that_lags_behind_gives_the_head_where_it_is_near_and_is_passed_over_where_it_is_far() -> None:
    near = {"etherscan": FakeEtherscan(WORLD, plan=UNLIMITED, head=SETTLED), "blockscout": FakeBlockscout(WORLD, head=9_000)}
    assert auto(near).head("1") == 9_000 - 64
    far = {"blockscout": FakeBlockscout(WORLD, head=9_000), "etherscan": FakeEtherscan(WORLD, plan=UNLIMITED, head=50_000)}
    source = auto(far)
    assert source.head("1") == 50_000 - 64
    store = pulled(source)
    check(store, WORLD, HUB)
    assert set(given_by(store).values()) == {"etherscan"}
    assert not any("txlist" in one.params["action"] for one in far["blockscout"].requests)


def test_an_explorer_that_does_not_even_tell_its_head_is_left_out() -> None:
    fakes = pair(Fault("bad_key", times=None))
    store = pulled(auto(fakes))
    check(store, WORLD, HUB)
    assert set(given_by(store).values()) == {"blockscout"}
    assert len(fakes["etherscan"].requests) == 1  # nothing more is asked of a refused key


def test_where_all_refuse_the_first_question_the_first_refusal_is_raised() -> None:
    fakes = evm(WORLD, etherscan=(Fault("bad_key", times=None),), blockscout=(Fault("html", 502, times=None),))
    with pytest.raises(BadKey):
        pulled(auto(fakes))


def test_where_all_fail_in_a_list_it_is_partial_with_what_the_last_one_said_and_the_others_are_whole() -> None:
    first = Fault("html", 502, actions=("txlistinternal",), times=None)
    second = Fault("daily_limit", actions=("txlistinternal",), times=None)
    fakes = evm(WORLD, etherscan=(first,), blockscout=(second,))
    store = pulled(auto(fakes))
    covered = coverage(store)
    assert covered[HUB, "internal"][:2] == ("partial", "quota_exhausted")
    assert covered[HUB, "native"][:2] == ("complete", None)
    assert covered[HUB, "token"][:2] == ("complete", None)


def test_a_tron_list_that_one_explorer_refuses_is_given_by_the_other() -> None:
    world = random_tron(3, transactions=60, addresses=3)
    whole = tron_pulls.stored(pulled(opened("trongrid", FakeTronGrid(world)), world.addresses))
    store = pulled(auto(dict(reversed(tron(world).items()))), world.addresses)
    assert set(given_by(store).values()) == {"tronscan"}
    assert tron_pulls.stored(store) == whole
    gone = tron(world, trongrid=TronFault("error_text", paths=("transactions",), times=None))
    store = pulled(auto(gone), world.addresses)
    given = {(stream, who) for (_, stream), who in given_by(store).items()}
    assert given == {("native", "tronscan"), ("token", "trongrid")}
    assert {row[:2] for row in coverage(store).values()} == {("complete", None)}
    assert tron_pulls.stored(store) == whole


def test_a_tron_list_goes_on_at_tronscan_without_a_row_twice() -> None:
    mixed = 0
    for seed in range(6):
        world = random_tron(seed, transactions=80, addresses=3)
        whole = tron_pulls.stored(pulled(opened("trongrid", FakeTronGrid(world)), world.addresses))
        source = auto(tron(world), gone_from=3 + seed, gone_list="token")
        store = pulled(source, world.addresses)
        assert tron_pulls.stored(store) == whole, seed
        mixed += sum(given == "trongrid+tronscan" for given in given_by(store).values())
    assert mixed > 2


def test_a_bitcoin_list_goes_on_at_another_indexer_to_the_same_balance() -> None:
    mixed = 0
    for seed in range(12):
        chain = random_coin_chain(seed, blocks=25, addresses=3)
        fakes = {
            "mempool": FakeEsplora(chain, flavour="mempool", page_rows=PAGE),
            ("esplora" if seed % 2 else "blockchain_info"): (
                FakeEsplora(chain, page_rows=PAGE) if seed % 2 else FakeBlockchainInfo(chain)
            ),
        }
        store = pulled(auto(fakes, gone_from=3 + seed), chain.addresses)
        for address, (status, _, last, rows) in coin_pulls.coverage(store).items():
            assert status == "complete"
            assert rows == len(coin_pulls.truth_of(chain, address, last)["transactions"])
            assert coin_pulls.stored_balance(store, address) == chain.balance(address, last)
        mixed += sum("+" in (given or "") for given in given_by(store).values())
    assert mixed > 5


# -- what is no reason ---------------------------------------------------------------------------------------------------


def test_a_budget_is_not_spent_at_the_next_explorer() -> None:
    fakes = pair()
    store = ct.open_store(":memory:")
    ct.collect(auto(fakes), store, [HUB], max_requests=7, progress=False)
    assert sum(len(fake.requests) for fake in fakes.values()) == 7
    assert not any(one.params["action"].startswith("tx") for one in fakes["blockscout"].requests)
    assert ("partial", "budget") in {row[:2] for row in coverage(store).values()}
    for _ in range(30):
        before = sum(len(fake.requests) for fake in fakes.values())
        ct.collect(auto(fakes), store, [HUB], max_requests=7, progress=False)
        assert sum(len(fake.requests) for fake in fakes.values()) - before <= 7
    check(store, WORLD, HUB)
    assert set(given_by(store).values()) == {"etherscan"}


def test_a_stop_is_not_a_failure_of_the_explorer() -> None:
    class Halting:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def fetch(self, request: Request) -> Answer:
            if request.subject:
                raise Stopped("stopped", where="test")
            answer: Answer = self.inner.fetch(request)
            return answer

    fakes = pair()
    sources = [opened(name, fake) for name, fake in fakes.items()]
    source = AutoSource([sources[0].through(Halting(sources[0].fetcher)), sources[1]])
    head = source.head("1")
    with pytest.raises(Stopped):
        list(source.pages("native", HUB, 0, head))
    assert not any(one.params["action"].startswith("tx") for one in fakes["blockscout"].requests)
    assert issubclass(BudgetSpent, Stopped)


# -- resume and replay ---------------------------------------------------------------------------------------------------


def later(params: Any) -> bool:
    """Whether a request is not the first of its list."""
    return params.get("startblock", "0") != "0" or "block_number" in params


TROUBLES: dict[str, dict[str, Any]] = {
    "calm": {},
    "a plan": {"etherscan": Fault("pro_endpoint", actions=("txlistinternal",), times=None)},
    "a quota": {"etherscan": Fault("daily_limit", first=9, times=None)},
    "a range": {"etherscan": Fault("window", actions=("txlist",), where=later, times=None)},
    "no connection": {"etherscan": Fault("html", 502, actions=("tokentx", "txlist"), where=later, times=None)},
    "a plan of both": {
        "etherscan": Fault("pro_endpoint", actions=("tokentx",), times=None),
        "blockscout": Fault("pro_endpoint", actions=("tokentx",), times=None),
    },
    "newest first": {"blockscout_rest": Fault("html", 502, where=later, times=None)},
}
SMALL_WORLD = random_chain(4, transactions=30, addresses=3)


def troubled(name: str) -> dict[str, Any]:
    order = ("blockscout_rest", "blockscout") if name == "newest first" else ("etherscan", "blockscout")
    return evm(SMALL_WORLD, **{one: TROUBLES[name].get(one, ()) for one in order})


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [None, [0, 0]])
@pytest.mark.parametrize("name", TROUBLES)
def test_what_is_resumed_after_any_request_has_the_digests_of_what_was_not_and_a_replay_too(
    name: str, ranks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch)
    fakes = troubled(name)
    whole = pulled(auto(fakes, ranks), SMALL_WORLD.addresses)
    assert replay_difference(whole, progress=False) is None
    needed = sum(len(fake.requests) for fake in fakes.values())
    assert needed > 20
    for allowed in range(1 + len(name) % 4, needed, max(4, needed // 8)):
        again, store = troubled(name), ct.open_store(":memory:")
        with suppress(BudgetSpent):  # the heads took it all
            ct.collect(auto(again, ranks), store, SMALL_WORLD.addresses, max_requests=allowed, progress=False)
        assert sum(len(fake.requests) for fake in again.values()) == allowed
        ct.collect(auto(again, ranks), store, SMALL_WORLD.addresses, progress=False)
        assert stored(store) == stored(whole), allowed
        if name != "a quota":  # it ends with the n-th request: elsewhere in a run that asks again what it was refused
            assert {table for table, digest in whole.digests().items() if store.digests()[table] != digest} == set(), allowed
        assert replay_difference(store, progress=False) is None, allowed


@pytest.mark.slow
def test_small_budgets_add_up_to_the_same_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    small_pages(monkeypatch)
    whole, again, store = pulled(auto(troubled("a plan")), SMALL_WORLD.addresses), troubled("a plan"), ct.open_store(":memory:")
    for _ in range(60):
        found = ct.collect(auto(again), store, SMALL_WORLD.addresses, max_requests=6, progress=False)
        if not any(reason == "budget" for _, reason, *_ in found.table.rows):
            break
    assert whole.digests() == store.digests()
    assert replay_difference(store, progress=False) is None


def test_a_replay_holds_where_an_explorer_was_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    small_pages(monkeypatch)
    for gone_from in range(0, 16, 3):
        for ranks in (None, [0, 0]):
            store = pulled(auto(evm(SMALL_WORLD), ranks, gone_from=gone_from), SMALL_WORLD.addresses)
            assert {row[0] for row in coverage(store).values()} == {"complete"}
            assert replay_difference(store, progress=False) is None, gone_from


def test_a_replay_holds_where_another_run_asked_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key is set after the first run, and gone after the second: every run is replayed with those that it asked."""
    small_pages(monkeypatch)
    end = SMALL_WORLD.transactions[-1].block
    store = ct.open_store(":memory:")
    for order, head in (
        (("blockscout",), end // 2),
        (("etherscan", "blockscout"), end * 3 // 4),
        (("blockscout_rest", "blockscout"), end),
    ):
        fakes = evm(SMALL_WORLD, **dict.fromkeys(order, ()))
        ct.collect(auto(fakes), store, SMALL_WORLD.addresses, progress=False, to_block=head - 100)
    assert "etherscan+blockscout_rest" in {"+".join(str(one).split("+")[1:]) for one in given_by(store).values()}
    check(store, SMALL_WORLD, *SMALL_WORLD.addresses)
    assert replay_difference(store, progress=False) is None


def test_a_run_goes_on_where_the_explorer_at_work_can_be_asked_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    small_pages(monkeypatch)
    store = ct.open_store(":memory:")
    ct.collect(auto(pair()), store, [HUB], max_requests=8, progress=False)
    assert (HUB, "native") in given_by(store)
    ct.collect(auto(pair(order=("blockscout",))), store, [HUB], progress=False)
    check(store, WORLD, HUB)
    assert given_by(store)[HUB, "native"] == "etherscan+blockscout"
    assert replay_difference(store, progress=False) is None


def test_rows_of_a_newest_first_list_count_once_though_it_is_resumed_and_then_passed_on() -> None:
    store, fakes = ct.open_store(":memory:"), pair(order=("blockscout_rest", "blockscout"))
    for at, allowed in enumerate((9, 10**6)):
        source = auto(fakes, gone_from=None if at == 0 else 1)
        ct.collect(source, store, [HUB], max_requests=allowed, progress=False)
    assert given_by(store)[HUB, "native"] == "blockscout_rest+blockscout"
    check(store, WORLD, HUB)


def once_out_of_reach(gone: dict[str, int], fakes: dict[str, Any]) -> AutoSource:
    """Give two explorers, some of which are out of reach from their n-th request of the list ``native`` on."""
    sources = [opened(name, fake) for name, fake in fakes.items()]
    return AutoSource([failing(one, gone[one.name], "native") if one.name in gone else one for one in sources])


def lists_asked(fake: Any, since: int) -> Counter[str]:
    return Counter(one.params["action"] for one in fake.requests[since:] if one.params["action"] in ("txlist", "tokentx"))


def test_a_run_to_the_same_end_goes_back_to_the_first_explorer_where_the_one_at_work_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small_pages(monkeypatch)
    fakes, store = pair(), ct.open_store(":memory:")
    end: dict[str, Any] = {"to_block": SETTLED - 64, "progress": False}
    ct.collect(once_out_of_reach({"etherscan": 3, "blockscout": 2}, fakes), store, [HUB], **end)
    assert coverage(store)[HUB, "native"][:2] == ("partial", "unavailable")
    assert given_by(store)[HUB, "native"] == "etherscan+blockscout"
    ct.collect(once_out_of_reach({"blockscout": 0}, fakes), store, [HUB], **end)
    check(store, WORLD, HUB)
    assert given_by(store)[HUB, "native"] == "blockscout+etherscan"
    assert replay_difference(store, progress=False) is None


def test_who_began_with_a_list_ends_it_and_the_next_list_begins_with_the_first_again(monkeypatch: pytest.MonkeyPatch) -> None:
    small_pages(monkeypatch)
    fakes, store = pair(), ct.open_store(":memory:")
    end: dict[str, Any] = {"to_block": SETTLED - 64, "progress": False}
    ct.collect(once_out_of_reach({"etherscan": 3}, fakes), store, [HUB], max_requests=14, **end)
    assert coverage(store)[HUB, "native"][:2] == ("partial", "budget")
    before = {name: len(fake.requests) for name, fake in fakes.items()}
    ct.collect(auto(fakes), store, [HUB], **end)
    check(store, WORLD, HUB)
    assert given_by(store) == {
        (HUB, "native"): "etherscan+blockscout",
        (HUB, "internal"): "etherscan",
        (HUB, "token"): "etherscan",
    }
    assert not lists_asked(fakes["etherscan"], before["etherscan"])["txlist"]
    assert not lists_asked(fakes["blockscout"], before["blockscout"])["tokentx"]
    assert replay_difference(store, progress=False) is None


def test_a_list_comes_back_to_an_explorer_that_stumbled_over_one_place_only() -> None:
    """Each explorer fails once, behind a place of its own."""
    fakes = pair()

    class Stumbling:
        def __init__(self, inner: Any, at: int) -> None:
            self.inner, self.at = inner, at

        def fetch(self, request: Request) -> Answer:
            asked = dict(request.parameters)
            if request.stream == "native" and int(asked.get("startblock", 0)) > self.at:
                self.at = SETTLED
                raise BadKey("not now", where=request.source)
            answer: Answer = self.inner.fetch(request)
            return answer

    blocks = sorted(row.block for row in WORLD.transactions)
    places = {"etherscan": blocks[len(blocks) // 3], "blockscout": blocks[2 * len(blocks) // 3]}
    sources = [opened(name, fake) for name, fake in fakes.items()]
    source = AutoSource([one.through(Stumbling(one.fetcher, places[one.name])) for one in sources])
    head = source.head("1")
    pages = list(source.pages("native", HUB, 0, head))
    assert pages[-1].through == head
    assert pulling.rows_of(page.batch for page in pages) == truth_of(WORLD, HUB, "native", head)


# -- opening -------------------------------------------------------------------------------------------------------------


def test_a_spec_makes_the_same_source_again() -> None:
    class Nowhere:
        def fetch(self, request: Request) -> Answer:
            raise AssertionError(request)

    for spec in ("auto:etherscan|blockscout+routescan+blockscout_rest", "auto:blockscout", "auto:etherscan+blockscout"):
        source = source_over(spec, "ethereum", Nowhere())
        assert isinstance(source, AutoSource)
        assert source.spec == spec == source.through(Nowhere()).spec
        assert source.questions == sum(one.questions for one in source.sources)


def test_keys_say_who_is_asked_and_in_which_order() -> None:
    def spec(chain: str, *keys: str) -> str:
        source = open_source("auto", chain=chain, settings=Settings(keys={name: Secret("k" * 20) for name in keys}))
        return str(getattr(source, "spec", ""))

    assert spec("ethereum") == "auto:blockscout+routescan+blockscout_rest"
    assert spec("ethereum", "etherscan") == "auto:etherscan|blockscout+routescan+blockscout_rest"
    assert spec("bsc") == "auto:routescan"
    assert spec("bsc", "etherscan", "blockscout") == "auto:blockscout+routescan+blockscout_rest+etherscan"
    assert spec("base", "etherscan") == "auto:blockscout+routescan+blockscout_rest+etherscan"
    assert spec("tron") == "auto:trongrid+tronscan"
    assert spec("bitcoin") == "auto:mempool+esplora+blockchain_info"


def test_what_cannot_be_one_source_is_refused() -> None:
    one, two = opened("etherscan", pair()["etherscan"]), opened("mempool", None)
    for sources, ranks in (
        ((), None),
        ((one, two), None),
        ((one, one), None),
        ((one,), (0, 1)),
    ):
        with pytest.raises(InputError):
            AutoSource(sources, ranks)
    with pytest.raises(InputError, match="ranks fall"):
        AutoSource([one, opened("blockscout", pair()["blockscout"])], (1, 0))
    with pytest.raises(InputError, match="several"):
        open_source("auto", chain="ethereum", key="k" * 20)
    with pytest.raises(InputError, match="one URL"):
        open_source("auto", chain="ethereum", base_url="http://127.0.0.1:9")
    with pytest.raises(InputError):
        open_source("auto", chain="solana")


def test_single_questions_are_answered_by_the_first_that_can() -> None:
    fault = Fault("html", 502, actions=("balance", "eth_getTransactionCount"), times=None)
    fakes, who = evm(SMALL_WORLD, etherscan=fault, blockscout=()), SMALL_WORLD.addresses[0]
    source, other = auto(fakes), auto(evm(SMALL_WORLD, blockscout=()))
    assert source.head("1") == other.head("1") == SMALL_WORLD.transactions[-1].block - 64
    assert source.balance(who, None, "1") == other.balance(who, None, "1") > 0
    assert source.nonce(who, "1") == sum(row.signer == who for row in SMALL_WORLD.transactions)
    name = next(row.tx_hash for row in SMALL_WORLD.transfers if row.kind == "token" and row.ok)
    assert source.receipt(name).rows["transfers"]
    with pytest.raises(SourceError):
        auto(tron(random_tron(1))).receipt("00" * 32)
    with pytest.raises(InputError, match="gives no receipts"):
        pulled(auto(tron(random_tron(1))), [random_tron(1).addresses[0]], receipts="all")


def test_receipts_are_asked_of_the_explorers_and_once() -> None:
    fakes = pair(Fault("rpc_error", actions=("eth_getTransactionReceipt",), times=None))
    store = pulled(auto(fakes), receipts="all")
    assert store.rows("SELECT count(*) FROM transfers WHERE kind = 'token' AND log_index IS NULL") == [(0,)]
    assert stored(store) == stored(pulled(auto(pair())))
    before = len(fakes["blockscout"].requests)
    ct.collect(auto(fakes), store, [HUB], progress=False, receipts="all", to_block=SETTLED - 64)
    asked = [one.params["action"] for one in fakes["blockscout"].requests[before:]]
    assert "eth_getTransactionReceipt" not in asked


def test_walks_of_one_list_are_passed_on_in_the_middle_of_any_page() -> None:
    for at in range(14):
        fakes = pair()
        source = AutoSource(
            [failing(opened("etherscan", fakes["etherscan"]), at, "token"), opened("blockscout", fakes["blockscout"])]
        )
        head = source.head("1")
        steps = [step for step in walked(source, HUB, head) if step.progress.stream == "token"]
        rows = pulling.rows_of(step.batch for step in steps)
        assert rows == truth_of(WORLD, HUB, "token", head), at
        assert steps[-1].progress.status == "complete"
