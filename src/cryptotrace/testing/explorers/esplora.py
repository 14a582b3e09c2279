"""Fake explorers of coins: Esplora and mempool.space over one chain, over HTTP on this machine or without a socket."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Literal, Self

from cryptotrace.codecs import parse_address
from cryptotrace.errors import InvalidAddressError
from cryptotrace.testing.explorers._http import LoopbackServer
from cryptotrace.testing.explorers._replies import Answer
from cryptotrace.testing.explorers.coin_chains import Coin, CoinBlock, CoinChain, CoinTx
from cryptotrace.testing.explorers.coin_faults import CoinFault, CoinFaults

__all__ = ["CoinRequest", "FakeEsplora"]

_PAGE = 25
_MOST_WAITING = 50
_TXID = re.compile("[0-9a-f]{64}")
_BUSY = {400: "Too many history entries", 413: "history too long"}
_TOO_QUICK = {"message": "Blockstream Explorer API NOTICE: Your request rate exceeds the current limit. Slow down."}
_WIRE = {"Content-Type": "text/plain"}
_JSON = {"Content-Type": "application/json"}
_HTML = {"Content-Type": "text/html"}
Listed = list[tuple[CoinBlock | None, CoinTx]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinRequest:
    """One request that the explorer had: its number, path, parameters, time on the explorer's clock, and status."""

    number: int
    path: str
    params: Mapping[str, str]
    at: float
    status: int


