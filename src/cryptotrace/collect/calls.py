"""Payments of a token that an account signed and that no row shows.

A contract of our list logs every transfer that succeeds. So a transaction that calls its ``transfer`` and went through, and
that has no row of the token from whoever signed it, is a row that the token list has lost. A balance does not tell where a
second lost row of the same amount, in the other direction, makes it add up again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cryptotrace.collect.holdings import Key
from cryptotrace.model import canonical_tokens

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["is_unlisted", "unlisted_payments"]

_UNLISTED = """
SELECT x.chain, s.address, c.address, CASE WHEN count(*) = count(x.block) THEN min(x.block) END
FROM transactions AS x
JOIN accounts AS s ON s.id = x.signer
JOIN accounts AS c ON c.id = x.receiver
WHERE x.ok AND x.method = '0xa9059cbb' AND NOT EXISTS (
    SELECT 1 FROM transfers AS t JOIN assets AS a ON a.id = t.asset
    WHERE t.chain = x.chain AND t.tx_hash = x.tx_hash AND t.kind = 'token' AND t.sender = x.signer AND a.contract = c.address
)
GROUP BY x.chain, s.address, c.address
"""


def unlisted_payments(store: Store) -> Mapping[Key, int | None]:
    """Find payments of tokens of our list that were signed and are not among the rows; O(transactions).

    Parameters
    ----------
    store : Store
        It is only read.

    Returns
    -------
    mapping
        (chain, who signed, contract) -> the block of the first one, None where it is unknown. ``transferFrom`` is left out:
        whoever signs it need not be the one that pays, so the row may stand in a list that was not asked for.
    """
    known = canonical_tokens()
    rows = store.rows(_UNLISTED)
    return {(chain, signer, contract): block for chain, signer, contract, block in rows if (chain, contract) in known}


def is_unlisted(found: Mapping[Key, int | None], key: Key, end: int | None) -> bool:
    """Whether such a payment lies within what the lists of the account reach."""
    block = found.get(key)
    return key in found and (block is None or end is None or block <= end)
