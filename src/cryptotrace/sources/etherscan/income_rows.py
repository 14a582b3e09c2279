"""What came to an account in no transaction: withdrawals of validators' stakes, and what blocks paid their makers.

Names of rows are those of a node where a node tells the same: a withdrawal is the same row, whoever told it. What an explorer
calls the reward of a block is more than a node's: it holds the fees of the block, and cannot be taken apart. Such rows have
names of their own, ``mined_`` and ``uncle_``, so that nobody takes one for the other; the two never go into one account
(:mod:`cryptotrace.collect.income`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from cryptotrace.codecs import ChainInfo, null_address
from cryptotrace.errors import InputError, MalformedAnswer
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer
from cryptotrace.sources.cells import amount, counter, utc_time

__all__ = ["GWEI", "INCOMES", "add_income", "asked_again"]

INCOMES: Mapping[str, tuple[str, ...]] = {
    "ethereum": ("withdrawal", "mined", "uncle"),
    "ethereum_classic": ("mined", "uncle"),
}
"""Chain -> what its blocks pay in its coin, the likeliest first.

Elsewhere a list of that name shows something else: withdrawals of Gnosis are paid in GNO, fees of rollups go to a vault, those
of BNB to a system contract.
"""
GWEI = 10**9
_REASKS = 3
_Read = TypeVar("_Read")


def add_income(
    batch: Batch,
    chain: ChainInfo,
    kind: str,
    receiver: str,
    *,
    block: object,
    time: object,
    value: object,
    index: object = None,
) -> None:
    """Add one row; ``value`` in wei, ``index`` the number of a withdrawal.

    Raises
    ------
    InputError
        If a cell is not what it should be.
    """
    height = _number(block, "block number")
    place = _number(index, "index") if kind == "withdrawal" else receiver
    batch.add_transfer(
        chain=chain.name, tx_hash=f"{kind}_{height}_{place}", kind="reward", block=height, time=utc_time(time, "timestamp"),
        sender=null_address(chain.name), receiver=receiver, amount=amount(value, "amount"), symbol=chain.native_symbol,
        decimals=chain.native_decimals,
    )  # fmt: skip


def _number(cell: object, column: str) -> int:
    found = counter(cell, column)
    if found is None:
        raise InputError(f"{column} is missing")
    return found


def asked_again(ask: Callable[[str], Answer], read: Callable[[Answer], _Read], run: str) -> _Read:
    """Ask, and ask again where what comes cannot be true; each question of a run has a name of its own."""
    for attempt in range(1, _REASKS):
        try:
            return read(ask(run if attempt == 1 else f"{run} again {attempt - 1}".strip()))
        except MalformedAnswer:
            continue
    return read(ask(f"{run} again {_REASKS - 1}".strip()))
