"""Event logs to rows: payments of tokens, wraps, approvals, and what issuers freeze and destroy. Pure.

Read are logs of ``eth_getLogs`` and of receipts, of Etherscan's ``getLogs`` (numbers without digits, its own time) and of
Blockscout (topics padded with null). What is not money is passed over: collectibles (ERC-721 has four topics, ERC-1155 its own
events), and every event that :mod:`~cryptotrace.sources.evm.events` does not name.

Issue and burning of a token stand as ``token`` rows from and to the zero address, as in every other format: the kind is part
of a transfer's identity, and the same row comes from account lists too.

Wrapped coins: where a chain's contract logs no ``Transfer`` (``WRAPPED_COINS``), ``Deposit`` becomes a row of kind ``wrap``
from the contract to the holder, ``Withdrawal`` one of kind ``unwrap`` back. That is the very row which tracing would imply from
the payment of coins (``tracing.wraps``), and it implies none where one of the same amount and direction stands: so a wrap
counts once, with logs or without.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptotrace.codecs import ChainInfo, null_address
from cryptotrace.errors import InputError
from cryptotrace.model import MAX_AMOUNT, canonical_tokens
from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources.evm.amounts import address, address_in, block_number, name_of, own_time, raw_of, small, words_of
from cryptotrace.sources.evm.events import (
    APPROVAL,
    COLLECTIBLES,
    DEPOSIT,
    STABLECOIN_EVENTS,
    TRANSFER,
    WITHDRAWAL,
    WRAPPED_COINS,
)

__all__ = ["Log", "kind_of", "read_log", "read_logs"]

_NO_TIMES: Mapping[int, datetime] = {}
_MOST_TOPICS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One event.

    Attributes
    ----------
    chain, tx_hash, contract : str
        Where it was written.
    block, tx_index, log_index : int
        Its place; the log index counts over the block.
    time : datetime
        Of its block.
    topic : str or None
        What event it is.
    values : tuple of str or None
        Its further topics, then its data, in words of 32 bytes without ``0x``: layouts that index different fields of one
        event give the same values. None where the data is no whole number of words.
    topics : int
        How many topics it has.
    """

    chain: str
    tx_hash: str
    contract: str
    block: int
    tx_index: int
    log_index: int
    time: datetime
    topic: str | None
    values: tuple[str, ...] | None
    topics: int


def read_log(cells: Any, chain: ChainInfo, *, times: Mapping[int, datetime] = _NO_TIMES) -> Log:
    """Read the envelope of one log.

    Parameters
    ----------
    cells : object
        As it came.
    chain : ChainInfo
        Its chain.
    times : mapping of int to datetime
        Block -> time, for logs without a time of their own.

    Raises
    ------
    InputError
        If it is no log, was taken back by a reorganisation, or has no time.
    """
    if not isinstance(cells, dict):
        raise InputError("a log is not an object")
    if cells.get("removed"):
        raise InputError("the log was removed by a reorganisation of the chain")
    topics = _topics(cells.get("topics"))
    words = words_of(cells.get("data"))
    block = block_number(cells.get("blockNumber"))
    return Log(
        chain=chain.name,
        tx_hash=name_of(cells.get("transactionHash")),
        contract=address(cells.get("address"), chain.name, "address"),
        block=block,
        tx_index=small(cells.get("transactionIndex"), "transactionIndex"),
        log_index=small(cells.get("logIndex"), "logIndex"),
        time=own_time(cells, block, times),
        topic=topics[0] if topics else None,
        values=None if words is None else (*(topic[2:] for topic in topics[1:]), *words),
        topics=len(topics),
    )


def _topics(found: Any) -> list[str]:
    """Read topics; Blockscout pads them to four with null."""
    if not isinstance(found, list) or len(found) > _MOST_TOPICS:
        raise InputError("topics are not a list of at most four")
    topics = list(found)
    while topics and topics[-1] is None:
        topics.pop()
    for topic in topics:
        words = None if type(topic) is not str else words_of(topic)
        if words is None or len(words) != 1:
            raise InputError("a topic is not one word of 32 bytes")
    return [topic.lower() for topic in topics]


def kind_of(log: Log) -> str:
    """Say what a log is.

    Returns
    -------
    str
        ``transfer``, ``collectible``, ``approval``, ``wrap``, ``unwrap``, a kind of
        :class:`~cryptotrace.sources.evm.events.StablecoinEvent`, or ``other``.
    """
    if log.topic in (TRANSFER, APPROVAL) and log.topics == _MOST_TOPICS:
        return "collectible"
    if log.topic in COLLECTIBLES:
        return "collectible"
    if log.topic == TRANSFER:
        return "transfer"
    if log.topic == APPROVAL:
        return "approval"
    if log.topic in (DEPOSIT, WITHDRAWAL) and WRAPPED_COINS.get(log.chain) == log.contract:
        return "wrap" if log.topic == DEPOSIT else "unwrap"
    event = STABLECOIN_EVENTS.get(log.topic or "")
    token = None if event is None else canonical_tokens().get((log.chain, log.contract))
    return event.kind if event is not None and token is not None and token.stable else "other"


