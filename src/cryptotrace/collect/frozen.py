"""Which addresses issuers froze, whether they still are, and the three amounts: held at the freeze, received after, destroyed.

A freeze is a fact about a contract's list, not about guilt: no reason is given with it. A frozen account still receives, so
what it held, what came afterwards and what was destroyed are three numbers. Each is in base units, and None with a reason where
the store does not show it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING

from cryptotrace.codecs import chain_of, parse_address
from cryptotrace.collect.freeze_ledger import Amounts, amounts_of
from cryptotrace.collect.freeze_lists import KINDS, lists_of
from cryptotrace.collect.freeze_spells import FreezeEvent, Spell, Spot, last_spell, state_of
from cryptotrace.model import MAX_AMOUNT, Reject, ResultTable, Seed, Seeds, Token, canonical_tokens

if TYPE_CHECKING:
    import pandas as pd

    from cryptotrace.store import Store

__all__ = ["Freeze", "Freezes", "freezes", "frozen_seeds", "frozen_since"]

_NOBODY = 2**16
"""Numbers below are precompiles and burn addresses: issuers froze some of them, and nobody holds their keys."""
_DIGITS = 78
"""Of the largest number that a contract can name."""
_CONFIDENCE = 100
"""``ledger_immanent``: that the freeze happened is on the chain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """What an issuer did to one address, by one contract.

    Attributes
    ----------
    chain, contract, address : str
        Which.
    symbol : str
        Of the token.
    status : str
        ``frozen``; ``destroyed`` (frozen, and since then something was destroyed); ``released``; ``unknown`` where the events
        do not say what came last.
    frozen_at, frozen_block, frozen_tx
        The beginning of the last freeze; None where it is not in the store.
    released_at, released_block, released_tx
        Its end; None while it lasts.
    destroyed_at, destroyed_block, destroyed_tx
        The last destruction.
    freezes, destructions : int
        How often, in all.
    held : int or None
        Base units right before the last freeze.
    received : int or None
        Base units that came in while it lasted, as far as the list of the account reaches.
    destroyed : int or None
        Base units that were ever destroyed.
    held_reason, received_reason, destroyed_reason : str or None
        Why there is no number.
    as_of : int or None
        Up to where all of the contract's events are here, on the axis of the chain; None where that is not known.
    """

    chain: str
    contract: str
    address: str
    symbol: str
    status: str
    frozen_at: datetime | None
    frozen_block: int | None
    frozen_tx: str | None
    released_at: datetime | None
    released_block: int | None
    released_tx: str | None
    destroyed_at: datetime | None
    destroyed_block: int | None
    destroyed_tx: str | None
    freezes: int
    destructions: int
    held: int | None
    held_reason: str | None
    received: int | None
    received_reason: str | None
    destroyed: int | None
    destroyed_reason: str | None
    as_of: int | None

    @property
    def is_frozen(self) -> bool:
        """Whether its tokens cannot leave by its own will, as far as the events go."""
        return self.status in ("frozen", "destroyed")


@dataclass(frozen=True, slots=True)
class Freezes:
    """The freezes of a store, by chain, contract and address."""

    rows: tuple[Freeze, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, chain: str, address: str) -> tuple[Freeze, ...]:
        """Give what the issuers did to an address: one row a contract."""
        name = chain_of(chain).name
        wanted = name, parse_address(address, name)
        return tuple(row for row in self.rows if (row.chain, row.address) == wanted)

    @property
    def table(self) -> ResultTable:
        """All of them as a table; amounts in base units."""
        names = tuple(field.name for field in fields(Freeze))
        return ResultTable("freezes", names, tuple(tuple(getattr(row, name) for name in names) for row in self.rows))

    def to_pandas(self) -> pd.DataFrame:
        """Give a DataFrame, one row a contract and address."""
        return self.table.to_pandas()

    def __str__(self) -> str:
        if not self.rows:
            return "no freeze is in the store"
        lines = []
        for chain, symbol in sorted({(row.chain, row.symbol) for row in self.rows}):
            mine = [row for row in self.rows if (row.chain, row.symbol) == (chain, symbol)]
            counts = ((sum(row.status == word for row in mine), word) for word in _STATUSES)
            said = ", ".join(f"{count:,} {word}" for count, word in counts if count)
            lines.append(f"{symbol} on {chain}: {len(mine):,} address{'es' * (len(mine) > 1)}: {said}")
        return "\n".join(lines)


