"""What the tests of nodes share: a fetcher that asks in process, and the node of a real EVM behind it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from evm_rpc import EvmRpc, RpcError

from cryptotrace.errors import TransientSourceError
from cryptotrace.sources._http import HttpFetcher
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.limits import Pace
from cryptotrace.sources.rpc.answers import classify
from cryptotrace.sources.rpc.lists import Rpc
from cryptotrace.testing._rows import START
from cryptotrace.testing.explorers import FakeRpc, SmallWorld

Reply = Callable[[str], "tuple[int, bytes]"]


class InProcess(HttpFetcher):
    """Asks without a socket; ``reply`` takes the payload and gives status and body."""

    def __init__(self, reply: Reply, **settings: Any) -> None:
        pace = Pace(1e9, sleep=lambda _: None)
        super().__init__(
            "http://127.0.0.1", **{"classify": classify, "pace": pace, "sleep": lambda _: None, "attempts": 3, **settings}
        )
        self.reply = reply
        self.asked: list[Any] = []

    def _send(self, request: Request) -> Answer:
        self.asked.append(json.loads(request.payload))
        status, body = self.reply(request.payload)
        return Answer(request=request, status=status, body=body, received_at=datetime.now(UTC))


class MainnetRpc(EvmRpc):
    """The executing node, under the name of a chain that we know."""

    def answer(self, method: str, params: Any) -> Any:
        return "0x1" if method == "eth_chainId" else super().answer(method, params)


def replying(rpc: EvmRpc) -> Reply:
    def one(request: Any) -> dict[str, Any]:
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
        try:
            return answer | {"result": rpc.answer(request["method"], request["params"])}
        except RpcError as error:
            shown = {"code": error.code, "message": error.message}
            return answer | {"error": shown if error.data is None else {**shown, "data": error.data}}

    def reply(payload: str) -> tuple[int, bytes]:
        asked = json.loads(payload)
        return 200, json.dumps([one(each) for each in asked] if isinstance(asked, list) else one(asked)).encode()

    return reply


def source_over_evm(rpc: EvmRpc, **settings: Any) -> Rpc:
    return Rpc("ethereum", InProcess(replying(rpc)), **settings)


class FakeFetcher(HttpFetcher):
    """Asks a fake node without a socket; its transport faults become the errors that they are over HTTP."""

    def __init__(self, node: FakeRpc, **settings: Any) -> None:
        pace = Pace(1e9, sleep=lambda _: None)
        settings = {"classify": classify, "pace": pace, "sleep": lambda _: None, "attempts": 3, **settings}
        super().__init__("http://127.0.0.1" + node.path, **settings)
        self.node = node

    def _send(self, request: Request) -> Answer:
        answer = self.node.answer(dict(request.parameters), path=self.node.path + request.path, payload=request.payload)
        if answer.wire:
            raise TransientSourceError("no connection", where="in process")
        return Answer(
            request=request, status=answer.status, body=answer.body, received_at=datetime.now(UTC), headers=answer.headers
        )


def source_over(node: FakeRpc, *, trace_rows: int = 1_000, scan_blocks: int = 5_000, **settings: Any) -> Rpc:
    source = Rpc("ethereum", FakeFetcher(node, **settings), scan_blocks=scan_blocks)
    source.trace_rows = trace_rows
    return source


def dense(world: SmallWorld) -> SmallWorld:
    """Give the same world in blocks 1, 2, 3 …, so that all of them can be read."""
    numbers = {block: at for at, block in enumerate(sorted({row.block for row in world.transactions}), 1)}

    def moved(row: Any) -> Any:
        at = numbers[row.block]
        return replace(row, block=at, time=START + timedelta(seconds=12 * at))

    return replace(
        world,
        transfers=tuple(map(moved, world.transfers)),
        transactions=tuple(map(moved, world.transactions)),
        approvals=tuple(map(moved, world.approvals)),
    )
