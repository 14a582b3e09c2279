"""What a reader must know before quoting a figure: generated from the facts, never empty."""

from __future__ import annotations

from cryptotrace.reports.facts import Facts
from cryptotrace.reports.numbers import UNKNOWN, count, day, listed, percent, printable, usd
from cryptotrace.reports.sentences import completeness, exit_span, policy_span, policy_words

__all__ = ["limits"]


def limits(facts: Facts) -> tuple[tuple[str, str], ...]:
    """Give (what it is about, the sentence), always the same ten subjects and in the same order, then those of the edition."""
    fixed = (
        ("Range and policy", _range(facts)),
        ("Coverage", _coverage(facts)),
        ("Clusters", _clusters(facts)),
        ("Words", _words(facts)),
        ("Prices", _prices(facts)),
        ("Time", "All times are UTC. A block's time is set by its miner or validator and can be off by seconds to minutes."),
        ("Sources", _sources(facts)),
        ("What would change it most", _sensitivity(facts)),
        ("Age", _age(facts)),
        (
            "Review",
            "No person has reviewed this report. It was generated from the files named under Reproduce and nothing else.",
        ),
    )
    more = [("Warnings of the run", printable(warning)) for warning in facts.warnings]
    if facts.edition == "public":
        more.append(("Pseudonyms", _pseudonyms(facts)))
    if facts.synthetic:
        more.append(("Synthetic", "The world of this report is invented: no person, service or amount in it is real."))
    return (*fixed, *more)


def _range(facts: Facts) -> str:
    low, shown, high = exit_span(facts)
    policy = policy_words(facts.policy)
    if shown is None:
        return "What reached exits is not known, so it has no range either."
    if low is None or high is None:
        return f"{usd(shown, 0)} rests on one policy alone ({policy}); its range over policies is unknown."
    cause = "how mixed money is followed"
    if facts.stopped_short.known:
        cause += " and on what happened at addresses whose transfers are not complete"
    return (
        f"What reached exits lies between {usd(low, 0)} and {usd(high, 0)}, depending on {cause}; shown: "
        f"{usd(shown, 0)}, {policy}. "
        "The range is over the policies that were run, no bound over all that one could think of."
    )


def _coverage(facts: Facts) -> str:
    rejected = (
        "How many rows were rejected is unknown."
        if facts.rejects is None
        else f"{count(facts.rejects, 'row')} could not be read and {'is' if facts.rejects == 1 else 'are'} in no figure."
    )
    return f"{completeness(facts)} {rejected} Scam addresses that nobody reported are not in the data at all."


def _clusters(facts: Facts) -> str:
    if not facts.rules:
        return "No address was joined to another by inference."
    rules = listed(rule.replace("_", " ") for rule in facts.rules)
    return f"Addresses were joined by these rules: {printable(rules)}. Measured precision: not measured."


def _words(facts: Facts) -> str:
    ladder = (
        "Flow is not loss. No figure here says what victims lost"
        if facts.outflow
        else 'Flow is not loss: only E2 and E3 say "stolen"'
    )
    return (
        f'{ladder}. "Traced to" an address does not mean owned by a person; "reached" an exchange does not mean that '
        "the exchange "
        "knew. A label is the word of its source."
    )


def _prices(facts: Facts) -> str:
    sources = listed(printable(source) for source in facts.price_sources)
    given = f"Prices come from {sources}" if sources else "No price file was given"
    unpriced = (
        f"{count(facts.moved.unpriced, 'traced movement')} of {facts.moved.parts:,} "
        f"({percent_of(facts.moved.unpriced, facts.moved.parts)}) {'has' if facts.moved.unpriced == 1 else 'have'} no "
        "price and "
        "no place in the dollar sums"
    )
    return (
        f"{given}; inputs that carry dollars are taken as they are, and stablecoins of a fixed list count as one "
        "dollar where they "
        "have no price and this is allowed. Each transfer is valued at the last price of its day or the day before. "
        f"{unpriced}."
    )


def percent_of(part: int, whole: int) -> str:
    """Print a share of counts."""
    from decimal import Decimal

    return percent(Decimal(part), Decimal(whole)) if whole else UNKNOWN


def _sources(facts: Facts) -> str:
    named = listed(printable(source) for source in facts.sources) or "not named in the store"
    return f"Rows come from: {named}. Share of rows that a second source confirms: not measured."


def _sensitivity(facts: Facts) -> str:
    low, _, high = policy_span(facts)
    told = "; ".join(printable(text) for text in facts.top_sensitivities)
    if told:
        return f"Of the assumptions varied one at a time: {told}."
    if low is not None and high is not None and high > low:
        return "Of what was varied, only the policy moves a figure; assumptions about victims' payments have nothing to act on."
    return "Nothing that was varied moves a figure; what was not varied (labels, seeds, missing rows) may."


def _age(facts: Facts) -> str:
    return f"Balances and labels are as of {day(facts.as_of)} (UTC) and may have changed since: check before acting on them."


def _pseudonyms(facts: Facts) -> str:
    if not facts.masked:
        return "Nobody had to be masked: no victim and no payer without a service label is in the data."
    return (
        f"{count(facts.masked, 'account')} of victims and other payers without a service label "
        f"{'has' if facts.masked == 1 else 'have'} a pseudonym; amounts in "
        "their rows keep three digits, times the day, while totals are exact. This does not hide a payment from "
        "someone who reads the "
        "chain at a scam address that is named here."
    )