class RefusedError(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class FakeCoins:
    """What fake explorers of coins share: requests, faults, a chain that may change, and the wire."""

    _api = ""

    def __init__(
        self,
        chain: CoinChain,
        *,
        faults: CoinFaults | CoinFault | Sequence[CoinFault] = (),
        per_second: float | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self.chain = chain
        given = (faults,) if isinstance(faults, CoinFault) else faults
        self.faults = given if isinstance(given, CoinFaults) else CoinFaults(given)
        self.requests: list[CoinRequest] = []
        self.failures: list[BaseException] = []
        self._spacing = 0.0 if per_second is None else 1 / per_second
        self._clock = clock
        self._sleep = sleep
        self._free_at = 0.0
        self._lists: tuple[CoinChain, dict[str, list[tuple[CoinBlock, CoinTx]]]] = (chain, {})
        self._lock = threading.Lock()
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
        """Address of the API."""
        return ("http://127.0.0.1:0" if self._server is None else self._server.root) + self._api

    def start(self) -> None:
        """Listen; does nothing where it already does."""
        if self._server is None:
            self._server = LoopbackServer(
                self.answer, self.failures.append, clock=self._clock, sleep=self._sleep, hold_seconds=0.2
            )

    def close(self) -> None:
        """Stop listening; safe to call again."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def answer(self, params: Mapping[str, str], *, path: str) -> Answer:
        """Answer one request without a socket."""
        with self._lock:
            number = len(self.requests) + 1
            answer = self._answer(number, dict(params), path.removeprefix(self._api))
            request = CoinRequest(number=number, path=path, params=dict(params), at=self._clock(), status=answer.status)
            self.requests.append(request)
            return answer

    def _answer(self, number: int, params: dict[str, str], path: str) -> Answer:
        for fault in self.faults.hit("chain", number):
            amount = int(str(fault.value or (3 if fault.kind == "reorganise" else 1)))
            self.chain = self.chain.grown(amount, number) if fault.kind == "grow" else self.chain.reorganised(amount, number)
        now = self._clock()
        if self._spacing and now < self._free_at - 1e-9:
            return _too_quick(None)
        self._free_at = now + self._spacing
        try:
            body = self._honest(number, params, path)
        except RefusedError as refusal:
            return Answer(status=refusal.status, headers=_WIRE, body=refusal.text.encode())
        plain = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        answer = Answer(status=200, headers=_WIRE if isinstance(body, str) else _JSON, body=plain)
        for fault in self.faults.hit("instead", number, lambda fault: fault.kind != "busy" or "/address/" in path)[:1]:
            return _instead(fault, answer)
        return answer

    def _honest(self, number: int, params: dict[str, str], path: str) -> Any:
        raise NotImplementedError

    def _listed(self, address: str) -> list[tuple[CoinBlock, CoinTx]]:
        """Give the confirmed transactions of an address, newest first; worked out once a chain."""
        if self._lists[0] is not self.chain:
            self._lists = (self.chain, {})
        if address not in self._lists[1]:
            self._lists[1][address] = list(self.chain.listed(address))
        return self._lists[1][address]


def _instead(fault: CoinFault, answer: Answer) -> Answer:
    status = fault.value if isinstance(fault.value, int) else None
    if fault.kind == "html":
        return Answer(status=status or 502, headers=_HTML, body=b"<html><head><title>502 Bad Gateway</title></head></html>")
    if fault.kind == "rate_limit":
        return _too_quick(status)
    if fault.kind == "busy":
        return Answer(status=status or 400, headers=_WIRE, body=_BUSY[status or 400].encode())
    if fault.kind == "text":
        return Answer(status=500, headers=_WIRE, body=str(fault.value or "unexpected").encode())
    if fault.kind == "another_shape":
        return Answer(headers=_JSON, body=b'{"result": [{}], "status": "1"}')
    if fault.kind == "reset":
        return replace(answer, wire="reset")
    return replace(answer, body=b"" if fault.kind == "empty" else answer.body[: len(answer.body) // 2])


def _too_quick(wait: int | None) -> Answer:
    headers = _JSON if wait is None else {**_JSON, "Retry-After": str(wait)}
    return Answer(status=429, headers=headers, body=json.dumps(_TOO_QUICK).encode())


class FakeEsplora(FakeCoins):
    """An Esplora server for tests: strict about requests, honest about its chain, and wrong only where it is told to be.

    Used as a context manager it listens on a free port of 127.0.0.1; `answer` also works without that.

    Parameters
    ----------
    chain : CoinChain
        What it serves; `chain` may be replaced at any time.
    flavour : {"esplora", "mempool"}
        Whose words it uses: with ``mempool``, a place that is gone is an error.
    page_rows : int, default 25
        Confirmed rows a page; servers are known that show fewer.
    faults : CoinFaults, CoinFault or sequence of CoinFault, optional
        What goes wrong.
    per_second : float, optional
        Requests that are let in; others are refused with status 429.
    clock, sleep : callable, optional
        POSIX seconds, and what waits while an answer is held back.

    Attributes
    ----------
    requests : list of CoinRequest
        All requests so far.
    faults : CoinFaults
        The faults with their log.

    Notes
    -----
    Served under ``/api``: the tip, an address, its lists (``txs``, ``txs/chain``, ``txs/mempool``, ``utxo``), a transaction and
    its spends. Parameters are refused. A request costs O(transactions of the chain).

    Examples
    --------
    >>> from cryptotrace.testing.explorers import FakeEsplora, random_coin_chain
    >>> explorer = FakeEsplora(random_coin_chain(1))
    >>> explorer.answer({}, path="/api/blocks/tip/height").body
    b'700023'
    """

    _api = "/api"

    def __init__(
        self, chain: CoinChain, *, flavour: Literal["esplora", "mempool"] = "esplora", page_rows: int = _PAGE, **settings: Any
    ) -> None:
        super().__init__(chain, **settings)
        self.flavour = flavour
        self.page_rows = page_rows

    def _honest(self, number: int, params: dict[str, str], path: str) -> Any:
        if params:
            raise RefusedError(400, "Invalid query string")
        parts = path.strip("/").split("/")
        if parts == ["blocks", "tip", "height"]:
            return str(self.chain.tip)
        if parts == ["blocks", "tip", "hash"]:
            return self.chain.blocks[-1].hash
        if parts[0] == "address" and len(parts) > 1:
            return self._address(number, parts[1], parts[2:])
        if parts[0] == "tx" and len(parts) > 1:
            return self._transaction(parts[1], parts[2:])
        raise RefusedError(404, "endpoint does not exist")

    def _address(self, number: int, text: str, rest: list[str]) -> Any:
        try:
            address = parse_address(text, "bitcoin")
        except InvalidAddressError:
            raise RefusedError(400, "Invalid Bitcoin address") from None
        confirmed: Listed = list(self._listed(address))
        waiting: Listed = [(None, tx) for tx in self.chain.waiting if tx.effect(address) is not None]
        if not rest:
            off = [int(str(fault.value or 1)) for fault in self.faults.hit("count", number)]
            return {
                "address": address,
                "chain_stats": _sums(address, confirmed, sum(off)),
                "mempool_stats": _sums(address, waiting, 0),
            }
        if rest == ["txs", "mempool"]:
            return [tx_json(tx, block) for block, tx in waiting[:_MOST_WAITING]]
        if rest == ["txs"]:
            return [tx_json(tx, block) for block, tx in waiting[:_MOST_WAITING] + confirmed[: self.page_rows]]
        if rest == ["utxo"]:
            return self._unspent(address)
        if rest[:2] == ["txs", "chain"] and len(rest) <= 3:
            return self._chain_page(number, address, confirmed, rest[2] if len(rest) == 3 else "")
        raise RefusedError(404, "endpoint does not exist")

    def _chain_page(self, number: int, address: str, confirmed: Listed, last: str) -> list[dict[str, Any]]:
        if last and not _TXID.fullmatch(last):
            raise RefusedError(400, "Invalid hex string")
        names = [tx.txid for _, tx in confirmed]
        if last and last not in names:
            return self._lost()
        start = names.index(last) + 1 if last else 0
        page = whole = [tx_json(tx, block) for block, tx in confirmed[start : start + self.page_rows]]
        for fault in self.faults.hit("rows", number, lambda fault: _can(fault, whole, start)):
            if fault.kind == "lost_place":
                return self._lost()
            if fault.kind == "repeat_page":
                page = [tx_json(tx, block) for block, tx in confirmed[: self.page_rows]]
            elif fault.kind in ("foreign_row", "waiting_row"):
                page = [*page, *self._stranger(address, page, is_confirmed=fault.kind == "foreign_row")]
            elif _can(fault, page, start):
                page = _spoilt(fault, page)
        return page

    def _lost(self) -> list[dict[str, Any]]:
        if self.flavour == "mempool":
            raise RefusedError(422, "after_txid not found")
        return []

    def _stranger(self, address: str, page: list[dict[str, Any]], *, is_confirmed: bool) -> list[dict[str, Any]]:
        if not is_confirmed:
            return [tx_json(tx, None) for tx in self.chain.waiting[:1] if tx.effect(address) is not None]
        places = [row["status"]["block_height"] for row in page if row.get("status", {}).get("confirmed")]
        height = places[-1] if places else self.chain.blocks[0].height
        for block in self.chain.blocks:
            for tx in block.transactions:
                if block.height <= height and tx.effect(address) is None:
                    return [tx_json(tx, block)]
        return []

    def _unspent(self, address: str) -> list[dict[str, Any]]:
        spent = {(txid, at) for block in self.chain.blocks for tx in block.transactions for txid, at, _ in tx.inputs}
        return [
            {"txid": tx.txid, "vout": at, "value": coin.value, "status": _status(block)}
            for block, tx in self.chain.listed(address)
            for at, coin in enumerate(tx.outputs)
            if coin.address == address and (tx.txid, at) not in spent
        ]

    def _transaction(self, txid: str, rest: list[str]) -> Any:
        if not _TXID.fullmatch(txid):
            raise RefusedError(400, "Invalid hex string")
        known: dict[str, tuple[CoinBlock | None, CoinTx]] = {tx.txid: (None, tx) for tx in self.chain.waiting}
        known |= {tx.txid: (block, tx) for block in self.chain.blocks for tx in block.transactions}
        if txid not in known:
            raise RefusedError(404, "Transaction not found")
        block, tx = known[txid]
        if rest == ["outspends"]:
            spends = {(i[0], i[1]): (by, at) for by in (one for _, one in known.values()) for at, i in enumerate(by.inputs)}
            found = [spends.get((txid, at)) for at in range(len(tx.outputs))]
            return [{"spent": False} if one is None else {"spent": True, "txid": one[0].txid, "vin": one[1]} for one in found]
        if rest not in ([], ["status"]):
            raise RefusedError(404, "endpoint does not exist")
        return _status(block) if rest else tx_json(tx, block)


def _can(fault: CoinFault, page: list[dict[str, Any]], start: int) -> bool:
    """Whether a fault can be seen in a page."""
    blocks = {row["status"]["block_height"] for row in page if row.get("status", {}).get("confirmed")}
    if fault.kind in ("lost_place", "repeat_page"):
        return start > 0
    if fault.kind == "swap_rows":
        return len(blocks) > 1
    if fault.kind == "odd_prevout":
        return any(row["vin"][0]["prevout"] for row in page if row.get("vin"))
    if fault.kind in ("odd_value", "odd_address"):
        return bool(page) and "fee" in page[len(page) // 2] and bool(page[len(page) // 2].get("vout"))
    return bool(page)


def _spoilt(fault: CoinFault, page: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(json.dumps(page))
    middle = rows[len(rows) // 2]
    if fault.kind == "drop_row":
        rows.remove(middle)
    elif fault.kind == "repeat_row":
        rows.insert(len(rows) // 2, middle)
    elif fault.kind == "swap_rows":
        rows[0], rows[-1] = rows[-1], rows[0]
    elif fault.kind == "odd_value":
        middle["vout"][0]["value"] += 1
        middle["fee"] = max(0, middle["fee"] - 1)
    elif fault.kind == "odd_prevout":
        next(row for row in rows if row.get("vin") and row["vin"][0]["prevout"])["vin"][0]["prevout"]["value"] += 1
    elif fault.kind == "odd_address":
        middle["vout"][0]["scriptpubkey_address"] = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
    elif fault.kind == "missing_column":
        middle.pop(str(fault.value or "vout"), None)
    return rows


def _sums(address: str, listed: Listed, off: int) -> dict[str, int]:
    outputs = [coin.value for _, tx in listed for coin in tx.outputs if coin.address == address]
    inputs = [coin.value for _, tx in listed for _, _, coin in tx.inputs if coin is not None and coin.address == address]
    return {
        "funded_txo_count": len(outputs), "funded_txo_sum": sum(outputs), "spent_txo_count": len(inputs),
        "spent_txo_sum": sum(inputs), "tx_count": len(listed) + off,
    }  # fmt: skip


def _status(block: CoinBlock | None) -> dict[str, Any]:
    if block is None:
        return {"confirmed": False}
    return {"confirmed": True, "block_height": block.height, "block_hash": block.hash, "block_time": block.time}


def _coin_json(coin: Coin) -> dict[str, Any]:
    shown = {} if coin.address is None else {"scriptpubkey_address": coin.address}
    return {"scriptpubkey": coin.script, "scriptpubkey_asm": "", "scriptpubkey_type": coin.kind, **shown, "value": coin.value}


def tx_json(tx: CoinTx, block: CoinBlock | None) -> dict[str, Any]:
    """Give a transaction as Esplora writes it."""
    inputs = [
        {
            "txid": txid, "vout": at, "prevout": None if coin is None else _coin_json(coin),
            "scriptsig": tx.mark if not number else "", "scriptsig_asm": "", "is_coinbase": coin is None,
            "sequence": tx.sequence,
        }
        for number, (txid, at, coin) in enumerate(tx.inputs)
    ]  # fmt: skip
    return {
        "txid": tx.txid, "version": 2, "locktime": 0, "vin": inputs, "vout": [_coin_json(coin) for coin in tx.outputs],
        "size": 200, "weight": 800, "sigops": 1, "fee": tx.fee, "status": _status(block),
    }  # fmt: skip
