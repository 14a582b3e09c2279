"""Two ways to number the inner payments of a transaction, which never meet in one store.

A node numbers the calls of a transaction in its way, Etherscan and those that speak like it in theirs. Equal rows are told
apart by these numbers, so one payment that both show would count twice. Explorers whose numbers are of no use leave them out
and merge with either: Blockscout, and a node that is asked by address (``rpc``), which therefore may stand beside Etherscan in
``auto``. A dump of a node keeps its numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cryptotrace.collect.runs import explorers_in
from cryptotrace.errors import InputError

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["one_numbering", "refuse_other_numbering"]

_WAYS = {
    "node": frozenset({"ethereum_etl", "graphsense_etl"}),
    "etherscan": frozenset({"etherscan_json", "etherscan_csv", "etherscan", "routescan"}),
}
_NUMBERED = "kind = 'internal' AND trace_path IS NOT NULL"


def refuse_other_numbering(store: Store, name: str, chain: str) -> None:
    """Refuse to pull where the store has inner payments that are numbered in the other way.

    Raises
    ------
    InputError
        Before anything is asked.
    """
    if _has_other(store, name) and store.rows(f"SELECT 1 FROM transfers WHERE chain = ? AND {_NUMBERED} LIMIT 1", [chain]):
        raise _refused(name)


@contextmanager
def one_numbering(store: Store, name: str) -> Iterator[None]:
    """Let a load take place, or undo it where it numbers inner payments of a transaction that has them in the other way.

    Raises
    ------
    InputError
        The store is as it was.
    """
    if not _has_other(store, name):
        yield
        return
    with store.transaction():
        before = store.rows("SELECT coalesce(max(id), 0) FROM transfers")[0][0]
        yield
        twice = store.rows(
            f"SELECT 1 FROM transfers AS t SEMI JOIN (SELECT chain, tx_hash FROM transfers WHERE {_NUMBERED} AND id <= ?) AS o "
            f"ON o.chain = t.chain AND o.tx_hash = t.tx_hash WHERE {_NUMBERED} AND t.id > ? LIMIT 1",
            [before, before],
        )
        if twice:
            raise _refused(name)


def _has_other(store: Store, name: str) -> bool:
    """Whether something was loaded or pulled that numbers in the other way than this format or explorer."""
    asked = set(explorers_in(name))
    mine = next((way for way, names in _WAYS.items() if names & asked), None)
    if mine is None:
        return False
    found: set[str] = set()
    for verb, text in store.rows("SELECT verb, parameters FROM runs WHERE verb IN ('collect', 'load_transfers')"):
        given = json.loads(text)
        found |= set(explorers_in(given["source"])) if verb == "collect" else {given["format"]}
    return any(found & names for way, names in _WAYS.items() if way != mine)


def _refused(name: str) -> InputError:
    return InputError(
        "the store numbers the inner payments of transactions in another way: some would count twice",
        where=name,
        hint="A node's dump and lists of Etherscan go into a store each; Blockscout's lists go with both",
    )
