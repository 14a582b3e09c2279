"""Etherscan V2 beyond account lists: receipts through its JSON-RPC proxy, and ``getLogs``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeVar

from cryptotrace.errors import InputError, MalformedAnswer, NotIndexedYet
from cryptotrace.sources.base import Answer, Page
from cryptotrace.sources.cells import utc_time
from cryptotrace.sources.etherscan.answers import read_proxy, read_rows
from cryptotrace.sources.evm.amounts import name_of, quantity
from cryptotrace.sources.evm.logs import read_logs
from cryptotrace.sources.evm.node import EvmNode
from cryptotrace.sources.evm.receipts import Receipt, read_receipt
from cryptotrace.sources.evm.windows import check_logs, walk_windows

__all__ = ["EtherscanNode"]

_REASKS = 3
_LOGS = 1_000
_PAGES = 10
_Found = TypeVar("_Found")


class EtherscanNode(EvmNode):
    """What Etherscan answers in the words of a node; a part of :class:`~cryptotrace.sources.etherscan.Etherscan`."""

    log_rows = _LOGS
    """Logs a page; the explorer's cap."""

    if TYPE_CHECKING:

        def _ask(
            self, stream: str, module: str, action: str, *, subject: str = "", run: str = "", **parameters: Any
        ) -> Answer: ...

    def _receipt(self, tx_hash: str, subject: str) -> Receipt:
        where = f"{self.name} {self._chain.name} receipt {tx_hash}"

        def ask(run: str) -> Answer:
            return self._ask("receipt", "proxy", "eth_getTransactionReceipt", subject=subject, run=run, txhash=tx_hash)

        return _again(ask, lambda answer: read_receipt(read_proxy(answer), self._chain, tx_hash=tx_hash, where=where))

    def _time_of(self, receipt: Receipt, subject: str) -> datetime:
        """Ask for the time of a block, which receipts lack; the block must be the one that the receipt means."""
        where = f"{self.name} {self._chain.name} block {receipt.block}"

        def ask(run: str) -> Answer:
            return self._ask(
                "block", "proxy", "eth_getBlockByNumber", subject=subject, run=run, tag=hex(receipt.block), boolean="false"
            )

        def read(answer: Answer) -> datetime:
            cells = read_proxy(answer)
            if cells is None:
                raise NotIndexedYet("the block is not known yet", where=where, hint="Ask again later")
            try:
                if (
                    name_of(cells["hash"], "hash") == receipt.block_hash
                    and quantity(cells["number"], "number") == receipt.block
                ):
                    return utc_time(quantity(cells["timestamp"], "timestamp"), "timestamp")
            except (InputError, KeyError, TypeError) as problem:
                raise MalformedAnswer("no block", where=where, hint="Ask again") from problem
            raise MalformedAnswer("another block than the receipt's", where=where, hint="Ask again")

        return _again(ask, read)

    def _log_pages(
        self, contract: str | None, topics: tuple[str | None, ...], first: int, last: int, cursor: str | None, subject: str
    ) -> Iterator[Page]:
        where = f"{self.name} {self._chain.name} logs {contract or ''}".strip()
        filters = _filters(contract, topics)

        def ask(start: int, end: int, number: int) -> list[Any]:
            def question(run: str) -> Answer:
                return self._ask(
                    "logs", "logs", "getLogs", subject=subject, run=run, **filters, fromBlock=start, toBlock=end, page=number,
                    offset=self.log_rows,
                )  # fmt: skip

            def read(answer: Answer) -> list[Any]:
                rows = read_rows(answer)
                check_logs(rows, first=start, last=end, most=self.log_rows, contract=contract, topics=topics, where=where)
                return rows

            return _again(question, read)

        walk = walk_windows(ask, first, last, size=self.log_rows, pages=_PAGES, where=where, cursor=cursor)
        for rows, through, left in walk:
            batch = read_logs(rows, self._chain, file=f"{self.name}:{self._chain.name}:logs")
            yield Page(batch=batch, rows=len(rows), through=through, cursor=left)


def _filters(contract: str | None, topics: Sequence[str | None]) -> dict[str, str]:
    """Give the parameters of a filter; every pair of topics must both fit."""
    filters = {} if contract is None else {"address": contract}
    used = [number for number, topic in enumerate(topics) if topic is not None]
    filters |= {f"topic{number}": str(topics[number]) for number in used}
    return filters | {f"topic{one}_{two}_opr": "and" for one, two in combinations(used, 2)}


def _again(ask: Callable[[str], Answer], read: Callable[[Answer], _Found]) -> _Found:
    """Ask, and ask again where what comes cannot be true; what does not come at all is the fetcher's to try again."""
    for attempt in range(1, _REASKS):
        answer = ask("" if attempt == 1 else f"again {attempt - 1}")
        try:
            return read(answer)
        except MalformedAnswer:
            continue
    return read(ask(f"again {_REASKS - 1}"))
