"""EVM addresses: EIP-55, the quick way for stored text, and the position of what is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.codecs import chain_names, chain_of, display_address, key_bytes, null_address, parse_address, short
from cryptotrace.codecs import evm as evm_codec
from cryptotrace.errors import InvalidAddressError

# the test cases of EIP-55
EIP55 = (
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
)
payloads = st.binary(min_size=20, max_size=20)


@pytest.mark.parametrize("address", EIP55)
def test_each_vector_of_eip55_is_read_in_every_legal_case_and_shown_as_printed(address):
    stored = address.lower()
    for text in (address, stored, "0x" + address[2:].upper(), "0X" + address[2:].upper(), f"  {address} "):
        assert parse_address(text, "ethereum") == stored
    assert display_address(stored, "polygon") == address


@given(payloads, st.sampled_from([name for name in chain_names() if chain_of(name).family == "evm"]))
def test_stored_shown_and_key_agree(payload, chain):
    stored = "0x" + payload.hex()
    assert parse_address(stored, chain) == stored
    assert parse_address(display_address(stored, chain), chain) == stored
    assert key_bytes(stored, chain) == payload


@given(payloads, st.integers(0, 39))
def test_one_flipped_case_is_refused_at_its_position(payload, index):
    right = display_address("0x" + payload.hex(), "ethereum")
    flipped = right[: 2 + index] + right[2 + index].swapcase() + right[3 + index :]
    one_case = flipped[2:] in (flipped[2:].lower(), flipped[2:].upper())
    if flipped == right or one_case:
        assert parse_address(flipped, "ethereum") == right.lower()
        return
    with pytest.raises(InvalidAddressError, match="EIP-55") as caught:
        parse_address(flipped, "ethereum")
    assert caught.value.position == 2 + index
    assert flipped in caught.value.where


def test_positions_count_in_the_text_as_given():
    with pytest.raises(InvalidAddressError) as caught:
        parse_address("   0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "ethereum")
    assert caught.value.position == 3 + 3


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae", None, "this has 39"),
        ("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed0", None, "this has 41"),
        ("0x" + "ab" * 32, None, "transaction hash or a key"),
        ("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaeg", 41, "no hex digit"),
        ("5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", 0, "Write 0x before"),
        ("vitalik.eth", 0, "starts with 0x"),
        ("0x", None, "this has 0"),
    ],
)
def test_a_wrong_form_says_what_is_wrong(text, position, says):
    with pytest.raises(InvalidAddressError) as caught:
        parse_address(text, "ethereum")
    assert caught.value.position == position
    assert says in str(caught.value)


def test_64_hex_digits_which_may_be_a_private_key_are_never_shown_whole():
    secret = "8f2a559490d1c21b6a3b3b8f0a4b7e2d9c5e6f708192a3b4c5d6e7f8091a2b3c"
    with pytest.raises(InvalidAddressError) as caught:
        parse_address("0x" + secret, "ethereum")
    assert secret not in str(caught.value)


def test_stored_text_is_read_without_hashing(monkeypatch):
    monkeypatch.setattr(evm_codec, "_keccak", None)
    assert parse_address("0x" + "12" * 19 + "fe", "eth") == "0x" + "12" * 19 + "fe"


def test_the_null_address_is_the_same_on_the_whole_family():
    assert {null_address(name) for name in chain_names() if chain_of(name).family == "evm"} == {"0x" + "0" * 40}


def test_short_keeps_both_ends_and_escapes_what_is_not_ascii():
    assert short("0x52908400098527886e0f7030069857d2e4169ee7") == "0x529084…169ee7"
    assert short("tiny") == "tiny"
    assert short("p\u0430y") == "p\\u0430y"
