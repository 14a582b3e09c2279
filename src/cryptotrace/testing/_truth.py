"""What really happened in a synthetic world."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cryptotrace.testing._rows import text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A sum of rows: base units per asset symbol, USD with six decimals, number of rows."""

    amounts: Mapping[str, int]
    usd: Decimal
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One row of the ledger, named by transaction and log index (None for ether)."""

    tx_hash: str
    log_index: int | None
    time: datetime
    sender: str
    receiver: str
    asset: str
    amount: int
    usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class VictimTruth:
    """One victim; ``wallet`` is None where an exchange paid on the victim's behalf.

    ``net_amounts`` (gross less returned, base units per asset) can be negative where a return came in another asset.
    """

    id: str
    campaign: str
    wallet: str | None
    payments: tuple[Movement, ...]
    returns: tuple[Movement, ...]
    gross: Tally
    returned: Tally
    net_amounts: Mapping[str, int]
    net_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Scam money that reached one service, in base units of one asset; USD of the day of each arrival."""

    entity: str
    category: str
    asset: str
    amount: int
    usd: Decimal
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RestingTruth:
    """Scam money, in base units, that lies at a scam address when the world ends."""

    address: str
    asset: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwanted:
    """A row that is not money: ``kind`` is zero_value or counterfeit."""

    tx_hash: str
    log_index: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScamAddress:
    """One address of an operator: gas_sponsor, deposit, consolidator, payout or layer."""

    address: str
    role: str
    campaign: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapTruth:
    """One swap of scam money, in base units."""

    tx_hash: str
    sender: str
    recipient: str
    sold: str
    sold_amount: int
    bought: str
    bought_amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The planted facts of a world.

    Attributes
    ----------
    seed : int
        The seed of the world.
    as_of : datetime
        The end of the world, UTC; nothing happens then or later.
    victims : tuple of VictimTruth
        Every victim with payments and returns.
    gross_usd, returned_usd : Decimal
        Sums over victims. USD is amount x price of that UTC day, rounded half up to six decimals per row, then summed.
    loss_usd : Decimal
        Sum over victims of max(0, net USD).
    injected : Mapping
        Payments of victims, base units per asset. Returned money that a victim pays in again is counted again.
    returned : Mapping
        What was paid back to victims' wallets, base units per asset.
    converted_in, converted_out : Mapping
        Base units per asset that swaps of scam money gave and took.
    fees : Mapping
        Scam money burnt as fees; only ether that victims had paid, never the operators' own gas.
    exits : tuple of Reached
        Scam money that reached deposit addresses of exchanges, and the mixer.
    desk : tuple of Reached
        Scam money that the unlabelled desk took.
    resting : tuple of RestingTruth
        Scam money at scam addresses at the end; gas left over is not scam money.
    operator_gas : Tally
        Ether that operators took from an exchange to pay for gas.
    unwanted : tuple of Unwanted
        Rows that a clean ledger leaves out.
    addresses : tuple of ScamAddress
        The scam set with roles.
    owners : Mapping
        Who owns each address, as ``kind:name``.

    Notes
    -----
    Per asset, to the last unit: injected + converted_in = exits + desk + returned + resting + fees + converted_out.
    """

    seed: int
    as_of: datetime
    victims: tuple[VictimTruth, ...]
    gross_usd: Decimal
    returned_usd: Decimal
    loss_usd: Decimal
    injected: Mapping[str, int]
    returned: Mapping[str, int]
    converted_in: Mapping[str, int]
    converted_out: Mapping[str, int]
    fees: Mapping[str, int]
    exits: tuple[Reached, ...]
    desk: tuple[Reached, ...]
    resting: tuple[RestingTruth, ...]
    swaps: tuple[SwapTruth, ...]
    operator_gas: Tally
    unwanted: tuple[Unwanted, ...]
    addresses: tuple[ScamAddress, ...]
    owners: Mapping[str, str]

    def to_plain(self) -> dict[str, object]:
        """Return the truth as plain values for JSON: USD and times as text, amounts as whole numbers."""
        return {item.name: _plain(getattr(self, item.name)) for item in dataclasses.fields(self)}


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return str(value)
    return text_of(value) if isinstance(value, datetime) else value
