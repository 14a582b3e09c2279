"""Thousands of transfers become a picture of about 80 groups without losing a cent.

Four steps, each a mapping from name to name, so that the sums can be taken once, at the end, from the rows themselves:
addresses of one service join (paying in and paying out stay two nodes); chains of three or more addresses with one way
in and one way out join; steps past the last column join that column; and per column the largest stay while the rest
joins by kind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Context, Decimal

from cryptotrace.figures.flow_rows import EXIT_KINDS, FlowEdge, FlowNode
from cryptotrace.figures.svg_text import clean, short_address

__all__ = ["MAX_GROUPS", "Group", "Grouping", "Link", "group_flows"]

MAX_GROUPS = 80
ROWS_PER_COLUMN = 14  # more rows than this do not fit a screen, whatever the total
CHAIN_LENGTH = 3
EXACT = Context(prec=400)  # wide enough that a sum of any accepted values is exact
ZERO = Decimal(0)

_KIND_WORDS = {
    "seed": "seeds",
    "hop": "addresses",
    "chain": "addresses",
    "exchange": "exchanges",
    "mixer": "mixers",
    "bridge": "bridges",
    "service": "services",
    "resting": "resting",
    "frontier": "not followed",
    "pool": "swap pools",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One node to draw. ``form`` is ``single``, ``chain`` or ``group``; ``hop`` is None for the last column."""

    key: str
    kind: str
    form: str
    label: str
    entity: str | None
    members: tuple[str, ...]
    hop: int | None
    pinned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """All rows between two groups. ``usd`` is None where no row has a price; ``unpriced`` counts those without."""

    source: str
    target: str
    usd: Decimal | None
    transfers: int
    unpriced: int
    first: datetime
    last: datetime
    amounts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """Groups in reading order, links between them, links inside them, and whether the last hop column is a tail."""

    groups: tuple[Group, ...]
    links: tuple[Link, ...]
    inside: tuple[Link, ...]
    tail: int | None

    @property
    def shown_usd(self) -> Decimal:
        """Sum the drawn links."""
        return exact_sum(link.usd for link in self.links)

    @property
    def folded_usd(self) -> Decimal:
        """Sum the rows inside groups."""
        return exact_sum(link.usd for link in self.inside)


def exact_sum(values: Iterable[Decimal | None]) -> Decimal:
    """Return the exact sum of what is known."""
    total = ZERO
    for value in values:
        if value is not None:
            total = EXACT.add(total, value)
    return total


def group_flows(
    edges: Iterable[FlowEdge],
    nodes: Mapping[str, FlowNode],
    *,
    hop_columns: int = 8,
    max_groups: int = MAX_GROUPS,
) -> Grouping:
    """Group a traced table for drawing.

    Parameters
    ----------
    edges : iterable of FlowEdge
        Rows; their order does not matter.
    nodes : mapping of str to FlowNode
        What is known about addresses; one that is missing is an ordinary hop.
    hop_columns : int
        Hop columns to draw at most, seeds included; later steps share the last one.
    max_groups : int
        About how many groups there may be; a few more where a column has more kinds than rows.

    Returns
    -------
    Grouping
        ``shown_usd + folded_usd`` is the sum of all priced rows.

    Notes
    -----
    O(n log n) in rows. Pinned addresses come first in their column, then seeds, then by value; a column still holds
    only what a reader can tell apart, so with more pinned addresses than rows the smallest of them fold as well.
    """
    rows = sorted(edges, key=lambda e: (e.time, e.sender, e.receiver, e.amount_text, e.hop, e.usd is None, e.usd or ZERO))
    units, ends = _units(rows, nodes)
    ends, units = _fold_chains(ends, units)
    units, tail = _fold_tail(units, hop_columns)
    totals = _throughput(rows, ends)
    merged, folded = _fold_columns(units, totals, tail, max_groups)
    ends = [(merged.get(a, a), merged.get(b, b)) for a, b in ends]
    links = _links(rows, ends)
    totals = _throughput(rows, ends)
    groups = sorted(folded.values(), key=lambda g: _rank(g, totals))
    return Grouping(
        groups=tuple(groups),
        links=tuple(link for link in links if link.source != link.target),
        inside=tuple(link for link in links if link.source == link.target),
        tail=tail,
    )


def _rank(group: Group, totals: Mapping[str, Decimal]) -> tuple[bool, int, bool, bool, bool, bool, Decimal, str]:
    """Rank by reading order: column, then single nodes before groups, pinned, seeds and swaps first, then by value."""
    value = totals.get(group.key, ZERO)
    hop = group.hop
    return (
        hop is None,
        hop or 0,
        group.form == "group",
        not group.pinned,
        group.kind != "seed",
        group.kind != "pool",
        EXACT.minus(value),
        group.key,
    )


