"""The ledger as the tracer reads it: plain rows with small integers, read once per case.

Times run in one order for all assets of a chain, since conversions join them; two chains never meet inside a trace.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptotrace.codecs import caip19
from cryptotrace.errors import InputError
from cryptotrace.model import USD_CONTRACT, Asset, canonical_tokens

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["AssetFacts", "Book", "Movement", "read_book"]


@dataclass(slots=True)
class Movement:
    """One ledger row: ``amount`` base units of ``asset`` from ``sender`` to ``receiver`` (ids; ``None`` = nobody)."""

    id: int
    chain: str
    tx_hash: str
    kind: str
    block: int | None
    time: datetime
    tx_index: int | None
    log_index: int | None
    trace_path: tuple[int, ...] | None
    sender: int | None
    receiver: int | None
    asset: int
    amount: int
    ordinal: int
    input_row: int | None
    order_known: str = "exact"

    @property
    def position(self) -> str:
        """Where it stands in its transaction, as text."""
        if self.log_index is not None:
            return str(self.log_index)
        return "" if self.trace_path is None else "_".join(map(str, self.trace_path))


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetFacts:
    """An asset with its printed name: the symbol only where we vouch for it, else the CAIP-19 name."""

    asset: Asset
    caip: str
    canonical: bool
    shared: bool = False
    """Whether another asset of the case that we vouch for has the same symbol, on another chain."""

    @property
    def display(self) -> str:
        """What tables print: one name for one asset, so that no sum by name adds units of two."""
        if not self.canonical or not self.asset.symbol:
            return self.caip
        return f"{self.asset.symbol} ({self.asset.chain})" if self.shared else self.asset.symbol

    @property
    def is_dollars(self) -> bool:
        """Whether one unit is one micro-dollar by definition."""
        return self.asset.contract == USD_CONTRACT


@dataclass(slots=True)
class Book:
    """Everything that a trace reads from a store.

    Attributes
    ----------
    accounts : dict
        Account id -> (chain, address).
    assets : dict
        Asset id -> facts.
    movements : list of Movement
        Ledger rows up to the as-of time, in no particular order.
    signers : dict
        (chain, tx_hash) -> account id of the signer, where known.
    contracts : dict
        Asset id -> account id of the token contract, where it occurs as an account.
    """

    accounts: dict[int, tuple[str, str]]
    assets: dict[int, AssetFacts]
    movements: list[Movement]
    signers: dict[tuple[str, str], int]
    contracts: dict[int, int]
    ids: dict[tuple[str, str], int] = field(default_factory=dict)
    as_of: datetime | None = None

    def __post_init__(self) -> None:
        self.ids = {name: ident for ident, name in self.accounts.items()}


# Accounts and assets are numbered anew in order of name: ids depend on the order of loading, and ties are broken by number.
_ACCOUNTS = "SELECT row_number() OVER (ORDER BY chain, address) AS place, id, chain, address FROM accounts"
_ASSETS = (
    "SELECT row_number() OVER (ORDER BY chain, contract) AS place, id, chain, contract, symbol, decimals, name, canonical "
    "FROM assets"
)
_LEDGER = f"""
    WITH people AS ({_ACCOUNTS}), things AS ({_ASSETS})
    SELECT t.id, t.chain, t.tx_hash, t.kind, t.block, t.time, t.tx_index, t.log_index, t.trace_path, s.place, r.place, a.place,
        t.amount, t.ordinal, t.input_row
    FROM ledger AS t
    LEFT JOIN people AS s ON s.id = t.sender
    LEFT JOIN people AS r ON r.id = t.receiver
    JOIN things AS a ON a.id = t.asset
    WHERE t.time <= $as_of
"""
_SIGNERS = f"""
    WITH people AS ({_ACCOUNTS})
    SELECT t.chain, t.tx_hash, p.place FROM transactions AS t JOIN people AS p ON p.id = t.signer
"""


def read_book(store: Store, *, as_of: datetime | None = None) -> Book:
    """Read the ledger; O(rows).

    Parameters
    ----------
    store : Store
        Cleaned: the ledger leaves out what ``exclusions`` names.
    as_of : datetime, optional
        Rows after this time are left out.
    """
    if as_of is not None and as_of.tzinfo is None:
        raise InputError(f"the time {as_of} has no zone", where="as_of", hint="Give an aware time, such as one with tzinfo=UTC")
    # The engine keeps naive UTC.
    limit = datetime.max if as_of is None else as_of.astimezone(UTC).replace(tzinfo=None)  # noqa: DTZ901
    with store.session():
        accounts = {place: (chain, address) for place, _, chain, address in store.rows(_ACCOUNTS)}
        known = store.rows(_ASSETS)
        times = Counter(row[4] for row in known if row[7])
        assets = {
            place: AssetFacts(
                asset=Asset(chain=chain, contract=contract or None, symbol=symbol, decimals=decimals),
                caip=name,
                canonical=canonical,
                shared=canonical and times[symbol] > 1,
            )
            for place, _, chain, contract, symbol, decimals, name, canonical in known
        }
        movements = [_movement(row) for row in store.rows(_LEDGER, {"as_of": limit})]
        signers = {(chain, tx_hash): place for chain, tx_hash, place in store.rows(_SIGNERS)}
    book = Book(accounts=accounts, assets=assets, movements=movements, signers=signers, contracts={}, as_of=as_of)
    _add_wrapped_coins(book)
    for ident, facts in assets.items():
        account = book.ids.get((facts.asset.chain, facts.asset.contract or ""))
        if account is not None:
            book.contracts[ident] = account
    return book


def _add_wrapped_coins(book: Book) -> None:
    """Know the tokens of wrapping contracts that were paid, though no list showed them: most are made without a log."""
    known = {(facts.asset.chain, facts.asset.contract) for facts in book.assets.values()}
    times = Counter(facts.asset.symbol for facts in book.assets.values() if facts.canonical)
    for (chain, contract), token in sorted(canonical_tokens().items()):
        if token.wraps_native and (chain, contract) in book.ids and (chain, contract) not in known:
            book.assets[len(book.assets) + 1] = AssetFacts(
                asset=Asset(chain=chain, contract=contract, symbol=token.symbol, decimals=token.decimals),
                caip=caip19(chain, contract),
                canonical=True,
                shared=times[token.symbol] > 0,
            )


def _movement(row: Sequence[object]) -> Movement:
    values = list(row)
    path = values[8]
    values[8] = None if path is None else tuple(int(part) for part in str(path).split("_") if part)
    return Movement(*values)  # type: ignore[arg-type]
