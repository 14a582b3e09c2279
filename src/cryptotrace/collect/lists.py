"""Which lists make an account whole for the coin and for tokens, and how far they reach, whichever explorers gave them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cryptotrace.codecs import chain_of

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["gaps_of", "needed_lists", "reach_of"]

_NEEDED: Mapping[str, Mapping[str, frozenset[str]]] = {
    "evm": {"native": frozenset({"native", "internal"}), "token": frozenset({"token"})},
    "bitcoin": {"native": frozenset({"native"})},
}
_ONE_LIST_EACH = {"native": frozenset({"native"}), "token": frozenset({"token"})}
_WHOLE = "all"
"""A file that was declared complete is a list of everything."""


def needed_lists(chain: str) -> Mapping[str, frozenset[str]]:
    """Give kind of asset (``native``, ``token``) -> the lists that must be complete for it.

    Other families than ``evm`` show what contracts pay in the list of the coin.
    """
    return _NEEDED.get(chain_of(chain).family, _ONE_LIST_EACH)


def gaps_of(store: Store) -> Mapping[tuple[str, str], Mapping[str, str]]:
    """Say what accounts lack: (chain, address) -> kind of asset -> why.

    A list that one explorer gave whole has no gap, whatever another made of it; one that nobody was asked for is
    ``not_pulled``. Receipts are no list of money: they name places of rows that the lists have.
    """
    found: dict[tuple[str, str], dict[str, str | None]] = defaultdict(dict)
    for chain, address, stream, reason in store.rows(
        """
        SELECT chain, address, stream, CASE WHEN NOT bool_or(status = 'complete') THEN coalesce(min(reason), 'partial') END
        FROM coverage WHERE address IS NOT NULL
        GROUP BY chain, address, stream ORDER BY chain, address, stream
        """
    ):
        found[chain, address][stream] = reason
    return {account: _gaps(account[0], lists) for account, lists in found.items()}


def _gaps(chain: str, lists: Mapping[str, str | None]) -> dict[str, str]:
    whole = lists.get(_WHOLE, "not_pulled")
    gaps: dict[str, str] = {}
    for kind, needed in needed_lists(chain).items():
        reasons = [reason for name in sorted(needed) if (reason := lists.get(name, whole)) is not None]
        if reasons and whole is not None:
            gaps[kind] = reasons[0]
    return gaps


def reach_of(store: Store, chain: str) -> Mapping[str, int | None]:
    """Give address -> the place up to which all of its lists are known that explorers gave anything of; None for nothing.

    Of several explorers that gave one list, one that gave it whole counts, and of those the one that reaches furthest.
    """
    rows = store.rows(
        """
        SELECT address, min(reached) FILTER (reached >= 0) FROM (
            SELECT address, coalesce(max(coalesce(to_block, head)) FILTER (status = 'complete'), max(to_block)) AS reached
            FROM coverage
            WHERE chain = ? AND address IS NOT NULL AND NOT starts_with(source, 'file:') AND stream IN (SELECT unnest(?))
            GROUP BY address, stream
        )
        GROUP BY address ORDER BY address
        """,
        [chain, sorted(frozenset().union(*needed_lists(chain).values()))],
    )
    return {address: None if reached is None else int(reached) for address, reached in rows}
