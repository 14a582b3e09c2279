"""What single rows of TRON mean."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tron_pulls import events_of, rows_of

from cryptotrace.codecs import parse_address
from cryptotrace.errors import InputError, MalformedAnswer, NotIndexedYet
from cryptotrace.schema import WIDE
from cryptotrace.sources.tron.events import EVENT_NAMES
from cryptotrace.sources.tron.events import events_of as read_events
from cryptotrace.sources.tron.receipts import receipt_of
from cryptotrace.sources.tron.spelling import address, asset_id, in_word, moment, note_text, sun, tx_name
from cryptotrace.sources.tron.transactions import transactions_of
from cryptotrace.sources.tron.trc20 import trc20_of
from cryptotrace.testing.explorers.tron_worlds import hex41, tron_address

USDT = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
A, B, C = (tron_address(bytes([number]) * 20) for number in (1, 2, 3))
STAMP = 1_700_000_000_000
NAME = "ab" * 32


def signed(kind: str = "TransferContract", *, value: Any = None, **cells: Any) -> dict[str, Any]:
    value = {"owner_address": hex41(A), "to_address": hex41(B), "amount": 7} if value is None else value
    contract = {"parameter": {"value": value}, "type": kind}
    return {
        "ret": [{"contractRet": "SUCCESS", "fee": 0}], "txID": NAME, "blockNumber": 5, "block_timestamp": STAMP,
        "raw_data": {"contract": [contract], "data": "ff" * 40}, "internal_transactions": [], **cells,
    }  # fmt: skip


def internal(**cells: Any) -> dict[str, Any]:
    data = {"note": "63616c6c", "rejected": False, "call_value": {"_": 9}}
    return {
        "internal_tx_id": "cd" * 32, "tx_id": NAME, "block_timestamp": STAMP, "from_address": hex41(B),
        "to_address": hex41(C), "data": data, **cells,
    }  # fmt: skip


def token(**cells: Any) -> dict[str, Any]:
    info = {"symbol": "USDT", "address": USDT, "decimals": 6, "name": "Tether USD"}
    return {
        "transaction_id": NAME, "token_info": info, "block_timestamp": STAMP, "from": A, "to": B, "type": "Transfer",
        "value": "10", **cells,
    }  # fmt: skip


def moves(rows: list[Any]) -> Counter[tuple[Any, ...]]:
    return Counter({row[1:]: n for row, n in rows_of([transactions_of(rows, file="f")]).items()})


# -- spelling --------------------------------------------------------------------------------------


@given(st.binary(min_size=20, max_size=20))
def test_five_spellings_and_two_words_are_one_address(key):
    text = tron_address(key)
    for spelled in (text, f"41{key.hex()}", f"0x{key.hex()}", f"0x41{key.hex()}", key.hex()):
        assert parse_address(spelled, "tron") == address(spelled, "x") == text
    assert in_word(key.hex().rjust(64, "0")) == in_word(f"41{key.hex()}".rjust(64, "0")) == text
    assert hex41(text) == f"41{key.hex()}"


@given(st.binary(min_size=20, max_size=20), st.integers(0, 33), st.sampled_from("23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefg"))
def test_one_wrong_letter_is_refused_and_not_mended(key, place, letter):
    text = tron_address(key)
    wrong = text[:place] + letter + text[place + 1 :]
    if wrong == text:
        assert address(wrong, "x") == text
        return
    with pytest.raises(InputError):
        address(wrong, "from")
    batch = trc20_of([token(to=wrong)], file="f")
    assert len(batch) == len(batch.rejects) == 1
    assert len(trc20_of([token()] * 60 + [token(to=wrong)], file="f").rejects) == 1


@pytest.mark.parametrize("word", ["0" * 63, "f" * 64, "0" * 22 + "42" + "1" * 40, "0" * 24 + "g" * 40, ""])
def test_a_word_that_holds_more_or_less_than_an_address_is_refused(word):
    with pytest.raises(InputError):
        in_word(word)


@pytest.mark.parametrize("text", [None, 5, "", "0x", "ab" * 31, "zz" * 32, "ab" * 33])
def test_what_is_no_hash_is_refused(text):
    with pytest.raises(InputError):
        tx_name(text, "txID")


def test_hashes_are_in_lower_case_without_prefix():
    assert tx_name("0x" + "AB" * 32, "x") == tx_name("ab" * 32, "x") == "ab" * 32


@pytest.mark.parametrize("stamp", [None, "1700000000000", 1.7e12, True, 0, -1, 1_700_000_000, 10**14])
def test_a_time_that_is_no_moment_in_ms_is_refused(stamp):
    with pytest.raises(InputError):
        moment(stamp)


def test_milliseconds_are_kept():
    assert moment(STAMP + 1).microsecond == 1_000


@pytest.mark.parametrize("amount", [-1, 1.0, "1e3", "-1", "", None, True, 10**38, "\u0667"])
def test_what_is_no_amount_is_refused(amount):
    with pytest.raises(InputError):
        sun(amount, "x")


@pytest.mark.parametrize("name", ["SEED", "", None, "0123456", "53454544", "10020001", "../x"])
def test_a_trc10_token_without_a_number_is_refused(name):
    with pytest.raises(InputError):
        asset_id(name)


def test_words_of_internal_transactions_are_read_plainly_and_in_hex():
    assert [note_text(text) for text in ("call", "63616c6c", None, "\x1b", 5, "x" * 500)] == [
        "call", "call", "", "unknown", "unknown", "unknown",
    ]  # fmt: skip


# -- transactions ----------------------------------------------------------------------------------


def test_a_failed_transaction_moves_nothing_and_pays_its_fee():
    rows = [signed(ret=[{"contractRet": "OUT_OF_ENERGY", "fee": 3}])]
    assert moves(rows) == {("native", A, B, None, 7, False): 1, ("fee", A, None, None, 3, True): 1}


@pytest.mark.parametrize(
    ("ret", "ok"),
    [
        ({"contractRet": "SUCCESS"}, True), ({"code": "SUCESS"}, True), ({}, True), ({"contractRet": "REVERT"}, False),
        ({"contractRet": "OUT_OF_TIME"}, False), ({"code": "FAILED"}, False), ({"contractRet": None}, False),
        ({"code": "SUCESS", "contractRet": "REVERT"}, False),
    ],
)  # fmt: skip
def test_only_success_moves_value(ret, ok):
    assert moves([signed(ret=[ret])]) == {("native", A, B, None, 7, ok): 1}


def test_a_fee_is_what_the_outcome_says_else_the_sum_of_its_parts():
    assert (
        moves([signed(ret=[{"contractRet": "SUCCESS", "fee": 5}], net_fee=2, energy_fee=2)])["fee", A, None, None, 5, True] == 1
    )
    assert moves([signed(ret=[{"contractRet": "SUCCESS"}], net_fee=2, energy_fee=2)])["fee", A, None, None, 4, True] == 1
    batch = transactions_of([signed(ret=[{"contractRet": "SUCCESS"}])], file="f")
    assert batch.rows["transactions"][0][WIDE["transactions"].names.index("fee")] is None


def test_trc10_and_call_values_are_moved_with_the_call():
    value = {
        "owner_address": hex41(A),
        "contract_address": hex41(B),
        "call_value": 4,
        "call_token_value": 6,
        "token_id": 1002000,
    }
    assert moves([signed("TriggerSmartContract", value=value)]) == {
        ("native", A, B, None, 4, True): 1,
        ("token", A, B, "1002000", 6, True): 1,
    }
    value = {"owner_address": hex41(A), "to_address": hex41(B), "amount": 5, "asset_name": "31303032303030"}
    assert moves([signed("TransferAssetContract", value=value)]) == {("token", A, B, "1002000", 5, True): 1}


def test_changed_permissions_name_the_new_holder():
    keys = [{"address": hex41(A), "weight": 1}, {"address": hex41(C), "weight": 9}]
    value = {"owner_address": hex41(A), "owner": {"keys": keys}, "actives": [{"keys": [{"address": hex41(B)}]}]}
    event = events_of([transactions_of([signed("AccountPermissionUpdateContract", value=value)], file="f")])[0]
    assert (event["kind"], event["owner"], event["counterparty"]) == ("permission", A, C)
    failed = signed("AccountPermissionUpdateContract", value=value, ret=[{"contractRet": "REVERT", "fee": 0}])
    assert events_of([transactions_of([failed], file="f")]) == []


@pytest.mark.parametrize(
    "cells",
    [
        {"raw_data": None}, {"raw_data": {"contract": []}}, {"ret": None}, {"ret": []}, {"txID": "x"},
        {"block_timestamp": None}, {"blockNumber": -1}, {"internal_transactions": {}}, {"ret": [{"fee": -1}]},
        {"_unconfirmed": True},
    ],
)  # fmt: skip
def test_a_row_that_does_not_fit_is_rejected_whole(cells):
    batch = transactions_of([signed(**cells), {"txID": 1}, 7, None], file="f")
    assert len(batch) == len(batch.rejects) == 4


@pytest.mark.parametrize(
    ("kind", "value", "cells", "event", "amount"),
    [
        ("FreezeBalanceV2Contract", {"frozen_balance": 9}, {}, "stake", 9),
        ("UnfreezeBalanceContract", {}, {"unfreeze_amount": 9}, "unstake", 9),
        ("UnfreezeBalanceContract", {}, {}, "unstake", None),
        ("UnfreezeBalanceV2Contract", {"unfreeze_balance": 7}, {"withdraw_expire_amount": 9}, "unstake", 9),
        ("WithdrawExpireUnfreezeContract", {}, {"withdraw_expire_amount": 9}, "unstake", 9),
        ("WithdrawBalanceContract", {}, {"withdraw_amount": 9}, "reward", 9),
    ],
)
def test_stakes_and_what_comes_back_are_events_with_the_amount_that_changed_the_balance(kind, value, cells, event, amount):
    row = signed(kind, value={"owner_address": hex41(A), **value}, **cells)
    found = events_of([transactions_of([row], file="f")])
    assert [(one["kind"], one["owner"], one["amount"]) for one in found] == [(event, A, amount)]


def test_a_row_that_is_listed_twice_counts_once():
    assert moves([signed(), signed(), internal(), internal()]) == moves([signed(), internal()])


# -- internal rows ---------------------------------------------------------------------------------


INSIDE = ("internal", B, C, None, 9, True)


def test_internal_rows_between_the_others_are_payments_and_rejected_ones_are_not():
    rejected = internal(internal_tx_id="ee" * 32, data={"note": "call", "rejected": True, "call_value": {"_": 1}})
    assert moves([internal(), rejected]) == {INSIDE: 1}


def test_what_stands_inside_and_between_counts_once_and_equal_ones_all_count():
    nested = signed(internal_transactions=[internal(), internal(internal_tx_id="ee" * 32)])
    assert moves([nested, internal()])[INSIDE] == 2
    assert moves([nested, internal(), internal(internal_tx_id="ee" * 32)])[INSIDE] == 2
    assert moves([signed(), internal(), internal(internal_tx_id="ee" * 32)])[INSIDE] == 2


@pytest.mark.parametrize("data", [{"note": ""}, {}])
def test_one_form_of_an_internal_row_may_leave_out_what_it_is(data: dict[str, Any]):
    bare = internal(data={**data, "rejected": False, "call_value": {"_": 9}})
    twice = [internal(), internal(internal_tx_id="ee" * 32)]
    for inside, beside in (([internal()], bare), ([bare], internal())):
        assert moves([signed(internal_transactions=inside), beside])[INSIDE] == 1
    assert moves([signed(internal_transactions=twice), bare])[INSIDE] == 2
    assert moves([signed(internal_transactions=[bare]), *twice])[INSIDE] == 2
    lent = {"note": "delegateResourceOfEnergy", "rejected": False, "call_value": {"_": 9}}
    assert moves([signed(internal_transactions=[internal(data=lent)]), bare])[INSIDE] == 0


def test_nothing_moved_inside_a_transaction_that_failed():
    rows = [signed(ret=[{"contractRet": "REVERT"}]), internal()]
    assert moves(rows)[(*INSIDE[:-1], False)] == 1


def test_lent_energy_is_no_payment():
    note = b"delegateResourceOfEnergy".hex()
    batch = transactions_of([internal(data={"note": note, "rejected": False, "call_value": {"_": 10**13}})], file="f")
    assert rows_of([batch]) == {}
    assert [(one["kind"], one["amount"]) for one in events_of([batch])] == [("resource", 10**13)]


def test_tokens_are_moved_inside_too_and_zero_is_nothing():
    data = {"note": "call", "call_value": {"_": 0, "1002000": 3}}
    assert moves([internal(data=data)]) == {("internal", B, C, "1002000", 3, True): 1}


# -- token rows ------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 60])
def test_an_approval_is_an_event_and_no_payment(times):
    batch = trc20_of([token(type="Approval", value=str(2**256 - 1))] + [token()] * times, file="f")
    assert rows_of([batch]) == {(NAME, "token", A, B, USDT, 10, True): times}
    event = events_of([batch])[0]
    assert (event["kind"], event["owner"], event["counterparty"], event["amount"]) == ("approval", A, B, None)
    assert event["raw_amount"] == str(2**256 - 1)


@pytest.mark.parametrize(
    "cells",
    [
        {"token_info": {}}, {"token_info": None}, {"type": "Mint"}, {"type": None}, {"value": "-1"}, {"value": 1.5},
        {"value": "1" + "0" * 38}, {"value": None}, {"transaction_id": "x"}, {"from": None}, {"_unconfirmed": True},
        {"block_timestamp": 1_700_000_000}, {"token_info": {"address": "0x"}},
    ],
)  # fmt: skip
@pytest.mark.parametrize("times", [0, 60])
def test_a_token_row_that_does_not_fit_is_rejected_alone(cells, times):
    batch = trc20_of([token()] * times + [token(**cells)], file="f")
    assert len(batch.rejects) == 1
    assert rows_of([batch]).total() == times


@given(
    st.lists(
        st.sampled_from([
            {}, {"value": "007"}, {"value": 5}, {"value": "0"}, {"from": hex41(C)}, {"token_info": {"address": hex41(B)}},
            {"token_info": {"address": USDT, "decimals": 300, "symbol": "a\0b\u202e"}}, {"type": "Approval"}, {"to": "T"},
            {"block_timestamp": STAMP + 1}, {"transaction_id": "0x" + NAME.upper()}, {"extra": [1]},
        ]),
        max_size=12,
    )
)  # fmt: skip
def test_columns_and_rows_say_the_same(cells):
    rows = [token(**one) for one in cells]
    one_by_one = [trc20_of([row], file="f") for row in rows]
    whole = trc20_of(rows + [token()] * 60, file="f")
    expected = rows_of(one_by_one)
    expected[NAME, "token", A, B, USDT, 10, True] += 60
    assert rows_of([whole]) == expected
    assert Counter(whole.rejects) == Counter(reject for batch in one_by_one for reject in batch.rejects)
    assert events_of([whole]) == events_of(one_by_one)


# -- events and receipts ---------------------------------------------------------------------------


def event(name: str, *values: str, **cells: Any) -> dict[str, Any]:
    return {
        "block_number": 5, "block_timestamp": STAMP, "contract_address": USDT, "event_index": 2, "event_name": name,
        "result": {str(at): value for at, value in enumerate(values)}, "transaction_id": NAME, **cells,
    }  # fmt: skip


def test_what_usdt_freezes_and_destroys_is_read_in_the_kinds_of_the_evm():
    who = f"0x{hex41(B)[2:]}"
    rows = [
        event("AddedBlackList", who), event("RemovedBlackList", who), event("DestroyedBlackFunds", who, "77"),
        event("Issue", "5"), event("Redeem", "6"),
    ]  # fmt: skip
    assert [row["event_name"] for row in rows] == list(EVENT_NAMES)
    found = events_of([read_events(rows, file="f")])
    assert [(one["kind"], one["owner"], one["amount"], one["log_index"]) for one in found] == [
        ("freeze", B, None, 2), ("unfreeze", B, None, 2), ("destroy", B, 77, 2), ("issue", None, 5, 2), ("redeem", None, 6, 2),
    ]  # fmt: skip


def test_the_same_names_of_another_contract_are_not_believed_and_odd_rows_are_rejected():
    assert len(read_events([event("AddedBlackList", f"0x{hex41(B)[2:]}", contract_address=C)], file="f")) == 0
    batch = read_events([event("AddedBlackList", "0x12"), event("Issue", "-1"), event("Issue", result=[]), 5], file="f")
    assert len(batch) == len(batch.rejects) == 4


def log(topic: str, *words: str, data: str = "", contract: str = USDT) -> dict[str, Any]:
    return {"address": hex41(contract)[2:], "topics": [topic, *words], "data": data}


TRANSFER = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
FREEZE = "42e160154868087d6bfdc0ca23d96a1c1cfa32f1b72ba9ba27b69b98a0d819dc"
WORDS = [f"{hex41(A)[2:]:0>64}", f"{hex41(B):0>64}"]


def receipt(*logs: Any, **cells: Any) -> dict[str, Any]:
    return {"id": NAME, "fee": 12, "blockNumber": 5, "blockTimeStamp": STAMP, "log": list(logs), **cells}


def test_a_receipt_gives_equal_logs_with_their_places_and_the_fee():
    paid = log(TRANSFER, *WORDS, data=f"{8:064x}")
    unindexed = log(TRANSFER, data="".join(WORDS) + f"{8:064x}")
    batch = receipt_of(
        receipt(paid, paid, unindexed, log(FREEZE, data=WORDS[1]), log(TRANSFER, *WORDS, WORDS[0])), NAME, where="r"
    )
    names = WIDE["transfers"].names
    rows = batch.rows["transfers"]
    assert [row[names.index("log_index")] for row in rows] == [0, 1, 2]
    assert rows_of([batch]) == {(NAME, "token", A, B, USDT, 8, True): 3}
    assert [(one["kind"], one["owner"], one["log_index"]) for one in events_of([batch])] == [("freeze", B, 3)]
    assert batch.rows["transactions"][0][WIDE["transactions"].names.index("fee")] == 12


@pytest.mark.parametrize(
    "odd",
    [
        {}, 5, log("zz" * 32), log(TRANSFER, *WORDS), log(TRANSFER, *WORDS, data="ab"),
        log(TRANSFER, "f" * 64, WORDS[1], data="0" * 64),
        log(TRANSFER, *WORDS, data="f" * 64),
    ],
)  # fmt: skip
def test_a_log_that_does_not_fit_is_rejected(odd):
    batch = receipt_of(receipt(odd), NAME, where="r")
    assert len(batch.rejects) == 1
    assert rows_of([batch]) == {}


def test_no_receipt_is_never_a_receipt_without_payments():
    with pytest.raises(NotIndexedYet):
        receipt_of({}, NAME, where="r")
    for found in (receipt(id="cd" * 32), receipt(log={}), receipt(blockTimeStamp=None), receipt(fee=-1), [], None):
        with pytest.raises(MalformedAnswer):
            receipt_of(found, NAME, where="r")
