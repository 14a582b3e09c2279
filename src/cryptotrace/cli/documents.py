"""Results as JSON documents: dollars and base units are text, times ISO 8601 with Z, never a float.

No document holds an address, except that of ``verify`` where it names the row that differs: addresses stand in the tables
beside the report, which follow its edition.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptotrace._version import __version__
from cryptotrace.model import cell_text

if TYPE_CHECKING:
    from cryptotrace.case import CaseResult, DemoResult
    from cryptotrace.cli.environment import Environment
    from cryptotrace.collect import Plan, Proofs
    from cryptotrace.model import Coverage
    from cryptotrace.sources.probing import Probe
    from cryptotrace.store import Difference

__all__ = [
    "COLLECT_SCHEMA",
    "DEMO_SCHEMA",
    "DOCTOR_SCHEMA",
    "PLAN_SCHEMA",
    "PROVE_SCHEMA",
    "RUN_SCHEMA",
    "VERIFY_SCHEMA",
    "collect_document",
    "demo_document",
    "doctor_document",
    "plan_document",
    "prove_document",
    "run_document",
    "to_json",
    "verify_document",
]

COLLECT_SCHEMA = "cryptotrace.collect/1"
DOCTOR_SCHEMA = "cryptotrace.doctor/1"
PROVE_SCHEMA = "cryptotrace.prove/1"
PLAN_SCHEMA = "cryptotrace.plan/1"
VERIFY_SCHEMA = "cryptotrace.verify/1"
RUN_SCHEMA = "cryptotrace.run/1"
DEMO_SCHEMA = "cryptotrace.demo/1"


def to_json(document: Mapping[str, Any]) -> str:
    """Write a document in ASCII, so that no terminal reads anything into it."""
    return json.dumps(document, indent=2, allow_nan=False)


def run_document(result: CaseResult) -> dict[str, Any]:
    """Give everything that ``cryptotrace run --json`` prints."""
    found, trace = result.estimate, result.trace
    return {
        "schema": RUN_SCHEMA,
        "version": __version__,
        "case": {"id": result.case.id, "title": result.case.title, "file": str(result.case.path)},
        "synthetic": result.synthetic,
        "complete": not result.is_partial,
        "partial_reasons": list(result.partial_reasons),
        "answer": result.answer.splitlines(),
        "scope": _scope(found.scope),
        "ladder": [_row(row) for row in found.table("ladder").dicts()],
        "sensitivity": [_row(row) for row in found.table("sensitivity").dicts()],
        "source_outflow_usd": _plain(found.source_outflow_usd),
        "throughput_ratio": {"value": _plain(found.throughput_ratio), "over": found.throughput_divisor},
        "policies": [_row(row) for row in result.envelope.table.dicts()],
        "default_policy": result.envelope.default,
        "openings_tainted_exits_usd": _plain(trace.openings_tainted_exits),
        "ends": _summed(trace.table("terminals").dicts(), ("category", "entity")),
        "resting": _summed(trace.table("resting").dicts(), ("freezable_by",)),
        "frontier": _summed(trace.table("frontier").dicts(), ("reason",)),
        "statement": [_units(row) for row in trace.table("statement").dicts()],
        "exclusions": [_row(row) for row in result.exclusions.table.dicts()],
        "comparison": [_row(row) for row in result.comparison.rows.dicts()],
        "coverage": _coverage(result.coverage),
        "balances": _balances(found.table("proofs").dicts()),
        "report": {"html": str(result.report.html), "tables": [str(path) for path in result.report.tables]},
        "digests": result.store.digests(),
    }


def demo_document(demo: DemoResult) -> dict[str, Any]:
    """Give everything that ``cryptotrace demo --json`` prints."""
    return {
        "schema": DEMO_SCHEMA,
        "synthetic": True,
        "note": "Everything in this world was invented: no number of it says anything about the real world.",
        "seed": demo.seed,
        "folder": str(demo.folder),
        "pulled": {
            "requests": demo.pulled.requests,
            "survived": list(demo.pulled.survived),
            "complete_addresses": len(demo.pulled.addresses),
            "proven": demo.pulled.proven,
        },
        "planted_and_found": [_row(row) for row in demo.table.dicts()],
        "run": run_document(demo.result),
    }


def plan_document(plan: Plan) -> dict[str, Any]:
    """Give everything that ``cryptotrace collect --dry-run --json`` prints."""
    return {
        "schema": PLAN_SCHEMA,
        "source": plan.source,
        "chain": plan.chain,
        "addresses": plan.addresses,
        "other_chains": plan.other_chains,
        "complete": plan.complete,
        "newer_only": plan.newer_only,
        "hops": plan.hops,
        "least_requests": plan.requests,
        "least_seconds": round(plan.seconds),
        "max_requests": plan.max_requests,
        "max_rows_per_address": plan.max_rows_per_address,
        "resumes": plan.resumes,
        "has_key": plan.has_key,
        "explorers": [
            {
                "name": one.name,
                "rank": one.rank,
                "lists": list(one.streams),
                "per_second": str(one.per_second),
                "per_second_with_key": str(one.keyed_per_second),
                "has_key": one.has_key,
            }
            for one in plan.explorers
        ],
        "not_in_plan": list(plan.not_in_plan),
    }


def collect_document(plan: Plan, found: Coverage, unusable_seeds: int) -> dict[str, Any]:
    """Give everything that ``cryptotrace collect --json`` prints."""
    parts, warnings = found.provenance.parameters, found.provenance.warnings
    return {
        "schema": COLLECT_SCHEMA,
        "version": __version__,
        "plan": plan_document(plan),
        "complete": not found.is_partial and not warnings and not unusable_seeds,
        "unusable_seeds": unusable_seeds,
        "warnings": list(warnings),
        "requests": int(parts["requests"]),
        "requests_by_list": json.loads(parts["requests_by_stream"]),
        "to_block": int(parts["head"]),
        "coverage": _coverage(found),
    }


def verify_document(
    store: Path, against: str, answers: int, digests: Mapping[str, str], difference: Difference | None
) -> dict[str, Any]:
    """Give everything that ``cryptotrace verify --json`` prints; ``same`` is null where nothing was compared."""
    return {
        "schema": VERIFY_SCHEMA,
        "version": __version__,
        "store": str(store),
        "against": against or None,
        "same": difference is None if against else None,
        "raw_answers": answers,
        "digests": dict(digests),
        "difference": None
        if difference is None
        else {
            "table": difference.table,
            "row": difference.row,
            "left": None if difference.left is None else list(difference.left),
            "right": None if difference.right is None else list(difference.right),
        },
    }


def doctor_document(found: Environment, keys: Mapping[str, bool], probes: Iterable[Probe], *, offline: bool) -> dict[str, Any]:
    """Give everything that ``cryptotrace doctor --json`` prints; keys as true or false, never a key."""
    return {
        "schema": DOCTOR_SCHEMA,
        "version": __version__,
        "python": found.python,
        "platform": found.platform,
        "dependencies": dict(found.dependencies),
        "extras": {extra: dict(parts) for extra, parts in found.extras.items()},
        "keys": dict(keys),
        "offline": offline,
        "explorers": [
            {
                "name": probe.explorer,
                "host": probe.host or None,
                "key": "set" if probe.has_key else "none",
                "needs_key": probe.needs_key,
                "skipped": probe.skipped or None,
                "reachable": None if probe.skipped else probe.is_reachable,
                "problem": probe.problem or None,
                "calls_per_day": probe.calls_per_day,
                "calls_left": probe.calls_left,
                "calls_per_second": probe.per_second,
                "rows_per_page": probe.page_rows,
                "clock_offset_seconds": probe.clock_offset,
            }
            for probe in probes
        ],
    }


def prove_document(source: str, found: Proofs) -> dict[str, Any]:
    """Give everything that ``cryptotrace prove --json`` prints."""
    return {
        "schema": PROVE_SCHEMA,
        "version": __version__,
        "source": source,
        "complete": bool(found.rows) and not found.unproven,
        "balances": _balances(found.table.dicts()),
    }


def _balances(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Count proofs by what came of them; None where no balance was ever asked, which is neither 0 nor all."""
    listed = list(rows)
    if not listed:
        return None
    accounts: dict[tuple[str, str], bool] = {}
    groups: dict[tuple[str, str | None], int] = {}
    for row in listed:
        account, is_proven = (row["chain"], row["address"]), row["status"] == "proven"
        accounts[account] = accounts.get(account, True) and is_proven
        groups[row["status"], row["reason"]] = groups.get((row["status"], row["reason"]), 0) + 1
    return {
        "asked": len(listed),
        "proven": sum(row["status"] == "proven" for row in listed),
        "accounts": len(accounts),
        "proven_accounts": sum(accounts.values()),
        "statuses": [
            {"status": status, "reason": reason, "balances": number}
            for (status, reason), number in sorted(groups.items(), key=lambda item: (item[0][0], item[0][1] or ""))
        ],
    }


