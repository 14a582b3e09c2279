"""Esplora (blockstream.info and its kin): the transactions of a Bitcoin address, with all their inputs and outputs.

The list runs from the newest row to the oldest, 25 a page, each page after the last row of the one before; nothing in it is
known to be whole before its end. There, rows must be as many and worth as much as the explorer's own count of the address says,
asked for after the last page: a row that is missing, invented or altered shows. Where blocks came meanwhile, the rows above the
first one seen are counted too. A list that moved under the walk (blocks were replaced, a place was lost) is walked anew, a few
times. Transactions with fewer than six confirmations, and those in no block, stand apart in the table ``unconfirmed``, until a
later pull says what became of them.

Not verified against the live service: the hourly limit, whether ``Retry-After`` is ever sent, and that a place that is gone
gives an empty list (an error is understood too).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from cryptotrace.codecs import chain_of, parse_address
from cryptotrace.errors import BadRequest, InputError, MalformedAnswer, NotIndexedYet, TransientSourceError
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Fetcher, Page, Request
from cryptotrace.sources.bitcoin.answers import GONE, Standing, classify, read_height, read_standing
from cryptotrace.sources.bitcoin.coins import CoinTransaction, Effect, add_coins, effect_on
from cryptotrace.sources.bitcoin.esplora_rows import Odd, read_transactions
from cryptotrace.sources.bitcoin.history import History, Moved, Row
from cryptotrace.sources.bitcoin.waiting import add_waiting, waiting_of

__all__ = ["Esplora"]

Read = TypeVar("Read")

_REASKS = 3
_ATTEMPTS = 3
_CONFIRMATIONS = 6
_NEWER_PAGES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    """What one walk is about: the address, the blocks from and to, and the questions' mark."""

    subject: str
    first: int
    last: int
    where: str

    def mark(self, history: History, more: str = "") -> str:
        """Name a question of this walk: lists grow, so the same words mean something else under another head."""
        anew = f" walk {history.attempt}" if history.attempt else ""
        return f"to {self.last}{anew}{more}"


