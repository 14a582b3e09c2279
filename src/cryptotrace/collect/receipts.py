"""Receipts fill log indices, where they are asked for.

Lists of many explorers show token transfers without their place in the transaction. Two equal rows then may be two payments, or
one that a page repeats; a receipt tells. After the lists, each transaction in question is asked for once in its life: answers
are journalled and stored like pages, and one that is in the store is read again instead. What a receipt proves to be one too
many is taken out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from cryptotrace.codecs import chain_of, null_address
from cryptotrace.collect.archive import StoreArchive
from cryptotrace.collect.walks import OPEN_ENDS, Progress, Step
from cryptotrace.collect.writing import Pull, flush, take
from cryptotrace.errors import InputError, NotArchived, SourceError
from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources.base import Answer, Request, Source
from cryptotrace.sources.evm.events import WRAPPED_COINS

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["RECEIPTS", "check_receipts", "fill_log_indices", "has_open_receipts"]

RECEIPTS = ("equal", "all")
"""``equal`` asks about transactions with equal token rows that have no place; ``all`` about every one with such a row."""

_STREAM = "receipt"
_WORKERS = 4
_NOT_ASKED = "not_asked"
_ANOTHER_BLOCK = "another_block"


@runtime_checkable
class _GivesReceipts(Protocol):
    """An explorer that gives receipts of transactions whose time is known."""

    def receipt(self, tx_hash: str, *, time: datetime | None = None, subject: str = "") -> Batch:
        """Give the transaction, its fee and its token transfers with their log indices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A transaction with token rows that have no place, and the walked accounts that it concerns."""

    tx_hash: str
    block: int | None
    time: datetime
    accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What asking brought: rows, or why there are none."""

    wanted: _Wanted
    batch: Batch | None = None
    reason: str | None = None
    answers: tuple[Answer, ...] = ()


def check_receipts(source: Source, receipts: str | None) -> None:
    """Refuse what cannot be asked for, before the first request.

    Raises
    ------
    InputError
        If the word is none of :data:`RECEIPTS`, or the explorer gives no receipts.
    """
    if receipts is None:
        return
    if receipts not in RECEIPTS:
        raise InputError(f"unknown receipts {receipts!r}", where="collect", hint=f"Use {' or '.join(map(repr, RECEIPTS))}")
    if not isinstance(source, _GivesReceipts) or chain_of(source.chain).family != "evm":
        raise InputError(
            f"{source.name} gives no receipts", where="collect", hint="Leave receipts out, or use another explorer"
        )


def fill_log_indices(pull: Pull, receipts: str | None) -> bool:
    """Ask for receipts of the walked accounts, once their lists are whole, and write what they say.

    Parameters
    ----------
    pull : Pull
        After its lists.
    receipts : str or None
        One of :data:`RECEIPTS`; None asks nothing.

    Returns
    -------
    bool
        Whether it came to that: receipts wait until every list is whole.

    Notes
    -----
    Every account gets a row of coverage for the list ``receipt``: ``complete``, or ``partial`` with the reason why a receipt
    is missing. Accounts that are too busy are left out. One request a transaction; rows keep the fee that the lists gave.
    Where several receipts failed, each account with one of them has the first reason of all in order (to be gone on with
    first), so that a replay, which knows no other, says the same.
    """
    accounts = [address for address in sorted(pull.walked) if not _is_too_busy(pull.known.get(address, {}))]
    if receipts is None:
        _give_up(pull, accounts)
        return False
    if _has_open_lists(pull):
        return False  # the same command comes back with whole lists
    wanted = _wanted(pull, accounts, only_equal=receipts == "equal")
    failed: dict[str, str] = {}
    read: list[str] = []
    for one in _all_read(pull, wanted):
        if one.batch is None:
            failed |= dict.fromkeys(one.wanted.accounts, one.reason or "error")
            take(pull, _step(pull, Batch(), one.answers))
        else:
            read.append(one.wanted.tx_hash)
            take(pull, _step(pull, _places_of(one.batch), one.answers))
    reason = _reasons(failed)
    for address in accounts:
        take(pull, Step(progress=_progress(pull, address, reason if address in failed else None)))
    flush(pull)
    _drop_surplus(pull, read)
    return True


