"""Blockscout's REST v2: account lists from the newest row to the oldest, 50 a page, by a cursor.

For explorers that serve nothing else, and for what the Etherscan-like RPC lacks: log indices, and fees with their part for
data on layer 1. It takes a hundred times more requests for a long list, so the RPC is asked first where there is a choice.

The cursor is passed back whole, with the filters. Rows above the head of the run are left out, and the walk ends at the first
row below its range. Nothing is final before that end. A row may come a second time behind a cursor; anything else that is not
further down the list makes a page malformed: it is asked again, never believed.

Not verified against a live server: how often a row repeats behind a cursor; the words of a server that knows an internal list
to be incomplete (it is told from the indexing status, and from a message where there is one); what an old server answers for
an address that it never saw (404 here, which is believed only if the RPC shows an empty list too). Some servers hide payments
of tokens that they call scams: such a list is short, and nobody can tell.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptotrace.codecs import parse_address
from cryptotrace.errors import BadRequest, MalformedAnswer, NotIndexedYet, PlanRequired
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Fetcher, Page
from cryptotrace.sources.blockscout.answers import REST, read_items, read_object
from cryptotrace.sources.blockscout.items import batch_of, parties_of, place_of
from cryptotrace.sources.blockscout.node import BlockscoutNode
from cryptotrace.sources.etherscan.answers import read_rows

__all__ = ["BlockscoutRest"]

_LISTS: Mapping[str, tuple[str, Mapping[str, str], str]] = {
    "native": ("transactions", {}, "txlist"),
    "internal": ("internal-transactions", {}, "txlistinternal"),
    "token": ("token-transfers", {"type": "ERC-20"}, "tokentx"),
}
"""Stream -> path, filters, and the list of the RPC that shows the same."""
_REASKS = 3


class BlockscoutRest(BlockscoutNode):
    """The account lists of one chain on Blockscout's REST v2.

    Parameters
    ----------
    chain : str
        Any name of an EVM chain.
    fetcher : Fetcher
        Where answers come from; its base URL ends before ``/api``.
    on_rate : callable
        Told the calls per second of a plan; this explorer does not tell them.

    Raises
    ------
    InputError
        If the chain is no EVM chain.
    """

    name = "blockscout_rest"
    questions = 3
    _behind: frozenset[str] = frozenset()

    def through(self, fetcher: Fetcher) -> BlockscoutRest:
        """Give the same source with answers from elsewhere."""
        other = BlockscoutRest(self.chain, fetcher, on_rate=self._on_rate)
        other.node_path, other._behind = self.node_path, self._behind
        return other

    def prepare(self, run: str) -> None:
        """Ask, beside the chain, which lists the explorer itself does not call whole yet."""
        super().prepare(run)
        try:
            status = read_object(self._send("plan", f"{REST}/main-page/indexing-status", run=run))
        except (BadRequest, PlanRequired):
            return
        if status.get("finished_indexing_blocks") is False:
            self._behind = frozenset(self.streams)
        elif status.get("finished_indexing") is False:
            self._behind = frozenset({"internal"})

    def pages(self, stream: str, address: str, first: int, last: int, cursor: str | None = None) -> Iterator[Page]:
        """Walk a list from its newest row to block ``first``, or go on at a cursor; see :meth:`Source.pages`."""
        subject = parse_address(address, self.chain)
        if stream in self._behind:
            where = f"{self.name} {self.chain} {stream} {subject}"
            raise NotIndexedYet("the explorer is still indexing", where=where, hint="Ask again later, or another explorer")
        at = _Place() if cursor is None else _Place.read(cursor)
        asked = {at.question}
        ended = ""
        while True:
            found = self._page(stream, subject, at, first, last)
            # Inner payments have no place of their own, and a page may end between two that are equal.
            joins = ended != "" and found.ends[0] in (ended, "") if stream == "internal" else None
            ended = found.ends[1] or ended
            if found.following is None:
                yield Page(batch=found.batch, rows=found.rows, through=last, cursor="", joins=joins)
                return
            at = found.following
            if at.question in asked:
                raise MalformedAnswer("the cursor runs in a circle", where=f"{self.name} {self.chain} {stream} {subject}")
            asked.add(at.question)
            yield Page(batch=found.batch, rows=found.rows, through=first - 1, cursor=at.text, joins=joins)

    def _page(self, stream: str, subject: str, at: _Place, first: int, last: int) -> _Found:
        """Ask for one page, and again if what comes cannot be true; odd rows that stay odd are left to be rejected."""
        problem: MalformedAnswer | None = None
        found: _Found | None = None
        for attempt in range(_REASKS):
            run = f"again {attempt}" if attempt else ""
            try:
                items, following = read_items(self._list(stream, subject, at, run))
                found = self._found(stream, items, at.after(stream, items, following, subject), first, last)
            except BadRequest as refusal:
                if at.question or "not found" not in refusal.what.lower() or not self._never_seen(stream, subject):
                    raise
                return _Found(Batch(), 0, None)
            except MalformedAnswer as refusal:
                problem = refusal
                continue
            if not found.batch.rejects:
                break
        if found is None:
            assert problem is not None
            raise problem
        return found

    def _list(self, stream: str, subject: str, at: _Place, run: str) -> Answer:
        path, filters, _ = _LISTS[stream]
        query = {**filters, **dict(at.question)}
        return self._send(stream, f"{REST}/addresses/{subject}/{path}", query, subject=subject, run=run)

    def _never_seen(self, stream: str, subject: str) -> bool:
        """Whether the other list of the same rows is empty too, where this one knows no such address."""
        answer = self._ask(stream, "account", _LISTS[stream][2], subject=subject, address=subject, page=1, offset=1, sort="asc")
        return not read_rows(answer)

    def _found(self, stream: str, items: list[Any], following: _Place, first: int, last: int) -> _Found:
        """Keep the rows of the range that are new; the page ends the walk if it reaches below it."""
        places = [place_of(stream, item) for item in items]
        kept = {
            name: item
            for item, (block, name), is_new in zip(items, places, following.news, strict=True)
            if is_new and block is not None and first <= block <= last
        }
        ends = not following.question or any(block is not None and block < first for block, _ in places)
        batch = batch_of(stream, list(kept.values()), self._chain, file=f"{self.name}:{self.chain}:{stream}")
        hashes = [name.partition(":")[0] for name in kept] or [""]
        return _Found(batch, len(kept), None if ends else following, (hashes[0], hashes[-1]))


@dataclass(frozen=True, slots=True)
class _Found:
    """What a page brought, where the walk goes on (None where it ends), and its first and last transaction."""

    batch: Batch
    rows: int
    following: _Place | None
    ends: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a walk stands: the cursor, the lowest block so far, and the names of the rows of the last page.

    ``news`` says of each row of that page whether it was new.
    """

    question: tuple[tuple[str, str], ...] = ()
    block: int | None = None
    names: frozenset[str] = frozenset()
    news: Sequence[bool] = field(default=(), compare=False)

    @property
    def text(self) -> str:
        """The place as a cursor that is stored."""
        return json.dumps([dict(self.question), self.block, sorted(self.names)], sort_keys=True, separators=(",", ":"))

    @staticmethod
    def read(text: str) -> _Place:
        """Give the place that a stored cursor is."""
        question, block, names = json.loads(text)
        return _Place(tuple(sorted(question.items())), block, frozenset(names))

    def after(self, stream: str, items: Sequence[Any], following: Mapping[str, str] | None, subject: str) -> _Place:
        """Give the place behind a page.

        Raises
        ------
        MalformedAnswer
            If rows stand above those of the page before and are not theirs, or are of another address, or none is new.
        """
        lowest, names, news = self.block, dict[str, Any](), []
        for item in items:
            block, name = place_of(stream, item)
            is_new = name not in names and _short(name) not in self.names
            if name in names and names[name] != item:
                raise _refused(stream, subject, "two rows of one name")
            if block is not None and is_new:
                if lowest is not None and block > lowest:
                    raise _refused(stream, subject, "rows out of order")
                lowest = block
            if subject not in parties_of(item):
                raise _refused(stream, subject, "rows of another address")
            names[name] = item
            news.append(is_new)
        if following is not None and not any(news):
            raise _refused(stream, subject, "a page without a new row")
        question = () if following is None else tuple(sorted(following.items()))
        if following is not None and question == self.question:
            raise _refused(stream, subject, "the cursor does not move")
        return _Place(question, lowest, frozenset(map(_short, names)), news)


def _short(name: str) -> str:
    """Give a name that tells rows of neighbouring pages apart, short enough to stand in a cursor."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def _refused(stream: str, subject: str, what: str) -> MalformedAnswer:
    return MalformedAnswer(what, where=f"blockscout_rest {stream} {subject}", hint="Ask again")
