"""Prices that a case fetches: what no file gives is asked of the sources that it names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from cryptotrace.case.places import at_key
from cryptotrace.case.reading import Case
from cryptotrace.errors import SourceError
from cryptotrace.hygiene import clean
from cryptotrace.model import Coverage, Labels
from cryptotrace.sources.prices import PriceSource
from cryptotrace.store import Store

__all__ = ["OpenPrices", "fetch_case_prices", "prepare_prices"]


class OpenPrices(Protocol):
    """What :func:`cryptotrace.sources.prices.open_prices` is, as a case calls it."""

    def __call__(self, name: str) -> PriceSource:
        """Open a source of prices; nothing is asked yet."""


def prepare_prices(case: Case, open_: OpenPrices) -> list[PriceSource]:
    """Open every source of prices that the case names; none is asked."""
    opened = []
    for number, name in enumerate(case.file.prices.fetch):
        with at_key(case, f"prices.fetch.{number}"):
            opened.append(open_(name))
    return opened


def fetch_case_prices(
    case: Case,
    store: Store,
    labels: Labels,
    coverage: Coverage,
    sources: Sequence[PriceSource],
    say: Callable[[str], None],
    *,
    show: bool,
) -> Coverage:
    """Ask for the prices that the ledger needs and no file gives; what is missing afterwards is a warning, never a zero."""
    if not sources:
        return coverage
    from cryptotrace.collect.prices import fetch_prices

    names = ", ".join(source.name for source in sources)
    say(f"fetching prices from {names}")
    clean(store, labels=labels)  # what is no money needs no price
    try:
        found = fetch_prices(store, sources, stable_par=case.file.prices.stable_par, progress=None if show else False)
    except SourceError as refusal:
        warnings = [f"no price was fetched: {refusal.what}"]
    else:
        warnings = [f"prices: {words}" for words in found.provenance.warnings]
        if found.gaps.rows:
            warnings.append(f"prices: {len(found.gaps.rows):,} that were needed are not known to {names}")
    kept = (*coverage.provenance.warnings, *warnings)
    return replace(coverage, provenance=replace(coverage.provenance, warnings=kept))
