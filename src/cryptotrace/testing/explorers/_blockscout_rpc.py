"""The honest answers of Blockscout's Etherscan-like RPC and of the node beside it. Pure functions of the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from cryptotrace.testing.explorers._actions import _page
from cryptotrace.testing.explorers._blockscout_rows import rpc_internal_row, rpc_tokentx_row, rpc_txlist_row
from cryptotrace.testing.explorers._blockscout_spoil import PENDING
from cryptotrace.testing.explorers._index import ChainIndex, Stream
from cryptotrace.testing.explorers._logs import get_logs
from cryptotrace.testing.explorers._node import block_object, receipt_object
from cryptotrace.testing.explorers._replies import WINDOW, RefusedError, Reply, listing, message, ok, rpc, rpc_error
from cryptotrace.testing.explorers._requests import Asked, Paging, WindowError, as_address
from cryptotrace.testing.explorers._shapes import Item, Row
from cryptotrace.testing.explorers.plans import Plan

WINDOW_ROWS = 10_000
_LARGEST = 2**31 - 1
_LOGS = Plan(calls_per_second=None, calls_per_day=None, page_cap=1_000)
_MOST_BALANCES = 20
_ALWAYS = frozenset({"module", "action", "apikey"})
_PAGES = ("startblock", "endblock", "start_timestamp", "end_timestamp", "page", "offset", "sort", "filter_by")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One chain, and how it is served: ``indexed_to`` is the last block whose inner payments are known, None for all."""

    index: ChainIndex
    chain_id: int
    log_index: bool
    indexed_to: int | None


Action: TypeAlias = Callable[[Served, Asked], Reply]


def rpc_reply(served: Served, asked: Asked) -> Reply:
    """Return the true answer to a request of the RPC, or the refusal that the real server gives."""
    module, action = asked.text("module").lower(), asked.text("action").lower()
    if not module or not action:
        return message("Params 'module' and 'action' are required parameters")
    known = _ACTIONS.get((module, action))
    if known is None:
        return message("Unknown action" if any(module == name for name, _ in _ACTIONS) else "Unknown module")
    run, allowed = known
    if not asked.params.keys() <= allowed | _ALWAYS:
        return message("Invalid parameter(s)")
    try:
        return run(served, asked)
    except WindowError:
        return message(WINDOW.format(WINDOW_ROWS))
    except RefusedError as error:
        return message(error.what)


def paging_of(asked: Asked) -> Paging:
    """Read a window as the real server does: newest first, 10,000 rows, and block names are passed over."""
    number, size = asked.whole("page", 1), asked.whole("offset", WINDOW_ROWS)
    if not 1 <= size <= WINDOW_ROWS:
        size = WINDOW_ROWS
    if number < 1 or number * size > WINDOW_ROWS:
        raise WindowError("window")
    first, last = (asked.text(name) for name in ("startblock", "endblock"))
    if any(text.isdecimal() and int(text) > _LARGEST for text in (first, last)):
        raise RefusedError("Invalid block number")
    return Paging(
        first=int(first) if first.isdecimal() else 0,
        last=min(int(last), asked.head) if last.isdecimal() else asked.head,
        number=number,
        size=size,
        ascending=asked.text("sort", "desc") == "asc",
    )


def _subject(asked: Asked, name: str = "address") -> str:
    if name not in asked:
        raise RefusedError(f"Query parameter '{name}' is required")
    return as_address(asked.text(name))


def _listed(reply: Reply, empty: str) -> Reply:
    return reply if reply.rows else replace(reply, body={**reply.body, "message": empty})


def _txlist(served: Served, asked: Asked) -> Reply:
    def shape(item: Item) -> Row:
        return rpc_txlist_row(item, asked.head)

    address, paging = _subject(asked), paging_of(asked)
    return _listed(_page(served.index.txlist, address, paging, shape, told_apart=True), "No transactions found")


def _internals(served: Served, asked: Asked) -> Reply:
    empty = "No internal transactions found"
    if "txhash" in asked:
        if asked.params.keys() & {"page", "offset", "startblock", "endblock"}:
            raise RefusedError("Invalid parameter(s)")
        call = served.index.calls.get(asked.tx_hash())
        items = [] if call is None or call.row.block > asked.head else served.index.internals.of_hash(call)
        pending = call is not None and served.indexed_to is not None and call.row.block > served.indexed_to
        return _pending([]) if pending else listing([rpc_internal_row(item) for item in items], empty)
    address, paging = _subject(asked), paging_of(asked)
    if served.indexed_to is not None and paging.last > served.indexed_to:
        known = replace(paging, last=served.indexed_to)
        return _pending(_page(served.index.internals, address, known, rpc_internal_row, told_apart=True).rows or ())
    return _listed(_page(served.index.internals, address, paging, rpc_internal_row, told_apart=True), empty)


