"""Types of the values that a case file may hold: each refuses what it cannot mean, and says what would do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainValidator, StringConstraints

from cryptotrace.codecs import chain_of
from cryptotrace.errors import InputError
from cryptotrace.labels import our_category
from cryptotrace.registry import OUR_CATEGORIES, Period, bridges, parse_period, resolve_category

__all__ = [
    "Bridge",
    "CaseId",
    "Chain",
    "Dollars",
    "Extent",
    "Moment",
    "PathText",
    "PeriodText",
    "ScopeCategory",
    "SeedCategory",
    "ToBlock",
    "Words",
    "near",
    "one_of",
]

_DOLLARS = re.compile(r"[0-9]{1,18}(\.[0-9]{1,6})?")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VINTAGE = "vintage"


def near(word: str, known: Iterable[str]) -> str:
    """Give the hint for a word that is none of ``known``: the nearest ones, else all."""
    names = list(known)
    found = get_close_matches(word, names, n=2, cutoff=0.6)
    return f"Did you mean {' or '.join(found)}?" if found else f"Use one of: {', '.join(names)}"


def one_of(kind: str, known: Iterable[str] | Callable[[], Iterable[str]]) -> AfterValidator:
    """Make a check that a text is one of a closed list; a list that is a file is read when it is needed."""

    def check(value: str) -> str:
        names = tuple(known() if callable(known) else known)
        if value not in names:
            raise InputError(f"no {kind} {value[:80]!a}", hint=near(value, names))
        return value

    return AfterValidator(check)


def _chain(value: str) -> str:
    return chain_of(value).name


def _scope_category(value: str) -> str:
    found = resolve_category(value)
    if found not in OUR_CATEGORIES:
        raise InputError(f"{value[:80]!a} is a category of published totals, not of cases", hint=near(value, OUR_CATEGORIES))
    return found


def _bridge_names() -> tuple[str, ...]:
    return (_VINTAGE, *(bridge.id for bridge in bridges()))


def _period(value: Any) -> Period:
    if isinstance(value, Period):
        return value
    if not isinstance(value, str):
        raise InputError("a period is text", hint='Write "2021" or "2021-01-01/2022-01-01" (the second day is not included)')
    return parse_period(value)


def _dollars(value: Any) -> Decimal:
    """Take exact dollars: text or a whole number, never a number with a point, which has already lost digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise InputError("an amount is text in quotes", hint='Write it such as "0.5": a number with a point loses digits')
    if value.strip().startswith("-"):
        raise InputError(f"{value[:40]!a} is negative", hint="Write 0 or more dollars")
    if not _DOLLARS.fullmatch(value):
        raise InputError(
            f"{value[:40]!a} is no amount of dollars", hint='Write digits with at most six decimals, such as "0.5"'
        )
    return Decimal(value)


def _moment(value: Any) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise InputError(f"{value[:40]!a} is no time", hint='Write it such as "2024-12-31T00:00:00Z"') from error
    if not isinstance(value, datetime):
        raise InputError("a time is text", hint='Write it such as "2024-12-31T00:00:00Z"')
    if value.tzinfo is None:
        raise InputError("the time has no zone", hint='Add Z for UTC, such as "2024-12-31T00:00:00Z"')
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise InputError("the time is out of range", hint='Write it such as "2024-12-31T00:00:00Z"') from error


def _to_block(value: Any) -> int | str:
    if value == "finalized":
        return "finalized"
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise InputError(f"{str(value)[:40]!a} is no block", hint='Write a block number without quotes, or "finalized"')


def _path(value: str) -> str:
    if not value.strip() or "\0" in value:
        raise InputError(
            "the path is empty or holds a NUL character", hint="Name a file or a folder, relative to the case file"
        )
    return value


def _id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise InputError(
            f"{value[:40]!a} cannot name files",
            hint="Use letters, digits, '.', '_' and '-', at most 64, a letter or digit first",
        )
    return value


def _extent(value: Any) -> bool | str:
    if isinstance(value, bool):
        return value
    if value == "seeds":
        return "seeds"
    raise InputError(f"{value!a:.40} says not what to prove", hint='Write true (all that is pulled), "seeds" or false')


Words = Annotated[str, StringConstraints(min_length=1, max_length=300)]
CaseId = Annotated[str, AfterValidator(_id)]
PathText = Annotated[str, AfterValidator(_path)]
Chain = Annotated[str, AfterValidator(_chain)]
SeedCategory = Annotated[str, AfterValidator(our_category)]
ScopeCategory = Annotated[str, AfterValidator(_scope_category)]
Bridge = Annotated[str, one_of("bridge", _bridge_names)]
PeriodText = Annotated[Period, BeforeValidator(_period)]
Dollars = Annotated[Decimal, BeforeValidator(_dollars)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Extent = Annotated[bool | str, PlainValidator(_extent)]
ToBlock = Annotated[int | str, PlainValidator(_to_block)]
