"""A fake Etherscan V2 that serves a world, over HTTP on this machine or without a socket."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Literal, Self

from cryptotrace.errors import InputError
from cryptotrace.testing.explorers._actions import Chain, honest_reply
from cryptotrace.testing.explorers._chains import KNOWN_IDS, chain_id, chain_list
from cryptotrace.testing.explorers._http import LoopbackServer
from cryptotrace.testing.explorers._index import ChainIndex, Ledgered
from cryptotrace.testing.explorers._replies import (
    BAD_CHAIN,
    NOT_FREE_CHAIN,
    V1,
    Answer,
    RefusedError,
    Reply,
    html,
    notok,
    ok,
    plain,
    too_many,
)
from cryptotrace.testing.explorers._requests import Asked
from cryptotrace.testing.explorers._spoil import Scene, on_the_wire, replaced, with_wrong_rows, with_wrong_text
from cryptotrace.testing.explorers.faults import Fault, Faults
from cryptotrace.testing.explorers.plans import Meter, Plan

__all__ = ["FakeEtherscan", "Request"]

_API, _LIST, _OLD = "/v2/api", "/v2/chainlist", "/api"
_WINDOWS = {
    **dict.fromkeys(("txlist", "txlistinternal", "tokentx", "txsbeaconwithdrawal"), ("startblock", "endblock")),
    "getlogs": ("fromblock", "toblock"),
}
"""Actions that ask for a range of blocks, in lower case, with the parameters that bound it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that the explorer had.

    Attributes
    ----------
    number : int
        Counted from 1.
    path : str
        Without the query.
    params : Mapping
        Without the key.
    at : float
        POSIX seconds on the explorer's clock.
    status : int
        HTTP status of the answer, also where it was not delivered.
    rows : int
        Rows in the answer.
    refused : str
        Text with which the plan or the key check refused it; empty where it was let in.
    faults : tuple of str
        Kinds of the faults that hit it.
    """

    number: int
    path: str
    params: Mapping[str, str]
    at: float
    status: int
    rows: int
    refused: str
    faults: tuple[str, ...]


class FakeEtherscan:
    """A block explorer for tests: strict about requests, honest about its world, and wrong only where it is told to be.

    Used as a context manager it listens on a free port of 127.0.0.1; `answer` also works without that.

    Parameters
    ----------
    world : World, SmallWorld, or a mapping of chain name to such
        What it serves; any object with ``transfers`` and ``transactions`` in the layout of a world. The chain column of
        the rows is not read.
    chain : str, default "ethereum"
        Name of the chain where ``world`` is a single one.
    key : str or sequence of str, default "test-key"
        Keys of one account: limits count over all of them and over all chains, as with the real one.
    plan : Plan, optional
        Limits of the account; the free plan where it is left out.
    faults : Faults, Fault or sequence of Fault, optional
        What goes wrong.
    head : int, optional
        Last block that can be seen; the last block with a row where it is left out.
    log_index : {"absent", "present", "0x"}
        Whether token rows name their log: not at all, as a number, or in hex with ``0x`` for zero.
    clock : callable, optional
        Returns POSIX seconds; limits count on it.
    sleep : callable, optional
        Waits while an answer is held back. By default it waits on the wall clock and is woken by `close`.
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
    UnknownChainError
        If the chain is none of Etherscan's.

    Notes
    -----
    Served: ``account`` txlist, txlistinternal (address, transaction, or block range on a paid plan), tokentx,
    txsBeaconWithdrawal, getminedblocks, balance, balancemulti, tokenbalance; ``logs`` getLogs; ``block`` getblocknobytime;
    ``proxy`` eth_blockNumber, eth_getBlockByNumber, eth_getTransactionByHash, eth_getTransactionCount,
    eth_getTransactionReceipt; getapilimit;
    ``/v2/chainlist``. Logs are
    the transfers and approvals of the world. Made up, but the same every time: hashes of blocks, gas, nonces, call data;
    gas used times gas price is the fee. Block times lie on straight lines between blocks that have rows.

    Stricter than the real server: unknown parameters and malformed numbers are errors. Of the real one it is not known
    what ``offset`` above the plan's cap does (`Plan.over_cap`) and whether token rows name their log today.

    A world is indexed once, O(n log n); a request costs O(rows of the address).

    Examples
    --------
    >>> from cryptotrace.testing.explorers import FakeEtherscan, Fault, random_chain
    >>> explorer = FakeEtherscan(random_chain(1), faults=Fault("html", 502))
    >>> head = {"chainid": "1", "module": "proxy", "action": "eth_blockNumber", "apikey": "test-key"}
    >>> [explorer.answer(head).status for _ in range(2)]
    [502, 200]

    The same over HTTP is ``with explorer:`` and a request to ``explorer.url``.
    """

    def __init__(
        self,
        world: Ledgered | Mapping[str, Ledgered],
        *,
        chain: str = "ethereum",
        key: str | Sequence[str] = "test-key",
        plan: Plan | None = None,
        faults: Faults | Fault | Sequence[Fault] = (),
        head: int | None = None,
        log_index: Literal["absent", "present", "0x"] = "absent",
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] | None = None,
        hold_seconds: float = 0.2,
    ) -> None:
        if log_index not in ("absent", "present", "0x"):
            raise InputError(f"unknown choice {log_index!r}", where="log_index", hint="absent, present or 0x")
        worlds = world if isinstance(world, Mapping) else {chain: world}
        self._chains = {
            chain_id(name): Chain(index=ChainIndex(one), chain_id=chain_id(name), log_index=log_index)
            for name, one in worlds.items()
        }
        self._heads = {one: served.index.last_block if head is None else head for one, served in self._chains.items()}
        self._keys = (key,) if isinstance(key, str) else tuple(key)
        self.plan = Plan() if plan is None else plan
        self.faults = faults if isinstance(faults, Faults) else Faults(*((faults,) if isinstance(faults, Fault) else faults))
        self.requests: list[Request] = []
        self.failures: list[BaseException] = []
        self._clock = clock
        self._meter = Meter(self.plan, clock)
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
        """Address of the API, ``http://127.0.0.1:PORT/v2/api``."""
        return self._root() + _API

    @property
    def chainlist_url(self) -> str:
        """Address of the list of chains, which needs no key."""
        return self._root() + _LIST

    def start(self) -> None:
        """Listen; does nothing where it already does."""
        if self._server is None:
            self._server = LoopbackServer(
                self.answer,
                self.failures.append,
                clock=self._clock,
                sleep=self._sleep,
                hold_seconds=self._hold_seconds,
            )

    def close(self) -> None:
        """Stop listening and drop all connections, within a second; safe to call again."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def head(self, chain: str = "ethereum") -> int:
        """Return the last block that can be seen now."""
        return self._heads[chain_id(chain)]

    def answer(self, params: Mapping[str, str], *, path: str = _API) -> Answer:
        """Answer one request without a socket.

        Parameters
        ----------
        params : Mapping
            The query, with chain id and key.
        path : str, default "/v2/api"
            The path.

        Returns
        -------
        Answer
            Status, headers and body; ``wire`` says where it would not have been delivered.
        """
        with self._lock:
            number, hits = len(self.requests) + 1, len(self.faults.log)
            shown = {name: value for name, value in params.items() if name.lower() != "apikey"}
            answer, refused = self._answer(number, dict(params), shown, path)
            request = Request(
                number=number,
                path=path,
                params=shown,
                at=self._clock(),
                status=answer.status,
                rows=answer.rows,
                refused=refused,
                faults=tuple(hit.fault.kind for hit in self.faults.log[hits:]),
            )
            self.requests.append(request)
            return answer

    def _answer(self, number: int, params: dict[str, str], shown: dict[str, str], path: str) -> tuple[Answer, str]:
        if path == _LIST:
            listed = plain(Reply(body=chain_list(self._root() + _API)))
            return self.faults.spoil("wire", number, shown, listed, on_the_wire), ""
        if path == _OLD:
            return plain(notok(V1)), V1
        if path != _API:
            return html(404), "no such path"
        asked = Asked(params, head=0, plan=self.plan)
        refusal = self._refusal(asked)
        if refusal is not None:
            return refusal
        asked.head = self._move_head(number, shown, int(asked.text("chainid")))
        answer = self._spoilt(number, shown, asked)
        return self.faults.spoil("wire", number, shown, answer, on_the_wire), ""

    def _refusal(self, asked: Asked) -> tuple[Answer, str] | None:
        known = asked.text("chainid").isdecimal() and int(asked.text("chainid")) in KNOWN_IDS | set(self._chains)
        if not known:
            return plain(notok(BAD_CHAIN)), BAD_CHAIN
        if not asked.text("apikey"):
            return plain(notok("Missing/Invalid API Key")), "Missing/Invalid API Key"
        if asked.text("apikey") not in self._keys:
            text = self._meter.bad_key()
            return plain(notok(text)), text
        text = self._meter.refusal()
        if text:
            as_429 = self.plan.refusal == "429"
            return (too_many(text, self.plan.retry_after) if as_429 else plain(notok(text))), text
        chain = int(asked.text("chainid"))
        if chain in self.plan.chains_not_free and asked.text("module") != "getapilimit":
            return plain(notok(NOT_FREE_CHAIN)), NOT_FREE_CHAIN
        return None if chain in self._chains else (plain(notok(BAD_CHAIN)), BAD_CHAIN)

    def _move_head(self, number: int, shown: dict[str, str], chain: int) -> int:
        head = self.faults.spoil(
            "head", number, shown, self._heads[chain], lambda fault, block: block + int(str(fault.setting))
        )
        self._heads[chain] = head
        return head

    def _spoilt(self, number: int, shown: dict[str, str], asked: Asked) -> Answer:
        scene = _scene(asked, partial(self._count_rows, asked))
        # an empty answer stands for: nothing came instead
        nothing = Answer(body=b"", status=0)
        answer = self.faults.spoil("instead", number, shown, nothing, lambda fault, _: replaced(fault, scene))
        if answer is not nothing:
            return answer
        reply = self.faults.spoil("rows", number, shown, self._honest(asked), with_wrong_rows)
        return self.faults.spoil("text", number, shown, plain(reply), with_wrong_text)

    def _honest(self, asked: Asked) -> Reply:
        if asked.text("module").lower() == "getapilimit" == asked.text("action").lower():
            limit = self.plan.calls_per_day or 0
            used = self._meter.used_today
            left = max(0, limit - used)
            return ok({"creditsUsed": used, "creditsAvailable": left, "creditLimit": limit, "limitInterval": "daily"})
        return honest_reply(self._chains[int(asked.text("chainid"))], asked)

    def _count_rows(self, asked: Asked) -> int:
        whole = {name: value for name, value in asked.params.items() if name not in ("page", "offset")}
        everything = replace(self.plan, page_cap=10**9, window=10**9)
        return len(self._honest(Asked(whole, head=asked.head, plan=everything)).rows or ())

    def _root(self) -> str:
        return "http://127.0.0.1:0" if self._server is None else self._server.root


def _scene(asked: Asked, rows_in_window: Callable[[], int]) -> Scene:
    blocks = None
    names = _WINDOWS.get(asked.text("action").lower())
    if names is not None and "txhash" not in asked:
        try:
            blocks = max(0, min(asked.block(names[1], asked.head), asked.head) - asked.block(names[0], 0) + 1)
        except RefusedError:
            blocks = None  # the honest reply says so
    return Scene(params=asked.params, blocks=blocks, rows_in_window=rows_in_window)
