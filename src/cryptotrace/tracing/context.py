"""What all walks over one case share: read once, used for every policy and by the estimates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from cryptotrace.clustering import Clusters
from cryptotrace.clustering.constraints import is_service
from cryptotrace.clustering.edges import account_name
from cryptotrace.collect.frozen import frozen_since
from cryptotrace.hygiene import ensure_clean
from cryptotrace.model import Labels, Seeds
from cryptotrace.tracing.income import Income, without_transit
from cryptotrace.tracing.movements import Book, Movement, read_book
from cryptotrace.tracing.order import in_order
from cryptotrace.tracing.places import Places, Unread, find_places, unread_coins
from cryptotrace.tracing.reference import Event, Held, find_openings
from cryptotrace.tracing.swaps import with_exchanges
from cryptotrace.tracing.valuation import Valuer

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["Context", "prepare"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Context:
    """A case, read and put in order."""

    book: Book
    ordered: Sequence[Movement]
    events: Sequence[Event]
    places: Places
    income: Income
    valuer: Valuer
    openings: dict[Held, int]
    digest: str
    """Version of the store that it rests on."""
    warnings: tuple[str, ...] = ()
    """What is doubtful about the seeds: one that is left out because it is a service, or that is in no row, for example."""

    frozen: Mapping[tuple[str, str, str], datetime] = field(default_factory=dict)
    """(Chain, address, contract) -> since when it is frozen, at the as-of time."""

    unread: tuple[Unread, ...] = ()
    """Chains whose coins are in the store but not followed."""

    @property
    def is_unread(self) -> bool:
        """Whether all that the scam addresses got is coins that no walk follows: then nothing can be said, not even 0."""
        return not self.places.scam and any(one.scam for one in self.unread)

    def account(self, ident: int) -> tuple[str, str]:
        """Give (chain, printed address)."""
        from cryptotrace.codecs import display_address

        chain, address = self.book.accounts[ident]
        return chain, display_address(address, chain)

    def asset(self, ident: int) -> str:
        """Give the printed name of an asset."""
        return self.book.assets[ident].display


def prepare(
    store: Store,
    seeds: Seeds,
    *,
    labels: Labels | None = None,
    clusters: Clusters | None = None,
    as_of: datetime | None = None,
    service_degree: int = 300,
    stable_par: bool = True,
) -> Context:
    """Clean, read and order a case; O(n log n) in rows."""
    ensure_clean(store, labels=labels)
    if clusters is None:
        scam = frozenset((s.chain, s.address) for s in seeds.perpetrators)
        warnings = tuple(_labelled_seeds(scam, labels))
    else:
        scam, warnings = clusters.scam_set, clusters.provenance.warnings
    with store.session():
        book = read_book(store, as_of=as_of)
        places = find_places(store, book, seeds, labels=labels, scam_set=scam, service_degree=service_degree)
        valuer = Valuer(store, book, stable_par=stable_par)
        digest = f"store version {store.version}"
        frozen = frozen_since(store, as_of)
        unread = unread_coins(store, scam)
    absent = () if any(one.scam for one in unread) else tuple(_absent(scam, book))
    ordered = in_order(book.movements)
    events = without_transit(list(with_exchanges(book, ordered)), book, places)
    return Context(
        book=book,
        ordered=ordered,
        events=events,
        places=places,
        income=Income(events, book, places),
        valuer=valuer,
        openings=find_openings(events, book, places),
        digest=digest,
        warnings=(*warnings, *absent, *map(str, unread), *valuer.doubts(ordered)),
        frozen=frozen,
        unread=unread,
    )


def _labelled_seeds(scam: frozenset[tuple[str, str]], labels: Labels | None) -> Iterator[str]:
    for account in sorted(scam):
        label = labels.of(*account) if labels is not None else None
        if label is not None and is_service(label):
            yield (
                f"{account_name(account)} is a perpetrator seed but labelled {label.category or label.role}: it counts as a "
                "scam address, since no clusters were given (cluster() leaves it out)"
            )


def _absent(scam: frozenset[tuple[str, str]], book: Book) -> Iterator[str]:
    """Say that some of the scam set are in no row; that all of them are, the estimate says."""
    missing = len(scam - book.ids.keys())
    if 0 < missing < len(scam):
        yield f"{missing:,} of {len(scam):,} scam addresses {'is' if missing == 1 else 'are'} in no row of the data"
