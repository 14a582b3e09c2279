"""The sentences of a report: pure functions from facts to plain text.

"Stolen" is said of E2 and E3 only, "reached exchanges" of E4, "throughput" of E5; a point never stands without its range; what
is not known is said, never printed as zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from cryptotrace.estimates import Verdict
from cryptotrace.model import Policy
from cryptotrace.reports.facts import Facts
from cryptotrace.reports.numbers import (
    UNKNOWN,
    at_least_percent,
    count,
    day,
    percent,
    printable,
    times,
    usd,
    usd_range,
)

__all__ = [
    "comparison_line",
    "completeness",
    "exit_span",
    "missing",
    "openings",
    "order",
    "period",
    "policies",
    "policy_span",
    "policy_words",
    "proven",
    "state",
    "throughput",
    "verdict_text",
]


def policy_words(policy: Policy) -> str:
    """Print a policy without brackets: ``haircut, in proportion``."""
    return policy.title.replace(" (", ", ").removesuffix(")")


def missing(reason: str) -> str:
    """Give the reason for a missing figure, without saying twice that it is not in the data."""
    said = printable(reason) or "no reason was given"
    head, _, rest = said.partition(": ")
    return rest if rest and head.endswith("not in the data") else said


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
    if facts.is_complete:
        return f"complete: {told}"
    short = facts.complete_addresses == facts.all_addresses  # those that were collected are, but money went to others
    return f"partial: {told} complete{', and money stops at others that were not collected' if short else ''}"


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


def policy_span(facts: Facts) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Give what reached exits under the policies alone: least, shown, most; None where one policy was run or a price lacks."""
    low, high = facts.exits_range
    return (low, facts.exits_shown, high) if facts.policies > 1 else (None, facts.exits_shown, None)


def policies(facts: Facts) -> str:
    """Say how far the answer depends on how mixed money is followed."""
    low, shown, high = policy_span(facts)
    policy = policy_words(facts.policy)
    if facts.policies > 1 and (low is None or high is None):
        return "Some of what reached exits has no price, so what each policy gives is not known in dollars."
    if low is None or high is None:
        unknown = f"Only {policy} was run, so how far the answer depends on the policy is not known."
        return f"{unknown} Run all policies (trace_all) to see it."
    whole = " over the whole trace, not the period alone" if facts.exits_outside.parts else ""
    outside = "Other policies that one could think of may lie outside. Poison counts money more than once and is in no total."
    runs = f"{count(facts.policies, 'policy', 'policies')} that conserve money"
    if usd(low, 0) == usd(high, 0):
        return f"No, not here: under each of the {runs}, the same {usd(high, 0)} reached exits{whole}. {outside}"
    span = f"between {usd(low, 0).removesuffix(' USD')} and {usd(high, 0)}"
    return (
        f"Over the {runs}, what reached exits{whole} lies {span}: a spread of "
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
    text = f"{accounts} must have been there before the first row; they count as clean. {through[:1].upper()}{through[1:]}."
    if facts.openings_tainted_exits is None:
        return text
    return (
        f"{text} If all of them were tainted, {usd(facts.openings_tainted_exits, 0)} would have reached exits, "
        f"instead of {usd(facts.exits_shown, 0)}."
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


def proven(facts: Facts) -> str:
    """Say whether the rows add up to the balances that explorers told, and how much of each rung rests on those that do not."""
    found = facts.checked
    if not found.balances:
        return (
            "Not checked against balances: whether a list that its explorer calls complete lacks rows is not known. "
            "cryptotrace prove asks for them."
        )
    accounts = count(found.accounts, "account")
    text = f"Balances were asked for {accounts}: the rows of {found.proven_accounts:,} add up to them to the last unit"
    text += f" ({found.proven_balances:,} of {count(found.balances, 'balance')})."
    told = [f"of {rung.id} {rung.standing}" for rung in facts.rungs if rung.standing]
    return f"{text} On the ladder: {'; '.join(told)}." if told else text


def verdict_text(verdict: Verdict) -> str:
    """Give a verdict in words, with its ratio where it has one."""
    ours = f"ours ({verdict.rung})" if verdict.rung else "ours"
    if verdict.verdict == "not_comparable":
        return "not comparable"
    if verdict.verdict == "share" and not verdict.ratio_low:
        return f"no share of the reported figure can be stated: the low end of {ours} is 0"
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
