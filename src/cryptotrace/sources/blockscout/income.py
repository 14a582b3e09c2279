"""Blockscout's lists of what came in no transaction: ``withdrawals`` and ``blocks-validated`` of REST v2.

Both come newest first by a cursor, 50 a page. Withdrawals are in wei here. A block names its rewards by kind; since proof of
stake it names none, and its maker gets the fees above the base fee. The Etherscan-like ``getminedblocks`` of this explorer
tells no rewards and is not asked. What an uncle paid is not told to its maker: where one is in the list, the list is not whole.

Not verified against a live server: that the reward of kind ``validator`` holds the fees of the block (the source of the server
adds them), and that ``priority_fee`` stands in every block of a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cryptotrace.codecs import ChainInfo, parse_address
from cryptotrace.errors import InputError, MalformedAnswer
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Page
from cryptotrace.sources.blockscout.answers import REST, read_items
from cryptotrace.sources.cells import counter, exact_integer
from cryptotrace.sources.etherscan.income_rows import INCOMES, add_income, asked_again
from cryptotrace.sources.evm.amounts import raw_of

__all__ = ["BlockscoutIncome"]

_LISTS = {"withdrawal": ("withdrawals", "index"), "mined": ("blocks-validated", "height")}
"""Kind -> last word of the path, and the field that falls along the list."""
_TO_MAKER = ("validator", "Miner Reward", "Validator Reward")


class BlockscoutIncome:
    """What Blockscout tells of income without a transaction; a part of both of its flavours."""

    name: str
    _chain: ChainInfo

    if TYPE_CHECKING:

        def _send(
            self,
            stream: str,
            path: str,
            query: dict[str, Any] | None = None,
            *,
            subject: str = "",
            run: str = "",
            payload: str = "",
        ) -> Answer: ...

    @property
    def incomes(self) -> tuple[str, ...]:
        """The lists that it has."""
        return tuple(kind for kind in INCOMES.get(self._chain.name, ()) if kind in _LISTS)

    def income(self, kind: str, address: str, final: int, last: int, run: str) -> Iterator[Page]:  # noqa: ARG002
        """Walk a list from its newest row to its oldest; rows above block ``last`` are left out.

        Raises
        ------
        SourceError
            If the list is not proven complete; the pages before hold true rows.
        """
        subject = parse_address(address, self._chain.name)
        path, field = _LISTS[kind]
        where = f"{self.name} {self._chain.name} {kind} {subject}"
        cursor: dict[str, str] | None = {}
        asked: list[dict[str, str]] = []
        lowest: int | None = None
        while cursor is not None:
            asked.append(cursor)

            def question(name: str, cursor: dict[str, str] = cursor) -> Answer:
                return self._send(kind, f"{REST}/addresses/{subject}/{path}", {**cursor}, subject=subject, run=name)

            def read(answer: Answer, lowest: int | None = lowest) -> tuple[list[Any], dict[str, str] | None]:
                items, following = read_items(answer)
                fresh = _new_items(items, field, lowest, subject, where)
                if following is not None and (not fresh or following in asked):
                    raise MalformedAnswer("the cursor does not move", where=where, hint="Ask again")
                return fresh, following

            items, cursor = asked_again(question, read, run)
            lowest = _place(items[-1], field, where) if items else lowest
            yield self._items_page(kind, subject, items, last, ends=cursor is None)

    def _items_page(self, kind: str, subject: str, items: Sequence[Any], last: int, *, ends: bool) -> Page:
        batch = Batch()
        for item in items:
            try:
                block = counter(item.get("block_number" if kind == "withdrawal" else "height"), "block number")
                if block is not None and block > last:
                    continue
                value = item.get("amount") if kind == "withdrawal" else _reward(item)
                if value is not None:
                    add_income(
                        batch, self._chain, kind, subject, block=block, time=item.get("timestamp"), value=value,
                        index=item.get("index"),
                    )  # fmt: skip
            except InputError as problem:
                batch.reject(f"{self.name}:{self._chain.name}:{kind}", None, problem.what, raw_of(item))
        return Page(batch=batch, rows=len(items), through=last if ends else -1, cursor="")


def _reward(item: Mapping[str, Any]) -> int | None:
    """Give what a block paid its maker, in wei; None for one that is not of the chain."""
    kind, rewards, fees = item.get("type", "block"), item.get("rewards"), item.get("priority_fee")
    if kind == "reorg":
        return None
    if kind != "block":
        raise InputError("what an uncle paid is not told")
    told = [one for one in rewards if isinstance(one, dict)] if isinstance(rewards, list) else []
    mine = [exact_integer(one.get("reward"), "reward") for one in told if one.get("type") in _TO_MAKER]
    if mine:
        return sum(mine)
    if told or fees is None:
        raise InputError("what the block paid its maker is not told")
    return exact_integer(fees, "priority_fee")


def _new_items(items: Sequence[Any], field: str, lowest: int | None, subject: str, where: str) -> list[Any]:
    """Give the items below those of the page before; a row may come once more behind a cursor, never out of order."""
    before: int | None = None
    found: list[Any] = []
    for item in items:
        place = _place(item, field, where)
        if before is not None and (place > before or (place == before and field == "index")):
            raise MalformedAnswer("items out of order", where=where, hint="Ask again")
        party = item.get("receiver" if field == "index" else "miner")
        if isinstance(party, dict) and str(party.get("hash")).lower() != subject:
            raise MalformedAnswer("items of another address", where=where, hint="Ask again")
        before = place
        if lowest is None or place < lowest:
            found.append(item)
    return found


def _place(item: Any, field: str, where: str) -> int:
    try:
        place = counter(item.get(field), field) if isinstance(item, dict) else None
    except InputError as problem:
        raise MalformedAnswer(problem.what, where=where, hint="Ask again") from problem
    if place is None:
        raise MalformedAnswer(f"an item without {field}", where=where, hint="Ask again")
    return place
