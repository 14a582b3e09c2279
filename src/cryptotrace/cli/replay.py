"""``cryptotrace replay``: what was collected into a store once more, from its raw answers, without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cryptotrace.cli.outcome import PARTIAL, answering
from cryptotrace.cli.terminal import answer

__all__ = ["replay"]


def replay(
    context: typer.Context,
    store: Annotated[Path, typer.Argument(help="A store that was collected into; it is only read.", show_default=False)],
    into: Annotated[Path, typer.Argument(help="The store to make; nothing may be there.", show_default=False)],
) -> None:
    """Rebuild what was collected into a store from its raw answers; asks nobody.

    The new store has the same logical digests: compare them with cryptotrace verify STORE INTO.

    Example: cryptotrace replay case.duckdb again.duckdb
    """
    with answering(context):
        from cryptotrace.collect import replay as rebuild
        from cryptotrace.errors import InputFileError
        from cryptotrace.store import open_store

        archive = open_store(store, read_only=True)
        if into.exists():
            raise InputFileError("there is something already", where=str(into), hint="Name a new file: nothing is overwritten")
        try:
            found = rebuild(archive, open_store(into))
        except BaseException:
            for made in (into, into.with_name(into.name + ".wal")):
                made.unlink(missing_ok=True)
            raise
        answer(f"{found}\nrebuilt: {into}")
        if found.is_partial:
            raise typer.Exit(PARTIAL)
