"""What must be known before rows of a node export can be read: times of blocks, places and outcomes of transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptotrace.errors import InputError
from cryptotrace.sources.cells import counter, hash_text, path, plain, truth, utc_time
from cryptotrace.sources.formats.node_tables import Dialect, open_table
from cryptotrace.sources.paths import InputFile
from cryptotrace.sources.sheets import Row

__all__ = ["Facts", "frame_of", "frame_ok", "gather"]

_INT = 2**31 - 1
_GENESIS = {"ethereum": datetime(2015, 7, 30, 15, 26, 13, tzinfo=UTC)}
"""When block 0 was; on Ethereum its own timestamp is 0, explorers print this time."""

_OUTSIDE = ("genesis", "reward", "daofork")


@dataclass(slots=True)
class Facts:
    """Looked up while rows are read; keys are lower-case hashes, block numbers and contract texts."""

    chain: str
    times: dict[int, datetime] = field(default_factory=dict)
    places: dict[str, tuple[int | None, int | None]] = field(default_factory=dict)
    """Transaction -> (block, index)."""
    roots: dict[str, tuple[bool | None, str | None]] = field(default_factory=dict)
    """Transaction -> (ok, receiver) of its root trace."""
    receipts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    tokens: dict[str, tuple[str | None, int | None]] = field(default_factory=dict)

    def time(self, cells: Mapping[str, Any], block: int | None) -> datetime:
        """Give the time of a row: its own, else its block's.

        Raises
        ------
        InputError
            If neither is known.
        """
        own = cells.get("block_timestamp")
        if block == 0 and self.chain in _GENESIS:
            return _GENESIS[self.chain]
        if own not in (None, ""):
            return utc_time(own, "block_timestamp")
        known = None if block is None else self.times.get(block)
        if known is None:
            raise InputError("time is unknown: the row has no block_timestamp and no blocks file has its block")
        return known

    def place(self, cells: Mapping[str, Any], name: str) -> tuple[int | None, int | None]:
        """Give block and index of a row's transaction."""
        block = counter(cells.get("block_number"), "block_number")
        index = counter(cells.get("transaction_index"), "transaction_index", _INT)
        if block is None or index is None:
            known = self.places.get(name, (None, None))
            block, index = known[0] if block is None else block, known[1] if index is None else index
        return block, index


def frame_of(cells: Mapping[str, Any]) -> tuple[str, str, str | None]:
    """Give kind, transaction (or identifier, outside of any) and path of a trace; path None is the root.

    ``trace_id`` is ``call_<hash>_<path>`` with nothing behind the last ``_`` at the root; blocks have ``reward_<block>_<n>``
    and ``genesis_<block>_<n>``.
    """
    identifier, kind = cells.get("trace_id") or "", cells.get("trace_type") or ""
    if type(identifier) is not str or type(kind) is not str:
        raise InputError("trace_id or trace_type is not text")
    parts = identifier.split("_", 2)
    kind = kind or parts[0]
    if kind in _OUTSIDE:
        block, receiver = cells.get("block_number"), cells.get("to_address")
        return kind, hash_text(identifier or f"{kind}_{block}_{receiver}", "trace_id"), None
    if "trace_address" in cells:
        return kind, hash_text(cells.get("transaction_hash"), "transaction_hash"), path(cells["trace_address"])
    if len(parts) != 3:
        raise InputError("trace_id is not kind_hash_path")
    name = hash_text(parts[1], "trace_id")
    stated = cells.get("transaction_hash")
    if stated and hash_text(stated, "transaction_hash") != name:
        raise InputError("trace_id names another transaction than its row")
    return kind, name, path(parts[2], "trace_id")


def gather(
    chain: str, tables: Mapping[str, list[InputFile]], dialect: Dialect, refuse: Callable[[InputFile, Row, str], None]
) -> Facts:
    """Read what the other tables need; O(blocks + transactions) in memory.

    Rows of blocks, receipts and tokens that do not fit go to ``refuse``; those of transactions and traces are read again
    later and refused then.
    """
    facts = Facts(chain)
    steps = (
        ("blocks", _block, True),
        ("receipts", _receipt, True),
        ("tokens", _token, True),
        ("transactions", _transaction, False),
        ("traces", _root, False),
    )
    for table, note, final in steps:
        for file, row in _rows(tables.get(table, []), dialect, table):
            reason = row.problem or _noted(note, facts, row.cells)
            if final and reason is not None:
                refuse(file, row, reason)
    return facts


def _noted(note: Callable[[Facts, Mapping[str, Any]], None], facts: Facts, cells: Mapping[str, Any]) -> str | None:
    try:
        note(facts, cells)
    except InputError as problem:
        return problem.what
    return None


def _rows(files: list[InputFile], dialect: Dialect, table: str) -> Iterator[tuple[InputFile, Row]]:
    for file in files:
        with open_table(file, dialect[table]) as sheet:
            for row in sheet.rows:
                yield file, row


def _block(facts: Facts, cells: Mapping[str, Any]) -> None:
    number = counter(cells.get("number"), "number")
    if number is None:
        raise InputError("number is empty")
    if number == 0 and facts.chain in _GENESIS:
        return  # its timestamp is 0
    facts.times[number] = utc_time(cells.get("timestamp"), "timestamp")


def _receipt(facts: Facts, cells: Mapping[str, Any]) -> None:
    kept = {"receipt_" + name: cells.get(name) for name in ("gas_used", "status", "effective_gas_price", "contract_address")}
    facts.receipts[hash_text(cells.get("transaction_hash"), "transaction_hash")] = kept


def _token(facts: Facts, cells: Mapping[str, Any]) -> None:
    contract = cells.get("address")
    if type(contract) is not str:
        raise InputError("address is missing")
    decimals = counter(cells.get("decimals"), "decimals")
    known = decimals if decimals is not None and decimals <= 255 else None
    facts.tokens[contract.lower()] = (plain(cells.get("symbol")), known)


def _transaction(facts: Facts, cells: Mapping[str, Any]) -> None:
    block = counter(cells.get("block_number"), "block_number")
    index = counter(cells.get("transaction_index"), "transaction_index", _INT)
    facts.places[hash_text(cells.get("hash"), "hash")] = (block, index)
    if block is not None and cells.get("block_timestamp") not in (None, ""):
        facts.times.setdefault(block, utc_time(cells["block_timestamp"], "block_timestamp"))


def _root(facts: Facts, cells: Mapping[str, Any]) -> None:
    kind, name, place = frame_of(cells)
    if place is None and kind not in _OUTSIDE:
        facts.roots[name] = (frame_ok(cells), cells.get("to_address") or None)


def frame_ok(cells: Mapping[str, Any]) -> bool | None:
    """Give the own outcome of a frame: its status, else whether it has an error; None where it has neither column."""
    status = truth(cells.get("status"), "status")
    if status is None and "error" in cells:
        return not cells["error"]
    return status
