"""What each account is to a trace: a source, a place to walk through, an end, or a place we cannot see into."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptotrace.codecs import chain_of
from cryptotrace.collect.lists import needed_lists
from cryptotrace.model import Label, Labels, Seeds
from cryptotrace.tracing.movements import Book, Movement
from cryptotrace.tracing.swaps import is_null

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["End", "Places", "Unread", "find_places", "unread_coins"]

_SERVICES = {"dex": "swap", "defi": "swap", "contract": "swap"}
_WORST = ("not_pulled", "partial", "too_busy")
"""Why an account is not ledgered: of what several lists and explorers say, the last of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A boundary: where a trace stops because money behind it is no longer readable."""

    category: str
    entity: str | None
    label: Label | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """The part that each account plays; accounts that are not named anywhere here are walked.

    Attributes
    ----------
    sources : frozenset of int
        Seeds that inject by outflow.
    collectors : frozenset of int
        Seeds, and what is in a cluster with them, that inject by inflow.
    listed : dict
        Seed account -> its listed payments, for seeds that inject only those.
    scam : frozenset of int
        The whole scam set.
    ends : dict
        Account -> boundary.
    closed : dict
        Account -> reason why it is not walked for any asset.
    ledgered : dict
        Account -> streams that are complete (``all``, ``native``, ``token``).
    gaps : dict
        Account -> why it is not ledgered, where coverage says so.
    crowded : dict
        Scam account -> its counterparties, where they are as many as a service has: perhaps a wrong seed.
    """

    sources: frozenset[int]
    collectors: frozenset[int]
    listed: Mapping[int, frozenset[tuple[str, str]]]
    scam: frozenset[int]
    victims: frozenset[int]
    ends: Mapping[int, End]
    closed: Mapping[int, str]
    ledgered: Mapping[int, frozenset[str]]
    gaps: Mapping[int, str] = field(default_factory=dict)
    outflow: bool = False
    crowded: Mapping[int, int] = field(default_factory=dict)

    def lists(self, row: Movement) -> bool:
        """Whether a row is a listed payment to a seed that injects only those."""
        payments = self.listed.get(row.receiver, frozenset()) if row.receiver is not None else frozenset()
        return (row.tx_hash, row.position) in payments or (row.tx_hash, "") in payments

    def why_not_walked(self, account: int, *, token: bool) -> str | None:
        """Give the frontier reason of an account for a kind of asset, or None where it is walked."""
        reason = self.closed.get(account)
        if reason is not None:
            return reason
        streams = self.ledgered.get(account, frozenset())
        if "all" in streams or ("token" if token else "native") in streams:
            return None
        return self.gaps.get(account, "not_pulled")


def find_places(
    store: Store,
    book: Book,
    seeds: Seeds,
    *,
    labels: Labels | None,
    scam_set: frozenset[tuple[str, str]],
    service_degree: int,
) -> Places:
    """Work out the part of every account; O(rows + labels).

    Labelled boundaries and victims are ends; other labelled services, and unlabelled accounts with at least ``service_degree``
    distinct counterparties (``suspected_service``), are not entered. Neither is ever said of seeds and their clusters.
    """
    scam = frozenset(book.ids[name] for name in scam_set if name in book.ids)
    by_mode: dict[str, set[int]] = defaultdict(set)
    listed: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for seed in seeds.perpetrators:
        account = book.ids.get((seed.chain, seed.address))
        if account is None or account not in scam:
            continue
        by_mode[seed.injects].add(account)
        if seed.injects == "payments":
            listed[account].update(seed.payments)
    collectors = by_mode["inflow"]
    if collectors:
        # What is clustered with a collector collects too, unless its own seed says otherwise.
        collectors |= scam - by_mode["outflow"] - by_mode["payments"]
    victims = frozenset(book.ids[name] for name in seeds.victims | _labelled_victims(labels) if name in book.ids) - scam
    ends, closed = _labelled(book, labels, scam)
    for account in victims:
        ends.setdefault(account, End(category="victim", entity=None))
    crowded: dict[int, int] = {}
    for account, degree in _degrees(book).items():
        if degree >= service_degree and account in scam:
            crowded[account] = degree
        elif degree >= service_degree and account not in ends and account not in closed:
            closed[account] = "suspected_service"
    ledgered, gaps = _coverage(store, book)
    return Places(
        sources=frozenset(by_mode["outflow"]),
        collectors=frozenset(collectors),
        # An account that another seed calls a collector takes in everything, so its list adds nothing.
        listed={account: frozenset(payments) for account, payments in listed.items() if account not in collectors},
        scam=scam,
        victims=victims,
        ends=ends,
        closed=closed,
        ledgered=ledgered,
        gaps=gaps,
        outflow=any(s.injects == "outflow" and (s.chain, s.address) in scam_set for s in seeds.perpetrators),
        crowded=crowded,
    )


def _labelled(book: Book, labels: Labels | None, scam: frozenset[int]) -> tuple[dict[int, End], dict[int, str]]:
    ends: dict[int, End] = {}
    closed: dict[int, str] = {}
    for account, (chain, address) in book.accounts.items():
        if account in scam:
            continue
        label = labels.of(chain, address) if labels is not None else None
        if label is not None and label.is_boundary:
            ends[account] = End(category=label.category or "terminal", entity=label.entity or label.label, label=label)
        elif label is not None and label.category in _SERVICES:
            closed[account] = _SERVICES[label.category]
        elif label is not None and label.role == "service":
            closed[account] = "service"
        elif is_null(book, account):
            ends[account] = End(category="burn", entity=None)
    for contract in book.contracts.values():
        if contract not in ends and contract not in scam:
            closed.setdefault(contract, "swap")
    return ends, closed


def _labelled_victims(labels: Labels | None) -> frozenset[tuple[str, str]]:
    """Give whom the winning label calls a victim: an end, as a victim among the seeds is."""
    return frozenset(name for name, label in (labels.winners if labels else {}).items() if label.role == "victim")


def _degrees(book: Book) -> dict[int, int]:
    """Distinct counterparties of each account over the ledger."""
    partners: dict[int, set[int]] = defaultdict(set)
    for row in book.movements:
        if row.sender is not None and row.receiver is not None and row.sender != row.receiver:
            partners[row.sender].add(row.receiver)
            partners[row.receiver].add(row.sender)
    return {account: len(others) for account, others in partners.items()}


def _coverage(store: Store, book: Book) -> tuple[dict[int, frozenset[str]], dict[int, str]]:
    """Give what each account is ledgered for, and why the others are not."""
    streams: dict[int, set[str]] = defaultdict(set)
    gaps: dict[int, str] = {}
    rows = store.rows(
        "SELECT chain, address, stream, status, reason, from_block, to_block FROM coverage ORDER BY chain, address, stream"
    )
    last = _last_places(book)
    for chain, address, stream, status, reason, first, to in rows:
        account = book.ids.get((chain, address))
        if account is None:
            continue
        if status == "complete" and not first and (to is None or to >= last.get(chain, 0)):
            streams[account].add(stream)
        else:
            why = "too_busy" if reason == "too_busy" else ("not_pulled" if status == "not_pulled" else "partial")
            gaps[account] = max(why, gaps.get(account, why), key=_WORST.index)
    ledgered = {}
    for account, held in streams.items():
        kinds = {kind for kind, needed in needed_lists(book.accounts[account][0]).items() if needed <= held}
        ledgered[account] = frozenset(kinds | ({"all"} if "all" in held else set()))
    return ledgered, gaps


def _last_places(book: Book) -> dict[str, int]:
    """Give the last block of each chain, or the last moment in ms where its lists run along time."""
    last: dict[str, int] = defaultdict(int)
    for row in book.movements:
        if row.chain not in last:
            last[row.chain] = 0
        if chain_of(row.chain).axis == "ms":
            last[row.chain] = max(last[row.chain], int(row.time.timestamp() * 1000))
        elif row.block is not None:
            last[row.chain] = max(last[row.chain], row.block)
    return last


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Payments of a chain of coins (inputs and outputs), which no walk follows yet."""

    chain: str
    addresses: int
    scam: int

    def __str__(self) -> str:
        return (
            f"the coins of {self.chain} are in the store but not followed yet: no figure counts what its {self.addresses:,} "
            f"addresses, {self.scam:,} of them scam addresses, got or paid"
        )


def unread_coins(store: Store, scam_set: frozenset[tuple[str, str]]) -> tuple[Unread, ...]:
    """Give the chains whose payments are coins, with how many scam addresses are among those paid."""
    paid = defaultdict[str, set[str]](set)
    for chain, address in store.rows("SELECT DISTINCT chain, address FROM tx_outputs WHERE address IS NOT NULL"):
        paid[chain].add(address)
    return tuple(
        Unread(
            chain=chain,
            addresses=len(addresses),
            scam=sum(of == chain and address in addresses for of, address in scam_set),
        )
        for chain, addresses in sorted(paid.items())
    )
