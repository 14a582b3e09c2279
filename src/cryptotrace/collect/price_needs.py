"""Which prices a ledger needs: one an asset and hour, where the table ``prices`` has none close by."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptotrace.errors import InputError
from cryptotrace.model import USD_CONTRACT, canonical_tokens
from cryptotrace.model.depegs import depeg_at
from cryptotrace.sources.prices import Need
from cryptotrace.sources.prices.base import PER_HOUR
from cryptotrace.sources.prices.ecb import FIAT

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["HOURS", "Wanted", "amounts_of", "find_needs"]

HOURS = (1, 2, 3, 4, 6, 8, 12, 24)
"""Lengths of a step that divide a day."""
_DAY = 24 * PER_HOUR

_VALUED = f"t.ok AND t.amount > 0 AND t.time IS NOT NULL AND a.decimals IS NOT NULL AND a.contract <> '{USD_CONTRACT}'"
_LEDGER = f"""
    SELECT DISTINCT a.chain, a.contract, a.symbol, a.name, a.canonical, date_trunc('hour', t.time) AS hour
    FROM ledger AS t JOIN assets AS a ON a.id = t.asset
    WHERE {_VALUED}
    ORDER BY ALL
"""
_AMOUNTS = f"""
    SELECT a.chain, a.contract, a.symbol, a.name, a.canonical, t.time, t.amount
    FROM ledger AS t JOIN assets AS a ON a.id = t.asset
    WHERE {_VALUED} AND a.name IN (SELECT unnest(?))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a ledger needs.

    Attributes
    ----------
    needs : tuple of Need
        In order, without those that have a price close by.
    priced : int
        Needs that have one.
    at_par : int
        Needs of listed stablecoins that are taken at one dollar and not asked for.
    names : mapping
        Asset of a need -> CAIP-19 names of the ledger's assets that it stands for.
    """

    needs: tuple[Need, ...]
    priced: int
    at_par: int
    names: Mapping[str, frozenset[str]]


def find_needs(store: Store, *, hours: int = 1, stable_par: bool = True, fiat: Collection[str] = ()) -> Wanted:
    """List the prices that the ledger needs; O(asset-hours) rows, each asked of the table ``prices`` by bisection.

    Parameters
    ----------
    store : Store
        Its view ``ledger`` leaves out what hygiene excludes.
    hours : int
        Length of a step: times are taken down to its start. A step has a price if the table has one that is at most a step
        older than its start.
    stable_par : bool
        Whether stablecoins of our list count as one dollar: then only days on which they are known not to have been are asked.
    fiat : collection of str
        Currencies, such as ``EUR``, of which every day of the ledger is wanted.

    Raises
    ------
    InputError
        If ``hours`` does not divide a day, or a currency is none.
    """
    if hours not in HOURS:
        raise InputError(f"no step of {hours!r} hours", where="hours", hint=f"Use one of {', '.join(map(str, HOURS))}")
    step = hours * PER_HOUR
    with store.session():
        rows = store.rows(_LEDGER)
        known = _known(store)
    names: dict[str, set[str]] = defaultdict(set)
    spellings: dict[str, set[str]] = defaultdict(set)
    wanted: set[Need] = set()
    at_par: set[Need] = set()
    last = max((int(row[5].timestamp()) for row in rows), default=0)
    for chain, contract, symbol, caip, canonical, hour in rows:
        asset = _asset(contract, symbol, caip, canonical=canonical)
        names[asset].add(caip)
        spellings[asset] |= {caip, symbol} if canonical and symbol else {caip}
        # what is still held is valued at the end of the ledger
        for second in (int(hour.timestamp()), last):
            need = Need(asset, second - second % step)
            (at_par if stable_par and _is_par(chain, contract, need) else wanted).add(need)
    priced = {need for need in wanted if _has(known, spellings[need.asset], need.hour, step)}
    days = sorted({need.hour - need.hour % _DAY for need in wanted | at_par})
    rates = {Need(FIAT + _code(code), day) for code in fiat for day in days}
    have = {need for need in rates if _has(known, (need.asset,), need.hour, _DAY)}
    return Wanted(
        needs=tuple(sorted((wanted - priced) | (rates - have))),
        priced=len(priced) + len(have),
        at_par=len(at_par),
        names={asset: frozenset(found) for asset, found in names.items()},
    )


def amounts_of(store: Store, needs: Iterable[Need], wanted: Wanted, *, hours: int) -> dict[Need, tuple[int, int]]:
    """Give transfers and base units that have no price, by need; exact at any size."""
    step = hours * PER_HOUR
    open_needs = set(needs)
    names = sorted({name for need in open_needs for name in wanted.names.get(need.asset, ())})
    found: dict[Need, tuple[int, int]] = dict.fromkeys(sorted(open_needs), (0, 0))
    if not names:
        return found
    for _, contract, symbol, caip, canonical, time, amount in store.rows(_AMOUNTS, [names]):
        second = int(time.timestamp())
        need = Need(_asset(contract, symbol, caip, canonical=canonical), second - second % step)
        if need in found:
            number, total = found[need]
            found[need] = (number + 1, total + amount)
    return found


def _asset(contract: str, symbol: str | None, caip: str, *, canonical: bool) -> str:
    """Name a chain's own coin by its symbol, so that ether is asked once for all chains; a token by its contract."""
    return symbol if not contract and canonical and symbol else caip


def _is_par(chain: str, contract: str, need: Need) -> bool:
    token = canonical_tokens().get((chain, contract))
    return token is not None and token.stable and depeg_at(token.symbol, need.time) is None


def _known(store: Store) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for asset, time in store.rows("SELECT asset, time FROM prices ORDER BY asset, time"):
        found[asset].append(_second(time))
    return found


def _second(time: datetime) -> int:
    return int(time.astimezone(UTC).timestamp())


def _has(known: Mapping[str, Sequence[int]], names: Collection[str], start: int, step: int) -> bool:
    """Whether a price lies at the start of a step, or less than a step before."""
    for name in names:
        seconds = known.get(name, ())
        at = bisect_right(seconds, start) - 1
        if at >= 0 and start - seconds[at] < step:
            return True
    return False


def _code(text: str) -> str:
    code = text.strip().upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha() or code == "USD":
        raise InputError(f"no currency beside the dollar: {text!a:.20}", where="fiat", hint="Give a code such as EUR")
    return code
