"""Native and inner payments from a node: by ``trace_filter``, or by reading every block of a short range."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from cryptotrace.codecs import null_address
from cryptotrace.errors import InputError, MalformedAnswer, RangeTooLarge
from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources.base import Page
from cryptotrace.sources.evm.amounts import address, quantity, raw_of, value_of
from cryptotrace.sources.evm.receipts import batch_of, read_transaction
from cryptotrace.sources.evm.traces import Place, frames_of_items, incomplete, read_call_tree, read_trace_items
from cryptotrace.sources.rpc.answers import TooWide
from cryptotrace.sources.rpc.asking import Block, Call, RpcNode, again
from cryptotrace.sources.rpc.checks import (
    blocks_of,
    check_traces,
    ends_of,
    is_payment,
    merged_traces,
    path_of,
    trace_block_of,
)
from cryptotrace.sources.rpc.ranges import Span

__all__ = ["RpcTraces", "rows_about"]

_TRACES = 10
"""Traces in one request: each may be large."""
_BLOCKS = 20
_PLAIN = 21_000
"""Gas that lets no contract run."""
_GWEI = 10**9
_PAGES = 1_000
_SIDES = ("fromAddress", "toAddress")
_AT = {name: at for at, name in enumerate(WIDE["transfers"].names)}


class _Window(NamedTuple):
    """Items up to block ``through``, of both sides."""

    items: list[Any]
    through: int


class RpcTraces(RpcNode):
    """Walks of what is no token; a part of :class:`~cryptotrace.sources.rpc.Rpc`."""

    trace_rows = 1_000
    """Items a page of ``trace_filter``."""

    # -- trace_filter ----------------------------------------------------------------------------------------------------

    def _traced(self, stream: str, subject: str, first: int, last: int, cursor: str | None) -> Iterator[Page]:
        span = Span(start=first) if cursor is None else Span.read(cursor)
        build = self._natives if stream == "native" else self._inner
        while span.start <= last:
            start, end = span.start, span.end(last)

            def page(run: str, start: int = start, end: int = end) -> tuple[_Window, Batch]:
                window = self._trace_window(stream, subject, start, end, run, closing=end == last)
                return window, build(window.items, subject)

            def block(run: str, end: int = end) -> tuple[_Window, Batch]:
                window = self._trace_block(stream, subject, end, run)
                return window, build(window.items, subject)

            try:
                window, batch = again(page, f"{stream} {subject}")
            except TooWide as problem:
                if start < end:
                    span = span.smaller(end, problem.advice)
                    continue
                window, batch = again(block, f"{stream} {subject}")
            span = span.after(window.through, len(window.items))
            yield Page(batch=batch, rows=_rows(batch), through=window.through, cursor=span.cursor)

    def _trace_window(self, stream: str, subject: str, start: int, end: int, run: str, *, closing: bool) -> _Window:
        """Read both sides of a window; where a page is full, only the blocks before its last one are known whole."""
        where = f"{self.name} {self.chain} {stream} {subject}"
        calls = [_filter(side, subject, start, end, self.trace_rows) for side in _SIDES]
        results = self._many(self._closed(calls, closing=closing), stream, subject=subject, run=run)
        if len(results) > len(calls):
            self._check_head(results.pop())
        lists = [
            check_traces(rows, first=start, last=end, most=self.trace_rows, subject=subject, side=side, where=where)
            for side, rows in enumerate(results)
        ]
        ends = [trace_block_of(rows[-1]) for rows in lists if len(rows) >= self.trace_rows]
        if not ends:
            return _Window(merged_traces(lists, where), end)
        cut = min(ends)
        if cut > start:
            return _Window(merged_traces([[x for x in rows if trace_block_of(x) < cut] for rows in lists], where), cut - 1)
        sides = [self._whole_side(stream, subject, start, number) for number in range(len(_SIDES))]
        return _Window(merged_traces(sides, where), start)

    def _whole_side(self, stream: str, subject: str, block: int, side: int) -> list[Any]:
        """Read one block that fills a page, page by page."""
        where = f"{self.name} {self.chain} {stream} {subject}"
        rows: list[Any] = []
        for number in range(_PAGES):
            call = _filter(_SIDES[side], subject, block, block, self.trace_rows, after=number * self.trace_rows)

            def question(run: str, call: Call = call) -> list[Any]:
                found = self._one(stream, *call, subject=subject, run=run)
                return check_traces(
                    found, first=block, last=block, most=self.trace_rows, subject=subject, side=side, where=where
                )

            page = again(question, f"{stream} {subject}")
            if page and page == rows[-len(page) :]:
                break
            rows += page
            if len(page) < self.trace_rows:
                return rows
        raise RangeTooLarge(f"block {block} cannot be read whole", where=where, hint="The node repeats a page of traces")

    def _trace_block(self, stream: str, subject: str, block: int, run: str) -> _Window:
        """Read one block whose filter is refused: all of its traces, of which ours are taken."""
        where = f"{self.name} {self.chain} {stream} {subject}"
        rows = self._one(stream, "trace_block", [hex(block)], subject=subject, run=run)
        if not isinstance(rows, list) or any(trace_block_of(row) != block for row in rows):
            raise MalformedAnswer("no traces of that block", where=where, hint="Ask again")
        return _Window(merged_traces([[row for row in rows if subject in ends_of(row)]], where), block)

    def _natives(self, items: Sequence[Any], subject: str) -> Batch:
        """Give transactions of the subject, and what blocks paid it."""
        where = f"{self.name} {self.chain} native {subject}"
        rewards = [item for item in items if item.get("type") == "reward"]
        roots = [item for item in items if item.get("type") != "reward" and path_of(item, where)[1] == ()]
        names = dict.fromkeys(path_of(item, where)[0] for item in roots)
        blocks = blocks_of([*roots, *rewards], where)
        times = self._times(blocks, "native", subject)
        batch, _ = read_trace_items(rewards, self._chain, times=times, file=self._file("native"))
        return _joined(batch, self._transactions(names, times, blocks, "native", subject))

    def _transactions(
        self, names: Iterable[str], times: Mapping[int, datetime], blocks: Mapping[int, str | None], stream: str, subject: str
    ) -> Batch:
        """Ask for transactions whose blocks are known, and turn them into rows without their logs."""
        batch = Batch()
        for receipt, transaction in self._signed(names, blocks, stream, subject):
            found = batch_of(receipt, self._chain, time=times[receipt.block], transaction=transaction, file=self._file(stream))
            batch = _joined(batch, _without_logs(found))
        return batch

    def _inner(self, items: Sequence[Any], subject: str) -> Batch:
        """Give inner payments of the subject; transactions of which outer calls are missing are asked for whole."""
        where = f"{self.name} {self.chain} internal {subject}"
        inner = [item for item in items if item.get("type") != "reward" and path_of(item, where)[1]]
        names = {path_of(item, where)[0] for item in inner if is_payment(item, self._chain)}
        mine = [item for item in items if item.get("type") != "reward" and path_of(item, where)[0] in names]
        blocks = blocks_of(mine, where)
        times = self._times(blocks, "internal", subject)
        batch, unknown = read_trace_items(mine, self._chain, times=times, paths=False, file=self._file("internal"))
        if unknown:
            whole = [item for item in mine if path_of(item, where)[0] not in unknown]
            whole += self._whole_traces(sorted(unknown), blocks, subject)
            batch, _ = read_trace_items(whole, self._chain, times=times, paths=False, file=self._file("internal"))
        return rows_about(batch, subject)

    def _is_partial(self, items: Sequence[Any]) -> bool:
        try:
            return any(incomplete(frames) for frames in frames_of_items(items, self._chain).values())
        except InputError:
            return True

    def _whole_traces(self, names: Sequence[str], blocks: Mapping[int, str | None], subject: str) -> list[Any]:
        """Ask for all traces of transactions, which must stand in the blocks that are known."""
        calls: list[Call] = [("trace_transaction", [name]) for name in names]
        where = f"{self.name} {self.chain} internal {subject}"

        def question(run: str) -> list[Any]:
            results = self._many(calls, "internal", subject=subject, run=run, most=_TRACES)
            for name, found in zip(names, results, strict=True):
                if not isinstance(found, list) or not found or any(path_of(item, where)[0] != name for item in found):
                    raise MalformedAnswer("no traces of that transaction", where=where, hint="Ask again")
                if self._is_partial(found):
                    raise MalformedAnswer("a trace without its outer calls", where=where, hint="Ask again")
                if not blocks_of(found, where).items() <= blocks.items():
                    raise MalformedAnswer("traces of another block", where=where, hint="Ask again")
            return [item for found in results for item in found]

        return again(question, f"internal {subject}") if calls else []

    # -- every block -----------------------------------------------------------------------------------------------------

    def _scanned(self, stream: str, subject: str, first: int, last: int, cursor: str | None) -> Iterator[Page]:
        start = first if cursor is None else int(cursor)
        build = self._block_natives if stream == "native" else self._block_inner
        while start <= last:
            end = min(last, start + _BLOCKS - 1)

            def page(run: str, start: int = start, end: int = end) -> Batch:
                return build(self._whole_blocks(stream, subject, start, end, run, closing=end == last), subject)

            batch = again(page, f"{stream} {subject}")
            start = end + 1
            yield Page(batch=batch, rows=_rows(batch), through=end, cursor=str(start))

    def _whole_blocks(self, stream: str, subject: str, first: int, last: int, run: str, *, closing: bool) -> list[Block]:
        calls: list[Call] = [("eth_getBlockByNumber", [hex(number), True]) for number in range(first, last + 1)]
        results = self._many(self._closed(calls, closing=closing), stream, subject=subject, run=run)
        if len(results) > len(calls):
            self._check_head(results.pop())
        blocks = [self._block(found, number) for number, found in enumerate(results, first)]
        for block in blocks:
            for cells in block.transactions:
                if not isinstance(cells, dict) or cells.get("blockHash") != block.hash:
                    raise MalformedAnswer("a block without its transactions", where=self._file(stream), hint="Ask again")
        return blocks

    def _block_natives(self, blocks: Sequence[Block], subject: str) -> Batch:
        names = [
            str(cells.get("hash"))
            for block in blocks
            for cells in block.transactions
            # what a transaction creates stands in its receipt alone
            if subject in (_lower(cells.get("from")), _lower(cells.get("to"))) or cells.get("to") is None
        ]
        times = {block.number: block.time for block in blocks}
        hashes: dict[int, str | None] = {block.number: block.hash for block in blocks}
        batch = Batch()
        for receipt, transaction in self._signed(names, hashes, "native", subject):
            if subject in (receipt.signer, receipt.receiver):
                found = batch_of(receipt, self._chain, time=times[receipt.block], transaction=transaction)
                batch = _joined(batch, _without_logs(found))
        for block in blocks:
            self._add_withdrawals(block, subject, batch)
        return batch

    def _add_withdrawals(self, block: Block, subject: str, batch: Batch) -> None:
        """Add what validators' stakes paid out: it comes with a block, in no transaction."""
        for cells in block.withdrawals:
            try:
                receiver = address(cells.get("address") if isinstance(cells, dict) else None, self.chain, "address")
                if receiver == subject:
                    number, gwei = quantity(cells.get("index"), "index"), value_of(cells.get("amount"), "amount")
                    batch.add_transfer(
                        chain=self.chain, tx_hash=f"withdrawal_{block.number}_{number}", kind="reward", block=block.number,
                        time=block.time, sender=null_address(self.chain), receiver=subject, amount=gwei * _GWEI,
                        symbol=self._chain.native_symbol, decimals=self._chain.native_decimals,
                    )  # fmt: skip
            except InputError as problem:
                batch.reject(self._file("native"), None, problem.what, raw_of(cells))

    def _block_inner(self, blocks: Sequence[Block], subject: str) -> Batch:
        """Trace every transaction that may have run a contract."""
        places: list[Place] = []
        for block in blocks:
            for cells in block.transactions:
                if _gas(cells) > _PLAIN:
                    found = read_transaction(cells, self._chain, tx_hash=str(cells.get("hash")), where=self._file("internal"))
                    if found.block != block.number:
                        raise MalformedAnswer("a transaction of another block", where=self._file("internal"), hint="Ask again")
                    places.append(Place(tx_hash=found.tx_hash, block=block.number, tx_index=found.tx_index, time=block.time))
        calls: list[Call] = [("debug_traceTransaction", [place.tx_hash, {"tracer": "callTracer"}]) for place in places]

        def question(run: str) -> Batch:
            batch = Batch()
            results = self._many(calls, "internal", subject=subject, run=run, most=_TRACES)
            for place, tree in zip(places, results, strict=True):
                try:
                    batch = _joined(batch, read_call_tree(tree, self._chain, place, paths=False))
                except InputError as problem:
                    raise MalformedAnswer(problem.what, where=f"{self.name} {place.tx_hash}", hint="Ask again") from problem
            return batch

        return rows_about(again(question, f"internal {subject}"), subject) if calls else Batch()

    # -- what both share -------------------------------------------------------------------------------------------------

    def _closed(self, calls: Sequence[Call], *, closing: bool) -> list[Call]:
        """Add the question whether the head block still stands, where the walk ends."""
        if not closing or self._head is None:
            return list(calls)
        return [*calls, ("eth_getBlockByNumber", [hex(self._head[0]), False])]

    def _file(self, stream: str) -> str:
        return f"{self.name}:{self.chain}:{stream}"


