"""The tables beside a report, under their public names, cleaned and in the words of the edition."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from cryptotrace.codecs import display_address
from cryptotrace.estimates.result import COMPARISON_COLUMNS
from cryptotrace.figures import GroupRow
from cryptotrace.model import ResultTable
from cryptotrace.reports.pseudonyms import Pseudonyms
from cryptotrace.reports.redaction import cleaned, redacted

if TYPE_CHECKING:
    from cryptotrace.clustering import Clusters
    from cryptotrace.estimates import Comparison, Estimate
    from cryptotrace.hygiene import Exclusions
    from cryptotrace.model import Seeds
    from cryptotrace.reports.store_facts import StoreFacts
    from cryptotrace.tracing import Envelope, Trace

__all__ = ["TABLE_NAMES", "group_table", "public_store", "report_tables"]

TABLE_NAMES = (
    "flows", "terminals", "resting", "frontier", "openings", "conversions", "statement", "members", "evidence", "ladder",
    "comparison", "exclusions", "exclusion_totals", "coverage", "policies", "sensitivity", "by_cluster", "decisions",
    "labels_used", "groups", "rejects", "proofs",
)  # fmt: skip
"""Every table that is written, always all of them: an empty one still has its head."""

_TRACE = ("flows", "terminals", "resting", "frontier", "openings", "conversions", "statement")
_MEMBERS = ("cluster", "chain", "address")
_EVIDENCE = ("address_a", "address_b", "rule", "confidence", "tx_hashes")
_POLICIES = ("policy", "conserving", "injected_usd", "exits_usd", "terminals", "resting_usd", "frontier_usd")
_LABELS = ("source", "statement", "category", "entity", "addresses", "confidence", "last_modified")
_GROUPS = (
    "group_id", "hop", "kind", "label", "addresses", "in_usd", "out_usd", "first_time", "last_time", "folded_usd",
)  # fmt: skip
_PROOFS = (
    "chain", "address", "asset", "contract", "status", "reason", "ledger", "reported", "difference", "as_of", "source",
)  # fmt: skip
_WITHHELD = "withheld"
_LOOKS_SECRET = re.compile(r"(?:0x)?[0-9A-Za-z]{20,}")


def report_tables(
    trace: Trace,
    estimate: Estimate,
    comparison: Comparison | None,
    *,
    envelope: Envelope | None,
    clusters: Clusters | None,
    exclusions: Exclusions,
    stored: StoreFacts,
    pseudonyms: Pseudonyms,
    seeds: Seeds | None = None,
) -> dict[str, ResultTable]:
    """Collect every table but ``groups``, which the drawing makes; O(cells).

    ``stored`` is what the edition may print of the store: see :func:`public_store`.
    """
    found = {name: trace.table(name) for name in _TRACE}
    if pseudonyms.public:
        found["openings"] = _openings(found["openings"], _traced(trace, None))
    found["members"] = ResultTable("members", _MEMBERS) if clusters is None else _members(clusters.table("members"))
    found["evidence"] = clusters.table("evidence") if clusters is not None else ResultTable("evidence", _EVIDENCE)
    found["ladder"] = estimate.table("ladder")
    found["comparison"] = comparison.rows if comparison is not None else ResultTable("comparison", COMPARISON_COLUMNS)
    found["exclusions"] = _exclusions(exclusions.table, trace) if pseudonyms.public else exclusions.table
    found["exclusion_totals"] = exclusions.totals
    found["coverage"] = stored.coverage
    found["policies"] = _policies(trace, envelope)
    found["sensitivity"] = estimate.table("sensitivity")
    found["by_cluster"] = estimate.table("by_cluster")
    found["decisions"] = estimate.table("decisions")
    found["labels_used"] = _labels_used(trace, pseudonyms)
    found["rejects"] = stored.rejects
    found["proofs"] = _proofs(estimate, trace, seeds if pseudonyms.public else None, is_public=pseudonyms.public)
    return {name: redacted(cleaned(replace(table, name=name)), pseudonyms) for name, table in found.items()}


def public_store(stored: StoreFacts, trace: Trace, seeds: Seeds | None) -> StoreFacts:
    """Take out of the store's facts what could name anybody: raw texts of rejected rows, and addresses nobody spoke of."""
    return replace(stored, coverage=_coverage(stored.coverage, _traced(trace, seeds)), rejects=_rejects(stored.rejects))


def group_table(groups: tuple[GroupRow, ...]) -> ResultTable:
    """Give the table behind the flow picture."""
    rows = tuple(
        (
            group.group_id, group.hop, group.kind, group.label, group.addresses, group.in_usd, group.out_usd, group.first_time,
            group.last_time, group.folded_usd,
        )
        for group in groups
    )  # fmt: skip
    return cleaned(ResultTable("groups", _GROUPS, rows))


def _members(table: ResultTable) -> ResultTable:
    """Spell addresses as every other table does."""
    return replace(
        table, rows=tuple((cluster, chain, display_address(address, chain)) for cluster, chain, address in table.rows)
    )


