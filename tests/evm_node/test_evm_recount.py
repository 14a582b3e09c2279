"""The node's traces, logs and receipts add up to the state that the transactions left; in process, without HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from evm_frames import Frame
from evm_recount import Ask, ether_balance, ether_recounted, flat_moves, tree_moves, units_recounted
from evm_rpc import EvmRpc
from evm_truth import EvmTruth, truth_of
from evm_world import ETHER, EvmWorld, build_world

SEEDS = (7, 11, 12)
TOKENS = ("token", "fee_token", "wrapped")


@cache
def small(seed: int) -> EvmWorld:
    return build_world(seed, transactions=20, merge=12)


@pytest.fixture(params=SEEDS)
def world(request: pytest.FixtureRequest, evm_world: EvmWorld) -> EvmWorld:
    return evm_world if request.param == evm_world.seed else small(request.param)


def asking(world: EvmWorld) -> Ask:
    rpc = EvmRpc(world.chain)
    return lambda method, *params: rpc.answer(method, params)


def frames(frame: Frame, failed: bool = False) -> Iterator[tuple[Frame, bool]]:
    """Each frame, and whether it or a frame above it failed."""
    failed = failed or frame.error is not None
    yield frame, failed
    for child in frame.children:
        yield from frames(child, failed)


def all_frames(world: EvmWorld) -> list[tuple[Frame, bool, bool]]:
    """Frame, undone, is the root."""
    roots = [done.frame for mined in world.chain.mined for done in mined.done]
    return [(frame, undone, frame is root) for root in roots for frame, undone in frames(root)]


def unexplained(truth: EvmTruth, book: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Accounts whose entries do not lead to their balance, with what is missing."""
    off = {one: wei - ether_balance(truth.opening.get(one, 0), book.get(one, {})) for one, wei in truth.ether.items()}
    return {one: wei for one, wei in off.items() if wei}


@pytest.mark.parametrize("flat", [False, True], ids=["callTracer", "trace_filter"])
def test_every_account_has_opening_and_in_less_out_and_fees(world: EvmWorld, flat: bool) -> None:
    truth = truth_of(world)
    book = ether_recounted(asking(world), truth.number, flat=flat)
    assert unexplained(truth, book) == {}
    assert set(book) <= set(truth.ether)
    assert sum(truth.ether.values()) > ETHER


def test_the_equation_holds_after_every_fifth_block_too(world: EvmWorld) -> None:
    for number in range(0, world.chain.head, 5):
        truth = truth_of(world, number)
        assert unexplained(truth, ether_recounted(asking(world), number)) == {}, number


def test_no_account_is_forgotten_and_only_base_fees_vanish(world: EvmWorld) -> None:
    truth = truth_of(world)
    total = sum(truth.ether.values())
    assert world.chain.wei_in_state() == total
    came = sum(sum(part.values()) for part in (truth.opening, truth.rewards, truth.withdrawals))
    assert total == came - truth.burnt
    assert sum(truth.fees.values()) == truth.burnt + sum(truth.tips.values())


def test_what_no_transaction_explains_is_typed_the_same_way(world: EvmWorld) -> None:
    truth = truth_of(world)
    book = ether_recounted(asking(world), truth.number)
    for kind, told in (
        ("rewards", truth.rewards),
        ("withdrawals", truth.withdrawals),
        ("tips", truth.tips),
        ("fees", truth.fees),
    ):
        assert {one: entries[kind] for one, entries in book.items() if entries[kind]} == {k: v for k, v in told.items() if v}, (
            kind
        )
        assert any(told.values()), kind


def test_tokens_that_log_all_they_do_add_up(world: EvmWorld) -> None:
    truth = truth_of(world)
    for token in TOKENS:
        counted = units_recounted(asking(world), world.tokens[token], truth.number)
        assert +counted == Counter(truth.tokens[token]) - Counter(), token
        assert sum(1 for units in truth.tokens[token].values() if units) >= 3, token


