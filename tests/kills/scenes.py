"""What is pulled where: for each explorer, and each verb that asks, a small world that needs many requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from doomed import NOON
from freeze_worlds import FrozenTron, Step, ethereum, fake, who, who_on_tron  # type: ignore[import-not-found]
from pulling import in_process  # type: ignore[import-not-found]
from quoting import FIRST, hourly, ledger  # type: ignore[import-not-found]

import cryptotrace as ct
from cryptotrace.testing.explorers import (
    TRON_USDT,
    UNLIMITED,
    FakeBlockchainInfo,
    FakeBlockscout,
    FakeCoinGecko,
    FakeDefiLlama,
    FakeEsplora,
    FakeEtherscan,
    FakeRpc,
    FakeTronGrid,
    FakeTronscan,
    Fault,
    random_chain,
    random_coin_chain,
    random_tron,
)

__all__ = ["SCENES", "Scene"]

TOKENS = tuple(f"0x{number:040x}" for number in range(0x5C01, 0x5C08))


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One world, who serves it, and what is asked.

    Attributes
    ----------
    fakes : mapping
        Explorer -> a fake that serves the world; they are asked in this order.
    begin : callable
        Makes the store that the command finds; by default there is none.
    """

    fakes: Mapping[str, Any]
    chain: str = "ethereum"
    verb: str = "collect"
    addresses: tuple[str, ...] = ()
    hops: int = 0
    page_rows: int = 5
    flush_pages: int = 7
    receipts: str | None = None
    begin: Callable[[Path], None] = field(default=lambda _: None)


def evm(seed: int, name: str, make: Callable[..., Any], **settings: Any) -> Scene:
    world = random_chain(seed, transactions=24, addresses=3)
    faults: dict[str, Any] = {}
    if seed % 3 == 0 and make is not FakeRpc:
        # every third pull meets splits as well; they hit by what is asked, not by when
        faults = {"faults": (Fault("range_limit", 6_000_000, times=None),)}
    explorer = make(world, **faults, **settings)
    return Scene(
        fakes={name: explorer}, addresses=world.addresses, hops=seed % 2, flush_pages=(7, 20, 50)[seed % 3],
        receipts="equal" if name == "etherscan" and seed % 2 else None,
    )  # fmt: skip


class Grid(FakeTronGrid):
    """Its answers name the public host, whoever was asked, as the real ones do."""

    def answer(self, params: Mapping[str, str], **given: Any) -> Any:
        found = super().answer(params, **given)
        return replace(found, body=found.body.replace(self.url.encode(), b"https://api.trongrid.io"))


class Scout(FakeBlockscout):
    """Every row of its world is final."""

    def __init__(self, world: Any, **settings: Any) -> None:
        super().__init__(world, head=last_of(world) + 100, **settings)


class OneChain(FakeEtherscan):
    """Its address names the chain, as Routescan's does."""

    def answer(self, params: Mapping[str, str], *, path: str = "/v2/api") -> Any:
        return super().answer({"chainid": "1", **params}, path=path)


def node(seed: int) -> Scene:
    world = random_chain(seed, transactions=24, addresses=3)
    return Scene(fakes={"rpc": FakeRpc(world)}, addresses=world.addresses, hops=seed % 2, flush_pages=(7, 20, 50)[seed % 3])


def several(seed: int) -> Scene:
    """The first explorer refuses one list, so that the second gives it."""
    world = random_chain(seed, transactions=24, addresses=3)
    first = FakeEtherscan(
        world, plan=UNLIMITED, faults=Fault("deprecated", actions=("txlistinternal",), times=None), head=last_of(world) + 100
    )
    return Scene(
        fakes={"etherscan": first, "blockscout": Scout(world)},
        addresses=world.addresses, flush_pages=(7, 20)[seed % 2],
    )  # fmt: skip


def tron(seed: int, name: str, make: Callable[..., Any]) -> Scene:
    world = random_tron(seed, transactions=24, addresses=3)
    return Scene(fakes={name: make(world)}, chain="tron", addresses=world.addresses, hops=seed % 2)


