"""How each kind of fault changes an answer. None stands for: cannot be seen here."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence

from cryptotrace.testing.explorers._replies import (
    NOT_FREE_CHAIN,
    PRO_ONLY,
    TIMEOUT,
    V1,
    WINDOW,
    Answer,
    Reply,
    html,
    message,
    notok,
    plain,
    rpc_error,
    too_many,
)
from cryptotrace.testing.explorers._shapes import Row
from cryptotrace.testing.explorers.faults import Fault

_NOTOK = frozenset({"rate_limit", "daily_limit", "notok", "bad_key"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a fault may look at: the parameters, and the blocks and rows that the request spans (None: no window)."""

    params: Mapping[str, str]
    blocks: int | None
    rows_in_window: Callable[[], int]


def replaced(fault: Fault, scene: Scene) -> Answer | None:
    """Return the answer that comes instead of the reply."""
    kind, value = fault.kind, fault.setting
    if kind in _NOTOK:
        return plain(notok(value))
    if kind == "http_429":
        return too_many("Max rate limit reached", value)
    if kind == "html":
        return html(int(str(value)))
    if kind == "redirect":
        return dataclasses.replace(html(302), headers={"Location": str(value)})
    if kind == "empty_body":
        return Answer(body=b"")
    if kind == "not_an_object":
        return Answer(body=json.dumps(value).encode())
    reply = _error(kind, value, scene)
    return None if reply is None else plain(reply)


def _error(kind: str, value: object, scene: Scene) -> Reply | None:
    if kind == "range_limit":
        return message(TIMEOUT) if scene.blocks is not None and scene.blocks > _whole(value) else None
    if kind == "result_limit":
        return message(TIMEOUT) if scene.blocks is not None and scene.rows_in_window() > _whole(value) else None
    if kind == "rpc_error":
        return rpc_error(_whole(value), "server error") if scene.params.get("module") == "proxy" else None
    if kind == "window":
        return message(WINDOW.format(value)) if scene.blocks is not None else None
    if kind == "error_message":
        return message(str(value))
    if kind == "null_result":
        return Reply(body={"status": "1", "message": "OK", "result": None})
    return notok({"chain_not_free": NOT_FREE_CHAIN, "pro_endpoint": PRO_ONLY, "deprecated": V1}[kind])


def with_wrong_rows(fault: Fault, reply: Reply) -> Reply | None:
    """Return the reply with its rows changed."""
    result = reply.body.get("result")
    if fault.kind == "wrong_chain":
        if not isinstance(result, dict) or "chainId" not in result:
            return None
        return dataclasses.replace(reply, body={**reply.body, "result": {**result, "chainId": hex(_whole(fault.setting))}})
    if fault.kind == "blank_empty":
        return None if reply.rows is None or reply.rows else dataclasses.replace(reply, body={**reply.body, "result": ""})
    rows = [row for row in reply.rows or () if isinstance(row, dict)]
    if not rows or len(rows) != len(reply.rows or ()):
        return None
    changed = _ROWS[fault.kind](fault, reply, rows)
    return None if changed is None else reply.with_rows(changed)


def _repeat_rows(fault: Fault, reply: Reply, rows: list[Row]) -> Sequence[object] | None:
    again = rows[: _whole(fault.setting)]
    # equal movements in one transaction happen: only a copy that breaks the order of blocks, or names itself, is a fault
    return [*rows, *again] if _tells_apart(reply) or _differ(again[-1], rows[-1]) else None


def _overlap(fault: Fault, reply: Reply, rows: list[Row]) -> Sequence[object] | None:
    page = reply.page
    if page is None or not page.before or not (page.number == 1 or page.told_apart):
        return None
    return [*map(page.shape, page.before[-_whole(fault.setting) :]), *rows]


def _repeat_page(_fault: Fault, reply: Reply, _rows: list[Row]) -> Sequence[object] | None:
    page = reply.page
    if page is None or not page.before or not (page.number == 1 or page.told_apart):
        return None
    return [page.shape(item) for item in page.before]


def _out_of_window(fault: Fault, reply: Reply, rows: list[Row]) -> Sequence[object] | None:
    behind = reply.page.after[: _whole(fault.setting)] if reply.page else ()
    # rows of the last block would only make the page longer
    if reply.page is None or not behind:
        return None
    further = [*map(reply.page.shape, behind)]
    return [*rows, *further] if _differ(further[-1], rows[-1]) else None