def _units(rows: list[FlowEdge], nodes: Mapping[str, FlowNode]) -> tuple[dict[str, Group], list[tuple[str, str]]]:
    """Make one unit per address, or per service and side; and the two ends of every row."""
    plain = FlowNode(kind="hop", label="", entity=None)
    members: dict[str, set[str]] = defaultdict(set)
    about: dict[str, tuple[FlowNode, str]] = {}
    ends: list[tuple[str, str]] = []
    for row in rows:
        pair: list[str] = []
        inside = _same_service(nodes, row)  # a service that moves its own money is one node, not two
        for address, side in ((row.sender, "in" if inside else "out"), (row.receiver, "in")):
            node = nodes.get(address, plain)
            key = f"{side}:{node.kind}:{node.entity or address}" if node.kind in EXIT_KINDS else f"at:{address}"
            pair.append(key)
            members[key].add(address)
            about.setdefault(key, (node, address))
        ends.append((pair[0], pair[1]))
    hops: dict[str, int] = {}
    for row, (_, receiver) in zip(rows, ends, strict=True):
        hops[receiver] = min(hops.get(receiver, row.hop), row.hop)
    reached = set(hops)
    for row, (sender, _) in zip(rows, ends, strict=True):
        if sender not in reached:  # it only pays: one step before the first that it pays
            hops[sender] = min(hops.get(sender, row.hop - 1), row.hop - 1)
    for key in _payers(rows, ends):
        hops[key] = -1
    units = {
        key: replace(
            _unit(key, *about[key], hops[key]),
            members=tuple(sorted(members[key])),
            pinned=any(nodes[member].pinned for member in members[key] if member in nodes),
        )
        for key in sorted(members)
    }
    return units, ends


def _payers(rows: list[FlowEdge], ends: list[tuple[str, str]]) -> list[str]:
    """Find who paid a seed before anything came back: a victim with a refund stands before the seeds, not after them.

    Rows are in time order, so the first row of a name decides.
    """
    first: dict[str, bool] = {}
    for row, (sender, receiver) in zip(rows, ends, strict=True):
        first.setdefault(sender, row.hop == 0)
        first.setdefault(receiver, False)
    return [key for key, paid in first.items() if paid and not key.startswith("in:")]


def _same_service(nodes: Mapping[str, FlowNode], row: FlowEdge) -> bool:
    sender, receiver = nodes.get(row.sender), nodes.get(row.receiver)
    if sender is None or receiver is None or sender.kind not in EXIT_KINDS or sender.kind != receiver.kind:
        return False
    return (sender.entity or row.sender) == (receiver.entity or row.receiver)


def _unit(key: str, node: FlowNode, address: str, hop: int) -> Group:
    label = clean(node.label) or short_address(address) or "unnamed"
    if node.kind in EXIT_KINDS and node.entity:
        label = clean(node.entity) or label
    if node.kind == "seed":
        hop = 0
    return Group(
        key=key,
        kind=node.kind,
        form="single",
        label=label,
        entity=node.entity,
        members=(address,),
        hop=None if key.startswith("in:") else hop,
    )


def _fold_chains(ends: list[tuple[str, str]], units: dict[str, Group]) -> tuple[list[tuple[str, str]], dict[str, Group]]:
    """Join runs of at least three ordinary addresses that have exactly one payer and one payee."""
    after: dict[str, set[str]] = defaultdict(set)
    before: dict[str, set[str]] = defaultdict(set)
    for sender, receiver in ends:
        after[sender].add(receiver)
        before[receiver].add(sender)

    def links(key: str) -> bool:
        unit = units[key]
        plain = unit.kind == "hop" and not unit.pinned
        return plain and len(after[key]) == 1 and len(before[key]) == 1 and key not in after[key]

    into: dict[str, str] = {}
    for key in units:
        if not links(key) or links(next(iter(before[key]))):
            continue  # not the first of a run
        run = [key]
        while links(following := next(iter(after[run[-1]]))):
            run.append(following)
        if len(run) >= CHAIN_LENGTH:
            into.update(dict.fromkeys(run, f"chain:{key}"))
    if not into:
        return ends, units
    kept = {key: unit for key, unit in units.items() if key not in into}
    runs: dict[str, list[Group]] = defaultdict(list)
    for key, chain in into.items():
        runs[chain].append(units[key])
    for chain, run_units in runs.items():
        kept[chain] = Group(
            key=chain,
            kind="hop",
            form="chain",
            label=f"chain of {len(run_units)} hops",
            entity=None,
            members=tuple(sorted(member for unit in run_units for member in unit.members)),
            hop=min(unit.hop for unit in run_units if unit.hop is not None),
        )
    return [(into.get(a, a), into.get(b, b)) for a, b in ends], kept


