"""The facts that sentences are made of: one frozen value, so that every sentence can be tested without a case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from cryptotrace._version import __version__
from cryptotrace.errors import InputError
from cryptotrace.estimates import Rung
from cryptotrace.estimates.exits import exit_arrivals, hidden_arrivals
from cryptotrace.estimates.rungs import Period
from cryptotrace.model import Policy
from cryptotrace.reports.numbers import PricedSum, priced_sum
from cryptotrace.tracing import EXIT_CATEGORIES
from cryptotrace.tracing.tables import terminals_in
from cryptotrace.tracing.valuation import dollars

if TYPE_CHECKING:
    from cryptotrace.estimates import Comparison, Estimate
    from cryptotrace.reports.store_facts import StoreFacts
    from cryptotrace.tracing import Envelope, Trace

__all__ = ["NOT_PULLED", "Checked", "Facts", "Place", "end_name", "gather"]

NOT_PULLED = frozenset({"not_pulled", "partial", "too_busy"})
"""Frontier reasons that more pulling would mend."""

Range = tuple[Decimal | None, Decimal | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a part of the traced money is: an exit's entity, an issuer's token, a reason of the frontier."""

    name: str
    category: str
    value: PricedSum
    addresses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """How many accounts and balances (one an account and asset) an explorer told, and how many the rows add up to."""

    accounts: int = 0
    proven_accounts: int = 0
    balances: int = 0
    proven_balances: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that the sentences of a report say, and nothing that names an address.

    Attributes
    ----------
    outflow : bool
        Seeds inject what they pay out: victims' payments are not in the data.
    exits, resting, frontier : tuple of Place
        By entity, by issuer that could freeze (``""`` for none), by reason.
    period_exits, exits_outside, period_stopped : tuple of Place, PricedSum, PricedSum
        What E4 counts: exits inside the period of the scope; what reached exits outside it; and what stopped inside it at
        addresses or steps that more data, or a longer trace, would open.
    source_unpriced : tuple of (asset, base units)
        What left the sources without a price.
    *_range : (Decimal or None, Decimal or None)
        Least and most over the conserving policies that were run; (None, None) where that is not known.
    complete_addresses, all_addresses : int or None
        None where there is no coverage to read.
    returned, burnt : PricedSum
        What ended at victims' own wallets, and at ends that are neither exits nor victims.
    moved : PricedSum
        Tainted value of all movements, each step counted: what shares of order and openings refer to.
    checked : Checked
        Against balances that were asked for; all zero where none was.
    top_sensitivities : tuple of str
        What would change the answer most, first the largest.
    """

    title: str
    case_id: str
    edition: str
    synthetic: bool
    version: str
    category: str
    population: str
    period: tuple[datetime, datetime] | None
    as_of: datetime | None
    policy: Policy
    policies: int
    outflow: bool
    scam_addresses: int
    masked: int
    rungs: tuple[Rung, ...]
    source_outflow: Decimal | None
    source_unpriced: tuple[tuple[str, int], ...]
    throughput_ratio: Decimal | None
    throughput_divisor: str
    exits: tuple[Place, ...]
    period_exits: tuple[Place, ...]
    exits_outside: PricedSum
    period_stopped: PricedSum
    exits_range: Range
    exits_shown: Decimal | None
    returned: PricedSum
    burnt: PricedSum
    resting: tuple[Place, ...]
    resting_range: Range
    frontier: tuple[Place, ...]
    frontier_range: Range
    pruned: PricedSum
    fees: PricedSum
    moved: PricedSum
    inexact_order: Decimal | None
    through_openings: Decimal | None
    openings: int
    openings_tainted_exits: Decimal | None
    injected: Decimal | None
    complete_addresses: int | None
    all_addresses: int | None
    rejects: int | None
    reject_reasons: tuple[tuple[str, int], ...]
    sources: tuple[str, ...]
    price_sources: tuple[str, ...]
    rules: tuple[str, ...]
    top_sensitivities: tuple[str, ...]
    compared: int
    refused: int
    warnings: tuple[str, ...]
    checked: Checked = Checked()

    def rung(self, name: str) -> Rung:
        """Give a rung of the ladder by its id."""
        return next(rung for rung in self.rungs if rung.id == name)

    @property
    def stopped_short(self) -> PricedSum:
        """What reached addresses that were not pulled, or not whole."""
        return _merged(place.value for place in self.frontier if place.name in NOT_PULLED)

    @property
    def is_complete(self) -> bool | None:
        """Whether every address that taint reached is complete; None where coverage is not known."""
        if self.all_addresses is None:
            return None
        return self.complete_addresses == self.all_addresses and not self.stopped_short.parts


def gather(
    trace: Trace,
    estimate: Estimate,
    comparison: Comparison | None = None,
    *,
    envelope: Envelope | None = None,
    stored: StoreFacts | None = None,
    rules: tuple[str, ...] = (),
    edition: str = "public",
    title: str | None = None,
    synthetic: bool = False,
    case_id: str | None = None,
    masked: int = 0,
) -> Facts:
    """Collect the facts of a case; O(rows of its tables).

    Raises
    ------
    InputError
        If the trace follows a policy that does not conserve money.
    """
    _refuse_what_counts_twice(trace)
    totals, context = trace.totals, trace.context
    complete, known = (None, None) if stored is None else stored.addresses
    terminals = list(trace.table("terminals").dicts())
    flows = list(trace.table("flows").dicts())
    period = estimate.scope.period
    inside = [row for row in terminals_in(context, trace.walk, period).dicts() if row["category"] in EXIT_CATEGORIES]
    return Facts(
        title=title or case_id or "A case without a name",
        case_id=case_id or "",
        edition=edition,
        synthetic=synthetic,
        version=__version__,
        category=estimate.scope.category,
        population=estimate.scope.population,
        period=estimate.scope.period,
        as_of=context.book.as_of or max((row.time for row in context.ordered), default=None),
        policy=trace.policy,
        policies=1 if envelope is None else len(envelope.conserving),
        outflow=context.places.outflow,
        scam_addresses=len(context.places.scam),
        masked=masked,
        rungs=estimate.rungs,
        source_outflow=estimate.source_outflow_usd,
        source_unpriced=estimate.source_outflow_unpriced,
        throughput_ratio=estimate.throughput_ratio,
        throughput_divisor=estimate.throughput_divisor,
        exits=_places((row for row in terminals if row["category"] in EXIT_CATEGORIES), "entity"),
        period_exits=_places(inside, "entity"),
        exits_outside=_exits_outside(trace, period),
        period_stopped=_stopped_in(trace, period),
        exits_range=_band(envelope, "exits"),
        exits_shown=totals.exits,
        returned=priced_sum(row["tainted_usd"] for row in terminals if row["category"] == "victim"),
        burnt=priced_sum(
            row["tainted_usd"] for row in terminals if row["category"] not in EXIT_CATEGORIES and row["category"] != "victim"
        ),
        resting=_places(_with_freezes(trace.table("resting").dicts()), "freezable_by"),
        resting_range=_band(envelope, "resting"),
        frontier=_places(trace.table("frontier").dicts(), "reason"),
        frontier_range=_band(envelope, "frontier"),
        pruned=priced_sum(row["tainted_usd"] for row in flows if row["outcome"] == "pruned"),
        fees=priced_sum(row["tainted_usd"] for row in flows if row["outcome"] == "fee"),
        moved=priced_sum(row["tainted_usd"] for row in flows if row["outcome"] != "converted"),
        inexact_order=totals.inexact_order,
        through_openings=totals.through_openings,
        openings=len(trace.table("openings")),
        openings_tainted_exits=trace.openings_tainted_exits,
        injected=totals.injected,
        complete_addresses=complete if known else None,
        all_addresses=known or None,
        rejects=None if stored is None else len(stored.rejects),
        reject_reasons=() if stored is None else stored.reject_reasons,
        sources=() if stored is None else stored.sources,
        price_sources=() if stored is None else stored.prices,
        rules=rules,
        top_sensitivities=_sensitivities(estimate),
        compared=0 if comparison is None else len(comparison.comparable),
        refused=0 if comparison is None else len(comparison) - len(comparison.comparable),
        warnings=tuple(dict.fromkeys((*trace.provenance.warnings, *estimate.provenance.warnings))),
        checked=_checked(estimate),
    )


def _refuse_what_counts_twice(trace: Trace) -> None:
    if not trace.policy.conserving:
        raise InputError(
            f"the policy {trace.policy.id} counts money more than once, so no total can rest on it",
            where="write_report(trace=…)",
            hint="Give a trace of another policy, such as Haircut(); poison is shown through the envelope",
        )


def _exits_outside(trace: Trace, period: Period) -> PricedSum:
    """Add up what reached exits before and after a period; nothing where there is none."""
    worth = trace.context.valuer.micro
    return priced_sum(
        dollars(worth(arrival.asset, arrival.tainted, arrival.row.time))
        for arrival in exit_arrivals(trace, None)
        if period is not None and not period[0] <= arrival.row.time < period[1]
    )


def _stopped_in(trace: Trace, period: Period) -> PricedSum:
    """Add up what stopped at incomplete accounts that may have passed it on to exits."""
    worth = trace.context.valuer.micro
    return priced_sum(dollars(worth(one.asset, one.tainted, one.row.time)) for one in hidden_arrivals(trace, period))


def end_name(row: Mapping[str, Any]) -> str:
    """Give the name of an end, or nothing where its label names only a category or the list that it stands in."""
    name, source = str(row["entity"] or ""), str(row.get("label_source") or "")
    generic = {"", str(row["category"]), PurePath(source).stem.lower(), source.lower(), "terminal", "terminals"}
    return "" if name.lower() in generic else name


def _checked(estimate: Estimate) -> Checked:
    accounts: dict[tuple[str, str], bool] = {}
    rows = [(row["chain"], row["address"], row["status"] == "proven") for row in estimate.table("proofs").dicts()]
    for chain, address, is_proven in rows:
        accounts[chain, address] = accounts.get((chain, address), True) and is_proven
    return Checked(
        accounts=len(accounts),
        proven_accounts=sum(accounts.values()),
        balances=len(rows),
        proven_balances=sum(is_proven for _, _, is_proven in rows),
    )


def _band(envelope: Envelope | None, name: str) -> Range:
    return (None, None) if envelope is None else envelope.band(name)


def _with_freezes(rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give rows of what rests the category ``frozen`` where the issuer has frozen it already."""
    for row in rows:
        yield {**row, "category": "frozen" if row["frozen_since"] is not None else ""}


