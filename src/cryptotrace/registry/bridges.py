"""Named bridges between a reported total and another cut of the same figure; each step is shown, none is silent."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib import resources

from cryptotrace.errors import RegistryError
from cryptotrace.registry.drafts import Problem
from cryptotrace.registry.records import ReportedTotal, ReportedTotals
from cryptotrace.registry.vintages import same_money

__all__ = ["Bridge", "Bridged", "apply_bridge", "bridges", "bridges_from", "check_bridges"]

OPERATIONS = ("minus", "plus", "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """One line of ``bridges.csv``.

    Parameters
    ----------
    id : str
        The name by which a comparison asks for it.
    from_id : str
        A record, or another bridge whose result this one goes on from.
    operation : str
        ``minus`` or ``plus`` a part of the same edition, or ``replace`` by a later edition.
    record : str
        The part, or the later edition.
    result_usd : Decimal
        What the shipped registry must give; it keeps table and registry in step and is never used in a result.
    part_words, words, caveat : str
        What is taken off or put in, what the result is, and what a reader must know of it.
    """

    id: str
    from_id: str
    operation: str
    record: str
    result_usd: Decimal
    part_words: str
    words: str
    caveat: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridged:
    """A bridge worked out on a registry: ``start_usd`` ``operation`` ``part_usd`` = ``result_usd``, in US dollars."""

    bridge: Bridge
    start_usd: Decimal
    part_usd: Decimal
    result_usd: Decimal
    records: tuple[str, ...]


@lru_cache(maxsize=1)
def bridges() -> tuple[Bridge, ...]:
    """Read the shipped table of bridges."""
    text = resources.files("cryptotrace.registry").joinpath("bridges.csv").read_text(encoding="utf-8")
    return tuple(_bridge(row) for row in csv.DictReader(text.splitlines()))


def _bridge(row: dict[str, str]) -> Bridge:
    result = Decimal(row.pop("result_usd"))
    return Bridge(result_usd=result, **row)


def bridges_from(totals: ReportedTotals, record: str) -> tuple[Bridge, ...]:
    """List the bridges that start, over any number of steps, at this record or at a copy of the same money.

    Bridges for which the registry lacks a record are left out.
    """
    starts = same_money(totals.table, totals.record(record).id)
    table = bridges()
    return tuple(
        one for one in table if _root(one, table) in starts and all(need in totals.table for need in _needs(one, table))
    )


def apply_bridge(bridge: str, totals: ReportedTotals) -> Bridged:
    """Work a bridge out from the amounts of a registry.

    Parameters
    ----------
    bridge : str
        Id of a line of ``bridges.csv``.
    totals : ReportedTotals
        Any selection; the records are looked up in the whole registry behind it.

    Returns
    -------
    Bridged
        The amounts of the last step and the ids of every record that was used.

    Raises
    ------
    RegistryError
        If there is no such bridge, or the registry lacks a record that it needs.
    """
    table = {one.id: one for one in bridges()}
    if bridge not in table:
        near = difflib.get_close_matches(bridge, table, n=3) or list(table)
        raise RegistryError("no such bridge", where=f"bridge {bridge!r}", hint=f"Known: {', '.join(near)}.")
    return _work_out(table[bridge], table, totals)


def _work_out(bridge: Bridge, table: dict[str, Bridge], totals: ReportedTotals) -> Bridged:
    if bridge.from_id in table:
        before = _work_out(table[bridge.from_id], table, totals)
        start, used = before.result_usd, before.records
    else:
        start, used = _amount(totals.record(bridge.from_id)), (bridge.from_id,)
    part = _amount(totals.record(bridge.record))
    result = {"minus": start - part, "plus": start + part, "replace": part}[bridge.operation]
    return Bridged(bridge=bridge, start_usd=start, part_usd=part, result_usd=result, records=(*used, bridge.record))


def _amount(record: ReportedTotal) -> Decimal:
    if record.best_usd is None:
        raise RegistryError("a bridge needs an amount and this record has none", where=f"record {record.id!r}")
    return record.best_usd


def _root(bridge: Bridge, table: Sequence[Bridge]) -> str:
    """Id of the record from which the first step starts."""
    by_id = {one.id: one for one in table}
    while bridge.from_id in by_id:
        bridge = by_id[bridge.from_id]
    return bridge.from_id


def _needs(bridge: Bridge, table: Sequence[Bridge]) -> list[str]:
    """List the records that a bridge takes off, puts in or goes over to, step by step."""
    by_id = {one.id: one for one in table}
    needs = [bridge.record]
    while bridge.from_id in by_id:
        bridge = by_id[bridge.from_id]
        needs.append(bridge.record)
    return needs


def check_bridges(table: Sequence[Bridge], totals: ReportedTotals) -> list[Problem]:
    """Check bridges against a registry: records exist, parts belong to the edition, the arithmetic holds."""
    problems: list[Problem] = []
    earlier: dict[str, Bridge] = {}
    for bridge in table:
        broken = list(_definition(bridge, earlier, totals))
        if not broken:
            earlier[bridge.id] = bridge
            broken = list(_arithmetic(bridge, earlier, totals))
        problems += broken
    return problems


def _definition(bridge: Bridge, earlier: dict[str, Bridge], totals: ReportedTotals) -> Iterator[Problem]:
    if bridge.operation not in OPERATIONS:
        yield Problem(record=bridge.id, rule="operation_is_known", what=f"{bridge.operation!r} not allowed")
    if bridge.id in earlier:
        yield Problem(record=bridge.id, rule="bridge_is_unique", what="stands twice")
    # a bridge goes on only from one above it, so that no circle can be written
    if bridge.from_id not in earlier and bridge.from_id not in totals.table:
        yield Problem(record=bridge.id, rule="ends_exist", what=f"from_id {bridge.from_id} does not exist")
    if bridge.record not in totals.table:
        yield Problem(record=bridge.id, rule="ends_exist", what=f"record {bridge.record} does not exist")
    if not (bridge.part_words and bridge.words and bridge.caveat):
        yield Problem(record=bridge.id, rule="says_what_it_is", what="words or caveat are empty")


def _arithmetic(bridge: Bridge, table: dict[str, Bridge], totals: ReportedTotals) -> Iterator[Problem]:
    root = _root(bridge, tuple(table.values()))
    part = totals.record(bridge.record)
    if bridge.operation == "replace":
        if totals.latest(root).id != part.id:
            yield Problem(record=bridge.id, rule="edition_is_latest", what=f"{part.id} is not the latest edition")
    elif not set(part.subset_of) & set(same_money(totals.table, root)):
        what = f"{part.id} is no part of {root}"
        yield Problem(record=bridge.id, rule="part_is_of_the_same_edition", what=what)
    result = _work_out(bridge, table, totals).result_usd
    if result <= 0:
        yield Problem(record=bridge.id, rule="result_is_positive", what=f"result is {result}")
    if result != bridge.result_usd:
        what = f"result_usd is {bridge.result_usd}, the records give {result}"
        yield Problem(record=bridge.id, rule="result_is_what_is_written", what=what)