def _filter(side: str, subject: str, start: int, end: int, count: int, *, after: int = 0) -> Call:
    query: dict[str, Any] = {"fromBlock": hex(start), "toBlock": hex(end), side: [subject], "count": count}
    return "trace_filter", [{**query, "after": after} if after else query]


def _gas(cells: Mapping[str, Any]) -> int:
    try:
        return quantity(cells.get("gas"), "gas")
    except InputError:
        return _PLAIN + 1


def _lower(text: Any) -> str | None:
    return text.lower() if isinstance(text, str) else None


def _rows(batch: Batch) -> int:
    """Count the rows of a list, rejects included: fees stand beside their transactions."""
    fees = [row for row in batch.rows.get("transfers", ()) if row[_AT["kind"]] == "fee"]
    return len(batch.rows.get("transfers", ())) - len(fees) + len(batch.rows.get("rejects", ()))


def _without_logs(batch: Batch) -> Batch:
    """Leave what a receipt's logs say to the list of tokens."""
    rows = [row for row in batch.rows.get("transfers", ()) if row[_AT["kind"]] in ("native", "fee")]
    return Batch({"transfers": rows, "transactions": list(batch.rows.get("transactions", ()))})


def _joined(one: Batch, other: Batch) -> Batch:
    for table, rows in other.rows.items():
        one.rows.setdefault(table, []).extend(rows)
    return one


def rows_about(batch: Batch, subject: str) -> Batch:
    """Leave out transfers between others."""
    rows = dict(batch.rows)
    if "transfers" in rows:
        rows["transfers"] = [row for row in rows["transfers"] if subject in (row[_AT["sender"]], row[_AT["receiver"]])]
    return Batch(rows, dict(batch.tables))
