"""From batches of text rows to stored rows: ids assigned once, merged by identity, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptotrace._version import __version__
from cryptotrace.schema import STORED, WIDE, Batch
from cryptotrace.store.assets import settle_assets
from cryptotrace.store.coins import learn_coins
from cryptotrace.store.fees import settle_fees
from cryptotrace.store.known import blocks_of, leave_known
from cryptotrace.store.merging import inserted, learn_places, merge_transactions, merge_transfers, next_id, run_file
from cryptotrace.store.naming import name_rows
from cryptotrace.store.staging import MERGED, arrived_as, stage

if TYPE_CHECKING:
    import duckdb

    from cryptotrace.store.base import Written
    from cryptotrace.store.staging import Staged

__all__ = ["ingest"]

_PLAIN = tuple(name for name in WIDE if name not in MERGED)
_VIEWS = (
    *(f"{stage}_{name}" for stage in ("open", "named") for name in MERGED),
    *("all_arrived", "arrived", "own_fees", "new_rows", "staged_transactions", "arriving"),
)
"""What a load makes of the rows that came, under names of its own."""


def ingest(
    connection: duckdb.DuckDBPyConnection,
    batches: Iterable[Batch],
    *,
    complete: bool,
    run: Mapping[str, str] | None,
) -> Written:
    """Stage every batch, then merge; see :meth:`Store.load`.

    Notes
    -----
    O(new rows); the store is looked through for the names of rows that are not known, and for no more than numbers where both
    ends of a row are old accounts. Rows beyond memory spill to the engine's disk.
    """
    written = dict.fromkeys(STORED, 0)
    rows = stage(connection, batches)
    changed = 0
    if rows["transfers"].count or rows["transactions"].count:
        changed = _merge(connection, rows, written)
    counts = {name: one.count for name, one in rows.items()}
    for name in _PLAIN:
        if counts[name]:
            written[name] += _write_plain(connection, name)
    changed += _complete_events(connection) if counts["events"] else 0
    if complete:
        declared = _declare_complete(connection, run)
        written["coverage"] += declared
        counts["coverage"] += declared
    changed += learn_coins(connection, counts)
    written["runs"] = _record_run(connection, run)
    for view in (*_VIEWS, *(arrived_as(name) for name, one in rows.items() if one.count or name in MERGED)):
        connection.unregister(view)
        connection.execute(f"DROP VIEW IF EXISTS {view}")
    if changed or any(written.values()):
        connection.execute("UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS VARCHAR) WHERE name = 'version'")
    return written


def _merge(connection: duckdb.DuckDBPyConnection, rows: Mapping[str, Staged], written: dict[str, int]) -> int:
    """Merge transfers and transactions; count new rows in ``written``, and give how many others changed."""
    with_assets, assets = settle_assets(connection, rows["transfers"])
    written["assets"], changed = assets.inserted, assets.updated
    blocks = blocks_of(connection)
    unsettled = leave_known(connection, {**rows, "transfers": with_assets}, blocks)
    if not any(one.count for one in unsettled.values()):
        return changed
    first = next_id(connection, "accounts")
    written["accounts"] = name_rows(connection, unsettled, first)
    run_file(connection, "arrived.sql")
    written["rejects"] = settle_fees(connection)
    merges = {"transfers": merge_transfers(connection, first), "transactions": merge_transactions(connection)}
    for name, merged in merges.items():
        written[name] = merged.inserted
        changed += merged.updated
    return changed + learn_places(connection, blocks, is_new=bool(written["transfers"]))


def _declare_complete(connection: duckdb.DuckDBPyConnection, run: Mapping[str, str] | None) -> int:
    """Write that every account of these rows is complete from genesis to the end of the input; give how many.

    Rows are not counted here: an input may come in parts, and each would count its own.
    """
    return inserted(
        connection,
        """
        INSERT INTO coverage
        SELECT n.*
        FROM (
            SELECT DISTINCT $source, 'all', chain, address, 0, NULL, 'complete', 'declared complete by the input',
                NULL, NULL, NULL, NULL, NULL
            FROM (
                SELECT chain, sender AS address FROM in_transfers UNION ALL SELECT chain, receiver FROM in_transfers
            )
            WHERE address IS NOT NULL
        ) AS n (source, stream, chain, address)
        ANTI JOIN coverage AS c
            ON c.source = n.source AND c.stream = n.stream AND c.chain = n.chain AND c.address = n.address
            AND c.from_block = 0 AND c.to_block IS NULL
        """,
        {"source": f"file:{(run or {}).get('name', 'input')}"},
    )


def _write_plain(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    table = STORED[name]
    match = " AND ".join(f"t.{key} IS NOT DISTINCT FROM n.{key}" for key in table.key)
    key = ", ".join(table.key)
    rows = f"(SELECT DISTINCT ON ({key}) * FROM {arrived_as(name)} ORDER BY ALL)"
    # Answers are large: they are not sorted unless one of several has to be chosen.
    if name == "responses" and connection.execute(
        f"SELECT count(*) = count(DISTINCT key) FROM {arrived_as(name)}"
    ).fetchall() == [(True,)]:
        rows = arrived_as(name)
    return inserted(connection, f"INSERT INTO {name} SELECT n.* FROM {rows} AS n ANTI JOIN {name} AS t ON {match}")


def _complete_events(connection: duckdb.DuckDBPyConnection) -> int:
    """Let events learn what another source tells of them; give how many did. Of several amounts the smallest is taken."""
    learnt = [column.name for column in STORED["events"].columns if column.name not in STORED["events"].key]
    match = " AND ".join(f"t.{key} IS NOT DISTINCT FROM n.{key}" for key in STORED["events"].key)
    news = ", ".join(f"min({name}) AS {name}" for name in learnt)
    return inserted(
        connection,
        f"""
        UPDATE events AS t SET {", ".join(f"{name} = coalesce(t.{name}, n.{name})" for name in learnt)}
        FROM (SELECT {", ".join(STORED["events"].key)}, {news} FROM {arrived_as("events")} GROUP BY ALL) AS n
        WHERE {match} AND ({" OR ".join(f"(t.{name} IS NULL AND n.{name} IS NOT NULL)" for name in learnt)})
        """,
    )


def _record_run(connection: duckdb.DuckDBPyConnection, run: Mapping[str, str] | None) -> int:
    if run is None:
        return 0
    row = [run["verb"], run["parameters"], run.get("inputs", ""), __version__, datetime.now(UTC).replace(tzinfo=None)]
    return inserted(
        connection,
        "INSERT INTO runs SELECT ?, ?, ?, ?, ? WHERE NOT EXISTS "
        "(SELECT 1 FROM runs WHERE verb = ? AND parameters = ? AND inputs = ?)",
        [*row, row[0], row[1], row[2]],
    )
