"""Receipts of TRON's nodes: the logs of a transaction with their places, its fee, and what its contracts paid. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cryptotrace.errors import InputError, MalformedAnswer, NotIndexedYet
from cryptotrace.model import MAX_AMOUNT, canonical_tokens
from cryptotrace.schema import Batch
from cryptotrace.sources.evm.events import APPROVAL, STABLECOIN_EVENTS, TRANSFER
from cryptotrace.sources.tron.gathering import Place, add_event, add_move, raw_text
from cryptotrace.sources.tron.internals import add_inner, moves_of
from cryptotrace.sources.tron.spelling import CHAIN, address, in_word, moment, small_or_none, sun, tx_name

__all__ = ["receipt_of"]

_LONG = 2**63 - 1
_WORD = 64
_TOPIC = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_MOST_TOPICS = 4


def receipt_of(found: Any, tx_hash: str, *, where: str) -> Batch:
    """Read the answer of ``gettransactioninfobyid``.

    Parameters
    ----------
    found : object
        The answer, decoded.
    tx_hash : str
        The transaction that was asked for.
    where : str
        For errors and rejects.

    Returns
    -------
    Batch
        Token transfers with the place of their log in the transaction, events, internal transfers, and the fee of the
        transaction; the receipt does not say who signed it. Logs that do not fit are rejected.

    Raises
    ------
    NotIndexedYet
        If the node does not know it, or not yet: an empty receipt is never "no payments".
    MalformedAnswer
        If it is no receipt, or that of another transaction.
    """
    if found == {}:
        raise NotIndexedYet("the node does not know this transaction", where=where, hint="Ask again later")
    batch = Batch()
    try:
        place, receiver, fee, logs = _envelope(found, tx_hash)
        ok = found.get("result") != "FAILED"
        inner = moves_of(place, found.get("internal_transactions"), ok=ok)
    except InputError as problem:
        raise MalformedAnswer(problem.what, where=where, hint="Ask again, or another node") from problem
    batch.add("transactions", (CHAIN, tx_hash, place.block, place.time, None, None, receiver, ok, fee, None, None))
    for index, log in enumerate(logs):
        try:
            _add_log(batch, place, log, index)
        except InputError as problem:
            batch.reject(where, None, problem.what, raw_text(log))
    add_inner(batch, inner, ())
    return batch


def _envelope(found: Any, tx_hash: str) -> tuple[Place, str | None, int, list[Any]]:
    """Read where a receipt belongs, what was called, the fee and the logs."""
    if not isinstance(found, dict) or tx_name(found.get("id"), "id") != tx_hash:
        raise InputError("the receipt of another transaction")
    time = moment(found.get("blockTimeStamp"), "blockTimeStamp")
    place = Place(tx_hash=tx_hash, time=time, block=small_or_none(found.get("blockNumber"), "blockNumber", _LONG))
    called, logs = found.get("contract_address"), found.get("log", [])
    if not isinstance(logs, list):
        raise InputError("log is not a list")
    receiver = None if called in (None, "") else address(called, "contract_address")
    return place, receiver, sun(found.get("fee", 0), "fee"), logs


def _add_log(batch: Batch, place: Place, log: Any, index: int) -> None:
    topics = log.get("topics") if isinstance(log, dict) else None
    if not isinstance(topics, list) or not all(type(one) is str and _TOPIC.fullmatch(one) for one in topics):
        raise InputError("a log without topics of 32 bytes")
    if not topics or len(topics) == _MOST_TOPICS:
        return  # an event without a name, or of a collectible
    contract, topic = address(log.get("address"), "address"), f"0x{topics[0].lower()}"
    values = [*topics[1:], *_words(log)]
    if topic in (TRANSFER, APPROVAL):
        if len(values) != 3:
            raise InputError("a log of Transfer or Approval that has not three values")
        parties, amount = (in_word(values[0]), in_word(values[1])), int(values[2], 16)
        if topic == APPROVAL:
            add_event(
                batch, place, "approval", owner=parties[0], counterparty=parties[1], contract=contract, amount=amount,
                log_index=index,
            )  # fmt: skip
            return
        if amount > MAX_AMOUNT:
            raise InputError("value is larger than 10**38 - 1")
        add_move(
            batch, place, kind="token", sender=parties[0], receiver=parties[1], amount=amount, asset=contract, log_index=index
        )
        return
    _add_issuer_event(batch, place, topic, contract, values, index)


def _add_issuer_event(batch: Batch, place: Place, topic: str, contract: str, values: list[str], index: int) -> None:
    event, token = STABLECOIN_EVENTS.get(topic), canonical_tokens().get((CHAIN, contract))
    if event is None or token is None or not token.stable:
        return
    if len(values) != event.has_owner + event.has_amount:
        raise InputError(f"a log of {event.signature} with other values")
    owner = in_word(values[0]) if event.has_owner else None
    amount = int(values[-1], 16) if event.has_amount else None
    add_event(batch, place, event.kind, owner=owner, contract=contract, amount=amount, log_index=index)


def _words(log: Mapping[str, Any]) -> list[str]:
    data = log.get("data", "") or ""
    if type(data) is not str or len(data) % _WORD or set(data.lower()) - set("0123456789abcdef"):
        raise InputError("data is no whole number of words")
    return [data[at : at + _WORD] for at in range(0, len(data), _WORD)]
