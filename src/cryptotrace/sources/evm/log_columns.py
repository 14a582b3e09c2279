"""Logs in columns: payments and approvals of the usual form become Arrow without a Python value for each of their cells.

The definition of a row stays in :mod:`~cryptotrace.sources.evm.logs`. A log that is not of the usual form is named, not judged:
whoever asked reads it by that definition. So every check here may refuse too much, never too little.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from cryptotrace.codecs import ChainInfo
from cryptotrace.model import MAX_AMOUNT
from cryptotrace.schema import WIDE, arrow_type
from cryptotrace.sources.evm.events import APPROVAL, TRANSFER

__all__ = ["LogColumns", "LogRow", "are_hex", "columns_of_logs", "letters_of", "tables_of_logs"]

_KINDS = frozenset((TRANSFER, APPROVAL))
_HASH, _ADDRESS = 66, 42
_TOPICS = 3
_ZERO, _MARK = b"0x"
_WRITTEN = np.zeros(256, dtype=bool)
_WRITTEN[list(b"0123456789abcdef")] = True
_HIGHEST, _LOWEST = divmod(MAX_AMOUNT, 2**64)
_AMOUNT = pa.decimal128(38, 0)
Letters = np.ndarray[Any, np.dtype[np.uint8]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
Numbers = np.ndarray[Any, np.dtype[np.int64]]
Halves = np.ndarray[Any, np.dtype[np.uint64]]


class LogRow(msgspec.Struct, gc=False):
    """What a log says; any other type of a field is a mismatch."""

    address: str
    topics: list[str]
    data: str
    block: str = msgspec.field(name="blockNumber")
    tx_hash: str = msgspec.field(name="transactionHash")
    tx_index: str = msgspec.field(name="transactionIndex")
    index: str = msgspec.field(name="logIndex")
    block_hash: str | None = msgspec.field(name="blockHash", default=None)
    removed: bool | None = None
    time: str | None = msgspec.field(name="blockTimestamp", default=None)
    other_time: str | None = msgspec.field(name="timeStamp", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogColumns:
    """Logs of the usual form by column.

    Attributes
    ----------
    usual : array of bool
        Which of the logs that were given are of that form; the other fields are of those alone.
    pays : array of bool
        Whether a log is a payment; else it is an approval.
    contract, sender, receiver : array of letters
        The parties; of an approval, who owns and who may spend.
    amount : array
        Four numbers of 64 bits each, the highest first.
    """

    usual: Mask
    pays: Mask
    contract: Letters
    sender: Letters
    receiver: Letters
    amount: Halves

    def __len__(self) -> int:
        return len(self.pays)


def columns_of_logs(rows: Sequence[LogRow]) -> LogColumns:
    """Read the logs of three topics and one word of data that are payments or approvals, all in lower case.

    Notes
    -----
    O(letters). Hashes, numbers and times are not looked at. A payment beyond our range is not of the usual form; an approval
    may be of any amount.
    """
    usual = np.ones(len(rows), dtype=bool)
    chosen: Sequence[LogRow] = rows
    if not _are_of_the_usual_shape(rows):
        usual = np.array([_are_of_the_usual_shape((row,)) for row in rows], dtype=bool)
        chosen = [row for row, fits in zip(rows, usual.tolist(), strict=True) if fits]
    contract = letters_of([row.address for row in chosen], _ADDRESS)
    sender, receiver = (letters_of([row.topics[at] for row in chosen], _HASH) for at in (1, 2))
    data = letters_of([row.data for row in chosen], _HASH)
    pays = np.array([row.topics[0] == TRANSFER for row in chosen], dtype=bool)
    fits = are_hex(contract) & are_hex(sender) & are_hex(receiver) & are_hex(data)
    for party in (sender, receiver):
        fits &= (party[:, 2 : _HASH - 40] == _ZERO).all(axis=1)
    amount = _halves(data, fits)
    fits &= ~pays | _are_in_range(amount)
    found = (pays, contract, sender[:, _HASH - 40 :], receiver[:, _HASH - 40 :], amount)
    if not fits.all():
        found = tuple(column[fits] for column in found)  # type: ignore[assignment]
        usual[usual] = fits
    return LogColumns(
        usual=usual, pays=found[0], contract=found[1], sender=found[2], receiver=found[3], amount=found[4],
    )  # fmt: skip


def _are_of_the_usual_shape(rows: Sequence[LogRow]) -> bool:
    """Whether all are payments or approvals of three topics and one word, by their widths."""
    topics = [row.topics for row in rows]
    if set(map(len, topics)) != {_TOPICS}:
        return False
    kinds, *parties = zip(*topics, strict=True)
    texts = [(_ADDRESS, [row.address for row in rows]), (_HASH, [row.data for row in rows]), *((_HASH, one) for one in parties)]
    return _KINDS.issuperset(kinds) and all(
        set(map(len, column)) == {width} and "".join(column).isascii() for width, column in texts
    )


def tables_of_logs(
    columns: LogColumns, chain: ChainInfo, *, tx_hash: Letters, block: Numbers, tx_index: Numbers, log_index: Numbers,
    time: Numbers,
) -> dict[str, list[pa.Table]]:  # fmt: skip
    """Turn logs of the usual form into tables with the columns of :data:`WIDE`, in the order in which they come.

    Parameters
    ----------
    columns : LogColumns
        The logs.
    chain : ChainInfo
        Their chain.
    tx_hash, block, tx_index, log_index : array
        Their places, one for each of these logs.
    time : array of int
        Unix seconds of their blocks.

    Notes
    -----
    O(cells), amounts exact: words of 32 bytes become ``decimal128`` by their bytes.
    """
    placed: dict[str, Any] = {
        "tx_hash": _texts(tx_hash),
        "block": pa.array(block),
        "time": pa.array(time).cast(pa.timestamp("s")).cast(pa.timestamp("us")),
        "log_index": pa.array(log_index.astype(np.int32)),
        "contract": _texts(columns.contract),
    }
    sender, receiver = (_texts(_marked(party)) for party in (columns.sender, columns.receiver))
    tables: dict[str, list[pa.Table]] = {}
    if columns.pays.any():
        moved = placed | {
            "kind": "token", "tx_index": pa.array(tx_index.astype(np.int32)), "sender": sender, "receiver": receiver,
            "amount": _amounts(columns.amount), "ok": True, "listing": 0,
        }  # fmt: skip
        tables["transfers"] = [_chosen(_table("transfers", moved, chain, len(columns)), columns.pays)]
    if not columns.pays.all():
        events = _chosen(_table("events", placed | {"kind": "approval", "owner": sender, "counterparty": receiver}, chain,
                                len(columns)), ~columns.pays)  # fmt: skip
        amount = columns.amount[~columns.pays]
        raw = pa.array([_text(*words) for words in amount.tolist()], pa.string())
        for name, column in (("amount", _amounts(amount, _are_in_range(amount))), ("raw_amount", raw)):
            events = events.set_column(events.column_names.index(name), name, column)
        tables["events"] = [events]
    return tables


def _chosen(table: pa.Table, which: Mask) -> pa.Table:
    return table if which.all() else table.filter(pa.array(which))


def _text(*words: int) -> str:
    """Give the number that four numbers of 64 bits make."""
    number = 0
    for word in words:
        number = number << 64 | word
    return str(number)


def _table(name: str, ready: dict[str, Any], chain: ChainInfo, size: int) -> pa.Table:
    """Put columns into the order of the table; one value stands for all rows, what is not given is unknown."""
    arrays = []
    for column in WIDE[name].columns:
        value = chain.name if column.name == "chain" else ready.get(column.name)
        given = isinstance(value, pa.Array)
        arrays.append(value if given else pa.repeat(pa.scalar(value, arrow_type(column.type)), size))
    return pa.table(arrays, names=list(WIDE[name].names))


# -- letters and words ---------------------------------------------------------------------------------------------------


def letters_of(texts: Sequence[str], width: int) -> Letters:
    """Put texts of one width, of ASCII alone, below each other."""
    return np.frombuffer("".join(texts).encode(), dtype=np.uint8).reshape(-1, width)


def are_hex(letters: Letters) -> Mask:
    """Say which rows are ``0x`` and digits in lower case."""
    fits: Mask = (letters[:, 0] == _ZERO) & (letters[:, 1] == _MARK)
    fits &= _WRITTEN[letters[:, 2:]].all(axis=1)
    return fits


def _marked(digits: Letters) -> Letters:
    """Put ``0x`` in front."""
    found = np.empty((len(digits), digits.shape[1] + 2), dtype=np.uint8)
    found[:, 0], found[:, 1], found[:, 2:] = _ZERO, _MARK, digits
    return found


def _texts(letters: Letters) -> pa.Array:
    rows, width = letters.shape
    ends = np.arange(0, rows * width + 1, width, dtype=np.int32)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(letters)))


def _halves(words: Letters, fits: Mask) -> Halves:
    """Give the four numbers of 64 bits of each word, the highest first; of no meaning where it does not fit."""
    digits = words[:, 2:]
    if not fits.all():
        digits = np.where(fits[:, None], digits, np.uint8(_ZERO))
    return np.frombuffer(unhexlify(digits.tobytes()), dtype=">u8").reshape(-1, 4).astype(np.uint64)


def _are_in_range(halves: Halves) -> Mask:
    """Say which amounts are at most ``MAX_AMOUNT``."""
    high, low = halves[:, 2], halves[:, 3]
    fits: Mask = (halves[:, 0] == 0) & (halves[:, 1] == 0)
    fits &= (high < _HIGHEST) | ((high == _HIGHEST) & (low <= _LOWEST))
    return fits


def _amounts(halves: Halves, known: Mask | None = None) -> pa.Array:
    """Give amounts as they are; null where one is not known to fit."""
    numbers = pa.py_buffer(np.ascontiguousarray(halves[:, [3, 2]]).astype("<u8"))
    valid = None if known is None or known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.Array.from_buffers(_AMOUNT, len(halves), [valid, numbers])
