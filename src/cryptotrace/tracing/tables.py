"""From a raw walk to the public tables of a trace, in a fixed order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cryptotrace.model import ResultTable
from cryptotrace.tracing.context import Context
from cryptotrace.tracing.reference import Arrival, Walk
from cryptotrace.tracing.valuation import dollars, total_dollars

__all__ = ["TABLES", "public_tables", "terminals_in"]

TABLES = {
    "flows": (
        "chain", "tx_hash", "position", "block", "time", "sender", "receiver", "asset", "amount", "tainted_amount", "usd",
        "tainted_usd", "hop", "injected_amount", "outcome", "order_known",
    ),
    "terminals": (
        "chain", "address", "entity", "category", "asset", "tainted_amount", "tainted_usd", "first_time", "last_time",
        "transfers", "label_source", "confidence",
    ),
    "resting": ("chain", "address", "asset", "tainted_amount", "tainted_usd", "freezable_by", "holder", "frozen_since"),
    "frontier": ("chain", "address", "asset", "tainted_amount", "tainted_usd", "reason"),
    "openings": ("chain", "address", "asset", "amount", "method", "carries_taint"),
    "conversions": (
        "kind", "chain", "time", "tx_in", "provider", "asset_in", "amount_in", "tainted_in", "tx_out", "recipient", "asset_out",
        "amount_out", "tainted_out", "evidence", "confidence",
    ),
    "statement": (
        "asset", "injected", "converted_in", "terminals", "resting", "frontier", "fees", "pruned", "converted_out",
        "difference", "chain",
    ),
}  # fmt: skip
"""Columns of each table: those of the design first, in its order, then ours."""

_ISSUERS = {
    "USDT": ("Tether", frozenset({"ethereum", "tron", "avalanche"})),
    "USDC": ("Circle", frozenset({"ethereum", "polygon", "arbitrum", "optimism", "base", "avalanche"})),
}
"""Who can freeze a token, and on which chains it is the issuer's own: elsewhere it is a bridge's or an exchange's copy."""
_FRONTIER_WALKS = {"walked", "terminal", "fee", "converted", "pruned"}


def public_tables(context: Context, walk: Walk) -> dict[str, ResultTable]:
    """Build every public table of one walk; O(arrivals log arrivals)."""
    rows = {
        "flows": _flows(context, walk),
        "resting": _resting(context, walk),
        "frontier": _frontier(context, walk),
        "openings": _openings(context, walk),
        "conversions": _conversions(context, walk),
        "statement": _statement(context, walk),
    }
    made = {name: ResultTable(name, TABLES[name], tuple(table)) for name, table in rows.items()}
    return {**made, "terminals": terminals_in(context, walk)}


def _flows(context: Context, walk: Walk) -> Iterable[tuple[Any, ...]]:
    for arrival in walk.arrivals:
        row, value = arrival.row, context.valuer.micro
        sender = None if row.sender is None else context.account(row.sender)[1]
        receiver = None if row.receiver is None else context.account(row.receiver)[1]
        yield (
            row.chain, row.tx_hash, row.position, row.block, row.time, sender, receiver, context.asset(row.asset),
            arrival.amount, arrival.tainted, dollars(value(row.asset, arrival.amount, row.time)),
            dollars(value(row.asset, arrival.tainted, row.time)), arrival.hop, arrival.injected, arrival.outcome,
            row.order_known,
        )  # fmt: skip