def _places(rows: Any, key: str) -> tuple[Place, ...]:
    """Group rows of a table by a column and its category, the largest first."""
    values: dict[tuple[str, str], list[Decimal | None]] = defaultdict(list)
    held: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for row in rows:
        name = (end_name(row) if key == "entity" else row[key] or "", row.get("category") or "")
        values[name].append(row["tainted_usd"])
        held[name].add((row["chain"], row["address"]))
    places = [
        Place(name=name, category=category, value=priced_sum(parts), addresses=len(held[name, category]))
        for (name, category), parts in values.items()
    ]
    return tuple(sorted(places, key=lambda place: (-place.value.known, place.name, place.category)))


def _merged(values: Any) -> PricedSum:
    parts = list(values)
    return PricedSum(
        sum((part.known for part in parts), Decimal(0)), sum(part.unpriced for part in parts), sum(part.parts for part in parts)
    )


def _sensitivities(estimate: Estimate) -> tuple[str, ...]:
    """Say the three assumptions that move a figure most."""
    table = estimate.table("sensitivity")
    if not {"assumption", "alternative", "change_pct"} <= set(table.columns):
        return ()
    rows = [row for row in table.dicts() if row["change_pct"]]
    rows.sort(key=lambda row: -abs(row["change_pct"]))
    return tuple(
        f"{row.get('rung', '')} {row['assumption']}: {row['alternative']} ({row['change_pct']:+f}%)".strip() for row in rows[:3]
    )