def test_wrapped_ether_is_backed_and_the_rest_was_forced_on_it(world: EvmWorld) -> None:
    truth = truth_of(world)
    wrapped = world.tokens["wrapped"]
    held = sum(truth.tokens["wrapped"].values())
    ends = [frame for frame, undone, _ in all_frames(world) if frame.kind == "SELFDESTRUCT" and not undone]
    forced = sum(frame.value for frame in ends if frame.to == wrapped)
    assert truth.ether[wrapped] == held + forced


def test_the_quiet_token_is_off_by_its_fees_and_by_nothing_else(world: EvmWorld) -> None:
    truth = truth_of(world)
    address, held = world.tokens["quiet_token"], truth.tokens["quiet_token"]
    off: Counter[str] = Counter()
    for log in asking(world)("eth_getLogs", {"fromBlock": "0x0", "address": address}):
        sender, receiver = ("0x" + topic[-40:] for topic in log["topics"][1:])
        if int(sender, 16):  # the first one is the issue, which has no fee
            fee = int(log["data"], 16) * 300 // 10_000
            off[receiver] -= fee
            off[world.cold[1]] += fee
    counted = units_recounted(asking(world), address, truth.number)
    assert {one: held[one] - counted[one] for one in held if held[one] != counted[one]} == {k: v for k, v in off.items() if v}
    assert any(off.values())


def test_both_shapes_of_traces_hold_the_same_movements(world: EvmWorld) -> None:
    ask = asking(world)
    trees: Counter[tuple[str, str, int]] = Counter()
    for mined in world.chain.mined:
        for done in mined.done:
            trees.update(tree_moves(ask("debug_traceTransaction", done.signed.hash, {"tracer": "callTracer"})))
    items: list[dict[str, Any]] = ask("trace_filter", {"fromBlock": "0x0", "toBlock": hex(world.chain.head)})
    assert trees == Counter(move for move in flat_moves(items) if move[2])
    assert sum(trees.values()) >= 15


def test_one_lost_inner_payment_leaves_its_two_accounts_unexplained(evm_world: EvmWorld) -> None:
    truth = truth_of(evm_world)
    whole = ether_recounted(asking(evm_world), truth.number)
    moving = {"CALL", "CREATE", "SELFDESTRUCT"}
    lasting = [
        frame
        for frame, undone, root in all_frames(evm_world)
        if frame.value and frame.kind in moving and not root and not undone and frame.sender != frame.to
    ]
    assert len(lasting) >= 20
    for frame in lasting:
        book = {one: Counter(entries) for one, entries in whole.items()}
        book[frame.sender]["out"] -= frame.value
        book[frame.to]["in"] -= frame.value
        assert unexplained(truth, book) == {frame.sender: -frame.value, frame.to: frame.value}


def test_a_history_has_every_trap(world: EvmWorld) -> None:
    found = all_frames(world)
    roots = [frame for frame, _, root in found if root]
    assert any(undone and frame.error is None and frame.value for frame, undone, root in found if not root), (
        "undone without an error"
    )
    assert any(frame.error and not undone_root.error for undone_root in roots for frame in undone_root.children), "caught"
    assert any(frame.kind == "DELEGATECALL" and frame.value for frame, _, _ in found), "a delegated call that repeats a value"
    assert any(frame.kind == "CREATE" and frame.value and root for frame, _, root in found), "born with ether by a person"
    assert any(frame.kind == "CREATE" and frame.value and not root for frame, _, root in found), "born with ether by a contract"
    assert any(frame.kind == "SELFDESTRUCT" and frame.value for frame, _, _ in found)
    assert {frame.error for frame in roots} == {None, "execution reverted", "out of gas"}
    assert {done.signed.fields.get("type", 0) for mined in world.chain.mined for done in mined.done} == {0, 1, 2}
    assert any(mined.reward for mined in world.chain.mined)
    assert any(mined.withdrawals for mined in world.chain.mined)
    assert any(not mined.done for mined in world.chain.mined[1:]), "an empty block"
    assert world.ended
    assert all(not world.chain.code(one) for one in world.ended)


def test_the_same_seed_gives_the_same_chain() -> None:
    again = build_world(11, transactions=20, merge=12)
    assert truth_of(again) == truth_of(small(11))
    assert truth_of(small(12)).blocks[-1] != truth_of(again).blocks[-1]