def has_open_receipts(pull: Pull) -> bool:
    """Whether receipts of the walked accounts wait for the same command to go on."""
    known = (pull.known.get(address, {}).get(_STREAM) for address in pull.walked)
    return any(progress is not None and progress.reason in OPEN_ENDS for progress in known)


def _reasons(failed: Mapping[str, str]) -> str | None:
    """Give the reason that stands for all: one that the next run goes on from, else the first of the alphabet."""
    return min(failed.values(), key=lambda reason: (reason not in OPEN_ENDS, reason), default=None)


def _is_too_busy(known: Mapping[str, Progress]) -> bool:
    return any(progress.reason == "too_busy" for progress in known.values())


def _has_open_lists(pull: Pull) -> bool:
    known = (pull.known.get(address, {}) for address in pull.walked)
    return pull.interrupted or any(
        progress.reason in OPEN_ENDS for lists in known for stream, progress in lists.items() if stream != _STREAM
    )


def _give_up(pull: Pull, accounts: Sequence[str]) -> None:
    """Say of receipts that an earlier call was to go on with, and this one is not, that nobody asked."""
    for address in accounts:
        before = pull.known.get(address, {}).get(_STREAM)
        if before is not None and before.reason in OPEN_ENDS:
            take(pull, Step(progress=_progress(pull, address, _NOT_ASKED)))
    flush(pull)


def _progress(pull: Pull, address: str, reason: str | None) -> Progress:
    # Receipts are no rows of the account: they do not count towards what makes it too busy.
    status = "partial" if reason else "complete"
    through = None if reason else pull.head
    return Progress(stream=_STREAM, address=address, through=through, rows=0, status=status, reason=reason, head=pull.head)


def _step(pull: Pull, batch: Batch, answers: tuple[Answer, ...]) -> Step:
    none = Progress(stream="", address="", through=None, rows=0, status="", reason=None, head=pull.head)
    return Step(progress=none, batch=batch, answers=answers)


# -- which transactions --------------------------------------------------------------------------------------------------


def _wanted(pull: Pull, accounts: Sequence[str], *, only_equal: bool) -> list[_Wanted]:
    """Give the transactions of these accounts whose token rows lack a place, in the order of the chain."""
    equal = """
        AND t.tx_hash IN (
            SELECT tx_hash FROM transfers WHERE chain = $chain AND kind = 'token'
            GROUP BY tx_hash, sender, receiver, asset, amount HAVING count(*) > 1 AND count(log_index) < count(*)
        )
    """
    rows = pull.store.rows(
        f"""
        SELECT t.tx_hash, min(t.block), min(t.time), list(DISTINCT m.address ORDER BY m.address)
        FROM transfers AS t
        JOIN accounts AS m ON m.id IN (t.sender, t.receiver)
        WHERE t.chain = $chain AND t.kind = 'token' AND t.log_index IS NULL AND m.chain = $chain
            AND m.address IN (SELECT unnest($accounts)) {equal if only_equal else ""}
        GROUP BY t.tx_hash
        ORDER BY min(t.block), t.tx_hash
        """,
        {"chain": pull.source.chain, "accounts": list(accounts)},
    )
    return [_Wanted(tx_hash=name, block=block, time=time, accounts=tuple(names)) for name, block, time, names in rows]


# -- asking --------------------------------------------------------------------------------------------------------------


class _Stored:
    """Answers to questions about receipts that the store has."""

    def __init__(self, store: Store, source: Source) -> None:
        rows = store.rows(
            "SELECT key FROM responses WHERE source IN (SELECT unnest(?)) AND chain = ? AND stream = ?",
            [[one.name for one in getattr(source, "sources", (source,))], source.chain, _STREAM],
        )
        self._keys = {key for (key,) in rows}
        self._archive = StoreArchive(store)

    def fetch(self, request: Request) -> Answer:
        found = self._archive.find(request.key) if request.key in self._keys else None
        if found is None:
            raise NotArchived("not in the store", where=request.source, hint="Ask the explorer")
        return found


