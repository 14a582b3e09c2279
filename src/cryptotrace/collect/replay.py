"""``replay``: rebuild what was collected from its stored answers, without a network, to the same digests."""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptotrace.collect.journal import Journal
from cryptotrace.collect.pull import coverage_of, known_progress, progress_bar, pull_levels
from cryptotrace.collect.recording import RecordingFetcher
from cryptotrace.collect.writing import Pull
from cryptotrace.errors import BadKey, InputError, PermanentSourceError, QuotaExhausted, SourceError, VerificationError
from cryptotrace.model import Coverage
from cryptotrace.sources import source_over
from cryptotrace.sources.base import Answer, Fetcher, Request
from cryptotrace.sources.replay import ArchiveFetcher

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["StoreArchive", "replay"]


class StoreArchive:
    """The stored answers of a case store, found by request."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()  # a connection serves one thread at a time

    def find(self, key: str) -> Answer | None:
        """Give the stored answer to a request, or None; the body is checked against its hash.

        Raises
        ------
        VerificationError
            If a stored body is not what its hash says.
        """
        with self._lock:
            rows = self._store.rows(
                "SELECT source, chain, stream, subject, request, status, body, body_sha256, server_date, received_at "
                "FROM responses WHERE key = ?",
                [key],
            )
        if not rows:
            return None
        source, chain, stream, subject, text, status, body, sha256, server_date, received_at = rows[0]
        try:
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


class _Ended(PermanentSourceError):  # noqa: N818  (says what happened)
    """The way in which the original walk ended where no further answer is stored."""

    def __init__(self, kind: str, where: str) -> None:
        super().__init__("the original walk ended here", where=where)
        self.kind = kind


class _AsJudged:
    """Refuses where the stored answer is a refusal, as the network did: a walk then splits or ends at the same place."""

    def __init__(self, inner: Fetcher, judge: Callable[[Answer], None]) -> None:
        self._inner = inner
        self._judge = judge

    def fetch(self, request: Request) -> Answer:
        answer = self._inner.fetch(request)
        try:
            self._judge(answer)
        except SourceError as problem:
            # One list's refused key or spent quota says nothing here: what others were answered is in the archive.
            ended = _Ended(problem.kind, problem.where) if isinstance(problem, BadKey | QuotaExhausted) else problem
            ended.answer = answer
            raise ended from None
        return answer


def replay(archive: Store, into: Store, *, progress: bool | None = None) -> Coverage:
    """Rebuild everything that was collected into ``archive`` from its raw answers.

    Parameters
    ----------
    archive : Store
        A store with raw answers; it is only read.
    into : Store
        An empty store.
    progress : bool, optional
        Show a bar; by default where somebody is watching.

    Returns
    -------
    Coverage
        Of the rebuilt store. Its logical digests are those of ``archive``, for the tables that collecting fills.

    Raises
    ------
    InputError
        If nothing was ever collected into ``archive``.
    VerificationError
        If a stored answer is not what its hash says.
    """
    runs = [json.loads(row[0]) for row in archive.rows("SELECT parameters FROM runs WHERE verb = 'collect'")]
    if not runs:
        raise InputError(
            "nothing was collected into this store", where=str(archive.path), hint="Replay a store that has raw answers"
        )
    result: Coverage | None = None
    with archive.session():
        for run in sorted(runs, key=lambda one: (one["source"], one["chain"], int(one["run"]), len(one["accounts"]))):
            result = _replay_run(archive, into, run, progress=progress)
    assert result is not None
    return result


def _replay_run(archive: Store, into: Store, run: Mapping[str, Any], *, progress: bool | None) -> Coverage:
    inner = ArchiveFetcher(StoreArchive(archive), missing=_ending(archive))
    source = source_over(run["source"], run["chain"], inner)
    journal = Journal(None)
    fetcher = RecordingFetcher(_AsJudged(inner, source.judge), journal, judge=source.judge, max_requests=None)
    pulling = source.through(fetcher)
    if archive.rows("SELECT 1 FROM responses WHERE source = ? AND stream = 'head' LIMIT 1", [run["source"]]):
        pulling.head(run["run"])
    pulling.prepare(run["run"])
    pull = Pull(
        source=pulling,
        store=into,
        journal=journal,
        fetcher=fetcher,
        head=run["head"],
        run=run["run"],
        max_rows=run["max_rows"],
        bar=progress_bar(len(run["accounts"]), progress=progress),
        known=known_progress(into, source),
    )
    pull_levels(pull, run["accounts"], 0, None)
    return coverage_of(pull)


def _ending(archive: Store) -> Callable[[Request], SourceError]:
    """Say how the original walk of a list ended, for the request that it never got an answer to."""
    rows = archive.rows("SELECT chain, address, stream, reason FROM coverage WHERE status <> 'complete'")
    reasons = {(chain, address, stream): reason for chain, address, stream, reason in rows}

    def missing(request: Request) -> SourceError:
        reason = reasons.get((request.chain, request.subject, request.stream)) or "not_archived"
        return _Ended(reason, f"{request.source} {request.chain} {request.stream} {request.subject}".strip())

    return missing
