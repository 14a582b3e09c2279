"""CSV tables of seeds and labels, with a heading."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from cryptotrace.errors import InputFileError
from cryptotrace.labels.entries import (
    MAX_FIELD,
    Entry,
    UnfitError,
    checked_confidence,
    checked_date,
    checked_flag,
    checked_word,
    rejected,
)
from cryptotrace.labels.reading import open_text
from cryptotrace.labels.vocabulary import INJECTIONS, ROLES, STATEMENTS
from cryptotrace.model import Reject

__all__ = ["read_table"]


def read_table(path: Path, name: str) -> Iterator[Entry | Reject]:
    """Read a CSV file with a heading.

    Columns: ``address`` (needed), ``chain``, ``label``, ``category``, ``native_category``, ``abuse``, ``entity``, ``role``,
    ``statement``, ``source``, ``upstream``, ``confidence``, ``currency``, ``first_seen``, ``last_modified`` or
    ``reported_on``, ``boundary``, ``injects``, ``campaign``, ``tx_hash``, ``position`` or ``log_index``. Others are left out.

    Raises
    ------
    InputFileError
        The file cannot be read, is no CSV, or has no ``address`` column or one column twice.
    """
    reader = csv.reader(open_text(path))
    start = 1
    try:
        heading = _heading(next(reader, None), path)
        start = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _read_row(cells, heading, name, start)
            start = reader.line_num + 1
    except csv.Error as error:
        hint = "Look for a quotation mark that is not closed"
        raise InputFileError(f"not valid CSV: {error}", where=f"{path}:{start}", hint=hint) from error


def _heading(cells: list[str] | None, path: Path) -> list[str]:
    names = [cell.strip().lower() for cell in cells or ()]
    if "address" not in names:
        found = ", ".join(names)[:200] or "nothing"
        hint = "The first line names the columns, such as chain,address,label,category"
        raise InputFileError(f"no column 'address' in the heading ({found!a})", where=f"{path}:1", hint=hint)
    twice = next((column for column in names if column and names.count(column) > 1), None)
    if twice is not None:
        raise InputFileError(f"the column {twice[:80]!a} comes twice", where=f"{path}:1", hint="Rename one of them")
    return names


def _read_row(cells: list[str], heading: list[str], name: str, line: int) -> Entry | Reject:
    try:
        return _entry(cells, heading, name, line)
    except UnfitError as error:
        return rejected(name, line, str(error), cells)


def _entry(cells: list[str], heading: list[str], name: str, line: int) -> Entry:
    if len(cells) > len(heading):
        raise UnfitError(f"{len(cells)} cells under {len(heading)} columns")
    if any(len(cell) > MAX_FIELD for cell in cells):
        raise UnfitError(f"a cell longer than {MAX_FIELD:,} characters")

    row = dict(zip(heading, cells, strict=False))

    def text(column: str) -> str | None:
        return row.get(column, "").strip() or None

    category = text("category")
    return Entry(
        file=name,
        line=line,
        raw=cells,
        address=row.get("address", ""),
        chain=text("chain"),
        label=row.get("label", "") or text("entity") or category or "",
        category=category or text("native_category"),
        native_category=text("native_category") or category,
        abuse=text("abuse"),
        entity=text("entity"),
        role=checked_word(text("role"), ROLES, "role"),
        statement=checked_word(text("statement"), STATEMENTS, "statement"),
        source=text("source") or "",
        upstream=text("upstream"),
        confidence=checked_confidence(text("confidence")),
        currency=text("currency"),
        first_seen=checked_date(text("first_seen"), "first_seen"),
        dated=checked_date(text("last_modified") or text("reported_on"), "date"),
        boundary=checked_flag(text("boundary"), "boundary"),
        injects=checked_word(text("injects"), INJECTIONS, "injects"),
        campaign=text("campaign"),
        payment=_payment(text("tx_hash"), text("position"), text("log_index")),
    )


def _payment(tx_hash: str | None, position: str | None, log_index: str | None) -> tuple[str, str] | None:
    if tx_hash is None:
        if position or log_index:
            raise UnfitError("a position without a tx_hash")
        return None
    if len(tx_hash) > 128 or not (tx_hash.isascii() and tx_hash.isalnum()):
        raise UnfitError(f"tx_hash {tx_hash[:60]!a} is no transaction hash")
    if log_index is not None and not (log_index.isascii() and log_index.isdigit()):
        raise UnfitError(f"log_index {log_index[:60]!a} is no whole number")
    return tx_hash, position or (log_index.lstrip("0") or "0" if log_index else "")
