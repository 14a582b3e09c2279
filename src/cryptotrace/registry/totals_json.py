"""The view of ``cryptotrace totals`` as plain values for machines."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cryptotrace.registry.cards import Card
from cryptotrace.registry.records import ReportedTotal

if TYPE_CHECKING:
    from cryptotrace.registry.totals import TotalsRow, TotalsView

__all__ = ["SCHEMA", "record_dict", "view_dict"]

SCHEMA = "cryptotrace.totals/1"


def view_dict(view: TotalsView) -> dict[str, Any]:
    """Build the dictionary that ``--json`` prints."""
    return {
        "schema": SCHEMA,
        "period": view.period,
        "category": view.category,
        "registry": {"name": view.source, "sha256": view.sha256, "first_year": view.covered[0], "last_year": view.covered[1]},
        "cards": [_card(card) for card in view.cards],
        "groups": [
            {
                "flow_concept": group.concept,
                "title": group.title,
                "explanation": group.explanation,
                "rows": [_row(row) for row in group.rows],
            }
            for group in view.groups
        ],
    }


def record_dict(record: ReportedTotal) -> dict[str, Any]:
    """Every field of a record as JSON can hold it."""
    return {one.name: _plain(getattr(record, one.name)) for one in fields(ReportedTotal)}


def _row(row: TotalsRow) -> dict[str, Any]:
    return {
        **record_dict(row.record),
        "effective_status": row.status.status,
        "latest": row.latest.id,
        "earlier": [one.id for one in row.earlier],
        "like_for_like": row.like,
        "not_independent_in_group": [one.id for one in row.related],
        "scope_differs_in_group": row.scope_differs,
        "category_relation": None if row.link is None else row.link.relation,
        "fit": row.fit,
    }


def _card(card: Card) -> dict[str, Any]:
    return {
        "id": card.id,
        "kind": card.kind,
        "title": card.title,
        "sections": [{"heading": one.heading, "points": list(one.points)} for one in card.sections],
        "amounts": {name: _plain(amount) for name, amount in card.amounts},
        "records": list(card.records),
        "never_add": [{"id": other, "reason": reason} for other, reason in card.never_add],
    }


def _plain(value: object) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value
