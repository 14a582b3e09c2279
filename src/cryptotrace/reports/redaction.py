"""Tables on their way out: hostile text cleaned in every edition, victims' rows reduced in the public one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from cryptotrace.model import ResultTable
from cryptotrace.reports.numbers import printable, significant
from cryptotrace.reports.pseudonyms import Pseudonyms

__all__ = ["cleaned", "redacted"]

ADDRESSES = frozenset(
    {"sender", "receiver", "address", "payer", "recipient", "provider", "address_a", "address_b", "counterparty"}
)
HASHES = frozenset({"tx_hash", "tx_in", "tx_out", "example_tx", "tx_hashes", "evidence"})
AMOUNTS = frozenset(
    {"amount", "tainted_amount", "injected_amount", "amount_in", "amount_out", "tainted_in", "tainted_out", "usd",
     "tainted_usd", "raw_amount", "ledger", "reported"}
)  # fmt: skip
TIMES = frozenset({"time", "first_time", "last_time", "first_payment", "last_payment", "fetched_at"})
BLANKED = frozenset({"block", "position", "log_index", "trace_path", "entity", "label_source", "from_block",
                     "to_block", "as_of", "head_at_query", "cursor", "label",
                     "cluster"})  # fmt: skip
"""Columns whose value beside a pseudonym would lead back to the transaction or the person."""


def cleaned(table: ResultTable) -> ResultTable:
    """Strip control, direction and zero-width marks from every text cell; O(cells)."""
    return replace(table, rows=tuple(tuple(_clean_cell(cell) for cell in row) for row in table.rows))


def _clean_cell(cell: Any) -> Any:
    if isinstance(cell, str):
        return printable(cell, 100_000)
    if isinstance(cell, tuple | list):
        return " ".join(printable(str(part), 100_000) for part in cell)
    return cell


def redacted(table: ResultTable, pseudonyms: Pseudonyms) -> ResultTable:
    """Put pseudonyms in place of victims and reduce the rows that hold one; O(cells).

    Amounts of those rows keep three significant digits, times the day; block and position go. Rows are ordered anew by the
    reduced times, since the place between two exact times would give the time away; in tables sorted by address, masked rows
    come last, since their place would give the first digits away.

    Parameters
    ----------
    table : ResultTable
        Cleaned.
    pseudonyms : Pseudonyms
        Empty: the table is given back as it is.
    """
    if not pseudonyms.accounts:
        return table
    if table.name == "by_cluster":
        return _by_cluster(table, pseudonyms)
    rows, names = [], frozenset(pseudonyms.accounts.values())
    for row in table.rows:
        cells = dict(zip(table.columns, row, strict=True))
        masked = _masked(cells, pseudonyms)
        if any(masked[name] != cells[name] for name in cells):
            masked = {name: _reduced(name, cell) for name, cell in masked.items()}
        rows.append(tuple(masked.values()))
    if "time" in table.columns:
        at = table.columns.index("time")
        rows.sort(key=lambda row: (row[at] is not None, row[at] or 0))
    else:
        rows.sort(key=lambda row: _pseudonym_in(row, names))
    return replace(table, rows=tuple(rows))


def _masked(cells: Mapping[str, Any], pseudonyms: Pseudonyms) -> dict[str, Any]:
    chain = str(cells.get("chain") or "")
    named: dict[str, Callable[[str, str], str | None]] = dict.fromkeys(ADDRESSES, pseudonyms.account)
    named |= dict.fromkeys(HASHES, pseudonyms.transaction)
    found = {}
    for name, cell in cells.items():
        if not isinstance(cell, str):
            found[name] = cell
            continue
        pseudonym = named[name](chain, cell) if name in named else None
        found[name] = pseudonym or pseudonyms.text(cell)
    return found


def _reduced(name: str, cell: Any) -> Any:
    if cell is None or isinstance(cell, bool):
        return cell
    if name in BLANKED:
        return None
    if name in AMOUNTS and isinstance(cell, int | Decimal):
        return significant(cell)
    if name in TIMES and isinstance(cell, datetime):
        return _day(cell)
    return cell


def _pseudonym_in(row: tuple[Any, ...], names: frozenset[str]) -> str:
    """Give the first pseudonym of a row, ``""`` for a row without one; a stable sort by it keeps the others in order."""
    found = (cell.rsplit(":", 1)[-1] for cell in row if isinstance(cell, str))
    return min((name for name in found if name in names), default="")


def _day(time: datetime) -> datetime:
    return time.replace(hour=0, minute=0, second=0, microsecond=0)


def _by_cluster(table: ResultTable, pseudonyms: Pseudonyms) -> ResultTable:
    """First and last payments are victims' payments; with a single payer the sums are one person's."""
    rows = []
    for row in table.dicts():
        alone = row.get("payers") == 1
        rows.append(
            tuple(
                _day(cell)
                if isinstance(cell, datetime)
                else significant(cell)
                if alone and isinstance(cell, Decimal)
                else pseudonyms.text(cell)
                if isinstance(cell, str)
                else cell
                for cell in row.values()
            )
        )
    return replace(table, rows=tuple(rows))
