"""Transactions as Esplora writes them. Pure.

Nothing is believed that can be reckoned again: the hash is taken over what the row says, so an output, a script or a spent
coin that was changed is found; addresses come from scripts; inputs are outputs and fee.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from cryptotrace.errors import MalformedAnswer
from cryptotrace.sources.bitcoin.coins import CoinInput, CoinOutput, CoinTransaction, hash_of
from cryptotrace.sources.bitcoin.scripts import address_of, type_of

__all__ = ["Odd", "is_hex", "read_transactions", "why_not_placed", "why_not_valued"]

_FIRST_TIME = 1_231_006_505
_LAST_TIME = 2**32
_MOST = 21 * 10**14
_TALLEST = 100_000_000
_HASH = 64
_HEX = re.compile("(?:[0-9a-f]{2})*", re.ASCII)


class _Coin(msgspec.Struct):
    scriptpubkey: str
    value: int
    scriptpubkey_address: str | None = None


class _Input(msgspec.Struct):
    txid: str
    vout: int
    scriptsig: str
    sequence: int
    is_coinbase: bool
    prevout: _Coin | None = None


class _Status(msgspec.Struct):
    confirmed: bool
    block_height: int | None = None
    block_time: int | None = None


class _Row(msgspec.Struct):
    txid: str
    version: int
    locktime: int
    vin: list[_Input]
    vout: list[_Coin]
    fee: int
    status: _Status


class _Place(msgspec.Struct):
    txid: str
    status: _Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """A row that cannot be true, with what it says of its place, why it is refused, and its text."""

    txid: str
    block: int | None
    reason: str
    raw: str


_ROWS = msgspec.json.Decoder(list[_Row])
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_ROW = msgspec.json.Decoder(_Row)
_PLACE = msgspec.json.Decoder(_Place)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_transactions(body: bytes, *, chain: str = "bitcoin", where: str = "esplora") -> list[CoinTransaction | Odd]:
    """Give the rows of a list, or of one transaction; O(bytes).

    Parameters
    ----------
    body : bytes
        JSON: a list of transactions, or one.
    chain : str
        For addresses.
    where : str
        For the error.

    Raises
    ------
    MalformedAnswer
        If it is no list, or a row does not even say which it is.
    """
    text = body if body.lstrip()[:1] in (b"[", b"") else b"[%b]" % body
    try:
        rows = _ROWS.decode(text)
    except _UNREADABLE:
        rows = []
    else:
        found = [_read(row, chain) for row in rows]
        if not any(isinstance(one, str) for one in found):
            return [one for one in found if not isinstance(one, str)]
    try:
        return [_one(bytes(raw), chain) for raw in _RAWS.decode(text)]
    except _UNREADABLE as problem:
        raise MalformedAnswer("not a list of transactions", where=where, hint="Ask again") from problem


def _one(raw: bytes, chain: str) -> CoinTransaction | Odd:
    try:
        found = _read(_ROW.decode(raw), chain)
    except _UNREADABLE as problem:
        found = f"not a transaction: {problem}"
    if not isinstance(found, str):
        return found
    place = _PLACE.decode(raw)
    block = place.status.block_height if place.status.confirmed else None
    return Odd(txid=place.txid, block=block, reason=found, raw=raw.decode("utf-8", "replace"))


def _read(row: _Row, chain: str) -> CoinTransaction | str:
    """Give a transaction, or why the row is none."""
    status = row.status
    block, seconds = (status.block_height, status.block_time) if status.confirmed else (None, None)
    if status.confirmed and (why := why_not_placed(block, seconds)):
        return why
    coins = [one.prevout for one in row.vin if one.prevout is not None] + row.vout
    if why := why_not_valued([coin.scriptpubkey for coin in coins], [coin.value for coin in coins], row.fee):
        return why
    if any((one.prevout is None) is not one.is_coinbase for one in row.vin) or not row.vin or not row.vout:
        return "an input without its coin"
    if not _is_named_by_itself(row):
        return "its hash is of something else"
    if any(_pays_another(coin, chain) for coin in coins):
        return "an address that its script does not pay"
    tx = CoinTransaction(
        txid=row.txid,
        block=block,
        time=None if seconds is None else datetime.fromtimestamp(seconds, UTC),
        fee=row.fee,
        inputs=tuple(_input(one, chain) for one in row.vin),
        outputs=tuple(
            CoinOutput(position=at, script=one.scriptpubkey, address=address_of(one.scriptpubkey, chain), amount=one.value)
            for at, one in enumerate(row.vout)
        ),
    )
    return tx if tx.adds_up() else "inputs are not outputs and fee"


def why_not_placed(block: int | None, seconds: int | None) -> str | None:
    """Say why a block and its Unix time cannot be; None where they can."""
    fits = block is not None and seconds is not None and 0 <= block < _TALLEST and _FIRST_TIME <= seconds < _LAST_TIME
    return None if fits else "its block or its time cannot be"


def why_not_valued(scripts: Sequence[str], amounts: Sequence[int], fee: int) -> str | None:
    """Say why coins cannot be; None where they can."""
    if not all(0 <= amount <= _MOST for amount in (*amounts, fee)):
        return "an amount is out of range"
    return None if all(map(is_hex, scripts)) else "a script that is no lower-case hex"


def is_hex(text: str) -> bool:
    """Whether a text is whole bytes in lower-case hex."""
    return _HEX.fullmatch(text) is not None


def _is_named_by_itself(row: _Row) -> bool:
    if any(len(one.txid) != _HASH or not is_hex(one.txid) for one in row.vin):
        return False
    try:
        return row.txid == hash_of(
            version=row.version,
            locktime=row.locktime,
            inputs=[(one.txid, one.vout, one.scriptsig, one.sequence) for one in row.vin],
            outputs=[(one.value, one.scriptpubkey) for one in row.vout],
        )
    except (ValueError, OverflowError):
        return False


def _pays_another(coin: _Coin, chain: str) -> bool:
    """Whether an explorer names an address that the script does not pay; some name none for newer kinds."""
    if coin.scriptpubkey_address is None:
        return False
    return coin.scriptpubkey_address != address_of(coin.scriptpubkey, chain) and type_of(coin.scriptpubkey) != "p2pk"


def _input(row: _Input, chain: str) -> CoinInput:
    if row.prevout is None:
        return CoinInput(
            spent_tx=None, spent_position=None, script=None, address=None, amount=None, coinbase=True, sequence=row.sequence
        )
    script = row.prevout.scriptpubkey
    return CoinInput(
        spent_tx=row.txid, spent_position=row.vout, script=script, address=address_of(script, chain),
        amount=row.prevout.value, sequence=row.sequence,
    )  # fmt: skip
