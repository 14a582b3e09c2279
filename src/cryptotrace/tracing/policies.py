"""What each ledger policy does to one balance: the definition, in plain integers.

A balance receives *parcels* and pays them out. A parcel is a list of segments ``(amount, tainted)`` with
``0 <= tainted <= amount``, in the order in which the units were paid. The source of each rule is
``docs/explanation/method.md``; vectors A and B there are tests here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from cryptotrace.model import Fifo, Haircut, Lifo, Poison, Policy, TaintFirst, TaintLast

__all__ = ["Balance", "Parcel", "balance_under", "convert", "parcel_amount", "parcel_taint", "spread"]

Parcel = list[tuple[int, int]]


def parcel_amount(parcel: Parcel) -> int:
    """Units in a parcel."""
    return sum(amount for amount, _ in parcel)


def parcel_taint(parcel: Parcel) -> int:
    """Tainted units in a parcel."""
    return sum(tainted for _, tainted in parcel)


class Balance(Protocol):
    """One account's units of one asset."""

    @property
    def amount(self) -> int:
        """Units held."""

    @property
    def taint(self) -> int:
        """Tainted units held."""

    def credit(self, parcel: Parcel) -> None:
        """Receive a parcel."""

    def debit(self, amount: int) -> Parcel:
        """Pay ``amount`` units out; never more than are held."""


class _Pair:
    """Balance B and taint T: enough for the policies that do not look at order."""

    __slots__ = ("amount", "taint")

    def __init__(self) -> None:
        self.amount = 0
        self.taint = 0

    def credit(self, parcel: Parcel) -> None:
        for amount, tainted in parcel:
            self.amount += amount
            self.taint += tainted

    def debit(self, amount: int) -> Parcel:
        tainted = self._leaves(amount)
        self.amount -= amount
        self.taint -= tainted
        return [(amount, tainted)]

    def _leaves(self, amount: int) -> int:
        raise NotImplementedError


class _Haircut(_Pair):
    """In proportion, rounded down; the odd unit stays."""

    __slots__ = ()

    def _leaves(self, amount: int) -> int:
        return amount * self.taint // self.amount if amount else 0


class _TaintFirst(_Pair):
    """As much taint as the payment can hold."""

    __slots__ = ()

    def _leaves(self, amount: int) -> int:
        return min(amount, self.taint)


class _TaintLast(_Pair):
    """Clean units first."""

    __slots__ = ()

    def _leaves(self, amount: int) -> int:
        return max(0, amount - (self.amount - self.taint))


class _Poison(_Pair):
    """Sticky: after the first tainted unit, every unit that leaves counts as tainted, without end."""

    __slots__ = ()

    def debit(self, amount: int) -> Parcel:
        self.amount -= amount
        return [(amount, amount if self.taint else 0)]


class _Queue:
    """Units in the order of arrival, adjacent units of one kind merged."""

    __slots__ = ("_newest_first", "_segments", "amount", "taint")

    def __init__(self, *, newest_first: bool) -> None:
        self._segments: deque[tuple[int, int]] = deque()
        self._newest_first = newest_first
        self.amount = 0
        self.taint = 0

    def credit(self, parcel: Parcel) -> None:
        for amount, tainted in parcel:
            for part, is_tainted in ((amount - tainted, False), (tainted, True)) if tainted < amount else ((tainted, True),):
                if not part:
                    continue
                self.amount += part
                self.taint += part if is_tainted else 0
                if self._segments and bool(self._segments[-1][1]) == is_tainted:
                    part += self._segments.pop()[0]  # noqa: PLW2901  (the merged segment)
                self._segments.append((part, part if is_tainted else 0))

    def debit(self, amount: int) -> Parcel:
        taken: Parcel = []
        left = amount
        while left:
            size, tainted = self._segments.pop() if self._newest_first else self._segments.popleft()
            part = min(size, left)
            if part < size:
                rest = (size - part, size - part if tainted else 0)
                if self._newest_first:
                    self._segments.append(rest)
                else:
                    self._segments.appendleft(rest)
            taken.append((part, part if tainted else 0))
            left -= part
        if self._newest_first:
            taken.reverse()  # a parcel keeps its units in order of age, so the newest lies on top again where it arrives
        self.amount -= amount
        self.taint -= parcel_taint(taken)
        return taken


def balance_under(policy: Policy) -> Balance:
    """Give an empty balance that follows ``policy``."""
    if isinstance(policy, Fifo | Lifo):
        return _Queue(newest_first=isinstance(policy, Lifo))
    kinds: dict[type[Policy], type[_Pair]] = {
        Haircut: _Haircut,
        TaintFirst: _TaintFirst,
        TaintLast: _TaintLast,
        Poison: _Poison,
    }
    return kinds[type(policy)]()


def convert(parcel: Parcel, received: int) -> Parcel:
    """Carry the taint of what was paid over to what was received: in proportion, in the same order.

    Notes
    -----
    Segment borders are mapped by rounding down the running sum, so the parts add up to ``received`` exactly. 4 of 10 ether
    tainted, 18,000 dollars received: 7,200 of them are tainted.
    """
    paid = parcel_amount(parcel)
    if not paid:
        return [(received, 0)]
    result: Parcel = []
    seen = done = 0
    for amount, tainted in parcel:
        seen += amount
        border = seen * received // paid
        size = border - done
        done = border
        result.append((size, size * tainted // amount if amount else 0))
    return result


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """Split a whole number in proportion to weights that are not all 0; the parts add up to it exactly.

    >>> spread(10, [1, 1, 1])
    [3, 3, 4]
    """
    whole, seen, done = sum(weights), 0, 0
    parts = []
    for weight in weights:
        seen += weight
        border = seen * total // whole
        parts.append(border - done)
        done = border
    return parts
