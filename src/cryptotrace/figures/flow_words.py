"""The words of the flow picture: headings, sums, and the full text behind every mark."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from cryptotrace.figures.flow_rows import EXIT_KINDS, GroupRow
from cryptotrace.figures.grouping import Grouping, Link, exact_sum
from cryptotrace.figures.svg_text import clean, cut, plain_usd, sums_that_add_up

__all__ = ["column_heading", "description", "group_title", "link_title", "sum_lines", "under_title"]

_PLURAL = {"exchange": "exchanges", "mixer": "mixers", "bridge": "bridges", "service": "other services"}
_MEMBERS_IN_TITLE = 8


def column_heading(hop: int | None, kinds: Collection[str], tail: int | None) -> str:
    """Say what stands over a column; ``hop`` is None for the services at the right."""
    if hop is None:
        if len(kinds) == 1:
            return _PLURAL[next(iter(kinds))]
        return "exchanges and other exits" if "exchange" in kinds else "exits"
    if hop <= 0:
        return "seeds" if hop == 0 else "paid in by"
    more = " or more" if hop == tail else ""
    return f"{hop}{more} step{'' if hop == 1 and not more else 's'} on"


def under_title(grouping: Grouping, rows: Sequence[GroupRow]) -> str:
    """Say in one sentence how to read the picture and what it covers."""
    addresses = {address for row in rows for address in row.addresses}
    transfers = _transfers(grouping)
    first = min(row.first_time for row in rows)
    last = max(row.last_time for row in rows)
    return (
        "Money moves from left to right; a line takes the colour of where it ends. "
        f"{_count(len(addresses), 'address', 'addresses')} drawn as {_count(len(rows), 'mark', 'marks')}, "
        f"{_count(transfers, 'transfer', 'transfers')}, {_day(first)} to {_day(last)} (UTC)."
    )


def sum_lines(grouping: Grouping, rows: Sequence[GroupRow]) -> list[str]:
    """Write the sums under the picture: what reached services, and that nothing is missing."""
    texts = []
    reached = []
    for kind in EXIT_KINDS:
        usd = [row.in_usd for row in rows if row.kind == kind and row.hop is None]
        if any(value is not None for value in usd):
            reached.append(f"{_PLURAL[kind]} {plain_usd(exact_sum(usd))}")
    if reached:
        texts.append("Lines into " + " · ".join(reached))
    shown, folded = grouping.shown_usd, grouping.folded_usd
    a, b, c = sums_that_add_up((shown, folded), exact_sum((shown, folded)))
    texts.append(f"All lines: {a} · folded inside groups: {b} · together: {c}, counted again at every step")
    unpriced = sum(link.unpriced for link in (*grouping.links, *grouping.inside))
    if unpriced:
        texts[-1] += f" · without price: {unpriced:,} of {_transfers(grouping):,} transfers"
    return texts


def description(grouping: Grouping, rows: Sequence[GroupRow]) -> str:
    """Tell the picture in words, for those who do not see it."""
    if not rows:
        return "There is nothing to draw: the table of flows has no rows."
    largest = sorted(grouping.links, key=lambda k: (k.usd is None, -(k.usd or 0), k.source, k.target))[:5]
    label = {group.key: cut(clean(group.label)) for group in grouping.groups}
    told = "; ".join(f"{label[k.source]} to {label[k.target]} {_usd(k)}" for k in largest)
    return " ".join(
        [under_title(grouping, rows), *(f"{line}." for line in sum_lines(grouping, rows)), f"Largest lines: {told}."]
    )


def group_title(row: GroupRow) -> str:
    """Tell everything about one mark."""
    count = len(row.addresses)
    names = ", ".join(cut(clean(address), 100) for address in row.addresses[:_MEMBERS_IN_TITLE])
    more = f" and {count - _MEMBERS_IN_TITLE:,} more" if count > _MEMBERS_IN_TITLE else ""
    into = "not priced" if row.in_usd is None else plain_usd(row.in_usd, 2)
    out = "not priced" if row.out_usd is None else plain_usd(row.out_usd, 2)
    folded = f"; inside {plain_usd(row.folded_usd, 2)}" if row.folded_usd else ""
    when = f"{_day(row.first_time, 16)} to {_day(row.last_time, 16)} UTC"
    return f"{cut(clean(row.label), 200)} ({row.kind}): in {into}; out {out}{folded}; {when}; {names}{more}"


def link_title(link: Link, source: str, target: str) -> str:
    """Tell everything about one line."""
    amounts = ", ".join(cut(clean(amount), 60) for amount in link.amounts)
    more = ", …" if link.transfers > len(link.amounts) else ""
    return (
        f"{cut(clean(source), 100)} to {cut(clean(target), 100)}: {_usd(link)} in "
        f"{_count(link.transfers, 'transfer', 'transfers')}; {_day(link.first)} to {_day(link.last)}; "
        f"{amounts}{more}"
    )


def _day(time: datetime, length: int = 10) -> str:
    return time.astimezone(UTC).isoformat(" ")[:length]


def _usd(link: Link) -> str:
    if link.usd is None:
        return "without price"
    return plain_usd(link.usd, 2) + (f" and {link.unpriced} without price" if link.unpriced else "")


def _transfers(grouping: Grouping) -> int:
    return sum(link.transfers for link in (*grouping.links, *grouping.inside))


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
