"""Small ledgers for the tests of tracing: written row by row, walked without a store or loaded into one."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from cryptotrace.model import Asset, Label, Labels, Seed, Seeds
from cryptotrace.schema import Batch
from cryptotrace.store import open_store
from cryptotrace.tracing import order, reference, swaps
from cryptotrace.tracing.movements import AssetFacts, Book, Movement
from cryptotrace.tracing.places import End, Places
from cryptotrace.tracing.valuation import Valuer

START = datetime(2024, 1, 1, tzinfo=UTC)
USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
ASSETS: dict[str, tuple[str | None, str | None, int | None, bool]] = {
    # name -> contract, symbol, decimals, whether we vouch for it
    "usd": ("usd", "USD", 6, True),
    "ETH": (None, "ETH", 18, True),
    "USDT": (USDT, "USDT", 6, True),
    "USDC": (USDC, "USDC", 6, True),
    "WETH": (WETH, "WETH", 18, True),
    "ODD": ("0x" + "5c" * 20, "ODD", None, False),
}


def address_of(name: str | None) -> str | None:
    """Give a name its address; what already is one stays."""
    if name is None or name.startswith("0x"):
        return name
    return "0x" + hashlib.sha256(name.encode()).hexdigest()[:40]


@dataclass(frozen=True)
class Row:
    """One transfer as a test writes it."""

    sender: str | None
    receiver: str | None
    amount: int
    asset: str
    tx: str
    at: int
    block: int | None
    tx_index: int | None
    log: int | None
    trace: str | None
    kind: str
    row: int | None
    ok: bool

    @property
    def time(self) -> datetime:
        return START + timedelta(seconds=self.at)


@dataclass
class Ledger:
    """Rows in the order of writing; each is its own transaction in its own block unless the test says otherwise."""

    rows: list[Row] = field(default_factory=list)

    def pay(
        self,
        sender: str | None,
        receiver: str | None,
        amount: int,
        asset: str = "usd",
        *,
        tx: str | None = None,
        at: int | None = None,
        block: int | None = -1,
        tx_index: int | None = None,
        log: int | None = None,
        trace: str | None = None,
        kind: str | None = None,
        row: int | None = -1,
        ok: bool = True,
    ) -> Ledger:
        number = len(self.rows)
        at = 100 * number if at is None else at
        self.rows.append(
            Row(
                sender,
                receiver,
                amount,
                asset,
                tx or f"tx{number}",
                at,
                at if block == -1 else block,
                tx_index,
                log,
                trace,
                kind or ("token" if ASSETS[asset][0] else "native"),
                number if row == -1 else row,
                ok,
            )
        )
        return self

    # -- without a store -------------------------------------------------------------------------------------------------

    def book(self) -> Book:
        names = sorted({name for row in self.rows for name in (row.sender, row.receiver) if name is not None})
        self.ids = {name: number for number, name in enumerate(names, 1)}
        self.asset_ids = {name: number for number, name in enumerate(ASSETS, 1)}
        assets = {
            self.asset_ids[name]: AssetFacts(
                asset=Asset(chain="ethereum", contract=contract, symbol=symbol, decimals=decimals),
                caip=f"caip:{name}",
                canonical=canonical,
            )
            for name, (contract, symbol, decimals, canonical) in ASSETS.items()
        }
        equal: dict[Any, int] = defaultdict(int)
        movements = []
        for number, row in enumerate(self.rows, 1):
            key = (row.tx, row.kind, row.sender, row.receiver, row.asset, row.amount)
            movements.append(
                Movement(
                    id=number,
                    chain="ethereum",
                    tx_hash=row.tx,
                    kind=row.kind,
                    block=row.block,
                    time=row.time,
                    tx_index=row.tx_index,
                    log_index=row.log,
                    trace_path=None if row.trace is None else tuple(map(int, row.trace.split("_"))),
                    sender=None if row.sender is None else self.ids[row.sender],
                    receiver=None if row.receiver is None else self.ids[row.receiver],
                    asset=self.asset_ids[row.asset],
                    amount=row.amount,
                    ordinal=equal[key],
                    input_row=row.row,
                )
            )
            equal[key] += 1
        accounts = {number: ("ethereum", address_of(name) or "") for name, number in self.ids.items()}
        book = Book(accounts=accounts, assets=assets, movements=movements, signers={}, contracts={})
        for ident, facts in assets.items():
            if ("ethereum", facts.asset.contract or "") in book.ids:
                book.contracts[ident] = book.ids["ethereum", facts.asset.contract or ""]
        return book

    def walk(
        self,
        policy: Any,
        *,
        sources: Any = (),
        collectors: Any = (),
        ends: Any = (),
        closed: Any = (),
        unseen: Any = (),
        limits: Any = None,
        openings_tainted: bool = False,
        prices: Any = (),
    ) -> SimpleNamespace:
        """Walk the rows under one policy; the answer speaks names."""
        book = self.book()
        ids = self.ids
        known = lambda names: frozenset(ids[name] for name in names if name in ids)  # noqa: E731
        places = Places(
            sources=known(sources),
            collectors=known(collectors),
            listed={},
            scam=known([*sources, *collectors]),
            victims=frozenset(),
            ends={ids[name]: End(category="terminal", entity=name) for name in ends if name in ids},
            closed={ids[name]: "suspected_service" for name in closed if name in ids},
            ledgered={number: frozenset({"all"}) for name, number in ids.items() if name not in unseen},
        )
        store: Any = SimpleNamespace(rows=lambda sql: list(prices))
        valuer = Valuer(store, book)
        ordered = order.in_order(book.movements)
        events = list(swaps.with_exchanges(book, ordered))
        openings = reference.find_openings(events, book, places)
        done = reference.walk(
            events,
            book,
            places,
            valuer,
            policy,
            limits=limits or reference.Limits(),
            openings=openings,
            openings_tainted=openings_tainted,
        )
        name_of = {number: name for name, number in ids.items()}
        asset_of = {number: name for name, number in self.asset_ids.items()}
        paid: dict[Any, int] = defaultdict(int)
        for arrival in done.arrivals:
            account = None if arrival.account is None else name_of[arrival.account]
            if arrival.outcome != "converted":
                paid[account, asset_of[arrival.asset]] += arrival.tainted
        return SimpleNamespace(
            raw=done,
            book=book,
            ordered=ordered,
            events=events,
            name_of=name_of,
            asset_of=asset_of,
            arrived=lambda name, asset="usd": paid[name, asset],
            reached={(name, asset) for (name, asset), tainted in paid.items() if tainted},
            rests={(name_of[a], asset_of[b]): amount for (a, b), amount in done.resting.items()},
            openings={(name_of[a], asset_of[b]): amount for (a, b), amount in openings.items()},
            statement={asset_of[asset]: s for asset, s in done.statements.items()},
        )

    # -- through a store -------------------------------------------------------------------------------------------------

    def batch(self, rows: Any = None) -> Batch:
        batch = Batch()
        for row in self.rows if rows is None else rows:
            contract, symbol, decimals, _ = ASSETS[row.asset]
            batch.add_transfer(
                chain="ethereum",
                tx_hash=row.tx,
                kind=row.kind,
                time=row.time,
                sender=address_of(row.sender),
                receiver=address_of(row.receiver),
                amount=row.amount,
                block=row.block,
                tx_index=row.tx_index,
                log_index=row.log,
                trace_path=row.trace,
                contract=contract,
                symbol=symbol,
                decimals=decimals,
                ok=row.ok,
                input_row=row.row,
            )
        return batch

    def store(self, *, complete: bool = True, coverage: Any = (), prices: Any = (), signers: Any = ()) -> Any:
        """Load the rows with coverage (name, stream, status, reason), prices (time, asset, usd) and signers (tx, name)."""
        batch = self.batch()
        for name, stream, status, reason in coverage:
            to = None
            batch.add(
                "coverage", ("test", stream, "ethereum", address_of(name), 0, to, status, reason, None, None, None, None, None)
            )
        for time, asset, usd in prices:
            batch.add("prices", (time, asset, Decimal(usd), "test", None, None))
        for tx, name in signers:
            first = next(row for row in self.rows if row.tx == tx)
            facts = (first.block, first.time, first.tx_index, address_of(name), None, True, None, None, None)
            batch.add("transactions", ("ethereum", tx, *facts))
        store = open_store(":memory:")
        store.load([batch], complete=complete)
        return store


def seed(name: str, **facts: Any) -> Seed:
    return Seed(chain="ethereum", address=address_of(name) or "", **facts)


def seeds(*items: Seed | str, **facts: Any) -> Seeds:
    """Seeds from names or values; ``facts`` go to the names."""
    return Seeds(tuple(item if isinstance(item, Seed) else seed(item, **facts) for item in items))


def labels(**categories: str) -> Labels:
    """Give Labels from name=category."""
    items = tuple(
        Label(chain="ethereum", address=address_of(name) or "", label=name, category=category)
        for name, category in categories.items()
    )
    return Labels(items, (), {("ethereum", label.address): label for label in items})


def asset_rows(trace: Any, table: str, **wanted: Any) -> list[dict[str, Any]]:
    """Rows of a public table that have the wanted cells; names stand for addresses."""
    from cryptotrace.codecs import display_address

    for column in ("address", "sender", "receiver", "provider", "recipient"):
        if column in wanted:
            wanted[column] = display_address(address_of(wanted[column]) or "", "ethereum")
    return [row for row in trace.table(table).dicts() if all(row[name] == value for name, value in wanted.items())]


@pytest.fixture(scope="session")
def kit() -> SimpleNamespace:
    """The builders above, for tests that cannot import this file."""
    return SimpleNamespace(
        Ledger=Ledger,
        START=START,
        address_of=address_of,
        seed=seed,
        seeds=seeds,
        labels=labels,
        rows=asset_rows,
        Limits=reference.Limits,
    )
