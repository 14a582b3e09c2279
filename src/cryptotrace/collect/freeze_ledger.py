"""What an address held when it was frozen, and what came in while it was, by the token rows of the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cryptotrace.collect.freeze_spells import FreezeEvent, Spell, Spot, order, state_of
from cryptotrace.collect.proofs import proofs
from cryptotrace.model import MAX_AMOUNT

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["Amounts", "amounts_of"]

Key = tuple[str, str, str]
"""Chain, contract, address."""

_LISTS = ("token", "all")
_TIED = "order_in_block_unknown"
_ROWS = """
WITH wanted AS (SELECT unnest(?) AS chain, unnest(?) AS contract, unnest(?) AS address),
named AS (
    SELECT k.chain, k.contract, k.address, m.id AS account, a.id AS asset
    FROM wanted AS k
    JOIN accounts AS m ON m.chain = k.chain AND m.address = k.address
    JOIN assets AS a ON a.chain = k.chain AND a.contract = k.contract
), moved AS (
    SELECT n.chain, n.contract, n.address, t.block, t.time, t.tx_hash, t.log_index, t.amount, FALSE AS is_in
    FROM named AS n JOIN transfers AS t ON t.sender = n.account AND t.asset = n.asset
    WHERE t.ok AND t.receiver IS DISTINCT FROM t.sender
    UNION ALL
    SELECT n.chain, n.contract, n.address, t.block, t.time, t.tx_hash, t.log_index, t.amount, TRUE
    FROM named AS n JOIN transfers AS t ON t.receiver = n.account AND t.asset = n.asset
    WHERE t.ok AND t.receiver IS DISTINCT FROM t.sender
)
SELECT * FROM moved ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class Amounts:
    """Base units, or None with the reason."""

    held: int | None = None
    held_reason: str | None = None
    received: int | None = None
    received_reason: str | None = None

    @classmethod
    def unknown(cls, reason: str) -> Amounts:
        """Give neither, for one reason."""
        return cls(held_reason=reason, received_reason=reason)


@dataclass(frozen=True, slots=True)
class _Row:
    """What came in (positive) or went out (negative)."""

    spot: Spot
    amount: int


@dataclass(frozen=True, slots=True)
class _Listed:
    """How far the token rows of an account are complete from the beginning; or why they are not."""

    through: int | None
    reason: str | None


def amounts_of(store: Store, spells: Mapping[Key, Spell], events: Mapping[Key, Sequence[FreezeEvent]]) -> dict[Key, Amounts]:
    """Give the amounts of each freeze.

    Parameters
    ----------
    store : Store
        It is only read.
    spells, events : mapping
        (chain, contract, address) -> its last freeze, and all of its events in order.

    Notes
    -----
    A number needs the account's list of token transfers, complete from the beginning past the freeze, with rows that never add
    up to less than nothing and, where the explorer told a balance, add up to that. Rows of the very block of a freeze count
    only where their logs show on which side they stand. What came in is counted as far as the list reaches.
    """
    listed = _lists(store, spells)
    rows = _rows(store, spells)
    doubtful = _doubtful(store, spells)
    found = {}
    for key, spell in spells.items():
        chain, _, address = key
        account = listed.get((chain, address), _Listed(None, "not_collected"))
        if key in doubtful:
            account = _Listed(None, "unreconciled")
        found[key] = _amounts(spell, events[key], rows.get(key, []), account)
    return found


def _amounts(spell: Spell, events: Sequence[FreezeEvent], rows: Sequence[_Row], account: _Listed) -> Amounts:
    if spell.start is None:
        return Amounts.unknown("freeze_not_seen")
    place = spell.start.spot.place
    if account.through is None or place is None:
        return Amounts.unknown(account.reason or "not_collected")
    if account.through < place:
        return Amounts.unknown("list_ends_before")
    held, held_reason = _held(spell.start, events, rows)
    received, received_reason = _received(spell, events, rows, account.through)
    return Amounts(held, held_reason, received, received_reason)


