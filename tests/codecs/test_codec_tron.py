"""TRON addresses: five spellings of one account, and the key that they share with the EVM family."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.codecs import detect_chains, display_address, key_bytes, null_address, parse_address
from cryptotrace.codecs.base58 import BITCOIN
from cryptotrace.errors import InvalidAddressError, WrongChainError

USDT = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
USDT_KEY = "a614f803b6fd780986a42c78ec9c7f77e6ded13c"
payloads = st.binary(min_size=20, max_size=20)


@pytest.mark.parametrize(
    "text",
    [USDT, "41" + USDT_KEY, "0x41" + USDT_KEY, "0x" + USDT_KEY, USDT_KEY, ("41" + USDT_KEY).upper(), USDT_KEY.upper()],
)
def test_every_spelling_of_the_usdt_contract_is_one_stored_text(text):
    assert parse_address(text, "tron") == USDT
    assert parse_address(f" {text} ", "TRX") == USDT


def test_the_usdt_contract_has_its_published_key():
    assert key_bytes(USDT, "tron") == bytes.fromhex(USDT_KEY)
    assert display_address(USDT, "tron") == USDT


def test_twenty_zero_bytes_are_the_null_address():
    assert null_address("tron") == parse_address("0x" + "0" * 40, "tron") == "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb"
    assert null_address("bitcoin") is None
    assert null_address("no-such-chain") is None


@given(payloads)
def test_a_key_has_one_text_on_tron_and_one_on_the_evm_family(payload):
    stored = parse_address(payload.hex(), "tron")
    assert stored.startswith("T")
    assert len(stored) == 34
    assert parse_address(stored, "tron") == stored
    assert key_bytes(stored, "tron") == key_bytes("0x" + payload.hex(), "ethereum") == payload
    assert detect_chains(stored) == detect_chains("41" + payload.hex()) == ("tron",)


@given(payloads, st.integers(0, 33), st.sampled_from(BITCOIN))
def test_any_other_character_is_refused(payload, index, character):
    stored = parse_address(payload.hex(), "tron")
    changed = stored[:index] + character + stored[index + 1 :]
    if changed == stored:
        return
    with pytest.raises(InvalidAddressError):
        parse_address(changed, "tron")
    assert detect_chains(changed) == ()


@given(payloads, st.integers(0, 33))
def test_a_missing_or_doubled_character_is_refused(payload, index):
    stored = parse_address(payload.hex(), "tron")
    for changed in (stored[:index] + stored[index + 1 :], stored[:index] + stored[index] + stored[index:]):
        with pytest.raises(InvalidAddressError):
            parse_address(changed, "tron")


def test_an_evm_form_whose_mixed_case_fails_is_refused_with_its_position():
    with pytest.raises(InvalidAddressError, match="EIP-55") as caught:
        parse_address("0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "tron")
    assert caught.value.position == 3
    with pytest.raises(InvalidAddressError) as caught:
        parse_address("5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "tron")
    assert caught.value.position == 1


def test_a_lower_cased_address_is_told_that_its_case_is_lost():
    with pytest.raises(InvalidAddressError, match="case") as caught:
        parse_address(USDT.lower(), "tron")
    assert caught.value.position == 0


def test_a_bitcoin_address_is_named_as_such():
    with pytest.raises(WrongChainError) as caught:
        parse_address("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "tron")
    assert caught.value.chains[0] == "bitcoin"


def test_the_edited_owner_address_of_the_real_page_is_refused(shared_data):
    rows = json.loads((shared_data / "tron" / "trc20_page.json").read_text(encoding="utf-8"))["data"]
    spelt = {row[side] for row in rows for side in ("from", "to")}
    edited = "TM1zzNDZD2DPASbKcgdVoTYhfmYgtfwx9D"
    assert edited in spelt
    with pytest.raises(InvalidAddressError, match="checksum"):
        parse_address(edited, "tron")
    others = spelt - {edited}
    assert others
    assert {parse_address(address, "tron") for address in others} == others
    assert {row["token_info"]["address"] for row in rows if row["token_info"]["symbol"] == "USDT"} == {USDT}
