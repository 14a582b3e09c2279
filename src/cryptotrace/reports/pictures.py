"""The pictures of a report, drawn from the tables of its edition, so that nothing is drawn that may not be printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from cryptotrace.figures import (
    DestinationRow,
    FlowEdge,
    FlowNode,
    FlowPicture,
    IntervalRow,
    LadderRow,
    PolicyRow,
    comparison_chart,
    destinations_chart,
    flow_picture,
    ladder_chart,
    policy_chart,
)
from cryptotrace.model import ResultTable, policy_named
from cryptotrace.reports.facts import Facts, end_name
from cryptotrace.reports.numbers import listed, printable, units
from cryptotrace.reports.pseudonyms import Pseudonyms
from cryptotrace.reports.sentences import exit_span, missing, verdict_text
from cryptotrace.tracing import EXIT_CATEGORIES

if TYPE_CHECKING:
    from cryptotrace.estimates import Comparison, Verdict
    from cryptotrace.tracing import Trace

__all__ = ["Pictures", "draw"]

_KINDS = {"exchange": "exchange", "exchange_deposit": "exchange", "mixer": "mixer", "bridge": "bridge"}
_DRAWN_REFUSALS = 6

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """The drawings, each one inline ``<svg>`` element; the comparison is empty where nothing was asked for."""

    flow: FlowPicture
    ladder: str
    destinations: str
    policies: str
    comparison: str


def draw(
    facts: Facts, trace: Trace, tables: Mapping[str, ResultTable], comparison: Comparison | None, pseudonyms: Pseudonyms
) -> Pictures:
    """Draw everything; O(n log n) in flows."""
    return Pictures(
        flow=_flow(facts, trace, tables, pseudonyms),
        ladder=ladder_chart(_rungs(facts)),
        destinations=destinations_chart(_destinations(facts), title=_destinations_title(facts)),
        policies=policy_chart(
            _policy_rows(facts, tables["policies"]), title="What reached exits, by how mixed money is followed"
        ),
        comparison="" if comparison is None else comparison_chart(_intervals(facts, comparison)),
    )


def _rungs(facts: Facts) -> Iterable[LadderRow]:
    low, shown, high = exit_span(facts)
    for rung in facts.rungs:
        span = (rung.low_usd, rung.central_usd, rung.high_usd)
        if rung.id == "E4" and shown is not None:
            span = (low, shown, high)
        if span[1] is None:
            span = (None, None, None)
        yield LadderRow(
            rung=rung.id,
            label="",
            low=span[0],
            central=span[1],
            high=span[2],
            reason=missing(rung.reason) if rung.central_usd is None else "",
        )


def _destinations(facts: Facts) -> Iterable[DestinationRow]:
    for place in facts.exits:
        kind = _KINDS.get(place.category, "service")
        yield DestinationRow(kind=kind, usd=_known(place.value.known, place.value.unpriced, place.value.parts))
    for name, places in (("resting", facts.resting), ("frontier", facts.frontier)):
        for place in places:
            yield DestinationRow(kind=name, usd=_known(place.value.known, place.value.unpriced, place.value.parts))
    for name, value in (("pruned", facts.pruned), ("fees", facts.fees)):
        if value.parts:
            yield DestinationRow(kind=name, usd=_known(value.known, value.unpriced, value.parts))


def _known(value: Decimal, unpriced: int, parts: int) -> Decimal | None:
    return None if unpriced and unpriced == parts else value


def _destinations_title(facts: Facts) -> str:
    title = "Where the traced money is"
    besides = [("went back to victims", facts.returned), ("was burnt", facts.burnt)]
    told = listed(f"{value.text()} that {what}" for what, value in besides if value.parts)
    return f"{title} (besides {told})" if told else title


def _policy_rows(facts: Facts, table: ResultTable) -> Iterable[PolicyRow]:
    for row in table.dicts():
        policy = policy_named(row["policy"])
        yield PolicyRow(
            policy=policy.title.split(" (")[0],
            usd=row["exits_usd"],
            conserving=bool(row["conserving"]),
            default=policy.id == facts.policy.id,
        )


def _intervals(facts: Facts, comparison: Comparison) -> Iterable[IntervalRow]:
    """Ours once for each rung that is compared, then theirs; of those refused the first few, the table has all."""
    spans = {rung.id: (rung.low_usd, rung.central_usd, rung.high_usd) for rung in facts.rungs}
    titles = {rung.id: rung.title for rung in facts.rungs}
    used = dict.fromkeys(verdict.rung for verdict in comparison.comparable if verdict.rung)
    for rung in used or dict.fromkeys(name for name in ("E3", "E4") if spans[name][1] is not None):
        low, central, high = spans[rung]
        yield IntervalRow(
            label=f"This case, {rung} ({titles[rung]})",
            low=low,
            central=central,
            high=high,
            note="",
            comparable=True,
            ours=True,
        )
    refused = [verdict for verdict in comparison if verdict.verdict == "not_comparable" and _amounts(verdict)]
    for verdict in (*comparison.comparable, *refused[:_DRAWN_REFUSALS]):
        comparable = verdict.verdict != "not_comparable"
        low, central, high = _ordered(verdict)
        yield IntervalRow(
            label=printable(f"{verdict.publisher}, {verdict.period}", 60),
            low=low,
            central=central,
            high=high,
            note=printable(verdict_text(verdict) if comparable else f"not comparable: {verdict.reason}", 80),
            comparable=comparable,
            ours=False,
        )


def _amounts(verdict: Verdict) -> tuple[Decimal, ...]:
    found = (verdict.reported_low, verdict.reported_central, verdict.reported_high)
    return tuple(value for value in found if value is not None)


def _ordered(verdict: Verdict) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Draw a figure that several amounts were printed for from the least to the most of them."""
    known = sorted(_amounts(verdict))
    found = (verdict.reported_low, verdict.reported_central, verdict.reported_high)
    if known == [value for value in found if value is not None]:
        return found
    return known[0], None, known[-1]


