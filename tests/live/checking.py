"""The fakes of every family with places in their worlds, and one check of any of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cryptotrace.settings import Secret, Settings
from cryptotrace.sources.assumptions import Checks, check_explorers
from cryptotrace.sources.assumptions.places import PLACES
from cryptotrace.testing.explorers import (
    TRON_USDT,
    FakeBlockchainInfo,
    FakeBlockscout,
    FakeCoinGecko,
    FakeDefiLlama,
    FakeEcb,
    FakeEsplora,
    FakeEtherscan,
    FakeMempoolPrices,
    FakeRpc,
    FakeTronGrid,
    FakeTronscan,
    NodeLimits,
    Plan,
    random_chain,
    random_coin_chain,
    random_tron,
)

HOUR = 3_600
KEY = "test-key-0123456789"
EVM = random_chain(4, transactions=150, addresses=3)
TRON = random_tron(3, transactions=700, addresses=3)
COINS = random_coin_chain(3, blocks=60, addresses=2, busy=90)
UNLIMITED = Plan(calls_per_second=None, calls_per_day=None)
SETTINGS = Settings(keys={"etherscan": Secret(KEY)}, attempts=1, timeout=10.0)


def _busiest(world: Any, *, internal: bool = False) -> str:
    kind = "internal" if internal else "token"
    counts = {
        one: sum(row.kind == kind and one in (row.sender, row.receiver) for row in world.transfers) for one in world.addresses
    }
    return max(counts, key=lambda one: counts[one])


def _places() -> dict[str, Any]:
    tokens = [row for row in EVM.transfers if row.kind == "token"]
    usual = next(row for row in tokens[len(tokens) // 2 :] if row.symbol in ("USDT", "USDC"))
    first, last = min(row.block for row in EVM.transactions), max(row.block for row in EVM.transactions)
    busy = _busiest(EVM)
    evm = replace(
        PLACES["evm"], busy=busy, steady=busy, token=usual.contract, closed=(first, last - 3), empty=(1, first - 1),
        logs=(usual.block - 2_000, usual.block + 2_000), wide=(first, last),
    )  # fmt: skip
    stamps = [call.stamp for call in TRON.calls]
    tron = replace(
        PLACES["tron"], busy=_busiest(TRON), token=str(TRON_USDT.contract), crowded=(stamps[0], stamps[-1]),
        freezes=(stamps[0], stamps[-1]),
    )  # fmt: skip
    coinbase = next(tx.txid for block in COINS.blocks for tx in block.transactions if tx.is_coinbase)
    coins = replace(PLACES["bitcoin"], busy=COINS.addresses[0], coinbase=coinbase, last=COINS.tip - 6)
    return {"evm": evm, "tron": tron, "bitcoin": coins, "": PLACES[""]}


HERE = _places()


def _market() -> dict[str, dict[int, str]]:
    place = PLACES[""]
    now = int(datetime.now(UTC).timestamp()) // HOUR * HOUR
    recent = {now - place.recent * 24 * HOUR + at * HOUR: "2500.5" for at in range(-24, 24)}
    return {
        "coingecko:ethereum": {place.hour: "1650.25"},
        "ethereum:" + place.token.rpartition(":")[2]: {place.hour: "1.0001"},
        "ethereum": recent,
        "BTC": {place.hour: "23500.75"},
    }


def _rates() -> dict[str, dict[int, str]]:
    day = PLACES[""].hour // (24 * HOUR) * 24 * HOUR
    return {"USD": {day: "1.0684"}, "GBP": {day: "0.8862"}}


FAKES = {
    "etherscan": lambda **more: FakeEtherscan(EVM, key=KEY, **{"plan": UNLIMITED, **more}),
    "routescan": lambda **more: _Routescan(EVM, key=KEY, **{"plan": UNLIMITED, **more}),
    "blockscout": lambda **more: FakeBlockscout(EVM, **more),
    "blockscout_rest": lambda **more: FakeBlockscout(EVM, **more),
    "rpc": lambda **more: FakeRpc(EVM, **{"limits": NodeLimits(range_most=10_000), **more}),
    "trongrid": lambda **more: FakeTronGrid(TRON, **more),
    "tronscan": lambda **more: FakeTronscan(TRON, **more),
    "mempool": lambda **more: FakeEsplora(COINS, flavour="mempool", **more),
    "esplora": lambda **more: FakeEsplora(COINS, **more),
    "blockchain_info": lambda **more: FakeBlockchainInfo(COINS, **more),
    "prices:defillama": lambda **more: FakeDefiLlama(_market(), **more),
    "prices:coingecko": lambda **more: FakeCoinGecko(_market(), **more),
    "prices:mempool": lambda **more: FakeMempoolPrices(_market(), **more),
    "prices:ecb": lambda **more: FakeEcb(_rates(), **more),
}


class _Routescan(FakeEtherscan):
    """The same lists where the chain stands in the address and no key is asked for."""

    def answer(self, params: Any, *, path: str = "") -> Any:
        return super().answer({"chainid": "1", "apikey": KEY, **params}, path="/v2/api")


@contextmanager
def served(name: str, **settings: Any) -> Iterator[Any]:
    """A fake that listens; ``settings`` are its own."""
    with FAKES[name](**settings) as fake:
        yield fake


def check(name: str, fake: Any, **more: Any) -> Checks:
    """Check one explorer at its fake, without waiting."""
    given = {"settings": SETTINGS, "places": HERE, "sleep": lambda _: None, **more}
    return check_explorers([name], base_urls={name: fake.url}, **given)


def verdicts(found: Checks, *wanted: str) -> dict[str, str]:
    """Assumption -> what was seen, of the rows with one of these verdicts."""
    return {one.assumption: one.seen for one in found.findings if one.verdict in wanted}
