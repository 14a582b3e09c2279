"""The walk: the plain definition of what a trace is. Everything faster must equal it to the last unit.

Events run in time order over integer balances per account and asset. Taint enters by injection, moves with payments under the
policy, changes asset in exchanges, and comes to rest in exactly one of: terminals, resting, frontier, fees, pruned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cryptotrace.model import Policy
from cryptotrace.tracing.income import Income
from cryptotrace.tracing.movements import Book, Movement
from cryptotrace.tracing.places import Places
from cryptotrace.tracing.policies import Balance, Parcel, balance_under, convert, parcel_amount, parcel_taint, spread
from cryptotrace.tracing.swaps import Exchange, Leg
from cryptotrace.tracing.valuation import Valuer

__all__ = ["Arrival", "Conversion", "Limits", "Statement", "Walk", "find_openings", "walk"]

Event = Movement | Exchange
Held = tuple[int, int]
"""(account, asset)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where a trace is cut short; what lies beyond is stated in ``frontier`` or ``pruned``."""

    max_hops: int | None = None
    min_value_micro: int | None = None


@dataclass(slots=True)
class Arrival:
    """Tainted units that a row brought to an account, and what became of them there.

    ``amount`` is what moved: the row's amount, or in an exchange the net amount of the leg that the row stands for.
    ``outcome`` is ``walked``, ``terminal``, ``pruned``, ``fee``, ``converted`` (it left its asset) or a frontier reason.
    ``injected`` of the tainted units became tainted on this arrival; the rest was tainted before.
    """

    row: Movement
    account: int | None
    asset: int
    amount: int
    tainted: int
    injected: int
    hop: int
    outcome: str = ""


@dataclass(slots=True)
class Conversion:
    """Taint that changed asset."""

    leg: Leg
    row: Movement
    tainted_out: int
    tainted_in: int


@dataclass(slots=True)
class Statement:
    """The balance of one asset; for every conserving policy ``difference`` is 0."""

    injected: int = 0
    converted_in: int = 0
    terminals: int = 0
    resting: int = 0
    frontier: int = 0
    fees: int = 0
    pruned: int = 0
    converted_out: int = 0

    @property
    def difference(self) -> int:
        """What went in less what is accounted for."""
        out = self.terminals + self.resting + self.frontier + self.fees + self.pruned + self.converted_out
        return self.injected + self.converted_in - out


@dataclass(slots=True)
class Walk:
    """The raw outcome of one walk under one policy."""

    policy: Policy
    arrivals: list[Arrival] = field(default_factory=list)
    conversions: list[Conversion] = field(default_factory=list)
    resting: dict[Held, int] = field(default_factory=dict)
    statements: dict[int, Statement] = field(default_factory=lambda: defaultdict(Statement))
    sender_taint: dict[int, int] = field(default_factory=dict)
    """Row id -> tainted units that left the sender with it, for payments into the scam set."""
    through_opening: set[Held] = field(default_factory=set)
    """Balances with an unexplained opening that taint passed."""


def find_openings(events: Iterable[Event], book: Book, places: Places) -> dict[Held, int]:
    """Give the opening balance that each walked account must have had: its largest prefix shortfall; O(rows).

    It is clean, oldest, and there from the start. Sources have none: whatever they pay out is stolen by definition.
    """
    running: dict[Held, int] = defaultdict(int)
    lowest: dict[Held, int] = {}

    def pay(account: int | None, asset: int, amount: int) -> None:
        if account is None or account in places.sources or not _is_walked(book, places, account, asset):
            return
        held = (account, asset)
        running[held] -= amount
        if running[held] < min(0, lowest.get(held, 0)):
            lowest[held] = running[held]

    for event, _ in single_steps(events):
        for payer, asset, amount in _debits(event):
            pay(payer, asset, amount)
        for payee, asset, amount in _credits(event):
            if payee is not None:
                running[payee, asset] += amount
    return {held: -amount for held, amount in lowest.items()}


def _debits(event: Event) -> list[tuple[int | None, int, int]]:
    """Payments of an event as the walk makes them: a resolved exchange by its legs, anything else row by row."""
    if isinstance(event, Movement):
        return [] if event.sender == event.receiver else [(event.sender, event.asset, event.amount)]
    return [(leg.provider, leg.asset_out, leg.paid) for leg in event.legs]


def _credits(event: Event) -> list[tuple[int | None, int, int]]:
    if isinstance(event, Movement):
        return [] if event.sender == event.receiver else [(event.receiver, event.asset, event.amount)]
    return [(leg.recipient, leg.asset_in, leg.received) for leg in event.legs]


def _is_walked(book: Book, places: Places, account: int, asset: int) -> bool:
    if account in places.ends:
        return False
    return places.why_not_walked(account, token=book.assets[asset].asset.contract is not None) is None


def single_steps(events: Iterable[Event]) -> Iterable[tuple[Event, frozenset[int]]]:
    """Yield events with unresolved exchanges taken apart into rows; the set names accounts that swallow taint there."""
    for event in events:
        if isinstance(event, Exchange) and not event.resolved:
            for row in event.rows:
                yield row, event.middle
        else:
            yield event, frozenset()


def walk(
    events: Sequence[Event],
    book: Book,
    places: Places,
    valuer: Valuer,
    policy: Policy,
    *,
    limits: Limits,
    openings: dict[Held, int],
    openings_tainted: bool = False,
    income: Income | None = None,
) -> Walk:
    """Follow taint through the events under one policy.

    Parameters
    ----------
    income : Income, optional
        Of these events; made here where it is not given.

    Returns
    -------
    Walk

    Notes
    -----
    O(rows) for pair policies; O(rows + segments) for first-in and last-in.
    """
    tracer = _Tracer(
        book,
        places,
        valuer,
        policy,
        income or Income(events, book, places),
        limits=limits,
        openings=openings,
        openings_tainted=openings_tainted,
    )
    for event, swallowers in single_steps(events):
        if isinstance(event, Exchange):
            tracer.exchange(event)
        else:
            tracer.move(event, swallowers)
    return tracer.finish()


class _Tracer:
    """The state of one walk."""

    def __init__(
        self,
        book: Book,
        places: Places,
        valuer: Valuer,
        policy: Policy,
        income: Income,
        *,
        limits: Limits,
        openings: dict[Held, int],
        openings_tainted: bool,
    ) -> None:
        self.book = book
        self.places = places
        self.valuer = valuer
        self.policy = policy
        self.income = income
        self.limits = limits
        self.result = Walk(policy)
        self.balances: dict[Held, Balance] = {}
        self.hops: dict[int, int] = dict.fromkeys(places.sources | places.collectors | places.listed.keys(), 0)
        self.openings = openings
        for held, amount in openings.items():
            self.balances[held] = balance_under(policy)
            self.balances[held].credit([(amount, amount if openings_tainted else 0)])
            if openings_tainted:
                self.result.statements[held[1]].injected += amount
        self.set_aside: dict[Held, int] = defaultdict(int)

    # -- paying ----------------------------------------------------------------------------------------------------------

    def pay(self, account: int | None, asset: int, amount: int, *, fee: bool = False) -> tuple[Parcel, int]:
        """Take ``amount`` from an account: the parcel that leaves, and how much of it is injected at the source."""
        if account is None:
            return [(amount, 0)], 0
        if account in self.places.sources:
            return self._pay_from_source(account, asset, amount, fee=fee)
        balance = self.balances.get((account, asset))
        if balance is None or not _is_walked(self.book, self.places, account, asset):
            return [(amount, 0)], 0
        if balance.taint and (account, asset) in self.openings:
            self.result.through_opening.add((account, asset))
        return balance.debit(amount), 0

    def _pay_from_source(self, account: int, asset: int, amount: int, *, fee: bool) -> tuple[Parcel, int]:
        """Take from a source: first the taint it holds, the rest is injected. Its fees come from clean money."""
        balance = self._balance(account, asset)
        if fee:
            clean = min(amount, self.set_aside[account, asset])
            self.set_aside[account, asset] -= clean
            taken = balance.debit(min(amount - clean, balance.amount))
            return [(clean, 0), *taken], 0
        held = min(amount, balance.amount)
        balance.debit(held)
        self.result.statements[asset].injected += amount - held
        return [(amount, amount)], amount - held

    def _balance(self, account: int, asset: int) -> Balance:
        balance = self.balances.get((account, asset))
        if balance is None:
            balance = self.balances[account, asset] = balance_under(self.policy)
        return balance

    # -- arriving --------------------------------------------------------------------------------------------------------

    def arrive(self, arrival: Arrival, parcel: Parcel, *, swallow: bool = False) -> None:
        """Bring a parcel to an account and book its taint where it belongs; ``arrival`` lacks its outcome."""
        account, asset, tainted = arrival.account, arrival.asset, arrival.tainted
        statement = self.result.statements[asset]
        if account is None:
            arrival.outcome = "fee"
            statement.fees += tainted
        else:
            arrival.outcome = self._outcome(arrival, account, swallow=swallow)
            self._book(arrival, account, parcel, statement)
        self._note(arrival)

    def _book(self, arrival: Arrival, account: int, parcel: Parcel, statement: Statement) -> None:
        asset, tainted = arrival.asset, arrival.tainted
        if arrival.outcome == "walked":
            self._keep(account, asset, parcel)
            if tainted:
                self.hops[account] = min(self.hops.get(account, arrival.hop), arrival.hop)
        elif arrival.outcome == "terminal":
            statement.terminals += tainted
        elif arrival.outcome == "pruned":
            statement.pruned += tainted
            self._keep(account, asset, [(parcel_amount(parcel), 0)])
        else:
            statement.frontier += tainted
            if _is_walked(self.book, self.places, account, asset):
                self._keep(account, asset, [(parcel_amount(parcel), 0)])

    def _outcome(self, arrival: Arrival, account: int, *, swallow: bool) -> str:
        asset, tainted = arrival.asset, arrival.tainted
        if account in self.places.sources:
            return "walked"
        if account in self.places.ends:
            return "terminal"
        reason = self.places.why_not_walked(account, token=self.book.assets[asset].asset.contract is not None)
        if reason is not None:
            return reason
        if not tainted:
            return "walked"
        if swallow and account not in self.places.scam:
            return "swap"
        if self.limits.max_hops is not None and arrival.hop > self.limits.max_hops:
            return "max_hops"
        if self.limits.min_value_micro is not None:
            value = self.valuer.micro(asset, tainted, arrival.row.time)
            if value is not None and value < self.limits.min_value_micro:
                return "pruned"
        return "walked"

    def _keep(self, account: int, asset: int, parcel: Parcel) -> None:
        if account in self.places.sources:
            tainted = parcel_taint(parcel)
            self._balance(account, asset).credit([(tainted, tainted)])
            self.set_aside[account, asset] += parcel_amount(parcel) - tainted
        else:
            self._balance(account, asset).credit(parcel)

    def _note(self, arrival: Arrival) -> None:
        if arrival.tainted:
            self.result.arrivals.append(arrival)

    # -- events ----------------------------------------------------------------------------------------------------------

    def move(self, row: Movement, swallowers: frozenset[int]) -> None:
        """Take one ledger row."""
        if row.sender == row.receiver:
            return
        parcel, injected = self.pay(row.sender, row.asset, row.amount, fee=row.kind == "fee")
        carried = parcel_taint(parcel)
        if row.receiver in self.places.scam and row.sender not in self.places.scam:
            self.result.sender_taint[row.id] = carried
        if self._enters(row):
            injected += row.amount - carried
            self.result.statements[row.asset].injected += row.amount - carried
            parcel = [(row.amount, row.amount)]
        hop = self._hop(row.sender, row.receiver)
        arrival = Arrival(row, row.receiver, row.asset, row.amount, parcel_taint(parcel), injected, hop)
        self.arrive(arrival, parcel, swallow=row.receiver in swallowers)

    def _enters(self, row: Movement) -> bool:
        """Whether a row taints on arrival: income of a collector, or a listed payment."""
        return (row.receiver in self.places.collectors or self.places.lists(row)) and not self.income.why_not(row)

    def _hop(self, sender: int | None, receiver: int | None) -> int:
        if sender in self.hops:
            return self.hops[sender] + 1
        return 0 if receiver in self.places.collectors or receiver in self.places.listed else 1

    def exchange(self, event: Exchange) -> None:
        """Take a resolved exchange: every leg pays first, then every leg is paid."""
        paid = [self.pay(leg.provider, leg.asset_out, leg.paid) for leg in event.legs]
        for leg, (parcel, injected) in zip(event.legs, paid, strict=True):
            self._leg(event, leg, parcel, injected)

    def _leg(self, event: Exchange, leg: Leg, parcel: Parcel, injected: int) -> None:
        outgoing = next(row for row in event.rows if row.sender == leg.provider and row.asset == leg.asset_out)
        incoming = [row for row in event.rows if row.receiver == leg.recipient and row.asset == leg.asset_in]
        same = leg.provider == leg.recipient
        received = convert(parcel, leg.received)
        tainted_out, carried = parcel_taint(parcel), parcel_taint(received)
        if tainted_out:
            hop = self._hop(leg.provider, leg.recipient)
            self._note(Arrival(outgoing, leg.recipient, leg.asset_out, leg.paid, tainted_out, injected, hop, "converted"))
            self.result.statements[leg.asset_out].converted_out += tainted_out
            self.result.statements[leg.asset_in].converted_in += carried
            self.result.conversions.append(Conversion(leg, incoming[0], tainted_out, carried))
        if leg.recipient in self.places.scam and leg.provider not in self.places.scam:
            parts = spread(carried, [row.amount for row in incoming])
            self.result.sender_taint.update(zip([row.id for row in incoming], parts, strict=True))
        entering = min(leg.received, sum(row.amount for row in incoming if self._enters(row)))
        extra = 0
        if entering:
            before = carried * entering // leg.received
            extra = entering - before
            self.result.statements[leg.asset_in].injected += extra
            received = [(entering, entering), (leg.received - entering, carried - before)]
        hop = self.hops.get(leg.provider, 0) if same else self._hop(leg.provider, leg.recipient)
        arrival = Arrival(incoming[0], leg.recipient, leg.asset_in, leg.received, carried + extra, extra, hop)
        self.arrive(arrival, received)

    def finish(self) -> Walk:
        """Book what is left where it rests."""
        for held, balance in self.balances.items():
            if balance.taint:
                self.result.resting[held] = balance.taint
                self.result.statements[held[1]].resting += balance.taint
        return self.result
