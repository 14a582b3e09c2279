"""Does a store still say what its raw answers say? By hash of each answer, and by rebuilding every table from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptotrace.collect.archive import StoreArchive
from cryptotrace.collect.replay import replay
from cryptotrace.errors import InputError
from cryptotrace.store import Difference, first_difference, open_store

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["COLLECTED", "check_answers", "replay_difference"]

COLLECTED = (
    "responses", "coverage", "transfers", "transactions", "tx_inputs", "tx_outputs", "unconfirmed", "accounts", "assets",
    "events", "balances", "prices", "rejects",
)  # fmt: skip
"""The tables that collecting fills, those that tell most first."""


def check_answers(store: Store) -> int:
    """Check every stored answer against its hash and its request, and give their number.

    Parameters
    ----------
    store : Store
        It is only read.

    Returns
    -------
    int

    Raises
    ------
    VerificationError
        If a stored answer is not what its hash says.
    """
    with store.session():
        archive = StoreArchive(store)
        keys = archive.keys()
        for key in keys:
            archive.find(key)
    return len(keys)


def replay_difference(store: Store, *, progress: bool | None = None) -> Difference | None:
    """Rebuild a store from its raw answers in memory, and name the first table and row that differ.

    Parameters
    ----------
    store : Store
        A store that was collected into; it is only read.
    progress : bool, optional
        Show a bar; by default where somebody is watching.

    Returns
    -------
    Difference or None
        None where every table that collecting fills is the same. In a difference, left is the store, right what was rebuilt.

    Raises
    ------
    InputError
        If nothing was collected into it, or if it also holds rows of files, which no answer can rebuild.
    VerificationError
        If a stored answer is not what its hash says.

    Notes
    -----
    Time and memory are those of collecting the same, without the waiting.
    """
    verbs = {verb for (verb,) in store.rows("SELECT verb FROM runs")}
    if "load_transfers" in verbs:
        raise InputError(
            "the store also holds rows of files, which no stored answer can rebuild",
            where=str(store.path),
            hint="Run the case again from its inputs into another store, and compare the two: cryptotrace verify STORE OTHER",
        )
    rebuilt = open_store(":memory:")
    replay(store, rebuilt, progress=progress)
    # a file of prices, and the rows that it lost, are nothing that was pulled
    tables = [name for name in COLLECTED if not (name in {"rejects", "prices"} and "load_prices" in verbs)]
    return first_difference(store, rebuilt, tables=tables)
