"""A result table: exact rows with names, on its way to a DataFrame, Arrow or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["ResultTable", "cell_text"]

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class ResultTable:
    """Rows of a public result, in their final order.

    Cells are ``str``, ``int`` (base units), :class:`~decimal.Decimal` (dollars), aware UTC times, tuples of text, or ``None``
    for unknown.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def dicts(self) -> Iterator[dict[str, Any]]:
        """Yield each row by column name."""
        for row in self.rows:
            yield dict(zip(self.columns, row, strict=True))

    def column(self, name: str) -> tuple[Any, ...]:
        """Give one column."""
        at = self.columns.index(name)
        return tuple(row[at] for row in self.rows)

    def to_pandas(self) -> pd.DataFrame:
        """Give a DataFrame of objects: amounts stay Python ints, dollars stay Decimals."""
        import pandas as pd

        return pd.DataFrame(list(self.rows), columns=list(self.columns), dtype=object)

    def to_arrow(self) -> pa.Table:
        """Give an Arrow table for size; whole numbers beyond 64 bits become decimals, dollars text stays exact.

        A column of sums beyond 10**38 - 1 becomes decimal256 in place of decimal128: nothing is cut off.
        """
        import pyarrow as pa

        arrays = [_arrow_column(self.column(name)) for name in self.columns]
        return pa.table(arrays, names=list(self.columns))

    def to_csv(self) -> str:
        """Give CSV text (UTF-8, LF); a text cell that a spreadsheet would run as a formula gets a leading apostrophe."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        for row in self.rows:
            writer.writerow([_safe(cell) for cell in row])
        return out.getvalue()


def cell_text(cell: Any) -> str:
    """Print a cell exactly: integers and decimals plain, times ISO 8601 with Z, unknown empty."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(cell, tuple | list):
        return " ".join(cell_text(part) for part in cell)
    return str(cell)


def _safe(cell: Any) -> str:
    text = cell_text(cell)
    if isinstance(cell, str) and text.startswith(_FORMULA_STARTS):
        return "'" + text
    return text


def _arrow_column(cells: tuple[Any, ...]) -> pa.Array:
    import pyarrow as pa

    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {int}:
        if all(cell is None or -(2**63) <= cell < 2**63 for cell in cells):
            return pa.array(cells, type=pa.int64())
        fits = all(cell is None or abs(cell) < 10**38 for cell in cells)
        kind = pa.decimal128(38, 0) if fits else pa.decimal256(76, 0)
        return pa.array([None if cell is None else Decimal(cell) for cell in cells], type=kind)
    if kinds == {datetime}:
        return pa.array(cells, type=pa.timestamp("us", tz="UTC"))
    return pa.array([None if cell is None else cell_text(cell) for cell in cells], type=pa.string())
