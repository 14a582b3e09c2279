"""What issuers of stablecoins log when they freeze, release and destroy, so that a world can carry it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from cryptotrace.testing._rows import ApprovalRow, TransactionRow, TransferRow

__all__ = ["ISSUER_TOPICS", "IssuerRow", "IssuerWorld"]

ISSUER_TOPICS: Mapping[str, str] = MappingProxyType({
    "AddedBlackList": "0x42e160154868087d6bfdc0ca23d96a1c1cfa32f1b72ba9ba27b69b98a0d819dc",
    "RemovedBlackList": "0xd7e9ec6e6ecd65492dce6bf513cd6867560d49544421d0783ddf06e76c24470c",
    "DestroyedBlackFunds": "0x61e6e66b0d6339b2980aecc6ccc0039736791f0ccde9ed512e789a7fbdd698c6",
    "Blacklisted": "0xffa4e6181777692565cf28528fc88fd1516ea86b56da075235fa575af6a4b855",
    "UnBlacklisted": "0x117e3210bb9aa7d9baff172026820255c6f6c30ba8999d1c2fd88e2848137c4e",
})  # fmt: skip
"""Event of USDT or USDC -> its topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerRow:
    """One event of an issuer.

    Attributes
    ----------
    event : str
        A name of :data:`ISSUER_TOPICS`.
    owner : str
        Whom it concerns.
    amount : int or None
        What was destroyed; USDT logs no transfer of it.
    indexed : bool
        Whether the contract writes the address into a topic (USDC, USDT on TRON) or into the data (USDT on Ethereum).
    """

    chain: str
    block: int
    time: datetime
    tx_hash: str
    log_index: int
    contract: str
    event: str
    owner: str
    amount: int | None = None
    indexed: bool = False

    @property
    def words(self) -> tuple[list[str], list[str | int]]:
        """Topics, the last of which may hold the address, and what stands in the data."""
        rest: list[str | int] = [] if self.amount is None else [self.amount]
        topic = ISSUER_TOPICS[self.event]
        return ([topic, self.owner], rest) if self.indexed else ([topic], [self.owner, *rest])


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerWorld:
    """Rows in the layout of a `World`, and what issuers did; each of their events needs its transaction."""

    transfers: Sequence[TransferRow] = ()
    transactions: Sequence[TransactionRow] = ()
    approvals: Sequence[ApprovalRow] = ()
    issuer_events: Sequence[IssuerRow] = ()
