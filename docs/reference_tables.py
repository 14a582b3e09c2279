"""The page of the tables: columns from the code, a word on each column from here."""

from __future__ import annotations

from typing import Any

RESULTS = {
    "trace.flows": "each tainted movement: one row a ledger row that carried taint",
    "trace.terminals": "what reached boundaries, by address and asset",
    "trace.resting": "what is still held at the end of the data, by address and asset",
    "trace.frontier": "where the trace stops without knowing more, and why",
    "trace.openings": "balances that accounts must have had before the first row",
    "trace.conversions": "taint that changed asset inside a transaction",
    "trace.statement": "the balance of the trace, per asset in base units; `difference` is 0 for every conserving policy",
    "clusters.members": "who belongs together",
    "clusters.evidence": "why: one row an edge, unioned or not",
    "clusters.blocked": "edges that a constraint kept from joining",
    "estimate.ladder": "the rungs E0 to E5",
    "estimate.sensitivity": "one assumption a row, made otherwise",
    "estimate.by_cluster": "the rungs of each cluster alone",
    "estimate.decisions": "each transfer into the scam set, and in which rungs it counts",
    "comparison.table": "one row a reported figure, refused or not",
}
MEANINGS = {
    "address": "as people print it (checksummed where the chain has that)",
    "address_a": "CAIP-10",
    "address_b": "CAIP-10",
    "addresses": "number of addresses",
    "alternative": "the other choice",
    "amount": "whole amount of the row, base units",
    "amount_in": "whole amount paid in, base units",
    "amount_out": "whole amount got out, base units",
    "asset": "symbol where we vouch for the contract, else CAIP-19",
    "asset_in": "asset that went in",
    "asset_out": "asset that came out",
    "assumption": "what is assumed",
    "base": "the choice of the ladder",
    "block": "height; empty where unknown",
    "bridges": "named steps that were used to make the figures alike",
    "carries_taint": "whether taint passed this balance",
    "category": "ours: exchange, mixer, bridge, …",
    "caveat": "what the registry warns of",
    "central": "dollars",
    "central_usd": "dollars; empty where the rung cannot be stated",
    "chain": "our name of the chain",
    "change_pct": "change against the base, per cent",
    "cluster": "id, the same on every machine",
    "confidence": "how sure, in the source's or rule's terms",
    "converted_in": "base units that came from other assets",
    "converted_out": "base units that left into other assets",
    "counts_in": "rungs",
    "definition": "what the rung counts",
    "detail": "what the rule saw",
    "difference": "injected + converted_in - everything else",
    "e0_usd": "dollars",
    "e1_usd": "dollars",
    "e2_usd": "dollars",
    "e3_usd": "dollars",
    "entity": "who runs it, where a label says",
    "evidence": "what the conversion rests on",
    "fees": "tainted base units burnt as fees",
    "first_payment": "UTC",
    "first_time": "UTC",
    "freezable_by": "issuer that can freeze the asset",
    "holder": "`payer` where the address paid the scam set at least as much as it got from it: probably a victim's own wallet",
    "frontier": "base units that went out of sight",
    "frozen_since": "UTC; since when its issuer has it frozen already, by the events in the store",
    "high": "dollars",
    "high_usd": "dollars",
    "hop": "steps from the seeds",
    "injected": "base units",
    "injected_amount": "tainted by this row itself, base units",
    "kind": "swap, wrap or unwrap",
    "label_source": "who says so",
    "last_payment": "UTC",
    "last_time": "UTC",
    "low": "dollars",
    "low_usd": "dollars",
    "method": "how the opening was found",
    "order_known": "exact, tx or block: how well its place in time is known",
    "outcome": "walked, terminal, pruned, fee, converted, or a reason of the frontier",
    "payer": "who paid, through a swap too",
    "payer_kind": "exchange, person or service",
    "payers": "distinct payers",
    "period": "of the reported figure, first and last day",
    "position": "log index or trace path in the transaction",
    "printed_on": "day of publication",
    "provider": "who paid into the conversion",
    "pruned": "base units below the limit",
    "publisher": "who printed it",
    "quantity": "what the figure counts",
    "ratio_central": "ours over theirs",
    "ratio_high": "our most over their least",
    "ratio_low": "our least over their most",
    "reason": "why, in words",
    "receiver": "address",
    "recipient": "who got what came out",
    "reported_id": "id in the registry",
    "resting": "base units still held",
    "rule": "which rule found the edge",
    "rung": "E0 to E5",
    "sender": "address",
    "status": "edition of the reported figure",
    "tainted_amount": "base units",
    "tainted_in": "tainted units that went in",
    "tainted_out": "tainted units that came out",
    "tainted_usd": "dollars at the time of the row (resting: at the end)",
    "terminals": "base units that reached boundaries",
    "time": "UTC",
    "total_usd": "dollars",
    "transfers": "rows",
    "tx_hash": "transaction",
    "tx_hashes": "transactions that the edge rests on",
    "tx_in": "transaction",
    "tx_out": "transaction",
    "unioned": "whether the edge joined",
    "unproven_share": "0 to 1: part of the rung on accounts whose rows add up to no balance; empty where none was asked",
    "unproven_usd": "dollars of the rung on such accounts",
    "usd": "value of the whole row in dollars; empty where there is no price",
    "verdict": "consistent, above, below, undetermined, share, not_comparable",
}


