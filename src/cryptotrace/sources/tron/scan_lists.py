"""The three lists of Tronscan: where each is asked for, how it names what it shows, and whether an answer can be one of them.

Facts, and how they are known: every list is shown newest first, 50 rows a page; bounds of time are read in whole seconds, both
included; a bound of 0 is ignored, a small one refused; pages end at row 10,000. Counts of transfers and of transactions are
those of the whole UTC days that a window touches, so a window of whole days is counted exactly and any other at least;
internal transactions are not counted (``-1``). Source: docs.tronscan.org (pages of March to September 2026) and answers that a
public project recorded in October 2026; nothing was asked for live by us.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptotrace.errors import InputError, MalformedAnswer
from cryptotrace.sources.tron.spelling import address

__all__ = [
    "INNER",
    "SIGNED",
    "TOKEN",
    "ScanList",
    "check_rows",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanList:
    """One list of an account.

    Attributes
    ----------
    path : str
        Behind the base URL.
    rows : str
        Where the rows stand in an answer.
    asks_for : str
        The parameter that names the account.
    stamp : str
        Where a row has its moment in ms.
    parties : tuple of str
        Where a row names accounts; one of them is the one that was asked for.
    name : str
        Where a row has what names it, if anything does: it is shown once.
    counted : bool
        Whether answers say how many rows there are.
    """

    path: str
    rows: str
    asks_for: str
    stamp: str
    parties: tuple[str, ...]
    name: str
    counted: bool


TOKEN = ScanList(
    path="/token_trc20/transfers", rows="token_transfers", asks_for="relatedAddress", stamp="block_ts",
    parties=("from_address", "to_address"), name="", counted=True,
)  # fmt: skip
SIGNED = ScanList(
    path="/transaction", rows="data", asks_for="address", stamp="timestamp",
    parties=("ownerAddress", "toAddress", "toAddressList"), name="hash", counted=True,
)  # fmt: skip
INNER = ScanList(
    path="/internal-transaction", rows="data", asks_for="address", stamp="timestamp", parties=("from", "to"),
    name="internal_hash", counted=False,
)  # fmt: skip


def check_rows(of: ScanList, rows: Sequence[Any], subject: str, first: int, last: int, most: int, where: str) -> None:
    """Refuse a page whose rows cannot be an answer to the question.

    Raises
    ------
    MalformedAnswer
        If there are too many, or one is twice here, has no moment, lies outside the window or is of another account.
    """
    if len(rows) > most:
        raise MalformedAnswer("more rows than were asked for", where=where, hint="Ask again")
    names: set[Any] = set()
    for row in rows:
        stamp = row.get(of.stamp) if isinstance(row, dict) else None
        if type(stamp) is not int or not first <= stamp <= last:
            raise MalformedAnswer("a row without a time, or out of range", where=where, hint="Ask again")
        if not any(_names(row.get(column), subject) for column in of.parties):
            raise MalformedAnswer("rows of another address", where=where, hint="Ask again")
        name = row.get(of.name) if of.name else None
        if name is not None:
            if type(name) is not str or name in names:
                raise MalformedAnswer("a row twice, or without a name", where=where, hint="Ask again")
            names.add(name)


def _names(found: Any, subject: str) -> bool:
    if isinstance(found, list):
        return any(_names(one, subject) for one in found)
    if found == subject:
        return True
    try:
        return address(found, "") == subject
    except InputError:
        return False
