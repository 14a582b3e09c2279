"""Where the rows of one call come together: the batch that grows, the numbers that are given out, what was refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptotrace.codecs import ChainInfo, chain_of, parse_address
from cryptotrace.errors import InputError, InvalidAddressError
from cryptotrace.schema import Batch
from cryptotrace.sources.cells import plain
from cryptotrace.sources.paths import InputFile
from cryptotrace.sources.sheets import Row, Sheet

__all__ = ["Intake", "Request", "drive"]

_MOST_CACHED = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What one call of :func:`~cryptotrace.sources.read_transfers` asked for, checked."""

    files: tuple[InputFile, ...]
    chain: ChainInfo | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    transactions: InputFile | None = None
    approvals: InputFile | None = None
    coverage: InputFile | None = None

    @property
    def one_chain(self) -> ChainInfo:
        """The chain, for formats that need the argument."""
        assert self.chain is not None
        return self.chain


class Intake:
    """Collects rows into batches of ``chunk_rows`` input rows."""

    __slots__ = ("_addresses", "_chains", "_chunk_rows", "_left", "batch", "listing", "row_number")

    def __init__(self, chunk_rows: int) -> None:
        self.batch = Batch()
        self.listing = -1
        self.row_number = 0
        self._chunk_rows = self._left = chunk_rows
        self._addresses: dict[str, dict[str, str]] = {}
        self._chains: dict[str, str] = {}

    def next_listing(self) -> int:
        """Start a list that shows all rows of its transactions, and give its number."""
        self.listing += 1
        return self.listing

    def next_row(self) -> int:
        """Count one input row over all files of the call, from 1."""
        self.row_number += 1
        self._left -= 1
        return self.row_number

    def is_full(self) -> bool:
        """Whether the batch has had its input rows."""
        return self._left <= 0

    def take(self) -> Batch:
        """Hand over the batch and start the next."""
        batch, self.batch, self._left = self.batch, Batch(), self._chunk_rows
        return batch

    def chain(self, text: Any, fallback: ChainInfo | None) -> str:
        """Give our name of a row's chain; an empty cell means the chain of the call."""
        if text is None or text == "":
            if fallback is None:
                raise InputError("chain is empty")
            return fallback.name
        if type(text) is not str:
            raise InputError("chain is not text")
        name = self._chains.get(text)
        if name is None:
            try:
                name = chain_of(text).name
            except InputError as problem:
                raise InputError(f"chain: {problem.what}") from None
            self._chains[text] = name
        return name

    def address(self, text: Any, chain: str, column: str) -> str:
        """Give the stored form of an address; each distinct text is parsed once."""
        known = self._addresses.setdefault(chain, {})
        if type(text) is str and (stored := known.get(text)) is not None:
            return stored
        try:
            stored = parse_address(text, chain)
        except InvalidAddressError as problem:
            place = "" if problem.position is None else f" (position {problem.position})"
            raise InputError(f"{column}: {problem.what}{place}") from None
        if len(known) >= _MOST_CACHED:
            known.clear()
        known[text] = stored
        return stored

    def address_or_none(self, text: Any, chain: str, column: str) -> str | None:
        """As :meth:`address`, where an empty cell is None."""
        return None if text is None or text == "" else self.address(text, chain, column)

    def add_fee(
        self,
        *,
        chain: str,
        tx_hash: str,
        time: datetime,
        payer: str,
        amount: int,
        block: int | None,
        tx_index: int | None,
        number: int,
        listing: int,
    ) -> None:
        """Add what a transaction cost its payer; it is paid also where the transaction failed."""
        coin = chain_of(chain)
        self.batch.add_transfer(
            chain=chain,
            tx_hash=tx_hash,
            kind="fee",
            block=block,
            time=time,
            tx_index=tx_index,
            sender=payer,
            receiver=None,
            symbol=coin.native_symbol,
            decimals=coin.native_decimals,
            amount=amount,
            input_row=number if block is None or tx_index is None else None,
            listing=listing,
        )

    def reject(self, file: InputFile, row: Row, reason: str) -> None:
        """Keep a row that does not fit, whole."""
        self.batch.reject(file.name, row.line, plain(reason) or "", plain(row.text) or "")

    def skip(self, file: InputFile, reason: str) -> None:
        """Say that a file was found and not read."""
        self.batch.reject(file.name, None, reason, "")


def drive(sheet: Sheet, intake: Intake, handle: Callable[[Mapping[str, Any], int], None]) -> Iterator[Batch]:
    """Hand every row to ``handle(cells, row number)``; what it refuses goes to rejects, full batches go out.

    ``handle`` must add nothing before it has read all of a row: a row is in or out, never half in.
    """
    for row in sheet.rows:
        number = intake.next_row()
        if row.problem is not None:
            intake.reject(sheet.file, row, row.problem)
        else:
            try:
                handle(row.cells, number)
            except InputError as problem:
                intake.reject(sheet.file, row, problem.what)
        if intake.is_full():
            yield intake.take()
