"""What an answer of Tronscan says. The HTTP status is documented to say it; older refusals are a 403, of JSON or of HTML."""

from __future__ import annotations

from typing import Any

import msgspec

from cryptotrace.errors import BadKey, BadRequest, MalformedAnswer, RateLimited, SourceError, TransientSourceError
from cryptotrace.sources._http import header_seconds
from cryptotrace.sources.base import Answer

__all__ = ["classify", "read_counted", "read_object"]

_HTTP_OK = 200
_HTTP_SERVER = 500
_KINDS: dict[int, type[SourceError]] = {400: BadRequest, 401: BadKey, 404: BadRequest, 410: BadRequest}
_TOO_QUICK = (403, 429)
_HINT = "Slow down, or set TRONSCAN_API_KEY"


def classify(answer: Answer) -> None:
    """Raise what an answer is, if it is not one that can be read.

    Raises
    ------
    SourceError
        Of the kind that the status says; with status 200 only an object that holds no error can be read.
    """
    body, status = _decoded(answer), answer.status
    words = _words(body)
    if status in _TOO_QUICK or (words and "too quickly" in words.lower()):
        raise RateLimited(
            _short(words) or "asked too quickly", where=_where(answer), hint=_HINT, wait=header_seconds(answer.headers)
        )
    if status in _KINDS:
        raise _KINDS[status](_short(words) or f"HTTP {status}", where=_where(answer), hint=_HINT if status == 401 else "")
    if status >= _HTTP_SERVER:
        raise TransientSourceError(f"the server failed (HTTP {status})", where=_where(answer), hint="Try again later")
    if status != _HTTP_OK or not isinstance(body, dict) or words:
        raise _malformed(answer, _short(words) or "no answer of the documented form")


def read_object(answer: Answer) -> dict[str, Any]:
    """Give the object that was answered.

    Raises
    ------
    MalformedAnswer
        If it is none.
    """
    body = _decoded(answer)
    if not isinstance(body, dict):
        raise _malformed(answer, "not an object")
    return body


def read_counted(answer: Answer, name: str = "token_transfers", *, is_counted: bool = True) -> tuple[int, list[Any]]:
    """Give (rows that are counted, rows of this page); the count of a list that has none is -1.

    Parameters
    ----------
    answer : Answer
        To a question about a list.
    name : str
        Where the rows stand.
    is_counted : bool
        Whether the list has counts: one that should have, and has none, is never proven to be whole.

    Raises
    ------
    MalformedAnswer
        If there is no list, or no count.
    """
    body = read_object(answer)
    rows, counts = body.get(name), [body.get("total"), body.get("rangeTotal")]
    known = [count for count in counts if type(count) is int and count >= 0]
    if not isinstance(rows, list) or (is_counted and not known):
        raise _malformed(answer, "not a list with a count" if is_counted else "not a list")
    return max(known, default=-1), rows


def _decoded(answer: Answer) -> Any:
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _words(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    found = next((body[name] for name in ("message", "Error", "error") if name in body), "")
    return found if type(found) is str else msgspec.json.encode(found).decode()


def _malformed(answer: Answer, what: str) -> MalformedAnswer:
    return MalformedAnswer(what, where=_where(answer), hint="The raw answer is kept; try again, or another explorer")


def _where(answer: Answer) -> str:
    request = answer.request
    return f"{request.source} {request.chain} {request.stream} {request.subject}".strip()


def _short(text: str) -> str:
    """Print an explorer's words safely: one line, printable, not long."""
    return "".join(char if char.isprintable() else " " for char in text).strip()[:200]
