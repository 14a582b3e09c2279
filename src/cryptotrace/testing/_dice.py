"""Seeded draws in whole numbers only, so that a seed gives the same world on every machine."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Dice:
    """A stream of draws that depends on the seed and the name of its part, and on nothing else."""

    def __init__(self, seed: int, part: str) -> None:
        self._random = random.Random(f"{seed}:{part}")  # noqa: S311  (a reproducible world, not a secret)

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        # getrandbits instead of randrange: its sequence is the same in every Python version
        return low + self._random.getrandbits(64) % (high - low + 1)

    def chance(self, percent: int) -> bool:
        """Return true in so many of a hundred cases."""
        return self.whole(0, 99) < percent

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of the items, each equally likely."""
        return items[self.whole(0, len(items) - 1)]

    def address(self) -> str:
        """Return an invented address of 20 random bytes."""
        return f"0x{self._random.getrandbits(160):040x}"

    def look_alike(self, address: str) -> str:
        """Return an invented address with the same first and last four characters."""
        return address[:6] + self.address()[6:-4] + address[-4:]

    def tx_hash(self) -> str:
        """Return an invented transaction hash."""
        return f"0x{self._random.getrandbits(256):064x}"

    def from_quantiles(self, table: Sequence[tuple[int, int]]) -> int:
        """Return a draw from a distribution given as (percentile, value) knots, linear in between."""
        at = self.whole(0, 999_999)
        for (low, first), (high, last) in itertools.pairwise(table):
            if at < high * 10_000:
                return first + (last - first) * (at - low * 10_000) // ((high - low) * 10_000)
        return table[-1][1]
