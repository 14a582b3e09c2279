"""blockchain.info: a second word on Bitcoin addresses, 100 rows a page, with the site's own count on every page.

Pages are numbered from the top of a list that grows at the top. So each page begins at the last row of the one before: where
rows were added meanwhile, what is known is passed over; where that row is not found, the list has moved and is walked anew. At
the end, rows must be as many and worth as much as the site counts.

Three things differ from Esplora. Where an address only receives, the other outputs of the transaction are left out. An input
does not name the transaction of its coin, unless that stands on the same page: the column stays empty until another explorer
tells. And a coin that was paid to a bare key is listed under the address of the key's hash: in the tables it has no address, so
a balance that the site tells for such an address is larger than its rows.

Not verified against the live service: how far pages may be numbered, whether its count includes rows in no block (either is
accepted), the words of its refusals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cryptotrace.codecs import chain_of, parse_address
from cryptotrace.errors import InputError, MalformedAnswer, NotIndexedYet
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Fetcher, Page, Request
from cryptotrace.sources.bitcoin.answers import classify, read_height
from cryptotrace.sources.bitcoin.blockchain_rows import Listing, read_listing
from cryptotrace.sources.bitcoin.coins import CoinTransaction, Effect, add_coins, effect_on
from cryptotrace.sources.bitcoin.esplora_rows import Odd
from cryptotrace.sources.bitcoin.history import History, Moved, Row
from cryptotrace.sources.bitcoin.waiting import add_waiting, waiting_of

__all__ = ["BlockchainInfo"]

_REASKS = 3
_ATTEMPTS = 3
_CONFIRMATIONS = 6


class BlockchainInfo:
    """The transactions of Bitcoin addresses on blockchain.info.

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

    name = "blockchain_info"
    streams = ("native",)
    questions = 1
    page_rows = 100

    def __init__(self, chain: str, fetcher: Fetcher, *, on_rate: Callable[[float], None] = lambda _: None) -> None:
        info = chain_of(chain)
        if info.name != "bitcoin":
            what = f"{self.name} does not serve {info.name}"
            raise InputError(what, where="open_source", hint="Use an explorer of that chain")
        self.chain = info.name
        self.fetcher = fetcher
        self._on_rate = on_rate

    @staticmethod
    def judge(answer: Answer) -> None:
        """Raise the error that an answer is, if it is one."""
        classify(answer)

    def through(self, fetcher: Fetcher) -> BlockchainInfo:
        """Give the same source with answers from elsewhere."""
        return type(self)(self.chain, fetcher, on_rate=self._on_rate)

    def prepare(self, run: str) -> None:
        """Nothing is to be found out: there is no key."""

    def head(self, run: str) -> int:
        """Give the newest block with six confirmations."""
        request = Request(source=self.name, chain=self.chain, stream="head", run=run, path="/q/getblockcount")
        return max(0, read_height(self.fetcher.fetch(request)) - _CONFIRMATIONS + 1)

    def balance(self, address: str, contract: str | None, run: str) -> int:
        """Give the balance in base units as the site counts it now; coins of a bare key are in it.

        Raises
        ------
        InputError
            If a token is asked for.
        NotIndexedYet
            If a transaction of it waits for a block: whether the count includes it is not known, and no guess is a balance.
        """
        if contract is not None:
            raise InputError("Bitcoin has no contracts", where=f"{self.name}.balance", hint="Ask for the coin")
        subject = parse_address(address, self.chain)
        listing = self._listing(subject, 0, f"{run} balance")
        if any(row.block is None for row in listing.rows):
            hint = "Ask again when it is in a block, or another explorer"
            raise NotIndexedYet("a transaction waits for a block", where=f"{self.name} {subject}", hint=hint)
        _, received, spent = listing.counts[subject]
        return received - spent

    def pages(self, stream: str, address: str, first: int, last: int, cursor: str | None = None) -> Iterator[Page]:
        """Walk a list down from block ``last`` to ``first``, or go on at a cursor; see :meth:`Source.pages`.

        Raises
        ------
        NotIndexedYet
            If the list never agrees with the site's own count.
        """
        subject = parse_address(address, self.chain)
        history = History.read(cursor)
        while not history.done:
            try:
                page = self._step(subject, first, last, history)
            except Moved as problem:
                history = history.anew()
                if history.attempt >= _ATTEMPTS:
                    where = f"{self.name} {self.chain} {stream} {subject}"
                    hint = "Run it again later, or ask another explorer"
                    raise NotIndexedYet(f"the list is never whole: {problem.what}", where=where, hint=hint) from problem
                continue
            yield page

    def _step(self, subject: str, first: int, last: int, history: History) -> Page:
        listing, rows = self._rows(subject, last, history)
        batch = Batch()
        confirmed = [row for row in rows if row.block is not None]
        waiting = [row for row in rows if isinstance(row, CoinTransaction) and row.block is None]
        history.waiting += len(rows) - len(confirmed)
        for effect in filter(None, (effect_on(row, subject) for row in waiting)):
            history.waiting_received += effect.received
            history.waiting_spent += effect.spent
        taken = history.take(confirmed, subject, first, last)
        history.late += filter(None, [waiting_of(row, subject) for row in waiting])
        for row in taken:
            self._add(batch, row, last)
        if len(taken) < len(confirmed):
            history.done = True
        else:
            self._prove(subject, history, listing, is_last=not rows)
        if history.done:
            for told in history.late:
                add_waiting(batch, self.name, self.chain, subject, told, last)
            history.late = []
        through = last if history.done else first - 1
        return Page(batch=batch, rows=history.report(), through=through, cursor=history.cursor)

    def _prove(self, subject: str, history: History, listing: Listing, *, is_last: bool) -> None:
        """End the walk where the rows are what the site counts, with or without those in no block.

        Raises
        ------
        Moved
            If the list ends and they are not.
        """
        more = Effect(history.waiting_received, history.waiting_spent)
        count = listing.counts[subject]
        history.done = history.agrees(*count) or history.agrees(*count, newer=history.waiting, effect=more)
        if not history.done and (is_last or history.seen > count[0]):
            raise Moved(f"{history.seen:,} rows where {count[0]:,} are counted", where=f"{self.name} {subject}")

    def _rows(self, subject: str, last: int, history: History) -> tuple[Listing, list[Row]]:
        """Ask for the rows after those seen, and again if what comes cannot be true."""
        mark = f"to {last}" + (f" walk {history.attempt}" if history.attempt else "")
        offset = history.seen + history.waiting - bool(history.last)
        found: tuple[Listing, list[Row]] | None = None
        problem: MalformedAnswer | None = None
        for attempt in range(_REASKS):
            listing: Listing | None = None
            try:
                listing = self._listing(subject, offset, f"{mark} again {attempt}" if attempt else mark)
                rows = _after(listing.rows, history, subject)
                history.check([row for row in rows if row.block is not None], subject, f"{self.name} {subject}")
            except MalformedAnswer as refusal:
                problem = refusal
                continue
            found = (listing, rows)
            if not any(isinstance(row, Odd) for row in rows):
                break
        if found is None:
            assert problem is not None
            raise problem
        return found

    def _listing(self, subject: str, offset: int, run: str) -> Listing:
        answer = self.fetcher.fetch(
            Request(
                source=self.name, chain=self.chain, stream="native", subject=subject, run=run, path="/multiaddr",
                parameters=(("active", subject), ("n", str(self.page_rows)), ("offset", str(offset))),
            )
        )  # fmt: skip
        listing = read_listing(answer.body, subject=subject, where=f"{self.name} {subject}")
        if set(listing.counts) != {subject} or min(listing.counts[subject]) < 0:
            raise MalformedAnswer("the list of another address", where=f"{self.name} {subject}", hint="Ask again")
        return listing

    def _add(self, batch: Batch, row: Row, last: int) -> None:
        if row.block is not None and row.block > last:
            return  # it is not final: a later run asks again
        if isinstance(row, Odd):
            batch.reject(f"{self.name}:{self.chain}:native", None, row.reason, row.raw)
        else:
            add_coins(batch, self.chain, row)


def _after(rows: Sequence[Row], history: History, subject: str) -> list[Row]:
    """Give the rows after the last one that was seen.

    Raises
    ------
    Moved
        If that one is not there.
    """
    if not history.last:
        return list(rows)
    for at, row in enumerate(rows):
        if row.txid == history.last:
            return list(rows[at + 1 :])
    raise Moved("its place in the list is gone", where=f"blockchain_info {subject}")
