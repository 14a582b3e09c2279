"""Portable identifiers: written strictly, read back, and read tolerantly where the wild differs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.codecs import (
    caip2,
    caip10,
    caip19,
    chain_names,
    chain_of,
    parse_address,
    parse_caip2,
    parse_caip10,
    parse_caip19,
)
from cryptotrace.errors import InputError, InvalidAddressError, UnknownChainError

USDT_TRON = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
USDT_ETHEREUM = "0xdAC17F958D2ee523a2206206994597C13D831ec7"
BITCOIN = "bip122:000000000019d6689c085ae165831e93"
SAMPLES = {
    "tron": USDT_TRON,
    "bitcoin": "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    "bitcoin_cash": "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
    "litecoin": "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9",
    "dogecoin": "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L",
    "dash": "XyARKoupuArYtToA2S6yMdnoquDCDaBsaT",
    "zcash": "t1HsfFiokfuisz5AUW6y7WN9TTMM3VvwFWT",
    "ripple": "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
    "solana": "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
}


@pytest.mark.parametrize("chain", chain_names())
def test_chain_account_and_native_coin_come_back_on_every_chain(chain):
    address = SAMPLES.get(chain, USDT_ETHEREUM)
    stored = parse_address(address, chain)
    assert parse_caip2(caip2(chain)) == chain
    assert parse_caip10(caip10(chain, stored)) == (chain, stored)
    assert parse_caip19(caip19(chain)) == (chain, None)
    assert re.fullmatch(r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}:[-.%a-zA-Z0-9]{1,128}", caip10(chain, address))


@pytest.mark.parametrize(
    ("written", "identifier"),
    [
        (caip2("tron"), "tron:728126428"),
        (caip2("ETH"), "eip155:1"),
        (caip10("eth", USDT_ETHEREUM.lower()), f"eip155:1:{USDT_ETHEREUM}"),
        (caip10("btc", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"), f"{BITCOIN}:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        (caip19("eth"), "eip155:1/slip44:60"),
        (caip19("bsc"), "eip155:56/slip44:714"),
        (caip19("polygon"), "eip155:137/slip44:966"),
        (caip19("tron"), "tron:728126428/slip44:195"),
        (caip19("bitcoin"), f"{BITCOIN}/slip44:0"),
        (caip19("eth", USDT_ETHEREUM.lower()), f"eip155:1/erc20:{USDT_ETHEREUM}"),
        (caip19("tron", USDT_TRON), f"tron:728126428/trc20:{USDT_TRON}"),
    ],
)
def test_identifiers_are_written_as_the_standards_say(written, identifier):
    assert written == identifier


@given(st.binary(min_size=20, max_size=20), st.sampled_from(["ethereum", "bsc", "base", "tron"]))
def test_accounts_and_tokens_come_back(payload, chain):
    stored = parse_address("0x" + payload.hex(), chain)
    assert parse_caip10(caip10(chain, stored)) == (chain, stored)
    assert parse_caip19(caip19(chain, stored)) == (chain, stored)


def test_other_spellings_of_the_wild_are_read():
    assert parse_caip2("tron:0x2b6653dc") == "tron"
    assert parse_caip10(f"tron:0x2b6653dc:{USDT_TRON}") == ("tron", USDT_TRON)
    assert parse_caip19("eip155:56/slip44:60") == parse_caip19("eip155:56/slip44:9006") == ("bsc", None)
    assert parse_caip19(f"eip155:1/erc20:{USDT_ETHEREUM.lower()}") == ("ethereum", USDT_ETHEREUM.lower())


@pytest.mark.parametrize(
    "text",
    [
        "eip155:1/slip44:",
        "eip155:1/slip44:06",
        "eip155:1/slip44:6x",
        "eip155:1/erc721:0x06012c8cf97BEaD5deAe237070F9587f8E7A266d",
        f"eip155:1/trc20:{USDT_TRON}",
        f"{BITCOIN}/slip44:60",
        "tron:728126428/trc10:1002000",
        f"eip155:1/erc20:{USDT_ETHEREUM}/7",
        "ethereum",
        "eth/slip44:60",
        "",
        "eip155:1/slip44:60\n",
    ],
)
def test_an_asset_that_is_no_money_or_no_identifier_is_refused(text):
    with pytest.raises(InputError) as caught:
        parse_caip19(text)
    assert caught.value.hint
    assert str(caught.value).isprintable()


def test_a_wrong_checksum_or_chain_is_refused_inside_identifiers():
    with pytest.raises(InvalidAddressError):
        parse_caip10("eip155:1:0xDAC17F958D2ee523a2206206994597C13D831ec7")
    with pytest.raises(UnknownChainError):
        parse_caip10("cosmos:cosmoshub-4:cosmos1q")
    with pytest.raises(UnknownChainError):
        parse_caip2("eip155:31337")
    with pytest.raises(InputError, match="not a CAIP-2"):
        parse_caip2("eth")
    with pytest.raises(InputError, match="no token contracts"):
        caip19("bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
    with pytest.raises(InvalidAddressError):
        caip10("ethereum", USDT_TRON)


@pytest.mark.parametrize("chain", [name for name in chain_names() if chain_of(name).family == "evm"])
def test_an_evm_chain_is_its_chain_id(chain):
    info = chain_of(chain)
    assert info.caip2 == f"eip155:{info.evm_chain_id}"
    assert info.native_decimals == 18
