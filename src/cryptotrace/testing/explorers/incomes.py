"""What comes to accounts in no transaction, so that a world can carry it: withdrawals of stakes, blocks, uncles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cryptotrace.testing._rows import ApprovalRow, TransactionRow, TransferRow

__all__ = ["IncomeRow", "IncomeWorld", "with_incomes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomeRow:
    """One payment of a block.

    Attributes
    ----------
    kind : {"withdrawal", "mined", "uncle"}
        What it is for.
    block : int
        Which block paid; of an uncle its own number.
    receiver : str
        Who got it, in lower case.
    amount : int
        Wei; of a withdrawal whole gwei.
    index : int, default 0
        Of a withdrawal: its number, counted over the whole chain.
    """

    kind: Literal["withdrawal", "mined", "uncle"]
    block: int
    receiver: str
    amount: int
    index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomeWorld:
    """Rows in the layout of a `World`, and what blocks paid beside them."""

    addresses: Sequence[str] = ()
    transfers: Sequence[TransferRow] = ()
    transactions: Sequence[TransactionRow] = ()
    approvals: Sequence[ApprovalRow] = ()
    incomes: Sequence[IncomeRow] = ()


def with_incomes(world: Any, incomes: Sequence[IncomeRow]) -> IncomeWorld:
    """Return a world with income beside its rows.

    Parameters
    ----------
    world : SmallWorld or World
        Whose rows it takes over.
    incomes : sequence of IncomeRow
        What its blocks pay.
    """
    return IncomeWorld(
        addresses=world.addresses,
        transfers=world.transfers,
        transactions=world.transactions,
        approvals=world.approvals,
        incomes=tuple(incomes),
    )