def _all_read(pull: Pull, wanted: Sequence[_Wanted]) -> Iterator[_Read]:
    """Read every receipt, from the store where it is there; the others side by side. In the order of the chain."""
    stored = pull.source.through(_Stored(pull.store, pull.source))
    known = [_read(stored, one) for one in wanted]
    with ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="receipts") as pool:
        tasks = [
            None if before.batch is not None else pool.submit(_ask, pull, before.wanted) for before in known
        ]  # fmt: skip
        try:
            for before, task in zip(known, tasks, strict=True):
                yield before if task is None else _result(pull, task)
        except BaseException:
            pull.fetcher.stop.set()  # nobody writes what would still come
            for task in tasks:
                if task is not None:
                    task.cancel()
            raise


def _result(pull: Pull, task: Future[_Read]) -> _Read:
    while True:
        try:
            return task.result()
        except KeyboardInterrupt:
            if pull.interrupted:
                raise
            pull.stop()


def _ask(pull: Pull, wanted: _Wanted) -> _Read:
    try:
        found = _read(pull.source, wanted)
    except BaseException:
        pull.fetcher.stop.set()  # no refusal of the explorer: the disk is full, or a defect; the others need not go on
        raise
    return _Read(wanted=wanted, batch=found.batch, reason=found.reason, answers=tuple(pull.fetcher.drain()))


def _read(source: Source, wanted: _Wanted) -> _Read:
    """Ask for one receipt; one that stands in another block than the lists say is not believed."""
    assert isinstance(source, _GivesReceipts)
    try:
        batch = source.receipt(wanted.tx_hash, time=wanted.time, subject=wanted.accounts[0])
    except SourceError as problem:
        return _Read(wanted=wanted, reason=problem.kind)
    block = batch.rows["transactions"][0][WIDE["transactions"].names.index("block")]
    if wanted.block is not None and block != wanted.block:
        return _Read(wanted=wanted, reason=_ANOTHER_BLOCK)
    return _Read(wanted=wanted, batch=batch)


# -- writing -------------------------------------------------------------------------------------------------------------


def _places_of(batch: Batch) -> Batch:
    """Leave the fee to the lists: theirs may differ by what a rollup adds, and one transaction has one fee."""
    kind, fee = WIDE["transfers"].names.index("kind"), WIDE["transactions"].names.index("fee")
    rows = dict(batch.rows)
    rows["transfers"] = [row for row in rows.get("transfers", ()) if row[kind] != "fee"]
    rows["transactions"] = [(*row[:fee], None, *row[fee + 1 :]) for row in rows["transactions"]]
    return Batch(rows, dict(batch.tables))


def _drop_surplus(pull: Pull, read: Collection[str]) -> None:
    """Take out rows without a place that a receipt shows to be none of their own.

    Those beside which an equal row has its place: a receipt names every one. And rows of a wrapped coin from or to nobody,
    which its contract never logs.
    """
    doomed = pull.store.rows(
        """
        SELECT t.id FROM transfers AS t
        JOIN assets AS a ON a.id = t.asset
        LEFT JOIN accounts AS s ON s.id = t.sender
        LEFT JOIN accounts AS r ON r.id = t.receiver
        WHERE t.chain = $chain AND t.kind = 'token' AND t.log_index IS NULL AND t.tx_hash IN (SELECT unnest($read))
            AND ((a.contract = $wrapped AND $nobody IN (s.address, r.address)) OR EXISTS (
                SELECT 1 FROM transfers AS n
                WHERE n.chain = t.chain AND n.tx_hash = t.tx_hash AND n.kind = 'token' AND n.log_index IS NOT NULL
                    AND n.sender IS NOT DISTINCT FROM t.sender AND n.receiver IS NOT DISTINCT FROM t.receiver
                    AND n.asset = t.asset AND n.amount = t.amount
            ))
        """,
        {
            "chain": pull.source.chain,
            "read": list(read),
            "wrapped": WRAPPED_COINS.get(pull.source.chain, ""),
            "nobody": null_address(pull.source.chain),
        },
    )
    if not doomed:
        return
    with pull.store.transaction():
        pull.store.run("DELETE FROM transfers WHERE id IN (SELECT unnest(?))", [[ident for (ident,) in doomed]])
        pull.store.run("UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS VARCHAR) WHERE name = 'version'")
    pull.new["transfers"] = max(0, pull.new.get("transfers", 0) - len(doomed))