_STATUSES = ("frozen", "destroyed", "released", "unknown")


def freezes(store: Store) -> Freezes:
    """Say what issuers froze, and how much.

    Parameters
    ----------
    store : Store
        It is only read: :func:`cryptotrace.collect_freezes` fills it.

    Returns
    -------
    Freezes

    Notes
    -----
    What an address held at its freeze, and what it received since, come from the rows of the store, where its list of token
    transfers is complete from the beginning past the freeze; collect the address for that. Rows that do not add up (a negative
    balance, a balance of the explorer that differs) give no number. O(events + token rows of these addresses).
    """
    with store.session():
        found = _events(store)
        covered = {token: _covered(store, token) for token in {(chain, contract) for chain, contract, _ in found}}
        spells = {key: last_spell(events) for key, events in found.items()}
        amounts = amounts_of(store, spells, found)
    rows = [
        _freeze(key, found[key], spells[key], amounts[key], covered[key[:2]]) for key in sorted(found)
    ]  # fmt: skip
    return Freezes(tuple(rows))


def frozen_since(store: Store, until: datetime | None = None) -> dict[tuple[str, str, str], datetime]:
    """Give (chain, address, contract) -> since when it is frozen, at a moment or by all events that the store has.

    Where the freeze itself is not in the store, the time is that of what shows it. O(events).
    """
    frozen: dict[tuple[str, str, str], datetime] = {}
    for (chain, contract, address), events in _events(store).items():
        seen = [event for event in events if until is None or event.time <= until]
        if seen and state_of(seen) in ("frozen", "destroyed"):
            start = last_spell(seen).start
            frozen[chain, address, contract] = min(event.time for event in seen) if start is None else start.time
    return frozen


def frozen_seeds(store: Store, chain: str | None = None) -> Seeds:
    """Give the addresses that are frozen now as seeds, with the contract and the transaction that say so.

    Parameters
    ----------
    store : Store
        It is only read.
    chain : str, optional
        One chain alone.

    Returns
    -------
    Seeds
        Their role is ``unknown`` and they have no category: a freeze says nothing about who holds an address or why it was
        frozen, so they inject nothing until a second source says that the address belongs to a scam. ``rejects`` holds burn
        and precompile addresses, which nobody holds, and those whose status the events leave open.
    """
    wanted = None if chain is None else chain_of(chain).name
    found: list[Seed] = []
    rejects: list[Reject] = []
    for row in freezes(store).rows:
        if wanted not in (None, row.chain) or row.status == "released":
            continue
        why = _unfit(row)
        if why is not None:
            raw = f"{row.chain} {row.contract} {row.address} {row.frozen_tx or row.destroyed_tx or ''}".strip()
            rejects.append(Reject(file="freezes", line=None, reason=why, raw=raw))
            continue
        found.append(
            Seed(
                chain=row.chain, address=row.address, role="unknown", native_category="freeze", statement="frozen",
                source=f"{row.symbol} {row.contract}", confidence=_CONFIDENCE, reported_on=row.frozen_at or row.destroyed_at,
                origin=row.frozen_tx or row.destroyed_tx or "",
            )
        )  # fmt: skip
    return Seeds(tuple(found), tuple(rejects))


def _unfit(row: Freeze) -> str | None:
    if row.status == "unknown":
        return "the order of a freeze and a release in one block is not known"
    if chain_of(row.chain).family == "evm" and int(row.address, 16) < _NOBODY:
        return "a burn or precompile address, which nobody holds"
    return None


# -- rows ----------------------------------------------------------------------------------------------------------------


