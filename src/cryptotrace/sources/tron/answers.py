"""What an answer of TronGrid or a node of TRON says: rows, proven emptiness, or which error. Body first, HTTP status second.

Errors come under three spellings (``Error``, ``error``, ``success: false``) and under any status, 200 too. An empty object is
an answer of a node that knows nothing, and is for whoever asked to judge.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from cryptotrace.errors import (
    BadKey,
    BadRequest,
    MalformedAnswer,
    QuotaExhausted,
    RateLimited,
    SourceError,
    TransientSourceError,
)
from cryptotrace.sources._http import header_seconds
from cryptotrace.sources.base import Answer

__all__ = ["Listed", "classify", "read_listed", "read_object"]

_HTTP_OK = 200
_HTTP_BAD = 400
_HTTP_UNAUTHORIZED = 401
_HTTP_TOO_MANY = 429
_HTTP_SERVER = 500
_SUSPENDED = re.compile(r"suspended for (\d{1,6}) ?s", re.IGNORECASE)
_LONGEST_FINGERPRINT = 4_096

_KINDS: tuple[tuple[str, type[SourceError]], ...] = (
    ("daily usage", QuotaExhausted),
    ("suspended for", RateLimited),
    ("frequency limit", RateLimited),
    ("allowed_rps", RateLimited),
    ("request rate", RateLimited),
    ("too many requests", RateLimited),
    ("apikey", BadKey),
    ("api key", BadKey),
    ("lack of computing resources", TransientSourceError),
    ("server busy", TransientSourceError),
    ("timeout", TransientSourceError),
    ("timed out", TransientSourceError),
    ("account address", BadRequest),
    ("contract address", BadRequest),
    ("fingerprint", BadRequest),
    ("contract validate error", BadRequest),
    ("invalid", BadRequest),
)
_HINTS: dict[type[SourceError], str] = {
    BadKey: "Set TRONGRID_API_KEY; a free key is made at https://www.trongrid.io; it also works without one, more slowly",
    QuotaExhausted: "Go on after 00:00 UTC: the same command continues where it stopped",
    RateLimited: "Slow down, or use a key",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list.

    Attributes
    ----------
    rows : list
        As they came.
    fingerprint : str
        What the next page is asked for with; empty where none was given.
    """

    rows: list[Any]
    fingerprint: str


def classify(answer: Answer) -> None:
    """Raise what an answer is, if it is not one that can be read.

    Raises
    ------
    SourceError
        Of the kind that the words in the body say; by HTTP status only where the body says nothing.
    """
    body = _decoded(answer)
    if isinstance(body, dict):
        lowered = {name.lower(): value for name, value in body.items() if type(name) is str}
        if "error" in lowered or lowered.get("success") is False:
            raise _of_text(answer, _words(lowered))
        if answer.status == _HTTP_OK:
            return
    elif isinstance(body, list) and answer.status == _HTTP_OK:
        return
    raise _by_status(answer)


def read_listed(answer: Answer) -> Listed:
    """Give a page of a list of the interface v1; an answer of another shape is an error, never an empty list.

    Raises
    ------
    MalformedAnswer
        If it is no page of a list.
    """
    body = _decoded(answer)
    if not isinstance(body, dict) or body.get("success") is not True or not isinstance(body.get("data"), list):
        raise _malformed(answer, "not a page of a list")
    meta = body.get("meta")
    if not isinstance(meta, dict):
        raise _malformed(answer, "a page without meta")
    mark = meta.get("fingerprint")
    if mark in (None, ""):
        return Listed(body["data"], "")
    if type(mark) is not str or len(mark) > _LONGEST_FINGERPRINT or not (mark.isascii() and mark.isprintable()):
        raise _malformed(answer, "a fingerprint that is no text")
    return Listed(body["data"], mark)


def read_object(answer: Answer) -> dict[str, Any]:
    """Give the object that a node answered.

    Raises
    ------
    MalformedAnswer
        If it is none.
    """
    body = _decoded(answer)
    if not isinstance(body, dict):
        raise _malformed(answer, "not an object")
    return body


def _decoded(answer: Answer) -> Any:
    """Read the body; None where it is no JSON (a page of HTML, cut, nothing)."""
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _words(lowered: dict[str, Any]) -> str:
    found = lowered.get("error", lowered.get("message", ""))
    return found if type(found) is str else msgspec.json.encode(found).decode()


def _of_text(answer: Answer, text: str) -> SourceError:
    words = text.lower()
    kind = next((kind for fragment, kind in _KINDS if fragment in words), None)
    if kind is None:
        said = _by_status(answer)
        unknown = f"an error that is not known: {_short(text) or 'without words'}"
        return _malformed(answer, unknown) if isinstance(said, MalformedAnswer) else said
    if kind is RateLimited:
        return RateLimited(_short(text), where=_where(answer), hint=_HINTS[RateLimited], wait=_wait(answer, text))
    return kind(_short(text), where=_where(answer), hint=_HINTS.get(kind, ""))


def _wait(answer: Answer, text: str) -> float | None:
    """Give the seconds that a refusal names, and one more: its clock has begun before ours."""
    found = _SUSPENDED.search(text)
    return float(found[1]) + 1 if found else header_seconds(answer.headers)


def _by_status(answer: Answer) -> SourceError:
    where, status = _where(answer), answer.status
    if status == _HTTP_TOO_MANY:
        return RateLimited("asked too quickly", where=where, hint=_HINTS[RateLimited], wait=header_seconds(answer.headers))
    if status == _HTTP_UNAUTHORIZED:
        return BadKey("the key is refused", where=where, hint=_HINTS[BadKey])
    if status >= _HTTP_SERVER:
        return TransientSourceError(f"the server failed (HTTP {status})", where=where, hint="Try again later")
    if status == _HTTP_BAD and _decoded(answer) is not None:
        return BadRequest("the question is not understood", where=where)
    what = "no answer of the documented form" if status == _HTTP_OK else f"HTTP {status} without a reason"
    return _malformed(answer, what)


def _malformed(answer: Answer, what: str) -> MalformedAnswer:
    return MalformedAnswer(what, where=_where(answer), hint="The raw answer is kept; try again, or another explorer")


def _where(answer: Answer) -> str:
    request = answer.request
    return f"{request.source} {request.chain} {request.stream} {request.subject}".strip()


def _short(text: str) -> str:
    """Print an explorer's words safely: one line, printable, not long."""
    return "".join(char if char.isprintable() else " " for char in text).strip()[:200]
