"""Rows of blocks that are gone: before a new run, what was read under an earlier head must still be in the chain.

A source that reads under a block of a known hash can say later that this block was replaced. Everything of accounts that were
read so is then forgotten above the newest earlier head that still stands, and their lists say so until they are read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from cryptotrace.collect.archive import answers_of_stream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptotrace.sources.base import Answer
    from cryptotrace.store import Store

__all__ = ["SeesForks", "forget_forked", "forked_above"]


@runtime_checkable
class SeesForks(Protocol):
    """A source that knows the hash of the block under which it reads."""

    @property
    def name(self) -> str:
        """Short name."""

    @property
    def chain(self) -> str:
        """Our name of the chain."""

    def standing(self, told: Iterable[Answer], run: str) -> int | None:
        """Give the newest earlier head that stands, -1 where none does; None where nothing is gone."""


def forked_above(source: object, store: Store, run: str) -> int | None:
    """Give the block above which rows of earlier runs are of another chain; None where all stands.

    Raises
    ------
    SourceError
        If that cannot be told: then nothing may be added to what is known.
    """
    if not isinstance(source, SeesForks):
        return None
    told = [one for one in answers_of_stream(store, source.chain, "head") if one.request.source == source.name]
    return source.standing([one for one in told if one.request.run != run], run)


def forget_forked(source: SeesForks, store: Store, block: int) -> None:
    """Forget what accounts that this source read did above a block, in one transaction with the word on it in their lists.

    A transfer in the store does not say who gave it, so the lists of every source are taken back of every account that loses
    a row. Lists that files gave cannot be read again by a pull: they stay partial until the file is loaded again.
    """
    values = {"source": source.name, "chain": source.chain, "block": block}
    with store.transaction():
        for statement in _STATEMENTS:
            store.run(statement, {name: value for name, value in values.items() if f"${name}" in statement})


_READ = "SELECT DISTINCT address FROM coverage WHERE source = $source AND chain = $chain AND to_block > $block"
_IDS = f"SELECT id FROM accounts WHERE chain = $chain AND address IN ({_READ})"
_GONE = "chain = $chain AND block > $block AND tx_hash IN (SELECT tx_hash FROM forked_names)"
_EVENTS = f"chain = $chain AND block > $block AND (owner IN ({_READ}) OR counterparty IN ({_READ}))"
_LISTED = """
    SELECT count(*) FROM transfers AS t JOIN accounts AS a ON a.id IN (t.sender, t.receiver)
    WHERE t.chain = $chain AND t.block <= $block AND a.chain = $chain AND a.address = coverage.address
    AND CASE t.kind WHEN 'internal' THEN 'internal' WHEN 'native' THEN 'native' WHEN 'reward' THEN 'native'
        WHEN 'fee' THEN '' ELSE 'token' END = coverage.stream
"""
_STATEMENTS = (
    # A transaction goes whole: its fee and who signed it may be known of somebody whose lists were not read.
    f"""
    CREATE OR REPLACE TEMP TABLE forked_names AS
    SELECT tx_hash FROM transfers
    WHERE chain = $chain AND block > $block AND (sender IN ({_IDS}) OR receiver IN ({_IDS})) UNION
    SELECT tx_hash FROM transactions
    WHERE chain = $chain AND block > $block AND (signer IN ({_IDS}) OR receiver IN ({_IDS}))
    """,
    f"""
    CREATE OR REPLACE TEMP TABLE forked AS
    SELECT address FROM ({_READ}) UNION
    SELECT a.address FROM transfers AS t JOIN accounts AS a ON a.id IN (t.sender, t.receiver) WHERE t.{_GONE} UNION
    SELECT a.address FROM transactions AS t JOIN accounts AS a ON a.id IN (t.signer, t.receiver) WHERE t.{_GONE} UNION
    SELECT owner FROM events WHERE {_EVENTS} AND owner IS NOT NULL UNION
    SELECT counterparty FROM events WHERE {_EVENTS} AND counterparty IS NOT NULL
    """,
    f"DELETE FROM exclusions WHERE transfer IN (SELECT id FROM transfers WHERE {_GONE})",
    f"DELETE FROM transfers WHERE {_GONE}",
    f"DELETE FROM transactions WHERE {_GONE}",
    f"DELETE FROM events WHERE {_EVENTS}",
    "DELETE FROM balances WHERE chain = $chain AND as_of > $block AND address IN (SELECT address FROM forked)",
    """
    DELETE FROM coverage
    WHERE chain = $chain AND from_block > greatest($block, 0) AND address IN (SELECT address FROM forked)
    """,
    # A list that was declared complete has no end.
    f"""
    UPDATE coverage SET to_block = $block, status = 'partial', reason = 'reorg', cursor = NULL, rows = ({_LISTED})
    WHERE chain = $chain AND (to_block > $block OR (to_block IS NULL AND status = 'complete'))
        AND address IN (SELECT address FROM forked)
    """,
    # Rows of one list that ended at different places end at one now.
    """
    DELETE FROM coverage WHERE chain = $chain AND reason = 'reorg' AND rowid NOT IN (
        SELECT min(rowid) FROM coverage WHERE chain = $chain
        GROUP BY source, stream, chain, address, from_block, to_block
    )
    """,
    "DROP TABLE forked",
    "DROP TABLE forked_names",
    "UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS VARCHAR) WHERE name = 'version'",
)