def _fold_tail(units: dict[str, Group], columns: int) -> tuple[dict[str, Group], int | None]:
    """Move what lies past the last hop column into it; say at which hop that column starts, where it holds more."""
    hops = sorted({unit.hop for unit in units.values() if unit.hop is not None})
    if len(hops) <= columns:
        return units, None
    tail = hops[columns - 1]
    moved = {key: replace(unit, hop=tail) if unit.hop is not None and unit.hop > tail else unit for key, unit in units.items()}
    return moved, tail


def _throughput(rows: list[FlowEdge], ends: list[tuple[str, str]]) -> dict[str, Decimal]:
    """Return the larger of what came in and what went out, per name."""
    into: dict[str, Decimal] = defaultdict(lambda: ZERO)
    out: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for row, (sender, receiver) in zip(rows, ends, strict=True):
        if row.usd is not None:
            out[sender] = EXACT.add(out[sender], row.usd)
            into[receiver] = EXACT.add(into[receiver], row.usd)
    return {key: max(into.get(key, ZERO), out.get(key, ZERO)) for key in into.keys() | out.keys()}


def _fold_columns(
    units: dict[str, Group], totals: Mapping[str, Decimal], tail: int | None, max_groups: int
) -> tuple[dict[str, str], dict[str, Group]]:
    """Per column keep the largest and join the rest by kind and entity; who went where, and what is left."""
    columns: dict[int | None, list[Group]] = defaultdict(list)
    for unit in sorted(units.values(), key=lambda u: _rank(u, totals)):
        columns[unit.hop].append(unit)
    room = ROWS_PER_COLUMN
    while room > 1 and sum(min(len(column), room) for column in columns.values()) > max_groups:
        room -= 1
    into: dict[str, str] = {}
    kept: dict[str, Group] = {}
    for hop, column in columns.items():
        stay, buckets = _split(column, room, several_hops=hop is not None and hop == tail)
        kept.update((unit.key, unit) for unit in stay)
        for (kind, entity), rest in buckets.items():
            group = _joined(kind, entity, rest)
            kept[group.key] = group
            into.update((unit.key, group.key) for unit in rest)
    return into, kept


Bucket = tuple[str, str | None]  # kind, entity


def _split(column: list[Group], room: int, *, several_hops: bool) -> tuple[list[Group], dict[Bucket, list[Group]]]:
    """Take the longest head of a ranked column that fits the room together with the buckets of its rest.

    In a column of several hops the ordinary addresses always join: standing above each other they would look like
    neighbours, while one pays the next.
    """
    loose = [unit for unit in column if several_hops and unit.kind == "hop" and not unit.pinned]
    ranked = [unit for unit in column if unit not in loose]
    for by_entity in (True, False):
        for keep in range(len(ranked), -1, -1):
            buckets: dict[Bucket, list[Group]] = defaultdict(list)
            for unit in (*ranked[keep:], *loose):
                buckets[unit.kind, unit.entity if by_entity else None].append(unit)
            fits = keep + len(buckets) <= room or (keep == 0 and not by_entity)
            if fits and (keep >= room // 2 or keep == len(ranked) or not by_entity):
                lone = [rest[0] for rest in buckets.values() if len(rest) == 1]
                return [*ranked[:keep], *lone], {name: rest for name, rest in buckets.items() if len(rest) > 1}
    raise AssertionError(room)  # pragma: no cover  (keep = 0 always fits in the end)


def _joined(kind: str, entity: str | None, rest: list[Group]) -> Group:
    members = tuple(sorted({member for unit in rest for member in unit.members}))
    hop = rest[0].hop
    count = len(rest) if kind in EXIT_KINDS else len(members)
    label = f"{count} more {_KIND_WORDS[kind]}" + (f" · {clean(entity)}" if entity else "")
    return Group(
        key=f"group:{'exit' if hop is None else hop}:{kind}:{entity or ''}",
        kind=kind,
        form="group",
        label=label,
        entity=entity,
        members=members,
        hop=hop,
    )


def _links(rows: list[FlowEdge], ends: list[tuple[str, str]]) -> list[Link]:
    """Merge parallel rows: exact sum, count, first and last time, up to three amounts as written."""
    together: dict[tuple[str, str], list[FlowEdge]] = defaultdict(list)
    for row, pair in zip(rows, ends, strict=True):
        together[pair].append(row)
    return [
        Link(
            source=source,
            target=target,
            usd=exact_sum(row.usd for row in same) if any(row.usd is not None for row in same) else None,
            transfers=len(same),
            unpriced=sum(row.usd is None for row in same),
            first=min(row.time for row in same),
            last=max(row.time for row in same),
            amounts=tuple(row.amount_text for row in same[:3]),
        )
        for (source, target), same in sorted(together.items())
    ]