class Esplora:
    """The transactions of Bitcoin addresses on an Esplora server.

    Parameters
    ----------
    chain : str
        Any name of Bitcoin.
    fetcher : Fetcher
        Where answers come from.
    on_rate : callable
        Not used: no plan is told.

    Raises
    ------
    InputError
        If the chain is another one.
    """

    name = "esplora"
    streams = ("native",)
    questions = 1
    page_rows = 25

    def __init__(self, chain: str, fetcher: Fetcher, *, on_rate: Callable[[float], None] = lambda _: None) -> None:
        info = chain_of(chain)
        if info.name != "bitcoin":
            raise InputError(
                f"{self.name} does not serve {info.name}", where="open_source", hint="Use an explorer of that chain"
            )
        self.chain = info.name
        self.fetcher = fetcher
        self._on_rate = on_rate

    @staticmethod
    def judge(answer: Answer) -> None:
        """Raise the error that an answer is, if it is one."""
        classify(answer)

    def through(self, fetcher: Fetcher) -> Esplora:
        """Give the same source with answers from elsewhere."""
        return type(self)(self.chain, fetcher, on_rate=self._on_rate)

    def prepare(self, run: str) -> None:
        """Nothing is to be found out: there is no key."""

    # -- single questions ------------------------------------------------------------------------------------------------

    def _ask(self, stream: str, path: str, *, subject: str = "", run: str = "") -> Answer:
        return self.fetcher.fetch(
            Request(source=self.name, chain=self.chain, stream=stream, subject=subject, run=run, path=path)
        )

    def head(self, run: str) -> int:
        """Give the newest block with six confirmations."""
        return max(0, self._tip(run) - _CONFIRMATIONS + 1)

    def _tip(self, run: str) -> int:
        return self._again("head", "/blocks/tip/height", "", run, read_height)

    def _again(self, stream: str, path: str, subject: str, run: str, read: Callable[[Answer], Read]) -> Read:
        """Ask, and ask again where what comes cannot be true; raises what the last answer was refused for."""
        problem: MalformedAnswer | None = None
        for attempt in range(_REASKS):
            answer = self._ask(stream, path, subject=subject, run=f"{run} again {attempt}" if attempt else run)
            try:
                return read(answer)
            except MalformedAnswer as refusal:
                problem = refusal
        assert problem is not None
        raise problem

    def _standing(self, subject: str, run: str) -> Standing:
        return self._again("count", f"/address/{subject}", subject, run, lambda answer: read_standing(answer, subject))

    def balance(self, address: str, contract: str | None, run: str) -> int:
        """Give the balance in base units over everything that is confirmed now, that is at the tip.

        Raises
        ------
        InputError
            If a token is asked for.
        """
        if contract is not None:
            raise InputError("Bitcoin has no contracts", where=f"{self.name}.balance", hint="Ask for the coin")
        count = self._standing(parse_address(address, self.chain), run)
        return count.received - count.spent

    def balance_at(self, address: str, run: str) -> tuple[int, int]:
        """Give the balance and the block that it holds at: the tip was the same before and after.

        Raises
        ------
        TransientSourceError
            If a block came in between at each try.
        """
        for attempt in range(_ATTEMPTS):
            before = self._tip(f"{run} before {attempt}")
            amount = self.balance(address, None, f"{run} at {attempt}")
            if self._tip(f"{run} after {attempt}") == before:
                return amount, before
        raise TransientSourceError("blocks came in between", where=f"{self.name} {address}", hint="Try again")

    # -- walks -----------------------------------------------------------------------------------------------------------

    def pages(self, stream: str, address: str, first: int, last: int, cursor: str | None = None) -> Iterator[Page]:
        """Walk a list down from block ``last`` to ``first``, or go on at a cursor; see :meth:`Source.pages`.

        Raises
        ------
        NotIndexedYet
            If the list never agrees with the explorer's own count.
        """
        subject = parse_address(address, self.chain)
        walk = _Walk(subject=subject, first=first, last=last, where=f"{self.name} {self.chain} {stream} {subject}")
        history = History.read(cursor)
        while not history.done:
            try:
                page = self._step(walk, history)
            except Moved as problem:
                history = history.anew()
                if history.attempt >= _ATTEMPTS:
                    hint = "Run it again later, or ask another explorer"
                    raise NotIndexedYet(f"the list is never whole: {problem.what}", where=walk.where, hint=hint) from problem
                continue
            yield page

    def _step(self, walk: _Walk, history: History) -> Page:
        """Take one page, and at the end of the list the proof that it is whole."""
        rows = self._rows(walk.subject, history, walk.mark(history), walk.where)
        batch = Batch()
        size = max(history.size, self.page_rows)
        taken = history.take(rows, walk.subject, walk.first, walk.last)
        for row in taken:
            self._add(batch, row, walk)
        if len(taken) < len(rows):
            self._end(walk, history, batch, self._counted(walk, history))
        elif len(rows) < size if history.expected is None else history.seen >= history.expected or not rows:
            self._prove(walk, history, batch, is_empty=not rows)
        through = walk.last if history.done else walk.first - 1
        return Page(batch=batch, rows=history.report(), through=through, cursor=history.cursor)

    def _prove(self, walk: _Walk, history: History, batch: Batch, *, is_empty: bool) -> None:
        """End the walk if the list is what the explorer counts; go on if it is said to be longer.

        Raises
        ------
        Moved
            If it is neither.
        """
        count = self._counted(walk, history)
        history.expected = count.transactions
        if history.agrees(count.transactions, count.received, count.spent):
            self._end(walk, history, batch, count)
        elif is_empty:
            newer, effect = self._since(walk, history)
            if not history.agrees(count.transactions, count.received, count.spent, newer=newer, effect=effect):
                raise Moved(f"{history.seen + newer:,} rows where {count.transactions:,} are counted", where=walk.where)
            self._end(walk, history, batch, count)
        elif history.seen >= count.transactions:
            raise Moved("the rows are not what is counted", where=walk.where)

    def _counted(self, walk: _Walk, history: History) -> Standing:
        history.asked += 1
        return self._standing(walk.subject, walk.mark(history, f" count {history.asked}"))

    def _since(self, walk: _Walk, history: History) -> tuple[int, Effect]:
        """Give the rows that came on top of the list since the walk began, in number and effect."""
        top, effect = History(), Effect()
        for _ in range(_NEWER_PAGES if history.first else 0):
            rows = self._rows(walk.subject, top, walk.mark(history, f" top {history.asked}"), walk.where)
            for row in rows:
                if row.txid == history.first:
                    return top.seen, effect
                found = effect_on(row, walk.subject) if isinstance(row, CoinTransaction) else None
                if found is None or row.block is None or row.block <= walk.last:
                    raise Moved("rows came into blocks that were walked", where=walk.where)
                effect += found
                top.take([row], walk.subject, 0, walk.last)
            if not rows:
                break
        raise Moved("the first row is gone", where=walk.where)

    def _end(self, walk: _Walk, history: History, batch: Batch, count: Standing) -> None:
        """End the walk; what waits for a block stands apart."""
        if count.waiting:
            path, run = f"/address/{walk.subject}/txs/mempool", walk.mark(history, f" waiting {history.asked}")
            rows = self._again("unconfirmed", path, walk.subject, run, self._read)
            for row in rows:
                if isinstance(row, CoinTransaction) and row.block is None:
                    history.late += filter(None, [waiting_of(row, walk.subject)])
        for told in history.late:
            add_waiting(batch, self.name, self.chain, walk.subject, told, walk.last)
        history.late = []
        history.done = True

    def _read(self, answer: Answer) -> list[Row]:
        return read_transactions(answer.body, chain=self.chain, where=f"{self.name} {answer.request.subject}")

    def _rows(self, subject: str, history: History, mark: str, where: str) -> list[Row]:
        """Ask for the confirmed rows after those seen, and again if what comes cannot be true."""
        path = f"/address/{subject}/txs/chain" + (f"/{history.last}" if history.last else "")
        rows: list[Row] | None = None
        problem: MalformedAnswer | None = None
        for attempt in range(_REASKS):
            answer = self._after(path, subject, f"{mark} again {attempt}" if attempt else mark, where)
            try:
                found = [row for row in self._read(answer) if isinstance(row, Odd) or row.block is not None]
                history.check(found, subject, where)
            except MalformedAnswer as refusal:
                problem = refusal
                continue
            rows = found
            if not any(isinstance(row, Odd) for row in found):
                break
        if rows is None:
            assert problem is not None
            raise problem
        return rows

    def _after(self, path: str, subject: str, run: str, where: str) -> Answer:
        try:
            return self._ask("native", path, subject=subject, run=run)
        except BadRequest as refusal:
            if GONE not in refusal.what.lower():
                raise
            raise Moved("its place in the list is gone", where=where) from refusal

    def _add(self, batch: Batch, row: Row, walk: _Walk) -> None:
        if row.block is not None and row.block > walk.last:
            return  # it is not final: a later run asks again
        if isinstance(row, Odd):
            batch.reject(f"{self.name}:{self.chain}:native", None, row.reason, row.raw)
        else:
            add_coins(batch, self.chain, row)
