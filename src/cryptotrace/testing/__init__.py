"""Synthetic worlds with planted truth, for tests, demonstrations and tutorials; needs only the standard library."""

from __future__ import annotations

from cryptotrace.testing._truth import (
    Movement,
    Reached,
    RestingTruth,
    ScamAddress,
    SwapTruth,
    Tally,
    Truth,
    Unwanted,
    VictimTruth,
)
from cryptotrace.testing.worlds import World, empty_world, romance_world

__all__ = [
    "Movement",
    "Reached",
    "RestingTruth",
    "ScamAddress",
    "SwapTruth",
    "Tally",
    "Truth",
    "Unwanted",
    "VictimTruth",
    "World",
    "empty_world",
    "romance_world",
]
