"""What an adapter takes for granted of its explorer, as data: questions, and what is looked at in their answers.

One answer serves several assumptions, so that a check costs few requests. A question is written by the adapter itself: its own
method is run over a desk that keeps the first request instead of sending it; a variant changes one parameter of such a request.
An answer is looked at raw, and read by the adapter's own method, run over that one answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from cryptotrace.errors import SourceError, Stopped
from cryptotrace.sources.base import Answer, Fetcher, Request
from cryptotrace.sources.explorers import Explorer

__all__ = ["Assumption", "Look", "Question", "Reading", "Room", "Script", "Sight", "look_at", "one_line", "refusal", "varied"]

_LONGEST = 600
Make = Callable[[Fetcher], Any]
"""Gives the adapter over a fetcher."""


class _DraftedError(Stopped):
    """A request that was written and not sent."""

    def __init__(self, request: Request) -> None:
        super().__init__("written, not sent")
        self.request = request


class _Desk:
    """A fetcher that sends nothing."""

    def fetch(self, request: Request) -> Answer:
        raise _DraftedError(request)


@dataclass(frozen=True, slots=True)
class _OneAnswer:
    """A fetcher that knows one answer, also where it is asked for again."""

    answer: Answer

    def fetch(self, request: Request) -> Answer:
        ours = self.answer.request
        if (request.path, request.payload, sorted(request.parameters)) != (ours.path, ours.payload, sorted(ours.parameters)):
            raise Stopped("another question than the one that was answered", where=request.source)
        return self.answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What came of a question.

    Attributes
    ----------
    make : callable
        Gives the adapter over a fetcher.
    request : Request
        What was asked.
    answer : Answer or None
        As it came, also where it is a refusal; None where nothing came.
    problem : SourceError or None
        The refusal that the adapter reads in it.
    earlier : mapping
        Question -> what came of it before.
    """

    make: Make
    request: Request
    answer: Answer | None
    problem: SourceError | None = None
    earlier: Mapping[str, Reading] = field(default_factory=dict)

    @property
    def body(self) -> Any:
        """The body as plain values; None where it is no JSON."""
        try:
            return None if self.answer is None else msgspec.json.decode(self.answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    @property
    def text(self) -> str:
        """The body as text."""
        return "" if self.answer is None else self.answer.body.decode("utf-8", "replace")

    def read(self, ask: Callable[[Any], Any]) -> Any:
        """Run a method of the adapter over this answer alone.

        Raises
        ------
        SourceError
            If the adapter does not take the answer, or needs another one too.
        """
        assert self.answer is not None
        return ask(self.make(_OneAnswer(self.answer)))


@dataclass(slots=True, kw_only=True)
class Room:
    """What a question may be written from: the adapter, the place, and the answers so far.

    Attributes
    ----------
    make : callable
        Gives the adapter over a fetcher.
    place : object
        Well-known addresses and ranges; see :mod:`~cryptotrace.sources.assumptions.places`.
    has_key : bool
        Whether a key goes along.
    readings : dict
        Question -> what came of it, so far.
    """

    make: Make
    place: Any
    has_key: bool = False
    readings: dict[str, Reading] = field(default_factory=dict)

    def draft(self, ask: Callable[[Any], object]) -> Request:
        """Give the first request that a method of the adapter would send."""
        try:
            ask(self.make(_Desk()))
        except _DraftedError as found:
            return found.request
        raise LookupError("the adapter asks nothing")

    def rows(self, question: str, *path: str) -> list[Any]:
        """Give the list that stands in an earlier answer; raises LookupError where there is none, or an empty one."""
        found = self.readings[question].body
        for name in path:
            found = found[name] if isinstance(found, dict) else None
        if not isinstance(found, list) or not found:
            raise LookupError(question)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request, written when it is its turn; ``write`` raises LookupError where an earlier answer lacks what it needs."""

    name: str
    write: Callable[[Room], Request]


Sight = tuple[str, bool | None]
"""What was seen, in words that stay the same while the explorer does, and whether it is as expected (None: to be learnt)."""
Look = Callable[[Reading], Sight]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One thing that is taken for granted.

    Attributes
    ----------
    name : str
        Unique within an explorer; a baseline is kept under it.
    question : str
        Whose answer is looked at.
    expected : str
        What the adapter takes for granted, in words.
    look : callable
        Gives what is seen. LookupError, TypeError, ValueError and our own errors say: another form.
    takes_refusal : bool
        Whether a refusal is an answer to it.
    """

    name: str
    question: str
    expected: str
    look: Look
    takes_refusal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """All that is checked of one explorer: its name and facts, questions in order, assumptions, and how the adapter is made."""

    name: str
    explorer: Explorer
    chain: str
    place: Any
    make: Make
    questions: Sequence[Question]
    assumptions: Sequence[Assumption]


def look_at(question: str, *sights: tuple[str, str, Look], takes_refusal: bool = False) -> tuple[Assumption, ...]:
    """Give the assumptions about one answer, from (name, expected, look)."""
    return tuple(
        Assumption(name=name, question=question, expected=expected, look=look, takes_refusal=takes_refusal)
        for name, expected, look in sights
    )


def varied(request: Request, *, path: str | None = None, **parameters: str) -> Request:
    """Give a request with another path, or with parameters changed or added."""
    known: Mapping[str, str] = dict(request.parameters)
    return replace(request, path=request.path if path is None else path, parameters=tuple({**known, **parameters}.items()))


def refusal(reading: Reading) -> str:
    """Give the kind of a refusal and its words; empty where there is none."""
    return "" if reading.problem is None else f"{reading.problem.kind}: {reading.problem.what}"


def one_line(text: str) -> str:
    """Give what a server wrote as one line, printable and not long."""
    line = "".join(char if char.isprintable() else " " for char in text).strip()
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
