"""What a run with a budget was refused: kept in the journal until the run is finished, so that nothing is spent on it twice.

A call that may send few requests would else spend all of them on the same refusals, each time anew. Only calls with a budget
believe what an earlier one was told, for an hour, and only under the same key; a call without one asks again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cryptotrace.collect.journal import Journal
from cryptotrace.errors import PermanentSourceError, QuotaExhausted, SourceError, Stopped
from cryptotrace.sources.base import Answer, Fetcher, Request
from cryptotrace.sources.opening import account_of

__all__ = ["Refusals"]

_MARK = "refused "
_BELIEVED = 3600.0
"""Seconds: a key may be of use a while after it was made, and a day's quota begins anew."""


class Refusals:
    """Refusals of earlier calls, in the journal beside the answers.

    Parameters
    ----------
    journal : Journal
        Where they are kept; a finished run takes them away with the rest.
    inner : Fetcher
        Who asks: a refusal holds for its key.
    judge : callable
        Raises what an answer is.
    """

    def __init__(self, journal: Journal, inner: Fetcher, judge: Callable[[Answer], None]) -> None:
        self._journal = journal
        self._inner = inner
        self._judge = judge
        self._marks: dict[str, str] = {}
        """Key of a question -> key of its mark in the journal."""
        self._known: dict[str, tuple[Answer, PermanentSourceError]] = {}
        for key in journal.hashes():
            answer = journal.find(key)
            if answer is not None and answer.request.run.startswith(_MARK):
                self._read(key, answer)

    def find(self, request: Request) -> tuple[Answer, PermanentSourceError] | None:
        """Give how a question was refused, and the answer that says so."""
        return self._known.get(request.key)

    def all(self) -> Iterator[tuple[Request, PermanentSourceError]]:
        """Give everything that was refused."""
        for answer, problem in self._known.values():
            yield answer.request, problem

    def explorers(self) -> set[str]:
        """Give the explorers that could be asked."""
        return set(getattr(self._inner, "fetchers", ())) or {request.source for request, _ in self.all()}

    def note(self, request: Request, problem: PermanentSourceError) -> None:
        """Keep a refusal for later calls; what no answer says is not kept."""
        if isinstance(problem, Stopped) or not isinstance(problem.answer, Answer) or not request.chain:
            return
        self.answered(request)
        facts = {
            "run": request.run, "account": self._account(request.source), "at": datetime.now(UTC).timestamp(),
            "kind": problem.kind, "what": problem.what, "hint": problem.hint,
        }  # fmt: skip
        mark = replace(request, run=_MARK + json.dumps(facts))
        self._journal.append(replace(problem.answer, request=mark))
        self._marks[request.key] = mark.key

    def answered(self, request: Request) -> None:
        """Forget a refusal: the question was answered after all, or refused in other words."""
        self._known.pop(request.key, None)
        mark = self._marks.pop(request.key, None)
        if mark is not None:
            self._journal.drop([mark])

    def clear(self) -> None:
        """Forget all of them."""
        self._journal.drop(self._marks.values())
        self._marks.clear()
        self._known.clear()

    def _account(self, source: str) -> str:
        return account_of(getattr(self._inner, "fetchers", {}).get(source, self._inner))

    def _read(self, key: str, found: Answer) -> None:
        facts: dict[str, Any] = json.loads(found.request.run.removeprefix(_MARK))
        request = replace(found.request, run=facts["run"])
        age = datetime.now(UTC).timestamp() - facts["at"]
        self._marks[request.key] = key
        if not 0 <= age < _BELIEVED or facts["account"] != self._account(request.source):
            self.answered(request)
            return
        answer = replace(found, request=request)
        problem = self._problem(answer, facts)
        if problem is not None:
            problem.answer = answer
            self._known[request.key] = answer, problem

    def _problem(self, answer: Answer, facts: dict[str, Any]) -> PermanentSourceError | None:
        try:
            self._judge(answer)
        except PermanentSourceError as problem:
            return problem
        except SourceError:
            pass  # a wait that was too long to sit out: its words alone do not say so
        if facts["kind"] != QuotaExhausted.kind:
            return None
        return QuotaExhausted(facts["what"], where=answer.request.source, hint=facts["hint"])