def _grouped(arrivals: Iterable[Arrival], outcomes: set[str]) -> dict[tuple[int, int, str], list[Arrival]]:
    groups: dict[tuple[int, int, str], list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        if arrival.outcome in outcomes and arrival.account is not None:
            groups[arrival.account, arrival.asset, arrival.outcome].append(arrival)
    return groups


def _usd(context: Context, arrivals: Iterable[Arrival]) -> Any:
    return dollars(total_dollars(context.valuer.micro(a.asset, a.tainted, a.row.time) for a in arrivals))


def terminals_in(context: Context, walk: Walk, period: tuple[datetime, datetime] | None = None) -> ResultTable:
    """Give the table of terminals over the arrivals of a half-open period alone, or over all."""
    within = (a for a in walk.arrivals if period is None or period[0] <= a.row.time < period[1])
    rows = []
    for (account, asset, _), arrivals in _grouped(within, {"terminal"}).items():
        end = context.places.ends[account]
        times = [arrival.row.time for arrival in arrivals]
        rows.append((
            *context.account(account), end.entity, end.category, context.asset(asset), sum(a.tainted for a in arrivals),
            _usd(context, arrivals), min(times), max(times), len(arrivals),
            end.label.source if end.label else None, end.label.confidence if end.label else None,
        ))  # fmt: skip
    rows.sort(key=lambda row: (row[3], row[2] or "", row[0], row[1], row[4]))
    return ResultTable("terminals", TABLES["terminals"], tuple(rows))


def _resting(context: Context, walk: Walk) -> list[tuple[Any, ...]]:
    """Value what rests at the price of the as-of time, or of the last row where that is earlier: it is held now, not then."""
    moment = max((row.time for row in context.ordered), default=None)
    if moment is not None and context.book.as_of is not None:
        moment = min(moment, context.book.as_of)
    payers = _losing_payers(context)
    rows = []
    for (account, asset), tainted in walk.resting.items():
        name = context.asset(asset)
        usd = None if moment is None else dollars(context.valuer.micro(asset, tainted, moment))
        holder = "payer" if account in payers else None
        issuer = None if holder else _issuer(context, asset)
        rows.append((*context.account(account), name, tainted, usd, issuer, holder, _frozen_since(context, account, asset)))
    return sorted(rows, key=lambda row: (row[0], row[1], row[2]))


def _issuer(context: Context, asset: int) -> str | None:
    facts = context.book.assets[asset]
    name, chains = _ISSUERS.get(facts.asset.symbol or "", ("", frozenset()))
    return name if facts.canonical and facts.asset.chain in chains else None


def _frozen_since(context: Context, account: int, asset: int) -> datetime | None:
    """Give since when the issuer has frozen this already, by the events in the store; None where none of them says so."""
    contract = context.book.assets[asset].asset.contract
    return context.frozen.get((*context.book.accounts[account], contract or ""))


def _losing_payers(context: Context) -> frozenset[int]:
    """Give who paid the scam set at least as much as it got from it: probably victims' own wallets, never to be frozen.

    Payments without a price make an account no payer: unknown is not a loss.
    """
    balance: dict[int, int] = defaultdict(int)
    unknown: set[int] = set()
    scam = context.places.scam
    for row in context.ordered:
        pays, gets = row.sender in scam, row.receiver in scam
        if pays == gets or row.sender is None or row.receiver is None:
            continue
        other, sign = (row.sender, 1) if gets else (row.receiver, -1)
        micro = context.valuer.micro(row.asset, row.amount, row.time)
        if micro is None:
            unknown.add(other)
        balance[other] += sign * (micro or 0)
    return frozenset(account for account, paid in balance.items() if paid >= 0 and account not in unknown)


def _frontier(context: Context, walk: Walk) -> list[tuple[Any, ...]]:
    reasons = {arrival.outcome for arrival in walk.arrivals} - _FRONTIER_WALKS
    rows = [
        (*context.account(account), context.asset(asset), sum(a.tainted for a in arrivals), _usd(context, arrivals), reason)
        for (account, asset, reason), arrivals in _grouped(walk.arrivals, reasons).items()
    ]
    return sorted(rows, key=lambda row: (row[5], row[0], row[1], row[2]))


def _openings(context: Context, walk: Walk) -> list[tuple[Any, ...]]:
    rows = [
        (*context.account(account), context.asset(asset), amount, "prefix_shortfall", (account, asset) in walk.through_opening)
        for (account, asset), amount in context.openings.items()
    ]
    return sorted(rows, key=lambda row: (not row[5], row[0], row[1], row[2]))


def _conversions(context: Context, walk: Walk) -> Iterable[tuple[Any, ...]]:
    """Name the side of the money that went into the exchange ``in`` and what came out of it ``out``."""
    for conversion in walk.conversions:
        leg, row = conversion.leg, conversion.row
        evidence = "net changes of the transaction: one provider, one recipient"
        yield (
            leg.kind, row.chain, row.time,
            row.tx_hash, context.account(leg.provider)[1], context.asset(leg.asset_out), leg.paid, conversion.tainted_out,
            row.tx_hash, context.account(leg.recipient)[1], context.asset(leg.asset_in), leg.received, conversion.tainted_in,
            evidence, "shown on chain" if leg.kind != "swap" else "strong",
        )  # fmt: skip


def _statement(context: Context, walk: Walk) -> list[tuple[Any, ...]]:
    rows = [
        (
            context.asset(asset), s.injected, s.converted_in, s.terminals, s.resting, s.frontier, s.fees, s.pruned,
            s.converted_out, s.difference, context.book.assets[asset].asset.chain,
        )
        for asset, s in walk.statements.items()
        if s.injected or s.converted_in or s.difference
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row[0], row[-1]))
