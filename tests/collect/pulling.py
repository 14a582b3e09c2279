"""What the tests of pulls share: a fetcher that asks a fake explorer without a socket, and the truth of a world."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import cryptotrace as ct
from cryptotrace.collect.journal import Journal
from cryptotrace.collect.recording import RecordingFetcher
from cryptotrace.collect.walks import Step, walk_account
from cryptotrace.errors import MalformedAnswer, TransientSourceError
from cryptotrace.schema import WIDE, Batch
from cryptotrace.settings import Secret
from cryptotrace.sources._http import HttpFetcher
from cryptotrace.sources.base import Answer, Fetcher, Request
from cryptotrace.sources.etherscan.answers import classify
from cryptotrace.sources.etherscan.lists import Etherscan
from cryptotrace.sources.limits import Pace
from cryptotrace.testing.explorers import FakeEtherscan

KEY = "test-key"
COLUMNS = {name: at for at, name in enumerate(WIDE["transfers"].names)}
NO_VALUE = {"delegatecall", "staticcall", "callcode"}
"""Call types that hygiene excludes: they move nothing, whatever a list shows."""
KINDS = {"native": {"native", "fee"}, "internal": {"internal"}, "token": {"token"}}
_MOST = 24 * 2**20


class InProcess(HttpFetcher):
    """Asks a fake explorer without a socket; its transport faults become the errors that they are over HTTP."""

    def __init__(self, explorer: FakeEtherscan, **settings: Any) -> None:
        pace = Pace(1e9, sleep=lambda _: None)
        settings = {"sleep": lambda _: None, "pace": pace, "classify": classify, "secret": Secret(KEY), **settings}
        super().__init__("http://127.0.0.1/v2/api", **settings)
        self.explorer = explorer

    def _send(self, request: Request) -> Answer:
        answer = self.explorer.answer({**dict(request.parameters), "apikey": KEY})
        if answer.wire not in ("", "unannounced"):
            raise TransientSourceError("no connection", where="in process")
        if len(answer.body) + answer.padding > _MOST:
            raise MalformedAnswer("an answer that is too long", where="in process")
        body = answer.body + b" " * answer.padding
        return Answer(
            request=request, status=answer.status, body=body, received_at=datetime.now(UTC), headers=dict(answer.headers)
        )


class SmallPages(Etherscan):
    """The source with pages of a few rows, so that a small world needs many of them."""

    rows_a_page = 5

    def through(self, fetcher: Fetcher) -> SmallPages:
        other = SmallPages(self.chain, fetcher, page_rows=self.rows_a_page, on_rate=self._on_rate)
        other.rows_a_page = self.rows_a_page
        return other

    def prepare(self, run: str) -> None:
        super().prepare(run)
        self.page_rows = self.rows_a_page


def in_process(explorer: FakeEtherscan, *, page_rows: int = 5, **settings: Any) -> SmallPages:
    source = SmallPages("ethereum", InProcess(explorer, **settings), page_rows=page_rows)
    source.rows_a_page = page_rows
    return source


def walked(source: Etherscan, address: str, head: int, *, max_rows: int = 10**6) -> list[Step]:
    """Walk one account as ``collect`` does, and give the steps."""
    steps: list[Step] = []
    fetcher = RecordingFetcher(source.fetcher, Journal(None), judge=source.judge, max_requests=None)
    walk_account(source.through(fetcher), fetcher, address, head, {}, steps.append, max_rows=max_rows)
    return steps


# -- truth ---------------------------------------------------------------------------------------------------------------

Row = tuple[Any, ...]
"""(hash, kind, sender, receiver, contract, amount, ok), as the issue compares them."""


def truth_of(world: Any, address: str, stream: str, last: int) -> Counter[Row]:
    """Give the rows of a list straight from the tables of the world; nothing of the fake is used."""
    rows: Counter[Row] = Counter()
    if stream != "native":
        for move in world.transfers:
            if move.kind == stream and move.block <= last and address in (move.sender, move.receiver):
                if stream == "token" and not move.ok:
                    continue  # a failed transaction leaves no log
                rows[move.tx_hash, stream, move.sender, move.receiver, move.contract, move.amount, move.ok] += 1
        return rows
    values = {move.tx_hash: move for move in world.transfers if move.kind == "native"}
    for tx in world.transactions:
        move = values.get(tx.tx_hash)
        receiver = tx.to or (move.receiver if move else None)
        if tx.block > last or address not in (tx.signer, receiver):
            continue
        rows[tx.tx_hash, "native", tx.signer, receiver, None, move.amount if move else 0, tx.ok] += 1
        if tx.fee:
            rows[tx.tx_hash, "fee", tx.signer, None, None, tx.fee, True] += 1
    return rows


def transfers_of(batch: Batch) -> list[tuple[Any, ...]]:
    """Give the transfers of a page, whether it holds them as rows or as columns."""
    rows = list(batch.rows.get("transfers", ()))
    for table in batch.tables.get("transfers", ()):
        columns = [table.column(name).to_pylist() for name in WIDE["transfers"].names]
        columns[COLUMNS["amount"]] = [int(value) for value in columns[COLUMNS["amount"]]]
        rows += zip(*columns, strict=True)
    return rows


def rows_of(batches: Iterable[Batch]) -> Counter[Row]:
    """Give the transfers of pages; a row whose place is named twice is one row, as in the store."""
    rows: Counter[Row] = Counter()
    places: set[tuple[Any, ...]] = set()
    for batch in batches:
        for cells in transfers_of(batch):
            hash_, kind, sender, receiver, contract, amount, ok, log, trace, call, index = (
                cells[COLUMNS[name]]
                for name in (
                    *("tx_hash", "kind", "sender", "receiver", "contract", "amount", "ok"),
                    *("log_index", "trace_path", "call_type", "tx_index"),
                )
            )
            if call in NO_VALUE:
                continue
            row = (hash_, kind, sender, receiver, contract, amount, ok)
            own = kind in ("native", "fee") and index is not None
            if log is not None or trace is not None or own:
                if (*row, log, trace) in places:
                    continue
                places.add((*row, log, trace))
            rows[row] += 1
    return rows


def stored(store: ct.Store, *, but_calls: bool = True) -> Counter[Row]:
    """Give the transfers of a store in the same form."""
    where = f"WHERE t.call_type IS NULL OR t.call_type NOT IN ({', '.join(map(repr, NO_VALUE))})" if but_calls else ""
    return Counter(
        store.rows(f"""
            SELECT t.tx_hash, t.kind, s.address, r.address, nullif(a.contract, ''), t.amount, t.ok FROM transfers AS t
            LEFT JOIN accounts AS s ON s.id = t.sender LEFT JOIN accounts AS r ON r.id = t.receiver
            JOIN assets AS a ON a.id = t.asset {where}
        """)
    )


def coverage(store: ct.Store) -> dict[tuple[str, str], tuple[str, str | None, int, int]]:
    """Give (address, list) -> (status, reason, last block, rows)."""
    rows = store.rows("SELECT address, stream, status, reason, to_block, rows FROM coverage")
    return {(address, stream): (status, reason, last, count) for address, stream, status, reason, last, count in rows}


def rejected_hashes(batches: Iterable[Batch]) -> Counter[str]:
    """Give hash -> rejected rows; those without a readable hash are under the empty word."""
    found: Counter[str] = Counter()
    for batch in batches:
        for reject in batch.rejects:
            cells = json.loads(reject.raw)
            name = cells.get("hash") if isinstance(cells, dict) else None
            found[name if isinstance(name, str) and len(name) == 66 else ""] += 1
    return found
