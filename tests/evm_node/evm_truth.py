"""What is true of a world after a block: balances from the state, and the entries that no transaction explains.

Nothing here reads a trace or a log: ether is the state's word, tokens are the contracts' word, tips follow from receipts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from evm_chain import as_hex
from evm_frames import Frame
from evm_world import EvmWorld


@dataclass(frozen=True, slots=True, kw_only=True)
class EvmTruth:
    """The state after block ``number``; all amounts in base units, all addresses in lower case.

    Parameters
    ----------
    number : int
    blocks : tuple of (int, str)
        Number and hash of each block up to there.
    opening : dict
        Wei at genesis.
    ether : dict
        Wei of every account that was ever named, zeros included.
    rewards, withdrawals, tips : dict
        Wei that came with a block, from a validator's stake, and as a miner's share of fees.
    fees : dict
        Wei that each sender paid for gas, tip and burnt part together.
    burnt : int
        The part of all fees that nobody got.
    tokens : dict
        For each token (by name) the units of every account, as ``balanceOf`` says.
    """

    number: int
    blocks: tuple[tuple[int, str], ...]
    opening: dict[str, int]
    ether: dict[str, int]
    rewards: dict[str, int]
    withdrawals: dict[str, int]
    tips: dict[str, int]
    fees: dict[str, int]
    burnt: int
    tokens: dict[str, dict[str, int]]


def truth_of(world: EvmWorld, number: int | None = None) -> EvmTruth:
    """The truth after a block (default: the head)."""
    chain = world.chain
    last = chain.head if number is None else number
    rewards, withdrawals, tips, fees = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    burnt = 0
    for mined in chain.mined[: last + 1]:
        miner, base = as_hex(mined.header.coinbase), mined.base_fee
        if mined.reward:
            rewards[miner] += mined.reward
        for address, wei in mined.withdrawals:
            withdrawals[address] += wei
        for done in mined.done:
            fees[done.signed.sender] += done.gas_used * done.price
            tips[miner] += done.gas_used * (done.price - base)
            burnt += done.gas_used * base
    everyone = accounts(world, last)
    return EvmTruth(
        number=last,
        blocks=tuple((mined.block.number, as_hex(mined.block.hash)) for mined in chain.mined[: last + 1]),
        opening=dict(world.opening),
        ether={one: chain.balance(one, last) for one in everyone},
        rewards=dict(rewards),
        withdrawals=dict(withdrawals),
        tips=dict(tips),
        fees=dict(fees),
        burnt=burnt,
        tokens={
            name: {one: world.units(name, one, last) for one in everyone} if chain.code(address, last) else {}
            for name, address in world.tokens.items()
        },
    )


def accounts(world: EvmWorld, number: int) -> list[str]:
    """Every account that a block up to ``number`` named: openings, miners, withdrawals, and all ends of all calls."""
    found = {*world.opening, *world.people, *world.cold, world.miner}
    for mined in world.chain.mined[: number + 1]:
        found |= {address for address, _ in mined.withdrawals}
        for done in mined.done:
            found |= set(_ends(done.frame))
    return sorted(found)


def _ends(frame: Frame) -> Iterator[str]:
    yield from (frame.sender, frame.to)
    for child in frame.children:
        yield from _ends(child)
