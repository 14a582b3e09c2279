"""A fake Tronscan, without a socket or over HTTP: TRC-20 transfers of a TRON world."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from cryptotrace.errors import InputError
from cryptotrace.testing._dice import Dice
from cryptotrace.testing._rows import TransferRow
from cryptotrace.testing.explorers._http import LoopbackServer
from cryptotrace.testing.explorers._replies import Answer, html, too_many
from cryptotrace.testing.explorers._tron_rows import Item, Row, TronIndex, between
from cryptotrace.testing.explorers.tron_worlds import TronWorld
from cryptotrace.testing.explorers.trongrid import KEY_HEADER

__all__ = ["TRONSCAN_TROUBLES", "FakeTronscan"]

TRONSCAN_TROUBLES = (
    "short",
    "hidden",
    "foreign",
    "html",
    "too_quick",
    "retry_after",
    "unconfirmed",
    "no_count",
    "out_of_range",
)
"""``short``: pages lack rows that a second question brings. ``hidden``: a row is counted and never shown. The others are
refusals, or rows that cannot be an answer."""
_NAMES = {"relatedAddress", "start_timestamp", "end_timestamp", "start", "limit"}


class FakeTronscan:
    """A Tronscan for tests.

    Parameters
    ----------
    world : TronWorld
        What it serves.
    troubles : mapping of str to int
        Of `TRONSCAN_TROUBLES`, in how many of a hundred answers.
    cut, deepest : int
        Most rows of a page, which larger ones are cut to without a word, and how far ``start`` plus ``limit`` may reach.
    seed : int
        For the troubles.
    clock : callable, optional
        Returns POSIX seconds.

    Attributes
    ----------
    requests : list of (path, params, status)
        All questions so far.
    failures : list of BaseException
        Defects of the fake itself; raised on leaving the context.
    """

    def __init__(
        self, world: TronWorld, *, troubles: Mapping[str, int] | None = None, cut: int = 50, deepest: int = 10_000,
        seed: int = 0, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.index = TronIndex(world)
        self.newest = self.index.last + 300_000
        self.troubles = dict(troubles or {})
        unknown = set(self.troubles) - set(TRONSCAN_TROUBLES)
        if unknown:
            raise InputError(f"unknown trouble {min(unknown)!r}", where="troubles", hint=", ".join(TRONSCAN_TROUBLES))
        self.requests: list[tuple[str, Mapping[str, str], int]] = []
        self.failures: list[BaseException] = []
        self.cut, self.deepest = cut, deepest
        self._dice, self._clock = Dice(seed, "tronscan"), clock
        self._lock = threading.Lock()
        self._server: LoopbackServer | None = None

    def __enter__(self) -> Self:
        self._server = LoopbackServer(
            self.answer, self.failures.append, clock=self._clock, sleep=None, hold_seconds=0.1, key_header=KEY_HEADER
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._server is not None:
            self._server.close()
        if error is None and self.failures:
            raise self.failures[0]

    @property
    def url(self) -> str:
        """Address of the API."""
        return "http://127.0.0.1:0" if self._server is None else self._server.root

    def answer(self, params: Mapping[str, str], *, path: str, payload: str = "", key: str = "") -> Answer:  # noqa: ARG002
        """Answer one question without a socket."""
        with self._lock:
            answer = self._refusal() or self._honest(dict(params), path)
            self.requests.append((path, dict(params), answer.status))
            return answer

    def _now(self, trouble: str) -> bool:
        return trouble in self.troubles and self._dice.chance(self.troubles[trouble])

    def _refusal(self) -> Answer | None:
        if self._now("html"):
            return html(403)
        if self._now("too_quick"):
            return _json({"code": 403, "message": "request too quickly, please retry later."}, 403)
        return too_many("too many", 2) if self._now("retry_after") else None

    def _honest(self, params: dict[str, str], path: str) -> Answer:
        if path == "/block":
            return _json({"total": 1, "data": [{"number": 60_000_000, "timestamp": self.newest, "confirmed": False}]})
        if path != "/token_trc20/transfers" or set(params) - _NAMES:
            return _json({"message": "unknown path or parameter"}, 400)
        try:
            start, size = int(params["start"]), min(int(params["limit"]), self.cut)
            window = int(params["start_timestamp"]), int(params["end_timestamp"])
        except (KeyError, ValueError):
            return _json({"message": "Parameter error"}, 400)
        if start + size > self.deepest:
            return _json({"message": "start + limit must not be above 10000"}, 400)
        account = params.get("relatedAddress", "")
        items = [item for item in between(self.index.token[account], *window) if isinstance(item.row, TransferRow)][::-1]
        shown = items[start : start + size]
        if self._now("short") or ("hidden" in self.troubles and shown and _is_hidden(shown[-1], self.troubles["hidden"])):
            shown = shown[:-1]
        return _json(self._spoilt(items, shown, account))

    def _spoilt(self, items: list[Item], shown: list[Item], account: str) -> Row:
        rows = [_row(item, self.index) for item in shown]
        if rows and self._now("unconfirmed"):
            rows[-1] = {**rows[-1], "confirmed": False}
        if rows and self._now("out_of_range"):
            rows[-1] = {**rows[-1], "block_ts": 1_600_000_000_000}
        others = [one for other, of in self.index.token.items() if other != account for one in of]
        foreign = [
            one for one in others if isinstance(one.row, TransferRow) and account not in (one.row.sender, one.row.receiver)
        ]
        if rows and foreign and self._now("foreign"):
            rows[-1] = {**_row(foreign[0], self.index), "block_ts": rows[-1]["block_ts"]}
        counts = {} if self._now("no_count") else {"total": min(len(items), self.deepest), "rangeTotal": len(items)}
        return {**counts, "token_transfers": rows, "contractInfo": {}}


def _is_hidden(item: Item, percent: int) -> bool:
    return int(item.call.row.tx_hash[:8], 16) % 100 < percent


def _row(item: Item, index: TronIndex) -> Row:
    log = item.row
    assert isinstance(log, TransferRow)
    symbol, decimals = index.symbols[log.contract]
    return {
        "transaction_id": item.call.row.tx_hash, "block_ts": item.stamp, "block": log.block, "from_address": log.sender,
        "to_address": log.receiver, "quant": str(log.amount), "contract_address": log.contract, "confirmed": True,
        "tokenInfo": {"tokenId": log.contract, "tokenAbbr": symbol, "tokenDecimal": decimals, "tokenType": "trc20"},
        "contractRet": "SUCCESS", "finalResult": "SUCCESS", "revert": False,
    }  # fmt: skip


def _json(body: object, status: int = 200) -> Answer:
    return Answer(status=status, body=json.dumps(body, separators=(",", ":")).encode())
