"""Our words, and what the words of other sources mean in them.

``categories.csv`` beside this file is the mapping: one row a word of a source, with our category, what kind of statement the
word makes, and the role it implies. A word without a row, or with an empty category, maps to None: it is never guessed.
``relation`` says how the source's word relates to ours. ``confidence.csv`` is the ladder of confidence levels of TagPacks.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from cryptotrace.errors import InputError

__all__ = ["INJECTIONS", "ROLES", "STATEMENTS", "Meaning", "confidence_levels", "meaning", "our_categories", "our_category"]

STATEMENTS = ("convicted", "sanctioned", "frozen", "reported", "label")
"""Kinds of statement, from the one that most was proven for to the one that least was."""

ROLES = ("perpetrator", "victim", "service", "government", "unknown")
INJECTIONS = ("inflow", "outflow", "payments")

_IN_GENERAL = ("cryptotrace", "alias", "graphsense", "chainabuse", "forta")
_UNSPECIFIC = "scam_unspecified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a source's words about one address mean in ours; None is what they do not say."""

    category: str | None = None
    statement: str | None = None
    role: str | None = None


def meaning(
    *,
    category: str | None,
    abuse: str | None = None,
    concepts: Iterable[str] = (),
    source: str | None = None,
    vocabulary: str | None = None,
) -> Meaning:
    """Map the words of a source.

    Parameters
    ----------
    category, abuse, concepts, source : str, or iterable of str
        The source's own words, verbatim.
    vocabulary : str, optional
        Whose words they are; where unknown, our own words come first, then those of the others.

    Notes
    -----
    What an address *is* (its category) comes before what it was used for (concepts, abuse): an exchange that a scam paid
    into stays an exchange. Among concepts, a specific one comes before ``scam_unspecified``.
    """
    order = (vocabulary, "cryptotrace", "alias") if vocabulary else _IN_GENERAL
    found = [_row(order, ("category", "abuse"), category)]
    listed = [_row(order, ("category", "abuse"), concept) for concept in concepts]
    found += sorted(listed, key=lambda row: row.category == _UNSPECIFIC)
    found += [_row(order, ("abuse", "category"), abuse), _row(order, ("source",), source)]
    statements = [row.statement for row in found if row.statement]
    return Meaning(
        category=next((row.category for row in found if row.category), None),
        statement=min(statements, key=STATEMENTS.index, default=None),
        role=next((row.role for row in found if row.role), None),
    )


def our_categories() -> tuple[str, ...]:
    """Give our category words, in the order of the data file."""
    return tuple(word for vocabulary, _, word in _mapping() if vocabulary == "cryptotrace")


def our_category(word: str) -> str:
    """Give our category for a word that a person used, such as an old name of it.

    Raises
    ------
    InputError
        Neither ours nor an alias; near words are named.
    """
    found = _row(("cryptotrace", "alias"), ("category",), word).category
    if found is None:
        from difflib import get_close_matches

        near = get_close_matches(_folded(word), our_categories(), n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(our_categories())}"
        raise InputError("no such category", where=f"category={word[:80]!a}", hint=hint)
    return found


@cache
def confidence_levels() -> Mapping[str, int]:
    """Give the level names of TagPacks with their number from 0 to 100."""
    return MappingProxyType({row["level"]: int(row["number"]) for row in _rows("confidence.csv")})


_NOTHING = Meaning()


def _row(vocabularies: Iterable[str], fields: Iterable[str], word: str | None) -> Meaning:
    if word is None:
        return _NOTHING
    folded, table = _folded(word), _mapping()
    keys = ((vocabulary, field, folded) for vocabulary in vocabularies for field in fields)
    return next((table[key] for key in keys if key in table), _NOTHING)


def _folded(word: str) -> str:
    return word.strip().lower().replace(" ", "_").replace("-", "_")


@cache
def _mapping() -> Mapping[tuple[str, str, str], Meaning]:
    return {
        (row["vocabulary"], row["field"], _folded(row["native"])): Meaning(
            category=row["category"] or None, statement=row["statement"] or None, role=row["role"] or None
        )
        for row in _rows("categories.csv")
    }


def _rows(name: str) -> list[dict[str, str]]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))
