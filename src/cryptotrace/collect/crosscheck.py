"""``cross_check``: pull a sample of complete addresses once more from another explorer, and say where the two disagree."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from cryptotrace.codecs import chain_of, parse_address
from cryptotrace.collect.pull import collect
from cryptotrace.errors import InputError, SourceError
from cryptotrace.model import ResultTable
from cryptotrace.sources.base import Source

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["CheckedList", "CrossCheck", "Disagreement", "cross_check"]

_SUMMARY = (
    "chain", "address", "list", "to_block", "here", "there", "contract", "rows_here", "rows_there", "only_here",
    "only_here_amount", "only_there", "only_there_amount", "reason",
)  # fmt: skip
_ROWS = ("chain", "address", "list", "tx_hash", "kind", "sender", "receiver", "contract", "amount", "here", "there")
_AT_MOST = {"block": "coalesce(t.block, 0) <= $end", "ms": "epoch_ms(t.time) <= $end"}
_TRANSFERS = """
    SELECT t.tx_hash, t.kind, s.address, r.address, nullif(a.contract, ''), t.amount FROM transfers AS t
    JOIN assets AS a ON a.id = t.asset
    LEFT JOIN accounts AS s ON s.id = t.sender LEFT JOIN accounts AS r ON r.id = t.receiver
    WHERE t.chain = $chain AND (s.address = $address OR r.address = $address) AND {at_most}
        AND t.kind IN ('native', 'internal', 'token') AND (t.kind <> 'internal' OR (t.amount > 0
            AND coalesce(t.call_type, '') NOT IN ('delegatecall', 'staticcall', 'callcode')))
"""
_COINS = """
    SELECT t.tx_hash, 'output', NULL, t.address, NULL, t.amount FROM tx_outputs AS t
    WHERE t.chain = $chain AND t.address = $address AND {at_most}
    UNION ALL
    SELECT t.tx_hash, 'input', t.address, NULL, NULL, t.amount FROM tx_inputs AS t
    WHERE t.chain = $chain AND t.address = $address AND {at_most}
