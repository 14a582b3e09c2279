"""What a load or a pull brought, and what it did not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from cryptotrace.model.tables import ResultTable
from cryptotrace.model.values import Provenance

__all__ = ["Coverage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The outcome of bringing rows into a store.

    Attributes
    ----------
    new : mapping
        Table -> rows that were new; loading the same again gives zeros.
    rejected : mapping
        Reason -> rows of this input that did not fit; each is kept whole in the table ``rejects``.
    table : ResultTable
        Status -> addresses, over the whole store: ``complete``, ``partial`` and why.
    """

    new: Mapping[str, int]
    rejected: Mapping[str, int]
    table: ResultTable
    provenance: Provenance

    @property
    def is_partial(self) -> bool:
        """Whether something is known to be missing: a rejected row, or an address that is not complete."""
        return bool(self.rejected) or any(row["status"] != "complete" for row in self.table.dicts())

    def __str__(self) -> str:
        brought = ", ".join(f"{count:,} {name}" for name, count in self.new.items() if count) or "nothing new"
        lines = [f"loaded: {brought}"]
        lines += [f"rejected: {count:,} rows: {reason}" for reason, count in self.rejected.items()]
        lines += [
            f"coverage: {row['addresses']:,} addresses {row['status']}" + (f" ({row['reason']})" if row["reason"] else "")
            for row in self.table.dicts()
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return "<br>".join(escape(line) for line in str(self).splitlines())
