"""From sources to the store: files, explorers, and stored answers of earlier days."""

from __future__ import annotations

from cryptotrace.collect.crosscheck import CrossCheck, cross_check
from cryptotrace.collect.files import load_prices, load_transfers
from cryptotrace.collect.freezes import collect_freezes
from cryptotrace.collect.frozen import Freeze, Freezes, freezes, frozen_seeds
from cryptotrace.collect.plan import Plan, plan_collect
from cryptotrace.collect.proofs import Proof, Proofs, proofs
from cryptotrace.collect.proving import prove
from cryptotrace.collect.pull import collect
from cryptotrace.collect.replay import replay
from cryptotrace.collect.verifying import check_answers, replay_difference

__all__ = [
    "CrossCheck",
    "Freeze",
    "Freezes",
    "Plan",
    "Proof",
    "Proofs",
    "check_answers",
    "collect",
    "collect_freezes",
    "cross_check",
    "freezes",
    "frozen_seeds",
    "load_prices",
    "load_transfers",
    "plan_collect",
    "proofs",
    "prove",
    "replay",
    "replay_difference",
]