"""
_Row = tuple[str, str, str | None, str | None, str | None, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A transfer that the two explorers do not show equally often: ``here`` times in the store, ``there`` at the other.

    ``amount`` is in base units of the asset; ``contract`` is None for the coin of the chain.
    """

    address: str
    stream: str
    tx_hash: str
    kind: str
    sender: str | None
    receiver: str | None
    contract: str | None
    amount: int
    here: int
    there: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedList:
    """One list of an address at both explorers; a reason says why it was not compared."""

    address: str
    stream: str
    to_block: int
    given_by: str
    rows_here: int = 0
    rows_there: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossCheck:
    """What came of asking another explorer.

    Attributes
    ----------
    chain, source : str
        Which chain, and who was asked.
    complete : int
        Addresses that could have been drawn.
    sample : tuple of str
        Those that were.
    requests : int
        Requests that were sent.
    differences : tuple of Disagreement
        Transfers that the two do not show equally often, in order of address, list and transaction.
    lists : tuple of CheckedList
        Each list with its rows at both; ``reason`` says why one was not compared.
    """

    chain: str
    source: str
    complete: int
    sample: tuple[str, ...]
    requests: int
    differences: tuple[Disagreement, ...]
    lists: tuple[CheckedList, ...]

    @property
    def agrees(self) -> bool | None:
        """Whether every list that was compared is the same at both; None where none could be compared."""
        return not self.differences if any(one.reason is None for one in self.lists) else None

    @property
    def reasons(self) -> Mapping[str, int]:
        """Reason -> lists that were not compared for it."""
        return Counter(one.reason for one in self.lists if one.reason is not None)

    @property
    def table(self) -> ResultTable:
        """By address, list and asset: rows at both, and the rows that only one has with their sum in base units."""
        rows: list[tuple[Any, ...]] = []
        for one in self.lists:
            mine = [row for row in self.differences if (row.address, row.stream) == (one.address, one.stream)]
            for contract in sorted({row.contract or "" for row in mine}) or [""]:
                sums = _sums([row for row in mine if (row.contract or "") == contract]) if mine else (0, 0, 0, 0)
                told = (None,) * 4 if one.reason is not None else sums
                head = (self.chain, one.address, one.stream, one.to_block, one.given_by, self.source, contract or None)
                rows.append((*head, one.rows_here, one.rows_there, *told, one.reason))
        return ResultTable("cross_check", _SUMMARY, tuple(rows))

    @property
    def rows(self) -> ResultTable:
        """The transfers that the two do not show equally often, and how often each does."""
        cells = (
            (self.chain, one.address, one.stream, one.tx_hash, one.kind, one.sender, one.receiver, one.contract, one.amount,
             one.here, one.there)
            for one in self.differences
        )  # fmt: skip
        return ResultTable("cross_check_rows", _ROWS, tuple(cells))

    def __str__(self) -> str:
        compared = sum(one.reason is None for one in self.lists)
        drawn = f"{len(self.sample):,} of {self.complete:,} complete addresses at {self.source}"
        lines = [f"cross-check: {drawn}, {compared:,} of {len(self.lists):,} lists compared, {self.requests:,} requests"]
        lines += [f"not compared: {count:,} ({reason})" for reason, count in sorted(self.reasons.items())]
        if self.agrees:
            lines.append("every transfer is the same at both")
        for one in self.lists:
            mine = [row for row in self.differences if (row.address, row.stream) == (one.address, one.stream)]
            if mine:
                here, _, there, _ = _sums(mine)
                lines.append(f"differs: {one.address}, {one.stream}: {here:,} rows only here, {there:,} only at {self.source}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return "<br>".join(escape(line) for line in str(self).splitlines())


def cross_check(
    store: Store,
    source: Source,
    addresses: Iterable[tuple[str, str] | str] | None = None,
    *,
    sample: int = 5,
    seed: int = 0,
    max_requests: int | None = None,
) -> CrossCheck:
    """Pull a sample of the complete addresses of a store from another explorer, up to the same head, and compare transfers.

    Parameters
    ----------
    store : Store
        What was collected; nothing is written to it.
    source : Source
        Another explorer of the same chain, from :func:`cryptotrace.open_source`.
    addresses : iterable of str or (chain, address), optional
        Draw from these alone; by default from all that are complete.
    sample : int
        How many addresses, drawn by a hash of the address and ``seed``: the same store gives the same sample.
    seed : int
        Another one draws another sample.
    max_requests : int, optional
        Requests that may be sent; what is not asked for is not compared.

    Returns
    -------
    CrossCheck
        ``.agrees``, and ``.table`` for the disagreement by address, list and asset. Lists that the other explorer does not
        give, or refuses, stand in it with the reason.

    Raises
    ------
    InputError
        If the store has no complete address that another explorer gave, or ``sample`` is below 1.

    Notes
    -----
    A transfer is named by its transaction, kind, ends, asset and amount, and counted: explorers differ in what they tell
    besides. Fees, wraps of the coin, calls that move nothing and what is in no block yet are left aside. Requests are those of
    pulling the sample.
    """
    if sample < 1:
        raise InputError("sample is 1 or more", where="cross_check", hint="Leave it out for 5")
    ends = _complete(store, source, addresses)
    drawn = sorted(ends, key=lambda one: hashlib.sha256(f"{seed}:{one}".encode()).digest())[:sample]
    other, sent, refusal = _pulled(source, {one: ends[one][0] for one in drawn}, max_requests)
    lists: list[CheckedList] = []
    differences: list[Disagreement] = []
    for address in sorted(drawn):
        for stream in _streams(store, source.chain, address):
            checked, found = _compared(store, other, source, address, stream, ends[address], refusal)
            lists.append(checked)
            differences += found
    return CrossCheck(
        chain=source.chain, source=source.name, complete=len(ends), sample=tuple(sorted(drawn)), requests=sent,
        differences=tuple(differences), lists=tuple(lists),
    )  # fmt: skip


def _complete(store: Store, source: Source, addresses: Iterable[tuple[str, str] | str] | None) -> dict[str, tuple[int, str]]:
    """Give address -> (where its shortest list ends, who gave it), of those that are complete and not from this explorer."""
    rows = store.rows(
        "SELECT address, min(to_block), string_agg(DISTINCT coalesce(given_by, source), '+') FROM coverage "
        "WHERE chain = ? AND address IS NOT NULL AND stream IN ('native', 'internal', 'token') "
        "AND NOT starts_with(source, 'file:') GROUP BY address HAVING bool_and(status = 'complete') ORDER BY address",
        [source.chain],
    )
    wanted = None if addresses is None else {
        parse_address(one if isinstance(one, str) else one[1], source.chain)
        for one in addresses
        if isinstance(one, str) or chain_of(one[0]).name == source.chain
    }  # fmt: skip
    found = {
        address: (int(end), "+".join(sorted(set(givers.split("+")))))
        for address, end, givers in rows
        if (wanted is None or address in wanted) and set(givers.split("+")) != {source.name}
    }
    if not found:
        raise InputError(
            f"no complete address on {source.chain} came from another explorer than {source.name}",
            where="cross_check",
            hint="Collect first, and check with an explorer that did not give the lists",
        )
    return found


def _pulled(source: Source, ends: Mapping[str, int], most: int | None) -> tuple[Store, int, str | None]:
    """Pull addresses into a store in memory, those of one end together; a refusal of everything is a reason."""
    from cryptotrace.store import open_store

    store, sent, refusal = open_store(":memory:"), 0, None
    for end in sorted(set(ends.values())):
        group = [address for address in ends if ends[address] == end]
        left = None if most is None else most - sent
        if left is not None and left <= 0:
            refusal = refusal or "budget"
            break
        try:
            found = collect(source, store, group, to_block=end, max_requests=left, max_rows_per_address=10**9, progress=False)
        except SourceError as problem:
            refusal = problem.kind
            break
        sent += int(found.provenance.parameters["requests"])
    return store, sent, refusal


def _streams(store: Store, chain: str, address: str) -> list[str]:
    rows = store.rows(
        "SELECT DISTINCT stream FROM coverage WHERE chain = ? AND address = ? AND stream IN ('native', 'internal', 'token') "
        "AND NOT starts_with(source, 'file:') ORDER BY stream",
        [chain, address],
    )
    return [stream for (stream,) in rows]


def _compared(
    store: Store, other: Store, source: Source, address: str, stream: str, here: tuple[int, str], refusal: str | None
) -> tuple[CheckedList, list[Disagreement]]:
    end, givers = here
    if stream not in source.streams:
        return CheckedList(address=address, stream=stream, to_block=end, given_by=givers, reason="not_told"), []
    told = other.rows(
        "SELECT status, reason, to_block FROM coverage WHERE chain = ? AND address = ? AND stream = ?",
        [source.chain, address, stream],
    )
    if not told or told[0][0] != "complete":
        reason = (told[0][1] if told else None) or refusal or "not_asked"
        return CheckedList(address=address, stream=stream, to_block=end, given_by=givers, reason=reason), []
    end = min(end, int(told[0][2]))  # the other may know the chain less far
    mine, theirs = (_rows(one, source.chain, address, stream, end) for one in (store, other))
    found = [
        Disagreement(
            address=address, stream=stream, tx_hash=row[0], kind=row[1], sender=row[2], receiver=row[3], contract=row[4],
            amount=row[5], here=mine[row], there=theirs[row],
        )
        for row in sorted(mine.keys() | theirs.keys(), key=lambda row: tuple(str(cell or "") for cell in row))
        if mine[row] != theirs[row]
    ]  # fmt: skip
    checked = CheckedList(
        address=address, stream=stream, to_block=end, given_by=givers, rows_here=mine.total(), rows_there=theirs.total()
    )
    return checked, found


def _rows(store: Store, chain: str, address: str, stream: str, end: int) -> Counter[_Row]:
    """Give the transfers of a list up to a place, by what names them."""
    info = chain_of(chain)
    query = (_COINS if info.family == "bitcoin" else _TRANSFERS).format(at_most=_AT_MOST[info.axis])
    rows = store.rows(query, {"chain": chain, "address": address, "end": end})
    found: Counter[_Row] = Counter()
    for tx_hash, kind, sender, receiver, contract, amount in rows:
        if info.family == "bitcoin" or _list_of(info.family, kind, contract) == stream:
            found[tx_hash, kind, sender, receiver, contract, int(amount)] += 1
    return found


def _list_of(family: str, kind: str, contract: str | None) -> str:
    """Name the list that shows a transfer: on TRON one list has everything but the tokens of contracts."""
    if family != "tron":
        return kind
    return "token" if kind == "token" and not str(contract).isdigit() else "native"


def _sums(rows: Sequence[Disagreement]) -> tuple[int, int, int, int]:
    """Give (rows, amount) that only the store has, then those that only the other has; a row counts as often as it lacks."""
    more = [(max(0, one.here - one.there), max(0, one.there - one.here), one.amount) for one in rows]
    here, there = sum(one for one, _, _ in more), sum(one for _, one, _ in more)
    return here, sum(one * amount for one, _, amount in more), there, sum(one * amount for _, one, amount in more)
