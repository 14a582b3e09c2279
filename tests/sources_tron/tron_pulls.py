"""What the tests of TRON share: a fetcher that asks a fake without a socket, and the truth of a world."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import cryptotrace as ct
from cryptotrace.collect.journal import Journal
from cryptotrace.collect.recording import RecordingFetcher
from cryptotrace.collect.walks import Step, walk_account
from cryptotrace.errors import TransientSourceError
from cryptotrace.schema import WIDE, Batch
from cryptotrace.settings import Secret
from cryptotrace.sources._http import HttpFetcher
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.limits import Pace
from cryptotrace.sources.tron.trongrid import TronGrid
from cryptotrace.testing.explorers import TronCall, TronWorld

KEY = "test-key"
NOW = datetime(2026, 10, 1, tzinfo=UTC)
STREAMS = ("native", "token")
COLUMNS = {name: at for at, name in enumerate(WIDE["transfers"].names)}
IDENTITY = ("tx_hash", "kind", "sender", "receiver", "contract", "amount", "ok")

Row = tuple[Any, ...]


class InProcess(HttpFetcher):
    """Asks a fake without a socket; what would fail on the wire fails here too."""

    def __init__(self, explorer: Any, judge: Callable[[Answer], None] = TronGrid.judge, **settings: Any) -> None:
        pace = Pace(1e9, sleep=lambda _: None)
        given = {"sleep": lambda _: None, "pace": pace, "classify": judge, "secret_header": "TRON-PRO-API-KEY"}
        super().__init__("http://127.0.0.1", **{**given, "secret": Secret(KEY), **settings})
        self.explorer = explorer

    def _send(self, request: Request) -> Answer:
        key = self._secret.reveal() if self._secret is not None else ""
        answer = self.explorer.answer(dict(request.parameters), path=request.path, payload=request.payload, key=key)
        if answer.wire:
            raise TransientSourceError("no connection", where="in process")
        return Answer(request=request, status=answer.status, body=answer.body, received_at=NOW, headers=dict(answer.headers))


def in_process(explorer: Any, *, page_rows: int = 5, **settings: Any) -> TronGrid:
    return TronGrid("tron", InProcess(explorer, **settings), page_rows=page_rows)


def answer_of(body: Any, *, status: int = 200, stream: str = "native", headers: Any = None) -> Answer:
    """An answer with this body, as JSON unless it is bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request(source="trongrid", chain="tron", stream=stream)
    return Answer(request=request, status=status, body=raw, received_at=NOW, headers=headers or {})


def walked(source: Any, address: str, head: int) -> list[Step]:
    """Walk one account as ``collect`` does, and give the steps."""
    steps: list[Step] = []
    fetcher = RecordingFetcher(source.fetcher, Journal(None), judge=source.judge, max_requests=None)
    walk_account(source.through(fetcher), fetcher, address, head, {}, steps.append, max_rows=10**6)
    return steps


# -- truth ---------------------------------------------------------------------------------------------------------------


def truth_of(world: TronWorld, address: str, stream: str, last: int, *, nested: bool = False) -> Counter[Row]:
    """Give the rows that a list of an account must give, straight from the calls of a world.

    ``nested`` is for explorers whose transactions also show what happened inside between others.
    """
    rows: Counter[Row] = Counter()
    for call in world.calls:
        if call.stamp <= last:
            rows.update(_in_list(call, address, stream, nested=nested))
    return rows


def _in_list(call: TronCall, address: str, stream: str, *, nested: bool) -> Iterable[Row]:
    tx = call.row
    if stream == "token":
        for log in call.logs:
            if hasattr(log, "sender") and address in (log.sender, log.receiver):
                yield (tx.tx_hash, "token", log.sender, log.receiver, log.contract, log.amount, True)
        return
    if address in (tx.signer, tx.to):
        if call.value or call.contract in ("TransferContract", "TransferAssetContract"):
            kind = "native" if call.asset is None else "token"
            yield (tx.tx_hash, kind, tx.signer, tx.to, call.asset, call.value, tx.ok)
        if tx.fee:
            yield (tx.tx_hash, "fee", tx.signer, None, None, tx.fee, True)
    for inner in call.inner if tx.ok else ():
        shown = (inner.sender, inner.receiver, *((tx.signer, tx.to) if nested else ()))
        if inner.amount and address in shown:
            yield (tx.tx_hash, "internal", inner.sender, inner.receiver, None, inner.amount, True)


def rows_of(batches: Iterable[Batch]) -> Counter[Row]:
    """Give the transfers of pages by what names them."""
    rows: Counter[Row] = Counter()
    for batch in batches:
        rows.update(tuple(cells[COLUMNS[name]] for name in IDENTITY) for cells in batch.rows.get("transfers", ()))
        for table in batch.tables.get("transfers", ()):
            columns = [table.column(name).to_pylist() for name in IDENTITY]
            columns[IDENTITY.index("amount")] = [int(value) for value in columns[IDENTITY.index("amount")]]
            rows.update(zip(*columns, strict=True))
    return rows


def events_of(batches: Iterable[Batch]) -> list[dict[str, Any]]:
    """Give the events of pages."""
    names = WIDE["events"].names
    return [dict(zip(names, row, strict=True)) for batch in batches for row in batch.rows.get("events", ())]


def stored(store: ct.Store) -> Counter[Row]:
    """Give the transfers of a store in the same form."""
    found = store.rows("""
        SELECT t.tx_hash, t.kind, s.address, r.address, nullif(a.contract, ''), t.amount, t.ok FROM transfers AS t
        LEFT JOIN accounts AS s ON s.id = t.sender LEFT JOIN accounts AS r ON r.id = t.receiver
        JOIN assets AS a ON a.id = t.asset
    """)
    return Counter((*row[:5], int(row[5]), row[6]) for row in found)


def rejected_names(batches: Iterable[Batch]) -> Counter[str]:
    """Give hash -> rejected rows; those without a readable hash are under the empty word."""
    found: Counter[str] = Counter()
    for batch in batches:
        for reject in batch.rejects:
            cells = json.loads(reject.raw)
            names = [cells.get(name) for name in ("txID", "tx_id", "transaction_id")] if isinstance(cells, dict) else []
            name = next((one for one in names if isinstance(one, str) and len(one) == 64), "")
            found[name] += 1
    return found
