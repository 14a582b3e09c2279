"""What an Etherscan-like answer says: rows, proven emptiness, or which error. Body first, HTTP status second.

The explorer sends most errors with status 200, and answers its JSON-RPC proxy with the ordinary envelope when key, rate or
chain are wrong. Fragments are those of ``docs/reference/explorers.md``, compared without regard to case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from cryptotrace.errors import (
    BadKey,
    BadRequest,
    ChainNotInPlan,
    MalformedAnswer,
    NotIndexedYet,
    PlanRequired,
    QuotaExhausted,
    RangeTooLarge,
    RateLimited,
    SourceError,
    TransientSourceError,
)
from cryptotrace.sources._http import header_seconds
from cryptotrace.sources.base import Answer

__all__ = ["classify", "read_proxy", "read_rows", "read_text"]

_HTTP_OK = 200
_HTTP_TOO_LONG = 414
_HTTP_TOO_MANY = 429
_HTTP_SERVER = 500
_RATE = re.compile(r"\((\d+)\s*/\s*sec\)")

_KINDS: tuple[tuple[str, type[SourceError]], ...] = (
    ("max daily rate limit", QuotaExhausted),
    ("rate limit", RateLimited),
    ("too many requests", RateLimited),
    ("too many invalid api key attempts", BadKey),
    ("invalid api key", BadKey),
    ("free api access is temporarily unavailable", TransientSourceError),
    ("free api access is not supported", ChainNotInPlan),
    ("api pro endpoint", PlanRequired),
    ("upgrade your api plan", PlanRequired),
    ("chain not supported", ChainNotInPlan),
    ("result window is too large", RangeTooLarge),
    ("query timeout", RangeTooLarge),
    ("select a smaller result dataset", RangeTooLarge),
    ("block range smaller", RangeTooLarge),
    ("have not been processed yet", NotIndexedYet),
    ("have not yet been processed", NotIndexedYet),
    ("server too busy", TransientSourceError),
    ("timeout occurred", TransientSourceError),
    ("unexpected err", TransientSourceError),
    ("something went wrong", TransientSourceError),
    ("deprecated v1 endpoint", BadRequest),
    ("chainid parameter", BadRequest),
    ("missing or invalid", BadRequest),
    ("missing/invalid", BadRequest),
    ("invalid", BadRequest),
    ("unknown action", BadRequest),
    ("unknown module", BadRequest),
    ("error!", BadRequest),
)
_HINTS: dict[type[SourceError], str] = {
    BadKey: "Set ETHERSCAN_API_KEY; a free key is made at https://etherscan.io/apidashboard",
    ChainNotInPlan: "Use another explorer for this chain, or a plan that holds it",
    PlanRequired: "Use another explorer for this, or a plan that holds it",
    QuotaExhausted: "Go on after 00:00 UTC: the same command continues where it stopped",
    RateLimited: "Slow down, or use a plan with more calls",
}


@dataclass(frozen=True, slots=True)
class _Body:
    status: str | None
    message: str
    result: Any
    is_rpc: bool
    error: Any


def classify(answer: Answer) -> None:
    """Raise what an answer is, if it is not one that can be read.

    Raises
    ------
    SourceError
        Of the kind that the words in the body say; by HTTP status only where the body says nothing.
    """
    body = _body(answer)
    if body is None:
        raise _by_status(answer)
    if body.is_rpc:
        if body.error is not None:
            raise _of_text(answer, str(body.error.get("message", "")) if isinstance(body.error, dict) else str(body.error))
        return
    if body.status == "1" or _is_empty(body):
        return
    if body.status == "2":
        raise NotIndexedYet(_short(body.message) or "not processed yet", where=_where(answer), hint="Ask again later")
    text = f"{body.message} {body.result}" if isinstance(body.result, str) else body.message
    raise _of_text(answer, text)


def read_rows(answer: Answer) -> list[Any]:
    """Give the rows of an account list; an answer of another shape is an error, never an empty list.

    Raises
    ------
    MalformedAnswer
        If the result is no list.
    """
    body = _body(answer)
    if body is None or body.is_rpc:
        raise _malformed(answer, "not an account list")
    if _is_empty(body):
        return []
    # A refusal can hold a list, and half a list too: only a success holds the whole of it.
    if body.status != "1" or not isinstance(body.result, list):
        raise _malformed(answer, "the result is no list")
    return body.result


def read_text(answer: Answer) -> str:
    """Give a result that is one word, such as a balance."""
    body = _body(answer)
    if body is None or body.status != "1" or not isinstance(body.result, str):
        raise _malformed(answer, "the result is no text")
    return body.result


def read_proxy(answer: Answer) -> Any:
    """Give the result of a JSON-RPC answer; None where the node knows nothing of it."""
    body = _body(answer)
    if body is None or not body.is_rpc or body.error is not None:
        raise _malformed(answer, "not a JSON-RPC answer")
    return body.result


def _body(answer: Answer) -> _Body | None:
    """Read the envelope; None where there is none (a page of HTML, cut JSON, nothing)."""
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    if "jsonrpc" in found and "status" not in found:
        return _Body(None, "", found.get("result"), True, found.get("error"))
    if "status" not in found or "result" not in found:
        return None
    return _Body(str(found["status"]), str(found.get("message") or ""), found["result"], False, None)


def _is_empty(body: _Body) -> bool:
    """Whether the explorer says that there is nothing: in so many words, or with status 1 and an empty list."""
    words = body.message.strip().lower()
    if body.result not in ([], "", None):
        return False
    return (body.status == "1" and body.result == []) or (
        body.status == "0" and words.startswith("no ") and words.endswith(" found")
    )


def _of_text(answer: Answer, text: str) -> SourceError:
    words = text.lower()
    kind = next((kind for fragment, kind in _KINDS if fragment in words), None)
    if kind is None:
        said = _by_status(answer)
        unknown = f"an error that is not known: {_short(text) or 'without words'}"
        return _malformed(answer, unknown) if isinstance(said, MalformedAnswer) else said
    if kind is RateLimited:
        return RateLimited(_short(text), where=_where(answer), hint=_HINTS[RateLimited], wait=header_seconds(answer.headers))
    return kind(_short(text), where=_where(answer), hint=_HINTS.get(kind, ""))


def _by_status(answer: Answer) -> SourceError:
    where = _where(answer)
    if answer.status == _HTTP_TOO_MANY:
        return RateLimited("asked too quickly", where=where, hint=_HINTS[RateLimited], wait=header_seconds(answer.headers))
    if answer.status == _HTTP_TOO_LONG:
        return RangeTooLarge("the question is too long", where=where)
    if answer.status >= _HTTP_SERVER:
        return TransientSourceError(f"the server failed (HTTP {answer.status})", where=where, hint="Try again later")
    what = "no answer of the documented form" if answer.status == _HTTP_OK else f"HTTP {answer.status} without a reason"
    return _malformed(answer, what)


def _malformed(answer: Answer, what: str) -> MalformedAnswer:
    return MalformedAnswer(what, where=_where(answer), hint="The raw answer is kept; try again, or another explorer")


def _where(answer: Answer) -> str:
    request = answer.request
    return f"{request.source} {request.chain} {request.stream} {request.subject}".strip()


def _short(text: str) -> str:
    """Print an explorer's words safely: one line, printable, not long."""
    return "".join(char if char.isprintable() else " " for char in text).strip()[:200]


def refused_rate(text: str) -> float | None:
    """Read the allowed rate out of a refusal such as ``... rate limit reached (3/sec)``."""
    found = _RATE.search(text)
    return float(found[1]) if found else None
