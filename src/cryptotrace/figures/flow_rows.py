"""What goes into the flow picture and what comes out of it: plain rows, no drawing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cryptotrace.errors import InputError

__all__ = ["EXIT_KINDS", "FLOW_KINDS", "FlowEdge", "FlowNode", "FlowPicture", "GroupRow"]

EXIT_KINDS = ("exchange", "mixer", "bridge", "service")
FLOW_KINDS = ("seed", "hop", *EXIT_KINDS, "resting", "frontier", "pool")

_LARGEST_POWER = 60  # digits before and after the point that a USD value may have; sums stay exact far beyond


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowEdge:
    """One transfer of the traced table.

    Parameters
    ----------
    sender, receiver : str
        Addresses (any text that names an account; CAIP-10 where several chains meet).
    usd : Decimal or None
        Value in US dollars; None where no price is known.
    amount_text : str
        The amount in its own asset, as it should be read, for example ``"1,200.5 USDT"``.
    time : datetime
        Aware, UTC.
    hop : int
        Steps from the seeds at which the *receiver* is reached: a seed's own payment has hop 1, a payment from
        outside into a seed hop 0.
    """

    sender: str
    receiver: str
    usd: Decimal | None
    amount_text: str
    time: datetime
    hop: int

    def __post_init__(self) -> None:
        where = f"{self.sender!r} to {self.receiver!r}"
        if self.time.utcoffset() is None:
            raise InputError("the time of a flow has no time zone", where=where, hint="Give an aware time in UTC.")
        if self.hop < 0:
            raise InputError(f"hop {self.hop} is negative", where=where, hint="Seeds are hop 0, their payments hop 1.")
        if self.usd is None:
            return
        if not self.usd.is_finite() or self.usd < 0:
            raise InputError(f"{self.usd} is no value in USD", where=where, hint="Use None where it is unknown.")
        exponent = self.usd.as_tuple().exponent
        if self.usd.adjusted() > _LARGEST_POWER or int(exponent) < -_LARGEST_POWER:
            raise InputError(f"{self.usd} has too many digits for a value in USD", where=where)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowNode:
    """What is known about one address.

    Parameters
    ----------
    kind : str
        One of :data:`FLOW_KINDS`.
    label : str
        What a person should read; empty means the shortened address.
    entity : str or None
        The service or actor behind the address. Addresses of one service with the same entity are one node.
    pinned : bool
        Kept visible before anything else of its column, and never folded into a chain.
    """

    kind: str
    label: str
    entity: str | None
    pinned: bool = False

    def __post_init__(self) -> None:
        if self.kind not in FLOW_KINDS:
            raise InputError(f"{self.kind!r} is no kind of node", hint=f"Use one of {', '.join(FLOW_KINDS)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """One drawn node with its exact sums: the table behind the picture.

    Parameters
    ----------
    group_id : str
        The id that the drawing carries as ``data-group``.
    hop : int or None
        Smallest number of steps from the seeds; None for services, which stand in the last column.
    kind, label : str
        As given; a folded group says how many addresses it holds.
    addresses : tuple of str
        The members, sorted.
    in_usd, out_usd : Decimal or None
        Sums of the drawn lines; None where there are lines but none has a price.
    first_time, last_time : datetime
        Over all rows that touch the group.
    folded_usd : Decimal
        Sum of the rows inside the group, which are not drawn.
    """

    group_id: str
    hop: int | None
    kind: str
    label: str
    addresses: tuple[str, ...]
    in_usd: Decimal | None
    out_usd: Decimal | None
    first_time: datetime
    last_time: datetime
    folded_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowPicture:
    """The drawing, the table behind it and its sums.

    Parameters
    ----------
    svg : str
        One ``<svg>`` element without prolog, without script and without style sheet.
    groups : tuple of GroupRow
        In reading order: column by column, top to bottom as ranked.
    shown_usd, folded_usd : Decimal
        Value on drawn lines and value inside groups; together exactly the sum of the input.
    unpriced : int
        Transfers without a price. They are drawn but in neither sum.
    """

    svg: str
    groups: tuple[GroupRow, ...]
    shown_usd: Decimal
    folded_usd: Decimal
    unpriced: int

    def _repr_svg_(self) -> str:
        return self.svg
