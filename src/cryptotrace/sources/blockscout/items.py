"""Items of Blockscout's REST v2 to transfers. Pure.

Field names of older servers are read too: ``tx_hash``, ``block``, ``token.address``, indices as text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from cryptotrace.codecs import ChainInfo, null_address
from cryptotrace.errors import InputError, MalformedAnswer
from cryptotrace.schema import Batch
from cryptotrace.sources.cells import amount, counter, exact_integer, hash_text, plain, utc_time
from cryptotrace.sources.evm.amounts import name_of
from cryptotrace.sources.evm.events import WRAPPED_COINS
from cryptotrace.sources.intake import Intake

__all__ = ["Placed", "Wrapping", "batch_of", "outcome", "parties_of", "place_of", "wrapping_of"]

_INT = 2**31 - 1
_MOST_DECIMALS = 255
_BYZANTIUM = {"ethereum": 4_370_000, "ethereum_classic": 8_772_000}
"""Chain -> first block whose receipts say whether a transaction succeeded."""
_MONEY = "ERC-20"


_DIGITS = re.compile(r"[0-9]{1,78}", re.ASCII)


class Placed(NamedTuple):
    """Where an item stands in its list, and what tells it from every other; no block while it is pending."""

    block: int | None
    name: str


def place_of(stream: str, item: Any) -> Placed:
    """Give the place of an item.

    Raises
    ------
    MalformedAnswer
        If it has none: then the page is none of this list.
    """
    if not isinstance(item, dict):
        raise MalformedAnswer("an item is no object", where="blockscout", hint="Ask again")
    try:
        name = name_of(_hash(item), "hash")
        block = counter(_block(item), "block_number")
        if stream != "native":
            name += f":{_index(item, 'log_index' if stream == 'token' else 'index')}"
    except InputError as problem:
        raise MalformedAnswer(
            f"no item of the list {stream}: {problem.what}", where="blockscout", hint="Ask again"
        ) from problem
    is_pending = stream == "native" and _block(item) is None and item.get("status") is None
    if block is None and not is_pending:
        raise MalformedAnswer(f"an item of the list {stream} without a block", where="blockscout", hint="Ask again")
    return Placed(block, name)


def _hash(item: Mapping[str, Any]) -> Any:
    return next((item[name] for name in ("hash", "transaction_hash", "tx_hash") if item.get(name)), None)


def _block(item: Mapping[str, Any]) -> Any:
    return item.get("block_number") if item.get("block_number") is not None else item.get("block")


def _index(item: Mapping[str, Any], column: str) -> int:
    found = counter(item.get(column), column, _INT)
    if found is None:
        raise InputError(f"{column} is missing")
    return found


def parties_of(item: Mapping[str, Any]) -> set[str]:
    """Give the addresses that an item is about, in lower case."""
    found = (item.get(name) for name in ("from", "to", "created_contract"))
    return {str(one.get("hash")).lower() for one in found if isinstance(one, dict)}


def batch_of(stream: str, items: list[Any], chain: ChainInfo, *, file: str) -> Batch:
    """Turn items of a list into transfers; what does not fit is rejected whole.

    Parameters
    ----------
    stream : str
        ``native``, ``internal`` or ``token``.
    items : list
        As they came, pending ones left out. Tokens of other standards than ERC-20 are no money and passed over.
    chain : ChainInfo
        Their chain.
    file : str
        For rejects.

    Returns
    -------
    Batch
        ``transfers``, ``transactions``, ``rejects``.

    Notes
    -----
    O(items). An inner payment has no ``trace_path``: ``index`` counts calls in the order of the trace, which no other explorer
    does, and a place that only one explorer knows would make two rows of one payment.
    """
    intake = Intake(len(items) + 1)
    target = _Target(chain, intake)
    for item in items:
        try:
            _ADDERS[stream](item, target)
        except InputError as problem:
            intake.batch.reject(file, None, problem.what, _raw(item))
    return intake.take()


@dataclass(frozen=True, slots=True)
class _Target:
    chain: ChainInfo
    intake: Intake

    def party(self, item: Mapping[str, Any], column: str) -> str | None:
        """Give a party of an item; None where there is nobody."""
        found = item.get(column)
        if found is None:
            return None
        if not isinstance(found, dict):
            raise InputError(f"{column} is no address")
        return self.intake.address(found.get("hash"), self.chain.name, column)

    def sender(self, item: Mapping[str, Any]) -> str:
        """Give who pays."""
        found = self.party(item, "from")
        if found is None:
            raise InputError("from is missing")
        return found

    def facts(self, item: Mapping[str, Any], tx_index: Any) -> dict[str, Any]:
        """Give what every row of an item has."""
        return {
            "chain": self.chain.name, "tx_hash": hash_text(_hash(item), "hash"), "block": counter(_block(item), "block_number"),
            "time": utc_time(item.get("timestamp"), "timestamp"), "tx_index": counter(tx_index, "position", _INT),
        }  # fmt: skip

    @property
    def coin(self) -> dict[str, Any]:
        """Give the coin of the chain, as rows name it."""
        return {"symbol": self.chain.native_symbol, "decimals": self.chain.native_decimals}


def _value(cell: Any, column: str) -> int:
    """Read an amount, which is text in plain digits here and nothing else."""
    if type(cell) is not str or not _DIGITS.fullmatch(cell):
        raise InputError(f"{column} is not a whole number in plain digits")
    return amount(cell, column)


def _native(item: Mapping[str, Any], target: _Target) -> None:
    get, batch = item.get, target.intake.batch
    facts = target.facts(item, get("position"))
    sender = target.sender(item)
    receiver = target.party(item, "to") or target.party(item, "created_contract")
    value, fee, nonce = _value(get("value"), "value"), _fee(item), counter(get("nonce"), "nonce")
    ok = outcome(target.chain, facts["block"], get("status"), get("gas_used"), get("gas_limit"))
    data = get("raw_input")
    method = data[:10] if isinstance(data, str) and len(data) >= len("0x12345678") else "0x"
    batch.add_transfer(kind="native", sender=sender, receiver=receiver, amount=value, ok=ok, **target.coin, **facts)
    place = (facts["chain"], facts["tx_hash"], facts["block"], facts["time"], facts["tx_index"])
    batch.add("transactions", (*place, sender, receiver, ok, fee, plain(method), nonce))
    if fee:
        batch.add_transfer(kind="fee", sender=sender, receiver=None, amount=fee, **target.coin, **facts)


def _fee(item: Mapping[str, Any]) -> int | None:
    """Give what was paid, with the part for data on layer 1; None where it is not told, or was paid in a token."""
    fee, celo = item.get("fee"), item.get("celo")
    if isinstance(celo, dict) and celo.get("gas_token") is not None:
        return None
    if not isinstance(fee, dict) or fee.get("type") != "actual" or fee.get("value") is None:
        return None
    return _value(fee["value"], "fee")


def outcome(chain: ChainInfo, block: int | None, status: Any, used: Any, limit: Any) -> bool:
    """Say whether a transaction succeeded: by its status, and before there was one by its gas.

    Before Byzantium a transaction that failed lost all of its gas, so one that kept some did not fail. One that used all of it
    may have done either.

    Raises
    ------
    InputError
        If it cannot be known from this row.
    """
    if status in ("ok", "error"):
        return bool(status == "ok")
    if status is None and block is not None and block < _BYZANTIUM.get(chain.name, 0):
        if exact_integer(used, "gas_used") < exact_integer(limit, "gas_limit"):
            return True
        raise InputError("whether it succeeded is not known: it used all of its gas before receipts had a status")
    raise InputError("whether it succeeded is not known")


def _internal(item: Mapping[str, Any], target: _Target) -> None:
    get = item.get
    receiver = target.party(item, "to") or target.party(item, "created_contract")
    ok = get("success")
    if not isinstance(ok, bool):
        raise InputError("success is neither true nor false")
    if receiver is None and ok:
        raise InputError("to is empty")
    target.intake.batch.add_transfer(
        kind="internal", sender=target.sender(item), receiver=receiver, amount=_value(get("value"), "value"), ok=ok,
        call_type=plain(get("type")) or None, **target.coin, **target.facts(item, get("transaction_index")),
    )  # fmt: skip


def _token(item: Mapping[str, Any], target: _Target) -> None:
    token, total = item.get("token"), item.get("total")
    if not isinstance(token, dict):
        raise InputError("the token is missing")
    if (item.get("token_type") or token.get("type")) != _MONEY:
        return
    if not isinstance(total, dict):
        raise InputError("the amount is missing")
    sender, receiver = target.sender(item), target.party(item, "to")
    if receiver is None:
        raise InputError("to is missing")
    contract = target.intake.address(token.get("address_hash") or token.get("address"), target.chain.name, "token")
    place = wrapping_of(target.chain, contract, sender, receiver)
    target.intake.batch.add_transfer(
        kind=place.kind, sender=place.sender, receiver=place.receiver, contract=contract, symbol=plain(token.get("symbol")),
        decimals=_decimals(token, total), amount=_value(total.get("value"), "value"),
        log_index=_index(item, "log_index"), **target.facts(item, None),
    )  # fmt: skip


def _decimals(token: Mapping[str, Any], total: Mapping[str, Any]) -> int | None:
    """Junk tokens write anything here; what no token can have is unknown, and the amount stays."""
    found = token.get("decimals") if token.get("decimals") is not None else total.get("decimals")
    try:
        return counter(found, "decimals", _MOST_DECIMALS)
    except InputError:
        return None


class Wrapping(NamedTuple):
    """What a row of a token list really is."""

    kind: str
    sender: str
    receiver: str


def wrapping_of(chain: ChainInfo, contract: str, sender: str, receiver: str) -> Wrapping:
    """Say what a row of a token list is: the explorer shows wraps as payments from and to the zero address.

    The wrapped coins of :data:`~cryptotrace.sources.evm.events.WRAPPED_COINS` log ``Deposit`` and ``Withdrawal`` and no
    ``Transfer`` beside them; the explorer makes a token row of each, at the place of that event. Here it becomes what the
    receipt says (``wrap`` from the contract, ``unwrap`` to it), so that both are one row in the store and no token is issued
    or burnt that was not.

    Parameters
    ----------
    chain : ChainInfo
        The chain.
    contract, sender, receiver : str
        The row, in stored form.

    Notes
    -----
    All eight recorded rows of this kind, held against their receipts, are right in direction, amount and log index. A real
    payment of such a coin to the zero address reads as ``unwrap`` here.
    """
    nobody = null_address(chain.name)
    if WRAPPED_COINS.get(chain.name) == contract:
        if sender == nobody:
            return Wrapping("wrap", contract, receiver)
        if receiver == nobody:
            return Wrapping("unwrap", sender, contract)
    return Wrapping("token", sender, receiver)


_ADDERS = {"native": _native, "internal": _internal, "token": _token}


def _raw(item: Any) -> str:
    import msgspec

    return plain(msgspec.json.encode(item).decode()) or ""
