"""Like with like: which reported totals an estimate may stand beside, and what that says.

A reported figure is compared only if flow concept, rail, category, geography, period and period basis agree, or hold ours
inside them, and no newer edition exists; otherwise it is refused with every reason. A bridge is used only where it is named.
The rung sets the flow concept; a sample inside a reported population gives a share, never a verdict on the total.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal

from cryptotrace._version import __version__
from cryptotrace.errors import InputError
from cryptotrace.estimates.result import Comparison, Estimate, Rung, Verdict
from cryptotrace.model import Provenance, Scope
from cryptotrace.registry import ReportedTotal, ReportedTotals, apply_bridge, bridges_from, category_relation
from cryptotrace.registry import bridges as known_bridges

__all__ = ["compare"]

CONCEPT_RUNG = {
    "scam_inflow_attributed": "E1",
    "victim_loss_reported": "E3",
    "exit_inflow": "E4",
}
"""Which rung measures what a published figure measures."""

_OTHER_CONCEPTS = {
    "entry_from_exchanges": "it counts flows from exchanges alone",
    "modelled_loss": "it is a model's loss, not a count",
    "modelled_revenue": "it is head counts times a yield, not a count of payments",
    "survey_loss": "it is scaled up from a survey",
    "incident_loss": "it adds up listed incidents",
    "case_total": "it is the total of another case",
    "laundered": "it counts proceeds moved, not losses or exits",
    "service_throughput": "it is everything that one service handled",
    "seized_or_frozen": "it is money that was stopped",
    "cost_of_crime_supply": "it is what scammers pay their suppliers",
    "count": "it counts people, places or checks, no money",
    "qualitative": "it has no number",
}
_VINTAGE = "vintage"
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class _Fit:
    """How a reported figure stands to ours: what forbids a comparison, and whether it is wider than ours."""

    refusals: tuple[str, ...]
    wider: tuple[str, ...]


def compare(estimate: Estimate, totals: ReportedTotals, *, bridges: Sequence[str] = ()) -> Comparison:
    """Put an estimate beside reported totals, like with like.

    Parameters
    ----------
    estimate : Estimate
        Its scope is the key that a reported figure must match.
    totals : ReportedTotals
        The figures to look at; all of them appear in the result, refused or not.
    bridges : sequence of str
        Bridges to use: ``"vintage"`` allows figures that were restated later; other names are those of the registry.

    Returns
    -------
    Comparison
        Comparable figures first, then refusals, each with its reason.

    Raises
    ------
    InputError
        If a bridge has no such name.
    """
    names = {_VINTAGE, *(bridge.id for bridge in known_bridges())}
    unknown = sorted(set(bridges) - names)
    if unknown:
        raise InputError(f"no bridge {unknown[0]!r}", where="compare(bridges=…)", hint=f"Known: {', '.join(sorted(names))}")
    verdicts = []
    for record in totals:
        stale = totals.status_of(record.id).stale
        verdicts.append(_verdict(estimate, totals, record, used=(_VINTAGE,) if stale and _VINTAGE in bridges else ()))
        verdicts.extend(
            _bridged(estimate, totals, record, bridge.id) for bridge in bridges_from(totals, record.id) if bridge.id in bridges
        )
    verdicts.sort(key=lambda v: (v.verdict == "not_comparable", v.reported_id, v.bridges))
    shown = {record.id for record in totals}
    pairs = tuple(
        (record.id, other.id, other.words)
        for record in totals
        for other in totals.never_add(record.id)
        if other.id in shown and record.id < other.id
    )
    return Comparison(
        verdicts=tuple(verdicts),
        estimate=estimate,
        provenance=Provenance(
            verb="compare",
            version=__version__,
            parameters={"bridges": " ".join(bridges)},
            inputs={"registry": totals.provenance.name},
        ),
        never_add=pairs,
    )


def _verdict(
    estimate: Estimate,
    totals: ReportedTotals,
    record: ReportedTotal,
    *,
    used: tuple[str, ...],
    amounts: tuple[Decimal | None, Decimal | None, Decimal | None] | None = None,
    quantity: str | None = None,
    caveat: str = "",
) -> Verdict:
    low, central, high = amounts or _amounts(record)
    rung = CONCEPT_RUNG.get(record.flow_concept)
    fit = _fit(estimate.scope, totals, record, used)
    refusals = list(fit.refusals)
    if rung is None:
        refusals.insert(0, f"another quantity: {_OTHER_CONCEPTS.get(record.flow_concept, 'its concept has no rung here')}")
    elif estimate[rung].central_usd is None:
        refusals.insert(0, f"our {rung} cannot be stated: {estimate[rung].reason}")
    elif central is None and low is None and high is None:
        refusals.insert(0, "it has no amount in dollars")
    ratios: tuple[Decimal | None, Decimal | None, Decimal | None] = (None, None, None)
    word, reason = "not_comparable", "; ".join(refusals)
    if not refusals and rung is not None:
        ratios = _ratios(estimate[rung], low, central, high)
        word, reason = _judge(estimate, estimate[rung], fit, low, central, high, ratios, bound=record.bound)
    return Verdict(
        reported_id=record.id,
        publisher=record.publisher,
        quantity=quantity or f"{record.flow_concept.replace('_', ' ')}, {record.scope}",
        period=f"{record.period_start} to {record.period_end}",
        printed_on=str(record.published),
        status=totals.status_of(record.id).status,
        rung=rung,
        verdict=word,
        ratio_low=ratios[0],
        ratio_central=ratios[1],
        ratio_high=ratios[2],
        reported_low=low,
        reported_central=central,
        reported_high=high,
        bridges=used if not refusals else (),
        reason=reason,
        caveat="; ".join(part for part in (caveat, record.caveat) if part),
    )


def _bridged(estimate: Estimate, totals: ReportedTotals, record: ReportedTotal, bridge: str) -> Verdict:
    worked = apply_bridge(bridge, totals)
    return _verdict(
        estimate,
        totals,
        record,
        used=(bridge,),
        amounts=(None, worked.result_usd, None),
        quantity=f"{record.scope}, {worked.bridge.words}",
        caveat=worked.bridge.caveat,
    )


def _amounts(record: ReportedTotal) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Give low, central, high over the whole period of a record: a rate per year is multiplied by its years."""
    if not record.annual_rate:
        return record.low_usd, record.central_usd, record.high_usd
    days = (record.period_end - record.period_start).days + 1
    years = max(1, round(Decimal(days) / Decimal("365.25")))
    return tuple(None if value is None else value * years for value in (record.low_usd, record.central_usd, record.high_usd))  # type: ignore[return-value]


