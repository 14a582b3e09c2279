"""``cryptotrace collect``: complete lists of addresses from an explorer into a store, with the plan first."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryptotrace.cli.outcome import PARTIAL, answering, second_interrupt_leaves
from cryptotrace.cli.terminal import answer, note
from cryptotrace.sources.explorers import EXPLORER_NAMES

if TYPE_CHECKING:
    from cryptotrace.collect import Plan
    from cryptotrace.errors import BadKey
    from cryptotrace.model import Coverage, Labels
    from cryptotrace.sources.base import Source
    from cryptotrace.store import Store

__all__ = ["collect"]


Explorer = StrEnum("Explorer", {name: name for name in EXPLORER_NAMES})  # type: ignore[misc]
"""Who is asked."""


_Store = Annotated[
    Path, typer.Argument(help="The case store, such as case.duckdb; made if it is not there.", show_default=False)
]
_Addresses = Annotated[list[str] | None, typer.Argument(help="Addresses to pull.", show_default=False)]
_Files = Annotated[list[Path] | None, typer.Option(help="A file of addresses, as in a case; may come several times.")]
_Chain = Annotated[str, typer.Option(help="Which chain, such as ethereum.", show_default=False)]
_Hops = Annotated[int, typer.Option(help="Steps out from the addresses; 0 pulls them alone.", min=0)]
_Requests = Annotated[int | None, typer.Option(help="Stop after so many new requests; the same command goes on.", min=1)]
_Rows = Annotated[int, typer.Option(help="An account with more rows is left as too busy.", min=1)]
_Block = Annotated[int | None, typer.Option(help="Last block; by default the newest final one.", min=0)]
_Labels = Annotated[list[Path] | None, typer.Option(help="Labels: services are not expanded. May come several times.")]
_Url = Annotated[
    list[str] | None,
    typer.Option(
        help="Another server that speaks the same. For auto EXPLORER=URL, once for each in the order of asking.",
        show_default=False,
    ),
]


def collect(
    context: typer.Context,
    store: _Store,
    addresses: _Addresses = None,
    *,
    chain: _Chain,
    seeds: _Files = None,
    source: Annotated[Explorer, typer.Option(help="Which explorer; auto asks all that can be asked.")] = Explorer("auto"),
    hops: _Hops = 0,
    max_requests: _Requests = None,
    max_rows: _Rows = 20_000,
    to_block: _Block = None,
    labels: _Labels = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan; ask nothing, write nothing.")] = False,
    base_url: _Url = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Pull complete transaction lists of addresses into a case store, and keep the raw answers.

    No key is needed where an explorer of the chain answers without; what keys would change is said first. They come from
    <EXPLORER>_API_KEY, such as ETHERSCAN_API_KEY, or from the file that ETHERSCAN_API_KEY_FILE names. What one explorer cannot
    give is asked of the next. Interrupt it as you like: the same command goes on. The first Ctrl-C ends it after the page at
    hand, the second at once. Exit code 0: complete; 3: done, but something is missing; 4: no key, or every explorer refused.

    Example: cryptotrace collect case.duckdb 0x52908400098527886E0F7030069857D2E4169EE7 --chain ethereum --hops 1
    """
    if not addresses and not seeds:
        raise typer.BadParameter("give addresses, or a file of them with --seeds")
    with answering(context):
        opened, missing = _opened(source.value, chain, _urls(source.value, base_url), dry_run=dry_run)
        listed, unusable = _in_files(seeds or (), chain)
        wanted = [*_given(addresses or (), opened.chain), *listed]
        end = "finalized" if to_block is None else to_block
        from cryptotrace.collect import plan_collect

        plan = plan_collect(
            opened, wanted, store=_existing(store), hops=hops, max_requests=max_requests, max_rows_per_address=max_rows,
            to_block=end,
        )  # fmt: skip
        if dry_run:
            _told_plan(plan, missing, as_json=as_json)
            return
        for line in str(plan).splitlines():
            note(line)
        known = _labels(labels or ())
        with second_interrupt_leaves():
            from cryptotrace.collect import collect as pull
            from cryptotrace.store import open_store

            found = pull(
                opened, open_store(store), wanted, hops=hops, labels=known, max_requests=max_requests,
                max_rows_per_address=max_rows, to_block=end, progress=_bar(as_json),
            )  # fmt: skip
        _told(plan, found, unusable, as_json=as_json)


