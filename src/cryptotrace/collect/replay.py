"""``replay``: rebuild what was collected from its stored answers, without a network, to the same digests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, NotRequired, TypedDict

import msgspec

from cryptotrace.collect.archive import ASIDE, StoreArchive, answers_of_stream
from cryptotrace.collect.budget import BudgetSpent
from cryptotrace.collect.forks import SeesForks, forget_forked, forked_above
from cryptotrace.collect.journal import Journal
from cryptotrace.collect.price_archive import rebuild_prices
from cryptotrace.collect.pull import coverage_of, known_progress, progress_bar, pull_levels
from cryptotrace.collect.recording import OF_THE_ACCOUNT, RecordingFetcher
from cryptotrace.collect.runs import head_again, prepare_run
from cryptotrace.collect.writing import Pull
from cryptotrace.errors import InputError, PermanentSourceError, PlanRequired, SourceError, VerificationError
from cryptotrace.model import Coverage
from cryptotrace.schema import STORED, Batch
from cryptotrace.sources import source_over
from cryptotrace.sources.base import Answer, Fetcher, Request
from cryptotrace.sources.replay import ArchiveFetcher

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["AsJudged", "Ended", "replay"]


class _Run(TypedDict):
    """What ``collect`` records of a run, as far as a replay needs it."""

    source: str
    chain: str
    run: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,9}$")]
    head: int
    max_rows: int
    accounts: list[str]
    receipts: NotRequired[str]
    open: NotRequired[bool]


class Ended(PermanentSourceError):  # noqa: N818  (says what happened)
    """The way in which the original walk ended where no further answer is stored."""

    def __init__(self, kind: str, where: str) -> None:
        super().__init__("the original walk ended here", where=where)
        self.kind = kind


class AsJudged:
    """Refuses where the stored answer is a refusal, as the network did: a walk then splits or ends at the same place."""

    def __init__(self, inner: Fetcher, judge: Callable[[Answer], None]) -> None:
        self._inner = inner
        self._judge = judge

    def fetch(self, request: Request) -> Answer:
        """Give the stored answer, or raise what it was judged to be."""
        answer = self._inner.fetch(request)
        try:
            self._judge(answer)
        except SourceError as problem:
            ended = Ended(problem.kind, problem.where) if _holds_for_others(problem, request) else problem
            ended.answer = answer
            raise ended from None
        return answer


def _holds_for_others(problem: SourceError, request: Request) -> bool:
    """Whether a pull would ask no more after this refusal; a replay goes on: what others were answered is in the archive."""
    return isinstance(problem, OF_THE_ACCOUNT) or (isinstance(problem, PlanRequired) and bool(request.subject))


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
        If a stored answer is not what its hash says, or a run is recorded as none can be.
    """
    from cryptotrace.collect.freeze_replay import replay_freezes  # these build on this module
    from cryptotrace.collect.proving import replay_proofs

    runs = _runs(archive)
    result: Coverage | None = None
    # Nobody is waited for: both stores are held, instead of opened and closed for each flush.
    with archive.session(), into.session():
        result = replay_freezes(archive, into, progress=progress)
        begun: set[tuple[str, str, str]] = set()
        for run in sorted(runs, key=_order):
            name = (run["source"], run["chain"], run["run"])
            result = _replay_run(archive, into, run, begins=name not in begun, progress=progress)
            begun.add(name)
        _end_where_it_was_killed(archive, into, runs)
        replay_proofs(archive, into)
        rebuild_prices(archive, into)
    if result is None:
        raise InputError(
            "nothing was collected into this store", where=str(archive.path), hint="Replay a store that has raw answers"
        )
    return result


def _runs(archive: Store) -> list[_Run]:
    rows = archive.rows("SELECT parameters FROM runs WHERE verb = 'collect'")
    try:
        return [msgspec.json.decode(text, type=_Run) for (text,) in rows]
    except msgspec.MsgspecError as problem:
        raise VerificationError(
            f"a run is recorded as none can be ({problem})",
            where=f"runs of {archive.path}",
            hint="The store was changed after it was collected: use an untouched copy",
        ) from problem


def _order(run: _Run) -> tuple[str, str, int, int]:
    """Sort runs of a source and chain as they were; whom ``auto`` asks may differ from run to run."""
    return run["source"].partition(":")[0], run["chain"], int(run["run"]), len(run["accounts"])


def _replay_run(archive: Store, into: Store, run: _Run, *, begins: bool, progress: bool | None) -> Coverage:
    inner = ArchiveFetcher(StoreArchive(archive), missing=_ending(archive, run["source"]))
    source = source_over(run["source"], run["chain"], inner)
    journal = Journal(None)
    fetcher = RecordingFetcher(AsJudged(inner, source.judge), journal, judge=source.judge, max_requests=None)
    pulling = source.through(fetcher)
    head_again(pulling, archive, run["run"])
    if begins and _asked_for_forks(archive, run):
        gone_above = forked_above(pulling, into, run["run"])
        if gone_above is not None and isinstance(pulling, SeesForks):
            forget_forked(pulling, into, gone_above)
    before = prepare_run(pulling, fetcher, into, journal, run["run"])
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
    pull_levels(pull, run["accounts"], 0, None, before=before, receipts=run.get("receipts"))
    return coverage_of(pull)


def _asked_for_forks(archive: Store, run: _Run) -> bool:
    """Whether the run held earlier heads against the chain; pulls of older versions did not."""
    return any(one.request.run == run["run"] for one in answers_of_stream(archive, run["chain"], "fork"))


def _end_where_it_was_killed(archive: Store, into: Store, runs: Sequence[_Run]) -> None:
    """Of accounts that a killed call walked: say of lists that it had begun what the archive says, of the others nothing."""
    columns = "source, chain, address, stream"
    known = {row[:4]: row[4:] for row in archive.rows(f"SELECT {columns}, * FROM coverage")}
    reason = STORED["coverage"].names.index("reason")
    left = {(run["chain"], account) for run in runs if run.get("open") for account in run["accounts"]}
    batch = Batch()
    for one in into.rows(f"SELECT {columns} FROM coverage"):
        told = known.get(one)
        if (one[1], one[2]) in left and (told is None or told[reason] == "in_progress"):
            into.run("DELETE FROM coverage WHERE source = ? AND chain = ? AND address = ? AND stream = ?", one)
            if told is not None:
                batch.add("coverage", told)
    into.load([batch])


def _ending(archive: Store, spec: str) -> Callable[[Request], SourceError]:
    """Say how the original walk of a list ended, for the request that it never got an answer to.

    Of several explorers, one that never told of its plan was left out of the run.
    """
    rows = archive.rows("SELECT chain, address, stream, reason FROM coverage WHERE status <> 'complete'")
    reasons = {(chain, address, stream): reason for chain, address, stream, reason in rows}

    def missing(request: Request) -> SourceError:
        if request.stream in ASIDE and ":" not in spec:
            return BudgetSpent("the original run ended before this question", where=request.source)
        reason = reasons.get((request.chain, request.subject, request.stream)) or "not_archived"
        return Ended(reason, f"{request.source} {request.chain} {request.stream} {request.subject}".strip())

    return missing
