"""How the categories of published totals stand to ours, and the names by which ours are found.

A relation reads from the published category: ``pig_butchering exact romance_baiting``, ``all_fraud broader all_scams``.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from cryptotrace.errors import InputError
from cryptotrace.registry.drafts import Problem
from cryptotrace.registry.vocabulary import CATEGORIES

__all__ = [
    "ALIASES",
    "ALL_SCAMS",
    "OUR_CATEGORIES",
    "CategoryLink",
    "category_link",
    "category_links",
    "category_relation",
    "check_category_links",
    "matching_categories",
    "resolve_category",
]

ALL_SCAMS = "all_scams"

# our scam categories; `hack` is no scam but has published totals too
OUR_CATEGORIES: tuple[str, ...] = (
    ALL_SCAMS,
    "romance_baiting",
    "fake_trading_platform",
    "fake_liquidity_mining",
    "fake_gambling",
    "hyip_ponzi",
    "giveaway",
    "phishing_drainer",
    "impersonation",
    "job_task",
    "recovery_scam",
    "address_poisoning",
    "rug_pull",
    "extortion",
    "donation",
    "scam_unspecified",
    "hack",
)
_OUTSIDE_SCAMS = frozenset({"hack"})

# the older and the official words for romance baiting, understood wherever a category is asked for
ALIASES: dict[str, str] = {
    "pig_butchering": "romance_baiting",
    "sha_zhu_pan": "romance_baiting",
    "crypto_confidence_scam": "romance_baiting",
    "cryptocurrency_investment_fraud": "romance_baiting",
}

RELATIONS = ("exact", "broader", "narrower", "overlaps")


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryLink:
    """One line of ``categories.csv``: a published category stands in ``relation`` to one of ours."""

    registry_category: str
    our_category: str
    relation: str
    note: str = ""


@lru_cache(maxsize=1)
def category_links() -> tuple[CategoryLink, ...]:
    """Read the shipped table of relations."""
    text = resources.files("cryptotrace.registry").joinpath("categories.csv").read_text(encoding="utf-8")
    return tuple(CategoryLink(**row) for row in csv.DictReader(text.splitlines()))


def category_relation(registry_category: str, our_category: str) -> str | None:
    """Say how a published category stands to one of ours.

    Parameters
    ----------
    registry_category : str
        Category of a reported total, for example ``"all_fraud"``.
    our_category : str
        One of ours or an alias, for example ``"romance_baiting"`` or ``"pig_butchering"``.

    Returns
    -------
    str or None
        ``"exact"``, ``"broader"`` (the published one holds ours), ``"narrower"``, ``"overlaps"``, or None if nothing
        is known. What equals or holds all scams holds each kind of scam.
    """
    ours = ALIASES.get(our_category, our_category)
    direct = category_link(registry_category, ours)
    if direct is not None:
        return direct.relation
    if ours in _OUTSIDE_SCAMS or ours not in OUR_CATEGORIES:
        return None
    through_all = category_link(registry_category, ALL_SCAMS)
    if through_all is None:
        return None
    return {"exact": "broader", "broader": "broader", "overlaps": "overlaps"}.get(through_all.relation)


def category_link(registry_category: str, our_category: str) -> CategoryLink | None:
    """Find the line of ``categories.csv`` for a pair, if it has one."""
    for link in category_links():
        if (link.registry_category, link.our_category) == (registry_category, our_category):
            return link
    return None


def resolve_category(name: str) -> str:
    """Find the one name of a category: ours for ours and for an alias, else that of the published category.

    Parameters
    ----------
    name : str
        Case, spaces and hyphens do not matter: ``"Pig butchering"`` is ``"romance_baiting"``.

    Raises
    ------
    InputError
        If the name is neither one of ours, nor an alias, nor a published category.
    """
    key = name.strip().lower().replace(" ", "_").replace("-", "_")
    key = ALIASES.get(key, key)
    if key in OUR_CATEGORIES or key in CATEGORIES:
        return key
    near = difflib.get_close_matches(key, sorted({*OUR_CATEGORIES, *ALIASES, *CATEGORIES}), n=3)
    hint = f"Did you mean {', '.join(near)}?" if near else f"Known: {', '.join(OUR_CATEGORIES)}."
    raise InputError("not a category of scams or of reported totals", where=f"category {name!r}", hint=hint)


def matching_categories(name: str) -> frozenset[str]:
    """Find the published categories that a filter by ``name`` selects.

    Parameters
    ----------
    name : str
        As :func:`resolve_category`.

    Returns
    -------
    frozenset of str
        For one of ours or an alias: every published category with its own line for it in ``categories.csv``, whatever
        the relation (ask :func:`category_relation`). Those that merely hold all scams are left out: they would
        drown the rest. For a published category: itself.

    Raises
    ------
    InputError
        If the name is not known.
    """
    key = resolve_category(name)
    if key in OUR_CATEGORIES:
        return frozenset(link.registry_category for link in category_links() if link.our_category == key)
    return frozenset({key})


def check_category_links(links: Sequence[CategoryLink]) -> list[Problem]:
    """Check the table of relations: known words, no pair twice, no published category forgotten."""
    return [*_unknown_words(links), *_repeated_pairs(links), *_forgotten(links)]


def _unknown_words(links: Sequence[CategoryLink]) -> Iterator[Problem]:
    for link in links:
        for value, allowed in (
            (link.registry_category, CATEGORIES),
            (link.our_category, OUR_CATEGORIES),
            (link.relation, RELATIONS),
        ):
            if value not in allowed:
                yield Problem(record=link.registry_category, rule="words_are_known", what=f"{value!r} not allowed")


def _repeated_pairs(links: Sequence[CategoryLink]) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for link in links:
        pair = (link.registry_category, link.our_category)
        if pair in seen:
            yield Problem(record=pair[0], rule="one_relation_a_pair", what=f"{pair[1]} stands twice")
        seen.add(pair)


def _forgotten(links: Sequence[CategoryLink]) -> Iterator[Problem]:
    mapped = {link.registry_category for link in links}
    for category in CATEGORIES:
        if category not in mapped:
            yield Problem(record=category, rule="every_category_is_mapped", what="has no line in categories.csv")
