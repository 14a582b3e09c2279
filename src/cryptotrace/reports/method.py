"""How the figures were made, in words: policy, injection, stop rules, prices, parameters; and how to make them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from cryptotrace.reports.facts import Facts
from cryptotrace.reports.numbers import printable, words
from cryptotrace.reports.pseudonyms import Pseudonyms
from cryptotrace.reports.sentences import policy_words

if TYPE_CHECKING:
    from cryptotrace.estimates import Comparison, Estimate
    from cryptotrace.reports.store_facts import StoreFacts
    from cryptotrace.tracing import Envelope, Trace

__all__ = ["POLICY_WORDS", "Entry", "method", "reproduction"]

Entry = tuple[str, str]
"""(name, text)."""

POLICY_WORDS = {
    "haircut": "a payment of d from a balance B that holds T traced units carries floor(d x T / B) of them; the rest stays",
    "fifo": "the units that an account received first leave it first",
    "lifo": "the units that an account received last leave it first",
    "taint_first": "traced units leave an account before any others",
    "taint_last": "traced units leave an account after all others",
    "poison": "once traced money has touched an account, all that it pays counts in full; this conserves nothing and "
    "enters no total",
}
_PACKAGES = ("duckdb", "pyarrow", "matplotlib", "jinja2")


_OUTFLOW = (
    "every unit that a source address pays out is traced: first traced money that it holds, the rest is new; what "
    "came in clean "
    "is set aside"
)
_INFLOW = (
    "every payment from outside the scam addresses to one of them is traced from its arrival; money that comes back is not "
    "counted again, and what a swap pays out is no new money"
)
_STOPS = (
    "at exchanges, mixers, bridges, over-the-counter desks and markets, gambling, payment processors and other ends "
    "that a label "
    "declares; at an address without a label that has so many counterparties that it must be a service; at swaps that "
    "cannot be "
    "matched; at addresses whose transfers were not collected."
)
_SWAPS = (
    "inside one transaction with one payer and one recipient, traced money passes to the asset that was got for it, "
    "in the same "
    "proportion; any other exchange is not followed"
)
_AMOUNTS = (
    "whole base units for each asset from the first row to the last sum; dollars are worked out last, transfer by "
    "transfer, and "
    "rounded half up to a millionth"
)
_LEFT_OUT = "failed transfers, calls that move no value, transfers of zero and counterfeit tokens: see the exclusions above"


def method(facts: Facts, trace: Trace) -> tuple[Entry, ...]:
    """Give the choices that a figure rests on."""
    injected = _OUTFLOW if facts.outflow else _INFLOW
    if trace.context.places.listed and not facts.outflow:
        injected += "; for seeds that list payments, only those"
    policy = f"{policy_words(facts.policy)}: {POLICY_WORDS.get(facts.policy.id, '')}. One policy holds for the whole trace."
    return (
        ("Policy", policy),
        ("What is traced", f"{injected}."),
        ("Where a trace stops", f"{_STOPS}{_cut_short(trace)}"),
        ("Swaps", _SWAPS),
        ("Amounts", _AMOUNTS),
        ("What is left out", _LEFT_OUT),
    )


def _cut_short(trace: Trace) -> str:
    parameters = trace.provenance.parameters
    told = []
    if parameters.get("max_hops", "0") != "0":
        told.append(f"after {parameters['max_hops']} steps")
    if parameters.get("min_value_micro_usd", "0") != "0":
        told.append("where less than the smallest value set is left")
    return f" In this case also {' and '.join(told)}." if told else ""


def reproduction(
    trace: Trace,
    estimate: Estimate,
    comparison: Comparison | None,
    envelope: Envelope | None,
    stored: StoreFacts,
    pseudonyms: Pseudonyms,
    *,
    public: bool,
) -> dict[str, tuple[Entry, ...]]:
    """Give versions, parameters and digests; in the public edition without paths and without victims' addresses."""

    def safe(text: str) -> str:
        return printable(pseudonyms.text(text), 600)

    provenances = [trace.provenance, estimate.provenance]
    provenances += [result.provenance for result in (comparison, envelope) if result is not None]
    parameters = [
        (f"{item.verb}: {words(name)}", safe(value) or "none")
        for item in provenances
        for name, value in item.parameters.items()
    ]
    inputs = dict.fromkeys((name, safe(value)) for item in provenances for name, value in item.inputs.items())
    runs = [
        (safe(f"{row['verb']} (cryptotrace {row['version']})"), _run(row, safe, public=public)) for row in stored.runs.dicts()
    ]
    return {
        "versions": (("cryptotrace", trace.provenance.version), *_versions()),
        "parameters": tuple(dict.fromkeys(parameters)),
        "inputs": tuple(inputs),
        "runs": tuple(runs),
        "digests": stored.digests,
    }


def _run(row: Mapping[str, object], safe: object, *, public: bool) -> str:
    assert callable(safe)
    if public:  # parameters of a load name folders and files of the person who ran it
        return (
            f"inputs {safe(str(row['inputs']))}"
            if row["inputs"] and "/" not in str(row["inputs"])
            else "inputs as digested below"
        )
    return str(safe(f"{row['parameters']} {row['inputs'] or ''}"))


def _versions() -> Iterable[Entry]:
    for name in _PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
