"""An EVM node: token transfers from logs, payments of the coin from traces, and balances at the very head of a run.

A node has no list of an account. Tokens come from ``eth_getLogs`` with the address at either place of an event; the coin comes
from ``trace_filter`` where the node offers it. Without it a range of up to ``scan_blocks`` blocks is read block by block, with
``debug_traceTransaction`` for inner payments. Else only what the logs of tokens lead to is known of the coin: ``native`` and
``internal`` then end partial with the reason ``no_traces``, and are never called complete.

Windows of blocks follow what a provider refuses and hints at. Every walk ends with the question whether the head block of the
run still stands: another hash is ``reorg``, and the next run begins anew.

Not seen live, taken from documents and node sources: the wordings of providers in July 2026; that ``toAddress`` of
``trace_filter`` fits the contract that a creation made (Erigon, Nethermind, Reth); that ``trace_filter`` orders by block. Old
contracts that index no party in ``Transfer`` cannot be found by address. Withdrawals of validators stand in no trace: they
are read only where blocks are; block rewards only from ``trace_filter``. A miner's share of fees is in neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Raw

from cryptotrace.codecs import parse_address
from cryptotrace.errors import InputError, MalformedAnswer
from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources.base import Fetcher, Page
from cryptotrace.sources.evm.amounts import name_of, own_time
from cryptotrace.sources.evm.events import APPROVAL, DEPOSIT, STABLECOIN_EVENTS, TRANSFER, WITHDRAWAL
from cryptotrace.sources.evm.logs import read_logs
from cryptotrace.sources.evm.receipts import read_receipt
from cryptotrace.sources.rpc.answers import NoTraces, TooWide
from cryptotrace.sources.rpc.asking import Call, again
from cryptotrace.sources.rpc.checks import blocks_of, check_logs, merged_logs, place_of
from cryptotrace.sources.rpc.log_pages import usual_page
from cryptotrace.sources.rpc.ranges import Span
from cryptotrace.sources.rpc.results import decoded
from cryptotrace.sources.rpc.traces import RpcTraces

__all__ = ["Rpc"]

_SCAN = 5_000
_FIRST_PARTY = frozenset((TRANSFER, APPROVAL, DEPOSIT, WITHDRAWAL, *STABLECOIN_EVENTS))
"""Events whose first indexed value may be the account: payer, owner, holder, or whom an issuer froze."""
_SECOND_PARTY = frozenset((TRANSFER, APPROVAL))
Filter = tuple["frozenset[str] | str | None", ...]


class Rpc(RpcTraces):
    """The lists of an account, from the node of one chain.

    Parameters
    ----------
    chain : str
        Any name of an EVM chain.
    fetcher : Fetcher
        Where answers come from: the network, an archive, or both.
    on_rate : callable
        Told the calls per second of a plan; no node tells them.
    scan_blocks : int
        The most blocks that are read one by one where the node offers no ``trace_filter``.

    Raises
    ------
    InputError
        If the chain is no EVM chain.
    """

    def __init__(
        self,
        chain: str,
        fetcher: Fetcher,
        *,
        on_rate: Callable[[float], None] = lambda _: None,
        scan_blocks: int = _SCAN,
    ) -> None:
        super().__init__(chain, fetcher, on_rate=on_rate)
        self.scan_blocks = scan_blocks

    def through(self, fetcher: Fetcher) -> Rpc:
        """Give the same source with answers from elsewhere."""
        other = type(self)(self.chain, fetcher, on_rate=self._on_rate, scan_blocks=self.scan_blocks)
        other._abilities, other._head, other.trace_rows = self._abilities, self._head, self.trace_rows  # noqa: SLF001
        return other

    def pages(self, stream: str, address: str, first: int, last: int, cursor: str | None = None) -> Iterator[Page]:
        """Walk a list from block ``first`` to ``last``, or go on at a cursor; see :meth:`Source.pages`.

        It ends at the head of the run, also where ``last`` lies beyond: that is where balances are told.

        Raises
        ------
        NoTraces
            If the node has no way to show the payments of the coin in that range.
        Reorganised
            If the head block of the run is no longer in the chain.
        """
        subject = parse_address(address, self.chain)
        last = last if self._head is None else min(last, self._head[0])
        if stream == "token":
            yield from self._tokens(subject, first, last, cursor)
        elif self.abilities.trace_filter:
            yield from self._traced(stream, subject, first, last, cursor)
        elif last - first < self.scan_blocks and (stream == "native" or self.abilities.debug):
            yield from self._scanned(stream, subject, first, last, cursor)
        elif first <= last:
            raise NoTraces(
                "the node shows no payments of the coin by address",
                where=f"{self.name} {self.chain} {stream} {subject}",
                hint="Use a node with trace_filter (Erigon, Nethermind, Reth), or an explorer of the chain",
            )

    # -- logs ------------------------------------------------------------------------------------------------------------

    def _tokens(self, subject: str, first: int, last: int, cursor: str | None) -> Iterator[Page]:
        """Walk the events that name the account; where the coin cannot be listed, with the transactions that they are in."""
        word = "0x" + subject[2:].rjust(64, "0")
        filters: list[Filter] = [(_FIRST_PARTY, word), (_SECOND_PARTY, None, word)]
        with_coin = not self.abilities.trace_filter and last >= self.scan_blocks

        def build(rows: list[Any]) -> Batch:
            times = self._block_times(rows, "token", subject)
            batch = self._read(rows, times, "token")
            if with_coin:
                self._add_coin(rows, times, subject, batch)
            return batch

        yield from self._walk(filters, None, "token", subject, first, last, cursor, build, columns=not with_coin)

    def _log_pages(
        self, contract: str | None, topics: tuple[str | None, ...], first: int, last: int, cursor: str | None, subject: str
    ) -> Iterator[Page]:
        def build(rows: list[Any]) -> Batch:
            return self._read(rows, self._block_times(rows, "logs", subject), "logs")

        yield from self._walk([topics], contract, "logs", subject, first, last, cursor, build, columns=True)

    def _walk(
        self, filters: Sequence[Filter], contract: str | None, stream: str, subject: str, first: int, last: int,
        cursor: str | None, build: Callable[[list[Any]], Batch], *, columns: bool,
    ) -> Iterator[Page]:  # fmt: skip
        """Give logs window by window; what else a page needs may show that its logs are wrong, so all is asked again then.

        With ``columns`` a window without any doubt is read in columns; ``build`` makes rows of logs as they came.
        """
        span = Span(start=first) if cursor is None else Span.read(cursor)
        while span.start <= last:
            start, end = span.start, span.end(last)

            def window(run: str, start: int = start, end: int = end) -> tuple[int, Batch]:
                results = self._window_logs(filters, contract, stream, subject, start, end, run, closing=end == last)
                page = usual_page(results, filters, first=start, last=end, contract=contract) if columns else None
                if page is not None:
                    times = self._times(page.silent_blocks, stream, subject)
                    return len(page), page.batch(self._chain, times, self._file(stream))
                rows = self._checked_logs(results, filters, contract, stream, subject, start, end)
                return len(rows), build(rows)

            def block(run: str, start: int = start) -> tuple[int, Batch]:
                rows = self._block_logs(filters, contract, stream, subject, start, run)
                return len(rows), build(rows)

            try:
                count, batch = again(window, f"{stream} {subject}")
            except TooWide as problem:
                if start < end:
                    span = span.smaller(end, problem.advice)
                    continue
                count, batch = again(block, f"{stream} {subject}")
            span = span.after(end, count)
            yield Page(batch=batch, rows=count, through=end, cursor=span.cursor)

    def _window_logs(
        self, filters: Sequence[Filter], contract: str | None, stream: str, subject: str, start: int, end: int, run: str, *,
        closing: bool,
    ) -> list[Raw]:  # fmt: skip
        """Ask for the logs of each filter; where the walk ends, whether the head block of the run still stands, too."""
        calls: list[Call] = [("eth_getLogs", [_query(one, contract, start, end)]) for one in filters]
        results = self._raw_many(self._closed(calls, closing=closing), stream, subject=subject, run=run)
        if len(results) > len(calls):
            self._check_head(decoded(results.pop(), f"{self.name} {self.chain} head"))
        return results

    def _checked_logs(
        self, results: Sequence[Raw], filters: Sequence[Filter], contract: str | None, stream: str, subject: str, start: int,
        end: int,
    ) -> list[Any]:  # fmt: skip
        where = f"{self.name} {self.chain} {stream} {subject}"
        lists = [
            check_logs(decoded(rows, where), first=start, last=end, topics=one, contract=contract, where=where)
            for one, rows in zip(filters, results, strict=True)
        ]
        return merged_logs(lists, where)

    def _block_logs(
        self, filters: Sequence[Filter], contract: str | None, stream: str, subject: str, number: int, run: str
    ) -> list[Any]:
        """Read one block whose logs are too many for the node: the receipts of its transactions, of which ours are taken."""
        where = f"{self.name} {self.chain} {stream} {subject}"
        found = self._one(stream, "eth_getBlockByNumber", [hex(number), False], subject=subject, run=run)
        block = self._block(found, number)
        try:
            names = [name_of(name, "hash") for name in block.transactions]
        except InputError as problem:
            raise MalformedAnswer(f"a block of odd transactions: {problem.what}", where=where, hint="Ask again") from problem
        calls: list[Call] = [("eth_getTransactionReceipt", [name]) for name in names]
        rows: list[Any] = []
        for name, result in zip(names, self._many(calls, stream, subject=subject, run=run), strict=True):
            receipt = read_receipt(result, self._chain, tx_hash=name, where=where)
            if receipt.block != number or receipt.block_hash not in (None, block.hash):
                raise MalformedAnswer("a receipt of another block", where=where, hint="Ask again")
            rows += receipt.logs
        fitting = [log for log in rows if any(_fits(log, one, contract) for one in filters)]
        return check_logs(fitting, first=number, last=number, topics=(), contract=contract, where=where)

    def _block_times(self, rows: Sequence[Any], stream: str, subject: str) -> dict[int, datetime]:
        """Give the time of every block of these logs: what logs say themselves, the rest asked for."""
        told: dict[int, datetime] = {}
        silent: list[Any] = []
        for row in rows:
            try:
                block, _ = place_of(row)
                told[block] = own_time(row, block, {})
            except InputError:
                silent.append(row)
        unknown = {block: known for block, known in blocks_of(silent, stream).items() if block not in told}
        return told | self._times(unknown, stream, subject)

    def _read(self, rows: Sequence[Any], times: Mapping[int, datetime], stream: str) -> Batch:
        return read_logs(rows, self._chain, times=times, file=self._file(stream))

    def _add_coin(self, rows: Sequence[Any], times: Mapping[int, datetime], subject: str, batch: Batch) -> None:
        """Add the transactions of these logs that the account signed or was called by: all that is known of the coin."""
        names = dict.fromkeys(name_of(row.get("transactionHash")) for row in rows)
        found = self._transactions(names, times, blocks_of(rows, "token"), "token", subject)
        at, signer, receiver = (WIDE["transactions"].names.index(name) for name in ("tx_hash", "signer", "receiver"))
        about = {row[at] for row in found.rows.get("transactions", ()) if subject in (row[signer], row[receiver])}
        for table in ("transfers", "transactions"):
            place = WIDE[table].names.index("tx_hash")
            batch.rows.setdefault(table, []).extend(row for row in found.rows.get(table, ()) if row[place] in about)


def _query(wanted: Filter, contract: str | None, start: int, end: int) -> dict[str, Any]:
    topics = [sorted(one) if isinstance(one, frozenset) else one for one in wanted]
    query: dict[str, Any] = {"fromBlock": hex(start), "toBlock": hex(end), "topics": topics}
    return query if contract is None else {**query, "address": contract}


def _fits(log: Any, wanted: Filter, contract: str | None) -> bool:
    topics = [str(topic).lower() for topic in log.get("topics") or ()]
    if contract is not None and str(log.get("address")).lower() != contract:
        return False
    return len(topics) >= len(wanted) and all(
        one is None or topics[at] in ({one} if isinstance(one, str) else one) for at, one in enumerate(wanted)
    )
