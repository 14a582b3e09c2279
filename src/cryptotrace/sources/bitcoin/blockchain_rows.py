"""The list of an address as blockchain.info writes it (``multiaddr``). Pure.

An input names its coin by a number of the site and not by the hash of its transaction: where that transaction stands on the
same page it is known, else another explorer has to tell. So no hash can be reckoned again here; scripts, addresses and sums
are. Where an address only receives, its own outputs alone are shown (455 of 490 recorded rows; ``vout_sz`` tells how many there
are); where it spends, all are, so that money can be followed onward.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from cryptotrace.errors import MalformedAnswer
from cryptotrace.sources.bitcoin.coins import CoinInput, CoinOutput, CoinTransaction, effect_on
from cryptotrace.sources.bitcoin.esplora_rows import Odd, is_hex, why_not_placed, why_not_valued
from cryptotrace.sources.bitcoin.scripts import address_of, type_of

__all__ = ["Listing", "read_listing"]

_NO_COIN = 0xFFFFFFFF
_HASH = 64


class _Coin(msgspec.Struct):
    n: int
    script: str
    value: int
    tx_index: int = 0
    addr: str | None = None


class _Input(msgspec.Struct):
    sequence: int
    prev_out: _Coin | None = None


class _Row(msgspec.Struct):
    hash: str
    time: int
    fee: int
    inputs: list[_Input]
    out: list[_Coin]
    vin_sz: int
    vout_sz: int
    tx_index: int = 0
    block_height: int | None = None
    result: int | None = None


class _Place(msgspec.Struct):
    hash: str
    block_height: int | None = None


class _Address(msgspec.Struct):
    address: str
    n_tx: int
    total_received: int
    total_sent: int


class _Page(msgspec.Struct):
    addresses: list[_Address]
    txs: list[msgspec.Raw]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A page, and the site's own count of each address: transactions, received and spent base units."""

    rows: tuple[CoinTransaction | Odd, ...]
    counts: Mapping[str, tuple[int, int, int]]


_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_PAGE = msgspec.json.Decoder(_Page)
_ROW = msgspec.json.Decoder(_Row)
_PLACE = msgspec.json.Decoder(_Place)


def read_listing(body: bytes, *, subject: str | None = None, where: str = "blockchain_info") -> Listing:
    """Give the rows of a page and the counts that stand on it; O(bytes).

    Parameters
    ----------
    body : bytes
        The answer.
    subject : str, optional
        The one address that was asked for: what a row says that it did to it must be what its coins did.
    where : str
        For the error.

    Raises
    ------
    MalformedAnswer
        If it is no such page, or a row does not even say which it is.
    """
    try:
        page = _PAGE.decode(body)
        raws = [bytes(raw) for raw in page.txs]
        places = [_PLACE.decode(raw) for raw in raws]
    except _UNREADABLE as problem:
        raise MalformedAnswer("not the list of an address", where=where, hint="Ask again") from problem
    read = [_read(raw) for raw in raws]
    names = {row.tx_index: row.hash for row in read if isinstance(row, _Row) and row.tx_index > 0}
    rows = [_row(row, place, raw, names, subject) for row, place, raw in zip(read, places, raws, strict=True)]
    counts = {one.address: (one.n_tx, one.total_received, one.total_sent) for one in page.addresses}
    return Listing(rows=tuple(rows), counts=counts)


def _read(raw: bytes) -> _Row | str:
    try:
        row = _ROW.decode(raw)
    except _UNREADABLE as problem:
        return f"not a transaction: {problem}"
    return _why_not(row) or row


def _row(row: _Row | str, place: _Place, raw: bytes, names: Mapping[int, str], subject: str | None) -> CoinTransaction | Odd:
    found = row if isinstance(row, str) else _transaction(row, names, subject)
    if isinstance(found, str):
        return Odd(txid=place.hash, block=place.block_height, reason=found, raw=raw.decode("utf-8", "replace"))
    return found


def _why_not(row: _Row) -> str | None:
    """Say why a row cannot be true; None where it can."""
    coins = [one.prev_out for one in row.inputs if one.prev_out is not None and not _makes_coins(one)] + row.out
    if len(row.hash) != _HASH or not is_hex(row.hash):
        return "its hash is none"
    places = [one.n for one in row.out]
    if not row.inputs or len(row.inputs) != row.vin_sz or not places or places != sorted(set(places)):
        return "inputs or outputs are missing"
    if not 0 <= places[0] <= places[-1] < row.vout_sz:
        return "an output that is none"
    if row.block_height is not None and (why := why_not_placed(row.block_height, row.time)):
        return why
    if any(_pays_another(coin) for coin in coins):
        return "an address that its script does not pay"
    return why_not_valued([coin.script for coin in coins], [coin.value for coin in coins], row.fee)


def _pays_another(coin: _Coin) -> bool:
    """Whether another address is named than the script pays; a bare key is listed under the address of its hash."""
    return coin.addr is not None and coin.addr != address_of(coin.script) and type_of(coin.script) != "p2pk"


def _makes_coins(row: _Input) -> bool:
    return row.prev_out is None or (row.prev_out.n == _NO_COIN and not row.prev_out.tx_index)


def _transaction(row: _Row, names: Mapping[int, str], subject: str | None) -> CoinTransaction | str:
    tx = CoinTransaction(
        txid=row.hash,
        block=row.block_height,
        time=None if row.block_height is None else datetime.fromtimestamp(row.time, UTC),
        fee=row.fee,
        inputs=tuple(_input(one, names) for one in row.inputs),
        outputs=tuple(
            CoinOutput(position=one.n, script=one.script, address=address_of(one.script), amount=one.value, listed=one.addr)
            for one in row.out
        ),
        is_whole=len(row.out) == row.vout_sz,
    )
    effect = None if subject is None or row.result is None else effect_on(tx, subject)
    if effect is not None and effect.net != row.result:
        return "its coins are not what it is said to have done"
    return tx if tx.adds_up() else "inputs are not outputs and fee"


def _input(row: _Input, names: Mapping[int, str]) -> CoinInput:
    coin = row.prev_out
    if coin is None or _makes_coins(row):
        return CoinInput(
            spent_tx=None, spent_position=None, script=None, address=None, amount=None, coinbase=True, sequence=row.sequence
        )
    return CoinInput(
        spent_tx=names.get(coin.tx_index), spent_position=coin.n, script=coin.script, address=address_of(coin.script),
        amount=coin.value, sequence=row.sequence, listed=coin.addr,
    )  # fmt: skip
