"""The scope of an estimate, checked: a word that nobody knows would be compared with nothing, or with the wrong thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

from cryptotrace.errors import InputError
from cryptotrace.model import Scope
from cryptotrace.registry import OUR_CATEGORIES, resolve_category

__all__ = ["checked_scope"]

_POPULATIONS = ("sample", "census")


def checked_scope(scope: Scope) -> Scope:
    """Give a scope with our name of its category and its period in UTC.

    Raises
    ------
    InputError
        If the category is none of ours, the population neither a sample nor a census, or the period lacks a zone or ends
        before it begins.
    """
    scope = replace(scope, category=_category(scope.category))
    if scope.population not in _POPULATIONS:
        raise InputError(
            f"no population {scope.population!a:.80}", where="scope.population", hint=f"Use {' or '.join(_POPULATIONS)}"
        )
    if scope.period is None:
        return scope
    first, stop = scope.period
    if first.tzinfo is None or stop.tzinfo is None:
        raise InputError("a time of the period has no zone", where="scope.period", hint="Give aware times, such as tzinfo=UTC")
    if first >= stop:
        raise InputError(
            f"the period ends at {stop.isoformat()}, not after its start {first.isoformat()}",
            where="scope.period",
            hint="The end is not included, so it is later than the start",
        )
    return replace(scope, period=(first.astimezone(UTC), stop.astimezone(UTC)))


def _category(name: str) -> str:
    found = resolve_category(name)
    if found not in OUR_CATEGORIES:
        raise InputError(
            f"{name!a:.80} is a category of published totals, not of cases",
            where="scope.category",
            hint=f"Use one of: {', '.join(OUR_CATEGORIES)}",
        )
    return found