def read_logs(
    rows: Iterable[Any],
    chain: ChainInfo,
    *,
    times: Mapping[int, datetime] = _NO_TIMES,
    listing: int = 0,
    whole: bool = False,
    file: str = "logs",
) -> Batch:
    """Turn logs into transfers and events; what does not fit is rejected whole.

    Parameters
    ----------
    rows : iterable
        Logs as they came, in any order.
    chain : ChainInfo
        Their chain.
    times : mapping of int to datetime
        Block -> time, for logs without a time of their own.
    listing : int
        The listing that these rows are.
    whole : bool
        Whether these are all logs of their transactions. Then a wrap beside which the contract also logged a ``Transfer`` is
        left out, whatever ``WRAPPED_COINS`` says.
    file : str
        For rejects.

    Returns
    -------
    Batch
        ``transfers`` of the kinds ``token``, ``wrap`` and ``unwrap``, all with a log index; ``events``; ``rejects``.

    Notes
    -----
    O(logs). Symbols and decimals are unknown to a log. An event of a name that only issuers have is taken from the stable
    contracts that we vouch for: any other contract may write what it likes.
    """
    batch = Batch()
    for cells in rows:
        try:
            log = read_log(cells, chain, times=times)
            _ADDERS.get(kind_of(log), _pass_over)(log, batch, listing)
        except InputError as problem:
            batch.reject(file, None, problem.what, raw_of(cells))
    return _without_logged_wraps(batch) if whole else batch


def _pass_over(log: Log, batch: Batch, listing: int) -> None:
    """Leave an event that is no money."""


def _transfer(log: Log, batch: Batch, listing: int) -> None:
    sender, receiver, value = _values(log, "Transfer", 3)
    _add(
        log, batch, listing, kind="token", sender=_party(sender, "Transfer"), receiver=_party(receiver, "Transfer"),
        amount=int(value, 16),
    )  # fmt: skip


def _wrap(log: Log, batch: Batch, listing: int) -> None:
    holder, value = _values(log, "Deposit", 2)
    _add(log, batch, listing, kind="wrap", sender=log.contract, receiver=_party(holder, "Deposit"), amount=int(value, 16))


def _unwrap(log: Log, batch: Batch, listing: int) -> None:
    holder, value = _values(log, "Withdrawal", 2)
    _add(log, batch, listing, kind="unwrap", sender=_party(holder, "Withdrawal"), receiver=log.contract, amount=int(value, 16))


def _add(log: Log, batch: Batch, listing: int, *, kind: str, sender: str, receiver: str, amount: int) -> None:
    batch.add_transfer(
        chain=log.chain, tx_hash=log.tx_hash, kind=kind, block=log.block, time=log.time, tx_index=log.tx_index,
        log_index=log.log_index, sender=sender, receiver=receiver, contract=log.contract, amount=amount, listing=listing,
    )  # fmt: skip


def _approval(log: Log, batch: Batch, _listing: int) -> None:
    owner, spender, value = _values(log, "Approval", 3)
    _event(log, batch, "approval", _party(owner, "Approval"), _party(spender, "Approval"), int(value, 16))


def _issuer_event(log: Log, batch: Batch, _listing: int) -> None:
    event = STABLECOIN_EVENTS[log.topic or ""]
    values = list(_values(log, event.signature, event.has_owner + event.has_amount))
    owner = _party(values.pop(0), event.signature) if event.has_owner else None
    _event(log, batch, event.kind, owner, None, int(values[0], 16) if values else None)


def _event(log: Log, batch: Batch, kind: str, owner: str | None, counterparty: str | None, amount: int | None) -> None:
    # An unlimited approval is larger than any amount, so its text is kept beside.
    exact = amount if amount is not None and amount <= MAX_AMOUNT else None
    raw = None if amount is None else str(amount)
    batch.add(
        "events",
        (log.chain, log.tx_hash, log.log_index, kind, log.block, log.time, log.contract, owner, counterparty, exact, raw),
    )


_ADDERS = {
    "transfer": _transfer,
    "wrap": _wrap,
    "unwrap": _unwrap,
    "approval": _approval,
    **dict.fromkeys({event.kind for event in STABLECOIN_EVENTS.values()}, _issuer_event),
}


def _values(log: Log, event: str, count: int) -> tuple[str, ...]:
    if log.values is None or len(log.values) != count:
        raise InputError(f"a log of {event} that has not {count} values of 32 bytes")
    return log.values


def _party(word: str, event: str) -> str:
    found = address_in(word)
    if found is None:
        raise InputError(f"a log of {event} whose parties are no addresses")
    return found


def _without_logged_wraps(batch: Batch) -> Batch:
    """Leave out wraps beside which the contract logged a ``Transfer`` from or to nobody."""
    rows = batch.rows.get("transfers", [])
    names = WIDE["transfers"].names
    kind, tx, contract, sender, receiver, amount, chain = (
        names.index(name) for name in ("kind", "tx_hash", "contract", "sender", "receiver", "amount", "chain")
    )
    logged: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        nobody = null_address(row[chain])
        if row[kind] == "token" and nobody in (row[sender], row[receiver]):
            is_made = row[sender] == nobody
            logged[row[tx], row[contract], row[receiver] if is_made else row[sender], row[amount], is_made] += 1
    kept = []
    for row in rows:
        is_made = row[kind] == "wrap"
        place = (row[tx], row[contract], row[receiver] if is_made else row[sender], row[amount], is_made)
        if row[kind] in ("wrap", "unwrap") and logged[place]:
            logged[place] -= 1
        else:
            kept.append(row)
    if rows:
        batch.rows["transfers"] = kept
    return batch
