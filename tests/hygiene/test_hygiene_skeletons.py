"""Symbols that a person reads as one have one skeleton; symbols of different tokens do not."""

from __future__ import annotations

import csv
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.hygiene import skeleton
from cryptotrace.hygiene.counterfeits import imitated
from cryptotrace.model import canonical_tokens

FAKE = "0x00000000000000000000000000000000000fa4e0"

DISGUISES = {
    "cyrillic": "U\u0405D\u0422",
    "cyrillic small": "u\u0455d\u0442",
    "greek": "\u03c5sd\u03c4",
    "greek capital": "USD\u03a4",
    "armenian": "\u054dSDT",
    "cherokee": "\u13cc\u13da\u13a0\u13a2",
    "lisu": "\ua4f4\ua4e2\ua4d3\ua4d4",
    "fullwidth": "\uff35\uff33\uff24\uff34",
    "mathematical bold": "\U0001d414\U0001d412\U0001d403\U0001d413",
    "mathematical script": "\U0001d4e4\U0001d4e2\U0001d4d3\U0001d4e3",
    "circled": "\u24ca\u24c8\u24b9\u24c9",
    "black squares": "\U0001f184\U0001f182\U0001f173\U0001f183",
    "regional indicators": "\U0001f1fa\U0001f1f8\U0001f1e9\U0001f1f9",
    "small capitals": "\u1d1c\ua731\u1d05\u1d1b",
    "set signs": "\u222aSD\u22a4",
    "stroke": "USD\u0166",
    "zero-width joiner": "U\u200dS\u200dD\u200dT",
    "zero-width space": "USD\u200bT",
    "soft hyphen": "USDT\u00ad",
    "byte order mark": "\ufeffUSDT",
    "mongolian vowel separator": "U\u180eSDT",
    "variation selector": "USDT\ufe0f",
    "hangul filler": "USDT\u3164",
    "combining marks": "U\u0336S\u0336D\u0336T\u0336",
    "accents": "\u00da\u015aDT",
    "right to left": "\u202eTDSU\u202c",
    "no-break space": "USDT\u00a0",
    "emoji": "USDT\u2705",
    "mixed": "\U0001d414\u0405\u200dD\u03a4",
}


@pytest.mark.parametrize("symbol", DISGUISES.values(), ids=DISGUISES.keys())
def test_a_disguise_in_any_script_has_the_skeleton_of_the_real_symbol_and_is_a_counterfeit_on_any_chain(symbol):
    assert skeleton(symbol) == skeleton("USDT")
    assert imitated("ethereum", FAKE, symbol) == "USDT"
    assert imitated("base", FAKE, symbol) == "USDT", "base has no canonical USDT, but no issuer disguises its letters"


def test_normalisation_alone_would_miss_most_of_these():
    missed = [name for name, s in DISGUISES.items() if unicodedata.normalize("NFKC", s).casefold() != "usdt"]
    assert {"cyrillic", "cherokee", "lisu", "greek", "zero-width joiner", "combining marks"} <= set(missed)


@pytest.mark.parametrize("symbol", ["usdt", "Usdt", "US DT", "U.S.D.T", "U5DT", "USDT ", "U$DT", "$USDT", "[USDT]", "USD-T"])
def test_ascii_look_alikes_of_usdt_are_counterfeits_where_the_real_one_is_known(symbol):
    assert imitated("ethereum", FAKE, symbol) == "USDT"


@pytest.mark.parametrize(
    ("symbol", "real"),
    [("DA1", "DAI"), ("DAl", "DAI"), ("WETH", "WETH"), ("ETH", "ETH"), ("Eth", "ETH"), ("L1NK", "LINK"), ("BU5D", "BUSD")],
)
def test_digits_that_look_like_letters_and_the_chains_own_coin(symbol, real):
    assert imitated("ethereum", FAKE, symbol) == real


@pytest.mark.parametrize(
    "symbol",
    ["", None, "USDC.e", "USDT.e", "USDT0", "aUSDT", "stETH", "ETH+", "DAI+", "ETH2", "XUSDT", "SOL", "BTC", "BNB", "PETH",
     "SAI", "\u4e2d\u56fd", "\U0001f415", "USDCE2"],
)  # fmt: skip
def test_other_tokens_of_ethereum_are_left_alone(symbol):
    assert imitated("ethereum", FAKE, symbol) is None


def test_bridged_usdc_is_a_name_of_its_own():
    assert skeleton("USDC.e") != skeleton("USDC")
    assert imitated("polygon", "0x2791bca1f2de4661ed88a30c99a7a9449aa84174", "USDC.e") is None
    assert imitated("polygon", FAKE, "USDC.e") == "USDC.e"


def test_a_plain_symbol_is_no_counterfeit_on_a_chain_whose_genuine_contract_is_not_known():
    assert imitated("base", FAKE, "USDT") is None
    assert imitated("bsc", FAKE, "DAI") is None
    assert imitated("base", FAKE, "US DT") == "USDT"


def test_the_issuers_own_sign_is_no_disguise():
    assert imitated("celo", FAKE, "USD\u20ae") is None
    assert imitated("ethereum", FAKE, "USD\u20ae") == "USDT"


def test_no_token_of_the_canonical_list_is_a_counterfeit():
    tokens = canonical_tokens()
    assert tokens
    assert {key: imitated(*key, token.symbol) for key, token in tokens.items()} == dict.fromkeys(tokens)


def test_the_coin_itself_and_the_pseudo_asset_are_never_counterfeits():
    assert imitated("ethereum", "", "ETH") is None
    assert imitated("ethereum", "usd", "USDT") is None


def test_known_predecessors_keep_their_symbol():
    assert imitated("ethereum", "0xc66ea802717bfb9833400264dd12c2bceaa34a6d", "MKR") is None
    assert imitated("arbitrum", "0xff970a61a04b1ca14834a43f5de4533ebddb5cc8", "USDC") is None


def test_every_counterfeit_of_the_published_list_is_caught(shared_data):
    with (shared_data / "poisoning" / "counterfeit_tokens.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 14
    found = [imitated("ethereum", row["token_address"], row["token_symbol"]) for row in rows]
    assert found == ["BNB"] * 5 + ["USDT"] * 3 + ["USDC"] * 3 + ["USDT"] * 3


@given(st.text(max_size=40))
def test_a_skeleton_is_made_of_any_text_and_holds_nothing_unseen(symbol):
    shape = skeleton(symbol)
    assert not any(unicodedata.category(sign)[0] in "CZM" for sign in shape)
    assert skeleton(symbol) == shape


@given(st.sampled_from(["USDT", "USDC", "WBTC"]), st.data())
def test_invisible_signs_anywhere_change_nothing(symbol, data):
    invisible = st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u0301\u034f\u061c\ufe0e")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(symbol)))
        symbol = symbol[:at] + data.draw(invisible) + symbol[at:]
    assert imitated("ethereum", FAKE, symbol) in {"USDT", "USDC", "WBTC"}
