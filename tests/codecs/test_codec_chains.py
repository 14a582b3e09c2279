"""The names of chains, and the two chains with an alphabet or a form of their own."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.codecs import (
    base58,
    chain_names,
    chain_of,
    detect_chains,
    display_address,
    is_codec_known,
    key_bytes,
    parse_address,
)
from cryptotrace.codecs.chains import CHAINS
from cryptotrace.errors import InputError, InvalidAddressError, UnknownChainError


@pytest.mark.parametrize(
    ("name", "chain"),
    [
        ("eth", "ethereum"),
        ("ETH", "ethereum"),
        ("mainnet", "ethereum"),
        ("eip155:1", "ethereum"),
        ("tron", "tron"),
        ("trx", "tron"),
        ("TRX", "tron"),
        ("TRC20", "tron"),
        ("tron:728126428", "tron"),
        ("tron:0x2b6653dc", "tron"),
        ("btc", "bitcoin"),
        ("XBT", "bitcoin"),
        ("bip122:000000000019d6689c085ae165831e93", "bitcoin"),
        ("bnb", "bsc"),
        ("BEP20", "bsc"),
        ("Binance Smart Chain", "bsc"),
        ("matic", "polygon"),
        ("arb", "arbitrum"),
        ("Arbitrum-One", "arbitrum"),
        (" op ", "optimism"),
        ("bitcoin-cash", "bitcoin_cash"),
        ("eip155:8453", "base"),
        ("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", "solana"),
    ],
)
def test_names_that_people_use_are_understood(name, chain):
    assert chain_of(name) is chain_of(chain)
    assert chain_of(name).name == chain
    assert is_codec_known(name)


def test_no_two_chains_share_a_name():
    spelt = [text for info in CHAINS.values() for text in (info.name, info.caip2.lower(), *info.aliases)]
    assert len(spelt) == len(set(spelt))
    assert all(text == text.lower() for text in spelt)
    assert chain_names()[0] == "ethereum"


def test_the_hex_chain_id_of_tron_is_its_decimal_one():
    assert int("0x2b6653dc", 16) == 728126428


def test_a_chain_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        chain_of("eth").name = "other"


@pytest.mark.parametrize(
    ("name", "near"), [("etherium", "ethereum"), ("polygone", "polygon"), ("bitcon", "bitcoin"), ("trno", "tron")]
)
def test_an_unknown_chain_lists_near_names(name, near):
    with pytest.raises(UnknownChainError, match=f"Did you mean .*{near}") as caught:
        chain_of(name)
    assert caught.value.where == f"'{name}'"


@pytest.mark.parametrize("name", ["USDT", "XMR", "", "BEP2", "eip155:999999", "\u0435th", "z\u212async", "x" * 10_000, None, 1])
def test_a_token_a_chain_without_codec_and_nonsense_name_no_chain(name):
    assert not is_codec_known(name)
    with pytest.raises(UnknownChainError, match="Known chains: ethereum") as caught:
        chain_of(name)
    assert str(caught.value).isascii()
    assert len(str(caught.value)) < 800
    with pytest.raises(UnknownChainError):
        parse_address("0x" + "0" * 40, name)


def test_verbatim_text_of_a_chain_without_codec_is_shown_as_it_is():
    assert display_address("any Text", "monero") == "any Text"
    assert key_bytes("any Text", "monero") is None


@pytest.mark.parametrize("address", ["rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", "rrrrrrrrrrrrrrrrrrrrrhoLvTp"])
def test_known_ripple_accounts_are_read(address):
    assert parse_address(address, "XRP") == address
    assert detect_chains(address) == ("ripple",)


@given(st.binary(min_size=20, max_size=20), st.data())
def test_a_changed_ripple_character_is_refused(payload, data):
    address = base58.encode_checked(b"\x00" + payload, base58.RIPPLE)
    assert parse_address(address, "ripple") == address
    index = data.draw(st.integers(0, len(address) - 1))
    character = data.draw(st.sampled_from(base58.RIPPLE.replace(address[index], "")))
    with pytest.raises(InvalidAddressError):
        parse_address(address[:index] + character + address[index + 1 :], "ripple")


@pytest.mark.parametrize(
    "address",
    [
        "So11111111111111111111111111111111111111112",
        "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
        "11111111111111111111111111111111",
    ],
)
def test_known_solana_accounts_are_read(address):
    assert parse_address(address, "sol") == address
    assert detect_chains(address) == ("solana",)


def test_a_solana_address_of_another_length_is_refused():
    with pytest.raises(InvalidAddressError, match="32 bytes"):
        parse_address("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyT", "solana")


HOSTILE = (
    ("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed\n", 42, "white space U\\+000A"),
    ("\t0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", 0, "white space U\\+0009"),
    ("0x5aaeb6053f3e94c9b9a0 9f33669435e7ef1beaed", 22, "white space U\\+0020"),
    ("0x5aaeb6053f3e94c9b9a0\u200b9f33669435e7ef1beaed", 22, "invisible character U\\+200B"),
    ("\u202e0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", 0, "invisible character U\\+202E"),
    ("0x5aaeb6053f3e94c9b9a09f33669435e7ef1be\u0430ed", 39, "outside ASCII U\\+0430"),
    ("  0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed\x00", 44, "invisible character U\\+0000"),
    ("\u00a00x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", 0, "white space U\\+00A0"),
)


@pytest.mark.parametrize("chain", chain_names())
@pytest.mark.parametrize(("text", "position", "says"), HOSTILE)
def test_white_invisible_and_look_alike_characters_are_refused_with_position(text, position, says, chain):
    with pytest.raises(InvalidAddressError, match=says) as caught:
        parse_address(text, chain)
    assert caught.value.position == position
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()
    assert detect_chains(text) == ()


@pytest.mark.parametrize("text", ["", "   ", "1" * 129, "z" * 1_000_000, None, float("nan"), b"0x00"])
def test_what_is_empty_huge_or_no_text_is_refused_for_every_chain(text):
    assert detect_chains(text) == ()
    for chain in chain_names():
        with pytest.raises(InvalidAddressError) as caught:
            parse_address(text, chain)
        assert len(str(caught.value)) < 300


@given(st.text(max_size=150), st.sampled_from([name for name in chain_names() if name != "solana"]))
def test_garbage_is_never_an_address(text, chain):
    with pytest.raises(InputError) as caught:
        parse_address(text, chain)
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()


@given(st.text(alphabet=base58.BITCOIN + "0x:", max_size=64), st.sampled_from(chain_names()))
def test_whatever_is_read_reads_again_as_itself(text, chain):
    try:
        stored = parse_address(text, chain)
    except InvalidAddressError:
        return
    assert parse_address(stored, chain) == stored
    assert chain in detect_chains(stored)


def test_importing_loads_no_codec_library():
    code = "import sys, cryptotrace.codecs; print({'base58', 'eth_hash', 'eth_utils', 'Crypto'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
