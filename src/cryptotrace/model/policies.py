"""The ledger policies by name: what share of a mixed balance leaves with a payment.

What each does to a balance is defined in :mod:`cryptotrace.tracing.policies`; the source is ``docs/explanation/method.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["ALL", "Fifo", "Haircut", "Lifo", "Poison", "Policy", "TaintFirst", "TaintLast", "policy_named"]


@dataclass(frozen=True, slots=True)
class Policy:
    """Base of the ledger policies; ``conserving`` is false only for poison, which never enters a total."""

    id: ClassVar[str] = ""
    title: ClassVar[str] = ""
    conserving: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Poison(Policy):
    """Once tainted, always wholly tainted; reaches the most addresses and conserves nothing."""

    id: ClassVar[str] = "poison"
    title: ClassVar[str] = "poison (reach only, no amounts)"
    conserving: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Haircut(Policy):
    """A payment of d from balance B with taint T takes floor(d x T / B)."""

    id: ClassVar[str] = "haircut"
    title: ClassVar[str] = "haircut (in proportion)"


@dataclass(frozen=True, slots=True)
class Fifo(Policy):
    """The oldest units leave first."""

    id: ClassVar[str] = "fifo"
    title: ClassVar[str] = "first in, first out"


@dataclass(frozen=True, slots=True)
class Lifo(Policy):
    """The newest units leave first."""

    id: ClassVar[str] = "lifo"
    title: ClassVar[str] = "last in, first out"


@dataclass(frozen=True, slots=True)
class TaintFirst(Policy):
    """A payment of d takes min(d, T)."""

    id: ClassVar[str] = "taint_first"
    title: ClassVar[str] = "tainted units first"


@dataclass(frozen=True, slots=True)
class TaintLast(Policy):
    """A payment of d takes max(0, d - (B - T))."""

    id: ClassVar[str] = "taint_last"
    title: ClassVar[str] = "tainted units last"


ALL: tuple[Policy, ...] = (Poison(), Haircut(), Fifo(), Lifo(), TaintFirst(), TaintLast())
_BY_ID = {policy.id: policy for policy in ALL}


def policy_named(name: str) -> Policy:
    """Give the policy of an id such as ``"haircut"``.

    Raises
    ------
    KeyError
        If there is none of that name.
    """
    return _BY_ID[name]
