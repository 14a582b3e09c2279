"""How each kind of fault changes an answer of the fake TronGrid."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptotrace.testing.explorers._replies import Answer, html
from cryptotrace.testing.explorers._tron_rows import Item, Row
from cryptotrace.testing.explorers.tron_faults import TronFault

__all__ = ["Scene", "instead", "rows", "suspended", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a fault may look at: the items of the page, those around it, those of others, and the end of the window in ms."""

    shape: Callable[[Item], Row]
    items: Sequence[Item]
    before: Sequence[Item]
    start: Sequence[Item]
    after: Sequence[Item]
    strangers: Callable[[], Sequence[Item]]
    is_native: bool
    last: int


def suspended(rate: int, seconds: int, *, keyed: bool) -> Answer:
    """Return the refusal of a question too many."""
    keyless = f"request rate of (getTrc20TransactionsByAccount) exceeded the allowed_rps({rate})"
    who = f"The key exceeds the frequency limit({rate})" if keyed else keyless
    return _json({"Error": f"{who}, and the query server is suspended for {seconds} s"}, 429)


def instead(fault: TronFault) -> Answer:
    """Return what comes instead of an answer."""
    kind, value = fault.kind, fault.setting
    if kind == "suspended":
        return suspended(15, _whole(value), keyed=True)
    if kind == "suspended_v1":
        words = f"The key exceeds the frequency limit(15), and the query server is suspended for {value} s"
        return _json({"Success": False, "Error": words, "StatusCode": 429}, 403)
    if kind == "html":
        return html(_whole(value))
    if kind == "empty_body":
        return Answer(body=b"")
    bodies: dict[str, tuple[object, int]] = {
        "daily_limit": (
            {"Error": "Exceed the user daily usage (100000), the maximum query frequency is 1 time per second"},
            403,
        ),
        "busy": ({"Error": "class java.lang.IllegalAccessException : lack of computing resources"}, 200),
        "error_text": ({"Error": value}, 200),
        "unsuccessful": ({"success": False}, 200),
        "not_an_object": (value, 200),
        "bare_object": ({}, 200),
        "refused_mark": ({"success": False, "error": "Invalid fingerprint", "statusCode": 400}, 400),
    }
    return _json(*bodies[kind])


def rows(fault: TronFault, scene: Scene, page: list[object]) -> list[object] | None:
    """Return other rows, or None where nobody could notice."""
    if fault.kind in ("overlap", "repeat_page", "out_of_window", "odd_row"):
        return _with_others(fault, scene, page)
    plain = [row for row in page if isinstance(row, dict)]
    if not plain or len(plain) < len(page):
        return None
    first, last = _stamp(plain[0]), _stamp(plain[-1])
    if fault.kind == "repeat_rows":
        again = plain[: _whole(fault.setting)]
        return [*page, *again] if scene.is_native or first != last else None
    if fault.kind == "foreign_row":
        foreign = [scene.shape(item) for item in scene.strangers()[: _whole(fault.setting)] if item.stamp <= scene.last]
        middle = len(page) // 2
        return [*page[:middle], *foreign, *page[middle:]] if foreign else None
    if fault.kind == "out_of_order":
        return [page[-1], *page[1:-1], page[0]] if first != last else None
    if fault.kind == "unconfirmed":
        return [*page[:-1], {**plain[-1], "_unconfirmed": True}]
    if fault.kind == "extra_column":
        return [{**row, str(fault.setting): "1"} for row in plain]
    return _odd_value(fault, page, plain[-1])


def _odd_value(fault: TronFault, page: list[object], row: Row) -> list[object] | None:
    assert isinstance(fault.setting, tuple)
    column, value = fault.setting
    return [*page[:-1], {**row, column: value}] if column in row else None


def _with_others(fault: TronFault, scene: Scene, page: list[object]) -> list[object] | None:
    if fault.kind == "odd_row":
        return [*page, fault.setting]
    if fault.kind == "out_of_window":
        behind = scene.after[: _whole(fault.setting)]
        return [*page, *map(scene.shape, behind)] if behind else None
    if not page or not scene.before:
        return None
    again = scene.before[-_whole(fault.setting) :] if fault.kind == "overlap" else scene.start
    # Token rows have no names: one of the moment that the page goes on from could be there twice.
    if not scene.is_native and again[0].stamp == scene.before[-1].stamp:
        return None
    return [*map(scene.shape, again), *(page if fault.kind == "overlap" else ())]


def text(fault: TronFault, answer: Answer) -> Answer:
    """Return the answer with its bytes changed."""
    body = answer.body
    if fault.kind == "truncated":
        return dataclasses.replace(answer, body=body[: len(body) * _whole(fault.setting) // 100])
    if fault.kind == "not_utf8":
        return dataclasses.replace(answer, body=body[:-1] + b',"x":"\xff"}')
    depth = _whole(fault.setting)
    return dataclasses.replace(answer, body=body[:-1] + b',"extra":' + b"[" * depth + b"]" * depth + b"}")


def _stamp(row: Row) -> object:
    return row.get("block_timestamp")


def _whole(value: object) -> int:
    return int(str(value))


def _json(body: object, status: int) -> Answer:
    return Answer(status=status, body=json.dumps(body, separators=(",", ":")).encode())
