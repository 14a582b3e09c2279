"""What both flavours of Blockscout have in common: the questions that are no list, and the address of each.

Balances, the head and logs are asked of the Etherscan-like RPC; receipts, blocks and nonces of the JSON-RPC beside it, which
stands at ``/api/eth-rpc`` of a single instance and at ``/json-rpc`` of the hosted service. Which of the two it is, and that
it is the right chain, is asked once a run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from cryptotrace.codecs import ChainInfo, chain_of
from cryptotrace.errors import BadRequest, InputError, MalformedAnswer, PlanRequired, RangeTooLarge
from cryptotrace.sources.base import Answer, Fetcher, Request
from cryptotrace.sources.blockscout.answers import classify, read_head, read_object
from cryptotrace.sources.blockscout.income import BlockscoutIncome
from cryptotrace.sources.etherscan.answers import read_proxy, read_text
from cryptotrace.sources.etherscan.node import EtherscanNode

__all__ = ["BlockscoutNode"]

_RPC, _NODES = "/api", ("/api/eth-rpc", "/json-rpc")
_FINAL_AFTER = {"polygon": 256, "arbitrum": 4_800, "optimism": 600, "base": 600}
"""Chain -> blocks below the tip that count as final: 20 minutes of a rollup; 64 elsewhere. The explorer does not tell."""
_FINAL_AFTER_ELSEWHERE = 64
_CALLS: dict[str, Callable[[dict[str, Any]], list[Any]]] = {
    "eth_chainId": lambda _: [],
    "eth_getTransactionReceipt": lambda asked: [asked["txhash"]],
    "eth_getBlockByNumber": lambda asked: [asked["tag"], asked["boolean"] == "true"],
    "eth_getTransactionCount": lambda asked: [asked["address"], asked["tag"]],
}
"""Method of a node -> its parameters, from those of Etherscan's proxy."""


class BlockscoutNode(BlockscoutIncome, EtherscanNode):
    """The questions that are no list; a part of both flavours, whose parameters it takes."""

    name = "blockscout"
    streams = ("native", "internal", "token")
    questions = 2

    def __init__(self, chain: str, fetcher: Fetcher, *, on_rate: Callable[[float], None] = lambda _: None) -> None:
        info = chain_of(chain)
        if info.family != "evm":
            raise InputError(
                f"Blockscout does not serve {info.name}", where="open_source", hint="Use an explorer of that chain"
            )
        self._chain: ChainInfo = info
        self.fetcher = fetcher
        self._on_rate = on_rate
        self.node_path = _NODES[0]

    @staticmethod
    def judge(answer: Answer) -> None:
        """Raise the error that an answer is, if it is one."""
        classify(answer)

    @property
    def chain(self) -> str:
        """Our name of the chain."""
        return self._chain.name

    def _ask(self, stream: str, module: str, action: str, *, subject: str = "", run: str = "", **parameters: Any) -> Answer:
        if module == "proxy":
            call = {"jsonrpc": "2.0", "id": 1, "method": action, "params": _CALLS[action](parameters)}
            payload = json.dumps(call, separators=(",", ":"))
            return self._send(stream, self.node_path, subject=subject, run=run, payload=payload)
        if action == "getLogs" and parameters.pop("page", 1) != 1:
            raise RangeTooLarge("the explorer gives no second page of logs", where=f"{self.name} {self.chain} logs")
        query = {"module": module, "action": action, **parameters}
        return self._send(stream, _RPC, query, subject=subject, run=run)

    def _send(
        self,
        stream: str,
        path: str,
        query: dict[str, Any] | None = None,
        *,
        subject: str = "",
        run: str = "",
        payload: str = "",
    ) -> Answer:
        request = Request(
            source=self.name,
            chain=self.chain,
            stream=stream,
            subject=subject,
            parameters=tuple((name, str(value)) for name, value in (query or {}).items()),
            run=run,
            path=path,
            payload=payload,
        )
        return self.fetcher.fetch(request)

    def prepare(self, run: str) -> None:
        """Find out where the node answers, and that it is one of the right chain.

        An explorer without any still has its lists.

        Raises
        ------
        BadRequest
            If the explorer is one of another chain.
        """
        for node in _NODES:
            self.node_path = node
            try:
                found = read_proxy(self._ask("plan", "proxy", "eth_chainId", run=run))
            except (BadRequest, PlanRequired):
                continue
            if str(found).lower() != hex(self._chain.evm_chain_id or 0):
                where = f"{self.name} {self.chain}"
                raise BadRequest("this explorer is one of another chain", where=where, hint="Check the chain and the base URL")
            return

    def head(self, run: str) -> int:
        """Give the newest block that counts as final: the tip less a margin."""
        tip = read_head(self._ask("head", "block", "eth_block_number", run=run))
        return max(0, tip - _FINAL_AFTER.get(self.chain, _FINAL_AFTER_ELSEWHERE))

    def balance(self, address: str, contract: str | None, run: str) -> int:
        """Give the balance in base units at the newest block."""
        token = {} if contract is None else {"contractaddress": contract}
        action = "balance" if contract is None else "tokenbalance"
        text = read_text(self._ask("balance", "account", action, subject=address, run=run, **token, address=address))
        if not (text.isascii() and text.isdigit()):
            raise MalformedAnswer("the balance is no number", where=f"{self.name} {address}", hint="Try again")
        return int(text)

    def nonce(self, address: str, run: str) -> int:
        """Give the number of transactions that the account signed, up to the newest block."""
        answer = self._ask("nonce", "proxy", "eth_getTransactionCount", subject=address, run=run, address=address, tag="latest")
        return read_head(answer)

    def block_at(self, timestamp: int, *, closest: str = "before") -> int:
        """Give the block mined closest to a Unix time, ``"before"`` or ``"after"`` it."""
        answer = self._ask("block", "block", "getblocknobytime", timestamp=timestamp, closest=closest)
        found = read_object(answer).get("result")
        text = str(found.get("blockNumber")) if isinstance(found, dict) else str(found)
        if not (text.isascii() and text.isdigit()):
            raise MalformedAnswer("the block is no number", where=f"{self.name} {timestamp}", hint="Try again")
        return int(text)
