"""Where addresses come from and what is said about them: seeds, labels, and which label wins and why."""

from __future__ import annotations

from cryptotrace.labels.loading import load_labels
from cryptotrace.labels.seeding import load_seeds
from cryptotrace.labels.vocabulary import our_categories, our_category
from cryptotrace.labels.winner import combined, precedence

__all__ = ["combined", "load_labels", "load_seeds", "our_categories", "our_category", "precedence"]
