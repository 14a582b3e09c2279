"""A window of logs that is beyond doubt: what :mod:`~cryptotrace.sources.rpc.checks` would refuse is not taken here.

Loaded only where logs come, since it needs Arrow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import numpy as np

from cryptotrace.codecs import ChainInfo
from cryptotrace.errors import InputError
from cryptotrace.schema import Batch
from cryptotrace.sources.evm.amounts import name_of
from cryptotrace.sources.evm.log_columns import (
    Letters,
    LogRow,
    Numbers,
    are_hex,
    columns_of_logs,
    letters_of,
    tables_of_logs,
)
from cryptotrace.sources.evm.logs import read_logs

__all__ = ["LogPage", "usual_page"]

_LOGS = msgspec.json.Decoder(list[LogRow])
_FEW = 8
"""Fewer logs are not worth it."""
_HASH = 66
_PLACES = 2**31
_EARLIEST = 1_240_000_000
"""A time before there were coins is none in seconds."""
_QUANTITIES = re.compile(r"(?:0x[0-9a-fA-F]{1,8}(?:,(?!\Z)|\Z))*")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """Logs of a window in their order.

    Attributes
    ----------
    rows : list of LogRow
        All of them.
    results : sequence of Raw
        What came.
    order : array of int
        Where each log stood, counted over all results.
    tx_hash, block, tx_index, log_index : array
        Their places.
    time : array of int or None
        Unix seconds, where logs state the time of their block.
    """

    rows: list[LogRow]
    results: Sequence[msgspec.Raw]
    order: Numbers
    tx_hash: Letters
    block: Numbers
    tx_index: Numbers
    log_index: Numbers
    time: Numbers | None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def silent_blocks(self) -> dict[int, str | None]:
        """Blocks of which no log tells the time, with their hashes."""
        if self.time is not None:
            return {}
        return {
            block: row.block_hash and name_of(row.block_hash, "blockHash")
            for block, row in zip(self.block.tolist(), self.rows, strict=True)
        }

    def batch(self, chain: ChainInfo, times: Mapping[int, datetime], file: str) -> Batch:
        """Give the rows as they are stored; ``times`` are those of the silent blocks."""
        moments = self.time
        if moments is None:
            known = {block: int(time.timestamp()) for block, time in times.items()}
            moments = np.array([known[block] for block in self.block.tolist()], dtype=np.int64)
        columns = columns_of_logs(self.rows)
        usual = columns.usual
        odd = [] if usual.all() else self._cells(np.flatnonzero(~usual).tolist())
        batch = read_logs(odd, chain, times=times, file=file)
        if len(columns):
            batch.tables |= tables_of_logs(
                columns, chain, tx_hash=self.tx_hash[usual], block=self.block[usual], tx_index=self.tx_index[usual],
                log_index=self.log_index[usual], time=moments[usual],
            )  # fmt: skip
        return batch

    def _cells(self, places: Sequence[int]) -> list[Any]:
        """Give logs as they came."""
        everything = [cells for result in self.results for cells in msgspec.json.decode(result)]
        return [everything[at] for at in self.order[places].tolist()]


def usual_page(
    results: Sequence[msgspec.Raw],
    filters: Sequence[Sequence[frozenset[str] | str | None]],
    *,
    first: int,
    last: int,
    contract: str | None,
) -> LogPage | None:
    """Merge the logs of several filters if nothing about them is doubtful, else give None: then each is looked at by itself.

    Parameters
    ----------
    results : sequence of Raw
        The result of each filter.
    filters : sequence
        What was asked for at each place of the topics: one of several, one, or anything.
    first, last : int
        The blocks that were asked for, both included.
    contract : str or None
        Whose logs.

    Notes
    -----
    What :func:`~cryptotrace.sources.rpc.checks.check_logs`, ``merged_logs`` or ``blocks_of`` would refuse is doubtful here, and
    so is a log that fits two filters. O(n log n).
    """
    try:
        lists = [_LOGS.decode(result) for result in results]
        if sum(map(len, lists)) < _FEW:
            return None
        found = [_placed(rows, one, first, last, contract) for rows, one in zip(lists, filters, strict=True)]
        rows, place = [row for rows in lists for row in rows], np.concatenate(found)
        order = np.argsort(place, kind="stable")
        place = place[order]
        if not (np.diff(place) > 0).all():
            return None
        rows = [rows[at] for at in order.tolist()]
        return LogPage(
            rows=rows, results=results, order=order, tx_hash=_hashes(rows), block=place // _PLACES,
            tx_index=_numbers([row.tx_index for row in rows]), log_index=place % _PLACES, time=_times(rows, place),
        )  # fmt: skip
    except (msgspec.DecodeError, RecursionError, InputError, DoubtfulError):
        return None


class DoubtfulError(Exception):
    """Something of a window is not as usual; nobody outside of this module sees it."""


def _placed(
    rows: Sequence[LogRow], wanted: Sequence[frozenset[str] | str | None], first: int, last: int, contract: str | None
) -> Numbers:
    """Give block and index of each log in one number."""
    if any(row.removed for row in rows):
        raise DoubtfulError
    for at, options in enumerate(wanted):
        if options is not None:
            known = {options} if isinstance(options, str) else options
            if not known.issuperset([row.topics[at] if at < len(row.topics) else "" for row in rows]):
                raise DoubtfulError
    if contract is not None and any(row.address != contract for row in rows):
        raise DoubtfulError
    blocks = _numbers([row.block for row in rows])
    place: Numbers = blocks * _PLACES + _numbers([row.index for row in rows])
    if len(rows) and not (first <= blocks[0] and blocks[-1] <= last and (np.diff(place) > 0).all()):
        raise DoubtfulError
    return place


def _numbers(texts: Sequence[str]) -> Numbers:
    """Read a column of numbers in hex that fit in 31 bits."""
    joined = ",".join(texts)
    if not _QUANTITIES.fullmatch(joined) or joined.count(",") != max(0, len(texts) - 1):
        raise DoubtfulError
    found: Numbers = np.array([int(text, 16) for text in texts], dtype=np.int64)
    if len(found) and found.max() >= _PLACES:
        raise DoubtfulError
    return found


def _hashes(rows: Sequence[LogRow]) -> Letters:
    texts = [row.tx_hash for row in rows]
    if set(map(len, texts)) != {_HASH} or not "".join(texts).isascii():
        raise DoubtfulError
    letters = letters_of(texts, _HASH)
    if not are_hex(letters).all():
        raise DoubtfulError
    return letters


def _times(rows: Sequence[LogRow], place: Numbers) -> Numbers | None:
    """Read the times that all logs tell; None where none does, and each block has one hash."""
    told = [row.time for row in rows]
    if any(row.other_time is not None for row in rows):
        raise DoubtfulError
    if None not in told:
        moments = _numbers([text or "" for text in told])
        if moments.min() < _EARLIEST:
            raise DoubtfulError
        return moments
    pairs = set(zip((place // _PLACES).tolist(), (row.block_hash for row in rows), strict=True))
    if set(told) != {None} or len(pairs) != len({block for block, _ in pairs}):
        raise DoubtfulError
    for _, name in pairs:
        if name is not None:
            name_of(name, "blockHash")
    return None
