"""The sentences of a report: pure functions from facts to plain text.

"Stolen" is said of E2 and E3 only, "reached exchanges" of E4, "throughput" of E5; a point never stands without its range; what
is not known is said, never printed as zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from cryptotrace.estimates import Rung, Verdict
from cryptotrace.model import Policy
from cryptotrace.reports.facts import Facts, Place
from cryptotrace.reports.numbers import (
    UNKNOWN,
    at_least_percent,
    count,
    day,
    listed,
    percent,
    printable,
    times,
    usd,
    usd_range,
    words,
)

__all__ = [
    "Line",
    "answer",
    "comparison_line",
    "completeness",
    "exit_span",
    "missing",
    "openings",
    "order",
    "period",
    "policies",
    "policy_words",
    "state",
    "throughput",
    "verdict_text",
]

EXCHANGES = frozenset({"exchange", "exchange_deposit"})
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One of the five lines: what it answers, the figure in large, how the sentence goes on, and the section with its table."""

    label: str
    figure: str
    text: str
    target: str

    @property
    def sentence(self) -> str:
        """The figure and what is said of it, as plain text."""
        return f"{self.figure} {self.text}".strip()


def answer(facts: Facts) -> tuple[Line, ...]:
    """Give the answer in five lines."""
    return (_went_in(facts), _victims(facts), _reached(facts), _rest(facts), _not_known(facts))


def _figure(low: Decimal | None, central: Decimal | None, high: Decimal | None) -> str:
    """Print a range as a figure: ``8,532,633 to 8,544,042 USD``."""
    if low is None or high is None:
        return UNKNOWN if central is None else f"{usd(central, 0)}, range unknown:"
    if usd(low, 0) == usd(high, 0):
        return usd(high, 0)
    return f"{usd(low, 0).removesuffix(' USD')} to {usd(high, 0)}"


def _shown(low: Decimal | None, central: Decimal | None, high: Decimal | None, why: str = "") -> str:
    """Say which figure of a range the report shows, or that the range is one point."""
    if low is None or high is None or central is None:
        return f"only {why} was run" if why else "range unknown"
    if usd(low, 0) == usd(high, 0):
        return "low and high alike"
    return f"shown: {usd(central, 0).removesuffix(' USD')}{f', {why}' if why else ''}"


def policy_words(policy: Policy) -> str:
    """Print a policy without brackets: ``haircut, in proportion``."""
    return policy.title.replace(" (", ", ").removesuffix(")")


def missing(reason: str) -> str:
    """Give the reason for a missing figure, without saying twice that it is not in the data."""
    said = printable(reason) or "no reason was given"
    head, _, rest = said.partition(": ")
    return rest if rest and head.endswith("not in the data") else said


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _unpriced(rung: Rung) -> str:
    return f" Without a price, so in no sum: {count(len(rung.unpriced), 'asset')}." if rung.unpriced else ""


def _went_in(facts: Facts) -> Line:
    if facts.outflow:
        out, sources = facts.source_outflow, count(facts.scam_addresses, "source address", "source addresses")
        text = f"left {sources}. All that was paid out there is followed ({_shown(out, out, out)})."
        return Line("Left the source", _figure(out, out, out), text, "ladder")
    rung = facts.rung("E1")
    where = count(facts.scam_addresses, "scam address", "scam addresses")
    span = (rung.low_usd, rung.central_usd, rung.high_usd)
    if rung.central_usd is None:
        return Line("Went in", "No figure", f"for what went into {where}: {missing(rung.reason)}. That is not zero.", "ladder")
    payments = count(rung.transfers or 0, "payment")
    payers = f" by {count(rung.payers, 'payer')}" if rung.payers is not None else ""
    text = f"came in from outside to {where}, in {payments}{payers} (E1; {_shown(*span)}).{_unpriced(rung)}"
    return Line("Went in", _figure(*span), text, "ladder")


