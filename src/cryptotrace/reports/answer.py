"""The answer in five lines: range first, then the point, then what it means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from cryptotrace.estimates import Rung
from cryptotrace.estimates.result import share_words
from cryptotrace.reports.facts import Facts, Place
from cryptotrace.reports.numbers import PricedSum, count, day, listed, printable, usd, usd_range, words
from cryptotrace.reports.sentences import exit_span, missing, policy_words

__all__ = ["Line", "answer"]

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
    """Print a range as a figure: ``8,532,633 to 8,544,042 USD``; what is said beside a lone point is :func:`_shown`'s."""
    if low is None or high is None:
        return usd(central, 0)
    if usd(low, 0) == usd(high, 0):
        return usd(high, 0)
    return f"{usd(low, 0).removesuffix(' USD')} to {usd(high, 0)}"


def _shown(low: Decimal | None, central: Decimal | None, high: Decimal | None, why: str = "") -> str:
    """Say which figure of a range the report shows, or that the range is one point."""
    if low is None or high is None or central is None:
        return f"range unknown: only {why} was run" if why else "range unknown"
    if usd(low, 0) == usd(high, 0):
        return "low and high alike"
    return f"shown: {usd(central, 0).removesuffix(' USD')}{f', {why}' if why else ''}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _unpriced(rung: Rung) -> str:
    return _without_price(len(rung.unpriced))


def _without_price(assets: int) -> str:
    return f" Without a price, so in no sum: {count(assets, 'asset')}." if assets else ""


def _went_in(facts: Facts) -> Line:
    if facts.outflow:
        return _left(facts)
    rung = facts.rung("E1")
    where = count(facts.scam_addresses, "scam address", "scam addresses")
    span = (rung.low_usd, rung.central_usd, rung.high_usd)
    if rung.central_usd is None:
        return Line("Went in", "No figure", f"for what went into {where}: {missing(rung.reason)}. That is not zero.", "ladder")
    payments = count(rung.transfers or 0, "payment")
    payers = f" by {count(rung.payers, 'payer')}" if rung.payers is not None else ""
    text = f"came in from outside to {where}, in {payments}{payers} (E1; {_shown(*span)}).{_unpriced(rung)}{_unseen(facts)}"
    return Line("Went in", _figure(*span), text, "ladder")


def _left(facts: Facts) -> Line:
    out, sources = facts.source_outflow, count(facts.scam_addresses, "source address", "source addresses")
    if out is None:
        return Line(
            "Left the source", "No figure", f"for what left {sources}: none of it has a price. That is not zero.", "ladder"
        )
    without = _without_price(len(facts.source_unpriced))
    text = f"left {sources}. All that was paid out there is followed ({_shown(out, out, out)}).{without}{_unseen(facts)}"
    return Line("Left the source", _figure(out, out, out), text, "ladder")


def _unseen(facts: Facts) -> str:
    return "" if facts.scam_addresses else " No seed occurs in the data: nothing was looked for, so this zero says nothing."


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


def _ends(facts: Facts) -> str:
    """Name what was reached: "exchanges" only where a label says exchange."""
    kinds = {place.category for place in facts.period_exits}
    if kinds and kinds <= EXCHANGES:
        return "exchanges"
    if kinds & EXCHANGES:
        return "exchanges and other exits"
    if not kinds:
        return "exits"
    return "the ends that the labels declare" if kinds <= {"terminal"} else "exits, none of them labelled an exchange"


def _reached(facts: Facts) -> Line:
    rung = facts.rung("E4")
    low, shown, high = exit_span(facts)
    if shown is None:
        text = f"for what reached exits: {missing(rung.reason)}. That is not zero."
        return Line("Reached exchanges", "No figure", text, "exits")
    ends = _ends(facts)
    label = "Reached exchanges" if "exchanges" in ends else "Reached exits"
    if not high and not shown:
        text = f"reached an exchange or another labelled exit, as far as the data show (E4).{_outside(facts)}{_unpriced(rung)}"
        return Line(label, usd(Decimal(0), 0), text, "exits")
    told = _shown(low, shown, high, policy_words(facts.policy))
    text = f"reached {ends} (E4; {told}){_top(facts.period_exits)}.{_outside(facts)}{_hidden(facts)}{_unpriced(rung)}"
    return Line(label, _figure(low, shown, high), text, "exits")


