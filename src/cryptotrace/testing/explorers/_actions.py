"""The honest answers: what Etherscan V2 says about a chain when nothing goes wrong. Pure functions of the request."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from cryptotrace.testing.explorers._incomes import beacon_withdrawals, mined_blocks
from cryptotrace.testing.explorers._index import ChainIndex, Stream
from cryptotrace.testing.explorers._logs import get_logs
from cryptotrace.testing.explorers._node import block_object, receipt_object, transaction_object
from cryptotrace.testing.explorers._replies import (
    BAD_ACTION,
    BAD_MODULE,
    BAD_PARAMETER,
    NO_BLOCK,
    PRO_ONLY,
    Page,
    RefusedError,
    Reply,
    listing,
    message,
    notok,
    ok,
    rpc,
    rpc_error,
)
from cryptotrace.testing.explorers._requests import Asked, Paging, WindowError, as_address
from cryptotrace.testing.explorers._shapes import Item, Row, internal_row, tokentx_row, txlist_row

_NONE = "No transactions found"
_ALWAYS = frozenset({"chainid", "module", "action", "apikey"})
_PAGES = ("startblock", "endblock", "page", "offset", "sort")
_MOST_BALANCES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One chain of the explorer."""

    index: ChainIndex
    chain_id: int
    log_index: str


Action: TypeAlias = Callable[[Chain, Asked], Reply]


def honest_reply(chain: Chain, asked: Asked) -> Reply:
    """Return the true answer to a request, or the refusal that the real server gives."""
    module, action = asked.text("module").lower(), asked.text("action").lower()
    known = ACTIONS.get((module, action))
    if known is None:
        return notok(BAD_ACTION if any(module == name for name, _ in ACTIONS) else BAD_MODULE)
    run, allowed = known
    if not asked.params.keys() <= allowed | _ALWAYS:
        return notok(BAD_PARAMETER)
    try:
        return run(chain, asked)
    except WindowError as error:
        return message(error.what)
    except RefusedError as error:
        return rpc_error(-32602, error.what) if module == "proxy" else notok(error.what)


def _txlist(chain: Chain, asked: Asked) -> Reply:
    def shape(item: Item) -> Row:
        return txlist_row(item, asked.head)

    address = asked.address()
    return _page(chain.index.txlist, address, asked.paging(), shape, told_apart=True)


def _internals(chain: Chain, asked: Asked) -> Reply:
    if "txhash" in asked:
        return _internals_of_hash(chain, asked)
    if "address" not in asked:
        if not asked.plan.pro:
            raise RefusedError(PRO_ONLY)
        return _page(chain.index.internals, None, asked.paging(), internal_row, told_apart=True)
    return _page(chain.index.internals, asked.address(), asked.paging(), internal_row, told_apart=True)


def _internals_of_hash(chain: Chain, asked: Asked) -> Reply:
    if asked.params.keys() & {"address", "startblock", "endblock"}:
        raise RefusedError(BAD_PARAMETER)
    paging, call = asked.paging(), chain.index.calls.get(asked.tx_hash())
    if call is None or call.row.block > asked.head:
        return listing([], _NONE)
    items = [item for item in chain.index.internals.of_hash(call) if item.block <= paging.last]
    return listing([internal_row(item, by_hash=True) for item in items][: paging.size], _NONE)


def _tokentx(chain: Chain, asked: Asked) -> Reply:
    def shape(item: Item) -> Row:
        return tokentx_row(item, asked.head, chain.log_index)

    contract = asked.address("contractaddress") if "contractaddress" in asked else None
    if contract is not None and "address" not in asked:
        tokens = chain.index.tokens
        by_contract = Stream(all=tokens.all, of=tokens.of_contract)
        return _page(by_contract, contract, asked.paging(), shape, told_apart=chain.log_index != "absent")
    address, stream = asked.address(), chain.index.tokens
    if contract is not None:
        both = [item for item in stream.of.get(address, ()) if item.contract == contract]
        stream = Stream(all=stream.all)
        stream.of[address] = both
    return _page(stream, address, asked.paging(), shape, told_apart=chain.log_index != "absent")


def _page(stream: Stream, key: str | None, paging: Paging, shape: Callable[[Item], Row], *, told_apart: bool) -> Reply:
    items = stream.all if key is None else stream.of.get(key, [])
    low = bisect_left(items, paging.first, key=_block)
    high = max(low, bisect_right(items, paging.last, key=_block))
    ordered: Sequence[Item] = items
    if not paging.ascending:
        ordered, low, high = items[::-1], len(items) - high, len(items) - low
    start = min(high, low + (paging.number - 1) * paging.size)
    stop = min(high, start + paging.size)

    def strangers() -> list[Item]:
        mine = set(map(id, items))
        return [item for item in stream.all if id(item) not in mine and item.block <= paging.last]

    page = Page(
        shape=shape,
        before=ordered[max(0, start - paging.size) : start],
        after=ordered[stop : stop + paging.size],
        strangers=strangers,
        told_apart=told_apart,
        number=paging.number,
        size=paging.size,
    )
    return listing([shape(item) for item in ordered[start:stop]], _NONE, page)


