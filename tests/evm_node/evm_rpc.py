"""The JSON-RPC methods of the node, from a chain; nothing here knows HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evm_chain import CHAIN_ID, Done, EvmChain, Mined, as_bytes, as_hex
from evm_frames import call_tracer
from evm_shapes import block_shape, logs_of, receipt_shape, traces_of, transaction_shape

NO_METHOD, BAD_PARAMS, FAILED, TOO_MUCH, REVERTED = -32601, -32602, -32000, -32005, 3


class RpcError(Exception):
    """An error that the caller is told of."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


@dataclass(slots=True, kw_only=True)
class Limits:
    """What this provider does not serve; every field can be changed while it runs.

    Parameters
    ----------
    off : frozenset of str
        Methods that it does not have.
    range_most : int or None
        The most blocks of one ``eth_getLogs`` or ``trace_filter``.
    results_most : int or None
        The most logs of one answer; the refusal suggests a range.
    finality : int
        How many blocks ``finalized`` and ``safe`` stay behind the head.
    """

    off: frozenset[str] = frozenset()
    range_most: int | None = None
    results_most: int | None = None
    finality: int = 2


class EvmRpc:
    """Answers methods from a chain; keeps no state of its own but the count of what was asked.

    Parameters
    ----------
    chain : EvmChain
    limits : Limits or None
    """

    def __init__(self, chain: EvmChain, limits: Limits | None = None) -> None:
        self.chain = chain
        self.limits = limits or Limits()
        self.asked: list[tuple[str, Sequence[Any]]] = []

    def answer(self, method: str, params: Sequence[Any]) -> Any:
        """The result of one request.

        Raises
        ------
        RpcError
            For an unknown method, bad parameters, or a limit of the provider.
        """
        self.asked.append((method, params))
        serve = _METHODS.get(method)
        if serve is None or method in self.limits.off:
            raise RpcError(NO_METHOD, f"the method {method} does not exist/is not available")
        try:
            return serve(self, *params)
        except (TypeError, ValueError, KeyError) as error:
            raise RpcError(BAD_PARAMS, f"invalid params: {error}") from error

    def number_of(self, tag: str | int) -> int:
        """The number that a tag or hexadecimal number names; it may lie beyond the head."""
        named = {"latest": self.chain.head, "pending": self.chain.head, "earliest": 0}
        named |= dict.fromkeys(("finalized", "safe"), max(0, self.chain.head - self.limits.finality))
        if isinstance(tag, int):
            return tag
        return named[tag] if tag in named else int(tag, 16)

    def state_number(self, tag: str | int) -> int:
        """The number of a block whose state exists."""
        number = self.number_of(tag)
        if number > self.chain.head:
            raise RpcError(FAILED, "header not found")
        return number

    def block(self, number: int, full: bool) -> dict[str, Any] | None:
        """A block as JSON, or None beyond the head."""
        return block_shape(self.chain.mined[number], full) if number <= self.chain.head else None

    def block_by_hash(self, wanted: str, full: bool) -> dict[str, Any] | None:
        """A block as JSON, or None where no block has this hash."""
        return next((block_shape(one, full) for one in self.chain.mined if as_hex(one.block.hash) == wanted.lower()), None)

    def done(self, wanted: str) -> tuple[Mined, Done] | None:
        """A transaction with its block."""
        done = self.chain.by_hash.get(wanted.lower())
        return (self.chain.mined[done.number], done) if done else None

    def call(self, order: Mapping[str, Any], tag: str | int = "latest") -> str:
        """``eth_call``."""
        data = as_bytes(order.get("data") or order.get("input") or "0x")
        value = int(order.get("value", "0x0"), 16)
        done = self.chain.call(order["to"], data, self.state_number(tag), sender=order.get("from"), value=value)
        if done.is_error:
            raise RpcError(REVERTED, "execution reverted", as_hex(done.output))
        return as_hex(done.output)

    def span(self, query: Mapping[str, Any]) -> range:
        """The blocks of a query, cut at the head."""
        if "blockHash" in query:
            found = [one.block.number for one in self.chain.mined if as_hex(one.block.hash) == query["blockHash"].lower()]
            if not found:
                raise RpcError(FAILED, "unknown block")
            return range(found[0], found[0] + 1)
        first, last = (self.number_of(query.get(key, "latest")) for key in ("fromBlock", "toBlock"))
        if first > last:
            raise RpcError(FAILED, "invalid block range params")
        most = self.limits.range_most
        if most is not None and last - first + 1 > most:
            raise RpcError(BAD_PARAMS, f"range {last - first + 1} exceeds limit of {most}")
        return range(first, min(last, self.chain.head) + 1)

    def logs(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        """``eth_getLogs``: topics by place, each a value, a list of values or null."""
        wanted = query.get("address") or []
        addresses = {one.lower() for one in ([wanted] if isinstance(wanted, str) else wanted)}
        places = [
            None if place is None else {one.lower() for one in ([place] if isinstance(place, str) else place)}
            for place in query.get("topics") or []
        ]
        span = self.span(query)
        most = self.limits.results_most
        found: list[dict[str, Any]] = []
        for number in span:
            for log in logs_of(self.chain.mined[number]):
                if (not addresses or log["address"] in addresses) and _fits(log["topics"], places):
                    found.append(log)
            if most is not None and len(found) > most and len(span) > 1:
                good = [hex(span[0]), hex(max(span[0], number - 1))]
                raise RpcError(
                    TOO_MUCH,
                    f"query returned more than {most} results. Try with this block range [{good[0]}, {good[1]}].",
                    {"from": good[0], "to": good[1], "limit": most},
                )
        return found

    def receipts(self, number: int) -> list[dict[str, Any]]:
        """``eth_getBlockReceipts``."""
        mined = self.chain.mined[number]
        return [receipt_shape(mined, one) for one in mined.done]

    def trace(self, wanted: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """``debug_traceTransaction``, with the tracer of calls only."""
        if options.get("tracer") != "callTracer":
            raise RpcError(BAD_PARAMS, "only callTracer is offered here")
        found = self.done(wanted)
        if found is None:
            raise RpcError(FAILED, "transaction not found")
        return call_tracer(found[1].frame)

    def traces(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        """``trace_filter``: an item must fit both lists of addresses, where both are given."""
        sent, got = ({one.lower() for one in query.get(key) or []} for key in ("fromAddress", "toAddress"))
        fitting = [
            item
            for number in self.span({"fromBlock": "earliest", **query})
            for item in traces_of(self.chain.mined[number])
            if (not sent or _from(item) in sent) and (not got or _to(item) in got)
        ]
        after, count = query.get("after") or 0, query.get("count")
        return fitting[after:] if count is None else fitting[after : after + count]


def _fits(topics: Sequence[str], places: Sequence[set[str] | None]) -> bool:
    return len(places) <= len(topics) and all(not place or topic in place for topic, place in zip(topics, places, strict=False))


def _from(item: Mapping[str, Any]) -> str | None:
    action = item["action"]
    found: str | None = action.get("from") or action.get("address")
    return found


def _to(item: Mapping[str, Any]) -> str | None:
    action = item["action"]
    made = (item["result"] or {}).get("address") if item["type"] == "create" else None
    found: str | None = action.get("to") or action.get("refundAddress") or action.get("author") or made
    return found


def _own_traces(mined: Mined, done: Done) -> list[dict[str, Any]]:
    return [item for item in traces_of(mined) if item["transactionHash"] == done.signed.hash]


def _shown(rpc: EvmRpc, wanted: str, show: Callable[[Mined, Done], Any]) -> Any:
    found = rpc.done(wanted)
    return found and show(*found)


_METHODS: dict[str, Callable[..., Any]] = {
    "web3_clientVersion": lambda rpc: "evm-node/tests",
    "net_version": lambda rpc: str(CHAIN_ID),
    "eth_syncing": lambda rpc: False,
    "eth_chainId": lambda rpc: hex(CHAIN_ID),
    "eth_blockNumber": lambda rpc: hex(rpc.chain.head),
    "eth_getBlockByNumber": lambda rpc, tag, full=False: rpc.block(rpc.number_of(tag), full),
    "eth_getBlockByHash": lambda rpc, wanted, full=False: rpc.block_by_hash(wanted, full),
    "eth_getTransactionByHash": lambda rpc, wanted: _shown(rpc, wanted, transaction_shape),
    "eth_getTransactionReceipt": lambda rpc, wanted: _shown(rpc, wanted, receipt_shape),
    "eth_getBalance": lambda rpc, address, tag="latest": hex(rpc.chain.balance(address, rpc.state_number(tag))),
    "eth_getTransactionCount": lambda rpc, address, tag="latest": hex(rpc.chain.nonce(address, rpc.state_number(tag))),
    "eth_getCode": lambda rpc, address, tag="latest": as_hex(rpc.chain.code(address, rpc.state_number(tag))),
    "eth_call": lambda rpc, order, tag="latest", *_: rpc.call(order, tag),
    "eth_getLogs": lambda rpc, query: rpc.logs(query),
    "debug_traceTransaction": lambda rpc, wanted, options: rpc.trace(wanted, options),
    "trace_filter": lambda rpc, query: rpc.traces(query),
    "trace_block": lambda rpc, tag: list(traces_of(rpc.chain.mined[rpc.state_number(tag)])),
    "trace_transaction": lambda rpc, wanted: _shown(rpc, wanted, _own_traces),
    "eth_getBlockReceipts": lambda rpc, tag: rpc.receipts(rpc.state_number(tag)),
}
