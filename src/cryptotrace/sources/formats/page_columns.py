"""A page of an account list that is beyond doubt: every row of the usual form, in order, in range, and of the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from cryptotrace.schema import Batch
from cryptotrace.sources.formats.etherscan_columns import Columns, Rows, columns_of, tables_of

if TYPE_CHECKING:
    from cryptotrace.codecs import ChainInfo

__all__ = ["UsualPage", "usual_page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualPage:
    """Rows of a page by column, in the order of their blocks."""

    stream: str
    columns: Columns
    blocks: pa.Array

    def __len__(self) -> int:
        return len(self.blocks)

    @property
    def last_block(self) -> int:
        """The block of the last row."""
        last: int = self.blocks[-1].as_py()
        return last

    def before(self, block: int) -> UsualPage:
        """Give the rows of earlier blocks."""
        keep = pc.less(self.blocks, block)
        columns = {name: column.filter(keep) for name, column in self.columns.items()}
        return UsualPage(stream=self.stream, columns=columns, blocks=self.blocks.filter(keep))

    def batch(self, chain: ChainInfo) -> Batch:
        """Give the rows as they are stored."""
        return Batch({}, tables_of(self.stream, self.columns, chain, 0)) if len(self) else Batch()


def usual_page(
    stream: str, rows: Rows | None, *, subject: str, first: int, last: int, least: int, most: int
) -> UsualPage | None:
    """Read an answer in columns if nothing about it is doubtful, else give None: then every row is looked at by itself.

    Parameters
    ----------
    stream : str
        The list.
    rows : rows or None
        The rows of the answer by field; None where one of them is of another form.
    subject : str
        The address whose list was asked for, in lower case.
    first, last : int
        The blocks that were asked for, both included.
    least : int
        Fewer rows are not worth it.
    most : int
        Rows that were asked for.

    Notes
    -----
    What :func:`~cryptotrace.sources.etherscan_checks.check_page` or ``is_plausible`` would refuse is doubtful here. O(cells).
    """
    if not rows or not least <= len(rows) <= most:
        return None
    found = columns_of(stream, rows)
    if found is None or found[1]:
        return None
    columns, blocks = found[0], found[0]["block"]
    in_order = len(blocks) == 1 or pc.all(pc.greater_equal(blocks[1:], blocks[:-1])).as_py()
    if not in_order or not first <= blocks[0].as_py() or not blocks[-1].as_py() <= last:
        return None
    theirs = pa.repeat(pa.scalar(False), len(rows))
    for name in ("sender", "receiver", "contract", "made"):
        if name in columns:
            theirs = pc.or_(theirs, pc.fill_null(pc.equal(columns[name], subject), fill_value=False))
    return UsualPage(stream=stream, columns=columns, blocks=blocks) if pc.all(theirs).as_py() else None
