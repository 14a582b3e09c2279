"""From batches of text rows to stored rows: ids assigned once, merged by identity, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptotrace._version import __version__
from cryptotrace.codecs import caip19, chain_of
from cryptotrace.model import USD_CONTRACT, canonical_tokens
from cryptotrace.schema import STORED, WIDE, Batch, Table, arrow_table
from cryptotrace.store.coins import learn_coins
from cryptotrace.store.fees import settle_fees
from cryptotrace.store.merging import (
    inserted,
    learn_places,
    leave_known,
    merge_transactions,
    merge_transfers,
    next_id,
    run_file,
)

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from cryptotrace.store.base import Written

__all__ = ["ingest"]

_STAGE_ROWS = 50_000
_STAGE_PAGES = 250
_STAGE_ROWS_IN_PAGES = 250_000
_PLAIN = ("responses", "events", "prices", "balances", "tx_inputs", "tx_outputs", "unconfirmed", "coverage", "rejects")


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
    arrived = _stage(connection, batches)
    changed = 0
    if arrived["transfers"] or arrived["transactions"]:
        written["assets"], changed = _new_assets(connection)
        if leave_known(connection, arrived["transfers"]) or arrived["transactions"]:
            first = next_id(connection, "accounts")
            written["accounts"] = run_file(connection, "accounts.sql", next_id=first).inserted
            run_file(connection, "arrive.sql")
            written["rejects"] = settle_fees(connection)
            merges = {"transfers": merge_transfers(connection, first), "transactions": merge_transactions(connection)}
            for name, merged in merges.items():
                written[name] = merged.inserted
                changed += merged.updated
        changed += learn_places(connection)
    if complete:
        arrived["coverage"] += _declare_complete(connection, run)
    for name in _PLAIN:
        if arrived[name]:
            written[name] += _write_plain(connection, name)
    changed += learn_coins(connection, arrived)
    written["runs"] = _record_run(connection, run)
    for name in ("in_transfers", "in_transactions", "open_transfers"):
        connection.execute(f"DROP VIEW IF EXISTS {name}")
    if changed or any(written.values()):
        connection.execute("UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS VARCHAR) WHERE name = 'version'")
    return written


def _stage(connection: duckdb.DuckDBPyConnection, batches: Iterable[Batch]) -> dict[str, int]:
    """Make rows readable under ``in_`` and the name of their table; give how many there are of each.

    What fits one helping is read where it is, in Arrow; more goes to a temporary table as it comes.
    """
    waiting: dict[str, _Waiting] = {name: _Waiting(table) for name, table in WIDE.items()}
    for batch in batches:
        for name, rows in batch.rows.items():
            waiting[name].rows.extend(rows)
        for name, tables in batch.tables.items():
            waiting[name].tables.extend(tables)
        for name in {*batch.rows, *batch.tables}:
            waiting[name].spill_if_large(connection)
    needed = [name for name, one in waiting.items() if name not in _PLAIN or name == "coverage" or one.is_used()]
    return dict.fromkeys(WIDE, 0) | {name: waiting[name].finish(connection) for name in needed}


class _Waiting:
    """Rows of one table that wait to be staged."""

    def __init__(self, table: Table) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.tables: list[pa.Table] = []
        self._table = table
        self._staged = 0

    def _take(self) -> pa.Table:
        import pyarrow as pa

        rows, self.rows = self.rows, []
        tables, self.tables = self.tables, []
        if rows or not tables:
            tables.append(arrow_table(self._table, rows))
        return pa.concat_tables(tables)

    def is_used(self) -> bool:
        """Whether any row came."""
        return bool(self.rows or self.tables or self._staged)

    def spill_if_large(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write what waits to a temporary table, if it is much."""
        pages = len(self.tables)
        if (
            len(self.rows) >= _STAGE_ROWS
            or pages >= _STAGE_PAGES
            or sum(table.num_rows for table in self.tables) >= _STAGE_ROWS_IN_PAGES
        ):
            self._spill(connection)

    def _spill(self, connection: duckdb.DuckDBPyConnection) -> None:
        name = self._table.name
        if not self._staged:
            body = ", ".join(f"{column.name} {column.type}" for column in self._table.columns)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE stage_{name} ({body})")
        arriving = self._take()
        connection.register("arriving_batch", arriving)
        connection.execute(f"INSERT INTO stage_{name} SELECT * FROM arriving_batch")
        connection.unregister("arriving_batch")
        self._staged += arriving.num_rows

    def finish(self, connection: duckdb.DuckDBPyConnection) -> int:
        """Name what came; give how many rows."""
        name = self._table.name
        if not self._staged and name not in _PLAIN:
            arriving = self._take()
            connection.register(_staging(name), _numbered(arriving))
            return int(arriving.num_rows)
        if self.rows or self.tables or not self._staged:
            self._spill(connection)
        place = "" if name in _PLAIN else ", rowid AS place"
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {_staging(name)} AS SELECT *{place} FROM stage_{name}")
        return self._staged


