"""What is not money: each exclusion with its reason, and totals before and after."""

from __future__ import annotations

from cryptotrace.hygiene.cleaning import clean, ensure_clean, needs_cleaning
from cryptotrace.hygiene.exclusions import REASONS, Exclusions
from cryptotrace.hygiene.skeletons import skeleton

__all__ = ["REASONS", "Exclusions", "clean", "ensure_clean", "needs_cleaning", "skeleton"]
