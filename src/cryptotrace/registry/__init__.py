"""Reported totals as checked data: who printed which figure, its editions, and what it may be held against."""

from cryptotrace.registry.bridges import Bridge, Bridged, apply_bridge, bridges, bridges_from
from cryptotrace.registry.cards import Card, Section
from cryptotrace.registry.categories import ALIASES, OUR_CATEGORIES, category_relation, matching_categories, resolve_category
from cryptotrace.registry.checks import Problem, check
from cryptotrace.registry.loading import reported_totals
from cryptotrace.registry.periods import Period, parse_period
from cryptotrace.registry.records import RegistrySource, ReportedTotal, ReportedTotals
from cryptotrace.registry.totals import ConceptGroup, TotalsRow, TotalsView, render_totals, totals_view
from cryptotrace.registry.vintages import NeverAdd, VintageStatus

__all__ = [
    "ALIASES",
    "OUR_CATEGORIES",
    "Bridge",
    "Bridged",
    "Card",
    "ConceptGroup",
    "NeverAdd",
    "Period",
    "Problem",
    "RegistrySource",
    "ReportedTotal",
    "ReportedTotals",
    "Section",
    "TotalsRow",
    "TotalsView",
    "VintageStatus",
    "apply_bridge",
    "bridges",
    "bridges_from",
    "category_relation",
    "check",
    "matching_categories",
    "parse_period",
    "render_totals",
    "reported_totals",
    "resolve_category",
    "totals_view",
]
