"""The frozen values that every layer speaks: assets, labels, seeds, scopes, provenance.

Addresses inside these values are in the stored form of :func:`cryptotrace.codecs.parse_address`; amounts are integers in
base units; money is :class:`decimal.Decimal` US dollars; times are aware UTC; unknown is ``None``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BOUNDARY_CATEGORIES",
    "MAX_AMOUNT",
    "Asset",
    "Label",
    "Labels",
    "Provenance",
    "Reject",
    "Scope",
    "Seed",
    "Seeds",
]

MAX_AMOUNT = 10**38 - 1
"""The largest amount that a row may carry; what is larger goes whole into ``rejects``."""

BOUNDARY_CATEGORIES = frozenset(
    {
        "exchange",
        "exchange_deposit",
        "mixer",
        "bridge",
        "otc",
        "guarantee_market",
        "gambling",
        "payment_processor",
        "instant_swap",
        "p2p",
        "stablecoin_issuer",
        "burn",
        "terminal",
    }
)
"""Label categories at which a trace stops: what is behind them is not readable on chain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One asset on one chain.

    Attributes
    ----------
    chain : str
        Our chain name, such as ``"ethereum"``.
    contract : str or None
        Token contract in stored form; ``None`` is the chain's own coin; ``"usd"`` is the pseudo-asset of inputs that only
        have dollar values (unit: micro-dollars).
    symbol : str or None
        As the source wrote it; hostile text, never an identity.
    decimals : int or None
        ``None`` where unknown; then amounts have no printed form and no price.
    """

    chain: str
    contract: str | None
    symbol: str | None = None
    decimals: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What one source says about one address.

    ``address`` is the source's text verbatim where the chain has no codec (``verified`` is then false). ``category`` is ours,
    ``native_category`` the source's own word. ``statement`` is one of ``label``, ``frozen``, ``sanctioned``, ``reported``,
    ``convicted``. ``confidence`` runs from 0 to 100.
    """

    chain: str
    address: str
    label: str
    category: str | None = None
    native_category: str | None = None
    abuse: str | None = None
    entity: str | None = None
    role: str = "unknown"
    statement: str = "label"
    source: str = ""
    upstream: str | None = None
    confidence: int | None = None
    currency: str | None = None
    first_seen: datetime | None = None
    last_modified: datetime | None = None
    verified: bool = True
    boundary: bool | None = None
    origin: str = ""
    """File and line or item that it came from."""

    @property
    def is_boundary(self) -> bool:
        """Whether a trace stops here: as declared, else by category."""
        return self.boundary if self.boundary is not None else self.category in BOUNDARY_CATEGORIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """An address that a case starts from.

    Attributes
    ----------
    role : str
        ``perpetrator``, ``victim``, ``service``, ``government`` or ``unknown``. Only perpetrators inject.
    injects : str
        ``inflow``: what it receives from outside the scam set is tainted; ``outflow``: what it pays out is tainted;
        ``payments``: only the transfers named in ``payments``.
    payments : tuple of (tx_hash, position)
        Position is a log index or trace path as text, ``""`` for the transaction's own value or where unknown.
    """

    chain: str
    address: str
    role: str = "perpetrator"
    category: str | None = None
    native_category: str | None = None
    injects: str = "inflow"
    campaign: str | None = None
    source: str = ""
    statement: str = "reported"
    confidence: int | None = None
    reported_on: datetime | None = None
    payments: tuple[tuple[str, str], ...] = ()
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A row that did not fit, kept whole: file, line, reason and raw text."""

    file: str
    line: int | None
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Seeds:
    """The seeds of a case, in input order, with what was refused."""

    items: tuple[Seed, ...] = ()
    rejects: tuple[Reject, ...] = ()

    def __iter__(self) -> Iterator[Seed]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __add__(self, other: Seeds) -> Seeds:
        return Seeds(self.items + other.items, self.rejects + other.rejects)

    @property
    def addresses(self) -> tuple[tuple[str, str], ...]:
        """Distinct (chain, address), in order of first mention."""
        return tuple(dict.fromkeys((s.chain, s.address) for s in self.items))

    @property
    def perpetrators(self) -> tuple[Seed, ...]:
        """The seeds that inject."""
        return tuple(s for s in self.items if s.role == "perpetrator")

    @property
    def victims(self) -> frozenset[tuple[str, str]]:
        """(chain, address) of seeds that are victims' wallets."""
        return frozenset((s.chain, s.address) for s in self.items if s.role == "victim")

    def to_pandas(self) -> pd.DataFrame:
        """One row a seed."""
        return _frame(self.items, Seed)


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels with the one that wins for each address.

    ``winners`` is computed by :func:`cryptotrace.load_labels`, where the rule stands.
    """

    items: tuple[Label, ...] = ()
    rejects: tuple[Reject, ...] = ()
    winners: Mapping[tuple[str, str], Label] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Label]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def of(self, chain: str, address: str) -> Label | None:
        """Give the winning label of an address, or None."""
        return self.winners.get((chain, address))

    def to_pandas(self) -> pd.DataFrame:
        """One row a label, winners or not."""
        return _frame(self.items, Label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an estimate is about; the key that a comparison must match field by field.

    ``period`` is half open: start included, end excluded, UTC. ``population`` is ``sample`` (some of the scams: a share can be
    stated) or ``census`` (meant to be all of them).
    """

    category: str = "romance_baiting"
    flow_concept: str | None = None
    rail: str = "crypto"
    geography_basis: str = "case"
    geography: str = "World"
    period: tuple[datetime, datetime] | None = None
    period_basis: str = "payment_date"
    population: str = "sample"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a result comes from: enough for a stranger to make it again."""

    verb: str
    version: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Name of an input -> its hash or logical digest."""
    warnings: tuple[str, ...] = ()


def _frame(items: Sequence[Any], kind: type) -> pd.DataFrame:
    import pandas as pd

    names = list(kind.__dataclass_fields__)  # type: ignore[attr-defined]
    return pd.DataFrame([[getattr(item, name) for name in names] for item in items], columns=names, dtype=object)


def micro_dollars(usd: Decimal) -> int:
    """Turn dollars into exact micro-dollars, half up.

    >>> micro_dollars(Decimal("1.0000005"))
    1000001
    """
    from decimal import ROUND_HALF_UP, localcontext

    with localcontext() as context:
        context.prec = 100
        return int((usd * 1_000_000).to_integral_value(ROUND_HALF_UP))
