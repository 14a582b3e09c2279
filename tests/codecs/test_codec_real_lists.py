"""Real lists: every line is an address of its chain, or is named as what it is."""

from __future__ import annotations

from collections import Counter

import pytest

from cryptotrace.codecs import chain_of, detect_chains, parse_address
from cryptotrace.errors import WrongChainError


def lines(shared_data, ticker):
    path = shared_data / "labels" / "ofac" / f"sanctioned_addresses_{ticker}.txt"
    return path.read_text(encoding="utf-8").split()


@pytest.mark.parametrize(
    ("ticker", "chain", "count"),
    [("ETH", "ethereum", 152), ("TRX", "tron", 6), ("ARB", "arbitrum", 1), ("BSC", "bsc", 1), ("USDC", "ethereum", 2)],
)
def test_every_listed_address_is_read_on_its_chain(shared_data, ticker, chain, count):
    listed = lines(shared_data, ticker)
    assert len(listed) == count
    assert len({parse_address(line, chain) for line in listed}) == count
    assert all(chain in detect_chains(line) for line in listed)


def test_the_bitcoin_list_holds_one_tron_address_and_it_is_named(shared_data):
    listed = lines(shared_data, "XBT")
    strangers = {}
    for line in listed:
        try:
            parse_address(line, "XBT")
        except WrongChainError as error:
            strangers[line] = error.chains
    assert strangers == {"TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq": ("tron",)}
    assert len(listed) == 435


def test_the_ticker_usdt_is_three_kinds_of_chain_and_each_line_is_one(shared_data):
    families = Counter()
    for line in lines(shared_data, "USDT"):
        (family,) = {chain_of(name).family for name in detect_chains(line)}
        families[family] += 1
    assert families == {"tron": 11, "evm": 8, "bitcoin": 7}
