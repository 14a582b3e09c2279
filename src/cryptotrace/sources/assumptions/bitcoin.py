"""Esplora, mempool.space and blockchain.info: what their lists and counts are taken to be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cryptotrace.sources.assumptions.base import Assumption, Question, Reading, Room, look_at, refusal, varied
from cryptotrace.sources.assumptions.looking import fields, in_order, page_size, reads, reads_all, refused_as, told, whole
from cryptotrace.sources.assumptions.places import CoinPlace
from cryptotrace.sources.bitcoin.answers import GONE, read_standing
from cryptotrace.sources.bitcoin.blockchain_rows import read_listing
from cryptotrace.sources.bitcoin.esplora_rows import Odd, read_transactions

__all__ = ["blockchain_info", "esplora"]

Parts = tuple[Sequence[Question], Sequence[Assumption]]
_PAGE, _WAITING, _SITE = 25, 50, 100
_UNSEEN = 2**31
_TXID = re.compile("[0-9a-f]{64}")
_NO_TX = "f" * 64


def esplora(place: CoinPlace) -> Parts:
    """Give what is checked of Esplora and of mempool.space, which speaks the same."""
    first = _page_question(place)
    chain = f"/address/{place.busy}/txs/chain"
    questions = (
        Question(name="head", write=lambda room: room.draft(lambda source: source.head(""))),
        Question(name="count", write=lambda room: room.draft(lambda source: source.balance(place.busy, None, ""))),
        first,
        Question(name="next page", write=lambda room: varied(first.write(room), path=f"{chain}/{_last(room)}")),
        Question(name="gone", write=lambda room: varied(first.write(room), path=f"{chain}/{_NO_TX}")),
        Question(name="waiting", write=lambda room: varied(first.write(room), path=f"/address/{place.busy}/txs/mempool")),
        Question(name="coinbase", write=lambda room: varied(first.write(room), path=f"/tx/{place.coinbase}")),
        Question(name="bad address", write=lambda room: varied(first.write(room), path="/address/1bad/txs/chain")),
    )
    assumptions = (
        *look_at("head", ("tip", "text, read as a height", reads(lambda source: source.head("")))),
        *look_at(
            "count",
            ("count of an address", "read", lambda one: _standing(one, place)),
            ("fields of a count", "to be learnt", fields(lambda one: [one.body["chain_stats"]])),
        ),
        *look_at(
            "native",
            ("native: order", "newest first", in_order(_rows, _height, ascending=False)),
            ("native: page", f"at most {_PAGE} rows", page_size(_rows, _PAGE)),
            ("native: rows of a full page", f"to be learnt: {_PAGE}", told(lambda one: f"{len(_rows(one))} rows")),
            ("native: reading", "every row is read", reads_all(_odd)),
            ("native: fields", "to be learnt, then the same", fields(_rows)),
        ),
        *look_at(
            "next page",
            ("next page: place", "goes on below the last row", _goes_on),
            ("next page: repeats", "no row of the page before", _repeats),
        ),
        *look_at("gone", ("a place that is gone", f"an empty list, or {GONE}", _gone), takes_refusal=True),
        *look_at("waiting", ("rows in no block", f"at most {_WAITING}", page_size(_rows, _WAITING))),
        *look_at(
            "coinbase",
            ("prevout of new coins", "null", _prevout),
            ("a coinbase", "read", reads_all(_odd_coinbase)),
        ),
        *look_at("bad address", ("a bad address", "refused as a bad question", refused_as("bad_request")), takes_refusal=True),
    )
    return questions, assumptions


def blockchain_info(place: CoinPlace) -> Parts:
    """Give what is checked of blockchain.info."""
    first = _page_question(place)
    questions = (
        Question(name="head", write=lambda room: room.draft(lambda source: source.head(""))),
        first,
        Question(name="next page", write=lambda room: _from(first, room)),
        Question(name="larger page", write=lambda room: varied(first.write(room), n="200")),
        Question(name="bad address", write=lambda room: varied(first.write(room), active="1bad")),
    )
    assumptions = (
        *look_at("head", ("tip", "read as a height", reads(lambda source: source.head("")))),
        *look_at(
            "native",
            ("native: order", "newest first", in_order(_listed, _site_height, ascending=False)),
            ("native: page", f"at most {_SITE} rows", page_size(_listed, _SITE)),
            (
                "native: reading",
                "every row is read, and the count of the address",
                reads_all(lambda one: _site_odd(one, place)),
            ),
            ("native: fields", "to be learnt, then the same", fields(_listed)),
            ("fields of a count", "to be learnt", fields(lambda one: one.body["addresses"])),
        ),
        *look_at("next page", ("next page: place", "offset counts from the top", _begins_with_the_last)),
        *look_at("larger page", ("n of 200", "to be learnt: cut, served or refused", told(_larger)), takes_refusal=True),
        *look_at("bad address", ("a bad address", "refused as a bad question", refused_as("bad_request")), takes_refusal=True),
    )
    return questions, assumptions


def _page_question(place: CoinPlace) -> Question:
    def write(room: Room) -> Any:
        return room.draft(lambda source: next(source.pages("native", place.busy, 0, place.last)))

    return Question(name="native", write=write)


# -- Esplora -----------------------------------------------------------------------------------------------------------------


def _last(room: Room) -> str:
    found = room.readings["native"].body
    if not isinstance(found, list) or len(found) < _PAGE:
        raise LookupError("one page only")
    name = str(found[-1]["txid"])
    if not _TXID.fullmatch(name):
        raise LookupError("no name of a transaction")  # it goes into an address
    return name


def _rows(reading: Reading) -> list[Any]:
    found = reading.body
    if not isinstance(found, list):
        raise TypeError("no list")
    return found


def _height(row: Any) -> int:
    return whole(row["status"]["block_height"]) if row["status"]["confirmed"] else _UNSEEN


def _odd(reading: Reading) -> tuple[int, int]:
    assert reading.answer is not None
    found = read_transactions(reading.answer.body)
    return len(found), sum(isinstance(row, Odd) for row in found)


def _odd_coinbase(reading: Reading) -> tuple[int, int]:
    assert reading.answer is not None
    found = read_transactions(b"[" + reading.answer.body + b"]")
    return len(found), sum(isinstance(row, Odd) for row in found)


def _standing(reading: Reading, place: CoinPlace) -> tuple[str, bool | None]:
    assert reading.answer is not None
    found = read_standing(reading.answer, place.busy)
    return ("read" if found.transactions else "no transactions"), bool(found.transactions)


def _goes_on(reading: Reading) -> tuple[str, bool | None]:
    last = min(map(_height, _rows(reading.earlier["native"])))
    fits = all(_height(row) <= last for row in _rows(reading))
    return ("goes on" if fits else "rows above the last one"), fits


def _repeats(reading: Reading) -> tuple[str, bool | None]:
    known = {row["txid"] for row in _rows(reading.earlier["native"])}
    again = sum(row["txid"] in known for row in _rows(reading))
    return (f"{again} rows again" if again else "none"), not again


def _gone(reading: Reading) -> tuple[str, bool | None]:
    if reading.problem is not None:
        return refusal(reading), reading.problem.kind == "bad_request" and GONE in reading.problem.what.lower()
    rows = _rows(reading)
    return (f"{len(rows)} rows" if rows else "an empty list"), not rows


def _prevout(reading: Reading) -> tuple[str, bool | None]:
    (first,) = reading.body["vin"]
    fits = first["prevout"] is None
    return ("null" if fits else "an object"), fits


# -- blockchain.info ---------------------------------------------------------------------------------------------------------


def _listed(reading: Reading) -> list[Any]:
    found = reading.body["txs"]
    if not isinstance(found, list):
        raise TypeError("no list")
    return found


def _site_height(row: Any) -> int:
    return _UNSEEN if row.get("block_height") is None else whole(row["block_height"])


def _from(first: Question, room: Room) -> Any:
    rows = room.rows("native", "txs")[:_SITE]
    return varied(first.write(room), offset=str(len(rows) - 1))


def _site_odd(reading: Reading, place: CoinPlace) -> tuple[int, int]:
    assert reading.answer is not None
    found = read_listing(reading.answer.body, subject=place.busy).rows
    return len(found), sum(isinstance(row, Odd) for row in found)


def _begins_with_the_last(reading: Reading) -> tuple[str, bool | None]:
    last, rows = _listed(reading.earlier["native"])[:_SITE][-1]["hash"], _listed(reading)
    fits = any(row["hash"] == last for row in rows)  # not the first one where a row came on top meanwhile
    return ("begins with the last row" if fits else "the last row is not there"), fits


def _larger(reading: Reading) -> str:
    return refusal(reading) or f"{len(_listed(reading))} rows"
