"""The case store: the only code that speaks an engine."""

from __future__ import annotations

from pathlib import Path

from cryptotrace.errors import InputError
from cryptotrace.store.base import LEDGER_SQL, Store, Written
from cryptotrace.store.compare import Difference, first_difference

__all__ = ["LEDGER_SQL", "Difference", "Store", "Written", "first_difference", "open_store"]


def open_store(path: str | Path, *, read_only: bool = False, engine: str = "duckdb", wait: float = 10.0) -> Store:
    """Open a case store, or make a new one.

    Parameters
    ----------
    path : str or Path
        A ``.duckdb`` file; ``":memory:"`` keeps it in memory.
    read_only : bool
        Open without any side effect; the file keeps its bytes.
    engine : str
        ``"duckdb"``.
    wait : float
        Seconds to wait while another process holds the store.

    Returns
    -------
    Store

    Raises
    ------
    NotAStoreError
        If the file is something else.
    StoreBusy
        If another process still holds it after ``wait`` seconds.
    """
    if engine != "duckdb":
        raise InputError(f"unknown engine {engine!r}", where="open_store", hint='Use engine="duckdb"')
    from cryptotrace.store.duckdb import DuckStore

    return DuckStore(None if str(path) == ":memory:" else Path(path), read_only=read_only, wait=wait)