def _proofs(estimate: Estimate, trace: Trace, seeds: Seeds | None, *, is_public: bool) -> ResultTable:
    """Name assets as every other table does; of bystanders only say whether their rows add up."""
    names = {(f.asset.chain, f.asset.contract or ""): f.display for f in trace.context.book.assets.values()}
    traced = _traced(trace, seeds) if is_public else set()
    rows = []
    for row in estimate.table("proofs").dicts():
        named = {
            "address": display_address(row["address"], row["chain"]),
            "asset": names.get((row["chain"], row["contract"]), row["symbol"] or row["contract"] or "coin"),
        }
        if is_public and (row["chain"], named["address"]) not in traced:
            named |= {"address": _WITHHELD, "ledger": None, "reported": None, "as_of": None}
        rows.append(tuple({**row, **named}[name] for name in _PROOFS))
    return ResultTable("proofs", _PROOFS, tuple(rows))


def _policies(trace: Trace, envelope: Envelope | None) -> ResultTable:
    if envelope is not None:
        return envelope.table
    totals = trace.totals
    ends = {(row["chain"], row["address"]) for row in trace.table("terminals").dicts()}
    row = (trace.policy.id, trace.policy.conserving, totals.injected, totals.exits, len(ends), totals.resting, totals.frontier)
    return ResultTable("policies", _POLICIES, (row,))


def _traced(trace: Trace, seeds: Seeds | None) -> set[tuple[str, str]]:
    """Give (chain, printed address) of everybody that the report speaks of: seeds, the scam set, and who held traced money."""
    found = {trace.context.account(account) for account in trace.context.places.scam}
    found |= {(seed.chain, display_address(seed.address, seed.chain)) for seed in (seeds.perpetrators if seeds else ())}
    for row in trace.table("flows").dicts():
        found |= {(row["chain"], row[side]) for side in ("sender", "receiver") if row[side] is not None}
    return found


def _coverage(table: ResultTable, traced: set[tuple[str, str]]) -> ResultTable:
    """Leave out the addresses of bystanders: the report has no reason to name them."""
    rows = []
    for cells in table.dicts():
        if (cells["chain"], cells["address"]) not in traced:
            cells["address"] = _WITHHELD
        cells["reason"] = _LOOKS_SECRET.sub("[withheld]", cells["reason"] or "")
        rows.append(tuple(cells.values()))
    at = table.columns.index("address")
    return replace(table, rows=tuple(sorted(rows, key=lambda row: row[at] == _WITHHELD)))


def _openings(table: ResultTable, traced: set[tuple[str, str]]) -> ResultTable:
    """Leave out the addresses of bystanders, as for coverage."""
    at = table.columns.index("address")
    rows = (row if (row[0], row[at]) in traced else (*row[:at], _WITHHELD, *row[at + 1 :]) for row in table.rows)
    return replace(table, rows=tuple(rows))


def _exclusions(table: ResultTable, trace: Trace) -> ResultTable:
    """Leave out example transactions that the report does not speak of: a failed payment names who tried to make it."""
    at, shown = table.columns.index("example_tx"), {row["tx_hash"] for row in trace.table("flows").dicts()}
    rows = ((*row[:at], row[at] if row[at] in shown or row[at] is None else _WITHHELD, *row[at + 1 :]) for row in table.rows)
    return replace(table, rows=tuple(rows))


def _rejects(table: ResultTable) -> ResultTable:
    """Keep file, line and reason; a rejected row can name anybody."""
    rows = tuple((file, line, _LOOKS_SECRET.sub("[withheld]", reason or ""), _WITHHELD) for file, line, reason, _ in table.rows)
    return replace(table, rows=rows)


def _labels_used(trace: Trace, pseudonyms: Pseudonyms) -> ResultTable:
    """Count the labels that traced money met, by source and what they say."""
    places, ids = trace.context.places, trace.context.book.ids
    met = {(row["chain"], row["address"]) for row in trace.table("terminals").dicts()}
    shown = {(chain, display_address(address, chain)): ident for (chain, address), ident in ids.items()}
    counted: dict[tuple[Any, ...], int] = {}
    for name in sorted(met):
        if pseudonyms.account(*name):
            continue  # a label of a private person says who that is
        end = places.ends.get(shown[name]) if name in shown else None
        label = end.label if end is not None else None
        if end is None or label is None:
            continue
        key = (
            label.source or _file(label.origin) or "source not named", label.statement, end.category, end.entity,
            label.confidence, label.last_modified,
        )  # fmt: skip
        counted[key] = counted.get(key, 0) + 1
    ranked = sorted(counted.items(), key=lambda item: (-item[1], repr(item[0])))
    rows = tuple((*key[:4], number, *key[4:]) for key, number in ranked)
    return ResultTable("labels_used", _LABELS, rows)


def _file(origin: str) -> str:
    """Name the file of an origin such as ``labels/ofac.txt:12``, without its folder and line."""
    return PurePath(origin).name.split(":")[0]