def _block(item: Item) -> int:
    return item.block


def _balance(chain: Chain, asked: Asked) -> Reply:
    return ok(str(chain.index.ether(asked.address(), asked.tag("latest"))))


def _balances(chain: Chain, asked: Asked) -> Reply:
    addresses = [as_address(text) for text in asked.text("address").split(",")]
    if len(addresses) > _MOST_BALANCES:
        raise RefusedError(BAD_PARAMETER)
    block = asked.tag("latest")
    return ok([{"account": one, "balance": str(chain.index.ether(one, block))} for one in addresses])


def _token_balance(chain: Chain, asked: Asked) -> Reply:
    return ok(str(chain.index.token(asked.address("contractaddress"), asked.address(), asked.tag("latest"))))


def _logs(chain: Chain, asked: Asked) -> Reply:
    return get_logs(chain.index, asked)


def _block_by_time(chain: Chain, asked: Asked) -> Reply:
    before = asked.choice("closest", ("before", "after")) == "before"
    block = chain.index.closest(asked.whole("timestamp", -1), before=before, head=asked.head)
    return notok(NO_BLOCK) if block is None else ok(str(block))


def _head(_chain: Chain, asked: Asked) -> Reply:
    return rpc(hex(asked.head))


def _block_by_number(chain: Chain, asked: Asked) -> Reply:
    if asked.text("boolean") not in ("true", "false"):
        return rpc_error(-32700, "parse error")
    number = asked.tag(None)
    if number > asked.head:
        return rpc(None)
    return rpc(block_object(chain.index, number, full=asked.text("boolean") == "true", chain_id=chain.chain_id))


def _transaction(chain: Chain, asked: Asked) -> Reply:
    call = chain.index.calls.get(asked.tx_hash())
    return rpc(None if call is None or call.row.block > asked.head else transaction_object(call, chain.chain_id))


def _receipt(chain: Chain, asked: Asked) -> Reply:
    call = chain.index.calls.get(asked.tx_hash())
    return rpc(None if call is None or call.row.block > asked.head else receipt_object(call))


def _nonce(chain: Chain, asked: Asked) -> Reply:
    return rpc(hex(chain.index.sent(asked.address(), asked.tag("latest"))))


_LOG_FILTERS = (
    *("fromblock", "toblock", "address", "page", "offset", "topic0", "topic1", "topic2", "topic3"),
    *(f"topic{one}_{two}_opr" for one in range(3) for two in range(one + 1, 4)),
)
ACTIONS: Mapping[tuple[str, str], tuple[Action, frozenset[str]]] = {
    ("account", "txlist"): (_txlist, frozenset({"address", *_PAGES})),
    ("account", "txlistinternal"): (_internals, frozenset({"address", "txhash", *_PAGES})),
    ("account", "tokentx"): (_tokentx, frozenset({"address", "contractaddress", *_PAGES})),
    ("account", "txsbeaconwithdrawal"): (
        lambda chain, asked: beacon_withdrawals(chain.index, asked),
        frozenset({"address", *_PAGES}),
    ),
    ("account", "getminedblocks"): (
        lambda chain, asked: mined_blocks(chain.index, asked),
        frozenset({"address", "blocktype", "page", "offset"}),
    ),
    ("account", "balance"): (_balance, frozenset({"address", "tag"})),
    ("account", "balancemulti"): (_balances, frozenset({"address", "tag"})),
    ("account", "tokenbalance"): (_token_balance, frozenset({"address", "contractaddress", "tag"})),
    ("logs", "getlogs"): (_logs, frozenset(_LOG_FILTERS)),
    ("block", "getblocknobytime"): (_block_by_time, frozenset({"timestamp", "closest"})),
    ("proxy", "eth_blocknumber"): (_head, frozenset()),
    ("proxy", "eth_getblockbynumber"): (_block_by_number, frozenset({"tag", "boolean"})),
    ("proxy", "eth_gettransactioncount"): (_nonce, frozenset({"address", "tag"})),
    ("proxy", "eth_gettransactionbyhash"): (_transaction, frozenset({"txhash"})),
    ("proxy", "eth_gettransactionreceipt"): (_receipt, frozenset({"txhash"})),
}
"""By module and action, in lower case: the function and the parameters that it takes."""
