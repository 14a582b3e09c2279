"""Both flavours of Blockscout over a fake without a socket, and one list held against the truth of its world."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from long_worlds import HUB, other
from pulling import Row, rows_of, truth_of

from cryptotrace.collect.journal import Journal
from cryptotrace.collect.recording import RecordingFetcher
from cryptotrace.collect.walks import Step, walk_account
from cryptotrace.errors import MalformedAnswer, SourceError, TransientSourceError
from cryptotrace.schema import Batch
from cryptotrace.settings import Secret
from cryptotrace.sources._http import HttpFetcher
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.blockscout.answers import classify
from cryptotrace.sources.blockscout.lists import Blockscout
from cryptotrace.sources.blockscout.rest import BlockscoutRest
from cryptotrace.sources.limits import Pace
from cryptotrace.testing.explorers import FakeBlockscout

STREAMS = ("native", "internal", "token")
FLAVOURS = ("rpc", "rest")
_MOST = 24 * 2**20


class InProcess(HttpFetcher):
    """Asks a fake explorer without a socket; its transport faults become the errors that they are over HTTP."""

    def __init__(self, explorer: FakeBlockscout, key: str | None = None, **settings: Any) -> None:
        pace = Pace(1e9, sleep=lambda _: None)
        secret = None if key is None else Secret(key)
        settings = {"sleep": lambda _: None, "pace": pace, "classify": classify, "secret": secret, **settings}
        super().__init__("http://127.0.0.1", **settings)
        self.explorer = explorer

    def _send(self, request: Request) -> Answer:
        answer = self.explorer.answer(self._with_key(request), path=request.path, payload=request.payload)
        if answer.wire not in ("", "unannounced"):
            raise TransientSourceError("no connection", where="in process")
        if len(answer.body) + answer.padding > _MOST:
            raise MalformedAnswer("an answer that is too long", where="in process")
        body = answer.body + b" " * answer.padding
        return Answer(
            request=request, status=answer.status, body=body, received_at=datetime.now(UTC), headers=dict(answer.headers)
        )


def opened(flavour: str, explorer: FakeBlockscout, *, page_rows: int = 5, chain: str = "ethereum", **settings: Any) -> Any:
    """Give a source; the pages of REST are as large as the fake makes them."""
    fetcher = InProcess(explorer, **settings)
    return Blockscout(chain, fetcher, page_rows=page_rows) if flavour == "rpc" else BlockscoutRest(chain, fetcher)


def walked(source: Any, address: str, head: int, *, max_rows: int = 10**6) -> list[Step]:
    """Walk one account as ``collect`` does, and give the steps."""
    steps: list[Step] = []
    fetcher = RecordingFetcher(source.fetcher, Journal(None), judge=source.judge, max_requests=None)
    walk_account(source.through(fetcher), fetcher, address, head, {}, steps.append, max_rows=max_rows)
    return steps


def rejected_hashes(batches: Iterable[Batch]) -> Counter[str]:
    """Give hash -> rejected rows; those without a readable hash are under the empty word."""
    found: Counter[str] = Counter()
    for batch in batches:
        for reject in batch.rejects:
            cells = json.loads(reject.raw)
            name = cells if not isinstance(cells, dict) else cells.get("hash") or cells.get("transaction_hash")
            found[name if isinstance(name, str) and len(name) == 66 else ""] += 1
    return found


def without_rollup_fees(rows: Counter[Row], kinds: set[str]) -> Counter[Row]:
    """Leave fees out where the fault ``extra_column`` names a second one, which is added to them, as it should be."""
    if "extra_column" not in kinds:
        return rows
    return Counter({row: count for row, count in rows.items() if row[1] != "fee"})


def check_list(world: Any, explorer: FakeBlockscout, address: str, stream: str, steps: list[Step], head: int) -> str:
    """Hold one list against the truth; give how it ended.

    A walk from the newest row on knows nothing to be whole before its end: what it has so far is part of the truth.
    """
    mine = [step for step in steps if step.progress.stream == stream]
    end, batches = mine[-1].progress, [step.batch for step in mine]
    said = (explorer.faults.log[:5], end)
    kinds = {hit.fault.kind for hit in explorer.faults.log}
    through = -1 if end.through is None else end.through
    whole = without_rollup_fees(truth_of(world, address, stream, head), kinds)
    truth = without_rollup_fees(truth_of(world, address, stream, through), kinds)
    got = without_rollup_fees(rows_of(batches), kinds)
    assert got <= whole, ("invented", list((got - whole).items())[:3], said)
    lost = Counter[str]()
    for row, count in (truth - got).items():
        lost[row[0]] += count if row[1] != "fee" else 0
    rejects = rejected_hashes(batches)
    nameless = rejects.pop("", 0)
    assert (lost - rejects).total() <= nameless, ("lost without a word", lost, rejects, said)
    if end.status == "complete":
        assert (end.reason, end.through) == (None, head), said
    else:
        assert end.status == "partial", said
        assert end.reason, said
    return f"{end.status}:{end.reason}" if not (rejects or nameless) else "rejects"


def check_whole(world: Any, steps: Any, who: str, head: int = 10**6) -> None:
    for stream in STREAMS:
        mine = [step for step in steps if step.progress.stream == stream]
        assert rows_of(step.batch for step in mine) == truth_of(world, who, stream, head)
        assert (mine[-1].progress.status, mine[-1].progress.through) == ("complete", head)


class Told:
    """A fetcher that gives the bodies that it was told, in order; the last one for ever."""

    def __init__(self, *bodies: Any) -> None:
        self.bodies = list(bodies)
        self.requests: list[Request] = []

    def fetch(self, request: Request) -> Answer:
        self.requests.append(request)
        body = self.bodies.pop(0) if len(self.bodies) > 1 else self.bodies[0]
        if isinstance(body, SourceError):
            raise body
        raw = json.dumps(body).encode()
        answer = Answer(request=request, status=200, body=raw, received_at=datetime(2026, 1, 1, tzinfo=UTC))
        Blockscout.judge(answer)
        return answer


def item(number: int, block: int, **cells: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "hash": f"0x{number:064x}", "block_number": block, "position": 0, "status": "ok", "value": "5", "nonce": number,
        "timestamp": "2026-08-01T10:00:00.000000Z", "from": {"hash": HUB}, "to": {"hash": other(1)}, "raw_input": "0x",
        "fee": {"type": "actual", "value": "7"}, "gas_used": "21000", "gas_limit": "30000",
    }  # fmt: skip
    return facts | cells


def page(*items: Any, following: Any = None) -> dict[str, Any]:
    return {"items": list(items), "next_page_params": following}


def rest(*bodies: Any, chain: str = "ethereum") -> tuple[BlockscoutRest, Told]:
    told = Told(*bodies)
    return BlockscoutRest(chain, told), told


def walk(source: Any, stream: str = "native", first: int = 0, last: int = 1_000) -> list[Any]:
    return list(source.pages(stream, HUB, first, last))
