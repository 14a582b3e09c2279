"""Values and names that every layer above speaks; importing costs nothing."""

from __future__ import annotations

from cryptotrace.model.coverage import Coverage
from cryptotrace.model.policies import ALL, Fifo, Haircut, Lifo, Poison, Policy, TaintFirst, TaintLast, policy_named
from cryptotrace.model.tables import ResultTable, cell_text
from cryptotrace.model.tokens import USD_CONTRACT, Token, canonical_tokens
from cryptotrace.model.values import (
    BOUNDARY_CATEGORIES,
    MAX_AMOUNT,
    Asset,
    Label,
    Labels,
    Provenance,
    Reject,
    Scope,
    Seed,
    Seeds,
    micro_dollars,
)

__all__ = [
    "ALL",
    "BOUNDARY_CATEGORIES",
    "MAX_AMOUNT",
    "USD_CONTRACT",
    "Asset",
    "Coverage",
    "Fifo",
    "Haircut",
    "Label",
    "Labels",
    "Lifo",
    "Poison",
    "Policy",
    "Provenance",
    "Reject",
    "ResultTable",
    "Scope",
    "Seed",
    "Seeds",
    "TaintFirst",
    "TaintLast",
    "Token",
    "canonical_tokens",
    "cell_text",
    "micro_dollars",
    "policy_named",
]
