"""The stored answers of a case, found by request.

Nearly all of them are rows of ``responses``. What a key has left of its plan differs with every call and is no fact of a chain:
such answers are kept whole beside that table, in ``meta``, where two pulls need not agree on them.
"""

from __future__ import annotations

import base64
import json
import threading
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptotrace.errors import VerificationError
from cryptotrace.sources.base import Answer, Request

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["ASIDE", "StoreArchive", "answers_of_run", "answers_of_stream", "keep_aside"]

ASIDE = frozenset({"plan"})
"""Streams of answers that no two pulls agree on."""

_COLUMNS = "source, chain, stream, subject, request, status, body, body_sha256, server_date, received_at"
_ASIDE = "answer:"


class StoreArchive:
    """The stored answers of a case store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()  # a connection serves one thread at a time

    def keys(self) -> list[str]:
        """Give the keys of all requests that were answered."""
        rows = self._store.rows("SELECT key FROM responses ORDER BY key")
        aside = self._store.rows("SELECT name FROM meta WHERE starts_with(name, ?) ORDER BY name", [_ASIDE])
        return [key for (key,) in rows] + [name.removeprefix(_ASIDE) for (name,) in aside]

    def find(self, key: str) -> Answer | None:
        """Give the stored answer to a request, or None; the body is checked against its hash.

        Raises
        ------
        VerificationError
            If a stored body is not what its hash says.
        """
        with self._lock:
            rows = self._store.rows(f"SELECT {_COLUMNS} FROM responses WHERE key = ?", [key])
            aside = [] if rows else self._store.rows("SELECT value FROM meta WHERE name = ?", [_ASIDE + key])
        if rows:
            return _answer(key, rows[0])
        return _unpacked(key, aside[0][0]) if aside else None


def keep_aside(store: Store, answers: Iterable[Answer]) -> None:
    """Keep answers that no two pulls agree on; the first to a question is the one that the walks rest on."""
    for answer in answers:
        name = _ASIDE + answer.request.key
        if not store.rows("SELECT 1 FROM meta WHERE name = ?", [name]):
            store.run("INSERT INTO meta VALUES (?, ?)", [name, _packed(answer)])


def answers_of_run(store: Store, chain: str, run: str) -> list[Answer]:
    """Give what a run was answered before its lists: heads and plans."""
    aside = store.rows("SELECT name, value FROM meta WHERE starts_with(name, ?) ORDER BY name", [_ASIDE])
    answers = answers_of_stream(store, chain, "head")
    answers += [_unpacked(name.removeprefix(_ASIDE), value) for name, value in aside]
    return [answer for answer in answers if (answer.request.chain, answer.request.run) == (chain, run)]


def answers_of_stream(store: Store, chain: str, stream: str) -> list[Answer]:
    """Give the stored answers to the questions of one stream, whichever run asked them."""
    rows = store.rows(f"SELECT key, {_COLUMNS} FROM responses WHERE stream = ? AND chain = ? ORDER BY key", [stream, chain])
    return [_answer(key, row) for key, *row in rows]


def _packed(answer: Answer) -> str:
    request = answer.request
    return json.dumps(
        [
            request.source, request.chain, request.stream, request.subject, request.text, answer.status,
            base64.b64encode(zlib.compress(answer.body)).decode(), answer.sha256, answer.server_date,
            answer.received_at.isoformat(),
        ]
    )  # fmt: skip


def _unpacked(key: str, text: str) -> Answer:
    try:
        *asked, status, body, sha256, server_date, received_at = json.loads(text)
        row = [*asked, status, base64.b64decode(body), sha256, server_date, datetime.fromisoformat(received_at)]
    except (ValueError, TypeError) as problem:
        raise _changed(key) from problem
    return _answer(key, row)


def _answer(key: str, row: Sequence[Any]) -> Answer:
    try:
        source, chain, stream, subject, text, status, body, sha256, server_date, received_at = row
        asked: Mapping[str, Any] = json.loads(text)
        answer = Answer(
            request=Request(
                source=source,
                chain=chain,
                stream=stream,
                subject=subject,
                parameters=tuple((name, value) for name, value in asked["parameters"]),
                run=asked["run"],
                path=asked.get("path", ""),
                payload=asked.get("payload", ""),
            ),
            status=status,
            body=zlib.decompress(body),
            received_at=received_at or datetime(1970, 1, 1, tzinfo=UTC),
            server_date=server_date or "",
        )
    except (ValueError, TypeError, KeyError, zlib.error) as problem:
        raise _changed(key) from problem
    if answer.sha256 != sha256 or answer.request.key != key:
        raise _changed(key)
    return answer


def _changed(key: str) -> VerificationError:
    return VerificationError(
        "a stored answer is not what its hash says",
        where=f"responses {key}",
        hint="The store was changed after it was collected: use an untouched copy",
    )
