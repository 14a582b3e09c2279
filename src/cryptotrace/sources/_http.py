"""The only code that touches the network: one request, its retries, and the one place where a key is added.

A key goes into the request at the last moment and nowhere else: not into :class:`Request`, a log line, an exception or the
archive. What an explorer sends back is scrubbed of it before anything keeps it.
"""

from __future__ import annotations

import html
import json
import logging
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, urlsplit

from cryptotrace.errors import BadKey, MalformedAnswer, QuotaExhausted, RateLimited, SourceError, TransientSourceError
from cryptotrace.settings import Secret
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.limits import Pace

if TYPE_CHECKING:
    import requests

__all__ = ["HttpFetcher"]

_LOG = logging.getLogger(__name__)
_MAX_BODY = 24 * 1024 * 1024
_KEPT_HEADERS = ("Date", "Retry-After", "Content-Type", "X-RateLimit-Reset", "X-RateLimit-Limit", "X-RateLimit-Remaining")
_LONGEST_WAIT = 60.0
_LONGEST_PROMISE = 300.0
"""Seconds that a server may ask to wait; more is no pause but an end for today."""
_PIECE = 64 * 1024
_URL_LOGGERS = ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry")
_KEY_IN_URL = re.compile(r"((?:apikey|api_key|api-key|key|token)=)[^&\s\"']+", re.IGNORECASE)


