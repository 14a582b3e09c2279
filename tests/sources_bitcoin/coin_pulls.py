"""What the tests of coins share: a fetcher without a socket, and the truth of a chain, reckoned without the code under test."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import cryptotrace as ct
from cryptotrace.collect.journal import Journal
from cryptotrace.collect.recording import RecordingFetcher
from cryptotrace.collect.walks import Step, walk_account
from cryptotrace.errors import TransientSourceError
from cryptotrace.schema import WIDE
from cryptotrace.sources._http import HttpFetcher
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.bitcoin.answers import classify
from cryptotrace.sources.bitcoin.blockchain_info import BlockchainInfo
from cryptotrace.sources.bitcoin.esplora import Esplora
from cryptotrace.sources.bitcoin.mempool import Mempool
from cryptotrace.sources.limits import Pace

SOURCES: dict[str, Any] = {"esplora": Esplora, "mempool": Mempool, "blockchain_info": BlockchainInfo}
Row = tuple[Any, ...]


class InProcess(HttpFetcher):
    """Asks a fake explorer without a socket; its transport faults become the errors that they are over HTTP."""

    def __init__(self, explorer: Any, **settings: Any) -> None:
        given = {"sleep": lambda _: None, "pace": Pace(1e9, sleep=lambda _: None), "classify": classify, **settings}
        super().__init__("http://127.0.0.1", **given)
        self.explorer = explorer

    def _send(self, request: Request) -> Answer:
        answer = self.explorer.answer(dict(request.parameters), path=request.path)
        if answer.wire:
            raise TransientSourceError("no connection", where="in process")
        return Answer(
            request=request,
            status=answer.status,
            body=answer.body,
            received_at=datetime.now(UTC),
            headers=dict(answer.headers),
        )


def in_process(explorer: Any, name: str = "esplora", **settings: Any) -> Any:
    return SOURCES[name]("bitcoin", InProcess(explorer, **settings))


def walked(source: Any, address: str, head: int, *, max_rows: int = 10**6) -> list[Step]:
    """Walk one account as ``collect`` does, and give the steps."""
    steps: list[Step] = []
    fetcher = RecordingFetcher(source.fetcher, Journal(None), judge=source.judge, max_requests=None)
    walk_account(source.through(fetcher), fetcher, address, head, {}, steps.append, max_rows=max_rows)
    return steps


def rows_of(steps: list[Step], table: str) -> set[Row]:
    return {row for step in steps for row in step.batch.rows.get(table, ())}


def truth_of(chain: Any, address: str, last: int) -> dict[str, set[Row]]:
    """Give the rows of a history up to a block, straight from the chain."""
    found: dict[str, set[Row]] = {"transactions": set(), "tx_inputs": set(), "tx_outputs": set()}
    for block in chain.blocks:
        if block.height > last:
            continue
        time = datetime.fromtimestamp(block.time, UTC)
        for tx in block.transactions:
            coins = [coin for _, _, coin in tx.inputs if coin is not None]
            if all(coin.address != address for coin in (*coins, *tx.outputs)):
                continue
            paid = sum(c.value for c in coins) - sum(c.value for c in tx.outputs) if coins else 0
            name = ("bitcoin", tx.txid)
            found["transactions"].add((*name, block.height, time, None, None, None, True, paid, None, None))
            for at, (txid, place, coin) in enumerate(tx.inputs):
                spent: Row = (None, None, None, None, None, True)
                if coin is not None:
                    spent = (txid, place, coin.address, coin.value, coin.kind, False)
                found["tx_inputs"].add((*name, at, block.height, time, *spent))
            for at, coin in enumerate(tx.outputs):
                made = (coin.address, coin.value, coin.kind, coin.script, None, None)
                found["tx_outputs"].add((*name, at, block.height, time, *made))
    return found


def without(rows: set[Row], table: str, column: str) -> set[Row]:
    """Give rows without one column."""
    at = WIDE[table].names.index(column)
    return {row[:at] + row[at + 1 :] for row in rows}


def stored_balance(store: ct.Store, address: str) -> int:
    came = store.rows("SELECT coalesce(sum(amount), 0) FROM tx_outputs WHERE address = ?", [address])[0][0]
    went = store.rows("SELECT coalesce(sum(amount), 0) FROM tx_inputs WHERE address = ?", [address])[0][0]
    return int(came) - int(went)


def coverage(store: ct.Store) -> dict[str, tuple[str, str | None, int, int]]:
    rows = store.rows("SELECT address, status, reason, to_block, rows FROM coverage")
    return {address: (status, reason, last, count) for address, status, reason, last, count in rows}


def asked(explorer: Any) -> Counter[str]:
    """Count requests by what they are about."""
    kinds = (
        ("/txs/chain", "list"),
        ("/txs/mempool", "waiting"),
        ("tip", "head"),
        ("getblockcount", "head"),
        ("multiaddr", "list"),
    )
    return Counter(next((kind for part, kind in kinds if part in one.path), "count") for one in explorer.requests)