def _urls(name: str, given: list[str] | None) -> str | dict[str, str] | None:
    """Read servers: one URL for one explorer, ``explorer=URL`` for several."""
    from cryptotrace.errors import InputError

    if not given:
        return None
    pairs = [one.partition("=") for one in given]
    if name == "auto" and all(explorer in EXPLORER_NAMES and url for explorer, _, url in pairs):
        return {explorer: url for explorer, _, url in pairs}
    if name == "auto" or len(given) > 1:
        hint = "Name the explorer: --source etherscan --base-url URL, or --base-url etherscan=URL"
        raise InputError("it is not said which explorer answers there", where="--base-url", hint=hint)
    return given[0]


def _opened(name: str, chain: str, base_url: str | dict[str, str] | None, *, dry_run: bool) -> tuple[Source, BadKey | None]:
    """Open an explorer; for a dry run without a key one that can be planned with, and the error."""
    from cryptotrace.errors import BadKey
    from cryptotrace.sources import open_source, source_over
    from cryptotrace.sources.plans import Keyless

    try:
        return open_source(name, chain=chain, base_url=base_url), None
    except BadKey as missing:
        if not dry_run:
            raise
        return source_over(name, chain, Keyless(name)), missing


def _given(addresses: list[str] | tuple[()], chain: str) -> list[tuple[str, str]]:
    from cryptotrace.codecs import parse_address

    return [(chain, parse_address(address, chain)) for address in addresses]


def _in_files(files: list[Path] | tuple[()], chain: str) -> tuple[list[tuple[str, str]], int]:
    """Read files of seeds, and count the rows that are no address; those are told, and left out."""
    if not files:
        return [], 0
    from cryptotrace.labels import load_seeds

    found = load_seeds(*files, chain=chain)
    for reject in found.rejects:
        note(f"left out: {reject.file}, line {reject.line}: {reject.reason}")
    return list(found.addresses), len(found.rejects)


def _labels(files: list[Path] | tuple[()]) -> Labels | None:
    if not files:
        return None
    from cryptotrace.labels import load_labels

    return load_labels(*files)


def _existing(store: Path) -> Store | None:
    """Open the store to look at what it has; none is made."""
    if not store.exists():
        return None
    from cryptotrace.store import open_store

    return open_store(store, read_only=True)


def _bar(as_json: bool) -> bool | None:  # noqa: FBT001  (a flag is what it is about)
    """No bar beside a document; else where somebody is watching."""
    return False if as_json else None


def _told_plan(plan: Plan, missing: BadKey | None, *, as_json: bool) -> None:
    from cryptotrace.cli.documents import plan_document, to_json

    print(to_json(plan_document(plan))) if as_json else answer(str(plan))
    if missing is not None:
        raise missing


def _told(plan: Plan, found: Coverage, unusable: int, *, as_json: bool) -> None:
    """Print what came; end with code 3 where something is missing."""
    from cryptotrace.cli.documents import collect_document, to_json

    parts = found.provenance.parameters
    if as_json:
        print(to_json(collect_document(plan, found, unusable)))
    else:
        answer(f"{found}\nrequests: {int(parts['requests']):,}, up to block {int(parts['head']):,}")
    for name, words in json.loads(parts.get("refused", "{}")).items():
        note(f"{name} was asked no more: {words}")
    for words in found.provenance.warnings:
        note(words)
    if found.is_partial or found.provenance.warnings or unusable:
        raise typer.Exit(PARTIAL)
