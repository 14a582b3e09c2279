"""What a Blockscout answer says: rows of its Etherscan-like RPC, items of REST v2, or which error. Body first, status second.

Three dialects come from one address, and the path of the request tells which: ``/api`` answers in Etherscan's envelope (and
in that of a node for the head), ``/api/v2`` in plain objects and lists with a cursor, ``/api/eth-rpc`` as a node. In front of
all of them stands a gateway with words of its own. Fragments are those of the server's source and of recorded answers,
compared without regard to case.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from cryptotrace.sources.etherscan.answers import classify as classify_envelope

__all__ = ["REST", "classify", "read_head", "read_items", "read_object"]

REST = "/api/v2"
"""Begins every path of REST v2."""
_HTTP_OK = 200
_SERVER = 500
_GUESS = 10.0
"""Seconds to wait after a refusal that does not say how long: what a well-kept client of this explorer waits first."""
_STATUSES = ("0", "1", "2")

_KINDS: tuple[tuple[str, type[SourceError]], ...] = (
    ("too many requests", RateLimited),
    ("rate limit", RateLimited),
    ("credit", QuotaExhausted),
    ("quota", QuotaExhausted),
    ("not yet been processed", NotIndexedYet),
    ("not been processed yet", NotIndexedYet),
    ("network not supported", ChainNotInPlan),
    ("chain not supported", ChainNotInPlan),
    ("result window is too large", RangeTooLarge),
    ("timeout", RangeTooLarge),
    ("restricted access", PlanRequired),
    ("api key", BadKey),
    ("apikey", BadKey),
    ("unauthorized", BadKey),
    ("something went wrong", TransientSourceError),
    ("internal server error", TransientSourceError),
    ("unknown action", BadRequest),
    ("unknown module", BadRequest),
    ("are required parameters", BadRequest),
    ("is required", BadRequest),
    ("parameters missing", BadRequest),
    ("does not exist", BadRequest),
    ("not verified", BadRequest),
    ("not found", BadRequest),
    ("method not", BadRequest),
    ("not supported", BadRequest),
    ("missed `", BadRequest),
    ("reverted", BadRequest),
    ("invalid", BadRequest),
)
_BY_STATUS: Mapping[int, tuple[type[SourceError], str]] = {
    400: (BadRequest, "not understood"),
    401: (BadKey, "nothing is answered without a key"),
    402: (BadKey, "nothing is answered without a key, or the credits of its plan are used up"),
    404: (BadRequest, "not found"),
    414: (RangeTooLarge, "the question is too long"),
    422: (BadRequest, "a parameter is refused"),
    429: (RateLimited, "asked too quickly"),
}
_HINTS: Mapping[type[SourceError], str] = {
    BadKey: "Set BLOCKSCOUT_API_KEY; a free key is made at https://dev.blockscout.com",
    ChainNotInPlan: "Use another explorer for this chain",
    PlanRequired: "Use another explorer for this, or a plan that holds it",
    QuotaExhausted: "Go on tomorrow: the same command continues where it stopped",
    RateLimited: "Slow down, or use a key",
    NotIndexedYet: "Ask again later, or another explorer",
    TransientSourceError: "Try again later",
}
_NODE_REFUSALS = (3, -32600, -32601, -32602)
"""JSON-RPC codes of a question that will never be answered: reverted, not a request, no such method, wrong parameters."""


def classify(answer: Answer) -> None:
    """Raise what an answer is, if it is not one that can be read.

    Raises
    ------
    SourceError
        Of the kind that the words in the body say; by HTTP status only where the body says nothing.
    """
    body = _object_of(answer)
    if body is None:
        raise _of_status(answer)
    if "jsonrpc" in body and "status" not in body:
        _check_node(answer, body)
    elif answer.request.path.startswith(REST):
        _check_rest(answer, body)
    else:
        _check_envelope(answer, body)


def _object_of(answer: Answer) -> dict[str, Any] | None:
    """Read the body; None where it is no object (a page of HTML, cut JSON, nothing)."""
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _check_node(answer: Answer, body: Mapping[str, Any]) -> None:
    error = body.get("error")
    if error is None:
        if "result" not in body:
            raise _malformed(answer, "neither result nor error")
        return
    code, text = (error.get("code"), str(error.get("message"))) if isinstance(error, dict) else (None, str(error))
    if code in _NODE_REFUSALS:
        raise BadRequest(_short(text) or "not understood", where=_where(answer))
    raise _of_text(answer, text)


def _check_rest(answer: Answer, body: Mapping[str, Any]) -> None:
    said = body.get("message")
    if answer.status != _HTTP_OK:
        raise _of_text(answer, _words(body))
    if isinstance(said, str) and _kind(said) is NotIndexedYet:
        raise NotIndexedYet(_short(said), where=_where(answer), hint=_HINTS[NotIndexedYet])
    if "items" in body or "hash" in body or "finished_indexing" in body:
        return
    raise _of_text(answer, _words(body))


def _check_envelope(answer: Answer, body: Mapping[str, Any]) -> None:
    if str(body.get("status")) not in _STATUSES or "result" not in body:
        raise _of_text(answer, _words(body))
    try:
        classify_envelope(answer)
    except (NotIndexedYet, RangeTooLarge):
        raise
    except SourceError:
        # Their words for the same errors differ, and so does the advice.
        raise _of_text(answer, _words(body)) from None


def _words(body: Mapping[str, Any]) -> str:
    """Give what a refusal says, wherever it stands."""
    found = [body.get(name) for name in ("message", "error", "errors")]
    if isinstance(body.get("result"), str):
        found.append(body["result"])
    try:
        return " ".join(text if isinstance(text, str) else msgspec.json.encode(text).decode() for text in found if text)
    except RecursionError:  # nested as deeply as could still be read
        return ""


def _kind(text: str) -> type[SourceError] | None:
    words = text.lower()
    return next((kind for fragment, kind in _KINDS if fragment in words), None)


def _of_text(answer: Answer, text: str) -> SourceError:
    kind = _kind(text)
    if answer.status in (401, 402) and kind not in (QuotaExhausted, RateLimited):
        kind = BadKey
    if kind is BadRequest and answer.status >= _SERVER:
        kind = TransientSourceError  # the gateway repeats what the machine behind it could not say
    if kind is None:
        return _of_status(answer, text)
    return _made(answer, kind, _short(text))


def _of_status(answer: Answer, text: str = "") -> SourceError:
    """Say what an answer is whose words say nothing. A page of HTML is no refusal: it comes from what stands in front."""
    found = _BY_STATUS.get(answer.status)
    is_json = bool(text) or _object_of(answer) is not None
    if found is not None and (is_json or answer.status in (401, 402, 414, 429)):
        return _made(answer, found[0], _short(text) or found[1])
    if answer.status >= _SERVER:
        return _made(answer, TransientSourceError, f"the server failed (HTTP {answer.status})")
    if answer.status == 403 and is_json:
        return _made(answer, PlanRequired, _short(text) or "access is restricted")
    what = f"an error that is not known: {_short(text)}" if text else "no answer of the documented form"
    return _malformed(answer, what if answer.status == _HTTP_OK else f"HTTP {answer.status}: {what}")


def _made(answer: Answer, kind: type[SourceError], text: str) -> SourceError:
    where, hint = _where(answer), _HINTS.get(kind, "")
    return RateLimited(text, where=where, hint=hint, wait=_wait(answer)) if kind is RateLimited else kind(
        text, where=where, hint=hint
    )  # fmt: skip


def _wait(answer: Answer) -> float:
    """Give the seconds to wait: ``x-ratelimit-reset`` is in milliseconds, and -1 where the limiter itself failed."""
    reset = next((text for name, text in answer.headers.items() if name.lower() == "x-ratelimit-reset"), "").strip()
    if reset.isascii() and reset.isdigit():
        return min(int(reset[:12]) / 1000, 3600.0)
    said = header_seconds(answer.headers)
    return _GUESS if said is None else said


def _malformed(answer: Answer, what: str) -> MalformedAnswer:
    return MalformedAnswer(what, where=_where(answer), hint="The raw answer is kept; try again, or another explorer")


def _where(answer: Answer) -> str:
    request = answer.request
    return f"{request.source} {request.chain} {request.stream} {request.subject}".strip()


def _short(text: str) -> str:
    """Print an explorer's words safely: one line, printable, not long."""
    return "".join(char if char.isprintable() else " " for char in text).strip()[:200]


