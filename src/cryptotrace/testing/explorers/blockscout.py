"""A fake Blockscout that serves a world: the Etherscan-like RPC, REST v2 and the node beside them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Literal, Self

from cryptotrace.errors import InputError
from cryptotrace.testing.explorers._blockscout_rest import NOT_FOUND, RestLists
from cryptotrace.testing.explorers._blockscout_rpc import Served, node_reply, paging_of, rpc_reply
from cryptotrace.testing.explorers._blockscout_spoil import (
    BlockscoutScene,
    Items,
    as_json,
    replaced,
    too_many,
    with_delegatecalls,
    with_wrong_items,
)
from cryptotrace.testing.explorers._chains import chain_id
from cryptotrace.testing.explorers._http import LoopbackServer
from cryptotrace.testing.explorers._index import ChainIndex, Ledgered
from cryptotrace.testing.explorers._replies import Answer, RefusedError, Reply, plain
from cryptotrace.testing.explorers._requests import Asked
from cryptotrace.testing.explorers._spoil import on_the_wire, with_wrong_rows, with_wrong_text
from cryptotrace.testing.explorers.etherscan import Request
from cryptotrace.testing.explorers.faults import Fault, Faults
from cryptotrace.testing.explorers.plans import Meter, Plan

__all__ = ["FakeBlockscout"]

_LISTS = ("txlist", "txlistinternal", "tokentx")
_UNLIMITED = Plan(calls_per_second=None, calls_per_day=None)


@dataclass(frozen=True, slots=True)
class _Question:
    """One request, taken apart: which dialect, what it is called, and what faults may look at."""

    dialect: Literal["rpc", "rest", "node", ""]
    name: str
    params: Mapping[str, str]
    call: Mapping[str, Any]


class FakeBlockscout:
    """A Blockscout for tests: strict about requests, honest about its world, and wrong only where it is told to be.

    Used as a context manager it listens on a free port of 127.0.0.1; `answer` also works without that.

    Parameters
    ----------
    world : World or SmallWorld
        What it serves; any object with ``transfers`` and ``transactions`` in the layout of a world.
    chain : str, default "ethereum"
        Name of its chain.
    key : str or None
        Where one is given, nothing is answered without it, as by the hosted service; None for a single instance.
    hosted : bool, default False
        Whether the node answers at ``/json-rpc``, as that of the hosted service, and not at ``/api/eth-rpc``.
    plan : Plan, optional
        Calls a second and a day; no limit where it is left out. A call too many gets HTTP 429, and how long to wait in
        milliseconds.
    faults : Faults, Fault or sequence of Fault, optional
        What goes wrong. ``Fault.actions`` are the actions of the RPC, the last words of a path of REST v2, or the methods
        of the node.
    head : int, optional
        Last block that can be seen; the last block with a row where it is left out.
    page_rows : int, default 50
        Items a page of REST v2.
    log_index : bool, default False
        Whether token rows of the RPC name their log; those of REST v2 always do.
    indexed_to : int, optional
        Last block whose inner payments are processed: the RPC answers status "2" beyond it, with the rows that it has.
    finished : bool, default True
        What the indexing status of REST v2 says.
    pending : int, default 0
        So many transactions in no block stand before the others in REST v2.
    old_names : bool, default False
        Whether items have the field names of older servers.
    unseen : {"empty", "404"}
        What REST v2 says of an address that was never in a row.
    clock : callable, optional
        Returns POSIX seconds; limits count on it.
    sleep : callable, optional
        Waits while an answer is held back.
    hold_seconds : float, default 0.2
        For how long an answer is held back where the fault does not say.

    Attributes
    ----------
    requests : list of Request
        All requests so far; keys are not kept.
    faults : Faults
        The faults with their log.
    failures : list of BaseException
        Defects of the fake itself; raised on leaving the context.

    Raises
    ------
    InputError
        If the rows contradict one another.

    Notes
    -----
    Served: RPC ``account`` txlist, txlistinternal, tokentx, balance, balancemulti, tokenbalance; ``logs`` getLogs (topics
    padded with null, no pages); ``block`` getblocknobytime (an object), eth_block_number. REST v2: the three lists of an
    address, its withdrawals and the blocks that it made, the indexing status. Node: eth_blockNumber, eth_chainId,
    eth_getBlockByNumber, eth_getTransactionCount, eth_getTransactionReceipt. Stricter than the real server: unknown parameters
    are errors, and a cursor must be one that was given for the same list.

    Examples
    --------
    >>> from cryptotrace.testing.explorers import FakeBlockscout, random_chain
    >>> explorer = FakeBlockscout(random_chain(1))
    >>> explorer.answer({"module": "block", "action": "eth_block_number"}, path="/api").status
    200
    """

    def __init__(
        self,
        world: Ledgered,
        *,
        chain: str = "ethereum",
        key: str | None = None,
        hosted: bool = False,
        plan: Plan = _UNLIMITED,
        faults: Faults | Fault | Sequence[Fault] = (),
        head: int | None = None,
        page_rows: int = 50,
        log_index: bool = False,
        indexed_to: int | None = None,
        finished: bool = True,
        pending: int = 0,
        old_names: bool = False,
        unseen: Literal["empty", "404"] = "empty",
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] | None = None,
        hold_seconds: float = 0.2,
    ) -> None:
        if page_rows < 1 or unseen not in ("empty", "404"):
            raise InputError("page_rows is 1 or more, and unseen is empty or 404", where="FakeBlockscout")
        index = ChainIndex(world)
        self._served = Served(index=index, chain_id=chain_id(chain), log_index=log_index, indexed_to=indexed_to)
        self._lists = RestLists(index=index, page_rows=page_rows, pending=pending, old_names=old_names, unseen=unseen)
        self._head = index.last_block if head is None else head
        self._key = key
        self._node_path = "/json-rpc" if hosted else "/api/eth-rpc"
        self._finished = finished
        self.plan = plan
        self.faults = faults if isinstance(faults, Faults) else Faults(*((faults,) if isinstance(faults, Fault) else faults))
        self.requests: list[Request] = []
        self.failures: list[BaseException] = []
        self._clock = clock
        self._meter = Meter(plan, clock)
        self._lock = threading.Lock()
        self._sleep = sleep
        self._hold_seconds = hold_seconds
        self._server: LoopbackServer | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
        if error is None and self.failures:
            raise self.failures[0]

    @property
    def url(self) -> str:
        """Its address without ``/api``, ``http://127.0.0.1:PORT``."""
        return "http://127.0.0.1:0" if self._server is None else self._server.root

    @property
    def head(self) -> int:
        """The last block that can be seen now."""
        return self._head

    def start(self) -> None:
        """Listen; does nothing where it already does."""
        if self._server is None:
            self._server = LoopbackServer(
                self.answer,
                self.failures.append,
                clock=self._clock,
                sleep=self._sleep,
                hold_seconds=self._hold_seconds,
                posts=True,
            )

    def close(self) -> None:
        """Stop listening and drop all connections, within a second; safe to call again."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def answer(self, params: Mapping[str, str], *, path: str, payload: str = "") -> Answer:
        """Answer one request without a socket.

        Parameters
        ----------
        params : Mapping
            The query, with the key.
        path : str
            The path: ``/api``, ``/api/v2/…``, ``/api/eth-rpc``.
        payload : str
            What was posted.

        Returns
        -------
        Answer
            Status, headers and body; ``wire`` says where it would not have been delivered.
        """
        with self._lock:
            number, hits = len(self.requests) + 1, len(self.faults.log)
            shown = {name: value for name, value in params.items() if name.lower() != "apikey"}
            question = self._question(shown, path, payload)
            shown["action"] = question.name
            refusal = self._refusal(params, question)
            answer = refusal or self._spoilt(number, shown, question)
            if refusal is None:
                answer = self.faults.spoil("wire", number, shown, answer, on_the_wire)
            request = Request(
                number=number,
                path=path,
                params=shown,
                at=self._clock(),
                status=answer.status,
                rows=answer.rows,
                refused="" if refusal is None else f"HTTP {refusal.status}",
                faults=tuple(hit.fault.kind for hit in self.faults.log[hits:]),
            )
            self.requests.append(request)
            return answer

    def _question(self, params: Mapping[str, str], path: str, payload: str) -> _Question:
        if path == "/api" and not payload:
            return _Question("rpc", params.get("action", ""), dict(params), {})
        if path.startswith("/api/v2/") and not payload:
            return _Question("rest", path.rpartition("/")[2], dict(params), {"path": path.removeprefix("/api/v2/")})
        if path == self._node_path and payload:
            try:
                call = json.loads(payload)
            except ValueError:
                call = {}
            call = call if isinstance(call, dict) else {}
            return _Question("node", str(call.get("method")), dict(params), call)
        return _Question("", "", dict(params), {})

    def _refusal(self, params: Mapping[str, str], question: _Question) -> Answer | None:
        """Refuse what the gateway does not let through."""
        given = next((value for name, value in params.items() if name.lower() == "apikey"), None)
        if self._key is not None and given != self._key:
            return as_json(402 if given is None else 401, {"error": "API key is missing or invalid", "source": "internal"})
        if self._meter.refusal():
            return too_many(rest=question.dialect == "rest", reset_ms=1_000)
        return NOT_FOUND if not question.dialect else None

    def _spoilt(self, number: int, shown: dict[str, str], question: _Question) -> Answer:
        self._head = self.faults.spoil("head", number, shown, self._head, lambda fault, block: block + int(str(fault.setting)))
        scene = self._scene(question)
        nothing = Answer(body=b"", status=0)
        answer = self.faults.spoil("instead", number, shown, nothing, lambda fault, _: replaced(fault, scene))
        if answer is not nothing:
            return answer
        honest = self._honest(question)
        if isinstance(honest, Items):
            answer = self.faults.spoil("rows", number, shown, honest, with_wrong_items).encoded()
        elif isinstance(honest, Reply):
            answer = plain(self.faults.spoil("rows", number, shown, honest, _with_wrong_rows))
        else:
            answer = honest
        return self.faults.spoil("text", number, shown, answer, with_wrong_text)

    def _honest(self, question: _Question) -> Reply | Items | Answer:
        if question.dialect == "rpc":
            return rpc_reply(self._served, Asked(question.params, head=self._head, plan=self.plan))
        if question.dialect == "node":
            params = question.call.get("params")
            return node_reply(self._served, question.name, params if isinstance(params, list) else [], self._head)
        parts = str(question.call["path"]).split("/")
        if parts == ["main-page", "indexing-status"]:
            return self._indexing()
        if len(parts) == 3 and parts[0] == "addresses":
            return self._lists.page(parts[1], parts[2], question.params, self._head)
        return NOT_FOUND

    def _indexing(self) -> Answer:
        ratio = "1.00" if self._finished else "0.97"
        status = {"finished_indexing": self._finished, "finished_indexing_blocks": True, "indexed_blocks_ratio": "1.00"}
        return as_json(200, {**status, "indexed_internal_transactions_ratio": ratio})

    def _scene(self, question: _Question) -> BlockscoutScene:
        asked = Asked(question.params, head=self._head, plan=self.plan)
        blocks = None
        if question.dialect == "rpc" and question.name in _LISTS and "txhash" not in asked:
            try:
                paging = paging_of(asked)
                blocks = max(0, paging.last - paging.first + 1)
            except RefusedError:
                blocks = None  # the honest reply says so
        return BlockscoutScene(dialect=question.dialect, blocks=blocks, rows_in_window=lambda: self._count_rows(question))

    def _count_rows(self, question: _Question) -> int:
        whole = {name: value for name, value in question.params.items() if name not in ("page", "offset")}
        reply = self._honest(replace(question, params=whole))
        return len(reply.rows or ()) if isinstance(reply, Reply) else 0


def _with_wrong_rows(fault: Fault, reply: Reply) -> Reply | None:
    """Return a reply with other rows; what Etherscan calls a delegatecall has another form here."""
    return with_delegatecalls(reply) if fault.kind == "delegatecall" else with_wrong_rows(fault, reply)
