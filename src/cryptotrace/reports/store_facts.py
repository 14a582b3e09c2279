"""What a report reads from the case store itself: coverage, rejects, prices, runs and digests."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from cryptotrace.codecs import display_address
from cryptotrace.model import ResultTable

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["StoreFacts", "read_store"]

COVERAGE_COLUMNS = (
    "chain", "address", "source", "stream", "from_block", "to_block", "head_at_query", "rows", "status", "reason", "fetched_at",
)  # fmt: skip
REJECT_COLUMNS = ("file", "line", "reason", "raw")

_COVERAGE = """
    SELECT chain, address, source, stream, from_block, to_block, head, rows, status, reason, asked_at
    FROM coverage
    ORDER BY status = 'complete', chain, address, stream, source, from_block
"""
_REJECTS = "SELECT file, line, reason, raw FROM rejects ORDER BY file, line, reason, raw"
_PRICES = "SELECT source, count(*), min(time), max(time) FROM prices GROUP BY source ORDER BY source"
_RUNS = "SELECT DISTINCT verb, parameters, inputs, version FROM runs ORDER BY ALL"
_EXCLUSIONS = """
    SELECT e.reason, count(*) AS transfers, min(t.tx_hash) AS example_tx
    FROM exclusions AS e JOIN transfers AS t ON t.id = e.transfer
    GROUP BY e.reason ORDER BY e.reason
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFacts:
    """Facts of the store at the time of the report.

    Attributes
    ----------
    coverage, rejects, runs, exclusions : ResultTable
        ``exclusions`` counts transfers by reason; it serves where no richer table is handed over.
    prices : tuple of str
        One line a source of prices.
    rows : int
        Transfers, excluded ones included.
    addresses : (int, int)
        How many have every stream complete, of how many that coverage names.
    digests : tuple of (str, str)
        Table and its logical digest.
    """

    coverage: ResultTable
    rejects: ResultTable
    runs: ResultTable
    exclusions: ResultTable
    prices: tuple[str, ...]
    rows: int
    addresses: tuple[int, int]
    digests: tuple[tuple[str, str], ...]

    @property
    def statuses(self) -> tuple[tuple[str, str, int], ...]:
        """(status, reason, streams), the most frequent first."""
        found = Counter((row["status"] or "", row["reason"] or "") for row in self.coverage.dicts())
        return tuple((*key, number) for key, number in sorted(found.items(), key=lambda item: (-item[1], item[0])))

    @property
    def reject_reasons(self) -> tuple[tuple[str, int], ...]:
        """(reason, rows), the most frequent first."""
        found = Counter(str(row["reason"]) for row in self.rejects.dicts())
        return tuple(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the rows came from."""
        return tuple(sorted({str(row["source"]) for row in self.coverage.dicts() if row["source"]}))


def read_store(store: Store, *, digests: bool = True) -> StoreFacts:
    """Read everything that a report prints about its store; O(rows) for the digests, which can be left out."""
    with store.session():
        coverage = tuple(
            (chain, None if address is None else display_address(address, chain), *rest)
            for chain, address, *rest in store.rows(_COVERAGE)
        )
        rejects = tuple((PurePath(file or "").name, *rest) for file, *rest in store.rows(_REJECTS))
        prices = tuple(
            f"{source or 'no source given'}: {number:,} prices, {first:%Y-%m-%d} to {last:%Y-%m-%d}"
            for source, number, first, last in store.rows(_PRICES)
        )
        return StoreFacts(
            coverage=ResultTable("coverage", COVERAGE_COLUMNS, coverage),
            rejects=ResultTable("rejects", REJECT_COLUMNS, rejects),
            runs=ResultTable("runs", ("verb", "parameters", "inputs", "version"), tuple(store.rows(_RUNS))),
            exclusions=ResultTable("exclusions", ("reason", "transfers", "example_tx"), tuple(store.rows(_EXCLUSIONS))),
            prices=prices,
            rows=int(store.rows("SELECT count(*) FROM transfers")[0][0]),
            addresses=_complete(coverage),
            digests=tuple(sorted(store.digests().items())) if digests else (),
        )


def _complete(rows: tuple[tuple[Any, ...], ...]) -> tuple[int, int]:
    complete: dict[tuple[str, str], bool] = {}
    for chain, address, *rest in rows:
        if (rest[COVERAGE_COLUMNS.index("stream") - 2] or "").startswith("freeze:"):
            continue  # a list of what an issuer did is of no address
        status = rest[COVERAGE_COLUMNS.index("status") - 2]
        complete[chain, address] = complete.get((chain, address), True) and status == "complete"
    return sum(complete.values()), len(complete)
