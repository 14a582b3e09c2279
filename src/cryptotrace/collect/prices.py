"""``fetch_prices``: dollar prices for what the ledger holds, in as few requests as it takes, each answer kept as evidence.

The table ``prices`` is the cache: what it has is not asked again, nor what a source said that it does not have. A price lies at
the start of a step of hours, so that every row is valued by a price of its own hour. What one source does not give is asked of
the next; what none gives is listed with its amount.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from cryptotrace._version import __version__
from cryptotrace.collect.journal import Journal
from cryptotrace.collect.price_archive import Known, known_gaps, rebuild_prices
from cryptotrace.collect.price_asking import Fetching, ask, checked
from cryptotrace.collect.price_checks import Check, disagreements
from cryptotrace.collect.price_needs import Wanted, amounts_of, find_needs
from cryptotrace.collect.price_results import DISAGREEMENT_COLUMNS, GAP_COLUMNS, PricePlan, PricesFound
from cryptotrace.collect.stopping import first_interrupt_asks
from cryptotrace.collect.writing import forget_stored
from cryptotrace.errors import InputError, StoreError
from cryptotrace.model import Provenance, ResultTable
from cryptotrace.sources.prices import PriceSource, open_prices

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["fetch_prices", "plan_prices", "rebuild_prices"]


def plan_prices(
    store: Store,
    sources: Sequence[str | PriceSource] = ("defillama",),
    *,
    hours: int = 1,
    fiat: Collection[str] = (),
    stable_par: bool = True,
    max_requests: int | None = None,
) -> PricePlan:
    """Say what :func:`fetch_prices` would ask with the same arguments; nothing is asked and nothing is written."""
    wanted = find_needs(store, hours=hours, stable_par=stable_par, fiat=fiat)
    return _plan(wanted, _opened(sources, fiat), known_gaps(store), max_requests)


def fetch_prices(
    store: Store,
    sources: Sequence[str | PriceSource] = ("defillama",),
    *,
    hours: int = 1,
    fiat: Collection[str] = (),
    stable_par: bool = True,
    max_requests: int | None = None,
    cross_check: int = 0,
    threshold: Decimal = Decimal("0.02"),
    progress: bool | None = None,
) -> PricesFound:
    """Fetch the dollar prices that the ledger needs and the table ``prices`` lacks.

    Parameters
    ----------
    store : Store
        A case store with transfers.
    sources : sequence of str or PriceSource
        ``defillama``, ``coingecko``, ``mempool`` (bitcoin alone), ``ecb`` (currencies): asked in this order, each for what
        those before it did not give.
    hours : int
        Length of a step, a divisor of 24: one price an asset and step, at its start. 1 by default; 24 asks far less.
    fiat : collection of str
        Currencies such as ``EUR``, whose rate of each day of the ledger is kept under ``fiat:EUR`` (asked of ``ecb``).
    stable_par : bool
        Take stablecoins of our list at one dollar, as a trace does, and ask only about days on which they are known to have
        been off it. False asks about all of them.
    max_requests : int, optional
        Requests that may be sent; the same call goes on.
    cross_check : int
        So many of the new prices are asked of a second source too and compared; needs a second source.
    threshold : Decimal
        Share by which two sources may differ.
    progress : bool, optional
        Show a bar; by default where somebody is watching.

    Returns
    -------
    PricesFound
        ``gaps`` lists what has no price, with its amount.

    Raises
    ------
    InputError
        If a source, a step or a currency is not known.
    SourceError
        If no source gave a single answer: no network, or all of them refused.
    StoreBusy
        If another process collects into the same store.

    Notes
    -----
    DefiLlama: about 150 coins or 400 hours a request; CoinGecko: one coin and 89 days a request. Answers are kept in
    ``responses``: :func:`rebuild_prices` gives the same rows from them alone.
    """
    if store.read_only:
        raise StoreError("the store was opened read-only", where=str(store.path), hint="Open it without read_only=True")
    opened = _opened(sources, fiat)
    if cross_check and len(opened) < 2:
        raise InputError("a check needs a second source", where="cross_check", hint="Name two, such as defillama, coingecko")
    wanted = find_needs(store, hours=hours, stable_par=stable_par, fiat=fiat)
    known = known_gaps(store)
    plan = _plan(wanted, opened, known, max_requests)
    checks: list[Check] = []
    with _fetching(store, wanted, plan, progress=progress) as run:
        for source in opened:
            ask(run, source, known)
        if cross_check:
            checks = checked(run, opened, cross_check)
    answered = any(fetcher.accepted or fetcher.reused for fetcher in run.fetchers)
    if run.problems and not answered:
        raise run.problems[0]
    return _result(run, wanted, plan, checks, threshold, hours=hours, sources=[source.name for source in opened])


@contextmanager
def _fetching(store: Store, wanted: Wanted, plan: PricePlan, *, progress: bool | None) -> Iterator[Fetching]:
    """Hold the journal, the bar and Ctrl-C while a run asks."""
    from tqdm.auto import tqdm

    journal = Journal(None if store.path is None else Path(f"{store.path}.journal"))
    bar = tqdm(
        total=sum(plan.requests.values()), unit="request", desc="prices", disable=None if progress is None else not progress
    )
    run = Fetching(store=store, journal=journal, max_requests=plan.max_requests, bar=bar, open=set(wanted.needs))
    try:
        forget_stored(journal, store)
        with first_interrupt_asks(
            run.stop, lambda: bar.write("finishing the answer at hand; Ctrl-C again breaks off", file=sys.stderr)
        ):
            yield run
    finally:
        bar.close()
        journal.close()


def _opened(sources: Sequence[str | PriceSource], fiat: Collection[str]) -> list[PriceSource]:
    if isinstance(sources, str) or not sources:
        raise InputError(f"no list of sources: {sources!r}", where="sources", hint='Give several names, such as ("defillama",)')
    opened = [open_prices(one) if isinstance(one, str) else one for one in sources]
    if fiat and all(one.name != "ecb" for one in opened):
        opened.append(open_prices("ecb"))
    names = [one.name for one in opened]
    if len(set(names)) < len(names):
        raise InputError("a source is named twice", where="sources", hint="Name each once, in the order of asking")
    return opened


def _plan(wanted: Wanted, opened: Sequence[PriceSource], known: Known, max_requests: int | None) -> PricePlan:
    requests: dict[str, int] = {}
    left = set(wanted.needs)
    for source in opened:
        mine = {need for need in left if source.serves(need.asset) and need not in known.get(source.name, {})}
        requests[source.name] = len(source.requests(mine))
        left -= mine
    unserved = {need for need in left if not any(source.serves(need.asset) for source in opened)}
    return PricePlan(
        needed=len(wanted.needs), priced=wanted.priced, at_par=wanted.at_par, known_gaps=len(left - unserved),
        unserved=len(unserved), requests=requests, max_requests=max_requests,
    )  # fmt: skip


def _result(
    run: Fetching,
    wanted: Wanted,
    plan: PricePlan,
    checks: Sequence[Check],
    threshold: Decimal,
    *,
    hours: int,
    sources: Sequence[str],
) -> PricesFound:
    amounts = amounts_of(run.store, run.open, wanted, hours=hours)
    gaps = tuple(
        (need.asset, need.time, *amounts[need], "; ".join(f"{name}: {why}" for name, why in run.reasons.get(need, {}).items()))
        for need in sorted(run.open)
    )
    gaps = tuple((*row[:-1], row[-1] or "no source can be asked about it") for row in gaps)
    parameters = {"sources": ",".join(sources), "hours": str(hours)}
    run.store.load([], run={"verb": "fetch_prices", "parameters": json.dumps(parameters, sort_keys=True), "inputs": ""})
    warnings = [f"stopped: {run.stopped.what}; the same command goes on"] if run.stopped is not None else []
    warnings += [f"refused: {problem}" for problem in run.problems]
    return PricesFound(
        plan=plan,
        found=run.new,
        requests=run.sent,
        gaps=ResultTable("gaps", GAP_COLUMNS, gaps),
        checked=len(checks),
        disagreements=ResultTable("disagreements", DISAGREEMENT_COLUMNS, tuple(disagreements(checks, threshold))),
        provenance=Provenance(verb="fetch_prices", version=__version__, parameters=parameters, warnings=tuple(warnings)),
    )
