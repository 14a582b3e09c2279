"""Income of the scam set: which payments come in from outside it, and who made them.

The trace injects by this and the ladder counts by it. One answer for both, so that per asset what is injected, and what was
tainted already when it came back, add up to what E1 counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from cryptotrace.tracing.movements import Book, Movement
from cryptotrace.tracing.places import Places
from cryptotrace.tracing.swaps import Exchange, is_null
from cryptotrace.tracing.wraps import wrapping_contracts

__all__ = ["Income", "without_transit"]

_Transaction = tuple[str, str]


class Income:
    """Says of each row into the scam set whether it is income.

    Parameters
    ----------
    events : sequence of Movement or Exchange
        All of the case, in any order.
    book, places : Book, Places
        Who is who.

    Notes
    -----
    O(rows) once, O(1) a question. A row is no income if it comes from the scam set, is a mint, an unwrapped coin or a genesis
    balance, or stands in a transaction in which the scam set pays out another asset (proceeds of a swap) or pays the same asset
    to the same account (change). Under-counts where a scam hands out a token of its own in the transaction of the payment.
    """

    def __init__(self, events: Iterable[Movement | Exchange], book: Book, places: Places) -> None:
        self._book = book
        self._scam = places.scam
        self._wrappers = wrapping_contracts(book)
        self._paid_out: dict[_Transaction, set[tuple[int, int | None]]] = defaultdict(set)
        self._providers: dict[int, int] = {}
        for event in events:
            if isinstance(event, Exchange):
                self._providers.update(_providers(event, places))
            for row in event.rows if isinstance(event, Exchange) else (event,):
                if row.sender in self._scam and row.receiver not in self._scam and row.kind != "fee":
                    self._paid_out[row.chain, row.tx_hash].add((row.asset, row.receiver))

    def payer(self, row: Movement) -> int | None:
        """Give who paid: the sender, or the provider of a swap that paid out into the scam set."""
        return self._providers.get(row.id, row.sender)

    def why_not(self, row: Movement) -> str:
        """Say why a row into the scam set is no income, ``""`` where it is."""
        payer = self.payer(row)
        if payer in self._scam:
            return "from the scam set itself"
        if payer is None or is_null(self._book, payer) or self._makes(payer, row.asset):
            return "mint, wrap or genesis"
        paid = self._paid_out.get((row.chain, row.tx_hash), set())
        if any(asset != row.asset for asset, _ in paid):
            return "swap proceeds"
        if (row.asset, row.sender) in paid:
            return "change of its own payment"
        return ""

    def _makes(self, payer: int, asset: int) -> bool:
        """Whether a payer is the contract that issues the asset, or that gives the chain's coin back for a wrapped one."""
        return payer == self._book.contracts.get(asset) or (
            payer in self._wrappers and self._book.assets[asset].asset.contract is None
        )


def _providers(exchange: Exchange, places: Places) -> Iterator[tuple[int, int]]:
    """Yield (row id, who paid for it) for what a swap of somebody else paid out into the scam set."""
    for leg in exchange.legs:
        if leg.provider != leg.recipient and leg.recipient in places.scam:
            for row in exchange.rows:
                if row.receiver == leg.recipient and row.asset == leg.asset_in and row.sender not in places.scam:
                    yield row.id, leg.provider


def without_transit(events: Sequence[Movement | Exchange], book: Book, places: Places) -> list[Movement | Exchange]:
    """Take the legs off exchanges that hold income which is no leg's own: netting would hide that it was paid.

    Such is money that only passes through a scam address, or comes beside a move inside the scam set. The rows are then walked
    one by one: the income is injected, and what goes on into the exchange ends at the frontier as ``swap``.
    """
    income = Income(events, book, places)

    def hides(event: Exchange) -> bool:
        arrives = {(leg.recipient, leg.asset_in) for leg in event.legs if leg.provider != leg.recipient}
        return any(
            row.receiver in places.scam and (row.receiver, row.asset) not in arrives and not income.why_not(row)
            for row in event.rows
        )

    return [
        replace(event, legs=()) if isinstance(event, Exchange) and event.resolved and hides(event) else event
        for event in events
    ]
