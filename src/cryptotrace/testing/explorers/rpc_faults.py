"""What can go wrong with a fake node: refusals, answers that cannot be true, and broken connections."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

from cryptotrace.errors import InputError
from cryptotrace.testing._dice import Dice
from cryptotrace.testing.explorers._replies import JSON_TYPE, Answer, html
from cryptotrace.testing.explorers._shapes import made_up_hash

__all__ = ["RPC_FAULTS", "RpcFault", "random_rpc_faults"]

RPC_FAULTS: Mapping[str, str] = {
    # instead of the answer
    "rate_limit": "HTTP 200 with the code 429",
    "http_429": "HTTP 429 with a JSON-RPC error",
    "daily_limit": "the requests of the day are used up",
    "internal_error": "the code -32603",
    "unknown_error": "an error in words that nobody has seen",
    "html": "a page of HTML with HTTP 502",
    "empty": "HTTP 200 without a body",
    "bad_key": "HTTP 401",
    "truncated": "half of the JSON",
    "reset": "the connection is reset",
    "cut": "fewer bytes than the length says, then it closes",
    # one item of it
    "null_result": "null in place of the result",
    "other_id": "an answer to another question",
    "missing_item": "a batch without its last item",
    "shuffled": "a batch in another order, which is allowed",
    "foreign": "a log or trace of another address is added",
    "repeated": "the last log or trace stands twice",
    "out_of_order": "the first and the last log or trace change places",
    "out_of_range": "a log or trace has a later block",
    "removed": "a log is marked as taken back",
    "odd_data": "a log has data of no whole word",
    "odd_value": "a value that is no number",
    "other_block": "a block, receipt or log has another block hash",
    "other_tx": "a receipt or transaction is that of another hash",
    "no_outer_call": "a whole trace lacks its outermost call",
}
"""Every kind of fault, in words."""

_INSTEAD = frozenset((
    "rate_limit", "http_429", "daily_limit", "internal_error", "unknown_error", "html", "empty", "bad_key", "truncated",
    "reset", "cut",
))  # fmt: skip
_MANY = 2


@dataclass(frozen=True, slots=True)
class RpcFault:
    """One thing that goes wrong.

    Parameters
    ----------
    kind : str
        A key of :data:`RPC_FAULTS`.
    methods : sequence of str
        Only requests that ask one of these; empty for all.
    first : int, default 1
        From which of the fitting requests on, counted from 1.
    times : int or None, default 1
        How often at most; None for always.

    Raises
    ------
    InputError
        If the kind is unknown.
    """

    kind: str
    _: KW_ONLY
    methods: Sequence[str] = ()
    first: int = 1
    times: int | None = 1

    def __post_init__(self) -> None:
        if self.kind not in RPC_FAULTS:
            raise InputError(f"unknown kind of fault {self.kind!r}", where="kind", hint=f"Choose of {', '.join(RPC_FAULTS)}")


class RpcFaults:
    """The faults of one node, and what they hit: (number of the request, kind)."""

    def __init__(self, faults: Sequence[RpcFault]) -> None:
        self.faults = tuple(faults)
        self.log: list[tuple[int, str]] = []
        self._seen = [0] * len(self.faults)
        self._hits = [0] * len(self.faults)

    def spoil(self, number: int, methods: Sequence[str], items: list[dict[str, Any]], *, batch: bool) -> Answer:
        """Give the answer that goes out."""
        for place, fault in enumerate(self.faults):
            if fault.methods and not set(fault.methods) & set(methods):
                continue
            if fault.times is not None and self._hits[place] >= fault.times:
                continue
            changed = _instead(fault.kind, items, batch=batch) if fault.kind in _INSTEAD else None
            rows = None if fault.kind in _INSTEAD else _changed(fault.kind, methods, items, batch=batch)
            if changed is None and rows is None:
                continue  # nothing to be seen of it here
            self._seen[place] += 1
            if self._seen[place] < fault.first:
                continue
            self._hits[place] += 1
            self.log.append((number, fault.kind))
            if changed is not None:
                return changed
            items = rows if rows is not None else items
        return _sent(items, batch=batch)


def random_rpc_faults(seed: int, *, most: int = 3, persistent: int = 10) -> list[RpcFault]:
    """Draw one to ``most`` faults; in ``persistent`` of a hundred one never ends."""
    dice = Dice(seed, "rpc faults")
    return [
        RpcFault(
            dice.pick(tuple(RPC_FAULTS)),
            first=dice.whole(1, 6),
            times=None if dice.chance(persistent) else dice.whole(1, 2),
        )
        for _ in range(dice.whole(1, most))
    ]


def error_of(code: int, message: str, data: object = None) -> dict[str, Any]:
    """Return the ``error`` of a JSON-RPC answer."""
    return {"code": code, "message": message} if data is None else {"code": code, "message": message, "data": data}


def refusal(status: int, code: int, message: str) -> Answer:
    """Return an error that answers the whole request."""
    body = json.dumps({"jsonrpc": "2.0", "id": None, "error": error_of(code, message)}).encode()
    return Answer(status=status, headers=JSON_TYPE, body=body)


def _sent(items: list[dict[str, Any]], *, batch: bool) -> Answer:
    body = json.dumps(items if batch else items[0], separators=(",", ":")).encode()
    rows = sum(len(one["result"]) for one in items if isinstance(one.get("result"), list))
    return Answer(body=body, rows=rows)


def _instead(kind: str, items: list[dict[str, Any]], *, batch: bool) -> Answer:
    if kind in _SAID:
        return refusal(*_SAID[kind])
    if kind == "html":
        return html(502)
    whole = _sent(items, batch=batch)
    if kind == "truncated":
        return replace(whole, body=whole.body[: len(whole.body) // 2])
    if kind == "reset":
        return replace(whole, wire="reset")
    if kind == "cut":
        return replace(whole, wire="cut")
    return Answer(body=b"")


_SAID: Mapping[str, tuple[int, int, str]] = {
    "rate_limit": (200, 429, "Your app has exceeded its compute units per second capacity."),
    "http_429": (429, -32005, "project ID request rate exceeded"),
    "daily_limit": (429, -32005, "daily request count exceeded, request rate limited"),
    "internal_error": (200, -32603, "Internal error"),
    "unknown_error": (200, -32000, "the moon is in the wrong house"),
    "bad_key": (401, -32600, "Must be authenticated!"),
}


def _changed(kind: str, methods: Sequence[str], items: list[dict[str, Any]], *, batch: bool) -> list[dict[str, Any]] | None:
    if any("error" in one for one in items):
        return None
    if kind == "other_id":
        return [{**items[0], "id": 77}, *items[1:]]
    if kind in ("missing_item", "shuffled"):
        return None if not batch or len(items) < _MANY else items[:-1] if kind == "missing_item" else items[::-1]
    for at, item in enumerate(items):
        # an earlier fault may have moved items, or renamed one
        change = _CHANGES.get((kind, _family(methods[item["id"] - 1]))) if item["id"] <= len(methods) else None
        changed = None if change is None or item["result"] is None else change(item["result"])
        if changed is not None:
            return [*items[:at], {**item, "result": changed.value}, *items[at + 1 :]]
    return None


@dataclass(frozen=True, slots=True)
class _To:
    """What a result is changed to, which may be null."""

    value: Any


def _family(method: str) -> str:
    if method == "eth_getLogs":
        return "logs"
    if method in ("trace_filter", "trace_block"):
        return "traces"
    if method == "trace_transaction":
        return "trace"
    return {"eth_getBlockByNumber": "block", "debug_traceTransaction": "tree"}.get(
        method, "signed" if method.startswith("eth_getTransactionBy") or method.endswith("Receipt") else "state"
    )


def _foreign(rows: list[Any]) -> _To | None:
    if not rows:
        return None
    row = json.loads(json.dumps(rows[-1]))
    if "topics" in row:
        row["topics"] = [row["topics"][0], "0x" + "9" * 64, "0x" + "9" * 64]
        row["logIndex"] = hex(int(row["logIndex"], 16) + 1)
    else:
        row["action"] |= {name: "0x" + "9" * 40 for name in ("from", "to", "address", "refundAddress") if name in row["action"]}
        row["result"] = None
    return _To([*rows, row])


def _last(rows: list[Any], **columns: Any) -> _To | None:
    return _To([*rows[:-1], {**rows[-1], **columns}]) if rows else None


def _later(rows: list[Any]) -> _To | None:
    if not rows:
        return None
    block = rows[-1]["blockNumber"]
    return _last(rows, blockNumber=10**9 if isinstance(block, int) else hex(10**9))


def _swapped(rows: list[Any]) -> _To | None:
    if len(rows) < _MANY or rows[0]["blockNumber"] == rows[-1]["blockNumber"]:
        return None
    return _To([rows[-1], *rows[1:-1], rows[0]])


def _cells(cells: Any, **columns: Any) -> _To | None:
    return _To({**cells, **columns}) if isinstance(cells, dict) else None


def _no_root(rows: list[Any]) -> _To | None:
    return _To(rows[1:]) if rows else None


_OTHER = made_up_hash("another one")
_FAMILIES = ("logs", "traces", "trace", "block", "tree", "signed", "state")
_CHANGES: Mapping[tuple[str, str], Callable[[Any], _To | None]] = {
    **{("null_result", family): lambda _: _To(None) for family in _FAMILIES},
    **{("foreign", family): _foreign for family in ("logs", "traces")},
    **{("repeated", family): lambda rows: _To([*rows, rows[-1]]) if rows else None for family in ("logs",)},
    **{("out_of_order", family): _swapped for family in ("logs", "traces")},
    **{("out_of_range", family): _later for family in ("logs", "traces")},
    ("removed", "logs"): lambda rows: _last(rows, removed=True),
    ("odd_data", "logs"): lambda rows: _last(rows, data="0x12"),
    ("odd_value", "block"): lambda cells: _cells(cells, timestamp="soon"),
    ("odd_value", "signed"): lambda cells: _cells(cells, gasUsed="-5", value="1e18"),
    ("odd_value", "state"): lambda _: _To("soon"),
    ("odd_value", "tree"): lambda cells: _cells(cells, value="1e18"),
    ("other_block", "block"): lambda cells: _cells(cells, hash=_OTHER),
    ("other_block", "signed"): lambda cells: _cells(cells, blockHash=_OTHER),
    ("other_block", "logs"): lambda rows: _last(rows, blockHash=_OTHER),
    ("other_block", "traces"): lambda rows: _last(rows, blockHash=_OTHER),
    ("other_tx", "signed"): lambda cells: _cells(
        cells, **{name: _OTHER for name in ("hash", "transactionHash") if isinstance(cells, dict) and name in cells}
    ),
    ("no_outer_call", "trace"): _no_root,
}  # fmt: skip
