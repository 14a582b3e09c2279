"""The honest answers about income without a transaction, in the words of Etherscan and of Blockscout's REST v2."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptotrace.testing.explorers._blockscout_spoil import Items
from cryptotrace.testing.explorers._replies import Reply, listing
from cryptotrace.testing.explorers._requests import Asked
from cryptotrace.testing.explorers._shapes import Row, block_hash
from cryptotrace.testing.explorers.incomes import IncomeRow

if TYPE_CHECKING:
    from cryptotrace.testing.explorers._index import ChainIndex

_GWEI = 10**9
_TYPES = {"blocks": "mined", "uncles": "uncle"}


def beacon_withdrawals(index: ChainIndex, asked: Asked) -> Reply:
    """Return a page of ``txsBeaconWithdrawal``."""
    address, paging = asked.address(), asked.paging()
    rows = [row for row in _of(index, "withdrawal", address) if paging.first <= row.block <= paging.last]
    ordered = rows if paging.ascending else rows[::-1]
    start = (paging.number - 1) * paging.size
    shown: list[Row] = [
        {
            "withdrawalIndex": str(row.index),
            "validatorIndex": str(row.index % 1_000),
            "address": address,
            "amount": str(row.amount // _GWEI),
            "blockNumber": str(row.block),
            "timestamp": str(index.time_of(row.block)),
        }
        for row in ordered[start : start + paging.size]
    ]
    return listing(shown, "No transactions found")


def mined_blocks(index: ChainIndex, asked: Asked) -> Reply:
    """Return a page of ``getminedblocks``: no window, newest first."""
    kind = _TYPES[asked.choice("blocktype", tuple(_TYPES), "blocks")]
    address, paging = asked.address(), asked.paging()
    rows = [row for row in _of(index, kind, address) if row.block <= asked.head][::-1]
    start = (paging.number - 1) * paging.size
    shown: list[Row] = [
        {"blockNumber": str(row.block), "timeStamp": str(index.time_of(row.block)), "blockReward": str(row.amount)}
        for row in rows[start : start + paging.size]
    ]
    return listing(shown, "No transactions found")


def rest_page(
    index: ChainIndex, subject: str, kind: str, cursor: Mapping[str, str], head: int, size: int
) -> tuple[Items, Mapping[str, str]]:
    """Return a page of REST v2, and its cursor as a query holds it."""
    name, field, shape = REST_INCOMES[kind]
    rows = [row for row in _of(index, name, subject) if row.block <= head][::-1]
    if cursor:
        rows = [row for row in rows if int(str(shape(index, row)[_SHOWN[field]])) < int(cursor[field])]
    shown = [shape(index, row) for row in rows[:size]]
    following = None
    if len(rows) > size:
        count = int(cursor.get("items_count", 0)) + len(shown)
        following = {field: shown[-1][_SHOWN[field]], "items_count": count}
    sent = {key: str(value) for key, value in (following or {}).items()}
    return Items(items=shown, cursor=following), sent


def _of(index: ChainIndex, kind: str, address: str) -> Sequence[IncomeRow]:
    return [row for row in index.incomes if row.kind == kind and row.receiver == address]


def _withdrawal(index: ChainIndex, row: IncomeRow) -> Row:
    return {
        "index": row.index,
        "validator_index": row.index % 1_000,
        "block_number": row.block,
        "amount": str(row.amount),
        "timestamp": _time(index, row),
    }


def _block(index: ChainIndex, row: IncomeRow) -> Row:
    """Return a block; before September 2022 it names what it paid, since then its maker gets fees alone."""
    is_old = row.block < _STAKED
    return {
        "height": row.block,
        "hash": block_hash(row.block),
        "timestamp": _time(index, row),
        "type": "block",
        "miner": {"hash": row.receiver, "is_contract": False},
        "rewards": [{"reward": str(row.amount), "type": "validator"}] if is_old else [],
        "priority_fee": None if is_old else str(row.amount),
    }


def _time(index: ChainIndex, row: IncomeRow) -> str:
    return datetime.fromtimestamp(index.time_of(row.block), UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


_STAKED = 15_537_394
_SHOWN = {"index": "index", "block_number": "height"}
REST_INCOMES: Mapping[str, tuple[str, str, Callable[[ChainIndex, IncomeRow], Row]]] = {
    "withdrawals": ("withdrawal", "index", _withdrawal),
    "blocks-validated": ("mined", "block_number", _block),
}
"""Last word of a path -> kind of rows, field of the cursor, form of an item."""
