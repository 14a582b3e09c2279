"""Whatever a real EVM did is pulled from its node, and adds up to the balances on its chain to the last unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from evm_recount import ether_recounted
from evm_rpc import EvmRpc, Limits
from evm_truth import EvmTruth, truth_of
from evm_world import EvmWorld
from noding import MainnetRpc, source_over_evm

import cryptotrace as ct
from cryptotrace.collect.proving import prove
from cryptotrace.collect.pull import collect
from cryptotrace.errors import SourceError
from cryptotrace.sources.evm.events import WRAPPED_COINS
from cryptotrace.sources.rpc.lists import Rpc

NO_FILTER = frozenset({"trace_filter", "trace_block", "trace_transaction"})
NODES = {
    "trace_filter": Limits(),
    "trace_filter, ten blocks, twenty logs": Limits(range_most=10, results_most=20),
    "callTracer": Limits(off=NO_FILTER),
    "callTracer, ten blocks, twenty logs": Limits(off=NO_FILTER, range_most=10, results_most=20),
}
EMPTY = "0x" + "00" * 20


@dataclass(frozen=True)
class Pulled:
    """A store with every account of a world, and what is true at the same block."""

    store: ct.Store
    source: Rpc
    truth: EvmTruth
    rpc: EvmRpc


@pytest.fixture(scope="module", autouse=True)
def wrapped_is_known(evm_world: EvmWorld) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(WRAPPED_COINS, "ethereum", evm_world.tokens["wrapped"])
        yield


@pytest.fixture(scope="module", params=NODES)
def pulled(request: pytest.FixtureRequest, evm_world: EvmWorld) -> Pulled:
    rpc = MainnetRpc(evm_world.chain, NODES[request.param])
    source, store = source_over_evm(rpc), ct.open_store(":memory:")
    truth = truth_of(evm_world, evm_world.chain.head - 2)
    result = collect(source, store, [one for one in truth.ether if one != EMPTY], progress=False)
    assert result.is_partial is False
    return Pulled(store, source, truth, rpc)


def rebuilt(pulled: Pulled) -> ct.Store:
    """Give the same store anew, from its raw answers alone."""
    again = ct.open_store(":memory:")
    ct.replay(pulled.store, again, progress=False)
    assert again.digests() == pulled.store.digests()
    return again


def moved(store: ct.Store) -> Counter[tuple[str, str]]:
    """Give (account, contract) -> in less out, fees included, straight from the rows."""
    book: Counter[tuple[str, str]] = Counter()
    for sender, receiver, contract, amount in store.rows("""
        SELECT s.address, r.address, a.contract, t.amount FROM transfers AS t JOIN assets AS a ON a.id = t.asset
        LEFT JOIN accounts AS s ON s.id = t.sender LEFT JOIN accounts AS r ON r.id = t.receiver WHERE t.ok
    """):
        book[sender, contract] -= int(amount)
        book[receiver, contract] += int(amount)
    return book


def test_ether_adds_up_for_every_account_and_what_no_transaction_shows_is_typed(pulled: Pulled) -> None:
    truth, book = pulled.truth, moved(pulled.store)
    filtered = "trace_filter" not in pulled.rpc.limits.off
    off: Counter[str] = Counter()
    for one, wei in truth.ether.items():
        if one == EMPTY:
            continue
        told = truth.opening.get(one, 0) + book[one, ""]
        unseen = truth.tips.get(one, 0) + (truth.withdrawals if filtered else truth.rewards).get(one, 0)
        assert wei - told == unseen, one
        off[one] += unseen
    typed = pulled.store.rows("SELECT sum(amount) FROM transfers WHERE kind = 'reward'")[0][0]
    assert int(typed) == sum((truth.rewards if filtered else truth.withdrawals).values()) > 0
    assert sum(off.values()) > 0
    assert len(truth.ether) > 25


def test_tokens_that_log_all_they_do_add_up_for_every_account(pulled: Pulled, evm_world: EvmWorld) -> None:
    book = moved(pulled.store)
    for name in ("token", "fee_token", "wrapped"):
        contract = evm_world.tokens[name]
        for one, units in pulled.truth.tokens[name].items():
            if one not in (EMPTY, contract):  # a wrapped coin hands out what nobody sent it
                assert book[one, contract] == units, (name, one)
    assert sum(pulled.truth.tokens["wrapped"].values()) == -book[evm_world.tokens["wrapped"], evm_world.tokens["wrapped"]]


def test_balances_at_the_head_say_which_account_of_the_quiet_token_is_off_and_by_how_much(
    pulled: Pulled, evm_world: EvmWorld
) -> None:
    quiet = evm_world.tokens["quiet_token"]
    accounts = [one for one in pulled.truth.ether if one != EMPTY]
    store = rebuilt(pulled)
    proofs = prove(pulled.source, store, accounts, tokens=[evm_world.tokens["token"], quiet], progress=False)
    book = moved(pulled.store)
    for one in accounts:
        coin, honest, odd = (proofs.of("ethereum", one, token) for token in (None, evm_world.tokens["token"], quiet))
        assert coin
        assert honest
        assert odd
        assert coin.reported == pulled.truth.ether[one]
        assert honest.status == "proven", one
        assert odd.reported == pulled.truth.tokens["quiet_token"][one]
        assert odd.difference == odd.reported - book[one, quiet], one
        assert (odd.status == "proven") == (odd.difference == 0), one
        paid_from_nowhere = coin.reported - book[one, ""]
        assert (coin.status == "proven") == (paid_from_nowhere == 0), one
        assert coin.reason in (None, "surplus"), (one, coin)
    assert {row.reason for row in proofs.rows if row.contract == quiet and row.difference} <= {
        "unreconciled", "fee_on_transfer_token",
    }  # fmt: skip
    assert any(row.difference for row in proofs.rows if row.contract == quiet)
    assert sum(row.status == "proven" for row in proofs.rows if not row.contract) > 15


def test_without_traces_the_coin_is_partial_and_tokens_are_whole(evm_world: EvmWorld) -> None:
    rpc = MainnetRpc(evm_world.chain, Limits(off=NO_FILTER | {"debug_traceTransaction"}))
    truth = truth_of(evm_world, evm_world.chain.head - 2)
    store = ct.open_store(":memory:")
    source = source_over_evm(rpc, scan_blocks=10)
    result = collect(source, store, evm_world.people, progress=False)
    ends = Counter(
        (stream, status, reason) for stream, status, reason in store.rows("SELECT stream, status, reason FROM coverage")
    )
    assert result.is_partial
    assert ends == {
        ("native", "partial", "no_traces"): len(evm_world.people),
        ("internal", "partial", "no_traces"): len(evm_world.people),
        ("token", "complete", None): len(evm_world.people),
    }
    book = moved(store)
    for one in evm_world.people:
        assert book[one, evm_world.tokens["token"]] == truth.tokens["token"][one]
    seen = store.rows("SELECT count(*) FROM transactions WHERE fee > 0")[0][0]
    assert seen > 20, "what the logs of tokens lead to"
    assert store.rows("SELECT max(to_block) FROM coverage WHERE stream <> 'token'") == [(-1,)]


def test_inner_payments_alone_are_partial_where_blocks_can_be_read_but_not_traced(evm_world: EvmWorld) -> None:
    rpc = MainnetRpc(evm_world.chain, Limits(off=NO_FILTER | {"debug_traceTransaction"}))
    store = ct.open_store(":memory:")
    collect(source_over_evm(rpc), store, evm_world.people[:2], progress=False)
    ends = set(store.rows("SELECT stream, status, reason FROM coverage"))
    assert ends == {("native", "complete", None), ("internal", "partial", "no_traces"), ("token", "complete", None)}


def transactions(evm_world: EvmWorld, last: int) -> Iterator[Any]:
    for mined in evm_world.chain.mined[: last + 1]:
        yield from mined.done


def test_transactions_have_signer_nonce_fee_and_outcome(pulled: Pulled, evm_world: EvmWorld) -> None:
    found = {
        name: (signer, nonce, int(fee), ok)
        for name, signer, nonce, fee, ok in pulled.store.rows(
            "SELECT t.tx_hash, a.address, t.nonce, t.fee, t.ok FROM transactions AS t JOIN accounts AS a ON a.id = t.signer"
        )
    }
    expected = {
        done.signed.hash: (done.signed.sender, done.signed.fields["nonce"], done.gas_used * done.price, done.succeeded)
        for done in transactions(evm_world, pulled.truth.number)
    }
    assert found == expected


def test_an_order_of_balances_is_that_of_the_head_and_not_of_now(evm_world: EvmWorld) -> None:
    rpc = MainnetRpc(evm_world.chain, Limits(finality=30))
    source = source_over_evm(rpc)
    then = evm_world.chain.head - 30
    assert source.head("1") == then
    person = evm_world.people[0]
    assert source.balance(person, None, "1") == evm_world.chain.balance(person, then) != evm_world.chain.balance(person)
    assert source.nonce(person, "1") == evm_world.chain.nonce(person, then)
    token = evm_world.tokens["token"]
    assert source.balance(person, token, "1") == evm_world.units("token", person, then)
    with pytest.raises(SourceError):
        source.balance(person, person, "1")


def test_a_recount_from_bare_answers_says_the_same_of_ether(pulled: Pulled) -> None:
    """Once more against rules that share nothing with ours."""
    entries = ether_recounted(lambda method, *params: pulled.rpc.answer(method, params), pulled.truth.number)
    book = moved(pulled.store)
    for one, kinds in entries.items():
        if one != EMPTY:
            own = kinds["in"] - kinds["out"] - kinds["fees"]
            own += kinds["rewards"] if "trace_filter" not in pulled.rpc.limits.off else kinds["withdrawals"]
            assert book[one, ""] == own, one