# -- reading what :func:`classify` let pass -----------------------------------------------------------------------------------


def read_object(answer: Answer) -> dict[str, Any]:
    """Give the object of REST v2.

    Raises
    ------
    MalformedAnswer
        If it is none.
    """
    body = _object_of(answer)
    if body is None:
        raise _malformed(answer, "no object")
    return body


def read_items(answer: Answer) -> tuple[list[Any], dict[str, str] | None]:
    """Give the items of a page of REST v2, and the parameters of the next page; None where this was the last.

    Raises
    ------
    MalformedAnswer
        If it is no such page. An answer without a cursor is none: it would read as the end of the list.
    """
    body = read_object(answer)
    items, following = body.get("items"), body.get("next_page_params", 0)
    if not isinstance(items, list):
        raise _malformed(answer, "the items are no list")
    if following is None:
        return items, None
    if not isinstance(following, dict) or not following:
        raise _malformed(answer, "the page has no cursor")
    if not items:
        raise _malformed(answer, "a page without items that is not the last")
    return items, {name: _parameter(answer, value) for name, value in following.items() if value is not None}


def _parameter(answer: Answer, value: Any) -> str:
    """Write a value of the cursor as a query holds it; null is what a server takes a missing one for."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | str):
        return str(value)
    raise _malformed(answer, "a cursor of another form")


def read_head(answer: Answer) -> int:
    """Give the number of the newest block.

    Raises
    ------
    MalformedAnswer
        If there is none.
    """
    body = read_object(answer)
    found = body.get("result")
    if isinstance(found, str) and found.startswith("0x") and 2 < len(found) <= 14:
        try:
            return int(found, 16)
        except ValueError:
            pass
    raise _malformed(answer, "the head is no block number")
