"""The honest answers of Blockscout's REST v2: lists from the newest row on, by a cursor that must come back whole."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cryptotrace.testing.explorers._blockscout_rows import (
    cursor_of,
    order_of,
    rest_internal,
    rest_pending,
    rest_token,
    rest_transaction,
    with_old_names,
)
from cryptotrace.testing.explorers._blockscout_spoil import Items, as_json
from cryptotrace.testing.explorers._incomes import REST_INCOMES, rest_page
from cryptotrace.testing.explorers._index import ChainIndex, Stream
from cryptotrace.testing.explorers._replies import Answer, RefusedError
from cryptotrace.testing.explorers._requests import as_address
from cryptotrace.testing.explorers._shapes import Item, Row

INVALID = as_json(422, {"errors": [{"title": "Invalid value", "source": {"pointer": "/query"}, "detail": "Unexpected field"}]})
NOT_FOUND = as_json(404, {"message": "Not found"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RestLists:
    """The lists of one chain.

    Attributes
    ----------
    index : ChainIndex
        Its rows.
    page_rows : int
        Items a page.
    pending : int
        So many transactions in no block stand before the others.
    old_names : bool
        Whether fields have the names of older servers.
    unseen : {"empty", "404"}
        What an address gets that never was in a row.
    """

    index: ChainIndex
    page_rows: int
    pending: int
    old_names: bool
    unseen: str
    issued: set[tuple[str, str]] = field(default_factory=set)

    def page(self, address: str, kind: str, params: Mapping[str, str], head: int) -> Items | Answer:
        """Return a page of a list, or the refusal that the real server gives."""
        found = _KINDS.get(kind)
        if found is None and kind not in REST_INCOMES:
            return NOT_FOUND
        try:
            subject = as_address(address)
        except RefusedError:
            return INVALID
        filters = {name: params[name] for name in ("type", "filter") if name in params}
        cursor = {name: value for name, value in params.items() if name not in (*filters, "apikey")}
        question = json.dumps([subject, kind, filters], sort_keys=True)
        if cursor and (question, json.dumps(cursor, sort_keys=True)) not in self.issued:
            return INVALID  # a cursor that was not given for this list with these filters, or not whole
        if filters.get("type", "ERC-20") != "ERC-20" or ("type" in filters and kind != "token-transfers"):
            return INVALID
        if found is None:
            page, sent = rest_page(self.index, subject, kind, cursor, head, self.page_rows)
            self.issued.add((question, json.dumps(sent, sort_keys=True)))
            return page
        stream, shape = found(self.index)
        if self.unseen == "404" and not any(subject in one.of for one in _streams(self.index)):
            return NOT_FOUND
        return self._cut(subject, kind, stream.of.get(subject, []), shape, cursor, question, head, stream)

    def _cut(
        self,
        subject: str,
        kind: str,
        items: list[Item],
        shape: Callable[[Item, int], Row],
        cursor: Mapping[str, str],
        question: str,
        head: int,
        stream: Stream,
    ) -> Items:
        order = _log_order if kind == "token-transfers" else order_of
        end = bisect_left(items, _place(kind, cursor) if cursor else (head + 1,), key=order)
        start = max(0, end - self.page_rows)
        chosen = items[start:end][::-1]

        def shaped(item: Item) -> Row:
            row = shape(item, head)
            return with_old_names(row) if self.old_names else row

        following = None
        if start:
            following = cursor_of(kind, chosen[-1], int(cursor.get("items_count", 0)) + len(chosen))
            sent = {name: str(value) for name, value in following.items()}
            self.issued.add((question, json.dumps(sent, sort_keys=True)))
        rows: list[Row] = []
        if kind == "transactions" and not cursor:
            rows = [rest_pending(subject, number) for number in range(self.pending if items else 0)]
        mine = set(map(id, items))
        strangers = [item for item in stream.all if id(item) not in mine and item.block <= head] if chosen else []
        strangers.sort(key=lambda item: abs(item.block - chosen[len(chosen) // 2].block))
        before = items[end : end + self.page_rows][::-1] if cursor else []
        return Items(
            items=[*rows, *map(shaped, chosen)],
            cursor=following,
            before=[shaped(item) for item in before],
            strangers=[shaped(item) for item in strangers[:5]],
        )


def _place(kind: str, cursor: Mapping[str, str]) -> tuple[int, ...]:
    names = {
        "transactions": ("block_number", "index"),
        "token-transfers": ("block_number", "index"),
        "internal-transactions": ("block_number", "transaction_index", "index"),
    }[kind]
    return tuple(int(cursor[name]) for name in names)


def _log_order(item: Item) -> tuple[int, ...]:
    """Return the place of a token row: the index of its log counts over the block."""
    block, _, log = order_of(item)
    return block, log


def _streams(index: ChainIndex) -> tuple[Stream, Stream, Stream]:
    return index.txlist, index.internals, index.tokens


_KINDS: Mapping[str, Callable[[ChainIndex], tuple[Stream, Callable[[Item, int], Row]]]] = {
    "transactions": lambda index: (index.txlist, rest_transaction),
    "internal-transactions": lambda index: (index.internals, rest_internal),
    "token-transfers": lambda index: (index.tokens, rest_token),
}
