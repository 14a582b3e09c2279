"""Bitcoin and its kin: base58check, bech32 and bech32m with the vectors of their proposals, cashaddr."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.codecs import base58, bech32, cashaddr, detect_chains, display_address, key_bytes, parse_address
from cryptotrace.codecs.outputs import FORMATS
from cryptotrace.errors import InvalidAddressError, WrongChainError

GENESIS = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
digests = st.binary(min_size=20, max_size=20)
programs = st.one_of(
    st.tuples(st.just(0), st.one_of(digests, st.binary(min_size=32, max_size=32))),
    st.tuples(st.integers(1, 16), st.binary(min_size=2, max_size=40)),
)

BECH32_TEXTS = (  # BIP-173
    "A12UEL5L",
    "a12uel5l",
    "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
    "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
    "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
    "?1ezyfcl",
)
BECH32M_TEXTS = (  # BIP-350
    "A1LQFN3A",
    "a1lqfn3a",
    "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
    "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
    "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
    "?1v759aa",
)
SCRIPTS = {  # BIP-350: address -> output script
    "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4": "0014751e76e8199196d454941c45d1b3a323f1433bd6",
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7": "0020"
    "1863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262",
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y": "5128"
    "751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6",
    "BC1SW50QGDZ25J": "6002751e",
    "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs": "5210751e76e8199196d454941c45d1b3a323",
    "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy": "0020"
    "000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433",
    "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c": "5120"
    "000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0": "5120"
    "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
}
REFUSED = (  # BIP-350
    "tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
    "tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
    "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
    "tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
    "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
    "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
    "bc1pw5dgrnzv",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
    "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
    "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
    "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",
    "bc1gmk9yu",
)


def remainder(text):
    prefix, _, data = text.lower().rpartition("1")
    return bech32._remainder(prefix, [bech32.CHARSET.index(letter) for letter in data])


def test_the_two_checksums_leave_their_constants_on_the_published_texts():
    assert {remainder(text) for text in BECH32_TEXTS} == {1}
    assert {remainder(text) for text in BECH32M_TEXTS} == {0x2BC830A3}


@pytest.mark.parametrize(("address", "script"), SCRIPTS.items())
def test_each_published_address_gives_its_output_script(address, script):
    prefix = address[:2].lower()
    version, program = bech32.decode_segwit(address, prefix)
    opcode = version + 0x50 if version else 0
    assert bytes([opcode, len(program)]) + program == bytes.fromhex(script)
    assert bech32.encode_segwit(prefix, version, program) == address.lower()
    if prefix == "bc":
        assert parse_address(address, "btc") == address.lower()
        assert detect_chains(address) == ("bitcoin",)


@pytest.mark.parametrize("address", REFUSED)
def test_each_published_wrong_address_is_refused(address):
    with pytest.raises(InvalidAddressError):
        bech32.decode_segwit(address, address[:2].lower() if address[:2].lower() != "tc" else "bc")
    with pytest.raises(InvalidAddressError):
        parse_address(address, "bitcoin")
    assert detect_chains(address) == ()


def test_the_wrong_one_of_the_two_checksums_is_named():
    with pytest.raises(InvalidAddressError, match="needs bech32m"):
        parse_address("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", "bitcoin")
    with pytest.raises(InvalidAddressError, match="needs bech32"):
        parse_address("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", "bitcoin")


def test_mixed_case_is_refused_where_it_breaks():
    with pytest.raises(InvalidAddressError, match="mixed") as caught:
        parse_address("bc1Qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bitcoin")
    assert caught.value.position == 3


@pytest.mark.parametrize("address", ["tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"])
def test_a_test_network_is_named(address):
    with pytest.raises(InvalidAddressError, match="test network"):
        parse_address(address, "bitcoin")


@given(programs, st.sampled_from(["bitcoin", "litecoin"]))
def test_witness_programs_come_back(program, chain):
    address = bech32.encode_segwit(FORMATS[chain].witness, *program)
    assert bech32.decode_segwit(address, FORMATS[chain].witness) == program
    assert parse_address(address.upper(), chain) == address
    assert detect_chains(address) == (chain,)


@given(programs, st.data())
def test_a_changed_witness_character_is_refused_and_located(program, data):
    address = bech32.encode_segwit("bc", *program)
    index = data.draw(st.integers(3, len(address) - 1))
    character = data.draw(st.sampled_from(bech32.CHARSET.replace(address[index], "")))
    changed = address[:index] + character + address[index + 1 :]
    with pytest.raises(InvalidAddressError, match="checksum") as caught:
        parse_address(changed, "bitcoin")
    assert detect_chains(changed) == ()
    # a change of the version symbol may also be read as the other checksum failing elsewhere
    assert caught.value.position == index or index == 3


@given(programs, st.data())
def test_up_to_four_changed_witness_characters_are_refused(program, data):
    address = bech32.encode_segwit("bc", *program)
    places = data.draw(st.sets(st.integers(4, len(address) - 1), min_size=2, max_size=4))
    changed = list(address)
    for place in places:
        changed[place] = data.draw(st.sampled_from(bech32.CHARSET.replace(address[place], "")))
    with pytest.raises(InvalidAddressError):
        parse_address("".join(changed), "bitcoin")


def test_the_genesis_address_is_kept_as_it_is():
    assert parse_address(GENESIS, "XBT") == GENESIS == display_address(GENESIS, "bitcoin")
    assert base58.checked(GENESIS)[1:].hex() == "62e907b15cbf27d5425399ebf6f0fb50ebb88f18"
    assert key_bytes(GENESIS, "bitcoin") is None


@given(digests, st.sampled_from(sorted(FORMATS)), st.booleans())
def test_hashes_come_back_on_every_chain_of_the_family(digest, chain, is_script):
    form = FORMATS[chain]
    legacy = base58.encode_checked((form.script_hash[0] if is_script else form.key_hash) + digest)
    stored = parse_address(legacy, chain)
    assert parse_address(stored, chain) == stored
    assert parse_address(display_address(stored, chain), chain) == stored
    assert (stored == legacy) != form.cash
    assert chain in detect_chains(legacy)


@given(digests, st.integers(0, 40), st.sampled_from(base58.BITCOIN))
def test_a_changed_base58_character_is_refused(digest, index, character):
    address = base58.encode_checked(b"\x05" + digest)
    index %= len(address)
    changed = address[:index] + character + address[index + 1 :]
    if changed == address:
        return
    for chain in FORMATS:
        with pytest.raises(InvalidAddressError):
            parse_address(changed, chain)


@pytest.mark.parametrize(("stray", "position"), [("0", 4), ("O", 1), ("I", 33), ("l", 20)])
def test_a_character_outside_the_alphabet_is_located(stray, position):
    changed = GENESIS[:position] + stray + GENESIS[position + 1 :]
    with pytest.raises(InvalidAddressError, match="alphabet") as caught:
        parse_address(changed, "bitcoin")
    assert caught.value.position == position


def test_shared_versions_are_told_and_a_wrong_chain_is_named():
    assert detect_chains(GENESIS) == ("bitcoin", "bitcoin_cash")
    script = base58.encode_checked(b"\x05" + bytes(20))
    assert detect_chains(script) == ("bitcoin", "bitcoin_cash", "litecoin")
    with pytest.raises(WrongChainError, match="bitcoin or bitcoin_cash") as caught:
        parse_address(GENESIS, "dogecoin")
    assert caught.value.chains == ("bitcoin", "bitcoin_cash")
    with pytest.raises(WrongChainError, match="EVM chains") as caught:
        parse_address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "bitcoin")
    assert caught.value.chains[0] == "ethereum"


def test_both_script_spellings_of_litecoin_are_one():
    old, new = (base58.encode_checked(version + bytes(range(20))) for version in (b"\x05", b"\x32"))
    assert (old[0], new[0]) == ("3", "M")
    assert parse_address(old, "ltc") == parse_address(new, "ltc") == new


@pytest.mark.parametrize(
    ("legacy", "cash"),  # the translations of the cashaddr specification
    [
        ("1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu", "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
        ("1KXrWXciRDZUpQwQmuM1DbwsKDLYAYsVLR", "qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy"),
        ("16w1D5WRVKJuZUsSRzdLp9w3YGcgoxDXb", "qqq3728yw0y47sqn6l2na30mcw6zm78dzqre909m2r"),
        ("3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC", "ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq"),
        ("3LDsS579y7sruadqu11beEJoTjdFiFCdX4", "pr95sy3j9xwd2ap32xkykttr4cvcu7as4yc93ky28e"),
        ("31nwvkZwyPdgzjBJZXfDmSWsC4ZLKpYyUw", "pqq3728yw0y47sqn6l2na30mcw6zm78dzq5ucqzc37"),
    ],
)
def test_every_spelling_of_bitcoin_cash_is_one(legacy, cash):
    for text in (legacy, cash, cash.upper(), f"bitcoincash:{cash}", f"BITCOINCASH:{cash.upper()}"):
        assert parse_address(text, "bch") == cash
    assert display_address(cash, "bch") == f"bitcoincash:{cash}"
    assert detect_chains(cash) == ("bitcoin_cash",)


@given(st.one_of(digests, st.binary(min_size=32, max_size=32)), st.data())
def test_a_changed_cashaddr_character_is_refused(digest, data):
    address = cashaddr.encode(1, digest)
    assert cashaddr.decode(address) == (1, digest)
    index = data.draw(st.integers(0, len(address) - 1))
    character = data.draw(st.sampled_from(bech32.CHARSET.replace(address[index], "")))
    with pytest.raises(InvalidAddressError):
        parse_address(address[:index] + character + address[index + 1 :], "bitcoin_cash")


def test_a_private_key_is_refused_without_a_trace_of_it():
    key = base58.encode_checked(b"\x80" + bytes(range(1, 33)))
    for chain in ("bitcoin", "litecoin", "bitcoin_cash"):
        with pytest.raises(InvalidAddressError, match="private key") as caught:
            parse_address(key, chain)
        assert key[:6] not in str(caught.value)


@pytest.mark.parametrize(
    "shielded",
    ["zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9sly4", "u1l8xunezsvhq8fgzfl"],
)
def test_a_shielded_zcash_address_is_told_to_be_private(shielded):
    with pytest.raises(InvalidAddressError, match="not public"):
        parse_address(shielded, "zcash")
