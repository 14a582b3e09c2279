"""A fake Tronscan, without a socket or over HTTP: transfers, transactions and internal transactions of a TRON world."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from cryptotrace.errors import InputError
from cryptotrace.testing._dice import Dice
from cryptotrace.testing.explorers._http import LoopbackServer
from cryptotrace.testing.explorers._replies import Answer, html, too_many
from cryptotrace.testing.explorers._tron_rows import Item, Row, TronIndex, between
from cryptotrace.testing.explorers._tronscan_rows import LISTS, Shown
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
"""``short``: pages lack rows that a second question brings; without a count, none of them all. ``hidden``: a row is counted and
never shown, so not in the list without counts. The others are refusals, or rows that cannot be an answer."""
_DAY = 86_400_000
_FIRST_BLOCK = 1_529_891_460_000
_FINAL_AFTER = 57_000


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
        of = LISTS.get(path)
        if of is None or set(params) - {of.asks_for, "start_timestamp", "end_timestamp", "start", "limit"}:
            return _json({"message": "unknown path or parameter"}, 400)
        try:
            start, size = int(params["start"]), min(int(params["limit"]), self.cut)
            window = int(params["start_timestamp"]), int(params["end_timestamp"])
        except (KeyError, ValueError):
            return _json({"message": "Parameter error"}, 400)
        if start > self.deepest or of.asks_for not in params or any(0 < bound < _FIRST_BLOCK for bound in window):
            return _json({"message": "some parameters are invalid or out of range"}, 400)
        account = params[of.asks_for]
        # A bound of zero is no bound, and seconds are the finest that is told apart.
        first, last = window[0] // 1_000 * 1_000, (window[1] // 1_000 * 1_000 + 999) if window[1] else self.newest
        known = [item for item in self._listed(of, account) if item.stamp <= self.newest]
        items = list(between(known, first, last))[::-1]
        shown = items[start : min(start + size, self.deepest)]
        if self._now("short") and (of.counted or len(shown) > 1):
            shown = shown[:-1]
        if of.counted and "hidden" in self.troubles:
            shown = [item for item in shown if not self._is_hidden(item)]
        days = between(known, first // _DAY * _DAY, last // _DAY * _DAY + _DAY - 1)
        return _json(self._spoilt(of, len(days), shown, account))

    def _listed(self, of: Shown, account: str) -> list[Item]:
        lists = self.index.token if of.is_token else self.index.native
        return [item for item in lists[account] if of.holds(item)]

    def _is_hidden(self, item: Item) -> bool:
        return int(item.call.row.tx_hash[:8], 16) % 100 < self.troubles["hidden"]

    def _spoilt(self, of: Shown, count: int, shown: list[Item], account: str) -> Row:
        rows = [
            {**of.row(item, self.index), "confirmed": item.stamp <= self.newest - _FINAL_AFTER} for item in shown
        ]  # fmt: skip
        if rows and self._now("unconfirmed"):
            rows[-1] = {**rows[-1], "confirmed": False}
        if rows and self._now("out_of_range"):
            rows[-1] = {**rows[-1], of.stamp: 1_600_000_000_000}
        if rows and self._now("foreign"):
            foreign = [one for other in self.index.native if other != account for one in self._listed(of, other)]
            mine = {id(one.call) for one in self._listed(of, account)}
            strange = next(
                (one for one in foreign if id(one.call) not in mine and account not in str(of.row(one, self.index))), None
            )
            if strange is not None:
                rows[-1] = {**of.row(strange, self.index), of.stamp: rows[-1][of.stamp]}
        counts = {"total": min(count, self.deepest), "rangeTotal": count} if of.counted else {"total": -1, "rangeTotal": -1}
        if self._now("no_count"):
            counts = {}
        return {**counts, of.rows: rows, "contractInfo": {}}


def _json(body: object, status: int = 200) -> Answer:
    return Answer(status=status, body=json.dumps(body, separators=(",", ":")).encode())