def _numbered(rows: pa.Table) -> pa.Table:
    """Add the column ``place``: what names a row while it is on its way."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ones = pa.repeat(pa.scalar(1, pa.int64()), rows.num_rows)
    return rows.append_column("place", pc.cumulative_sum(ones))


def _staging(table: str) -> str:
    return f"in_{table}"


def _new_assets(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Register assets that are new, and let the others learn decimals; give how many are new and how many learnt.

    Symbol and decimals come from our list, else from the source; of several symbols the first of the alphabet is kept, so
    that it does not matter which row came first.
    """
    seen = connection.execute("""
        SELECT chain, coalesce(contract, '') AS contract, min(symbol) AS symbol,
            CASE WHEN min(decimals) = max(decimals) THEN min(decimals) END AS decimals
        FROM in_transfers
        GROUP BY ALL
        ORDER BY ALL
    """).fetchall()
    known = {
        (row[1], row[2]): row
        for row in connection.execute("SELECT id, chain, contract, symbol, decimals, canonical FROM assets").fetchall()
    }
    fresh: list[tuple[Any, ...]] = []
    learnt = 0
    for chain, contract, symbol, decimals in seen:
        held = known.get((chain, contract))
        if held is None:
            fresh.append((len(known) + len(fresh) + 1, chain, contract, *_asset_facts(chain, contract, symbol, decimals)))
            continue
        ident, _, _, held_symbol, held_decimals, canonical = held
        new_symbol = min((text for text in (held_symbol, symbol) if text is not None), default=None)
        facts = (new_symbol, decimals if held_decimals is None else held_decimals)
        if not canonical and facts != (held_symbol, held_decimals):
            connection.execute("UPDATE assets SET symbol = ?, decimals = ? WHERE id = ?", [*facts, ident])
            learnt += 1
    if fresh:
        connection.register("fresh_assets", arrow_table(STORED["assets"], fresh))
        connection.execute("INSERT INTO assets SELECT * FROM fresh_assets")
        connection.unregister("fresh_assets")
    return len(fresh), learnt


def _asset_facts(chain: str, contract: str, symbol: str | None, decimals: int | None) -> tuple[Any, ...]:
    """Give symbol, decimals, CAIP-19 name and whether we vouch for the symbol."""
    if contract == USD_CONTRACT:
        return ("USD", 6, f"{chain_of(chain).caip2}/cryptotrace:usd", True)
    if not contract:
        info = chain_of(chain)
        return (info.native_symbol, info.native_decimals, caip19(chain, None), True)
    token = canonical_tokens().get((chain, contract))
    if token is not None:
        return (token.symbol, token.decimals, caip19(chain, contract), True)
    return (symbol, decimals, caip19(chain, contract), False)


def _declare_complete(connection: duckdb.DuckDBPyConnection, run: Mapping[str, str] | None) -> int:
    """Write that every account of these rows is complete from genesis to the end of the input; give how many.

    Rows are not counted here: an input may come in parts, and each would count its own.
    """
    return inserted(
        connection,
        """
        INSERT INTO stage_coverage
        SELECT DISTINCT $source, 'all', chain, address, 0, NULL, 'complete', 'declared complete by the input',
            NULL, NULL, NULL, NULL, NULL
        FROM (
            SELECT chain, sender AS address FROM in_transfers UNION ALL SELECT chain, receiver FROM in_transfers
        )
        WHERE address IS NOT NULL
        """,
        {"source": f"file:{(run or {}).get('name', 'input')}"},
    )


def _write_plain(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    table = STORED[name]
    match = " AND ".join(f"t.{key} IS NOT DISTINCT FROM n.{key}" for key in table.key)
    key = ", ".join(table.key)
    rows = f"(SELECT DISTINCT ON ({key}) * FROM {_staging(name)} ORDER BY ALL)"
    # Answers are large: they are not sorted unless one of several has to be chosen.
    if name == "responses" and connection.execute(
        f"SELECT count(*) = count(DISTINCT key) FROM {_staging(name)}"
    ).fetchone() == (True,):
        rows = _staging(name)
    return inserted(connection, f"INSERT INTO {name} SELECT n.* FROM {rows} AS n ANTI JOIN {name} AS t ON {match}")


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
