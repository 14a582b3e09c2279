"""The events that are read: which topic means what, and of which contracts it is believed.

Topics are keccak-256 of the signatures that stand beside them; a test computes them anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptotrace.sources.formats.transfer_logs import TRANSFER

__all__ = [
    "APPROVAL", "COLLECTIBLES", "DEPOSIT", "STABLECOIN_EVENTS", "TRANSFER", "WITHDRAWAL", "WRAPPED_COINS", "StablecoinEvent",
]  # fmt: skip

APPROVAL = "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"
"""``Approval(address,address,uint256)``, of ERC-20 and of ERC-721."""

DEPOSIT = "0xe1fffcc4923d04b559f4d29a8bfc6cda04eb5b0d3c460751c2402c5c5cc9109c"
"""``Deposit(address,uint256)`` of wrapped coins."""

WITHDRAWAL = "0x7fcf532c15f0a6db0bd6d0e038bea71d30d808c7d98cb3bf7268a95bf5081b65"
"""``Withdrawal(address,uint256)`` of wrapped coins."""

COLLECTIBLES = frozenset((
    "0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62",
    "0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb",
    "0x17307eab39ab6107e8899845ad3d59bd9653f200f220920489ca2b5937696c31",
))  # fmt: skip
"""``TransferSingle`` and ``TransferBatch`` of ERC-1155, ``ApprovalForAll``: no money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StablecoinEvent:
    """What an issuer did.

    Attributes
    ----------
    signature : str
        As in the contract.
    kind : str
        ``freeze``, ``unfreeze``, ``destroy``, ``issue`` or ``redeem``.
    """

    signature: str
    kind: str

    @property
    def has_owner(self) -> bool:
        """Whether it names an account."""
        return "address" in self.signature

    @property
    def has_amount(self) -> bool:
        """Whether it names an amount."""
        return "uint256" in self.signature


STABLECOIN_EVENTS = {
    topic: StablecoinEvent(kind=words.split()[0], signature=words.split()[1])
    for topic, words in (
        # USDT of Ethereum and TRON
        ("0x42e160154868087d6bfdc0ca23d96a1c1cfa32f1b72ba9ba27b69b98a0d819dc", "freeze AddedBlackList(address)"),
        ("0xd7e9ec6e6ecd65492dce6bf513cd6867560d49544421d0783ddf06e76c24470c", "unfreeze RemovedBlackList(address)"),
        ("0x61e6e66b0d6339b2980aecc6ccc0039736791f0ccde9ed512e789a7fbdd698c6", "destroy DestroyedBlackFunds(address,uint256)"),
        ("0xcb8241adb0c3fdb35b70c24ce35c5eb0c17af7431c99f827d44a445ca624176a", "issue Issue(uint256)"),
        ("0x702d5967f45f6513a38ffc42d6ba9bf230bd40e8f53b16363c7eb4fd2deb9a44", "redeem Redeem(uint256)"),
        # USDT of the rollups (its later contract), where what is destroyed is also logged as a Transfer
        ("0x406bbf2d8d145125adf1198d2cf8a67c66cc4bb0ab01c37dccd4f7c0aae1e7c7", "freeze BlockPlaced(address)"),
        ("0x665918c9e02eb2fd85acca3969cb054fc84c138e60ec4af22ab6ef2fd4c93c27", "unfreeze BlockReleased(address)"),
        ("0x6a2859ae7902313752498feb80a014e6e7275fe964c79aa965db815db1c7f1e9", "destroy DestroyedBlockedFunds(address,uint256)"),  # noqa: E501
        # USDC
        ("0xffa4e6181777692565cf28528fc88fd1516ea86b56da075235fa575af6a4b855", "freeze Blacklisted(address)"),
        ("0x117e3210bb9aa7d9baff172026820255c6f6c30ba8999d1c2fd88e2848137c4e", "unfreeze UnBlacklisted(address)"),
    )
}  # fmt: skip
"""Topic -> event; believed of the contracts that :func:`~cryptotrace.model.canonical_tokens` calls stable."""

WRAPPED_COINS = {
    "ethereum": "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2",
    "bsc": "0xbb4cdb9cbd36b01bd1cbaebf2de08d9173bc095c",
    "polygon": "0x0d500b1d8e8ef31e21c99d1db9a6444d3adf1270",
    "optimism": "0x4200000000000000000000000000000000000006",
    "base": "0x4200000000000000000000000000000000000006",
    "gnosis": "0xe91d153e0b41518a2ce8dd3d7944fa863463a97d",
}
"""Chain -> the wrapped coin that logs ``Deposit`` and ``Withdrawal`` and no ``Transfer`` beside them.

The contract of Arbitrum logs both, so its ``Transfer`` alone is read. Those here were seen in recorded receipts without a
``Transfer`` (Ethereum, Polygon, OP, Base, Gnosis) or are the same code (BNB).
"""