def coins(seed: int, name: str) -> Scene:
    chain = random_coin_chain(seed, blocks=24, addresses=3, transactions=(1, 4))
    explorer = FakeBlockchainInfo(chain) if name == "blockchain_info" else FakeEsplora(chain, flavour=name, page_rows=3)  # type: ignore[arg-type]
    return Scene(fakes={name: explorer}, chain="bitcoin", addresses=chain.addresses, page_rows=3)


def last_of(world: Any) -> int:
    return max(int(row.block) for row in world.transactions)


def proving(seed: int) -> Scene:
    """Lists that end half-way, so that what came since is listed too."""
    world = random_chain(seed, transactions=24, addresses=4)
    explorer = FakeEtherscan(world, plan=UNLIMITED)
    blocks = sorted(row.block for row in world.transfers)

    def begin(path: Path) -> None:
        middle = blocks[len(blocks) // 2]
        ct.collect(in_process(explorer), ct.open_store(path), world.addresses, to_block=middle, progress=False)

    return Scene(verb="prove", fakes={"etherscan": explorer}, begin=begin)


def freezing(seed: int) -> Scene:
    kinds = ("freeze", "unfreeze", "destroy", "freeze", "freeze")
    steps = [Step(block=3 + at, kind=kinds[(at + seed) % 5], owner=who(at), amount=at) for at in range(30)]
    return Scene(verb="freezes", fakes={"etherscan": fake(ethereum(steps))}, page_rows=4, flush_pages=(2, 3, 50)[seed % 3])


def freezing_on_tron(seed: int) -> Scene:
    kinds = ("freeze", "unfreeze", "destroy", "freeze", "freeze")
    steps = [
        Step(block=3 + at, kind=kinds[(at + seed) % 5], owner=who_on_tron(at), amount=at, contract=TRON_USDT)
        for at in range(30)
    ]
    return Scene(
        verb="freezes",
        chain="tron",
        fakes={"trongrid": FrozenTron(steps, clock=NOON.timestamp)},
        page_rows=3,
        flush_pages=(2, 3, 50)[seed % 3],
    )


def pricing(seed: int) -> Scene:
    """The first oracle knows ether alone; the second is asked about each token by itself, and does not know two."""
    rows = [(None, 10**18, 0), *((token, 10**18, at % 3) for at, token in enumerate(TOKENS))]
    known = {f"ethereum:{token}": hourly(FIRST, ["0.5", "0.6", "0.7"]) for token in TOKENS[: 5 - seed % 2]}
    llama = FakeDefiLlama({"coingecko:ethereum": hourly(FIRST, ["3000", "3001", "3002"])}, clock=NOON.timestamp)
    gecko = FakeCoinGecko(known, clock=NOON.timestamp)

    def begin(path: Path) -> None:
        ledger(*rows, path=path)

    return Scene(verb="prices", fakes={"defillama": llama, "coingecko": gecko}, begin=begin)


SCENES: Mapping[str, Callable[[int], Scene]] = {
    "etherscan": partial(evm, name="etherscan", make=partial(FakeEtherscan, plan=UNLIMITED)),
    "blockscout": partial(evm, name="blockscout", make=partial(Scout, log_index=True)),
    "blockscout_rest": partial(evm, name="blockscout_rest", make=partial(Scout, page_rows=5)),
    "routescan": partial(evm, name="routescan", make=partial(OneChain, plan=UNLIMITED)),
    "trongrid": partial(tron, name="trongrid", make=partial(Grid, clock=NOON.timestamp)),
    "tronscan": partial(tron, name="tronscan", make=FakeTronscan),
    "esplora": partial(coins, name="esplora"),
    "mempool": partial(coins, name="mempool"),
    "blockchain_info": partial(coins, name="blockchain_info"),
    "rpc": node,
    "auto": several,
    "prove": proving,
    "freezes": freezing,
    "freezes of tron": freezing_on_tron,
    "prices": pricing,
}
"""Name -> what makes a scene from a seed: every explorer, several as one, and the verbs that ask besides."""