def _pending(rows: Sequence[object]) -> Reply:
    """Return what is known of a range that is not processed yet: not all, and it looks like rows."""
    return Reply(body={"status": "2", "message": PENDING, "result": list(rows)}, rows=rows)


def _tokentx(served: Served, asked: Asked) -> Reply:
    def shape(item: Item) -> Row:
        return rpc_tokentx_row(item, asked.head, log_index=served.log_index)

    address, paging, stream = _subject(asked), paging_of(asked), served.index.tokens
    if "contractaddress" in asked:
        contract = _subject(asked, "contractaddress")
        both = [item for item in stream.of.get(address, ()) if item.contract == contract]
        stream = Stream(all=stream.all)
        stream.of[address] = both
    return _listed(_page(stream, address, paging, shape, told_apart=served.log_index), "No token transfers found")


def _balance(served: Served, asked: Asked) -> Reply:
    return ok(str(served.index.ether(_subject(asked), asked.head)))


def _balances(served: Served, asked: Asked) -> Reply:
    """Return the first 20 without a word about the others, in an order of its own."""
    addresses = sorted(as_address(text) for text in asked.text("address").split(",")[:_MOST_BALANCES])
    held = [{"account": one, "balance": str(served.index.ether(one, asked.head)), "stale": False} for one in addresses]
    return ok(held)


def _token_balance(served: Served, asked: Asked) -> Reply:
    return ok(str(served.index.token(_subject(asked, "contractaddress"), _subject(asked), asked.head)))


def _logs(served: Served, asked: Asked) -> Reply:
    if not {"fromblock", "toblock"} <= asked.params.keys():
        raise RefusedError("Required query parameters missing: fromBlock, toBlock")
    reply = get_logs(served.index, Asked(asked.params, head=asked.head, plan=_LOGS))
    padded: list[dict[str, Any]] = [dict(row) for row in reply.rows or () if isinstance(row, dict)]
    for row in padded:
        row["topics"] = [*row["topics"], None, None, None, None][:4]
    return listing(padded, "No logs found")


def _block_by_time(served: Served, asked: Asked) -> Reply:
    before = asked.choice("closest", ("before", "after")) == "before"
    block = served.index.closest(asked.whole("timestamp", -1), before=before, head=asked.head)
    return message("Block does not exist") if block is None else ok({"blockNumber": str(block)})


def _head(_served: Served, asked: Asked) -> Reply:
    return rpc(hex(asked.head))


_LOG_FILTERS = (
    *("fromblock", "toblock", "address", "topic0", "topic1", "topic2", "topic3", "offset"),
    *(f"topic{one}_{two}_opr" for one in range(3) for two in range(one + 1, 4)),
)
_ACTIONS: Mapping[tuple[str, str], tuple[Action, frozenset[str]]] = {
    ("account", "txlist"): (_txlist, frozenset({"address", *_PAGES})),
    ("account", "txlistinternal"): (_internals, frozenset({"address", "txhash", "include_zero_value", *_PAGES})),
    ("account", "tokentx"): (_tokentx, frozenset({"address", "contractaddress", *_PAGES})),
    ("account", "balance"): (_balance, frozenset({"address"})),
    ("account", "balancemulti"): (_balances, frozenset({"address"})),
    ("account", "tokenbalance"): (_token_balance, frozenset({"address", "contractaddress"})),
    ("logs", "getlogs"): (_logs, frozenset(_LOG_FILTERS)),
    ("block", "getblocknobytime"): (_block_by_time, frozenset({"timestamp", "closest"})),
    ("block", "eth_block_number"): (_head, frozenset()),
}
"""By module and action, in lower case: the function and the parameters that it takes."""


def node_reply(served: Served, method: str, params: Sequence[Any], head: int) -> Reply:
    """Return the result of a JSON-RPC question."""
    index = served.index
    if method == "eth_chainId":
        return rpc(hex(served.chain_id))
    if method == "eth_blockNumber":
        return rpc(hex(head))
    try:
        if method == "eth_getTransactionReceipt":
            call = index.calls.get(str(params[0]).lower())
            return rpc(None if call is None or call.row.block > head else receipt_object(call))
        if method == "eth_getTransactionCount":
            return rpc(hex(index.sent(as_address(str(params[0])), head)))
        if method == "eth_getBlockByNumber":
            number = head if params[0] == "latest" else int(str(params[0]), 16)
            return rpc(None if number > head else block_object(index, number, full=bool(params[1]), chain_id=served.chain_id))
    except (RefusedError, ValueError, IndexError):
        return Reply(body={"jsonrpc": "2.0", "id": 1, "error": "Invalid params"})
    return rpc_error(-32601, "Method not found")
