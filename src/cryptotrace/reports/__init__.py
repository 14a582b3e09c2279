"""Reports: one HTML page that a person opens, the tables beside it, and the same answer as plain text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cryptotrace.errors import InputError, VerificationError
from cryptotrace.reports.writing import ReportPaths, check_target, write_files

if TYPE_CHECKING:
    from cryptotrace.clustering import Clusters
    from cryptotrace.estimates import Comparison, Estimate
    from cryptotrace.hygiene import Exclusions
    from cryptotrace.model import Labels, Seeds
    from cryptotrace.reports.pseudonyms import Pseudonyms
    from cryptotrace.store import Store
    from cryptotrace.tracing import Envelope, Trace

__all__ = ["ReportPaths", "report_text", "write_report"]

EDITIONS = ("public", "restricted")


def write_report(
    path: str | Path,
    store: Store,
    trace: Trace,
    estimate: Estimate,
    comparison: Comparison | None = None,
    *,
    envelope: Envelope | None = None,
    clusters: Clusters | None = None,
    exclusions: Exclusions | None = None,
    seeds: Seeds | None = None,
    labels: Labels | None = None,
    edition: str = "public",
    title: str | None = None,
    synthetic: bool = False,
    case_id: str | None = None,
) -> ReportPaths:
    """Write the report of a case: one self-contained HTML page, and every table as CSV beside it.

    The page has no script, loads nothing, and says so to the browser (Content-Security-Policy ``default-src 'none'``). The same
    case gives the same bytes.

    Parameters
    ----------
    path : str or Path
        The page; the tables go to ``<stem>-tables/*.csv`` beside it. Both are written whole or not at all; other files in
        that folder are not touched.
    store : Store
        The case store, for coverage, rejects and digests.
    trace, estimate, comparison : Trace, Estimate, Comparison or None
        What is reported.
    envelope : Envelope, optional
        Gives the range over policies.
    clusters : Clusters, optional
        For members and evidence; its seeds are used where ``seeds`` is not given.
    exclusions : Exclusions, optional
        What hygiene took out; read from the store where not given.
    seeds, labels : optional
        Further victims to mask in the public edition (role ``victim``).
    edition : str
        ``"public"`` gives pseudonyms to victims and to everyone else without a service label who paid a scam address, and to
        their transactions; amounts of their rows keep three digits, times the day; totals stay exact. ``"restricted"``
        prints all.
    title, case_id : str, optional
        Name the case.
    synthetic : bool
        Says on top that the world is invented.

    Returns
    -------
    ReportPaths

    Raises
    ------
    InputFileError
        If the page or its folder cannot be written there; nothing is changed then.
    InputError
        If the edition is unknown, or the policy of the trace does not conserve money.
    VerificationError
        If a masked address would be in the public edition after all: a defect of the library; nothing is written.

    Notes
    -----
    O(n log n) in rows of the tables, plus the digests of the store. A pseudonym does not hide a payment from someone who
    reads the chain at a scam address that the report names.
    """
    if edition not in EDITIONS:
        raise InputError(
            f"unknown edition {edition!r}", where="write_report(edition=…)", hint=f"Use one of {', '.join(EDITIONS)}"
        )
    target = Path(path)
    folder = check_target(target)
    from cryptotrace.reports.assembly import Material, assemble

    made = assemble(
        Material(
            store=store,
            trace=trace,
            estimate=estimate,
            comparison=comparison,
            envelope=envelope,
            clusters=clusters,
            exclusions=exclusions,
            seeds=seeds,
            labels=labels,
            edition=edition,
            title=title,
            synthetic=synthetic,
            case_id=case_id,
            folder=folder.name,
        )
    )
    content = {name: table.to_csv() for name, table in made.tables.items()}
    _check_no_leak(made.pseudonyms, {target.name: made.html, **content})
    return write_files(target, folder, made.html.encode(), {name: text.encode() for name, text in content.items()})


def report_text(
    trace: Trace,
    estimate: Estimate,
    comparison: Comparison | None = None,
    *,
    store: Store | None = None,
    envelope: Envelope | None = None,
    title: str | None = None,
    synthetic: bool = False,
    case_id: str | None = None,
) -> str:
    """Give the answer of the report in five lines of plain text, for a terminal.

    Parameters
    ----------
    trace, estimate, comparison, envelope
        As for :func:`write_report`.
    store : Store, optional
        For completeness and rejects; without it they are said to be unknown.
    title, case_id, synthetic
        As for :func:`write_report`.

    Returns
    -------
    str
        A line for the case, five lines for the answer, and one for the comparison where there is one. It names no address.
    """
    from cryptotrace.reports.answer import answer
    from cryptotrace.reports.facts import gather
    from cryptotrace.reports.numbers import printable
    from cryptotrace.reports.sentences import comparison_line, period, policy_words, state
    from cryptotrace.reports.store_facts import read_store

    stored = None if store is None else read_store(store, digests=False)
    facts = gather(
        trace, estimate, comparison, envelope=envelope, stored=stored, title=title, synthetic=synthetic, case_id=case_id
    )
    lines = ["SYNTHETIC: every address, person, service and amount here is invented."] if synthetic else []
    lines.append(f"{printable(facts.title)}: {period(facts)}, {policy_words(facts.policy)}, {state(facts)}")
    lines += [f"{number}. {line.label}: {line.sentence}" for number, line in enumerate(answer(facts), start=1)]
    if comparison is not None and not synthetic:  # an invented sum stands beside nothing real
        lines.append(comparison_line(facts, comparison))
    return "\n".join(lines)


def _check_no_leak(pseudonyms: Pseudonyms, outputs: dict[str, str]) -> None:
    """Look for every masked address and hash in what would be written; fails closed."""
    for name, text in outputs.items():
        leaked = next(pseudonyms.leaks(text), None)
        if leaked is not None:
            raise VerificationError(
                f"the public edition would print the address or hash of {leaked}",
                where=name,
                hint="Nothing was written. Please report this: it is a defect of cryptotrace",
            )
