"""How records must stand to one another: ends of relations, editions of one figure, containment, no double entry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter

from cryptotrace.registry.drafts import Draft, Problem, ids
from cryptotrace.registry.vocabulary import RELATIONS

__all__ = ["RELATION_RULES", "relations_resolve"]

Found = Iterator[tuple[str, str]]
Rule = Callable[[Sequence[Draft]], Found]

_INVERSE = {
    "supersedes": "superseded_by",
    "superseded_by": "supersedes",
    "same_money_as": "same_money_as",
    "not_independent_of": "not_independent_of",
}
_PART_SLACK = Decimal("1.02")  # a part and its whole may be rounded differently
# stocks and cases are dated by their own events, not by the year of the total that holds them
_LOOSE_PERIODS = frozenset({"seized_or_frozen", "service_throughput"})
_IDENTITY = (
    "publisher",
    "flow_concept",
    "category",
    "scope",
    "period_start",
    "period_end",
    "published",
    "original_currency",
    "bound",
)


def relations_resolve(rows: Sequence[Mapping[str, str]]) -> Iterator[Problem]:
    """Require that every relation ends at another record of the file, once."""
    known = {row["id"] for row in rows}
    for row in rows:
        for relation in RELATIONS:
            others = ids(row[relation])
            if len(others) != len(set(others)):
                yield Problem(record=row["id"], rule="relations_resolve", what=f"{relation} repeats an id")
            for other in others:
                if other not in known:
                    what = f"{relation} -> {other} does not exist"
                elif other == row["id"]:
                    what = f"{relation} points at itself"
                else:
                    continue
                yield Problem(record=row["id"], rule="relations_resolve", what=what)


def relations_have_an_inverse(drafts: Sequence[Draft]) -> Found:
    """Require that what one record says of another, the other says back."""
    table = _table(drafts)
    for draft in drafts:
        for relation, back in _INVERSE.items():
            for other in ids(draft[relation]):
                if draft.id not in ids(table[other][back]):
                    yield draft.id, f"{relation} -> {other} has no {back} back"


def editions_do_not_branch(drafts: Sequence[Draft]) -> Found:
    """Allow a figure one edition before it and one after it."""
    for draft in drafts:
        if len(ids(draft["superseded_by"])) > 1 or len(ids(draft["supersedes"])) > 1:
            yield draft.id, "a vintage chain must not branch"


def status_agrees_with_editions(drafts: Sequence[Draft]) -> Found:
    """Require the other edition wherever a status speaks of one."""
    for draft in drafts:
        replaced = bool(draft["superseded_by"])
        if replaced != (draft["status"] == "superseded") and draft["status"] != "derived":
            yield draft.id, "status superseded and superseded_by disagree"
        if draft["status"] == "revision" and not draft["supersedes"] and draft["verified"] == "yes":
            yield draft.id, "revision without supersedes"


def newer_edition_is_later(drafts: Sequence[Draft]) -> Found:
    """Let an edition replace only an earlier one of the same concept, on evidence."""
    for old, new in _editions(drafts):
        if new.published <= old.published:
            yield old.id, f"superseded by {new.id}, which is not later"
        if new["flow_concept"] != old["flow_concept"] or new["geography_basis"] != old["geography_basis"]:
            yield old.id, f"superseded by {new.id} of another concept"
        if new["verified"] != "yes" and new["status"] != "derived":
            yield old.id, f"superseded by {new.id}, which is unverified: memory never supersedes"


def changed_scope_is_said(drafts: Sequence[Draft]) -> Found:
    """Require a caveat where an edition has another period, category or unit."""
    for old, new in _editions(drafts):
        notes = (old["caveat"] + new["caveat"]).lower()
        changes = (
            ("period", "over another period", (old.start, old.end) != (new.start, new.end)),
            ("category", "of another category", old["category"] != new["category"]),
            ("unit", "in another unit", old["annual_rate"] != new["annual_rate"]),
        )
        for word, how, changed in changes:
            if changed and f"{word} differs" not in notes:
                yield old.id, f"superseded by {new.id} {how}; say '{word} differs' in the caveat"


def copy_is_no_edition(drafts: Sequence[Draft]) -> Found:
    """Refuse one sum of money that is two editions of a figure at once, over any number of copies and editions."""
    table = _table(drafts)
    money = {draft.id: min(_reached(table, draft.id, "same_money_as")) for draft in drafts}
    older: dict[str, set[str]] = defaultdict(set)
    for draft in drafts:
        older[money[draft.id]] |= {money[other] for other in ids(draft["supersedes"])}
    try:
        TopologicalSorter(older).prepare()
    except CycleError as error:
        path: list[str] = error.args[1]
        yield path[0], f"the same money in two editions of one figure: {' -> '.join(path)}"


def _reached(table: Mapping[str, Draft], start: str, relation: str) -> set[str]:
    found, queue = {start}, [start]
    while queue:
        new = set(ids(table[queue.pop()][relation])) - found
        found |= new
        queue += new
    return found


def part_fits_in_whole(drafts: Sequence[Draft]) -> Found:
    """Refuse a part larger than its whole, or that is another edition of it."""
    for part, whole in _containments(drafts):
        if whole.id in ids(part["superseded_by"]) + ids(part["supersedes"]):
            yield part.id, f"{whole.id} is both container and vintage"
        if part.best is not None and whole.present and part.best > max(whole.present) * _PART_SLACK:
            yield part.id, f"{part.best} cannot be inside {whole.id} {max(whole.present)}"


def part_is_in_the_same_unit(drafts: Sequence[Draft]) -> Found:
    """Refuse a count inside a sum of money, and one kind of count inside another."""
    for part, whole in _containments(drafts):
        units = [draft["original_currency"] if draft["flow_concept"] == "count" else "money" for draft in (part, whole)]
        if units[0] != units[1] or bool(part.present) != bool(whole.present):
            yield part.id, f"{units[0]} cannot be inside {whole.id}, which is {units[1]}"


def part_lies_in_period(drafts: Sequence[Draft]) -> Found:
    """Require the period of a part inside that of the whole, except for stocks and cases."""
    for part, whole in _containments(drafts):
        loose = part["flow_concept"] in _LOOSE_PERIODS or part["geography_basis"] == "case"
        if not loose and not (whole.start <= part.start and part.end <= whole.end):
            yield part.id, f"period is not inside {whole.id}"


def relations_are_acyclic(drafts: Sequence[Draft]) -> Found:
    """Refuse a record that replaces or contains itself over any number of steps."""
    for relation in ("supersedes", "subset_of"):
        order = TopologicalSorter({draft.id: ids(draft[relation]) for draft in drafts})
        try:
            order.prepare()
        except CycleError as error:
            path: list[str] = error.args[1]
            yield path[0], f"cycle in {relation}: {' -> '.join(path)}"


def one_quantity_one_record(drafts: Sequence[Draft]) -> Found:
    """Refuse the same figure entered twice."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for draft in drafts:
        groups[tuple(draft[column] for column in _IDENTITY)].append(draft.id)
    for same in groups.values():
        if len(same) > 1:
            yield same[-1], f"{', '.join(same)}: same publisher, concept, period and publication date"


def _table(drafts: Sequence[Draft]) -> dict[str, Draft]:
    return {draft.id: draft for draft in drafts}


def _editions(drafts: Sequence[Draft]) -> Iterator[tuple[Draft, Draft]]:
    table = _table(drafts)
    for draft in drafts:
        for newer in ids(draft["superseded_by"]):
            yield draft, table[newer]


def _containments(drafts: Sequence[Draft]) -> Iterator[tuple[Draft, Draft]]:
    table = _table(drafts)
    for draft in drafts:
        for whole in ids(draft["subset_of"]):
            yield draft, table[whole]


RELATION_RULES: tuple[Rule, ...] = (
    relations_have_an_inverse,
    editions_do_not_branch,
    status_agrees_with_editions,
    newer_edition_is_later,
    changed_scope_is_said,
    copy_is_no_edition,
    part_fits_in_whole,
    part_is_in_the_same_unit,
    part_lies_in_period,
    relations_are_acyclic,
    one_quantity_one_record,
)
