"""A node of the person's own or of a provider: what it is taken to answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cryptotrace.codecs import chain_of
from cryptotrace.sources.assumptions.base import Assumption, Question, Reading, Room, look_at, refusal
from cryptotrace.sources.assumptions.looking import count_in, fields, fields_of, reads, told, whole
from cryptotrace.sources.assumptions.places import EvmPlace
from cryptotrace.sources.base import Request
from cryptotrace.sources.evm.events import STABLECOIN_EVENTS, TRANSFER
from cryptotrace.sources.rpc.answers import TooWide
from cryptotrace.sources.rpc.checks import check_logs

__all__ = ["rpc"]

_SOME_TIME = datetime(2020, 1, 1, tzinfo=UTC)
_NO_TX = "0x" + "0" * 64


def rpc(place: EvmPlace) -> tuple[Sequence[Question], Sequence[Assumption]]:
    """Give what is checked of a node."""
    some, many = _span(place.logs), _span(place.wide)
    calls: tuple[tuple[str, str, list[Any]], ...] = (
        ("chain", "eth_chainId", []),
        ("finalized", "eth_getBlockByNumber", ["finalized", False]),
        ("logs", "eth_getLogs", [{**some, "address": place.token, "topics": [TRANSFER]}]),
        ("wide", "eth_getLogs", [{**many, "address": place.token, "topics": [sorted(STABLECOIN_EVENTS)]}]),
        ("trace_filter", "trace_filter", [{"fromBlock": "0x1", "toBlock": "0x1", "fromAddress": [place.nobody], "count": 1}]),
        ("tracer", "debug_traceTransaction", [_NO_TX, {"tracer": "callTracer"}]),
        ("old balance", "eth_getBalance", [place.steady, some["fromBlock"]]),
    )
    questions = (
        Question(name="batch", write=lambda room: room.draft(lambda source: source.abilities)),
        *(_call(*one) for one in calls),
        Question(name="receipt", write=_receipt),
    )
    assumptions = (
        *look_at("batch", ("several questions at once", "to be learnt", told(_batch)), takes_refusal=True),
        *look_at("chain", ("chain", place.chain, lambda one: _chain(one, place))),
        *look_at("finalized", ("finalized block", "to be learnt", _finalized), takes_refusal=True),
        *look_at(
            "logs",
            ("logs: reading", "in range, in order, of that contract and event", lambda one: _checked(one, place)),
            ("logs: fields", "to be learnt", fields(_rows)),
            ("logs: count", "to be learnt, then the same", count_in(_rows, _block)),
        ),
        *look_at(
            "wide",
            ("a range too wide", "served, or refused as too large", _wide),
            ("words for it", "to be learnt: words and hint", told(_hint)),
            takes_refusal=True,
        ),
        *look_at("trace_filter", ("trace_filter", "to be learnt: offered or not", told(_offered)), takes_refusal=True),
        *look_at("tracer", ("debug_traceTransaction", "to be learnt: offered or not", told(_offered)), takes_refusal=True),
        *look_at("old balance", ("state of an old block", "to be learnt: kept or not", told(_held)), takes_refusal=True),
        *look_at(
            "receipt",
            ("a receipt", "read by its hash", _read_receipt),
            ("fields of a receipt", "to be learnt", told(lambda one: fields_of([one.body["result"]]))),
        ),
    )
    return questions, assumptions


def _call(name: str, method: str, params: list[Any]) -> Question:
    def write(room: Room) -> Request:
        asked = room.draft(lambda source: source.head(""))
        call = {**json.loads(asked.payload), "method": method, "params": params}
        return replace(asked, stream=name, payload=json.dumps(call, separators=(",", ":"), sort_keys=True))

    return Question(name=name, write=write)


def _receipt(room: Room) -> Request:
    name = str(room.rows("logs", "result")[0]["transactionHash"])
    return room.draft(lambda source: source.receipt(name, time=_SOME_TIME))


def _span(blocks: tuple[int, int]) -> dict[str, Any]:
    return {"fromBlock": hex(blocks[0]), "toBlock": hex(blocks[1])}


# -- looks -------------------------------------------------------------------------------------------------------------------


def _rows(reading: Reading) -> list[Any]:
    found = reading.body["result"]
    if not isinstance(found, list):
        raise TypeError("no list")
    return found


def _block(row: Any) -> int:
    return whole(row["blockNumber"])


def _batch(reading: Reading) -> str:
    return refusal(reading) or f"{len(reading.body)} answers"


def _chain(reading: Reading, place: EvmPlace) -> tuple[str, bool | None]:
    found = str(reading.body["result"]).lower()
    return found, found == hex(chain_of(place.chain).evm_chain_id or 0)


def _finalized(reading: Reading) -> tuple[str, bool | None]:
    if reading.problem is not None or reading.body["result"] is None:
        return refusal(reading) or "not known", None  # the adapter asks for safe, and goes below the tip
    return reads(lambda source: source.head(""), what="a block")(reading)


def _checked(reading: Reading, place: EvmPlace) -> tuple[str, bool | None]:
    rows = _rows(reading)
    check_logs(rows, first=place.logs[0], last=place.logs[1], topics=(TRANSFER,), contract=place.token, where="logs")
    return "read", True


def _wide(reading: Reading) -> tuple[str, bool | None]:
    if reading.problem is None:
        return "served", isinstance(reading.body["result"], list)
    return reading.problem.kind, isinstance(reading.problem, TooWide)


def _hint(reading: Reading) -> str:
    advice = reading.problem.advice if isinstance(reading.problem, TooWide) else None
    hinted = "blocks" if advice and advice.blocks else "range" if advice and advice.first is not None else "nothing"
    return f"{refusal(reading)} (read as hint: {hinted})" if reading.problem is not None else "served"


def _offered(reading: Reading) -> str:
    kind = "" if reading.problem is None else reading.problem.kind
    return "offered" if kind in ("", "not_indexed_yet") else refusal(reading)  # it looked for the transaction


def _held(reading: Reading) -> str:
    return refusal(reading) or "kept"


def _read_receipt(reading: Reading) -> tuple[str, bool | None]:
    name = str(reading.body["result"]["transactionHash"])
    return reads(lambda source: source.receipt(name, time=_SOME_TIME))(reading)
