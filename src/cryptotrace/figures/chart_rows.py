"""The rows that the charts take. Money is Decimal US dollars; what is not known is None, never zero."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from cryptotrace.errors import InputError

__all__ = ["DESTINATION_KINDS", "DestinationRow", "IntervalRow", "LadderRow", "PolicyRow"]

DESTINATION_KINDS = ("exchange", "mixer", "bridge", "service", "resting", "frontier", "pruned", "fees")


def _check(where: str, *values: Decimal | None) -> None:
    known = [value for value in values if value is not None]
    for value in known:
        if not value.is_finite() or value < 0 or value.adjusted() > 60:
            raise InputError(f"{value} is no value in USD", where=where, hint="Use None where it is unknown.")
    if known != sorted(known):
        raise InputError("low, central and high are not in order", where=where)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalRow:
    """One figure beside others: ours, or one that somebody printed.

    Parameters
    ----------
    label : str
        Whose figure it is and for when.
    low, central, high : Decimal or None
        In USD. Without ``high`` the figure is a lower bound, without ``low`` an upper bound; a lone ``central`` is a
        point without a range.
    note : str
        Where it was printed; for a row that cannot be compared, the reason.
    comparable : bool
        False draws the row grey.
    ours : bool
        True for the figure of this case.
    """

    label: str
    low: Decimal | None
    central: Decimal | None
    high: Decimal | None
    note: str
    comparable: bool
    ours: bool

    def __post_init__(self) -> None:
        _check(self.label, self.low, self.central, self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderRow:
    """One rung of the ladder E0 to E5.

    Parameters
    ----------
    rung : str
        ``"E0"`` to ``"E5"``.
    label : str
        What it counts, in a few words; empty takes the usual words.
    low, central, high : Decimal or None
        In USD; None where the data cannot say.
    reason : str
        Why a rung is None.
    """

    rung: str
    label: str
    low: Decimal | None
    central: Decimal | None
    high: Decimal | None
    reason: str

    def __post_init__(self) -> None:
        _check(self.rung, self.low, self.central, self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationRow:
    """A share of the traced money and where it is.

    Parameters
    ----------
    kind : str
        One of :data:`DESTINATION_KINDS`.
    usd : Decimal or None
        None where it has no price.
    bar : str
        Rows with the same text are stacked into one bar.
    """

    kind: str
    usd: Decimal | None
    bar: str = ""

    def __post_init__(self) -> None:
        if self.kind not in DESTINATION_KINDS:
            hint = f"Use one of {', '.join(DESTINATION_KINDS)}."
            raise InputError(f"{self.kind!r} is no destination", hint=hint)
        _check(self.kind, self.usd)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """What one way of following mixed money says.

    Parameters
    ----------
    policy : str
        Its name.
    usd : Decimal or None
        Its total.
    conserving : bool
        False (poison) keeps it out of the range: it counts money more than once.
    default : bool
        The one that the report shows.
    """

    policy: str
    usd: Decimal | None
    conserving: bool
    default: bool

    def __post_init__(self) -> None:
        _check(self.policy, self.usd)
