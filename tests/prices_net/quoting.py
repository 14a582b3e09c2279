"""A small ledger, markets, and fetchers that ask the fakes without a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import cryptotrace as ct
from cryptotrace.codecs import caip19
from cryptotrace.schema import Batch
from cryptotrace.sources._http import HttpFetcher
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.limits import Pace
from cryptotrace.sources.prices import prices_over
from cryptotrace.testing.explorers import FakeCoinGecko, FakeDefiLlama, FakeEcb, FakeMempoolPrices

HOUR = 3_600
NOW = datetime(2024, 6, 1, tzinfo=UTC)
START = datetime(2024, 3, 4, 10, 20, tzinfo=UTC)
"""Twenty minutes past an hour, on a Monday."""
FIRST = int(START.replace(minute=0).timestamp())
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
LINK = "0x514910771af9ca656af840dff83e8264ecf986ca"
ODD = "0x" + "5c" * 20
TRON_USDT = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
LINK_CAIP = caip19("ethereum", LINK)
ODD_CAIP = caip19("ethereum", ODD)
NAMES = {"defillama": FakeDefiLlama, "coingecko": FakeCoinGecko, "mempool": FakeMempoolPrices, "ecb": FakeEcb}


class InProcess(HttpFetcher):
    """Asks a fake without a socket, with the retries of the real fetcher."""

    def __init__(self, fake: Any, judge: Callable[[Answer], None], *, received: datetime = NOW) -> None:
        super().__init__(
            "http://127.0.0.1", classify=judge, pace=Pace(1e9, sleep=lambda _: None), attempts=3, sleep=lambda _: None
        )
        self.fake = fake
        self.received = received

    def _send(self, request: Request) -> Answer:
        answer = self.fake.answer(dict(request.parameters), path=request.path)
        return Answer(
            request=request, status=answer.status, body=answer.body, received_at=self.received, headers=dict(answer.headers)
        )


def asking(name: str, market: Any, *, received: datetime = NOW, **settings: Any) -> Any:
    """Give a source of prices over its fake, which is ``source.fetcher.fake``."""
    fake = NAMES[name](market, clock=received.timestamp, **settings)
    bare = prices_over(name, None)  # type: ignore[arg-type]
    source: Any = prices_over(name, InProcess(fake, bare.judge, received=received))
    if name == "coingecko":
        source._clock = received.timestamp
    return source


def reply(request: Request, body: str | bytes, status: int = 200, **headers: str) -> Answer:
    """An answer written by hand."""
    raw = body if isinstance(body, bytes) else body.encode()
    return Answer(request=request, status=status, body=raw, received_at=NOW, headers=headers)


def hourly(first: int, texts: Iterable[str]) -> dict[int, str]:
    """Prices of hours in a row."""
    return {first + at * HOUR: text for at, text in enumerate(texts)}


def ledger(*rows: tuple[Any, ...], path: Any = ":memory:") -> ct.Store:
    """A store with transfers: contract (None for ether), base units, hours after the start; and maybe decimals."""
    batch = Batch()
    for number, (contract, amount, hours, *more) in enumerate(rows):
        chain = "tron" if contract == TRON_USDT else "ethereum"
        people = ("TYDzsYUEpvnYmQk4zGP9sWWcTEd2MiAtW6", TRON_USDT) if chain == "tron" else ("0x" + "aa" * 20, "0x" + "bb" * 20)
        batch.add_transfer(
            chain=chain,
            tx_hash=f"0x{number:064x}",
            kind="native" if contract is None else "token",
            time=START + timedelta(hours=hours),
            sender=people[0],
            receiver=people[1],
            amount=amount,
            block=number + 1,
            log_index=None if contract is None else 0,
            contract=contract,
            symbol=None if contract is None else "ANY",
            decimals=more[0] if more else 18,
        )
    store = ct.open_store(path)
    store.load([batch], complete=True)
    return store


def rows(store: ct.Store) -> list[tuple[Any, ...]]:
    """The table of prices."""
    return store.rows("SELECT time, asset, usd, source, price_time, confidence FROM prices ORDER BY ALL")
