"""Freezes once more, out of the stored answers alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cryptotrace.collect.archive import ASIDE, StoreArchive
from cryptotrace.collect.budget import BudgetSpent
from cryptotrace.collect.freeze_lists import FreezeList, named_list
from cryptotrace.collect.freezes import VERB, FreezePull, coverage_of, freeze_bar, walk_lists
from cryptotrace.collect.journal import Journal
from cryptotrace.collect.recording import RecordingFetcher
from cryptotrace.collect.replay import AsJudged, Ended
from cryptotrace.collect.runs import head_again, prepare_run
from cryptotrace.errors import SourceError
from cryptotrace.model import Coverage
from cryptotrace.sources import source_over
from cryptotrace.sources.base import Request
from cryptotrace.sources.replay import ArchiveFetcher

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["replay_freezes"]


def replay_freezes(archive: Store, into: Store, *, progress: bool | None = None) -> Coverage | None:
    """Rebuild the freezes that were collected into ``archive`` from its raw answers; None where none were.

    Parameters
    ----------
    archive : Store
        It is only read.
    into : Store
        Where events, answers and coverage go.
    progress : bool, optional
        Show a bar; by default where somebody is watching.

    Raises
    ------
    VerificationError
        If a stored answer is not what its hash says.
    """
    runs = [json.loads(row[0]) for row in archive.rows("SELECT parameters FROM runs WHERE verb = ?", [VERB])]
    result: Coverage | None = None
    for run in sorted(runs, key=_order):
        result = _replay_run(archive, into, run, progress=progress)
    return result


def _order(run: Mapping[str, Any]) -> tuple[str, str, int, list[list[str]]]:
    """Sort runs of a source and chain as they were; whom ``auto`` asks may differ from run to run."""
    return run["source"].partition(":")[0], run["chain"], int(run["run"].split()[-1]), run["lists"]


def _replay_run(archive: Store, into: Store, run: Mapping[str, Any], *, progress: bool | None) -> Coverage:
    lists = [named_list(contract, name) for contract, name in run["lists"]]
    inner = ArchiveFetcher(StoreArchive(archive), missing=_ending(archive, run, lists))
    source = source_over(run["source"], run["chain"], inner)
    journal = Journal(None)
    fetcher = RecordingFetcher(AsJudged(inner, source.judge), journal, judge=source.judge, max_requests=None)
    pulling = source.through(fetcher)
    head_again(pulling, archive, run["run"])
    before = prepare_run(pulling, fetcher, into, journal, run["run"])
    pull = FreezePull(
        source=pulling, store=into, journal=journal, fetcher=fetcher, run=run["run"], head=run["head"], first=run["first"],
        lists=lists, bar=freeze_bar(len(lists), progress=progress),
    )  # fmt: skip
    walk_lists(pull, before)
    return coverage_of(pull)


def _ending(archive: Store, run: Mapping[str, Any], lists: Sequence[FreezeList]) -> Callable[[Request], SourceError]:
    """Say how the original walk of a list ended, for the request that it never got an answer to."""
    rows = archive.rows(
        "SELECT stream, reason FROM coverage WHERE source = ? AND chain = ? AND from_block = ? AND status <> 'complete'",
        [run["source"].partition(":")[0], run["chain"], run["first"]],
    )
    reasons = dict(rows)
    streams = {(one.contract, word): one.stream for one in lists for word in (one.name, one.topic)}

    def missing(request: Request) -> SourceError:
        if request.stream in ASIDE and ":" not in run["source"]:  # of several, it was left out of the run
            return BudgetSpent("the original run ended before this question", where=request.source)
        asked = dict(request.parameters)
        stream = streams.get((request.subject, asked.get("topic0") or asked.get("event_name") or ""), "")
        return Ended(reasons.get(stream) or "not_archived", f"{request.source} {request.chain} {stream}")

    return missing
