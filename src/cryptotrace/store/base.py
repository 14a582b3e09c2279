"""What every engine offers: the contract of a case store, without an engine.

Verbs above the store speak SQL in the DuckDB dialect within the subset that a translator turns into Spark SQL, and get
Arrow or plain Python rows back. Nothing here imports an engine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptotrace.schema import Batch

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["LEDGER_SQL", "Store", "Written"]

Written = Mapping[str, int]
"""Table name -> rows that were new."""

LEDGER_SQL = """
SELECT t.* FROM transfers AS t
WHERE t.id NOT IN (SELECT transfer FROM exclusions)
"""
"""The view ``ledger``: transfers less exclusions. Every analysis reads it, none reads ``transfers``."""


class Store(ABC):
    """A case store: one per case, handed to every verb.

    A store connects per verb and lets go, so that a second process can work between two verbs. ``with store.session():``
    holds it for several statements.
    """

    path: Path | None
    read_only: bool

    @contextmanager
    @abstractmethod
    def session(self) -> Iterator[Store]:
        """Hold the connection for several statements; nests."""

    @contextmanager
    @abstractmethod
    def transaction(self) -> Iterator[Store]:
        """Run statements that all take effect, or none."""

    @abstractmethod
    def load(self, batches: Iterable[Batch], *, complete: bool = False, run: Mapping[str, str] | None = None) -> Written:
        """Merge rows in one transaction: idempotent, by identity, maximum multiplicity between listings.

        Parameters
        ----------
        batches : iterable of Batch
            Consumed as it goes; nothing is visible unless all of it went in.
        complete : bool
            Whether every account that occurs in these rows is ledgered from genesis to the end of the input.
        run : mapping, optional
            ``verb``, ``parameters`` and ``inputs`` for the table ``runs``.
        """

    @abstractmethod
    def arrow(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> pa.Table:
        """Run a query and give its rows as Arrow (amounts are decimal128)."""

    @abstractmethod
    def rows(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query and give plain rows: whole decimals as ``int``, times as aware UTC."""

    @abstractmethod
    def replace(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Put ``rows`` (stored form) in place of everything in ``table``, in one transaction."""

    @abstractmethod
    def run(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> None:
        """Run a statement that gives no rows."""

    @property
    @abstractmethod
    def version(self) -> int:
        """A number that grows whenever a load changed something."""

    @abstractmethod
    def digests(self) -> dict[str, str]:
        """Give the logical digest of each table: rows sorted by key, ids as names, query times left out."""
