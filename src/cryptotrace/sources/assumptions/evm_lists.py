"""Etherscan V2, Routescan, and Blockscout in its Etherscan-like dialect: what their lists are taken to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cryptotrace.sources.assumptions.base import Assumption, Question, Reading, Room, look_at, refusal, varied
from cryptotrace.sources.assumptions.looking import (
    count_in,
    fields,
    in_order,
    in_range,
    page_size,
    reads,
    reads_all,
    refused_as,
    told,
    whole,
)
from cryptotrace.sources.assumptions.places import EvmPlace
from cryptotrace.sources.evm.events import TRANSFER

__all__ = ["blockscout", "etherscan", "routescan"]

Parts = tuple[Sequence[Question], Sequence[Assumption]]
_SOME_TIME = datetime(2020, 1, 1, tzinfo=UTC)
"""Given with a receipt, so that the adapter does not ask for the time of its block."""
_OVER = "5000"
_NODES = ("/api/eth-rpc", "/json-rpc")


def etherscan(place: EvmPlace) -> Parts:
    """Give what is checked of Etherscan V2."""
    questions, assumptions = _shared(place, size=1_000)
    plan = look_at(
        "plan",
        ("plan of the key", "creditLimit is a number", reads(lambda source: source.prepare(""))),
        ("plan's fields", "creditLimit creditsAvailable creditsUsed limitInterval", fields(lambda one: [one.body["result"]])),
    )
    window = look_at("window", ("window of 10,000 rows", "refused as too large", refused_as("range_too_large")),
                     takes_refusal=True)  # fmt: skip
    return (
        (Question(name="plan", write=lambda room: room.draft(lambda source: source.prepare(""))), *questions, _window()),
        (*plan, *assumptions, *window),
    )


def routescan(place: EvmPlace) -> Parts:
    """Give what is checked of Routescan."""
    questions, assumptions = _shared(place, size=1_000)
    window = look_at("window", ("window of 10,000 rows", "to be learnt", refused_as(learn=True)), takes_refusal=True)
    return (*questions, _window()), (*assumptions, *window)


def blockscout(place: EvmPlace) -> Parts:
    """Give what is checked of Blockscout's Etherscan-like RPC, and of the node beside it."""
    questions, assumptions = _shared(place, size=5_000, over="10001")
    native = next(one for one in questions if one.name == "native")
    node = Question(name="node", write=lambda room: _at_node(room, room.draft(lambda source: source.prepare(""))))
    unsorted = Question(name="unsorted", write=lambda room: _without(native.write(room), "sort"))
    by_time = Question(name="by time", write=lambda room: room.draft(lambda source: source.block_at(1_600_000_000)))
    more = (
        *look_at("node", ("node of the right chain", f"{place.chain} at {' or '.join(_NODES)}", _right_chain)),
        *look_at(
            "internal",
            ("status of inner payments", "1 where the list is whole", told(lambda one: f"status {one.body['status']}")),
            ("names of an inner payment", "transactionHash and index", _inner_names),
        ),
        *look_at("unsorted", ("order without sort", "newest first; we always send sort=asc", _order_without)),
        *look_at("by time", ("block by time", "a block number, or an object of one", reads(
            lambda source: source.block_at(1_600_000_000)))),
        *look_at("logs", ("topics of a log", "to be learnt: padded with null, or not", told(_padding))),
    )  # fmt: skip
    return (node, *questions, unsorted, by_time), (*assumptions, *more)


def _shared(place: EvmPlace, *, size: int, over: str = _OVER) -> Parts:
    """Give what all three have in common."""
    lists = (
        ("native", place.steady, place.closed),
        ("internal", place.busy, place.closed),
        ("token", place.busy, place.closed),
        ("empty", place.steady, place.empty),
    )
    questions = (
        Question(name="head", write=lambda room: room.draft(lambda source: source.head(""))),
        *(_list_question(*one) for one in lists),
        Question(name="bad address", write=lambda room: varied(_list_question(*lists[0]).write(room), address="0x123")),
        Question(name="over the cap", write=lambda room: varied(_list_question(*lists[2]).write(room), offset=over)),
        Question(name="receipt", write=_receipt),
        Question(name="logs", write=lambda room: room.draft(lambda source: _logs(source, place))),
    )
    assumptions = (
        *look_at("head", ("head", "finalized, or a refusal that the adapter goes round", _head), takes_refusal=True),
        *(one for name, _, blocks in lists[:3] for one in _about_list(name, blocks, size)),
        *look_at("token", ("logIndex of token rows", "to be learnt", told(_log_index))),
        *look_at("empty", ("an empty list", "words that say so, read as proven empty", _empty)),
        *look_at("bad address", ("a bad address", "refused as a bad question", refused_as("bad_request")), takes_refusal=True),
        *look_at("over the cap", (f"offset of {over}", "to be learnt: clamped, served or refused", _over), takes_refusal=True),
        *look_at("receipt", ("a receipt", "read by its hash", _read_receipt), ("fields of a receipt", "to be learnt", fields(
            lambda one: [one.body["result"]]))),
        *look_at(
            "logs",
            ("logs of a contract", "in the range, in order, read", reads(lambda source: _logs(source, place))),
            ("fields of a log", "to be learnt", fields(_rows)),
            ("count of logs", "to be learnt, then the same", count_in(_rows, _block)),
        ),
    )  # fmt: skip
    return questions, assumptions


