"""The page: sentences, tables and pictures in their fixed order, rendered by a template that escapes everything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from cryptotrace.reports.answer import answer
from cryptotrace.reports.facts import Facts
from cryptotrace.reports.limits import limits
from cryptotrace.reports.method import Entry
from cryptotrace.reports.numbers import UNKNOWN, count, listed, moment, printable, usd, words
from cryptotrace.reports.pictures import Pictures
from cryptotrace.reports.printing import Printer, View
from cryptotrace.reports.sentences import (
    completeness,
    exit_span,
    missing,
    openings,
    order,
    period,
    policies,
    policy_words,
    proven,
    state,
    throughput,
    verdict_text,
)

if TYPE_CHECKING:
    import jinja2

    from cryptotrace.estimates import Comparison, Rung, Verdict
    from cryptotrace.hygiene import Exclusions
    from cryptotrace.model import ResultTable
    from cryptotrace.reports.store_facts import StoreFacts

__all__ = ["Page", "render"]

_CONTENTS = (
    ("ladder", "How much"),
    ("exits", "Where the money is"),
    ("flow", "Flow picture"),
    ("policies", "Does the method decide?"),
    ("comparison", "Beside reported totals"),
    ("exclusions", "What was left out"),
    ("openings", "Unexplained balances"),
    ("order", "Inexact order"),
    ("completeness", "Completeness"),
    ("statement", "Does it balance?"),
    ("labels", "Labels and clusters"),
    ("method", "Method"),
    ("limits", "Limits"),
    ("reproduce", "Make it again"),
)
_SHOWN_REASONS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page is made of; :func:`render` adds the words."""

    facts: Facts
    views: dict[str, View]
    pictures: Pictures
    comparison: Comparison | None
    exclusions: Exclusions
    stored: StoreFacts
    statement: ResultTable
    printer: Printer
    method: tuple[Entry, ...]
    reproduction: dict[str, tuple[Entry, ...]]
    folder: str


def render(page: Page) -> str:
    """Render the whole report as one HTML text, without a script and without anything to load."""
    from markupsafe import Markup

    drawn = page.pictures
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            facts=page.facts,
            page=_words(page),
            views=page.views,
            pictures={
                # Ours: text inside was cleaned and escaped where it was drawn.
                "flow": {"svg": Markup(drawn.flow.svg)},  # noqa: S704
                "ladder": Markup(drawn.ladder),  # noqa: S704
                "destinations": Markup(drawn.destinations),  # noqa: S704
                "policies": Markup(drawn.policies),  # noqa: S704
                "comparison": Markup(drawn.comparison),  # noqa: S704
            },
            style=Markup(_template("report.css")),  # noqa: S704
        )
    )


def _template(name: str) -> str:
    return files("cryptotrace.reports").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FunctionLoader(_template),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _words(page: Page) -> dict[str, Any]:
    """Give every text of the template."""
    facts, comparison = page.facts, page.comparison
    verdicts = [] if comparison is None else [_verdict(verdict) for verdict in comparison.comparable]
    refusals = [] if comparison is None else [_verdict(v) for v in comparison if v.verdict == "not_comparable"]
    return {
        "strip": tuple(_strip(facts)),
        "state_class": "" if facts.is_complete else "partial",
        "lines": answer(facts),
        "contents": _CONTENTS,
        "folder": page.folder,
        "ladder_words": _ladder_words(facts),
        "throughput": throughput(facts),
        "rungs": [_rung(facts, rung, page.printer) for rung in facts.rungs],
        "flow_note": _flow_note(facts),
        "policies": policies(facts),
        "compared": None if comparison is None else _compared(facts),
        "verdicts": verdicts,
        "refusals": refusals,
        "never_add": [] if comparison is None else [tuple(map(printable, pair)) for pair in comparison.never_add],
        "pictures_note": _pictures_note(facts),
        "exclusions": _excluded(page.exclusions),
        "openings": openings(facts),
        "order": order(facts),
        "completeness": completeness(facts),
        "proven": proven(facts),
        "statuses": [
            f"{words(status)}: {count(number, 'stream')}{f' ({printable(reason)})' if reason else ''}"
            for status, reason, number in page.stored.statuses[:_SHOWN_REASONS]
        ],
        "rejects": _rejected(facts),
        "reject_reasons": [
            f"{count(number, 'row')}: {printable(reason, 160)}" for reason, number in facts.reject_reasons[:_SHOWN_REASONS]
        ],
        "balance": _balance(page.statement),
        "method": page.method,
        "limits": limits(facts),
        "reproduction": page.reproduction,
    }


def _strip(facts: Facts) -> Iterable[Entry]:
    if facts.case_id:
        yield "Case", printable(facts.case_id, 80)
    yield "Kind of case", _kind(facts)
    edition = f"public: {count(facts.masked, 'account')} masked" if facts.edition == "public" else "restricted: names victims"
    yield "Edition", edition
    yield "Period (UTC)", period(facts)
    yield "As of (UTC)", moment(facts.as_of)
    yield "State", state(facts)
    yield "Policy shown", policy_words(facts.policy)
    yield "Version", f"cryptotrace {facts.version}"