def result_columns() -> dict[str, tuple[str, ...]]:
    """Give the columns of each public result table, from the code that makes them."""
    from cryptotrace.clustering import clusters
    from cryptotrace.estimates import breakdown, result
    from cryptotrace.tracing import tables

    nothing: Any = None
    found = {f"trace.{name}": columns for name, columns in tables.TABLES.items()}
    columns_of = clusters._COLUMNS  # noqa: SLF001  (said there only)
    found |= {f"clusters.{name}": columns_of[name] for name in ("members", "evidence", "blocked")}
    found |= {
        "estimate.ladder": result.LADDER_COLUMNS,
        "estimate.sensitivity": breakdown.SENSITIVITY_COLUMNS,
        "estimate.by_cluster": breakdown.CLUSTER_COLUMNS,
        "estimate.decisions": breakdown.DECISION_COLUMNS,
        "comparison.table": result.Comparison(verdicts=(), estimate=nothing, provenance=nothing).rows.columns,
    }
    return found


def tables_page(made: str) -> str:
    from cryptotrace.schema import STORED, WIDE

    out = [
        "# Tables",
        "",
        made,
        "",
        "Amounts are whole base units, dollars are exact decimals with six places, times are UTC, unknown is empty. In",
        "DataFrames amounts are Python `int` and dollars `Decimal` (dtype object); in CSV files both are plain digits.",
        "",
        "## Results",
        "",
        "The same names serve as attributes (`trace.flows` is a DataFrame), in `.table(name)` (exact rows without pandas),",
        "and as CSV files beside a report. The columns of a table keep their order; new ones come at the end.",
    ]
    for name, columns in result_columns().items():
        out += [
            "",
            f"### `{name}`",
            "",
            f"{RESULTS[name][0].upper()}{RESULTS[name][1:]}.",
            "",
            "| column | holds |",
            "|---|---|",
        ]
        out += [f"| `{column}` | {MEANINGS[column]} |" for column in columns]
    out += [
        "",
        "## In a case store",
        "",
        "A case store is one DuckDB file. `accounts` and `assets` give the small integers that other tables carry. The view",
        "`ledger` is `transfers` without what `exclusions` names: every analysis reads it.",
    ]
    for table in STORED.values():
        out += ["", f"### `{table.name}`", "", f"One row for each: {', '.join(f'`{name}`' for name in table.key)}.", ""]
        out += ["| column | type |", "|---|---|", *(f"| `{column.name}` | {column.type} |" for column in table.columns)]
        out += _undigested([column.name for column in table.columns if not column.digest])
    out += [
        "",
        "## What sources yield",
        "",
        "The wide form, before addresses become small integers; other tables have one form only.",
    ]
    for name in ("transfers", "transactions"):
        out += ["", f"### `{name}`, wide", "", "| column | type |", "|---|---|"]
        out += [f"| `{column.name}` | {column.type} |" for column in WIDE[name].columns]
    return "\n".join(out) + "\n"


def _undigested(names: list[str]) -> list[str]:
    if not names:
        return []
    return ["", f"Two runs need not agree on {', '.join(f'`{name}`' for name in names)}: not part of the logical digest."]
