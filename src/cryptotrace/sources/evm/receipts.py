"""Receipts and transactions of EVM nodes: outcome, fee, what was created, and the logs. Pure.

A receipt has no time and no nonce; a transaction has no outcome. Whoever asks for a receipt gives the time of its block, which
account lists know. A fee that cannot be told whole is unknown, never a part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptotrace.codecs import ChainInfo
from cryptotrace.errors import InputError, MalformedAnswer, NotIndexedYet
from cryptotrace.model import MAX_AMOUNT
from cryptotrace.schema import Batch
from cryptotrace.sources.evm.amounts import address, block_number, name_of, own_time, quantity, small, value_of
from cryptotrace.sources.evm.logs import read_logs

__all__ = ["Receipt", "Transaction", "batch_of", "read_receipt", "read_transaction"]

_LAYER_1 = frozenset(("optimism", "base", "blast", "opbnb", "scroll"))
"""Rollups whose receipts state apart what the data on layer 1 cost."""
_DEPOSIT = 0x7E


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a transaction did.

    Attributes
    ----------
    tx_hash, signer : str
        Which, and who paid.
    receiver : str or None
        Whom it called, or what it created; None where a creation failed.
    created : str or None
        The contract that it created.
    block, tx_index : int
        Its place.
    block_hash : str or None
        Of its block: another one later says that the chain was reorganised.
    ok : bool or None
        Its outcome; None before Byzantium (2017), where receipts have a state root and no status, and no log proves success.
    gas_used, price : int or None
        Wei a unit of gas; None where the receipt is older than that field.
    extra : int or None
        Wei beyond gas (data on layer 1, blobs); None where there is a charge that is not known.
    logs : tuple
        As they came.
    """

    tx_hash: str
    signer: str
    receiver: str | None
    created: str | None
    block: int
    tx_index: int
    block_hash: str | None
    ok: bool | None
    gas_used: int
    price: int | None
    extra: int | None
    logs: tuple[Any, ...]

    def fee(self, price: int | None = None) -> int | None:
        """Give what the signer paid in wei; ``price`` is that of the transaction, for receipts without one."""
        price = self.price if self.price is not None else price
        return None if price is None or self.extra is None else self.gas_used * price + self.extra


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What was signed.

    Attributes
    ----------
    tx_hash, signer : str
        Which, and by whom.
    receiver : str or None
        Whom it calls; None where it creates a contract.
    block, tx_index, nonce : int
        Its place.
    value : int
        Wei.
    method : str or None
        First four bytes of its call data, in hex.
    price : int or None
        Wei a unit of gas.
    """

    tx_hash: str
    signer: str
    receiver: str | None
    block: int
    tx_index: int
    nonce: int
    value: int
    method: str | None
    price: int | None


def read_receipt(result: Any, chain: ChainInfo, *, tx_hash: str, where: str = "receipt") -> Receipt:
    """Read a receipt.

    Parameters
    ----------
    result : object
        The result of ``eth_getTransactionReceipt``.
    chain : ChainInfo
        Its chain.
    tx_hash : str
        The transaction that was asked for.
    where : str
        For errors.

    Raises
    ------
    NotIndexedYet
        If the node does not know it, or not yet: that is never "no payments".
    MalformedAnswer
        If it is no receipt, or that of another transaction.
    """
    cells = _object(result, "receipt", where)
    try:
        found = _receipt(cells, chain)
    except InputError as problem:
        raise MalformedAnswer(f"no receipt: {problem.what}", where=where, hint="Ask again") from problem
    _same(found.tx_hash, tx_hash, where)
    return found


def read_transaction(result: Any, chain: ChainInfo, *, tx_hash: str, where: str = "transaction") -> Transaction:
    """Read a transaction; see :func:`read_receipt`. One that is in no block yet is :class:`NotIndexedYet` too."""
    cells = _object(result, "transaction", where)
    if cells.get("blockNumber") is None and "blockNumber" in cells:
        raise NotIndexedYet("the transaction is in no block yet", where=where, hint="Ask again later")
    try:
        found = _transaction(cells, chain)
    except InputError as problem:
        raise MalformedAnswer(f"no transaction: {problem.what}", where=where, hint="Ask again") from problem
    _same(found.tx_hash, tx_hash, where)
    return found


def _object(result: Any, what: str, where: str) -> Mapping[str, Any]:
    if result is None:
        raise NotIndexedYet(f"the node has no such {what}, or not yet", where=where, hint="Ask again later, or another node")
    if not isinstance(result, dict):
        raise MalformedAnswer(f"the {what} is no object", where=where, hint="Ask again")
    return result


def _same(found: str, asked: str, where: str) -> None:
    if found != asked.lower():
        raise MalformedAnswer("an answer about another transaction", where=where, hint="Ask again")


def _receipt(cells: Mapping[str, Any], chain: ChainInfo) -> Receipt:
    logs = cells.get("logs")
    if not isinstance(logs, list):
        raise InputError("logs are missing")
    name = name_of(cells.get("transactionHash"))
    _check_logs(logs, name)
    called, created = (_address_or_none(cells, chain, column) for column in ("to", "contractAddress"))
    used = quantity(cells.get("gasUsed"), "gasUsed")
    price = cells.get("effectiveGasPrice")
    return Receipt(
        tx_hash=name,
        signer=address(cells.get("from"), chain.name, "from"),
        receiver=called or created,
        created=created,
        block=block_number(cells.get("blockNumber")),
        tx_index=small(cells.get("transactionIndex"), "transactionIndex"),
        block_hash=None if cells.get("blockHash") is None else name_of(cells["blockHash"], "blockHash"),
        ok=_outcome(cells, logs),
        gas_used=used,
        price=None if price is None else quantity(price, "effectiveGasPrice"),
        extra=_extra(cells, chain, used),
        logs=tuple(logs),
    )


def _check_logs(logs: list[Any], name: str) -> None:
    """Refuse logs that cannot be those of one transaction: of another, twice the same, or out of order."""
    before = -1
    for log in logs:
        if not isinstance(log, dict) or name_of(log.get("transactionHash")) != name:
            raise InputError("a log of another transaction")
        index = small(log.get("logIndex"), "logIndex")
        if index <= before:
            raise InputError("logs out of order")
        before = index


def _outcome(cells: Mapping[str, Any], logs: list[Any]) -> bool | None:
    status = cells.get("status")
    if status is not None:
        found = quantity(status, "status")
        if found > 1:
            raise InputError("status is neither 0 nor 1")
        return bool(found)
    return True if logs else None  # a transaction that failed leaves no log


def _extra(cells: Mapping[str, Any], chain: ChainInfo, used: int) -> int | None:
    """Give what was paid beyond gas; None where the receipt states a charge that we cannot work out.

    OP stack and Scroll: ``l1Fee`` (``L1FeesPaid`` at Etherscan), which deposits do not pay; EIP-4844: gas of blobs. An
    operator's charge has changed its formula between forks, and fees in tokens (Celo) are not the chain's coin.
    """
    if cells.get("feeCurrency") is not None:
        return None
    if any(quantity(cells.get(name) or 0, name) for name in ("operatorFeeScalar", "operatorFeeConstant")):
        return None
    stated = cells.get("l1Fee") if cells.get("l1Fee") is not None else cells.get("L1FeesPaid")
    if stated is None and chain.name in _LAYER_1 and quantity(cells.get("type") or 0, "type") != _DEPOSIT and used:
        return None
    layer_1 = quantity(stated or 0, "l1Fee")
    blobs = quantity(cells.get("blobGasUsed") or 0, "blobGasUsed")
    if blobs and cells.get("blobGasPrice") is None:
        return None
    return layer_1 + blobs * quantity(cells.get("blobGasPrice") or 0, "blobGasPrice")


def _transaction(cells: Mapping[str, Any], chain: ChainInfo) -> Transaction:
    data = cells.get("input") or "0x"
    if type(data) is not str or not data.startswith("0x"):
        raise InputError("input is not hexadecimal")
    return Transaction(
        tx_hash=name_of(cells.get("hash"), "hash"),
        signer=address(cells.get("from"), chain.name, "from"),
        receiver=_address_or_none(cells, chain, "to"),
        block=block_number(cells.get("blockNumber")),
        tx_index=small(cells.get("transactionIndex"), "transactionIndex"),
        nonce=quantity(cells.get("nonce"), "nonce"),
        value=value_of(cells.get("value"), "value"),
        method=data[:10] if len(data) >= len("0x12345678") else None,
        price=None if cells.get("gasPrice") is None else quantity(cells["gasPrice"], "gasPrice"),
    )


def _address_or_none(cells: Mapping[str, Any], chain: ChainInfo, column: str) -> str | None:
    text = cells.get(column)
    return None if text in (None, "", "0x") else address(text, chain.name, column)


def batch_of(
    receipt: Receipt,
    chain: ChainInfo,
    *,
    time: datetime | None = None,
    transaction: Transaction | None = None,
    listing: int = 0,
    file: str = "receipt",
) -> Batch:
    """Turn a receipt into rows: the transaction, its fee, its value where ``transaction`` is given, and its logs.

    Parameters
    ----------
    receipt : Receipt
        From :func:`read_receipt`.
    chain : ChainInfo
        Its chain.
    time : datetime, optional
        Of its block; else what its logs say.
    transaction : Transaction, optional
        The same transaction as it was signed: adds value, nonce and method, and the price of gas where the receipt has none.
    listing : int
        The listing that these rows are.
    file : str
        For rejects.

    Raises
    ------
    MalformedAnswer
        If the time is not known from anywhere, or ``transaction`` is another one.

    Notes
    -----
    A transfer whose outcome is unknown stands as ``ok``, as in the other formats; ``transactions.ok`` then is unknown.
    """
    moment = _time(receipt, time, file)
    if transaction is not None and (transaction.tx_hash, transaction.block) != (receipt.tx_hash, receipt.block):
        raise MalformedAnswer("receipt and transaction disagree", where=file, hint="Ask for both again")
    batch = read_logs(receipt.logs, chain, times={receipt.block: moment}, listing=listing, whole=True, file=file)
    facts: dict[str, Any] = {
        "chain": chain.name, "tx_hash": receipt.tx_hash, "time": moment, "block": receipt.block, "tx_index": receipt.tx_index,
        "listing": listing,
    }  # fmt: skip
    coin: dict[str, Any] = {"symbol": chain.native_symbol, "decimals": chain.native_decimals}
    fee = receipt.fee(None if transaction is None else transaction.price)
    if fee is not None and fee > MAX_AMOUNT:
        raise MalformedAnswer("a fee beyond all coins that exist", where=file, hint="Ask again")
    method, nonce = (None, None) if transaction is None else (transaction.method, transaction.nonce)
    if transaction is not None:
        batch.add_transfer(
            kind="native", sender=receipt.signer, receiver=receipt.receiver, amount=transaction.value,
            ok=receipt.ok is not False, **coin, **facts,
        )  # fmt: skip
    batch.add(
        "transactions",
        (chain.name, receipt.tx_hash, receipt.block, moment, receipt.tx_index, receipt.signer, receipt.receiver, receipt.ok,
         fee, method, nonce),
    )  # fmt: skip
    if fee:
        batch.add_transfer(kind="fee", sender=receipt.signer, receiver=None, amount=fee, **coin, **facts)
    return batch


def _time(receipt: Receipt, time: datetime | None, where: str) -> datetime:
    if time is not None:
        return time
    for log in receipt.logs:
        try:
            return own_time(log, receipt.block, {})
        except InputError:
            continue
    raise MalformedAnswer("the time of the block is not known", where=where, hint="Give the time, or ask for the block")
