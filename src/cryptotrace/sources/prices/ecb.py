"""The European Central Bank's reference rates: dollars for one euro, and through the euro for one unit of other currencies.

Rates are of working days alone; a weekend or holiday takes the working day before, at most a week back. A rate is stored under
``fiat:EUR`` and so on, with the day that it is of as its price time. One request holds any number of currencies and days.
Not verified live: what an empty range answers (an empty body or HTTP 404 are taken for no rows), and several currencies in one
key, which the bank's examples show.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from cryptotrace.errors import MalformedAnswer
from cryptotrace.sources.base import Answer, Fetcher, Request
from cryptotrace.sources.prices.base import (
    EXACT,
    STREAM,
    Found,
    Gap,
    Need,
    Point,
    Quote,
    hours_of,
    malformed,
    priced,
    refuse_status,
)

__all__ = ["FIAT", "EcbRates"]

FIAT = "fiat:"
_PATH = re.compile(r"/EXR/D\.([A-Z+]+)\.EUR\.SP00\.A")
_CODE = re.compile(r"[A-Z]{3}")
_RATE = re.compile(r"\d{1,20}(?:\.\d{1,20})?", re.ASCII)
_BACK = timedelta(days=7)
"""How far back the last working day may be."""


class EcbRates:
    """Reference rates of the European Central Bank.

    Parameters
    ----------
    fetcher : Fetcher
        Where answers come from: the network, an archive, or both.
    """

    name = "ecb"

    def __init__(self, fetcher: Fetcher) -> None:
        self.fetcher = fetcher

    @staticmethod
    def judge(answer: Answer) -> None:
        """Raise the error that an answer is, if it is one."""
        _rates(answer)

    def serves(self, asset: str) -> bool:
        """Whether it is a currency other than the dollar."""
        code = asset.removeprefix(FIAT)
        return asset.startswith(FIAT) and bool(_CODE.fullmatch(code)) and code != "USD"

    def requests(self, needs: Iterable[Need]) -> list[Request]:
        """Give one request for all days and currencies."""
        wanted = [need for need in needs if self.serves(need.asset)]
        if not wanted:
            return []
        hours = sorted({need.hour for need in wanted})
        codes = sorted({"USD", *(need.asset.removeprefix(FIAT) for need in wanted)} - {"EUR"})
        # the euro is asked about wherever another currency is: its own rate comes along
        first, last = _day(hours[0]) - _BACK, _day(hours[-1])
        parameters = (("startPeriod", first.isoformat()), ("endPeriod", last.isoformat()), ("format", "csvdata"))
        run = ",".join(map(str, hours))
        path = f"/EXR/D.{'+'.join(codes)}.EUR.SP00.A"
        return [Request(source=self.name, chain="", stream=STREAM, path=path, parameters=parameters, run=run)]

    def asked(self, request: Request) -> tuple[Need, ...]:
        """Read the currencies out of the path and the hours out of ``run``; the euro is always among them."""
        found = _PATH.fullmatch(request.path)
        codes = [] if found is None else ["EUR", *(code for code in found[1].split("+") if code != "USD")]
        return tuple(Need(FIAT + code, hour) for code in codes for hour in hours_of(request))

    def read(self, answer: Answer) -> Found:
        """Give for each need the rate of its day or of the last working day before, or a gap."""
        rates = _rates(answer)
        quotes: list[Quote] = []
        gaps: list[Gap] = []
        for need in self.asked(answer.request):
            found = priced(need, _point(need, rates), self.name, within=_BACK + timedelta(days=1))
            quotes.append(found) if isinstance(found, Quote) else gaps.append(found)
        return Found(quotes=tuple(quotes), gaps=tuple(gaps))


def _day(second: int) -> date:
    return datetime.fromtimestamp(second, UTC).date()


def _point(need: Need, rates: dict[tuple[str, date], Decimal]) -> Point | None:
    """Give dollars for one unit on the last day, up to that of the need, that has both rates."""
    code, day = need.asset.removeprefix(FIAT), _day(need.hour)
    for back in range(_BACK.days + 1):
        on = day - timedelta(days=back)
        dollars, units = rates.get(("USD", on)), Decimal(1) if code == "EUR" else rates.get((code, on))
        if dollars and units:
            second = int(datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp())
            return Point(second, EXACT.divide(dollars, units))
    return None


def _rates(answer: Answer) -> dict[tuple[str, date], Decimal]:
    """Read units of a currency for one euro, by currency and day; a day without a rate is left out."""
    if answer.status == 404 or (answer.status == 200 and not answer.body.strip()):
        return {}
    if answer.status != 200:
        raise refuse_status(answer)
    try:
        text = answer.body.decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text), strict=True))
    except (UnicodeDecodeError, csv.Error):
        rows = []
    if not rows or not {"CURRENCY", "TIME_PERIOD", "OBS_VALUE"} <= rows[0].keys():
        raise malformed(answer, "not the documented table")
    found: dict[tuple[str, date], Decimal] = {}
    for row in rows:
        code, day, value = _cells(answer, row)
        if value is None:
            continue
        if found.setdefault((code, day), value) != value:
            raise malformed(answer, f"two rates of {code} on {day}")
    return found


def _cells(answer: Answer, row: dict[str, str | None]) -> tuple[str, date, Decimal | None]:
    code, period, text = (row[name] or "" for name in ("CURRENCY", "TIME_PERIOD", "OBS_VALUE"))
    problem: MalformedAnswer
    try:
        day = date.fromisoformat(period)
        if text.strip() in {"", "NaN"}:
            return code, day, None
        if _CODE.fullmatch(code) and _RATE.fullmatch(text):
            return code, day, Decimal(text)
        problem = malformed(answer, "a rate that is none")
    except (ValueError, InvalidOperation):
        problem = malformed(answer, "a day that is none")
    raise problem