def _coverage(found: Coverage) -> dict[str, Any]:
    return {
        "new": dict(found.new),
        "rejected": dict(found.rejected),
        "addresses": [_row(row) for row in found.table.dicts()],
    }


def _scope(scope: Any) -> dict[str, Any]:
    return {
        "category": scope.category,
        "rail": scope.rail,
        "geography_basis": scope.geography_basis,
        "geography": scope.geography,
        "period": _plain(scope.period),
        "period_basis": scope.period_basis,
        "population": scope.population,
    }


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(cell) for name, cell in row.items()}


def _units(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give a row whose whole numbers are base units, not counts."""
    return {name: None if cell is None else cell_text(cell) for name, cell in row.items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    assert isinstance(value, Decimal | datetime | Path), type(value)
    return cell_text(value)


def _summed(rows: Iterable[Mapping[str, Any]], keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """Add a table up by some columns: dollars where all parts have a price, and the number of addresses."""
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    documents = []
    for names, parts in groups.items():
        values = [part["tainted_usd"] for part in parts]
        total = None if None in values else sum(values, Decimal(0))
        documents.append(
            {
                **dict(zip(keys, names, strict=True)),
                "usd": _plain(total),
                "unpriced": sum(value is None for value in values),
                "addresses": len({(part["chain"], part["address"]) for part in parts}),
            }
        )
    return documents