def _fit(scope: Scope, totals: ReportedTotals, record: ReportedTotal, used: tuple[str, ...]) -> _Fit:
    refusals: list[str] = []
    wider: list[str] = []
    status = totals.status_of(record.id)
    if status.stale and not used:
        what = "it repeats a figure that was restated" if status.status == "cites_superseded" else "it was restated"
        refusals.append(f"{what}; the newer edition is {status.latest} (the bridge 'vintage' would allow it)")
    _fit_category(scope, record, refusals, wider)
    if record.rail != scope.rail:
        if scope.rail == "crypto" and record.rail in {"all_payments", "mixed"}:
            wider.append("also other ways of paying")
        else:
            refusals.append(f"another rail ({record.rail}, ours is {scope.rail})")
    if record.geography_basis != scope.geography_basis or record.geography != scope.geography:
        if record.geography_basis == "world":
            wider.append("the whole world")
        else:
            refusals.append(f"another place ({record.geography_basis.replace('_', ' ')} {record.geography})")
    _fit_period(scope, record, refusals, wider)
    return _Fit(tuple(refusals), tuple(wider))


def _fit_category(scope: Scope, record: ReportedTotal, refusals: list[str], wider: list[str]) -> None:
    relation = category_relation(record.category, scope.category)
    if relation == "broader":
        wider.append(f"also other kinds ({record.category.replace('_', ' ')})")
    elif relation != "exact":
        said = "overlaps with" if relation == "overlaps" else "is not known to hold"
        refusals.append(f"another category ({record.category.replace('_', ' ')} {said} {scope.category.replace('_', ' ')})")


