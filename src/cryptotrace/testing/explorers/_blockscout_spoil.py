"""How each kind of fault changes an answer of Blockscout. None stands for: cannot be seen here."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cryptotrace.testing.explorers._replies import JSON_TYPE, TIMEOUT, WINDOW, Answer, Reply, html
from cryptotrace.testing.explorers._shapes import Row
from cryptotrace.testing.explorers.faults import Fault

BUSY = "Too many requests. Increase limits now at https://dev.blockscout.com"
PENDING = "Some internal transactions within this block range have not yet been processed"
_RESET_MS = 1_500


def as_json(status: int, body: object, headers: Mapping[str, str] = JSON_TYPE) -> Answer:
    """Return an answer with a JSON body."""
    return Answer(status=status, headers=headers, body=json.dumps(body, separators=(",", ":")).encode())


def too_many(*, rest: bool, reset_ms: object = _RESET_MS) -> Answer:
    """Return HTTP 429 as the explorer words it: no ``Retry-After``, but milliseconds in a header of its own."""
    body = {"message": BUSY} if rest else {"status": "0", "message": BUSY, "result": None}
    headers = {**JSON_TYPE, "bypass-429-option": "no_bypass", "x-ratelimit-limit": "10", "x-ratelimit-remaining": "0"}
    return as_json(429, body, headers if reset_ms is None else {**headers, "x-ratelimit-reset": str(reset_ms)})


def gateway(status: int, text: str) -> Answer:
    """Return an error of the gateway in front of the hosted service."""
    return as_json(status, {"error": text, "source": "internal"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BlockscoutScene:
    """What a fault may look at: which dialect was asked, and how many blocks and rows the question spans (None: no window)."""

    dialect: str
    blocks: int | None
    rows_in_window: Callable[[], int]


def replaced(fault: Fault, scene: BlockscoutScene) -> Answer | None:
    """Return the answer that comes instead of the reply."""
    kind, value, rest = fault.kind, fault.setting, scene.dialect == "rest"
    if kind in ("rate_limit", "http_429"):
        given = kind == "http_429" and value is not None
        return too_many(rest=rest, reset_ms=int(str(value)) * 1_000 if given else _RESET_MS if kind == "rate_limit" else None)
    if kind in _SAID:
        return _SAID[kind]
    if kind == "html":
        return html(int(str(value)))
    if kind == "redirect":
        return dataclasses.replace(html(302), headers={"Location": str(value)})
    if kind == "empty_body":
        return Answer(body=b"")
    if kind == "not_an_object":
        return as_json(200, value)
    return _in_dialect(kind, value, scene)


_SAID: Mapping[str, Answer] = {
    "bad_key": as_json(401, {"error": "API key is missing or invalid", "source": "internal"}),
    "daily_limit": as_json(402, {"error": "Not enough credits", "source": "internal"}),
    "chain_not_free": gateway(404, "Network not supported"),
    "pro_endpoint": as_json(403, {"message": "Restricted access"}),
}


def _in_dialect(kind: str, value: object, scene: BlockscoutScene) -> Answer | None:
    text: object = None
    if kind in ("notok", "error_message"):
        text = value
    elif (kind == "range_limit" and scene.blocks is not None and scene.blocks > int(str(value))) or (
        kind == "result_limit" and scene.blocks is not None and scene.rows_in_window() > int(str(value))
    ):
        text = TIMEOUT
    elif kind == "window" and scene.blocks is not None:
        text = WINDOW.format(value)
    elif kind == "null_result":
        return as_json(200, {"items": None} if scene.dialect == "rest" else {"status": "1", "message": "OK", "result": None})
    elif kind == "rpc_error" and scene.dialect == "node":
        return as_json(200, {"jsonrpc": "2.0", "id": 1, "error": {"code": value, "message": "server error"}})
    if text is None:
        return None
    if scene.dialect == "node":
        return as_json(200, {"jsonrpc": "2.0", "id": 1, "error": text})
    return as_json(500, {"message": text}) if scene.dialect == "rest" else as_json(
        200, {"status": "0", "message": text, "result": None}
    )  # fmt: skip


def with_delegatecalls(reply: Reply) -> Reply | None:
    """Return every internal row of a short page once more, as a call that moves nothing."""
    rows = [row for row in reply.rows or () if isinstance(row, dict)]
    if not rows or "callType" not in rows[0] or (reply.page is not None and 2 * len(rows) >= reply.page.size):
        return None
    again = [{**row, "callType": "delegatecall", "index": str(1_000 + number)} for number, row in enumerate(rows)]
    return reply.with_rows([one for pair in zip(rows, again, strict=True) for one in pair])


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A page of REST v2, with the items of the page before it and some of other addresses."""

    items: Sequence[Any]
    cursor: Mapping[str, object] | None
    before: Sequence[Row] = ()
    strangers: Sequence[Row] = ()

    def encoded(self) -> Answer:
        """Return the page as it goes out."""
        answer = as_json(200, {"items": list(self.items), "next_page_params": self.cursor})
        return dataclasses.replace(answer, rows=len(self.items))


