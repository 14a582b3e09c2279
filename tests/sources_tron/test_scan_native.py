"""Rows of Tronscan's transactions and internal transactions: what is told becomes rows, what is not told is never guessed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tron_pulls import events_of, rows_of

from cryptotrace.errors import MalformedAnswer
from cryptotrace.sources.tron.scan_lists import INNER, SIGNED, check_rows
from cryptotrace.sources.tron.scan_native import scan_native_of
from cryptotrace.sources.tron.scan_rows import _worked
from cryptotrace.sources.tron.transactions import transactions_of
from cryptotrace.sources.tron.tronscan import Tronscan
from cryptotrace.testing._rows import TransferRow
from cryptotrace.testing.explorers import FakeTronGrid, random_tron
from cryptotrace.testing.explorers._tron_rows import native_row
from cryptotrace.testing.explorers._tronscan_rows import LISTS

A, B, C = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "TPiqEVV4UpHpxGm6HHQZ4edQDgHGmQfUwi", "TC14SThUTByXgYeDn4TX16FkNc7EwZUZSB"
HASH, OTHER = "ab" * 32, "cd" * 32
_FEW = 20
"""Longer lists may become columns, in another order."""
TRX = {"tokenId": "_", "tokenAbbr": "trx", "tokenDecimal": 6, "tokenType": "trc10"}


def signed(number: int = 1, values: Any = None, **cells: Any) -> dict[str, Any]:
    """A transaction in the shape of a recorded one; values are those of its contract."""
    values = {"amount": 7, "to_address": B} if values is None else values
    return {
        "block": 86_752_844, "hash": HASH, "timestamp": 1_790_931_150_000, "ownerAddress": A, "toAddressList": [B],
        "toAddress": B, "contractType": number, "confirmed": True, "revert": False,
        "contractData": {"owner_address": A, **values}, "id": "", "data": "", "fee": "", "contractRet": "SUCCESS",
        "result": "SUCCESS", "amount": "7", "cost": {"net_fee": 0, "fee": 279_000, "energy_fee": 0}, "tokenInfo": TRX, **cells,
    }  # fmt: skip


def called(values: Any = None, **cells: Any) -> dict[str, Any]:
    """A call of a contract that hands over 7 sun."""
    values = {"data": "", "contract_address": B, "call_value": 7} if values is None else values
    info = {"methodId": "7ff36ab5", "call_value": 7, "contract_address": B}
    return signed(31, values, **{"trigger_info": info, **cells})


def inner(**cells: Any) -> dict[str, Any]:
    """An internal transaction in the shape of a recorded one."""
    return {
        "from": B, "to": C, "block": 86_704_591, "hash": HASH, "internal_hash": OTHER, "timestamp": 1_790_786_337_000,
        "rejected": False, "confirmed": True, "result": "SUCCESS", "revert": False, "note": "call",
        "token_list": {"token_id": "_", "call_value": 1, "tokenInfo": TRX},
        "valueInfoList": [{"callValue": 1, "tokenInfo": TRX}], "token_id": "_", "call_value": 1, "voteCount": 0, **cells,
    }  # fmt: skip


def without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def money(*rows: Any) -> dict[tuple[Any, ...], int]:
    batch = scan_native_of(rows, file="f")
    assert not batch.rejects, batch.rejects
    return {(row[1], *row[2:]): count for row, count in rows_of([batch]).items()}


FEE = ("fee", A, None, None, 279_000, True)


def test_what_recorded_answers_show_becomes_the_movements_that_they_tell():
    assert money(signed()) == {("native", A, B, None, 7, True): 1, FEE: 1}
    asset = {"amount": 7, "asset_name": "1005118", "to_address": B, "tokenInfo": {}}
    assert money(signed(2, asset)) == {("token", A, B, "1005118", 7, True): 1, FEE: 1}
    assert money(called()) == {("native", A, B, None, 7, True): 1, FEE: 1}
    assert money(signed(57, {"balance": 10**6, "resource": "ENERGY", "receiver_address": B}, amount="0")) == {FEE: 1}
    assert money(inner()) == {("internal", B, C, None, 1, True): 1}
    both = [{"callValue": 5, "tokenInfo": {"tokenId": "1002000"}}, {"callValue": 1, "tokenInfo": TRX}]
    assert money(inner(valueInfoList=both)) == {
        ("internal", B, C, "1002000", 5, True): 1, ("internal", B, C, None, 1, True): 1,
    }  # fmt: skip


def test_a_failed_transaction_burns_its_fee_and_moves_nothing():
    for row in (signed(contractRet="OUT_OF_ENERGY", result="FAIL"), called(contractRet="REVERT", result="FAIL")):
        assert money(row) == {("native", A, B, None, 7, False): 1, FEE: 1}
    assert money(inner(rejected=True)) == {}
    assert money(inner(result="REVERT")) == {}
    assert money(signed(cost={"fee": 0})) == {("native", A, B, None, 7, True): 1}


def test_a_call_that_pays_nothing_leaves_its_value_out_and_names_its_method():
    info = {"methodId": "a9059cbb", "call_value": 0}
    values = {"data": "", "contract_address": B}
    for row in (called(values, trigger_info=info), without(called(values, amount="0"), "trigger_info")):
        assert money(row) == {FEE: 1}
    batch = scan_native_of([called(values, trigger_info=info)], file="f")
    assert batch.rows["transactions"][0][9] == "0xa9059cbb"
    # beside a call stands the amount of a token, which is no TRX
    assert money(called(values, trigger_info=info, amount="178000000")) == {FEE: 1}


def test_a_stake_of_a_contract_is_no_payment():
    batch = scan_native_of([inner(note="delegateResourceOfEnergy")], file="f")
    assert not rows_of([batch])
    assert [event["kind"] for event in events_of([batch])] == ["resource"]


@pytest.mark.parametrize(
    "row",
    [
        5, signed(confirmed=False), without(signed(), "confirmed"), signed(revert=True), signed(7), signed(None), signed(True),
        without(signed(), "contractData"), signed(ownerAddress=C), without(signed(), "contractRet"), signed(result="FAIL"),
        without(signed(), "cost"), signed(cost={}), signed(cost={"fee": -1}), signed(cost={"fee": 1.5}), signed(amount="8"),
        without(signed(), "amount"), signed(toAddress=C), signed(1, {"to_address": B}), signed(hash="x"), signed(timestamp="1"),
        signed(ownerAddress=A[:-1] + "u"), called(trigger_info={"call_value": 8}), called(toAddress=C),
        without(called({"data": "", "contract_address": B}), "trigger_info"),
        called({"data": "", "contract_address": B}), signed(30, {"bytecode": "60"}),
        signed(30, {"new_contract": {"call_value": 7}}, toAddress=A),
        signed(30, {"new_contract": {"call_value": 7}}, toAddress=""),
        inner(confirmed=False), inner(revert=True), without(inner(), "rejected"), inner(rejected="false"),
        without(inner(), "result"), without(inner(), "note"), inner(note=""), inner(note=None),
        without(inner(), "valueInfoList", "call_value"), inner(call_value=2), inner(valueInfoList=[]),
        inner(valueInfoList=5), inner(valueInfoList=[5]), inner(valueInfoList=[{"callValue": 1}]), inner(token_id=None),
        inner(to=""), inner(call_value=-1), inner(internal_hash=OTHER, hash=None),
    ],
)  # fmt: skip
def test_what_is_not_told_or_is_told_in_two_ways_is_rejected_whole_and_never_an_amount(row):
    batch = scan_native_of([row, signed(hash=OTHER)], file="f")
    assert len(batch.rejects) == 1
    assert {found[0] for found in rows_of([batch])} == {OTHER}


def test_a_new_contract_that_is_paid_is_named_by_the_row():
    row = signed(30, {"new_contract": {"call_value": 7, "bytecode": "60"}})
    assert money(row) == {("native", A, B, None, 7, True): 1, FEE: 1}


def test_values_without_their_list_are_read_from_the_row():
    assert money(without(inner(), "valueInfoList", "token_list")) == {("internal", B, C, None, 1, True): 1}
    assert money(without(inner(call_value=0, note=None), "valueInfoList")) == {}


def test_a_row_that_is_here_twice_counts_once():
    assert money(signed(), signed(), inner(), inner()) == money(signed(), inner())


@pytest.mark.parametrize("seed", range(20))
def test_every_row_is_read_as_that_of_trongrid_is(seed):
    world = random_tron(seed, transactions=60, addresses=3)
    index = FakeTronGrid(world).index
    for items in index.native.values():
        pairs = [(native_row(item, nested=False), _as_scan(item, index)) for item in items]
        for at in range(0, len(pairs), _FEW):
            mine = scan_native_of([row for _, row in pairs[at : at + _FEW]], file="f")
            theirs = transactions_of([row for row, _ in pairs[at : at + _FEW]], file="f")
            assert (mine.rows, mine.rejects) == (theirs.rows, ())
            assert not theirs.tables


def _as_scan(item: Any, index: Any) -> Any:
    path = "/transaction" if item.row is None else "/internal-transaction"
    assert item.row is None or isinstance(item.row, TransferRow | tuple)
    row = LISTS[path].row(item, index)
    return json.loads(json.dumps(row))


def test_rows_that_cannot_be_an_answer_are_refused():
    at = 1_790_931_150_000
    check_rows(SIGNED, [signed()], B, at, at, 1, "w")
    check_rows(SIGNED, [signed(toAddress=C, toAddressList=[C, B])], B, at, at, 1, "w")
    for of, rows, who, last, most in (
        (SIGNED, [signed()], C, at, 1), (SIGNED, [signed(), signed()], A, at, 2), (SIGNED, [signed()], A, at - 1, 1),
        (SIGNED, [signed()], A, at, 0), (INNER, [inner(), inner()], B, at, 2), (SIGNED, [5], A, at, 1),
    ):  # fmt: skip
        with pytest.raises(MalformedAnswer):
            check_rows(of, rows, who, at - 10**9 if of is INNER else min(at, last), last, most, "w")


def test_a_row_without_a_name_that_is_text_is_refused():
    for of, row, who in ((SIGNED, signed(hash=[]), A), (INNER, inner(internal_hash={}), B)):
        with pytest.raises(MalformedAnswer, match="without a name"):
            check_rows(of, [row], who, 0, 2 * 10**12, 1, "w")


def test_a_stamp_of_another_list_in_a_row_does_not_take_it_out_of_its_window():
    row = signed(block_ts=0)

    class OneRow:
        """Reads one list."""

        def rows(self, of, start, end):
            return [row] if of is SIGNED else []

    found = Tronscan("tron", None)._window(OneRow(), "native", 0, 2 * 10**12)
    assert found == [row]


def test_a_row_of_tokens_whose_outcome_is_no_text_failed():
    assert not _worked({"contractRet": []})
    assert _worked({"contractRet": "SUCCESS", "revert": False})