# -- questions -------------------------------------------------------------------------------------------------------------


def _list_question(name: str, address: str, blocks: tuple[int, int]) -> Question:
    stream = "native" if name == "empty" else name
    return Question(name=name, write=lambda room: room.draft(lambda source: next(source.pages(stream, address, *blocks))))


def _window() -> Question:
    def write(room: Room) -> Any:
        return varied(room.readings["token"].request, page="11", offset="1000")

    return Question(name="window", write=write)


def _receipt(room: Room) -> Any:
    hashes = [str(row["hash"]) for row in room.rows("native", "result")]
    name = next((one for one in hashes if one.startswith("0x")), None)  # what the genesis gave out has no hash
    if name is None:
        raise LookupError("no transaction")
    return _at_node(room, room.draft(lambda source: source.receipt(name, time=_SOME_TIME)))


def _at_node(room: Room, request: Any) -> Any:
    """Send what is for Blockscout's node where it stands: the hosted service, which needs a key, has another path for it."""
    return replace(request, path=_NODES[room.has_key]) if request.payload else request


def _without(request: Any, name: str) -> Any:
    return replace(request, parameters=tuple(one for one in request.parameters if one[0] != name))


def _logs(source: Any, place: EvmPlace) -> Any:
    return next(source.logs(place.token, [TRANSFER], *place.logs))


# -- looks -------------------------------------------------------------------------------------------------------------------


def _rows(reading: Reading) -> list[Any]:
    found = reading.body["result"]
    if not isinstance(found, list):
        raise TypeError("no list")
    return found


def _block(row: Any) -> int:
    return whole(row["blockNumber"])


def _about_list(name: str, blocks: tuple[int, int], size: int) -> tuple[Assumption, ...]:
    return look_at(
        name,
        (f"{name}: order", "sort=asc is honoured", in_order(_rows, _block)),
        (f"{name}: range", "startblock and endblock are honoured", in_range(_rows, _block, *blocks)),
        (f"{name}: page", f"at most {size:,} rows, as asked", page_size(_rows, size)),
        (f"{name}: reading", "every row is read", reads_all(_rejected)),
        (f"{name}: fields", "to be learnt, then the same", fields(_rows)),
        (f"{name}: count", "to be learnt, then the same", count_in(_rows, _block)),
    )


def _rejected(reading: Reading) -> tuple[int, int]:
    batch = reading.read(lambda source: source.parse_answer(reading.answer))
    return len(_rows(reading)), len(batch.rejects)


def _head(reading: Reading) -> tuple[str, bool | None]:
    if reading.problem is not None:
        return f"finalized is refused: {refusal(reading)}", None
    return reads(lambda source: source.head(""))(reading)


def _empty(reading: Reading) -> tuple[str, bool | None]:
    found = reading.read(lambda source: source._listed(reading.answer))  # noqa: SLF001  (the adapter's own reader)
    return (f"status {reading.body['status']}, {reading.body['message']}" if not found else f"{len(found):,} rows"), not found


def _log_index(reading: Reading) -> str:
    rows = _rows(reading)
    named = sum("logIndex" in row for row in rows)
    return "named" if rows and named == len(rows) else "absent" if not named else "in some rows"


def _over(reading: Reading) -> tuple[str, bool | None]:
    return (refusal(reading) or f"{len(_rows(reading)):,} rows"), None


def _read_receipt(reading: Reading) -> tuple[str, bool | None]:
    name = reading.body["result"]["transactionHash"]
    return reads(lambda source: _receipt_again(source, reading, name))(reading)


def _receipt_again(source: Any, reading: Reading, name: str) -> Any:
    source.node_path = reading.request.path  # of a Blockscout: where the node was asked
    return source.receipt(name, time=_SOME_TIME)


def _right_chain(reading: Reading) -> tuple[str, bool | None]:
    found = str(reading.body["result"]).lower()
    return found, found == hex(reading.make(_NOBODY)._chain.evm_chain_id)  # noqa: SLF001  (the adapter's own chain)


def _inner_names(reading: Reading) -> tuple[str, bool | None]:
    rows = _rows(reading)
    missing = sorted({name for row in rows for name in ("transactionHash", "index") if name not in row})
    return (f"missing: {' '.join(missing)}" if missing else "both are there" if rows else "no rows"), not missing


def _order_without(reading: Reading) -> tuple[str, bool | None]:
    said, is_descending = in_order(_rows, _block, ascending=False)(reading)
    return said, is_descending


def _padding(reading: Reading) -> str:
    counts = sorted({(len(row["topics"]), sum(topic is None for topic in row["topics"])) for row in _rows(reading)})
    return ", ".join(f"{size} topics, {nulls} of them null" for size, nulls in counts) or "no rows"


class _Nobody:
    """A fetcher that is never asked."""

    def fetch(self, request: Any) -> Any:
        raise AssertionError(request)


_NOBODY = _Nobody()
