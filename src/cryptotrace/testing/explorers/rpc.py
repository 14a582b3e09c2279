"""A fake node: JSON-RPC over the same worlds as the fake explorers, with the limits and the words of real providers."""

from __future__ import annotations

import json
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from types import TracebackType
from typing import Any, Self

from cryptotrace.testing.explorers._chains import chain_id
from cryptotrace.testing.explorers._http import LoopbackServer
from cryptotrace.testing.explorers._index import ChainIndex, Ledgered
from cryptotrace.testing.explorers._replies import Answer
from cryptotrace.testing.explorers._rpc_methods import (
    Item,
    RefusedCallError,
    block,
    called,
    ends_of,
    fits,
    items_of,
    log_object,
    signed,
    tree_of,
)
from cryptotrace.testing.explorers._shapes import Log, made_up_hash
from cryptotrace.testing.explorers.rpc_faults import RpcFault, RpcFaults, error_of, refusal

__all__ = ["FakeRpc", "NodeLimits"]

_BAD, _TOO_MANY = -32602, 429
_METHODS = frozenset((
    "eth_chainId", "eth_blockNumber", "eth_getBlockByNumber", "eth_getTransactionByHash", "eth_getTransactionReceipt",
    "eth_getBalance", "eth_getTransactionCount", "eth_call", "eth_getLogs", "trace_filter", "trace_transaction", "trace_block",
    "debug_traceTransaction",
))  # fmt: skip
_WORDS = {
    "infura": (-32005, "query returned more than {most} results. Try with this block range [{first}, {last}]."),
    "alchemy": (
        -32602,
        "Log response size exceeded. Based on your parameters, this block range should work: [{first}, {last}]",
    ),
    "bsc": (-32005, "limit exceeded"),
    "plain": (-32000, "Response is too big"),
}