def _kind(facts: Facts) -> str:
    """Use the neutral word, once with the old one that people still search for."""
    return "romance baiting (also called pig butchering)" if facts.category == "romance_baiting" else words(facts.category)


def _ladder_words(facts: Facts) -> str:
    if facts.outflow:
        return (
            "The seeds of this case are sources: what they paid out is followed. What victims paid is not in the "
            "data, so the rungs E0 "
            "to E3 have no figure; that is not zero."
        )
    return (
        'Each rung answers another question, and only E2 and E3 may be called "stolen". E4 is what reached exits; E5 '
        "is volume, and "
        "counts the same money at every step."
    )


def _rung(facts: Facts, rung: Rung, printer: Printer) -> dict[str, Any]:
    span = (rung.low_usd, rung.central_usd, rung.high_usd)
    if rung.id == "E4" and rung.central_usd is not None:
        span = exit_span(facts)
    low, central, high = (usd(value).removesuffix(" USD") for value in span)
    return {
        "id": rung.id,
        "title": rung.title,
        "definition": rung.definition,
        "reason_instead": missing(rung.reason) if rung.central_usd is None else "",
        "reason": "" if rung.central_usd is None or rung.unpriced else printable(rung.reason),
        "low": low,
        "central": central,
        "high": high,
        "transfers": "" if rung.transfers is None else f"{rung.transfers:,}",
        "payers": "" if rung.payers is None else f"{rung.payers:,}",
        "standing": rung.standing,
        "unpriced": "; ".join(printer.coins(asset, amount) for asset, amount in rung.unpriced[:_SHOWN_REASONS]),
    }


def _pictures_note(facts: Facts) -> str:
    if not any(place.category == "terminal" for place in facts.exits):
        return ""
    return (
        '"Other services" in the pictures are here ends that the labels declare without saying what they are: an '
        "exchange, a mixer or "
        "anything else."
    )


def _flow_note(facts: Facts) -> str:
    if not facts.masked:
        return ""
    return (
        "In this edition payments of accounts under a pseudonym are rounded to three digits, so sums in the picture "
        "can differ a little "
        "from the totals above."
    )


def _compared(facts: Facts) -> str:
    if not facts.compared:
        return (
            f"None of the {count(facts.refused, 'reported figure')} looked at may be compared with this case: each "
            "counts something else, "
            "elsewhere, or for another time. The reasons stand in the table; a ratio made all the same would mean nothing."
        )
    refused = f" {count(facts.refused, 'other figure')} may not, and the reasons are given." if facts.refused else ""
    return f"{count(facts.compared, 'reported figure')} may stand beside this case, like with like.{refused}"


def _verdict(verdict: Verdict) -> dict[str, str]:
    low, central, high = verdict.reported_low, verdict.reported_central, verdict.reported_high
    shown = usd(central, 0).removesuffix(" USD") if central is not None else ""
    if low is not None and high is not None and low != high:
        span = f"{usd(low, 0).removesuffix(' USD')} to {usd(high, 0).removesuffix(' USD')}"
        shown = f"{span} ({shown})" if shown else span
    elif not shown and low is not None:
        shown = f"at least {usd(low, 0).removesuffix(' USD')}"
    elif not shown and high is not None:
        shown = f"at most {usd(high, 0).removesuffix(' USD')}"
    return {
        "id": verdict.reported_id,
        "publisher": printable(verdict.publisher),
        "quantity": printable(verdict.quantity),
        "period": printable(verdict.period),
        "printed_on": printable(verdict.printed_on),
        "status": words(verdict.status),
        "amount": shown or UNKNOWN,
        "verdict": verdict_text(verdict),
        "bridges": ", ".join(printable(bridge) for bridge in verdict.bridges),
        "reason": printable(verdict.reason, 600),
        "caveat": printable(verdict.caveat, 600),
    }


def _excluded(exclusions: Exclusions) -> str:
    before, after = (sum(exclusions.totals.column(name)) for name in ("transfers_before", "transfers_after"))
    looked = listed(words(row["reason"]) for row in exclusions.table.dicts() if not row["transfers"])
    none = f" Looked for and not found: {looked}." if looked else ""
    if before == after:
        return f"Nothing: all {count(before, 'transfer')} stay in the ledger.{none}"
    return (
        f"{count(before, 'transfer')} came in, {count(before - after, 'transfer')} "
        f"{'is' if before - after == 1 else 'are'} left out as no money, {after:,} stay. A transfer may have several "
        f"reasons.{none}"
    )


def _rejected(facts: Facts) -> str:
    if not facts.rejects:
        return "Every row of the inputs could be read."
    return f"{count(facts.rejects, 'row')} of the inputs could not be read; none of them is in a figure."


def _balance(statement: ResultTable) -> str:
    wrong = [row["asset"] for row in statement.dicts() if row["difference"]]
    if not statement.rows:
        return "Nothing was injected."
    if wrong:
        return f"No: {len(wrong)} of {count(len(statement), 'asset')} do not balance."
    each = f"{'every one of ' if len(statement) > 1 else ''}{count(len(statement), 'asset')}"
    return f"Yes: for {each}, what went in is accounted for to the last base unit."
