"""A fake TronGrid with a node of TRON behind it, over HTTP on this machine or without a socket."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from types import TracebackType
from typing import Self

from cryptotrace.errors import InputError
from cryptotrace.testing.explorers import _tron_spoil as spoil
from cryptotrace.testing.explorers._http import LoopbackServer
from cryptotrace.testing.explorers._replies import Answer, html
from cryptotrace.testing.explorers._tron_node import NODE_PATHS, ask_node
from cryptotrace.testing.explorers._tron_rows import Item, Row, TronIndex, between, event_row, native_row, token_row
from cryptotrace.testing.explorers.tron_faults import TronFault, TronFaults
from cryptotrace.testing.explorers.tron_worlds import TronWorld, hex41

__all__ = ["KEY_HEADER", "FakeTronGrid", "TronPlan", "TronRequest"]

KEY_HEADER = "TRON-PRO-API-KEY"
_COMMON = {"only_confirmed", "limit", "order_by", "fingerprint"}
_WINDOW = {"min_timestamp", "max_timestamp"}
_EVENTS = {"event_name", "min_block_timestamp", "max_block_timestamp"}
_BAD_ADDRESS = "A valid account address is required."


@dataclass(frozen=True, slots=True, kw_only=True)
class TronPlan:
    """Limits; the defaults are those of October 2026.

    Parameters
    ----------
    per_second, keyed_per_second : int or None
        Answered questions in any second without and with a key; None for no limit.
    suspended, keyed_suspended : int
        Seconds for which nothing is answered after one question too many.
    per_day : int or None
        Questions of a key in a UTC day.
    """

    per_second: int | None = 1
    keyed_per_second: int | None = 15
    suspended: int = 5
    keyed_suspended: int = 30
    per_day: int | None = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TronRequest:
    """One question that the explorer had; keys are not kept."""

    number: int
    path: str
    params: Mapping[str, str]
    payload: str
    at: float
    status: int
    rows: int
    refused: str


class FakeTronGrid:
    """A TronGrid for tests: strict about questions, honest about its world, and wrong only where it is told to be.

    Parameters
    ----------
    world : TronWorld
        What it serves.
    keys : sequence of str, default ("test-key",)
        Keys that it knows; it also answers without one, more slowly.
    plan : TronPlan, optional
        Limits; none where it is left out.
    faults : TronFaults, TronFault or sequence of TronFault, optional
        What goes wrong.
    head : int, optional
        Moment in ms of the newest solidified block; a minute after the last row where it is left out. Later rows are there,
        but not confirmed.
    nested : bool, default False
        Whether transactions also hold their internal ones, which stand between the rows in any case.
    last_mark : bool, default False
        Whether a full page that is the last has a mark for an empty one.
    clock : callable, optional
        Returns POSIX seconds; limits count on it.
    sleep, hold_seconds
        As for `FakeEtherscan`.

    Attributes
    ----------
    requests : list of TronRequest
        All questions so far.
    faults : TronFaults
        The faults with their log.
    failures : list of BaseException
        Defects of the fake itself; raised on leaving the context.

    Notes
    -----
    Served: ``/v1/accounts/{address}``, its ``transactions`` and ``transactions/trc20``, ``/v1/contracts/{address}/events``; of
    the node, under ``/wallet`` and ``/walletsolidity``: getnowblock, gettransactioninfobyid, triggerconstantcontract (for
    balanceOf).
    Marks are refused where anything else of the question changed. What a lost or foreign mark is answered with is invented.

    Examples
    --------
    >>> from cryptotrace.testing.explorers import FakeTronGrid, random_tron
    >>> explorer = FakeTronGrid(random_tron(1))
    >>> explorer.answer({}, path="/walletsolidity/getnowblock").status
    200
    """

    def __init__(
        self,
        world: TronWorld,
        *,
        keys: Sequence[str] = ("test-key",),
        plan: TronPlan | None = None,
        faults: TronFaults | TronFault | Sequence[TronFault] = (),
        head: int | None = None,
        nested: bool = False,
        last_mark: bool = False,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] | None = None,
        hold_seconds: float = 0.2,
    ) -> None:
        self.index = TronIndex(world)
        self.head = self.index.last + 60_000 if head is None else head
        self.keys = tuple(keys)
        self.plan = TronPlan(per_second=None, keyed_per_second=None, per_day=None) if plan is None else plan
        given = (faults,) if isinstance(faults, TronFault) else faults
        self.faults = given if isinstance(given, TronFaults) else TronFaults(*given)
        self.requests: list[TronRequest] = []
        self.failures: list[BaseException] = []
        self._nested, self._last_mark = nested, last_mark
        self._marks: dict[str, tuple[str, int]] = {}
        self._clock, self._sleep, self._hold_seconds = clock, sleep, hold_seconds
        self._recent: defaultdict[str, list[float]] = defaultdict(list)
        self._closed_until: defaultdict[str, float] = defaultdict(float)
        self._days: defaultdict[int, int] = defaultdict(int)
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
        """Address without a path, ``http://127.0.0.1:PORT``."""
        return "http://127.0.0.1:0" if self._server is None else self._server.root

    def start(self) -> None:
        """Listen; does nothing where it already does."""
        if self._server is None:
            self._server = LoopbackServer(
                self.answer, self.failures.append, clock=self._clock, sleep=self._sleep, hold_seconds=self._hold_seconds,
                posts=True, key_header=KEY_HEADER,
            )  # fmt: skip

    def close(self) -> None:
        """Stop listening; safe to call again."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def answer(self, params: Mapping[str, str], *, path: str, payload: str = "", key: str = "") -> Answer:
        """Answer one question without a socket.

        Parameters
        ----------
        params : Mapping
            The query.
        path : str
            The path.
        payload : str
            The document that was posted.
        key : str
            The key, from its header.
        """
        with self._lock:
            number = len(self.requests) + 1
            answer, refused = self._refused(key), ""
            if answer is not None:
                refused = answer.body.decode()
            else:
                answer = self._spoilt(number, dict(params), path, payload)
            self.requests.append(
                TronRequest(
                    number=number,
                    path=path,
                    params=dict(params),
                    payload=payload,
                    at=self._clock(),
                    status=answer.status,
                    rows=answer.rows,
                    refused=refused,
                )
            )
            return answer

    # -- limits ----------------------------------------------------------------------------------------------------------

    def _refused(self, key: str) -> Answer | None:
        if key and key not in self.keys:
            return _json({"Error": "ApiKey not exists"}, 401)
        now, plan = self._clock(), self.plan
        rate, pause = (plan.keyed_per_second, plan.keyed_suspended) if key else (plan.per_second, plan.suspended)
        if rate is None:
            return None
        if key and plan.per_day is not None and self._days[int(now // 86_400)] >= plan.per_day:
            text = f"Exceed the user daily usage ({plan.per_day}), the maximum query frequency is 1 time per second"
            return _json({"Error": text}, 403)
        recent = self._recent[key] = [at for at in self._recent[key] if at > now - (1 - 1e-6)]
        if now < self._closed_until[key] or len(recent) >= rate:
            if now >= self._closed_until[key]:
                self._closed_until[key] = now + pause
            return spoil.suspended(rate, round(self._closed_until[key] - now + 0.5), keyed=bool(key))
        recent.append(now)
        self._days[int(now // 86_400)] += bool(key)
        return None

    # -- answers -----------------------------------------------------------------------------------------------------------

    def _spoilt(self, number: int, params: dict[str, str], path: str, payload: str) -> Answer:
        faults = self.faults
        has_mark = "fingerprint" in params
        for fault in faults.fitting("instead", number, path, lambda one: one.kind != "refused_mark" or has_mark):
            return spoil.instead(fault)
        try:
            answer = self._honest(number, params, path, payload)
        except InputError as refusal:
            return _json({"success": False, "error": refusal.what, "statusCode": 400}, 400)
        for fault in faults.fitting("text", number, path, lambda _: True) if answer.status == 200 else ():
            answer = spoil.text(fault, answer)
        for fault in faults.fitting("wire", number, path, lambda _: True):
            answer = replace(answer, wire="reset" if fault.kind == "reset" else "cut")
        return answer

    def _honest(self, number: int, params: dict[str, str], path: str, payload: str) -> Answer:
        words = path.strip("/").split("/")
        if len(words) == 2 and words[0] in ("wallet", "walletsolidity") and words[1] in NODE_PATHS:
            return _json(ask_node(self.index, self.head, words[1], params, payload))
        if words[:2] == ["v1", "accounts"] and len(words) in (3, 4, 5):
            account = self._address(words[2])
            if len(words) == 3:
                _known(params, {"only_confirmed"})
                return _json(_page(self._account(account), self.head, ""))
            if words[3:] == ["transactions"]:
                return self._listed(number, params, path, self.index.native, account, _WINDOW)
            if words[3:] == ["transactions", "trc20"]:
                return self._listed(number, params, path, self.index.token, account, _WINDOW)
        if words[:2] == ["v1", "contracts"] and words[3:] == ["events"]:
            return self._listed(number, params, path, self.index.logs, self._address(words[2]), _EVENTS)
        return html(404)

    def _address(self, text: str) -> str:
        if len(text) == 34 and text.startswith("T"):
            return text
        raise InputError(_BAD_ADDRESS)

    def _account(self, account: str) -> list[Row]:
        index, world = self.index, self.index.world
        if not index.native[account] and not index.token[account]:
            return []
        balance = world.balance(account, until=self.head)
        assets = sorted({row.contract for row in world.transfers if row.contract})
        held = {asset: world.balance(account, asset, until=self.head) for asset in assets}
        found: Row = {"address": hex41(account), "create_time": 0} | ({"balance": balance} if balance else {})
        found["assetV2"] = [{"key": one, "value": amount} for one, amount in held.items() if one.isdigit() and amount]
        found["trc20"] = [{one: str(amount)} for one, amount in held.items() if not one.isdigit() and amount]
        return [found]

    def _listed(
        self, number: int, params: dict[str, str], path: str, of: Mapping[str, list[Item]], account: str, window: set[str]
    ) -> Answer:
        _known(params, _COMMON | window)
        if params.get("order_by") != "block_timestamp,asc" or params.get("only_confirmed") != "true":
            raise InputError("the fake serves confirmed rows in ascending order only")
        low, high = sorted(window - {"event_name"}, reverse=True)
        first, last, size = _whole(params, low, 0), min(_whole(params, high, self.head), self.head), _whole(params, "limit", 20)
        if not 1 <= size <= 200:
            raise InputError("limit is not from 1 to 200")
        named = params.get("event_name")
        everything = [item for item in of.get(account, ()) if named is None or event_row(item)["event_name"] == named]
        items = between(everything, first, last)
        at = self._place(params, path)
        end = at + size
        mark = self._mark(params, path, end) if end < len(items) or (self._last_mark and end == len(items)) else ""
        scene = spoil.Scene(
            shape=lambda item: self._row(item, path), items=items[at:end], before=items[max(0, at - size) : at],
            start=items[:size] if at else (), after=between(everything, last + 1, 10**15)[:size],
            strangers=lambda: _strangers(of, account),
            is_native=path.endswith("transactions"), last=last,
        )  # fmt: skip
        honest: list[object] = list(map(scene.shape, scene.items))
        rows = honest
        for fault in self.faults.fitting("rows", number, path, lambda one: spoil.rows(one, scene, honest) is not None):
            rows = spoil.rows(fault, scene, honest) or honest
        can_be_lost = bool(mark)
        for fault in self.faults.fitting(
            "marks", number, path, lambda one: can_be_lost and (one.kind == "lost_mark" or "fingerprint" in params)
        ):
            mark = "" if fault.kind == "lost_mark" else params["fingerprint"]
        return _json(_page(rows, self.head, mark, self.url + path), rows=len(rows))

    def _row(self, item: Item, path: str) -> Row:
        if path.endswith("events"):
            return event_row(item)
        return token_row(item, self.index.symbols) if path.endswith("trc20") else native_row(item, nested=self._nested)

    def _mark(self, params: Mapping[str, str], path: str, end: int) -> str:
        asked = _asked(params, path)
        mark = sha256(f"{asked}|{end}".encode()).hexdigest()[:40] + "+/="
        self._marks[mark] = (asked, end)
        return mark

    def _place(self, params: Mapping[str, str], path: str) -> int:
        mark = params.get("fingerprint")
        if mark is None:
            return 0
        asked, end = self._marks.get(mark, ("", 0))
        if asked != _asked(params, path):
            raise InputError("Invalid fingerprint")
        return end


def _strangers(of: Mapping[str, list[Item]], account: str) -> list[Item]:
    """Return rows of others that are none of this account."""
    own = {(item.call.row.tx_hash, item.number, item.row is None) for item in of[account]}
    others = (item for other in of if other != account for item in of[other])
    return [item for item in others if (item.call.row.tx_hash, item.number, item.row is None) not in own]


def _asked(params: Mapping[str, str], path: str) -> str:
    return json.dumps([path, sorted((name, value) for name, value in params.items() if name != "fingerprint")])


def _known(params: Mapping[str, str], names: set[str]) -> None:
    unknown = sorted(set(params) - names)
    if unknown:
        raise InputError(f"unknown parameter {unknown[0]}")


def _whole(params: Mapping[str, str], name: str, default: int) -> int:
    text = params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit():
        raise InputError(f"{name} is no number")
    return int(text)


def _page(rows: Sequence[object], at: int, mark: str, link: str = "") -> Row:
    meta: Row = {"at": at, "page_size": len(rows)}
    if mark:
        # Real links lead to the public host, whoever was asked.
        meta |= {"fingerprint": mark, "links": {"next": f"https://api.trongrid.io:443{link}?fingerprint={mark}"}}
    return {"data": list(rows), "success": True, "meta": meta}


def _json(body: object, status: int = 200, rows: int = 0) -> Answer:
    return Answer(status=status, body=json.dumps(body, separators=(",", ":")).encode(), rows=rows)