def _hidden(facts: Facts) -> str:
    """Say that the high end of E4 counts more than the policies do, where it does."""
    behind, high = facts.period_stopped, facts.rung("E4").high_usd
    if not behind.known or high is None:
        return ""
    where = "at incomplete addresses" if facts.stopped_short.parts else ""
    if any(place.name == "max_hops" for place in facts.frontier):
        where = f"{where} or at the limit of steps" if where else "at the limit of steps"
    return f" The high end counts the {behind.text()} that stopped {where} as if all of it had reached an exit."


def _outside(facts: Facts) -> str:
    """Say what reached exits at other times than the scope's, where something did."""
    return f" Outside the period {facts.exits_outside.text()} more reached exits." if facts.exits_outside.parts else ""


def _top(places: Iterable[Place]) -> str:
    """Name the largest few; an end without a name is none."""
    by_name: dict[str, list[Place]] = {}
    for place in places:
        if place.name:
            by_name.setdefault(place.name, []).append(place)
    sums = {name: PricedSum(*_sum(parts)) for name, parts in by_name.items()}
    ranked = sorted(sums.items(), key=lambda item: (-item[1].known, item[0]))
    if len(ranked) < 2 and not any(place.category in EXCHANGES for parts in by_name.values() for place in parts):
        return ""
    told = [f"{printable(name, 40)} {_priced(value)}" for name, value in ranked[:_NAMED]]
    if len(ranked) > _NAMED:
        rest = [place for name, _ in ranked[_NAMED:] for place in by_name[name]]
        told.append(f"{count(len(ranked) - _NAMED, 'other')} {_priced(PricedSum(*_sum(rest)))}")
    return f": {'; '.join(told)}"


def _priced(value: PricedSum) -> str:
    return "what has no price" if value.unpriced and value.unpriced == value.parts else value.text()


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
        ("went back to victims", facts.returned),
        ("was burnt", facts.burnt),
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
    issuers = [place for place in facts.resting if place.name or place.category == "frozen"]
    told = listed(_freeze_words(place) for place in issuers)
    return f"; of this {told}" if told else "; none of it in a token whose issuer is known to freeze"


def _freeze_words(place: Place) -> str:
    if place.category == "frozen":
        return f"{place.value.text()} is frozen already"
    return f"{printable(place.name)} could freeze {place.value.text()}"


def _not_known(facts: Facts) -> Line:
    parts = ["who holds the keys and what happened behind the ends"]
    if facts.is_complete is None:
        parts.append("how complete the data are")
    elif not facts.is_complete:
        short = (facts.all_addresses or 0) - (facts.complete_addresses or 0)
        who = count(short, "incomplete address", "incomplete addresses") if short else "addresses that were not collected"
        parts.append(f"what {who} did ({facts.stopped_short.text()} stops there)")
    parts += _unproven(facts)
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
    number = len(facts.warnings)
    warned = f" {count(number, 'warning')} of the run {'stands' if number == 1 else 'stand'} under Limits." if number else ""
    return Line("Not known", "", _capital(f"{lost}{listed(parts)}.{warned}"), "limits")


def _unproven(facts: Facts) -> list[str]:
    """Say which figure rests on accounts whose rows do not add up, where balances were asked for."""
    rung = next((one for one in map(facts.rung, ("E3", "E4")) if one.central_usd is not None), None)
    if rung is None or not rung.unproven_share:
        return []
    return [f"what the lists of unproven accounts lack ({share_words(rung.unproven_share)} of {rung.id} rests on them)"]