def _flow(facts: Facts, trace: Trace, tables: Mapping[str, ResultTable], pseudonyms: Pseudonyms) -> FlowPicture:
    decimals = {(a.asset.chain, a.display): a.asset.decimals for a in trace.context.book.assets.values()}
    edges = [
        FlowEdge(
            sender=_key((row["chain"], row["sender"])),
            receiver=_key((row["chain"], row["receiver"])),
            usd=row["tainted_usd"],
            amount_text=units(row["tainted_amount"], decimals.get((row["chain"], row["asset"])), row["asset"]),
            time=row["time"],
            hop=row["hop"],
        )
        for row in tables["flows"].dicts()
        if row["sender"] is not None and row["receiver"] is not None and row["outcome"] != "fee"
    ]
    title = "Traced money, from payer to exit" if not facts.outflow else "Traced money, from the source to its exits"
    return flow_picture(edges, _nodes(trace, tables, pseudonyms), title=title)


def _key(name: Key) -> str:
    return ":".join(name)


def _nodes(trace: Trace, tables: Mapping[str, ResultTable], pseudonyms: Pseudonyms) -> dict[str, FlowNode]:
    """Say what each address of the picture is; later statements win over earlier ones."""
    context = trace.context
    nodes: dict[str, FlowNode] = {}
    for row in tables["frontier"].dicts():
        nodes[_key((row["chain"], row["address"]))] = FlowNode(kind="frontier", label="", entity=None)
    for row in tables["resting"].dicts():
        nodes[_key((row["chain"], row["address"]))] = FlowNode(kind="resting", label="", entity=None)
    for row in tables["flows"].dicts():
        if row["outcome"] == "converted" and row["receiver"]:
            nodes.setdefault(_key((row["chain"], row["receiver"])), FlowNode(kind="pool", label="", entity=None))
    for row in tables["terminals"].dicts():
        name = _key((row["chain"], row["address"]))
        if row["category"] in EXIT_CATEGORIES:
            entity = (end_name(row) or None) if row["category"] in _KINDS else None
            nodes[name] = FlowNode(kind=_KINDS.get(row["category"], "service"), label=printable(end_name(row)), entity=entity)
        else:
            nodes[name] = FlowNode(kind="hop", label=printable(end_name(row)), entity=None)
    for account in sorted(context.places.scam):
        chain, address = context.account(account)
        nodes[_key((chain, address))] = FlowNode(kind="seed", label="", entity=None, pinned=True)
    for (chain, _), pseudonym in pseudonyms.accounts.items():
        known = nodes.get(_key((chain, pseudonym)))
        kind = known.kind if known is not None else "hop"
        nodes[_key((chain, pseudonym))] = FlowNode(kind=kind, label=pseudonym, entity=None)
    return nodes
