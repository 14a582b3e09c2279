"""Explorers of several families over one world, opened as one source, and its lists held against the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import coin_pulls
import noding
import pulling
import pytest
import scouting
import tron_pulls

import cryptotrace as ct
from cryptotrace.collect.journal import Journal
from cryptotrace.collect.recording import RecordingFetcher
from cryptotrace.collect.walks import Step, walk_account
from cryptotrace.errors import TransientSourceError
from cryptotrace.schema import Batch
from cryptotrace.sources import opening
from cryptotrace.sources.auto import AutoSource
from cryptotrace.sources.base import Answer, Request, Source
from cryptotrace.sources.bitcoin.blockchain_info import BlockchainInfo
from cryptotrace.sources.bitcoin.esplora import Esplora
from cryptotrace.sources.bitcoin.mempool import Mempool
from cryptotrace.sources.blockscout.lists import Blockscout
from cryptotrace.sources.blockscout.rest import BlockscoutRest
from cryptotrace.sources.rpc.lists import Rpc
from cryptotrace.sources.tron.trongrid import TronGrid
from cryptotrace.sources.tron.tronscan import Tronscan
from cryptotrace.testing.explorers import UNLIMITED, FakeBlockscout, FakeEtherscan, FakeTronGrid, FakeTronscan

PAGE = 5
Row = tuple[Any, ...]


class SmallBlockscout(Blockscout):
    def __init__(self, chain: str, fetcher: Any, *, page_rows: int = PAGE, **settings: Any) -> None:
        super().__init__(chain, fetcher, page_rows=page_rows, **settings)


class SmallTronGrid(TronGrid):
    def __init__(self, chain: str, fetcher: Any, *, page_rows: int = PAGE, **settings: Any) -> None:
        super().__init__(chain, fetcher, page_rows=page_rows, **settings)


class SmallTronscan(Tronscan):
    def __init__(self, chain: str, fetcher: Any, *, page_rows: int = PAGE, **settings: Any) -> None:
        super().__init__(chain, fetcher, page_rows=page_rows, **settings)


class SmallEsplora(Esplora):
    page_rows = PAGE


class SmallMempool(Mempool):
    page_rows = PAGE


class SmallInfo(BlockchainInfo):
    page_rows = PAGE


SMALL: Mapping[str, Any] = {
    "etherscan": pulling.SmallPages, "blockscout": SmallBlockscout, "blockscout_rest": BlockscoutRest,
    "rpc": Rpc, "trongrid": SmallTronGrid, "tronscan": SmallTronscan,
    "mempool": SmallMempool, "esplora": SmallEsplora, "blockchain_info": SmallInfo,
}  # fmt: skip
"""The explorers with pages of a few rows, so that a small world needs many of them."""
CHAINS = {"etherscan": "ethereum", "blockscout": "ethereum", "blockscout_rest": "ethereum"} | {
    "trongrid": "tron", "tronscan": "tron"
}  # fmt: skip


def small_pages(patch: pytest.MonkeyPatch) -> None:
    """Let a replay make the explorers with small pages too."""
    patch.setattr(opening, "_class", lambda explorer: SMALL[explorer.name])


def opened(name: str, fake: Any, **settings: Any) -> Source:
    """Give the explorer of a name over a fake, without a socket."""
    if name == "etherscan":
        return pulling.in_process(fake, page_rows=PAGE, **settings)
    if name == "rpc":
        return noding.source_over(fake, **settings)
    if name.startswith("blockscout"):
        fetcher: Any = scouting.InProcess(fake, **settings)
    elif name in ("trongrid", "tronscan"):
        fetcher = tron_pulls.InProcess(fake, SMALL[name].judge, **settings)
    else:
        fetcher = coin_pulls.InProcess(fake, **settings)
    more = {"deepest": fake.deepest} if name == "tronscan" else {}
    source: Source = SMALL[name](CHAINS.get(name, "bitcoin"), fetcher, **more)
    return source


def auto(
    fakes: Mapping[str, Any],
    ranks: Sequence[int] | None = None,
    *,
    gone_from: int | None = None,
    gone_list: str = "",
    **settings: Any,
) -> AutoSource:
    """Give the explorers of some fakes as one source; the first is out of reach from its n-th request of a list, or any, on."""
    sources = [opened(name, fake, **settings) for name, fake in fakes.items()]
    if gone_from is not None:
        sources[0] = failing(sources[0], gone_from, gone_list)
    return AutoSource(sources, ranks)


def walked(source: Source, address: str, head: int) -> list[Step]:
    """Walk one account as ``collect`` does, and give the steps."""
    steps: list[Step] = []
    fetcher = RecordingFetcher(source.fetcher, Journal(None), judge=source.judge, max_requests=None)
    asking = source.through(fetcher)
    asking.prepare("1")
    walk_account(asking, fetcher, address, head, {}, steps.append, max_rows=10**6)
    return steps


def started(source: Source, ends: Counter[str]) -> int | None:
    """Give the head, as a person who runs it again up to three times gets it."""
    from cryptotrace.errors import SourceError

    for run in ("1", "2", "3"):
        try:
            source.prepare(run)
            return source.head(run)
        except SourceError as problem:
            ends[f"start:{problem.kind}"] += 1
    return None


def shown(steps: Iterable[Step], rows_of: Callable[[Iterable[Batch]], Counter[Row]]) -> Counter[Row]:
    """Give the rows of a list: all of one explorer, and of several the larger count."""
    batches: dict[str, list[Batch]] = {}
    for step in steps:
        batches.setdefault((step.progress.given_by or "").rpartition("+")[2], []).append(step.batch)
    found: Counter[Row] = Counter()
    for of_one in batches.values():
        found |= rows_of(of_one)
    return found


def evm(world: Any, **faults: Any) -> dict[str, Any]:
    """Give fakes of Etherscan and Blockscout, or of those that have faults, over one world in the order of the faults."""
    names = faults or dict.fromkeys(("etherscan", "blockscout"), ())
    return {
        name: FakeEtherscan(world, plan=UNLIMITED, faults=found)
        if name == "etherscan"
        else FakeBlockscout(world, faults=found, page_rows=PAGE)
        for name, found in names.items()
    }


def tron(world: Any, *, trongrid: Any = (), troubles: Mapping[str, int] | None = None, **settings: Any) -> dict[str, Any]:
    """Give fakes of TronGrid and Tronscan over one world."""
    grid = FakeTronGrid(world, faults=trongrid, clock=lambda: 1.7e9, **settings)
    return {"trongrid": grid, "tronscan": FakeTronscan(world, troubles=troubles, cut=PAGE)}


class Failing:
    """A fetcher whose explorer cannot be reached from the n-th request of a list on; ``""`` stands for any list."""

    def __init__(self, inner: Any, at: int, stream: str) -> None:
        self.inner, self.at, self.stream, self.asked = inner, at, stream, 0

    def fetch(self, request: Request) -> Answer:
        if request.subject and self.stream in ("", request.stream):
            self.asked += 1
            if self.asked > self.at:
                raise TransientSourceError("no connection", where=request.source)
        answer: Answer = self.inner.fetch(request)
        return answer


def failing(source: Source, at: int, stream: str = "") -> Source:
    """Give an explorer that is out of reach from its n-th request of a list on."""
    return source.through(Failing(source.fetcher, at, stream))


def given_by(store: ct.Store) -> dict[tuple[str, str], str | None]:
    """Give (address, list) -> who gave it."""
    return {(address, stream): given for address, stream, given in store.rows("SELECT address, stream, given_by FROM coverage")}
