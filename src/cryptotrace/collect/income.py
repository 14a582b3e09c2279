"""Income that stands in no transaction: withdrawals of stakes, and what blocks paid. Asked for only where a balance shows it.

Lists of an account never show such money, so its balance is more than its rows say: a surplus. Then the explorers are asked,
list by list, until what they tell explains it. Their rows go into the ledger as a node's do, with the kind ``reward``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from cryptotrace.collect.walks import REJECTED
from cryptotrace.errors import InputError, SourceError, Stopped
from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources.base import Page, Source

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = [
    "KINDS",
    "HasIncome",
    "Income",
    "allowed_kinds",
    "ask_income",
    "explorers_of",
    "has_rewards_of_a_node",
    "leave_contradicted",
    "refuse_other_rewards",
]

KINDS = ("withdrawal", "mined", "uncle")
"""The lists, the likeliest first: one request each where there is nothing."""
_OF_BLOCKS = frozenset({"mined", "uncle"})
_NODES = frozenset({"rpc", "ethereum_etl", "graphsense_etl"})
_AT = {name: at for at, name in enumerate(WIDE["transfers"].names)}


@runtime_checkable
class HasIncome(Protocol):
    """An explorer that tells income without a transaction."""

    @property
    def incomes(self) -> tuple[str, ...]:
        """Which of :data:`KINDS` it can list on its chain."""

    def income(self, kind: str, address: str, final: int, last: int, run: str) -> Iterator[Page]:
        """Walk a list up to ``last``; what lies up to ``final`` will not change. Raises where it is not whole."""


@dataclass(slots=True)
class Income:
    """What was told.

    Attributes
    ----------
    batch : Batch
        Rows up to the place where the lists of the account end, and what was rejected.
    within, later : int
        Their sum, and the sum of what came after that place, in base units.
    problem : str or None
        Why a list is not whole.
    is_stopped : bool
        Whether a stop ended it: then nothing of it is kept but the answers, in the journal.
    """

    batch: Batch = field(default_factory=Batch)
    within: int = 0
    later: int = 0
    problem: str | None = None
    is_stopped: bool = False


def ask_income(source: Source, address: str, as_of: int, last: int, run: str, *, surplus: int, kinds: Sequence[str]) -> Income:
    """Ask for income up to ``last`` until it explains a surplus.

    Parameters
    ----------
    source : Source
        Of several explorers each is asked in turn until one gives a list whole.
    address : str
        The account.
    as_of : int
        Where its lists end; later income is counted, and not kept.
    last : int
        Up to where newer rows are looked for.
    run : str
        Tells questions apart whose answer changes with time.
    surplus : int
        What the balance is more than the rows say, in base units.
    kinds : sequence of str
        Which of :data:`KINDS` may be asked for.

    Notes
    -----
    Requests: pages of the lists, one for an empty one. A list that no explorer gives whole leaves the rows that it had; they
    are real, and what they do not explain is left open.
    """
    told = Income()
    able = [one for one in explorers_of(source) if isinstance(one, HasIncome)]
    for kind in (kind for kind in KINDS if kind in kinds):
        asked = [one for one in able if kind in one.incomes]
        best: Income | None = None
        for one in asked:
            found = _walk(one, kind, address, as_of, last, run, surplus - told.within - told.later)
            if found.is_stopped:
                return found
            if best is None or found.problem is None or len(found.batch) > len(best.batch):
                best = found
            if found.problem is None:
                break
        if best is not None:
            _join(told, best)
        if told.within + told.later >= surplus:
            break
    return told


def leave_contradicted(store: Store, chain: str, address: str, found: Income) -> None:
    """Reject income that the store has under the same name with another amount: two explorers differ, and both would count."""
    rows = found.batch.rows.get("transfers", [])
    known: dict[str, set[int]] = defaultdict(set)
    for name, amount in store.rows(
        """
        SELECT t.tx_hash, t.amount FROM transfers AS t JOIN accounts AS m ON m.id = t.receiver
        WHERE t.chain = ? AND t.kind = 'reward' AND m.address = ? AND t.tx_hash IN (SELECT unnest(?))
        """,
        [chain, address, [row[_AT["tx_hash"]] for row in rows]],
    ):
        known[name].add(amount)
    for row in rows[:]:
        name, amount = row[_AT["tx_hash"]], int(row[_AT["amount"]])
        if known[name] and amount not in known[name]:
            rows.remove(row)
            found.within -= amount
            found.problem = found.problem or REJECTED
            found.batch.reject(f"income:{chain}", None, "another explorer tells another amount", f"{name} {address} {amount}")


def explorers_of(source: Source) -> tuple[Source, ...]:
    """Give the explorers that a source is made of, itself where it is one."""
    return tuple(getattr(source, "sources", (source,)))


def _walk(one: HasIncome, kind: str, address: str, as_of: int, last: int, run: str, missing: int) -> Income:
    """Read a list from one explorer, to its end or to where it explains all that is missing."""
    found = Income()
    try:
        for page in one.income(kind, address, as_of, last, run):
            _take(found, page, as_of)
            if found.within == missing and page.through >= as_of:
                break  # what came since is asked for only where it is missing
    except Stopped as problem:
        return Income(problem=problem.kind, is_stopped=True)
    except SourceError as problem:
        found.problem = problem.kind
    if found.problem is None and found.batch.rejects:
        found.problem = REJECTED
    return found


def _take(found: Income, page: Page, as_of: int) -> None:
    for row in page.batch.rows.get("transfers", ()):
        if row[_AT["block"]] > as_of:
            found.later += int(row[_AT["amount"]])
        else:
            found.within += int(row[_AT["amount"]])
            found.batch.add("transfers", row)
    for row in page.batch.rows.get("rejects", ()):
        found.batch.add("rejects", row)


def _join(told: Income, more: Income) -> None:
    told.within += more.within
    told.later += more.later
    told.problem = told.problem or more.problem
    for table, rows in more.batch.rows.items():
        told.batch.rows.setdefault(table, []).extend(rows)


# -- a node tells less of a block -----------------------------------------------------------------------------------------


def has_rewards_of_a_node(store: Store, chain: str, address: str) -> bool:
    """Whether a node's traces already say what blocks paid an account.

    A node tells rewards without fees, an explorer with them: both rows would count the reward twice. The first to come stays.
    """
    return bool(
        store.rows(
            """
            SELECT 1 FROM transfers AS t JOIN accounts AS m ON m.id = t.receiver
            WHERE m.chain = ? AND m.address = ? AND t.kind = 'reward'
                AND NOT regexp_matches(t.tx_hash, '^(withdrawal|mined|uncle)_') LIMIT 1
            """,
            [chain, address],
        )
    )


def refuse_other_rewards(store: Store, name: str, chain: str, addresses: Collection[str] | None = None) -> None:
    """Refuse to take rewards of blocks from a node where an explorer has told them, fees included.

    Parameters
    ----------
    store : Store
        It is only read.
    name : str
        The explorer or format.
    chain : str
        Our name of the chain.
    addresses : collection of str, optional
        Whose lists are read; anybody's by default.

    Raises
    ------
    InputError
        Before anything is asked.
    """
    if name not in _NODES:
        return
    rows = """
        SELECT DISTINCT m.address FROM transfers AS t JOIN accounts AS m ON m.id = t.receiver
        WHERE t.chain = ? AND t.kind = 'reward' AND regexp_matches(t.tx_hash, '^(mined|uncle)_')
    """
    told = {address for (address,) in store.rows(rows, [chain])}
    if told if addresses is None else told & set(addresses):
        raise InputError(
            "the store has what blocks paid from an explorer, with fees: a node's rewards would count twice",
            where=name,
            hint="What a node traces of miners goes into a store of its own",
        )


def allowed_kinds(store: Store, chain: str, address: str) -> tuple[str, ...]:
    """Give the lists that may be asked for."""
    if has_rewards_of_a_node(store, chain, address):
        return tuple(kind for kind in KINDS if kind not in _OF_BLOCKS)
    return KINDS
