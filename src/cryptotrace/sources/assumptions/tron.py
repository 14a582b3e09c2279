"""TronGrid and Tronscan: what their lists, marks and counts are taken to be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptotrace.sources.assumptions.base import Assumption, Question, Reading, Room, look_at, varied
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
from cryptotrace.sources.assumptions.places import TronPlace
from cryptotrace.sources.tron.scan_answers import read_counted

__all__ = ["trongrid", "tronscan"]

Parts = tuple[Sequence[Question], Sequence[Assumption]]
_GRID, _SCAN = 200, 50
_FOREIGN = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCd"


def trongrid(place: TronPlace) -> Parts:
    """Give what is checked of TronGrid and the node behind it."""
    native, token, empty = (
        _page_question(name, stream, address, window)
        for name, stream, address, window in (
            ("native", "native", place.busy, place.crowded),
            ("token", "token", place.busy, place.crowded),
            ("empty", "token", place.nobody, place.empty),
        )
    )
    questions = (
        Question(name="head", write=lambda room: room.draft(lambda source: source.head(""))),
        native,
        token,
        empty,
        Question(name="next page", write=lambda room: _next(token, room)),
        Question(name="one moment", write=lambda room: _moment(token, room)),
        Question(name="foreign mark", write=lambda room: varied(token.write(room), fingerprint=_FOREIGN)),
        Question(name="bad address", write=lambda room: varied(token.write(room), path="/v1/accounts/T123/transactions/trc20")),
        Question(name="nobody", write=lambda room: room.draft(lambda source: source.balance(place.nobody, None, ""))),
        Question(name="token balance", write=lambda room: room.draft(
            lambda source: source.balance(place.busy, place.token, ""))),
        Question(name="events", write=lambda room: room.draft(lambda source: _freezes(source, place))),
    )  # fmt: skip
    assumptions = (
        *look_at("head", ("solidified head", "a block with a time", reads(lambda source: source.head("")))),
        *(one for name in ("native", "token") for one in _about_grid(name, place)),
        *look_at("native", ("inner payments", "to be learnt: rows of their own, inside, or both", told(_inner))),
        *look_at("empty", ("an empty list", "success, no rows, no fingerprint", _empty)),
        *look_at("next page", ("next page", "goes on at or above the last moment", _goes_on(token.name))),
        *look_at("one moment", ("stamps", "both ends are inclusive", _inclusive)),
        *look_at("foreign mark", ("a fingerprint that is not known", "to be learnt: refused as a bad question", refused_as(
            learn=True)), takes_refusal=True),
        *look_at("bad address", ("a bad address", "refused as a bad question", refused_as("bad_request")), takes_refusal=True),
        *look_at("nobody", ("an unused account", "a balance of 0", reads(
            lambda source: source.balance(place.nobody, None, ""), what="0", fits=lambda held: held == 0))),
        *look_at("token balance", ("balance of a token", "one word of 64 digits", reads(
            lambda source: source.balance(place.busy, place.token, "")))),
        *look_at(
            "events",
            ("freeze events", "every row is read", reads_all(_events_rejected)),
            ("fields of an event", "to be learnt", fields(_data)),
            ("count of freeze events", "to be learnt, then the same", count_in(_data, _stamp)),
        ),
    )  # fmt: skip
    return questions, assumptions


def tronscan(place: TronPlace) -> Parts:
    """Give what is checked of Tronscan."""
    token = _page_question("token", "token", place.busy, place.crowded)
    questions = (
        Question(name="head", write=lambda room: room.draft(lambda source: source.head(""))),
        token,
        Question(name="larger page", write=lambda room: varied(token.write(room), limit="200")),
        _page_question("empty", "token", place.nobody, place.empty),
        Question(name="too deep", write=lambda room: varied(token.write(room), start="10000")),
    )

    def due(reading: Reading) -> int:
        return min(_SCAN, read_counted(reading.answer)[0]) if reading.answer else 0

    assumptions = (
        *look_at("head", ("newest block", "a block with a time", reads(lambda source: source.head("")))),
        *look_at(
            "token",
            ("token: range", "start_timestamp and end_timestamp are honoured", in_range(_scanned, _scan_stamp, *place.crowded)),
            ("token: page", f"at most {_SCAN} rows", page_size(_scanned, _SCAN)),
            ("token: short pages", "a page holds what is counted", lambda one: _full(len(_scanned(one)), due(one))),
            ("token: reading", "every row is read", reads_all(_scan_rejected)),
            ("token: fields", "to be learnt, then the same", fields(_scanned)),
            ("token: counts", "total and rangeTotal; to be learnt, then the same", told(
                lambda one: " ".join(f"{name}={one.body.get(name)}" for name in ("total", "rangeTotal")))),
            ("token: order", "to be learnt", lambda one: (in_order(_scanned, _scan_stamp)(one)[0], None)),
        ),
        *look_at("larger page", ("limit of 200", f"cut to {_SCAN} without a word", page_size(_scanned, _SCAN))),
        *look_at("empty", ("an empty list", "a count of 0", _counts_nothing)),
        *look_at("too deep", ("start beyond 10,000", "to be learnt", refused_as(learn=True)), takes_refusal=True),
    )  # fmt: skip
    return questions, assumptions


def _page_question(name: str, stream: str, address: str, window: tuple[int, int]) -> Question:
    return Question(name=name, write=lambda room: room.draft(lambda source: next(source.pages(stream, address, *window))))


def _next(question: Question, room: Room) -> Any:
    return varied(question.write(room), fingerprint=str(room.readings[question.name].body["meta"]["fingerprint"]))


def _moment(question: Question, room: Room) -> Any:
    stamp = str(_stamp(room.rows(question.name, "data")[-1]))
    return varied(question.write(room), min_timestamp=stamp, max_timestamp=stamp)


def _freezes(source: Any, place: TronPlace) -> Any:
    return next(source.events(place.token, "AddedBlackList", *place.freezes))


# -- looks at TronGrid -------------------------------------------------------------------------------------------------------


def _data(reading: Reading) -> list[Any]:
    found = reading.body["data"]
    if not isinstance(found, list):
        raise TypeError("no list")
    return found


def _stamp(row: Any) -> int:
    return whole(row["block_timestamp"])


def _about_grid(name: str, place: TronPlace) -> tuple[Assumption, ...]:
    return look_at(
        name,
        (f"{name}: order", "ascending is honoured", in_order(_data, _stamp)),
        (f"{name}: range", "min_timestamp and max_timestamp are honoured", in_range(_data, _stamp, *place.crowded)),
        (f"{name}: page", f"at most {_GRID} rows, as asked", page_size(_data, _GRID)),
        (f"{name}: mark", "a full page has a fingerprint", _mark),
        (f"{name}: reading", "every row is read", reads_all(_grid_rejected)),
        (f"{name}: fields", "to be learnt, then the same", fields(_data)),
        (f"{name}: count", "to be learnt, then the same", count_in(_data, _stamp)),
    )


def _mark(reading: Reading) -> tuple[str, bool | None]:
    rows, mark = _data(reading), reading.body["meta"].get("fingerprint")
    if len(rows) < _GRID:
        return f"a page that is not full: {'a mark' if mark else 'no mark'}", None
    return ("a fingerprint" if mark else "none"), bool(mark)


def _grid_rejected(reading: Reading) -> tuple[int, int]:
    rows = _data(reading)
    return len(rows), len(reading.read(lambda source: source.parse(reading.request.stream, rows)).rejects)


def _events_rejected(reading: Reading) -> tuple[int, int]:
    rows = _data(reading)
    return len(rows), len(reading.read(lambda source: source.parse("events", rows)).rejects)


def _inner(reading: Reading) -> str:
    rows = _data(reading)
    apart = any("internal_tx_id" in row for row in rows)
    inside = any(row.get("internal_transactions") for row in rows)
    return {(True, True): "both", (True, False): "rows of their own", (False, True): "inside"}.get((apart, inside), "none seen")


def _empty(reading: Reading) -> tuple[str, bool | None]:
    rows, mark = _data(reading), reading.body["meta"].get("fingerprint")
    return f"{len(rows)} rows, {'a' if mark else 'no'} fingerprint", not rows and not mark


def _goes_on(question: str) -> Any:
    def look(reading: Reading) -> tuple[str, bool | None]:
        before = _stamp(_data(reading.earlier[question])[-1])
        fits = all(_stamp(row) >= before for row in _data(reading))
        return ("goes on" if fits else "goes back"), fits

    return look


def _inclusive(reading: Reading) -> tuple[str, bool | None]:
    stamp = whole(dict(reading.request.parameters)["min_timestamp"])
    found = sum(_stamp(row) == stamp for row in _data(reading))
    return ("inclusive" if found else "exclusive"), bool(found)


# -- looks at Tronscan -------------------------------------------------------------------------------------------------------


def _scanned(reading: Reading) -> list[Any]:
    found = reading.body["token_transfers"]
    if not isinstance(found, list):
        raise TypeError("no list")
    return found


def _scan_stamp(row: Any) -> int:
    return whole(row["block_ts"])


def _full(found: int, due: int) -> tuple[str, bool | None]:
    return ("as counted" if found >= due else "fewer rows than are counted"), found >= due


def _scan_rejected(reading: Reading) -> tuple[int, int]:
    rows = _scanned(reading)
    return len(rows), len(reading.read(lambda source: source.parse("token", rows)).rejects)


def _counts_nothing(reading: Reading) -> tuple[str, bool | None]:
    assert reading.answer is not None
    count, rows = read_counted(reading.answer)
    return f"{count} counted, {len(rows)} shown", count == len(rows) == 0
