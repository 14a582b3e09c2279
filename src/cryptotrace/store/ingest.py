"""From batches of text rows to stored rows: ids assigned once, merged by identity, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from cryptotrace._version import __version__
from cryptotrace.codecs import caip19, chain_of
from cryptotrace.model import USD_CONTRACT, canonical_tokens
from cryptotrace.schema import STORED, WIDE, Batch, arrow_table

if TYPE_CHECKING:
    import duckdb

    from cryptotrace.store.base import Written

__all__ = ["ingest"]

_STAGE_ROWS = 50_000
_PLAIN = ("responses", "events", "prices", "coverage", "rejects")


@cache
def _statements(name: str) -> tuple[str, ...]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return tuple(part.strip() for part in text.split("\n----\n"))


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
    O(new rows) plus hash joins against the rows of the same transactions. Rows beyond memory spill to the engine's disk.
    """
    before = {name: _count(connection, name) for name in STORED}
    _stage(connection, batches)
    changed = _resolve(connection)
    listings = connection.execute("SELECT DISTINCT listing FROM staged ORDER BY listing").fetchall()
    changed += sum(_merge_listing(connection, listing) for (listing,) in listings)
    changed += _changes(connection, "merge_transactions.sql") + _changes(connection, "learn_places.sql")
    if complete:
        _declare_complete(connection, run)
    _write_plain(connection)
    _record_run(connection, run)
    written = {name: _count(connection, name) - before[name] for name in STORED}
    if changed or any(written.values()):
        connection.execute("UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS VARCHAR) WHERE name = 'version'")
    return written


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0


def _stage(connection: duckdb.DuckDBPyConnection, batches: Iterable[Batch]) -> None:
    for name, table in WIDE.items():
        body = ", ".join(f"{column.name} {column.type}" for column in table.columns)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {_staging(name)} ({body})")
    waiting: dict[str, list[tuple[Any, ...]]] = {name: [] for name in WIDE}
    for batch in batches:
        for name, rows in batch.rows.items():
            waiting[name].extend(rows)
            if len(waiting[name]) >= _STAGE_ROWS:
                _insert(connection, name, waiting)
    for name in WIDE:
        _insert(connection, name, waiting)


def _insert(connection: duckdb.DuckDBPyConnection, name: str, waiting: dict[str, list[tuple[Any, ...]]]) -> None:
    rows, waiting[name] = waiting[name], []
    if rows:
        connection.register("arriving_batch", arrow_table(WIDE[name], rows))
        connection.execute(f"INSERT INTO {_staging(name)} SELECT * FROM arriving_batch")
        connection.unregister("arriving_batch")


def _staging(table: str) -> str:
    return f"in_{table}"


def _resolve(connection: duckdb.DuckDBPyConnection) -> int:
    """Give every new account and asset its id, in an order that depends on the rows alone, and stage rows by id.

    Returns how many assets that were known learnt something.
    """
    connection.execute("""
        INSERT INTO accounts
        SELECT (SELECT coalesce(max(id), 0) FROM accounts) + row_number() OVER (ORDER BY chain, address), chain, address
        FROM (
            SELECT chain, sender AS address FROM in_transfers UNION SELECT chain, receiver FROM in_transfers
            UNION SELECT chain, signer FROM in_transactions UNION SELECT chain, receiver FROM in_transactions
        ) AS seen
        ANTI JOIN accounts AS known USING (chain, address)
        WHERE address IS NOT NULL
    """)
    learnt = _new_assets(connection)
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE staged AS
        SELECT t.chain, t.tx_hash, t.kind, t.block, t.time, t.tx_index, t.log_index, t.trace_path, t.call_type, s.id AS sender,
            r.id AS receiver, a.id AS asset, t.amount, t.ok, t.input_row, t.listing
        FROM in_transfers AS t
        LEFT JOIN accounts AS s ON s.chain = t.chain AND s.address = t.sender
        LEFT JOIN accounts AS r ON r.chain = t.chain AND r.address = t.receiver
        JOIN assets AS a ON a.chain = t.chain AND a.contract = coalesce(t.contract, '')
    """)
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE staged_transactions AS
        SELECT t.chain, t.tx_hash, t.block, t.time, t.tx_index, s.id AS signer, r.id AS receiver, t.ok, t.fee, t.method, t.nonce
        FROM in_transactions AS t
        LEFT JOIN accounts AS s ON s.chain = t.chain AND s.address = t.signer
        LEFT JOIN accounts AS r ON r.chain = t.chain AND r.address = t.receiver
    """)
    return learnt


def _new_assets(connection: duckdb.DuckDBPyConnection) -> int:
    """Register assets that are new, and let the others learn decimals; give how many learnt.

    Symbol and decimals come from our list, else from the source; of several symbols the first of the alphabet is kept, so
    that it does not matter which row came first.
    """
    seen = connection.execute("""
        SELECT chain, coalesce(contract, '') AS contract, min(symbol) AS symbol,
            CASE WHEN count(DISTINCT decimals) = 1 THEN min(decimals) END AS decimals
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
    return learnt


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


def _merge_listing(connection: duckdb.DuckDBPyConnection, listing: int) -> int:
    row = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM transfers").fetchone()
    return _changes(connection, "merge.sql", listing=listing, next_id=int(row[0]) if row else 1)


def _changes(connection: duckdb.DuckDBPyConnection, name: str, **values: int) -> int:
    """Run the statements of a file; count the rows that its inserts and updates touched."""
    touched = 0
    for statement in _statements(name):
        needed = {key: value for key, value in values.items() if f"${key}" in statement}
        result = connection.execute(statement, needed).fetchone()
        body = "\n".join(line for line in statement.splitlines() if not line.startswith("--")).lstrip()
        if body.startswith(("INSERT", "UPDATE")) and result is not None:
            touched += int(result[0])
    return touched


def _declare_complete(connection: duckdb.DuckDBPyConnection, run: Mapping[str, str] | None) -> None:
    """Write that every account of these rows is complete from genesis to the end of the input.

    Rows are not counted here: an input may come in parts, and each would count its own.
    """
    connection.execute(
        """
        INSERT INTO in_coverage
        SELECT DISTINCT $source, 'all', chain, address, 0, NULL, 'complete', 'declared complete by the input',
            NULL, NULL, NULL, NULL
        FROM (
            SELECT chain, sender AS address FROM in_transfers UNION ALL SELECT chain, receiver FROM in_transfers
        )
        WHERE address IS NOT NULL
        """,
        {"source": f"file:{(run or {}).get('name', 'input')}"},
    )


def _write_plain(connection: duckdb.DuckDBPyConnection) -> None:
    for name in _PLAIN:
        table = STORED[name]
        match = " AND ".join(f"t.{key} IS NOT DISTINCT FROM n.{key}" for key in table.key)
        connection.execute(f"""
            INSERT INTO {name}
            SELECT n.* FROM (SELECT DISTINCT ON ({", ".join(table.key)}) * FROM {_staging(name)} ORDER BY ALL) AS n
            ANTI JOIN {name} AS t ON {match}
        """)


def _record_run(connection: duckdb.DuckDBPyConnection, run: Mapping[str, str] | None) -> None:
    if run is None:
        return
    row = [run["verb"], run["parameters"], run.get("inputs", ""), __version__, datetime.now(UTC).replace(tzinfo=None)]
    connection.execute(
        "INSERT INTO runs SELECT ?, ?, ?, ?, ? WHERE NOT EXISTS "
        "(SELECT 1 FROM runs WHERE verb = ? AND parameters = ? AND inputs = ?)",
        [*row, row[0], row[1], row[2]],
    )