def _events(store: Store) -> dict[tuple[str, str, str], list[FreezeEvent]]:
    """Give the events of each (chain, contract, address), in order; those of contracts that are not vouched for are none."""
    found: dict[tuple[str, str, str], list[FreezeEvent]] = {}
    tokens = canonical_tokens()
    for chain, contract, owner, *cells in store.rows(
        "SELECT chain, contract, owner, kind, block, time, tx_hash, log_index, raw_amount FROM events "
        "WHERE kind IN (SELECT unnest(?)) AND owner IS NOT NULL ORDER BY chain, contract, owner",
        [list(KINDS)],
    ):
        token = tokens.get((chain, contract))
        if token is not None and token.stable:
            kind, block, time, tx, log_index, raw = cells
            amount = int(raw) if raw is not None and len(raw) <= _DIGITS and raw.isascii() and raw.isdigit() else None
            event = FreezeEvent(kind, Spot(chain, block, time, tx, log_index), amount)
            found.setdefault((chain, contract, owner), []).append(event)
    return {key: sorted(events, key=FreezeEvent.sort_key) for key, events in found.items()}


@dataclass(frozen=True, slots=True)
class _Cover:
    """How far all lists of a contract are known, and why what it destroyed is not."""

    as_of: int | None
    destroyed_reason: str | None


def _covered(store: Store, key: tuple[str, str]) -> _Cover:
    chain, contract = key
    rows = store.rows(
        "SELECT stream, reason, to_block FROM coverage "
        "WHERE chain = ? AND address IS NULL AND from_block = 0 AND starts_with(stream, ?) AND to_block >= 0",
        [chain, f"freeze:{contract}:"],
    )
    whole: dict[str, int] = {}
    for stream, reason, to in rows:
        if reason != "rejected_rows":
            whole[stream] = max(to, whole.get(stream, to))
    needed = lists_of(canonical_tokens()[key])
    ends = [whole.get(one.stream) for one in needed]
    destroying = [one for one in needed if one.kind == "destroy"]
    lost = {stream for stream, reason, _ in rows if reason == "rejected_rows"}
    why = None
    if not destroying:
        why = "no_such_event"
    elif any(one.stream not in whole for one in destroying):
        why = "rejected_rows" if any(one.stream in lost for one in destroying) else "not_collected"
    known = [end for end in ends if end is not None]
    return _Cover(min(known) if known and len(known) == len(ends) else None, why)


def _freeze(key: tuple[str, str, str], events: Sequence[FreezeEvent], spell: Spell, amounts: Amounts, cover: _Cover) -> Freeze:
    chain, contract, address = key
    burnt = [event for event in events if event.kind == "destroy"]
    frozen, released, burnt_last = _when(spell.start), _when(spell.end), _when(burnt[-1] if burnt else None)
    destroyed, reason = _destroyed(burnt, cover)
    token: Token = canonical_tokens()[chain, contract]
    return Freeze(
        chain=chain, contract=contract, address=address, symbol=token.symbol, status=state_of(events),
        frozen_at=frozen[0], frozen_block=frozen[1], frozen_tx=frozen[2],
        released_at=released[0], released_block=released[1], released_tx=released[2],
        destroyed_at=burnt_last[0], destroyed_block=burnt_last[1], destroyed_tx=burnt_last[2],
        freezes=spell.number, destructions=len(burnt), held=amounts.held, held_reason=amounts.held_reason,
        received=amounts.received, received_reason=amounts.received_reason, destroyed=destroyed, destroyed_reason=reason,
        as_of=cover.as_of,
    )  # fmt: skip


def _when(event: FreezeEvent | None) -> tuple[datetime | None, int | None, str | None]:
    return (None, None, None) if event is None else (event.spot.time, event.spot.block, event.spot.tx)


def _destroyed(burnt: Iterable[FreezeEvent], cover: _Cover) -> tuple[int | None, str | None]:
    if cover.destroyed_reason is not None:
        return None, cover.destroyed_reason
    amounts = [event.amount for event in burnt]
    total = sum(amount for amount in amounts if amount is not None)
    if None in amounts or total > MAX_AMOUNT:
        return None, "amount_out_of_range"
    return total, None