def with_wrong_items(fault: Fault, page: Items) -> Items | None:
    """Return the page with its items changed."""
    items = [item for item in page.items if isinstance(item, dict)]
    if not items or len(items) != len(page.items):
        return None
    how = _ITEMS.get(fault.kind)
    changed = None if how is None else how(fault, page, items)
    return None if changed is None else dataclasses.replace(page, items=changed)


def _size(fault: Fault) -> int:
    return int(str(fault.setting))


def _repeat(fault: Fault, _page: Items, items: list[Row]) -> list[Any]:
    return [*items, *items[: _size(fault)]]


def _overlap(fault: Fault, page: Items, items: list[Row]) -> list[Any] | None:
    return [*page.before[-_size(fault) :], *items] if page.before else None


def _repeat_page(_fault: Fault, page: Items, _items: list[Row]) -> list[Any] | None:
    # on a last page it would look like a page of rows that were all seen: only a cursor shows that more should come
    return list(page.before) if page.before and page.cursor is not None else None


def _foreign(fault: Fault, page: Items, items: list[Row]) -> list[Any] | None:
    middle = len(items) // 2
    return [*items[:middle], *page.strangers[: _size(fault)], *items[middle:]] if page.strangers else None


def _out_of_order(_fault: Fault, _page: Items, items: list[Row]) -> list[Any] | None:
    blocks = [_number(items[at].get("block_number", items[at].get("block"))) for at in (0, -1)]
    return [items[-1], *items[1:-1], items[0]] if None not in blocks and blocks[0] != blocks[1] else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _odd_row(fault: Fault, _page: Items, items: list[Row]) -> list[Any]:
    return [*items, fault.setting]


_PLACES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "value": (("total", "value"), ("value",)),
    "from": (("from", "hash"),),
    "to": (("to", "hash"),),
    "blockNumber": (("block_number",), ("block",)),
    "timeStamp": (("timestamp",),),
    "hash": (("hash",), ("transaction_hash",), ("tx_hash",)),
    "isError": (("status",), ("success",)),
    "tokenDecimal": (("token", "decimals"),),
    "tokenSymbol": (("token", "symbol"),),
}
"""Columns of Etherscan -> where an item has the same."""


def _odd_value(fault: Fault, _page: Items, items: list[Row]) -> list[Any] | None:
    last: Any = copy.deepcopy(items[-1])
    for *above, name in _PLACES.get(fault.column, ()):
        holder = last.get(above[0]) if above else last
        if isinstance(holder, dict) and name in holder:
            if fault.kind == "missing_column":
                del holder[name]
            else:
                holder[name] = None if fault.kind == "null_value" else fault.setting
            return [*items[:-1], last]
    return None


def _extra(fault: Fault, _page: Items, items: list[Row]) -> list[Any]:
    return [{**item, str(fault.setting): "1"} for item in items]


def _delegatecalls(_fault: Fault, _page: Items, items: list[Row]) -> list[Any] | None:
    if "success" not in items[0]:
        return None
    again = [{**item, "type": "delegatecall", "index": 1_000 + number} for number, item in enumerate(items)]
    return [one for pair in zip(items, again, strict=True) for one in pair]


_ITEMS: Mapping[str, Callable[[Fault, Items, list[Row]], list[Any] | None]] = {
    "repeat_rows": _repeat,
    "overlap": _overlap,
    "repeat_page": _repeat_page,
    "foreign_row": _foreign,
    "out_of_order": _out_of_order,
    "odd_row": _odd_row,
    "odd_value": _odd_value,
    "null_value": _odd_value,
    "missing_column": _odd_value,
    "extra_column": _extra,
    "delegatecall": _delegatecalls,
}
