"""Whether rows can be what an account list shows.

Some doubts make the whole page malformed: a row out of the range, out of order, or of another address says that this is not
the answer to the question. Others concern one row: a value that is no plain number, a hash of the wrong length. Such a page is
asked for again, and where it stays so, the row alone is rejected, so that one odd row does not hold up a list for ever.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cryptotrace.errors import InputError, MalformedAnswer
from cryptotrace.sources.formats.page_columns import UsualPage

__all__ = ["block_of", "check_page", "is_plausible", "last_block", "refuse_inexact", "rows_before"]

_HASH = re.compile(r"0x[0-9a-fA-F]{64}|GENESIS.{0,100}", re.ASCII)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}|GENESIS", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,78}", re.ASCII)
_SECONDS = re.compile(r"[1-9][0-9]{8,9}", re.ASCII)
_LONGEST_BLOCK = 15


def check_page(rows: Sequence[Any], *, subject: str, first: int, last: int, most: int, where: str) -> None:
    """Refuse a page whose rows cannot be an answer to the question.

    Parameters
    ----------
    rows : sequence
        As they came.
    subject : str
        The address whose list was asked for.
    first, last : int
        The blocks that were asked for, both included.
    most : int
        Rows that were asked for.
    where : str
        For the error.

    Raises
    ------
    MalformedAnswer
        If there are too many rows, or one is out of range, out of order or of another address.
    """
    if len(rows) > most:
        raise MalformedAnswer("more rows than were asked for", where=where, hint="Ask again")
    before = first
    for row in rows:
        block = block_of(row)
        if not before <= block <= last:
            raise MalformedAnswer("rows out of order or out of range", where=where, hint="Ask again")
        before = block
        parties = {str(row.get(name) or "").lower() for name in ("from", "to", "contractAddress")}
        if subject not in parties:
            raise MalformedAnswer("rows of another address", where=where, hint="Ask again")


def block_of(row: Any) -> int:
    """Give the block of a row; a row without one makes the page malformed."""
    text = row.get("blockNumber") if isinstance(row, dict) else None
    if not isinstance(text, str) or not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_BLOCK:
        raise MalformedAnswer("a row without a block number", where="etherscan", hint="Ask again")
    return int(text)


def last_block(rows: list[Any] | UsualPage) -> int:
    """Give the block of the last row of a page."""
    return rows.last_block if isinstance(rows, UsualPage) else block_of(rows[-1])


def rows_before(rows: list[Any] | UsualPage, block: int) -> list[Any] | UsualPage:
    """Give the rows of a page that are of earlier blocks."""
    return rows.before(block) if isinstance(rows, UsualPage) else [row for row in rows if block_of(row) < block]


def is_plausible(row: Mapping[str, Any]) -> bool:
    """Whether every cell that matters has the form that the explorer documents; amounts beyond our range are real."""
    get = row.get
    return (
        _fits(_HASH, get("hash"))
        and _fits(_DIGITS, get("value"))
        and _fits(_SECONDS, get("timeStamp"))
        and _fits(_ADDRESS, get("from"))
        and (get("to") in ("", None) or _fits(_ADDRESS, get("to")))
        and get("isError") in (None, "", "0", "1")
    )


def refuse_inexact(row: Mapping[str, Any]) -> None:
    """Refuse what files may hold and an explorer never writes: amounts in exponent form, names that are no hash.

    Raises
    ------
    InputError
        If the value is not in plain digits, or the hash is not one of 32 bytes.
    """
    value = row.get("value")
    if isinstance(value, str) and not _fits(_DIGITS, value) and not value.startswith("-"):
        raise InputError("value is not a whole number in plain digits")
    if not _fits(_HASH, row.get("hash")):
        raise InputError("hash is not one of 32 bytes")


def _fits(form: re.Pattern[str], cell: Any) -> bool:
    return type(cell) is str and form.fullmatch(cell) is not None
