"""From sources to the store: files, explorers, and stored answers of earlier days."""

from __future__ import annotations

from cryptotrace.collect.files import load_prices, load_transfers
from cryptotrace.collect.plan import Plan, plan_collect
from cryptotrace.collect.pull import collect
from cryptotrace.collect.replay import replay
from cryptotrace.collect.verifying import check_answers, replay_difference

__all__ = [
    "Plan",
    "check_answers",
    "collect",
    "load_prices",
    "load_transfers",
    "plan_collect",
    "replay",
    "replay_difference",
]
