"""What a node, or the provider in front of it, says: results, or which error. Body first, HTTP status second.

Providers word the same refusal in many ways, send it with HTTP 200, 400 or 429, and use one code for several things: words
count more than codes, and the method that was asked decides what ``limit exceeded`` means. The table is that of
``docs/reference/explorers.md``; fragments are compared without regard to case.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from cryptotrace.errors import (
    BadKey,
    BadRequest,
    MalformedAnswer,
    NotIndexedYet,
    PermanentSourceError,
    PlanRequired,
    QuotaExhausted,
    RangeTooLarge,
    RateLimited,
    SourceError,
    TransientSourceError,
)
from cryptotrace.sources._http import header_seconds
from cryptotrace.sources.base import Answer
from cryptotrace.sources.rpc.ranges import Hint, hint_of
from cryptotrace.sources.rpc.results import plain_results

__all__ = ["BatchRefused", "NoTraces", "Reorganised", "TooWide", "classify", "read_results"]

_RANGED = frozenset(("eth_getLogs", "trace_filter"))
_OK, _TOO_LARGE, _TOO_MANY, _SERVER = 200, 413, 429, 500
_HTTP: dict[int, type[SourceError]] = {
    401: BadKey, 402: PlanRequired, 404: BadKey, 408: TransientSourceError, 413: RangeTooLarge,
}  # fmt: skip
_CODES: dict[int, type[SourceError]] = {
    429: RateLimited,
    4444: PlanRequired,
    3: BadRequest,
    -32001: BadKey,
    -32004: BadRequest,
    -32007: RateLimited,
    -32600: BadRequest,
    -32601: BadRequest,
    -32602: BadRequest,
    -32603: TransientSourceError,
}

_WORDS: tuple[tuple[str, type[SourceError]], ...] = (
    # a day or a month is used up
    ("daily request count", QuotaExhausted),
    ("daily limit", QuotaExhausted),
    ("monthly", QuotaExhausted),
    ("per day", QuotaExhausted),
    ("quota", QuotaExhausted),
    # wait; before the words on ranges, which also say "limit"
    ("request rate exceeded", RateLimited),
    ("too many requests", RateLimited),
    ("compute units per second", RateLimited),
    ("throughput", RateLimited),
    ("per second", RateLimited),
    ("/second", RateLimited),
    ("per minute", RateLimited),
    ("rate limit", RateLimited),
    ("rate-limit", RateLimited),
    ("ratelimit", RateLimited),
    # smaller
    ("query returned more than", RangeTooLarge),
    ("more than 10000 results", RangeTooLarge),
    ("too many results", RangeTooLarge),
    ("response size exceeded", RangeTooLarge),
    ("response is too big", RangeTooLarge),
    ("response size should not", RangeTooLarge),
    ("response too large", RangeTooLarge),
    ("query timeout exceeded", RangeTooLarge),
    ("beyond current head", TransientSourceError),
    ("invalid block range", BadRequest),
    ("block range", RangeTooLarge),
    ("blocks range", RangeTooLarge),
    ("range limit", RangeTooLarge),
    ("maximum range", RangeTooLarge),
    ("range is too", RangeTooLarge),
    ("range too large", RangeTooLarge),
    ("exceeds limit of", RangeTooLarge),
    ("exceeds the range", RangeTooLarge),
    ("exceed maximum", RangeTooLarge),
    ("too many blocks", RangeTooLarge),
    ("too many logs", RangeTooLarge),
    ("logs matched by query exceeds", RangeTooLarge),
    # keys
    ("api key", BadKey),
    ("apikey", BadKey),
    ("project id", BadKey),
    ("access token", BadKey),
    ("unauthorized", BadKey),
    ("must be authenticated", BadKey),
    ("forbidden", BadKey),
    # old state, and plans
    ("missing trie node", PlanRequired),
    ("header not found", PlanRequired),
    ("archive", PlanRequired),
    ("personal token", PlanRequired),
    ("pruned", PlanRequired),
    ("pruning", PlanRequired),
    ("state is not available", PlanRequired),
    ("historical state", PlanRequired),
    ("proof window", PlanRequired),
    ("free tier", PlanRequired),
    ("upgrade", PlanRequired),
    ("on this plan", PlanRequired),
    ("your plan", PlanRequired),
    # the method is not there
    ("does not exist/is not available", BadRequest),
    ("method not found", BadRequest),
    ("method not supported", BadRequest),
    ("unsupported method", BadRequest),
    ("not whitelisted", BadRequest),
    ("method is disabled", BadRequest),
    # not yet
    ("transaction not found", NotIndexedYet),
    ("indexing is in progress", NotIndexedYet),
    ("block not found", NotIndexedYet),
    ("unknown block", NotIndexedYet),
    ("not synced", NotIndexedYet),
    # a contract that refuses
    ("execution reverted", BadRequest),
    ("vm execution error", BadRequest),
    ("invalid opcode", BadRequest),
    ("out of gas", BadRequest),
    ("invalid argument", BadRequest),
    ("invalid params", BadRequest),
    # the server
    ("internal error", TransientSourceError),
    ("busy", TransientSourceError),
    ("overloaded", TransientSourceError),
    ("temporar", TransientSourceError),
    ("unavailable", TransientSourceError),
    ("no available", TransientSourceError),
    ("upstream", TransientSourceError),
    ("gateway", TransientSourceError),
)
_AMBIGUOUS = ("limit exceeded", "timeout", "timed out")
"""What a list of logs or traces is refused with where it is too long; any other question has to wait."""
_HINTS: dict[type[SourceError], str] = {
    BadKey: "Check RPC_URL: a provider's URL holds the key",
    PlanRequired: "Use a node or a plan that holds it; old balances need an archive node",
    QuotaExhausted: "Go on when the provider's day or month is over: the same command continues where it stopped",
    RateLimited: "Slow down, or use a plan with more calls",
}


class TooWide(RangeTooLarge):
    """A list of logs or traces that is too long for one answer, with what the refusal says will do.

    Attributes
    ----------
    advice : Hint
        Blocks that may be asked for.
    """

    advice: Hint = Hint()


class BatchRefused(BadRequest):
    """Several questions in one request are not taken, or not so many."""


class Reorganised(PermanentSourceError):  # noqa: N818  (these names say what happened)
    """The block under which the run reads is no longer in the chain."""

    kind = "reorg"


class NoTraces(PermanentSourceError):  # noqa: N818
    """The node shows no inner payments, and the range is too long to read every block."""

    kind = "no_traces"


def classify(answer: Answer) -> None:
    """Raise what an answer is, if it holds no results; of a batch, whatever is worth asking again for comes first.

    Raises
    ------
    SourceError
        Of the kind that the words in the body say; by code, then by HTTP status, only where the words say nothing.
    """
    if plain_results(answer) is not None:
        return
    asked = _asked(answer)
    body = _body(answer)
    if isinstance(body, list) and isinstance(asked, list) and body:
        problems = [_problem(answer, one, method) for one, method in zip(body, _methods(asked, body), strict=True)]
        found = [problem for problem in problems if problem is not None]
        if found:
            raise next((one for one in found if isinstance(one, TransientSourceError)), found[0])
        if _ids(body) != list(range(1, len(asked) + 1)):
            raise _malformed(answer, "answers to other questions")
        return
    if not isinstance(body, dict):
        raise _by_status(answer, batch=isinstance(asked, list))
    if isinstance(asked, list):
        raise _of_batch(answer, body)
    problem = _problem(answer, body, _method(asked))
    if problem is not None:
        raise problem
    if body.get("id") != 1:
        raise _malformed(answer, "an answer to another question")


def read_results(answer: Answer) -> list[msgspec.Raw]:
    """Give the results of an answer that :func:`classify` let pass, in the order of the questions, each as it came."""
    found = plain_results(answer)
    if found is not None:
        return found
    body = _body(answer)
    if not isinstance(body, (dict, list)):
        raise _malformed(answer, "no results")
    results = [body] if isinstance(body, dict) else sorted(body, key=lambda one: one["id"])
    return [msgspec.Raw(msgspec.json.encode(one.get("result"))) for one in results]


def _ids(body: Sequence[Any]) -> list[int]:
    numbers = [one.get("id") for one in body if isinstance(one, dict)]
    return sorted(number for number in numbers if type(number) is int)


def _asked(answer: Answer) -> Any:
    return msgspec.json.decode(answer.request.payload or "{}")


def _body(answer: Answer) -> Any:
    """Read the body; None where it is no JSON (a page of HTML, cut JSON, nothing)."""
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _method(asked: Any) -> str:
    return str(asked.get("method") or "") if isinstance(asked, dict) else ""


def _methods(asked: Sequence[Any], body: Sequence[Any]) -> list[str]:
    """Give the method that each item of a batch answers."""
    known = {one.get("id"): _method(one) for one in asked if isinstance(one, dict)}
    numbers = [one.get("id") if isinstance(one, dict) else None for one in body]
    return [known.get(number, "") if isinstance(number, int) else "" for number in numbers]


def _problem(answer: Answer, body: Any, method: str) -> SourceError | None:
    """Give the error that one object is; None for a result."""
    if not isinstance(body, dict):
        return _malformed(answer, "an answer that is no object")
    error = body.get("error")
    if error is None and "result" in body:
        return None
    if error is None and "message" not in body and "code" not in body:
        return _by_status(answer, batch=False)
    said = error if isinstance(error, dict) else body if error is None else {"message": error, "code": body.get("code")}
    return _of_error(answer, said, method)


def _of_error(answer: Answer, error: dict[str, Any], method: str) -> SourceError:
    text, code, where = str(error.get("message") or ""), error.get("code"), _where(answer)
    kind = _kind(text.lower(), code, method)
    if kind is None:
        by_status = _by_status(answer, batch=False)
        if isinstance(by_status, MalformedAnswer):
            return _malformed(answer, f"an error that is not known: {_short(text) or 'without words'}")
        return by_status
    if kind is RangeTooLarge and method in _RANGED:
        wide = TooWide(_short(text), where=where, hint="Ask for fewer blocks")
        wide.advice = hint_of(text, error.get("data"))
        return wide
    if kind is RateLimited:
        wait = header_seconds(answer.headers)
        return RateLimited(_short(text) or "asked too quickly", where=where, hint=_HINTS[RateLimited], wait=wait)
    return kind(_short(text) or f"error {code}", where=where, hint=_HINTS.get(kind, ""))


def _kind(words: str, code: Any, method: str) -> type[SourceError] | None:
    for fragment, kind in _WORDS:
        if fragment in words and not (kind is RangeTooLarge and method not in _RANGED):
            return kind
    if any(fragment in words for fragment in _AMBIGUOUS):
        ranged = method in _RANGED
        if "limit exceeded" in words:
            return RangeTooLarge if ranged else RateLimited
        return RangeTooLarge if ranged else TransientSourceError
    known = _CODES.get(code) if type(code) is int else None
    if known is None and code == -32005:  # EIP-1474: a limit, whichever
        return RangeTooLarge if method in _RANGED and ("result" in words or "range" in words) else RateLimited
    return known


def _of_batch(answer: Answer, body: dict[str, Any]) -> SourceError:
    """Give what one object is that answers several questions."""
    problem = _problem(answer, body, "")
    if problem is None:
        return _batch_refused(answer, "one result for several questions")
    if "batch" in problem.what.lower() or isinstance(problem, BadRequest):
        return _batch_refused(answer, problem.what)
    return problem


def _batch_refused(answer: Answer, what: str) -> BatchRefused:
    return BatchRefused(what, where=_where(answer), hint="Ask one question at a time")


def _by_status(answer: Answer, *, batch: bool) -> SourceError:
    where, status = _where(answer), answer.status
    if status == _TOO_MANY:
        return RateLimited("asked too quickly", where=where, hint=_HINTS[RateLimited], wait=header_seconds(answer.headers))
    if status >= _SERVER:
        return TransientSourceError(f"the server failed (HTTP {status})", where=where, hint="Try again later")
    if status == _TOO_LARGE and batch:
        return _batch_refused(answer, "the question is too long")
    kind = _HTTP.get(status)
    if kind is RangeTooLarge and _method(_asked(answer)) in _RANGED:
        kind = TooWide
    if kind is not None:
        return kind(f"refused with HTTP {status}", where=where, hint=_HINTS.get(kind, ""))
    return _malformed(answer, "no answer of JSON-RPC" if status == _OK else f"HTTP {status} without a reason")


def _malformed(answer: Answer, what: str) -> MalformedAnswer:
    return MalformedAnswer(what, where=_where(answer), hint="The raw answer is kept; try again, or another node")


def _where(answer: Answer) -> str:
    request = answer.request
    return f"{request.source} {request.chain} {request.stream} {request.subject}".strip()


def _short(text: str) -> str:
    """Print a provider's words safely: one line, printable, not long."""
    return "".join(char if char.isprintable() else " " for char in text).strip()[:200]
