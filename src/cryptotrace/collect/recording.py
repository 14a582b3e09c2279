"""Fetching that is journalled, budgeted and can be stopped: what stands between a source and the network."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from weakref import WeakKeyDictionary

from cryptotrace.collect.budget import Budget, Interrupted, Spending
from cryptotrace.collect.journal import Journal
from cryptotrace.collect.refusals import Refusals
from cryptotrace.errors import (
    BadKey,
    BadRequest,
    ChainNotInPlan,
    PermanentSourceError,
    PlanRequired,
    QuotaExhausted,
    RangeTooLarge,
    SourceError,
    Stopped,
)
from cryptotrace.sources.base import Answer, Fetcher, Request

__all__ = ["OF_THE_ACCOUNT", "RecordingFetcher"]

_OF_THE_QUESTION = (RangeTooLarge, BadRequest)
"""Refusals that hold for ever; the others belong to a key, a plan or a day, and are asked for again by a later run."""
OF_THE_ACCOUNT = (BadKey, QuotaExhausted, ChainNotInPlan)
"""Refusals of everything that would still be asked."""
_KEY_KINDS = frozenset(kind.kind for kind in (*OF_THE_ACCOUNT, PlanRequired))
_OF_THE_KEY = "plan"
"""The stream of answers that say what a key may do: they are kept aside, since it is chance which question meets them first."""

_chains_not_in_plan: WeakKeyDictionary[Fetcher, dict[tuple[str, str], ChainNotInPlan]] = WeakKeyDictionary()
"""What a key was refused, by explorer and chain, for as long as the source that was opened with it lives."""


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
        Requests that may be sent, counting those that are sent again.
    """

    def __init__(self, inner: Fetcher, journal: Journal, *, judge: Callable[[Answer], None], max_requests: int | None) -> None:
        self._inner = inner
        self._judge = judge
        self._journal = journal
        self._budget = Budget(max_requests)
        self._kept: dict[str, Answer] = {}
        self._lock = threading.Lock()
        self._mine = threading.local()
        self._not_in_plan: dict[tuple[str, str], PlanRequired] = {}
        self._refusals = Refusals(journal, inner, judge)
        self._before = _accounts_refused(self._refusals) if max_requests is not None else {}
        self._left_out: set[str] = set()
        self.over: dict[str, SourceError] = {}
        """Explorer -> the refusal after which it is asked nothing more."""
        self.accepted = 0
        """Answers of the network that were no refusals."""
        self.reused = 0
        """Answers that the journal or the store already had."""

    @property
    def stop(self) -> threading.Event:
        """Set it, and no further request is sent."""
        return self._budget.stop

    @property
    def sent(self) -> Counter[str]:
        """Requests that were sent, by stream; ``retry`` counts those that were sent again."""
        return self._budget.sent

    @property
    def left(self) -> int | None:
        """Requests that may still be sent; None for any number."""
        return self._budget.left

    def keep(self, answers: Iterable[Answer]) -> None:
        """Know answers that the store has: the same questions are not asked again."""
        self._kept.update({answer.request.key: answer for answer in answers})

    def fetch(self, request: Request) -> Answer:
        """Give an answer.

        Raises
        ------
        BudgetSpent, Interrupted
            Before a request is sent, never in the middle of one.
        """
        found = self._known(request)
        if found is not None:
            return found
        self._refuse_early(request)
        self._budget.check(request)
        try:
            answer = self._ask(request)
        except PermanentSourceError as problem:
            if isinstance(problem.answer, Answer):
                self._keep(problem.answer, problem)
            self._remember(problem, request)
            raise
        self._keep(answer)
        with self._lock:
            self.accepted += 1
            self._refusals.answered(request)
        return answer

    def _known(self, request: Request) -> Answer | None:
        """Give an answer from earlier; raises where that is a refusal for ever, or one that a budget is not spent on again."""
        found = self._journal.find(request.key) or self._kept.get(request.key)
        refusal = None if found is None else self._refusal(found)
        before = None if self.left is None or (found is not None and refusal is None) else self._refusals.find(request)
        if before is not None and not isinstance(before[1], OF_THE_ACCOUNT):
            found, refusal = before
        elif found is None or not (refusal is None or isinstance(refusal, _OF_THE_QUESTION)):
            return None
        with self._lock:
            self.reused += 1
        self._note(found, refusal)
        if refusal is not None:
            raise refusal
        return found

    def _ask(self, request: Request) -> Answer:
        spend = self._budget.spender(request)

        def spend_for_it() -> None:
            if request.source in self._left_out:  # nobody waits for this answer any more
                raise Interrupted("left out of the run", where=request.source)
            spend()

        if isinstance(self._inner, Spending):
            return self._inner.fetch_within(request, spend_for_it)
        spend_for_it()
        return self._inner.fetch(request)

    def leave_out(self, name: str, problem: SourceError) -> None:
        """Ask an explorer nothing more, not even again what was asked already, and say why."""
        self._left_out.add(name)
        self.over.setdefault(name, problem)

    # -- refusals --------------------------------------------------------------------------------------------------------

    def _refusal(self, answer: Answer) -> SourceError | None:
        try:
            self._judge(answer)
        except SourceError as problem:
            return problem
        return None

    def _remember(self, problem: PermanentSourceError, request: Request) -> None:
        """Keep in mind what would be refused again in the same words."""
        if self.left is not None:
            with self._lock:
                self._refusals.note(request, problem)
        if isinstance(problem, OF_THE_ACCOUNT):
            self.over[request.source] = problem
        if isinstance(problem, ChainNotInPlan):
            _chains_not_in_plan.setdefault(self._inner, {})[request.source, request.chain] = problem
        elif isinstance(problem, PlanRequired) and request.subject:
            self._not_in_plan[request.source, request.stream] = problem

    def _refuse_early(self, request: Request) -> None:
        known = (
            self.over.get(request.source)
            or _chains_not_in_plan.get(self._inner, {}).get((request.source, request.chain))
            or self._before.get((request.source, request.chain, ""))
            or (self._not_in_plan.get((request.source, request.stream)) if request.subject else None)
            or (self._before.get((request.source, request.chain, request.stream)) if request.subject else None)
        )
        if known is not None:
            if isinstance(known, OF_THE_ACCOUNT):
                self.over.setdefault(request.source, known)
            held = self._refusals.find(request)
            if held is not None and self._before:
                self._note(*held)  # the answer that says so belongs to this run
            raise type(known)(known.what, where=request.source, hint=known.hint)

    # -- what a page rests on --------------------------------------------------------------------------------------------

    def _keep(self, answer: Answer, problem: SourceError | None = None) -> None:
        self._journal.append(answer)
        self._note(answer, problem)

    def _note(self, answer: Answer, problem: SourceError | None = None) -> None:
        if problem is not None and problem.kind in _KEY_KINDS and answer.request.chain:  # by its word: a replay knows no more
            answer = replace(answer, request=replace(answer.request, stream=_OF_THE_KEY))
        self.adopt([answer])

    def adopt(self, answers: Iterable[Answer]) -> None:
        """Take over answers that another thread was given for this one."""
        if not hasattr(self._mine, "answers"):
            self._mine.answers = []
        self._mine.answers += answers

    def forget(self, keys: Iterable[str]) -> None:
        """Let the journal forget answers that are in the store now."""
        self._journal.drop(keys)

    def forget_refusals(self) -> None:
        """Believe no refusal any more: the run is finished."""
        self._refusals.clear()

    @contextmanager
    def asks_anew(self) -> Iterator[None]:
        """Forget the answers of this thread if nothing can be made of them: wrong once must not be wrong for ever."""
        try:
            yield
        except Stopped:
            raise
        except SourceError:
            self.forget(answer.request.key for answer in self.drain())
            raise

    def drain(self) -> list[Answer]:
        """Give this thread's answers since the last call: what the page at hand rests on."""
        answers: list[Answer] = getattr(self._mine, "answers", [])
        self._mine.answers = []
        return answers


def _accounts_refused(refusals: Refusals) -> dict[tuple[str, str, str], PermanentSourceError]:
    """Give (explorer, chain, list) -> why an earlier call was refused all of it; ``""`` for every list.

    Where nobody would be left to ask, all are asked again.
    """
    found: dict[tuple[str, str, str], PermanentSourceError] = {}
    for request, problem in refusals.all():
        if isinstance(problem, OF_THE_ACCOUNT):
            found[request.source, request.chain, ""] = problem
        elif isinstance(problem, PlanRequired) and request.subject:
            found[request.source, request.chain, request.stream] = problem
    if refusals.explorers() <= {source for source, _, stream in found if not stream}:
        return {key: problem for key, problem in found.items() if key[2]}
    return found
