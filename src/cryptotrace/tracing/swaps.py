"""Conversions inside one transaction: who paid one asset and got another.

Every address's change per asset is netted over the transaction, so routers vanish. An address that is left with exactly one
asset paid and exactly one received has exchanged them; if besides those there is one address that only paid (the provider)
and one that only received (the recipient), the recipient got what the provider paid for. Anything else is not resolved: taint
that enters it stops at the frontier as ``swap``.

The rule needs no list of exchanges and treats trader and pool alike: each carries its own taint from what it paid to what it
received, so a pool that holds no taint passes none on. A token contract and the null address it mints from are one party.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cryptotrace.tracing.movements import Book, Movement
from cryptotrace.tracing.wraps import unlogged_rows, wrapping_contracts

__all__ = ["Exchange", "Leg", "with_exchanges"]

_Party = int | tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """``provider`` paid ``paid`` units of ``asset_out``; ``recipient`` received ``received`` units of ``asset_in``."""

    provider: int
    recipient: int
    asset_out: int
    paid: int
    asset_in: int
    received: int
    kind: str


@dataclass(slots=True)
class Exchange:
    """A transaction in which assets change hands: its rows, and its legs where they could be told.

    Attributes
    ----------
    legs : tuple of Leg
        Empty where the transaction was not resolved.
    middle : frozenset of int
        Accounts that both receive and pay in it: taint that lands on one of them in an unresolved transaction is lost to sight.
    """

    rows: list[Movement]
    legs: tuple[Leg, ...] = ()
    middle: frozenset[int] = field(default_factory=frozenset)

    @property
    def resolved(self) -> bool:
        """Whether its legs are known."""
        return bool(self.legs)


def with_exchanges(book: Book, ordered: Sequence[Movement]) -> Iterator[Movement | Exchange]:
    """Bundle the body of each transaction in which an address both pays and gets another asset.

    Fees stay rows of their own and come first. Rows of one transaction are adjacent wherever their block is ordered; where it
    is not, the bundle stands at the place of its first row. What wrapping contracts do not log is put in.
    """
    bundled: dict[tuple[str, str], Exchange] = {}
    by_transaction: dict[tuple[str, str], list[Movement]] = defaultdict(list)
    for row in ordered:
        if row.kind != "fee":
            by_transaction[row.chain, row.tx_hash].append(row)
    wrappers = wrapping_contracts(book)
    for key, listed in by_transaction.items():
        rows = [*listed, *unlogged_rows(book, listed, wrappers)] if wrappers else listed
        if len({row.asset for row in rows}) > 1:
            exchange = _exchange(book, rows)
            if exchange is not None:
                bundled[key] = exchange
    seen: set[tuple[str, str]] = set()
    for row in ordered:
        key = (row.chain, row.tx_hash)
        if row.kind == "fee" or key not in bundled:
            yield row
        elif key not in seen:
            seen.add(key)
            yield bundled[key]


def _exchange(book: Book, rows: list[Movement]) -> Exchange | None:
    """Give the exchange that a transaction is, or None where it only moves assets along."""
    changes = _net_changes(book, rows)
    mixed = {party: change for party, change in changes.items() if min(change.values()) < 0 < max(change.values())}
    if not mixed:
        return None
    pays, gets = {row.sender for row in rows}, {row.receiver for row in rows}
    middle = frozenset(account for account in pays & gets if account is not None)
    payers = {party: change for party, change in changes.items() if max(change.values()) <= 0}
    receivers = {party: change for party, change in changes.items() if min(change.values()) >= 0}
    if any(len(change) != 2 for change in mixed.values()) or len(payers) != len(receivers) or len(payers) > 1:
        return Exchange(rows, middle=middle)
    legs = [_own_leg(book, party, change) for party, change in mixed.items() if isinstance(party, int)]
    if payers:
        across = _leg_across(book, *payers.items(), *receivers.items())
        if across is None:
            return Exchange(rows, middle=middle)
        legs.append(across)
    return Exchange(rows, legs=tuple(legs), middle=middle)


def _net_changes(book: Book, rows: Iterable[Movement]) -> dict[_Party, dict[int, int]]:
    """Net change of each party per asset, zeros and unchanged parties left out."""
    changes: dict[_Party, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    issuers = {contract: asset for asset, contract in book.contracts.items()}
    for row in rows:
        changes[_party(book, row, row.sender, issuers)][row.asset] -= row.amount
        changes[_party(book, row, row.receiver, issuers)][row.asset] += row.amount
    netted = {party: {asset: amount for asset, amount in change.items() if amount} for party, change in changes.items()}
    return {party: change for party, change in netted.items() if change}


def _party(book: Book, row: Movement, account: int | None, issuers: dict[int, int]) -> _Party:
    """Name the party behind an account: a mint or burn of a token is the act of its contract."""
    if account is None:
        return ("nobody", 0)
    if account in issuers:
        return ("issuer", issuers[account])
    if is_null(book, account) and book.assets[row.asset].asset.contract is not None:
        return ("issuer", row.asset)
    return account


def is_null(book: Book, account: int) -> bool:
    """Whether an account is the null address of its chain."""
    from cryptotrace.codecs import null_address

    chain, address = book.accounts[account]
    return address == null_address(chain)


def _own_leg(book: Book, party: int, change: dict[int, int]) -> Leg:
    (asset_out, paid), (asset_in, received) = sorted(change.items(), key=lambda item: item[1])
    return Leg(
        provider=party,
        recipient=party,
        asset_out=asset_out,
        paid=-paid,
        asset_in=asset_in,
        received=received,
        kind=_kind(book, asset_out, asset_in),
    )


def _leg_across(book: Book, payer: tuple[_Party, dict[int, int]], receiver: tuple[_Party, dict[int, int]]) -> Leg | None:
    """One provider, one recipient, one asset each, and not the same one."""
    (provider, paid), (recipient, received) = payer, receiver
    if not isinstance(provider, int) or not isinstance(recipient, int) or len(paid) != 1 or len(received) != 1:
        return None
    ((asset_out, minus),) = paid.items()
    ((asset_in, plus),) = received.items()
    if asset_out == asset_in:
        return None
    return Leg(
        provider=provider,
        recipient=recipient,
        asset_out=asset_out,
        paid=-minus,
        asset_in=asset_in,
        received=plus,
        kind=_kind(book, asset_out, asset_in),
    )


def _kind(book: Book, asset_out: int, asset_in: int) -> str:
    if _wraps(book, asset_in) and book.assets[asset_out].asset.contract is None:
        return "wrap"
    if _wraps(book, asset_out) and book.assets[asset_in].asset.contract is None:
        return "unwrap"
    return "swap"


def _wraps(book: Book, asset: int) -> bool:
    from cryptotrace.model import canonical_tokens

    held = book.assets[asset].asset
    token = canonical_tokens().get((held.chain, held.contract or ""))
    return token is not None and token.wraps_native
