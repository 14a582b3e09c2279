"""``cryptotrace freezes``: what issuers of stablecoins froze on a chain, into a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryptotrace.cli.collect import Explorer
from cryptotrace.cli.outcome import PARTIAL, answering, second_interrupt_leaves
from cryptotrace.cli.terminal import answer, note

if TYPE_CHECKING:
    from cryptotrace.collect import Freezes
    from cryptotrace.model import Coverage

__all__ = ["freezes"]

FREEZES_SCHEMA = "cryptotrace.freezes/1"

_Store = Annotated[
    Path, typer.Argument(help="The case store, such as case.duckdb; made if it is not there.", show_default=False)
]
_Chain = Annotated[str, typer.Option(help="Which chain, such as ethereum or tron.", show_default=False)]
_Source = Annotated[Explorer, typer.Option(help="Which explorer.")]
_Tokens = Annotated[list[str] | None, typer.Option("--token", help="Contract; by default USDT and USDC.", show_default=False)]
_First = Annotated[int, typer.Option(help="Where the lists begin: a block; on TRON ms since 1970.", min=0)]
_Block = Annotated[int | None, typer.Option(help="Where they end; by default at the newest that is final.", min=0)]
_Requests = Annotated[int | None, typer.Option(help="Stop after so many new requests; the same command goes on.", min=1)]
_Csv = Annotated[Path | None, typer.Option(help="Also write the table there.", show_default=False)]
_Url = Annotated[str | None, typer.Option(help="Another server that speaks the same.", show_default=False)]


def freezes(
    context: typer.Context,
    store: _Store,
    *,
    chain: _Chain,
    source: _Source = Explorer("auto"),
    token: _Tokens = None,
    first: _First = 0,
    to_block: _Block = None,
    max_requests: _Requests = None,
    csv: _Csv = None,
    base_url: _Url = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the addresses that issuers of stablecoins froze, released and destroyed the tokens of.

    A freeze is a fact about a contract, not about guilt: no reason comes with it. Exit code 0: every list is complete; 3: done,
    but something is missing, and the same command goes on; 4: no key, or the explorer refused.

    Example: cryptotrace freezes case.duckdb --chain tron --source trongrid --csv frozen.csv
    """
    with answering(context):
        from cryptotrace.collect import collect_freezes
        from cryptotrace.collect import freezes as listed
        from cryptotrace.sources import open_source
        from cryptotrace.store import open_store

        opened = open_source(source.value, chain=chain, base_url=base_url)
        with second_interrupt_leaves():
            case = open_store(store)
            found = collect_freezes(
                opened, case, tokens=token, first=first, to_block="finalized" if to_block is None else to_block,
                max_requests=max_requests, progress=False if as_json else None,
            )  # fmt: skip
            frozen = listed(case)
        if csv is not None:
            _write(csv, frozen)
        _told(found, frozen, as_json=as_json)


def _write(path: Path, frozen: Freezes) -> None:
    from cryptotrace.errors import InputFileError

    try:
        path.write_text(frozen.table.to_csv(), encoding="utf-8", newline="")
    except OSError as problem:
        raise InputFileError(
            f"cannot be written ({problem.strerror or problem})", where=str(path), hint="Name another file"
        ) from problem


def _told(found: Coverage, frozen: Freezes, *, as_json: bool) -> None:
    """Print what came; end with code 3 where something is missing."""
    parts, warnings = found.provenance.parameters, found.provenance.warnings
    if as_json:
        from cryptotrace.cli.documents import to_json
        from cryptotrace.model import cell_text

        print(to_json({
            "schema": FREEZES_SCHEMA,
            "complete": not found.is_partial and not warnings,
            "contracts": [dict(row) for row in found.table.dicts()],
            "requests": int(parts["requests"]),
            "up_to": int(parts["head"]),
            "rejected": dict(found.rejected),
            "warnings": list(warnings),
            "freezes": [{name: cell_text(cell) for name, cell in row.items()} for row in frozen.table.dicts()],
        }))  # fmt: skip
    else:
        answer(str(frozen))
        answer(f"requests: {int(parts['requests']):,}, up to {int(parts['head']):,}")
        for row in found.table.dicts():
            if row["status"] != "complete":
                answer(f"{row['addresses']:,} of the contracts {row['status']} ({row['reason']})")
    for words in warnings:
        note(words)
    if found.is_partial or warnings:
        raise typer.Exit(PARTIAL)
