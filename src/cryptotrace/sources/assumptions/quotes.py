"""Sources of prices: what their answers are taken to be."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from cryptotrace.sources.assumptions.base import Assumption, Look, Question, Reading, Room, look_at, refusal, varied
from cryptotrace.sources.assumptions.looking import fields, told
from cryptotrace.sources.assumptions.places import PricePlace
from cryptotrace.sources.base import Request
from cryptotrace.sources.prices.base import PER_HOUR, Need
from cryptotrace.sources.prices.ecb import FIAT

__all__ = ["coingecko", "defillama", "ecb", "mempool"]

Parts = tuple[Sequence[Question], Sequence[Assumption]]
_DAY = 24 * PER_HOUR


def defillama(place: PricePlace) -> Parts:
    """Give what is checked of DefiLlama."""
    known = (Need(place.coin, place.hour), Need(place.token, place.hour))
    questions = (_asks("known", *known), _asks("unknown", Need(place.unknown, place.hour), known[0]))
    assumptions = (
        *look_at(
            "known",
            ("known coins", "a price close in time for each", _priced(2)),
            ("price of a closed hour", "to be learnt, then the same", told(_prices)),
            ("names of coins", "to be learnt: spelled as asked, or not", told(_names)),
            ("fields of a price", "to be learnt", fields(_llama_rows)),
        ),
        *look_at("unknown", ("an unknown coin", "left out: a gap, no error", _left_out)),
    )
    return questions, assumptions


def coingecko(place: PricePlace) -> Parts:
    """Give what is checked of CoinGecko."""

    def recent() -> int:
        return int(time.time() - place.recent * _DAY) // PER_HOUR * PER_HOUR

    questions = (
        Question(name="recent", write=lambda room: _written(room, Need(place.coin, recent()))),
        Question(name="unknown", write=lambda room: _written(room, Need(place.unknown, recent()))),
        _asks("old", Need(place.coin, place.hour)),
    )
    assumptions = (
        *look_at("recent", ("a recent hour", "a price close in time", _priced(1)), ("spacing", "by the hour", _hourly)),
        *look_at("unknown", ("an unknown token", "404: a gap, no error", _left_out)),
        *look_at("old", ("an hour of years ago", "refused by the free plan, or served", _old), takes_refusal=True),
    )
    return questions, assumptions


def mempool(place: PricePlace) -> Parts:
    """Give what is checked of the prices of mempool.space."""
    questions = (_asks("known", Need("BTC", place.hour)), _asks("early", Need("BTC", place.early)))
    assumptions = (
        *look_at(
            "known",
            ("price at a time", "one within four hours", _priced(1)),
            ("price of a closed hour", "to be learnt, then the same", told(_prices)),
            ("fields of a price", "to be learnt", fields(lambda one: one.body["prices"])),
        ),
        *look_at("early", ("the first years", "to be learnt: a price or a gap", told(_prices))),
    )
    return questions, assumptions


def ecb(place: PricePlace) -> Parts:
    """Give what is checked of the European Central Bank."""

    def weekend(room: Room) -> Request:
        day = time.strftime("%Y-%m-%d", time.gmtime(place.weekend))
        asked = _written(room, Need(f"{FIAT}EUR", place.weekend))
        return varied(asked, startPeriod=day, endPeriod=day)

    questions = (
        _asks("day", Need(f"{FIAT}EUR", place.hour), Need(f"{FIAT}GBP", place.hour)),
        Question(name="weekend", write=weekend),
    )
    assumptions = (
        *look_at(
            "day",
            ("several currencies in one key", "a rate for each", _priced(2)),
            ("rates of a closed day", "to be learnt, then the same", told(_prices)),
            ("columns", "to be learnt", told(lambda one: " ".join(one.text.partition("\n")[0].strip().split(",")))),
        ),
        *look_at("weekend", ("a day without rates", "no rows: a gap, no error", _left_out)),
        *look_at("weekend", ("answer without rates", "to be learnt", told(_status)), takes_refusal=True),
    )  # fmt: skip
    return questions, assumptions


def _asks(name: str, *needs: Need) -> Question:
    return Question(name=name, write=lambda room: _written(room, *needs))


def _written(room: Room, *needs: Need) -> Request:
    def ask(source: Any) -> object:
        (request,) = source.requests(needs)
        return source.fetcher.fetch(request)

    return room.draft(ask)


# -- looks -------------------------------------------------------------------------------------------------------------------


def _found(reading: Reading) -> Any:
    return reading.read(lambda source: source.read(reading.answer))


def _priced(count: int) -> Look:
    def look(reading: Reading) -> tuple[str, bool | None]:
        found = _found(reading)
        gaps = ", ".join(sorted({gap.reason for gap in found.gaps}))
        return (f"no price: {gaps}" if found.gaps else f"{count} priced"), not found.gaps and len(found.quotes) == count

    return look


def _prices(reading: Reading) -> str:
    found = _found(reading)
    told_prices = [f"{one.usd.normalize():f} at {one.price_time:%Y-%m-%d %H:%M}" for one in found.quotes]
    return ", ".join([*told_prices, *(gap.reason for gap in found.gaps)])


def _left_out(reading: Reading) -> tuple[str, bool | None]:
    reasons = sorted({gap.reason for gap in _found(reading).gaps})
    return ("a gap: " + ", ".join(reasons) if reasons else "a price"), reasons == ["not known to the source"]


def _llama_rows(reading: Reading) -> list[Any]:
    return [row for coin in reading.body["coins"].values() for row in coin["prices"]]


def _names(reading: Reading) -> str:
    asked = set(_asked_names(reading.request))
    return "as asked" if set(reading.body["coins"]) <= asked else "spelled otherwise"


def _asked_names(request: Request) -> Sequence[str]:
    return list(json.loads(dict(request.parameters)["coins"]))


def _status(reading: Reading) -> str:
    return "" if reading.answer is None else f"HTTP {reading.answer.status}"


def _hourly(reading: Reading) -> tuple[str, bool | None]:
    seconds = sorted(row[0] // 1_000 for row in reading.body["prices"])
    gaps = [after - before for before, after in pairwise(seconds)]
    if not gaps:
        return "too few prices to tell", None
    fits = max(gaps) <= 2 * PER_HOUR
    return ("by the hour" if fits else "wider than by the hour"), fits


def _old(reading: Reading) -> tuple[str, bool | None]:
    if reading.problem is None:
        return "served", True
    return refusal(reading), reading.problem.kind == "plan_required"
