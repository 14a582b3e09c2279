"""Tracing: follow tainted value through the ledger until a boundary, and account for every unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from cryptotrace._version import __version__
from cryptotrace.errors import ConservationError, InputError
from cryptotrace.model import ALL, Haircut, Labels, Policy, Provenance, Seeds, micro_dollars
from cryptotrace.tracing.context import Context, prepare
from cryptotrace.tracing.reference import Limits, Walk, walk
from cryptotrace.tracing.result import EXIT_CATEGORIES, Envelope, Totals, Trace, totals_of
from cryptotrace.tracing.tables import public_tables

if TYPE_CHECKING:
    from cryptotrace.clustering import Clusters
    from cryptotrace.store import Store

__all__ = ["EXIT_CATEGORIES", "Envelope", "Totals", "Trace", "trace", "trace_all"]


def trace(
    store: Store,
    seeds: Seeds,
    *,
    labels: Labels | None = None,
    clusters: Clusters | None = None,
    policy: Policy = Haircut(),  # noqa: B008  (a frozen value)
    max_hops: int | None = None,
    min_value_usd: Decimal | None = None,
    as_of: datetime | None = None,
    service_degree: int = 300,
    stable_par: bool = True,
) -> Trace:
    """Follow value from the seeds until a boundary, under one ledger policy.

    The result says where tainted units ended: at labelled boundaries (``terminals``), still held (``resting``), at places that
    the data do not show (``frontier``), in fees, or below the limit (``pruned``). "Reached" does not mean "owned by".

    Parameters
    ----------
    store : Store
        The case store; it is cleaned first if its rows have changed.
    seeds : Seeds
        Perpetrators inject as each seed says; victims are ends.
    labels : Labels, optional
        Boundaries and services.
    clusters : Clusters, optional
        Its scam set replaces the bare seeds. Without it a seed that is labelled a service stays in it, with a warning.
    policy : Policy
        How a mixed balance is split by a payment.
    max_hops : int, optional
        Taint that would go further is stated in the frontier.
    min_value_usd : Decimal, optional
        Smaller tainted movements are stated as pruned.
    as_of : datetime, optional
        Rows after this time are not read.
    service_degree : int
        Distinct counterparties from which on an unlabelled address is a suspected service.
    stable_par : bool
        Whether stablecoins of our list without a price count as one dollar.

    Returns
    -------
    Trace

    Raises
    ------
    ConservationError
        If the statement of a conserving policy does not balance: a defect of the library, never a result.

    Notes
    -----
    O(n log n) in ledger rows. Over-counts nothing for conserving policies; under-counts where the frontier is large.
    """
    context = prepare(
        store, seeds, labels=labels, clusters=clusters, as_of=as_of, service_degree=service_degree, stable_par=stable_par
    )
    return _trace(context, policy, _limits(max_hops, min_value_usd))


def trace_all(
    store: Store,
    seeds: Seeds,
    *,
    labels: Labels | None = None,
    clusters: Clusters | None = None,
    policies: Sequence[Policy] = ALL,
    default: Policy = Haircut(),  # noqa: B008  (a frozen value)
    max_hops: int | None = None,
    min_value_usd: Decimal | None = None,
    as_of: datetime | None = None,
    service_degree: int = 300,
    stable_par: bool = True,
) -> Envelope:
    """Run :func:`trace` under several policies over one reading of the case.

    Parameters
    ----------
    policies : sequence of Policy
        All six by default.
    default : Policy
        The one that is shown first; it is run too if ``policies`` lacks it.

    Returns
    -------
    Envelope
        With the least and the most over the conserving policies; poison is shown for its reach and enters no total.
    """
    context = prepare(
        store, seeds, labels=labels, clusters=clusters, as_of=as_of, service_degree=service_degree, stable_par=stable_par
    )
    limits = _limits(max_hops, min_value_usd)
    wanted = dict.fromkeys((*policies, default))
    traces = {policy.id: _trace(context, policy, limits) for policy in wanted}
    provenance = replace(traces[default.id].provenance, verb="trace_all")
    return Envelope(traces=traces, default=default.id, provenance=provenance)


def _warnings(context: Context) -> tuple[str, ...]:
    """Name what makes the seeds doubtful: listed payments that no row matches, and seeds that look like services."""
    seen = {(row.receiver, row.tx_hash, row.position) for row in context.ordered}
    hashes = {(receiver, tx_hash) for receiver, tx_hash, _ in seen}
    missing = [
        f"{context.account(account)[1]} in {tx_hash}" + (f" at {position}" if position else "")
        for account, payments in context.places.listed.items()
        for tx_hash, position in sorted(payments)
        if ((account, tx_hash, position) not in seen if position else (account, tx_hash) not in hashes)
    ]
    return (
        *context.warnings,
        *(f"a listed payment is not in the ledger: {one}" for one in sorted(missing)),
        *(
            f"the seed or cluster member {context.account(account)[1]} trades with {degree:,} counterparties, as a service "
            "does: if it is one, what its customers paid is not stolen"
            for account, degree in sorted(context.places.crowded.items())
        ),
    )


def _limits(max_hops: int | None, min_value_usd: object) -> Limits:
    if isinstance(min_value_usd, int):
        min_value_usd = Decimal(min_value_usd)
    if min_value_usd is not None and not (isinstance(min_value_usd, Decimal) and min_value_usd.is_finite()):
        raise InputError(
            f"no exact dollars: {min_value_usd!r}", where="min_value_usd", hint="Give a Decimal, such as Decimal(100)"
        )
    for name, value in (("max_hops", max_hops), ("min_value_usd", min_value_usd)):
        if value is not None and value < 0:
            raise InputError(f"{value} is below 0", where=name, hint="0 or None means no limit")
    return Limits(max_hops=max_hops or None, min_value_micro=micro_dollars(min_value_usd) if min_value_usd else None)


def _trace(context: Context, policy: Policy, limits: Limits) -> Trace:
    done = _walk(context, policy, limits)
    tables = public_tables(context, done)
    exits = None
    if done.through_opening and policy.conserving:
        tainted = _walk(context, policy, limits, openings_tainted=True)
        exits = totals_of(context, tainted, public_tables(context, tainted)).exits
    parameters = {
        "policy": policy.id,
        "max_hops": str(limits.max_hops or 0),
        "min_value_micro_usd": str(limits.min_value_micro or 0),
        "as_of": "" if context.book.as_of is None else context.book.as_of.isoformat(),
    }
    return Trace(
        policy=policy,
        tables=tables,
        totals=totals_of(context, done, tables),
        openings_tainted_exits=exits,
        provenance=Provenance(
            verb="trace",
            version=__version__,
            parameters=parameters,
            inputs={"store": context.digest},
            warnings=_warnings(context),
        ),
        context=context,
        walk=done,
    )


def _walk(context: Context, policy: Policy, limits: Limits, *, openings_tainted: bool = False) -> Walk:
    done = walk(
        context.events,
        context.book,
        context.places,
        context.valuer,
        policy,
        limits=limits,
        openings=context.openings,
        openings_tainted=openings_tainted,
        income=context.income,
    )
    wrong = {context.asset(asset): s.difference for asset, s in done.statements.items() if s.difference}
    if wrong and policy.conserving:
        raise ConservationError(
            f"the {policy.id} trace does not balance: {wrong}",
            where="trace.statement",
            hint="Please report this with the case file: it is a defect of cryptotrace, and no number of this trace is right",
        )
    return done
