"""Are two stores the same? By logical digest; and if not, which table and row is the first that differs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from cryptotrace.schema import STORED
from cryptotrace.store.digest import logical_rows

if TYPE_CHECKING:
    from cryptotrace.store.base import Store

__all__ = ["Difference", "first_difference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first row that one store has and the other has not; cells as text, in the order of the digest."""

    table: str
    row: int
    left: tuple[str, ...] | None
    right: tuple[str, ...] | None

    def __str__(self) -> str:
        return f"table {self.table}, row {self.row}: {_shown(self.left)} against {_shown(self.right)}"


def first_difference(left: Store, right: Store, *, tables: Iterable[str] | None = None) -> Difference | None:
    """Compare two stores; O(rows log rows), only for tables whose digests differ.

    Parameters
    ----------
    left, right : Store
        Two stores.
    tables : iterable of str, optional
        Which tables; all that have a digest by default.

    Returns
    -------
    Difference or None
        None where every digest is the same.
    """
    ours, theirs = left.digests(), right.digests()
    for name in ours if tables is None else tables:
        if ours[name] == theirs[name]:
            continue
        with left.session(), right.session():
            pairs = zip_longest(logical_rows(left, STORED[name]), logical_rows(right, STORED[name]))
        for number, (one, other) in enumerate(pairs, start=1):
            if one != other:
                return Difference(table=name, row=number, left=one, right=other)
    return None


def _shown(row: tuple[str, ...] | None) -> str:
    if row is None:
        return "nothing"
    return "(" + ", ".join("".join(c if c.isprintable() else "\ufffd" for c in cell[:80]) for cell in row) + ")"
