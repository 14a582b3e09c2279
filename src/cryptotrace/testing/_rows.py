"""The rows of a synthetic world: field names are the column names of its files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

CHAIN = "ethereum"
ZERO = "0x" + "0" * 40
START = datetime(2023, 3, 1, tzinfo=UTC)
FIRST_BLOCK = 16_730_000
BLOCK_SECONDS = 12
HOUR = 3_600
DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """What is moved: ether (no contract) or a token; amounts are in units of 10**-decimals."""

    symbol: str
    decimals: int
    contract: str | None

    @property
    def unit(self) -> int:
        """Base units in one whole coin."""
        return int(10**self.decimals)


ETH = Coin(symbol="ETH", decimals=18, contract=None)
USDT = Coin(symbol="USDT", decimals=6, contract="0xdac17f958d2ee523a2206206994597c13d831ec7")
USDC = Coin(symbol="USDC", decimals=6, contract="0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48")
WETH = Coin(symbol="WETH", decimals=18, contract="0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2")
COINS = (ETH, USDC, USDT, WETH)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRow:
    """One movement; ``contract`` is None for ether, ``log_index`` and ``trace_path`` None where they do not apply."""

    chain: str
    block: int
    time: datetime
    tx_hash: str
    tx_index: int
    log_index: int | None
    trace_path: str | None
    kind: str
    contract: str | None
    symbol: str
    decimals: int
    sender: str
    receiver: str
    amount: int
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionRow:
    """One transaction; ``fee`` in wei is paid by ``signer`` before anything else, also where ``ok`` is false."""

    chain: str
    tx_hash: str
    block: int
    time: datetime
    tx_index: int
    signer: str
    to: str
    ok: bool
    fee: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRow:
    """One ERC-20 approval."""

    chain: str
    block: int
    time: datetime
    tx_hash: str
    log_index: int
    contract: str
    owner: str
    spender: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRow:
    """One reported address."""

    chain: str
    address: str
    role: str
    category: str
    campaign: str
    source: str
    reported_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRow:
    """One public label; ``confidence`` from 0 to 1."""

    chain: str
    address: str
    label: str
    category: str
    entity: str
    source: str
    confidence: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """The price of one asset on one UTC day, USD with six decimals."""

    time: datetime
    asset: str
    usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageRow:
    """How far the rows of one address are complete; in these worlds all of them are."""

    chain: str
    address: str
    stream: str
    status: str
    reason: str | None
    missing_from_block: int | None
    missing_to_block: int | None
    rows_here: int
    rows_missing: int


def block_of(second: int) -> int:
    """Return the block that is mined in this second of the world."""
    return FIRST_BLOCK + second // BLOCK_SECONDS


def time_of(second: int) -> datetime:
    """Return the UTC time of the block that is mined in this second of the world."""
    return START + timedelta(seconds=second // BLOCK_SECONDS * BLOCK_SECONDS)


def text_of(moment: datetime) -> str:
    """Return the time as the files write it, ``2023-03-01T00:00:00Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
