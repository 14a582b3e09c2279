"""Traces: the money rule, against real blocks with a recount, and on random trees against a plain definition."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.codecs import chain_of
from cryptotrace.errors import InputError
from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources.evm import Place, frames_of_items, frames_of_tree, incomplete, read_call_tree, read_trace_items

ETHEREUM = chain_of("ethereum")
WHEN = datetime(2022, 6, 21, tzinfo=UTC)
A, B, C, NULL = (f"0x{digits * 20}" for digits in ("aa", "bb", "cc", "00"))
TX = "0x" + "17" * 32
PLACE = Place(tx_hash=TX, block=16, tx_index=2, time=WHEN)
MOVING = {"CALL", "CREATE", "CREATE2", "SELFDESTRUCT"}


def rows(batch: Batch) -> list[dict[str, Any]]:
    return [dict(zip(WIDE["transfers"].names, row, strict=True)) for row in batch.rows.get("transfers", ())]


def call(value: int = 0, *inner: Any, kind: str = "CALL", sender: str = A, to: str | None = B, **facts: Any) -> dict[str, Any]:
    cells = {"type": kind, "from": sender, "to": to, "value": hex(value), "gas": "0x1", "input": "0x", **facts}
    return {**cells, "calls": list(inner)} if inner else cells


def payments(tree: Any) -> list[tuple[str | None, int, bool]]:
    return [(row["trace_path"], row["amount"], row["ok"]) for row in rows(read_call_tree(tree, ETHEREUM, PLACE))]


# -- the rule ------------------------------------------------------------------------------------------------------------


def test_the_outermost_frame_is_the_value_of_the_transaction_and_is_left_out():
    assert payments(call(5)) == []
    assert payments(call(5, call(3), call(0), call(2))) == [("0", 3, True), ("2", 2, True)]


@pytest.mark.parametrize(
    ("kind", "moves"),
    [
        *((kind, True) for kind in sorted(MOVING)),
        ("DELEGATECALL", False),
        ("CALLCODE", False),
        ("STATICCALL", False),
    ],
)
def test_only_four_kinds_of_call_move_value(kind, moves):
    assert payments(call(9, call(3, kind=kind))) == ([("0", 3, True)] if moves else [])


def test_an_error_undoes_everything_inside_whatever_it_says_of_itself():
    tree = call(1, call(2, call(3), call(0, call(4)), error="out of gas"), call(5, call(6)))
    assert payments(tree) == [("0", 2, False), ("0_0", 3, False), ("0_1_0", 4, False), ("1", 5, True), ("1_0", 6, True)]
    assert [ok for _, _, ok in payments(call(1, call(5, call(6)), error="execution reverted"))] == [False, False]


def test_a_row_says_who_pays_whom_where_and_how():
    (row,) = rows(read_call_tree(call(9, call(3, kind="SELFDESTRUCT", sender=B, to=C)), ETHEREUM, PLACE, listing=4))
    wanted = {
        "kind": "internal", "sender": B, "receiver": C, "amount": 3, "call_type": "suicide", "block": 16, "tx_index": 2,
        "time": WHEN, "tx_hash": TX, "contract": None, "symbol": "ETH", "decimals": 18, "listing": 4, "input_row": None,
    }  # fmt: skip
    assert {name: row[name] for name in wanted} == wanted
    (row,) = rows(read_call_tree(call(9, call(3)), ETHEREUM, PLACE, paths=False))
    assert row["trace_path"] is None


def test_a_creation_that_failed_has_no_receiver():
    (row,) = rows(read_call_tree(call(9, call(3, kind="CREATE", to=None, error="revert")), ETHEREUM, PLACE))
    assert (row["receiver"], row["ok"]) == (None, False)


def test_a_deep_tree_is_read_without_recursion_and_an_endless_one_is_refused():
    tree = call(1)
    for _ in range(1_000):
        tree = call(1, tree)
    assert len(payments(tree)) == 1_000
    for _ in range(1_000):
        tree = call(1, tree)
    with pytest.raises(InputError, match="too deep"):
        payments(tree)


@pytest.mark.parametrize(
    "tree",
    [
        None,
        call(5, call(3, kind="TELEPORT")),
        call(5, call(3, kind=7)),
        call(5, call(3, to=None)),
        call(5, call(3, sender="0x1")),
        call(5, call(10**38)),
        call(5, {**call(3), "value": "three"}),
        call(5, {**call(3), "value": True}),
        {**call(5), "calls": {"0": call(3)}},
        call(5, "call"),
    ],
)
def test_what_is_no_tree_of_calls_is_refused_whole(tree):
    with pytest.raises(InputError):
        payments(tree)


# -- random trees --------------------------------------------------------------------------------------------------------

kinds = st.sampled_from(sorted(MOVING | {"DELEGATECALL", "STATICCALL", "CALLCODE"}))
leaves = st.builds(call, st.integers(0, 3), kind=kinds, error=st.sampled_from([None, None, None, "reverted"]))
trees = st.recursive(
    leaves,
    lambda inner: st.builds(
        lambda value, kind, error, calls: call(value, *calls, kind=kind, error=error),
        st.integers(0, 3), kinds, st.sampled_from([None, None, None, "reverted"]), st.lists(inner, max_size=4),
    ),
    max_leaves=25,
)  # fmt: skip


def plainly(tree: dict[str, Any], path: tuple[int, ...] = (), *, undone: bool = False) -> list[tuple[str, int, bool]]:
    """Give the payments by the words of the rule."""
    undone = undone or tree.get("error") is not None
    value = int(tree["value"], 16)
    found = [("_".join(map(str, path)), value, not undone)] if path and value and tree["type"] in MOVING else []
    for number, inner in enumerate(tree.get("calls", ())):
        found += plainly(inner, (*path, number), undone=undone)
    return found


def items_of(tree: dict[str, Any], path: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    """Write a tree as ``trace_transaction`` does."""
    kind, facts = tree["type"], {"from": tree["from"], "value": tree["value"]}
    item: dict[str, Any] = {
        "transactionHash": TX, "blockNumber": 16, "transactionPosition": 2, "traceAddress": list(path), "result": {},
        "subtraces": len(tree.get("calls", ())),
    }  # fmt: skip
    if kind == "SELFDESTRUCT":
        item |= {"type": "suicide", "result": None}
        item["action"] = {"address": tree["from"], "refundAddress": tree["to"], "balance": tree["value"]}
    elif kind.startswith("CREATE"):
        item |= {"type": "create", "result": {"address": tree["to"]}, "action": {**facts, "creationMethod": kind.lower()}}
    else:
        item |= {"type": "call", "action": {**facts, "to": tree["to"], "callType": kind.lower()}}
    if tree.get("error") is not None:
        item |= {"error": tree["error"], "result": None}
    return [item, *(one for at, inner in enumerate(tree.get("calls", ())) for one in items_of(inner, (*path, at)))]


@given(trees, st.randoms(use_true_random=False))
def test_trees_and_items_in_any_order_give_the_payments_of_the_plain_rule(tree, dice):
    truth = sorted(plainly(tree))
    assert sorted(payments(tree)) == truth
    items = items_of(tree)
    dice.shuffle(items)
    batch, unknown = read_trace_items(items, ETHEREUM, times={16: WHEN})
    assert not unknown
    assert not batch.rejects
    assert sorted((row["trace_path"], row["amount"], row["ok"]) for row in rows(batch)) == truth


@given(trees, st.data())
def test_items_that_lack_an_outer_call_are_never_believed(tree, data):
    items = items_of(tree)
    lost = data.draw(st.integers(0, len(items) - 1))
    rest = [*items[:lost], *items[lost + 1 :]]
    has_inner = any(item["traceAddress"][: len(items[lost]["traceAddress"])] == items[lost]["traceAddress"] for item in rest)
    batch, unknown = read_trace_items(rest, ETHEREUM, times={16: WHEN})
    assert unknown == (frozenset({TX}) if has_inner else frozenset())
    if has_inner:
        assert rows(batch) == []
        assert incomplete(frames_of_items(rest, ETHEREUM)[TX, 16, 2])
    assert not incomplete(frames_of_tree(tree, ETHEREUM))


# -- items ---------------------------------------------------------------------------------------------------------------


def reward(kind: str = "block", **facts: Any) -> dict[str, Any]:
    return {
        "type": "reward", "action": {"author": A, "rewardType": kind, "value": "0x1bc16d674ec80000"}, "blockNumber": 16,
        "transactionHash": None, "transactionPosition": None, "traceAddress": [], "result": None, **facts,
    }  # fmt: skip


def test_a_reward_is_typed_and_is_no_payment():
    batch, unknown = read_trace_items([reward()], ETHEREUM, times={16: WHEN})
    (row,) = rows(batch)
    assert not unknown
    assert (row["kind"], row["sender"], row["receiver"], row["amount"]) == ("reward", NULL, A, 2 * 10**18)
    assert (row["tx_hash"], row["block"], row["time"]) == (f"reward_16_{A}", 16, WHEN)


@pytest.mark.parametrize(
    ("item", "unknown"),
    [
        ("item", set()),
        ({**items_of(call(5))[0], "action": None}, {TX}),
        ({**items_of(call(5))[0], "type": "dream"}, {TX}),
        ({**items_of(call(5))[0], "traceAddress": "0"}, {TX}),
        ({**items_of(call(5))[0], "transactionPosition": None}, {TX}),
        ({**items_of(call(5))[0], "blockNumber": 17}, {TX}),
        ({**items_of(call(5))[0], "transactionHash": None}, set()),
        (reward(action=None), set()),
        (reward(blockNumber=17), set()),
    ],
)
def test_a_damaged_item_is_rejected_and_nothing_of_its_transaction_is_believed(item, unknown):
    good = [{**one, "transactionHash": "0x" + "18" * 32} for one in items_of(call(5, call(3)))]
    batch, found = read_trace_items([*items_of(call(5, call(4)))[1:], item, *good], ETHEREUM, times={16: WHEN}, file="there")
    assert [row["amount"] for row in rows(batch)] == [3]
    assert found == {TX}
    assert [reject.file for reject in batch.rejects] == ["there"]
    assert unknown <= found


# -- real blocks ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported(shared_data: Path) -> list[dict[str, str]]:
    with (shared_data / "ethereum_block_15000000" / "traces.csv").open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["blockId"] != "0"]


@pytest.fixture(scope="module")
def positions(shared_data: Path) -> dict[str, int]:
    with (shared_data / "ethereum_block_15000000" / "transactions.csv").open(newline="") as file:
        return {row["txHash"]: int(row["transactionIndex"]) for row in csv.DictReader(file)}


def node_item(row: dict[str, str], positions: dict[str, int]) -> dict[str, Any]:
    """Write a trace of the export as ``trace_block`` does."""
    kind, *_ = row["traceId"].split("_")
    value, failed = hex(int(Decimal(row["value"] or 0))), row["status"] != "1"
    item: dict[str, Any] = {"type": kind, "blockNumber": int(row["blockId"]), "result": None, "traceAddress": []}
    if kind == "reward":
        return item | {"action": {"author": row["toAddress"], "rewardType": "block", "value": value}}
    path = [int(step) for step in row["traceId"].split("_", 2)[2].split("_") if step]
    item |= {"traceAddress": path, "transactionHash": row["txHash"], "transactionPosition": positions.get(row["txHash"], 0)}
    item |= {"error": "Reverted"} if failed else {}
    if kind == "suicide":
        action = {"address": row["fromAddress"], "refundAddress": row["toAddress"], "balance": value}
    elif kind == "create":
        action = {"from": row["fromAddress"], "value": value, "init": "0x"}
        item |= {"result": None if failed else {"address": row["toAddress"]}}
    else:
        action = {"from": row["fromAddress"], "to": row["toAddress"], "value": value, "callType": row["callType"]}
    return item | {"action": action}


def recount(exported: list[dict[str, str]]) -> tuple[Counter[str], int]:
    """Sum what each transaction paid inside, by the rule, without our code; and the number of payments."""
    failed = {row["traceId"].split("_", 1)[1].rstrip("_") for row in exported if row["txHash"] and row["status"] != "1"}
    sums: Counter[str] = Counter()
    count = 0
    for row in exported:
        kind, value = row["traceId"].split("_")[0], int(Decimal(row["value"] or 0))
        place = row["traceId"].split("_", 1)[1].rstrip("_")
        outer = [place.rsplit("_", depth)[0] for depth in range(place.count("_") + 1)]
        moves = kind in ("create", "suicide") or (kind == "call" and row["callType"] == "call")
        if row["txHash"] and value and moves and place.count("_") and not failed.intersection(outer):
            sums[row["txHash"]] += value
            count += 1
    return sums, count


def test_the_traces_of_real_blocks_give_the_payments_of_a_recount(exported, positions):
    numbers = {int(row["blockId"]) for row in exported}
    items = [node_item(row, positions) for row in exported]
    batch, unknown = read_trace_items(items, ETHEREUM, times=dict.fromkeys(numbers, WHEN))
    sums: Counter[str] = Counter()
    for row in rows(batch):
        if row["kind"] == "internal" and row["ok"]:
            sums[row["tx_hash"]] += row["amount"]
    wanted, count = recount(exported)
    # The excerpt holds three transactions without their outermost call; nothing moved in them.
    assert len(unknown) == 3
    assert {row["value"] for row in exported if row["txHash"] in unknown} == {"0"}
    assert not batch.rejects
    assert sums == wanted
    assert sum(row["kind"] == "internal" and row["ok"] for row in rows(batch)) == count
    found = Counter((row["kind"], row["ok"]) for row in rows(batch))
    assert found == FOUND


FOUND = {("internal", True): 441, ("internal", False): 7, ("reward", True): 90}
