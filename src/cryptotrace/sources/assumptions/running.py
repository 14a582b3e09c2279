"""Asking: each explorer in a thread of its own, inside its own pace, with a dozen requests at most."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from queue import Queue
from typing import Any

from cryptotrace.codecs import chain_of
from cryptotrace.errors import CryptotraceError, InputError, SourceError
from cryptotrace.settings import Secret, Settings
from cryptotrace.sources._http import HttpFetcher
from cryptotrace.sources.assumptions.base import Assumption, Reading, Room, Script, Sight, one_line, refusal
from cryptotrace.sources.assumptions.catalogue import scripts
from cryptotrace.sources.assumptions.findings import Baseline, Checks, Finding, Verdict
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.opening import fetcher_for

__all__ = ["MOST_REQUESTS", "check_explorers"]

MOST_REQUESTS = 12
"""Requests to one explorer, second tries included."""
_SILENT = 2
"""Questions without any answer after which an explorer is left alone."""
_NOBODY_THERE = ("rate_limited", "quota_exhausted", "bad_key", "unavailable")
"""Kinds of refusals that say nothing of an assumption."""
_ODD = (CryptotraceError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What a look runs into where an answer has another form."""
Found = tuple[list[Finding], int]


def check_explorers(
    names: Iterable[str] = (),
    *,
    settings: Settings | None = None,
    base_urls: Mapping[str, str] | None = None,
    baseline: Baseline | None = None,
    places: Mapping[str, Any] | None = None,
    on_done: Callable[[str], None] = lambda _: None,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Checks:
    """Check what the adapters take for granted against the explorers themselves.

    Parameters
    ----------
    names : iterable of str
        Of :data:`~cryptotrace.sources.assumptions.CHECKED`; empty for all.
    settings : Settings, optional
        Keys, nodes and patience; else read from the environment. Who needs a key and has none is skipped.
    base_urls : mapping, optional
        Name -> another server that speaks the same, such as one of :mod:`cryptotrace.testing.explorers`.
    baseline : mapping, optional
        What an earlier check has seen: what was to be learnt is then expected to stay the same.
    places : mapping, optional
        Family of chains -> addresses and ranges, instead of the well-known ones.
    on_done : callable
        Told the name of each explorer that is through.
    now, sleep : callable
        Clock and sleep of the pace, for tests.

    Returns
    -------
    Checks
        One row for each assumption, in the order of ``names``. No :class:`~cryptotrace.errors.SourceError` is raised.

    Raises
    ------
    InputError
        If a name is not known.

    Notes
    -----
    At most :data:`MOST_REQUESTS` requests go to each explorer. The slowest without a key decides how long it takes: about two
    minutes for all of them.
    """
    settings = settings or Settings.from_env()
    urls = dict(base_urls or {})
    wanted = scripts(names, places)
    unknown = set(urls) - {script.name for script in wanted}
    if unknown:
        raise InputError(f"a URL for {min(unknown)!a:.80}, which is not checked", where="base_urls", hint="Name it too")
    ended: Queue[tuple[str, Found | None]] = Queue()

    def run(script: Script) -> None:
        found = None
        try:
            found = _checked(script, settings, urls.get(script.name), (baseline or {}).get(script.name, {}), now, sleep)
        finally:  # whatever happened: nobody waits for a thread that is gone
            ended.put((script.name, found))

    for script in wanted:
        # daemons: who interrupts does not wait for the slowest explorer
        threading.Thread(target=run, args=(script,), daemon=True).start()
    results: dict[str, Found] = {}
    while len(results) < len(wanted):
        name, found = ended.get()
        assert found is not None, f"the check of {name} failed; its thread says why"
        results[name] = found
        on_done(name)
    return Checks(
        findings=[one for script in wanted for one in results[script.name][0]],
        requests={script.name: results[script.name][1] for script in wanted},
    )


def _checked(
    script: Script, settings: Settings, url: str | None, known: Mapping[str, str], now: Callable[[], float],
    sleep: Callable[[float], None],
) -> Found:  # fmt: skip
    explorer = script.explorer
    secret = settings.keys.get(explorer.key_name) if explorer.key_name else None
    url = url or _url(script, settings, secret)
    if url is None or (explorer.needs_key and secret is None):
        reason = "no URL is set" if explorer.is_node else "no key"
        return [_row(one, script, f"skipped ({reason})", Verdict.SKIPPED) for one in script.assumptions], 0
    fetcher, _ = fetcher_for(explorer, url, secret, settings, attempts=1, now=now, sleep=sleep)
    room = Room(make=script.make, place=script.place, has_key=secret is not None)
    spent = _Budget(spare=MOST_REQUESTS - len(script.questions))
    try:
        for question in script.questions:
            try:
                request = question.write(room)
            except _ODD:
                continue  # what it is written from did not come
            silence = _silence(room)
            room.readings[question.name] = (
                _asked(room, request, fetcher, spent)
                if silence is None
                else Reading(make=room.make, request=request, answer=None, problem=silence)
            )
    finally:
        fetcher.close()
    return [_judged(one, script, room, known) for one in script.assumptions], spent.count


@dataclass(slots=True, kw_only=True)
class _Budget:
    """Counts requests; ``spare`` are those that second tries may take without a question being left out."""

    spare: int
    count: int = 0

    def spend(self) -> None:
        self.count += 1


def _silence(room: Room) -> SourceError | None:
    """Give why nobody is asked any more: the first questions had no answer of any kind, and each would cost a whole wait."""
    readings = list(room.readings.values())
    if len(readings) < _SILENT or any(one.answer is not None or one.problem is None for one in readings):
        return None
    problem = readings[0].problem
    return problem if problem is not None and problem.kind == "unavailable" else None


def _url(script: Script, settings: Settings, secret: Secret | None) -> str | None:
    explorer = script.explorer
    if explorer.is_node:
        node = settings.node(script.chain)
        return None if node is None else node.reveal()
    return explorer.url(chain_of(script.chain), has_key=secret is not None) if script.chain else explorer.urls[""]


def _asked(room: Room, request: Request, fetcher: HttpFetcher, spent: _Budget) -> Reading:
    """Ask, and once more where nobody answered: another form is an answer, and is looked at."""
    answer: Answer | None = None
    problem: SourceError | None = None
    while True:
        try:
            answer, problem = fetcher.fetch_within(request, spent.spend), None
        except SourceError as refused:
            problem, answer = refused, refused.answer if isinstance(refused.answer, Answer) else None
        if problem is None or problem.kind not in ("rate_limited", "unavailable") or spent.spare < 1:
            break
        spent.spare -= 1
    return Reading(make=room.make, request=request, answer=answer, problem=problem, earlier=dict(room.readings))


def _row(assumption: Assumption, script: Script, seen: str, verdict: str, was: str | None = None) -> Finding:
    return Finding(
        explorer=script.name, assumption=assumption.name, expected=assumption.expected, seen=one_line(seen), verdict=verdict,
        was=was,
    )  # fmt: skip


def _judged(assumption: Assumption, script: Script, room: Room, known: Mapping[str, str]) -> Finding:
    reading = room.readings.get(assumption.question)
    if reading is None:
        return _row(assumption, script, "not asked: what it needs did not come", Verdict.UNKNOWN)
    problem = reading.problem
    if problem is not None and (reading.answer is None or problem.kind in _NOBODY_THERE):
        return _row(assumption, script, refusal(reading), Verdict.UNREACHABLE)
    if problem is not None and not assumption.takes_refusal:
        return _compared(assumption, script, (refusal(reading), False), known)
    try:
        sight = assumption.look(reading)
    except _ODD as odd:
        sight = f"another form ({odd.what if isinstance(odd, CryptotraceError) else type(odd).__name__})", False
    return _compared(assumption, script, sight, known)


def _compared(assumption: Assumption, script: Script, sight: Sight, known: Mapping[str, str]) -> Finding:
    """Judge what was seen; what is to be learnt is held against what the baseline has seen."""
    before, seen, fits = known.get(assumption.name), one_line(sight[0]), sight[1]
    was = None if before == seen else before
    if fits is None:
        verdict = Verdict.UNKNOWN if before is None else Verdict.HOLDS if was is None else Verdict.CHANGED
    else:
        verdict = Verdict.HOLDS if fits else Verdict.CHANGED
    return _row(assumption, script, seen, verdict, was)