@dataclass(slots=True, kw_only=True)
class NodeLimits:
    """What a provider does not serve; every field can be changed while it runs.

    Attributes
    ----------
    off : frozenset of str
        Methods that it does not have.
    range_most : int or None
        The most blocks of one ``eth_getLogs`` or ``trace_filter``.
    results_most : int or None
        The most logs of one answer, also of one block.
    batch_most : int
        The most questions in one request; 1 takes no batch.
    words : str
        Whose refusals it speaks: ``infura`` and ``alchemy`` with a hint, ``bsc`` and ``plain`` without.
    status : int
        HTTP status of such refusals, where a request asks one question.
    per_second : float or None
        The most requests of any second; further ones are refused with HTTP 429.
    """

    off: frozenset[str] = frozenset()
    range_most: int | None = None
    results_most: int | None = None
    batch_most: int = 100
    words: str = "infura"
    status: int = 200
    per_second: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One request as it is kept: no path, since that holds the key."""

    number: int
    at: float
    methods: tuple[str, ...]
    status: int
    rows: int
    calls: tuple[Mapping[str, Any], ...] = field(repr=False)


class FakeRpc:
    """A node for tests: strict about requests, honest about its world, and wrong only where it is told to be.

    Parameters
    ----------
    world : World, SmallWorld, or whatever has their tables
        What it serves.
    chain : str, default "ethereum"
        Name of the chain.
    key : str, default "test-key-0123456789"
        What follows ``/v2/`` in the URL; another path is refused.
    limits : NodeLimits, optional
        What it does not serve.
    faults : sequence of RpcFault
        What goes wrong.
    head : int, optional
        The last block; without it the last final block is that with the last row.
    finality : int, default 2
        Blocks that ``finalized`` stays behind.
    block_times : bool, default False
        Whether logs name the time of their block, as some nodes have it.
    clock : callable, optional
        Returns POSIX seconds.
    sleep : callable, optional
        Waits while an answer is held back.

    Attributes
    ----------
    requests : list
        All requests so far, with the methods that they asked.
    faults : RpcFaults
        With ``log``: (number of the request, kind).
    failures : list of BaseException
        Defects of the fake itself; raised on leaving the context.
    reorganised : int or None
        From this block on all hashes are others, as after a reorganisation.

    Notes
    -----
    A world is indexed once, O(n log n); logs and traces of a question cost O(rows in its blocks).

    Examples
    --------
    >>> from cryptotrace.testing.explorers import FakeRpc, random_chain
    >>> node = FakeRpc(random_chain(1))
    >>> node.answer({}, path=node.path, payload='{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}').body
    b'{"jsonrpc":"2.0","id":1,"result":"0x1"}'
    """

    def __init__(
        self,
        world: Ledgered,
        *,
        chain: str = "ethereum",
        key: str = "test-key-0123456789",
        limits: NodeLimits | None = None,
        faults: Sequence[RpcFault] = (),
        head: int | None = None,
        finality: int = 2,
        block_times: bool = False,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self._index = ChainIndex(world)
        self._chain_id = chain_id(chain)
        self.path = f"/v2/{key}"
        self.limits = NodeLimits() if limits is None else limits
        self.faults = RpcFaults(faults)
        self.finality = finality
        self.tip = self._index.last_block + finality if head is None else head
        self.reorganised: int | None = None
        self.requests: list[_Asked] = []
        self.failures: list[BaseException] = []
        self._traces = [
            item for call in sorted(self._index.calls.values(), key=lambda one: one.place) for item in items_of(call)
        ]
        self._block_times = block_times
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._server: LoopbackServer | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
        if error is None and self.failures:
            raise self.failures[0]

    @property
    def url(self) -> str:
        """Its address, with the key."""
        return ("http://127.0.0.1:0" if self._server is None else self._server.root) + self.path

    def start(self) -> None:
        """Listen; does nothing where it already does."""
        if self._server is None:
            self._server = LoopbackServer(
                self.answer, self.failures.append, clock=self._clock, sleep=self._sleep, hold_seconds=0.2, posts=True
            )

    def close(self) -> None:
        """Stop listening and drop all connections; safe to call again."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    @property
    def final(self) -> int:
        """The last block that is final."""
        return max(0, self.tip - self.finality)

    def answer(self, params: Mapping[str, str], *, path: str = "/", payload: str = "") -> Answer:
        """Answer one request without a socket."""
        with self._lock:
            asked = json.loads(payload) if payload else None
            calls = asked if isinstance(asked, list) else [asked]
            methods = [str(call.get("method")) if isinstance(call, dict) else "" for call in calls]
            answer = self._answer(params, path, calls, methods, batch=isinstance(asked, list))
            self.requests.append(
                _Asked(
                    number=len(self.requests) + 1, at=self._clock(), methods=tuple(methods), status=answer.status,
                    rows=answer.rows, calls=tuple(call for call in calls if isinstance(call, dict)),
                )
            )  # fmt: skip
            return answer

    def _answer(self, params: Mapping[str, str], path: str, calls: list[Any], methods: list[str], *, batch: bool) -> Answer:
        if path != self.path:
            return refusal(401, -32600, "Must be authenticated!")
        if self._is_too_quick():
            return refusal(429, 429, "Too Many Requests")
        if params or not calls or not all(map(_is_call, calls)):
            return refusal(400, -32600, "invalid request")
        if batch and len(calls) > self.limits.batch_most:
            return refusal(400, -32600, f"batch size is limited to {self.limits.batch_most}")
        items = [self._item(call) for call in calls]
        if not batch and "error" in items[0] and items[0]["error"]["code"] in (-32005, -32602) and self.limits.status != 200:
            return refusal(self.limits.status, items[0]["error"]["code"], items[0]["error"]["message"])
        return self.faults.spoil(len(self.requests) + 1, methods, items, batch=batch)

    def _is_too_quick(self) -> bool:
        """Whether the second that ends now has seen as many requests as it may."""
        if self.limits.per_second is None:
            return False
        since = self._clock() - 1
        last = (one for one in reversed(self.requests) if one.status != _TOO_MANY)
        return sum(1 for _ in takewhile(lambda one: one.at > since, last)) >= self.limits.per_second

    def _item(self, call: Mapping[str, Any]) -> Item:
        shape: Item = {"jsonrpc": "2.0", "id": call["id"]}
        method = call["method"]
        if method not in _METHODS or method in self.limits.off:
            return shape | {"error": error_of(-32601, f"the method {method} does not exist/is not available")}
        try:
            return shape | {"result": self._result(method, call["params"])}
        except RefusedCallError as refused:
            return shape | {"error": error_of(refused.code, refused.message, refused.data)}

    # -- methods ---------------------------------------------------------------------------------------------------------

    def _result(self, method: str, params: list[Any]) -> Any:
        if method == "eth_chainId":
            return hex(self._chain_id)
        if method == "eth_blockNumber":
            return hex(self.tip)
        if method == "eth_getBlockByNumber":
            number = self._number(params[0])
            return (
                None if number > self.tip else self._hashed(block(self._index, number, full=params[1], chain_id=self._chain_id))
            )
        if method in ("eth_getTransactionByHash", "eth_getTransactionReceipt"):
            of = self._chain_id if method.endswith("Hash") else None
            found = signed(self._index, params[0], self.tip, chain_id=of)
            return None if found is None else self._hashed(found)
        if method == "eth_getLogs":
            return [self._hashed(log) for log in self._logs(params[0])]
        if method.startswith(("trace_", "debug_")):
            return self._traced(method, params)
        return self._state(method, params)

    def _state(self, method: str, params: list[Any]) -> str:
        at = self._number(params[1])
        if at > self.tip:
            raise RefusedCallError(-32000, "header not found")
        if method == "eth_call":
            return called(self._index, params[0], at)
        of = str(params[0]).lower()
        return hex(self._index.ether(of, at) if method == "eth_getBalance" else self._index.sent(of, at))

    def _number(self, tag: Any) -> int:
        named = {"latest": self.tip, "finalized": self.final, "safe": self.final, "earliest": 0}
        try:
            return named[tag] if tag in named else int(tag, 16)
        except (TypeError, ValueError):
            raise RefusedCallError(_BAD, "invalid argument 0: hex string without 0x prefix") from None

    def _span(self, query: Mapping[str, Any]) -> tuple[int, int]:
        first, last = self._number(query.get("fromBlock", "latest")), self._number(query.get("toBlock", "latest"))
        if first > last:
            raise RefusedCallError(-32000, "invalid block range params")
        most = self.limits.range_most
        if most is not None and last - first + 1 > most:
            raise RefusedCallError(_BAD, f"range {last - first + 1} exceeds limit of {most}")
        return first, min(last, self.tip)

    def _logs(self, query: Mapping[str, Any]) -> list[Item]:
        if set(query) - {"fromBlock", "toBlock", "address", "topics"}:
            raise RefusedCallError(_BAD, "invalid argument 0: unknown field")
        first, last = self._span(query)
        low, high = (cut(self._index.logs, at, key=_block) for cut, at in ((bisect_left, first), (bisect_right, last)))
        found = [log for log in self._index.logs[low:high] if fits(log, query)]
        most = self.limits.results_most
        if most is not None and len(found) > most:
            self._refuse_results(most, first, max(first, _block(found[most]) - 1))
        return [log_object(log, time=self._index.time_of(_block(log)) if self._block_times else None) for log in found]

    def _refuse_results(self, most: int, first: int, last: int) -> None:
        code, text = _WORDS[self.limits.words]
        raise RefusedCallError(code, text.format(most=most, first=hex(first), last=hex(last)))

    def _traced(self, method: str, params: list[Any]) -> Any:
        if method == "trace_filter":
            return [self._hashed(item) for item in self._filtered(params[0])]
        if method == "trace_block":
            number = self._number(params[0])
            return [self._hashed(item) for item in self._traces if item["blockNumber"] == number <= self.tip]
        call = self._index.calls.get(str(params[0]).lower())
        if call is None or call.row.block > self.tip:
            if method == "trace_transaction":
                return None
            raise RefusedCallError(-32000, "transaction not found")
        if method == "trace_transaction":
            return [self._hashed(item) for item in items_of(call)]
        if params[1:] != [{"tracer": "callTracer"}]:
            raise RefusedCallError(_BAD, "only callTracer is offered here")
        return tree_of(call)

    def _filtered(self, query: Mapping[str, Any]) -> list[Item]:
        if set(query) - {"fromBlock", "toBlock", "fromAddress", "toAddress", "after", "count"}:
            raise RefusedCallError(_BAD, "unknown field")
        first, last = self._span(query)
        low, high = (cut(self._traces, at, key=_item_block) for cut, at in ((bisect_left, first), (bisect_right, last)))
        found = [item for item in self._traces[low:high] if _wanted(item, query)]
        after = query.get("after", 0)
        return found[after : after + query["count"]] if "count" in query else found[after:]

    def _hashed(self, shape: Item) -> Item:
        """Give a block, or what stands in one, with its hash after a reorganisation."""
        name = "blockHash" if "blockHash" in shape else "hash"
        number = shape.get("number" if name == "hash" else "blockNumber")
        at = number if isinstance(number, int) else int(str(number), 16)
        if self.reorganised is None or at < self.reorganised:
            return shape
        changed = {**shape, name: made_up_hash(f"another block {at}")}
        if "transactions" in shape:
            changed["transactions"] = [self._hashed(one) if isinstance(one, dict) else one for one in shape["transactions"]]
        if "logs" in shape:
            changed["logs"] = [self._hashed(one) for one in shape["logs"]]
        return changed


def _is_call(call: Any) -> bool:
    return (
        isinstance(call, dict)
        and set(call) == {"jsonrpc", "id", "method", "params"}
        and call["jsonrpc"] == "2.0"
        and isinstance(call["params"], list)
    )


def _wanted(item: Mapping[str, Any], query: Mapping[str, Any]) -> bool:
    payer, paid = ends_of(item)
    sent, got = query.get("fromAddress"), query.get("toAddress")
    return (not sent or payer in sent) and (not got or paid in got)


def _block(log: Log) -> int:
    return log.call.row.block


def _item_block(item: Mapping[str, Any]) -> int:
    number: int = item["blockNumber"]
    return number
