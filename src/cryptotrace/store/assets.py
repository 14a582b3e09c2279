"""Assets of a load: new ones registered, known ones taught, before any row is compared with a stored one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cryptotrace.codecs import caip19, chain_of
from cryptotrace.model import USD_CONTRACT, canonical_tokens
from cryptotrace.schema import STORED, arrow_table
from cryptotrace.store.encoding import distinct, with_ids
from cryptotrace.store.merging import Merged, next_id
from cryptotrace.store.staging import Staged, show

if TYPE_CHECKING:
    import duckdb

    Named = tuple[str, str]

__all__ = ["settle_assets"]

_TELLING = ("chain", "contract", "symbol", "decimals")


def settle_assets(connection: duckdb.DuckDBPyConnection, transfers: Staged) -> tuple[Staged, Merged]:
    """Register assets that are new, let the others learn, and add ``asset_id`` to ``in_transfers``.

    Symbol and decimals come from our list, else from the source; of several symbols the first of the alphabet is kept, so
    that it does not matter which row came first.
    """
    import numpy as np

    if transfers.table is None:
        told = connection.execute(f"SELECT DISTINCT {', '.join(_TELLING)} FROM in_transfers").fetchall()
        _, merged = _settle(connection, told)
        connection.execute("""
            CREATE OR REPLACE TEMP VIEW in_transfers AS
            SELECT t.*, t.rowid AS place, a.id AS asset_id
            FROM stage_transfers AS t
            JOIN assets AS a ON a.chain = t.chain AND a.contract = coalesce(t.contract, '')
        """)
        return transfers, merged
    numbers, told = distinct(transfers.table, _TELLING)
    ids, merged = _settle(connection, told)
    of_told = np.array([ids[chain, contract or ""] for chain, contract, *_ in told], dtype=np.int64)
    table = with_ids(transfers.table, "asset_id", of_told[numbers])
    show(connection, "in_transfers", table)
    return Staged(count=transfers.count, table=table), merged


def _settle(connection: duckdb.DuckDBPyConnection, told: Iterable[tuple[Any, ...]]) -> tuple[Mapping[Named, int], Merged]:
    """Give the ids of all assets that are told of, and how many are new and how many learnt."""
    symbols: dict[Named, set[str]] = {}
    decimals: dict[Named, set[int]] = {}
    for chain, contract, symbol, places in told:
        name = (chain, contract or "")
        symbols.setdefault(name, set()).update(() if symbol is None else (symbol,))
        decimals.setdefault(name, set()).update(() if places is None else (places,))
    if not symbols:
        return {}, Merged()
    known = _known(connection, symbols)
    ids = {name: row[0] for name, row in known.items()}
    fresh: list[tuple[Any, ...]] = []
    free = next_id(connection, "assets")
    learnt = 0
    for name in sorted(symbols):
        symbol = min(symbols[name], default=None)
        places = next(iter(decimals[name])) if len(decimals[name]) == 1 else None
        held = known.get(name)
        if held is None:
            ids[name] = free + len(fresh)
            fresh.append((ids[name], *name, *_facts(*name, symbol, places)))
            continue
        ident, held_symbol, held_places, canonical = held
        facts = (
            min((text for text in (held_symbol, symbol) if text is not None), default=None),
            places if held_places is None else held_places,
        )
        if not canonical and facts != (held_symbol, held_places):
            connection.execute("UPDATE assets SET symbol = ?, decimals = ? WHERE id = ?", [*facts, ident])
            learnt += 1
    if fresh:
        connection.register("some_assets", arrow_table(STORED["assets"], fresh))
        connection.execute("INSERT INTO assets SELECT * FROM some_assets")
        connection.unregister("some_assets")
    return ids, Merged(inserted=len(fresh), updated=learnt)


def _known(connection: duckdb.DuckDBPyConnection, names: Iterable[Named]) -> dict[Named, tuple[Any, ...]]:
    """Give what the store has of these assets: id, symbol, decimals, and whether we vouch for them."""
    import pyarrow as pa

    chains, contracts = zip(*names, strict=True)
    connection.register("some_assets", pa.table({"chain": pa.array(chains), "contract": pa.array(contracts)}))
    rows = connection.execute(
        "SELECT a.chain, a.contract, a.id, a.symbol, a.decimals, a.canonical FROM assets AS a "
        "SEMI JOIN some_assets AS s ON s.chain = a.chain AND s.contract = a.contract"
    ).fetchall()
    connection.unregister("some_assets")
    return {(chain, contract): tuple(rest) for chain, contract, *rest in rows}


def _facts(chain: str, contract: str, symbol: str | None, decimals: int | None) -> tuple[Any, ...]:
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
