"""``cryptotrace prove``: whether the rows of what was pulled add up to the balances that an explorer tells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryptotrace.cli.collect import Explorer
from cryptotrace.cli.outcome import PARTIAL, answering, second_interrupt_leaves
from cryptotrace.cli.terminal import answer, note

if TYPE_CHECKING:
    from cryptotrace.collect import Proof, Proofs

__all__ = ["prove"]

_SHOWN = 10

_Store = Annotated[Path, typer.Argument(help="The case store that was collected into.", show_default=False)]
_Addresses = Annotated[
    list[str] | None, typer.Argument(help="Accounts to ask about; by default all that were pulled.", show_default=False)
]
_Chain = Annotated[str, typer.Option(help="Which chain, such as ethereum.", show_default=False)]
_Source = Annotated[Explorer, typer.Option(help="Which explorer tells the balances: the one that listed, or another.")]
_Tokens = Annotated[
    list[str] | None, typer.Option("--token", help="Contract to ask for beside the coin, in place of those of our list.")
]
_Requests = Annotated[int | None, typer.Option(help="Stop after so many new requests.", min=1)]
_Url = Annotated[str | None, typer.Option(help="Another server that speaks the same.", show_default=False)]


def prove(
    context: typer.Context,
    store: _Store,
    addresses: _Addresses = None,
    *,
    chain: _Chain,
    source: _Source = Explorer("auto"),
    tokens: _Tokens = None,
    max_requests: _Requests = None,
    base_url: _Url = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Ask for the balances of pulled accounts, and check that their rows add up to them, to the last unit.

    Exit code 0: all are proven; 3: some are not, and the first of them are named; 4: no key, or the explorer refused. The
    document of --json names no address; the report and its table proofs do.

    Example: cryptotrace prove case.duckdb --chain ethereum --source blockscout
    """
    with answering(context):
        from cryptotrace.codecs import chain_of, parse_address
        from cryptotrace.errors import InputFileError
        from cryptotrace.sources import open_source

        if not store.exists():
            raise InputFileError("there is no such store", where=str(store), hint="Collect into it first: cryptotrace collect")
        name = chain_of(chain).name
        wanted = {parse_address(address, name) for address in addresses or ()}
        opened = open_source(source.value, chain=name, base_url=base_url)
        with second_interrupt_leaves():
            from cryptotrace.collect import prove as ask
            from cryptotrace.store import open_store

            found = ask(
                opened, open_store(store), sorted(wanted) or None, tokens=tokens, max_requests=max_requests,
                progress=False if as_json else None,
            )  # fmt: skip
        found = _asked(found, name, wanted)
        unasked = len(wanted - {row.address for row in found.rows})
        if unasked:
            note(f"left out: {unasked:,} of the addresses, which were never pulled")
        _told(found, getattr(opened, "spec", opened.name), as_json=as_json, is_whole=not unasked)


def _asked(found: Proofs, chain: str, wanted: set[str]) -> Proofs:
    """Leave out what earlier calls asked about other accounts and chains."""
    from cryptotrace.collect import Proofs

    return Proofs(tuple(row for row in found.rows if row.chain == chain and (not wanted or row.address in wanted)))


def _told(found: Proofs, source: str, *, as_json: bool, is_whole: bool) -> None:
    """Print what is proven; end with code 3 where something is not."""
    if as_json:
        from cryptotrace.cli.documents import prove_document, to_json

        print(to_json(prove_document(source, found)))
    else:
        answer(f"balances: {found}")
        for row in found.unproven[:_SHOWN]:
            answer(_line(row))
        if len(found.unproven) > _SHOWN:
            note(f"and {len(found.unproven) - _SHOWN:,} more: the table proofs of the report lists them all")
    if found.unproven or not found.rows or not is_whole:
        raise typer.Exit(PARTIAL)


def _line(row: Proof) -> str:
    from cryptotrace.codecs import display_address

    asset = row.symbol or row.contract or "coin"
    why = f"{row.status} ({(row.reason or '').replace('_', ' ')})"
    return f"{display_address(row.address, row.chain)} {asset}: {why}{_difference(row.difference)}"


def _difference(amount: int | None) -> str:
    if not amount:
        return ""  # not told, or the amounts agree and something else is wrong
    return f": told are {abs(amount):,} base units {'more' if amount > 0 else 'less'} than the rows give"
