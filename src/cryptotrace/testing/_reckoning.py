"""The truth of a world, added up from what its parts have noted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cryptotrace.testing._campaign import Campaign
from cryptotrace.testing._market import usd_text
from cryptotrace.testing._rows import COINS, START, TransferRow, time_of
from cryptotrace.testing._services import Stage
from cryptotrace.testing._truth import Movement, Reached, RestingTruth, Tally, Truth, Unwanted, VictimTruth
from cryptotrace.testing._victims import Victim

_COINS = {coin.symbol: coin for coin in COINS}
_REAL = {coin.contract: coin for coin in COINS}


@dataclass(frozen=True, slots=True)
class Reckoning:
    """Sums over the rows of one world."""

    stage: Stage
    campaigns: Sequence[Campaign]

    def truth(self, seed: int, unwanted: Sequence[Unwanted]) -> Truth:
        """Return everything that was planted."""
        victims = tuple(self._victim(victim) for campaign in self.campaigns for victim in campaign.victims)
        swaps = tuple(swap for campaign in self.campaigns for swap in campaign.swaps)
        exits = [item for campaign in self.campaigns for item in campaign.exits]
        desk = [("service:desk", "otc", row) for campaign in self.campaigns for row in campaign.to_desk]
        return Truth(
            seed=seed,
            as_of=time_of(self.stage.schedule.end),
            victims=victims,
            gross_usd=_total(victim.gross.usd for victim in victims),
            returned_usd=_total(victim.returned.usd for victim in victims),
            loss_usd=_total(max(victim.net_usd, Decimal(0)) for victim in victims),
            injected=_add((asset, amount) for victim in victims for asset, amount in victim.gross.amounts.items()),
            returned=_add((asset, amount) for victim in victims for asset, amount in victim.returned.amounts.items()),
            converted_in=_add((swap.bought, swap.bought_amount) for swap in swaps),
            converted_out=_add((swap.sold, swap.sold_amount) for swap in swaps),
            fees=self._fees(),
            exits=self._reached(exits),
            desk=self._reached(desk),
            resting=self._resting(),
            swaps=swaps,
            operator_gas=self._tally([row for campaign in self.campaigns for row in campaign.gas]),
            unwanted=tuple(unwanted),
            addresses=tuple(address for campaign in self.campaigns for address in campaign.addresses),
            owners=dict(sorted(self.stage.owners.items())),
        )

    def _usd(self, rows: Iterable[TransferRow]) -> Decimal:
        market = self.stage.market
        return usd_text(
            sum(market.micro(_COINS[row.symbol], row.amount, int((row.time - START).total_seconds())) for row in rows)
        )

    def _tally(self, rows: Sequence[TransferRow]) -> Tally:
        return Tally(amounts=_add((row.symbol, row.amount) for row in rows), usd=self._usd(rows), rows=len(rows))

    def _movement(self, row: TransferRow) -> Movement:
        return Movement(
            tx_hash=row.tx_hash,
            log_index=row.log_index,
            time=row.time,
            sender=row.sender,
            receiver=row.receiver,
            asset=row.symbol,
            amount=row.amount,
            usd=self._usd([row]),
        )

    def _victim(self, victim: Victim) -> VictimTruth:
        gross, returned = self._tally(victim.payments), self._tally(victim.returns)
        back = ((asset, -amount) for asset, amount in returned.amounts.items())
        return VictimTruth(
            id=victim.id,
            campaign=victim.campaign,
            wallet=victim.wallet,
            payments=tuple(self._movement(row) for row in victim.payments),
            returns=tuple(self._movement(row) for row in victim.returns),
            gross=gross,
            returned=returned,
            net_amounts=_add([*gross.amounts.items(), *back]),
            net_usd=gross.usd - returned.usd,
        )

    def _reached(self, items: Iterable[tuple[str, str, TransferRow]]) -> tuple[Reached, ...]:
        groups: defaultdict[tuple[str, str, str], list[TransferRow]] = defaultdict(list)
        for entity, category, row in items:
            groups[entity, category, row.symbol].append(row)
        return tuple(
            Reached(
                entity=entity,
                category=category,
                asset=asset,
                amount=sum(row.amount for row in rows),
                usd=self._usd(rows),
                rows=len(rows),
            )
            for (entity, category, asset), rows in sorted(groups.items())
        )

    def _fees(self) -> dict[str, int]:
        pays_itself = {address for campaign in self.campaigns for address in campaign.ether_addresses}
        return _add(("ETH", row.fee) for row in self.stage.ledger.transactions if row.signer in pays_itself)

    def _resting(self) -> tuple[RestingTruth, ...]:
        scam = {item.address for campaign in self.campaigns for item in campaign.addresses}
        with_scam_ether = {address for campaign in self.campaigns for address in campaign.ether_addresses}
        resting = []
        for (address, contract), amount in self.stage.ledger.holdings().items():
            coin = _REAL.get(contract)
            if address in scam and coin is not None and (contract is not None or address in with_scam_ether):
                resting.append(RestingTruth(address=address, asset=coin.symbol, amount=amount))
        return tuple(sorted(resting, key=lambda item: (item.address, item.asset)))


def _add(items: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: defaultdict[str, int] = defaultdict(int)
    for asset, amount in items:
        sums[asset] += amount
    return dict(sorted(sums.items()))


def _total(values: Iterable[Decimal]) -> Decimal:
    return sum(values, usd_text(0))
