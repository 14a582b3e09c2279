"""Etherscan V2: the account lists of one chain, walked so that nothing is lost.

A list is walked in windows of blocks under a fixed head. A full page may be cut inside its last block, so rows of that block
are dropped and the next window starts there. One block that fills a page alone is walked by page numbers; if it is still full
at the explorer's limit, the walk cannot go on and says so. Rows that are out of range, out of order or of another address make
an answer malformed: it is asked again, never believed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from cryptotrace.codecs import ChainInfo, chain_of, parse_address
from cryptotrace.errors import BadRequest, InputError, MalformedAnswer, PlanRequired, RangeTooLarge
from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources.base import Answer, Fetcher, Page, Request
from cryptotrace.sources.etherscan.answers import classify, read_proxy, read_rows, read_text
from cryptotrace.sources.etherscan.checks import check_page, is_plausible, last_block, refuse_inexact, rows_before
from cryptotrace.sources.etherscan.income import EtherscanIncome
from cryptotrace.sources.etherscan.node import EtherscanNode
from cryptotrace.sources.formats.etherscan_columns import Rows, columns_of, rows_of, tables_of, typed_rows
from cryptotrace.sources.formats.etherscan_rows import Target, adder_of
from cryptotrace.sources.formats.page_columns import UsualPage, usual_page
from cryptotrace.sources.intake import Intake

__all__ = ["Etherscan"]

_ACTIONS = {"native": "txlist", "internal": "txlistinternal", "token": "tokentx"}
_WINDOW = 10_000
_REASKS = 3
_COLUMNS_FROM = 100
_FREE_PAGE = 1_000
_FREE_CALLS = 100_000
_RATES = {100_000: 3.0, 200_000: 10.0, 500_000: 20.0, 1_000_000: 30.0}
"""Calls of a day -> calls per second, by plan (docs.etherscan.io). Free and Lite share a row; the pace of Free holds."""
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,12}", re.ASCII)
_FINAL_AFTER = 64
"""Blocks below the tip that count as final where the explorer does not tell (two epochs of Ethereum)."""


class Etherscan(EtherscanIncome, EtherscanNode):
    """The account lists of one chain on Etherscan V2.

    Parameters
    ----------
    chain : str
        Any name of an EVM chain.
    fetcher : Fetcher
        Where answers come from: the network, an archive, or both.
    page_rows : int
        Rows a page; the plan's cap.
    on_rate : callable
        Told the calls per second of the plan, once it is known.

    Raises
    ------
    InputError
        If the chain is no EVM chain.
    """

    name = "etherscan"
    streams = ("native", "internal", "token")
    questions = 2

    def __init__(
        self,
        chain: str,
        fetcher: Fetcher,
        *,
        page_rows: int = _FREE_PAGE,
        on_rate: Callable[[float], None] = lambda _: None,
    ) -> None:
        info = chain_of(chain)
        if info.family != "evm":
            raise InputError(f"Etherscan does not serve {info.name}", where="open_source", hint="Use an explorer of that chain")
        self._chain: ChainInfo = info
        self.fetcher = fetcher
        self.page_rows = page_rows
        self._on_rate = on_rate

    @staticmethod
    def judge(answer: Answer) -> None:
        """Raise the error that an answer is, if it is one."""
        classify(answer)

    def through(self, fetcher: Fetcher) -> Etherscan:
        """Give the same source with answers from elsewhere."""
        return type(self)(self.chain, fetcher, page_rows=self.page_rows, on_rate=self._on_rate)

    @property
    def chain(self) -> str:
        """Our name of the chain."""
        return self._chain.name

    # -- single questions ------------------------------------------------------------------------------------------------

    def _about(self) -> dict[str, object]:
        """Give what every question says first; explorers of the same kind differ in it."""
        return {"chainid": self._chain.evm_chain_id}

    def _listed(self, answer: Answer) -> list[Any]:
        """Give the rows of an answer; an explorer of the same kind turns its dialect into Etherscan's here."""
        return read_rows(answer)

    def _typed(self, answer: Answer) -> Rows | None:
        """Give the same rows by field, where all of them are of the usual form."""
        return rows_of(answer.request.stream, answer.body)

    def _ask(self, stream: str, module: str, action: str, *, subject: str = "", run: str = "", **parameters: Any) -> Answer:
        query = {**self._about(), "module": module, "action": action, **parameters}
        request = Request(
            source=self.name,
            chain=self.chain,
            stream=stream,
            subject=subject,
            parameters=tuple((name, str(value)) for name, value in query.items()),
            run=run,
        )
        return self.fetcher.fetch(request)

    def head(self, run: str) -> int:
        """Give the newest final block: what the node calls finalized, else the tip less a margin."""
        try:
            block = read_proxy(self._ask("head", "proxy", "eth_getBlockByNumber", run=run, tag="finalized", boolean="false"))
        except (BadRequest, PlanRequired):
            block = None
        if isinstance(block, dict) and isinstance(block.get("number"), str):
            return self._hex(block["number"], "finalized block")
        tip = read_proxy(self._ask("head", "proxy", "eth_blockNumber", run=run))
        return max(0, self._hex(tip, "block number") - _FINAL_AFTER)

    def _hex(self, text: Any, what: str) -> int:
        if not isinstance(text, str) or not _QUANTITY.fullmatch(text):
            raise MalformedAnswer(f"the {what} is no number", where=f"{self.name} {self.chain}", hint="Try again")
        return int(text, 16)

    def prepare(self, run: str) -> None:
        """Ask for the plan of the key: its page size and pace. Unknown plans count as free."""
        calls = read_object(self._ask("plan", "getapilimit", "getapilimit", run=run)).get("creditLimit")
        if not isinstance(calls, int) or isinstance(calls, bool):
            raise MalformedAnswer("the plan has no creditLimit", where=self.name, hint="Try again")
        rate = max((rate for limit, rate in _RATES.items() if limit <= calls), default=_RATES[_FREE_CALLS])
        self._on_rate(rate)
        self.page_rows = _FREE_PAGE if calls <= _FREE_CALLS else _WINDOW

    def balance(self, address: str, contract: str | None, run: str) -> int:
        """Give the balance in base units at the head."""
        if contract is None:
            answer = self._ask("balance", "account", "balance", subject=address, run=run, address=address, tag="latest")
        else:
            answer = self._ask(
                "balance", "account", "tokenbalance", subject=address, run=run, contractaddress=contract, address=address,
                tag="latest",
            )  # fmt: skip
        text = read_text(answer)
        if not (text.isascii() and text.isdigit()):
            raise MalformedAnswer("the balance is no number", where=f"{self.name} {address}", hint="Try again")
        return int(text)

    def nonce(self, address: str, run: str) -> int:
        """Give the number of transactions that the account signed, up to the newest block."""
        answer = self._ask("nonce", "proxy", "eth_getTransactionCount", subject=address, run=run, address=address, tag="latest")
        return self._hex(read_proxy(answer), "number of transactions")

    def block_at(self, timestamp: int, *, closest: str = "before") -> int:
        """Give the block mined closest to a Unix time, ``"before"`` or ``"after"`` it."""
        answer = self._ask("block", "block", "getblocknobytime", timestamp=timestamp, closest=closest)
        text = read_text(answer)
        if not (text.isascii() and text.isdigit()):
            raise MalformedAnswer("the block is no number", where=f"{self.name} {timestamp}", hint="Try again")
        return int(text)

    # -- walks -----------------------------------------------------------------------------------------------------------

    def pages(self, stream: str, address: str, first: int, last: int, cursor: str | None = None) -> Iterator[Page]:
        """Walk a list from block ``first`` to ``last``, or go on at a cursor; see :meth:`Source.pages`."""
        subject = parse_address(address, self.chain)
        size, windows = (self.page_rows, [(first, last)]) if cursor is None else _read_cursor(cursor, self.page_rows)
        while windows:
            start, end = windows.pop()
            try:
                rows = self._page(stream, subject, start, end, 1, size)
            except RangeTooLarge as problem:
                if start == end:
                    raise self._stuck(stream, subject, start, problem.what) from problem
                middle = (start + end) // 2
                windows += [(middle + 1, end), (start, middle)]
                continue
            if len(rows) == _FREE_PAGE < size:
                size = _FREE_PAGE  # exactly the cap of the free plan: taken for a page that the server cut without a word
            through = end
            if len(rows) == size:
                cut = last_block(rows)
                if cut > start:
                    rows, through = rows_before(rows, cut), cut - 1
                else:
                    rows, through = self._whole_block(stream, subject, start, size), start
                if through < end:
                    windows.append((through + 1, end))
            cursor = _cursor(windows, "" if size == self.page_rows else f"@{size} ")
            yield Page(batch=self.parse(stream, rows), rows=len(rows), through=through, cursor=cursor)

    def _whole_block(self, stream: str, subject: str, block: int, size: int) -> list[Any]:
        """Read one block that is larger than a page, by page numbers."""
        rows: list[Any] = []
        for number in range(1, _WINDOW // size + 1):
            page = self._page(stream, subject, block, block, number, size, by_row=True)
            assert not isinstance(page, UsualPage)
            if page and rows[-len(page) :] == page and len(page) == size:
                raise self._stuck(stream, subject, block, "the explorer repeats a page")
            rows += page
            if len(page) < size:
                return rows
        raise self._stuck(stream, subject, block, f"one block holds {_WINDOW:,} rows or more")

    def _stuck(self, stream: str, subject: str, block: int, why: str) -> RangeTooLarge:
        return RangeTooLarge(
            f"block {block} cannot be read whole: {why}",
            where=f"{self.name} {self.chain} {stream} {subject}",
            hint="Its rows are in receipts or a node; the walk stops here rather than lose them",
        )

    def _page(
        self, stream: str, subject: str, start: int, end: int, number: int, size: int, *, by_row: bool = False
    ) -> list[Any] | UsualPage:
        """Ask for one page, and again if what comes cannot be true; odd rows that stay odd are left to be rejected."""
        where = f"{self.name} {self.chain} {stream} {subject}"
        problem: MalformedAnswer | None = None
        rows: list[Any] | None = None
        for attempt in range(_REASKS):
            answer = self._ask(
                stream, "account", _ACTIONS[stream], subject=subject, run=f"again {attempt}" if attempt else "",
                address=subject, startblock=start, endblock=end, page=number, offset=size, sort="asc",
            )  # fmt: skip
            page = None if by_row else usual_page(
                stream, self._typed(answer), subject=subject, first=start, last=end, least=_COLUMNS_FROM, most=size
            )  # fmt: skip
            if page is not None:
                return page
            try:
                found = self._listed(answer)
                check_page(found, subject=subject, first=start, last=end, most=size, where=where)
            except MalformedAnswer as refusal:
                problem = refusal
                continue
            rows = found
            if all(map(is_plausible, rows)):
                break
        if rows is None:
            assert problem is not None
            raise problem
        return rows

    def parse(self, stream: str, rows: list[Any] | UsualPage) -> Batch:
        """Turn rows of a list into transfers; what does not fit is rejected whole. Pure."""
        if isinstance(rows, UsualPage):
            return rows.batch(self._chain)
        return self._parsed(stream, typed_rows(stream, rows) if len(rows) >= _COLUMNS_FROM else None, lambda: rows)

    def parse_answer(self, answer: Answer) -> Batch:
        """Turn a whole answer that :meth:`judge` let pass into transfers, as :meth:`parse` does. Pure.

        Raises
        ------
        MalformedAnswer
            If the answer is no list.
        """
        stream = answer.request.stream
        return self._parsed(stream, self._typed(answer), lambda: self._listed(answer))

    def _parsed(self, stream: str, typed: Rows | None, rows: Callable[[], list[Any]]) -> Batch:
        """Read a page in columns where that can be, and every other row by its definition."""
        found = columns_of(stream, typed) if typed else None
        cells = rows() if found is None or found[1] else []
        intake = Intake(len(cells) + 1)
        target = Target(self._chain, intake, intake.next_listing())
        for at in range(len(cells)) if found is None else found[1]:
            try:
                _add(stream, cells[at], at + 1, target)
            except InputError as problem:
                intake.batch.reject(f"{self.name}:{self.chain}:{stream}", None, problem.what, _raw(cells[at]))
        batch = _without_row_numbers(intake.take())
        if found is not None:
            batch.tables.update(tables_of(stream, found[0], self._chain, 0))
        return batch


def _without_row_numbers(batch: Batch) -> Batch:
    """Drop row numbers: the same transfer stands elsewhere in the list of the other party, so they say nothing of its place."""
    at = WIDE["transfers"].names.index("input_row")
    if "transfers" in batch.rows:
        batch.rows["transfers"] = [(*row[:at], None, *row[at + 1 :]) for row in batch.rows["transfers"]]
    return batch


def _add(stream: str, cells: Any, number: int, target: Target) -> None:
    kind, add = adder_of(cells) if isinstance(cells, dict) else ("", None)
    if add is None or kind != stream:
        raise InputError(f"not a row of the list {stream}")
    refuse_inexact(cells)
    add(cells, number, target)


def _cursor(windows: list[tuple[int, int]], size: str) -> str:
    """Write what is left to walk: rows a page where they are not the plan's, then windows of blocks, the next one last."""
    return size + " ".join(f"{start}-{end}" for start, end in windows)


def _read_cursor(cursor: str, size: int) -> tuple[int, list[tuple[int, int]]]:
    words = cursor.split()
    if words and words[0].startswith("@"):
        size = int(words.pop(0)[1:])
    return size, [(int(start), int(end)) for start, end in (window.split("-") for window in words)]


def _raw(cells: Any) -> str:
    import msgspec

    return msgspec.json.encode(cells).decode()


def read_object(answer: Answer) -> dict[str, Any]:
    """Give a result that is one object."""
    import msgspec

    body = msgspec.json.decode(answer.body)
    found = body.get("result") if isinstance(body, dict) else None
    if not isinstance(found, dict):
        raise MalformedAnswer("the result is no object", where=answer.request.source, hint="Try again")
    return found
