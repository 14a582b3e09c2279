"""A list of transactions that is walked from the newest to the oldest: what was seen, and whether it can be whole.

The list of an address has no page numbers that stay: each page starts after the last row of the one before. So order, repeats
and foreign rows are checked as rows come, and at the end the rows must be as many, and worth as much, as the explorer's own
count says.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from cryptotrace.errors import MalformedAnswer
from cryptotrace.sources.bitcoin.coins import CoinTransaction, Effect, effect_on
from cryptotrace.sources.bitcoin.esplora_rows import Odd
from cryptotrace.sources.bitcoin.waiting import waiting_of

__all__ = ["History", "Moved", "Row"]

Row = CoinTransaction | Odd


class Moved(MalformedAnswer):
    """The list is not the one that the walk began with: blocks were replaced meanwhile, or the explorer lost its place."""


@dataclass(slots=True, kw_only=True)
class History:
    """What a walk has seen of the list of one address; all of it fits into a cursor.

    Attributes
    ----------
    attempt : int
        How often the walk began anew.
    seen, inside : int
        Confirmed rows so far, and those of them within the range.
    counted : int
        Rows within the range that were reported, over all attempts.
    odd : int
        Rows that were refused.
    received, spent : int
        Base units over all confirmed rows.
    size : int
        The longest page so far.
    first, last : str
        The newest and the oldest row seen.
    block : int or None
        Block of the oldest.
    tail : list of str
        Rows of that block, by the beginning of their hash: one of them may come again only in a list that moved.
    expected : int or None
        What the explorer counts.
    asked : int
        How often it was asked for that.
    waiting, waiting_received, waiting_spent : int
        Rows in no block, where the list shows them too, and what they would do.
    late : list
        What is not final yet (:mod:`~cryptotrace.sources.bitcoin.waiting`): told at the end, since a walk may begin anew.
    done : bool
        Whether the walk has ended.
    """

    attempt: int = 0
    seen: int = 0
    inside: int = 0
    counted: int = 0
    odd: int = 0
    received: int = 0
    spent: int = 0
    size: int = 0
    first: str = ""
    last: str = ""
    block: int | None = None
    tail: list[str] = field(default_factory=list)
    expected: int | None = None
    asked: int = 0
    waiting: int = 0
    waiting_received: int = 0
    waiting_spent: int = 0
    late: list[list[Any]] = field(default_factory=list)
    done: bool = False

    @classmethod
    def read(cls, cursor: str | None) -> History:
        """Go on at a cursor, or begin."""
        return cls() if cursor is None else cls(**json.loads(cursor))

    @property
    def cursor(self) -> str:
        """Everything that a walk needs to go on here."""
        blank = asdict(History())
        return json.dumps({name: value for name, value in asdict(self).items() if value != blank[name]}, separators=(",", ":"))

    def anew(self) -> History:
        """Begin again at the newest row; what was reported is not reported twice."""
        return History(attempt=self.attempt + 1, counted=self.counted)

    def check(self, rows: Sequence[Row], subject: str, where: str) -> None:
        """Refuse confirmed rows that cannot follow.

        Raises
        ------
        Moved
            If a row came before, is newer than the one before it, or does not touch the address.
        """
        block, tail = self.block, set(self.tail)
        for row in rows:
            if row.block is None:
                raise MalformedAnswer("a row without a block", where=where, hint="Ask again")
            if block is None or row.block < block:
                block, tail = row.block, set()
            if row.block > block or row.txid[:16] in tail:
                raise Moved("rows that repeat or are out of order", where=where, hint="Ask again")
            tail.add(row.txid[:16])
            if isinstance(row, CoinTransaction) and effect_on(row, subject) is None:
                raise MalformedAnswer("rows of another address", where=where, hint="Ask again")

    def take(self, rows: Sequence[Row], subject: str, first: int, last: int) -> list[Row]:
        """Count confirmed rows that were checked, down to the first one below the range; give those that count.

        Notes
        -----
        O(rows).
        """
        taken: list[Row] = []
        for row in rows:
            assert row.block is not None
            if row.block < first:
                break
            taken.append(row)
            self._note(row, row.block)
            effect = effect_on(row, subject) if isinstance(row, CoinTransaction) else None
            if effect is None:
                self.odd += 1
            else:
                if row.block > last and isinstance(row, CoinTransaction):
                    self.late += filter(None, [waiting_of(row, subject)])
                self.received += effect.received
                self.spent += effect.spent
            self.inside += row.block <= last
        self.size = max(self.size, len(rows))
        return taken

    def _note(self, row: Row, block: int) -> None:
        self.seen += 1
        self.first = self.first or row.txid
        if block != self.block:
            self.block, self.tail = block, []
        self.tail.append(row.txid[:16])
        self.last = row.txid

    def report(self) -> int:
        """Give how many rows of the range are new to whoever counts them, and take them for reported."""
        new = max(0, self.inside - self.counted)
        self.counted += new
        return new

    def agrees(self, transactions: int, received: int, spent: int, *, newer: int = 0, effect: Effect | None = None) -> bool:
        """Whether the rows, and ``newer`` ones that came meanwhile, are what the explorer counts; refused rows are unknown."""
        more = effect or Effect()
        sums = (self.received + more.received, self.spent + more.spent)
        return self.seen + newer == transactions and (self.odd > 0 or sums == (received, spent))