def _foreign_row(fault: Fault, reply: Reply, rows: list[Row]) -> Sequence[object] | None:
    strangers = reply.page.strangers() if reply.page else ()
    if reply.page is None or not strangers:
        return None
    middle = len(rows) // 2
    block = _block(rows[middle])
    if block is None:
        return None
    # the nearest in blocks, so that only the addresses give them away
    nearest = sorted(strangers, key=lambda item: abs(item.block - block))[: _whole(fault.setting)]
    return [*rows[:middle], *map(reply.page.shape, nearest), *rows[middle:]]


def _out_of_order(_fault: Fault, _reply: Reply, rows: list[Row]) -> Sequence[object] | None:
    return [rows[-1], *rows[1:-1], rows[0]] if _differ(rows[0], rows[-1]) else None


def _odd_row(fault: Fault, _reply: Reply, rows: list[Row]) -> Sequence[object] | None:
    return [*rows, fault.setting]


def _odd_value(fault: Fault, _reply: Reply, rows: list[Row]) -> Sequence[object] | None:
    value = None if fault.kind == "null_value" else fault.setting
    return [*rows[:-1], {**rows[-1], fault.column: value}] if fault.column in rows[-1] else None


def _missing_column(fault: Fault, _reply: Reply, rows: list[Row]) -> Sequence[object] | None:
    if fault.column not in rows[-1]:
        return None
    return [*rows[:-1], {name: value for name, value in rows[-1].items() if name != fault.column}]


def _extra_column(fault: Fault, _reply: Reply, rows: list[Row]) -> Sequence[object] | None:
    return [{**row, str(fault.setting): "1"} for row in rows]


def _delegatecall(_fault: Fault, reply: Reply, rows: list[Row]) -> Sequence[object] | None:
    # they count towards the page, which must stay a short one
    if "errCode" not in rows[0] or (reply.page is not None and 2 * len(rows) >= reply.page.size):
        return None
    return [one for row in rows for one in (row, {**row, "type": "delegatecall", **_inner(row)})]


def _inner(row: Row) -> Row:
    return {"traceId": f"{row['traceId']}_0"} if "traceId" in row else {}


def _differ(one: Row, other: Row) -> bool:
    """Whether two rows show that they are of different blocks; one that another fault hit may show none."""
    blocks = _block(one), _block(other)
    return None not in blocks and blocks[0] != blocks[1]


def _block(row: Row) -> int | None:
    text = row.get("blockNumber")
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() else None


def _tells_apart(reply: Reply) -> bool:
    return reply.page is not None and reply.page.told_apart


def _whole(value: object) -> int:
    return int(str(value))


_ROWS: Mapping[str, Callable[[Fault, Reply, list[Row]], Sequence[object] | None]] = {
    "repeat_rows": _repeat_rows,
    "overlap": _overlap,
    "repeat_page": _repeat_page,
    "out_of_window": _out_of_window,
    "foreign_row": _foreign_row,
    "out_of_order": _out_of_order,
    "odd_row": _odd_row,
    "odd_value": _odd_value,
    "null_value": _odd_value,
    "missing_column": _missing_column,
    "extra_column": _extra_column,
    "delegatecall": _delegatecall,
}


def with_wrong_text(fault: Fault, answer: Answer) -> Answer | None:
    """Return the answer with its bytes changed."""
    body, value = answer.body, fault.setting
    if fault.kind == "truncated":
        return _with_body(answer, body[: len(body) * _whole(value) // 100])
    if fault.kind == "huge_body":
        return dataclasses.replace(answer, padding=_whole(value))
    if fault.kind == "huge_unannounced":
        return dataclasses.replace(answer, padding=_whole(value), wire="unannounced")
    if fault.kind == "nested":
        depth = _whole(value)
        return _with_body(answer, body[:-1] + b',"extra":' + b"[" * depth + b"]" * depth + b"}")
    mark = b'"value":"' if fault.kind == "duplicate_key" else b'":"'
    if mark not in body:
        return None
    if fault.kind == "duplicate_key":
        return _with_body(answer, body.replace(mark, mark + str(value).encode() + b'","value":"', 1))
    return _with_body(answer, body.replace(mark, mark + (b"\0" if fault.kind == "raw_nul" else b"\xff"), 1))


def _with_body(answer: Answer, body: bytes) -> Answer:
    return dataclasses.replace(answer, body=body)


def on_the_wire(fault: Fault, answer: Answer) -> Answer | None:
    """Return the answer with the way in which it is not delivered."""
    seconds = None if fault.setting is None else float(str(fault.setting))
    if fault.kind == "hold":
        return dataclasses.replace(answer, wire="hold", seconds=seconds)
    if fault.kind == "slow_body":
        return dataclasses.replace(answer, wire="half", seconds=seconds)
    return dataclasses.replace(answer, wire="reset" if fault.kind == "reset" else "cut")
