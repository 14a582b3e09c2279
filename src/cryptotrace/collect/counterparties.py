"""Who stands on the other side of the rows of an account: where the next hop of a pull goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cryptotrace.codecs import chain_of, null_address
from cryptotrace.model import Labels

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["counterparties", "is_service"]

_OF_TRANSFERS = """
SELECT DISTINCT o.address FROM transfers AS t
JOIN accounts AS m ON m.id IN (t.sender, t.receiver)
JOIN accounts AS o ON o.id IN (t.sender, t.receiver) AND o.id <> m.id
JOIN assets AS a ON a.id = t.asset
WHERE m.chain = ? AND m.address IN (SELECT unnest(?)) AND t.ok AND t.amount > 0 AND a.canonical
ORDER BY o.address
"""
_OF_COINS = """
WITH pairs AS (
    SELECT DISTINCT i.address AS sender, o.address AS receiver
    FROM tx_inputs AS i
    JOIN tx_outputs AS o ON o.chain = i.chain AND o.tx_hash = i.tx_hash
    WHERE i.chain = ? AND i.address IS NOT NULL AND o.address IS NOT NULL AND o.amount > 0 AND i.address <> o.address
), mine AS (
    SELECT unnest(?) AS address
)
SELECT receiver AS address FROM pairs SEMI JOIN mine ON mine.address = pairs.sender
UNION
SELECT sender FROM pairs SEMI JOIN mine ON mine.address = pairs.receiver
ORDER BY address
"""


def counterparties(store: Store, chain: str, addresses: Sequence[str], labels: Labels | None) -> list[str]:
    """Give who traded something real with these accounts, in order of address; services are left out.

    Notes
    -----
    On chains of coins these are the addresses that a transaction of the account pays, and those that paid it. Who spends beside
    it, or is paid beside it, is none: such a one may be the same person, or a stranger in a joint transaction.
    """
    sql = _OF_COINS if chain_of(chain).family == "bitcoin" else _OF_TRANSFERS
    rows = store.rows(sql, [chain, list(addresses)])
    skip = null_address(chain)
    return [address for (address,) in rows if address != skip and not is_service(labels, chain, address)]


def is_service(labels: Labels | None, chain: str, address: str) -> bool:
    """Whether a label says that many people's money goes through this account."""
    label = labels.of(chain, address) if labels is not None else None
    return label is not None and (label.is_boundary or label.role == "service" or label.category == "dex")
