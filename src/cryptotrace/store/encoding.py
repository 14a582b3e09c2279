"""Numbers in place of text, for columns in Arrow: each is gone through once, and what differs is named once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.int64]

__all__ = ["codes_of", "distinct", "renumbered", "with_ids"]

_FEW = 1 << 20


def codes_of(columns: Sequence[pa.ChunkedArray]) -> tuple[Numbers, pa.Array]:
    """Give numbers for the cells of columns, one column after the other.

    Returns
    -------
    tuple
        A number for each cell, and the cells that differ, to which the numbers point. Unknown cells have the number after
        the last.
    """
    import pyarrow as pa

    kind = columns[0].type
    whole = pa.concat_arrays([chunk for column in columns for chunk in column.chunks] or [pa.array([], kind)])
    encoded = whole.dictionary_encode()
    numbers = encoded.indices
    if numbers.null_count:
        numbers = numbers.fill_null(len(encoded.dictionary))
    return numbers.to_numpy().astype("int64"), encoded.dictionary


def distinct(rows: pa.Table, columns: Sequence[str]) -> tuple[Numbers, list[tuple[Any, ...]]]:
    """Tell rows apart by what stands in some columns; give a number for each, and what the numbers stand for.

    Notes
    -----
    O(rows) where few values differ, O(rows log rows) else.
    """
    import numpy as np

    numbers = np.zeros(rows.num_rows, dtype=np.int64)
    values: list[tuple[Any, ...]] = [()] if rows.num_rows else []
    for column in columns:
        own, cells = codes_of([rows.column(column)])
        texts = [*cells.to_pylist(), None]
        pairs, numbers = renumbered(numbers * len(texts) + own, len(values) * len(texts))
        values = [(*values[pair // len(texts)], texts[pair % len(texts)]) for pair in pairs.tolist()]
    return numbers, values


def renumbered(numbers: Numbers, limit: int) -> tuple[Numbers, Numbers]:
    """Give the numbers (below ``limit``) that occur, ascending, and each number's place among them."""
    import numpy as np

    if limit > _FEW:
        found, places = np.unique(numbers, return_inverse=True)
        return found, places
    occurs = np.bincount(numbers, minlength=limit) > 0
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[numbers]


def with_ids(table: pa.Table, name: str, ids: Numbers) -> pa.Table:
    """Add a column of ids; 0 is unknown."""
    import pyarrow as pa

    return table.append_column(name, pa.array(ids.astype("int32"), mask=ids == 0))
