"""How many addresses of a store are complete, and why the others are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptotrace.model import ResultTable

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["coverage_table"]

_SQL = """
SELECT status, reason, count(DISTINCT (chain, address))
FROM (
    SELECT chain, address, status, reason,
           bool_and(status = 'complete') OVER (PARTITION BY source, chain, address) AS whole
    FROM coverage
    WHERE NOT starts_with(coalesce(stream, ''), 'freeze:')  -- lists of an issuer's contract, and of no account
)
WHERE whole OR status <> 'complete'
GROUP BY status, reason
ORDER BY status, reason
"""


def coverage_table(store: Store) -> ResultTable:
    """Give ``status, reason, addresses``: an address is complete if all of its lists are; else it counts once a reason."""
    return ResultTable("coverage", ("status", "reason", "addresses"), tuple(store.rows(_SQL)))
