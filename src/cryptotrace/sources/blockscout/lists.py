"""Blockscout's Etherscan-like RPC: the account lists of one chain, walked as Etherscan's, in the dialect of this explorer.

What differs, and what is made of it:

* A list comes newest first unless ``sort=asc`` is sent, and ends of ranges count only as numbers; both are always sent so.
* An inner payment has ``transactionHash`` and ``index`` instead of ``hash`` and ``traceId``. ``index`` counts the calls of the
  trace, which no other explorer does; it tells rows that were sent twice, and is kept out of ``trace_path``.
* Status "2" comes with rows and means that some are missing: such rows are not believed.
* ``isError`` is 1 where the outcome is not known, as of every transaction before Byzantium (2017). Then a failure lost all gas:
  a row that kept some is no failure, and where money hangs on the others, REST v2 is asked for that one transaction.
* Fees lack the part for data on layer 1: on chains that have it, a fee is unknown here, and never a part of it.
* Wraps stand as payments from and to the zero address:
  :func:`~cryptotrace.sources.blockscout_items.wrapping_of` says what becomes of them.
* Logs have no second page; tokens may lack decimals, symbol or name.

Not verified against a live server: that 5,000 rows a page are served in time; the number of calls that single instances allow
without a key (docs name 3 a second, and in one place a minute); that the hosted service gives ``/api`` for every chain; that
inner calls of a call that failed are marked as failed too; that a list which is whole has no status "2" later.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptotrace.codecs import null_address
from cryptotrace.errors import BadRequest, InputError, MalformedAnswer
from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources.base import Answer, Fetcher
from cryptotrace.sources.blockscout.answers import REST, read_object
from cryptotrace.sources.blockscout.items import outcome, wrapping_of
from cryptotrace.sources.blockscout.node import BlockscoutNode
from cryptotrace.sources.etherscan.answers import read_rows
from cryptotrace.sources.etherscan.lists import Etherscan
from cryptotrace.sources.evm.events import WRAPPED_COINS
from cryptotrace.sources.formats.blockscout_columns import typed_rows_of
from cryptotrace.sources.formats.etherscan_columns import Rows
from cryptotrace.sources.formats.page_columns import UsualPage

__all__ = ["Blockscout"]

_PAGE = 5_000
"""Rows a page: a call costs the same however many it brings, and twice as many could pass the largest body that is read."""
_LAYER_1 = frozenset(("optimism", "base", "blast", "opbnb", "scroll"))
"""Rollups that charge data on layer 1 apart from gas."""
_UNKNOWN = "unknown"


class Blockscout(BlockscoutNode, Etherscan):
    """The account lists of one chain on a Blockscout.

    Parameters
    ----------
    chain : str
        Any name of an EVM chain.
    fetcher : Fetcher
        Where answers come from; its base URL ends before ``/api``.
    page_rows : int
        Rows a page, at most 10,000.
    on_rate : callable
        Told the calls per second of a plan; this explorer does not tell them.

    Raises
    ------
    InputError
        If the chain is no EVM chain.
    """

    name = "blockscout"
    questions = 2

    def __init__(
        self,
        chain: str,
        fetcher: Fetcher,
        *,
        page_rows: int = _PAGE,
        on_rate: Callable[[float], None] = lambda _: None,
    ) -> None:
        BlockscoutNode.__init__(self, chain, fetcher, on_rate=on_rate)
        self.page_rows = page_rows

    def through(self, fetcher: Fetcher) -> Blockscout:
        """Give the same source with answers from elsewhere."""
        other = type(self)(self.chain, fetcher, page_rows=self.page_rows, on_rate=self._on_rate)
        other.node_path = self.node_path
        return other

    # -- rows as Etherscan would have them -------------------------------------------------------------------------------

    def _listed(self, answer: Answer) -> list[Any]:
        """Give the rows of an answer in Etherscan's names."""
        rows, stream = read_rows(answer), answer.request.stream
        if stream == "internal":
            return self._internals(rows)
        if stream != "native":
            return rows
        return [self._native(row) if isinstance(row, dict) else row for row in rows]

    def _typed(self, answer: Answer) -> Rows | None:
        """Give the same rows by field, where all of them are of the usual form and none needs more than itself."""
        return typed_rows_of(answer.request.stream, answer.body, self._chain, fees=self.chain not in _LAYER_1)

    def _internals(self, rows: list[Any]) -> list[Any]:
        if _come_twice(rows):
            raise MalformedAnswer("a row comes twice", where=f"{self.name} {self.chain} internal", hint="Ask again")
        return [
            {**row, "hash": row["transactionHash"]} if isinstance(row, dict) and "transactionHash" in row else row
            for row in rows
        ]

    def _native(self, row: dict[str, Any]) -> dict[str, Any]:
        data = row.get("input")
        method = data[:10] if isinstance(data, str) and len(data) >= len("0x12345678") else "0x"
        return {**row, "methodId": method, **({"gasUsed": ""} if self.chain in _LAYER_1 else {})}

    def _page(
        self, stream: str, subject: str, start: int, end: int, number: int, size: int, *, by_row: bool = False
    ) -> list[Any] | UsualPage:
        """Ask for one page, and for the outcome of transactions whose row does not know it."""
        rows = super()._page(stream, subject, start, end, number, size, by_row=by_row)
        if stream != "native" or isinstance(rows, UsualPage):
            return rows
        return [
            self._settled(row, subject) if row.get("txreceipt_status") == "" and row.get("isError") != "0" else row
            for row in rows
        ]

    def _whole_block(self, stream: str, subject: str, block: int, size: int) -> list[Any]:
        rows = super()._whole_block(stream, subject, block, size)
        if stream == "internal" and _come_twice(rows):
            raise self._stuck(stream, subject, block, "the explorer repeats rows")
        return rows

    def _settled(self, row: dict[str, Any], subject: str) -> dict[str, Any]:
        """Give a row without a status with its outcome; where that cannot be known, it is rejected for it."""
        if row.get("value") == "0":
            return {**row, "isError": ""}
        for ask in (self._by_gas, self._by_rest):
            try:
                return {**row, "isError": "0" if ask(row, subject) else "1"}
            except InputError:
                continue
        return {**row, "isError": _UNKNOWN}

    def _by_gas(self, row: dict[str, Any], _subject: str) -> bool:
        return outcome(self._chain, int(row["blockNumber"]), None, row.get("gasUsed"), row.get("gas"))

    def _by_rest(self, row: dict[str, Any], subject: str) -> bool:
        name = str(row.get("hash"))
        try:
            found = read_object(self._send("native", f"{REST}/transactions/{name}", subject=subject))
        except BadRequest as problem:
            raise InputError("whether it succeeded is not known") from problem
        if str(found.get("hash")).lower() != name.lower():
            raise InputError("an answer about another transaction")
        return outcome(self._chain, None, found.get("status"), None, None)

    # -- rows to transfers -----------------------------------------------------------------------------------------------

    def parse(self, stream: str, rows: list[Any] | UsualPage) -> Batch:
        """Turn rows of a list into transfers; what does not fit is rejected whole. Pure."""
        if isinstance(rows, UsualPage):
            return super().parse(stream, rows)
        wraps = [row for row in rows if self._is_wrap(row)] if stream == "token" else []
        if not wraps:
            return super().parse(stream, rows)
        batch = super().parse(stream, [row for row in rows if not self._is_wrap(row)])
        told = self._parsed(stream, None, lambda: wraps)
        for name, found in told.rows.items():
            batch.rows.setdefault(name, []).extend(self._as_wraps(found) if name == "transfers" else found)
        return batch

    def parse_answer(self, answer: Answer) -> Batch:
        """Turn a whole answer that :meth:`judge` let pass into transfers, as :meth:`parse` does. Pure.

        Raises
        ------
        MalformedAnswer
            If the answer is no list.
        """
        stream, typed = answer.request.stream, self._typed(answer)
        if typed is None:
            return self.parse(stream, self._listed(answer))
        batch = self._parsed(stream, typed, lambda: self._listed(answer))
        if stream == "token" and "transfers" in batch.rows:
            batch.rows["transfers"] = self._as_wraps(batch.rows["transfers"])  # addresses in capitals are read by row
        return batch

    def _is_wrap(self, row: Any) -> bool:
        coin = WRAPPED_COINS.get(self.chain)
        if coin is None or not isinstance(row, dict) or str(row.get("contractAddress")).lower() != coin:
            return False
        return null_address(self.chain) in (str(row.get("from")).lower(), str(row.get("to")).lower())

    def _as_wraps(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        names = WIDE["transfers"].names
        found = []
        for row in rows:
            cells = dict(zip(names, row, strict=True))
            place = wrapping_of(self._chain, cells["contract"], cells["sender"], cells["receiver"])
            cells |= {"kind": place.kind, "sender": place.sender, "receiver": place.receiver}
            found.append(tuple(cells.values()))
        return found


def _come_twice(rows: list[Any]) -> bool:
    """Whether two rows are of one place in the trace of one transaction."""
    places = [
        (row["transactionHash"], row["index"])
        for row in rows
        if isinstance(row, dict) and isinstance(row.get("index"), str) and isinstance(row.get("transactionHash"), str)
    ]
    return len(set(places)) < len(places)