def _fit_period(scope: Scope, record: ReportedTotal, refusals: list[str], wider: list[str]) -> None:
    if record.period_basis != scope.period_basis:
        refusals.append(
            f"another way to date ({record.period_basis.replace('_', ' ')}, ours is {scope.period_basis.replace('_', ' ')})"
        )
    if scope.period is None:
        refusals.append("our estimate has no period")
        return
    theirs: tuple[datetime, datetime] = (record.period.start_time, record.period.stop_time)
    if theirs == scope.period:
        return
    if theirs[0] <= scope.period[0] and scope.period[1] <= theirs[1]:
        wider.append("a longer period")
    else:
        refusals.append(f"another period ({record.period_start} to {record.period_end} does not hold ours)")


def _ratios(
    rung: Rung, low: Decimal | None, central: Decimal | None, high: Decimal | None
) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Divide ours by theirs: least over most, point over point, most over least."""
    assert rung.low_usd is not None
    assert rung.central_usd is not None
    assert rung.high_usd is not None
    most = next(value for value in (high, central, low) if value is not None)
    least = next(value for value in (low, central, high) if value is not None)
    best = next(value for value in (central, low, high) if value is not None)
    return _divide(rung.low_usd, most), _divide(rung.central_usd, best), _divide(rung.high_usd, least)


def _divide(ours: Decimal, theirs: Decimal) -> Decimal:
    """Give a ratio to nine significant digits."""
    ratio = _EXACT.divide(ours, theirs)
    return Context(prec=9).plus(ratio)


def _judge(
    estimate: Estimate,
    rung: Rung,
    fit: _Fit,
    low: Decimal | None,
    central: Decimal | None,
    high: Decimal | None,
    ratios: tuple[Decimal | None, Decimal | None, Decimal | None],
    *,
    bound: str,
) -> tuple[str, str]:
    """Judge by what was printed: a figure printed as "at least" has no upper end, one printed as "up to" no lower end."""
    assert rung.low_usd is not None
    assert rung.high_usd is not None
    most = next(value for value in (high, central, low) if value is not None)
    least = next(value for value in (low, central, high) if value is not None)
    held = f"; it is wider than ours: {', '.join(fit.wider)}" if fit.wider else ""
    open_end = {"lower": '; it was printed as "at least"', "upper": '; it was printed as "up to"'}.get(bound, "")
    if rung.low_usd > most and bound == "lower":
        return "undetermined", f"ours lies above the reported figure, which has no upper end{open_end}{held}"
    if rung.low_usd > most:
        return "above", f"ours lies above the reported figure in every configuration{held}"
    if estimate.scope.population == "sample":
        assert ratios[0] is not None
        if not ratios[0]:
            return (
                "share",
                f"ours is a sample, and its low end is 0: no share of the reported figure can be stated{open_end}{held}",
            )
        return "share", f"ours is a sample: at least {_percent(ratios[0])} of the reported figure{open_end}{held}"
    if fit.wider:
        return "undetermined", f"ours is a census of a part only{open_end}{held}"
    if rung.high_usd < least and (rung.unpriced or bound == "upper"):
        why = "the reported figure has no lower end" if bound == "upper" else "a part of ours has no price"
        return "undetermined", f"ours lies below the reported figure, but {why}{open_end}"
    if rung.high_usd < least:
        return "below", f"ours lies below the reported figure in every configuration{open_end}"
    return "consistent", f"the ranges overlap{open_end}"


def _percent(ratio: Decimal) -> str:
    """Print a share rounded down to three significant digits: "at least" must stay true."""
    from decimal import ROUND_DOWN

    shown = Context(prec=3, rounding=ROUND_DOWN).multiply(ratio, Decimal(100))
    return f"{shown:f}%"
