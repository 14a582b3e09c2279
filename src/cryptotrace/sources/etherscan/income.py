"""Etherscan's lists of what came in no transaction: ``txsBeaconWithdrawal`` and ``getminedblocks``.

Withdrawals are walked in windows of blocks, as other lists are. Blocks have no window: they come newest first by page number,
up to the 10,000 rows of all windows, and a longer list cannot be read whole. A page is always asked with the rows of the free
plan: a page that a plan cuts without a word would look like the last one.

Not verified against a live server: the order of blocks (the samples of the documentation fall), that the reward of a block
holds its fees and what it got for naming uncles (it does in the documented samples of ``getblockreward``), and that it is
what a block paid of its fees since proof of stake. Where any of it does not hold, an account does not add up and is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cryptotrace.codecs import ChainInfo, parse_address
from cryptotrace.errors import InputError, MalformedAnswer, RangeTooLarge
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Page
from cryptotrace.sources.cells import amount
from cryptotrace.sources.etherscan.answers import read_rows
from cryptotrace.sources.etherscan.checks import block_of
from cryptotrace.sources.etherscan.income_rows import GWEI, INCOMES, add_income, asked_again
from cryptotrace.sources.evm.amounts import raw_of
from cryptotrace.sources.evm.windows import walk_windows

__all__ = ["EtherscanIncome"]

_PAGE = 1_000
_PAGES = 10
_TYPES = {"mined": "blocks", "uncle": "uncles"}


class EtherscanIncome:
    """What Etherscan tells of income without a transaction; a part of :class:`~cryptotrace.sources.etherscan.Etherscan`."""

    name: str
    income_rows = _PAGE
    """Rows a page."""
    _chain: ChainInfo

    if TYPE_CHECKING:

        def _ask(
            self, stream: str, module: str, action: str, *, subject: str = "", run: str = "", **parameters: Any
        ) -> Answer: ...

    @property
    def incomes(self) -> tuple[str, ...]:
        """The lists that it has; explorers of the same kind are not known to have them."""
        return INCOMES.get(self._chain.name, ()) if self.name == "etherscan" else ()

    def income(self, kind: str, address: str, final: int, last: int, run: str) -> Iterator[Page]:
        """Walk a list up to block ``last``; what lies up to ``final`` will not change.

        Raises
        ------
        SourceError
            If the list is not proven complete; the pages before hold true rows.
        """
        subject = parse_address(address, self._chain.name)
        if kind == "withdrawal":
            yield from self._withdrawals(subject, 0, final, "")
            yield from self._withdrawals(subject, final + 1, last, run)
        else:
            yield from self._blocks(kind, subject, last, run)

    def _withdrawals(self, subject: str, first: int, last: int, run: str) -> Iterator[Page]:
        where = f"{self.name} {self._chain.name} withdrawal {subject}"

        def ask(start: int, end: int, number: int) -> list[Any]:
            def question(name: str) -> Answer:
                return self._ask(
                    "withdrawal", "account", "txsBeaconWithdrawal", subject=subject, run=name, address=subject,
                    startblock=start, endblock=end, page=number, offset=self.income_rows, sort="asc",
                )  # fmt: skip

            def read(answer: Answer) -> list[Any]:
                rows = read_rows(answer)
                _check_withdrawals(rows, subject, start, end, self.income_rows, where)
                return [{**row, "blockNumber": block_of(row)} for row in rows]

            return asked_again(question, read, run)

        pages = max(1, _PAGE * _PAGES // self.income_rows)
        for window in walk_windows(ask, first, last, size=self.income_rows, pages=pages, where=where):
            yield self._income_page("withdrawal", subject, window.rows, window.through)

    def _blocks(self, kind: str, subject: str, last: int, run: str) -> Iterator[Page]:
        """Read pages from the newest block on; blocks that came meanwhile push rows down, which repeats some and loses none."""
        where = f"{self.name} {self._chain.name} {kind} {subject}"
        seen: set[tuple[Any, ...]] = set()
        lowest: int | None = None
        for number in range(1, _PAGES + 1):

            def question(name: str, number: int = number) -> Answer:
                return self._ask(
                    kind, "account", "getminedblocks", subject=subject, run=name, address=subject, blocktype=_TYPES[kind],
                    page=number, offset=self.income_rows,
                )  # fmt: skip

            def read(answer: Answer, lowest: int | None = lowest) -> tuple[int, list[Any]]:
                rows = read_rows(answer)
                return len(rows), _new_blocks(kind, rows, seen, lowest, self.income_rows, where)

            count, rows = asked_again(question, read, run)
            seen.update(map(_name, rows))
            lowest = block_of(rows[-1]) if rows else lowest
            is_last = count < self.income_rows
            yield self._income_page(kind, subject, [row for row in rows if block_of(row) <= last], last if is_last else -1)
            if is_last:
                return
        raise RangeTooLarge(
            f"the explorer lists no more than {_PAGES * self.income_rows:,} blocks", where=where,
            hint="A node with traces shows what older blocks paid",
        )  # fmt: skip

    def _income_page(self, kind: str, subject: str, rows: Sequence[Any], through: int) -> Page:
        batch = Batch()
        for row in rows:
            try:
                is_stake = kind == "withdrawal"
                paid = amount(row.get("amount" if is_stake else "blockReward"), "amount")
                add_income(
                    batch, self._chain, kind, subject, block=row.get("blockNumber"), index=row.get("withdrawalIndex"),
                    time=row.get("timestamp") or row.get("timeStamp"), value=paid * GWEI if is_stake else paid,
                )  # fmt: skip
            except InputError as problem:
                batch.reject(f"{self.name}:{self._chain.name}:{kind}", None, problem.what, raw_of(row))
        return Page(batch=batch, rows=len(rows), through=through, cursor="")


def _check_withdrawals(rows: Sequence[Any], subject: str, first: int, last: int, most: int, where: str) -> None:
    """Refuse rows that are too many, out of range or order, of another address, or one withdrawal twice."""
    before, names = first, set[str]()
    for row in rows:
        block = block_of(row)
        if not before <= block <= last or len(rows) > most:
            raise MalformedAnswer("rows out of order, out of range or too many", where=where, hint="Ask again")
        if str(row.get("address")).lower() != subject:
            raise MalformedAnswer("rows of another address", where=where, hint="Ask again")
        before = block
        names.add(str(row.get("withdrawalIndex")))
    if len(names) < len(rows):
        raise MalformedAnswer("a withdrawal comes twice", where=where, hint="Ask again")


def _new_blocks(
    kind: str, rows: Sequence[Any], seen: set[tuple[Any, ...]], lowest: int | None, most: int, where: str
) -> list[Any]:
    """Give the rows that no page before had. Two uncles may be equal to the last cell: there a repeated row is no answer."""
    before: int | None = None
    found: list[Any] = []
    for row in rows:
        block = block_of(row)
        is_known = _name(row) in seen
        is_step = before is None or block < before or (kind == "uncle" and block == before)
        if not is_step or len(rows) > most or (lowest is not None and block > lowest and not is_known):
            raise MalformedAnswer("blocks out of order or too many", where=where, hint="Ask again")
        if is_known and kind == "uncle":
            raise MalformedAnswer("an uncle comes twice", where=where, hint="Ask again")
        before = block
        if not is_known:
            found.append(row)
    return found


def _name(row: Any) -> tuple[Any, ...]:
    return block_of(row), str(row.get("timeStamp")), str(row.get("blockReward"))
