"""Asking a node: one question or several a request, what the node can do, its head, and the state at that head."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from cryptotrace.codecs import ChainInfo, chain_of, parse_address
from cryptotrace.errors import BadRequest, InputError, MalformedAnswer, NotIndexedYet, PlanRequired, TransientSourceError
from cryptotrace.sources.base import Answer, Fetcher, Request
from cryptotrace.sources.cells import utc_time
from cryptotrace.sources.evm.amounts import name_of, quantity
from cryptotrace.sources.evm.node import EvmNode
from cryptotrace.sources.evm.receipts import Receipt, Transaction, read_receipt, read_transaction
from cryptotrace.sources.rpc.answers import BatchRefused, Reorganised, classify, read_results
from cryptotrace.sources.rpc.forks import FORK, heads_of
from cryptotrace.sources.rpc.results import decoded

if TYPE_CHECKING:
    from web3 import Web3

__all__ = ["Abilities", "Block", "Call", "RpcNode", "again"]

Call = tuple[str, list[Any]]
"""A method and its parameters."""

_REASKS = 3
_BATCH = 50
_NO_TX = "0x" + "0" * 64
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}", re.ASCII)
_FINAL_AFTER = {"polygon": 256, "bsc": 15, "arbitrum": 4_800, "optimism": 600, "base": 600}
"""Chain -> blocks below the tip that count as final where the node does not tell; 64 elsewhere (two epochs of Ethereum)."""
_FINAL_AFTER_ELSEWHERE = 64
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a node offers beyond logs: questions in one request, ``trace_filter``, ``debug_traceTransaction``."""

    batch: int = _BATCH
    trace_filter: bool = False
    debug: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block: its number, hash and time, and its transactions as they came (hashes or objects) and withdrawals."""

    number: int
    hash: str
    time: datetime
    transactions: tuple[Any, ...]
    withdrawals: tuple[Any, ...]


class RpcNode(EvmNode):
    """The questions that are no list; a part of :class:`~cryptotrace.sources.rpc.Rpc`.

    Parameters
    ----------
    chain : str
        Any name of an EVM chain.
    fetcher : Fetcher
        Where answers come from.
    on_rate : callable
        Told the calls per second of a plan; no node tells them.

    Raises
    ------
    InputError
        If the chain is no EVM chain.
    """

    name = "rpc"
    streams = ("native", "internal", "token")
    questions = 3
    balances_at_head = True
    """Balances are those of the head block, not of now: rows up to that block add up to them."""

    def __init__(self, chain: str, fetcher: Fetcher, *, on_rate: Callable[[float], None] = lambda _: None) -> None:
        info = chain_of(chain)
        if info.family != "evm":
            raise InputError(f"no node of {info.name} is asked", where="open_source", hint="Use an explorer of that chain")
        self._chain: ChainInfo = info
        self.fetcher = fetcher
        self._on_rate = on_rate
        self._abilities: Abilities | None = None
        self._head: tuple[int, str] | None = None

    @staticmethod
    def judge(answer: Answer) -> None:
        """Raise the error that an answer is, if it is one."""
        classify(answer)

    @property
    def chain(self) -> str:
        """Our name of the chain."""
        return self._chain.name

    # -- questions -------------------------------------------------------------------------------------------------------

    def _fetch(self, payload: Any, stream: str, subject: str, run: str) -> list[msgspec.Raw]:
        request = Request(
            source=self.name,
            chain=self.chain,
            stream=stream,
            subject=subject,
            run=run,
            payload=json.dumps(payload, separators=(",", ":"), sort_keys=True),
        )
        return read_results(self.fetcher.fetch(request))

    def _one(self, stream: str, method: str, params: list[Any], *, subject: str = "", run: str = "") -> Any:
        """Ask one question."""
        found = self._fetch(_numbered(1, (method, params)), stream, subject, run)[0]
        return decoded(found, f"{self.name} {self.chain} {stream} {subject}".strip())

    def _many(self, calls: Sequence[Call], stream: str, *, subject: str, run: str, most: int = _BATCH) -> list[Any]:
        """Ask several questions in as few requests as the node takes; results in the order of the questions."""
        where = f"{self.name} {self.chain} {stream} {subject}".strip()
        return [decoded(one, where) for one in self._raw_many(calls, stream, subject=subject, run=run, most=most)]

    def _raw_many(self, calls: Sequence[Call], stream: str, *, subject: str, run: str, most: int = _BATCH) -> list[msgspec.Raw]:
        """Ask the same; results as they came."""
        size = min(most, self.abilities.batch if len(calls) > 1 else 1)
        found: list[msgspec.Raw] = []
        for at in range(0, len(calls), size):
            found += self._together(calls[at : at + size], stream, subject, run)
        return found

    def _together(self, calls: Sequence[Call], stream: str, subject: str, run: str) -> list[msgspec.Raw]:
        if len(calls) == 1:
            return self._fetch(_numbered(1, calls[0]), stream, subject, run)
        try:
            return self._fetch([_numbered(at, call) for at, call in enumerate(calls, 1)], stream, subject, run)
        except BatchRefused:
            middle = len(calls) // 2
            return self._together(calls[:middle], stream, subject, run) + self._together(calls[middle:], stream, subject, run)

    # -- what the node can do --------------------------------------------------------------------------------------------

    @property
    def abilities(self) -> Abilities:
        """What the node offers; asked for where that is not known yet."""
        if self._abilities is None:
            self._abilities = self._learn("")
        return self._abilities

    def prepare(self, run: str) -> None:
        """Find out what the node offers, that it is one of the right chain, and under which head block the run reads.

        Raises
        ------
        BadRequest
            If the node is one of another chain.
        """
        self.head(run)
        self._abilities = self._learn(run)

    def _learn(self, run: str) -> Abilities:
        chain: Call = ("eth_chainId", [])
        batch = _BATCH
        try:
            numbers = self._fetch([_numbered(1, chain), _numbered(2, chain)], "plan", "", run)
            told = [decoded(number, f"{self.name} {self.chain}") for number in numbers]
        except BadRequest:
            batch, told = 1, [self._one("plan", *chain, run=run)]
        if any(str(one).lower() != hex(self._chain.evm_chain_id or 0) for one in told):
            where = f"{self.name} {self.chain}"
            raise BadRequest("this node is one of another chain", where=where, hint="Check the chain and RPC_URL")
        nobody = ["0x" + "0" * 39 + "1"]
        filters = self._offers("trace_filter", [{"fromBlock": "0x1", "toBlock": "0x1", "fromAddress": nobody, "count": 1}], run)
        return Abilities(
            batch=batch,
            trace_filter=filters,
            debug=not filters and self._offers("debug_traceTransaction", [_NO_TX, {"tracer": "callTracer"}], run),
        )

    def _offers(self, method: str, params: list[Any], run: str) -> bool:
        try:
            self._one("plan", method, params, run=run)
        except (BadRequest, PlanRequired):
            return False
        except NotIndexedYet:
            return True  # it looked for the transaction
        return True

    # -- the head --------------------------------------------------------------------------------------------------------

    def head(self, run: str) -> int:
        """Give the newest final block: what the node calls finalized, else safe, else the tip less a margin."""
        for tag in ("finalized", "safe"):
            try:
                found = self._one("head", "eth_getBlockByNumber", [tag, False], run=run)
            except (BadRequest, PlanRequired, NotIndexedYet):
                continue
            if found is not None:
                block = self._block(found, None)
                if block.number:
                    self._head = (block.number, block.hash)
                    return block.number
        tip = self._number(self._one("head", "eth_blockNumber", [], run=run), "block number")
        number = max(0, tip - _FINAL_AFTER.get(self.chain, _FINAL_AFTER_ELSEWHERE))
        block = self._block(self._one("head", "eth_getBlockByNumber", [hex(number), False], run=run), number)
        self._head = (number, block.hash)
        return number

    def standing(self, told: Iterable[Answer], run: str) -> int | None:
        """Hold what earlier runs were told of their heads against the chain as it is now.

        Returns
        -------
        int or None
            The newest head that still stands, -1 where none does: rows above it are of blocks that are gone. None where the
            newest of all stands, or nothing was told.

        Raises
        ------
        TransientSourceError
            If the node does not know such a block: it may lag behind, and nothing is forgotten for that.

        Notes
        -----
        One request, and one more for each head that is gone.
        """
        heads = heads_of(told)
        for at, (number, known) in enumerate(heads):

            def question(run: str, number: int = number) -> Block:
                found = self._one(FORK, "eth_getBlockByNumber", [hex(number), False], run=run)
                if found is None:
                    what = f"the node does not know block {number:,}, under which an earlier run read"
                    raise TransientSourceError(what, where=f"{self.name} {self.chain}", hint="Try again later, or another node")
                return self._block(found, number)

            if again(question, run).hash == known:
                return number if at else None
        return -1 if heads else None

    def _known_head(self, run: str) -> int:
        return self.head(run) if self._head is None else self._head[0]

    def _check_head(self, found: Any) -> None:
        """Hold the head block of the run against what the node says of it now."""
        assert self._head is not None
        number, known = self._head
        if found is None or self._block(found, number).hash != known:
            raise Reorganised(
                f"block {number} is no longer the one that this run began under",
                where=f"{self.name} {self.chain}",
                hint="Collect again: the next run reads under a new head",
            )

    def _block(self, found: Any, number: int | None) -> Block:
        """Read a block; one of another number is no answer."""
        where = f"{self.name} {self.chain} block {'' if number is None else number}".strip()
        if found is None:
            raise NotIndexedYet("the node has no such block, or not yet", where=where, hint="Ask again later")
        try:
            block = Block(
                number=quantity(found["number"], "number"),
                hash=name_of(found["hash"], "hash"),
                time=utc_time(quantity(found["timestamp"], "timestamp"), "timestamp"),
                transactions=tuple(found.get("transactions") or ()),
                withdrawals=tuple(found.get("withdrawals") or ()),
            )
        except (InputError, KeyError, TypeError, AttributeError) as problem:
            raise MalformedAnswer("no block", where=where, hint="Ask again") from problem
        if number is not None and block.number != number:
            raise MalformedAnswer("another block than was asked for", where=where, hint="Ask again")
        return block

    def _number(self, text: Any, what: str) -> int:
        if not isinstance(text, str) or not _QUANTITY.fullmatch(text):
            raise MalformedAnswer(f"the {what} is no number", where=f"{self.name} {self.chain}", hint="Try again")
        return int(text, 16)

    # -- state at the head -----------------------------------------------------------------------------------------------

    def web3(self, run: str = "", *, subject: str = "", stream: str = "call") -> Web3:
        """Give a ``Web3`` whose questions go through our fetcher: its pace, its journal, its care for the key.

        Parameters
        ----------
        run : str
            As in :class:`~cryptotrace.sources.base.Request`.
        subject, stream : str
            What the questions are about.

        Notes
        -----
        Importing web3 takes about a second.
        """
        from cryptotrace.sources.rpc.web3_provider import web3_over

        return web3_over(lambda method, params: self._one(stream, method, params, subject=subject, run=run))

    def balance(self, address: str, contract: str | None, run: str) -> int:
        """Give the balance in base units at the head block exactly; a node without old state asks for an archive."""
        subject, block = parse_address(address, self.chain), hex(self._known_head(run))
        if contract is None:
            return self._number(
                self._one("balance", "eth_getBalance", [subject, block], subject=subject, run=run), "balance"
            )  # fmt: skip
        from cryptotrace.sources.rpc.web3_provider import token_balance

        web3 = self.web3(run, subject=subject, stream="balance")
        return token_balance(web3, parse_address(contract, self.chain), subject, int(block, 16))

    def nonce(self, address: str, run: str) -> int:
        """Give the number of transactions that the account signed, up to the head block exactly."""
        subject, block = parse_address(address, self.chain), hex(self._known_head(run))
        return self._number(
            self._one("nonce", "eth_getTransactionCount", [subject, block], subject=subject, run=run), "number of transactions"
        )

    def token(self, contract: str, run: str = "") -> tuple[str | None, int | None]:
        """Give symbol and decimals that a token states at the head block; None for what it does not."""
        from cryptotrace.sources.rpc.web3_provider import token_facts

        return token_facts(self.web3(run, stream="token facts"), parse_address(contract, self.chain), self._known_head(run))

    def _receipt(self, tx_hash: str, subject: str) -> Receipt:
        where = f"{self.name} {self.chain} receipt {tx_hash}"

        def question(run: str) -> Receipt:
            found = self._one("receipt", "eth_getTransactionReceipt", [tx_hash], subject=subject, run=run)
            return read_receipt(found, self._chain, tx_hash=tx_hash, where=where)

        return again(question)

    def _time_of(self, receipt: Receipt, subject: str) -> datetime:
        return self._times({receipt.block: receipt.block_hash}, "receipt", subject)[receipt.block]

    # -- what lists need besides -----------------------------------------------------------------------------------------

    def _times(self, blocks: Mapping[int, str | None], stream: str, subject: str) -> dict[int, datetime]:
        """Ask for the time of blocks; each must be the one of the hash that is known."""
        numbers = sorted(blocks)
        calls: list[Call] = [("eth_getBlockByNumber", [hex(number), False]) for number in numbers]

        def question(run: str) -> dict[int, datetime]:
            times: dict[int, datetime] = {}
            for number, found in zip(numbers, self._many(calls, stream, subject=subject, run=run), strict=True):
                block = self._block(found, number)
                if blocks[number] not in (None, block.hash):
                    where = f"{self.name} {self.chain} block {number}"
                    raise MalformedAnswer("another block than the rows are of", where=where, hint="Ask again")
                times[number] = block.time
            return times

        return again(question, f"{stream} {subject}".strip()) if calls else {}

    def _signed(
        self, names: Iterable[str], blocks: Mapping[int, str | None], stream: str, subject: str
    ) -> list[tuple[Receipt, Transaction]]:
        """Ask for receipts and transactions by hash, which must stand in the blocks that are known."""
        wanted = list(names)
        calls: list[Call] = []
        for name in wanted:
            calls += [("eth_getTransactionReceipt", [name]), ("eth_getTransactionByHash", [name])]
        where = f"{self.name} {self.chain} {stream} {subject}"

        def question(run: str) -> list[tuple[Receipt, Transaction]]:
            results = iter(self._many(calls, stream, subject=subject, run=run))
            found = []
            for name in wanted:
                receipt = read_receipt(next(results), self._chain, tx_hash=name, where=where)
                signed = read_transaction(next(results), self._chain, tx_hash=name, where=where)
                if receipt.block not in blocks or receipt.block_hash not in (None, blocks[receipt.block] or receipt.block_hash):
                    raise MalformedAnswer("a receipt of another block than the list says", where=where, hint="Ask again")
                if signed.block != receipt.block:
                    raise MalformedAnswer("receipt and transaction disagree", where=where, hint="Ask again")
                found.append((receipt, signed))
            return found

        return again(question, f"{stream} {subject}") if calls else []


def again(question: Callable[[str], _Found], run: str = "") -> _Found:
    """Ask, and ask again where what comes cannot be true; ``run`` tells the askers of one question apart."""
    for attempt in range(1, _REASKS):
        try:
            return question(run if attempt == 1 else f"{run} again {attempt - 1}".strip())
        except MalformedAnswer:
            continue
    return question(f"{run} again {_REASKS - 1}".strip())


def _numbered(number: int, call: Call) -> dict[str, Any]:
    method, params = call
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
