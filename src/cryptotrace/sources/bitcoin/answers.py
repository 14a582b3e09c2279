"""What an answer of Esplora or mempool.space says: a document, or which error. Body first, HTTP status second.

Errors are plain text, or JSON with ``error`` or ``message``; refusals for asking too quickly come as JSON text with status 429
and no ``Retry-After``; a gateway in front answers with a page of HTML. Fragments are those of the servers' own sources and
issues, compared without regard to case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from cryptotrace.errors import (
    BadRequest,
    MalformedAnswer,
    NotIndexedYet,
    RangeTooLarge,
    RateLimited,
    SourceError,
    TransientSourceError,
)
from cryptotrace.sources._http import header_seconds
from cryptotrace.sources.base import Answer

__all__ = ["GONE", "Standing", "classify", "read_height", "read_standing", "too_busy"]

_HTTP_OK = 200
_HTTP_TOO_MANY = 429
_HTTP_TOO_LARGE = 413
_HTTP_SERVER = 500
_TALLEST = 100_000_000

GONE = "after_txid not found"
"""The row after which a list was to go on is no longer in it."""

_KINDS: tuple[tuple[str, type[SourceError] | None], ...] = (
    ("rate exceeds the current limit", RateLimited),
    ("rate limit", RateLimited),
    ("too many requests", RateLimited),
    ("maximum concurrent requests", RateLimited),
    ("too many history entries", None),
    ("too long", None),
    (GONE, BadRequest),
    ("invalid", BadRequest),
    ("address on invalid network", BadRequest),
    ("not found", BadRequest),
    ("too many txids", BadRequest),
    ("start index out of range", BadRequest),
    ("index not ready", NotIndexedYet),
    ("timeout", TransientSourceError),
    ("unavailable", TransientSourceError),
    ("too busy", TransientSourceError),
)
"""Words -> kind; None for an address whose history is too long to be shown."""


def classify(answer: Answer) -> None:
    """Raise what an answer is, if it is not one that can be read.

    Raises
    ------
    SourceError
        Of the kind that the words in the body say; by HTTP status only where the body says nothing.
    """
    is_read, body = _decoded(answer.body)
    words = _words(body) if is_read else _plain(answer.body)
    if words is None:
        if answer.status == _HTTP_OK and is_read:
            return
        raise _by_status(answer, "")
    kind = next(((fragment, kind) for fragment, kind in _KINDS if fragment in words.lower()), None)
    if kind is None:
        raise _by_status(answer, words)
    if kind[1] is None:
        raise too_busy(_short(words), where=where_of(answer))
    if kind[1] is RateLimited:
        raise _too_quick(answer, words)
    raise kind[1](_short(words), where=where_of(answer))


def too_busy(what: str, *, where: str) -> RangeTooLarge:
    """Give the refusal of an address whose history is too long: coverage calls it ``too_busy``, and hops do not enter it."""
    problem = RangeTooLarge(what, where=where, hint="It is probably a service; ask an explorer with a larger limit")
    problem.kind = "too_busy"
    return problem


def _decoded(body: bytes) -> tuple[bool, Any]:
    try:
        return True, msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False, None


def _words(body: Any) -> str | None:
    """Give what a JSON body complains of; None where it does not."""
    if isinstance(body, dict):
        said = next((body[name] for name in ("error", "message") if name in body), None)
        return said if said is None or isinstance(said, str) else msgspec.json.encode(said).decode()
    return body if isinstance(body, str) else None


def _plain(body: bytes) -> str | None:
    """Give the words of a body that is no JSON: a line of text. A page of HTML, and what is cut off, says nothing."""
    text = body.decode("utf-8", "replace").strip()
    return None if not text or text[0] in "<{[" else text


def _by_status(answer: Answer, words: str) -> SourceError:
    where, said = where_of(answer), f": {_short(words)}" if words else ""
    if answer.status == _HTTP_TOO_MANY:
        return _too_quick(answer, words or "asked too quickly")
    if answer.status == _HTTP_TOO_LARGE:
        return too_busy(f"the history is too long{said}", where=where)
    if answer.status >= _HTTP_SERVER:
        return TransientSourceError(f"the server failed (HTTP {answer.status}){said}", where=where, hint="Try again later")
    what = "no answer of the documented form" if answer.status == _HTTP_OK else f"HTTP {answer.status} without a reason"
    return MalformedAnswer(f"{what}{said}", where=where, hint="The raw answer is kept; try again, or another explorer")


def _too_quick(answer: Answer, words: str) -> RateLimited:
    hint = "Slow down, or use another explorer"
    return RateLimited(_short(words), where=where_of(answer), hint=hint, wait=header_seconds(answer.headers))


def where_of(answer: Answer) -> str:
    """Name what was asked, for an error."""
    request = answer.request
    return f"{request.source} {request.chain} {request.stream} {request.subject}".strip()


def _short(text: str) -> str:
    """Print an explorer's words safely: one line, printable, not long."""
    return "".join(char if char.isprintable() else " " for char in text).strip()[:200]


# -- single answers ------------------------------------------------------------------------------------------------------


class _Sums(msgspec.Struct):
    funded_txo_sum: int
    spent_txo_sum: int
    tx_count: int


class _Address(msgspec.Struct):
    address: str
    chain_stats: _Sums
    mempool_stats: _Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an explorer's own count of an address says, at its tip.

    Attributes
    ----------
    received, spent : int
        Base units over all confirmed transactions.
    transactions : int
        Confirmed ones.
    waiting : int
        Those in no block.
    """

    received: int
    spent: int
    transactions: int
    waiting: int


def read_standing(answer: Answer, subject: str) -> Standing:
    """Give an explorer's own count of an address.

    Raises
    ------
    MalformedAnswer
        If it is of another shape, of another address, or cannot be true.
    """
    try:
        found = msgspec.json.decode(answer.body, type=_Address)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise _malformed(answer, "the count of an address has another shape") from problem
    chain, waiting = found.chain_stats, found.mempool_stats.tx_count
    if found.address != subject:
        raise _malformed(answer, "the count of another address")
    if (
        min(chain.funded_txo_sum, chain.spent_txo_sum, chain.tx_count, waiting) < 0
        or chain.spent_txo_sum > chain.funded_txo_sum
    ):
        raise _malformed(answer, "a count that cannot be true")
    return Standing(received=chain.funded_txo_sum, spent=chain.spent_txo_sum, transactions=chain.tx_count, waiting=waiting)


def read_height(answer: Answer) -> int:
    """Give the height of the newest block.

    Raises
    ------
    MalformedAnswer
        If it is no height.
    """
    text = answer.body.strip()
    if not text.isdigit() or not 0 < len(text) < len(str(_TALLEST)):
        raise _malformed(answer, "the height of the tip is no number")
    return int(text)


def _malformed(answer: Answer, what: str) -> MalformedAnswer:
    return MalformedAnswer(what, where=where_of(answer), hint="Try again")
