"""Whether rows can be what a list of TronGrid shows.

A row out of the range, out of order or of another address says that this is not the answer to the question: the page is asked
for again, and never believed. Other doubts concern one row; such a page is asked for again too, and where it stays so, the row
alone is rejected (or, where it is there twice, counted once).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec

from cryptotrace.codecs import key_bytes
from cryptotrace.errors import InputError, MalformedAnswer
from cryptotrace.schema import Batch
from cryptotrace.sources.tron.spelling import CHAIN, address
from cryptotrace.sources.tron.transactions import row_id, stamp_of

__all__ = ["check_page", "is_doubtful", "repeats"]

Concerns = Callable[[Mapping[str, Any], str, str], bool]


def check_page(rows: Sequence[Any], *, stream: str, subject: str, first: int, last: int, most: int, where: str) -> None:
    """Refuse a page whose rows cannot be an answer to the question.

    Parameters
    ----------
    rows : sequence
        As they came.
    stream : str
        The list.
    subject : str
        The address that was asked for.
    first, last : int
        The moments in ms between which all rows must lie, both included.
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
    key = key_bytes(subject, CHAIN)
    hexed, before, concerns = "" if key is None else key.hex(), first, _CONCERNS[stream]
    for row in rows:
        stamp = stamp_of(row)
        if stamp is None:
            raise MalformedAnswer("a row without a time", where=where, hint="Ask again")
        if not before <= stamp <= last:
            raise MalformedAnswer("rows out of order or out of range", where=where, hint="Ask again")
        before = stamp
        if not concerns(row, subject, hexed):
            raise MalformedAnswer("rows of another address", where=where, hint="Ask again")


def _is_transfer_of(row: Mapping[str, Any], subject: str, _: str) -> bool:
    return subject in (row.get("from"), row.get("to")) or any(_is(row.get(name), subject) for name in ("from", "to"))


def _is_transaction_of(row: Mapping[str, Any], subject: str, hexed: str) -> bool:
    """Whether a row names the account anywhere: as a party, in call data, or inside the transaction."""
    text = msgspec.json.encode(row).decode().lower()
    return hexed in text or subject.lower() in text


def _is_event_of(row: Mapping[str, Any], subject: str, _: str) -> bool:
    return _is(row.get("contract_address"), subject)


def _is(text: Any, subject: str) -> bool:
    if text == subject:
        return True
    try:
        return address(text, "") == subject
    except InputError:
        return False


_CONCERNS: Mapping[str, Concerns] = {"native": _is_transaction_of, "token": _is_transfer_of, "events": _is_event_of}
"""List -> whether a row of it belongs to an address, given in both of its spellings."""


_REAL = ("larger than 10**38", "token_info does not name", "without a number")
"""Why a row can be refused that a chain can really hold; asking again would not change it."""


def is_doubtful(batch: Batch) -> bool:
    """Whether a row was rejected for what no honest explorer writes."""
    return any(not any(words in reject.reason for words in _REAL) for reject in batch.rejects)


def repeats(rows: Sequence[Any], before: Sequence[Any], stream: str) -> bool:
    """Whether rows are here twice that can be there only once, within a page or since the moment that it goes on from."""
    if stream == "native":
        names: Collection[str] = [name for name in map(row_id, [*before, *rows]) if name is not None]
        return len(set(names)) < len(names)
    if stream == "events":
        places = [(row.get("transaction_id"), row.get("event_index")) for row in [*before, *rows]]
        named = [place for place in places if type(place[0]) is str and type(place[1]) in (int, str)]
        return len(set(named)) < len(named)
    return bool(rows) and len(rows) == len(before) and list(rows) == list(before)
