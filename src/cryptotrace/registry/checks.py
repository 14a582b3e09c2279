"""The rules that a file of reported totals must keep; one small function a rule.

The rules run in stages, because a later one would only repeat the news of an earlier one: the shape of the table, the
text of each cell, what one record says (``record_rules``), and how records stand to one another (``relation_rules``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

from cryptotrace.registry.drafts import Draft, Problem, read_amounts, read_dates
from cryptotrace.registry.record_rules import RECORD_RULES
from cryptotrace.registry.relation_rules import RELATION_RULES, relations_resolve
from cryptotrace.registry.vocabulary import CATEGORIES, COLUMNS, ENUMS

__all__ = ["Problem", "check"]

Cells = Mapping[str, str]

_ID = re.compile(r"[a-z0-9]+(_[A-Za-z0-9]+)+")


def check(rows: Sequence[Cells], *, today: date | None = None) -> list[Problem]:
    """Check the rows of a file of reported totals.

    Parameters
    ----------
    rows : sequence of mapping
        One mapping of column to text a row, as :class:`csv.DictReader` yields them.
    today : date, optional
        Nothing may be published after this day. Today (UTC) if not given.

    Returns
    -------
    list of Problem
        Empty if every rule holds. The order is that of the stages, then of the rows.

    Notes
    -----
    O(records x relations). No rule uses floating point.
    """
    shape = _shape(rows)
    if shape:
        return shape
    problems = _text(rows)
    drafts, unreadable = _read(rows)
    problems += unreadable
    for draft in drafts:
        for rule in RECORD_RULES:
            problems += _named(rule.__name__, draft.id, rule(draft))
        problems += _named("published_by_today", draft.id, _published_by_today(draft, today or _today()))
    unresolved = list(relations_resolve(rows))
    problems += unresolved
    # dates, amounts and ends of relations must be there before records can be held against one another
    if not unresolved and len(drafts) == len(rows):
        for relation_rule in RELATION_RULES:
            problems += [
                Problem(record=record, rule=relation_rule.__name__, what=what) for record, what in relation_rule(drafts)
            ]
    return problems


def _today() -> date:
    return datetime.now(UTC).date()


def _named(rule: str, record: str, messages: Iterator[str]) -> list[Problem]:
    return [Problem(record=record, rule=rule, what=what) for what in messages]


def _published_by_today(draft: Draft, today: date) -> Iterator[str]:
    if draft.published > today:
        yield f"published in the future ({draft.published})"


def _shape(rows: Sequence[Cells]) -> list[Problem]:
    """Require exactly the columns in every row; nothing else is looked at before that holds."""
    if not rows:
        return [Problem(record="?", rule="has_rows", what="file has no rows")]
    if tuple(rows[0]) != COLUMNS and None not in rows[0]:
        missing, extra = sorted(set(COLUMNS) - set(rows[0])), sorted(set(rows[0]) - set(COLUMNS))
        what = f"header differs: missing {missing}, extra {extra}"
        return [Problem(record="?", rule="header_is_known", what=what)]
    return [
        Problem(record=str(row.get("id", "?")), rule="cell_count", what="wrong number of cells")
        for row in rows
        if set(row) != set(COLUMNS) or any(not isinstance(value, str) for value in row.values())
    ]


def _text(rows: Sequence[Cells]) -> list[Problem]:
    problems = []
    for rule in (id_is_snake_case, cells_are_trimmed, enums_are_known, category_is_known, mandatory_cells_are_filled):
        for row in rows:
            problems += _named(rule.__name__, row["id"] or "?", rule(row))
    return problems + id_is_unique(rows)


def _read(rows: Sequence[Cells]) -> tuple[list[Draft], list[Problem]]:
    """Read dates and amounts; a row where this fails is reported and takes no part in the later stages."""
    drafts, problems = [], []
    for row in rows:
        try:
            published, start, end = read_dates(row)
        except ValueError as error:
            problems.append(Problem(record=row["id"], rule="dates_are_readable", what=f"date: {error}"))
            continue
        try:
            low, central, high = read_amounts(row)
        except ValueError as error:
            what = f"not a plain number: {str(error)!r}"
            problems.append(Problem(record=row["id"], rule="amounts_are_plain_numbers", what=what))
            continue
        drafts.append(Draft(cells=row, published=published, start=start, end=end, low=low, central=central, high=high))
    return drafts, problems


def id_is_snake_case(row: Cells) -> Iterator[str]:
    """Require ids of words joined by underscores."""
    if not _ID.fullmatch(row["id"]):
        yield f"id {row['id']!r} is not snake case"


def id_is_unique(rows: Sequence[Cells]) -> list[Problem]:
    """Refuse an id that stands twice."""
    seen: set[str] = set()
    problems = []
    for row in rows:
        if row["id"] in seen:
            problems.append(Problem(record=row["id"], rule="id_is_unique", what="duplicate id"))
        seen.add(row["id"])
    return problems


def cells_are_trimmed(row: Cells) -> Iterator[str]:
    """Refuse a line break in a cell, or white space around it."""
    for column, value in row.items():
        if value != value.strip() or "\n" in value:
            yield f"{column}: stray white space"


def enums_are_known(row: Cells) -> Iterator[str]:
    """Take only the words of a closed list."""
    for column, allowed in ENUMS.items():
        if row[column] not in allowed:
            yield f"{column}={row[column]!r} not allowed"


def category_is_known(row: Cells) -> Iterator[str]:
    """Take only categories that ``categories.csv`` maps."""
    if row["category"] not in CATEGORIES:
        yield f"category={row['category']!r} not allowed"


def mandatory_cells_are_filled(row: Cells) -> Iterator[str]:
    """Require who, where, what and how."""
    for column in ("publisher", "report", "scope", "method", "location", "original_currency"):
        if not row[column]:
            yield f"{column} is empty"
