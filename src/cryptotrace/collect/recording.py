"""Fetching that is journalled, budgeted and can be stopped: what stands between a source and the network."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from cryptotrace.collect.journal import Journal
from cryptotrace.errors import BadKey, BadRequest, PermanentSourceError, QuotaExhausted, RangeTooLarge, SourceError
from cryptotrace.sources.base import Answer, Fetcher, Request

__all__ = ["BudgetSpent", "Interrupted", "RecordingFetcher"]

_OF_THE_QUESTION = (RangeTooLarge, BadRequest)
"""Refusals that hold for ever; the others belong to a key, a plan or a day, and are asked for again by a later run."""
_OF_THE_ACCOUNT = (BadKey, QuotaExhausted)


class BudgetSpent(PermanentSourceError):  # noqa: N818  (says what happened)
    """The requests that the caller allowed are used up."""

    kind = "budget"


class Interrupted(PermanentSourceError):  # noqa: N818
    """A person asked to stop; what came so far is kept."""

    kind = "interrupted"


class RecordingFetcher:
    """Answers from the journal first, then from the network; every new answer is journalled before it is used.

    Parameters
    ----------
    inner : Fetcher
        The network, or an archive.
    journal : Journal
        What an interrupted run left behind, and where this one writes.
    judge : callable
        Raises what an answer is, if it is a refusal: refusals are journalled too, so that a resumed or replayed walk splits
        where the undisturbed one did.
    max_requests : int or None
        New requests that may be made.
    """

    def __init__(self, inner: Fetcher, journal: Journal, *, judge: Callable[[Answer], None], max_requests: int | None) -> None:
        self._inner = inner
        self._judge = judge
        self._journal = journal
        self._left = max_requests
        self._lock = threading.Lock()
        self._mine = threading.local()
        self.stop = threading.Event()
        self.sent: Counter[str] = Counter()
        """New requests, by stream."""
        self._over: PermanentSourceError | None = None
        self.reused = 0
        """Answers that the journal already had."""

    def fetch(self, request: Request) -> Answer:
        """Give an answer.

        Raises
        ------
        BudgetSpent, Interrupted
            Before a new request, never in the middle of one.
        """
        found = self._journal.find(request.key)
        refusal = None if found is None else self._refusal(found)
        if found is not None and (refusal is None or isinstance(refusal, _OF_THE_QUESTION)):
            with self._lock:
                self.reused += 1
            self._note(found)
            if refusal is not None:
                raise refusal
            return found
        if self._over is not None:
            raise type(self._over)(self._over.what, where=request.source, hint=self._over.hint)
        if self.stop.is_set():
            raise Interrupted("stopped on request", where=request.source, hint="The same command goes on from here")
        with self._lock:
            if self._left is not None:
                if self._left <= 0:
                    raise BudgetSpent(
                        "the allowed requests are used up", where=request.source, hint="Run it again to go on, or allow more"
                    )
                self._left -= 1
            self.sent[request.stream] += 1
        try:
            answer = self._inner.fetch(request)
        except PermanentSourceError as problem:
            if isinstance(problem.answer, Answer):
                self._keep(problem.answer)
            if isinstance(problem, _OF_THE_ACCOUNT):
                self._over = problem  # every further request would be refused in the same words
            raise
        self._keep(answer)
        return answer

    def _refusal(self, answer: Answer) -> SourceError | None:
        try:
            self._judge(answer)
        except SourceError as problem:
            return problem
        return None

    def _keep(self, answer: Answer) -> None:
        self._journal.append(answer)
        self._note(answer)

    def _note(self, answer: Answer) -> None:
        if not hasattr(self._mine, "answers"):
            self._mine.answers = []
        self._mine.answers.append(answer)

    def drain(self) -> list[Answer]:
        """Give this thread's answers since the last call: what the page at hand rests on."""
        answers: list[Answer] = getattr(self._mine, "answers", [])
        self._mine.answers = []
        return answers
