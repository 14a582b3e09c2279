"""The rows of Etherscan's account lists: txlist, txlistinternal, tokentx."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptotrace.codecs import ChainInfo, null_address
from cryptotrace.errors import InputError
from cryptotrace.sources.cells import amount, counter, exact_integer, hash_text, path, plain, truth, utc_time
from cryptotrace.sources.intake import Intake

__all__ = ["Target", "adder_of"]

_LOG = logging.getLogger(__name__)
_INT = 2**31 - 1
_MOST_DECIMALS = 255


@dataclass(frozen=True, slots=True)
class Target:
    """Where rows of one answer go; ``asked_hash`` is the transaction that was asked for, which its rows may leave out."""

    chain: ChainInfo
    intake: Intake
    listing: int
    asked_hash: Any = None


Adder = Callable[[Mapping[str, Any], int, Target], None]


def adder_of(cells: Mapping[str, Any]) -> tuple[str, Adder | None]:
    """Tell by its fields which list a row belongs to, and give what adds it."""
    if "tokenID" in cells or "tokenId" in cells:
        return "collectibles", None
    if "tokenSymbol" in cells or "tokenDecimal" in cells:
        return "token", _token
    if "traceId" in cells or ("type" in cells and "nonce" not in cells):
        return "internal", _internal
    if "gasPrice" in cells and "value" in cells:
        return "native", _native
    return "unknown", None


def _place(cells: Mapping[str, Any], asked_hash: Any = None) -> dict[str, Any]:
    name = cells.get("hash") or cells.get("transactionHash") or asked_hash
    return {
        "tx_hash": hash_text(name, "hash"),
        "block": counter(cells.get("blockNumber"), "blockNumber"),
        "time": utc_time(cells.get("timeStamp"), "timeStamp"),
        "tx_index": counter(cells.get("transactionIndex"), "transactionIndex", _INT),
    }


def _is_ok(cells: Mapping[str, Any]) -> bool:
    """``isError`` says it; before Byzantium the receipt has no status."""
    return truth(cells.get("isError"), "isError") is not True and truth(cells.get("txreceipt_status"), "status") is not False


def _native(cells: Mapping[str, Any], number: int, target: Target) -> None:
    chain, intake, listing = target.chain, target.intake, target.listing
    get, where = cells.get, _place(cells)
    born = get("from") == "GENESIS"
    sender = null_address(chain.name) if born else intake.address(get("from"), chain.name, "from")
    receiver = intake.address_or_none(get("to") or get("contractAddress"), chain.name, "to")
    value, ok = amount(get("value"), "value"), _is_ok(cells)
    fee = None if born else _fee(cells)
    nonce, method = counter(get("nonce"), "nonce"), plain(get("methodId")) or None
    placed = where["tx_index"] is not None and where["block"] is not None
    intake.batch.add_transfer(
        chain=chain.name, kind="native", sender=sender, receiver=receiver, amount=value, ok=ok,
        symbol=chain.native_symbol, decimals=chain.native_decimals, listing=listing,
        input_row=None if placed else number, **where,
    )  # fmt: skip
    if born or sender is None:
        return  # nobody signed the genesis block
    name, block, time, index = where.values()
    intake.batch.add("transactions", (chain.name, name, block, time, index, sender, receiver, ok, fee, method, nonce))
    if fee:
        intake.add_fee(
            chain=chain.name, tx_hash=name, time=time, payer=sender, amount=fee, block=block, tx_index=index, number=number,
            listing=listing,
        )  # fmt: skip


def _fee(cells: Mapping[str, Any]) -> int | None:
    """Gas times price, plus what a rollup paid for its data on layer 1; None where a part is unknown."""
    used, price = cells.get("gasUsed"), cells.get("effectiveGasPrice") or cells.get("gasPrice")
    if used in (None, "") or price in (None, ""):
        return None
    layer_1 = exact_integer(cells.get("L1FeesPaid") or "0", "L1FeesPaid")
    return amount(exact_integer(used, "gasUsed") * exact_integer(price, "gasPrice") + layer_1, "fee")


def _internal(cells: Mapping[str, Any], number: int, target: Target) -> None:
    chain, intake, listing = target.chain, target.intake, target.listing
    get, where = cells.get, _place(cells, target.asked_hash)
    trace = path(get("traceId"), "traceId")
    receiver = intake.address_or_none(get("to") or get("contractAddress"), chain.name, "to")
    ok = truth(get("isError"), "isError") is not True
    if receiver is None and ok:
        raise InputError("to is empty")
    placed = where["tx_index"] is not None and where["block"] is not None and trace is not None
    intake.batch.add_transfer(
        chain=chain.name, kind="internal", sender=intake.address(get("from"), chain.name, "from"), receiver=receiver,
        amount=amount(get("value"), "value"), ok=ok, symbol=chain.native_symbol, decimals=chain.native_decimals,
        trace_path=trace, call_type=plain(get("callType") or get("type")) or None, listing=listing,
        input_row=None if placed else number, **where,
    )  # fmt: skip


def _token(cells: Mapping[str, Any], number: int, target: Target) -> None:
    chain, intake, listing = target.chain, target.intake, target.listing
    get, where = cells.get, _place(cells, target.asked_hash)
    log = None if get("logIndex") == "0x" else counter(get("logIndex"), "logIndex", _INT)
    placed = where["tx_index"] is not None and where["block"] is not None and log is not None
    intake.batch.add_transfer(
        chain=chain.name, kind="token", sender=intake.address(get("from"), chain.name, "from"),
        receiver=intake.address(get("to"), chain.name, "to"),
        contract=intake.address(get("contractAddress"), chain.name, "contractAddress"), symbol=plain(get("tokenSymbol")),
        decimals=_decimals(get("tokenDecimal"), where["tx_hash"]), amount=amount(get("value"), "value"), log_index=log,
        listing=listing, input_row=None if placed else number, **where,
    )  # fmt: skip


def _decimals(value: Any, name: str) -> int | None:
    """Junk tokens write anything here; what no token can have is unknown, and the amount stays."""
    try:
        return counter(value, "tokenDecimal", _MOST_DECIMALS)
    except InputError as problem:
        _LOG.warning("decimals kept as unknown tx=%s reason=%s", name, problem.what)
        return None
