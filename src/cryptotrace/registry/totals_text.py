"""The view of ``cryptotrace totals`` as plain text that can be read without knowing the library."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from cryptotrace.registry.cards import Card
from cryptotrace.registry.periods import day_words
from cryptotrace.registry.vocabulary import CATEGORIES
from cryptotrace.registry.wording import (
    about_words,
    edition_words,
    figure_words,
    publisher_words,
    safe,
    sentence,
    source_words,
)

if TYPE_CHECKING:
    from cryptotrace.registry.totals import ConceptGroup, TotalsRow, TotalsView

__all__ = ["view_text"]

_NARROWEST = 40


def view_text(view: TotalsView, width: int) -> str:
    """Lay a view out in ``width`` columns."""
    width = max(width, _NARROWEST)
    lines = _head(view, width)
    if view.empty:
        lines += _nothing(view, width)
    for card in view.cards:
        lines += ["", *_card(card, width, beside=view.cards[0].kind == "figure")]
    for fit in ("inside", "wider"):
        parts = [(group, [row for row in group.rows if row.fit == fit]) for group in view.groups]
        parts = [(group, rows) for group, rows in parts if rows]
        if parts:
            lines += ["", *_banner(view, fit, width)]
        for group, rows in parts:
            lines += ["", *_group(group, rows, width)]
    lines += ["", *_foot(view, width)]
    return "\n".join(lines) + "\n"


def _wrap(text: str, width: int, *, first: str = "", rest: str | None = None) -> list[str]:
    indent = " " * len(first) if rest is None else rest
    # a number and its unit, or an id, is never broken at a hyphen or inside a word
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    ) or [first]


def _asked(view: TotalsView) -> str:
    parts = []
    if view.category:
        old_word = ' (older word: "pig butchering")' if view.category == "romance_baiting" else ""
        parts.append(CATEGORIES.get(view.category, view.category).replace("_", " ") + old_word)
    parts.append(safe(view.period) if view.period else "all years")
    return ", ".join(parts)


def _head(view: TotalsView, width: int) -> list[str]:
    lines = [*_wrap(f"REPORTED TOTALS: {_asked(view)}", width), "=" * width]
    if view.empty:
        return lines
    records = sum(len(group.rows) for group in view.groups)
    shown = [f"{len(view.cards)} card{'s' if len(view.cards) != 1 else ''}"] if view.cards else []
    if records:
        shown.append(f"{records} published figure{'s' if records != 1 else ''}")
    text = f"{', then '.join(shown)}. They count different things: most may not be compared, and none may be added up."
    return lines + _wrap(text, width)


def _nothing(view: TotalsView, width: int) -> list[str]:
    first, last = view.covered
    text = (
        f"The registry holds no published figure for {_asked(view)}. It holds figures about the years {first} to {last}. "
        "That it holds none does not mean that nothing was stolen or reported."
    )
    return _wrap(text, width)


def _card(card: Card, width: int, *, beside: bool) -> list[str]:
    label = "CARD" if card.kind == "figure" else "BESIDE IT, AS CONTEXT" if beside else "CONTEXT"
    title = f"{label}: {safe(card.title)}"
    lines = ["-" * width, *_wrap(title, width), "-" * width]
    for section in card.sections:
        lines += _wrap(section.heading, width)
        for point in section.points:
            lines += _wrap(point, width, first="  - ")
    return lines


def _banner(view: TotalsView, fit: str, width: int) -> list[str]:
    if fit == "wider":
        title = f"FIGURES THAT REACH INTO {safe(view.period or '').upper()} BUT COVER OTHER TIME AS WELL"
        text = "None of them can be cut down to the period asked for."
    else:
        title = f"ALL FIGURES HELD FOR {_asked(view).upper()}"
        text = (
            "Each heading is another kind of figure. Only rows with the same letter, such as [A], are like for like: "
            "same kind, category, way to pay, place and period. A row without a letter has no like here."
        )
    return ["-" * width, *_wrap(title, width), "-" * width, *_wrap(text, width)]


def _group(group: ConceptGroup, rows: list[TotalsRow], width: int) -> list[str]:
    lines = [*_wrap(group.title.upper(), width), *_wrap(group.explanation, width)]
    for row in rows:
        lines += ["", *_row(row, width)]
    return lines


def _row(row: TotalsRow, width: int) -> list[str]:
    record = row.record
    mark = f"[{row.like}] " if row.like else ""
    lines = _wrap(f"{mark}{figure_words(record)}", width, first="  ", rest="      ")
    details = [
        f"{publisher_words(record)}, {day_words(record.published)}; {about_words(record)}.",
        *_category_note(row),
        *_edition_notes(row),
        *_independence(row),
        *([f"Caveat: {sentence(record.caveat)}"] if record.caveat else []),
        f"Evidence: {source_words(record)}. Id: {record.id}",
    ]
    for detail in details:
        lines += _wrap(detail, width, first="      ", rest="        ")
    return lines


def _category_note(row: TotalsRow) -> list[str]:
    if row.link is None or row.link.relation == "exact":
        return []
    ours = row.link.our_category.replace("_", " ")
    words = {
        "broader": f"More than {ours}",
        "narrower": f"Only a part of {ours}",
        "overlaps": f"Only overlaps with {ours}",
    }[row.link.relation]
    return [sentence(f"{words}: {row.link.note}" if row.link.note else words)]


def _edition_notes(row: TotalsRow) -> list[str]:
    notes = []
    if row.status.stale:
        word = "repeats a figure that has been replaced" if row.status.status == "cites_superseded" else "replaced"
        notes.append(f"STALE: {word}. Latest edition: {edition_words(row.latest)}.")
    if row.earlier:
        notes.append(f"Earlier editions: {', then '.join(edition_words(one) for one in row.earlier)}.")
    return notes


def _independence(row: TotalsRow) -> list[str]:
    return [*_other_scope(row), *_shared_input(row)]


def _other_scope(row: TotalsRow) -> list[str]:
    if not row.scope_differs:
        return []
    return [f"The rows marked [{row.like}] have different scopes in their publishers' words: read them before comparing."]


def _shared_input(row: TotalsRow) -> list[str]:
    if not row.related:
        return []
    others = " and ".join(f"{publisher_words(one)}, {day_words(one.published)}" for one in row.related)
    return [f"Not a second source beside {others} (same letter): shared money or shared input."]


def _foot(view: TotalsView, width: int) -> list[str]:
    return _wrap(
        f"Registry: {safe(Path(view.source).name)}, SHA-256 {view.sha256[:16]}. Addresses of the sources, and all fields: "
        "the same command with --json.",
        width,
    )