def _victims(facts: Facts) -> Line:
    strict, wide = facts.rung("E3"), facts.rung("E2")
    if strict.central_usd is None:
        reason = printable(strict.reason) or "the ladder has no figure"
        return Line("Victims lost", "No figure", f"can be given: {reason}. That is not zero.", "ladder")
    span = (strict.low_usd, strict.central_usd, strict.high_usd)
    outer = (wide.low_usd, wide.central_usd, wide.high_usd)
    second = (
        "the same with every outside payer counted (E2)"
        if outer == span
        else f"with every outside payer counted: {_figure(*outer)} (E2; {_shown(*outer)})"
    )
    text = f"stolen: plausible victims' payments less what they got back (E3; {_shown(*span)}); {second}.{_unpriced(strict)}"
    return Line("Victims lost", _figure(*span), text, "ladder")


def exit_span(facts: Facts) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Give low, shown and high of E4; low and high are None where one policy alone was run.

    The rung's own range holds where the estimate knew the envelope; where it did not and the period cuts nothing off, the
    envelope that was handed to the report gives it.
    """
    rung = facts.rung("E4")
    if rung.central_usd is None:
        return None, None, None
    low, high = rung.low_usd, rung.high_usd
    wide = facts.exits_range
    shown = sum((place.value.known for place in facts.exits), Decimal(0))
    if low == high and wide[0] is not None and wide[1] is not None and shown == rung.central_usd:
        low, high = wide
    if low == high and facts.policies < 2:
        return None, rung.central_usd, None
    return low, rung.central_usd, high


def _ends(facts: Facts) -> str:
    """Name what was reached: "exchanges" only where a label says exchange."""
    kinds = {place.category for place in facts.exits}
    if kinds and kinds <= EXCHANGES:
        return "exchanges"
    if kinds & EXCHANGES:
        return "exchanges and other exits"
    return "the ends that the labels declare" if kinds <= {"terminal"} else "exits, none of them labelled an exchange"


def _reached(facts: Facts) -> Line:
    rung = facts.rung("E4")
    low, shown, high = exit_span(facts)
    if shown is None:
        text = f"for what reached exits: {missing(rung.reason)}. That is not zero."
        return Line("Reached exchanges", "No figure", text, "exits")
    ends = _ends(facts)
    label = "Reached exchanges" if "exchanges" in ends else "Reached exits"
    if not facts.exits:
        return Line(label, usd(Decimal(0), 0), "reached an exchange or another labelled exit (E4).", "exits")
    text = f"reached {ends} (E4; {_shown(low, shown, high, policy_words(facts.policy))}){_top(facts.exits)}.{_unpriced(rung)}"
    return Line(label, _figure(low, shown, high), text, "exits")


def _top(places: Iterable[Place]) -> str:
    """Name the largest few; an end without a name is none."""
    named = [place for place in places if place.name]
    by_name: dict[str, Decimal] = {}
    for place in named:
        by_name[place.name] = by_name.get(place.name, Decimal(0)) + place.value.known
    ranked = sorted(by_name.items(), key=lambda item: (-item[1], item[0]))
    if len(ranked) < 2 and not any(place.category in EXCHANGES for place in named):
        return ""
    told = [f"{printable(name, 40)} {usd(value, 0)}" for name, value in ranked[:_NAMED]]
    if len(ranked) > _NAMED:
        rest = sum((value for _, value in ranked[_NAMED:]), Decimal(0))
        told.append(f"{count(len(ranked) - _NAMED, 'other')} {usd(rest, 0)}")
    return f": {'; '.join(told)}"


def _rest(facts: Facts) -> Line:
    held = _span_of(_sum(facts.resting), facts.resting_range)
    if facts.resting:
        places = count(sum(place.addresses for place in facts.resting), "address", "addresses")
        shown = _shown(*held) if held[1] is not None else f"{count(_sum(facts.resting)[2], 'holding')} without a price"
        parts = [f"still rested at {places} on {day(facts.as_of)} ({shown}){_freezable(facts)}."]
    else:
        held = (Decimal(0), Decimal(0), Decimal(0))
        parts = ["still rested at an address that we can see."]
    if facts.frontier:
        reasons = listed(f"{words(place.name)} {place.value.text()}" for place in facts.frontier[:_NAMED])
        more = "" if len(facts.frontier) <= _NAMED else " and others"
        parts.append(f"{_spread(_sum(facts.frontier), facts.frontier_range)} could not be followed further ({reasons}{more}).")
    small = [
        ("went back to victims or was burnt", facts.returned),
        ("was below the limits set", facts.pruned),
        ("went in fees", facts.fees),
    ]
    told = [f"{value.text()} {what}" for what, value in small if value.parts]
    if told:
        parts.append(_capital(f"{'; '.join(told)}."))
    return Line("Still resting", _figure(*held), " ".join(parts), "resting")


def _sum(places: Iterable[Place]) -> tuple[Decimal, int, int]:
    known, unpriced, parts = Decimal(0), 0, 0
    for place in places:
        known, unpriced, parts = known + place.value.known, unpriced + place.value.unpriced, parts + place.value.parts
    return known, unpriced, parts


def _span_of(
    held: tuple[Decimal, int, int], band: tuple[Decimal | None, Decimal | None]
) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    known, unpriced, parts = held
    if unpriced and unpriced == parts:
        return None, None, None
    return band[0], known, band[1]


def _spread(held: tuple[Decimal, int, int], band: tuple[Decimal | None, Decimal | None]) -> str:
    known, unpriced, parts = held
    if unpriced and unpriced == parts:
        return f"An amount without a price ({count(parts, 'holding')})"
    more = f" and {count(unpriced, 'amount')} without a price" if unpriced else ""
    return f"{_capital(usd_range(band[0], known, band[1]))}{more}"


def _freezable(facts: Facts) -> str:
    issuers = [place for place in facts.resting if place.name]
    told = listed(f"{printable(place.name)} could freeze {place.value.text()}" for place in issuers)
    return f"; of this {told}" if told else "; none of it in a token whose issuer is known to freeze"


def _not_known(facts: Facts) -> Line:
    parts = ["who holds the keys and what happened behind the ends"]
    if facts.is_complete is None:
        parts.append("how complete the data are")
    elif not facts.is_complete:
        missing = (facts.all_addresses or 0) - (facts.complete_addresses or 0)
        parts.append(
            f"what {count(missing, 'incomplete address', 'incomplete addresses')} did ({facts.stopped_short.text()} "
            "stops there)"
        )
    if facts.rejects:
        parts.append(f"what {count(facts.rejects, 'unreadable row')} said")
    if facts.through_openings or facts.through_openings is None:
        parts.append(f"where accounts had opening balances from ({usd(facts.through_openings, 0)} of movements passes them)")
    if facts.inexact_order:
        parts.append(f"the exact order behind {usd(facts.inexact_order, 0)} of movements")
    assets = {asset for rung in facts.rungs for asset, _ in rung.unpriced}
    if assets:
        parts.append(f"the price of {count(len(assets), 'asset')}")
    lost = "what victims lost, " if facts.outflow else "victims who paid other addresses, "
    return Line("Not known", "", _capital(f"{lost}{listed(parts)}."), "limits")


def period(facts: Facts) -> str:
    """Print the period, both ends included."""
    if facts.period is None:
        return UNKNOWN
    from datetime import timedelta

    return f"{day(facts.period[0])} to {day(facts.period[1] - timedelta(microseconds=1))}"


def state(facts: Facts) -> str:
    """``complete`` or ``partial``, with the count of addresses."""
    if facts.is_complete is None:
        return "completeness unknown: the store has no coverage"
    told = f"{facts.complete_addresses:,} of {count(facts.all_addresses or 0, 'address', 'addresses')}"
    return f"complete: {told}" if facts.is_complete else f"partial: {told} complete"


def throughput(facts: Facts) -> str:
    """Say what passed through, and by what factor it exceeds what went in: never a loss."""
    rung = facts.rung("E5")
    if rung.central_usd is None:
        return f"Throughput is not known: {missing(rung.reason)}."
    base = "the source outflow" if facts.outflow else "what came in from outside (E1)"
    ratio = (
        ""
        if facts.throughput_ratio is None
        else f" That is {times(facts.throughput_ratio)} times {base}: the same money, counted at every step."
    )
    return f"Throughput (E5) is {usd_range(rung.low_usd, rung.central_usd, rung.high_usd)}: volume, not a loss.{ratio}"


def policies(facts: Facts) -> str:
    """Say how far the answer depends on how mixed money is followed."""
    low, shown, high = exit_span(facts)
    policy = policy_words(facts.policy)
    if low is None or high is None:
        unknown = f"Only {policy} was run, so how far the answer depends on the policy is not known."
        return f"{unknown} Run all policies (trace_all) to see it."
    outside = "Other policies that one could think of may lie outside. Poison counts money more than once and is in no total."
    runs = f"{count(facts.policies, 'policy', 'policies')} that conserve money"
    if usd(low, 0) == usd(high, 0):
        return f"No, not here: under each of the {runs}, the same {usd(high, 0)} reached exits. {outside}"
    return (
        f"Over the {runs}, what reached exits lies between {usd(low, 0).removesuffix(' USD')} and {usd(high, 0)}: a spread of "
        f"{percent(high - low, shown)} of the figure shown ({policy}). {outside}"
    )


def openings(facts: Facts) -> str:
    """Say what rests on balances that the data do not explain."""
    if not facts.openings:
        return "No account paid out more than the data show it receiving: there is no unexplained opening balance."
    accounts = count(facts.openings, "balance")
    through = (
        f"{usd(facts.through_openings, 0)} of traced movements ({percent(facts.through_openings, facts.moved.known)} "
        "of their value, "
        "each step counted) passes accounts that hold one"
    )
    text = f"{accounts} must have been there before the first row; they count as clean. {_capital(through)}."
    if facts.openings_tainted_exits is None:
        return text
    return (
        f"{text} If all of them were tainted, {usd(facts.openings_tainted_exits, 0)} would have reached exits, "
        f"instead of {usd(exit_span(facts)[1], 0)}."
    )


def order(facts: Facts) -> str:
    """Say what rests on an order of rows that the data do not give."""
    if facts.inexact_order is None:
        return "Some movements whose order is not known have no price, so their value is unknown."
    if not facts.inexact_order:
        return "No traced value rests on an order that the data do not give."
    share = percent(facts.inexact_order, facts.moved.known)
    return (
        f"{usd(facts.inexact_order, 0)} of traced movements ({share} of their value, each step counted) stands in blocks or "
        "transactions whose inner order the data do not give; there, a payment is put before the onward payment that it funds."
    )


def completeness(facts: Facts) -> str:
    """Say how much of what was needed is there."""
    if facts.is_complete is None:
        return "The store holds no coverage, so how complete the data are is unknown."
    text = (
        f"{facts.complete_addresses:,} of {count(facts.all_addresses or 0, 'address', 'addresses')} complete to the as-of time."
    )
    short = facts.stopped_short
    stopped = (
        f" At addresses that are not, {short.text()} of the traced money stops."
        if short.parts
        else " No traced money stops at an incomplete address."
    )
    return text + stopped


def verdict_text(verdict: Verdict) -> str:
    """Give a verdict in words, with its ratio where it has one."""
    ours = f"ours ({verdict.rung})" if verdict.rung else "ours"
    if verdict.verdict == "not_comparable":
        return "not comparable"
    if verdict.verdict == "share":
        return f"{ours} is at least {at_least_percent(verdict.ratio_low)} of the reported figure"
    return f"{verdict.verdict}: {ours} is {ratio_words(verdict.ratio_low, verdict.ratio_high)} the reported figure"


def ratio_words(low: Decimal | None, high: Decimal | None) -> str:
    """Print a ratio with its range: below one as a share, else as a factor."""
    if low is None or high is None:
        return "an unknown multiple of"
    if high < 1:
        first, last = (times(value * 100) for value in (low, high))
        return f"{first}% of" if first == last else f"{first}% to {last}% of"
    first, last = times(low), times(high)
    return f"{first} times" if first == last else f"{first} to {last} times"


def comparison_line(facts: Facts, verdicts: Iterable[Verdict]) -> str:
    """Say in one line what the comparison came to: the first like-with-like verdict, or that there is none."""
    first = next((verdict for verdict in verdicts if verdict.verdict != "not_comparable"), None)
    if first is None:
        return f"Beside reported totals: none of {count(facts.refused, 'figure')} may be compared with this case."
    more = facts.compared - 1
    rest = f" {count(more, 'other figure')} may be compared too." if more else ""
    where = f"{printable(first.publisher)}, {printable(first.quantity)}, {printable(first.period)}"
    return f"Beside reported totals: {verdict_text(first)} ({where}). {count(facts.refused, 'figure')} refused.{rest}"