class HttpFetcher:
    """Fetches over HTTP, inside a pace, with retries for what may pass.

    Parameters
    ----------
    base_url : str
        Where the explorer answers.
    classify : callable
        Raises the :class:`SourceError` that an answer is; returns for one that can be read.
    pace : Pace
        Shared by everything that uses the same account.
    secret : Secret, optional
        The key.
    secret_name, secret_header : str
        The query parameter that carries it, or the header, where one is named.
    hidden : sequence of Secret
        Parts of ``base_url`` that are keys themselves, as node providers have them.
    attempts : int
        Tries of one request.
    timeout : float
        Seconds for a connection, and between two pieces of a body.
    sleep, now : callable
        Injected by tests.

    Raises
    ------
    BadKey
        If the key cannot be sent.
    """

    def __init__(
        self,
        base_url: str,
        *,
        classify: Callable[[Answer], None],
        pace: Pace,
        secret: Secret | None = None,
        secret_name: str = "apikey",  # noqa: S107  (the name of a parameter, not a key)
        secret_header: str = "",
        hidden: Sequence[Secret] = (),
        attempts: int = 6,
        timeout: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._url = base_url
        self._classify = classify
        self._pace = pace
        self._secret = secret
        self._secret_name = secret_name
        self._secret_header = secret_header
        self._attempts = attempts
        self._timeout = timeout
        self._sleep = sleep
        self._now = now
        keys = [one for one in (secret, *hidden) if one is not None]
        if not all(one.reveal().isprintable() and (one.reveal().isascii() or not secret_header) for one in keys):
            raise BadKey("the key holds characters that no key has", where=_host(base_url), hint="Copy it again, or type it")
        self._marks = tuple(sorted({mark for one in keys for mark in _spellings(one.reveal())}, key=lambda mark: -len(mark)))
        _MASK.marks.update(mark for one in hidden for mark in _spellings(one.reveal()))
        self._lock = threading.Lock()
        self._session: requests.Session | None = None
        self.calls: Counter[str] = Counter()
        """Requests that were sent, by stream; ``retry`` counts those that were sent again."""

    def fetch(self, request: Request) -> Answer:
        """Give an answer that can be read.

        Raises
        ------
        SourceError
            Of the kind that the explorer's words say; transient ones only after the last try.
        """
        return self.fetch_within(request, lambda: None)

    def fetch_within(self, request: Request, spend: Callable[[], None]) -> Answer:
        """Do as :meth:`fetch` does; ``spend`` is called before each request is sent, and raises where none may be."""
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

        retrying = Retrying(
            retry=retry_if_exception_type(TransientSourceError),
            stop=stop_after_attempt(self._attempts),
            wait=lambda state: self._wait(state.attempt_number, state.outcome.exception() if state.outcome else None),
            sleep=self._sleep,
            reraise=True,
        )
        for attempt in retrying:
            with attempt:
                return self._once(request, spend, request.stream if attempt.retry_state.attempt_number == 1 else "retry")
        raise AssertionError("tenacity returns or raises")  # pragma: no cover

    def _wait(self, attempt: int, problem: BaseException | None) -> float:
        if isinstance(problem, RateLimited):
            return 0.0  # the pace already holds everything back
        longest: float = min(_LONGEST_WAIT, 0.5 * 2.0 ** (attempt - 1))
        return longest * (0.75 + random.random() / 2)  # noqa: S311  (jitter)

    def _once(self, request: Request, spend: Callable[[], None], counted_as: str) -> Answer:
        self._pace.acquire()
        spend()
        with self._lock:
            self.calls[counted_as] += 1
        answer = None
        try:
            answer = self._send(request)
            self._classify(answer)
        except RateLimited as problem:
            self._pace.refused(min(problem.wait, _LONGEST_PROMISE) if problem.wait is not None else None)
            if problem.wait is not None and problem.wait > _LONGEST_PROMISE:
                raise _closed(problem, answer) from None
            raise
        except SourceError as problem:
            problem.answer = answer
            _LOG.info("refused source=%s stream=%s kind=%s", request.source, request.stream, problem.kind)
            raise
        self._pace.succeeded()
        return answer

    def _send(self, request: Request) -> Answer:
        import requests
        from urllib3.exceptions import HTTPError
        from urllib3.exceptions import TimeoutError as WireTimeout

        where = f"{request.source} ({_host(self._url)})"
        problem: SourceError
        try:
            # The key is in no variable of this frame, so that no traceback with variables shows it.
            with self._open().request(
                "POST" if request.payload else "GET",
                self._url + request.path,
                params=self._with_key(request),
                data=request.payload.encode() or None,
                headers=self._headers(request),
                timeout=self._timeout,
                stream=True,
                allow_redirects=False,
            ) as response:
                body = self._read(response, where)
                headers = {name: self._scrub(response.headers[name]) for name in _KEPT_HEADERS if name in response.headers}
                return Answer(
                    request=request,
                    status=response.status_code,
                    body=body,
                    received_at=self._now(),
                    server_date=headers.get("Date", ""),
                    headers=headers,
                )
        except (requests.Timeout, WireTimeout):
            problem = TransientSourceError("no answer in time", where=where, hint="Try again later")
        except (requests.RequestException, HTTPError, OSError):
            problem = TransientSourceError("no connection", where=where, hint="Check the network, then try again")
        # Raised out here, without a context: the library's own message holds the URL, and the URL holds the key.
        raise problem

    def _open(self) -> requests.Session:
        import requests

        from cryptotrace.sources._patience import PatientAdapter

        with self._lock:
            if self._session is None:
                _keep_keys_out_of_logs()
                self._session = requests.Session()
                patient = PatientAdapter(4 * self._timeout)
                self._session.mount("http://", patient)
                self._session.mount("https://", patient)
                self._session.headers["User-Agent"] = "cryptotrace"
                self._session.trust_env = False  # a .netrc or proxy variable must not change who is asked, or with what
            return self._session

    def _with_key(self, request: Request) -> dict[str, str]:
        query = dict(request.parameters)
        if self._secret is not None and not self._secret_header:
            query[self._secret_name] = self._secret.reveal()
        return query

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {"Content-Type": "application/json"} if request.payload else {}
        if self._secret is not None and self._secret_header:
            headers[self._secret_header] = self._secret.reveal()
        return headers

    def _read(self, response: requests.Response, where: str) -> bytes:
        """Read a body piece by piece, never more than the cap, and take the key out of it should it be repeated there."""
        pieces, size = [], 0
        deadline = time.monotonic() + 4 * self._timeout
        for piece in _pieces(response):
            pieces.append(piece)
            size += len(piece)
            if size > _MAX_BODY:
                raise MalformedAnswer(f"an answer of more than {_MAX_BODY >> 20} MB", where=where, hint="Ask for fewer blocks")
            if time.monotonic() > deadline:
                raise TransientSourceError("the answer came too slowly", where=where, hint="Try again later")
        body = b"".join(pieces)
        for mark in self._marks:
            body = body.replace(mark.encode(), b"***")
        return body

    def _scrub(self, text: str) -> str:
        for mark in self._marks:
            text = text.replace(mark, "***")
        return text

    @property
    def has_key(self) -> bool:
        """Whether a key goes along."""
        return self._secret is not None and bool(self._secret.reveal())

    @property
    def rate(self) -> float:
        """Requests per second that may be sent at present."""
        return self._pace.rate

    def close(self) -> None:
        """Let go of the connection."""
        if self._session is not None:
            self._session.close()
            self._session = None


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _closed(problem: RateLimited, answer: Answer | None) -> QuotaExhausted:
    """Turn a wait that nobody sits out into the end of today's run."""
    ended = QuotaExhausted(
        f"asks to wait {problem.wait:,.0f} s", where=problem.where, hint="Run it again then: it goes on where it stopped"
    )
    ended.answer = answer
    return ended


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """Give a body as it arrives: a server that sends a byte now and then must not hold a read until a piece is full."""
    read = getattr(response.raw, "read1", None)
    if read is None:  # urllib3 before 2
        yield from response.iter_content(1024)
        return
    while piece := read(_PIECE, decode_content=True):
        yield piece


def _spellings(key: str) -> tuple[str, ...]:
    """Give a key as a server may repeat it: plain, or escaped for URLs, JSON or HTML; the longest first."""
    forms = {key, quote(key), quote(key, safe=""), quote_plus(key), html.escape(key), html.escape(key, quote=False)}
    forms |= {json.dumps(key)[1:-1], json.dumps(key, ensure_ascii=False)[1:-1]}
    return tuple(sorted(filter(None, forms), key=lambda form: (-len(form), form)))


class _KeysMasked(logging.Filter):
    """Masks keys in the URLs that urllib3 writes to its debug log."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: set[str] = set()
        """Parts of paths that are keys."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = _KEY_IN_URL.sub(r"\1***", record.getMessage())
        for mark in sorted(self.marks, key=lambda mark: -len(mark)):
            text = text.replace(mark, "***")
        record.msg, record.args = text, ()
        return True


_MASK = _KeysMasked()


def _keep_keys_out_of_logs() -> None:
    for name in _URL_LOGGERS:
        logging.getLogger(name).addFilter(_MASK)  # adding it twice changes nothing


def header_seconds(headers: Mapping[str, str]) -> float | None:
    """Read ``Retry-After`` where it is a plain number of seconds; anything else is no promise."""
    text = headers.get("Retry-After", "").strip()
    return min(float(text), 3600.0) if text.isascii() and text.isdigit() else None
