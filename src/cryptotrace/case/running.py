"""``run_case``: the whole chain on one case file, checked first, written last."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from cryptotrace.case.file import EDITIONS
from cryptotrace.case.loading import coverage_of, load_inputs, opened
from cryptotrace.case.places import at_key, check_inputs, check_outputs
from cryptotrace.case.pricing import OpenPrices, fetch_case_prices, prepare_prices
from cryptotrace.case.pulling import OpenSource, prepare_pulls
from cryptotrace.case.reading import Case, read_case
from cryptotrace.case.result import CaseResult
from cryptotrace.clustering import Clusters, cluster
from cryptotrace.errors import CaseFileError, InputError
from cryptotrace.estimates import Comparison, Estimate, compare, estimate
from cryptotrace.hygiene import clean
from cryptotrace.labels import combined, load_labels, load_seeds
from cryptotrace.model import Coverage, Labels, Scope, Seeds, policy_named
from cryptotrace.registry import OUR_CATEGORIES, reported_totals
from cryptotrace.reports import report_text, write_report
from cryptotrace.sources import open_source
from cryptotrace.sources.prices import open_prices as open_oracle
from cryptotrace.store import Store, open_store
from cryptotrace.tracing import Envelope, trace_all

__all__ = ["SYNTHETIC_MARK", "Progress", "render_case", "run_case"]

Progress = Callable[[str], None]
"""Called with a few words before each step."""

SYNTHETIC_MARK = "SYNTHETIC.txt"
"""A file of this name beside a case file says that the case is invented; its report then says so on every page."""


class _Named(TypedDict):
    envelope: Envelope
    title: str
    case_id: str
    synthetic: bool


def run_case(
    path: str | Path,
    *,
    progress: Progress | None = None,
    open: OpenSource | None = None,  # noqa: A002  (it opens)
    open_prices: OpenPrices | None = None,
) -> CaseResult:
    """Run a case file from input to report.

    Parameters
    ----------
    path : str or Path
        A case file; its paths are relative to it.
    progress : callable, optional
        Called with a few words before each step.
    open : callable, optional
        Opens the explorers that the case names, with the arguments of :func:`cryptotrace.open_source`, which it is by
        default: another one gives a key, or another server.
    open_prices : callable, optional
        Opens the sources of prices that the case names, in the same way.

    Returns
    -------
    CaseResult
        ``print(result)`` gives the answer in five lines; ``result.partial_reasons`` says what is missing.

    Raises
    ------
    CaseFileError
        With the file, the key, what is wrong and what to do.
    InputError
        If a file that it names is not what the case says.
    SourceError
        If an explorer has no key, or refuses the first question. What it does not give later makes the result partial, as do
        balances and prices that nobody gives.
    StoreBusy
        If another process holds the store.

    Notes
    -----
    Everything that can be checked without the store is checked before it is touched. A store that this run makes is taken
    away again if the run fails, unless an explorer was asked: then the same call goes on where it stopped. One that was there
    keeps whole loads only. The first Ctrl-C during a pull ends the pull after the page at hand, and the case goes on with what
    there is. The report is written whole, at the end, or not at all. A second run gives the same logical digests, as long as
    no explorer is asked for newer blocks.
    """
    return _run(path, progress=progress, open_=open or open_source, open_prices=open_prices or open_oracle)


def render_case(
    path: str | Path, *, edition: str | None = None, out: str | Path | None = None, progress: Progress | None = None
) -> CaseResult:
    """Write the report of a case again from its store, perhaps in another edition or place; inputs are not read.

    Parameters
    ----------
    path : str or Path
        The case file.
    edition : {"restricted", "public"}, optional
        In place of that of the case file.
    out : str or Path, optional
        Where the report goes, in place of the path of the case file.
    progress : callable, optional
        As :func:`run_case`.

    Returns
    -------
    CaseResult

    Raises
    ------
    CaseFileError
        As :func:`run_case`, and if the case has no store yet.
    """
    return _run(path, progress=progress, open_=None, edition=edition, out=None if out is None else Path(out))


def _run(
    path: str | Path,
    *,
    progress: Progress | None,
    open_: OpenSource | None,
    open_prices: OpenPrices = open_oracle,
    edition: str | None = None,
    out: Path | None = None,
) -> CaseResult:
    """Run a case, or, where nothing opens sources, answer from what its store holds."""
    say = progress or _silent
    say("reading the case")
    case = read_case(path)
    if edition not in {None, *EDITIONS}:
        raise InputError(f"no edition {edition!a:.80}", where="edition", hint=f"Use one of: {', '.join(EDITIONS)}")
    if open_ is not None:
        check_inputs(case)
    report = check_outputs(case, out)
    seeds, labels = _seeds(case), _labels(case)
    scope = _scope(case, seeds)
    if open_ is None:
        store = _existing(case)
        return _answer(case, store, coverage_of(store), seeds, labels, scope, say=say, report=report, edition=edition)
    pulls = prepare_pulls(case, seeds, labels, open_, show=progress is not None)
    oracles = prepare_prices(case, open_prices)
    with opened(case.store) as store:
        coverage = load_inputs(case, store, pulls, say)
        coverage = fetch_case_prices(case, store, labels, coverage, oracles, say, show=progress is not None)
        return _answer(case, store, coverage, seeds, labels, scope, say=say, report=report, edition=edition)


def _answer(
    case: Case,
    store: Store,
    coverage: Coverage,
    seeds: Seeds,
    labels: Labels,
    scope: Scope,
    *,
    say: Progress,
    report: Path,
    edition: str | None,
) -> CaseResult:
    say("cleaning")
    exclusions = clean(store, labels=labels)
    say("clustering")
    clusters = cluster(store, seeds, labels=labels, union=case.file.clusters.union)
    say("tracing")
    envelope = _traced(case, store, seeds, labels, clusters)
    trace = envelope[envelope.default]
    say("estimating")
    found = estimate(store, clusters, trace, scope=scope, envelope=envelope)
    comparison = _comparison(case, found)
    say("writing the report")
    named: _Named = {
        "envelope": envelope,
        "title": case.title,
        "case_id": case.id,
        "synthetic": (case.path.parent / SYNTHETIC_MARK).is_file(),
    }
    paths = write_report(
        report, store, trace, found, comparison, clusters=clusters, exclusions=exclusions, seeds=seeds, labels=labels,
        edition=edition or case.file.report.edition, **named,
    )  # fmt: skip
    return CaseResult(
        case=case, store=store, seeds=seeds, labels=labels, coverage=coverage, exclusions=exclusions, clusters=clusters,
        trace=trace, envelope=envelope, estimate=found, comparison=comparison, report=paths, synthetic=named["synthetic"],
        answer=report_text(trace, found, comparison, store=store, **named),
    )  # fmt: skip


def _traced(case: Case, store: Store, seeds: Seeds, labels: Labels, clusters: Clusters) -> Envelope:
    asked = case.file.trace
    return trace_all(
        store,
        seeds,
        labels=labels,
        clusters=clusters,
        policies=[policy_named(name) for name in asked.policies],
        default=policy_named(asked.default),
        max_hops=asked.max_hops or None,
        min_value_usd=asked.min_value_usd or None,
        as_of=case.file.case.as_of,
        service_degree=asked.service_degree,
        stable_par=case.file.prices.stable_par,
    )


def _silent(_words: str) -> None:
    """Say nothing."""


def _existing(case: Case) -> Store:
    if not case.store.exists():
        raise CaseFileError(
            "the case has no store yet",
            where=f"{case.path}: case.store: {case.store}",
            hint=f"Run it first: cryptotrace run {case.path}",
        )
    return open_store(case.store)


def _seeds(case: Case) -> Seeds:
    found = Seeds()
    for number, section in enumerate(case.file.seeds):
        with at_key(case, f"seeds.{number}"):
            found += load_seeds(
                case.place(section.path),
                chain=section.chain,
                role=section.role,
                injects=section.injects,
                campaign=section.campaign,
                category=section.category,
            )
    return found


def _labels(case: Case) -> Labels:
    parts = []
    for number, section in enumerate(case.file.labels):
        with at_key(case, f"labels.{number}"):
            parts.append(
                load_labels(case.place(section.path), chain=section.chain, category=section.category, boundary=section.boundary)
            )
    return combined(*parts)


def _scope(case: Case, seeds: Seeds) -> Scope:
    """Give the scope of the case file; the category is by default that of the seeds."""
    said = case.file.scope
    period = said.period
    return Scope(
        category=said.category or _category(seeds),
        rail=said.rail,
        geography_basis=said.geography_basis,
        geography=said.geography,
        period=None if period is None else (period.start_time, period.stop_time),
        period_basis=said.period_basis,
        population=said.population,
    )


def _category(seeds: Seeds) -> str:
    kinds = {seed.category for seed in seeds.perpetrators if seed.category in OUR_CATEGORIES}
    if len(kinds) == 1:
        return str(kinds.pop())
    return "all_scams" if kinds else "scam_unspecified"


def _comparison(case: Case, found: Estimate) -> Comparison:
    """Put the estimate beside everything that was reported for the period; what is not alike is refused with the reason."""
    period = case.file.compare.period or case.file.scope.period
    text = None if period is None else str(period)
    if text is None and found.scope.period is not None:
        text = "/".join(moment.date().isoformat() for moment in found.scope.period)
    totals = reported_totals(period=text, include_superseded=True)
    return compare(found, totals, bridges=case.file.compare.bridges)
