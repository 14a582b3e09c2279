"""What the dollars of a rung rest on: accounts whose lists add up to the balance that an explorer told, and those that do not.

A transfer is only as good as the lists that show it. Which accounts a rung rests on:

- E0, E1: each transfer on the scam account that it came into. A move inside the scam set stands in the lists of two: it is
  enough that one of them is proven, since neither an invented nor a lost row escapes that one.
- E2, E3: each payment on the scam account that it came into. What a payer is left with is shared out over its payments in
  proportion to their dollars; where an account that is not proven paid something back to it, all of it rests on that account.
- E4: each payment to an exit on the account that it came from, and on every account that its traced money can have come
  through, in order of time.
- E5: each transfer on its two sides, of which one that is proven is enough.

An account is proven for one asset: that of the transfer. Services, other ends and victims are not asked about: nobody lists
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from cryptotrace.estimates.counting import Part
from cryptotrace.estimates.inflows import Inflow, Returned
from cryptotrace.tracing.context import Context
from cryptotrace.tracing.movements import Movement
from cryptotrace.tracing.reference import Arrival, Held

if TYPE_CHECKING:
    from cryptotrace.collect import Proofs
    from cryptotrace.store import Store

__all__ = ["Standing", "asked_proofs", "standing_of"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Which accounts of a case are proven, by asset."""

    context: Context
    proven: frozenset[tuple[str, str, str]]
    """Chain, address, contract (``""`` for the coin)."""

    def is_proven(self, account: int, asset: int) -> bool:
        """Whether the rows of an account add up to its balance of an asset."""
        chain, address = self.context.book.accounts[account]
        return (chain, address, self.context.book.assets[asset].asset.contract or "") in self.proven

    def inflow(self, flows: Iterable[Inflow]) -> int:
        """Give the micro-dollars of E0 or E1 that rest on accounts that are not proven; O(transfers)."""
        return sum(flow.micro or 0 for flow in flows if not self._came_in_proven(flow.row))

    def net(self, parts: Iterable[Part], returns: Sequence[Returned]) -> Fraction:
        """Give the micro-dollars of E2 or E3 that rest on accounts that are not proven; O(payments + returns)."""
        doubtful = {back.receiver for back in returns if not self.is_proven(back.payer, back.asset)}
        found = Fraction(0)
        for part in parts:
            paid = sum(flow.micro or 0 for flow in part.payments)
            if part.payer in doubtful and part.is_netted:
                found += part.net
            elif paid:
                found += Fraction(part.net * self.inflow(part.payments), paid)
        return found

    def exits(self, arrivals: Iterable[Arrival], counted: Iterable[Arrival]) -> int:
        """Give the micro-dollars of ``counted`` arrivals whose money can have come through accounts that are not proven.

        ``arrivals`` are all of a walk, in its order; O(arrivals).
        """
        wanted = {id(arrival) for arrival in counted}
        micro, total = self.context.valuer.micro, 0
        touched: set[Held] = set()
        swapped: tuple[str, int | None] | None = None
        for arrival in arrivals:
            row = arrival.row
            if arrival.outcome == "converted":
                doubtful = self._is_doubtful(row.sender, arrival.asset, touched)
                swapped = (row.tx_hash, arrival.account) if doubtful else None
                continue
            # what a swap paid out rests on who paid it in, whatever pool the row names
            is_touched = swapped == (row.tx_hash, arrival.account)
            swapped = None
            if arrival.tainted > arrival.injected or row.sender in self.context.places.sources:
                is_touched = is_touched or self._is_doubtful(row.sender, arrival.asset, touched)
            if is_touched and arrival.account is not None:
                touched.add((arrival.account, arrival.asset))
            if is_touched and id(arrival) in wanted:
                total += micro(arrival.asset, arrival.tainted, row.time) or 0
        return total

    def passes(self, row: Movement) -> bool:
        """Whether a transfer stands in the list of a proven account."""
        return any(side is not None and self.is_proven(side, row.asset) for side in (row.sender, row.receiver))

    def _came_in_proven(self, row: Movement) -> bool:
        sides = (row.receiver, row.sender if row.sender in self.context.places.scam else None)
        return any(side is not None and self.is_proven(side, row.asset) for side in sides)

    def _is_doubtful(self, account: int | None, asset: int, touched: set[Held]) -> bool:
        if account is None:
            return False
        return (account, asset) in touched or (self._is_walked(account, asset) and not self.is_proven(account, asset))

    def _is_walked(self, account: int, asset: int) -> bool:
        places = self.context.places
        if account in places.scam:
            return True
        if account in places.ends:
            return False
        return places.why_not_walked(account, token=self.context.book.assets[asset].asset.contract is not None) is None


def asked_proofs(store: Store) -> Proofs:
    """Give the proofs of a store; nothing is read where no balance was asked."""
    from cryptotrace.collect.proofs import Proofs, proofs

    with store.session():  # an account is a question of its own
        return proofs(store) if store.rows("SELECT 1 FROM balances LIMIT 1") else Proofs(())


def standing_of(context: Context, found: Proofs) -> Standing | None:
    """Give which accounts are proven; None where no balance was ever asked, which says nothing."""
    if not found.rows:
        return None
    proven = frozenset((row.chain, row.address, row.contract) for row in found.rows if row.status == "proven")
    return Standing(context, proven)
