"""Etherscan V2 beyond account lists: receipts through its JSON-RPC proxy, and ``getLogs``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeVar

from cryptotrace.codecs import ChainInfo, parse_address
from cryptotrace.errors import InputError, MalformedAnswer, NotIndexedYet
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Page
from cryptotrace.sources.cells import hash_text, utc_time
from cryptotrace.sources.etherscan.answers import read_proxy, read_rows
from cryptotrace.sources.evm.amounts import name_of, quantity
from cryptotrace.sources.evm.logs import read_logs
from cryptotrace.sources.evm.receipts import Receipt, batch_of, read_receipt
from cryptotrace.sources.evm.windows import check_logs, walk_windows

__all__ = ["EtherscanNode"]

_REASKS = 3
_LOGS = 1_000
_PAGES = 10
_MOST_TOPICS = 4
_Found = TypeVar("_Found")


class EtherscanNode:
    """What Etherscan answers in the words of a node; a part of :class:`~cryptotrace.sources.etherscan.Etherscan`."""

    name: str
    log_rows = _LOGS
    """Logs a page; the explorer's cap."""
    _chain: ChainInfo

    if TYPE_CHECKING:

        def _ask(
            self, stream: str, module: str, action: str, *, subject: str = "", run: str = "", **parameters: Any
        ) -> Answer: ...

    def receipt(self, tx_hash: str, *, time: datetime | None = None, subject: str = "") -> Batch:
        """Give what a transaction did: itself, its fee, and its token transfers with their log indices.

        Parameters
        ----------
        tx_hash : str
            The transaction.
        time : datetime, optional
            Of its block, where that is known; it costs a second request otherwise.
        subject : str
            The account for whose sake it is asked.

        Raises
        ------
        NotIndexedYet
            If the explorer does not know it, or not yet.
        SourceError
            As for every question.
        """
        name = _hash(tx_hash)
        where = f"{self.name} {self._chain.name} receipt {name}"

        def ask(run: str) -> Answer:
            return self._ask("receipt", "proxy", "eth_getTransactionReceipt", subject=subject, run=run, txhash=name)

        receipt = _again(ask, lambda answer: read_receipt(read_proxy(answer), self._chain, tx_hash=name, where=where))
        if time is None:
            time = self._time_of(receipt, subject)
        return batch_of(receipt, self._chain, time=time, file=f"{self.name}:{self._chain.name}:receipt")

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

    def logs(
        self,
        contract: str | None,
        topics: Sequence[str | None],
        first: int,
        last: int,
        cursor: str | None = None,
        *,
        subject: str = "",
    ) -> Iterator[Page]:
        """Walk the logs of a contract or of topics from block ``first`` to ``last``, both included, or go on at a cursor.

        Parameters
        ----------
        contract : str or None
            Whose logs; None for all.
        topics : sequence of str or None
            What must stand at each place; None for anything. One at least where ``contract`` is None.
        first, last : int
            Blocks.
        cursor : str, optional
            Of an earlier page.
        subject : str
            The account for whose sake they are asked.

        Yields
        ------
        Page
            Token transfers, wraps and events; each page is final up to its ``through``.

        Raises
        ------
        InputError
            If nothing is asked for.
        SourceError
            If the list is not proven complete.
        """
        named = None if contract is None else parse_address(contract, self._chain.name)
        wanted = tuple(None if topic is None else _hash(topic) for topic in topics)
        if len(wanted) > _MOST_TOPICS or (named is None and not any(wanted)):
            raise InputError("logs need a contract or a topic, and at most four topics", where="logs", hint="Name one")
        where = f"{self.name} {self._chain.name} logs {named or ''}".strip()
        filters = _filters(named, wanted)

        def ask(start: int, end: int, number: int) -> list[Any]:
            def question(run: str) -> Answer:
                return self._ask(
                    "logs", "logs", "getLogs", subject=subject or named or "", run=run, **filters, fromBlock=start,
                    toBlock=end, page=number, offset=self.log_rows,
                )  # fmt: skip

            def read(answer: Answer) -> list[Any]:
                rows = read_rows(answer)
                check_logs(rows, first=start, last=end, most=self.log_rows, contract=named, topics=wanted, where=where)
                return rows

            return _again(question, read)

        walk = walk_windows(ask, first, last, size=self.log_rows, pages=_PAGES, where=where, cursor=cursor)
        for rows, through, left in walk:
            batch = read_logs(rows, self._chain, file=f"{self.name}:{self._chain.name}:logs")
            yield Page(batch=batch, rows=len(rows), through=through, cursor=left)


def _hash(text: str) -> str:
    """Give a hash as it is asked for."""
    found = hash_text(text)
    return name_of(found if found.startswith("0x") else f"0x{found}", "hash")


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