def _held(start: FreezeEvent, events: Sequence[FreezeEvent], rows: Sequence[_Row]) -> tuple[int | None, str | None]:
    sides = [(order(row.spot, start.spot), row) for row in rows]
    if any(not side and row.amount for side, row in sides):
        return None, _TIED
    before = [row for side, row in sides if side < 0]
    before += [row for row in _burnt(events, rows) if order(row.spot, start.spot) < 0]
    if _falls_below_nothing(before):
        return None, "rows_missing"
    return _within(sum(row.amount for row in before))


def _received(spell: Spell, events: Sequence[FreezeEvent], rows: Sequence[_Row], through: int) -> tuple[int | None, str | None]:
    assert spell.start is not None
    if state_of(events) == "unknown":
        return None, _TIED
    end = spell.end
    if end is not None and (end.spot.place is None or end.spot.place > through):
        return None, "list_ends_before"
    total = 0
    for row in rows:
        after = order(row.spot, spell.start.spot)
        until = -1 if end is None else order(row.spot, end.spot)
        if row.amount > 0 and 0 in (after, until):
            return None, _TIED
        if row.amount > 0 and after > 0 > until and (row.spot.place or 0) <= through:
            total += row.amount
    return _within(total)


def _within(total: int) -> tuple[int | None, str | None]:
    return (total, None) if total <= MAX_AMOUNT else (None, "amount_out_of_range")


def _burnt(events: Sequence[FreezeEvent], rows: Sequence[_Row]) -> list[_Row]:
    """Give what was destroyed as rows, but where the contract also logged a transfer of it."""
    logged = {(row.spot.tx, -row.amount) for row in rows if row.amount < 0}
    burnt = [event for event in events if event.kind == "destroy" and event.amount]
    return [_Row(event.spot, -(event.amount or 0)) for event in burnt if (event.spot.tx, event.amount) not in logged]


def _falls_below_nothing(rows: Sequence[_Row]) -> bool:
    """Whether the rows ever add up to less than nothing at the end of a block: then some are missing."""
    by_time: dict[datetime, int] = defaultdict(int)
    for row in rows:
        by_time[row.spot.time] += row.amount
    held = 0
    for time in sorted(by_time):
        held += by_time[time]
        if held < 0:
            return True
    return False


# -- the store -----------------------------------------------------------------------------------------------------------


def _lists(store: Store, keys: Iterable[Key]) -> dict[tuple[str, str], _Listed]:
    """Give how far the token rows of each account are complete; the longest of its lists counts."""
    accounts = {(chain, address) for chain, _, address in keys}
    last = {chain: (block, time) for chain, block, time in store.rows(
        "SELECT chain, max(block), max(time) FROM transfers GROUP BY chain"
    )}  # fmt: skip
    found: dict[tuple[str, str], _Listed] = {}
    rows = store.rows(
        "SELECT chain, address, status, reason, from_block, to_block FROM coverage "
        "WHERE address IS NOT NULL AND stream IN (SELECT unnest(?)) ORDER BY chain, address, reason",
        [list(_LISTS)],
    )
    for chain, address, status, reason, first, to in rows:
        if (chain, address) not in accounts:
            continue
        through = None
        if status == "complete" and not first:
            block, time = last.get(chain, (None, None))
            through = to if to is not None or time is None else Spot(chain, block, time, "", None).place
        before = found.get((chain, address))
        if before is None or (through is not None and (before.through is None or through > before.through)):
            found[chain, address] = _Listed(through, None if through is not None else reason or "not_collected")
    return found


def _rows(store: Store, keys: Iterable[Key]) -> dict[Key, list[_Row]]:
    wanted = sorted(keys)
    found: dict[Key, list[_Row]] = defaultdict(list)
    for chain, contract, address, block, time, tx, log_index, amount, is_in in store.rows(
        _ROWS, [[key[at] for key in wanted] for at in range(3)]
    ):
        spot = Spot(chain, block, time, tx, log_index)
        found[chain, contract, address].append(_Row(spot, int(amount) if is_in else -int(amount)))
    return found


def _doubtful(store: Store, keys: Mapping[Key, Spell]) -> set[Key]:
    """Give the accounts whose rows do not add up to the balance that an explorer told."""
    if not store.rows("SELECT 1 FROM balances WHERE contract <> '' LIMIT 1"):
        return set()
    told = ((row.chain, row.contract, row.address) for row in proofs(store).rows if row.difference not in (None, 0))
    return {key for key in told if key in keys}
